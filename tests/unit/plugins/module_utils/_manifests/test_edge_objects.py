# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of edge clusters."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._labels import CONFIG_CHECKSUM, CONFIG_KEYS
from ansible_collections.livestream.srs.plugins.module_utils._manifests.edge_objects import config_key, deployed_config, reloading
from ansible_collections.livestream.srs.tests.support.wanted import built, named

ALL = ["ConfigMap", "Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"]
BARE = {"srs_production_defaults": False}


def made(**variables: Any) -> list[dict[str, Any]]:
    builder = built(**variables)
    return builder.edges(builder.topology.edges)[0]


def deployment(**variables: Any) -> dict[str, Any]:
    spec: dict[str, Any] = named(made(**variables))["Deployment srs-edge-deployment"]["spec"]
    return spec


def pod(**variables: Any) -> dict[str, Any]:
    template: dict[str, Any] = deployment(**variables)["template"]
    return template


def config_map(**variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = named(made(**variables))["ConfigMap srs-edge-config"]
    return found


@pytest.mark.parametrize(
    ("variables", "kinds"),
    [
        ({}, ALL),
        (BARE, ["ConfigMap", "Deployment", "Service"]),
        ({"srs_edge_pod_disruption_budget": False}, [kind for kind in ALL if kind != "PodDisruptionBudget"]),
        ({"srs_edge_network_policy": "false"}, [kind for kind in ALL if kind != "NetworkPolicy"]),
        ({"srs_edge_autoscale": {"min": 2, "max": 9}}, [*ALL[:3], "HorizontalPodAutoscaler", *ALL[3:]]),
    ],
)
def test_which_there_are(variables: dict[str, Any], kinds: list[str]) -> None:
    assert [item["kind"] for item in made(**variables)] == kinds


def test_each_cluster_has_objects_of_its_own() -> None:
    found = made(srs_edge_clusters=[{"name": "edge"}, {"name": "b", "network_policy": False}])
    assert [item["metadata"]["labels"]["app.kubernetes.io/instance"] for item in found] == ["edge"] * 5 + ["b"] * 4
    assert len(named(found)) == 9, "no two of one name"


def test_no_server_goes_before_the_next_one_is_ready() -> None:
    assert deployment()["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}}
    assert deployment()["revisionHistoryLimit"] == 10
    assert "strategy" not in deployment(srs_edge_graceful=False)


def test_on_the_network_of_a_node_there_is_no_room_for_one_more() -> None:
    spec = deployment(srs_edge_host_network=True)
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0}
    assert spec["template"]["spec"]["hostNetwork"] is True


def test_the_number_of_servers_is_ours_unless_an_autoscaler_sets_it() -> None:
    assert "replicas" not in named(made(srs_edge_replicas=None))["Deployment srs-edge-deployment"]["spec"], "the user's own"
    assert deployment(srs_edge_replicas=7)["replicas"] == 7
    assert deployment(srs_edge_replicas=0)["replicas"] == 0
    found = named(made(srs_edge_replicas=7, srs_edge_autoscale={"min": 2, "max": 9}))
    assert "replicas" not in found["Deployment srs-edge-deployment"]["spec"]
    scaler = found["HorizontalPodAutoscaler srs-edge"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"], scaler["scaleTargetRef"]["name"]) == (2, 9, "srs-edge-deployment")


def test_servers_come_at_once_and_are_taken_away_slowly() -> None:
    behavior = named(made(srs_edge_autoscale={"min": 2, "max": 9}))["HorizontalPodAutoscaler srs-edge"]["spec"]["behavior"]
    assert behavior == {
        "scaleUp": {"stabilizationWindowSeconds": 0, "policies": [{"type": "Percent", "value": 100, "periodSeconds": 60}]},
        "scaleDown": {"stabilizationWindowSeconds": 600, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 120}]},
    }


# What a changed config does


def key_of(template: dict[str, Any]) -> str | None:
    (volume,) = (volume for volume in template["spec"]["volumes"] if volume["name"] == "config-volume")
    items = volume["configMap"].get("items")
    return items and items[0]["key"]


def test_pods_mount_the_config_of_their_revision() -> None:
    found = config_map()
    key = key_of(pod())
    assert key and key.startswith("srs-") and key.endswith(".conf") and len(key) == len("srs-") + 12 + len(".conf")
    assert found["data"] == {"srs.conf": found["data"]["srs.conf"], key: found["data"]["srs.conf"]}
    assert found["metadata"]["annotations"] == {CONFIG_KEYS: key}
    assert pod()["metadata"]["annotations"][CONFIG_CHECKSUM].startswith(key.removeprefix("srs-").removesuffix(".conf"))


def test_a_changed_config_rolls_them() -> None:
    before, after = pod(), pod(srs_edge_max_connections=5)
    assert key_of(before) != key_of(after)
    assert before["metadata"]["annotations"] != after["metadata"]["annotations"]


RELOAD = {"srs_version": 6, "srs_edge_config_strategy": "reload"}


def test_servers_that_reload_are_replaced_where_a_reload_is_not_enough() -> None:
    before, reloaded = pod(**RELOAD), pod(**RELOAD, srs_edge_config={"play": {"gop_cache": False}})
    assert before == reloaded, "the file is renewed, the pods stay"
    assert CONFIG_CHECKSUM not in before["metadata"].get("annotations", {})
    listening = pod(**RELOAD, srs_edge_config={"http_api": {"crossdomain": False}})
    assert key_of(listening) != key_of(before)


