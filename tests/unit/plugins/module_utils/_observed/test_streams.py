# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Streams put together from what servers say: first the recorded topology, then what other versions and networks make of it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._observed import streams
from ansible_collections.livestream.srs.plugins.module_utils._observed.streams import Server

FIXTURES = Path(__file__).parents[3] / "fixtures" / "srs-api"
KEYS = {"summaries": "data", "vhosts": "vhosts", "streams": "streams", "clients": "clients"}
IPS = {"origin-0": "10.244.0.197", "edge-0": "10.244.0.201", "edge-1": "10.244.0.200", "edge-2": "10.244.0.198"}


def read(folder: str, component: str, ip: str) -> Server:
    replies = {what: json.loads((FIXTURES / folder / f"{what}.json").read_text())[key] for what, key in KEYS.items()}
    return Server(folder.removeprefix("srs-5-"), component, component, ip, "ready", True, max_connections=1000, replies=replies)


@pytest.fixture
def recorded() -> dict[str, Server]:
    """One origin and three edges, one publisher by way of edge-0, nine players (6.0.157)."""
    return {name: read(name, name.partition("-")[0], ip) for name, ip in IPS.items()}


def only(servers: dict[str, Server], *hosts: str) -> dict[str, Any]:
    (stream,) = streams.build(list(servers.values()), streams.Inside(frozenset(hosts)))
    return stream


def drop(servers: dict[str, Server], *keys: str) -> None:
    """Leave out of all streams and clients what older versions don't have."""
    for server in servers.values():
        for what in ("streams", "clients"):
            for row in server.replies[what]:
                for key in keys:
                    row.pop(key, None)


def test_the_recorded_topology(recorded: dict[str, Server]) -> None:
    stream = only(recorded)
    assert (stream["vhost"], stream["url"], stream["app"], stream["stream"]) == (
        "__defaultVhost__",
        "/live/livestream",
        "live",
        "livestream",
    )
    assert stream["live"] is True
    assert stream["players"] == 9
    assert stream["players_by_server"] == {"edge-0": 1, "edge-1": 2, "edge-2": 6}
    assert stream["players_by_protocol"] == {"flv": 9}
    assert [(pull["server"], pull["edge"]) for pull in stream["pulls"]] == [
        ("origin-0", "edge-0"),
        ("origin-0", "edge-1"),
        ("origin-0", "edge-2"),
    ]
    assert stream["pull_not_merged"] is False
    assert stream["playable"] is True
    assert stream["video"] == {"codec": "H264", "profile": "Other", "level": "1.2", "width": 320, "height": 168}
    assert stream["audio"]["codec"] == "AAC"
    assert (stream["kbps_in"], stream["kbps_out"], stream["frames"], stream["fps"]) == (153, None, 670, None)


def test_the_recorded_publisher_is_one_although_two_servers_list_it(recorded: dict[str, Server]) -> None:
    assert only(recorded)["publishers"] == [
        {
            "server": "edge-0",
            "origin": "origin-0",
            "forwarded": True,
            "id": "x1h50848",
            "ip": "10.244.0.1",
            "type": "fmle-publish",
            "live_seconds": 46.13,
        }
    ]


def test_the_rate_is_that_of_the_server_that_takes_the_stream_in(recorded: dict[str, Server]) -> None:
    drop(recorded, "publish")  # of which not all versions tell
    assert (only(recorded)["kbps_in"], only(recorded)["frames"]) == (153, 670)


def test_an_active_publisher_that_no_server_lists_has_a_rate(recorded: dict[str, Server]) -> None:
    for server in recorded.values():
        server.replies["clients"] = [row for row in server.replies["clients"] if not row["publish"]]
    assert (only(recorded)["kbps_in"], only(recorded)["frames"]) == (153, 670)


def test_a_recorded_server(recorded: dict[str, Server]) -> None:
    row = streams.server_row(recorded["origin-0"])
    assert row["version"] == "6.0.157"
    assert (row["uptime_seconds"], row["memory_kib"], row["cpu_percent"]) == (99, 16264, 0.0)
    assert (row["connections"], row["max_connections"], row["connections_percent"], row["clients"]) == (4, 1000, 0.4, 4)
    assert (row["kbps_in"], row["kbps_out"], row["answered"], row["error"]) == (153, 28, True, None)


