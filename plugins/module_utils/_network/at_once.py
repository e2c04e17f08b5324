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
from typing import Any, TypeVar

from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer

T = TypeVar("T")

# Work that has heard nothing for so many seconds leaves its place to work that has not begun: hanging servers hold up nobody.
STALLED_SECONDS = 0.5
PARALLEL, MOST = 512, 4032


class Progress:
    """What one work is doing, for messages, and when it last heard something."""

    def __init__(self) -> None:
        self.now("starting")

    def now(self, doing: str) -> None:
        self.doing = doing
        self.heard()

    def heard(self) -> None:
        self.since = asyncio.get_running_loop().time()


Work = Callable[[Progress], Coroutine[Any, Any, T]]


async def at_once(works: Sequence[Work[T]], parallel: int = PARALLEL, most: int = MOST) -> list[T | NoAnswer]:
    """Do all works; their results in order, a ``NoAnswer`` in place of each that raised an error.

    Up to ``parallel`` of them are at it at once, and up to ``most`` with those that hear nothing.
    """
    most = min(most, _spare_files())
    parallel = min(parallel, most)
    results: list[Any] = [None] * len(works)
    begun: dict[int, Progress] = {}
    ended = asyncio.Event()

    async def work(index: int) -> None:
        try:
            results[index] = await works[index](begun[index])
        except NoAnswer as error:
            # With them all connections would stay in memory to the end.
            error.__traceback__ = error.__context__ = None
            results[index] = error
        except Exception as error:
            results[index] = NoAnswer("invalid_response", f"its answer can't be used ({type(error).__name__}: {error})")
        finally:
            del begun[index]
            ended.set()

    async with asyncio.TaskGroup() as group:
        for index in range(len(works)):
            while len(begun) >= parallel and (pause := _pause(begun.values(), parallel, most)):
                ended.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await ended.wait()
            begun[index] = Progress()
            group.create_task(work(index))
    return results


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
