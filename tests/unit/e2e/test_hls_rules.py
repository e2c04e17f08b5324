# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When our viewer asks for what, and when it gives up, as hls.js does. test_0_players.py of the end-to-end tests holds it against that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from players import hls_rules, scripted
from players.hls_rules import Follower, GaveUp

from ansible_collections.livestream.srs.plugins.module_utils._media import hls

URL = "http://h/live/a.m3u8"


def show(follower: Follower, text: str, now: float = 0.0) -> None:
    follower.playlist(text, hls.parse(text, URL), now)


def play(follower: Follower, clock: Callable[[str], float | None] = lambda _name: None, now: float = 1e6) -> list[str]:
    """Ask for all that there is; the names of the segments."""
    names = []
    while segment := follower.next(now):
        names.append(segment.address.rpartition("/")[2])
        follower.loaded(segment, clock(names[-1]))
    return names


def text(sequence: int, *names: str, discontinuity: str = "", discontinuities: int = 0) -> str:
    return scripted.text(sequence, [f"{name}.ts" for name in names], discontinuity=f"{discontinuity}.ts", discontinuities=discontinuities)


@pytest.fixture
def follower() -> Follower:
    """It has played c, the third of three segments of 2 s, whose number is 7."""
    made = Follower()
    show(made, text(5, "a", "b", "c"))
    assert play(made) == ["c.ts"]
    return made


def test_when_the_playlist_is_asked_for() -> None:
    made = Follower()
    assert made.playlist_at == 0
    show(made, text(5, "a", "b", "c"), 10)
    assert made.playlist_at == 12
    show(made, text(5, "a", "b", "c"), 12)
    assert made.playlist_at == 13
    show(made, text(6, "b", "c", "d"), 13)
    assert made.playlist_at == 15
    show(made, text(7, "c", "d", "e").replace("INF:2.000", "INF:0.5").replace("DURATION:2", "DURATION:6"), 15)
    assert made.playlist_at == 15.5


def test_what_comes_next(follower: Follower) -> None:
    show(follower, text(6, "b", "c", "d", "e"))
    assert play(follower) == ["d.ts", "e.ts"]
    show(follower, text(6, "b", "c", "d", "e"))
    assert play(follower) == []


def test_a_cache_that_is_a_little_behind(follower: Follower) -> None:
    show(follower, text(4, "x", "a", "b"))
    assert play(follower) == []
    show(follower, text(6, "b", "c", "d"))
    assert play(follower) == ["d.ts"]


def test_one_that_fell_behind_goes_on_with_what_there_is(follower: Follower) -> None:
    show(follower, text(20, "p", "q"))
    assert play(follower) == ["p.ts", "q.ts"]


def test_the_query_of_a_segment_may_change(follower: Follower) -> None:
    show(follower, text(7, "c", "d").replace("c.ts", "c.ts?session=2"))
    assert play(follower) == ["d.ts"]


@pytest.mark.parametrize("timeout", [False, True])
def test_playlists_that_fail(follower: Follower, timeout: bool) -> None:
    for _round in range(2):
        follower.playlist_failed("404", 10, timeout=timeout)
        assert follower.playlist_at == (10 if timeout else 11)
        follower.playlist_failed("404", 11, timeout=timeout)
        assert follower.playlist_at == (11 if timeout else 13)
        show(follower, text(6, "b", "c", "d"), 13)
    follower.playlist_failed("404", 20)
    show_nothing = text(6)
    show(follower, show_nothing, 21)
    with pytest.raises(GaveUp, match="3 times in a row: it names no segment"):
        show(follower, show_nothing, 23)


@pytest.mark.parametrize(("status", "gone"), [(404, True), (0, True), (503, False)], ids=["404", "refused", "503"])
def test_a_segment_that_fails(follower: Follower, status: int, gone: bool) -> None:
    """What won't get better is left out, unless it is the newest; what may is tried again."""
    show(follower, text(6, "b", "c", "d", "e"))
    segment = follower.next(10)
    assert segment is not None
    follower.failed(segment, "no", 10, status=status)
    if gone:
        assert play(follower, now=10) == ["e.ts"]
    else:
        assert follower.segment_at == 11 and follower.next(10.9) is None and play(follower) == ["d.ts", "e.ts"]


