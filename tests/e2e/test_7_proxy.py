# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several origins behind the proxies of SRS 7, which share by redis what they know."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping

import pytest
from driver import change, checks, needs, tool
from driver.figures import Figures
from driver.places import REDIS
from driver.topology import HLS, Topology
from kubernetes import utils
from players.crowd import Regulars

STREAMS = 6

ASKS_BY_FILE_NAME = (7, 0, 18)
"""Up to this release an edge asks for STREAM.flv when a player of HTTP-FLV comes first, which the proxy takes for another stream."""


def release(topology: Topology) -> tuple[int, ...]:
    told = topology.kube.srs(topology.namespace, topology.edges()[0].name, "api/v1/versions")["data"]
    return told["major"], told["minor"], told["revision"]


def protocols(topology: Topology) -> list[str]:
    """Those that an edge's first player may come by."""
    return ["rtmp"] if release(topology) <= ASKS_BY_FILE_NAME else ["rtmp", "flv"]


@pytest.fixture(scope="module")
def built(topology: Callable[..., Topology], srs_images: Mapping[int, str], given_images: list[str]) -> Topology:
    proxy = needs.proxy(given_images)
    if not proxy or 7 not in srs_images:
        pytest.skip("no image of SRS 7, or none whose name ends with /srs-proxy, is in SRS_IMAGE_ARCHIVE")
    variables = {
        "srs_version": 7,
        "srs_image": srs_images[7],
        "srs_origin_mode": "proxy",
        "srs_origin_config": {"hls": HLS},
        "srs_origin_proxy": {
            "image": proxy,
            "replicas": 2,
            "redis": {"host": "redis", "password_secret": {"name": "redis", "key": "password"}},
        },
        "hls_nginx_mode": "cache",
    }
    made = topology("proxy", variables)
    tool.run("redis-image")
    made.kube.make_namespace(made.namespace)
    utils.create_from_yaml(made.kube.api, str(REDIS), namespace=made.namespace)
    asyncio.run(made.site())
    return made


def test_what_is_published_through_edges_plays_from_every_edge_and_by_hls(built: Topology, figures: Figures) -> None:
    async def watch() -> None:
        streams = [f"by-proxy-{number}" for number in range(STREAMS)]
        async with contextlib.AsyncExitStack() as encoders:
            for stream in streams:
                await encoders.enter_async_context(built.on_air(stream))
            holders = [await asyncio.to_thread(built.holder, stream) for stream in streams]
            assert all(holders), "a stream is at no origin"
            urls = [url for stream in streams for protocol in protocols(built) for url in built.edge_urls(protocol, stream)]
            views = await checks.all_watch(urls, [built.url("hls", stream) for stream in streams])
        figures.add(
            "Three origins of SRS 7 behind two proxies and redis",
            streams=STREAMS,
            origins_with_streams=len({holder.name for holder in holders if holder}),
            players_at_edges=len(urls),
            by=" and ".join(protocols(built)),
            players_of_hls=STREAMS,
            first_picture_s=max(view.first_frame for view in views),
            longest_gap_s=max(view.longest_gap for view in views),
        )

    asyncio.run(watch())


def test_the_proxies_are_replaced(built: Topology, figures: Figures) -> None:
    async def watch() -> None:
        async with (
            built.on_air("kept") as encoder,
            change.real_players(built, "kept", [kind for kind in change.EVERY_KIND if kind in ("hls", *protocols(built))]) as real,
            Regulars([built.url("rtmp", "kept")] * 9) as regulars,
        ):
            await asyncio.sleep(5)
            run = await built.site(srs_origin_proxy={**built.variables["srs_origin_proxy"], "resources": {"limits": {"memory": "200Mi"}}})
            assert run.changed
            await asyncio.sleep(15)
        checks.have_the_picture(regulars)
        waited = regulars.interruptions()
        figures.add(
            "Both proxies are replaced by a rollout",
            players=len(waited),
            cut=regulars.reconnected(),
            publisher_reconnected=len(encoder.cuts),
            longest_without_picture_s=max(waited),
        )
        checks.tell_real_players(figures, real, "both proxies are replaced")
        checks.nobody_is_lost(real.reports, stall=6)

    asyncio.run(watch())


def test_a_second_run_changes_nothing(built: Topology) -> None:
    assert asyncio.run(built.site()).changed == 0


def test_no_log_tells_of_trouble(built: Topology) -> None:
    found = checks.trouble(built)
    assert not found