def test_a_silent_server_is_all_null() -> None:
    row = streams.server_row(Server("edge-0", "edge", "edge", error_kind="timeout", error="no answer in time"))
    known = {"name", "component", "cluster", "state", "ready", "draining", "answered", "error", "error_kind"}
    assert {key for key, value in row.items() if value is not None} == known
    assert row["answered"] is False


def test_fractions_of_cpu_become_percent(recorded: dict[str, Server]) -> None:
    recorded["origin-0"].replies["summaries"]["self"]["cpu_percent"] = 0.337
    assert streams.server_row(recorded["origin-0"])["cpu_percent"] == 33.7


def older(servers: dict[str, Server], player: str) -> None:
    """Make of the recorded replies what an older version would have said."""
    drop(servers, "send_bytes", "recv_bytes")
    for server in servers.values():
        for row in server.replies["streams"]:
            del row["url"], row["tcUrl"]
        for row in server.replies["clients"]:
            row["url"] = f"/live/{row.pop('name')}"
            if row["type"] == "flv-play":
                row["tcUrl"] = "rtmp://__defaultVhost__/live"
            if not row["publish"]:
                row["type"] = player


def test_srs_4_has_no_url_of_streams_and_no_bytes_of_clients(recorded: dict[str, Server]) -> None:
    older(recorded, "rtmp-play")
    stream = only(recorded)
    assert (stream["url"], stream["players"], len(stream["pulls"]), len(stream["publishers"])) == ("/live/livestream", 9, 3, 1)
    assert stream["players_by_protocol"] == {"flv": 9}
    assert stream["playable"] is None


def test_srs_3_has_no_rates_of_clients_either(recorded: dict[str, Server]) -> None:
    older(recorded, "Play")
    drop(recorded, "kbps")
    stream = only(recorded)
    assert (stream["url"], stream["players"], len(stream["pulls"]), stream["pull_not_merged"]) == ("/live/livestream", 9, 3, False)
    assert (stream["kbps_in"], stream["playable"]) == (None, None)


@pytest.mark.parametrize("version", [3, 4])
def test_http_players_of_a_real_srs_3_and_4(version: int) -> None:
    edge = read(f"srs-{version}-edge", "edge", "10.99.0.4")
    row = streams.server_row(edge)
    assert (row["version"].partition(".")[0], row["clients"]) == (str(version), 2)
    stream = only({"edge": edge})
    assert (stream["url"], stream["players_by_protocol"]) == ("/live/livestream", {"flv": 2})


def test_where_a_vhost_has_a_name_srs_4_does_not_tell_http_from_rtmp(recorded: dict[str, Server]) -> None:
    older(recorded, "rtmp-play")
    for row in recorded["edge-2"].replies["clients"]:
        row.update(url="video.example/live/livestream", stream="unknown", tcUrl="rtmp://video.example/live")
    found = {s["vhost"]: s["players_by_protocol"] for s in streams.build(list(recorded.values()))}
    assert found == {"__defaultVhost__": {"flv": 3}, "video.example": {"unknown": 6}}


def test_a_real_srs_5_with_players_everywhere() -> None:
    servers = {
        name: read(f"srs-5-{name}", name.partition("-")[0], ip)
        for name, ip in (("origin-0", "10.99.0.2"), ("edge-0", "10.99.0.3"), ("edge-1", "10.99.0.4"))
    }
    stream = only(servers)
    assert stream["players_by_server"] == {"origin-0": 1, "edge-0": 1, "edge-1": 3}
    assert stream["players_by_protocol"] == {"rtmp": 2, "flv": 3}
    assert [(p["server"], p["origin"], p["forwarded"]) for p in stream["publishers"]] == [("origin-0", "origin-0", False)]
    assert (len(stream["pulls"]), stream["pull_not_merged"], stream["playable"]) == (2, False, True)


