# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole flow of srs_playback_info, against recorded servers behind the pod proxy; players are stood in for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow import playback_info
from ansible_collections.livestream.srs.plugins.module_utils._player.viewer import View, Way
from ansible_collections.livestream.srs.plugins.modules import srs_playback_info
from ansible_collections.livestream.srs.tests.support.clock import Clock
from ansible_collections.livestream.srs.tests.support.fake_cluster import API_OPTIONS, IPS, FakeClient
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork
from ansible_collections.livestream.srs.tests.support.srs_server import Srs

EDGE = {"name": "edge", "component": "edge", "rtmp_port": 1935, "flv_port": 8080, "may_refuse": ""}
ORIGIN = {**EDGE, "name": "origin", "component": "origin"}


class FakeModule:
    def __init__(self, **params: Any) -> None:
        defaults = {name: option.get("default") for name, option in srs_playback_info.specification()["argument_spec"].items()}
        self.params = {**defaults, "namespace": "video", **API_OPTIONS, "clusters": [EDGE], **params}


class Players:
    """What players see, by URL; whatever is not said is fine."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[str, str]] = {}
        self.error: Any = None
        self.played: list[list[str]] = []
        self.ways: list[Way | None] = []

    async def play(self, urls: Sequence[str], _patience: Any, _tls: Any, ways: Sequence[Way | None]) -> list[View]:
        self.played.append(list(urls))
        self.ways += ways
        return [
            View(url, "flv", verdict=verdict, message=said, error=self.error)
            for url in urls
            for verdict, said in [self.seen.get(url, ("ok", ""))]
        ]


@pytest.fixture
def servers() -> dict[str, Srs]:
    return {name: Srs.recorded(name) for name in IPS}


@pytest.fixture
def client(servers: dict[str, Srs], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with FakeNetwork([api_server := Srs(pods=servers)]):
        fake: Any = FakeClient(api_server.port)
        fake.logs = {}
        fake.log = lambda pod, *_more: fake.logs[pod]
        fake.each = lambda asked, items: list(map(asked, items))
        monkeypatch.setattr(playback_info.Client, "from_module", lambda _module: fake)
        yield fake


@pytest.fixture
def players(client: Any, monkeypatch: pytest.MonkeyPatch) -> Players:
    made = Players()
    monkeypatch.setattr(playback_info.player, "play", made.play)
    return made


def run(**params: Any) -> dict[str, Any]:
    return playback_info.flow(FakeModule(**params))  # type: ignore[arg-type]


EDGE_URL = f"http://{IPS['edge-2']}:8080/live/livestream.flv"
ORIGIN_URL = f"http://{IPS['origin-0']}:8080/live/livestream.flv"


def test_a_live_stream_is_played_from_each_cluster_at_once(players: Players, servers: dict[str, Srs]) -> None:
    result = run(clusters=[EDGE, ORIGIN])
    assert players.played == [[EDGE_URL, ORIGIN_URL]]
    assert (result["ok"], result["verified"], result["changed"]) == (True, True, False)
    assert result["summary"] == ["/live/livestream plays from edge cluster 'edge', the origin"]
    prefixes = [way.prefix for way in players.ways if way]
    assert prefixes == [f"/api/v1/namespaces/video/pods/{name}:8080/proxy" for name in ("edge-2", "origin-0")]
    assert not servers["edge-0"].seen, "only origins are asked what is live"


def test_nothing_is_asked_where_nothing_has_changed(players: Players, client: Any) -> None:
    assert run(clusters=[])["summary"] == []
    assert players.played == [] and client.listed == []


def test_what_does_not_play_fails_the_run_where_it_must(players: Players, client: Any) -> None:
    players.seen[EDGE_URL] = ("empty", "connected, but no media within 10 s")
    client.logs["edge-2"] = "[t][ERROR][1][a][2] create dir\n"
    result = run()
    assert (result["ok"], result["verified"]) == (False, True)
    assert result["clusters"][0]["log"] == ["create dir"]
    with pytest.raises(SrsError, match=r"edge cluster 'edge' \(pod edge-2, .*no media within 10 s; its log says: create dir$") as error:
        run(must_play=True)
    assert error.value.details["ok"] is False


@pytest.mark.parametrize(("fault", "verified"), [("", True), ("unavailable", False)])
def test_a_server_that_says_nothing_fails_where_its_api_answers(
    players: Players, client: Any, servers: dict[str, Srs], fault: str, verified: bool
) -> None:
    players.seen[EDGE_URL], players.error = ("empty", "connected, but no answer within 10 s"), "timeout"
    servers["edge-2"].fault = fault
    client.logs["edge-2"] = ""
    result = run()
    assert (result["ok"], result["verified"]) == (not verified, verified)


def test_a_log_that_may_not_be_read_is_left_out(players: Players, client: Any) -> None:
    def denied(*_args: Any) -> str:
        raise SrsError("forbidden")

    client.log = denied
    players.seen[EDGE_URL] = ("empty", "no media")
    with pytest.raises(SrsError, match=r"empty: no media$"):
        run(must_play=True)


def publish_another(servers: dict[str, Srs]) -> None:
    streams = servers["origin-0"].replies["streams"]["streams"]
    streams.append({**streams[0], "id": "another", "url": "/live/another", "name": "another"})


def test_a_stream_that_is_bad_by_itself_fails_nobody(players: Players, servers: dict[str, Srs]) -> None:
    publish_another(servers)
    players.seen[EDGE_URL] = ("undecodable", "no header")
    result = run(must_play=True)
    assert [len(urls) for urls in players.played] == [1, 1]
    (seen,) = result["clusters"]
    assert (seen["verdict"], seen["stream"]) == ("ok", "/live/another")
    assert seen["message"] == "another stream does not play: no header"


def test_without_a_live_stream_nothing_is_verified(players: Players, servers: dict[str, Srs]) -> None:
    for what in ("streams", "clients"):
        servers["origin-0"].replies[what][what] = []
    result = run(must_play=True)
    assert (result["ok"], result["verified"], players.played) == (True, False, [])
    assert result["summary"] == ["Nothing could be verified: no stream is live."]


def test_a_publisher_gets_time_to_come_back(players: Players, servers: dict[str, Srs], monkeypatch: pytest.MonkeyPatch) -> None:
    replies = servers["origin-0"].replies
    kept = {what: replies[what][what] for what in ("streams", "clients")}
    for what in kept:
        replies[what][what] = []

    class Later(Clock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if len(self.pauses) == 3:
                for what, rows in kept.items():
                    replies[what][what] = rows

    clock = Later().of(playback_info, monkeypatch)
    assert run(wait_for_stream=10)["verified"]
    assert len(clock.pauses) == 3


def test_a_stream_on_an_origin_that_is_being_replaced_is_waited_for(players: Players, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (origin,) = (pod for pod in client.objects["Pod"] if pod["metadata"]["name"] == "origin-0")
    origin["metadata"]["deletionTimestamp"] = "2026-01-31T12:00:00Z"
    clock = Clock().of(playback_info, monkeypatch)
    result = run(clusters=[EDGE, ORIGIN], wait_for_stream=5)
    assert len(clock.pauses) == 5
    assert [cluster["verified"] for cluster in result["clusters"]] == [True, False]
    assert run(clusters=[EDGE], wait_for_stream=5)["verified"] and len(clock.pauses) == 5, "edges play it all the same"


def test_servers_that_can_not_be_asked_verify_nothing(players: Players, servers: dict[str, Srs]) -> None:
    servers["origin-0"].fault = "unavailable"
    result = run(wait_for_stream=600)
    assert "no server could be asked for live streams: " in result["summary"][0]
    assert not result["clusters"][0]["verified"]


def test_by_other_ways_rtmp_is_played(players: Players) -> None:
    run(api_via="port_forward")
    assert players.played == [[f"rtmp://{IPS['edge-2']}:1935/live/livestream"]]
