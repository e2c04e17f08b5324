# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A viewer's check: what is played from where, and what is made of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._observed import playback
from ansible_collections.livestream.srs.plugins.module_utils._observed.members import Member
from ansible_collections.livestream.srs.plugins.module_utils._observed.playback import Target


def stream(url: str = "/live/a", **more: Any) -> Any:
    known = {"vhost": "__defaultVhost__", "live": True, "video": {}, "live_seconds": 5.0, "players": 0, "pulls": [], "servers": []}
    return {**known, "url": url, **more}


def target(name: str = "a", **more: Any) -> Target:
    return Target({"name": name, "component": "edge", "rtmp_port": 1935, "flv_port": 8080, "may_refuse": "", **more})


def member(cluster: str, name: str, state: str = "ready", created: str = "2026", component: str = "edge") -> Any:
    return Member(component, cluster, {}, {"name": name, "state": state, "created": created, "ip": "10.0.0.9"})  # type: ignore[arg-type]


def urls(streams: list[Any], of_origins: bool = True) -> list[str]:
    return [one["url"] for one in playback.to_play(streams, of_origins)]


# Streams


def test_the_surest_streams_come_first() -> None:
    given = [
        stream("/a/new", live_seconds=1),
        stream("/a/other", vhost="v"),
        stream("/a/sound", video=None),
        stream("/a/old", live_seconds=99),
        stream("/a/gone", live=False),
        stream("/a/unknown", live=None, players=5),
    ]
    assert urls(given) == ["/a/old", "/a/new", "/a/sound"]


@pytest.mark.parametrize(
    ("vhost", "url"),
    [
        ("__defaultVhost__", "/live/a\\x1b"),
        ("__defaultVhost__", "/?/?"),
        ("__defaultVhost__", "/live/a b"),
        ("__defaultVhost__", "/live/a#b"),
        ("__defaultVhost__", "live"),
        ("[::::]", "/live/a"),
        ("a b", "/live/a"),
        ("", "/live/a"),
    ],
)
def test_a_stream_that_can_not_be_asked_for_by_its_name_is_not_tried(vhost: str, url: str) -> None:
    assert urls([stream(url, vhost=vhost)]) == []


@pytest.mark.parametrize("url", ["/live/直播", "/a/b/c", "/live/a&b=c", "/live/ü.flv"])
def test_a_stream_may_be_called_what_people_like(url: str) -> None:
    assert urls([stream(url)]) == [url]


def test_edges_alone_know_what_they_pull() -> None:
    pulled = [stream("/a/p", live=None, pulls=[{}]), stream("/a/q", live=None, players=1), stream("/a/r", live=None)]
    assert urls(pulled, of_origins=False) == ["/a/p", "/a/q"]
    assert urls(pulled) == []


# Servers


def test_the_newest_server_that_is_ready() -> None:
    there = [
        member("a", "old"),
        member("a", "new", created="2027"),
        member("a", "newer", "draining", "2028"),
        member("b", "x", created="3"),
    ]
    one = target()
    assert playback.find_server(one, there, stream(), by_api_proxy=True)
    assert (one.pod or {})["name"] == "new"
    assert (one.protocol, one.port) == ("flv", 8080)
    assert playback.find_server(one, there, stream(), by_api_proxy=False)
    assert (one.protocol, one.port) == ("rtmp", 1935)


def test_the_origin_that_has_the_stream() -> None:
    there = [member("origin", f"o-{number}", component="origin") for number in range(3)]
    one = target("origin", component="origin")
    has = stream(servers=[{"server": "o-1", "active": True}, {"server": "o-2", "active": False}])
    assert playback.find_server(one, there, has, by_api_proxy=False) and (one.pod or {})["name"] == "o-1"
    assert not playback.find_server(one, there, stream(), by_api_proxy=False)
    assert one.message == "none of its servers is ready and has the stream"


def test_what_was_seen_of_one_stream_stays_where_another_is_nowhere() -> None:
    one = judged("empty", "no media", name="origin", component="origin")
    assert not playback.find_server(one, [], stream(), by_api_proxy=False)
    assert one.failed and (one.pod or {})["name"] == "pod-0"