def test_streams_of_other_vhosts_are_other_streams(recorded: dict[str, Server]) -> None:
    origin = recorded["origin-0"]
    other = copy.deepcopy(origin.replies["streams"][0])
    other.update(id="vid-other", url="video.example/live/livestream", vhost="vid-2")
    origin.replies["streams"].append(other)
    found = {(s["vhost"], s["url"]): s["players"] for s in streams.build(list(recorded.values()))}
    assert found == {("__defaultVhost__", "/live/livestream"): 9, ("video.example", "/live/livestream"): 0}


def test_an_edge_that_pulls_twice_is_not_merged(recorded: dict[str, Server]) -> None:
    clients = recorded["origin-0"].replies["clients"]
    clients.append({**clients[-1], "id": "again"})
    stream = only(recorded)
    assert stream["pull_not_merged"] is True
    assert stream["players"] == 9


def test_nothing_pulled_says_nothing_of_merging(recorded: dict[str, Server]) -> None:
    clients = recorded["origin-0"].replies["clients"]
    clients[:] = [row for row in clients if row["publish"]]
    assert only({"origin-0": recorded["origin-0"]})["pull_not_merged"] is None


def test_players_at_the_origin_are_players(recorded: dict[str, Server]) -> None:
    clients = recorded["origin-0"].replies["clients"]
    clients.append({**clients[-1], "id": "viewer", "ip": "192.0.2.7", "tcUrl": "rtmp://198.51.100.9/live", "kbps": {"send_30s": 140}})
    for edge in ("edge-1", "edge-2"):
        recorded[edge].replies["streams"][0]["kbps"]["send_30s"] = 30
    stream = only(recorded)
    assert (stream["players"], len(stream["pulls"])) == (10, 3)
    assert stream["players_by_server"]["origin-0"] == 1
    assert stream["kbps_out"] == 16 + 30 + 30 + 140


# Rates, which SRS has only after 30 seconds, and calls 0 until then


def test_what_young_players_are_sent_is_not_known_yet(recorded: dict[str, Server]) -> None:
    """As recorded: players of 6 s, for whom SRS says 0, though 119,053 bytes went to each."""
    stream = only(recorded)
    rates = {row["server"]: (row["kbps_in"], row["kbps_out"]) for row in stream["servers"]}
    assert rates == {"origin-0": (153, 28), "edge-0": (150, 16), "edge-1": (None, None), "edge-2": (None, None)}
    assert stream["kbps_out"] is None, "what two of three edges send is not known"
    players = [row for row in streams.clients(list(recorded.values())) if row["role"] == "player"]
    assert {(row["kbps_in"], row["kbps_out"]) for row in players} == {(None, None)}


@pytest.mark.parametrize(("alive", "known"), [(39.9, None), (40.0, 0), (3600, 0)])
def test_nothing_is_sent_where_a_client_has_been_there_for_long(recorded: dict[str, Server], alive: float, known: int | None) -> None:
    """A player that is stuck gets nothing, and that is a figure."""
    recorded["edge-1"].replies["clients"][0]["alive"] = alive
    (row,) = (row for row in only(recorded)["servers"] if row["server"] == "edge-1")
    assert (row["kbps_in"], row["kbps_out"]) == (known, known)
    assert streams.server_row(recorded["edge-1"])["kbps_out"] == known
    (client, other) = (row for row in streams.clients([recorded["edge-1"]]) if row["role"] == "player")
    assert (client["kbps_out"], other["kbps_out"]) == (known, None)


def test_a_server_that_nobody_uses_sends_nothing(recorded: dict[str, Server]) -> None:
    idle = recorded["edge-1"]
    idle.replies["clients"] = []
    assert [streams.server_row(idle)[key] for key in ("kbps_in", "kbps_out")] == [0, 0]
    idle.replies["vhosts"] = []
    assert [streams.server_row(idle)[key] for key in ("kbps_in", "kbps_out")] == [None, None], "and before its first client it has no vhost"


def test_a_server_that_does_not_list_its_clients_may_have_young_ones(recorded: dict[str, Server]) -> None:
    del recorded["edge-1"].replies["clients"]
    assert streams.server_row(recorded["edge-1"])["kbps_out"] is None


