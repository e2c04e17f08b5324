# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers on loopback that speak the HTTP API of SRS from given replies: as the real one, too slowly, or wrongly.

Any number of them runs in one thread. Used by the unit tests and the benchmark.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import socket
import ssl
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

FIXTURES = Path(__file__).parents[1] / "unit" / "fixtures" / "srs-api"
FORWARD = re.compile(r"/api/v1/namespaces/[^/]+/pods/([^/]+)/portforward\?ports=(\d+)")
PROXY = re.compile(r"/api/v1/namespaces/[^/]+/pods/(?:https:)?([^/:]+):\d+/proxy(/.*)")
WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LISTS = {"streams": 10, "clients": 10}  # rows of a page unless asked for more; fewer can't be had


@dataclass
class Srs:
    """One server: its replies, and what is wrong with it. ``fault_at`` limits the fault to one endpoint."""

    replies: dict[str, Any] = field(default_factory=dict)
    delay: float = 0.0
    # hang, reset, close, half, html, nested, rows, empty, garbage, code, chunked, drip, head, endless, 100, 100s, raw, or an HTTP status
    fault: str = ""
    fault_at: str = ""
    auth: str = ""
    keep_alive: bool = True
    sticky: bool = False  # clients stay in the list for a while after they were kicked
    reload: dict[str, Any] = field(default_factory=dict)
    pods: dict[str, Srs] = field(default_factory=dict)  # this is the API server then, and these are behind its pod proxy
    port: int = 0
    seen: list[str] = field(default_factory=list)
    connections: int = 0

    @classmethod
    def recorded(cls, name: str, **more: Any) -> Srs:
        """A server that answers what was recorded of a real one (6.0.157)."""
        return cls({path.stem: json.loads(path.read_text()) for path in sorted((FIXTURES / name).glob("*.json"))}, **more)

    def answer(self, method: str, target: str, headers: dict[str, str]) -> tuple[int, bytes]:
        url = urlsplit(target)
        if self.auth and headers.get("authorization") != "Basic " + base64.b64encode(self.auth.encode()).decode():
            return 401, b""
        endpoint, _slash, key = url.path.removeprefix("/api/v1/").partition("/")
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        if endpoint == "raw":
            return 200, json.dumps(self._raw(query.get("rpc", ""))).encode()
        if endpoint == "clients" and key:
            known = self._kick(key) if method == "DELETE" else any(c["id"] == key for c in self.replies["clients"]["clients"])
            return 200, json.dumps({"code": 0 if known else 2049}).encode()
        reply = self.replies.get(endpoint)
        if reply is None:
            return 200, json.dumps({"code": 0, "urls": {"summaries": "..."}}).encode()  # so does the real one
        if endpoint in LISTS:
            start, number = int(query.get("start", 0)), max(LISTS[endpoint], int(query.get("count", 0)))
            reply = {**reply, endpoint: reply[endpoint][start : start + number]}
        return 200, json.dumps(reply).encode()

    def raw(self) -> bytes:
        """The bytes of an answer that is none."""
        return b""

    def _kick(self, key: str) -> bool:
        clients = self.replies["clients"]["clients"]
        kept = [client for client in clients if client["id"] != key]
        if not self.sticky:
            self.replies["clients"]["clients"] = kept
        return len(kept) < len(clients)

    def _raw(self, rpc: str) -> dict[str, Any]:
        if not self.reload:
            return {"code": 1061}
        if rpc == "reload" and self.reload.get("allowed") is False:
            return {"code": 1061}
        if rpc == "reload":
            self.reload["data"] = self.reload.get("next")
            return {"code": 0}
        if rpc == "reload-fetch" and "old" not in self.reload:
            return {"code": 0, "data": self.reload["data"]}
        return {"code": 1060}


class Running:
    """Servers that run until the end of the ``with`` block; their ports are then known."""

    def __init__(self, servers: Iterable[Srs], tls: ssl.SSLContext | None = None) -> None:
        self.servers = list(servers)
        self.tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> Running:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.close()

    async def _listen(self) -> None:
        for srs in self.servers:
            server = await self._loop.create_server(lambda srs=srs: SrsConnection(srs), "127.0.0.1", 0, ssl=self.tls)
            srs.port = server.sockets[0].getsockname()[1]


