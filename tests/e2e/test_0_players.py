# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What players make of an HLS server that fails: our own viewer must give up just where hls.js does. Needs no SRS and no cluster."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from driver.figures import Figures
from driver.places import WORK
from players import publisher, scripted
from players.browser import HLS_JS, NATIVE
from players.commands import FFMPEG, GSTREAMER, MPV
from players.crowd import Audience
from players.real import RealPlayers
from players.report import Report
from players.scripted import ONE_WINDOW, SHIFTED, STARTED_OVER, Case, ScriptedServer
from players.view import GAVE_UP, WATCHED, View

from ansible_collections.livestream.srs.tests.support import programs

CASES = [
    Case("nothing"),
    *(Case(f"playlist is 404 for {seconds} s", missing=seconds) for seconds in (1, 3, 8, 20)),
    *(Case(f"nobody listens for {seconds} s", refused=seconds) for seconds in (2, 10)),
    *(Case(f"playlist is held for {seconds} s, then {ONE_WINDOW}", held=seconds) for seconds in (5, 15)),
    Case(f"playlist is held for 5 s, then {ONE_WINDOW} without discontinuity", held=5, discontinuity=False),
    Case(f"playlist is held for 5 s, then {SHIFTED}", held=5, then=SHIFTED),
    Case(f"playlist is held for 5 s, then {SHIFTED}, without discontinuity", held=5, then=SHIFTED, discontinuity=False),
    Case(f"playlist is held for 5 s, then {STARTED_OVER}", held=5, then=STARTED_OVER),
    Case("the same, of a stream that was 12 s old", held=5, then=STARTED_OVER, age=0),
    Case("playlist is an error page once", nonsense=1),
    Case("a segment is 404 once", segment_missing=1),
    Case("a segment is 404 for good", segment_missing=1000),
]

OWN = "our viewer"

SEATED = 30.0
SETTLES = 4.0
"""Seconds of undisturbed playback before something happens."""
WATCHED_FOR = 45.0
"""Seconds after that: longer than what happens, and than a window."""

MEDIA_SECONDS = 300
"""The oldest stream begins with its 40th segment."""


@dataclass(frozen=True)
class Seen:
    """What players made of one case."""

    own: View
    real: Mapping[str, Report]


@pytest.fixture(scope="module")
def seen(figures: Figures) -> dict[Case, Seen]:
    try:
        programs.chromium()
        programs.library(programs.HLS_JS)
        files = scripted.segments(
            programs.ffmpeg().command, publisher.clip(WORK, programs.ffmpeg().command), WORK / "segments", MEDIA_SECONDS
        )
    except programs.Lacking as error:
        pytest.skip(str(error))
    found = asyncio.run(watch(files))
    for case, what in found.items():
        figures.add(
            "What players make of an HLS server that fails: whether it plays on, and the longest time without progress, in seconds",
            what_happens=case.name,
            our_viewer=f"{'plays on' if what.own.outcome == WATCHED else what.own.outcome}, {what.own.longest_gap:.1f}",
            **{player.replace(".", "_"): told(what.real.get(player)) for player in (HLS_JS, NATIVE, FFMPEG, MPV, GSTREAMER)},
        )
    return found


def told(report: Report | None) -> str | None:
    return f"{'lost' if report.lost else 'plays on'}, {report.longest_stall:.1f}" if report else None


async def watch(files: Sequence[bytes]) -> dict[Case, Seen]:
    """Each case in front of each player, on a server of its own. The programs come after the browser, which leaves them the processors."""
    own, in_browser = await in_front_of(files, [HLS_JS, NATIVE], own=True)
    _none, programs_of_their_own = await in_front_of(files, [FFMPEG, MPV, GSTREAMER])
    real = {(case, report.player): report for case, report in in_browser + programs_of_their_own}
    return {case: Seen(own[case], {player: report for (of, player), report in real.items() if of is case}) for case in CASES}


async def in_front_of(
    files: Sequence[bytes], players: Sequence[str], *, own: bool = False
) -> tuple[dict[Case, View], list[tuple[Case, Report]]]:
    async with contextlib.AsyncExitStack() as stack:
        servers = {
            (player, case): await stack.enter_async_context(ScriptedServer(case, files))
            for player in [*players, *[OWN] * own]
            for case in CASES
        }
        cases = {server.url: case for (_player, case), server in servers.items()}
        urls = {player: [server.url for (of, _case), server in servers.items() if of == player] for player, _case in servers}
        async with (
            Audience(urls.get(OWN, [])) as audience,
            RealPlayers(pairs=[(player, url) for player in players for url in urls[player]]) as real,
        ):
            await real.seated(SEATED)
            lacking = await audience.seated(SEATED)
            assert not lacking, [view.as_dict() for view in lacking]
            await asyncio.sleep(SETTLES)
            for server in servers.values():
                server.begin()
            await asyncio.sleep(WATCHED_FOR)
    return {cases[view.url]: view for view in audience.views}, [(cases[report.url], report) for report in real.reports]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_our_viewer_gives_up_where_hls_js_does(seen: Mapping[Case, Seen], case: Case) -> None:
    own, hls_js = seen[case].own, seen[case].real[HLS_JS]
    assert own.first_frame is not None and hls_js.first_picture is not None
    assert own.outcome == (GAVE_UP if hls_js.lost else WATCHED), (own.as_dict(), hls_js.as_dict())


def test_a_server_that_does_not_fail_loses_nobody(seen: Mapping[Case, Seen]) -> None:
    """So that what the others are lost for is what happened to them."""
    for report in seen[CASES[0]].real.values():
        assert not report.lost and report.played > WATCHED_FOR, report.as_dict()


def test_what_every_player_gets_over(seen: Mapping[Case, Seen]) -> None:
    """That nobody has to be lost: what the collection should make of an outage."""
    one_window = next(case for case in CASES if case.held == 5)
    for report in seen[one_window].real.values():
        assert not report.lost, report.as_dict()
