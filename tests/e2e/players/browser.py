# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Players in a browser: hls.js, mpegts.js and what Chromium plays by itself, each in a page of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from ansible_collections.livestream.srs.tests.support import programs
from ansible_collections.livestream.srs.tests.support.devtools import Browser, BrowserError, Page

from .report import Progress, Report

HLS_JS = "hls.js"
MPEGTS_JS = "mpegts.js"
NATIVE = "chromium"

LIBRARIES = {HLS_JS: programs.HLS_JS, MPEGTS_JS: programs.MPEGTS_JS}
PAGE = Path(__file__).with_name("page.html")


class Pages:
    """Serves the page of each player on loopback: what a page may ask for depends on where it is from."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._files: dict[str, tuple[str, str]] = {}

    def url(self, player: str, url: str) -> str:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/{player}/#{quote(json.dumps({'player': player, 'url': url}))}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
            kind, text = self._files.get(path, ("text/plain", ""))
            status, body = "200 OK" if path in self._files else "404 Not Found", text.encode()
            head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        writer.close()

    async def __aenter__(self) -> Self:
        for player in (HLS_JS, MPEGTS_JS, NATIVE):
            self._files[f"/{player}/"] = ("text/html", PAGE.read_text())
            text = await asyncio.to_thread(programs.library, LIBRARIES[player]) if player in LIBRARIES else ""
            self._files[f"/{player}/library.js"] = ("text/javascript", text)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        if self._server:
            self._server.close()


class BrowserPlayers:
    """One browser for all players of pages, which all come when the block is entered."""

    def __init__(self, wanted: list[tuple[str, str]]) -> None:
        """`wanted` are players and the URLs that they play. Chromium's own is left out where it plays no HLS."""
        self.wanted = wanted
        self.reports: list[Report] = []
        """What each of them had to say when it was last asked."""
        self.version = ""
        self._began = 0.0
        self._pages: list[tuple[str, str, Page]] = []
        self._stack = contextlib.AsyncExitStack()

    async def look(self) -> list[Report]:
        """Ask all of them."""
        self.reports = [await asyncio.to_thread(self._ask, *page) for page in self._pages]
        return self.reports

    def _ask(self, player: str, url: str, page: Page) -> Report:
        try:
            now, seen = page.run("window.seen ? [now(), seen] : [0, null]")
        except (BrowserError, TimeoutError) as error:
            progress, now = Progress(), time.monotonic() - self._began
            progress.give_up(str(error) or "the browser doesn't answer", now)
            return progress.report(player, url, now, running=False)
        return (progress_of(seen) if seen else Progress()).report(player, url, now)

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            pages = await stack.enter_async_context(Pages())
            browser = await asyncio.to_thread(Browser)
            stack.push_async_callback(asyncio.to_thread, browser.close)
            self._began = time.monotonic()
            self.version = browser.version
            blank = await asyncio.to_thread(browser.open, "about:blank")
            types_hls = await asyncio.to_thread(blank.run, "document.createElement('video').canPlayType('application/vnd.apple.mpegurl')")
            self.wanted = [(player, url) for player, url in self.wanted if player != NATIVE or types_hls]
            for player, url in self.wanted:
                self._pages.append((player, url, await asyncio.to_thread(browser.open, pages.url(player, url))))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        await self._stack.aclose()


def progress_of(seen: Mapping[str, Any]) -> Progress:
    """From what a page has taken note of."""
    progress = Progress()
    if seen["picture"] is not None:
        progress.picture(seen["picture"])
    for now, position in seen["positions"]:
        progress.at(position, now)
    progress.errors = sum(seen["errors"].values())
    if seen["fatal"]:
        progress.give_up(seen["fatal"], seen["fatal_at"])
    return progress