def test_without_a_checksum_a_changed_config_reaches_nobody_by_itself() -> None:
    off = {"srs_edge_config_checksum": False}
    assert key_of(pod(**off)) is None
    assert pod(**off) == pod(**off, srs_edge_config={"play": {"gop_cache": False}})
    assert "annotations" not in pod(**off)["metadata"]
    found = config_map(**off)
    assert list(found["data"]) == ["srs.conf"]
    assert "annotations" not in found["metadata"]


def test_what_the_confirmation_of_reloads_is_given() -> None:
    builder = built(srs_edge_clusters=[{"name": "edge", "config_strategy": "reload"}, {"name": "b"}])
    edges = builder.topology.edges
    _objects, configs = builder.edges(edges)
    assert reloading(edges, configs, builder.existing) == [
        {
            "name": "edge",
            "app": "srs-edge",
            "config_map": "srs-edge-config",
            "key": config_key(edges[0], configs["edge"]),
            "checksum": configs["edge"].checksum,
            "api_port": 1985,
        }
    ]
    assert configs["edge"].checksum == deployed_config(builder.topology.common, edges[0]).checksum
    assert reloading(edges, configs, builder.existing)[0]["key"] == key_of(pod(srs_edge_config_strategy="reload"))


# Pods


def test_labels_and_annotations_of_pods() -> None:
    template = pod(srs_edge_pod_labels={"team": "live"}, srs_edge_pod_annotations={"note": "1"}, srs_edge_limit={"bandwidth": "100M"})[
        "metadata"
    ]
    assert template["labels"].items() >= {"app": "srs-edge", "team": "live", "app.kubernetes.io/component": "edge"}.items()
    assert (
        template["annotations"].items()
        >= {
            "note": "1",
            "kubernetes.io/egress-bandwidth": "100M",
            "kubernetes.io/ingress-bandwidth": "100M",
        }.items()
    )
    assert pod(**BARE)["metadata"] == {"labels": {"app": "srs-edge"}}, "as in the tutorial"


def test_the_pod_outlives_the_drain_of_its_server() -> None:
    spec = pod(srs_edge_drain_seconds=60, srs_edge_deregister_seconds=5)["spec"]
    (srs,) = spec["containers"]
    assert srs["lifecycle"]["preStop"]["sleep"]["seconds"] == 5
    assert spec["terminationGracePeriodSeconds"] > 65
    assert "terminationGracePeriodSeconds" not in pod(srs_edge_graceful=False)["spec"]


def test_pods_are_restricted() -> None:
    spec = pod()["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    (srs,) = spec["containers"]
    assert srs["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "securityContext" not in pod(srs_edge_security=False)["spec"]


def test_what_is_added_to_pods() -> None:
    spec = pod(
        srs_edge_sidecars=[{"name": "agent", "image": "agent"}],
        srs_edge_extra_volumes=[{"name": "x", "emptyDir": {}}],
        srs_edge_extra_volume_mounts=[{"name": "x", "mountPath": "/x"}],
        srs_edge_priority_class_name="high",
    )["spec"]
    assert [container["name"] for container in spec["containers"]] == ["srs", "agent"]
    assert {"name": "x", "emptyDir": {}} in spec["volumes"]
    assert {"name": "x", "mountPath": "/x"} in spec["containers"][0]["volumeMounts"]
    assert spec["priorityClassName"] == "high"


def test_pods_are_spread() -> None:
    constraints = pod()["spec"]["topologySpreadConstraints"]
    assert {constraint["labelSelector"]["matchLabels"]["app"] for constraint in constraints} == {"srs-edge"}
    assert "topologySpreadConstraints" not in pod(srs_edge_spread=False)["spec"]


# Who comes in


def rules(**variables: Any) -> list[tuple[list[int], Any]]:
    """(ports, peers) of each rule of the NetworkPolicy; None stands for everybody."""
    found = named(made(**variables))["NetworkPolicy srs-edge"]["spec"]
    assert found["podSelector"] == {"matchLabels": {"app": "srs-edge"}}
    return [([port["port"] for port in rule["ports"]], rule.get("from")) for rule in found["ingress"]]


def test_everybody_comes_to_the_ports_of_players_alone() -> None:
    monitoring = ([9972], [{"namespaceSelector": {}}])
    assert rules() == [([1935, 8080], None), monitoring]
    assert rules(srs_edge_expose_http_api=True) == [([1935, 8080, 1985], None), monitoring]
    assert rules(srs_edge_exporter=False) == [([1935, 8080], None)]


def test_peers_that_are_named_come_to_all_ports() -> None:
    peers = [{"podSelector": {"matchLabels": {"app": "console"}}}]
    assert rules(srs_edge_network_policy_from=peers)[-1] == ([1935, 1985, 8080, 9972], peers)


def test_who_reads_metrics() -> None:
    peers = [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}]
    assert rules(srs_monitoring={"from": peers})[1] == ([9972], peers)


def test_the_service() -> None:
    service = named(made(srs_edge_slb={"provider": "metallb", "pool": "edges"}))["Service srs-edge-service"]
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["selector"] == {"app": "srs-edge"}
    assert [(port["name"], port["port"]) for port in service["spec"]["ports"]] == [("rtmp", 1935), ("http", 8080)]
    assert service["metadata"]["annotations"] == {"metallb.io/address-pool": "edges"}
