# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many servers at once on one thread.

A thread for each would cost memory, and in a pool of threads a few hanging servers would hold up the rest.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer

T = TypeVar("T")

# Work that has heard nothing for so many seconds leaves its place to work that has not begun: hanging servers hold up nobody.
STALLED_SECONDS = 0.5
PARALLEL, MOST = 512, 4032


class Memory:
    """What servers may make us hold, all together and each: by default 1 GiB and 256 MiB, as estimated by those who call ``Progress.hold``.

    A server that would take more than its own share is given up. When there is no room for all of them, the one that holds most is given
    up, wherever it is - it may have ended already -, since a bad one must not cost the others their answers.
    """

    def __init__(self, all_together: int = 1 << 30, each: int = 1 << 28) -> None:
        self.all_together = all_together
        self.each = each
        self.held = 0
        self.holders: set[Progress] = set()

    def take(self, who: Progress, size: int) -> None:
        """``size`` bytes more; fewer if it is negative. Raises NoAnswer where ``who`` is the one that is given up."""
        if who.given_up:
            if size <= 0:
                return
            raise who.given_up
        who.holds += size
        self.held += size
        self.holders.add(who)
        if who.holds > self.each:
            self._give_up(who, f"it sent more than we take from one server ({self.each >> 20} MiB, as it takes in memory)")
        while self.held > self.all_together:
            most = max(self.holders, key=lambda holder: holder.holds)
            self._give_up(most, f"of all servers, whose answers together take more than {self.all_together >> 20} MiB, it sent the most")
        if who.given_up:
            raise who.given_up

    def _give_up(self, who: Progress, why: str) -> None:
        self.holders.discard(who)
        self.held -= who.holds
        who.holds = 0
        who.give_up(NoAnswer("invalid_response", why))


class Progress:
    """What one work is doing, for messages, when it last heard something, and what it holds of what its server sent."""

    def __init__(self, memory: Memory | None = None) -> None:
        self.memory = memory or Memory()
        self.holds = 0
        """In bytes."""
        self.kept: dict[str, Any] = {}
        """Results so far that stay when the work fails later, but not when it is given up for what it holds."""
        self.given_up: NoAnswer | None = None
        self.stop: Callable[[], object] = lambda: None
        self.now("starting")

    def hold(self, size: int) -> None:
        """So many bytes more are held, or fewer; raises NoAnswer for too many."""
        self.memory.take(self, size)

    def give_up(self, why: NoAnswer) -> None:
        self.given_up = why
        self.kept.clear()
        self.stop()

    def now(self, doing: str) -> None:
        self.doing = doing
        self.heard()

    def heard(self) -> None:
        self.since = asyncio.get_running_loop().time()


Work = Callable[[Progress], Coroutine[Any, Any, T]]


async def at_once(works: Sequence[Work[T]], parallel: int = PARALLEL, most: int = MOST) -> list[T | NoAnswer]:
    """Do all works; their results in order, a ``NoAnswer`` in place of each that raised an error.

    Up to ``parallel`` of them are at it at once, and up to ``most`` with those that hear nothing. Their ``Memory`` is one for all.
    """
    most = min(most, _spare_files())
    parallel = min(parallel, most)
    results: list[Any] = [None] * len(works)
    begun: dict[int, Progress] = {}
    ended = asyncio.Event()
    memory = Memory()

    async def work(index: int, progress: Progress) -> None:
        try:
            results[index] = await works[index](progress)
        except NoAnswer as error:
            # With them all connections would stay in memory to the end.
            error.__traceback__ = error.__context__ = None
            results[index] = error
            if not progress.kept:
                progress.hold(-progress.holds)
        except asyncio.CancelledError:
            if progress.given_up is None:
                raise
            results[index] = progress.given_up
        except Exception as error:
            results[index] = NoAnswer("invalid_response", f"its answer can't be used ({type(error).__name__}: {str(error)[:200]})")
        finally:
            del begun[index]
            ended.set()
            progress.stop = lambda: results.__setitem__(index, progress.given_up)

    async with asyncio.TaskGroup() as group:
        for index in range(len(works)):
            while len(begun) >= parallel and (pause := _pause(begun.values(), parallel, most)):
                ended.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await ended.wait()
            begun[index] = Progress(memory)
            task = group.create_task(work(index, begun[index]))
            begun[index].stop = partial(_stop, task)
    return results


def _stop(task: asyncio.Task[None]) -> None:
    if task is not asyncio.current_task():  # which is told so by an exception
        task.cancel()


def _pause(begun: Collection[Progress], parallel: int, most: int) -> float:
    """For how long there is no place, unless one ends: 0 where there is one."""
    if len(begun) >= most:
        return STALLED_SECONDS
    past = asyncio.get_running_loop().time() - STALLED_SECONDS
    busy = [progress.since - past for progress in begun if progress.since > past]
    return min(busy) if len(busy) >= parallel else 0.0


def _spare_files() -> int:
    """How many sockets this process may open; the soft limit is raised as far as is of use."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted - 64
