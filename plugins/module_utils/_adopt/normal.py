# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of the API server without what it fills in, so that they can be compared with manifests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import objects
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, ObjectView, at
from ansible_collections.livestream.srs.plugins.module_utils._labels import CHANGE_CAUSE, LAST_APPLIED

# Defaults by the key of the mapping that they are in. One that is missing here is no harm: it is written out as what it is.
# https://kubernetes.io/docs/reference/kubernetes-api/
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
DEFAULTS: dict[str, dict[str, Any]] = {
    "pod": {
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    },
    "containers": {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "resources": {}},
    "ports": {"protocol": "TCP"},
    "volumeMounts": {"readOnly": False},
    "startupProbe": _PROBE,
    "readinessProbe": _PROBE,
    "livenessProbe": _PROBE,
    "httpGet": {"scheme": "HTTP"},
    "configMap": {"defaultMode": 420},
    "secret": {"defaultMode": 420},
    "projected": {"defaultMode": 420},
    "downwardAPI": {"defaultMode": 420},
    "hostPath": {"type": ""},
    "fieldRef": {"apiVersion": "v1"},
    "Deployment": {
        "progressDeadlineSeconds": 600,
        "revisionHistoryLimit": 10,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
    },
    "StatefulSet": {
        "revisionHistoryLimit": 10,
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    },
    "Service": {
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
        "externalTrafficPolicy": "Cluster",
        "ipFamilyPolicy": "SingleStack",
        "allocateLoadBalancerNodePorts": True,
        "publishNotReadyAddresses": False,
    },
}
# Lists of containers are of one kind, whatever they are called.
DEFAULTS["initContainers"] = DEFAULTS["containers"]

WORKLOADS = ("Deployment", "StatefulSet")


def normal(item: ObjectView) -> Object:
    """The content of an object or a manifest, without defaults, null values and empty mappings and lists that mean nothing."""
    kept = objects.content(item)
    kind = kept["kind"]
    metadata = {key: value for key, value in kept["metadata"].items() if key in ("name", "namespace", "labels", "annotations")}
    if "annotations" in metadata:
        metadata["annotations"] = {key: value for key, value in metadata["annotations"].items() if key != CHANGE_CAUSE}
    made: Object = {**kept, "metadata": _without_empty(metadata)}
    if kind not in (*WORKLOADS, "Service"):
        return made
    spec = _stripped(kept.get("spec") or {}, kind)
    if kind == "Service":
        spec = _service(spec, item)
    elif spec.get("updateStrategy") == {"type": "RollingUpdate"}:
        del spec["updateStrategy"]
    return {**made, "spec": spec}


def template_of(item: ObjectView) -> Object:
    """The pod template of a workload, without defaults."""
    return dict(normal(item)["spec"]["template"])


def _stripped(value: Any, key: str) -> Any:
    if isinstance(value, list):
        return [_stripped(item, key) for item in value]
    if not isinstance(value, Mapping):
        return value
    defaults = DEFAULTS.get(key, {})
    made = {}
    for name, item in value.items():
        inner = "pod" if key == "template" and name == "spec" else name
        if item is None or name == "creationTimestamp" or (name in defaults and item == defaults[name]):
            continue
        if key == "pod" and name == "serviceAccount":  # the old name of serviceAccountName, which is there, too
            continue
        made[name] = _stripped(item, inner)
        if made[name] in ({}, []) and inner not in ("emptyDir", "securityContext"):
            del made[name]
    return made


def _service(spec: Object, item: ObjectView) -> Object:
    """Without what the API server allocates. A node port counts where somebody has asked for it."""
    dropped = ["ipFamilies", *(name for name in objects.ALLOCATED if spec.get(name) not in ("None", ["None"]))]
    if spec.get("clusterIP") == "None":
        dropped.append("clusterIPs")
    made = {key: value for key, value in spec.items() if key not in dropped}
    asked = _asked_node_ports(item)
    keep_all = made.get("type") == "NodePort"
    for port in made.get("ports") or ():
        if not keep_all and port.get("nodePort") not in asked:
            port.pop("nodePort", None)
        if port.get("targetPort") == port.get("port"):
            port.pop("targetPort")
    return made


def _asked_node_ports(item: ObjectView) -> set[Any]:
    try:
        applied = json.loads((at(item, "metadata", "annotations", LAST_APPLIED)) or "{}")
    except ValueError:
        return set()
    own = at(applied, "spec", "ports") if LAST_APPLIED in (at(item, "metadata", "annotations") or {}) else None
    return {port.get("nodePort") for port in own or () if isinstance(port, Mapping)}


def _without_empty(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if item not in ({}, [], None)}
