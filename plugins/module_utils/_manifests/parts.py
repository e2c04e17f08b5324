# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the objects of several tiers have in common, each once: metadata, restricted pods, probes, spread, Services, policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Common, Pods, Settings
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.pod_schema import HANDLERS
from ansible_collections.livestream.srs.plugins.module_utils._labels import TLS_SUFFIX
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import load_balancer

# Any id but root's will do; a volume's files belong to the group of this number.
USER = 10001
HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"

# https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
RESTRICTED_CONTAINER = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}

# For pods that have no business with the API server.
WITHOUT_API = {"automountServiceAccountToken": False, "enableServiceLinks": False}

# One of the safe ones, which the restricted standard allows.
# https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/
LOW_PORTS = {"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}

# TCP on purpose: a full server refuses requests but still accepts, and must not be killed for being full. One that drains has closed
# its listeners, and so is not ready any more.
STARTUP = {"periodSeconds": 1, "failureThreshold": 60}
READINESS = {"periodSeconds": 2, "failureThreshold": 2}
LIVENESS = {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6}

# A Service that has the addresses of its pods, of those that start and of those that end as well.
HEADLESS = {"clusterIP": "None", "publishNotReadyAddresses": True}

Rule = dict[str, Any]


def present(**fields: Any) -> dict[str, Any]:
    """The fields that have something to say: neither None nor empty."""
    return {key: value for key, value in fields.items() if value not in (None, {}, [], "")}


def manifest(
    api_version: str, kind: str, common: Common, name: str, labels: Mapping[str, str], annotations: Settings | None = None, **content: Any
) -> Object:
    """One object of the topology; ``content`` is ``spec`` or ``data``."""
    metadata = {"name": name, "namespace": common.namespace, "labels": dict(labels), **present(annotations=annotations)}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}


def scale(replicas: int | None, autoscale: Settings) -> dict[str, Any]:
    """How many pods; nothing where an autoscaler says it, this collection's or the user's own."""
    return {} if autoscale or replicas is None else {"replicas": replicas}


def restricted_pod(group: bool = True, low_ports: bool = False) -> dict[str, Any]:
    """The fields of a pod's spec that keep it from what it doesn't need; ``group`` makes files of its volumes writable, ``low_ports``
    lets it listen below 1024 all the same.
    """
    return {
        **WITHOUT_API,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            **({"fsGroup": USER} if group else {}),
            "seccompProfile": {"type": "RuntimeDefault"},
            **({"sysctls": [LOW_PORTS]} if low_ports else {}),
        },
    }


def placed(tier: Pods, common: Common) -> dict[str, Any]:
    """Where the pods of a tier may run, and how they get their images."""
    return present(
        hostNetwork=tier.host_network or None,
        dnsPolicy="ClusterFirstWithHostNet" if tier.host_network else None,
        priorityClassName=tier.priority_class_name,
        imagePullSecrets=common.image_pull_secrets,
        nodeSelector=tier.node_selector,
        tolerations=tier.tolerations,
        affinity=tier.affinity,
    )


def spread(labels: Mapping[str, str], keys: Iterable[str] = (HOST, ZONE)) -> list[dict[str, Any]]:
    """Over nodes and zones, where that is possible."""
    selector = {"matchLabels": dict(labels)}
    return [{"topologyKey": key, "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": selector} for key in keys]


def rolling(surge: int | str, host_network: bool = False) -> dict[str, Any]:
    """The fields of a Deployment's spec that replace pods without a gap. On the network of a node there may be no room for one more."""
    numbers: dict[str, int | str] = {"maxUnavailable": 1, "maxSurge": 0} if host_network else {"maxUnavailable": 0, "maxSurge": surge}
    return {"revisionHistoryLimit": 10, "strategy": {"type": "RollingUpdate", "rollingUpdate": numbers}}


def probes(port: int | str, tier: Pods, enabled: bool, startup: bool = False) -> dict[str, Any]:
    """The probes of a container, with what the user says of each laid over ours."""
    ours = {"startupProbe": STARTUP if startup else None, "readinessProbe": READINESS, "livenessProbe": LIVENESS}
    own = {"startupProbe": tier.startup_probe, "readinessProbe": tier.readiness_probe, "livenessProbe": tier.liveness_probe}
    return present(**{name: probe(port, ours[name] if enabled else None, own[name]) for name in ours})


def probe(port: int | str, ours: Settings | None, own: Settings | None = None) -> dict[str, Any] | None:
    """One probe, at a port unless the user's ``own`` has a handler; None where neither says anything."""
    own = {key: value for key, value in (own or {}).items() if value is not None or key not in HANDLERS}
    if ours is None and not own:
        return None
    handler = {} if any(key in own for key in HANDLERS) else {"tcpSocket": {"port": port}}
    return {**handler, **(ours or {}), **own}


