# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to a server, plain or TLS, through an HTTP proxy if there is one, within bounds of what a server may send.

Nothing here has a time limit of its own: whoever uses a connection sets one for all that it does (``asyncio.timeout_at``).
"""

from __future__ import annotations

import asyncio
import ssl
from typing import cast

from ansible_collections.livestream.srs.plugins.module_utils._media import http
from ansible_collections.livestream.srs.plugins.module_utils._network.address import Address, Proxy
from ansible_collections.livestream.srs.plugins.module_utils._network.at_once import Progress
from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer, from_os_error
from ansible_collections.livestream.srs.plugins.module_utils._network.resolver import Resolver

MAX_HEAD = 64 * 1024
# 100,000 clients, or a minute of video.
MAX_BODY = 64 * 1024 * 1024
# What a byte takes in memory when it has been read: JSON of SRS between three and four, media a little less.
WEIGHT = 4
# A server is not read from while so many bytes of it wait to be taken.
MAX_WAITING = 256 * 1024
# asyncio would give up a TLS handshake after 60 s.
NO_LIMIT = 1e6


class Connection(asyncio.Protocol):
    """One connection, with what it has received. Raises ``NoAnswer``."""

    def __init__(self, address: Address, resolver: Resolver, progress: Progress) -> None:
        self.address = address
        self.resolver = resolver
        self.progress = progress
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._end: NoAnswer | None = None
        self._news = asyncio.Event()
        self._writable = asyncio.Event()

    @property
    def is_open(self) -> bool:
        return self._transport is not None and self._end is None

    @property
    def is_idle(self) -> bool:
        """Whether it can be asked something: it is open, and nothing has come that nobody asked for."""
        return self.is_open and not self._received

    async def open(self) -> None:
        proxy = self.address.proxy
        try:
            await (self._connect(proxy.host, proxy.port) if proxy else self._connect(self.address.host, self.address.port))
            if proxy:
                await self._ask_proxy(proxy)
            if self.address.tls:
                await self._start_tls(self.address.tls)
        except BaseException:
            self.close()
            raise

    async def _connect(self, host: str, port: int) -> None:
        self.progress.now(f"looking up {host}")
        failure = NoAnswer("dns_error", f"{host} can't be resolved")
        for ip in await self.resolver.ips(host):
            self.progress.now(f"connecting to {self.address}")
            try:
                await asyncio.get_running_loop().create_connection(lambda: self, ip, port)
                return
            except OSError as error:
                failure = from_os_error(error, str(self.address))
        raise failure

    async def _ask_proxy(self, proxy: Proxy) -> None:
        await self.send(http.request(str(self.address), str(self.address), proxy.headers, "CONNECT"))
        answer = await self.read_head()
        if answer.status // 100 != 2:
            raise NoAnswer("proxy_error", f"the proxy refused to connect to {self.address} (HTTP {answer.status})")

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        self.progress.now(f"the TLS handshake with {self.address}")
        if self._received:  # it would be taken for what came by TLS
            raise NoAnswer("tls_error", f"no TLS connection to {self.address}: it sent something before the handshake")
        if self._transport is None or self._end:
            raise self._end or NoAnswer("connection_closed", "the connection is closed")
        name = self.address.server_name or self.address.host
        try:
            self._transport = await asyncio.get_running_loop().start_tls(
                self._transport, self, context, server_hostname=name, ssl_handshake_timeout=NO_LIMIT
            )
        except OSError as error:
            raise from_os_error(error, str(self.address)) from None

    async def send(self, data: bytes) -> None:
        """Send, unless the connection has ended: why, is told to who reads from it next."""
        self.progress.now("sending")
        if self._transport and self._end is None:
            self._transport.write(data)
            await self._writable.wait()

    async def receive(self) -> bytes:
        """The next bytes; b"" when the server has closed the connection."""
        self.progress.doing = "waiting for the response"
        while not self._received:
            if self._end and self._end.kind == "connection_closed":
                return b""
            await self._more()
        return self._take(len(self._received))

    async def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes."""
        self.progress.doing = "waiting for the response"
        while len(self._received) < size:
            await self._more()
        return self._take(size)

    async def read_head(self) -> http.Head:
        """The head of the final HTTP response. What may come before it (100 Continue) must fit into the same 64 KiB."""
        self.progress.doing = "waiting for the response"
        left = MAX_HEAD
        while True:
            while (end := self._received.find(b"\r\n\r\n")) < 0 and len(self._received) <= left:
                await self._more()
            left -= end + 4
            if end < 0 or left < 0:
                raise NoAnswer("invalid_response", "the head of the response has no end: this is not HTTP")
            try:
                answer = http.head(self._take(end + 4))
            except http.NotHttp as error:
                raise NoAnswer("invalid_response", str(error)) from None
            if answer.status >= 200 or answer.status == 101:
                return answer

    async def read_body(self, answer: http.Head, method: str = "GET", most: int = MAX_BODY) -> bytes:
        """The whole body of an HTTP response, of up to ``most`` bytes. While it comes it is held in the name of this work (``Memory``)."""
        data = bytearray()
        held = 0
        try:
            body = http.Body(answer, method)
            while not body.ended:
                more = await self.receive()
                if not more and body.until_close:
                    break
                if not more:
                    raise NoAnswer("connection_closed", f"the connection closed before the response was complete, after {len(data)} bytes")
                data += body.feed(more)
                if len(data) > most:
                    raise NoAnswer("invalid_response", f"the response is longer than {most / (1 << 20):g} MiB")
                held, before = WEIGHT * len(data), held
                self.progress.hold(held - before)
        except http.NotHttp as error:
            raise NoAnswer("invalid_response", str(error)) from None
        finally:
            self.progress.hold(-held)
        return bytes(data)

    async def _more(self) -> None:
        if self._end and self._end.kind == "connection_closed":
            before = "the response was complete" if self._received else "it answered"
            raise NoAnswer("connection_closed", f"the server closed the connection before {before}")
        if self._end:
            raise self._end
        self._news.clear()
        await self._news.wait()

    def _take(self, size: int) -> bytes:
        data = bytes(self._received[:size])
        del self._received[:size]
        if self.is_open and self._transport and not self._transport.is_reading():
            self._transport.resume_reading()
        return data

    def close(self) -> None:
        """At once, whatever is still to be sent."""
        self.ended(NoAnswer("connection_closed", "the connection is closed"))
        if self._transport is not None:
            self._transport.abort()

    def ended(self, why: NoAnswer) -> None:
        """Nothing more comes, and why; what has come can still be read."""
        self._end = self._end or why
        self._news.set()
        self._writable.set()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self.progress.heard()
        self._received += data
        if len(self._received) > MAX_WAITING and self._transport:
            self._transport.pause_reading()
        self._news.set()

    def eof_received(self) -> None:
        self.ended(NoAnswer("connection_closed", "the server closed the connection"))

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError):
            self.ended(from_os_error(exc, str(self.address)))
        else:
            self.eof_received()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()
