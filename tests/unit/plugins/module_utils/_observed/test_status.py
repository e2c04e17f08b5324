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
