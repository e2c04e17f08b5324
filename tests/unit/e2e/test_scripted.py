# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playlists of the HLS server that fails as a script says."""

from __future__ import annotations

import pytest
from players.scripted import ONE_WINDOW, SHIFTED, STARTED_OVER, Case

HELD = 5.0


def shown(text: str) -> str:
    """A playlist in one line: its first number, its segments with ! before a discontinuity, and how many discontinuities have gone."""
    lines = text.splitlines()
    numbers = {line.partition(":")[0]: line.partition(":")[2] for line in lines if "SEQUENCE" in line}
    names = "".join(
        "!" if line == "#EXT-X-DISCONTINUITY" else f" {line.removesuffix('.ts')}"
        for line in lines
        if "#" not in line or line == "#EXT-X-DISCONTINUITY"
    )
    return f"{numbers['#EXT-X-MEDIA-SEQUENCE']}:{names} {numbers.get('#EXT-X-DISCONTINUITY-SEQUENCE', '')}".strip()


def test_a_server_that_lives_on() -> None:
    case = Case("", age=3)
    assert shown(case.playlist(0.0, -9.0)) == "3: a-3 a-4 a-5 a-6 a-7 a-8"
    assert shown(case.playlist(2.1, -9.0)) == shown(case.playlist(3.9, 1.0)) == "4: a-4 a-5 a-6 a-7 a-8 a-9"


@pytest.mark.parametrize(
    ("then", "since", "expected"),
    [
        (ONE_WINDOW, 4.9, "5: a-5 a-6 a-7 a-8 a-9 a-10"),
        (ONE_WINDOW, 5.0, "6: a-6 a-7 a-8 a-9 a-10! b-0"),
        (ONE_WINDOW, 9.1, "8: a-8 a-9 a-10! b-0 b-1 b-2"),
        (ONE_WINDOW, 15.1, "11:! b-0 b-1 b-2 b-3 b-4 b-5"),
        (ONE_WINDOW, 17.1, "12: b-1 b-2 b-3 b-4 b-5 b-6 1"),
        (SHIFTED, 7.1, "11:! b-0 b-1"),
        (SHIFTED, 17.1, "12: b-1 b-2 b-3 b-4 b-5 b-6 1"),
        (STARTED_OVER, 5.0, "0: a-0"),
        (STARTED_OVER, 17.1, "1: a-1 a-2 a-3 a-4 a-5 a-6"),
    ],
)
def test_a_server_that_dies(then: str, since: float, expected: str) -> None:
    """After 4 s, when a-10 is the newest segment."""
    assert shown(Case("", held=HELD, then=then, age=3).playlist(4.5 + since, since)) == expected


def test_without_discontinuities() -> None:
    case = Case("", held=HELD, discontinuity=False)
    assert "DISCONTINUITY" not in case.playlist(10, 6) + case.playlist(40, 36)


def test_a_segment_that_lacks() -> None:
    case = Case("", segment_missing=2, age=3)
    assert [case.lacks("a-11.ts", 4.5, asked) for asked in (1, 2, 3)] == [True, True, False]
    assert not case.lacks("a-10.ts", 4.5, 1) and not case.lacks("a-12.ts", 4.5, 1)
