# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several inventory hosts, each one a namespace here: edges that pull from the origin of another host, whose address they find."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

Play = Callable[..., Any]
Hosts = dict[str, dict[str, Any]]

REGIONS = ("a-region", "z-region")


@pytest.fixture
def hosts(api: client.ApiClient) -> Iterator[Hosts]:
    """A hub that has the origin, and regions before and after it in the alphabet that have edges."""
    core = client.CoreV1Api(api)
    names = {host: f"test-{uuid.uuid4().hex[:8]}" for host in (*REGIONS, "hub")}
    for name in names.values():
        core.create_namespace({"metadata": {"name": name}})
    own = {host: {"srs_namespace": name} for host, name in names.items()}
    region = {"srs_origin_enabled": False, "srs_edge_origin_from": "hub"}
    peers = [{"ipBlock": {"cidr": "198.18.0.0/15"}}]
    yield {
        "a-region": own["a-region"] | region,
        "hub": own["hub"] | {"srs_origin_slb": {"provider": "generic"}, "srs_origin_network_policy_from": peers},
        "z-region": own["z-region"] | region | {"srs_edge_clusters": [{"name": "cdn-a"}, {"name": "cdn-b", "upstream": "cdn-a"}]},
    }
    for name in names.values():
        core.delete_namespace(name)


@pytest.fixture
def everywhere(play: Play, hosts: Hosts, kubeconfig: str, tmp_path: Path) -> Play:
    """Runs a playbook for these hosts."""
    common = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "srs_kubeconfig": kubeconfig,
        "srs_monitoring": {"enabled": False},
        "srs_edge_replicas": 1,
    }
    path = tmp_path / "hosts.yml"

    def run(*arguments: str, **options: Any) -> Any:
        path.write_text(json.dumps({"all": {"vars": common, "hosts": hosts}}))
        return play(*arguments, inventory=path, **options)

    return run


@pytest.fixture
def origins(api: client.ApiClient, hosts: Hosts) -> Callable[[str], dict[str, str]]:
    """By edge cluster's ConfigMap: what its servers on a host pull from."""

    def read(host: str) -> dict[str, str]:
        listed = client.CoreV1Api(api).list_namespaced_config_map(
            hosts[host]["srs_namespace"], label_selector="app.kubernetes.io/component=edge"
        )
        return {item.metadata.name: re.findall(r"origin (\S+);", item.data["srs.conf"])[0] for item in listed.items}

    return read


def services(api: client.ApiClient, namespace: str) -> dict[str, Any]:
    return {item.metadata.name: item for item in client.CoreV1Api(api).list_namespaced_service(namespace).items}


def test_edges_find_the_origin_that_the_same_run_makes(everywhere: Play, hosts: Hosts, origins: Any, api: client.ApiClient) -> None:
    predicted = everywhere("--check")
    assert "origin of host hub has no address yet" in " ".join(predicted.output.split())
    assert origins("a-region") == {}

    everywhere()
    (entry,) = services(api, hosts["hub"]["srs_namespace"])["srs-origin-service"].status.load_balancer.ingress
    address = f"{entry.ip}:1935"
    assert origins("hub") == {"srs-edge-config": "srs-internal-origin-service"}
    assert origins("a-region") == {"srs-edge-config": address}
    assert origins("z-region") == {"srs-edge-cdn-a-config": address, "srs-edge-cdn-b-config": "srs-edge-cdn-a-service"}
    assert set(services(api, hosts["a-region"]["srs_namespace"])) == {"srs-edge-service"}, "neither an origin nor nginx"

    assert everywhere().changed == []
    assert everywhere("--check").changed == []
    # A host by itself, with as many tasks for many edge clusters as for one.
    alone = everywhere("--limit", "z-region", "--check")
    assert alone.changed == []
    hosts["z-region"]["srs_edge_clusters"] += [{"name": f"more-{number}"} for number in range(10)]
    assert everywhere("--limit", "z-region", "--check").output.count("TASK [") == alone.output.count("TASK [")


def test_a_canary_pulls_from_there_too(everywhere: Play, origins: Any) -> None:
    everywhere()
    before = origins("a-region")["srs-edge-config"]
    everywhere("--limit", "a-region", playbook="canary", srs_canary=50, srs_edge_max_connections=1001)
    assert set(origins("a-region").values()) == {before}
    everywhere("--limit", "a-region", playbook="canary", srs_canary="promote", srs_edge_max_connections=1001)
    assert origins("a-region") == {"srs-edge-config": before}


def test_an_origin_that_is_not_there_is_waited_for_and_named(everywhere: Play, origins: Any) -> None:
    output = " ".join(everywhere("--limit", "a-region", expect=2, srs_wait_timeout=2).output.split())
    assert "The origin of host hub has no address yet: there is no Service" in output
    assert "Run site.yml for host hub with srs_origin_slb first" in output
    assert origins("a-region") == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hub": {"srs_origin_slb": {"enabled": False}}}, "that host's origin can't be reached from outside: give it srs_origin_slb"),
        (
            {"a-region": {"srs_edge_origin_from": "hup"}},
            "srs_edge_origin_from is 'hup', which is not a host of the inventory: a-region, hub, z-region",
        ),
        ({"a-region": {"srs_edge_origin_from": "a-region"}}, "srs_edge_origin_from is 'a-region', which is this very host"),
        ({"a-region": {"srs_edge_origin_from": "z-region"}}, "srs_origin_enabled is false for that host"),
        ({"a-region": {"srs_edge_origin": ["a.example"]}}, "but srs_edge_origin names an origin as well"),
        ({"a-region": {"srs_edge_origin_from": ""}}, "srs_origin_enabled is false, so edge cluster edge has no origin"),
        ({"a-region": {"hls_nginx_enabled": True}}, "srs_origin_enabled is false, but nginx serves what the origin writes"),
    ],
)
def test_bad_input_changes_nothing(everywhere: Play, hosts: Hosts, api: client.ApiClient, changes: Hosts, said: str) -> None:
    for host, variables in changes.items():
        hosts[host].update(variables)
    output = " ".join(everywhere("--limit", "a-region", expect=2).output.split())
    assert "Nothing was changed" in output
    assert said in output
    assert services(api, hosts["a-region"]["srs_namespace"]) == {}


def test_an_origin_that_is_turned_off_goes_and_leaves_its_claim(everywhere: Play, hosts: Hosts, api: client.ApiClient) -> None:
    hosts["hub"]["srs_origin_storage"] = {"type": "pvc", "size": "1Gi"}
    everywhere("--limit", "hub")
    hosts["hub"].update(srs_origin_enabled=False, srs_edge_origin=["a.example"])
    everywhere("--limit", "hub")
    namespace = hosts["hub"]["srs_namespace"]
    assert set(services(api, namespace)) == {"srs-edge-service"}
    (claim,) = client.CoreV1Api(api).list_namespaced_persistent_volume_claim(namespace).items
    assert claim.metadata.name == "srs-origin-media"
    assert everywhere("--limit", "hub").changed == []
