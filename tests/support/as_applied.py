# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a topology as the roles applied them: read from the cluster, without the API server's defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kubernetes import client, dynamic

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import field_ownership, membership

Object = dict[str, Any]

KINDS = (
    ("v1", "ConfigMap"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("batch/v1", "CronJob"),
    ("policy/v1", "PodDisruptionBudget"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
)


def objects(api: client.ApiClient, namespace: str) -> Iterator[Object]:
    """All members of apply sets in the namespace, without their membership."""
    cluster = dynamic.DynamicClient(api)
    for version, kind in KINDS:
        listed = cluster.resources.get(api_version=version, kind=kind).get(namespace=namespace, label_selector=membership.PART_OF)
        for item in listed.to_dict()["items"]:
            ours = _applied(item, field_ownership.applied_by(item, "livestream.srs"))
            ours["metadata"]["labels"].pop(membership.PART_OF)
            yield {"apiVersion": version, "kind": kind, **ours, "metadata": {"name": item["metadata"]["name"], **ours["metadata"]}}


def _applied(value: Any, fields: Mapping[str, Any]) -> Any:
    steps = {step: below for step, below in fields.items() if step != "."}
    if not steps:
        return value
    found = {field_ownership._find(value, step): below for step, below in steps.items()}
    if isinstance(value, dict):
        return {key: _applied(value[key], below) for key, below in found.items()}
    return [_applied(value[place], found[place]) for place in sorted(found)]
