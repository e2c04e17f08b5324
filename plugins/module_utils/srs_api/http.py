# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 over the wires of ``loop``: as much as SRS, nginx and the API server's pod proxy speak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils.srs_api.loop import Address, NoAnswer, Task, Wire

# A reply beyond this is not a list of streams or clients, however many there are.
MAX_BODY = 256 * 1024 * 1024

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Session:
    """One connection at a time to one address, kept open from request to request.

    Sessions that share ``idle`` hand their connections on: all pods are reached through one API server, and
    a TLS handshake for each of them would be dear.
    """

    address: Address
    ips: list[str]
    deadline: float
    headers: Headers = ()
    idle: list[Wire] | None = None
    wire: Wire | None = None

    def request(self, method: str, path: str) -> Task:
        """Ask and read the whole reply. A kept connection that the server has closed meanwhile is replaced once."""
        if self.wire is None and self.idle:
            self.wire = self.idle.pop()
            self.wire.deadline = self.deadline
        if self.wire is not None:
            try:
                return (yield from self._exchange(self.wire, method, path))
            except NoAnswer as error:
                if error.kind not in ("closed", "reset"):
                    raise
        self.wire = Wire(self.deadline)
        return (yield from self._exchange(self.wire, method, path))

    def _exchange(self, wire: Wire, method: str, path: str) -> Task:
        whole = False
        try:
            if wire.sock is None:
                yield from wire.open(self.address, self.ips)
            yield from wire.send(request_head(method, path, self.address, self.headers))
            status, headers = yield from read_head(wire)
            body = yield from read_body(wire, method, status, headers)
            whole = wire.sock is not None and headers.get("connection", "").lower() != "close"
            return Reply(status, headers, body)
        finally:
            if not whole:
                self._close()

    def release(self) -> None:
        """Done: leave the connection to the next session, if there can be one."""
        if self.wire is not None and self.idle is not None:
            self.idle.append(self.wire)
            self.wire = None
        self._close()

    def _close(self) -> None:
        if self.wire is not None:
            self.wire.close()
            self.wire = None


def request_head(method: str, path: str, address: Address, headers: Headers) -> bytes:
    own = (("Host", str(address)), ("Accept", "*/*"), ("User-Agent", "livestream.srs"))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in (*own, *headers)), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def read_head(wire: Wire) -> Task:
    """(status, headers with names in lower case)."""
    while True:
        head = yield from wire.read_until(b"\r\n\r\n", 65536)
        first, *lines = head.decode("latin-1").split("\r\n")
        parts = first.split(" ", 2)
        if not parts[0].startswith("HTTP/") or len(parts) < 2 or not parts[1].isdigit():
            raise NoAnswer("nonsense", f"the answer is not HTTP: {first[:60]!r}")
        status = int(parts[1])
        if status >= 200 or status == 101:
            break
    headers: dict[str, str] = {}
    for line in lines:
        name, found, value = line.partition(":")
        if found:
            headers[name.strip().lower()] = value.strip()
    return status, headers


def read_body(wire: Wire, method: str, status: int, headers: Mapping[str, str]) -> Task:
    if method == "HEAD" or status in (204, 304):
        return b""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return (yield from _read_chunks(wire))
    if "content-length" in headers:
        size = headers["content-length"]
        if not size.isdigit() or int(size) > MAX_BODY:
            raise NoAnswer("nonsense", f"the answer's length is {size[:30]!r}")
        return (yield from wire.read(int(size)))
    return (yield from _read_to_end(wire))


def _read_chunks(wire: Wire) -> Task:
    body = bytearray()
    while True:
        size = yield from read_chunk_size(wire)
        body += yield from wire.read(size)
        if len(body) > MAX_BODY:
            raise NoAnswer("nonsense", "the answer has no end")
        yield from wire.read_until(b"\r\n", 1024)
        if not size:
            return bytes(body)


def read_chunk_size(wire: Wire) -> Task:
    line = yield from wire.read_until(b"\r\n", 1024)
    try:
        return int(line.split(b";", 1)[0], 16)
    except ValueError:
        raise NoAnswer("nonsense", f"the answer has a broken chunk: {line[:20]!r}") from None


def _read_to_end(wire: Wire) -> Task:
    body = bytearray()
    while len(body) <= MAX_BODY:
        more: Any = yield from wire.receive()
        if not more:
            wire.close()
            return bytes(body)
        body += more
    raise NoAnswer("nonsense", "the answer has no end")
