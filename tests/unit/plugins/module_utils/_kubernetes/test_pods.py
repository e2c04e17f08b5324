# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose pods are whose, and why they are not ready."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import pods


def pod(name: str, reason: str = "", message: str = "", **metadata: Any) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}} if reason else {"running": {}}
    return {
        "metadata": {"name": name, **metadata},
        "spec": {},
        "status": {
            "conditions": [{"type": "Ready", "status": "False" if reason else "True"}],
            "containerStatuses": [{"name": "srs", "state": state}],
        },
    }


def owned(version: str, kind: str, name: str, controller: bool = True, **labels: str) -> dict[str, Any]:
    return pod("p", labels=labels, ownerReferences=[{"apiVersion": version, "kind": kind, "name": name, "controller": controller}])


HASH = {"pod-template-hash": "5f7"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (owned("apps/v1", "ReplicaSet", "edge-5f7", **HASH), ("Deployment", "edge")),
        (owned("apps/v1", "ReplicaSet", "edge"), ("ReplicaSet", "edge")),
        (owned("apps/v1", "StatefulSet", "origin", **HASH), ("StatefulSet", "origin")),
        (owned("batch/v1", "Job", "j"), ("Job", "j")),
        (owned("v1", "Node", "n"), ("Node", "n")),
        (owned("batch.volcano.sh/v1alpha1", "Job", "j"), ("Job.batch.volcano.sh", "j")),
        (owned("apps/v1", "ReplicaSet", "edge", app="a"), ("ReplicaSet", "edge")),
        (owned("apps/v1", "ReplicaSet", "edge-6", **HASH), ("Deployment", "edge-6")),
        (owned("batch/v1", "Job", "j", controller=False), None),
        (pod("p"), None),
    ],
)
def test_who_owns_a_pod(given: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert pods.owner(given) == expected


def test_a_workload_owns_its_own_pods_and_those_without_an_owner_that_it_selects() -> None:
    workload = {"metadata": {"name": "j"}, "spec": {"selector": {"matchLabels": {"app": "a"}}}}
    assert pods.owns("Job", workload, owned("batch/v1", "Job", "j"))
    assert not pods.owns("Job", workload, owned("batch/v1", "Job", "j-2", app="a"))
    assert not pods.owns("Job", workload, owned("batch.volcano.sh/v1alpha1", "Job", "j", app="a"))
    assert pods.owns("Job", workload, pod("p", labels={"app": "a", "b": "c"}))
    assert not pods.owns("Job", workload, pod("p", labels={"app": "b"}))
    assert not pods.owns("Job", workload, pod("p"))
    assert not pods.owns("Job", {**workload, "spec": {}}, pod("p", labels={"app": "a"}))


def test_pods_with_one_reason_share_a_line() -> None:
    pull = ("ImagePullBackOff", 'Back-off pulling image "x"')
    given = [pod("one", *pull), pod("two", *pull), pod("ready"), pod("three", "CreateContainerConfigError", "no secret")]
    assert pods.pod_troubles(given) == [
        'pod one and 1 more: ImagePullBackOff: container srs: Back-off pulling image "x"',
        "pod three: CreateContainerConfigError: container srs: no secret",
    ]


def test_which_pods_mount_a_claim() -> None:
    volumes = {"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "persistentVolumeClaim": {"claimName": "data"}}]}
    assert pods.mounts_claim({"spec": volumes, "status": {"phase": "Pending"}}, "data")
    assert not pods.mounts_claim({"spec": volumes, "status": {"phase": "Pending"}}, "other")
    assert not pods.mounts_claim({"spec": volumes, "status": {"phase": "Succeeded"}}, "data")
    assert not pods.mounts_claim({"spec": {}}, "data")


def bare(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a"}, "status": status}


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
        (bare(conditions=[condition("Ready", "True")]), (None, None)),
        (bare(conditions=[condition("Ready", "True")], containerStatuses=[container(waits("CrashLoopBackOff"))]), (None, None)),
        ({"metadata": {"name": "a"}}, ("Pending", None)),
        (bare(phase="Running"), ("Running", None)),
        (bare(containerStatuses=[container(waits("ErrImagePull", "no such image"))]), ("ErrImagePull", "container srs: no such image")),
        (
            bare(containerStatuses=[container(waits("CrashLoopBackOff", "back-off"), lastState=ENDED)]),
            ("CrashLoopBackOff", "container srs: back-off: last exit code 3"),
        ),
        (bare(containerStatuses=[container(waits("CrashLoopBackOff"))]), ("CrashLoopBackOff", "container srs")),
        (
            bare(initContainerStatuses=[container(waits("ErrImagePull"), "init")], containerStatuses=[container(waits("PodInitializing"))]),
            ("ErrImagePull", "container init"),
        ),
        (bare(containerStatuses=[container(ENDED)]), ("OOMKilled", "container srs ended with exit code 3")),
        (bare(containerStatuses=[container({"terminated": {"exitCode": 1}})]), ("Error", "container srs ended with exit code 1")),
        (
            bare(
                initContainerStatuses=[container({"terminated": {"exitCode": 0, "reason": "Completed"}}, "init")],
                containerStatuses=[CREATED],
            ),
            ("ContainerCreating", "by and by"),
        ),
        (bare(containerStatuses=[container({"running": {}}, ready=True), CREATED]), ("ContainerCreating", "by and by")),
        (
            bare(conditions=[condition("PodScheduled", "False", reason="SchedulingGated", message="a gate")]),
            ("SchedulingGated", "a gate"),
        ),
        (bare(conditions=[condition("PodScheduled", "False")]), ("Unschedulable", None)),
        (bare(conditions=[condition("PodScheduled", "True", reason="x")], phase="Pending"), ("Pending", None)),
        (bare(reason="Evicted", message="disk pressure", phase="Failed"), ("Evicted", "disk pressure")),
        (
            bare(conditions=[condition("Ready", "False")], containerStatuses=[container({"running": {}}, ready=False)]),
            ("NotReady", "container srs runs but its readiness probe does not pass"),
        ),
        (bare(containerStatuses=[container({"running": {}}, ready=True)], phase="Running"), ("Running", None)),
    ],
)
def test_why_a_pod_is_not_ready(given: dict[str, Any], expected: tuple[str | None, str | None]) -> None:
    assert pods.pod_reason(given) == expected


def test_a_pod_that_goes_is_not_ready_whatever_it_says() -> None:
    going = bare(conditions=[condition("Ready", "True")])
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert pods.pod_reason(going) == ("Terminating", None)
