# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Players that nobody touches, through all that happens to what serves HLS: in every form they play on by themselves.

The same players stay for all events of a form: hls.js, Chromium's own, ffmpeg, mpv and GStreamer by HLS, mpegts.js and the programs by
HTTP-FLV from an edge, and viewers of ours, which give up where hls.js does.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from driver import change, checks, kube, needs
from driver.figures import Figures
from driver.topology import HLS, ON_AIR, ORIGIN, SHARED, Topology
from players.crowd import Audience
from players.publisher import Publisher
from players.real import RealPlayers
from players.report import Report
from players.view import WATCHED

STREAM = "stays"
OURS = 5
CROWD = 200
SETTLES = 8.0
"""Seconds in which all that follows from an event shows, after it is known that the stream is back."""

READER, CACHE = "nginx-origin", "srs-hls-edge"
TWO_SEGMENTS, BY_EDGES, A_POD_COMES = 6.0, 8.0, 8.0
"""The longest that players may stand still, in seconds: by HLS; by HTTP-FLV, where an edge waits 3 each time that the stream moves; by HLS
while the one pod of the origin has died without any grace and another one starts.
"""

Event = Callable[[Topology, Publisher], Awaitable[Any]]
_number = itertools.count()


def changed(variable: str, value: Callable[[int], Any] = lambda number: 4096 + number) -> Event:
    """site.yml with another value of a variable."""

    async def event(built: Topology, encoder: Publisher) -> None:
        run = await built.site(**{variable: value(next(_number))})
        assert run.changed

    return event


def killed(app: str, container: str = "") -> Event:
    """A container as by a crash, or a pod as with its node; of several origins the one that has the stream."""

    async def event(built: Topology, encoder: Publisher) -> None:
        pods = built.kube.serving(built.namespace, app)
        pod = (built.holder(STREAM) if app == ORIGIN and len(pods) > 1 else None) or pods[0]
        if container:
            await asyncio.to_thread(kube.kill_container, pod.containers[container])
        else:
            await asyncio.to_thread(built.kube.kill_pod, built.namespace, pod.name)

    return event


async def proxy_rolled(built: Topology, encoder: Publisher) -> None:
    proxy = {**built.variables["srs_origin_proxy"], "resources": {"limits": {"memory": f"{200 + next(_number)}Mi"}}}
    assert (await built.site(srs_origin_proxy=proxy)).changed


async def published_again(built: Topology, encoder: Publisher) -> None:
    await encoder.again()


async def on_the_last(built: Topology, encoder: Publisher) -> None:
    """Published again until it is at the origin that goes when there is one fewer."""
    for _attempt in range(20):
        holder = await asyncio.to_thread(built.holder, STREAM)
        if holder and holder.name.endswith(f"-{len(built.origins()) - 1}"):
            return
        await encoder.again()
        await asyncio.sleep(3)
    raise AssertionError("the stream never came to the last origin")


async def scaled_in(built: Topology, encoder: Publisher) -> None:
    await built.site(srs_origin_replicas=len(built.origins()) - 1)


ROLLED = {
    "roll-out of the origin": changed("srs_origin_env", lambda number: [{"name": "CHANGE", "value": str(number)}]),
    "config of the origin": changed("srs_origin_max_connections"),
}
OF_ORIGIN: dict[str, Event] = {
    "published again": published_again,
    **ROLLED,
    "config of nginx": changed("hls_nginx_worker_connections"),
    "origin's container killed": killed(ORIGIN, "srs"),
}


@dataclass(frozen=True)
class Form:
    """A form of HLS, and what happens to it."""

    variables: Mapping[str, Any]
    events: Mapping[str, Event]
    versions: tuple[int, ...] = (6, 7)
    before: Event | None = None
    """What is done before the players come."""
    flv: bool = True
    """Whether HTTP-FLV plays from an edge: see `ASKS_BY_FILE_NAME` in test_7_proxy.py."""


FORMS = {
    "sidecar": Form({}, OF_ORIGIN),
    "deployment": Form(
        {**SHARED, "hls_nginx_mode": "deployment"},
        {
            **OF_ORIGIN,
            "origin's pod killed": killed(ORIGIN),
            "nginx's container killed": killed(READER, "nginx"),
            "nginx's pod killed": killed(READER),
        },
    ),
    "cache": Form(
        {"hls_nginx_mode": "cache"},
        {
            **OF_ORIGIN,
            "origin's pod killed": killed(ORIGIN),
            "cache's container killed": killed(CACHE, "nginx"),
            "cache's pod killed": killed(CACHE),
        },
    ),
    "cache that asks SRS": Form(
        {"hls_nginx_mode": "cache", "hls_nginx_cache": {"upstream": "srs"}}, {**OF_ORIGIN, "origin's pod killed": killed(ORIGIN)}
    ),
    "origin cluster": Form(
        {**SHARED, "srs_origin_mode": "cluster", "hls_nginx_mode": "deployment"},
        {"an origin fewer": scaled_in, **ROLLED, "origin's pod killed": killed(ORIGIN)},
        versions=(6,),
        before=on_the_last,
    ),
    "proxy": Form(
        {"srs_origin_mode": "proxy", "srs_origin_replicas": 2, "hls_nginx_mode": "cache"},
        # A stream whose origin has gone is lost with this proxy: see docs/origins.md.
        {
            "published again": published_again,
            "roll-out of the proxy": proxy_rolled,
            "cache's pod killed": killed(CACHE),
        },
        versions=(7,),
        flv=False,
    ),
}


