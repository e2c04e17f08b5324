# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to a port of a pod through the Kubernetes API server, as ``kubectl port-forward`` makes it: it passes everything on.

It is a WebSocket. The first byte of each message is its channel, 0 for what the port sends and gets, 1 for errors;
the first message on each channel is the number of the port.
"""

from __future__ import annotations

import base64
import json
import os

from ansible_collections.livestream.srs.plugins.module_utils._media import http, websocket
from ansible_collections.livestream.srs.plugins.module_utils._network.address import Address, Headers
from ansible_collections.livestream.srs.plugins.module_utils._network.at_once import Progress
from ansible_collections.livestream.srs.plugins.module_utils._network.connection import Connection
from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer
from ansible_collections.livestream.srs.plugins.module_utils._network.resolver import Resolver

PROTOCOL = "v4.channel.k8s.io"
DATA, ERROR = 0, 1


class PortForward(Connection):
    def __init__(self, address: Address, resolver: Resolver, progress: Progress, path: str, headers: Headers) -> None:
        super().__init__(address, resolver, progress)
        self.path = path
        self.headers = headers
        self._frames: websocket.FrameReader | None = None
        self._greeted: set[int] = set()

    async def open(self) -> None:
        await super().open()
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = (
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", key),
            ("Sec-WebSocket-Protocol", PROTOCOL),
        )
        await self.send(http.request(str(self.address), self.path, (*self.headers, *upgrade)))
        answer = await self.read_head()
        if answer.status != 101:
            raise NoAnswer("proxy_error", _refusal(answer.status, await self.read_body(answer)))
        self._frames = websocket.FrameReader()
        self.data_received(self._take(len(self._received)))

    async def send(self, data: bytes) -> None:
        await super().send(data if self._frames is None else _message(websocket.BINARY, bytes([DATA]) + data))

    def data_received(self, data: bytes) -> None:
        if self._frames is None:
            super().data_received(data)
            return
        try:
            for opcode, payload in self._frames.feed(data):
                self._message_received(opcode, payload)
        except websocket.NotWebSocket as error:
            self._refused(str(error))

    def _message_received(self, opcode: int, payload: bytes) -> None:
        if opcode == websocket.CLOSE:
            self.eof_received()
        elif opcode == websocket.PING and self._transport and self._writable.is_set():  # who doesn't read our answers gets no more
            self._transport.write(_message(websocket.PONG, payload))
        elif opcode == websocket.BINARY and payload:
            channel, content = payload[0], payload[1:]
            if channel not in self._greeted:
                self._greeted.add(channel)
                content = content[2:]
            if channel == ERROR and content:
                self._refused(content[:500].decode(errors="replace").strip())
            elif channel == DATA:
                super().data_received(content)

    def _refused(self, why: str) -> None:
        self._end = None  # it may have closed the connection since
        self.ended(NoAnswer("proxy_error", f"the Kubernetes API server can't forward the port: {why}"))


def _message(opcode: int, payload: bytes) -> bytes:
    return websocket.frame(opcode, payload, os.urandom(4))


def _refusal(status: int, body: bytes) -> str:
    try:
        said = str(json.loads(body)["message"])[:500]
    except (ValueError, LookupError, TypeError, RecursionError):
        said = body[:80].decode("latin-1").strip()
    # Without the second of these rights the API server, from 1.35 on, says no more than "forbidden".
    rights = "; it takes the rights to get and create pods/portforward" if status == 403 else ""
    return f"the Kubernetes API server does not forward the port: {said or 'without a reason'} (HTTP {status}){rights}"
