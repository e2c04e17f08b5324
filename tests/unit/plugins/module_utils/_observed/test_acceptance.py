# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acceptance: who plays what from where, and what is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._observed import acceptance
from ansible_collections.livestream.srs.plugins.module_utils._observed.acceptance import EARLY, LATE, Cluster, Place, Seat, Seen
from ansible_collections.livestream.srs.plugins.module_utils._observed.offers import Offer

SRS = Offer("stable", 1935, 8080)
CANARY = Offer("canary", 1935, 8080)
ORIGIN = Offer("stable", 1935, 8080, 8081, by_nginx=True, makes_hls=True)
NGINX = Offer("stable", hls_port=80, by_nginx=True)


def stream(url: str = "/live/a", on: Sequence[str] = ("origin-0",), **more: Any) -> Any:
    known = {"vhost": "__defaultVhost__", "live": True, "video": {}, "live_seconds": 99.0, "players": 0, "pulls": []}
    return {**known, "url": url, "servers": [{"server": server, "active": True} for server in on], **more}


def workload(name: str, image: str = "srs", desired: int = 1, deleting: str | None = None) -> Any:
    return {"name": name, "images": {image: "x"}, "desired": desired, "deleting": deleting}


def pod(name: str, of: str, state: str = "ready") -> Any:
    return {"name": name, "workload": of, "state": state, "ip": "10.0.0.1"}


def topology(edges: int = 1) -> Any:
    """An origin with nginx, pods of nginx alone, edge cluster a with a canary, edge cluster b whose pod isn't ready."""
    return {
        "origins": {
            "origin": {"workloads": [workload("o")], "pods": [pod("origin-0", "o")]},
            "proxy": {"workloads": [workload("p", "srs-proxy")], "pods": [pod("proxy-0", "p")]},
        },
        "hls": {"hls": {"workloads": [workload("h", "nginx")], "pods": [pod("hls-0", "h")]}},
        "edges": {
            "a": {
                "workloads": [workload("a"), workload("ac")],
                "pods": [*(pod(f"a-{number}", "a") for number in range(edges)), pod("ac-0", "ac"), pod("a-old", "a", "draining")],
            },
            "b": {"workloads": [workload("b")], "pods": [pod("b-0", "b", "starting")]},
            "none": {"workloads": [workload("n", desired=0)], "pods": []},
            "going": {"workloads": [workload("g", deleting="yes")], "pods": []},
        },
    }


OFFERS = {"o": ORIGIN, "p": Offer(), "h": NGINX, "a": SRS, "ac": CANARY, "b": SRS, "n": SRS, "g": SRS}


def choose(names: Sequence[str] = (), track: str = "all", edges: int = 1, **offers: Offer) -> list[Cluster]:
    found, offered = topology(edges), {**OFFERS, **offers}
    return acceptance.choose_clusters(found, offered, acceptance.find_places(found, offered), names, track)


def chosen(*args: Any, **more: Any) -> dict[str, list[str]]:
    return {cluster.name: [place.pod["name"] for place in cluster.places] for cluster in choose(*args, **more)}


# What is to be played


def test_expected_streams_come_first_and_missing_ones_are_told() -> None:
    given = [
        stream("/live/a"),
        stream("/live/b", live_seconds=1.0),
        stream("/live/c", vhost="v"),
        stream("/live/x y"),
        stream("/live/d", live=False),
    ]
    expected = ["v/live/c", "/live/d", "/live/gone", "/live/x y"]
    streams, missing = acceptance.choose_streams(given, True, expected, 2)
    assert [acceptance.name_of(one) for one in streams] == ["v/live/c", "/live/a"]
    assert missing == ["/live/d", "/live/gone"]


@pytest.mark.parametrize(
    ("written", "name"),
    [("/live/a", "/live/a"), ("__defaultVhost__/live/a", "/live/a"), ("v/live/a", "v/live/a"), (" /live/a ", "/live/a")],
)
def test_how_users_may_write_a_stream(written: str, name: str) -> None:
    assert acceptance.normal(written) == name


def test_all_clusters_that_are_to_have_servers() -> None:
    assert chosen() == {"origin": ["origin-0"], "hls": ["hls-0"], "a": ["a-0", "ac-0"], "b": []}
    assert {cluster.name: cluster.message for cluster in choose()}["b"] == "none of its servers is ready"


