# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock that only sleeping moves, and an event loop that goes by it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from types import ModuleType
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
IN_FLIGHT = 0.01
"""So long, in real seconds, what was sent on loopback may take to arrive; it is there at once."""


class Clock:
    """Stands in for the module ``time`` of what waits and looks again."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.pauses.append(seconds)
        self.now += seconds

    def of(self, module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Clock:
        """Have a module go by this clock."""
        monkeypatch.setattr(module, "time", self)
        return self

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run it in a loop that waits for nothing but data: where there is none, the time of its next timer has come.

        Both ends of each connection must be in it.
        """
        loop = asyncio.SelectorEventLoop(_Selector(self))
        loop.time = self.monotonic  # type: ignore[method-assign]
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(coroutine)


class _Selector(selectors.DefaultSelector):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(min(timeout, IN_FLIGHT) if timeout else timeout)
        if not ready and timeout:
            self.clock.now += timeout
        return ready
