# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each verdict: when it holds, when it does not, and when nothing can be said."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._observed import verdicts
from ansible_collections.livestream.srs.plugins.module_utils._releases.advisories import Advice
from ansible_collections.livestream.srs.plugins.plugin_utils._advisories import advisories

TABLE = advisories("", [], "srs_advisories").table


def pod(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "workload": "srs-edge", "reason": None, "draining": False, "config_checksum": "new", "config_taken": None, **more}


def cluster(pods: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    workloads = [{"name": "srs-edge", "kind": "Deployment", "config_map": "srs-edge-config", "refused": None, "deleting": None}]
    return {"desired": 1, "ready": 1, "updated": 1, "complete": True, "pods": pods or [], "workloads": workloads, **more}


def server(name: str, component: str = "edge", **more: Any) -> dict[str, Any]:
    known = {"connections": 4, "max_connections": 1000, "connections_percent": 0.4, "clients": 4, "version": "6.0.157"}
    return {
        "name": name,
        "component": component,
        "cluster": component,
        "draining": False,
        "error": None,
        "error_kind": None,
        **known,
        **more,
    }


def silent(name: str, component: str = "edge", **more: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("connections", "connections_percent", "clients", "version"))
    return server(name, component, **nothing, **{"error": "no answer in time", "error_kind": "timeout", **more})


def on(name: str, component: str = "edge", players: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "server": name,
        "cluster": component,
        "component": component,
        "players": players,
        "longest_player_seconds": 20.0,
        "has_media": True,
        **more,
    }


def stream(**more: Any) -> dict[str, Any]:
    publisher = {"server": "origin-0", "origin": "origin-0", "id": "p1", "live_seconds": 60.0}
    pulls = [{"server": "origin-0", "edge": "edge-0"}]
    usual = {
        "url": "/live/livestream",
        "pull_not_merged": False,
        "playable": True,
        "publishers": [publisher],
        "pulls": pulls,
        "servers": [on("edge-0")],
    }
    return {**usual, **more}


@pytest.fixture
def healthy() -> dict[str, Any]:
    return {
        "origins": {},
        "hls": {},
        "edges": {"edge": cluster([pod("edge-0")])},
        "services": [
            {"name": "srs-edge-service", "type": "LoadBalancer", "addresses": ["203.0.113.1"], "ready_endpoints": 1, "deleting": None}
        ],
        "configs": {"srs-edge-config": {"checksum": "new", "features": []}},
        "servers": [server("origin-0", "origin"), server("edge-0")],
        "streams": [stream()],
    }


def judged(
    status: dict[str, Any], verdict: str, limit: int = 80, advice: Advice | None = None
) -> tuple[bool | None, list[tuple[str, str]]]:
    result = verdicts.judge(status, limit, advice)
    return result["verdicts"][verdict], [(p["object"], p["message"]) for p in result["problems"] if p["verdict"] == verdict]


def test_a_healthy_topology_has_nothing_against_it(healthy: dict[str, Any]) -> None:
    result = verdicts.judge(healthy)
    assert result["problems"] == []
    assert set(result["verdicts"].values()) == {False}


def test_without_the_servers_nothing_is_said_of_them(healthy: dict[str, Any]) -> None:
    healthy.update(servers=[], streams=[], configs={})
    unknown = {name for name, value in verdicts.judge(healthy)["verdicts"].items() if value is None}
    assert unknown == {
        "pull_not_merged", "no_answer", "stale_config", "origin_unreachable", "published_not_playable", "near_capacity", "mixed_versions",
        "bad_release",
    }  # fmt: skip


def test_not_ready(healthy: dict[str, Any]) -> None:
    healthy["edges"]["edge"] = cluster([pod("a", reason="ImagePullBackOff")], desired=3, ready=2, updated=3, complete=False)
    flag, found = judged(healthy, "not_ready")
    assert flag is True
    assert found == [("edge", "2 of 3 replicas are ready, 3 of the newest template (ImagePullBackOff)")]


def test_not_ready_since_pods_are_refused(healthy: dict[str, Any]) -> None:
    edge = cluster([pod("a", reason="ImagePullBackOff")], desired=3, ready=2, updated=3, complete=False)
    edge["workloads"][0]["refused"] = 'pods "a" is forbidden: exceeded quota: q'
    healthy["edges"]["edge"] = edge
    ((_name, text),) = judged(healthy, "not_ready")[1]
    assert text.endswith('(ImagePullBackOff, no new pod can be made: pods "a" is forbidden: exceeded quota: q)')


def test_what_was_deleted_and_is_still_there(healthy: dict[str, Any]) -> None:
    held = "is still being deleted, held by the finalizers example.org/hold"
    healthy["services"][0].update(deleting=held, addresses=[], ready_endpoints=0)
    assert judged(healthy, "not_deleted") == (True, [("srs-edge-service", f"it {held}; if that lasts, see what set them")])
    assert [judged(healthy, name) for name in ("no_lb_address", "no_endpoints")] == [(False, []), (False, [])], "it is to go"
    edge = cluster([pod("edge-0")], complete=False)
    edge["workloads"][0]["deleting"] = "is still being deleted"
    healthy["edges"]["edge"] = edge
    assert judged(healthy, "not_deleted")[1][0] == ("srs-edge", "it is still being deleted; if that lasts, see what set them")
    assert judged(healthy, "not_ready")[1][0][1].endswith("(Deployment srs-edge is still being deleted)"), "another one is not ready"


def test_no_address_and_no_endpoints(healthy: dict[str, Any]) -> None:
    healthy["services"][0].update(addresses=[], ready_endpoints=0)
    assert judged(healthy, "no_lb_address")[0] is True
    text = "no ready pod is behind this Service, so it refuses all connections"
    assert judged(healthy, "no_endpoints")[1] == [("srs-edge-service", text)]
    healthy["services"][0]["ready_endpoints"] = None
    assert judged(healthy, "no_endpoints")[0] is None


def test_servers_that_give_no_answer_are_told_together(healthy: dict[str, Any]) -> None:
    healthy["servers"] += [silent("edge-1"), silent("edge-2"), silent("edge-3", error_kind="connection_refused", error="nothing listens")]
    assert judged(healthy, "no_answer") == (True, [("edge-1 and 1 more", "no answer in time"), ("edge-3", "nothing listens")])


def test_a_draining_server_may_be_silent(healthy: dict[str, Any]) -> None:
    healthy["servers"].append(silent("edge-1", draining=True))
    assert judged(healthy, "no_answer") == (False, [])


def test_stale_config(healthy: dict[str, Any]) -> None:
    healthy["edges"]["edge"] = cluster(
        [pod("a", config_checksum="old"), pod("b", config_checksum="old"), pod("c"), pod("d", config_checksum="old", draining=True)]
    )
    flag, found = judged(healthy, "stale_config")
    assert flag is True
    text = "a and 1 more started with another srs-edge-config than there is now; replace the pods, for instance by kubectl rollout restart "
    assert found == [("srs-edge", text + "deployment srs-edge")]


def test_servers_that_have_not_reloaded_their_config(healthy: dict[str, Any]) -> None:
    behind = pod("edge-1", config_checksum=None, config_taken=False)
    healthy["edges"]["edge"]["pods"] = [pod("edge-0", config_checksum=None, config_taken=True), behind, {**behind, "draining": True}]
    text = "edge-1 has not been seen to take what srs-edge-config holds now; playbooks/site.yml asks for it, and says what is wrong with it"
    assert judged(healthy, "stale_config") == (True, [("srs-edge", text)])
    behind["config_taken"] = True
    assert judged(healthy, "stale_config") == (False, [])


def test_without_checksums_nothing_is_said_of_configs(healthy: dict[str, Any]) -> None:
    healthy["edges"]["edge"] = cluster([pod("a", config_checksum=None)])
    assert judged(healthy, "stale_config") == (None, [])


def test_an_edge_whose_players_wait_and_that_pulls_from_nowhere(healthy: dict[str, Any]) -> None:
    rows = [on("edge-0"), on("edge-1", players=4), on("cdn-0", cluster="cdn")]
    healthy["streams"] = [stream(pulls=[], servers=rows)]
    flag, found = judged(healthy, "origin_unreachable")
    assert flag is True
    assert [name for name, _message in found] == ["edge-0 and 1 more", "cdn-0"]
    assert found[0][1].startswith("5 players wait for /live/livestream, which is not pulled from any origin; check the edge's list of")


@pytest.mark.parametrize(
    "change",
    [
        {"servers": [on("edge-0", players=0)]},
        {"servers": [on("edge-0", longest_player_seconds=2.0)]},
        {"servers": [on("origin-0", "origin")]},
        {"pulls": [{"server": "origin-0", "edge": None}]},
    ],
    ids=["no players", "just come", "an origin", "by whom it is pulled is not known"],
)
def test_edges_that_may_well_reach_their_origin(healthy: dict[str, Any], change: dict[str, Any]) -> None:
    healthy["streams"] = [stream(**{"pulls": [], **change})]
    assert judged(healthy, "origin_unreachable") == (False, [])


def test_where_the_origin_is_silent_the_media_at_the_edge_tells(healthy: dict[str, Any]) -> None:
    healthy["servers"][0] = silent("origin-0", "origin")
    healthy["streams"] = [stream(pulls=[], publishers=[])]
    assert judged(healthy, "origin_unreachable")[0] is False
    healthy["streams"][0]["servers"] = [on("edge-0", has_media=False)]
    assert judged(healthy, "origin_unreachable")[0] is True


def test_what_is_published_at_an_edge_and_reaches_no_origin(healthy: dict[str, Any]) -> None:
    healthy["streams"] = [stream(publishers=[{"server": "edge-0", "origin": "edge-0", "id": "p1", "live_seconds": 60.0}])]
    flag, found = judged(healthy, "origin_unreachable")
    assert flag is True
    assert "is published through this edge and reaches no origin" in found[0][1]
    healthy["streams"][0]["publishers"][0]["live_seconds"] = 1.0
    assert judged(healthy, "origin_unreachable")[0] is False


def test_published_but_not_playable_names_the_client_to_kick(healthy: dict[str, Any]) -> None:
    healthy["streams"] = [stream(playable=False)]
    flag, found = judged(healthy, "published_not_playable")
    assert flag is True
    assert found[0][1].endswith("make the publisher reconnect: kick its client p1 at origin-0")


@pytest.mark.parametrize(
    ("percent", "limit", "severity"), [(79.9, 80, None), (80.0, 80, "warning"), (100.0, 80, "error"), (50.0, 50, "warning")]
)
def test_near_capacity(healthy: dict[str, Any], percent: float, limit: int, severity: str | None) -> None:
    healthy["servers"][1].update(connections=800, connections_percent=percent)
    result = verdicts.judge(healthy, limit)
    assert result["verdicts"]["near_capacity"] is bool(severity)
    assert [p["severity"] for p in result["problems"]] == [severity] * bool(severity)


def test_mixed_versions(healthy: dict[str, Any]) -> None:
    healthy["servers"] += [server("edge-1"), server("edge-2", version="5.0.216")]
    assert judged(healthy, "mixed_versions") == (
        True,
        [("servers", "different versions of SRS are running: 5.0.216 on edge-2; 6.0.157 on origin-0 and 2 more")],
    )


def bad(status: dict[str, Any], *accepted: str) -> list[tuple[str, str, str]]:
    """Severity, object, id of the advisory."""
    found = verdicts.judge(status, advice=Advice(TABLE, accepted))
    told = [problem for problem in found["problems"] if problem["verdict"] == "bad_release"]
    assert found["verdicts"]["bad_release"] is bool(told)
    return [(one["severity"], one["object"], one["message"].rpartition(" (")[2].partition(",")[0]) for one in told]


def test_a_bad_release_is_told_for_each_role(healthy: dict[str, Any]) -> None:
    healthy["servers"] = [server("origin-0", "origin", version="7.0.162"), *(server(f"edge-{i}", version="6.0.184") for i in range(3))]
    assert bad(healthy) == [("error", "edge-0 and 2 more", "edge-late-join")]
    assert bad(healthy, "edge-late-join") == []
    flag, ((_object, message),) = judged(healthy, "bad_release", advice=Advice(TABLE))
    assert flag
    assert message == (
        "SRS 6.0.184 is known for this fault: every player after the first gets no sequence headers, so it has no picture or can decode "
        "nothing (edge-late-join, https://github.com/ossrs/srs/issues/4678); fixed in 6.0.191; no setting helps"
    )


def test_less_serious_faults_are_warnings_and_the_config_decides(healthy: dict[str, Any]) -> None:
    assert set(bad(healthy)) == {
        ("warning", "origin-0 and 1 more", "publisher-aborts-server"),
        ("warning", "origin-0", "live-source-race"),
    }
    healthy["configs"]["srs-edge-config"]["features"] = ["http_flv"]
    assert ("warning", "edge-0", "flv-use-after-free") in bad(healthy)
    healthy["configs"]["srs-edge-config"]["features"] = None
    assert len(bad(healthy)) == 2


def test_a_release_that_nobody_tells_is_not_judged(healthy: dict[str, Any]) -> None:
    healthy["servers"] = [silent("edge-0")]
    assert verdicts.judge(healthy, advice=Advice(TABLE))["verdicts"]["bad_release"] is None
    healthy["servers"] = [server("edge-0", version="custom")]
    assert bad(healthy) == []


def test_pulls_that_are_not_merged(healthy: dict[str, Any]) -> None:
    healthy["streams"] = [stream(), stream(pull_not_merged=True, pulls=[{"edge": "edge-0"}, {"edge": "edge-0"}, {"edge": "edge-1"}])]
    assert judged(healthy, "pull_not_merged") == (
        True,
        [("/live/livestream", "an edge pulls it more than once (edge-0 2 times); look again in a minute")],
    )


def test_errors_come_before_warnings(healthy: dict[str, Any]) -> None:
    healthy["servers"].append(silent("edge-1"))
    healthy["services"][0]["addresses"] = []
    healthy["streams"] = [stream(playable=False)]
    assert [p["severity"] for p in verdicts.judge(healthy)["problems"]] == ["error", "error", "warning"]
