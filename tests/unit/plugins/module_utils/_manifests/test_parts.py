# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts that objects have in common."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Common
from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import Edge
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._manifests import parts
from ansible_collections.livestream.srs.tests.support.wanted import resolved

LABELS = {"a": "b"}
PORTS = [{"name": "rtmp", "port": 1935, "targetPort": 1935, "protocol": "TCP"}]


@cache
def usual() -> tuple[Common, Edge]:
    made = resolved(srs_namespace="live")
    return made.common, made.edges[0]


def common(**changes: Any) -> Common:
    return replace(usual()[0], **changes)


def edge(**changes: Any) -> Edge:
    return replace(usual()[1], **changes)


@pytest.mark.parametrize(("value", "kept"), [(None, False), ({}, False), ([], False), ("", False), (0, True), (False, True), ([0], True)])
def test_fields_that_have_something_to_say(value: Any, kept: bool) -> None:
    assert parts.present(field=value) == ({"field": value} if kept else {})


def test_an_object_has_its_metadata_and_content() -> None:
    assert parts.manifest("v1", "ConfigMap", common(), "a", LABELS, {"note": "1"}, data={"x": "y"}) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "live", "labels": LABELS, "annotations": {"note": "1"}},
        "data": {"x": "y"},
    }
    assert "annotations" not in parts.manifest("v1", "ConfigMap", common(), "a", LABELS)["metadata"]


def test_a_restricted_pod_is_as_the_pod_security_standard_wants_it() -> None:
    pod = parts.restricted_pod()
    assert pod == {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    without = parts.restricted_pod(group=False)["securityContext"]
    assert without == {key: value for key, value in pod["securityContext"].items() if key != "fsGroup"}
    assert parts.RESTRICTED_CONTAINER == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_where_pods_may_run() -> None:
    assert parts.placed(edge(), common()) == {}
    tier = edge(
        node_selector={"pool": "edge"},
        tolerations=[{"key": "edge"}],
        affinity={"nodeAffinity": {}},
        priority_class_name="high",
        host_network=True,
    )
    assert parts.placed(tier, common(image_pull_secrets=[{"name": "registry"}])) == {
        "hostNetwork": True,
        "dnsPolicy": "ClusterFirstWithHostNet",
        "priorityClassName": "high",
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"pool": "edge"},
        "tolerations": [{"key": "edge"}],
        "affinity": {"nodeAffinity": {}},
    }


def test_pods_are_spread_where_that_is_possible() -> None:
    hosts, zones = parts.spread({"app": "x"})
    assert (hosts["topologyKey"], zones["topologyKey"]) == ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    for constraint in (hosts, zones):
        assert (constraint["maxSkew"], constraint["whenUnsatisfiable"]) == (1, "ScheduleAnyway")
        assert constraint["labelSelector"] == {"matchLabels": {"app": "x"}}
    assert [constraint["topologyKey"] for constraint in parts.spread({}, ["rack"])] == ["rack"]


@pytest.mark.parametrize(
    ("surge", "host_network", "numbers"),
    [
        ("25%", False, {"maxUnavailable": 0, "maxSurge": "25%"}),
        (1, False, {"maxUnavailable": 0, "maxSurge": 1}),
        ("25%", True, {"maxUnavailable": 1, "maxSurge": 0}),
    ],
)
def test_a_roll_out_leaves_no_gap(surge: Any, host_network: bool, numbers: dict[str, Any]) -> None:
    assert parts.rolling(surge, host_network) == {
        "revisionHistoryLimit": 10,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": numbers},
    }


TCP = {"tcpSocket": {"port": 1935}}


