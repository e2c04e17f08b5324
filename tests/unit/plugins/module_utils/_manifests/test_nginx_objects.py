# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of nginx, and its container in the origin's pod."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._labels import FLV, HOST, NGINX_CONFIG_CHECKSUM
from ansible_collections.livestream.srs.tests.support.wanted import built, named

BARE = {"srs_production_defaults": False}
SHARED = {"srs_origin_storage": {"type": "pvc", "size": "9Gi", "access_mode": "ReadWriteMany"}}
CLUSTER = {"srs_origin_mode": "cluster", **SHARED}
APART = {"hls_nginx_mode": "deployment", **SHARED}
CACHE = {"hls_nginx_mode": "cache"}
TLS = {"secret_name": "tls", "dns_names": ["live.example.com"]}
ISSUED = {"issuer": {"name": "le"}, "dns_names": ["live.example.com"]}
SERVICE, CONFIG, CACHE_CONFIG = "Service srs-http-service", "ConfigMap srs-hls-nginx-config", "ConfigMap srs-hls-edge-config"
PEERS, CACHE_PEERS = "Service srs-hls-peers", "Service srs-hls-edge-peers"


def made(**variables: Any) -> dict[str, Any]:
    return named(built(**variables).hls())


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({}, [SERVICE, CONFIG, PEERS]),
        ({"hls_nginx_hold_seconds": 0}, [SERVICE, CONFIG]),
        (BARE, [SERVICE]),
        ({"hls_nginx_own_config": False}, [SERVICE]),
        ({"hls_nginx_https": TLS}, [SERVICE, CONFIG, PEERS]),
        ({"hls_nginx_https": ISSUED}, [SERVICE, "Certificate srs-hls-tls", CONFIG, PEERS]),
        ({"hls_nginx_https": {**TLS, "flv_cluster": "edge"}}, [SERVICE, "Service srs-flv-service", CONFIG, PEERS]),
        ({"hls_nginx_https": {**ISSUED, "flv_cluster": "edge", "enabled": False}}, [SERVICE, CONFIG, PEERS]),
        (APART, [SERVICE, CONFIG, PEERS, "Deployment nginx-origin-deployment", "PodDisruptionBudget nginx-origin"]),
        (
            {**APART, "hls_nginx_autoscale": {"min": 2, "max": 5}, "hls_nginx_pod_disruption_budget": False},
            [SERVICE, CONFIG, PEERS, "Deployment nginx-origin-deployment", "HorizontalPodAutoscaler nginx-origin"],
        ),
        (
            CACHE,
            [
                SERVICE,
                CONFIG,
                PEERS,
                CACHE_PEERS,
                CACHE_CONFIG,
                "Service srs-hls-origin-service",
                "Deployment srs-hls-edge-deployment",
                "PodDisruptionBudget srs-hls-edge",
            ],
        ),
        (
            {**CACHE, "hls_nginx_cache": {"upstream": "srs"}},
            [
                SERVICE,
                CACHE_PEERS,
                "Service srs-origin-pods",
                CACHE_CONFIG,
                "Deployment srs-hls-edge-deployment",
                "PodDisruptionBudget srs-hls-edge",
            ],
        ),
        (
            {**CACHE, **CLUSTER, "hls_nginx_autoscale": {"min": 2, "max": 5}},
            [
                SERVICE,
                CONFIG,
                PEERS,
                CACHE_PEERS,
                CACHE_CONFIG,
                "Service srs-hls-origin-service",
                "Deployment nginx-origin-deployment",
                "PodDisruptionBudget nginx-origin",
                "Deployment srs-hls-edge-deployment",
                "PodDisruptionBudget srs-hls-edge",
                "HorizontalPodAutoscaler srs-hls-edge",
            ],
        ),
        ({"hls_nginx_enabled": False}, []),
        ({**CACHE, "hls_nginx_enabled": False}, []),
    ],
)
def test_which_there_are(variables: dict[str, Any], names: list[str]) -> None:
    assert list(made(**variables)) == names


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({}, [CONFIG]),
        (CACHE, [CONFIG]),
        (BARE, []),
        (APART, []),
        ({**CACHE, **CLUSTER}, []),
        ({**CACHE, "hls_nginx_cache": {"upstream": "srs"}}, []),
        ({"hls_nginx_enabled": False}, []),
    ],
)
def test_what_the_pod_of_the_origin_needs_first(variables: dict[str, Any], names: list[str]) -> None:
    builder = built(**variables)
    assert list(named(builder.hls_sidecar())) == names
    everything = named(builder.hls())
    assert all(everything[name] == item for name, item in named(builder.hls_sidecar()).items()), "the same as the role applies"


