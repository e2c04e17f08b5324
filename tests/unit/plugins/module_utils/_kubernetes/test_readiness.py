# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an object is ready, and why it is not."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import readiness


def item(kind: str, spec: dict[str, Any] | None = None, status: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "a", "generation": 2, **metadata}, "spec": spec or {}, "status": status or {}}


def deployment(spec: dict[str, Any], observed: int = 2, **status: Any) -> dict[str, Any]:
    return item("Deployment", spec, {"observedGeneration": observed, **status})


DONE = {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}
STATEFUL_DONE = {"updatedReplicas": 3, "availableReplicas": 3, "updateRevision": "b", "currentRevision": "b"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (deployment({"replicas": 3}, **DONE), None),
        (deployment({"replicas": 0}), None),
        (deployment({}, replicas=1, updatedReplicas=1, availableReplicas=1), None),
        (deployment({"replicas": 3}, observed=1, **DONE), "its change was not yet observed"),
        (item("Deployment", {"replicas": 3}), "its change was not yet observed"),
        (deployment({"replicas": 3}, **{**DONE, "updatedReplicas": 1}), "1 of 3 replicas are up to date"),
        (deployment({"replicas": 3}, **{**DONE, "replicas": 4}), "1 old replicas are still there"),
        (deployment({"replicas": 3}, **{**DONE, "availableReplicas": 2}), "2 of 3 replicas are available"),
        (deployment({"replicas": 3, "paused": True}, replicas=3, updatedReplicas=0, availableReplicas=3), "it is paused"),
        (deployment({"replicas": 3, "paused": True}, **DONE), None),
        (
            deployment({"replicas": 3}, conditions=[{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]),
            "0 of 3 replicas are available, and no more can be made: exceeded quota",
        ),
        (item("StatefulSet", {"replicas": 3}, {"observedGeneration": 2, **STATEFUL_DONE}), None),
        (item("StatefulSet", {"replicas": 0}, {"observedGeneration": 2}), None),
        (item("StatefulSet", {}, {"observedGeneration": 2}), "0 of 1 replicas are available"),
        (item("StatefulSet", {"replicas": 3}, {"observedGeneration": 2, **STATEFUL_DONE, "updatedReplicas": 0}), None),
        (item("ReplicaSet", {}, {"observedGeneration": 2}), "0 of 1 replicas are available"),
        (item("Job"), "0 of 1 completions are done"),
        (item("StatefulSet", {"replicas": 3}, {"observedGeneration": 1, **STATEFUL_DONE}), "its change was not yet observed"),
        (
            item("StatefulSet", {"replicas": 3}, {"observedGeneration": 2, **STATEFUL_DONE, "currentRevision": "a", "updatedReplicas": 1}),
            "1 of 3 replicas are up to date",
        ),
        (
            item(
                "StatefulSet",
                {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}},
                {"observedGeneration": 2, **STATEFUL_DONE, "currentRevision": "a", "updatedReplicas": 1},
            ),
            None,
        ),
        (
            item(
                "StatefulSet",
                {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}},
                {"observedGeneration": 2, **STATEFUL_DONE, "currentRevision": "a", "updatedReplicas": 1},
            ),
            "1 of 2 replicas are up to date",
        ),
        (
            item(
                "StatefulSet",
                {"replicas": 3, "updateStrategy": {"type": "OnDelete"}},
                {"observedGeneration": 2, **STATEFUL_DONE, "currentRevision": "a", "updatedReplicas": 0},
            ),
            None,
        ),
        (
            item("StatefulSet", {"replicas": 3}, {"observedGeneration": 2, **STATEFUL_DONE, "availableReplicas": 2}),
            "2 of 3 replicas are available",
        ),
        (item("DaemonSet", {}, {"observedGeneration": 2, "desiredNumberScheduled": 0}), None),
        (
            item(
                "DaemonSet", {}, {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}
            ),
            None,
        ),
        (item("DaemonSet", {}, {"observedGeneration": 1}), "its change was not yet observed"),
        (
            item("DaemonSet", {}, {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1}),
            "1 of 2 pods are up to date",
        ),
        (
            item(
                "DaemonSet", {}, {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}
            ),
            "1 of 2 pods are available",
        ),
        (item("ReplicaSet", {"replicas": 2}, {"observedGeneration": 2, "availableReplicas": 1}), "1 of 2 replicas are available"),
        (item("ReplicaSet", {"replicas": 2}, {"observedGeneration": 2, "availableReplicas": 2}), None),
        (item("Job", {}, {"conditions": [{"type": "Complete", "status": "True"}]}), None),
        (item("Job", {"suspend": True}), None),
        (item("Job", {"completions": 2}, {"succeeded": 1}), "1 of 2 completions are done"),
        (item("Job", {}, {"conditions": [{"type": "Failed", "status": "True", "message": "backoff"}]}), "it has failed: backoff"),
        (item("Service", {"type": "ClusterIP"}), None),
        (item("Service", {"type": "LoadBalancer"}), "the load balancer has no address yet"),
        (item("Service", {"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{}]}}), "the load balancer has no address yet"),
        (item("Service", {"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}]}}), None),
        (item("Service", {"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"hostname": "lb.example"}]}}), None),
        (item("PersistentVolumeClaim", {}, {"phase": "Bound"}), None),
        (item("PersistentVolumeClaim", {}, {"phase": "Pending"}), "it is Pending, not Bound"),
        (item("PersistentVolumeClaim", {}, {"phase": "Lost"}), "it is Lost, not Bound"),
        (item("Pod", {}, {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}), None),
        (item("Pod", {}, {"phase": "Succeeded"}), None),
        (item("Pod", {}, {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}), "it is Running, not Ready"),
        (item("Namespace", {}, {"phase": "Active"}), None),
        (item("CustomResourceDefinition", {}, {"conditions": [{"type": "Established", "status": "False"}]}), "it is not established yet"),
        (item("CustomResourceDefinition", {}, {"conditions": [{"type": "Established", "status": "True"}]}), None),
        (item("ConfigMap"), None),
        (None, "does not exist"),
        (item("ConfigMap", deletionTimestamp="x"), "is still being deleted"),
        (item("Service", deletionTimestamp="x", finalizers=["a/b", "c"]), "is still being deleted, held by a/b, c"),
    ],
)
def test_what_an_object_waits_for(given: dict[str, Any] | None, expected: str | None) -> None:
    assert readiness.waiting_for(given) == expected


def test_what_keeps_an_object_from_being_gone() -> None:
    assert readiness.waiting_to_go(item("Service")) == "is still there"
    assert readiness.waiting_to_go(item("Service", deletionTimestamp="x")) == "is still being deleted"


def test_only_a_failed_job_never_gets_ready() -> None:
    failed = {"conditions": [{"type": "Failed", "status": "True"}]}
    assert readiness.is_final(item("Job", status=failed))
    assert not readiness.is_final(item("Job"))
    assert not readiness.is_final(item("Deployment", status=failed))
    assert not readiness.is_final(None)


def pod(name: str, reason: str = "", message: str = "", owner: str = "a-1") -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}} if reason else {"running": {}}
    conditions = [{"type": "Ready", "status": "False" if reason else "True"}]
    return {
        "metadata": {
            "name": name,
            "labels": {"pod-template-hash": "1"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": owner, "controller": True}],
        },
        "spec": {},
        "status": {"conditions": conditions, "containerStatuses": [{"name": "srs", "state": state}]},
    }


def test_pods_with_one_reason_share_a_line() -> None:
    pull = ("ImagePullBackOff", 'Back-off pulling image "x"')
    pods = [
        pod("one", *pull),
        pod("two", *pull),
        pod("ready"),
        pod("three", "CreateContainerConfigError", "no secret"),
        pod("other", *pull, owner="b-1"),
    ]
    workload = {"metadata": {"name": "a"}, "spec": {}}
    assert readiness.pod_troubles("Deployment", workload, pods) == [
        'pod one and 1 more: ImagePullBackOff: container srs: Back-off pulling image "x"',
        "pod three: CreateContainerConfigError: container srs: no secret",
    ]


def test_the_last_events_come_once_each_and_newest_last() -> None:
    def event(time: str, text: str) -> dict[str, Any]:
        return {"metadata": {}, "reason": "Failed", "message": text, "lastTimestamp": time}

    events = [event("3", "three"), event("1", "one"), event("2", "two"), event("0", "three"), event("4", "two")]
    assert readiness.last_events(events) == ["Failed: one", "Failed: three", "Failed: two"]
    assert readiness.last_events(events, count=1) == ["Failed: two"]


def test_which_pods_mount_a_claim() -> None:
    volumes = {"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "persistentVolumeClaim": {"claimName": "data"}}]}
    assert readiness.mounts_claim({"spec": volumes, "status": {"phase": "Pending"}}, "data")
    assert not readiness.mounts_claim({"spec": volumes, "status": {"phase": "Pending"}}, "other")
    assert not readiness.mounts_claim({"spec": volumes, "status": {"phase": "Succeeded"}}, "data")
    assert not readiness.mounts_claim({"spec": {}}, "data")


def test_a_roll_out_that_is_held_half_way_needs_enough_servers_only() -> None:
    half_way = deployment({"replicas": 3, "paused": True}, replicas=4, updatedReplicas=1, availableReplicas=3)
    half_way["metadata"]["annotations"] = {"livestream.srs/hold": "paused by alice"}
    assert readiness.waiting_for(half_way) is None
    half_way["status"]["availableReplicas"] = 2
    assert readiness.waiting_for(half_way) == "2 of 3 replicas are available, and it is paused"


def test_three_events_are_enough() -> None:
    events = [{"metadata": {"creationTimestamp": f"{number}"}, "reason": "Failed", "message": f" {number} "} for number in range(5)]
    assert readiness.last_events(events) == ["Failed: 2", "Failed: 3", "Failed: 4"]
