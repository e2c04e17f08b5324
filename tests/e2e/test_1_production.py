# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml as it ships, with the production defaults: does it stream?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from driver import checks, kube
from driver.figures import Figures
from driver.topology import Topology
from players.crowd import Audience

RESTRICTED = {"Uid": "10001", "Gid": "10001", "NoNewPrivs": "1", "Seccomp": "2", "CapEff": "0000000000000000", "CapBnd": "0000000000000000"}


@pytest.fixture(scope="module")
def built(topology: Callable[..., Topology], newest: Mapping[str, Any]) -> Topology:
    made = topology("production", newest)
    asyncio.run(made.site())
    return made


def test_prints_where_to_publish_and_play(built: Topology) -> None:
    assert built.printed
    edge, http = (built.kube.address(built.namespace, name) for name in ("srs-edge-service", "srs-http-service"))
    assert built.printed.url("rtmp") == f"rtmp://{edge}/live/livestream"
    assert built.printed.url("flv") == f"http://{edge}:8080/live/livestream.flv"
    assert built.printed.url("hls") == f"http://{http}/live/livestream.m3u8"


def test_every_pod_is_ready_by_its_probes(built: Topology) -> None:
    pods = built.kube.pods(built.namespace)
    assert len(pods) == 4
    for pod in pods:
        assert pod.ready and not pod.restarts, pod.body.status
        for container in pod.body.spec.containers:
            assert container.readiness_probe and container.liveness_probe, f"{pod.name}: {container.name} has no probes"


def test_every_container_runs_restricted(built: Topology) -> None:
    """Asked of the kernel, not of the objects."""
    for pod in built.kube.pods(built.namespace):
        for name, container in pod.containers.items():
            for pid in kube.processes(container):
                status = kube.status(pid)
                found = {key: status[key].split()[0] for key in RESTRICTED}
                assert found == RESTRICTED, f"{pod.name}: {name}"
                assert "ro" in kube.root_mount_options(pid), f"{pod.name}: {name} can write to its image"
            assert kube.processes(container), f"{pod.name}: {name} has no process"


def test_everybody_sees_the_stream(built: Topology, figures: Figures) -> None:
    asyncio.run(checks.everybody_sees(built, figures, "production"))


@pytest.mark.parametrize("to", ["edge", "origin"])
def test_a_stream_reaches_every_edge_and_hls(built: Topology, to: str) -> None:
    stream = f"to-{to}"

    async def watch() -> None:
        async with built.on_air(stream, to=to), Audience([built.url("hls", stream)]) as hls:
            urls = [url for protocol in ("rtmp", "flv") for url in built.edge_urls(protocol, stream)]
            assert len(urls) == 6
            async with Audience(urls) as edges:
                assert not await edges.seated(20), edges.views
                await asyncio.sleep(5)
            assert not await hls.seated(checks.HLS_STARTS), hls.views
        checks.fine(edges.views)

    asyncio.run(watch())


def test_an_edge_pulls_a_stream_once_whatever_the_number_of_players(built: Topology, figures: Figures) -> None:
    async def watch() -> None:
        streams = ["one", "two", "three"]
        async with built.on_air("one"), built.on_air("two", to="origin"), built.on_air("three"):
            for count, players in ((1, 20), (3, 60)):
                urls = [built.url(("rtmp", "flv")[number // count % 2], streams[number % count]) for number in range(players)]
                async with Audience(urls) as audience:
                    assert not await audience.seated(20), audience.views
                    by_edge = await built.players_by_edge()
                    pulls = await asyncio.to_thread(built.pulls)
                    figures.add(
                        "Fan-in: what the origin sends", streams=count, players=players, edges=len(by_edge), pulls_at_the_origin=len(pulls)
                    )
                    assert min(by_edge.values()) > 0, f"the load balancer left an edge without players: {by_edge}"
                    for stream in streams[:count]:
                        sources = [client["ip"] for client in pulls if client["url"].endswith(f"/{stream}")]
                        assert len(sources) == len(set(sources)), f"an edge pulls {stream} twice: {sources}"
                    assert len(pulls) == 3 if count == 1 else len(pulls) <= 9
                checks.fine(audience.views)
                # An edge ends its pull when its last player has gone.
                await asyncio.to_thread(kube.wait_until, lambda: not built.pulls(), 30, "the edges stopped to pull")

    asyncio.run(watch())


def test_a_second_run_changes_nothing_and_cuts_nobody(built: Topology) -> None:
    async def watch() -> None:
        before = {pod.uid for pod in built.kube.pods(built.namespace)}
        # A stream of its own: HLS of one that was published before begins with the end of that.
        async with built.on_air("again") as encoder:
            async with Audience([built.url(protocol, "again") for protocol in ("rtmp", "flv", "hls") * 3]) as audience:
                assert not await audience.seated(checks.HLS_STARTS), audience.views
                assert (await built.site()).changed == 0
            checks.fine(audience.views)
            assert not encoder.cuts
        assert {pod.uid for pod in built.kube.pods(built.namespace)} == before

    asyncio.run(watch())


def test_no_log_tells_of_trouble(built: Topology) -> None:
    """Last, so that all that was done before is in the logs."""
    found = checks.trouble(built)
    assert not found
