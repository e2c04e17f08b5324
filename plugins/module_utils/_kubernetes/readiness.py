# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an object is ready, told from its status alone; and from its pods and events, why it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.holds import hold
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import load_balancer_hosts
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.pods import owns, pod_reason

Object = Mapping[str, Any]

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job")


def waiting_for(item: Object | None) -> str | None:
    """What an object still lacks to be ready; None when it is. Kinds without a rule are ready when they exist."""
    if item is None:
        return "does not exist"
    if item["metadata"].get("deletionTimestamp"):
        return _terminating(item)
    if hold(item) and (item.get("spec") or {}).get("paused"):
        return _half_way(item["spec"], item.get("status") or {})
    rule = RULES.get(item["kind"])
    return rule(item.get("spec") or {}, item.get("status") or {}, item["metadata"].get("generation", 0)) if rule else None


def waiting_to_go(item: Object) -> str:
    """What keeps an object, which is to go, from being gone."""
    return _terminating(item) if item["metadata"].get("deletionTimestamp") else "is still there"


def has_rule(kind: str) -> bool:
    return kind in RULES


def is_final(item: Object | None) -> bool:
    """Whether it never will be ready."""
    return item is not None and item["kind"] == "Job" and _condition(item.get("status") or {}, "Failed") is not None


def _terminating(item: Object) -> str:
    finalizers = item["metadata"].get("finalizers") or []
    return "is still being deleted" + (f", held by {', '.join(finalizers)}" if finalizers else "")


def _condition(status: Object, kind: str, wanted: str = "True") -> Object | None:
    return next((entry for entry in status.get("conditions") or [] if entry.get("type") == kind and entry.get("status") == wanted), None)


def _half_way(spec: Object, status: Object) -> str | None:
    """A roll-out that was stopped on purpose: there must be enough servers, of whatever revision."""
    replicas, available = spec.get("replicas", 1), status.get("availableReplicas") or 0
    return f"{available} of {replicas} replicas are available, and it is paused" if available < replicas else None


def _deployment(spec: Object, status: Object, generation: int) -> str | None:
    replicas = spec.get("replicas", 1)
    updated, available, total = (status.get(key) or 0 for key in ("updatedReplicas", "availableReplicas", "replicas"))
    if status.get("observedGeneration", 0) < generation:
        return "its change was not yet observed"
    if failed := _condition(status, "ReplicaFailure"):
        return f"{available} of {replicas} replicas are available, and no more can be made: {failed.get('message')}"
    if spec.get("paused") and updated < replicas:
        return "it is paused"
    if updated < replicas:
        return f"{updated} of {replicas} replicas are up to date"
    if total > updated:
        return f"{total - updated} old replicas are still there"
    if available < replicas:
        return f"{available} of {replicas} replicas are available"
    return None


def _stateful_set(spec: Object, status: Object, generation: int) -> str | None:
    replicas = spec.get("replicas", 1)
    strategy = spec.get("updateStrategy") or {}
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    if status.get("observedGeneration", 0) < generation:
        return "its change was not yet observed"
    updated = status.get("updatedReplicas") or 0
    # Until all are up to date the count is of the new revision; afterwards both revisions are one.
    if (
        strategy.get("type") != "OnDelete"
        and status.get("updateRevision") != status.get("currentRevision")
        and updated < replicas - partition
    ):
        return f"{updated} of {replicas - partition} replicas are up to date"
    if (available := status.get("availableReplicas") or 0) < replicas:
        return f"{available} of {replicas} replicas are available"
    return None


def _daemon_set(spec: Object, status: Object, generation: int) -> str | None:
    if status.get("observedGeneration", 0) < generation:
        return "its change was not yet observed"
    nodes = status.get("desiredNumberScheduled") or 0
    if (spec.get("updateStrategy") or {}).get("type") != "OnDelete" and (updated := status.get("updatedNumberScheduled") or 0) < nodes:
        return f"{updated} of {nodes} pods are up to date"
    if (available := status.get("numberAvailable") or 0) < nodes:
        return f"{available} of {nodes} pods are available"
    return None


def _replica_set(spec: Object, status: Object, generation: int) -> str | None:
    replicas = spec.get("replicas", 1)
    if status.get("observedGeneration", 0) < generation:
        return "its change was not yet observed"
    return None if (available := status.get("availableReplicas") or 0) >= replicas else f"{available} of {replicas} replicas are available"


def _job(spec: Object, status: Object, generation: int) -> str | None:
    if failed := _condition(status, "Failed"):
        return f"it has failed: {failed.get('message') or failed.get('reason')}"
    if _condition(status, "Complete") or spec.get("suspend"):
        return None
    return f"{status.get('succeeded') or 0} of {spec.get('completions', 1)} completions are done"


def _service(spec: Object, status: Object, generation: int) -> str | None:
    if spec.get("type") != "LoadBalancer":
        return None
    return None if load_balancer_hosts(status) else "the load balancer has no address yet"


def _claim(spec: Object, status: Object, generation: int) -> str | None:
    phase = status.get("phase", "Pending")
    return None if phase == "Bound" else f"it is {phase}, not Bound"


def _pod(spec: Object, status: Object, generation: int) -> str | None:
    if status.get("phase") == "Succeeded" or _condition(status, "Ready"):
        return None
    return f"it is {status.get('phase', 'Pending')}, not Ready"


def _namespace(spec: Object, status: Object, generation: int) -> str | None:
    return None if status.get("phase") == "Active" else f"it is {status.get('phase', 'unknown')}, not Active"


def _definition(spec: Object, status: Object, generation: int) -> str | None:
    return None if _condition(status, "Established") else "it is not established yet"


RULES: dict[str, Callable[[Object, Object, int], str | None]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "ReplicaSet": _replica_set,
    "Job": _job,
    "Service": _service,
    "PersistentVolumeClaim": _claim,
    "Pod": _pod,
    "Namespace": _namespace,
    "CustomResourceDefinition": _definition,
}


def pod_troubles(kind: str, workload: Object, pods: Iterable[Object]) -> list[str]:
    """Why pods of a workload are not ready: one line for each reason, naming a pod and how many more share it."""
    names: dict[tuple[str, str], list[str]] = {}
    for pod in pods:
        reason, message = pod_reason(pod)
        if reason and owns(kind, workload, pod):
            names.setdefault((reason, (message or "").strip()), []).append(pod["metadata"]["name"])
    return [
        f"pod {sharing[0]}{f' and {len(sharing) - 1} more' if len(sharing) > 1 else ''}: {reason}{f': {message}' if message else ''}"
        for (reason, message), sharing in names.items()
    ]


def last_events(events: Iterable[Object], count: int = 3) -> list[str]:
    """The newest of these events, newest last, each text once."""

    def seen(event: Object) -> str:
        return event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or ""

    texts = [f"{event.get('reason')}: {(event.get('message') or '').strip()}" for event in sorted(events, key=seen)]
    return list(dict.fromkeys(reversed(texts)))[:count][::-1]


def mounts_claim(pod: Object, claim: str) -> bool:
    """Whether a pod needs a PersistentVolumeClaim to run."""
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return False
    return any((volume.get("persistentVolumeClaim") or {}).get("claimName") == claim for volume in pod["spec"].get("volumes") or [])