def sleep_before_stop(seconds: int) -> dict[str, Any] | None:
    """Serves on while kube-proxy and the load balancer forget this pod; the signal comes after it."""
    return {"preStop": {"sleep": {"seconds": seconds}}} if seconds else None


def deployment(common: Common, name: str, app: str, labels: Mapping[str, str], **spec: Any) -> Object:
    return manifest("apps/v1", "Deployment", common, name, {"app": app, **labels}, spec=spec)


def service(
    common: Common,
    name: str,
    labels: Mapping[str, str],
    selector: Mapping[str, str],
    ports: Sequence[Mapping[str, Any]],
    **spec: Any,
) -> Object:
    """A Service inside of the Kubernetes cluster."""
    return _service(common, name, labels, selector, ports, {"type": "ClusterIP", **spec}, {})


def public_service(
    common: Common,
    name: str,
    labels: Mapping[str, str],
    selector: Mapping[str, str],
    ports: Sequence[Mapping[str, Any]],
    slb: Settings,
    where: str,
    annotations: Settings | None = None,
) -> Object:
    """A Service with what ``slb`` asks for in front of it; ``where`` names that variable in errors."""
    rendered = load_balancer.render(slb, where=where, ports=ports)
    numbers = rendered["node_ports"]
    numbered = [{**port, **({"nodePort": numbers[port["name"]]} if port["name"] in numbers else {})} for port in ports]
    by_name = {port["name"]: port for port in ports}
    # Where TLS ends at the load balancer, it sends on to the same port of the pods.
    numbered += [{**by_name[name], "name": f"{name}{TLS_SUFFIX}", "port": number} for name, number in rendered["tls_ports"].items()]
    return _service(common, name, labels, selector, numbered, rendered["spec"], {**(annotations or {}), **rendered["annotations"]})


def _service(
    common: Common,
    name: str,
    labels: Mapping[str, str],
    selector: Mapping[str, str],
    ports: Sequence[Mapping[str, Any]],
    spec: Settings,
    annotations: Settings,
) -> Object:
    families = present(ipFamilyPolicy=common.ip_family_policy, ipFamilies=common.ip_families)
    content = {**families, **spec, "selector": dict(selector), "ports": [dict(port) for port in ports]}
    return manifest("v1", "Service", common, name, labels, annotations, spec=content)


def config_map(common: Common, name: str, labels: Mapping[str, str], data: Mapping[str, str]) -> Object:
    return manifest("v1", "ConfigMap", common, name, labels, data=dict(data))


def disruption_budget(common: Common, name: str, labels: Mapping[str, str], selector: Mapping[str, str]) -> Object:
    """One pod at a time may be evicted."""
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": dict(selector)}}
    return manifest("policy/v1", "PodDisruptionBudget", common, name, labels, spec=spec)


def autoscaler(common: Common, name: str, labels: Mapping[str, str], of: str, autoscale: Settings, behavior: Settings) -> Object:
    """A HorizontalPodAutoscaler of the Deployment ``of``."""
    metrics: list[dict[str, Any]] = []
    if "cpu" in autoscale:
        target = {"type": "Utilization", "averageUtilization": autoscale["cpu"]}
        metrics.append({"type": "Resource", "resource": {"name": "cpu", "target": target}})
    if "metric" in autoscale:
        metric = autoscale["metric"]
        target = {"type": "AverageValue", "averageValue": str(metric["average"])}
        metrics.append({"type": "Pods", "pods": {"metric": {"name": metric["name"]}, "target": target}})
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": of},
        "minReplicas": autoscale["min"],
        "maxReplicas": autoscale["max"],
        "metrics": metrics,
        "behavior": behavior,
    }
    return manifest("autoscaling/v2", "HorizontalPodAutoscaler", common, name, labels, spec=spec)


def network_policy(common: Common, name: str, labels: Mapping[str, str], selector: Mapping[str, str], rules: Iterable[Rule]) -> Object:
    """Lets in what the rules say, to the pods that the selector names, and nothing else."""
    spec = {"podSelector": {"matchLabels": dict(selector)}, "policyTypes": ["Ingress"], "ingress": list(rules)}
    return manifest("networking.k8s.io/v1", "NetworkPolicy", common, name, labels, spec=spec)


def opened(ports: Iterable[int], peers: Sequence[Settings] | None = None) -> Rule:
    """Lets these peers come to these ports; everybody without any."""
    rule: Rule = {"ports": [{"port": port, "protocol": "TCP"} for port in ports]}
    return rule if peers is None else {**rule, "from": list(peers)}


def pods_of(apps: Sequence[str]) -> list[dict[str, Any]]:
    """The pods with one of these ``app`` labels, as peers of a NetworkPolicy."""
    return [{"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": list(apps)}]}}] if apps else []


def pods_with(labels: Mapping[str, str]) -> dict[str, Any]:
    """The pods with these labels, as a peer of a NetworkPolicy."""
    return {"podSelector": {"matchLabels": dict(labels)}}
