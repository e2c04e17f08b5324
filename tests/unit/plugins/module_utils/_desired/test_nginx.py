# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx beside the origin, apart from it, and as a tier of caches in front of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import nginx as hls
from ansible_collections.livestream.srs.plugins.module_utils._desired import origin as origins

ORIGIN: dict[str, Any] = {
    "enabled": True,
    "slb": {"enabled": False},
    "mode": "single",
    "replicas": 1,
    "workload": "statefulset",
    "addresses": "service",
    "proxy": {"image": "proxy"},
    "api_slb": {"enabled": False},
    "version": 6,
    "max_connections": 1000,
    "config": {},
    "env": [],
    "storage": {"type": "emptydir"},
    "volume": {},
    "cleanup": {"enabled": False},
    "exporter": False,
    "monitoring": {"enabled": False},
    "production": True,
    "demo_publisher": {"enabled": False, "image": "encoder", "source": "a.flv", "target": "rtmp://srs-internal-origin-service/live/a"},
    "image": "srs:6",
    "drain_seconds": 30,
    "deregister_seconds": 5,
    "own_config": True,
    "graceful": True,
    "security": True,
    "pod_disruption_budget": True,
    "network_policy": True,
}
NGINX: dict[str, Any] = {
    "enabled": True,
    "mode": "sidecar",
    "replicas": 2,
    "autoscale": {},
    "cache": {},
    "https": {},
    "playlist_seconds": 1,
    "own_config": True,
    "metrics": True,
    "pod_disruption_budget": True,
    "resources": {"requests": {"cpu": "100m"}},
}
SHARED = {"type": "pvc", "size": "9Gi", "access_mode": "ReadWriteMany"}
ONE_NODE = {"type": "pvc", "size": "9Gi"}
CLUSTER = {"mode": "cluster", "replicas": 3}
PROXY = {"mode": "proxy", "replicas": 3, "version": 7}


def resolve(origin: dict[str, Any], **nginx: Any) -> dict[str, Any]:
    given = {**NGINX, **nginx}
    return hls.resolve_hls(given, origins.resolve_origin({**ORIGIN, **origin}, given, "srs"), "srs")


def problems(origin: dict[str, Any], **nginx: Any) -> list[str]:
    given = {**NGINX, **nginx}
    return list(hls.check(given, origins.resolve_origin({**ORIGIN, **origin}, given, "srs")))


def apps(server: dict[str, Any]) -> list[str]:
    return [workload["app"] for workload in server["workloads"]]


def test_in_the_origins_pod() -> None:
    server = resolve({})
    assert server["sidecar"]
    assert server["selector"] == {"app": "srs-origin"}
    assert server["manifests"] == ["service", "configmap"]
    assert (server["port"], server["metrics_port"]) == (8081, 8082)
    assert problems({}) == []


def test_with_the_images_own_config() -> None:
    server = resolve({}, own_config=False)
    assert server["manifests"] == ["service"]
    assert (server["port"], server["metrics_port"]) == (80, 0)


@pytest.mark.parametrize(
    ("given", "manifests", "secret"),
    [
        ({"secret_name": "tls"}, [], "tls"),
        ({"issuer": {"name": "le"}, "dns_names": ["a.example"]}, ["certificate"], "srs-hls-tls"),
        ({"issuer": {"name": "le"}, "dns_names": ["a.example"], "secret_name": "mine"}, ["certificate"], "mine"),
        ({"secret_name": "tls", "flv_cluster": "edge"}, ["flv-service"], "tls"),
    ],
)
def test_https(given: dict[str, Any], manifests: list[str], secret: str) -> None:
    server = resolve({}, https=given)
    assert server["manifests"] == ["service", *manifests, "configmap"]
    assert server["https"]["secret_name"] == secret
    assert server["service_ports"] == [
        {"name": "http", "port": 80, "targetPort": 8081, "protocol": "TCP"},
        {"name": "https", "port": 443, "targetPort": 8443, "protocol": "TCP"},
    ]
    assert problems({}, https=given) == []
    off = resolve({}, https={**given, "enabled": False})
    assert (off["https"], off["manifests"], [port["port"] for port in off["service_ports"]]) == ({}, ["service", "configmap"], [80])


