# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a topology as the API server has them."""

from __future__ import annotations

from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import names

CONTAINERS_RUNNING = {"state": {"running": {}}, "ready": True, "restartCount": 0}


def deployment(name: str, component: str, instance: str, desired: int, ready: int | None = None, **extra: Any) -> dict[str, Any]:
    ready = desired if ready is None else ready
    return {
        "metadata": {"name": name, "generation": 2, "labels": names.labels(component, instance, "srs")},
        "spec": {
            "replicas": desired,
            "selector": {"matchLabels": {"app": extra.get("app", name)}},
            "template": {
                "metadata": {"labels": {"app": name}, "annotations": extra.get("annotations")},
                "spec": {
                    "containers": [
                        {"name": "nginx", "image": "nginx"},
                        {
                            "name": "srs",
                            "image": "ossrs/srs:6",
                            "volumeMounts": [{"name": "config", "mountPath": extra.get("mount", "/usr/local/srs/conf")}],
                            **extra.get("container", {}),
                        },
                    ],
                    "volumes": [{"name": "config", "configMap": {"name": f"{name}-config"}}],
                },
            },
        },
        "status": {
            "observedGeneration": 2,
            "replicas": desired,
            "updatedReplicas": desired,
            "readyReplicas": ready,
            "availableReplicas": ready,
        },
    }


def pod(owner: str, number: int, ready: bool = True, **status_fields: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"{owner}-5d9c-{number}",
            "labels": {"app": owner, "pod-template-hash": "5d9c"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{owner}-5d9c", "controller": True}],
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "nginx", "image": "nginx"}, {"name": "srs", "image": "ossrs/srs:6"}]},
        "status": {
            "phase": "Running",
            "podIP": f"10.1.0.{number}",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"name": "srs", **CONTAINERS_RUNNING, "ready": ready}],
            **status_fields,
        },
    }


def service(
    name: str, component: str, instance: str, ports: list[int], addresses: list[str] | None = None, kind: str = "LoadBalancer"
) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "video", "labels": names.labels(component, instance, "srs")},
        "spec": {
            "type": kind,
            "clusterIP": "10.96.0.9",
            "ports": [{"name": f"{name}-{port}-{port}", "port": port, "targetPort": port} for port in ports],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": address} for address in addresses or ()]}},
    }


def tutorial() -> dict[str, list[dict[str, Any]]]:
    """The tutorial's topology: an origin with nginx, three edges, two load balancers."""
    return {
        "Deployment": [
            deployment("srs-edge-deployment", "edge", "edge", 3, app="srs-edge-deployment"),
            deployment("srs-origin-deployment", "origin", "origin", 1),
        ],
        "StatefulSet": [],
        "Service": [
            service("srs-edge-service", "edge", "edge", [1935, 8080], ["203.0.113.1"]),
            service("srs-http-service", "hls", "hls", [80], ["203.0.113.2"]),
            service("srs-internal-origin-service", "origin", "origin", [1935], kind="ClusterIP"),
        ],
        "Pod": [pod("srs-edge-deployment", n) for n in (1, 2, 3)] + [pod("srs-origin-deployment", 4)],
    }
