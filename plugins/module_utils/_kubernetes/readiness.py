# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an object is ready, and if not what it waits for, from the object alone.

Built-in kinds have rules of their own, by group and kind. All others are judged as kstatus does
(https://github.com/kubernetes-sigs/cli-utils, pkg/kstatus/status at 5895ad6: checkGenericProperties, checkReadyCondition): by
``observedGeneration`` and the conditions ``Reconciling``, ``Stalled`` and ``Ready``. In these respects it differs from kstatus:

- A ``Ready`` condition of an earlier generation counts as not observed; cert-manager, for one, has no other ``observedGeneration``.
- Kinds that are known to get a ``Ready`` condition are not ready without one.
- A Job is ready when it is complete, a Service of type LoadBalancer when it has an address, a StatefulSet of any update strategy when its
  replicas are available.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.holds import hold
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.kinds import CLAIM, DEFINITION, NAMESPACE
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import ObjectView, group_kind, load_balancer_hosts

# Their controllers set observedGeneration first of all: without one, they have not seen the object.
OBSERVED = ("Deployment.apps", "StatefulSet.apps", "DaemonSet.apps", "ReplicaSet.apps")

# Ready when they exist. A budget for pods without a controller is never observed, and an autoscaler works every 15 seconds and may have
# no metrics yet. Whether the pods are ready is the workload's matter.
EXIST = ("PodDisruptionBudget.policy", "HorizontalPodAutoscaler.autoscaling")

# Kinds that get a Ready condition from their controller as soon as it has seen them. Objects of other kinds may never get one.
# (Flux' kinds need no entry: their observedGeneration is -1 from the start.)
GET_READY = frozenset(
    [f"{kind}.cert-manager.io" for kind in ("Certificate", "CertificateRequest", "Issuer", "ClusterIssuer")]
    + [f"{kind}.serving.knative.dev" for kind in ("Service", "Configuration", "Revision", "Route", "DomainMapping")]
)


# What the API server says of pods that no waiting brings about: the namespace or a quota asks for another pod template. All other refusals
# may pass: a quota has room again when old pods end, webhooks and service accounts come.
REFUSED_FOR_GOOD = re.compile(r"violates PodSecurity|failed quota: |(minimum|maximum) \S+ usage per |\bis invalid\b")


class Waiting(NamedTuple):
    """Why an object is not ready."""

    reason: str  # completes "OBJECT: ...": "2 of 3 replicas are available"
    failed: bool = False  # whether its controller has given up


def waiting_for(item: ObjectView | None) -> Waiting | None:
    """What an object waits for to be ready; None when it is ready. ``item`` is None for an object that does not exist."""
    if item is None:
        return Waiting("does not exist")
    if item["metadata"].get("deletionTimestamp"):
        return Waiting(being_deleted(item))
    kind, spec, status = group_kind(item), _mapping(item.get("spec")), _mapping(item.get("status"))
    if kind in EXIST:
        return None
    if kind == "Deployment.apps" and hold(item) and spec.get("paused"):
        reason = _half_way(spec, status)
        return Waiting(reason) if reason else None
    if not _is_observed(kind, item["metadata"].get("generation", 0), status):
        return Waiting("the controller has not observed the latest change yet")
    reason = RULES[kind](spec, status) if kind in RULES else _conditions(kind, status)
    if reason is None:
        return None
    failure = FAILURES.get(kind, _stalled)(spec, status)
    return Waiting(failure, failed=True) if failure else Waiting(reason)


def waiting_to_go(item: ObjectView) -> Waiting:
    """What keeps an object that is to go from being gone."""
    return Waiting(being_deleted(item) if item["metadata"].get("deletionTimestamp") else "still exists")


def _mapping(value: Any) -> ObjectView:
    """The value if it is a mapping: the spec and status of a custom resource may be anything."""
    return value if isinstance(value, Mapping) else {}


def being_deleted(item: ObjectView) -> str:
    """What to say of an object that was deleted and is still there; it completes "OBJECT: ..."."""
    finalizers = item["metadata"].get("finalizers") or []
    return "is still being deleted" + (f", held by the finalizers {', '.join(finalizers)}" if finalizers else "")


def refusal(status: ObjectView) -> str | None:
    """Why a Deployment gets no new pods, in the API server's words; None if it does."""
    failed = _condition(status, "ReplicaFailure", "True")
    return str(failed.get("message") or failed.get("reason")) if failed else None


def _is_observed(kind: str, generation: int, status: ObjectView) -> bool:
    """Whether what the status says is about the latest change of the object."""
    if kind in RULES and kind not in OBSERVED:
        return True
    for told in (status, _condition(status, "Ready") or {}):
        observed = told.get("observedGeneration")
        if isinstance(observed, int):  # Argo Rollouts has a text
            return observed >= generation
    return kind not in OBSERVED


# Conditions


def _condition(status: ObjectView, kind: str, wanted: str | None = None) -> ObjectView | None:
    """The condition of this type, if there is one and it has the wanted status."""
    conditions = status.get("conditions")
    entries = conditions if isinstance(conditions, list) else []
    found = next((entry for entry in entries if isinstance(entry, Mapping) and entry.get("type") == kind), None)
    return found if found and wanted in (None, found.get("status")) else None


def _says(what: str, condition: ObjectView) -> str:
    return ": ".join([what, *(str(condition[key]) for key in ("reason", "message") if condition.get(key))])


def _conditions(kind: str, status: ObjectView) -> str | None:
    """The rule of kinds without one of their own."""
    if (stalled := _stalled({}, status)) is not None:
        return stalled
    if reconciling := _condition(status, "Reconciling", "True"):
        return _says("it is being reconciled", reconciling)
    ready = _condition(status, "Ready")
    if ready is None:
        return "the controller has not reported whether it is ready yet" if kind in GET_READY else None
    return None if ready.get("status") == "True" else _says("it is not ready", ready)


def _stalled(_spec: ObjectView, status: ObjectView) -> str | None:
    stalled = _condition(status, "Stalled", "True")
    return _says("it has stalled", stalled) if stalled else None


# Rules


def _available(replicas: int, status: ObjectView) -> str | None:
    available = status.get("availableReplicas") or 0
    return f"{available} of {replicas} replicas are available" if available < replicas else None


def _half_way(spec: ObjectView, status: ObjectView) -> str | None:
    """A rollout that was stopped on purpose: there must be enough replicas, of whatever revision."""
    reason = _available(spec.get("replicas", 1), status)
    return f"{reason}, and it is paused" if reason else None


def _deployment(spec: ObjectView, status: ObjectView) -> str | None:
    replicas = spec.get("replicas", 1)
    updated, available, total = (status.get(key) or 0 for key in ("updatedReplicas", "availableReplicas", "replicas"))
    if refused := refusal(status):
        return f"{available} of {replicas} replicas are available, and new pods cannot be created: {refused}"
    if spec.get("paused") and updated < replicas:
        return "it is paused"
    if updated < replicas:
        return f"{updated} of {replicas} replicas are up to date"
    if total > updated:
        return f"{total - updated} old replicas still exist"
    return _available(replicas, status)


def _deployment_failed(spec: ObjectView, status: ObjectView) -> str | None:
    if REFUSED_FOR_GOOD.search(refusal(status) or ""):
        return _deployment(spec, status)
    progressing = _condition(status, "Progressing", "False")
    if spec.get("paused") or progressing is None or progressing.get("reason") != "ProgressDeadlineExceeded":
        return None
    return f"{_deployment(spec, status)}, and its progress deadline is exceeded: {progressing.get('message')}"


def _stateful_set(spec: ObjectView, status: ObjectView) -> str | None:
    replicas = spec.get("replicas", 1)
    strategy = spec.get("updateStrategy") or {}
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    updated = status.get("updatedReplicas") or 0
    # Until all are up to date the count is of the new revision; afterwards both revisions are one.
    rolls = strategy.get("type") != "OnDelete" and status.get("updateRevision") != status.get("currentRevision")
    if rolls and updated < replicas - partition:
        return f"{updated} of {replicas - partition} replicas are up to date"
    return _available(replicas, status)


def _daemon_set(spec: ObjectView, status: ObjectView) -> str | None:
    nodes = status.get("desiredNumberScheduled") or 0
    if (spec.get("updateStrategy") or {}).get("type") != "OnDelete" and (updated := status.get("updatedNumberScheduled") or 0) < nodes:
        return f"{updated} of {nodes} pods are up to date"
    if (available := status.get("numberAvailable") or 0) < nodes:
        return f"{available} of {nodes} pods are available"
    return None


def _replica_set(spec: ObjectView, status: ObjectView) -> str | None:
    return _available(spec.get("replicas", 1), status)


def _job(spec: ObjectView, status: ObjectView) -> str | None:
    if _condition(status, "Complete", "True") or spec.get("suspend"):
        return None
    return f"{status.get('succeeded') or 0} of {spec.get('completions', 1)} completions are done"


def _job_failed(_spec: ObjectView, status: ObjectView) -> str | None:
    failed = _condition(status, "Failed", "True")
    return _says("it has failed", failed) if failed else None


def _service(spec: ObjectView, status: ObjectView) -> str | None:
    if spec.get("type") != "LoadBalancer" or load_balancer_hosts(status):
        return None
    return "the load balancer has no address yet"


def _claim(_spec: ObjectView, status: ObjectView) -> str | None:
    return _in_phase(status, "Bound")


def _namespace(_spec: ObjectView, status: ObjectView) -> str | None:
    return _in_phase(status, "Active")


def _in_phase(status: ObjectView, wanted: str) -> str | None:
    phase = status.get("phase", "Pending")
    return None if phase == wanted else f"it is {phase}, not {wanted}"


def _pod(_spec: ObjectView, status: ObjectView) -> str | None:
    if status.get("phase") == "Succeeded" or _condition(status, "Ready", "True"):
        return None
    return f"it is {status.get('phase', 'Pending')}, not Ready"


def _pod_failed(_spec: ObjectView, status: ObjectView) -> str | None:
    return _says("it has failed", status) if status.get("phase") == "Failed" else None


def _definition(_spec: ObjectView, status: ObjectView) -> str | None:
    return None if _condition(status, "Established", "True") else "it is not established yet"


def _names_taken(_spec: ObjectView, status: ObjectView) -> str | None:
    refused = _condition(status, "NamesAccepted", "False")
    return _says("its names are not accepted", refused) if refused else None


# By spec and status, what an object of the kind waits for.
RULES: dict[str, Callable[[ObjectView, ObjectView], str | None]] = {
    "Deployment.apps": _deployment,
    "StatefulSet.apps": _stateful_set,
    "DaemonSet.apps": _daemon_set,
    "ReplicaSet.apps": _replica_set,
    "Job.batch": _job,
    "Service": _service,
    "Pod": _pod,
    CLAIM: _claim,
    NAMESPACE: _namespace,
    DEFINITION: _definition,
}
# And why one that is not ready has failed.
FAILURES: dict[str, Callable[[ObjectView, ObjectView], str | None]] = {
    "Deployment.apps": _deployment_failed,
    "Job.batch": _job_failed,
    "Pod": _pod_failed,
    DEFINITION: _names_taken,
}
