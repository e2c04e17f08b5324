# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an object is ready, and what it waits for."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import readiness
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.readiness import Waiting

VERSIONS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "Job": "batch/v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
}


def item(kind: str, spec: Any = None, status: Any = None, version: str = "", **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": version or VERSIONS.get(kind, "v1"),
        "kind": kind,
        "metadata": {"name": "a", "generation": 2, **metadata},
        "spec": spec or {},
        "status": status or {},
    }


def condition(kind: str, status: str = "True", **more: Any) -> dict[str, Any]:
    return {"conditions": [{"type": "Other", "status": "False"}, {"type": kind, "status": status, **more}]}


def deployment(spec: dict[str, Any], observed: int = 2, **status: Any) -> dict[str, Any]:
    return item("Deployment", spec, {"observedGeneration": observed, **status})


NOT_OBSERVED = "the controller has not observed the latest change yet"
DONE = {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}
STATEFUL_DONE = {"updatedReplicas": 3, "availableReplicas": 3, "updateRevision": "b", "currentRevision": "b"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (deployment({"replicas": 3}, **DONE), None),
        (deployment({"replicas": 0}), None),
        (deployment({}, replicas=1, updatedReplicas=1, availableReplicas=1), None),
        (deployment({"replicas": 3}, observed=1, **DONE), NOT_OBSERVED),
        (item("Deployment", {"replicas": 3}), NOT_OBSERVED),
        (deployment({"replicas": 3}, **{**DONE, "updatedReplicas": 1}), "1 of 3 replicas are up to date"),
        (deployment({"replicas": 3}, **{**DONE, "replicas": 4}), "1 old replicas still exist"),
        (deployment({"replicas": 3}, **{**DONE, "availableReplicas": 2}), "2 of 3 replicas are available"),
        (deployment({"replicas": 3, "paused": True}, replicas=3, updatedReplicas=0, availableReplicas=3), "it is paused"),
        (deployment({"replicas": 3, "paused": True}, **DONE), None),
        (
            deployment({"replicas": 3}, conditions=[{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]),
            "0 of 3 replicas are available, and new pods cannot be created: exceeded quota",
        ),
        (item("StatefulSet", {"replicas": 3}, {"observedGeneration": 2, **STATEFUL_DONE}), None),
        (item("StatefulSet", {"replicas": 0}, {"observedGeneration": 2}), None),
        (item("StatefulSet", {"replicas": 3}, {"observedGeneration": 1, **STATEFUL_DONE}), NOT_OBSERVED),
        (item("StatefulSet", {}, {"observedGeneration": 2}), "0 of 1 replicas are available"),
        (item("StatefulSet", {"replicas": 3}, {"observedGeneration": 2, **STATEFUL_DONE, "updatedReplicas": 0}), None),
        (item("ReplicaSet", {}, {"observedGeneration": 2}), "0 of 1 replicas are available"),
        (item("Job"), "0 of 1 completions are done"),
        (
            item("StatefulSet", {"replicas": 3}, {"observedGeneration": 2, **STATEFUL_DONE, "currentRevision": "a", "updatedReplicas": 1}),
            "1 of 3 replicas are up to date",
        ),
        (
            item(
                "StatefulSet",
                {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}},
                {"observedGeneration": 2, **STATEFUL_DONE, "currentRevision": "a", "updatedReplicas": 1},
            ),
            None,
        ),
        (
            item(
                "StatefulSet",
                {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}},
                {"observedGeneration": 2, **STATEFUL_DONE, "currentRevision": "a", "updatedReplicas": 1},
            ),
            "1 of 2 replicas are up to date",
        ),
        (
            item(
                "StatefulSet",
                {"replicas": 3, "updateStrategy": {"type": "OnDelete"}},
                {"observedGeneration": 2, **STATEFUL_DONE, "currentRevision": "a", "updatedReplicas": 0},
            ),
            None,
        ),
        (
            item("StatefulSet", {"replicas": 3}, {"observedGeneration": 2, **STATEFUL_DONE, "availableReplicas": 2}),
            "2 of 3 replicas are available",
        ),
        (item("DaemonSet", {}, {"observedGeneration": 2, "desiredNumberScheduled": 0}), None),
        (
            item(
                "DaemonSet", {}, {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}
            ),
            None,
        ),
        (item("DaemonSet", {}, {"observedGeneration": 1}), NOT_OBSERVED),
        (
            item("DaemonSet", {}, {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1}),
            "1 of 2 pods are up to date",
        ),
        (
            item(
                "DaemonSet", {}, {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}
            ),
            "1 of 2 pods are available",
        ),
        (item("ReplicaSet", {"replicas": 2}, {"observedGeneration": 2, "availableReplicas": 1}), "1 of 2 replicas are available"),
        (item("ReplicaSet", {"replicas": 2}, {"observedGeneration": 2, "availableReplicas": 2}), None),
        (item("Job", {}, {"conditions": [{"type": "Complete", "status": "True"}]}), None),
        (item("Job", {"suspend": True}), None),
        (item("Job", {"completions": 2}, {"succeeded": 1}), "1 of 2 completions are done"),
        (item("Service", {"type": "ClusterIP"}), None),
        (item("Service", {"type": "LoadBalancer"}), "the load balancer has no address yet"),
        (item("Service", {"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{}]}}), "the load balancer has no address yet"),
        (item("Service", {"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}]}}), None),
        (item("Service", {"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"hostname": "lb.example"}]}}), None),
        (item("PersistentVolumeClaim", {}, {"phase": "Bound"}), None),
        (item("PersistentVolumeClaim", {}, {"phase": "Pending"}), "it is Pending, not Bound"),
        (item("PersistentVolumeClaim", {}, {"phase": "Lost"}), "it is Lost, not Bound"),
        (item("Pod", {}, {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}), None),
        (item("Pod", {}, {"phase": "Succeeded"}), None),
        (item("Pod", {}, {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}), "it is Running, not Ready"),
        (item("Namespace", {}, {"phase": "Active"}), None),
        (item("CustomResourceDefinition", {}, {"conditions": [{"type": "Established", "status": "False"}]}), "it is not established yet"),
        (item("CustomResourceDefinition", {}, {"conditions": [{"type": "Established", "status": "True"}]}), None),
        (item("ConfigMap"), None),
        (None, "does not exist"),
        (item("ConfigMap", deletionTimestamp="x"), "is still being deleted"),
        (item("Service", deletionTimestamp="x", finalizers=["a/b", "c"]), "is still being deleted, held by the finalizers a/b, c"),
    ],
)
def test_what_an_object_waits_for(given: dict[str, Any] | None, expected: str | None) -> None:
    assert readiness.waiting_for(given) == (expected and Waiting(expected))


FAILED = {"reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
LATE = {"reason": "ProgressDeadlineExceeded", "message": 'ReplicaSet "a-1" has timed out progressing.'}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            item("Job", {}, condition("Failed", **FAILED)),
            "it has failed: BackoffLimitExceeded: Job has reached the specified backoff limit",
        ),
        (
            deployment({"replicas": 3}, **{**DONE, "updatedReplicas": 1}, **condition("Progressing", "False", **LATE)),
            '1 of 3 replicas are up to date, and its progress deadline is exceeded: ReplicaSet "a-1" has timed out progressing.',
        ),
        (item("Pod", {}, {"phase": "Failed", "reason": "Evicted", "message": "low on memory"}), "it has failed: Evicted: low on memory"),
        (
            item("CustomResourceDefinition", {}, condition("NamesAccepted", "False", reason="ListKindConflict", message="taken")),
            "its names are not accepted: ListKindConflict: taken",
        ),
        (item("Widget", {}, condition("Stalled", reason="NoSuchChart"), "example.org/v1"), "it has stalled: NoSuchChart"),
        (
            item("Widget", {}, {"conditions": [{"type": kind, "status": "True"} for kind in ("Ready", "Stalled")]}, "example.org/v1"),
            "it has stalled",
        ),
    ],
)
def test_what_has_failed_says_so(given: dict[str, Any], expected: str) -> None:
    assert readiness.waiting_for(given) == Waiting(expected, failed=True)


@pytest.mark.parametrize(
    "given",
    [
        deployment({"replicas": 3}, **DONE, **condition("Progressing", "False", **LATE)),
        item("Job", {}, {"conditions": [{"type": kind, "status": "True"} for kind in ("Failed", "Complete")]}),
        item("Job", {"suspend": True}, condition("Failed", "False", **FAILED)),
    ],
)
def test_what_is_ready_has_not_failed(given: dict[str, Any]) -> None:
    assert readiness.waiting_for(given) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # The failure is of an earlier change.
        (deployment({"replicas": 3}, observed=1, **condition("Progressing", "False", **LATE)), NOT_OBSERVED),
        # Nobody expects progress of what is paused.
        (deployment({"replicas": 3, "paused": True}, **condition("Progressing", "False", **LATE)), "it is paused"),
        (deployment({"replicas": 3}, **condition("Progressing", "Unknown", **LATE)), "0 of 3 replicas are up to date"),
        (deployment({"replicas": 3}, **condition("Progressing", "False", reason="Other")), "0 of 3 replicas are up to date"),
        (item("Job", {}, condition("Failed", "False", **FAILED)), "0 of 1 completions are done"),
    ],
)
def test_what_has_not_failed_for_good(given: dict[str, Any], expected: str) -> None:
    assert readiness.waiting_for(given) == Waiting(expected)


ISSUER = {"reason": "DoesNotExist", "message": "Issuing certificate as Secret does not exist"}
CERTIFICATE, KNATIVE, VOLCANO, ANY = "cert-manager.io/v1", "serving.knative.dev/v1", "batch.volcano.sh/v1alpha1", "example.org/v1"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # Namesakes of built-in kinds.
        (item("Job", {"minAvailable": 1}, {"state": {"phase": "Running"}}, VOLCANO), None),
        (item("Service", {"type": "LoadBalancer"}, condition("Ready"), KNATIVE), None),
        (
            item("Service", {}, condition("Ready", "False", reason="RevisionMissing", message="no image"), KNATIVE),
            "it is not ready: RevisionMissing: no image",
        ),
        (item("Deployment", {"replicas": 3}, {}, ANY), None),
        (item("Deployment", {"paused": True}, {}, ANY, annotations={"livestream.srs/hold": "me"}), None),
        (item("Pod", {}, {"phase": "Failed"}, ANY), None),
        # Any version of a group.
        (item("Deployment", {"replicas": 3}, {"observedGeneration": 2}, "apps/v1beta2"), "0 of 3 replicas are up to date"),
        # Ready
        (item("Certificate", {}, condition("Ready", observedGeneration=2), CERTIFICATE), None),
        (
            item("Certificate", {}, condition("Ready", "False", **ISSUER), CERTIFICATE),
            "it is not ready: DoesNotExist: Issuing certificate as Secret does not exist",
        ),
        (item("Widget", {}, condition("Ready", "Unknown"), ANY), "it is not ready"),
        (item("Widget", {}, condition("Ready"), ANY), None),
        # Reconciling, Stalled
        (item("Widget", {}, condition("Reconciling", reason="Progressing"), ANY), "it is being reconciled: Progressing"),
        (item("Widget", {}, condition("Reconciling", "False"), ANY), None),
        (item("Widget", {}, condition("Stalled", "False"), ANY), None),
        (
            item("Widget", {}, {"conditions": [{"type": kind, "status": "True"} for kind in ("Ready", "Reconciling")]}, ANY),
            "it is being reconciled",
        ),
        # What the controller has seen
        (item("Widget", {}, {"observedGeneration": 1, **condition("Ready")}, ANY), NOT_OBSERVED),
        (item("Widget", {}, {"observedGeneration": 1, **condition("Stalled")}, ANY), NOT_OBSERVED),
        (item("Widget", {}, {"observedGeneration": -1}, ANY), NOT_OBSERVED),
        (item("Widget", {}, {"observedGeneration": 2}, ANY), None),
        (item("Certificate", {}, condition("Ready", observedGeneration=1), CERTIFICATE), NOT_OBSERVED),
        (item("Widget", {}, {"observedGeneration": 2, **condition("Ready", observedGeneration=1)}, ANY), None),
        (item("Certificate", {}, {}, CERTIFICATE), "the controller has not reported whether it is ready yet"),
        (item("Widget", {}, {}, ANY), None),
        # What is not made as usual
        (item("Rollout", {}, {"observedGeneration": "1"}, "argoproj.io/v1alpha1"), None),
        (item("Widget", ["a"], "fine", ANY), None),
        (item("Widget", {}, {"conditions": {"Ready": "False"}}, ANY), None),
        (item("Widget", {}, {"conditions": ["Ready"]}, ANY), None),
        # Ready when they exist
        (item("PodDisruptionBudget", {}, {"observedGeneration": 1, **condition("DisruptionAllowed", "False")}, "policy/v1"), None),
        (item("HorizontalPodAutoscaler", {}, {"observedGeneration": 1, **condition("ScalingActive", "False")}, "autoscaling/v2"), None),
        (item("CronJob", {}, {"active": [{}]}, "batch/v1"), None),
        (item("Ingress", {}, {"loadBalancer": {}}, "networking.k8s.io/v1"), None),
        (item("PrometheusRule", {}, {}, "monitoring.coreos.com/v1"), None),
        (item("Widget", {}, condition("Ready"), ANY, deletionTimestamp="x"), "is still being deleted"),
    ],
)
def test_other_kinds_go_by_what_their_controllers_say(given: dict[str, Any], expected: str | None) -> None:
    assert readiness.waiting_for(given) == (expected and Waiting(expected))


def test_what_keeps_an_object_from_being_gone() -> None:
    assert readiness.waiting_to_go(item("Service")) == Waiting("still exists")
    assert readiness.waiting_to_go(item("Service", deletionTimestamp="x")) == Waiting("is still being deleted")


def test_a_roll_out_that_is_held_half_way_needs_enough_servers_only() -> None:
    half_way = deployment({"replicas": 3, "paused": True}, replicas=4, updatedReplicas=1, availableReplicas=3)
    half_way["metadata"]["annotations"] = {"livestream.srs/hold": "paused by alice"}
    half_way["status"].update(condition("Progressing", "False", **LATE))
    assert readiness.waiting_for(half_way) is None
    half_way["status"]["availableReplicas"] = 2
    assert readiness.waiting_for(half_way) == Waiting("2 of 3 replicas are available, and it is paused")


@pytest.mark.parametrize(
    ("message", "failed"),
    [
        ('pods "a-1" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false', True),
        ('pods "a-1" is forbidden: failed quota: q: must specify limits.cpu for: srs', True),
        ('pods "a-1" is forbidden: [maximum memory usage per Container is 1Gi, but limit is 2Gi]', True),
        ('Pod "a-1" is invalid: spec.containers[0].resources.requests: Invalid value: "2"', True),
        ('pods "a-1" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2', False),
        ('pods "a-1" is forbidden: error looking up service account x/default: serviceaccount "default" not found', False),
        ('Internal error occurred: failed calling webhook "a.example.org": connection refused', False),
    ],
)
def test_pods_that_are_refused_for_good_are_a_failure(message: str, failed: bool) -> None:
    refused = condition("ReplicaFailure", reason="FailedCreate", message=message)
    waiting = readiness.waiting_for(deployment({"replicas": 3}, **{**DONE, "updatedReplicas": 1}, **refused))
    assert waiting and waiting.failed is failed
    assert waiting.reason.endswith(f"and new pods cannot be created: {message}")