def test_probes_open_a_connection() -> None:
    assert parts.probes(1935, edge(), enabled=True, startup=True) == {
        "startupProbe": {**TCP, "periodSeconds": 1, "failureThreshold": 60},
        "readinessProbe": {**TCP, "periodSeconds": 2, "failureThreshold": 2},
        "livenessProbe": {**TCP, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
    }
    assert list(parts.probes("rtmp", edge(), enabled=True)) == ["readinessProbe", "livenessProbe"]
    assert parts.probes(1935, edge(), enabled=False, startup=True) == {}


def test_what_is_said_of_a_probe_is_laid_over_ours() -> None:
    tier = edge(startup_probe={"failureThreshold": 120}, liveness_probe={"httpGet": {"path": "/", "port": 8080}})
    made = parts.probes(1935, tier, enabled=True, startup=True)
    assert made["startupProbe"] == {**TCP, "periodSeconds": 1, "failureThreshold": 120}
    assert made["livenessProbe"] == {
        "httpGet": {"path": "/", "port": 8080},
        "periodSeconds": 10,
        "timeoutSeconds": 5,
        "failureThreshold": 6,
    }
    assert made["readinessProbe"]["failureThreshold"] == 2


@pytest.mark.parametrize("handler", ["httpGet", "exec", "grpc", "tcpSocket"])
def test_a_handler_that_is_null_is_none(handler: str) -> None:
    made = parts.probes(1935, edge(readiness_probe={handler: None}), enabled=True)["readinessProbe"]
    assert [key for key in parts.HANDLERS if made.get(key)] == ["tcpSocket"]


@pytest.mark.parametrize("handler", ["tcpSocket", "httpGet", "exec", "grpc"])
def test_a_probe_has_one_handler(handler: str) -> None:
    made = parts.probes(1935, edge(readiness_probe={handler: {"x": 1}}), enabled=True)["readinessProbe"]
    assert [key for key in made if key in parts.HANDLERS] == [handler]
    assert made[handler] == {"x": 1}


def test_a_probe_of_the_users_own_is_there_without_ours() -> None:
    tier = edge(startup_probe={"periodSeconds": 3})
    assert parts.probes(1935, tier, enabled=False, startup=True) == {"startupProbe": {**TCP, "periodSeconds": 3}}
    assert "startupProbe" in parts.probes(1935, tier, enabled=True), "though there is none by default"


def test_a_pod_serves_on_before_it_stops() -> None:
    assert parts.sleep_before_stop(7) == {"preStop": {"sleep": {"seconds": 7}}}
    assert parts.sleep_before_stop(0) is None


def test_a_deployment_has_the_label_of_its_app() -> None:
    made = parts.deployment(common(), "x-deployment", "x", LABELS, replicas=0)
    assert (made["apiVersion"], made["kind"], made["spec"]) == ("apps/v1", "Deployment", {"replicas": 0})
    assert made["metadata"]["labels"] == {"app": "x", **LABELS}


def test_a_service_inside() -> None:
    made = parts.service(common(), "x", LABELS, {"app": "x"}, PORTS, clusterIP="None")
    assert (made["apiVersion"], made["kind"]) == ("v1", "Service")
    assert made["spec"] == {"type": "ClusterIP", "clusterIP": "None", "selector": {"app": "x"}, "ports": PORTS}


def test_families_of_addresses_are_of_every_service() -> None:
    dual = common(ip_family_policy="PreferDualStack", ip_families=["IPv6", "IPv4"])
    families = {"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv6", "IPv4"]}
    for made in (
        parts.service(dual, "x", LABELS, {}, PORTS),
        parts.public_service(dual, "x", LABELS, {}, PORTS, {}, "slb"),
    ):
        assert made["spec"].items() >= families.items()
    assert not [key for key in parts.service(common(), "x", LABELS, {}, PORTS)["spec"] if key.startswith("ipFamil")]


