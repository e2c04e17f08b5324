# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else made an object and keeps it: what a person made with kubectl may be taken over, another tool's may not without being asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.field_ownership import is_taken_over, managed
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._labels import MANAGED_BY, OWNER

# What tools note on the objects that they keep, labels and annotations alike.
# https://helm.sh/docs/chart_best_practices/labels/, https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/,
# https://fluxcd.io/flux/components/kustomize/kustomizations/, https://fluxcd.io/flux/components/helm/helmreleases/
NOTES = {
    "meta.helm.sh/release-name": "Helm",
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
}

# Those who write to objects that others made: controllers of Kubernetes and of clouds.
_CONTROLLERS = re.compile(r"kube-|.*controller|.*-manager|cloud-|k3s|speaker|before-first-apply")


def maker(live: Object) -> str | None:
    """Whose an object is that this collection didn't make, to complete "it is there already, and ..."; None for one that was made by hand.

    By hand is what kubectl did, in whatever way; an object without managedFields tells nobody else.
    """
    if kept := keeper(live):
        return kept
    entries = _entries(live)
    if any(is_taken_over(entry) or entry.get("manager") == OWNER for entry in entries):
        return None
    others = [entry for entry in entries if not _is_kubectl(entry)]
    return f"the field manager {others[0].get('manager')!r} made it" if others else None


def keeper(live: Object) -> str | None:
    """The same of an object that another tool says it keeps, by its notes or by applying it; whoever only changes fields keeps nothing."""
    metadata = live["metadata"]
    for owner in metadata.get("ownerReferences") or []:
        if owner.get("controller"):
            return f"{owner.get('kind')} {owner.get('name')} owns it"
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    keeper = labels.get(MANAGED_BY, OWNER)
    if keeper not in (OWNER, ""):
        return f"its label {MANAGED_BY} says that {keeper} keeps it{_release(annotations)}"
    for notes in (annotations, labels):
        for key, tool in NOTES.items():
            if key in notes:
                return f"{tool} keeps it ({key}: {notes[key]})"
    for entry in _entries(live):
        if entry.get("operation") == "Apply" and entry.get("manager") != OWNER and not is_taken_over(entry):
            return f"the field manager {entry.get('manager')!r} made it"
    return None


def _entries(live: Object) -> list[Mapping[str, Any]]:
    """Who set what in an object, but for controllers."""
    return [entry for entry in managed(live) if not entry.get("subresource") and not _CONTROLLERS.match(str(entry.get("manager")))]


def _is_kubectl(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("manager")).startswith("kubectl") and entry.get("operation") != "Apply"


def _release(annotations: Mapping[str, Any]) -> str:
    name = annotations.get("meta.helm.sh/release-name")
    return f", as a part of the release {name}" if name else ""
