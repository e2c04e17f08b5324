# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of edge clusters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Common
from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import Edge
from ansible_collections.livestream.srs.plugins.module_utils._desired.monitoring import Monitoring
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._labels import CONFIG_CHECKSUM, CONFIG_KEYS
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import load_balancer
from ansible_collections.livestream.srs.plugins.module_utils._manifests import parts
from ansible_collections.livestream.srs.plugins.module_utils._manifests.container import config_mount, srs_container, srs_volumes
from ansible_collections.livestream.srs.plugins.module_utils._manifests.existing import Existing
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.manifest import Deployed, deploy

# A server that goes waits for its players, and those that come back fill the others: one at a time, after a quiet while.
SCALING = {
    "scaleUp": {"stabilizationWindowSeconds": 0, "policies": [{"type": "Percent", "value": 100, "periodSeconds": 60}]},
    "scaleDown": {"stabilizationWindowSeconds": 600, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 120}]},
}


def deployed_config(common: Common, edge: Edge) -> Deployed:
    """The srs.conf of an edge cluster; raises SrsError with all that is wrong with it."""
    return deploy("edge", edge.srs_conf, common.namespace, edge.title)


def edge_objects(common: Common, monitoring: Monitoring, edge: Edge, deployed: Deployed) -> Iterator[Object]:
    """All objects of one edge cluster."""
    yield from workload(common, edge, deployed)
    if edge.service:
        where = f"{edge.title}: slb"
        yield parts.public_service(common, edge.service_name, edge.labels, {"app": edge.app}, edge.service_ports, edge.slb, where)
    if edge.autoscale:
        yield parts.autoscaler(common, edge.app, edge.labels, edge.deployment_name, edge.autoscale, SCALING)
    if edge.pod_disruption_budget:
        yield parts.disruption_budget(common, edge.app, edge.labels, {"app": edge.app})
    if edge.network_policy:
        yield parts.network_policy(common, edge.app, edge.labels, {"app": edge.app}, _rules(edge, monitoring))


def workload(common: Common, edge: Edge, deployed: Deployed) -> Iterator[Object]:
    """What runs the servers: the config and the Deployment. A canary is made of these alone."""
    key = config_key(edge, deployed)
    yield _config_map(deployed, key)
    yield parts.deployment(
        common,
        edge.deployment_name,
        edge.app,
        edge.labels,
        **parts.scale(edge.replicas, edge.autoscale),
        **(parts.rolling("25%", edge.host_network) if edge.graceful else {}),
        selector={"matchLabels": edge.selector},
        template={"metadata": _pod_metadata(common, edge, deployed), "spec": _pod_spec(common, edge, deployed, key)},
    )


def config_key(edge: Edge, deployed: Deployed) -> str | None:
    """The key of its ConfigMap that the pods mount; None where a changed config doesn't roll them.

    Servers that reload keep their key, and so their pods, as long as nothing changes that only a new start takes.
    """
    checksum = deployed.restart_checksum if edge.config_strategy == "reload" else deployed.checksum
    return f"srs-{checksum[:12]}.conf" if edge.config_checksum else None


def reloading(edges: Iterable[Edge], configs: Mapping[str, Deployed], existing: Existing) -> list[dict[str, Any]]:
    """The edge clusters whose servers reload a changed config by themselves, as ``srs_reload_confirm`` takes them."""
    return [
        {
            "name": edge.name,
            "app": existing.app(edge.app),
            "config_map": existing.name("ConfigMap", edge.config_name),
            "key": config_key(edge, configs[edge.name]),
            "checksum": configs[edge.name].checksum,
            "api_port": edge.ports.get("api"),
        }
        for edge in edges
        if edge.config_strategy == "reload"
    ]


def _config_map(deployed: Deployed, key: str | None) -> Object:
    """The ConfigMap; it has its srs.conf under that key, too."""
    made = deployed.config_map
    if key is None:
        return made
    annotations = {**made["metadata"].get("annotations", {}), CONFIG_KEYS: key}
    return {**made, "metadata": {**made["metadata"], "annotations": annotations}, "data": {**made["data"], key: deployed.text}}


def _pod_metadata(common: Common, edge: Edge, deployed: Deployed) -> dict[str, Any]:
    rolls = edge.config_checksum and edge.config_strategy == "roll"
    annotations = {
        **({CONFIG_CHECKSUM: deployed.checksum} if rolls else {}),
        **load_balancer.pod_bandwidth_annotations(edge.limit),
        **edge.pod_annotations,
    }
    labels = {**edge.selector, **(edge.labels if common.production_defaults else {}), **edge.pod_labels}
    return {"labels": labels, **parts.present(annotations=annotations)}


def _pod_spec(common: Common, edge: Edge, deployed: Deployed, key: str | None) -> dict[str, Any]:
    config: dict[str, Any] = {"name": edge.config_name, **({"items": [{"key": key, "path": "srs.conf"}]} if key else {})}
    return {
        **(parts.restricted_pod(low_ports=edge.opens_low_ports and not edge.host_network) if edge.security else {}),
        **({"terminationGracePeriodSeconds": edge.grace.period} if edge.grace else {}),
        **parts.placed(edge, common),
        **parts.present(topologySpreadConstraints=parts.spread({"app": edge.app}) if edge.spread else None),
        "containers": [srs_container(common, edge, deployed, (), [config_mount()]), *edge.sidecars],
        "volumes": [{"name": "config-volume", "configMap": config}, *srs_volumes(edge, deployed)],
    }


def _rules(edge: Edge, monitoring: Monitoring) -> Iterator[parts.Rule]:
    # What the load balancer offers: everybody.
    yield parts.opened(port["targetPort"] for port in edge.service_ports)
    if "exporter" in edge.ports:
        yield parts.opened([edge.ports["exporter"]], monitoring.allowed_from)
    if edge.network_policy_from:
        # Everything, the HTTP API too.
        yield parts.opened((port["containerPort"] for port in edge.container_ports), edge.network_policy_from)
