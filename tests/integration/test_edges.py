# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many edge clusters: what leaves the inventory goes, and nothing else; nobody gets in who doesn't belong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

Play = Callable[..., Any]
Kubectl = Callable[..., str]
FIXTURES = Path(__file__).parent / "fixtures"

KINDS = "deployments,services,configmaps,poddisruptionbudgets,networkpolicies"


def test_what_leaves_the_inventory_is_removed_and_nothing_else(play: Play, namespace: str, kubectl: Kubectl) -> None:
    def there() -> set[str]:
        return set(kubectl("get", "-n", namespace, KINDS, "-o", "name").split())

    twelve = [{"name": "edge", "replicas": 1}, *({"name": f"cdn-{letter}", "replicas": 1} for letter in "abcdefghijk")]
    kept, gone = twelve[:7], {f"srs-edge-{cluster['name']}" for cluster in twelve[7:]}
    play(srs_edge_clusters=twelve)
    assert play(srs_edge_clusters=twelve).changed == []
    # A second topology, and an object that only looks like a member.
    play("--tags", "edge", srs_topology="other", srs_edge_clusters=[{"name": "other", "replicas": 1}])
    service = json.loads(kubectl("get", "-n", namespace, "service", "srs-edge-cdn-k-service", "-o", "json"))
    member = f"applyset.kubernetes.io/part-of={service['metadata']['labels']['applyset.kubernetes.io/part-of']}"
    kubectl("create", "-n", namespace, "configmap", "srs-edge-cdn-z-config", "--from-literal=a=b")
    kubectl("label", "-n", namespace, "configmap", "srs-edge-cdn-z-config", member, "app.kubernetes.io/managed-by=livestream.srs")

    before = there()
    predicted = play("--check", "--diff", srs_edge_clusters=kept)
    assert there() == before
    real = play("--diff", srs_edge_clusters=kept)
    assert (real.changed, real.differences) == (predicted.changed, predicted.differences)
    removed = {name.partition("/")[2] for name in before - there()}
    assert there() < before
    assert {re.sub(r"-(config|deployment|service)$", "", name) for name in removed} == gone
    assert len(before - there()) == 5 * len(gone)


def test_twelve_clusters_of_three_providers(play: Play, namespace: str, kubectl: Kubectl) -> None:
    """What each provider's controller gets to see is in a file of its own, to be read by people."""
    inventory = ("-e", f"@{FIXTURES / 'twelve-clusters.yml'}")
    play(*inventory)
    assert play(*inventory).changed == []
    there = json.loads(kubectl("get", "-n", namespace, "services", "-o", "json"))["items"]
    services = {
        service["metadata"]["name"]: {
            "type": service["spec"]["type"],
            "ports": [port["port"] for port in service["spec"]["ports"]],
            "annotations": service["metadata"].get("annotations", {}),
        }
        for service in there
    }
    wanted = {provider: json.loads(file.read_text()) for file in FIXTURES.glob("twelve-clusters-*.json") if (provider := file.stem)}
    assert len(wanted) == 4
    assert services == {name: service for golden in wanted.values() for name, service in golden.items()}
    config = kubectl("get", "-n", namespace, "configmap", "srs-edge-second-level-config", "-o", "jsonpath={.data.srs\\.conf}")
    assert re.search(r"origin\s+srs-edge-service;", config)


def test_the_last_edge_cluster_goes_only_when_asked_in_so_many_words(play: Play, namespace: str, kubectl: Kubectl) -> None:
    play()
    assert "srs_edge_allow_none" in play(expect=2, srs_edge_clusters=[]).output
    assert "srs-edge-deployment" in kubectl("get", "-n", namespace, "deployments", "-o", "name")
    play(srs_edge_clusters=[], srs_edge_allow_none=True)
    assert kubectl("get", "-n", namespace, "deployments", "-o", "name").split() == ["deployment.apps/srs-origin-deployment"]


def test_a_run_that_fails_removes_nothing(play: Play, namespace: str, kubectl: Kubectl) -> None:
    play(srs_edge_clusters=[{"name": "edge"}, {"name": "cdn-a", "replicas": 1}])
    play(expect=2, srs_edge_clusters=[{"name": "edge", "node_selector": {"a": "not a label!"}}])
    assert "srs-edge-cdn-a-deployment" in kubectl("get", "-n", namespace, "deployments", "-o", "name")


def test_pods_pass_the_restricted_admission(play: Play, namespace: str, kubectl: Kubectl) -> None:
    kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    assert "origin 1/1, edge 3/3" in play().output