def test_a_service_for_everybody() -> None:
    slb = {"provider": "metallb", "pool": "edges", "annotations": {"note": "theirs", "more": "1"}}
    made = parts.public_service(common(), "x", LABELS, {"app": "x"}, PORTS, slb, "slb", {"note": "ours", "host": "h"})
    assert made["spec"]["type"] == "LoadBalancer"
    assert made["metadata"]["annotations"] == {
        "note": "theirs",
        "host": "h",
        "more": "1",
        "metallb.io/address-pool": "edges",
    }
    off = parts.public_service(common(), "x", LABELS, {"app": "x"}, PORTS, {"enabled": "no"}, "slb")
    assert off["spec"] == {"type": "ClusterIP", "selector": {"app": "x"}, "ports": PORTS}
    assert "annotations" not in off["metadata"]


def test_node_ports_are_at_the_ports_that_they_are_of() -> None:
    two = [*PORTS, {**PORTS[0], "name": "http", "port": 8080}]
    made = parts.public_service(common(), "x", LABELS, {}, two, {"provider": "nodeport", "ports": {"http": 30080}}, "slb")
    assert made["spec"]["type"] == "NodePort"
    assert [port.get("nodePort") for port in made["spec"]["ports"]] == [None, 30080]
    assert "nodePort" not in two[1]
    with pytest.raises(SrsError, match=r"my_slb\.ports has 'https'"):
        parts.public_service(common(), "x", LABELS, {}, two, {"provider": "nodeport", "ports": {"https": 30443}}, "my_slb")


def test_one_pod_at_a_time_may_be_evicted() -> None:
    made = parts.disruption_budget(common(), "x", LABELS, {"app": "x"})
    assert made["spec"] == {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "x"}}}
    assert (made["apiVersion"], made["kind"]) == ("policy/v1", "PodDisruptionBudget")


@pytest.mark.parametrize(
    ("given", "metrics"),
    [
        ({"cpu": 65}, [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 65}}}]),
        (
            {"metric": {"name": "srs_clients", "average": 800}},
            [{"type": "Pods", "pods": {"metric": {"name": "srs_clients"}, "target": {"type": "AverageValue", "averageValue": "800"}}}],
        ),
    ],
)
def test_an_autoscaler(given: dict[str, Any], metrics: list[Any]) -> None:
    made = parts.autoscaler(common(), "x", LABELS, "x-deployment", {"min": 2, "max": 9, **given}, {"scaleDown": {}})
    assert (made["apiVersion"], made["kind"]) == ("autoscaling/v2", "HorizontalPodAutoscaler")
    assert made["spec"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x-deployment"},
        "minReplicas": 2,
        "maxReplicas": 9,
        "metrics": metrics,
        "behavior": {"scaleDown": {}},
    }


def test_an_autoscaler_goes_by_both() -> None:
    both = {"min": 1, "max": 2, "cpu": 50, "metric": {"name": "m", "average": "1500m"}}
    metrics = parts.autoscaler(common(), "x", LABELS, "x", both, {})["spec"]["metrics"]
    assert [metric["type"] for metric in metrics] == ["Resource", "Pods"]
    assert metrics[1]["pods"]["target"]["averageValue"] == "1500m"


def test_a_network_policy_lets_in_what_its_rules_say() -> None:
    rule = parts.opened([1935])
    made = parts.network_policy(common(), "x", LABELS, {"app": "x"}, iter([rule]))
    assert made["spec"] == {"podSelector": {"matchLabels": {"app": "x"}}, "policyTypes": ["Ingress"], "ingress": [rule]}


def test_who_may_come_to_which_ports() -> None:
    ports = [{"port": 1, "protocol": "TCP"}, {"port": 2, "protocol": "TCP"}]
    assert parts.opened(iter([1, 2])) == {"ports": ports}, "everybody"
    assert parts.opened([1, 2], [{"podSelector": {}}]) == {"ports": ports, "from": [{"podSelector": {}}]}
    assert parts.pods_of(["a", "b"]) == [{"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}]}}]
    assert parts.pods_of([]) == [], "a selector without values would select nothing, or be refused"
    assert parts.pods_with({"app": "a"}) == {"podSelector": {"matchLabels": {"app": "a"}}}
