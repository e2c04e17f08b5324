# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the recorded topology, one origin and three edges, and a client that has them."""

from __future__ import annotations

from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import names
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import ObjectList
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.kubeconfig import Connection
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.render import checksum

API_OPTIONS: dict[str, Any] = {
    "api_via": "pod_proxy",
    "api_url": None,
    "api_scheme": "http",
    "api_port": None,
    "api_timeout": 3.0,
    "api_username": None,
    "api_password": None,
    "api_ca_cert": None,
    "api_validate_certs": True,
}
CONF = "listen 1935;\nmax_connections 1000;\nhttp_api {\n    enabled on;\n    listen 1985;\n}\n"
PROXY_IPS = {"srs-proxy-deployment-6f9d-a": "10.244.0.77", "srs-proxy-deployment-6f9d-b": "10.244.0.78"}
IPS = {"origin-0": "10.244.0.197", "edge-0": "10.244.0.201", "edge-1": "10.244.0.200", "edge-2": "10.244.0.198"}


def workload(component: str, replicas: int) -> dict[str, Any]:
    name = f"srs-{component}"
    container = {"name": "srs", "image": "ossrs/srs:6", "volumeMounts": [{"name": "config", "mountPath": "/usr/local/srs/conf"}]}
    counts = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), replicas)
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "generation": 1, "labels": names.labels(component, component, "srs")},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"spec": {"containers": [container], "volumes": [{"name": "config", "configMap": {"name": f"{name}-config"}}]}},
        },
        "status": {"observedGeneration": 1, **counts},
    }


def pod(name: str) -> dict[str, Any]:
    owner = {"kind": "StatefulSet", "name": f"srs-{name.split('-')[0]}", "controller": True}
    return {
        "metadata": {"name": name, "ownerReferences": [owner], "annotations": {"livestream.srs/config-checksum": checksum(CONF)}},
        "spec": {"nodeName": "node-1", "containers": [{"name": "srs", "image": "ossrs/srs:6"}]},
        "status": {"phase": "Running", "podIP": IPS[name], "conditions": [{"type": "Ready", "status": "True"}]},
    }


def proxy_deployment() -> dict[str, Any]:
    """As roles/srs_origin makes it for ``srs_origin_mode: proxy``."""
    ports = [{"name": name, "containerPort": port} for name, port in (("rtmp", 11935), ("http", 18080), ("api", 11985), ("system", 12025))]
    container = {"name": "srs-proxy", "image": "registry.example.com/srs-proxy:7.0", "ports": ports}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"{names.PROXY}-deployment", "generation": 1, "labels": names.labels("origin", "proxy", "srs")},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": names.PROXY}},
            "template": {"metadata": {"labels": {"app": names.PROXY}}, "spec": {"containers": [container]}},
        },
        "status": {"observedGeneration": 1, **dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), 2)},
    }


def proxy_pod(name: str) -> dict[str, Any]:
    owner = {"kind": "ReplicaSet", "name": f"{names.PROXY}-deployment-6f9d", "controller": True}
    return {
        "metadata": {"name": name, "labels": {"app": names.PROXY, "pod-template-hash": "6f9d"}, "ownerReferences": [owner]},
        "spec": {"nodeName": "node-1", "containers": [{"name": "srs-proxy", "image": "registry.example.com/srs-proxy:7.0"}]},
        "status": {"phase": "Running", "podIP": PROXY_IPS[name], "conditions": [{"type": "Ready", "status": "True"}]},
    }


def service(name: str, instance: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "video", "labels": names.labels("origin", instance, "srs")},
        "spec": {"type": "ClusterIP", "clusterIP": "10.96.0.9", "ports": [{"port": 1935}]},
    }


class FakeClient:
    """Has objects by kind; a kind in ``denied`` may not be listed."""

    def __init__(self, port: int) -> None:
        self.connection = Connection(host=f"http://127.0.0.1:{port}", source="the test")
        self.objects: dict[str, list[dict[str, Any]]] = {
            "StatefulSet": [workload("origin", 1), workload("edge", 3)],
            "Pod": [pod(name) for name in IPS],
            "ConfigMap": [{"metadata": {"name": f"srs-{role}-config"}, "data": {"srs.conf": CONF}} for role in ("origin", "edge")],
        }
        self.denied: set[str] = set()
        self.warnings: list[str] = []
        self.listed: list[tuple[str, str | None]] = []
        self.later: list[dict[str, Any]] = []

    def add_proxies(self) -> None:
        """Put two proxies of SRS 7 in front of the origin."""
        self.objects["Deployment"] = [proxy_deployment()]
        self.objects["Pod"] += [proxy_pod(name) for name in PROXY_IPS]
        services = {names.ORIGIN_SERVICE: "origin", names.PROXY_SERVICE: "proxy"}
        self.objects["Service"] = [service(name, instance) for name, instance in services.items()]
        self.objects["EndpointSlice"] = [
            {"metadata": {"labels": {"kubernetes.io/service-name": name}}, "endpoints": [{"conditions": {"ready": True}}] * 2}
            for name in services
        ]

    def list(
        self, _version: str, kind: str, _namespace: str, *, label_selector: str | None = None, field_selector: str | None = None
    ) -> ObjectList:
        self.listed.append((kind, label_selector))
        if kind in self.denied:
            raise ApiError(f"list {kind}", 403, {}, "the test")
        if kind == "StatefulSet" and self.later:
            self.objects["StatefulSet"] = self.later
        return ObjectList(self.objects.get(kind, []), "1")

    def close(self) -> None:
        pass