def test_a_track() -> None:
    assert chosen(track="canary") == {"a": ["ac-0"]}
    assert chosen(track="stable") == {"origin": ["origin-0"], "hls": ["hls-0"], "a": ["a-0"], "b": []}
    assert chosen(["b"], "canary") == {"b": []}, "who asks for a cluster is told"
    assert choose(["b"], "canary")[0].message == "none of its canary servers is ready"


def test_names_that_nobody_has_are_refused() -> None:
    with pytest.raises(
        SrsError, match=r"clusters has 'origins', which the topology does not have \(did you mean origin\?\); it has origin, hls, a"
    ):
        choose(["a", "origins"])


def test_hls_counts_where_srs_makes_it() -> None:
    assert "hls" not in chosen(o=SRS)


@pytest.mark.parametrize(("most", "played"), [(1000, 12), (208, 12), (104, 6), (1, 1)])
def test_of_many_servers_a_sample_is_played(most: int, played: int) -> None:
    clusters = choose(["a"], edges=11)
    # 12 servers, 2 streams, 2 protocols, 2 players: 96 players.
    acceptance.sample(clusters, 2, most * 96 // 208)
    assert len({place.pod["name"] for place in clusters[0].played}) == played


def test_a_sample_has_servers_of_both_tracks() -> None:
    clusters = choose(["a"], edges=9)
    acceptance.sample(clusters, 1, 20)
    assert {place.offer.track for place in clusters[0].played} == {"stable", "canary"}


def plan(names: Sequence[str], streams: Sequence[Any], **offers: Offer) -> list[Seat]:
    found, offered = topology(), {**OFFERS, **offers}
    clusters = choose(names, **offers)
    acceptance.sample(clusters, len(streams), 1000)
    return acceptance.seats(clusters, acceptance.find_places(found, offered), streams)


def told(seats: Sequence[Seat]) -> list[str]:
    return [f"{seat.server} {seat.protocol}:{seat.port} {seat.joiner}{' reference' if seat.reference else ''}" for seat in seats]


def test_early_and_late_by_each_protocol() -> None:
    assert told(plan(["origin", "hls"], [stream()])) == [
        "origin-0 rtmp:1935 early", "origin-0 rtmp:1935 late", "origin-0 flv:8080 early", "origin-0 flv:8080 late",
        "origin-0 hls:8081 early", "hls-0 hls:80 early",
    ]  # fmt: skip


def test_the_origin_is_looked_at_to_know_whether_a_stream_is_good() -> None:
    seats = plan(["a"], [stream()], a=Offer("stable", 1935))
    assert told(seats) == [
        "ac-0 rtmp:1935 early", "ac-0 rtmp:1935 late", "ac-0 flv:8080 early", "ac-0 flv:8080 late",
        "a-0 rtmp:1935 early", "a-0 rtmp:1935 late",
        "origin-0 rtmp:1935 early reference", "origin-0 flv:8080 early reference",
    ]  # fmt: skip
    assert [seat.track for seat in seats[3:5]] == ["canary", "stable"]


def test_origins_play_what_they_have_and_nginx_knows_no_vhosts() -> None:
    assert told(plan(["origin"], [stream(on=["origin-7"])])) == []
    assert [seat.protocol for seat in plan(["origin"], [stream(vhost="v")])] == ["rtmp", "rtmp", "flv", "flv"]


def test_a_hook_refuses_players_of_srs_and_not_those_of_nginx() -> None:
    seats = plan(
        ["origin"], [stream()], o=Offer("stable", 1935, None, 8081, by_nginx=True, makes_hls=True, may_refuse="http_hooks.on_play")
    )
    assert [seat.cluster["may_refuse"] for seat in seats] == ["http_hooks.on_play", "http_hooks.on_play", ""]


# What was seen


def seat(server: str = "a-0", protocol: str = "rtmp", joiner: str = EARLY, verdict: str = "ok", message: str = "", **more: Any) -> Seat:
    component = more.pop("component", "edge")
    name = more.pop("name", "a" if component == "edge" else component)
    whose = {"name": name, "component": component, "may_refuse": ""}
    live = stream(live_seconds=more.pop("age", 99.0))
    found = Seat(whose, pod(server, "w"), protocol, 1935, more.pop("name_of_stream", "/live/a"), joiner=joiner, live=live)
    seen = {"verdict": verdict, "message": message, "first_packet_seconds": 1.0, "hls": more.pop("hls", None)}
    acceptance.judge(found, seen, more.pop("error", None), more.pop("seconds", 20.0))
    found.reference = more.pop("reference", False)
    return found


@pytest.mark.parametrize(
    ("seen", "verified"),
    [
        (seat(), True),
        (seat(verdict="undecodable"), True),
        (seat(verdict="refused", error="proxy_error"), False),
        (seat(protocol="hls", verdict="not_found", age=5.0), False),
        (seat(protocol="hls", verdict="not_found", age=None), False),
        (seat(protocol="hls", verdict="empty", age=29.0), False),
        (seat(protocol="hls", verdict="not_found", age=31.0), True),
        (seat(protocol="hls", verdict="undecodable", age=5.0), True),
        (seat(protocol="hls", verdict="stalled", hls={"target_seconds": 11.0}), False),
        (seat(protocol="hls", verdict="stalled", hls={"target_seconds": 4.0}), True),
        (seat(protocol="flv", verdict="not_found", age=5.0), True),
    ],
)
def test_what_says_something_about_a_server(seen: Seat, verified: bool) -> None:
    assert seen.verified is verified
    assert seen.row()["stream"] == "/live/a", "its vhost stays in its name"


def at_origin(verdict: str, stream: str = "/live/a", **more: Any) -> Seat:
    return seat("origin-0", verdict=verdict, component="origin", name_of_stream=stream, **more)


def test_a_stream_that_is_bad_by_itself_fails_nobody() -> None:
    edge = seat(verdict="undecodable", message="no header")
    assert acceptance.excuse([edge, at_origin("undecodable", reference=True)]) == ["/live/a"]
    assert not edge.failed and edge.message == "the stream doesn't play from its origin either (undecodable: no header)"


@pytest.mark.parametrize(
    ("others", "fails"),
    [
        ([], True),  # nobody knows
        ([at_origin("ok")], True),
        ([at_origin("undecodable"), at_origin("ok", protocol="flv")], True),
        ([at_origin("undecodable"), at_origin("undecodable", protocol="flv")], False),
        ([at_origin("refused")], True),  # nothing is said about the stream
        ([at_origin("refused", error="proxy_error")], True),
    ],
)
def test_a_server_is_blamed_for_what_plays_from_the_origin(others: list[Seat], fails: bool) -> None:
    edge = seat(verdict="undecodable")
    acceptance.excuse([edge, *others])
    assert edge.failed is fails


def test_an_origin_from_which_nothing_plays_is_blamed() -> None:
    bad, edge = at_origin("empty"), seat(verdict="empty")
    acceptance.excuse([bad, edge])
    assert bad.failed and not edge.failed
    bad = at_origin("empty")
    assert acceptance.excuse([bad, at_origin("ok", "/live/b")]) == ["/live/a"]
    assert not bad.failed


def test_pulls_that_are_not_merged() -> None:
    pulls = [{"edge": edge} for edge in ("a-0", "a-0", "a-1", "z-0", "z-0", None, None)]
    assert acceptance.not_merged([stream(pulls=pulls), stream("/live/b")], {"a-0", "a-1"}) == {"/live/a": {"a-0": 2}}


# What is told


def cluster(*servers: str, component: str = "edge", of: int | None = None, **more: Any) -> Cluster:
    places = [Place(component, "a" if component == "edge" else component, pod(server, "w"), SRS) for server in servers]
    return Cluster("a" if component == "edge" else component, component, places * (of or 1), places, **more)


@pytest.mark.parametrize(
    ("servers", "seats", "verified"),
    [
        (["a-0"], [seat()], True),
        (["a-0"], [seat(verdict="refused", error="proxy_error"), seat(protocol="flv")], True),
        (["a-0"], [seat(verdict="refused", error="proxy_error")], False),
        (["a-0", "a-1"], [seat()], False),
        (["a-0"], [], False),
        ([], [], False),
    ],
)
def test_a_cluster_is_verified_by_something_of_each_server(servers: list[str], seats: list[Seat], verified: bool) -> None:
    assert acceptance.is_verified(cluster(*servers), seats) is verified


def test_of_the_origins_one_is_enough() -> None:
    both = cluster("origin-0", "origin-1", component="origin")
    assert acceptance.is_verified(both, [at_origin("ok")])
    assert not acceptance.is_verified(both, [at_origin("ok", reference=True)])


def test_a_late_joiner_that_gets_nothing_is_told_in_plain_words() -> None:
    bad = [
        seat(server, protocol, joiner, "undecodable" if joiner == LATE else "ok", "no header" if joiner == LATE else "")
        for server in ("a-0", "a-1")
        for protocol in ("rtmp", "flv")
        for joiner in (EARLY, LATE)
    ]
    found = acceptance.problems([cluster("a-0", "a-1")], bad, Seen())
    assert found == [
        "edge cluster 'a', server a-0, a-1: who joins later by RTMP, HTTP-FLV gets nothing good of /live/a: "
        "undecodable: no header, though who joined before can"
    ]
    assert acceptance.failure(found, [], bad, False, "all") == f"The servers are not accepted:\n- {found[0]}"


def test_servers_that_fail_in_the_same_way_are_one_line() -> None:
    bad = [seat(f"a-{i}", "flv", verdict="not_found", message=f"HTTP status 404 of http://10.0.0.{i}:8080/live/a.flv") for i in range(100)]
    (line,) = acceptance.problems([cluster("a-0")], bad, Seen())
    assert "server a-0, a-1, a-2 and 97 more: who plays" in line and line.endswith("404 of http://10.0.0.0:8080/live/a.flv")


def test_other_failures() -> None:
    seen = Seen(["/live/x"], 10.2, {"/live/a": {"a-0": 3}}, {"a-0": ["create dir", "gone"]})
    assert acceptance.problems([cluster("a-0")], [seat("a-0", "flv", verdict="not_found", message="HTTP status 404")], seen) == [
        "/live/x is expected to be live, and is not after 10 s",
        "edge cluster 'a', server a-0: who plays by HTTP-FLV gets nothing good of /live/a: not_found: HTTP status 404",
        "edge cluster 'a', server a-0: it pulls /live/a 3 times at once, not once for all its players",
        "edge cluster 'a', server a-0: it wrote new errors to its log: create dir / gone",
    ]


def test_references_fail_nobody() -> None:
    assert acceptance.problems([], [at_origin("empty", reference=True)], Seen()) == []


def test_what_could_not_be_verified_fails_where_it_must() -> None:
    one, two = cluster("a-0"), cluster(component="origin")
    for each in (one, two):
        acceptance.explain(each, [], "no stream is live")
    said = "edge cluster 'a', the origin could not be verified: no stream is live"
    assert acceptance.failure([], [one, two], [], False, "all") == ""
    assert acceptance.failure([], [one, two], [], True, "all") == (
        f"The servers are not accepted:\n- {said}; mend that (srs_demo_publisher publishes a test picture), "
        "or set srs_acceptance_required (required) to false"
    )
    assert acceptance.summary([one, two], [], [], []) == [said]
    assert "no cluster has canary servers" in acceptance.failure([], [], [], True, "canary")
    assert acceptance.failure([], [cluster("h", component="hls")], [], True, "all") == "", "HLS takes long to appear"


@pytest.mark.parametrize(
    ("seats", "nothing_live", "message"),
    [
        ([seat()], "", ""),
        ([seat(verdict="refused", message="forbidden", error="proxy_error")], "", "a-0: forbidden"),
        ([], "no stream is live", "no stream is live"),
        ([], "", "none of its servers has a live stream that it serves"),
    ],
)
def test_why_nothing_is_known(seats: list[Seat], nothing_live: str, message: str) -> None:
    one = cluster("a-0")
    acceptance.explain(one, seats, nothing_live)
    assert one.message == message


def test_the_summary() -> None:
    seats = [seat(), seat(protocol="flv", verdict="refused", message="forbidden", error="proxy_error")]
    assert acceptance.summary([cluster("a-0", of=3)], seats, ["it failed"], ["/live/bad"]) == [
        "/live/a played from 1 of 3 servers of edge cluster 'a' by RTMP",
        "HTTP-FLV of edge cluster 'a' could not be verified: a-0: forbidden",
        "/live/bad is bad by itself and says nothing about servers",
        "it failed",
    ]


def test_no_acceptance_takes_longer_than_it_may() -> None:
    times = acceptance.Times(30)
    longest = times.wait + times.late + times.watch + times.first + times.stall
    assert longest < 30
    assert times.watch + times.first + times.stall > times.late, "the first players are still there"
