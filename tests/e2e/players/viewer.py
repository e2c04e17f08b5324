# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One viewer: plays a URL and keeps a record of what was seen. RTMP, HTTP-FLV or HLS, as the URL says."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from ansible_collections.livestream.srs.plugins.module_utils._media import amf, flv, hls, http, mpegts, rtmp
from ansible_collections.livestream.srs.plugins.module_utils._media.packet import Packet

from .hls_rules import FIRST_BYTE, PLAYLIST_SECONDS, SEGMENT_SECONDS, Follower, GaveUp, Segment
from .view import CUT, EMPTY, GAVE_UP, REFUSED, STALLED, WATCHED, View

READ = 65536
HLS_PATIENCE = 40.0
"""HLS comes by the segment, and SRS's default is 10 s long."""
PAGE_AGAIN = 0.5
"""Seconds until somebody loads a page again that shows nothing."""
PORTS = {"rtmp": 1935, "http": 80, "https": 443}
NONSENSE = (amf.NotAmf, flv.NotFlv, hls.NotHls, http.NotHttp, mpegts.NotTs)

ANY_CERTIFICATE = ssl.create_default_context()
"""What is watched here has a certificate that was made a moment ago, for a name that nobody resolves."""
ANY_CERTIFICATE.check_hostname = False
ANY_CERTIFICATE.verify_mode = ssl.CERT_NONE


@dataclass(frozen=True)
class Patience:
    """How long a viewer waits, in seconds."""

    connect: float = 5
    media: float = 10
    """For the first media, and between any two pieces of it."""


class _End(Exception):
    def __init__(self, outcome: str, detail: str, status: int = 0) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
        self.status = status


def request(url: SplitResult) -> bytes:
    return http.request(url.netloc, http.target(url), [("Connection", "close")])


def protocol_of(url: SplitResult) -> str:
    if url.scheme == "rtmp":
        return "rtmp"
    if url.scheme in ("http", "https") and url.path.endswith((".flv", ".m3u8")):
        return "flv" if url.path.endswith(".flv") else "hls"
    raise ValueError(f"{url.geturl()} is none of rtmp://..., http(s)://....flv, http(s)://....m3u8")


