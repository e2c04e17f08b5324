# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many works go on at once, and what becomes of each."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Coroutine
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._network import at_once as module
from ansible_collections.livestream.srs.plugins.module_utils._network.at_once import Memory, Progress, at_once
from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork


class Works:
    """Works that take their time, and how many of them went on at once."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0

    async def __call__(self, progress: Progress, seconds: float = 1.0, heard_every: float = 0.1) -> float:
        self.now += 1
        self.most = max(self.most, self.now)
        end = asyncio.get_running_loop().time() + seconds
        while (left := end - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(left, heard_every))
            progress.heard()
        self.now -= 1
        return asyncio.get_running_loop().time()


def run(coroutine: Coroutine[Any, Any, list[Any]]) -> list[Any]:
    with FakeNetwork():
        return asyncio.run(coroutine)


def test_no_more_than_may_work_at_once() -> None:
    works = Works()
    ends = run(at_once([works] * 10, 4))
    assert [round(end) for end in ends] == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]
    assert works.most == 4


def test_work_that_hears_nothing_leaves_its_place() -> None:
    works = Works()
    ends = run(at_once([lambda progress: works(progress, 10.0, 10.0)] * 4 + [works], 4))
    assert [round(end) for end in ends[:4]] == [10] * 4
    assert ends[4] == pytest.approx(1.5)


def test_work_that_hears_something_again_takes_its_place_again() -> None:
    works = Works()

    async def silent_then_busy(progress: Progress) -> float:
        await asyncio.sleep(0.9)
        return await works(progress, 10.0)

    ends = run(at_once([silent_then_busy, works, works], 1))
    assert ends[1] < 3
    assert ends[2] > 10


@pytest.mark.parametrize("most", [3, 100])
def test_no_more_than_there_are_sockets_for(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_spare_files", lambda: 3)
    works = Works()
    run(at_once([lambda progress: works(progress, 10.0, 10.0)] * 7, 2, most))
    assert works.most == 3


@pytest.mark.parametrize(("soft", "hard", "wanted"), [(256, 1024, 1024), (1024, resource.RLIM_INFINITY, 4096), (8192, 8192, None)])
def test_the_limit_of_open_files_is_raised(soft: int, hard: int, wanted: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[Any] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _what, limit: limits.append(limit))
    assert module._spare_files() == (wanted or 4096) - 64
    assert limits == ([(wanted, hard)] if wanted else [])


def test_an_error_is_the_result_of_its_work_alone() -> None:
    async def refuses(_progress: Progress) -> float:
        raise NoAnswer("srs_error", "no")

    async def fails(_progress: Progress) -> float:
        raise ZeroDivisionError("oh")

    refused, failed, done = run(at_once([refuses, fails, Works()], 4))
    assert (refused.kind, refused.message) == ("srs_error", "no")
    assert (failed.kind, failed.message) == ("invalid_response", "its answer can't be used (ZeroDivisionError: oh)")
    assert done == 1.0


def test_all_works_end_when_the_run_is_cancelled() -> None:
    ended: list[str] = []

    async def work(_progress: Progress) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("ended")

    async def cut_short() -> list[Any]:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await at_once([work] * 3, 2)
        return []

    run(cut_short())
    assert ended == ["ended"] * 3


def test_nothing_to_do() -> None:
    assert run(at_once([], 4)) == []


async def holding(progress: Progress, size: int, begins: float = 0.0, lasts: float = 1.0) -> int:
    """Holds so many bytes, one after the other."""
    await asyncio.sleep(begins)
    for _byte in range(size):
        progress.hold(1)
        progress.kept["bytes"] = progress.holds
        await asyncio.sleep(0)
    await asyncio.sleep(lasts)
    return size


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    memory = Memory(all_together=100, each=60)
    monkeypatch.setattr(module, "Memory", lambda: memory)
    return memory


def told(results: list[Any]) -> list[Any]:
    return [result.message if isinstance(result, NoAnswer) else result for result in results]


TOO_MUCH = "it sent more than we take from one server (0 MiB, as it takes in memory)"
THE_MOST = "of all servers, whose answers together take more than 0 MiB, it sent the most"


def test_who_holds_more_than_one_may_is_given_up(little_memory: Memory) -> None:
    works = [lambda progress, size=size: holding(progress, size) for size in (30, 61, 1)]
    assert told(run(at_once(works))) == [30, TOO_MUCH, 1]
    assert little_memory.held == 31


@pytest.mark.parametrize("ended", [True, False], ids=["ended before", "still at it"])
def test_who_holds_most_is_given_up_for_all(little_memory: Memory, ended: bool) -> None:
    kept: list[dict[str, Any]] = []

    async def most(progress: Progress) -> int:
        kept.append(progress.kept)
        return await holding(progress, 50, 0.0, 0.0 if ended else 9.0)

    works = [most, *([lambda progress: holding(progress, 20, 1.0)] * 3)]
    assert told(run(at_once(works))) == [THE_MOST, 20, 20, 20]
    assert (kept, little_memory.held) == ([{}], 60)


def test_who_would_hold_most_is_given_up_itself(little_memory: Memory) -> None:
    works = [*([lambda progress: holding(progress, 20)] * 3), lambda progress: holding(progress, 50, 0.5)]
    assert told(run(at_once(works))) == [20, 20, 20, THE_MOST]


def test_what_a_work_lets_go_and_what_failed_without_results_is_held_no_longer(little_memory: Memory) -> None:
    async def fails(progress: Progress) -> None:
        progress.hold(50)
        raise NoAnswer("srs_error", "it can't")

    async def lets_go(progress: Progress) -> None:
        progress.hold(50)
        progress.hold(-50)

    run(at_once([fails, lets_go] * 4))
    assert little_memory.held == 0
