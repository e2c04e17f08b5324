# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many viewers at once: an audience that stays, and newcomers who look in one after the other."""

from __future__ import annotations

import asyncio
import itertools
import types
from collections.abc import Iterable, Sequence
from typing import Self

from .view import View
from .viewer import Patience, Viewer


class Audience:
    """Viewers who come when the block is entered and stay until it ends, or until the server ends it for them."""

    def __init__(self, urls: Iterable[str], *, patience: Patience | None = None) -> None:
        self.viewers = [Viewer(url, f"{number}", patience=patience) for number, url in enumerate(urls)]
        self._tasks: list[asyncio.Task[View]] = []

    @property
    def views(self) -> list[View]:
        return [viewer.view for viewer in self.viewers]

    def gone(self) -> list[View]:
        """Those who have ended before they were asked to leave."""
        return [viewer.view for viewer, task in zip(self.viewers, self._tasks, strict=True) if task.done()]

    async def seated(self, seconds: float) -> list[View]:
        """Wait until every viewer has a picture or has ended; those without a picture after this time."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while lacking := [view for view in self.views if view.first_frame is None and not view.outcome]:
            if loop.time() > end:
                break
            await asyncio.sleep(0.05)
        return lacking + [view for view in self.views if view.first_frame is None and view.outcome]

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(viewer.run()) for viewer in self.viewers]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        for viewer in self.viewers:
            viewer.leave()
        await asyncio.gather(*self._tasks)


class Regulars:
    """Viewers who come back at once whenever they lose the picture, as players do that reconnect."""

    def __init__(self, urls: Iterable[str], *, pause: float = 0.2, patience: Patience | None = None) -> None:
        self.visits: list[list[View]] = []
        """Each regular's views, one after the other."""
        self._urls = list(urls)
        self._pause = pause
        self._patience = patience
        self._leaving = False
        self._tasks: list[asyncio.Task[None]] = []
        self._viewers: dict[int, Viewer] = {}

    async def _come(self, number: int, url: str) -> None:
        while not self._leaving:
            viewer = self._viewers[number] = Viewer(url, f"regular {number}", patience=self._patience)
            self.visits[number].append(viewer.view)
            await viewer.run()
            await asyncio.sleep(self._pause)

    async def __aenter__(self) -> Self:
        self.visits = [[] for _url in self._urls]
        self._tasks = [asyncio.create_task(self._come(number, url)) for number, url in enumerate(self._urls)]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        self._leaving = True
        for viewer in self._viewers.values():
            viewer.leave()
        await asyncio.gather(*self._tasks)

    def reconnected(self) -> int:
        """How many of them lost the picture and came back."""
        return sum(len(visits) > 1 for visits in self.visits)

    def interruptions(self) -> list[float]:
        """For each regular, the longest time from the last media to the next: within a visit, or from one visit to a later one."""
        return [max([view.longest_gap for view in views] + _returns(views), default=0.0) for views in self.visits]


def _returns(visits: Sequence[View]) -> list[float]:
    """The times from the last media of a visit to the first picture of the next one that has any."""
    pictures = [view for view in visits if view.first_frame is not None]
    return [later.at + (later.first_frame or 0) - (view.at + view.waits_since()) for view, later in itertools.pairwise(pictures)]


class Newcomers:
    """One new viewer after each interval, going round the URLs; each leaves at the first picture."""

    def __init__(self, urls: Sequence[str], *, every: float = 0.2, patience: Patience | None = None) -> None:
        self.urls = list(urls)
        self.every = every
        self.views: list[View] = []
        self._patience = patience
        self._door: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[View]] = set()

    async def _let_in(self) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        for number in itertools.count():
            # At fixed times, so that a slow answer doesn't make the next one come late.
            await asyncio.sleep(max(0.0, start + number * self.every - loop.time()))
            viewer = Viewer(self.urls[number % len(self.urls)], f"newcomer {number}", until_picture=True, patience=self._patience)
            task = asyncio.create_task(viewer.run())
            self._tasks.add(task)
            task.add_done_callback(self._seen)

    def _seen(self, task: asyncio.Task[View]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self.views.append(task.result())

    async def __aenter__(self) -> Self:
        self._door = asyncio.create_task(self._let_in())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        """Those who are inside are waited for: what they get to see is what counts."""
        if self._door:
            self._door.cancel()
            await asyncio.gather(self._door, return_exceptions=True)
        await asyncio.gather(*self._tasks)
