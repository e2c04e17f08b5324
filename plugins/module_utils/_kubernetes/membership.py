# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels and the record of an apply set, as KEP-3659 has them (https://kep.k8s.io/3659), and the order in which its objects are
applied.

The record is the set's parent object, a ConfigMap without data. It names every kind and namespace that may hold members: it is widened
before anything is applied and narrowed only after what left them is gone, so that the next run finds whatever an interrupted one has
created.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.kinds import DEFINITION, KNOWN, NAMESPACE, Resource
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, ObjectView
from ansible_collections.livestream.srs.plugins.module_utils._labels import MANAGED_BY, OWNER

ID = "applyset.kubernetes.io/id"
PART_OF = "applyset.kubernetes.io/part-of"
TOOLING = "applyset.kubernetes.io/tooling"
GROUP_KINDS = "applyset.kubernetes.io/contains-group-kinds"
NAMESPACES = "applyset.kubernetes.io/additional-namespaces"

TOOL_VERSION = "v1"  # of the record's form

# Deleting one of these would delete whatever anyone has put into it.
KEPT_KINDS = (NAMESPACE, DEFINITION)

# Where members are looked for that no record names. Others are made by controllers, and nobody applies them.
POSSIBLE = tuple(
    resource
    for resource in KNOWN.values()
    if resource.group_kind not in KEPT_KINDS
    and resource.kind not in ("Pod", "Event", "Node", "Endpoints", "EndpointSlice", "ReplicaSet", "Lease")
)

_FIRST = (NAMESPACE, DEFINITION)
_SECOND = (
    "ConfigMap",
    "LimitRange",
    "NetworkPolicy.networking.k8s.io",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "PriorityClass.scheduling.k8s.io",
    "ResourceQuota",
    "Role.rbac.authorization.k8s.io",
    "ClusterRole.rbac.authorization.k8s.io",
    "Secret",
    "ServiceAccount",
    "StorageClass.storage.k8s.io",
)


def phase(group_kind: str) -> int:
    """When objects of a ``Kind.group`` are applied. 0: what others live in; 1: what others refer to; 2: the rest.

    Within a phase order does not matter. Removal goes backwards.
    """
    return 0 if group_kind in _FIRST else 1 if group_kind in _SECOND else 2


def record_name(name: str) -> str:
    """The name of a set's record."""
    return f"{name}-apply-set"


def set_id(name: str, namespace: str) -> str:
    """The id in the label ``ID`` of the record and in the label ``PART_OF`` of every member."""
    parent = f"{record_name(name)}.{namespace}.ConfigMap."
    return f"applyset-{base64.urlsafe_b64encode(hashlib.sha256(parent.encode()).digest()).decode().rstrip('=')}-v1"


@dataclass(frozen=True)
class Scope:
    """Where members may be: ``Kind.group`` names, and namespaces."""

    group_kinds: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()

    def __or__(self, other: Scope) -> Scope:
        return Scope(self.group_kinds | other.group_kinds, self.namespaces | other.namespaces)


def scope_of(members: Iterable[tuple[Resource, str | None]]) -> Scope:
    """The scope of objects given as (resource, namespace)."""
    pairs = list(members)
    return Scope(
        frozenset(resource.group_kind for resource, _namespace in pairs),
        frozenset(namespace for _resource, namespace in pairs if namespace),
    )


def record(name: str, namespace: str, scope: Scope) -> Object:
    """The parent object of a set with this scope."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": record_name(name),
            "namespace": namespace,
            "labels": {ID: set_id(name, namespace), MANAGED_BY: OWNER},
            "annotations": {
                TOOLING: f"{OWNER}/{TOOL_VERSION}",
                GROUP_KINDS: ",".join(sorted(scope.group_kinds)),
                NAMESPACES: ",".join(sorted(scope.namespaces - {namespace})),
            },
        },
    }


def recorded_scope(parent: ObjectView, namespace: str) -> Scope:
    """The scope that a record in ``namespace`` states."""
    annotations = parent["metadata"].get("annotations") or {}
    return Scope(frozenset(_words(annotations.get(GROUP_KINDS))), frozenset({namespace, *_words(annotations.get(NAMESPACES))}))


def is_record_of(parent: ObjectView, name: str, namespace: str) -> bool:
    """Whether a ConfigMap with the name of a set's record is that record, and was made by this collection."""
    labels, annotations = (parent["metadata"].get(key) or {} for key in ("labels", "annotations"))
    return bool(labels.get(ID) == set_id(name, namespace) and str(annotations.get(TOOLING)).partition("/")[0] == OWNER)


def _words(text: object) -> list[str]:
    return [word for word in str(text or "").split(",") if word]
