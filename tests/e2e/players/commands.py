# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Players that are programs: ffmpeg, mpv and GStreamer, which play to nowhere, by the clock."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import signal
import time
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from ansible_collections.livestream.srs.tests.support import programs

from .report import Progress, Report

FFMPEG = "ffmpeg"
MPV = "mpv"
GSTREAMER = "gstreamer"

GOES_AWAY = 3.0
"""Seconds within which a program ends that was asked to."""
TAIL = 300
TROUBLE = re.compile(r"\b(?:error|fail\w*|refused|invalid)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Kind:
    program: Callable[[], programs.Program]
    arguments: str
    """With `URL`; everything else is as somebody has it who has set nothing."""
    position: re.Pattern[str]
    """Finds in what it says where playback is: seconds, or hours, minutes and seconds."""
    seconds: Callable[[re.Match[str]], float]


def _clock(found: re.Match[str]) -> float:
    hours, minutes, seconds = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


KINDS = {
    # -re: it would decode as fast as it gets the media.
    FFMPEG: Kind(
        programs.ffmpeg,
        "-hide_banner -nostdin -loglevel error -stats_period 0.1 -progress pipe:1 -re -i URL -f null -",
        re.compile(r"^out_time_us=(-?\d+)"),
        lambda found: int(found[1]) / 1e6,
    ),
    MPV: Kind(
        programs.mpv,
        "--no-config --vo=null --ao=null --no-input-terminal --msg-level=all=error,statusline=status "
        "'--term-status-msg=at=${=time-pos}' URL",
        re.compile(r"at=(-?\d+\.\d+)"),
        lambda found: float(found[1]),
    ),
    # It tells of each frame when it is shown.
    GSTREAMER: Kind(
        programs.gstreamer,
        "-v playbin3 uri=URL 'video-sink=fakesink name=picture sync=true silent=false' 'audio-sink=fakesink sync=true'",
        re.compile(r"picture: last-message = chain .* pts: (\d+):(\d\d):(\d\d\.\d+)"),
        _clock,
    ),
}


class CommandPlayer:
    """Plays while the block lasts."""

    def __init__(self, player: str, url: str) -> None:
        self.player = player
        self.url = url
        self._progress = Progress()
        self._began = 0.0
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._ended = False
        self._said = ""

    def look(self) -> Report:
        return self._progress.report(self.player, self.url, self._now(), running=not self._ended)

    def _now(self) -> float:
        return time.monotonic() - self._began

    async def _listen(self, reader: asyncio.StreamReader, position: re.Pattern[str], seconds: Callable[[re.Match[str]], float]) -> None:
        rest = ""
        while data := await reader.read(65536):
            *lines, rest = re.split(r"[\r\n]+|\x1b\[K", rest + data.decode(errors="replace"))
            for line in lines:
                if found := position.search(line):
                    self._progress.at(seconds(found), self._now())
                elif TROUBLE.search(line):
                    self._said = f"{self._said} {line.strip()}".strip()[-TAIL:]

    async def _wait(self, listening: asyncio.Future[list[None]]) -> None:
        assert self._process is not None
        status = await self._process.wait()
        await listening
        self._ended = True
        self._progress.give_up(f"ended with status {status}: {self._said}".rstrip(": "), self._now())

    async def __aenter__(self) -> Self:
        kind = KINDS[self.player]
        program = await asyncio.to_thread(kind.program)
        arguments = [argument.replace("URL", self.url) for argument in shlex.split(kind.arguments)]
        self._began = time.monotonic()
        self._process = await asyncio.create_subprocess_exec(
            program.command,
            *arguments,
            env={**programs.environ(program), "LC_ALL": "C.UTF-8"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout is not None and self._process.stderr is not None
        listening = asyncio.gather(
            *(self._listen(stream, kind.position, kind.seconds) for stream in (self._process.stdout, self._process.stderr))
        )
        self._tasks = [asyncio.create_task(self._wait(listening))]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        assert self._process is not None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GOES_AWAY):
                    await self._process.wait()
                    break
