# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays URLs as viewers do - RTMP, HTTP-FLV and HLS, many at once - and says what was seen."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from ansible_collections.livestream.srs.plugins.module_utils._media import amf, flv, hls, http, mpegts, rtmp
from ansible_collections.livestream.srs.plugins.module_utils._media.record import Record
from ansible_collections.livestream.srs.plugins.module_utils._srs_api import loop
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.exchange import read_body, read_head
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.loop import Address, NoAnswer, Task, Wait, Wire

OK, REFUSED, NOT_FOUND, EMPTY, STALLED, WRONG = "ok", "refused", "not_found", "empty", "stalled", "wrong_content"

DEFAULT_PORTS = {"rtmp": 1935, "rtmps": 443, "http": 80, "https": 443}
NONSENSE = (amf.NotAmf, flv.NotFlv, hls.NotHls, http.NotHttp, mpegts.NotTs)
# What SRS and others call a stream that they don't have.
RTMP_NOT_FOUND = ("NetStream.Play.StreamNotFound", "NetStream.Play.NotFound")
REDIRECTS = 5


class _End(Exception):
    def __init__(self, verdict: str, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.message = message


class _Enough(Exception):
    """All was seen that the viewer came for."""


@dataclass(frozen=True)
class Patience:
    """In seconds: how long to watch, to wait for the first media, and to wait without any more of it."""

    watch: float = 3.0
    first: float = 10.0
    stall: float = 5.0

    @property
    def limit(self) -> float:
        return self.watch + self.first + self.stall


@dataclass
class View:
    url: str
    protocol: str
    verdict: str = ""
    message: str = ""
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


def protocol_of(url: str) -> str:
    """``rtmp``, ``flv`` or ``hls``; raises ValueError for what is none of them."""
    parts = urlsplit(url)
    if parts.hostname:
        if parts.scheme in ("rtmp", "rtmps"):
            return "rtmp"
        if parts.scheme in ("http", "https"):
            if parts.path.endswith(".flv"):
                return "flv"
            if parts.path.endswith(".m3u8"):
                return "hls"
    raise ValueError(f"{url} is none of rtmp://..., http(s)://....flv, http(s)://....m3u8")


def play(urls: Sequence[str], patience: Patience, tls: Callable[[], ssl.SSLContext]) -> list[View]:
    """Play all URLs at once, and tell of each what was seen."""
    found = loop.resolve({urlsplit(url).hostname or "" for url in urls}, patience.first)

    def start(url: str) -> Callable[[], Task]:
        return lambda: _Player(url, patience, tls, found).play()

    return loop.run([start(url) for url in urls])


class _Player:
    def __init__(self, url: str, patience: Patience, tls: Callable[[], ssl.SSLContext], ips: dict[str, list[str]]) -> None:
        self.url = urlsplit(url)
        self.patience = patience
        self.tls = tls
        self.ips = ips
        self.view = View(url, protocol_of(url))
        self.record = self.view.record
        self.began = time.monotonic()
        self.deadline = self.began + patience.first

    def play(self) -> Task:
        try:
            yield from {"rtmp": self._rtmp, "flv": self._flv, "hls": self._hls}[self.view.protocol]()
            self._end(STALLED, "the server ended the stream")
        except _Enough:
            self._end(OK, "")
        except _End as end:
            self._end(end.verdict, end.message)
        except NoAnswer as error:
            self._end(*self._judge(error))
        except NONSENSE as error:
            self._end(WRONG, str(error))
        return self.view

    def _judge(self, error: NoAnswer) -> tuple[str, str]:
        if self.record.connected is None:
            return REFUSED, error.message
        if error.kind == "nonsense":
            return WRONG, error.message
        if self.record.first_packet is not None:
            return STALLED, error.message
        if error.kind == "timeout":
            return EMPTY, f"connected, but no answer within {self.patience.first:g} s"
        # A server that is full closes new connections without a word.
        return REFUSED, "the server closed the connection without an answer: it may be full (max_connections), or speak another protocol"

    def _end(self, verdict: str, message: str) -> None:
        """Whoever ended it, and however: without any media it was empty."""
        if verdict == STALLED and self.record.first_packet is None:
            verdict = EMPTY
        self.view.verdict, self.view.message = verdict, message

    def _now(self) -> float:
        return time.monotonic() - self.began

    def _saw(self, packet: Any) -> None:
        self.record.packet(packet, self._now())
        # Both clocks: what a server kept for newcomers comes at once, and would hide that nothing follows.
        first = self.record.first_packet
        if first is not None and self._now() - first >= self.patience.watch and self.record.media_seconds > 0:
            raise _Enough

    def _connect(self, url: SplitResult) -> Task:
        host, secure = url.hostname or "", url.scheme in ("https", "rtmps")
        address = Address(host, url.port or DEFAULT_PORTS[url.scheme], self.tls() if secure else None)
        wire = Wire(self.deadline)
        ips = self.ips.get(host) or loop.resolve([host], self.patience.first).get(host, [])
        yield from wire.open(address, ips)
        if self.record.connected is None:
            self.record.connected = self._now()
        return wire

    def _next(self, wire: Wire) -> Task:
        """The next bytes, as long as media keeps coming."""
        record = self.record
        if record.first_packet is None:
            until = self.began + self.patience.first
        else:
            until = self.began + record.waits_since() + self.patience.stall
        wire.deadline = until + 1
        data = (yield from wire.receive(until)) if time.monotonic() < until else None
        if data is None:
            if record.first_packet is None:
                raise _End(EMPTY, f"connected, but no media within {self.patience.first:g} s")
            raise _End(STALLED, f"no more media for {self.patience.stall:g} s")
        if not data:
            raise _End(STALLED, "the server closed the connection")
        return data

    # HTTP-FLV

    def _flv(self) -> Task:
        wire, answer = yield from self._get(self.url)
        try:
            body, reader = http.Body(answer), flv.FlvReader()
            while not body.ended:
                data = yield from self._next(wire)
                for packet in reader.feed(body.feed(data)):
                    self.record.metadata = reader.metadata
                    self._saw(packet)
        finally:
            wire.close()

    def _get(self, url: SplitResult) -> Task:
        """(wire, head) of a 200; redirects are followed, which is how SRS sends an HLS player to its own session."""
        for _redirect in range(REDIRECTS):
            wire = yield from self._connect(url)
            yield from wire.send(http.request(url.netloc.rpartition("@")[2], http.target(url), [("Connection", "close")]))
            answer = yield from read_head(wire)
            if answer.status == 200:
                return wire, answer
            wire.close()
            if answer.status in (301, 302, 303, 307, 308) and answer.headers.get("location"):
                url = urlsplit(urljoin(url.geturl(), answer.headers["location"]))
                continue
            verdict = NOT_FOUND if answer.status == 404 else REFUSED
            raise _End(verdict, f"HTTP status {answer.status} of {url.geturl()}")
        raise _End(REFUSED, f"more than {REDIRECTS} redirects")

    # RTMP

    def _rtmp(self) -> Task:
        wire = yield from self._connect(self.url)
        try:
            yield from self._shake_hands(wire)
            app, _slash, stream = self.url.path.strip("/").rpartition("/")
            yield from self._play_rtmp(wire, app, stream + (f"?{self.url.query}" if self.url.query else ""))
        finally:
            wire.close()

    def _shake_hands(self, wire: Wire) -> Task:
        yield from wire.send(b"\x03" + bytes(8) + os.urandom(rtmp.HANDSHAKE - 8))
        answer = yield from wire.read(1 + 2 * rtmp.HANDSHAKE)
        if answer[0] not in (3, 6):
            raise _End(WRONG, f"the answer begins with {answer[:8]!r} and is no RTMP handshake")
        yield from wire.send(answer[1 : 1 + rtmp.HANDSHAKE])

    def _play_rtmp(self, wire: Wire, app: str, stream: str) -> Task:
        where = f"{self.url.scheme}://{self.url.netloc}/{app}"
        hello = {"app": app, "tcUrl": where, "flashVer": "LNX 9,0,124,2", "fpad": False, "audioCodecs": 4071, "videoCodecs": 252}
        yield from wire.send(rtmp.command("connect", 1, hello))
        chunks = rtmp.ChunkReader()
        received, acknowledged, window = 0, 0, 0
        while True:
            data = yield from self._next(wire)
            received += len(data)
            for message in chunks.feed(data):
                answer = b""
                if message.kind == rtmp.WINDOW_SIZE:
                    window = int.from_bytes(message.body[:4])
                elif message.kind == rtmp.USER_CONTROL and int.from_bytes(message.body[:2]) == rtmp.PING_REQUEST:
                    answer = rtmp.pong(message.body)
                elif message.kind == rtmp.COMMAND:
                    answer = self._reply(amf.decode(message.body), stream)
                elif message.kind == flv.SCRIPT:
                    self.record.metadata = flv.metadata(message.body) or self.record.metadata
                elif message.kind in (rtmp.AUDIO, rtmp.VIDEO) and (packet := flv.tag(message.kind, message.ms, message.body)):
                    self._saw(packet)
                if answer:
                    yield from wire.send(answer)
            if window and received - acknowledged > window // 2:
                acknowledged = received
                yield from wire.send(rtmp.acknowledgement(received))

    def _reply(self, command: list[Any], stream: str) -> bytes:
        """What to send after a command of the server."""
        name, transaction, _properties, information, *_more = [*command, None, None, None, None]
        said: dict[str, Any] = information if isinstance(information, dict) else {}
        if name == "_error" or (name == "onStatus" and said.get("level") == "error"):
            code = str(said.get("code") or "an error")
            text = ": ".join(str(part) for part in (code, said.get("description")) if part)
            raise _End(NOT_FOUND if code in RTMP_NOT_FOUND else REFUSED, f"the server answered {text}")
        if name == "_result" and transaction == 1:
            return rtmp.command("createStream", 2, None)
        if name == "_result" and transaction == 2 and isinstance(information, float):
            number = int(information)
            return rtmp.command("play", 3, None, stream, stream=number) + rtmp.buffer_length(number, 1000)
        return b""

    # HLS

    def _hls(self) -> Task:
        url, seen, sequence = self.url, "", -1
        moved: float | None = None
        while True:
            playlist = yield from self._playlist(url)
            if playlist.variant:
                url = urlsplit(playlist.variant)
                continue
            if playlist.sequence != sequence:
                sequence, moved = playlist.sequence, self._now()
            segments = new_segments(playlist.segments, seen)
            for address in segments:
                yield from self._segment(urlsplit(address), playlist)
                seen = address
            # A player that has a segment, and sees that its playlist goes on, has all that there is to see.
            if self.record.first_packet is not None and (
                playlist.ended or (segments and self._now() - self.record.first_packet >= self.patience.watch)
            ):
                raise _Enough
            self._may_go_on(playlist, moved or 0.0)
            yield Wait(None, 0, time.monotonic() + min(1.0, max(0.2, playlist.target / 4)))

    def _may_go_on(self, playlist: hls.Playlist, moved: float) -> None:
        if self.record.first_packet is None:
            if self._now() > self.patience.first:
                raise _End(EMPTY, "the playlist has no segments")
        elif self._now() - moved > max(self.patience.stall, 2 * playlist.target):
            raise _End(STALLED, f"the playlist has not moved on for {self._now() - moved:.0f} s")

    def _playlist(self, url: SplitResult) -> Task:
        self.deadline = time.monotonic() + self.patience.first
        wire, answer = yield from self._get(url)
        body = yield from read_body(wire, answer)
        wire.close()
        playlist = hls.parse(body.decode(errors="replace"), url.geturl())
        if not playlist.variant:
            self.view.playlist = {
                "segments": len(playlist.segments),
                "target_seconds": playlist.target,
                "sequence": playlist.sequence,
                "newest_age_seconds": (self.view.playlist or {}).get("newest_age_seconds"),
            }
        return playlist

    def _segment(self, url: SplitResult, playlist: hls.Playlist) -> Task:
        self.deadline = time.monotonic() + self.patience.first
        wire, answer = yield from self._get(url)
        data = yield from read_body(wire, answer)
        wire.close()
        if self.view.playlist is not None:
            self.view.playlist["newest_age_seconds"] = _age(answer, playlist)
        packets = list(mpegts.packets(data)) if data else []
        if not packets:
            raise _End(EMPTY, f"the segment {url.geturl()} has no media")
        for packet in packets:
            self.record.packet(packet, self._now())
        # Of frames that span several packets only the first was counted.
        self.record.media_bytes += len(data) - sum(packet.size for packet in packets)


def new_segments(segments: Sequence[str], seen: str) -> Sequence[str]:
    """What to fetch next; a newcomer starts with the newest segment."""
    known = [hls.without_query(segment) for segment in segments]
    seen = hls.without_query(seen)
    return segments[known.index(seen) + 1 :] if seen in known else segments[-1:]


def _age(answer: http.Head, playlist: hls.Playlist) -> float | None:
    """How old the newest segment is: by the date in the playlist, else by the server's own clock."""
    if playlist.dated is not None:
        return round(max(0.0, time.time() - playlist.dated), 1)
    try:
        now, written = (parsedate_to_datetime(answer.headers[name]) for name in ("date", "last-modified"))
    except (KeyError, ValueError, TypeError):
        return None
    return max(0.0, (now - written).total_seconds())
