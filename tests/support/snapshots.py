# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All objects of namespaces, as they are and so that those of one run can be compared with those of another."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import membership
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import FIELD_MANAGER, Client
from ansible_collections.livestream.srs.plugins.module_utils._labels import CHANGE_CAUSE, EARLIER_REVISIONS, REVISION

Key = tuple[str, str, str]
"""Kind, namespace and name."""

# What controllers make and nobody else.
DERIVED = {"ControllerRevision", "Endpoints", "EndpointSlice", "Event", "Pod", "PodMetrics", "ReplicaSet"}
KUBERNETES_OWN = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}

# The sets of a topology.
PARTS = ("edge-canary", "edge", "hls", "origin")


def listed_kinds(client: Client) -> list[tuple[str, str]]:
    """apiVersion and kind of everything that can be in a namespace."""

    def read(path: str) -> Any:
        return client.transport.request("GET", path, "look up kinds").json()

    preferred = [item["preferredVersion"]["groupVersion"] for item in read("/apis")["groups"]]
    groups = [("v1", "/api/v1"), *((version, f"/apis/{version}") for version in preferred)]
    return sorted(
        {
            (version, entry["kind"])
            for version, path in groups
            for entry in read(path)["resources"]
            if entry["namespaced"] and "/" not in entry["name"] and "list" in entry["verbs"] and entry["kind"] not in DERIVED
        },
        key=lambda pair: (pair[1], pair[0]),
    )


Snapshot = dict[Key, dict[str, Any]]


def snapshot(client: Client, kinds: Iterable[tuple[str, str]], namespaces: Iterable[str]) -> Snapshot:
    """The objects as the API server has them, but for those that Kubernetes puts into each namespace."""
    places = [(version, kind, namespace) for version, kind in kinds for namespace in namespaces]
    found = client.each(lambda place: client.list(*place).items, places)
    return {
        (item["kind"], item["metadata"]["namespace"], item["metadata"]["name"]): item
        for items in found
        for item in items
        if (item["kind"], item["metadata"]["name"]) not in KUBERNETES_OWN
    }


def changed_between(before: Snapshot, after: Snapshot) -> list[Key]:
    """The objects that were made, changed or deleted, locks left out, whatever controllers wrote into a status meanwhile."""
    keys = sorted(key for key in before.keys() | after.keys() if key[0] != "Lease")
    return [key for key in keys if key not in before or key not in after or _substance(before[key]) != _substance(after[key])]


def _substance(item: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in item["metadata"].items() if key not in ("resourceVersion", "managedFields", "generation")}
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key != REVISION}
    return {**item, "metadata": {**metadata, "annotations": annotations}, "status": None}


@dataclass(frozen=True)
class State:
    """The objects of one namespace without what no two runs have in common, each as text."""

    objects: dict[str, str]

    def differences(self, other: State, limit: int = 12) -> list[str]:
        """What is in the other one and not here, or the reverse, or not the same: some lines."""
        lines = []
        for name in sorted(self.objects.keys() | other.objects.keys()):
            mine, theirs = self.objects.get(name), other.objects.get(name)
            if mine is None or theirs is None:
                lines.append(f"{name} is {'missing' if theirs is None else 'too many'}")
            elif mine != theirs:
                left, right = mine.splitlines(), theirs.splitlines()
                wrong = [f"-{line.strip()}" for line in left if line not in right]
                wrong += [f"+{line.strip()}" for line in right if line not in left]
                lines.append(f"{name}: " + "; ".join(wrong[:8])[:800])
        return lines[:limit]


def state(found: Snapshot, namespace: str, topology: str = "srs") -> State:
    """The objects of a snapshot to compare with those of another namespace."""
    ids = {membership.set_id(f"{topology}-{part}", namespace): f"<set {part}>" for part in PARTS}
    objects = {}
    for (kind, _namespace, name), item in found.items():
        text = yaml.safe_dump(normal(item), width=10_000)
        for value, shown in [*ids.items(), (namespace, "<namespace>")]:
            text = text.replace(value, shown)
        objects[f"{kind}/{name}"] = text
    return State(objects)


def normal(item: Mapping[str, Any]) -> dict[str, Any]:
    """An object without what the API server allots and controllers write; of field managers, who owns what of ours."""
    metadata = item["metadata"]
    annotations = dict(metadata.get("annotations") or {})
    for name in (REVISION, EARLIER_REVISIONS):
        annotations.pop(name, None)
    if CHANGE_CAUSE in annotations:
        # It tells of what was there before, which is not the same when a run was cut in two.
        annotations[CHANGE_CAUSE] = "<said>"
    kept = {
        "labels": metadata.get("labels") or {},
        "annotations": annotations,
        "finalizers": metadata.get("finalizers") or [],
        "owners": [f"{owner['kind']}/{owner['name']}" for owner in metadata.get("ownerReferences") or []],
        "deleted": "deletionTimestamp" in metadata,
        "managers": dict(_managers(metadata.get("managedFields") or [])),
    }
    content = {key: value for key, value in item.items() if key not in ("metadata", "status")}
    if item["kind"] == "Service":
        content["spec"] = _without_allotted(content["spec"])
    if item["kind"] == "Lease":
        content = {}
    plain: dict[str, Any] = json.loads(json.dumps({"kept": kept, **content}))  # without what YAML would make references of
    return plain


def _managers(entries: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    for entry in entries:
        if entry.get("subresource") or entry["manager"] in ("kube-controller-manager", "kube-scheduler"):
            continue
        who = f"{entry['manager']} {entry['operation']}"
        yield who, _names(entry["fieldsV1"]) if entry["manager"] == FIELD_MANAGER else "any"


def _names(fields: Mapping[str, Any]) -> Any:
    """Field names as a tree of short texts."""
    return {re.sub(r"^f:", "", key): _names(value) for key, value in fields.items()} or ""


def _without_allotted(spec: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in spec.items() if key not in ("clusterIPs", "healthCheckNodePort")}
    if kept.get("clusterIP") != "None":
        kept.pop("clusterIP", None)
    kept["ports"] = [{key: value for key, value in port.items() if key != "nodePort"} for port in kept.get("ports") or []]
    return kept
