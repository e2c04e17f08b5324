# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of real players, from what they say."""

from __future__ import annotations

from typing import Any

import pytest
from driver import checks
from driver.figures import Figures
from players.browser import progress_of
from players.commands import FFMPEG, GSTREAMER, KINDS, MPV
from players.real import RealPlayers
from players.report import Progress, Report


def progress(*looks: tuple[float, float]) -> Progress:
    made = Progress()
    for now, position in looks:
        made.at(position, now)
    return made


def report(*looks: tuple[float, float], now: float, **options: Any) -> Report:
    return progress(*looks).report("p", "http://h/live/a.m3u8", now, **options)


def test_one_that_plays() -> None:
    told = report((0.0, 0.0), (0.1, 0.0), (1.0, 0.5), (1.1, 0.6), (1.2, 0.7), now=1.3)
    assert (told.first_picture, told.stalls, told.playing, told.lost) == (1.0, 0, True, False)
    assert told.longest_stall == pytest.approx(0.1) and told.played == pytest.approx(0.7)


def test_stalls() -> None:
    told = report((0.0, 0.0), (1.0, 1.0), (1.5, 1.0), (3.0, 1.0), (3.1, 1.1), (3.7, 1.1), (4.0, 1.4), (5.0, 1.4), now=5.1)
    assert (told.longest_stall, told.stall_at, told.stalls, told.playing) == (pytest.approx(2.1), 1.0, 3, True)


def test_jumps_are_not_played() -> None:
    told = report((0.0, 0.0), (0.1, 60.0), (0.2, 60.1), (0.3, 5.0), (0.4, 5.1), now=0.5)
    assert told.played == pytest.approx(0.2) and told.stalls == 0


def test_one_that_stands_still() -> None:
    looks = [(0.0, 0.0), (1.0, 1.0), (2.0, 1.0), (3.9, 1.0)]
    assert not report(*looks, now=3.9).lost
    told = report(*looks, now=4.1)
    assert told.lost and not told.fatal and told.longest_stall == pytest.approx(3.1)


def test_one_that_gave_up_is_lost_while_it_plays_its_buffer() -> None:
    made = progress((0.0, 0.0), (1.0, 1.0))
    made.give_up("first", 0.5)
    made.give_up("second", 0.7)
    told = made.report("p", "u", 1.1)
    assert (told.fatal, told.fatal_at, told.playing, told.lost) == ("first", 0.5, True, True)
    assert report((0.0, 0.0), (1.0, 1.0), now=1.1, running=False).lost


def test_one_without_a_picture() -> None:
    told = report((0.0, 0.0), (9.0, 0.0), now=9.1)
    assert told.first_picture is None and told.lost and told.longest_stall == 0


def test_what_a_page_takes_note_of() -> None:
    seen = {
        "picture": 0.4,
        "positions": [[0.3, 0], [0.5, 0.1], [0.6, 0.2]],
        "fatal": "levelLoadError 404",
        "fatal_at": 0.55,
        "errors": {"a": 2, "b": 1},
    }
    told = progress_of(seen).report("hls.js", "u", 0.7)
    assert (told.first_picture, told.fatal, told.fatal_at, told.errors) == (0.4, "levelLoadError 404", 0.55, 3)


@pytest.mark.parametrize(
    ("player", "line", "expected"),
    [
        (FFMPEG, "out_time_us=4878231", 4.878231),
        (FFMPEG, "out_time_us=-21333", -0.021333),
        (FFMPEG, "out_time_us=N/A", None),
        (FFMPEG, "out_time=00:00:04.878231", None),
        (MPV, "at=12.300000", 12.3),
        (MPV, "at=-40.100000", -40.1),
        (
            GSTREAMER,
            "/GstPlayBin3:playbin3-0/GstFakeSink:picture: last-message = chain   ******* (picture:sink) (21600 bytes, dts: none, "
            "pts: 0:01:02.500000000, duration: 0:00:00.100000000, offset: -1, offset_end: -1, flags: 00000000 , meta: none) 0x7f",
            62.5,
        ),
        (GSTREAMER, "/GstPlayBin3:playbin3-0: ring-buffer-max-size = 0", None),
    ],
)
def test_where_a_program_says_that_it_is(player: str, line: str, expected: float | None) -> None:
    found = KINDS[player].position.search(line)
    assert (KINDS[player].seconds(found) if found else None) == expected


def test_nobody_is_lost() -> None:
    good, slow, gone = report((0, 0), (1, 1), now=1.1), report((0, 0), (1, 1), (3.5, 1.1), now=3.6), report((0, 0), (1, 1), now=9)
    checks.nobody_is_lost([good, slow], stall=3)
    with pytest.raises(AssertionError, match=r"'longest_stall': 2\.5"):
        checks.nobody_is_lost([good, slow], stall=2)
    with pytest.raises(AssertionError, match="'playing': False"):
        checks.nobody_is_lost([good, gone], stall=100)
    checks.nobody_is_lost([gone], stall=1, but={"p"})


def test_figures_of_real_players() -> None:
    figures, real = Figures(), RealPlayers()
    broken = progress((0, 0), (1, 1))
    broken.give_up("levelLoadError 404", 3)
    real.reports = [
        report((0, 0), (1, 1), now=1.1),
        broken.report("p", "http://h/live/a.m3u8", 9),
        broken.report("q", "http://h/live/a.flv", 9),
    ]
    real.lacking = {"r": "it is not there"}
    checks.tell_real_players(figures, real, "a change")
    rows = figures.markdown().splitlines()[-3:]
    assert rows == [
        "| a change | p | HLS | 2 | 1 | 8 | 1 | 1 | levelLoadError 404 |",
        "| a change | q | HTTP-FLV | 1 | 1 | 8 | 1 | 1 | levelLoadError 404 |",
        "| a change | r | - | 0 | - | - | - | - | it is not there |",
    ]
