# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several origins that know of each other, behind one Service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from driver import change, checks, kube
from driver.figures import Figures
from driver.topology import HLS, SHARED, Topology, address
from players.crowd import Regulars


@pytest.fixture(scope="module")
def built(topology: Callable[..., Topology], newest: Mapping[str, Any]) -> Topology:
    made = topology(
        "cluster",
        {**newest, **SHARED, "srs_origin_mode": "cluster", "hls_nginx_mode": "deployment", "srs_origin_config": {"hls": HLS}},
    )
    asyncio.run(made.site())
    return made


def test_what_is_published_to_any_origin_plays_from_every_edge(built: Topology) -> None:
    async def watch() -> None:
        origins = built.origins()
        assert len(origins) == 3
        streams = [f"on-{number}" for number in range(3)]
        one, two, three = (built.on_air(stream, to=address("rtmp", pod.ip, stream)) for stream, pod in zip(streams, origins, strict=True))
        async with one, two, three:
            holders = [built.holder(stream) for stream in streams]
            assert [pod and pod.name for pod in holders] == [pod.name for pod in origins]
            urls = [url for stream in streams for protocol in ("rtmp", "flv") for url in built.edge_urls(protocol, stream)]
            assert len(urls) == 18
            await checks.all_watch(urls, [built.url("hls", stream) for stream in streams])

    asyncio.run(watch())


def test_a_second_run_changes_nothing(built: Topology) -> None:
    assert asyncio.run(built.site()).changed == 0


def test_no_log_tells_of_trouble(built: Topology) -> None:
    found = checks.trouble(built)
    assert not found


def test_the_origin_that_holds_the_stream_is_killed(built: Topology, figures: Figures) -> None:
    async def watch() -> None:
        # The encoder reconnects to the Service, and so comes to another origin.
        async with built.on_air("wanted", to="origin") as encoder, change.real_players(built, "wanted") as real:
            origin = await asyncio.to_thread(built.holder, "wanted")
            assert origin, "no origin has the stream"
            async with Regulars([built.url("rtmp", "wanted"), built.url("flv", "wanted")] * 5) as regulars:
                await asyncio.sleep(5)
                await asyncio.to_thread(built.kube.kill_pod, built.namespace, origin.name)
                await asyncio.sleep(45)
            checks.have_the_picture(regulars)
            holder = await asyncio.to_thread(built.holder, "wanted")
        waited = regulars.interruptions()
        figures.add(
            "The origin that holds the stream is killed, of a cluster of 3",
            players=len(waited),
            reconnected=regulars.reconnected(),
            publisher_reconnected=len(encoder.cuts),
            moved_to_another_origin="yes" if holder and holder.uid != origin.uid else "no",
            longest_without_picture_s=max(waited),
            median_without_picture_s=sorted(waited)[len(waited) // 2],
        )
        checks.tell_real_players(figures, real, "the origin that holds the stream is killed, of a cluster of 3")
        checks.nobody_is_lost(real.reports, stall=6)

    asyncio.run(watch())
    kube.wait_until(lambda: len(built.origins()) == 3, 90, "all origins are back")
