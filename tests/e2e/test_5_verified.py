# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What site.yml says after a change: whether a live stream plays from what it has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from driver import playbook
from driver.topology import Topology

CLUSTERS = [{"name": "edge", "replicas": 1}, {"name": "b", "replicas": 1}]
# Nobody is waited for: the test is about new servers.
VARIABLES = {"srs_edge_drain_seconds": 0, "srs_edge_clusters": CLUSTERS}


@pytest.fixture(scope="module")
def built(topology: Callable[..., Topology], newest: Mapping[str, Any]) -> Topology:
    made = topology("verified", {**newest, **VARIABLES})
    said = asyncio.run(made.site()).output
    assert "Nothing could be verified: no stream is live." in said
    return made


async def change(built: Topology, **variables: Any) -> playbook.Run:
    """A run while a stream is on air, as far as it gets."""
    async with built.on_air(to="origin"):
        return await playbook.attempt("playbooks/site.yml", built.kubeconfig, {**built.variables, **variables})


def with_b(**own: Any) -> list[dict[str, Any]]:
    return [CLUSTERS[0], {**CLUSTERS[1], **own}]


@pytest.mark.parametrize("way", ["pod_proxy", "port_forward", "pod_ip"])
def test_what_plays_is_said(built: Topology, way: str) -> None:
    limit = {"pod_proxy": 900, "port_forward": 901, "pod_ip": 902}[way]
    run = asyncio.run(change(built, srs_edge_max_connections=limit, srs_api_via=way))
    assert run.status == 0, run.output
    assert "/live/livestream plays from edge cluster 'edge', edge cluster 'b'" in run.output


def test_a_run_after_which_nothing_plays_fails(built: Topology) -> None:
    run = asyncio.run(change(built, srs_edge_clusters=with_b(origin=["127.0.0.1:1"])))
    assert run.status == 2, run.output
    assert "a live stream doesn't play from 1 of 2 changed clusters" in run.output
    assert "edge cluster 'b' (pod srs-edge-b-deployment-" in run.output
    assert "its log says:" in run.output


def test_it_can_be_turned_off(built: Topology) -> None:
    run = asyncio.run(change(built, srs_edge_clusters=with_b(origin=["127.0.0.1:2"]), srs_verify=False))
    assert run.status == 0, run.output


def test_a_player_that_may_be_refused_is_no_failure(built: Topology) -> None:
    hooks = {"http_hooks": {"enabled": True, "on_play": ["http://127.0.0.1:1/play"]}}
    run = asyncio.run(change(built, srs_edge_clusters=with_b(config=hooks)))
    assert run.status == 0, run.output
    assert "edge cluster 'b' could not be verified: http_hooks.on_play may refuse a player without a token" in run.output


def test_a_publisher_that_was_cut_is_waited_for(built: Topology) -> None:
    run = asyncio.run(change(built, srs_origin_env=[{"name": "CHANGED", "value": "1"}]))
    assert run.status == 0, run.output
    assert "/live/livestream plays from the origin" in run.output
