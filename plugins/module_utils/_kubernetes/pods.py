# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods belong to a workload, what they need, and why they are not ready."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.kinds import group_kind, group_of
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import ObjectView
from ansible_collections.livestream.srs.plugins.module_utils._labels import POD_TEMPLATE_HASH

# The API groups of Kubernetes' own workloads.
BUILT_IN = ("", "apps", "batch")


def owner(pod: ObjectView) -> tuple[str, str] | None:
    """(kind, name) of the workload that created a pod; None for a pod without a controller.

    A Deployment is named in the place of its ReplicaSet. The kind of another API group than Kubernetes' own is written ``Kind.group``.
    """
    found = next((ref for ref in pod["metadata"].get("ownerReferences") or () if ref.get("controller")), None)
    if found is None:
        return None
    version = found.get("apiVersion", "")
    kind = found["kind"] if group_of(version) in BUILT_IN else group_kind(version, found["kind"])
    if kind == "ReplicaSet" and (hash_ := (pod["metadata"].get("labels") or {}).get(POD_TEMPLATE_HASH)):
        return "Deployment", found["name"].removesuffix(f"-{hash_}")
    return kind, found["name"]


def owns(kind: str, workload: ObjectView, pod: ObjectView) -> bool:
    """Whether a pod belongs to a workload of a built-in kind. Selectors may overlap (a canary's do), owner references do not."""
    made_by = owner(pod)
    if made_by is not None:
        return made_by == (kind, workload["metadata"]["name"])
    wanted = (workload["spec"].get("selector") or {}).get("matchLabels") or {}
    labels = pod["metadata"].get("labels") or {}
    return bool(wanted) and all(labels.get(key) == value for key, value in wanted.items())


def mounts_claim(pod: ObjectView, claim: str) -> bool:
    """Whether a pod that has not ended mounts the PersistentVolumeClaim ``claim``."""
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return False
    return any((volume.get("persistentVolumeClaim") or {}).get("claimName") == claim for volume in pod["spec"].get("volumes") or [])


def pod_troubles(pods: Iterable[ObjectView]) -> list[str]:
    """Why pods are not ready: one line for each reason, with the name of one pod and how many more share the reason."""
    names: dict[tuple[str, str], list[str]] = {}
    for pod in pods:
        reason, message = pod_reason(pod)
        if reason:
            names.setdefault((reason, (message or "").strip()), []).append(pod["metadata"]["name"])
    return [
        f"pod {sharing[0]}{f' and {len(sharing) - 1} more' if len(sharing) > 1 else ''}: {reason}{f': {message}' if message else ''}"
        for (reason, message), sharing in names.items()
    ]


def pod_reason(pod: ObjectView) -> tuple[str | None, str | None]:
    """(reason, message) of why a pod is not ready, as the cluster tells it; (None, None) for a ready pod."""
    status = pod.get("status") or {}
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating", None
    conditions = {c["type"]: c for c in status.get("conditions") or ()}
    if conditions.get("Ready", {}).get("status") == "True":
        return None, None
    for state in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
        waiting = (state.get("state") or {}).get("waiting")
        if waiting and waiting.get("reason") not in ("PodInitializing", "ContainerCreating"):
            return waiting.get("reason"), _container_message(state, waiting)
        terminated = (state.get("state") or {}).get("terminated")
        if terminated and terminated.get("exitCode"):
            return terminated.get("reason") or "Error", f"container {state['name']} ended with exit code {terminated['exitCode']}"
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return scheduled.get("reason") or "Unschedulable", scheduled.get("message")
    if status.get("reason"):
        return status["reason"], status.get("message")
    for state in status.get("containerStatuses") or ():
        waiting = (state.get("state") or {}).get("waiting")
        if waiting:
            return waiting.get("reason"), waiting.get("message")
        if not state.get("ready"):
            return "NotReady", f"container {state['name']} runs but its readiness probe does not pass"
    return status.get("phase") or "Pending", None


def _container_message(state: ObjectView, waiting: ObjectView) -> str:
    ended = (state.get("lastState") or {}).get("terminated") or {}
    parts = [f"container {state['name']}"]
    if waiting.get("message"):
        parts.append(waiting["message"])
    if ended:
        parts.append(f"last exit code {ended.get('exitCode')}")
    return ": ".join(parts)
