# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_edge_rollout_info: read all clusters at once. What srs_edge_rollout reads and returns is the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._labels import owned_by_topology
from ansible_collections.livestream.srs.plugins.module_utils._rollout import rollouts
from ansible_collections.livestream.srs.plugins.module_utils._rollout.rollouts import Cluster
from ansible_collections.livestream.srs.plugins.module_utils._text import printable, printable_data, table

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def flow(module: AnsibleModule) -> dict[str, Any]:
    """The module's result; raises SrsError where a cluster is named that does not exist, or none where there are several."""
    with client_of(module) as client:
        found = read(client, module.params)
        chosen = choose(found, module.params)
        return {"changed": False, "clusters": [report(found[name]) for name in chosen], "summary": summary(found, chosen)}


@contextmanager
def client_of(module: AnsibleModule) -> Iterator[Client]:
    """The client of a module, closed at the end; the module passes on its warnings."""
    client = Client.from_module(module)
    try:
        yield client
    finally:
        for warning in client.warnings:
            module.warn(warning)
        client.close()


def read(client: Client, params: Mapping[str, Any]) -> dict[str, Cluster]:
    """All edge clusters of a topology, by name. Takes three requests, however many there are."""

    def listed(place: tuple[str, str, str]) -> list[Object]:
        version, kind, labels = place
        return client.list(version, kind, params["namespace"], label_selector=labels or None).items

    labels = owned_by_topology(params["topology"], "edge")
    # ReplicaSets have the labels of their pods, and the bare pods of the tutorial have none of ours.
    return rollouts.clusters(
        *client.each(listed, [("apps/v1", "Deployment", labels), ("apps/v1", "ReplicaSet", ""), ("v1", "ConfigMap", labels)])
    )


def choose(found: Mapping[str, Cluster], params: Mapping[str, Any]) -> list[str]:
    """The names of the clusters that the options ask for."""
    return rollouts.chosen(params["clusters"] or [], found, f"in namespace {params['namespace']}")


def report(cluster: Cluster) -> dict[str, Any]:
    """One cluster as the modules return it. Anybody can write annotations, with holds and change causes in them."""
    told: dict[str, Any] = {
        "name": cluster.name,
        "deployment": cluster.deployment["metadata"]["name"],
        "servers": rollouts.servers(cluster.deployment),
        "paused": cluster.is_paused,
        "hold": cluster.held,
        "canary": cluster.canary["metadata"]["name"] if cluster.canary else None,
        "canary_servers": rollouts.servers(cluster.canary) if cluster.canary else None,
        "canary_objects": [_reference(item) for item in (cluster.canary, cluster.canary_config) if item],
        "history": rollouts.history(cluster),
    }
    return dict(printable_data(told))


def _reference(item: Object) -> Object:
    """As much of an object as it takes to remove it."""
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": {"name": item["metadata"]["name"]}}


def summary(found: Mapping[str, Cluster], chosen: list[str]) -> list[str]:
    """The chosen clusters as lines to print."""
    return [line for name in chosen for line in _lines(found[name])]


def _lines(cluster: Cluster) -> list[str]:
    (title,), *rows = rollouts.summary(cluster)
    return [printable(title), *table(rows)]
