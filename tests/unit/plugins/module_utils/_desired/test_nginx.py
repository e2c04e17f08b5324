# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx beside the origin, apart from it, and as a tier of caches in front of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired.nginx import Nginx
from ansible_collections.livestream.srs.tests.support.wanted import problems, resolved

SHARED = {"srs_origin_storage": {"type": "pvc", "size": "9Gi", "access_mode": "ReadWriteMany"}}
CLUSTER = {"srs_origin_mode": "cluster", "srs_version": 6}
PROXY = {"srs_origin_mode": "proxy", "srs_version": 7, "srs_origin_proxy": {"image": "proxy"}}
CACHE = {"hls_nginx_mode": "cache"}


def nginx(**variables: Any) -> Nginx:
    return resolved(**variables).nginx


def apps(made: Nginx) -> list[str]:
    return [workload.app for workload in made.workloads]


def test_in_the_origins_pod() -> None:
    made = nginx()
    assert made.sidecar and made.readers and not made.workloads
    assert made.selector == {"app": "srs-origin"}
    assert (made.port, made.metrics_port) == (8081, 8082)


def test_with_the_images_own_config() -> None:
    made = nginx(hls_nginx_own_config=False)
    assert (made.port, made.metrics_port) == (80, 0)
    assert nginx(hls_nginx_metrics=False).metrics_port == 0


@pytest.mark.parametrize(
    ("given", "secret"),
    [
        ({"secret_name": "tls"}, "tls"),
        ({"issuer": {"name": "le"}, "dns_names": ["a.example"]}, "srs-hls-tls"),
        ({"issuer": {"name": "le"}, "dns_names": ["a.example"], "secret_name": "mine"}, "mine"),
    ],
)
def test_https(given: dict[str, Any], secret: str) -> None:
    made = nginx(hls_nginx_https=given)
    assert made.https and made.https.secret_name == secret
    assert made.service_ports == [
        {"name": "http", "port": 80, "targetPort": 8081, "protocol": "TCP"},
        {"name": "https", "port": 443, "targetPort": 8443, "protocol": "TCP"},
    ]
    off = nginx(hls_nginx_https={**given, "enabled": False})
    assert (off.https, [port["port"] for port in off.service_ports]) == (None, [80])


@pytest.mark.parametrize(("variables", "role"), [({}, "reader"), ({"hls_nginx_mode": "deployment"}, "reader"), (CACHE, "cache")])
def test_https_is_served_to_players_alone(variables: dict[str, Any], role: str) -> None:
    made = nginx(hls_nginx_https={"secret_name": "tls"}, **variables)
    assert [there for there in ("reader", "cache") if made.serves_https(there)] == [role]


def test_in_pods_of_its_own() -> None:
    made = nginx(**SHARED, hls_nginx_mode="deployment", hls_nginx_replicas=4)
    assert not made.sidecar
    assert [(workload.name, workload.app, workload.role, workload.replicas) for workload in made.workloads] == [
        ("nginx-origin-deployment", "nginx-origin", "reader", 4)
    ]
    assert made.selector == {"app": "nginx-origin"}


@pytest.mark.parametrize(
    ("variables", "cache", "sidecar", "workloads", "upstream"),
    [
        ({}, {}, True, ["srs-hls-edge"], "srs-hls-origin-service:80"),
        ({}, {"upstream": "srs"}, False, ["srs-hls-edge"], "srs-internal-origin-service:8080"),
        (
            {"srs_origin_config": {"http_server": {"listen": 8088}}},
            {"upstream": "srs"},
            False,
            ["srs-hls-edge"],
            "srs-internal-origin-service:8088",
        ),
        ({**CLUSTER, **SHARED}, {}, False, ["nginx-origin", "srs-hls-edge"], "srs-hls-origin-service:80"),
        ({**CLUSTER, **SHARED}, {"upstream": "srs"}, False, ["srs-hls-edge"], "srs-internal-origin-service:8080"),
        (PROXY, {}, False, ["srs-hls-edge"], "srs-internal-origin-service:8080"),
        ({**PROXY, **SHARED}, {"upstream": "nginx"}, False, ["nginx-origin", "srs-hls-edge"], "srs-hls-origin-service:80"),
    ],
)
def test_caches_and_whom_they_ask(
    variables: dict[str, Any], cache: dict[str, Any], sidecar: bool, workloads: list[str], upstream: str
) -> None:
    made = nginx(**CACHE, hls_nginx_cache=cache, **variables)
    assert (made.sidecar, apps(made), made.upstream_address) == (sidecar, workloads, upstream)
    assert made.selector == {"app": "srs-hls-edge"}
    assert made.readers is (upstream == "srs-hls-origin-service:80")
    assert made.asks_srs is not made.readers
    assert problems(["srs_origin", "hls_nginx"], **CACHE, hls_nginx_cache=cache, **variables) == []


def test_the_http_port_of_srs_is_on_its_service_for_the_caches_alone() -> None:
    def ports(**variables: Any) -> list[tuple[int, int]]:
        return [(port["port"], port["targetPort"]) for port in resolved(**variables).origin.service.ports]

    assert ports() == [(1935, 1935)]
    assert ports(**CACHE) == [(1935, 1935)]
    assert ports(**CACHE, hls_nginx_cache={"upstream": "srs"}) == [(1935, 1935), (8080, 8080)]
    assert ports(**CACHE, **PROXY) == [(1935, 11935), (8080, 18080)]
    assert ports(**CACHE, **PROXY, hls_nginx_enabled=False) == [(1935, 11935)]


@pytest.mark.parametrize(("size", "most"), [("1Gi", 921), ("100Mi", 90), ("2G", 1716)])
def test_nginx_leaves_some_of_the_volume_free(size: str, most: int) -> None:
    made = nginx(**CACHE, hls_nginx_cache={"size": size, "medium": "Memory"})
    assert made.cache_megabytes == most
    assert made.cache_volume == {"medium": "Memory", "sizeLimit": size}


def test_the_cache_unless_said() -> None:
    assert nginx(**CACHE).cache_volume == {"sizeLimit": "1Gi"}


def test_an_autoscaler_chooses_the_number() -> None:
    scale = {"hls_nginx_autoscale": {"min": 2, "max": 20}}
    assert nginx(**CACHE, **scale).workloads[0].autoscale == {"min": 2, "max": 20, "cpu": 65}
    behind, caches = nginx(**CACHE, **scale, **CLUSTER, **SHARED).workloads
    assert (behind.app, behind.autoscale, behind.replicas) == ("nginx-origin", {}, 2), "what is behind the caches has a steady load"
    assert (caches.app, caches.autoscale) == ("srs-hls-edge", {"min": 2, "max": 20, "cpu": 65})


def test_what_is_off_is_nowhere() -> None:
    for variables in ({}, CACHE, {"hls_nginx_mode": "deployment"}):
        made = nginx(hls_nginx_enabled=False, **variables)
        assert not made.sidecar and not made.readers and not made.workloads
    assert not nginx(srs_origin_enabled=False).enabled, "without an origin there is nothing to serve"
