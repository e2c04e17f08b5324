# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status as it is printed."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._observed import status, status_text, streams
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import PodState
from ansible_collections.livestream.srs.tests.support import topology_objects
from ansible_collections.livestream.srs.tests.support.topology_objects import deployment, pod, service


@pytest.fixture
def tutorial() -> dict[str, Any]:
    return topology_objects.tutorial()


def summary(objects: dict[str, Any], **more: Any) -> list[str]:
    """Of these objects, without servers unless they are given."""
    return status_text.summary({**status.build(objects), "servers": [], "streams": [], "problems": [], **more})  # type: ignore[typeddict-item]


def test_the_tutorials_topology_as_printed(tutorial: dict[str, Any]) -> None:
    assert summary(tutorial) == [
        "origin 1/1, edge 3/3",
        "",
        "Load balancers",
        "  srs-http-service  203.0.113.2  80",
        "  srs-edge-service  203.0.113.1  1935, 8080",
        "",
        "Publish to",
        "  edge  RTMP  rtmp://203.0.113.1/live/livestream",
        "",
        "Play from",
        "  hls   HLS       http://203.0.113.2/live/livestream.m3u8",
        "  edge  RTMP      rtmp://203.0.113.1/live/livestream",
        "  edge  HTTP-FLV  http://203.0.113.1:8080/live/livestream.flv",
    ]


def test_a_cluster_that_is_not_complete_says_why(tutorial: dict[str, Any]) -> None:
    tutorial["Deployment"][0] = deployment("srs-edge-deployment", "edge", "edge", 3, ready=2)
    waiting = {
        "name": "srs",
        "ready": False,
        "restartCount": 4,
        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}},
    }
    tutorial["Pod"][0] = pod("srs-edge-deployment", 1, ready=False, containerStatuses=[waiting])
    tutorial["Event"] = [
        {
            "type": "Warning",
            "reason": "Failed",
            "message": "pull failed\n",
            "lastTimestamp": "2026-01-01T00:00:02Z",
            "metadata": {},
            "involvedObject": {"kind": "Pod", "name": "srs-edge-deployment-5d9c-1"},
        },
        {"type": "Normal", "reason": "Pulling", "metadata": {}, "involvedObject": {"kind": "Pod", "name": "srs-edge-deployment-5d9c-1"}},
        {"type": "Warning", "reason": "Other", "metadata": {}, "involvedObject": {"kind": "Pod", "name": "someone-else"}},
    ]
    lines = summary(tutorial)
    assert lines[:3] == [
        "origin 1/1, edge 2/3",
        "  edge: pod srs-edge-deployment-5d9c-1: ImagePullBackOff: container srs: no such image",
        "  edge: Pod/srs-edge-deployment-5d9c-1: Failed: pull failed",
    ]


def test_a_draining_pod_is_named_among_what_keeps_a_cluster_from_being_complete(tutorial: dict[str, Any]) -> None:
    tutorial["Deployment"][0]["status"]["updatedReplicas"] = 2
    tutorial["Pod"][0]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert summary(tutorial)[:3] == ["origin 1/1, edge 3/3 (rolling)", "  edge: pod srs-edge-deployment-5d9c-1: draining", ""]


def test_servers_that_are_not_ready_are_counted_by_state(tutorial: dict[str, Any]) -> None:
    pods: list[PodState] = ["ready", "ready", "ready", "not_ready", "draining", "starting"]
    servers = [
        streams.server_row(streams.Server(f"edge-{n}", "edge", "edge", state=state, error="no answer" if n else None))
        for n, state in enumerate(pods)
    ]
    assert [server["state"] for server in servers] == ["ready", "silent", "silent", "not_ready", "draining", "starting"]
    line = next(line for line in summary(tutorial, servers=servers) if line.startswith("  edge  1 of 6"))
    assert line.startswith("  edge  1 of 6 answer (1 starting, 2 silent, 1 not ready, 1 draining)  SRS ?  ? connections")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 s"), (46.9, "46 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h 0 min"), (86399, "23 h 59 min"), (187200, "2 d 4 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert status_text.duration(seconds) == text


def test_ready_but_not_yet_updated_is_said_to_be_rolling(tutorial: dict[str, Any]) -> None:
    tutorial["Deployment"][0]["status"]["updatedReplicas"] = 1
    assert status_text.counts(status.build(tutorial)) == "origin 1/1, edge 3/3 (rolling)"
    tutorial["Deployment"][0]["status"].update(updatedReplicas=3, observedGeneration=1)
    assert status_text.counts(status.build(tutorial)) == "origin 1/1, edge 3/3 (rolling)"


def test_a_cluster_that_is_to_go_is_said_to_be_deleted(tutorial: dict[str, Any]) -> None:
    tutorial["Deployment"][0]["metadata"].update(deletionTimestamp="2026-01-31T12:00:00Z", finalizers=["example.org/hold"])
    found = status.build(tutorial)
    assert status_text.counts(found) == "origin 1/1, edge being deleted"
    assert status_text.not_complete(found) == []


def test_without_any_address_the_urls_inside_the_cluster_are_said_to_be_that(tutorial: dict[str, Any]) -> None:
    tutorial["Service"] = [service("srs-internal-origin-service", "origin", "origin", [1935], kind="ClusterIP")]
    lines = summary(tutorial)
    assert "Publish to (inside the Kubernetes cluster)" in lines
    assert "  origin  RTMP  rtmp://srs-internal-origin-service.video/live/livestream" in lines


def test_a_load_balancer_without_an_address_has_no_url(tutorial: dict[str, Any]) -> None:
    tutorial["Service"] = [service("srs-edge-service", "edge", "edge", [1935])]
    built = status.build(tutorial)
    assert built["urls"] == []
    assert "  srs-edge-service  no address yet  1935" in summary(tutorial)


def test_nothing_there_is_said_in_words() -> None:
    assert summary({}) == ["no workloads"]
