# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy in front of several origins of SRS 7."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired.proxy import Proxy
from ansible_collections.livestream.srs.tests.support.wanted import problems, refusal, resolved

IMAGE = {"image": "registry.example/srs-proxy:7"}
BEHIND = {"hls_nginx_enabled": False, "srs_origin_mode": "proxy", "srs_version": 7}


def proxy(**given: Any) -> Proxy:
    made = resolved(**BEHIND, srs_origin_proxy={**IMAGE, **given}).origin.proxy
    assert made
    return made


def env(made: Proxy) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in made.env}


def test_a_proxy_by_itself_remembers_in_memory() -> None:
    assert env(proxy()) == {
        "PROXY_RTMP_SERVER": "11935",
        "PROXY_HTTP_SERVER": "18080",
        "PROXY_HTTP_API": "11985",
        "PROXY_SYSTEM_API": "12025",
        "PROXY_LOAD_BALANCER_TYPE": "memory",
        "PROXY_STATIC_FILES": "/tmp",
    }


def test_several_proxies_share_redis() -> None:
    told = env(proxy(replicas=2, redis={"host": "redis.media", "password_secret": {"name": "redis", "key": "password"}}))
    expected = {
        "PROXY_LOAD_BALANCER_TYPE": "redis",
        "PROXY_REDIS_HOST": "redis.media",
        "PROXY_REDIS_PORT": "6379",
        "PROXY_REDIS_DB": "0",
        "PROXY_REDIS_PASSWORD": {"secretKeyRef": {"name": "redis", "key": "password"}},
    }
    assert told.items() >= expected.items()
    assert "PROXY_REDIS_PASSWORD" not in env(proxy(redis={"host": "a", "port": "6380", "db": 2}))
    assert env(proxy(redis={"host": "a", "port": "6380"}))["PROXY_REDIS_PORT"] == "6380"


def test_it_has_no_load_balancer_unless_it_is_given_one() -> None:
    assert not proxy().public
    assert proxy(slb={"provider": "generic"}).public
    assert not proxy(slb={"provider": "generic", "enabled": "no"}).public
    assert [(port["port"], port["targetPort"]) for port in proxy().service_ports] == [(1935, 11935), (8080, 18080)], "no API"


def test_what_it_is_unless_said() -> None:
    made = proxy()
    assert (made.replicas, made.command, made.resources, made.app) == (1, [], {}, "srs-proxy")
    assert [port["name"] for port in made.container_ports] == ["rtmp", "http", "api", "system"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "srs_origin_proxy.image is missing"),
        ({**IMAGE, "replicas": 2}, "srs_origin_proxy.replicas is 2, but without redis"),
        ({**IMAGE, "redis": {"host": "", "port": 6380}}, "srs_origin_proxy.redis.host is empty"),
    ],
)
def test_each_mistake_is_named(given: dict[str, Any], said: str) -> None:
    (problem,) = problems(["srs_origin"], **BEHIND, srs_origin_proxy=given)
    assert said in problem


def test_redis_without_a_host() -> None:
    message = refusal(["srs_origin"], **BEHIND, srs_origin_proxy={**IMAGE, "redis": {"port": 6380}})
    assert "missing required arguments: host found in srs_origin_proxy -> redis" in message
