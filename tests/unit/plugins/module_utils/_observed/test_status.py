# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes side of the status, from objects as the API server gives them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import pods
from ansible_collections.livestream.srs.plugins.module_utils._observed import status
from ansible_collections.livestream.srs.tests.support import topology_objects
from ansible_collections.livestream.srs.tests.support.topology_objects import deployment, pod


@pytest.fixture
def tutorial() -> dict[str, Any]:
    return topology_objects.tutorial()


def test_pods_are_found_with_their_main_container(tutorial: dict[str, Any]) -> None:
    edge = status.build(tutorial)["edges"]["edge"]
    assert [p["name"] for p in edge["pods"]] == [f"srs-edge-deployment-5d9c-{n}" for n in (1, 2, 3)]
    first = edge["pods"][0]
    assert (first["image"], first["ip"], first["node"], first["ready"], first["reason"]) == (
        "ossrs/srs:6",
        "10.1.0.1",
        "node-1",
        True,
        None,
    )
    assert {pod["workload"] for pod in edge["pods"]} == {"srs-edge-deployment"}


def test_a_canary_counts_to_its_cluster_and_keeps_its_own_pods(tutorial: dict[str, Any]) -> None:
    # The stable selector matches the canary's pods too: only the owner tells them apart.
    tutorial["Deployment"].append(deployment("srs-edge-canary", "edge", "edge", 1, app="srs-edge-canary"))
    canary_pod = pod("srs-edge-canary", 7)
    canary_pod["metadata"]["labels"]["app"] = "srs-edge-deployment"
    tutorial["Pod"].append(canary_pod)
    built = status.build(tutorial)["edges"]["edge"]
    assert (built["ready"], built["desired"], len(built["pods"])) == (4, 4, 4)
    assert [w["name"] for w in built["workloads"]] == ["srs-edge-canary", "srs-edge-deployment"]


def test_scaled_to_nothing_is_complete(tutorial: dict[str, Any]) -> None:
    empty = deployment("srs-edge-deployment", "edge", "edge", 0)
    empty["status"] = {"observedGeneration": 2}
    tutorial["Deployment"][0] = empty
    built = status.build(tutorial)["edges"]["edge"]
    assert (built["desired"], built["ready"], built["complete"]) == (0, 0, True)


def test_one_selector_finds_the_pods_of_all_workloads(tutorial: dict[str, Any]) -> None:
    assert status.workload_selector(tutorial["Deployment"]) == "app in (srs-edge-deployment,srs-origin-deployment)"
    tutorial["Deployment"][0]["spec"]["selector"]["matchLabels"]["run"] = "x"
    assert status.workload_selector(tutorial["Deployment"]) == ""
    assert status.workload_selector([]) == ""


@pytest.mark.parametrize(
    ("fields", "reason", "state"),
    [
        (
            {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}]},
            ("Unschedulable", "0/3 nodes"),
            "not_ready",
        ),
        (
            {"containerStatuses": [{"name": "srs", "state": {"running": {}}}]},
            ("NotReady", "container srs runs but its readiness probe does not pass"),
            "not_ready",
        ),
        (
            {
                "containerStatuses": [
                    {"name": "srs", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 255}}}
                ]
            },
            ("CrashLoopBackOff", "container srs: last exit code 255"),
            "not_ready",
        ),
        (
            {"initContainerStatuses": [{"name": "files", "state": {"waiting": {"reason": "ErrImagePull", "message": "x"}}}]},
            ("ErrImagePull", "container files: x"),
            "not_ready",
        ),
        (
            {"containerStatuses": [{"name": "srs", "state": {"terminated": {"exitCode": 1}}}]},
            ("Error", "container srs ended with exit code 1"),
            "not_ready",
        ),
        (
            {"containerStatuses": [{"name": "srs", "state": {"waiting": {"reason": "ContainerCreating"}}}]},
            ("ContainerCreating", None),
            "starting",
        ),
        (
            {"containerStatuses": [{"name": "srs", "state": {"waiting": {"reason": "PodInitializing"}}}]},
            ("PodInitializing", None),
            "starting",
        ),
        ({"reason": "Evicted", "message": "disk", "containerStatuses": []}, ("Evicted", "disk"), "not_ready"),
        ({"phase": "Pending", "containerStatuses": []}, ("Pending", None), "starting"),
    ],
)
def test_pods_that_are_not_ready(tutorial: dict[str, Any], fields: dict[str, Any], reason: tuple[str, str | None], state: str) -> None:
    tutorial["Pod"][0] = pod("srs-edge-deployment", 1, ready=False, **fields)
    assert pods.pod_reason(tutorial["Pod"][0]) == reason
    found = status.build(tutorial)["edges"]["edge"]["pods"][0]
    assert (found["reason"], found["message"]) == reason
    assert (found["state"], found["ready"], found["draining"]) == (state, False, False)


@pytest.mark.parametrize("ready", [True, False])
def test_a_pod_that_was_told_to_stop_is_draining_ready_or_not(tutorial: dict[str, Any], ready: bool) -> None:
    tutorial["Pod"][0] = pod("srs-edge-deployment", 1, ready=ready)
    tutorial["Pod"][0]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    found = status.build(tutorial)["edges"]["edge"]["pods"][0]
    assert (found["state"], found["draining"], found["ready"]) == ("draining", True, ready)
    assert (found["reason"], found["message"]) == (None, None)


