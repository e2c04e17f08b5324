# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real players beside our own: hls.js, mpegts.js and Chromium's own in one browser, ffmpeg, mpv and GStreamer.

    async with RealPlayers(hls=url, flv=url) as real:
        assert not await real.seated(30)
        ...
    real.reports

They are left alone, with the settings that they come with, as somebody has them who doesn't load a page again.
"""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import Iterable
from typing import Self

from ansible_collections.livestream.srs.tests.support import programs

from .browser import HLS_JS, MPEGTS_JS, NATIVE, BrowserPlayers
from .commands import FFMPEG, GSTREAMER, MPV, CommandPlayer
from .report import Report

IN_BROWSER = (HLS_JS, MPEGTS_JS, NATIVE)
OF_HLS = (HLS_JS, NATIVE, FFMPEG, MPV, GSTREAMER)
OF_FLV = (MPEGTS_JS, FFMPEG, MPV, GSTREAMER)

NO_HLS = "it plays no HLS by itself"


class RealPlayers:
    """Each kind that can be had plays each URL while the block lasts. More than a few are a load: each decodes every picture."""

    def __init__(self, *, hls: str | Iterable[str] = (), flv: str | Iterable[str] = (), pairs: Iterable[tuple[str, str]] = ()) -> None:
        """Every kind for each of the URLs, and beside them pairs of a kind and a URL."""
        self.lacking: dict[str, str] = {}
        """The kinds that can't be had, and why."""
        self.reports: list[Report] = []
        """What each of them had to say at the end of the block, or when it was last asked."""
        every = [(kind, url) for kinds, urls in ((OF_HLS, _several(hls)), (OF_FLV, _several(flv))) for kind in kinds for url in urls]
        self._wanted = [*every, *pairs]
        self._browser: BrowserPlayers | None = None
        self._commands: list[CommandPlayer] = []
        self._stack = contextlib.AsyncExitStack()

    async def look(self) -> list[Report]:
        """What each of them has to say now."""
        in_browser = await self._browser.look() if self._browser else []
        self.reports = [*in_browser, *(player.look() for player in self._commands)]
        return self.reports

    async def seated(self, seconds: float) -> list[Report]:
        """Wait until every player has a picture or has given up; those without a picture after this time."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while any(report.first_picture is None and not report.fatal for report in await self.look()) and loop.time() < end:
            await asyncio.sleep(0.5)
        return [report for report in self.reports if report.first_picture is None]

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            if in_browser := [(kind, url) for kind, url in self._wanted if kind in IN_BROWSER]:
                browser = BrowserPlayers(in_browser)
                try:
                    self._browser = await stack.enter_async_context(browser)
                except programs.Lacking as error:
                    self.lacking |= dict.fromkeys((kind for kind, _url in in_browser), str(error))
                else:
                    self.lacking |= {kind: NO_HLS for kind, _url in in_browser if kind not in dict(browser.wanted)}
            for kind, url in self._wanted:
                if kind in IN_BROWSER or kind in self.lacking:
                    continue
                try:
                    self._commands.append(await stack.enter_async_context(CommandPlayer(kind, url)))
                except programs.Lacking as error:
                    self.lacking[kind] = str(error)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        try:
            if error is None:
                await self.look()
        finally:
            await self._stack.aclose()


def _several(urls: str | Iterable[str]) -> list[str]:
    return ([urls] if urls else []) if isinstance(urls, str) else list(urls)
