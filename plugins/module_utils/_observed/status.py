# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Kubernetes says about a topology: its workloads with their pods, its Services with their addresses, its URLs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import readiness
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.pods import owner, owns, pod_reason
from ansible_collections.livestream.srs.plugins.module_utils._labels import CONFIG_CHECKSUM
from ansible_collections.livestream.srs.plugins.module_utils._observed import addresses, server_config
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import Cluster, Objects, Pod, PodState, Workload

Object = Mapping[str, Any]
Kind = Literal["Deployment", "StatefulSet"]

KINDS: tuple[Kind, ...] = ("Deployment", "StatefulSet")

# What the kubelet and the API server call a pod on its normal way to its start.
# https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
ON_ITS_WAY = ("Pending", "ContainerCreating", "PodInitializing")


def build(objects: Mapping[str, Iterable[Object] | None], app: str = "live", stream: str = "livestream") -> Objects:
    """The Kubernetes side of the status.

    ``objects`` are the API server's objects by kind: Deployment, StatefulSet, Service, Pod, EndpointSlice and Event. Those of a kind
    that may not be read are None. ``app`` and ``stream`` are those of the URLs.
    """
    pods: dict[tuple[str, str] | None, list[Object]] = {}
    for pod in objects.get("Pod") or ():
        pods.setdefault(owner(pod), []).append(pod)
    events = list(objects.get("Event") or ())
    found = [_read(kind, item, pods, events) for kind in KINDS for item in objects.get(kind) or ()]
    found.sort(key=lambda item: addresses.place(item.component, item.cluster, item.workload["name"]))
    services = addresses.services(objects.get("Service") or (), objects.get("EndpointSlice"))
    return {
        "origins": _clusters(found, "origin"),
        "hls": _clusters(found, "hls"),
        "edges": _clusters(found, "edge"),
        "services": services,
        "urls": addresses.urls(services, app, stream),
    }


def clusters(status: Objects) -> Iterator[tuple[str, Cluster]]:
    """(name, cluster) of all clusters: origins, HLS, edge clusters."""
    for group in (status["origins"], status["hls"], status["edges"]):
        yield from group.items()


def workload_selector(workloads: Iterable[Object]) -> str:
    """A label selector that finds the pods of all these workloads in one list; "" if there is none that does.

    Selectors of the same single label become one ``key in (...)``, so that the namespace's other pods are not sent.
    """
    keys: set[str] = set()
    values: set[str] = set()
    for workload in workloads:
        selector = workload["spec"].get("selector") or {}
        labels = selector.get("matchLabels") or {}
        if len(labels) != 1 or selector.get("matchExpressions"):
            return ""
        keys.update(labels)
        values.update(labels.values())
    if len(keys) != 1:
        return ""
    return f"{keys.pop()} in ({','.join(sorted(values))})"


def pod_state(pod: Object) -> PodState:
    """The state of a pod, from the API server's object (see ``status_model.STATES``)."""
    if pod["metadata"].get("deletionTimestamp"):
        return "draining"
    reason, _message = pod_reason(pod)
    if reason is None:
        return "ready"
    return "starting" if reason in ON_ITS_WAY else "not_ready"


def _clusters(found: Iterable[_Found], component: str) -> dict[str, Cluster]:
    """Workloads of a component by the cluster that they belong to. A canary is a second workload of its cluster."""
    grouped: dict[str, Cluster] = {}
    for item in found:
        if item.component == component:
            empty: Cluster = {"desired": 0, "ready": 0, "updated": 0, "complete": True, "workloads": [], "pods": []}
            cluster = grouped.setdefault(item.cluster, empty)
            cluster["desired"] += item.workload["desired"]
            cluster["ready"] += item.workload["ready"]
            cluster["updated"] += item.workload["updated"]
            cluster["complete"] = cluster["complete"] and item.workload["complete"]
            cluster["workloads"].append(item.workload)
            cluster["pods"].extend(item.pods)
    return grouped


@dataclass(frozen=True)
class _Found:
    """A workload with its pods, and the cluster that they belong to."""

    component: str
    cluster: str
    workload: Workload
    pods: list[Pod]


def _read(kind: Kind, item: Object, pods: Mapping[tuple[str, str] | None, list[Object]], events: Iterable[Object]) -> _Found:
    name, component, cluster = addresses.identity(item)
    mine = [*pods.get((kind, name), ()), *(pod for pod in pods.get(None, ()) if owns(kind, item, pod))]
    own = sorted((_pod(pod, name) for pod in mine), key=lambda pod: pod["name"])
    return _Found(component, cluster, _workload(kind, item, {name, *(pod["name"] for pod in own)}, events), own)


def _workload(kind: Kind, item: Object, involved: set[str], events: Iterable[Object]) -> Workload:
    spec, status = item["spec"], item.get("status") or {}
    template = spec["template"]
    settings = server_config.of_template(template)
    complete = readiness.waiting_for({**item, "apiVersion": "apps/v1", "kind": kind}) is None
    return {
        "name": item["metadata"]["name"],
        "kind": kind,
        "desired": 1 if spec.get("replicas") is None else spec["replicas"],
        "ready": status.get("readyReplicas") or 0,
        "updated": status.get("updatedReplicas") or 0,
        "complete": complete,
        "images": {c["name"]: c["image"] for c in template["spec"].get("containers") or ()},
        "config_map": settings.config_map,
        "config_file": settings.config_file,
        "api_port": settings.api_port,
        "max_connections": settings.max_connections,
        "config_checksum": _config_checksum(template.get("metadata") or {}),
        "events": [] if complete else _events(events, involved),
    }


def _pod(pod: Object, workload: str) -> Pod:
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    state = pod_state(pod)
    # Kubernetes' reason for a pod that is being stopped is that it was told to stop.
    reason, message = (None, None) if state == "draining" else pod_reason(pod)
    return {
        "name": metadata["name"],
        "workload": workload,
        "state": state,
        "ready": any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or ()),
        "draining": state == "draining",
        "node": spec.get("nodeName"),
        "ip": status.get("podIP"),
        "phase": status.get("phase"),
        "image": server_config.main_container(spec).get("image"),
        "restarts": sum(container.get("restartCount", 0) for container in status.get("containerStatuses") or ()),
        "reason": reason,
        "message": message,
        "created": metadata.get("creationTimestamp"),
        "config_checksum": _config_checksum(metadata),
    }


def _config_checksum(metadata: Object) -> str | None:
    return (metadata.get("annotations") or {}).get(CONFIG_CHECKSUM)


def _events(events: Iterable[Object], involved: set[str], count: int = 3) -> list[str]:
    """The last warnings about these objects, newest last."""
    found = [e for e in events if e.get("type") == "Warning" and (e.get("involvedObject") or {}).get("name") in involved]
    found.sort(key=lambda e: e.get("lastTimestamp") or e.get("eventTime") or e["metadata"].get("creationTimestamp") or "")
    texts = [
        f"{e['involvedObject']['kind']}/{e['involvedObject']['name']}: {e.get('reason')}: {(e.get('message') or '').strip()}" for e in found
    ]
    return texts[-count:]
