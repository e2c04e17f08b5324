# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole flow of srs_acceptance_info, against servers that have the API of recorded ones and play what an SRS 6 once sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow import acceptance_info
from ansible_collections.livestream.srs.plugins.module_utils._media import http, rtmp
from ansible_collections.livestream.srs.plugins.module_utils._media.decoder import NO_AUDIO_HEADER, NO_VIDEO_HEADER
from ansible_collections.livestream.srs.plugins.modules import srs_acceptance_info
from ansible_collections.livestream.srs.tests.support.fake_cluster import API_OPTIONS, IPS, FakeClient
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork, Scripted
from ansible_collections.livestream.srs.tests.support.media_server import Step, in_time, recorded
from ansible_collections.livestream.srs.tests.support.srs_server import Srs, SrsConnection

CONF = """\
listen 1935;
http_api { enabled on; listen 1985; }
http_server { enabled on; listen 8080; }
vhost __defaultVhost__ { http_remux { enabled on; } %s }
"""
SENT_HEAD, _empty_line, CHUNKS = recorded("srs-6.http").partition(b"\r\n\r\n")
FLV = http.Body(http.head(SENT_HEAD + b"\r\n\r\n")).feed(CHUNKS)
HEAD = b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Type: video/x-flv\r\n\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
FLV_BEGINNING = 13
STREAM = "/live/livestream"


def without_headers(data: bytes) -> bytes:
    """What edges of SRS 6.0.179 to 6.0.185 give every player after the first: no sequence headers."""
    found, at = data[:FLV_BEGINNING], FLV_BEGINNING
    while at + 11 < len(data):
        size = int.from_bytes(data[at + 1 : at + 4])
        kind, body = data[at], data[at + 11 : at + 11 + size]
        if not (kind in (8, 9) and body[1:2] == b"\0"):
            found += data[at : at + 11 + size + 4]
        at += 11 + size + 4
    return found