def test_a_player_of_an_origin_without_a_rate_leaves_the_sum_unknown(recorded: dict[str, Server]) -> None:
    clients = recorded["origin-0"].replies["clients"]
    viewer = {**clients[-1], "ip": "192.0.2.7", "tcUrl": "rtmp://198.51.100.9/live"}
    clients += [{**viewer, "id": "old", "kbps": {"send_30s": 140}}, {**viewer, "id": "new", "kbps": {"send_30s": 0}}]
    for edge in ("edge-1", "edge-2"):
        recorded[edge].replies["clients"].clear()
    assert only(recorded)["kbps_out"] is None
    clients.pop()
    assert only(recorded)["kbps_out"] == 140 + 16


def test_translated_addresses_leave_the_name_of_the_origin_to_tell_edges(recorded: dict[str, Server]) -> None:
    for server in recorded.values():
        server.ip = f"172.16.{server.ip}"
    stream = only(recorded, "srs-internal-origin-service")
    assert (stream["players"], len(stream["pulls"]), len(stream["publishers"])) == (9, 3, 1)
    assert [pull["edge"] for pull in stream["pulls"]] == [None, None, None]
    assert stream["pull_not_merged"] is False
    assert (stream["publishers"][0]["server"], stream["publishers"][0]["origin"]) == ("edge-0", "origin-0")
    recorded["edge-1"].replies["clients"].clear()
    recorded["edge-2"].replies["clients"].clear()
    assert only(recorded, "srs-internal-origin-service")["pull_not_merged"] is True


def test_what_comes_through_a_proxy(recorded: dict[str, Server]) -> None:
    proxy = "10.244.0.77"
    origin = recorded["origin-0"].replies["clients"]
    for row in origin:
        row["ip"] = proxy
    origin.append({**origin[-1], "id": "viewer", "tcUrl": "rtmp://198.51.100.9/live"})
    inside = streams.Inside(frozenset(["srs-internal-origin-service"]), frozenset([proxy]))
    (stream,) = streams.build(list(recorded.values()), inside)
    assert (stream["players"], len(stream["pulls"]), stream["pull_not_merged"], len(stream["publishers"])) == (10, 3, False, 1)


@pytest.mark.parametrize("host", ["srs-internal-origin-service.video.svc.cluster.local", "srs-origin-1.srs-internal-origin-service"])
def test_full_names_of_the_origin_and_pods_of_a_headless_service(recorded: dict[str, Server], host: str) -> None:
    for server in recorded.values():
        server.ip = None
    for row in recorded["origin-0"].replies["clients"]:
        row["tcUrl"] = f"rtmp://{host}:1935/live"
    assert len(only(recorded, "srs-internal-origin-service")["pulls"]) == 3


def test_an_edge_behind_an_edge(recorded: dict[str, Server]) -> None:
    # edge-2 pulls from edge-1, and what is published at edge-2 goes by way of edge-1.
    origin, first, second = recorded["origin-0"], recorded["edge-1"], recorded["edge-2"]
    encoder = next(row for row in recorded["edge-0"].replies["clients"] if row["publish"])
    del recorded["edge-0"]
    forward = origin.replies["clients"][0]
    forward["ip"] = first.ip
    origin.replies["clients"][:] = [forward, {**origin.replies["clients"][2], "ip": first.ip}]
    pull = {**origin.replies["clients"][1], "ip": second.ip}
    first.replies["clients"] += [{**forward, "ip": second.ip}, pull]
    second.replies["clients"].append(encoder)
    stream = only(recorded)
    assert stream["players"] == 8
    assert [(p["server"], p["edge"]) for p in stream["pulls"]] == [("origin-0", "edge-1"), ("edge-1", "edge-2")]
    assert stream["pull_not_merged"] is False
    assert [(p["server"], p["origin"]) for p in stream["publishers"]] == [("edge-2", "origin-0")]


