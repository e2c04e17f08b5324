# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that are reached by ports that the Kubernetes API server forwards."""

from __future__ import annotations

import asyncio
import base64

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._media import websocket
from ansible_collections.livestream.srs.plugins.module_utils._network.address import Address
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoint
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.http_api import Answer, read_all
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork, Scripted
from ansible_collections.livestream.srs.tests.support.srs_server import Srs

LIMIT = 5.0


def read(port: int, *names: str, headers: tuple[tuple[str, str], ...] = ()) -> dict[str, Answer]:
    path = "/api/v1/namespaces/video/pods/{}/portforward?ports=1985"
    endpoints = [Endpoint(name, Address("127.0.0.1", port), "", headers, forward=(path.format(name), ())) for name in names]
    return asyncio.run(read_all(endpoints, LIMIT))


def test_ports_are_forwarded_with_credentials() -> None:
    pods = {"edge-2": Srs.recorded("edge-2", auth="admin:secret"), "down": Srs(fault="unavailable"), "hangs": Srs(fault="hang")}
    basic = (("Authorization", "Basic " + base64.b64encode(b"admin:secret").decode()),)
    with FakeNetwork([api_server := Srs(pods=pods)]) as network:
        answers = read(api_server.port, "edge-2", "down", "hangs", "missing", headers=basic)
    assert answers["edge-2"].error is None
    assert answers["edge-2"].replies["clients"] == pods["edge-2"].replies["clients"]["clients"]
    errors = {name: (answer.error.kind, answer.error.message) for name, answer in answers.items() if answer.error}
    assert errors["down"] == (
        "proxy_error",
        "the Kubernetes API server can't forward the port: dial tcp4 127.0.0.1:1985: connect: connection refused",
    )
    assert errors["hangs"][0] == "timeout"
    assert errors["missing"] == (
        "proxy_error",
        "the Kubernetes API server does not forward the port: pods 'missing' not found (HTTP 404)",
    )
    assert network.now == LIMIT


@pytest.mark.parametrize(
    ("frame", "kind", "words"),
    [
        (bytes([0x82, 127]) + (1 << 40).to_bytes(8), "proxy_error", "a WebSocket message is longer than 16 MiB"),
        (bytes([0x80 | websocket.CLOSE, 0]), "connection_closed", "closed the connection before it answered"),
    ],
)
def test_frames_that_end_it(frame: bytes, kind: str, words: str) -> None:
    with FakeNetwork() as network:
        upgraded = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
        port = network.listen(lambda: Scripted(lambda _request: [upgraded + frame, 60.0]))
        error = read(port, "edge-0")["edge-0"].error
    assert error is not None
    assert error.kind == kind
    assert words in error.message


def test_pings_of_the_api_server_are_answered() -> None:
    heard: list[bytes] = []

    def note(data: bytes) -> bytes:
        heard.append(data.partition(b"\r\n\r\n")[2])
        return b""

    ping = bytes([0x80 | websocket.PING, 4]) + b"here"
    with FakeNetwork() as network:
        upgraded = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
        port = network.listen(lambda: Scripted(lambda _request: [upgraded + ping, 0.1, note, 60.0]))
        read(port, "edge-0")
    # A client masks what it sends.
    pong = bytes([0x80 | websocket.PONG, 0x80 | 4])
    (data,) = [data for data in heard if pong in data]
    mask, masked = (data.partition(pong)[2][at : at + 4] for at in (0, 4))
    assert bytes(one ^ other for one, other in zip(mask, masked, strict=True)) == b"here"