class Server(Scripted):
    """A server of SRS: whatever its port, it answers what it is asked."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.script)
        self.node = node
        self.api: SrsConnection | None = None

    def data_received(self, data: bytes) -> None:
        if self.api is None and self.steps is None and data.startswith(b"GET /api/"):
            self.api = SrsConnection(self.node.srs)
            self.api.connection_made(self.transport)
        (super() if self.api is None else self.api).data_received(data)  # type: ignore[attr-defined]

    def connection_lost(self, exc: Exception | None) -> None:
        if self.api is not None:
            self.api.connection_lost(exc)

    def eof_received(self) -> bool | None:
        return None


class Node:
    """Its API, its players so far, and what it does to them."""

    def __init__(self, name: str) -> None:
        self.srs = Srs.recorded(name)
        self.players: list[str] = []
        self.flv: Callable[[int], bytes] = lambda _number: HEAD + FLV

    def script(self, hello: str) -> Iterator[Step]:
        if ".flv" not in hello:
            self.players.append("rtmp")
            yield b"\x03" + bytes(2 * rtmp.HANDSHAKE)
            yield from in_time(recorded("srs-6.rtmp"), 4.0)
        else:
            self.players.append("flv")
            answer = self.flv(self.players.count("flv"))
            yield from [answer] if answer == NOT_FOUND else in_time(answer, 4.0)
        yield 60.0


@pytest.fixture
def nodes() -> dict[str, Node]:
    return {name: Node(name) for name in IPS}


@pytest.fixture
def client(nodes: dict[str, Node], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with FakeNetwork() as network:
        for name, node in nodes.items():
            network.hosts[IPS[name]] = lambda node=node: Server(node)  # type: ignore[misc]
        fake: Any = FakeClient(1)
        fake.objects["ConfigMap"] = [
            {"metadata": {"name": f"srs-{role}-config"}, "data": {"srs.conf": CONF % ""}} for role in ("origin", "edge")
        ]
        fake.logs = {}
        fake.log = lambda pod, *_more: fake.logs.get(pod, "")
        fake.each = lambda function, items: list(map(function, items))
        monkeypatch.setattr(acceptance_info.Client, "from_module", lambda _module: fake)

        class Time:
            monotonic = staticmethod(lambda: network.now)

            @staticmethod
            def sleep(seconds: float) -> None:
                network.now += seconds

        monkeypatch.setattr(acceptance_info, "time", Time)
        fake.network = network
        yield fake


class Module:
    def __init__(self, **params: Any) -> None:
        defaults = {name: option.get("default") for name, option in srs_acceptance_info.specification()["argument_spec"].items()}
        self.params = {**defaults, "namespace": "video", **API_OPTIONS, "api_via": "pod_ip", "seconds": 10, **params}


def accept(**params: Any) -> dict[str, Any]:
    return acceptance_info.flow(Module(**params))  # type: ignore[arg-type]


def refused(**params: Any) -> SrsError:
    with pytest.raises(SrsError) as error:
        accept(**params)
    return error.value


def test_servers_that_play_are_accepted(client: Any, nodes: dict[str, Node]) -> None:
    result = accept()
    assert (result["ok"], result["verified"], result["problems"], result["changed"]) == (True, True, [], False)
    for node in nodes.values():
        assert sorted(node.players) == ["flv", "flv", "rtmp", "rtmp"]
    assert len(result["players"]) == 16
    assert {(row["protocol"], row["joiner"], row["verdict"]) for row in result["players"]} == {
        (protocol, joiner, "ok") for protocol in ("rtmp", "flv") for joiner in ("early", "late")
    }
    assert result["streams"] == [{"stream": STREAM, "live": True, "expected": False, "not_merged": {}}]
    assert result["summary"] == [
        f"{STREAM} played from 1 server of the origin by RTMP, HTTP-FLV",
        f"{STREAM} played from 3 servers of edge cluster 'edge' by RTMP, HTTP-FLV",
    ]
    assert client.network.now < 10


def test_a_late_joiner_without_headers_is_found(client: Any, nodes: dict[str, Node]) -> None:
    nodes["edge-1"].flv = lambda number: HEAD + (FLV if number == 1 else without_headers(FLV))
    error = refused()
    assert error.message == (
        f"The servers are not accepted:\n- edge cluster 'edge', server edge-1: who joins later by HTTP-FLV gets nothing good of {STREAM}: "
        f"undecodable: {NO_VIDEO_HEADER}, and {NO_AUDIO_HEADER}, though who joined before can"
    )
    assert [(cluster["name"], cluster["ok"]) for cluster in error.details["clusters"]] == [("origin", True), ("edge", False)]
    assert client.network.now < 10


def test_http_flv_that_is_not_found(nodes: dict[str, Node], client: Any) -> None:
    nodes["edge-0"].flv = lambda _number: NOT_FOUND
    assert "server edge-0: who plays by HTTP-FLV gets nothing good of /live/livestream: not_found: HTTP status 404" in refused().message


def test_one_cluster_is_asked_for(client: Any, nodes: dict[str, Node]) -> None:
    result = accept(clusters=["edge"])
    assert [row["name"] for row in result["clusters"]] == ["edge"]
    assert sorted(nodes["origin-0"].players) == ["flv", "rtmp"], "whether the stream is good by itself"
    assert {row["component"] for row in result["players"]} == {"edge"}


def test_a_stream_that_is_bad_by_itself_fails_no_edge(client: Any, nodes: dict[str, Node]) -> None:
    for node in nodes.values():
        node.flv = lambda _number: HEAD + without_headers(FLV)
    nodes["origin-0"].script = lambda _hello: iter([HEAD + without_headers(FLV), 60.0])  # type: ignore[method-assign]
    result = accept(clusters=["edge"])
    assert result["ok"] and result["verified"], "RTMP still says something"
    assert f"{STREAM} is bad by itself and says nothing about servers" in result["summary"]


def silence(nodes: dict[str, Node]) -> dict[str, Any]:
    replies = nodes["origin-0"].srs.replies
    kept = {what: replies[what][what] for what in ("streams", "clients")}
    for what in kept:
        replies[what][what] = []
    return kept


def test_where_nothing_is_live_nothing_is_verified(client: Any, nodes: dict[str, Node]) -> None:
    silence(nodes)
    assert refused().message == (
        "The servers are not accepted:\n- the origin, edge cluster 'edge' could not be verified: no stream is live; "
        "mend that (srs_demo_publisher publishes a test picture), or set srs_acceptance_required (required) to false"
    )
    assert client.network.now >= 10 / 3, "publishers get time to come"
    client.network.now = 0.0
    result = accept(required=False)
    assert (result["ok"], result["verified"], result["players"]) == (True, False, [])
    assert client.network.now < 1, "nobody waits for what doesn't matter"


def test_what_was_live_before_must_be_live_again(client: Any, nodes: dict[str, Node]) -> None:
    error = refused(expect_streams=[STREAM, "/live/gone", "__defaultVhost__/live/gone"])
    assert error.message == "The servers are not accepted:\n- /live/gone is expected to be live, and is not after 4 s"
    assert error.details["streams"][1] == {"stream": "/live/gone", "live": False, "expected": True, "not_merged": {}}
    assert client.network.now < 10


def test_a_publisher_gets_time_to_come_back(client: Any, nodes: dict[str, Node], monkeypatch: pytest.MonkeyPatch) -> None:
    kept = silence(nodes)

    def sleep(seconds: float) -> None:
        client.network.now += seconds
        for what, rows in kept.items():
            nodes["origin-0"].srs.replies[what][what] = rows

    monkeypatch.setattr(acceptance_info.time, "sleep", sleep)
    assert accept(expect_streams=[STREAM])["streams"][0]["expected"]


def test_pulls_that_are_not_merged_are_told(client: Any, nodes: dict[str, Node]) -> None:
    rows = nodes["origin-0"].srs.replies["clients"]["clients"]
    pull = next(row for row in rows if row["ip"] == IPS["edge-2"])
    rows.append({**pull, "id": "another"})
    assert refused().details["problems"] == [
        f"edge cluster 'edge', server edge-2: it pulls {STREAM} 2 times at once, not once for all its players"
    ]


def test_new_errors_in_logs_are_told(client: Any) -> None:
    client.logs = {
        "edge-0": "[t][ERROR][1][a][2] create dir\n",
        "edge-1": "[t][ERROR][1][a][11] serve error code=2000(RtmpPlainRequired) : handshake\n",
    }
    error = refused()
    assert error.details["logs"] == {"edge-0": ["create dir"]}
    assert error.details["problems"] == ["edge cluster 'edge', server edge-0: it wrote new errors to its log: create dir"]
    assert accept(harmless_errors=["create dir"])["ok"]


def test_logs_that_may_not_be_read_are_left_out(client: Any) -> None:
    def denied(*_args: Any) -> str:
        raise SrsError("forbidden")

    client.log = denied
    assert accept()["ok"]


@pytest.mark.parametrize("option", ["seconds", "streams", "players"])
def test_options_that_make_no_sense(client: Any, option: str) -> None:
    assert refused(**{option: 0}).message == f"{option} is 0: it must be {10 if option == 'seconds' else 1} or more."


def test_rtmp_goes_by_a_forwarded_port_where_the_pod_proxy_passes_on_http_alone(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    async def play(views: Any, _tls: Any) -> None:
        for view in views:
            asked.append((view.protocol, view.way.prefix))
            view.verdict = "ok"

    client.network.listening[1] = lambda: SrsConnection(Srs(pods={name: Srs.recorded(name) for name in IPS}))
    monkeypatch.setattr(acceptance_info.player, "play_views", play)
    assert accept(api_via="pod_proxy")["ok"]
    assert ("rtmp", "") in asked
    assert ("flv", "/api/v1/namespaces/video/pods/edge-0:8080/proxy") in asked