def test_a_publisher_behind_a_silent_edge_is_still_one(recorded: dict[str, Server]) -> None:
    recorded["edge-0"].replies = {}
    recorded["edge-0"].error = "no answer"
    stream = only(recorded)
    assert [(p["server"], p["origin"], p["id"], p["live_seconds"]) for p in stream["publishers"]] == [("edge-0", "origin-0", None, 46.6)]
    assert stream["players"] == 8


def test_without_the_origin_nobody_knows_whether_it_is_live(recorded: dict[str, Server]) -> None:
    recorded["origin-0"].replies = {}
    recorded["edge-0"].replies["clients"][:] = [row for row in recorded["edge-0"].replies["clients"] if not row["publish"]]
    stream = only(recorded)
    assert stream["live"] is None
    assert stream["players"] == 9


def test_a_stream_that_edges_call_active_is_not_live_when_the_origin_has_none(recorded: dict[str, Server]) -> None:
    recorded["origin-0"].replies.update(streams=[], clients=[])
    del recorded["edge-0"]
    stream = only(recorded)
    assert (stream["live"], stream["players"], stream["publishers"]) == (False, 8, [])


def test_streams_without_anybody_are_left_out(recorded: dict[str, Server]) -> None:
    for server in recorded.values():
        server.replies["clients"].clear()
        for row in server.replies["streams"]:
            row["publish"]["active"] = False
    assert streams.build(list(recorded.values())) == []


def starve(servers: dict[str, Server], alive: float, send_bytes: int = 3500) -> None:
    for server in servers.values():
        for row in server.replies["clients"]:
            if not row["publish"]:
                row.update(alive=alive, send_bytes=send_bytes)


def test_a_publisher_whose_media_reaches_nobody(recorded: dict[str, Server]) -> None:
    starve(recorded, 20.0)
    assert only(recorded)["playable"] is False


def test_players_that_have_just_come_starve_not_yet(recorded: dict[str, Server]) -> None:
    starve(recorded, 4.0)
    assert only(recorded)["playable"] is None


def test_one_fed_player_shows_that_it_plays(recorded: dict[str, Server]) -> None:
    starve(recorded, 20.0)
    recorded["origin-0"].replies["clients"][-1]["send_bytes"] = 9000
    assert only(recorded)["playable"] is True


def test_a_stream_that_brings_next_to_nothing_lets_nobody_starve(recorded: dict[str, Server]) -> None:
    starve(recorded, 20.0)
    origin = recorded["origin-0"].replies
    origin["streams"][0]["kbps"]["recv_30s"] = 2
    origin["clients"][0].update(recv_bytes=5000)
    assert only(recorded)["playable"] is None


def test_the_rate_of_the_first_30_seconds_is_told_by_the_bytes(recorded: dict[str, Server]) -> None:
    starve(recorded, 20.0)
    recorded["origin-0"].replies["streams"][0]["kbps"]["recv_30s"] = 0
    assert only(recorded)["playable"] is False


def test_srs_4_starves_by_its_rate_alone(recorded: dict[str, Server]) -> None:
    starve(recorded, 45.0)
    drop(recorded, "send_bytes", "recv_bytes")
    assert only(recorded)["playable"] is False
    recorded["origin-0"].replies["clients"][-1]["kbps"]["send_30s"] = 120
    assert only(recorded)["playable"] is True


def test_a_client_that_came_between_two_answers_is_counted_by_its_url(recorded: dict[str, Server]) -> None:
    recorded["edge-2"].replies["streams"].clear()
    assert only(recorded)["players_by_server"]["edge-2"] == 6


def test_hls_sessions_are_players(recorded: dict[str, Server]) -> None:
    recorded["edge-1"].replies["clients"][0]["type"] = "hls-play"
    assert only(recorded)["players_by_protocol"] == {"flv": 8, "hls": 1}


@pytest.mark.parametrize(
    ("onward", "end"),
    [({}, "a"), ({"a": "b"}, "b"), ({"a": "b", "b": "c"}, "c"), ({"a": "b", "b": "a"}, "b"), ({"a": "b", "b": "c", "c": "b"}, "c")],
)
def test_where_a_stream_ends_although_servers_send_it_in_a_circle(onward: dict[str, str], end: str) -> None:
    assert streams._end("a", onward) == end
