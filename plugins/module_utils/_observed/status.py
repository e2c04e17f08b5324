# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Kubernetes says about a topology: its workloads with their pods, its Services with their addresses, its URLs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import readiness
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.pods import owner, owns, pod_reason
from ansible_collections.livestream.srs.plugins.module_utils._labels import CONFIG_CHECKSUM
from ansible_collections.livestream.srs.plugins.module_utils._observed import addresses, server_config
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import (
    Cluster,
    Objects,
    Pod,
    PodState,
    Service,
    Workload,
)
from ansible_collections.livestream.srs.plugins.module_utils._rollout.reloads import taken

Object = Mapping[str, Any]
Kind = Literal["Deployment", "StatefulSet"]

KINDS: tuple[Kind, ...] = ("Deployment", "StatefulSet")

# What the kubelet and the API server call a pod on its normal way to its start.
# https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
ON_ITS_WAY = ("Pending", "ContainerCreating", "PodInitializing")

# The reason of events about pods that could not be made.
REFUSED = "FailedCreate"
# So many of the last warnings are told.
EVENTS = 3


def build(objects: Mapping[str, Iterable[Object] | None], app: str = "live", stream: str = "livestream") -> Objects:
    """The Kubernetes side of the status.

    ``objects`` are the API server's objects by kind: Deployment, StatefulSet, Service, Pod, ConfigMap, EndpointSlice and Event. Those of a
    kind that may not be read are None. ``app`` and ``stream`` are those of the URLs.
    """
    pods: dict[tuple[str, str] | None, list[Object]] = {}
    for pod in objects.get("Pod") or ():
        pods.setdefault(owner(pod), []).append(pod)
    events = list(objects.get("Event") or ())
    config_maps = {item["metadata"]["name"]: item for item in objects.get("ConfigMap") or ()}
    found = [_read(kind, item, pods, events, config_maps) for kind in KINDS for item in objects.get(kind) or ()]
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


def is_going(cluster: Cluster) -> bool:
    """Whether all workloads of a cluster were deleted, and are still there."""
    return all(workload["deleting"] for workload in cluster["workloads"])


def without_address(status: Objects) -> list[Service]:
    """The Services that are to have a load balancer's address and have none; those that are to go need none."""
    return [s for s in status["services"] if s["type"] == "LoadBalancer" and not s["addresses"] and not s["deleting"]]


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
            if not item.workload["deleting"]:  # it is to have nothing any more
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


def _read(
    kind: Kind,
    item: Object,
    pods: Mapping[tuple[str, str] | None, list[Object]],
    events: Iterable[Object],
    config_maps: Mapping[str, Object],
) -> _Found:
    name, component, cluster = addresses.identity(item)
    mine = [*pods.get((kind, name), ()), *(pod for pod in pods.get(None, ()) if owns(kind, item, pod))]
    own = sorted((_pod(pod, name, config_maps) for pod in mine), key=lambda pod: pod["name"])
    return _Found(component, cluster, _workload(kind, item, own, _warnings(events, {name, *(pod["name"] for pod in own)})), own)


def _workload(kind: Kind, item: Object, pods: Sequence[Pod], warnings: Sequence[Object]) -> Workload:
    spec, status = item["spec"], item.get("status") or {}
    template = spec["template"]
    settings = server_config.of_template(template)
    complete = readiness.waiting_for({**item, "apiVersion": "apps/v1", "kind": kind}) is None
    refused = None if complete else readiness.refusal(status) or _refusal(pods, warnings)
    told = [] if complete else [event for event in warnings if not (refused and event.get("reason") == REFUSED)]
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
        "refused": refused,
        "deleting": addresses.deleting(item),
        "events": [
            f"{e['involvedObject'].get('kind', '?')}/{e['involvedObject']['name']}: {e.get('reason')}: {_message(e)}"
            for e in told[-EVENTS:]
        ],
    }


def _pod(pod: Object, workload: str, config_maps: Mapping[str, Object]) -> Pod:
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
        "digest": _digest(server_config.main_container(spec), status),
        "restarts": sum(container.get("restartCount", 0) for container in status.get("containerStatuses") or ()),
        "reason": reason,
        "message": message,
        "created": metadata.get("creationTimestamp"),
        "config_checksum": _config_checksum(metadata),
        "config_taken": taken(pod, config_maps),
    }


def _digest(container: Object, status: Object) -> str | None:
    """Of the image that a container runs. One that was made or loaded on the node itself has an id alone, by which nobody can pull it."""
    own: Object = next((item for item in status.get("containerStatuses") or () if item.get("name") == container.get("name")), {})
    name, _at, digest = (own.get("imageID") or "").rpartition("@")
    return digest if name and digest.startswith("sha256:") else None


def _config_checksum(metadata: Object) -> str | None:
    return (metadata.get("annotations") or {}).get(CONFIG_CHECKSUM)


def _warnings(events: Iterable[Object], involved: set[str]) -> list[Object]:
    """The warnings about these objects, newest last."""
    found = [e for e in events if e.get("type") == "Warning" and (e.get("involvedObject") or {}).get("name") in involved]
    return sorted(found, key=_seen)


def _refusal(pods: Iterable[Pod], warnings: Iterable[Object]) -> str | None:
    """Why no new pod can be made, of a workload that has no condition for it: what was refused since its last pod was made."""
    last = max((pod["created"] or "" for pod in pods), default="")
    found = [event for event in warnings if event.get("reason") == REFUSED and _seen(event) > last]
    return _message(found[-1]) if found else None


def _seen(event: Object) -> str:
    return event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or ""


def _message(event: Object) -> str:
    return (event.get("message") or "").strip()


def reasons(cluster: Cluster) -> str:
    """Why a cluster is not complete, in brackets to be put behind what it lacks; "" if nothing tells."""
    found = sorted({pod["reason"] for pod in cluster["pods"] if pod["reason"]})
    for workload in cluster["workloads"]:
        found += [f"no new pod can be made: {workload['refused']}"] if workload["refused"] else []
        found += [f"{workload['kind']} {workload['name']} {workload['deleting']}"] if workload["deleting"] else []
    return f" ({', '.join(found)})" if found else ""
