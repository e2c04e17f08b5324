# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of the topology while people watch: what it looks like to those who stay and to those who come."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from players.browser import HLS_JS, MPEGTS_JS
from players.crowd import Audience, Newcomers
from players.publisher import Publisher
from players.real import RealPlayers
from players.view import EMPTY, REFUSED, STALLED, UNDECODABLE, WATCHED, View, summary

from . import checks
from .figures import Figures
from .topology import Topology

PLAYERS = 30
SEATED = 25.0

EVERY_KIND = ("hls", "flv", "flv")
"""Each takes a third of a processor or so. Two come by edges, since an event may concern one edge alone."""
SEGMENTS = 3
"""hls.js begins so many before the newest one, and GStreamer not at all with fewer."""

_number = itertools.count(1)


@dataclass(frozen=True)
class Change:
    """What was seen of a change."""

    seconds: float
    stayed: list[View]
    came: list[View]
    encoder: Publisher
    real: RealPlayers

    def cut(self) -> list[View]:
        """Those who lost the picture before they wanted to leave."""
        return [view for view in self.stayed if view.outcome != WATCHED]

    def turned_away(self) -> list[View]:
        """Those who came and got no picture."""
        return [view for view in self.came if view.outcome in (STALLED, EMPTY, UNDECODABLE, REFUSED)]


async def has_segments(topology: Topology, stream: str) -> None:
    """Wait until a playlist has what players begin with."""
    async with Audience([topology.url("hls", stream)]) as early:
        (view,) = early.views
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(checks.HLS_STARTS):
                while view.segments < SEGMENTS:
                    await asyncio.sleep(0.2)
    assert view.segments >= SEGMENTS, view.as_dict()


@contextlib.asynccontextmanager
async def real_players(topology: Topology, stream: str, kinds: Sequence[str] = EVERY_KIND) -> AsyncIterator[RealPlayers]:
    """hls.js and mpegts.js in front of a stream that has a picture for them, with segments of 2 s."""
    if "hls" in kinds:
        await has_segments(topology, stream)
    player = {"hls": HLS_JS, "flv": MPEGTS_JS}
    async with RealPlayers(pairs=[(player[kind], topology.url(kind, stream)) for kind in kinds]) as real:
        lacking = await real.seated(SEATED)
        assert not lacking, [report.as_dict() for report in lacking]
        yield real


async def under_watch(
    topology: Topology,
    change: Callable[[], Awaitable[object]],
    *,
    linger: float,
    to: str = "origin",
    kinds: Sequence[str] = EVERY_KIND,
) -> Change:
    """Make the change with players on every edge, real ones, and a newcomer every 200 ms, and go on watching for some seconds."""
    # A stream of its own: the playlist of another one would still be there.
    stream = f"change-{next(_number)}"
    async with topology.on_air(stream, to=to) as encoder, real_players(topology, stream, kinds) as real:
        ways = [topology.url("rtmp", stream), topology.url("flv", stream)]
        await topology.balanced(stream)
        async with Audience(ways[number % 2] for number in range(PLAYERS)) as audience:
            lacking = await audience.seated(SEATED)
            assert not lacking, [view.as_dict() for view in lacking]
            by_edge = await topology.players_by_edge()
            assert min(by_edge.values()) > 0, f"the load balancer left an edge without players: {by_edge}"
            async with Newcomers(ways) as newcomers:
                began = time.monotonic()
                await change()
                seconds = time.monotonic() - began
                await asyncio.sleep(linger)
    return Change(seconds, audience.views, newcomers.views, encoder, real)


def tell(figures: Figures, seen: Change, change: str, settings: str) -> None:
    stayed, came = summary(seen.stayed), summary(seen.came)
    figures.add(
        "Changes under watch: players that stay, and a new one every 200 ms",
        change=change,
        settings=settings,
        took_s=seen.seconds,
        players=len(seen.stayed),
        cut=len(seen.cut()),
        longest_gap_s=stayed["longest_gap"],
        newcomers=len(seen.came),
        refused=came[REFUSED],
        empty=came[EMPTY] + came[STALLED] + came[UNDECODABLE],
        slowest_first_picture_s=(came["first_frame"] or {}).get("max"),
    )
    checks.tell_real_players(figures, seen.real, f"{change} ({settings})")