def test_configs_are_where_nginx_looks_for_them() -> None:
    builder = built(**CACHE)
    found = named(builder.hls())
    assert found[CONFIG]["data"] == builder.files.reader
    assert found[CACHE_CONFIG]["data"] == builder.files.cache
    assert set(builder.files.cache) == {"nginx.conf", "start.sh", "window.js", "playlist.js"}
    command = found["Deployment srs-hls-edge-deployment"]["spec"]["template"]["spec"]["containers"][0]["command"]
    assert command == ["/bin/sh", "/etc/nginx-srs/start.sh", "srs"]
    plain = built(**CACHE, hls_nginx_hold_seconds=0)
    assert set(plain.files.cache) == {"nginx.conf"}
    (container,) = named(plain.hls())["Deployment srs-hls-edge-deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["nginx", "-c", "/etc/nginx-srs/nginx.conf", "-g", "daemon off;"]


# Services


@pytest.mark.parametrize(
    ("variables", "app"), [({}, "srs-origin"), (APART, "nginx-origin"), (CACHE, "srs-hls-edge"), ({**CACHE, **CLUSTER}, "srs-hls-edge")]
)
def test_players_come_to_the_pods_that_serve_them(variables: dict[str, Any], app: str) -> None:
    assert made(**variables)[SERVICE]["spec"]["selector"] == {"app": app}


def test_the_service_of_players() -> None:
    service = made(hls_nginx_slb={"provider": "metallb", "pool": "x"}, hls_nginx_https={**TLS, "flv_cluster": "edge"})[SERVICE]
    assert service["spec"]["type"] == "LoadBalancer"
    assert [(port["port"], port["targetPort"]) for port in service["spec"]["ports"]] == [(80, 8081), (443, 8443)]
    assert service["metadata"]["annotations"] == {"metallb.io/address-pool": "x", HOST: "live.example.com", FLV: "true"}
    assert "annotations" not in made(hls_nginx_https={"secret_name": "tls"})[SERVICE]["metadata"]
    assert made(**BARE)[SERVICE]["spec"]["ports"][0]["targetPort"] == 80


def test_http_flv_comes_from_the_pods_of_an_edge_cluster() -> None:
    clusters = [{"name": "edge"}, {"name": "b", "config": {"http_server": {"listen": 18080}}}]
    service = made(srs_edge_clusters=clusters, hls_nginx_https={**TLS, "flv_cluster": "b"})["Service srs-flv-service"]["spec"]
    assert service["selector"] == {"app": "srs-edge-b"}
    assert [(port["port"], port["targetPort"]) for port in service["ports"]] == [(8080, 18080)]
    assert service["type"] == "ClusterIP"


@pytest.mark.parametrize(("variables", "app"), [(CACHE, "srs-origin"), ({**CACHE, **CLUSTER}, "nginx-origin")])
def test_whom_the_caches_ask(variables: dict[str, Any], app: str) -> None:
    service = made(**variables)["Service srs-hls-origin-service"]["spec"]
    assert (service["selector"], service["type"]) == ({"app": app}, "ClusterIP")
    assert [(port["port"], port["targetPort"]) for port in service["ports"]] == [(80, 8081)]


def test_pods_find_each_other_when_they_start_and_when_they_end() -> None:
    found = made(**CACHE, **CLUSTER)
    for name, app in ((PEERS, "nginx-origin"), (CACHE_PEERS, "srs-hls-edge")):
        spec = found[name]["spec"]
        assert (spec["clusterIP"], spec["publishNotReadyAddresses"], spec["selector"]) == ("None", True, {"app": app})
        assert [port["targetPort"] for port in spec["ports"]] == [8083]
    asked = made(**CACHE, hls_nginx_cache={"upstream": "srs"})["Service srs-origin-pods"]["spec"]
    assert (asked["clusterIP"], asked["publishNotReadyAddresses"], asked["selector"]) == ("None", True, {"app": "srs-origin"})
    assert [port["targetPort"] for port in asked["ports"]] == [8080]


def test_a_certificate() -> None:
    found = made(hls_nginx_https={**ISSUED, "secret_name": "mine"})["Certificate srs-hls-tls"]
    assert found["apiVersion"] == "cert-manager.io/v1"
    assert found["spec"] == {
        "secretName": "mine",
        "dnsNames": ["live.example.com"],
        "issuerRef": {"name": "le", "kind": "Issuer", "group": "cert-manager.io"},
        "privateKey": {"rotationPolicy": "Always"},
    }


# Pods of nginx's own


def deployment(name: str, **variables: Any) -> dict[str, Any]:
    spec: dict[str, Any] = made(**variables)[f"Deployment {name}-deployment"]["spec"]
    return spec


def reader(**variables: Any) -> dict[str, Any]:
    return deployment("nginx-origin", **{**APART, **variables})


def cache(**variables: Any) -> dict[str, Any]:
    return deployment("srs-hls-edge", **{**CACHE, **variables})


def test_pods_are_replaced_without_a_gap() -> None:
    for spec in (reader(hls_nginx_replicas=5), cache(hls_nginx_replicas=5)):
        assert spec["replicas"] == 5
        assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": "25%"}
        pod = spec["template"]["spec"]
        assert pod["terminationGracePeriodSeconds"] == 40
        assert pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] == 10
    assert cache(hls_nginx_host_network=True)["strategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0}
    plain = cache(srs_origin_graceful=False)
    assert "strategy" not in plain and "terminationGracePeriodSeconds" not in plain["template"]["spec"]


def test_the_number_may_be_left_alone() -> None:
    for form, name in ((APART, "nginx-origin"), (CACHE, "srs-hls-edge")):
        assert "replicas" not in made(**form, hls_nginx_replicas=None)[f"Deployment {name}-deployment"]["spec"]


def test_an_autoscaler_sets_the_number() -> None:
    found = made(**CACHE, hls_nginx_autoscale={"min": 2, "max": 5})
    assert "replicas" not in found["Deployment srs-hls-edge-deployment"]["spec"]
    scaler = found["HorizontalPodAutoscaler srs-hls-edge"]["spec"]
    assert scaler["scaleTargetRef"]["name"] == "srs-hls-edge-deployment"
    assert scaler["behavior"] == {"scaleDown": {"stabilizationWindowSeconds": 600}}


def test_a_changed_config_replaces_the_pods_that_have_it() -> None:
    def checksums(**variables: Any) -> list[str]:
        found = made(**CACHE, **CLUSTER, **variables)
        names = ("nginx-origin", "srs-hls-edge")
        return [
            found[f"Deployment {name}-deployment"]["spec"]["template"]["metadata"]["annotations"][NGINX_CONFIG_CHECKSUM] for name in names
        ]

    usual, larger = checksums(), checksums(hls_nginx_cache={"size": "2Gi"})
    assert usual[0] != larger[0] and usual[1] != larger[1]
    assert usual[0] != usual[1]
    asked = checksums(hls_nginx_segment_seconds=601)
    assert asked[1] != usual[1]
    assert "annotations" not in cache(srs_origin_config_checksum=False)["template"]["metadata"]


def test_a_reader_has_the_media_and_may_not_write_them() -> None:
    pod = reader()["template"]["spec"]
    assert pod["volumes"][:3] == [
        {"name": "cache-volume", "persistentVolumeClaim": {"claimName": "srs-origin-media"}},
        {"name": "hls-cache", "emptyDir": {"sizeLimit": "1Gi"}},
        {"name": "nginx-config", "configMap": {"name": "srs-hls-nginx-config"}},
    ]
    assert pod["containers"][0]["volumeMounts"][0] == {"name": "cache-volume", "mountPath": "/usr/share/nginx/html", "readOnly": True}
    plain = reader(hls_nginx_hold_seconds=0)["template"]["spec"]
    assert "hls-cache" not in str(plain), "it keeps nothing"


def test_a_cache_has_a_volume_of_its_own() -> None:
    pod = cache(hls_nginx_cache={"size": "2Gi", "medium": "Memory"})["template"]["spec"]
    assert pod["volumes"][:2] == [
        {"name": "hls-cache", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}},
        {"name": "nginx-config", "configMap": {"name": "srs-hls-edge-config"}},
    ]
    assert pod["containers"][0]["volumeMounts"][0] == {"name": "hls-cache", "mountPath": "/var/cache/hls"}


