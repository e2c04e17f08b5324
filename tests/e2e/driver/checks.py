# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every topology has to show, whatever its settings."""

from __future__ import annotations

import asyncio
import re
import urllib.error
import urllib.request
from collections.abc import Container, Iterable

from players.crowd import Audience, Regulars
from players.real import RealPlayers
from players.report import Report
from players.view import WATCHED, View

from .figures import Figures
from .topology import Topology

WATCH = 25.0
"""Seconds: two segments of HLS and more."""

HLS_STARTS = 40.0
"""Seconds until a new stream has its first segment: SRS's default is one of 10 s, cut at the next keyframe."""

SHORT_HLS_STARTS = 20.0
"""The same with segments of 2 s."""

TROUBLE = re.compile(r"\[(?:error|emerg|alert|crit|fatal)\]|permission denied|read-only file system|no such file", re.IGNORECASE)
OF_PEERS = re.compile(r"OriginClusterDiscover|\b(?:recv|read bytes|send|socket|connect\w*|handshake|client)\b|errno=4\b", re.IGNORECASE)
"""Somebody went away, or asked a cluster for what nobody publishes, which servers also call an error."""


def fine(views: Iterable[View], *, sound: bool = True) -> None:
    """Everybody saw pictures with sound until they left by themselves, and the stream's clock went on as theirs did."""
    for view in views:
        seen = view.as_dict()
        assert view.outcome == WATCHED, seen
        assert view.video == "h264" and view.audio in (("aac",) if sound else ("aac", "")), seen
        watched = (view.ended - (view.first_frame or 0)) * 1000
        # A player starts up to one segment behind, and HLS comes by the segment.
        slack = 12000 if view.protocol == "hls" else 2500
        assert view.media_ms > watched - slack, seen
        assert not view.jumps, seen


def have_the_picture(regulars: Regulars) -> None:
    """Whatever came between, everybody sees the stream in the end."""
    last = [visits[-1] for visits in regulars.visits]
    assert all(view.first_frame is not None and view.longest_gap < 20 for view in last), [view.as_dict() for view in last]


def nobody_is_lost(reports: Iterable[Report], *, stall: float, but: Container[str] = ()) -> None:
    """No real player has to be started again, and none stood still for longer than so many seconds; `but` these kinds."""
    noticed = [report.as_dict() for report in reports if report.player not in but and (report.lost or report.longest_stall > stall)]
    assert not noticed, noticed


def tell_real_players(figures: Figures, real: RealPlayers, what_happened: str) -> None:
    """A row for each kind of player and protocol, also for those that can't be had."""
    table = "Real players, with nobody to start them again"
    kinds: dict[tuple[str, str], list[Report]] = {}
    for report in real.reports:
        kinds.setdefault((report.player, "HLS" if report.is_hls else "HTTP-FLV"), []).append(report)
    for (player, protocol), reports in kinds.items():
        figures.add(
            table,
            what_happened=what_happened,
            player=player,
            protocol=protocol,
            players=len(reports),
            lost=sum(report.lost for report in reports),
            longest_stall_s=max(report.longest_stall for report in reports),
            stalls=max(report.stalls for report in reports),
            first_picture_s=max((report.first_picture for report in reports if report.first_picture is not None), default=None),
            said="; ".join(sorted({report.fatal for report in reports if report.fatal})) or None,
        )
    for player, why in real.lacking.items():
        figures.add(table, what_happened=what_happened, player=player, players=0, said=why)


async def all_watch(urls: Iterable[str], hls_urls: Iterable[str], *, sound: bool = True) -> list[View]:
    """RTMP and HTTP-FLV, and beside them HLS of segments of 2 s; those who watched the former. For `sound` see below."""
    async with Audience(hls_urls) as hls, Audience(urls) as others:
        assert not await others.seated(20), [view.as_dict() for view in others.views]
        assert not await hls.seated(SHORT_HLS_STARTS), [view.as_dict() for view in hls.views]
        await asyncio.sleep(10)
    fine(others.views, sound=sound)
    fine(hls.views)
    return others.views


async def everybody_sees(topology: Topology, figures: Figures, settings: str, *, sound: bool = True) -> None:
    """RTMP, HTTP-FLV and HLS through the printed addresses, and straight from the origin beside them.

    Without `sound`, an HTTP-FLV player may go without: left to itself, SRS 5 and later decides by a player's first few frames
    whether there is any, and for the first player on an edge it is sometimes wrong.
    """
    async with topology.on_air():
        ways = {
            ("rtmp", "edge"): topology.url("rtmp"),
            ("flv", "edge"): topology.url("flv"),
            ("hls", "nginx"): topology.url("hls"),
            ("rtmp", "origin"): topology.origin_url("rtmp"),
            ("flv", "origin"): topology.origin_url("flv"),
        }
        # HLS has nothing to play until its first segments are there; then everybody comes again, to a stream under way.
        async with Audience([ways["hls", "nginx"]]) as early:
            assert not await early.seated(HLS_STARTS)
        async with Audience(ways.values()) as audience:
            assert not await audience.seated(20), audience.views
            await asyncio.sleep(WATCH)
        fine(audience.views, sound=sound)
    for (protocol, through), view in zip(ways, audience.views, strict=True):
        figures.add(
            "Time to the first picture, in seconds after the player began to connect (stream under way)",
            settings=settings,
            protocol={"rtmp": "RTMP", "flv": "HTTP-FLV", "hls": "HLS"}[protocol],
            through=through,
            connected=view.connected,
            first_picture=view.first_frame,
            longest_gap=view.longest_gap,
            codecs="+".join(filter(None, (view.video, view.audio))),
        )
    hls = audience.views[2]
    assert hls.segments >= 2, "the playlist did not move on"
    assert not hls.errors, hls.as_dict()


def trouble(topology: Topology) -> dict[str, list[str]]:
    """What the logs of a topology tell of errors that no viewer or encoder has made, by pod and container."""
    found = {}
    for pod in topology.kube.pods(topology.namespace):
        for container in [*pod.body.spec.containers, *(pod.body.spec.init_containers or [])]:
            lines = topology.kube.logs(topology.namespace, pod.name, container.name)
            if bad := [line for line in lines if TROUBLE.search(line) and not OF_PEERS.search(line)]:
                found[f"{pod.name}: {container.name}"] = bad[:5]
    return found


def http_status(url: str) -> int:
    """What a request for this is answered with."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
