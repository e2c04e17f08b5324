# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server does all that its config says: it is published to, watched, and what else must come of that appears."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from players.crowd import Audience
from players.publisher import Publisher
from players.view import WATCHED, View
from players.viewer import Patience

from ansible_collections.livestream.srs.tests.support.made_configs import APP, DEFAULT_VHOST, Made

WATCH = 4.0
SEATED = 10.0
"""Seconds until players of RTMP and HTTP-FLV have a picture."""
LOOK = 6.0
COMES = 25.0
"""Seconds until a segment, a recording or a transcoded stream is there."""
FRAMES = 20
"""In the time that is watched, of a clip of 10 a second."""
AGAIN = 15.0
"""Seconds in which an encoder that reconnects must be let in: a server ends what it runs for the old connection first."""
STAYS = 1.5
TRIES = 2
"""SRS 6 loses a stream now and then that is published in an unlucky moment; it helps to publish again."""


class Judge:
    def __init__(
        self,
        made: Made,
        host: str,
        origin: str,
        clip: Path,
        *,
        there: Callable[[str, str], bool],
        called: Callable[[], Sequence[str]],
        nginx: int = 0,
    ) -> None:
        self.made = made
        self.host = host
        self.origin = origin
        self.clip = clip
        self.there = there
        """Whether a file of that pattern is in a folder of the container."""
        self.called = called
        """The hooks that were called for it."""
        self.nginx = nginx
        """Its port, where it serves what the server writes."""

        self.late: dict[str, Callable[[], bool]] = {}
        """What is still to come, by what is said when it doesn't."""

    @property
    def vhost(self) -> str:
        return "" if self.made.vhost == DEFAULT_VHOST else f"?vhost={self.made.vhost}"

    def rtmp(self, stream: str) -> str:
        return f"rtmp://{self.host}:{self.made.rtmp}/{APP}/{stream}{self.vhost}"

    async def problems(self) -> list[str]:
        """What it doesn't do."""
        made = self.made
        target = self.rtmp(made.name) if made.role == "origin" else f"rtmp://{self.origin}/{APP}/{made.name}"
        found: list[str] = []
        async with Publisher(self.clip, target) as encoder:
            await asyncio.sleep(1)
            for attempt in range(TRIES):
                if attempt:
                    await encoder.again()
                    await asyncio.sleep(1)
                    encoder.forget()
                found = await self.players()
                if not found or encoder.cuts:
                    break
            # An edge gets the stream as long as somebody plays it.
            async with Audience([self.rtmp(made.name)], patience=Patience(media=COMES)):
                found += await self.comes_with_it()
            if not found and not encoder.cuts and made.role == "origin":
                found += await self.comes_again(encoder)
            if encoder.cuts:
                found.append(f"the publisher was cut {len(encoder.cuts)} times: {encoder.cuts[-1].detail}")
        return found + await self.comes_after_it()

    async def players(self) -> list[str]:
        flv = [url.replace("://:", f"://{self.host}:") + self.vhost for url in self.made.flv]
        # RTMP comes first: an edge whose first player comes by HTTP-FLV names its files after the path, with .flv (ossrs/srs #4215).
        async with Audience([self.rtmp(self.made.name)], patience=Patience(media=SEATED)) as first:
            await first.seated(SEATED)
            async with Audience(flv, patience=Patience(media=SEATED)) as others:
                await others.seated(SEATED)
                await asyncio.sleep(WATCH)
        return [said for view in first.views + others.views if (said := not_seen(view))]

    async def comes_with_it(self) -> list[str]:
        """What is there after a while, as long as the stream is."""
        made = self.made
        deadline = time.monotonic() + COMES
        waits = {f"{pattern} doesn't appear in {folder}": partial(self.there, folder, pattern) for folder, pattern in made.files}
        waits |= {f"{event} is not called": partial(self.was_called, event) for event in made.events}
        urls = [*map(self.rtmp, made.streams), *([f"http://{self.host}:{self.nginx}{made.hls}"] if self.nginx and made.hls else [])]
        found = []
        if made.forwards:
            urls.append(f"rtmp://{self.origin}/{APP}/{made.name}{self.vhost}")
        for url in urls:
            while said := await self.one(url):
                if time.monotonic() > deadline:
                    found.append(said)
                    break
        while waits and time.monotonic() < deadline:
            waits = {said: holds for said, holds in waits.items() if not await asyncio.to_thread(holds)}
            if waits:
                await asyncio.sleep(0.5)
        self.late = waits
        return found

    def was_called(self, event: str) -> bool:
        return event in self.called()

    async def comes_again(self, encoder: Publisher) -> list[str]:
        """An encoder that reconnects is let in, once the server has forgotten its last connection."""
        await encoder.again()
        deadline = time.monotonic() + AGAIN
        while time.monotonic() < deadline:
            await asyncio.sleep(0.5)
            last = encoder.connections[-1]
            if not last.ended and time.time() - last.began > STAYS:
                encoder.forget()
                return []
        return [f"the publisher is not let in again: {encoder.cuts[-1].detail}"]

    async def one(self, url: str) -> str:
        """What is wrong with it. Looked at anew and not waited for: a player who comes before the publisher may get nothing for good."""
        async with Audience([url], patience=Patience(media=LOOK)) as audience:
            await audience.seated(LOOK)
            await asyncio.sleep(1)
        await asyncio.sleep(0.5)
        (view,) = audience.views
        return not_seen(view, frames=5)

    async def comes_after_it(self) -> list[str]:
        """A recording gets its name when the publisher has gone."""
        end = time.monotonic() + 5
        while self.late and time.monotonic() < end:
            await asyncio.sleep(0.5)
            self.late = {said: holds for said, holds in self.late.items() if not await asyncio.to_thread(holds)}
        return list(self.late)


def not_seen(view: View, *, frames: int = FRAMES) -> str:
    """What was wrong with what somebody watched; "" for nothing."""
    if view.outcome == WATCHED and view.frames >= frames:
        return ""
    return f"{view.url}: {view.outcome} {view.detail}, {view.frames} frames"