def test_in_pods_of_its_own() -> None:
    server = resolve({"storage": SHARED}, mode="deployment")
    assert not server["sidecar"]
    assert apps(server) == ["nginx-origin"]
    assert server["selector"] == {"app": "nginx-origin"}
    assert server["manifests"] == ["service", "configmap", "deployment", "pod-disruption-budget"]
    assert problems({"storage": SHARED}, mode="deployment") == []


@pytest.mark.parametrize(
    ("origin", "cache", "sidecar", "workloads", "upstream"),
    [
        ({}, {}, True, ["srs-hls-edge"], "srs-hls-origin-service:80"),
        ({}, {"upstream": "srs"}, False, ["srs-hls-edge"], "srs-internal-origin-service:8080"),
        ({"config": {"http_server": {"listen": 8088}}}, {"upstream": "srs"}, False, ["srs-hls-edge"], "srs-internal-origin-service:8088"),
        ({**CLUSTER, "storage": SHARED}, {}, False, ["nginx-origin", "srs-hls-edge"], "srs-hls-origin-service:80"),
        ({**CLUSTER, "storage": SHARED}, {"upstream": "srs"}, False, ["srs-hls-edge"], "srs-internal-origin-service:8080"),
        (PROXY, {}, False, ["srs-hls-edge"], "srs-internal-origin-service:8080"),
        ({**PROXY, "storage": SHARED}, {"upstream": "nginx"}, False, ["nginx-origin", "srs-hls-edge"], "srs-hls-origin-service:80"),
    ],
)
def test_caches_and_whom_they_ask(
    origin: dict[str, Any], cache: dict[str, Any], sidecar: bool, workloads: list[str], upstream: str
) -> None:
    server = resolve(origin, mode="cache", cache=cache)
    assert (server["sidecar"], apps(server), server["upstream"]) == (sidecar, workloads, upstream)
    assert server["selector"] == {"app": "srs-hls-edge"}
    assert ("origin-service" in server["manifests"]) is (upstream == "srs-hls-origin-service:80")
    assert problems(origin, mode="cache", cache=cache) == []


def test_the_http_port_of_srs_is_on_its_service_for_the_caches_alone() -> None:
    def ports(origin: dict[str, Any], **nginx: Any) -> list[tuple[int, int]]:
        resolved = origins.resolve_origin({**ORIGIN, **origin}, {**NGINX, **nginx}, "srs")
        return [(port["port"], port["targetPort"]) for port in resolved["service"]["ports"]]

    assert ports({}) == [(1935, 1935)]
    assert ports({}, mode="cache") == [(1935, 1935)]
    assert ports({}, mode="cache", cache={"upstream": "srs"}) == [(1935, 1935), (8080, 8080)]
    assert ports(PROXY, mode="cache") == [(1935, 11935), (8080, 18080)]


@pytest.mark.parametrize(("size", "most"), [("1Gi", "921m"), ("100Mi", "90m"), ("2G", "1716m")])
def test_nginx_leaves_some_of_the_volume_free(size: str, most: str) -> None:
    server = resolve({}, mode="cache", cache={"size": size, "medium": "Memory"})
    assert server["cache_size"] == most
    assert server["cache_volume"] == {"medium": "Memory", "sizeLimit": size}


def test_an_autoscaler_chooses_the_number() -> None:
    server = resolve({}, mode="cache", autoscale={"min": 2, "max": 20})
    assert server["workloads"][0]["autoscale"] == {"min": 2, "max": 20, "cpu": 65}
    assert "horizontal-pod-autoscaler" in server["manifests"]
    behind = resolve({**CLUSTER, "storage": SHARED}, mode="cache", autoscale={"min": 2, "max": 20})["workloads"][0]
    assert (behind["app"], behind["autoscale"]) == ("nginx-origin", {}), "what is behind the caches has a steady load"


def test_segments_have_names_that_never_come_back() -> None:
    def segments(**changes: Any) -> Any:
        return origins.resolve_origin({**ORIGIN, **changes}, NGINX, "srs")["srs_conf"].get("hls", {}).get("hls_ts_file")

    assert segments() == "[app]/[stream]-[timestamp]-[seq].ts"
    assert segments(config={"hls": {"hls_ts_file": "[stream]-[seq].ts"}}) == "[stream]-[seq].ts"


