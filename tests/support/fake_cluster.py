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
        self.listed: list[tuple[str, str | None]] = []
        self.later: list[dict[str, Any]] = []

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
