# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What viewers have in common whatever the protocol: their patience, their connections, and what they say in the end."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ansible_collections.livestream.srs.plugins.module_utils._media.packet import Packet
from ansible_collections.livestream.srs.plugins.module_utils._media.record import Record
from ansible_collections.livestream.srs.plugins.module_utils._network.address import Address, Headers
from ansible_collections.livestream.srs.plugins.module_utils._network.at_once import Progress
from ansible_collections.livestream.srs.plugins.module_utils._network.connection import Connection
from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import Kind, NoAnswer
from ansible_collections.livestream.srs.plugins.module_utils._network.resolver import Resolver
from ansible_collections.livestream.srs.plugins.module_utils._text import printable

OK, REFUSED, NOT_FOUND, EMPTY, STALLED = "ok", "refused", "not_found", "empty", "stalled"
UNDECODABLE, WRONG = "undecodable", "wrong_content"

DEFAULT_PORTS = {"rtmp": 1935, "rtmps": 443, "http": 80, "https": 443}
SECURE = ("rtmps", "https")


class End(Exception):
    """The view is over, with a verdict other than that all is well."""

    def __init__(self, verdict: str, message: str) -> None:
        self.verdict = verdict
        self.message = printable(message)
        super().__init__(self.message)


class Enough(Exception):
    """All was seen that the viewer came for."""


@dataclass(frozen=True)
class Patience:
    """In seconds: how long to watch, to wait for the first media and for a keyframe, and to wait without any more media."""

    watch: float = 3.0
    first: float = 10.0
    stall: float = 5.0

    @property
    def limit(self) -> float:
        return self.watch + self.first + self.stall


@dataclass(frozen=True)
class Way:
    """How a server is reached, where that isn't by the host and port of the URL."""

    connection: Callable[[Resolver, Progress], Connection]
    prefix: str = ""
    """The path below which an HTTP server is found there."""
    headers: Headers = ()
    refusal: Callable[[int, bytes], NoAnswer | None] = lambda _status, _body: None
    """What an HTTP answer means that is of something on the way; None if it is the server's."""


@dataclass
class View:
    url: str
    protocol: str
    way: Way | None = None
    patience: Patience = Patience()
    after: float = 0.0
    """When it begins, in seconds."""
    limit: float | None = None
    """When it ends at the latest, in seconds from its beginning, whatever a playlist promises."""
    verdict: str = ""
    message: str = ""
    error: Kind | None = None
    """Why there was no answer, where that was the end."""
    record: Record = field(default_factory=Record)
    playlist: dict[str, Any] | None = None

    def result(self) -> dict[str, Any]:
        return {
            "url": self.url,
            "protocol": self.protocol,
            "verdict": self.verdict,
            "message": self.message,
            **self.record.result(),
            "hls": self.playlist,
        }


class Viewer:
    """One viewer, who has one connection at a time."""

    def __init__(self, view: View, tls: Callable[[], ssl.SSLContext], resolver: Resolver, progress: Progress) -> None:
        self.view = view
        self.url = urlsplit(view.url)
        self.record = view.record
        self.patience = view.patience
        self.tls = tls
        self.resolver = resolver
        self.progress = progress
        self.began = asyncio.get_running_loop().time()
        self.limit = asyncio.timeout_at(self.began + view.patience.limit)
        self.connection: Connection | None = None
        self._held = 0

    def hold(self, waiting: int) -> None:
        """So many bytes wait to be whole; raises NoAnswer for too many (``at_once.Memory``)."""
        held, self._held = self._held, waiting
        self.progress.hold(waiting - held)

    def now(self) -> float:
        """Seconds since the beginning."""
        return asyncio.get_running_loop().time() - self.began

    def saw(self, packet: Packet) -> None:
        self.record.packet(packet, self.now())
        # Both clocks: what a server kept for newcomers comes at once, and would hide that nothing follows.
        if self.record.media_seconds > 0:
            self.settle()

    def settle(self, *, over: bool = False) -> None:
        """End the view if enough was seen, or if nothing else will come: raises Enough, or End for what can't be decoded."""
        first, lacks = self.record.first_packet, self.record.lacks
        if first is None or (self.now() - first < self.patience.watch and not over):
            return
        if not lacks:
            raise Enough
        # A keyframe may be long in coming; one that came and can't be decoded has decided it.
        if over or self.record.decoder.fault or self.now() >= self.patience.first:
            raise End(UNDECODABLE, lacks)

    async def connect(self, url: SplitResult) -> Connection:
        self.close()
        if self.view.way:
            self.connection = self.view.way.connection(self.resolver, self.progress)
        else:
            address = Address(url.hostname or "", url.port or DEFAULT_PORTS[url.scheme], self.tls() if url.scheme in SECURE else None)
            self.connection = Connection(address, self.resolver, self.progress)
        await self.connection.open()
        if self.record.connected is None:
            self.record.connected = self.now()
        return self.connection

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()

    async def next(self, connection: Connection) -> bytes:
        """The next bytes, as long as media keeps coming."""
        record, patience = self.record, self.patience
        waiting = record.first_packet is None
        until = patience.first if waiting else record.waits_since() + patience.stall
        try:
            async with asyncio.timeout_at(self.began + until):
                data = await connection.receive()
        except TimeoutError:
            if waiting:
                raise End(EMPTY, f"connected, but no media within {patience.first:g} s") from None
            raise End(STALLED, f"no more media for {patience.stall:g} s") from None
        if not data:
            raise End(STALLED, "the server closed the connection")
        return data

    def end(self, verdict: str, message: str) -> None:
        """Whoever ended it, and however: without any media it was empty."""
        if verdict == STALLED and self.record.first_packet is None:
            verdict = EMPTY
        self.view.verdict, self.view.message = verdict, printable(message)

    def end_without_answer(self, error: NoAnswer) -> None:
        self.view.error = error.kind
        if self.record.connected is None or error.kind == "proxy_error":
            self.end(REFUSED, error.message)
        elif error.kind == "invalid_response":
            self.end(WRONG, error.message)
        elif self.record.first_packet is not None:
            self.end(STALLED, error.message)
        elif error.kind == "timeout":
            self.end(EMPTY, f"connected, but no answer within {self.patience.first:g} s")
        else:
            # A server that is full closes new connections without a word.
            why = "it may be full (max_connections), or speak another protocol"
            self.end(REFUSED, f"the server closed the connection without an answer: {why}")