@pytest.mark.parametrize(
    ("origin", "nginx", "said"),
    [
        (CLUSTER, {}, "hls_nginx_mode is sidecar, but srs_origin_mode cluster has several origins"),
        (PROXY, {}, "hls_nginx_mode is sidecar, but srs_origin_mode proxy has several origins"),
        ({}, {"mode": "deployment"}, "hls_nginx_mode is deployment, but srs_origin_storage is an emptydir"),
        ({"storage": ONE_NODE}, {"mode": "deployment"}, "srs_origin_storage.access_mode is ReadWriteOnce, so only pods of one node"),
        (CLUSTER, {"mode": "cache"}, "hls_nginx_mode is cache, but srs_origin_storage is an emptydir"),
        (CLUSTER, {"mode": "cache", "cache": {"upstream": "srs"}}, "hls_nginx_mode is cache, but srs_origin_storage is an emptydir"),
        (PROXY, {"mode": "cache", "cache": {"upstream": "nginx"}}, "hls_nginx_mode is cache, but srs_origin_storage is an emptydir"),
        ({}, {"mode": "cache", "own_config": False}, "hls_nginx_own_config is false"),
        ({}, {"mode": "cache", "cache": {"size": "1Mi"}}, "hls_nginx_cache.size is '1Mi'"),
        ({}, {"mode": "cache", "cache": {"size": "huge"}}, "hls_nginx_cache.size is 'huge'"),
        ({}, {"mode": "cache", "playlist_seconds": 0}, "hls_nginx_playlist_seconds is 0"),
        (
            {"config": {"http_server": {"enabled": False}}},
            {"mode": "cache", "cache": {"upstream": "srs"}},
            "hls_nginx_cache.upstream is srs, but srs_origin_config.http_server is off",
        ),
        ({}, {"mode": "cache", "replicas": -1}, "hls_nginx_replicas is -1"),
        ({}, {"mode": "cache", "replicas": "two"}, "hls_nginx_replicas is 'two'"),
        ({}, {"https": {"secret_name": "TLS"}}, "hls_nginx_https.secret_name is 'TLS'"),
        ({}, {"https": {"secret_name": "tls"}, "own_config": False}, "hls_nginx_own_config is false"),
        (
            {"config": {"http_server": {"https": {"enabled": True, "listen": 8443}}}},
            {"https": {"secret_name": "tls"}},
            "srs_origin_config has SRS listen on port 8443 (https), which the nginx in the same pod needs",
        ),
        ({"config": {"http_server": {"listen": 8081}}}, {}, "srs_origin_config has SRS listen on port 8081 (http)"),
        ({}, {"autoscale": {"min": 1, "max": 3}}, "hls_nginx_autoscale is given, but hls_nginx_mode is sidecar"),
        ({}, {"mode": "cache", "autoscale": {"min": 3}}, "hls_nginx: autoscale.max is None"),
        ({}, {"mode": "cache", "autoscale": {"min": 3, "max": 2}}, "hls_nginx: autoscale.min is 3, which is more than max, 2"),
        ({}, {"mode": "cache", "autoscale": {"min": 1, "max": 2}, "resources": {}}, "the servers request none: set resources.requests.cpu"),
    ],
)
def test_each_mistake_is_named(origin: dict[str, Any], nginx: dict[str, Any], said: str) -> None:
    (problem,) = problems(origin, **nginx)
    assert said in problem


def test_ports_of_other_pods_are_free() -> None:
    taken = {"config": {"http_server": {"https": {"enabled": True, "listen": 8443}}}}
    assert problems({**taken, "storage": SHARED}, mode="deployment", https={"secret_name": "tls"}) == []
    assert problems(taken, mode="cache", https={"secret_name": "tls"}) == []
    assert problems(taken) == []


def test_what_is_off_has_no_mistakes() -> None:
    assert problems(CLUSTER, enabled=False) == []
    assert resolve(CLUSTER, enabled=False)["manifests"] == []
    assert not resolve({}, enabled=False)["sidecar"]