@pytest.mark.parametrize(("form", "version"), [(form, version) for form, about in FORMS.items() for version in about.versions])
def test_players_stay(
    topology: Callable[..., Topology],
    srs_images: Mapping[int, str],
    given_images: list[str],
    figures: Figures,
    form: str,
    version: int,
) -> None:
    if version not in srs_images:
        pytest.skip(f"no image of SRS {version} is in SRS_IMAGE_ARCHIVE")
    variables: dict[str, Any] = {"srs_version": version, "srs_image": srs_images[version], **FORMS[form].variables}
    if form == "proxy":
        if not (proxy := needs.proxy(given_images)):
            pytest.skip("no image whose name ends with /srs-proxy is in SRS_IMAGE_ARCHIVE")
        variables["srs_origin_proxy"] = {"image": proxy, "replicas": 1}
    built = topology(f"stays-{list(FORMS).index(form)}-{version}", {**variables, "srs_edge_replicas": 1, "srs_origin_config": {"hls": HLS}})
    noticed = asyncio.run(_watch(built, FORMS[form], figures, f"{form}, SRS {version}"))
    assert asyncio.run(built.site()).changed == 0
    assert not noticed


async def _watch(built: Topology, form: Form, figures: Figures, name: str) -> list[str]:
    """What anybody noticed beyond what can't be helped."""
    await built.site()
    hls, noticed = built.url("hls", STREAM), []
    async with built.on_air(STREAM, to="origin") as encoder:
        if form.before:
            await form.before(built, encoder)
        await change.has_segments(built, STREAM)
        async with RealPlayers(hls=hls, flv=built.url("flv", STREAM) if form.flv else ()) as real, Audience([hls] * OURS) as audience:
            assert not await audience.seated(checks.SHORT_HLS_STARTS), [view.as_dict() for view in audience.views]
            assert not await real.seated(40), [report.as_dict() for report in real.reports]
            await asyncio.sleep(5)
            # Chromium's own player sometimes ends as soon as it has begun.
            lost = {id_of(report) for report in await real.look() if report.fatal}
            for what, event in form.events.items():
                began = {id_of(report): report.ended for report in await real.look()}
                await event(built, encoder)
                lost_by_srs = await _played_again(built, encoder)
                await asyncio.sleep(SETTLES)
                row: dict[str, Any] = {}
                for report in await real.look():
                    stood = report.longest_after(began[id_of(report)])
                    row[id_of(report)] = "lost" if report.lost else stood
                    limit = BY_EDGES if not report.is_hls else A_POD_COMES if what == "origin's pod killed" else TWO_SEGMENTS
                    if lost_by_srs and not report.is_hls:
                        continue
                    if (report.lost or stood > limit) and id_of(report) not in lost:
                        noticed.append(f"{name}: {what}: {report.as_dict()}")
                    lost |= {id_of(report)} if report.lost else set()
                gone = len(audience.gone())
                noticed += [f"{name}: {what}: {view.as_dict()}" for view in audience.gone()[:1]]
                figures.add(
                    "HLS: how long each player stood still, in seconds",
                    form=name,
                    what_happened=what,
                    **row,
                    of_ours_lost=gone,
                    lost_by_srs=lost_by_srs,
                )
    return noticed


async def _played_again(built: Topology, encoder: Publisher) -> int:
    """How often SRS had taken the stream when it came again, and nobody could play it (see `Topology.on_air`): it is published again."""
    await asyncio.sleep(8)
    lost = 0
    while True:
        async with Audience([built.url("rtmp", STREAM)], patience=ON_AIR) as probe:
            await asyncio.sleep(8)
        (view,) = probe.views
        if (view.outcome == WATCHED and view.ended - view.waits_since() < 3) or lost == 3:
            return lost
        lost += 1
        await encoder.again()
        await asyncio.sleep(3)


def id_of(report: Report) -> str:
    return f"{report.player} {'hls' if report.is_hls else 'flv'}"


def test_nobody_of_a_crowd_is_lost(topology: Callable[..., Topology], newest: Mapping[str, Any], figures: Figures) -> None:
    """Viewers who follow hls.js's rules, through a roll-out and a crash of the origin; then the stream ends."""
    built = topology("crowd", {**newest, "srs_edge_replicas": 1, "srs_origin_config": {"hls": HLS}, "hls_nginx_hold_seconds": 30})

    async def watch() -> None:
        await built.site()
        async with built.on_air(STREAM, to="origin") as encoder:
            async with Audience([built.url("hls", STREAM)] * CROWD) as crowd:
                assert not await crowd.seated(40), f"{sum(view.first_frame is None for view in crowd.views)} of {CROWD} saw nothing"
                for event in (ROLLED["roll-out of the origin"], killed(ORIGIN, "srs")):
                    await event(built, encoder)
                    await asyncio.sleep(2 * SETTLES)
                gone = crowd.gone()
            figures.add(
                f"{CROWD} viewers of HLS who follow hls.js's rules",
                what_happened="roll-out of the origin, then its container killed",
                lost=len(gone),
                longest_between_segments_s=max(view.longest_gap for view in crowd.views),
                failed_requests=max(view.errors for view in crowd.views),
            )
            assert not gone, gone[0].as_dict()
        # It has really ended.
        status = {}
        for seconds in (0, 20, 25):
            await asyncio.sleep(seconds)
            status[seconds] = await asyncio.to_thread(checks.http_status, built.url("hls", STREAM))
        assert status == {0: 200, 20: 200, 25: 404}

    asyncio.run(watch())