def test_the_pod_proxy_passes_http_alone() -> None:
    one = target(flv_port=None)
    assert not playback.find_server(one, [member("a", "x")], stream(), by_api_proxy=True)
    assert "set srs_api_via to port_forward" in one.message and not one.verified
    assert playback.find_server(one, [member("a", "x")], stream(), by_api_proxy=False)


@pytest.mark.parametrize(
    ("protocol", "ip", "vhost", "url"),
    [
        ("rtmp", "10.0.0.9", "__defaultVhost__", "rtmp://10.0.0.9:1935/live/a"),
        ("rtmp", "fd00::9", "__defaultVhost__", "rtmp://[fd00::9]:1935/live/a"),
        ("rtmp", "10.0.0.9", "v.example", "rtmp://v.example:1935/live/a"),
        ("flv", "10.0.0.9", "__defaultVhost__", "http://10.0.0.9:1935/live/a.flv"),
        ("flv", "10.0.0.9", "v.example", "http://10.0.0.9:1935/live/a.flv?vhost=v.example"),
    ],
)
def test_what_a_player_asks_for(protocol: str, ip: str, vhost: str, url: str) -> None:
    one = target()
    one.protocol, one.port, one.pod = protocol, 1935, {"ip": ip}
    assert playback.url_of(one, stream(vhost=vhost)) == url


# Verdicts


def judged(verdict: str, message: str = "", error: str | None = None, first: float | None = None, **cluster: Any) -> Target:
    one = target(**cluster)
    one.pod = {"name": "pod-0"}
    playback.judge(one, stream(), {"verdict": verdict, "message": message, "first_packet_seconds": first}, error)
    return one


@pytest.mark.parametrize(
    ("seen", "verified", "failed"),
    [
        (judged("ok"), True, False),
        (judged("empty", "no media"), True, True),
        (judged("undecodable", "no header", first=0.1), True, True),
        (judged("refused", "pods/proxy is forbidden", "proxy_error"), False, False),
        (judged("refused", "can't pass the call on: dial tcp 10.0.0.9:8080: connect: connection refused", "proxy_error"), True, True),
        (judged("refused", "can't pass the call on: EOF (HTTP 503)", "proxy_error"), True, True),
        (judged("refused", "can't pass the call on: EOF (HTTP 503)", "proxy_error", may_refuse="refer.play"), False, False),
        (judged("refused", "no route", "unreachable"), False, False),
        (judged("refused", "nothing listens", "connection_refused"), True, True),
        (judged("refused", "closed", may_refuse="http_hooks.on_play"), False, False),
        (judged("stalled", "closed", first=0.1, may_refuse="http_hooks.on_play"), True, True),
    ],
)
def test_what_says_something_about_a_server(seen: Target, verified: bool, failed: bool) -> None:
    assert (seen.verified, seen.failed) == (verified, failed)


def test_what_is_told() -> None:
    good = [judged("ok", name=name) for name in "abcde"]
    refused = judged("refused", "closed", name="f", may_refuse="http_hooks.on_play")
    assert playback.summary([*good, refused]) == [
        "/live/a plays from edge cluster 'a', edge cluster 'b', edge cluster 'c' and 2 more",
        "edge cluster 'f' could not be verified: http_hooks.on_play may refuse a player without a token (refused: closed)",
    ]
    assert playback.failure([*good, refused]) == ""


def test_a_failure_names_cluster_server_and_log() -> None:
    bad = judged("empty", "no media", name="origin", component="origin")
    bad.log = ["create dir", "gone"]
    assert playback.failure([judged("ok"), bad]) == (
        "The change is made, but a live stream doesn't play from 1 of 2 changed clusters:\n"
        "- the origin (pod pod-0, /live/a by rtmp): empty: no media; its log says: create dir / gone"
    )
    assert bad.result() == {
        "name": "origin", "component": "origin", "server": "pod-0", "protocol": "rtmp", "stream": "/live/a",
        "verified": True, "verdict": "empty", "message": "no media", "log": ["create dir", "gone"],
    }  # fmt: skip
