# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who made an object that is there already."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.strangers import maker

MANAGED_BY = "app.kubernetes.io/managed-by"
APPLIED_BY_KUBECTL = {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/last-applied-configuration": {}}}}


def entry(manager: str, operation: str = "Update", fields: Any = None, **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields or {"f:spec": {"f:type": {}}}, **more}


def live(*entries: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "managedFields": list(entries), **metadata}}


@pytest.mark.parametrize(
    "item",
    [
        live(),
        live(entry("kubectl-create")),
        live(entry("kubectl-client-side-apply", fields=APPLIED_BY_KUBECTL)),
        live(entry("kubectl", "Apply")),
        live(entry("kubectl-create"), entry("kubectl-rollout")),
        live(entry("any-tool", fields=APPLIED_BY_KUBECTL)),
        live(entry("kubectl-create"), entry("kube-controller-manager", subresource="status")),
        live(entry("kubectl-create"), entry("alibaba-cloud-controller-manager"), entry("cloud-controller-manager")),
        live(entry("kubectl-create"), entry("Mozilla")),
        live(entry("livestream.srs", "Apply")),
        live(entry("livestream.srs")),
        live(entry("kubectl-create"), labels={"app": "srs", MANAGED_BY: "livestream.srs"}),
        live(entry("kubectl-create"), ownerReferences=[{"kind": "Node", "name": "n"}]),
    ],
)
def test_made_by_hand_or_by_us(item: dict[str, Any]) -> None:
    assert maker(item) is None


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (live(entry("helm", "Apply")), "the field manager 'helm' made it"),
        (live(entry("helm")), "the field manager 'helm' made it"),
        (live(entry("OpenAPI-Generator")), "the field manager 'OpenAPI-Generator' made it"),
        (
            live(entry("kubectl-edit"), entry("argocd-application-applier", "Apply")),
            "the field manager 'argocd-application-applier' made it",
        ),
        (live(entry("kubectl-client-side-apply"), labels={MANAGED_BY: "Helm"}), f"its label {MANAGED_BY} says that Helm keeps it"),
        (
            live(labels={MANAGED_BY: "Helm"}, annotations={"meta.helm.sh/release-name": "tv"}),
            f"its label {MANAGED_BY} says that Helm keeps it, as a part of the release tv",
        ),
        (live(annotations={"meta.helm.sh/release-name": "tv"}), "Helm keeps it (meta.helm.sh/release-name: tv)"),
        (live(annotations={"argocd.argoproj.io/tracking-id": "tv:x"}), "Argo CD keeps it (argocd.argoproj.io/tracking-id: tv:x)"),
        (live(labels={"kustomize.toolkit.fluxcd.io/name": "apps"}), "Flux keeps it (kustomize.toolkit.fluxcd.io/name: apps)"),
        (live(ownerReferences=[{"kind": "Tenant", "name": "tv", "controller": True}]), "Tenant tv owns it"),
    ],
)
def test_made_by_another_tool(item: dict[str, Any], said: str) -> None:
    assert maker(item) == said
