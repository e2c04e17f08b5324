# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a pod is, and why it is not ready."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import pods


def pod(*owners: dict[str, Any], labels: dict[str, str] | None = None, **status: Any) -> dict[str, Any]:
    metadata = {"name": "a-1-x", "ownerReferences": list(owners)} | ({"labels": labels} if labels else {})
    return {"metadata": metadata, "status": status}


def by(kind: str, name: str, controller: bool = True) -> dict[str, Any]:
    return {"kind": kind, "name": name, "controller": controller}


HASHED = {"pod-template-hash": "1"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (pod(), None),
        (pod(by("Node", "n", controller=False)), None),
        ({"metadata": {"name": "a"}}, None),
        (pod(by("StatefulSet", "a")), ("StatefulSet", "a")),
        (pod(by("Thing", "b", controller=False), by("Job", "a")), ("Job", "a")),
        (pod(by("ReplicaSet", "a-1"), labels=HASHED), ("Deployment", "a")),
        (pod(by("ReplicaSet", "a-2"), labels=HASHED), ("Deployment", "a-2")),
        (pod(by("ReplicaSet", "a-1")), ("ReplicaSet", "a-1")),
        (pod(by("ReplicaSet", "a-1"), labels={"app": "a"}), ("ReplicaSet", "a-1")),
        (pod(by("StatefulSet", "a-1"), labels=HASHED), ("StatefulSet", "a-1")),
    ],
)
def test_who_made_a_pod(given: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert pods.owner(given) == expected


def workload(name: str = "a", **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": labels}} if labels else {}}


@pytest.mark.parametrize(
    ("kind", "of", "given", "expected"),
    [
        ("Deployment", workload(), pod(by("ReplicaSet", "a-1"), labels=HASHED), True),
        ("Deployment", workload("a-canary", app="a"), pod(by("ReplicaSet", "a-1"), labels={**HASHED, "app": "a"}), False),
        ("StatefulSet", workload(), pod(by("ReplicaSet", "a-1"), labels=HASHED), False),
        ("Deployment", workload(app="a", tier="x"), pod(labels={"app": "a", "tier": "x", "more": "y"}), True),
        ("Deployment", workload(app="a", tier="x"), pod(labels={"app": "a"}), False),
        ("Deployment", workload(app="a"), pod(), False),
        ("Deployment", workload(), pod(labels={"app": "a"}), False),
    ],
)
def test_which_pods_are_a_workloads(kind: str, of: dict[str, Any], given: dict[str, Any], expected: bool) -> None:
    assert pods.owns(kind, of, given) is expected


def condition(kind: str, status: str, **more: str) -> dict[str, str]:
    return {"type": kind, "status": status, **more}


def container(state: dict[str, Any], name: str = "srs", **more: Any) -> dict[str, Any]:
    return {"name": name, "state": state, **more}


def waits(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


CREATED = container(waits("ContainerCreating", "by and by"))
ENDED = {"terminated": {"exitCode": 3, "reason": "OOMKilled"}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (pod(conditions=[condition("Ready", "True")]), (None, None)),
        (pod(conditions=[condition("Ready", "True")], containerStatuses=[container(waits("CrashLoopBackOff"))]), (None, None)),
        ({"metadata": {"name": "a"}}, ("Pending", None)),
        (pod(phase="Running"), ("Running", None)),
        (pod(containerStatuses=[container(waits("ErrImagePull", "no such image"))]), ("ErrImagePull", "container srs: no such image")),
        (
            pod(containerStatuses=[container(waits("CrashLoopBackOff", "back-off"), lastState=ENDED)]),
            ("CrashLoopBackOff", "container srs: back-off: last exit code 3"),
        ),
        (pod(containerStatuses=[container(waits("CrashLoopBackOff"))]), ("CrashLoopBackOff", "container srs")),
        (
            pod(initContainerStatuses=[container(waits("ErrImagePull"), "init")], containerStatuses=[container(waits("PodInitializing"))]),
            ("ErrImagePull", "container init"),
        ),
        (pod(containerStatuses=[container(ENDED)]), ("OOMKilled", "container srs ended with exit code 3")),
        (pod(containerStatuses=[container({"terminated": {"exitCode": 1}})]), ("Error", "container srs ended with exit code 1")),
        (
            pod(
                initContainerStatuses=[container({"terminated": {"exitCode": 0, "reason": "Completed"}}, "init")],
                containerStatuses=[CREATED],
            ),
            ("ContainerCreating", "by and by"),
        ),
        (pod(containerStatuses=[container({"running": {}}, ready=True), CREATED]), ("ContainerCreating", "by and by")),
        (
            pod(conditions=[condition("PodScheduled", "False", reason="SchedulingGated", message="a gate")]),
            ("SchedulingGated", "a gate"),
        ),
        (pod(conditions=[condition("PodScheduled", "False")]), ("Unschedulable", None)),
        (pod(conditions=[condition("PodScheduled", "True", reason="x")], phase="Pending"), ("Pending", None)),
        (pod(reason="Evicted", message="disk pressure", phase="Failed"), ("Evicted", "disk pressure")),
        (
            pod(conditions=[condition("Ready", "False")], containerStatuses=[container({"running": {}}, ready=False)]),
            ("NotReady", "container srs runs but its readiness probe does not pass"),
        ),
        (pod(containerStatuses=[container({"running": {}}, ready=True)], phase="Running"), ("Running", None)),
    ],
)
def test_why_a_pod_is_not_ready(given: dict[str, Any], expected: tuple[str | None, str | None]) -> None:
    assert pods.pod_reason(given) == expected


def test_a_pod_that_goes_is_not_ready_whatever_it_says() -> None:
    going = pod(conditions=[condition("Ready", "True")])
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert pods.pod_reason(going) == ("Terminating", None)
