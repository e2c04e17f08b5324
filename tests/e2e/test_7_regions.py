# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts of an inventory: one has the origin, the other has edges alone, which find it by its load balancer."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from driver import checks, playbook
from driver.topology import HLS, Topology

SMALL = {"srs_origin_resources": {}, "srs_edge_resources": {}, "hls_nginx_resources": {}}
"""A small machine has to hold both."""

REGION = {"srs_origin_enabled": False, "srs_edge_origin_from": "hub", "srs_edge_replicas": 2}


class Regions:
    """The topologies of a run for both hosts."""

    def __init__(self, hub: Topology, region: Topology, inventory: Path) -> None:
        self.hub, self.region, self.inventory = hub, region, inventory
        common = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, **SMALL}
        hosts = {"hub": {**common, **hub.variables}, "region": {**common, **region.variables}}
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}))

    async def site(self) -> playbook.Run:
        return await playbook.run("playbooks/site.yml", self.hub.kubeconfig, {}, inventory=self.inventory)


@pytest.fixture(scope="module")
def built(topology: Callable[..., Topology], newest: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Regions:
    hub = topology("hub", {**newest, "srs_origin_slb": {"provider": "generic"}, "srs_edge_replicas": 1, "srs_origin_config": {"hls": HLS}})
    region = topology("region", {**newest, **REGION})
    made = Regions(hub, region, tmp_path_factory.mktemp("inventory") / "hosts.yml")
    asyncio.run(made.site())
    return made


def test_what_is_published_in_one_region_plays_in_the_other(built: Regions) -> None:
    """In both directions: a stream published to the region's edges goes to the origin, too."""

    async def watch() -> None:
        hub, region = built.hub, built.region
        async with hub.on_air("there"), hub.on_air("here", to=region.url("rtmp", "here")):
            edges = [url for stream in ("there", "here") for kind in ("rtmp", "flv") for url in region.edge_urls(kind, stream)]
            urls = [hub.url("rtmp", "here"), hub.url("flv", "here"), region.url("rtmp", "there"), region.url("flv", "there"), *edges]
            await checks.all_watch(urls, [hub.url("hls", "here")], sound=False)

    asyncio.run(watch())


def test_a_second_run_changes_nothing(built: Regions) -> None:
    assert asyncio.run(built.site()).changed == 0


def test_there_is_one_origin(built: Regions) -> None:
    assert not built.region.origins()
    assert all(pod.ready and not pod.restarts for one in (built.hub, built.region) for pod in one.kube.pods(one.namespace))
    assert not {**checks.trouble(built.hub), **checks.trouble(built.region)}
