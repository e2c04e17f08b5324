# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A topology that was applied by hand from the tutorial comes under site.yml while people watch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from driver import checks, kube
from driver.cluster import Cluster
from driver.topology import BARE, EDGE, ORIGIN, Topology
from players.crowd import Audience, Newcomers
from players.view import WATCHED


@pytest.fixture(scope="module")
def by_hand(cluster: Cluster, topology: Callable[..., Topology], newest: Mapping[str, Any]) -> Topology:
    image = newest["srs_image"].removeprefix("docker.io/")
    made = topology("tutorial", {**newest, **BARE, "srs_image": image})
    made.apply_tutorial(image, cluster.kubectl)

    def serves() -> bool:
        return (len(made.edges()), len(made.kube.serving(made.namespace, ORIGIN))) == (3, 1)

    kube.wait_until(serves, 120, "the pods of the tutorial are ready")
    addresses = ("srs-edge-service", "srs-http-service")
    kube.wait_until(lambda: all("." in made.kube.address(made.namespace, name) for name in addresses), 30, "the Services have addresses")
    return made


def test_no_pod_is_replaced_and_no_player_is_cut(by_hand: Topology) -> None:
    def pods() -> dict[str, int]:
        return {pod.uid: pod.restarts for pod in by_hand.kube.pods(by_hand.namespace)}

    async def watch() -> None:
        urls = [by_hand.url(protocol) for protocol in ("rtmp", "flv", "hls")]
        async with by_hand.on_air() as encoder:
            async with Audience([*urls * 3]) as audience, Newcomers(urls[:2]) as newcomers:
                assert not await audience.seated(checks.HLS_STARTS), audience.views
                before = pods()
                first = await by_hand.site()
                assert first.changed > 0
                # It may take some seconds until a replaced pod or a changed Service would be noticed.
                await asyncio.sleep(10)
                assert pods() == before
                assert (await by_hand.site()).changed == 0
            checks.fine(audience.views, sound=False)
            assert not encoder.cuts
        refused = [view.as_dict() for view in newcomers.views if view.outcome != WATCHED]
        assert newcomers.views and not refused

    asyncio.run(watch())
    for app in (EDGE, ORIGIN):
        labels = by_hand.kube.apps.read_namespaced_deployment(f"{app}-deployment", by_hand.namespace).metadata.labels
        assert labels["app.kubernetes.io/managed-by"] == "livestream.srs"
    ports = by_hand.kube.service(by_hand.namespace, "srs-http-service").spec.ports
    assert [port.port for port in ports] == [80], "the HTTP API is still open to everybody"
