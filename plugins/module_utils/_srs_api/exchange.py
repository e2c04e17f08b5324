# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 over the wires of ``loop``: as much as SRS, nginx and the API server's pod proxy speak."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ansible_collections.livestream.srs.plugins.module_utils._media import http
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.loop import Address, NoAnswer, Task, Wire

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
    connect: Callable[[float], Wire] = Wire
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
        self.wire = self.connect(self.deadline)
        return (yield from self._exchange(self.wire, method, path))

    def _exchange(self, wire: Wire, method: str, path: str) -> Task:
        whole = False
        try:
            if wire.sock is None:
                yield from wire.open(self.address, self.ips)
            yield from wire.send(http.request(str(self.address), path, self.headers, method))
            answer = yield from read_head(wire)
            body = yield from read_body(wire, answer, method)
            whole = wire.sock is not None and answer.headers.get("connection", "").lower() != "close"
            return Reply(answer.status, answer.headers, body)
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


def read_head(wire: Wire) -> Task:
    """The answer's ``Head``, past what a server may say in between (100 Continue)."""
    while True:
        try:
            answer = http.head((yield from wire.read_until(b"\r\n\r\n", 65536)))
        except http.NotHttp as error:
            raise NoAnswer("nonsense", str(error)) from None
        if answer.status >= 200 or answer.status == 101:
            return answer


def read_body(wire: Wire, answer: http.Head, method: str = "GET") -> Task:
    """The whole body."""
    data = bytearray()
    try:
        body = http.Body(answer, method)
        while not body.ended:
            more = yield from wire.receive()
            if more:
                data += body.feed(more)
            elif body.until_close:
                wire.close()
                break
            else:
                raise NoAnswer("closed", f"the reply ended half-way, after {len(data)} bytes")
            if len(data) > MAX_BODY:
                raise NoAnswer("nonsense", "the reply has no end")
    except http.NotHttp as error:
        raise NoAnswer("nonsense", str(error)) from None
    return bytes(data)