class SrsConnection(asyncio.Protocol):
    def __init__(self, srs: Srs) -> None:
        self.srs = srs
        self.received = b""
        self.transport: Any = None
        self.tunnel: _Tunnel | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.srs.connections += 1

    def data_received(self, data: bytes) -> None:
        self.received += data if self.tunnel is None else self.tunnel.unpack(data)
        while b"\r\n\r\n" in self.received:
            head, _empty, self.received = self.received.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            method, target, _version = first.split(" ")
            headers = {name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
            srs = self.srs
            if forward := srs.pods and FORWARD.match(target):
                self._forward(forward[1], int(forward[2]), headers)
                continue
            if srs.pods:
                match = PROXY.match(target)
                if match is None or match[1] not in srs.pods:
                    self._send(404, json.dumps({"kind": "Status", "message": f"pods {match and match[1]!r} not found"}).encode())
                    continue
                srs, target = srs.pods[match[1]], match[2]
            srs.seen.append(f"{method} {target}")
            if srs.delay:
                asyncio.get_running_loop().call_later(srs.delay, self._reply, srs, method, target, headers)
            else:
                self._reply(srs, method, target, headers)

    def _forward(self, pod: str, port: int, headers: dict[str, str]) -> None:
        if pod not in self.srs.pods or headers.get("sec-websocket-protocol") != "v4.channel.k8s.io":
            self._send(404, json.dumps({"kind": "Status", "message": f"pods {pod!r} not found"}).encode())
            return
        accept = base64.b64encode(hashlib.sha1(headers["sec-websocket-key"].encode() + WEBSOCKET_GUID).digest()).decode()
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}", "", ""]
        self.transport.write("\r\n".join(lines).encode())
        self.srs = self.srs.pods[pod]
        self.tunnel = self.transport = _Tunnel(self.transport, port, self.srs.fault == "unavailable")

    def _reply(self, srs: Srs, method: str, target: str, headers: dict[str, str]) -> None:
        fault = srs.fault if not srs.fault_at or f"/{srs.fault_at}" in target else ""
        if fault == "hang":
            return
        if fault == "reset":
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        elif fault == "close":
            self.transport.close()
        elif fault == "garbage":
            self.transport.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        elif fault in ("raw", "raw and on"):
            self.transport.write(srs.raw())
            if fault == "raw":
                self.transport.close()
        elif fault == "html":
            self._send(200, b"<html><body>It works</body></html>")
        elif fault == "nested":
            self._send(200, b'{"a":' * 100_000)
        elif fault == "rows":
            self._send(200, b'{"code":0,"clients":[17]}')
        elif fault == "100":  # and nothing else
            self._repeat(b"HTTP/1.1 100 Continue\r\n\r\n", 0.05)
        elif fault == "100s":
            self._repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 400, 0.001)
        elif fault == "head":
            self._repeat(b"X: " + b"x" * 4096, 0.001)
        elif fault == "endless":
            self.transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
            self._repeat(bytes(1 << 20), 0.001)
        elif fault == "empty":
            self._send(200, b"")
        elif fault == "code":
            self._send(200, b'{"code":1061}')
        elif fault == "gone":
            self._send(200, b'{"code":2049}')
        elif fault == "unavailable":
            self._send(
                503, b'{"kind":"Status","message":"error trying to reach service: dial tcp 10.1.0.1:1985: connect: connection refused"}'
            )
        elif fault.isdigit():
            self._send(int(fault), b"")
        else:
            status, body = srs.answer(method, target, headers)
            if fault == "half":
                self.transport.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[: len(body) // 2])
                self.transport.close()
            elif fault == "half_json":
                self._send(200, body[: len(body) // 2])
            elif fault == "chunked":
                parts = [body[at : at + 100] for at in range(0, len(body), 100)]
                chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
                self.transport.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
            elif fault == "drip":  # always a byte, never the end
                self.transport.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode())
                self._repeat(b" ", 0.05)
            else:
                self._send(status, body, srs.keep_alive)

    def _repeat(self, data: bytes, pause: float) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)
            asyncio.get_running_loop().call_later(pause, self._repeat, data, pause)

    def _send(self, status: int, body: bytes, keep_alive: bool = True) -> None:
        ending = "Keep-Alive" if keep_alive else "close"
        self.transport.write(f"HTTP/1.1 {status} Status\r\nContent-Length: {len(body)}\r\nConnection: {ending}\r\n\r\n".encode() + body)
        if not keep_alive:
            self.transport.close()


class _Tunnel:
    """The API server's side of a forwarded port, in the place of the transport that it goes through."""

    def __init__(self, transport: Any, port: int, broken: bool) -> None:
        self.transport = transport
        self.data = bytearray()
        for channel in (0, 1):
            self._frame(bytes([channel]) + port.to_bytes(2, "little"))
        self._frame(b"", opcode=9)
        if broken:
            self._frame(b"\x01dial tcp4 127.0.0.1:1985: connect: connection refused")
            self.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)

    def write(self, data: bytes) -> None:
        # In pieces, as a real one may.
        for at in range(0, len(data), 1000):
            self._frame(b"\0" + data[at : at + 1000])

    def close(self) -> None:
        self._frame(b"", opcode=8)
        self.transport.close()

    def _frame(self, payload: bytes, opcode: int = 2) -> None:
        size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + len(payload).to_bytes(2)
        self.transport.write(bytes([0x80 | opcode]) + size + payload)

    def unpack(self, data: bytes) -> bytes:
        """What a client sent, which must be masked."""
        self.data += data
        found = b""
        while len(self.data) >= 6:
            assert self.data[1] & 0x80
            size, at = self.data[1] & 0x7F, 2
            if size == 126:
                size, at = int.from_bytes(self.data[2:4]), 4
            if len(self.data) < at + 4 + size:
                break
            mask, masked = self.data[at : at + 4], self.data[at + 4 : at + 4 + size]
            payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked))
            if self.data[0] & 0xF == 2:
                assert payload[0] == 0
                found += payload[1:]
            del self.data[: at + 4 + size]
        return found