def test_a_ready_pod(tutorial: dict[str, Any]) -> None:
    found = status.build(tutorial)["edges"]["edge"]["pods"][0]
    assert (found["state"], found["ready"], found["draining"], found["reason"]) == ("ready", True, False, None)


def test_clusters_come_in_the_order_of_the_media(tutorial: dict[str, Any]) -> None:
    tutorial["Deployment"] += [deployment("nginx-origin", "hls", "hls", 1), deployment("srs-edge-cdn", "edge", "cdn", 1)]
    assert [name for name, _cluster in status.clusters(status.build(tutorial))] == ["origin", "hls", "cdn", "edge"]


# Pods that can't be made

QUOTA = 'pods "srs-edge-deployment-5d9c-x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2'


def event(kind: str, name: str, reason: str, message: str, time: str) -> dict[str, Any]:
    about = {"kind": kind, "name": name}
    return {"type": "Warning", "reason": reason, "message": message, "lastTimestamp": time, "involvedObject": about, "metadata": {}}


def test_a_deployment_tells_why_it_gets_no_pods(tutorial: dict[str, Any]) -> None:
    edge = tutorial["Deployment"][0]
    edge["status"].update(readyReplicas=2, availableReplicas=2, conditions=[{"type": "ReplicaFailure", "status": "True", "message": QUOTA}])
    (workload,) = status.build(tutorial)["edges"]["edge"]["workloads"]
    assert workload["refused"] == QUOTA
    edge["status"]["conditions"][0]["status"] = "False"
    assert status.build(tutorial)["edges"]["edge"]["workloads"][0]["refused"] is None


def stateful(tutorial: dict[str, Any], *events: dict[str, Any]) -> dict[str, Any]:
    """The origin as a StatefulSet of 2 with one pod, and these events."""
    origin = tutorial["Deployment"].pop()
    origin["metadata"]["name"] = "srs-origin"
    origin["spec"]["replicas"] = 2
    pod = tutorial["Pod"].pop()
    pod["metadata"].update(ownerReferences=[{"kind": "StatefulSet", "name": "srs-origin", "controller": True}])
    pod["metadata"]["creationTimestamp"] = "2026-01-31T12:00:00Z"
    tutorial |= {"StatefulSet": [origin], "Pod": [*tutorial["Pod"], pod], "Event": list(events)}
    (workload,) = status.build(tutorial)["origins"]["origin"]["workloads"]
    return dict(workload)


def test_of_a_stateful_set_its_events_tell(tutorial: dict[str, Any]) -> None:
    said = "create Pod srs-origin-1 in StatefulSet srs-origin failed error: violates PodSecurity"
    other = event("StatefulSet", "srs-origin", "Unhappy", "for another reason", "2026-01-31T12:00:02Z")
    workload = stateful(tutorial, event("StatefulSet", "srs-origin", "FailedCreate", said, "2026-01-31T12:00:01Z"), other)
    assert workload["refused"] == said
    assert workload["events"] == ["StatefulSet/srs-origin: Unhappy: for another reason"], "and nothing is told twice"


def test_a_refusal_before_the_last_pod_was_made_is_over(tutorial: dict[str, Any]) -> None:
    workload = stateful(tutorial, event("StatefulSet", "srs-origin", "FailedCreate", "no room", "2026-01-31T11:59:59Z"))
    assert workload["refused"] is None
    assert workload["events"] == ["StatefulSet/srs-origin: FailedCreate: no room"]


# What was deleted and is still there


def test_a_service_that_is_to_go_offers_no_urls(tutorial: dict[str, Any]) -> None:
    edge = tutorial["Service"][0]["metadata"]
    before = status.build(tutorial)
    assert {url["cluster"] for url in before["urls"]} == {"edge", "hls", "origin"}
    edge.update(deletionTimestamp="2026-01-31T12:00:00Z", finalizers=["example.org/a", "example.org/b"])
    found = status.build(tutorial)
    assert {url["cluster"] for url in found["urls"]} == {"hls", "origin"}
    deleting = {service["name"]: service["deleting"] for service in found["services"] if service["deleting"]}
    assert deleting == {"srs-edge-service": "is still being deleted, held by the finalizers example.org/a, example.org/b"}


def test_a_workload_that_is_to_go_says_so(tutorial: dict[str, Any]) -> None:
    assert status.build(tutorial)["edges"]["edge"]["workloads"][0]["deleting"] is None
    tutorial["Deployment"][0]["metadata"]["deletionTimestamp"] = "2026-01-31T12:00:00Z"
    edge = status.build(tutorial)["edges"]["edge"]
    (workload,) = edge["workloads"]
    assert (workload["deleting"], workload["complete"]) == ("is still being deleted", False)
    assert (edge["desired"], edge["ready"], edge["updated"], edge["complete"]) == (0, 0, 0, True), "nothing is expected of it"
    assert status.is_going(edge) and len(edge["pods"]) == 3
