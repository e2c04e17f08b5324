# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The conditions of wait_for."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._observed import conditions


def cluster(desired: int = 1, ready: int = 1, updated: int = 1, pods: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "desired": desired,
        "ready": ready,
        "updated": updated,
        "complete": desired == ready == updated,
        "pods": pods or [],
        "workloads": [workload()],
    }


def workload(**more: Any) -> dict[str, Any]:
    return {"name": "w", "kind": "Deployment", "refused": None, "deleting": None, **more}


def pod(name: str, reason: str | None = None) -> dict[str, Any]:
    return {"name": name, "reason": reason, "state": "not_ready" if reason else "ready"}


def draining(name: str) -> dict[str, Any]:
    return {"name": name, "reason": None, "state": "draining"}


@pytest.fixture
def topology() -> dict[str, Any]:
    return {
        "origins": {"origin": cluster()},
        "hls": {},
        "edges": {"edge": cluster(pods=[pod("edge-1")]), "cdn": cluster(pods=[pod("cdn-1")])},
        "services": [
            {"name": "srs-edge-service", "type": "LoadBalancer", "addresses": ["203.0.113.1"], "deleting": None},
            {"name": "x", "type": "ClusterIP", "addresses": [], "deleting": None},
        ],
        "servers": [{"name": "edge-1", "clients": 0}, {"name": "cdn-1", "clients": 4}],
        "streams": [
            {"vhost": "__defaultVhost__", "url": "/live/livestream", "live": True},
            {"vhost": "a.example", "url": "/live/two", "live": False},
        ],
    }


def missing(topology: dict[str, Any], *given: Any) -> list[str]:
    return conditions.missing(topology, conditions.parse(given), lambda expression, data: data.get(expression))


@pytest.mark.parametrize(
    "given",
    [
        "ready",
        "addresses",
        "drained",
        {"drained": "edge"},
        {"idle": "edge"},
        {"stream": "/live/livestream"},
        {"stream": "live/livestream"},
        {"stream": "__defaultVhost__/live/livestream"},
        {"jmespath": "edges"},
    ],
)
def test_what_holds_lacks_nothing(topology: dict[str, Any], given: Any) -> None:
    assert missing(topology, given) == []


@pytest.mark.parametrize(
    ("given", "lacking"),
    [
        ({"idle": "cdn"}, ["cdn-1 still has 4 clients"]),
        ({"stream": "/live/two"}, ["stream /live/two is not live"]),
        ({"stream": "/live/other"}, ["stream /live/other is not live"]),
        ({"jmespath": "hls"}, ["hls does not hold yet"]),
        ({"jmespath": "nothing"}, ["nothing does not hold yet"]),
    ],
)
def test_what_does_not_hold_is_named(topology: dict[str, Any], given: Any, lacking: list[str]) -> None:
    assert missing(topology, given) == lacking


def test_not_ready_names_counts_and_reasons(topology: dict[str, Any]) -> None:
    topology["edges"]["edge"] = cluster(3, 1, 2, [pod("a", "ImagePullBackOff"), pod("b", "ImagePullBackOff"), draining("c")])
    assert missing(topology, "ready") == ["edge 1/3 ready, 2 updated (ImagePullBackOff)"]


def test_a_topology_without_workloads_is_not_ready(topology: dict[str, Any]) -> None:
    topology["origins"] = topology["edges"] = {}
    assert missing(topology, "ready") == ["there are no workloads with its labels"]


def test_no_address(topology: dict[str, Any]) -> None:
    topology["services"][0]["addresses"] = []
    assert missing(topology, "addresses") == ["Service srs-edge-service has no address"]


def test_draining_pods_are_not_drained_in_their_cluster_and_as_a_whole(topology: dict[str, Any]) -> None:
    topology["edges"]["edge"]["pods"].append(draining("edge-0"))
    assert missing(topology, "drained") == missing(topology, {"drained": "edge"}) == ["still draining: edge-0"]
    assert missing(topology, {"drained": "cdn"}) == []


def test_a_pod_that_is_not_ready_is_not_draining(topology: dict[str, Any]) -> None:
    topology["edges"]["edge"]["pods"].append(pod("edge-0", "CrashLoopBackOff"))
    assert missing(topology, "drained") == []


def test_a_silent_server_is_not_idle(topology: dict[str, Any]) -> None:
    topology["servers"][0]["clients"] = None
    assert missing(topology, {"idle": "edge"}) == ["edge-1 gives no answer"]


def test_an_unknown_cluster_is_an_error(topology: dict[str, Any]) -> None:
    with pytest.raises(SrsError, match="cluster nowhere, which the topology does not have; it has cdn, edge, origin"):
        missing(topology, {"drained": "nowhere"})


@pytest.mark.parametrize("given", ["redy", {"ready": "edge"}, {"stream": ""}, {"stream": 5}, {"drained": "a", "idle": "b"}, 7, {}])
def test_what_is_not_a_condition_is_refused(given: Any) -> None:
    with pytest.raises(SrsError, match="which is not a condition: use ready, addresses, drained, or one of drained: CLUSTER, idle"):
        conditions.parse([given])


def test_why_no_pod_can_be_made_is_told(topology: dict[str, Any]) -> None:
    topology["edges"]["edge"] = {**cluster(3, 1, 1), "workloads": [workload(refused="exceeded quota: q")]}
    assert missing(topology, "ready") == ["edge 1/3 ready, 1 updated (no new pod can be made: exceeded quota: q)"]


def test_what_is_to_go_is_not_waited_for(topology: dict[str, Any]) -> None:
    going = {**cluster(0, 0, 0), "workloads": [workload(deleting="is still being deleted")]}
    topology["edges"]["edge"] = going
    assert missing(topology, "ready") == []
    topology["edges"]["cdn"] = topology["origins"]["origin"] = going
    assert missing(topology, "ready") == ["there are no workloads with its labels but such as are being deleted"]


def test_a_service_that_is_to_go_needs_no_address(topology: dict[str, Any]) -> None:
    topology["services"][0]["addresses"] = []
    assert missing(topology, "addresses") == ["Service srs-edge-service has no address"]
    topology["services"][0]["deleting"] = "is still being deleted"
    assert missing(topology, "addresses") == []