class Viewer:
    """`await run()` plays until the time is over, `leave()` is called, or the server ends it."""

    def __init__(
        self, url: str, name: str = "", *, seconds: float | None = None, until_picture: bool = False, patience: Patience | None = None
    ) -> None:
        self.url = urlsplit(url)
        self.view = View(url, protocol_of(self.url), name)
        self.patience = patience or Patience(media=HLS_PATIENCE if self.view.protocol == "hls" else Patience.media)
        self._seconds = seconds
        self._until_picture = until_picture
        self._began = time.monotonic()
        self._task: asyncio.Task[None] | None = None
        self._leaving = False

    def leave(self) -> None:
        """End it as a viewer does who has seen enough."""
        self._leaving = True
        if self._task:
            self._task.cancel()

    async def run(self) -> View:
        self.view.at, self._began = time.time(), time.monotonic()
        if self._leaving:
            self._ended(WATCHED)
            return self.view
        self._task = asyncio.create_task({"rtmp": self._rtmp, "flv": self._flv, "hls": self._hls}[self.view.protocol]())
        try:
            async with asyncio.timeout(self._seconds):
                await self._task
            self._ended(WATCHED)
        except TimeoutError:
            self._ended(WATCHED)
        except asyncio.CancelledError:
            self._ended(WATCHED)
            if not self._leaving:
                self._task.cancel()
                raise
        except _End as end:
            self._ended(end.outcome, end.detail)
        except NONSENSE as error:
            self._ended(CUT, str(error))
        except (OSError, EOFError) as error:
            self._ended(CUT, f"{type(error).__name__}: {error}")
        return self.view

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _ended(self, outcome: str, detail: str = "") -> None:
        self.view.end(self._now(), outcome, detail)

    def _saw(self, packet: Packet) -> bool:
        """Take note of a packet; whether the viewer has seen all that it came for."""
        now = self._now()
        self.view.media(packet, now)
        if not self._until_picture or self.view.first_frame is not None:
            return self._until_picture
        if self.view.first_packet is not None and now - self.view.first_packet > self.patience.media:
            raise _End(EMPTY, f"no picture within {self.patience.media:g} s")
        return False

    @contextlib.asynccontextmanager
    async def _connection(self, url: SplitResult) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        port = url.port or PORTS[url.scheme]
        where = f"{url.hostname}:{port}"
        try:
            async with asyncio.timeout(self.patience.connect):
                reader, writer = await asyncio.open_connection(url.hostname, port, ssl=ANY_CERTIFICATE if url.scheme == "https" else None)
        except TimeoutError:
            raise _End(REFUSED, f"{where} did not answer within {self.patience.connect:g} s") from None
        except OSError as error:
            raise _End(REFUSED, f"{where}: {os.strerror(error.errno) if error.errno else error}") from None
        if self.view.connected is None:
            self.view.connected = self._now()
        try:
            yield reader, writer
        finally:
            # At once, without a wait for unsent data: there is none that matters.
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        """The next bytes, as long as media keeps coming."""
        left = self.view.waits_since() + self.patience.media - self._now()
        try:
            async with asyncio.timeout(max(0.0, left)):
                data = await reader.read(READ)
        except TimeoutError:
            raise _End(STALLED, f"no media for {self.patience.media:g} s") from None
        if not data:
            raise _End(CUT, "the server closed the connection")
        self.view.bytes += len(data)
        return data

    # HTTP-FLV ---

    async def _flv(self) -> None:
        async with self._connection(self.url) as (reader, writer):
            writer.write(request(self.url))
            answer, rest = await self._head(reader)
            if answer.status != 200:
                raise _End(REFUSED, f"HTTP status {answer.status}")
            body, media = http.Body(answer), flv.FlvReader()
            while True:
                for packet in media.feed(body.feed(rest)):
                    if self._saw(packet):
                        return
                if body.ended:
                    raise _End(CUT, "the server ended the stream")
                rest = await self._read(reader)

    async def _head(self, reader: asyncio.StreamReader) -> tuple[http.Head, bytes]:
        raw = b""
        while b"\r\n\r\n" not in raw:
            raw += await self._read(reader)
        raw, _empty_line, rest = raw.partition(b"\r\n\r\n")
        return http.head(raw), rest

    # RTMP ---

    async def _rtmp(self) -> None:
        async with self._connection(self.url) as (reader, writer):
            app, _slash, stream = self.url.path.strip("/").rpartition("/")
            stream += f"?{self.url.query}" if self.url.query else ""
            await self._shake_hands(reader, writer)
            properties = {
                "app": app,
                "tcUrl": f"rtmp://{self.url.netloc}/{app}",
                "flashVer": "LNX 9,0,124,2",
                "fpad": False,
                "audioCodecs": 4071,
                "videoCodecs": 252,
            }
            writer.write(rtmp.command("connect", 1, properties))
            chunks = rtmp.ChunkReader()
            acknowledged, window = 0, 0
            while True:
                for message in chunks.feed(await self._read(reader)):
                    if message.kind == rtmp.WINDOW_SIZE:
                        window = int.from_bytes(message.body[:4])
                    elif message.kind == rtmp.USER_CONTROL and int.from_bytes(message.body[:2]) == rtmp.PING_REQUEST:
                        writer.write(rtmp.pong(message.body))
                    elif message.kind == rtmp.COMMAND:
                        writer.write(self._reply(amf.decode(message.body), stream))
                    elif message.kind in (rtmp.AUDIO, rtmp.VIDEO):
                        packet = flv.tag(message.kind, message.ms, message.body)
                        if packet and self._saw(packet):
                            return
                if window and self.view.bytes - acknowledged > window // 2:
                    acknowledged = self.view.bytes
                    writer.write(rtmp.acknowledgement(acknowledged))

    async def _shake_hands(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x03" + bytes(8) + os.urandom(rtmp.HANDSHAKE - 8))
        try:
            async with asyncio.timeout(self.patience.media):
                answer = await reader.readexactly(1 + 2 * rtmp.HANDSHAKE)
        except TimeoutError:
            raise _End(STALLED, f"no RTMP handshake within {self.patience.media:g} s") from None
        except asyncio.IncompleteReadError:
            raise _End(CUT, "the server closed the connection in the RTMP handshake") from None
        writer.write(answer[1 : 1 + rtmp.HANDSHAKE])

    def _reply(self, command: list[object], stream: str) -> bytes:
        """What to send after a command of the server."""
        name, transaction, _properties, information, *_more = [*command, None, None, None, None]
        if name == "_error" or (name == "onStatus" and isinstance(information, dict) and information.get("level") == "error"):
            raise _End(REFUSED, f"RTMP {name}: {information}")
        if name == "_result" and transaction == 1:
            return rtmp.command("createStream", 2, None)
        if name == "_result" and transaction == 2 and isinstance(information, float):
            number = int(information)
            return rtmp.command("play", 3, None, stream, stream=number) + rtmp.buffer_length(number, 1000)
        return b""

    # HLS ---

    async def _hls(self) -> None:
        """Goes by the rules of hls.js. Until there is a picture, it is like somebody who loads the page again while there is nothing."""
        url, follower, media = self.url, Follower(), mpegts.TsReader()
        while True:
            now, segment = self._now(), follower.next(self._now())
            error: Exception | None = None
            try:
                if segment:
                    clock = self._segment(media, await self._get(urlsplit(segment.address), SEGMENT_SECONDS))
                    if self._until_picture and self.view.first_frame is not None:
                        return
                    follower.loaded(segment, clock)
                elif now >= follower.playlist_at:
                    text = (await self._get(url, PLAYLIST_SECONDS)).decode(errors="replace")
                    playlist = hls.parse(text, url.geturl())
                    if playlist.variant:
                        url = urlsplit(playlist.variant)
                        continue
                    follower.playlist(text, playlist, now)
                else:
                    await asyncio.sleep(max(0.05, min(follower.playlist_at, max(now, follower.segment_at) + 1) - now))
            except (_End, *NONSENSE, OSError, EOFError) as failed:
                error = failed
                self.view.errors += 1
                if self.view.first_frame is None:
                    url, follower = self.url, Follower()
                    await asyncio.sleep(PAGE_AGAIN)
                else:
                    self._failed(follower, segment, failed)
            except GaveUp as end:
                raise _End(GAVE_UP, str(end)) from end
            self._may_go_on(error)

    def _failed(self, follower: Follower, segment: Segment | None, error: Exception) -> None:
        """What hls.js makes of a request that failed."""
        timeout, status = isinstance(error, TimeoutError), error.status if isinstance(error, _End) else 0
        why = str(error) or type(error).__name__
        try:
            if segment:
                follower.failed(segment, why, self._now(), status=status, timeout=timeout)
            elif isinstance(error, hls.NotHls):
                raise GaveUp(f"it asks no more after {why}")
            else:
                follower.playlist_failed(why, self._now(), timeout=timeout)
        except GaveUp as end:
            raise _End(GAVE_UP, str(end)) from error

    def _segment(self, media: mpegts.TsReader, data: bytes) -> float | None:
        """Take note of a segment; what the stream's clock shows where it begins, in seconds."""
        self.view.segments += 1
        packets = list(media.feed(data))
        for packet in packets:
            self._saw(packet)
        return min((packet.ms / 1000 for packet in packets if not packet.header), default=None)

    def _may_go_on(self, error: Exception | None) -> None:
        if self._now() - self.view.waits_since() <= self.patience.media:
            return
        if error and self.view.first_packet is None:
            raise _End(error.outcome if isinstance(error, _End) else EMPTY, str(error)) from error
        raise _End(STALLED, f"no new segment for {self.patience.media:g} s" + (f": {error}" if error else ""))

    async def _get(self, url: SplitResult, seconds: float) -> bytes:
        async with asyncio.timeout(seconds), contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(min(seconds, FIRST_BYTE)):
                reader, writer = await stack.enter_async_context(self._connection(url))
                writer.write(request(url))
                raw = await reader.readuntil(b"\r\n\r\n")
            answer = http.head(raw[:-4])
            body = http.Body(answer)
            data = bytearray()
            while not body.ended and (more := await reader.read(READ)):
                self.view.bytes += len(more)
                data += body.feed(more)
        if answer.status != 200:
            raise _End(REFUSED, f"HTTP status {answer.status} of {url.geturl()}", answer.status)
        return bytes(data)
