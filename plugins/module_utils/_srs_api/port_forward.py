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
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.exchange import Headers, read_body, read_head
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.loop import Address, NoAnswer, Task, Wire

PROTOCOL = "v4.channel.k8s.io"
DATA, ERROR = 0, 1


class ForwardedWire(Wire):
    def __init__(self, deadline: float, path: str, headers: Headers) -> None:
        super().__init__(deadline)
        self.path = path
        self.headers = headers
        self.reader: websocket.FrameReader | None = None
        self.greeted: set[int] = set()

    def open(self, address: Address, ips: list[str]) -> Task:
        yield from super().open(address, ips)
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = (
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", key),
            ("Sec-WebSocket-Protocol", PROTOCOL),
        )
        yield from self.send(http.request(str(address), self.path, (*self.headers, *upgrade)))
        answer = yield from read_head(self)
        if answer.status != 101:
            raise NoAnswer("proxy", _refusal(answer.status, (yield from read_body(self, answer))))
        ahead = bytes(self.ahead)
        self.ahead.clear()
        self.reader = websocket.FrameReader()
        yield from self._unpack(ahead)

    def _write(self, data: bytes) -> Task:
        if self.reader is not None:
            data = websocket.frame(websocket.BINARY, bytes([DATA]) + data, os.urandom(4))
        yield from super()._write(data)

    def _incoming(self, until: float | None) -> Task:
        while True:
            data = yield from super()._incoming(until)
            if self.reader is None or not data:
                return data
            ended = yield from self._unpack(data)
            if self.ahead or ended:
                data = bytes(self.ahead)
                self.ahead.clear()
                return data

    def _unpack(self, data: bytes) -> Task:
        """Put what the port sent to what was read ahead; whether that was the end."""
        if self.reader is None:
            return False
        for opcode, payload in self.reader.feed(data):
            if opcode == websocket.CLOSE:
                return True
            if opcode == websocket.PING:
                yield from super()._write(websocket.frame(websocket.PONG, payload, os.urandom(4)))
            elif opcode == websocket.BINARY and payload:
                channel, content = payload[0], payload[1:]
                if channel not in self.greeted:
                    self.greeted.add(channel)
                    content = content[2:]
                if channel == ERROR and content:
                    raise NoAnswer("proxy", f"the Kubernetes API server can't forward the port: {content.decode(errors='replace').strip()}")
                if channel == DATA:
                    self.ahead += content
        return False


def _refusal(status: int, body: bytes) -> str:
    try:
        said = json.loads(body).get("message")
    except (ValueError, AttributeError):
        said = body[:80].decode("latin-1").strip()
    # Without the second of these rights the API server, from 1.35 on, says no more than "forbidden".
    rights = "; it takes the rights to get and create pods/portforward" if status == 403 else ""
    return f"the Kubernetes API server does not forward the port: {said or 'without a reason'} (HTTP {status}){rights}"
