# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishes a small test picture with ffmpeg, as an encoder does: for hours, and again after each broken connection."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import time
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Self

CLIP_SECONDS = 600
PAUSE = 0.5

# Encoded once and then only copied, so that a publisher costs next to no processor time.
ENCODE = (
    "-hide_banner -loglevel error -y "
    "-f lavfi -i testsrc2=size=160x90:rate=10 -f lavfi -i sine=frequency=440:sample_rate=44100 "
    f"-t {CLIP_SECONDS} -c:v libx264 -preset ultrafast -profile:v baseline -pix_fmt yuv420p -g 10 -keyint_min 10 -sc_threshold 0 -b:v 100k "
    "-c:a aac -b:a 32k -ac 1 -f flv"
).split()


def clip(folder: Path, ffmpeg: str | Path = "ffmpeg") -> Path:
    """The test picture: 160x90, 10 frames/s, a keyframe each second, about 150 kbit/s with its tone."""
    path = folder / "clip.flv"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        subprocess.run([ffmpeg, *ENCODE, new], check=True, timeout=300)
        new.rename(path)
    return path


@dataclass
class Connection:
    began: float
    ended: float = 0.0
    detail: str = ""


class Publisher:
    """Publishes to a URL for as long as the block lasts."""

    def __init__(self, source: Path, url: str) -> None:
        self.source = source
        self.url = url
        self.connections: list[Connection] = []
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def cuts(self) -> list[Connection]:
        """The connections that ended without our asking."""
        return [connection for connection in self.connections if connection.ended]

    async def _publish(self) -> None:
        while True:
            connection = Connection(time.time())
            self.connections.append(connection)
            process = self._process = await asyncio.create_subprocess_exec(
                *("ffmpeg", "-hide_banner", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", self.source),
                *("-c", "copy", "-f", "flv", "-flvflags", "no_duration_filesize", self.url),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
            _nothing, said = await process.communicate()
            connection.ended = time.time()
            connection.detail = said.decode(errors="replace").strip()[-300:]
            await asyncio.sleep(PAUSE)

    def forget(self) -> None:
        """Count the ends of connections from here on."""
        self.connections = self.connections[-1:]

    async def again(self) -> None:
        """Make the encoder connect again."""
        if self._process and self._process.returncode is None:
            self._process.kill()
        await asyncio.sleep(PAUSE)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._publish())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            await self._process.wait()