def test_pods_are_restricted_and_spread() -> None:
    pod = cache()["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    assert {constraint["labelSelector"]["matchLabels"]["app"] for constraint in pod["topologySpreadConstraints"]} == {"srs-hls-edge"}
    open_ = cache(srs_origin_security=False, hls_nginx_spread=False)["template"]["spec"]
    assert "securityContext" not in open_ and "topologySpreadConstraints" not in open_
    assert [volume["name"] for volume in open_["volumes"]] == ["hls-cache", "nginx-config"]


def test_what_is_added_to_pods() -> None:
    pod = cache(
        hls_nginx_sidecars=[{"name": "agent", "image": "agent"}],
        hls_nginx_extra_volumes=[{"name": "x", "emptyDir": {}}],
        hls_nginx_extra_volume_mounts=[{"name": "x", "mountPath": "/x"}],
        hls_nginx_node_selector={"pool": "hls"},
    )["template"]["spec"]
    assert [container["name"] for container in pod["containers"]] == ["nginx", "agent"]
    assert {"name": "x", "emptyDir": {}} in pod["volumes"]
    assert {"name": "x", "mountPath": "/x"} in pod["containers"][0]["volumeMounts"]
    assert pod["nodeSelector"] == {"pool": "hls"}


# The container


def test_what_nginx_runs_with() -> None:
    (container,) = cache(hls_nginx_image="nginx:x", hls_nginx_resources={"limits": {"cpu": "1"}})["template"]["spec"]["containers"]
    assert (container["image"], container["resources"]) == ("nginx:x", {"limits": {"cpu": "1"}})
    assert container["ports"] == [
        {"containerPort": 8081, "name": "hls"},
        {"containerPort": 8082, "name": "metrics"},
        {"containerPort": 8083, "name": "peers"},
    ]
    assert container["readinessProbe"]["tcpSocket"] == container["livenessProbe"]["tcpSocket"] == {"port": 8081}
    assert "startupProbe" not in container
    assert "startupProbe" in cache(hls_nginx_startup_probe={"periodSeconds": 1})["template"]["spec"]["containers"][0]


def test_nginx_with_the_config_of_its_image() -> None:
    nginx = built(**BARE).origin()[0]["spec"]["template"]["spec"]["containers"][1]
    assert nginx == {
        "name": "nginx",
        "image": "nginx",
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": 80}],
        "volumeMounts": [{"name": "cache-volume", "mountPath": "/usr/share/nginx/html", "readOnly": True}],
    }


def test_the_certificate_is_where_players_come_to() -> None:
    found = made(**CACHE, **CLUSTER, hls_nginx_https=TLS)
    behind, public = (found[f"Deployment {name}-deployment"]["spec"]["template"]["spec"] for name in ("nginx-origin", "srs-hls-edge"))
    assert {"name": "nginx-tls", "secret": {"secretName": "tls"}} in public["volumes"]
    assert {"name": "nginx-tls", "mountPath": "/etc/nginx-tls", "readOnly": True} in public["containers"][0]["volumeMounts"]
    assert {"containerPort": 8443, "name": "https"} in public["containers"][0]["ports"]
    assert "nginx-tls" not in str(behind) and "8443" not in str(behind)
