# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused of nginx before anything is changed."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.tests.support.wanted import problems, refusal

SHARED = {"srs_origin_storage": {"type": "pvc", "size": "9Gi", "access_mode": "ReadWriteMany"}}
ONE_NODE = {"srs_origin_storage": {"type": "pvc", "size": "9Gi"}}
CLUSTER = {"srs_origin_mode": "cluster"}
PROXY = {"srs_origin_mode": "proxy", "srs_origin_version": 7, "srs_origin_proxy": {"image": "proxy"}}
CACHE = {"hls_nginx_mode": "cache"}
TLS = {"hls_nginx_https": {"secret_name": "tls"}}
TAKEN = {"srs_origin_config": {"http_server": {"https": {"enabled": True, "listen": 8443}}}}

RTC = "rtc_server { enabled on; tcp { enabled on; listen 8082; } }"


def found(**variables: Any) -> list[str]:
    return problems(["hls_nginx"], **variables)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"hls_nginx_own_config": False},
        TLS,
        {"hls_nginx_https": {"issuer": {"name": "le"}, "dns_names": ["a.example"]}},
        {**SHARED, "hls_nginx_mode": "deployment"},
        {"srs_origin_volume": {"nfs": {"server": "a", "path": "/"}}, "hls_nginx_mode": "deployment"},
        {**CACHE, "hls_nginx_autoscale": {"min": 2, "max": 20}},
        {**CACHE, "hls_nginx_replicas": 0},
        {"hls_nginx_hold_seconds": 0, "hls_nginx_image": "nginx:1.28-slim", "hls_nginx_cache": {"size": "1Mi"}},
        {"hls_nginx_hold_seconds": 0, "srs_origin_config": {"http_server": {"listen": 8083}}},
    ],
)
def test_what_is_right(variables: dict[str, Any]) -> None:
    assert found(**variables) == []


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (CLUSTER, "hls_nginx_mode is sidecar, but srs_origin_mode cluster has several origins, and the nginx in the pod of one would miss"),
        (PROXY, "hls_nginx_mode is sidecar, but srs_origin_mode proxy has several origins"),
        ({"hls_nginx_mode": "deployment"}, "hls_nginx_mode is deployment, but srs_origin_storage is an emptydir"),
        (
            {**ONE_NODE, "hls_nginx_mode": "deployment"},
            "srs_origin_storage.access_mode is ReadWriteOnce, so only pods of one node",
        ),
        ({**CLUSTER, **CACHE}, "hls_nginx_mode is cache, but srs_origin_storage is an emptydir"),
        ({**CLUSTER, **CACHE, "hls_nginx_cache": {"upstream": "srs"}}, "hls_nginx_mode is cache, but srs_origin_storage is an emptydir"),
        ({**PROXY, **CACHE, "hls_nginx_cache": {"upstream": "nginx"}}, "hls_nginx_mode is cache, but srs_origin_storage is an emptydir"),
        ({**CACHE, "hls_nginx_own_config": False}, "hls_nginx_own_config is false"),
        ({**CACHE, "hls_nginx_cache": {"size": "1Mi"}}, "hls_nginx_cache.size is '1Mi'"),
        ({"hls_nginx_cache": {"size": "1Mi"}}, "hls_nginx_cache.size is '1Mi'"),
        ({"hls_nginx_hold_seconds": -1}, "hls_nginx_hold_seconds is -1"),
        ({"hls_nginx_hold_seconds": 86401}, "hls_nginx_hold_seconds is 86401"),
        ({"hls_nginx_image": "nginx:1.28-alpine-slim"}, "hls_nginx_image is 'nginx:1.28-alpine-slim', an image without njs"),
        ({"srs_origin_config": {"http_server": {"listen": 8083}}}, "srs_origin_config has SRS listen on port 8083"),
        ({**CACHE, "hls_nginx_cache": {"size": "huge"}}, "hls_nginx_cache.size is 'huge'"),
        ({**CACHE, "hls_nginx_playlist_seconds": 0}, "hls_nginx_playlist_seconds is 0"),
        (
            {**CACHE, "hls_nginx_cache": {"upstream": "srs"}, "srs_origin_config": {"http_server": {"enabled": False}}},
            "hls_nginx_cache.upstream is srs, but srs_origin_config.http_server is off",
        ),
        ({**CACHE, "hls_nginx_replicas": -1}, "hls_nginx_replicas is -1"),
        ({"hls_nginx_https": {"secret_name": "TLS"}}, "hls_nginx_https.secret_name is 'TLS'"),
        ({**TLS, "hls_nginx_own_config": False}, "hls_nginx_own_config is false"),
        ({**TLS, **TAKEN}, "srs_origin_config has SRS listen on port 8443 (https), which the nginx in the same pod needs"),
        ({"srs_origin_config": {"http_server": {"listen": 8081}}}, "srs_origin_config has SRS listen on port 8081 (http)"),
        ({"srs_origin_config": {"http_server": {"listen": "127.0.0.1:8081"}}}, "srs_origin_config has SRS listen on port 8081 (http)"),
        ({"srs_version": 6, "srs_origin_config": {"extra": RTC}}, "srs_origin_config has SRS listen on port 8082 (rtc_server.tcp.listen)"),
        ({"srs_origin_config": {"http_api": {"listen": 8082}}}, "srs_origin_config has SRS listen on port 8082 (api)"),
        ({"hls_nginx_autoscale": {"min": 1, "max": 3}}, "hls_nginx_autoscale is given, but hls_nginx_mode is sidecar"),
        ({**CACHE, "hls_nginx_autoscale": {"min": 3}}, "hls_nginx_autoscale.max is None"),
        ({**CACHE, "hls_nginx_autoscale": {"min": 3, "max": 2}}, "hls_nginx_autoscale.min is 3, which is more than max, 2"),
        (
            {**CACHE, "hls_nginx_autoscale": {"min": 1, "max": 2}, "hls_nginx_resources": {}},
            "the servers request none: set resources.requests.cpu",
        ),
    ],
)
def test_each_mistake_is_named(variables: dict[str, Any], said: str) -> None:
    (problem,) = found(**variables)
    assert said in problem
    assert problem in problems(["srs_origin"], **variables), "they share the pod and the volume"


def test_a_number_that_is_none() -> None:
    message = refusal(["hls_nginx"], **CACHE, hls_nginx_replicas="two")
    assert "'hls_nginx_replicas'" in message and "two" in message


def test_ports_of_other_pods_are_free() -> None:
    assert found(**TAKEN, **SHARED, **TLS, hls_nginx_mode="deployment") == []
    assert found(**TAKEN, **TLS, **CACHE) == []
    assert found(**TAKEN) == []
    assert found(srs_origin_config={"http_server": {"listen": 8081}}, hls_nginx_own_config=False) == [], "it listens elsewhere then"


def test_what_is_off_has_no_mistakes() -> None:
    assert found(**CLUSTER, hls_nginx_enabled=False) == []
    assert found(**CLUSTER, srs_origin_enabled=False, hls_nginx_enabled=True) == [], "that there is no origin is said by its role"
