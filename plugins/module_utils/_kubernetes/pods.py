# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods are a workload's, and why one of them is not ready."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]


def owner(pod: Object) -> tuple[str, str] | None:
    """(kind, name) of the workload that made a pod; None for one that was made by hand."""
    found = next((ref for ref in pod["metadata"].get("ownerReferences") or () if ref.get("controller")), None)
    if found is None:
        return None
    if found["kind"] == "ReplicaSet":
        hash_ = (pod["metadata"].get("labels") or {}).get("pod-template-hash")
        if hash_:
            return "Deployment", found["name"].removesuffix(f"-{hash_}")
    return found["kind"], found["name"]


def owns(kind: str, workload: Object, pod: Object) -> bool:
    """Whether a pod is this workload's: selectors may overlap (a canary's do), owner references do not."""
    made_by = owner(pod)
    if made_by is not None:
        return made_by == (kind, workload["metadata"]["name"])
    wanted = (workload["spec"].get("selector") or {}).get("matchLabels") or {}
    labels = pod["metadata"].get("labels") or {}
    return bool(wanted) and all(labels.get(key) == value for key, value in wanted.items())


def pod_reason(pod: Object) -> tuple[str | None, str | None]:
    """Why a pod is not ready, in the cluster's own words; (None, None) when it is."""
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


def _container_message(state: Object, waiting: Object) -> str:
    ended = (state.get("lastState") or {}).get("terminated") or {}
    parts = [f"container {state['name']}"]
    if waiting.get("message"):
        parts.append(waiting["message"])
    if ended:
        parts.append(f"last exit code {ended.get('exitCode')}")
    return ": ".join(parts)
