# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods are servers, and which are proxies."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import names
from ansible_collections.livestream.srs.plugins.module_utils._observed import members, status
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import Objects
from ansible_collections.livestream.srs.tests.support import fake_cluster
from ansible_collections.livestream.srs.tests.support.fake_cluster import IPS, PROXY_IPS, FakeClient


@pytest.fixture
def client() -> FakeClient:
    return FakeClient(1)


def built(client: FakeClient) -> Objects:
    return status.build(client.objects)


def test_without_proxies_all_pods_of_origins_and_edges_are_servers(client: FakeClient) -> None:
    found = list(members.servers(built(client)))
    assert [(item.component, item.cluster, item.workload["name"]) for item in found[:2]] == [
        ("origin", "origin", "srs-origin"),
        ("edge", "edge", "srs-edge"),
    ]
    assert {item.pod["name"]: item.pod["ip"] for item in found} == IPS
    assert list(members.proxies(built(client))) == []
    assert members.inside(built(client)).relays == frozenset()


def test_proxies_are_told_from_origins_by_their_container(client: FakeClient) -> None:
    client.add_proxies()
    assert {item.pod["name"] for item in members.servers(built(client))} == set(IPS)
    assert {item.pod["name"] for item in members.proxies(built(client))} == set(PROXY_IPS)


def test_other_pods_of_an_edge_cluster_are_neither(client: FakeClient) -> None:
    client.objects["StatefulSet"][1]["spec"]["template"]["spec"]["containers"][0]["name"] = "something-else"
    assert [item.pod["name"] for item in members.servers(built(client))] == ["origin-0"]
    assert list(members.proxies(built(client))) == []


def test_what_is_inside(client: FakeClient) -> None:
    client.add_proxies()
    found = members.inside(built(client))
    assert found.relays == set(PROXY_IPS.values())
    assert found.hosts == {names.ORIGIN_SERVICE, names.PROXY_SERVICE}


def test_a_proxy_without_an_address_is_not_a_relay_yet(client: FakeClient) -> None:
    client.add_proxies()
    first: dict[str, Any] = next(pod for pod in client.objects["Pod"] if pod["metadata"]["name"] in PROXY_IPS)
    del first["status"]["podIP"]
    assert len(members.inside(built(client)).relays) == len(PROXY_IPS) - 1


def test_services_of_edges_are_not_where_edges_pull_from(client: FakeClient) -> None:
    edge = fake_cluster.service("srs-edge-service", "edge")
    edge["metadata"]["labels"] = names.labels("edge", "edge", "srs")
    client.objects["Service"] = [edge]
    assert members.inside(built(client)).hosts == frozenset()
