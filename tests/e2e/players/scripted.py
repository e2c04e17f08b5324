# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HLS server on loopback that fails as a script says: real segments, and playlists as of a server that dies."""

from __future__ import annotations

import asyncio
import contextlib
import math
import subprocess
import time
import types
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SECONDS = 2
"""How long a segment plays."""
WINDOW = 6
"""Segments of a playlist."""
ONE_WINDOW = "one window in front"
STARTED_OVER = "sequence falls back to 0"
SHIFTED = "sequence goes on, old segments gone"


@dataclass(frozen=True)
class Case:
    """What happens in front of a player, in seconds after it began to happen."""

    name: str
    missing: float = 0
    """How long the playlist is answered with 404."""
    refused: float = 0
    """How long nobody listens."""
    held: float = 0
    """How long the last playlist of the server that died is shown, until the first segment of a new one is there."""
    then: str = ONE_WINDOW
    """What the playlist is after that."""
    discontinuity: bool = True
    """Whether it tells where the new server's segments begin; their clock has started over."""
    nonsense: int = 0
    """How often the playlist is a page that says that something is wrong."""
    segment_missing: int = 0
    """How often the next new segment is answered with 404."""
    age: int = 40
    """How many segments there have been before the first one of a player's first playlist."""

    def playlist(self, now: float, since: float) -> str:
        """The playlist `now` seconds after a player came, `since` seconds after it happened, which may be below zero."""
        alive = not self.held or since < 0
        last = self.newest(now if alive else now - since)
        old = [f"a-{number}.ts" for number in range(last - WINDOW + 1, last + 1)]
        sequence = last - WINDOW + 1
        if alive or since < self.held:
            return text(sequence, old)
        count = math.floor((since - self.held) / SECONDS) + 1
        gone = max(0, count - WINDOW)
        if self.then == STARTED_OVER:
            # Under the names that those of the old server had.
            return text(gone, [f"a-{number}.ts" for number in range(gone, count)])
        new = [f"b-{number}.ts" for number in range(count)]
        mark, marks_gone = (new[0], min(1, gone)) if self.discontinuity else ("", 0)
        if self.then == SHIFTED:
            return text(sequence + WINDOW + gone, new[-WINDOW:], discontinuity=mark, discontinuities=marks_gone)
        return text(sequence + count, [*old, *new][-WINDOW:], discontinuity=mark, discontinuities=marks_gone)

    def newest(self, now: float) -> int:
        """The sequence number of the newest segment: when a player comes, a whole window is there."""
        return self.age + WINDOW - 1 + math.floor(now / SECONDS)

    def lacks(self, segment: str, began: float, asked: int) -> bool:
        """Whether a segment, asked for the so manieth time, is answered with 404."""
        return segment == f"a-{self.newest(began) + 1}.ts" and asked <= self.segment_missing


def text(sequence: int, segments: Sequence[str], *, discontinuity: str = "", discontinuities: int = 0) -> str:
    """A playlist, with a discontinuity before the segment of this name."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-MEDIA-SEQUENCE:{sequence}", f"#EXT-X-TARGETDURATION:{SECONDS}"]
    lines += [f"#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuities}"] * bool(discontinuities)
    for segment in segments:
        lines += ["#EXT-X-DISCONTINUITY"] * (segment == discontinuity)
        lines += [f"#EXTINF:{SECONDS:.3f}, no desc", segment]
    return "\n".join([*lines, ""])


def segments(ffmpeg: Path, clip: Path, folder: Path, seconds: int) -> list[bytes]:
    """The beginning of a clip, cut by ffmpeg."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            *(ffmpeg, "-hide_banner", "-loglevel", "error", "-t", str(seconds), "-i", clip, "-c", "copy"),
            *(
                "-f",
                "hls",
                "-hls_time",
                str(SECONDS),
                "-hls_list_size",
                "0",
                "-hls_segment_filename",
                folder / "%d.ts",
                folder / "all.m3u8",
            ),
        ],
        check=True,
        timeout=120,
    )
    return [(folder / f"{number}.ts").read_bytes() for number in range(seconds // SECONDS)]


class ScriptedServer:
    """Serves one player from when the block is entered; `begin()` is when it happens."""

    def __init__(self, case: Case, files: Sequence[bytes]) -> None:
        self.case = case
        self.url = ""
        self._files = files
        self._start = 0.0
        self._began: float | None = None
        self._asked: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._connections: set[asyncio.StreamWriter] = set()

    def begin(self) -> None:
        self._began = time.monotonic() - self._start
        if self.case.refused:
            self._tasks.append(asyncio.create_task(self._refuse(self.case.refused)))

    async def _refuse(self, seconds: float) -> None:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        self._server.close()
        for writer in self._connections:
            writer.transport.abort()
        await asyncio.sleep(seconds)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)

    def answer(self, path: str) -> bytes | None:
        """The body, or nothing for 404."""
        now = time.monotonic() - self._start
        began = math.inf if self._began is None else self._began
        name = path.rpartition("/")[2]
        self._asked[name] += self._began is not None
        if name == "a.m3u8":
            if now >= began and self._asked[name] <= self.case.nonsense:
                return b"<html><title>Something is wrong</title></html>\n"
            return None if 0 <= now - began < self.case.missing else self.case.playlist(now, now - began).encode()
        if self._began is not None and self.case.lacks(name, self._began, self._asked[name]):
            return None
        number = int(name.removesuffix(".ts").partition("-")[2])
        # The clocks of both servers' streams began with them, like their sequence numbers.
        return self._files[number] if number < len(self._files) else None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode().partition("?")[0]
            body = self.answer(path)
            kind = "application/vnd.apple.mpegurl" if path.endswith(".m3u8") else "video/mp2t"
            head = [f"HTTP/1.1 {'404 Not Found' if body is None else '200 OK'}", f"Content-Type: {kind}", "Cache-Control: no-cache"]
            head += [f"Content-Length: {len(body or b'')}", "Access-Control-Allow-Origin: *", "Connection: close", "", ""]
            writer.write("\r\n".join(head).encode() + (body or b""))
            await writer.drain()
        writer.close()
        self._connections.discard(writer)

    async def __aenter__(self) -> Self:
        self._start = time.monotonic()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/live/a.m3u8"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server:
            self._server.close()