def test_the_newest_segment_fails_for_good(follower: Follower) -> None:
    show(follower, text(6, "b", "c", "d"))
    delays, now = [], 0.0
    with pytest.raises(GaveUp, match="the newest segment failed 7 times: no"):
        while segment := follower.next(now):
            follower.failed(segment, "no", now, status=404)
            delays.append(follower.segment_at - now)
            now = follower.segment_at
    assert delays == [1, 2, 4, 8, 8, 8]


def test_the_newest_segment_does_not_come(follower: Follower) -> None:
    show(follower, text(6, "b", "c", "d"))
    for tries in range(5):
        segment = follower.next(0)
        assert segment is not None
        if tries == 4:
            with pytest.raises(GaveUp):
                follower.failed(segment, "no", 0, timeout=True)
        else:
            follower.failed(segment, "no", 0, timeout=True)
            assert follower.segment_at == 0


def test_numbers_that_are_used_twice(follower: Follower) -> None:
    with pytest.raises(GaveUp, match=r"number 7 was http://h/live/c.ts, and is http://h/live/p.ts now"):
        show(follower, text(6, "b", "p", "q"))
    with pytest.raises(GaveUp, match="there were 0 discontinuities, and are 1 now"):
        show(follower, text(6, "b", "c", "d", discontinuity="c"))


def test_a_discontinuity_that_has_dropped_out(follower: Follower) -> None:
    """Also where the playlist doesn't count those."""
    show(follower, text(7, "c", "d", "e", discontinuity="d"))
    show(follower, text(8, "d", "e", "f"))
    show(follower, text(20, "p"))
    assert [segment.part for segment in follower._segments] == [1]


CLOCKS = {"c": 100.0, "d": 102.0, "e": 104.0, "p": 0.0, "q": 2.0}


def clock(name: str) -> float:
    return CLOCKS[name.removesuffix(".ts")]


@pytest.fixture
def clocked() -> Follower:
    """The same, of a stream whose clock shows 100 s where c begins."""
    made = Follower()
    show(made, text(5, "a", "b", "c"))
    assert play(made, clock) == ["c.ts"]
    return made


def test_a_clock_that_starts_over_behind_a_discontinuity(clocked: Follower) -> None:
    show(clocked, text(6, "b", "c", "p", "q", discontinuity="p"))
    assert play(clocked, clock) == ["p.ts", "q.ts"]


def test_a_clock_that_starts_over_without_one(clocked: Follower) -> None:
    show(clocked, text(6, "b", "c", "p", "q"))
    with pytest.raises(GaveUp, match=r"p.ts: the stream's clock went back by 102 s without a discontinuity"):
        play(clocked, clock)


def test_a_clock_that_goes_forward(clocked: Follower) -> None:
    show(clocked, text(6, "b", "c", "d", "e"))
    assert play(clocked, lambda name: clock(name) + 50) == ["d.ts", "e.ts"]


def test_a_clock_that_has_no_more_bits() -> None:
    made, now = Follower(), hls_rules.CLOCK_STARTS_OVER - 1
    show(made, text(5, "a", "b", "c"))
    assert play(made, lambda _name: now) == ["c.ts"]
    show(made, text(6, "b", "c", "d", "e"))
    assert play(made, {"d.ts": 1.0, "e.ts": 3.0}.get) == ["d.ts", "e.ts"]


def test_a_sequence_that_falls_back(clocked: Follower) -> None:
    """Nothing is played before the new playlist is as long as the old one was, and what comes then was before all that was played."""
    names = [f"n{number}" for number in range(4)]
    for count in range(1, 4):
        show(clocked, text(0, *names[:count]))
        assert play(clocked, clock) == []
    show(clocked, text(0, *names))
    with pytest.raises(GaveUp, match="clock went back"):
        play(clocked, lambda name: 2.0 * int(name[1]))


def test_a_young_stream_s_sequence_that_falls_back() -> None:
    """The same numbers and clock come again: it goes on with the first segment that it hasn't played."""
    made = Follower()
    show(made, text(0, "n0", "n1", "n2"))
    assert play(made, lambda name: 2.0 * int(name[1])) == ["n2.ts"]
    for count in range(1, 6):
        show(made, text(0, *(f"n{number}" for number in range(count))))
        assert play(made, lambda name: 2.0 * int(name[1])) == (["n3.ts"] if count == 4 else ["n4.ts"] if count == 5 else [])
