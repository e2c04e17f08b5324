# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of the topology while people watch: what it looks like to those who stay and to those who come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from players.crowd import Audience, Newcomers
from players.publisher import Publisher
from players.view import EMPTY, REFUSED, STALLED, UNDECODABLE, WATCHED, View, summary

from .figures import Figures
from .topology import Topology

PLAYERS = 30
SEATED = 25.0


@dataclass(frozen=True)
class Change:
    """What was seen of a change."""

    seconds: float
    stayed: list[View]
    came: list[View]
    encoder: Publisher

    def cut(self) -> list[View]:
        """Those who lost the picture before they wanted to leave."""
        return [view for view in self.stayed if view.outcome != WATCHED]

    def turned_away(self) -> list[View]:
        """Those who came and got no picture."""
        return [view for view in self.came if view.outcome in (STALLED, EMPTY, UNDECODABLE, REFUSED)]


async def under_watch(
    topology: Topology,
    change: Callable[[], Awaitable[object]],
    *,
    linger: float,
    to: str = "origin",
    players: int = PLAYERS,
) -> Change:
    """Make the change with players on every edge and a newcomer every 200 ms, and go on watching for some seconds."""
    async with topology.on_air(to=to) as encoder:
        ways = [topology.url("rtmp"), topology.url("flv")]
        await topology.balanced()
        async with Audience(ways[number % 2] for number in range(players)) as audience:
            lacking = await audience.seated(SEATED)
            assert not lacking, [view.as_dict() for view in lacking]
            by_edge = await topology.players_by_edge()
            assert min(by_edge.values()) > 0, f"the load balancer left an edge without players: {by_edge}"
            async with Newcomers(ways) as newcomers:
                began = time.monotonic()
                await change()
                seconds = time.monotonic() - began
                await asyncio.sleep(linger)
    return Change(seconds, audience.views, newcomers.views, encoder)


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
