# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused of the origin, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.tests.support.wanted import problems, refusal, warnings

ALONE = {"hls_nginx_enabled": False}
CLUSTER = {**ALONE, "srs_origin_mode": "cluster", "srs_version": 6}
IMAGE = {"image": "registry.example/srs-proxy:7"}
PROXY = {**ALONE, "srs_origin_mode": "proxy", "srs_version": 7, "srs_origin_proxy": IMAGE}
DEMO = {**ALONE, "srs_demo_publisher": True}
REDIS = {"host": "redis.media", "password_secret": {"name": "redis", "key": "password"}}


def found(**variables: Any) -> list[str]:
    return problems(["srs_origin"], **variables)


@pytest.mark.parametrize(
    "variables",
    [
        ALONE,
        {},
        *({**CLUSTER, "srs_origin_replicas": replicas} for replicas in (0, 1, 2, 30)),
        {**CLUSTER, "srs_origin_workload": "deployments"},
        PROXY,
        {**PROXY, "srs_version": 8},
        {**PROXY, "srs_origin_proxy": {**IMAGE, "replicas": 2, "redis": REDIS}},
        DEMO,
        {**DEMO, "srs_demo_publisher_target": "rtmp://srs-edge-service/live/a"},
    ],
)
def test_what_is_right(variables: dict[str, Any]) -> None:
    assert found(**variables) == []


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({**CLUSTER, "srs_version": 7}, "srs_origin_mode is cluster, but from SRS 7 on a proxy replaces"),
        ({**PROXY, "srs_version": 6}, "srs_origin_mode is proxy, which needs SRS 7 or later, and the version is 6"),
        ({**ALONE, "srs_origin_replicas": 3}, "srs_origin_replicas is 3, but srs_origin_mode is single"),
        ({**CLUSTER, "srs_origin_replicas": 31}, "srs_origin_replicas is 31: it must be a whole number from 0 to 30"),
        ({**CLUSTER, "srs_origin_replicas": -1}, "srs_origin_replicas is -1"),
        ({**CLUSTER, "srs_origin_own_config": False}, "srs_origin_own_config is false, but srs_origin_mode cluster"),
        ({**CLUSTER, "srs_origin_config": {"http_api": {"enabled": False}}}, "srs_origin_config.http_api is off"),
        (
            {**CLUSTER, "srs_origin_config": {"http_api": {"auth": {"enabled": True}}}},
            "srs_origin_config.http_api.auth is enabled, but in srs_origin_mode cluster the origins ask each other without a password",
        ),
        ({**CLUSTER, "srs_origin_config": {"cluster": {"coworkers": ["a:1985"]}}}, "srs_origin_config.cluster.coworkers follows from"),
        ({**CLUSTER, "srs_origin_config": {"cluster": {"origin_cluster": False}}}, "srs_origin_config.cluster.origin_cluster follows"),
        (
            {**CLUSTER, "srs_origin_storage": {"type": "pvc", "size": "9Gi"}},
            "srs_origin_storage.access_mode is ReadWriteOnce, but the 3 origins of srs_origin_mode cluster share the claim",
        ),
        (
            {**CLUSTER, "srs_origin_storage": {"type": "pvc", "existing_claim": "disk", "access_mode": "ReadWriteOnce"}},
            "srs_origin_storage.access_mode is ReadWriteOnce",
        ),
        (
            {**ALONE, "srs_origin_config": {"dvr": {"enabled": True, "dvr_path": "/data/[stream].flv"}}},
            "srs_origin_config.dvr.dvr_path is '/data/[stream].flv', and the root file system",
        ),
        ({**ALONE, "srs_origin_config": {"hls": {"hls_path": "./objs/hls"}}}, "srs_origin_config.hls.hls_path is './objs/hls'"),
        (
            {
                **ALONE,
                "srs_origin_config": {"vhosts": [{"name": "a"}, {"name": "b", "hls": {"hls_keys": True, "hls_key_file_path": "/keys"}}]},
            },
            "srs_origin_config.vhosts[1].hls.hls_key_file_path is '/keys'",
        ),
        ({**ALONE, "srs_origin_max_connections": 0}, "srs_origin_max_connections is 0"),
        ({**DEMO, "srs_demo_publisher_image": ""}, "srs_demo_publisher_image is empty"),
        ({**DEMO, "srs_demo_publisher_source": ""}, "srs_demo_publisher_source is empty"),
        ({**DEMO, "srs_demo_publisher_target": ""}, "srs_demo_publisher_target is empty"),
        (
            {**DEMO, "srs_demo_publisher_target": "srs-edge-service"},
            "srs_demo_publisher_target is 'srs-edge-service': it must be a URL such as rtmp://",
        ),
    ],
)
def test_each_mistake_is_named(variables: dict[str, Any], said: str) -> None:
    (problem,) = found(**variables)
    assert said in problem


def test_a_number_that_is_none() -> None:
    message = refusal(["srs_origin"], **{**CLUSTER, "srs_origin_replicas": "many"})
    assert "'srs_origin_replicas'" in message and "many" in message


@pytest.mark.parametrize(
    "media",
    [
        {"type": "pvc", "size": "9Gi", "access_mode": "ReadWriteMany"},
        {"type": "pvc", "existing_claim": "pvc-nas"},
        {"type": "emptydir", "medium": "Memory"},
    ],
)
def test_storage_that_several_origins_can_have(media: dict[str, Any]) -> None:
    assert found(**CLUSTER, srs_origin_storage=media) == []


def test_paths_on_the_volume_and_those_of_a_working_directory() -> None:
    recorded = {"dvr": {"enabled": True, "dvr_path": "./objs/nginx/html/[app]/[stream].flv"}}
    assert found(**ALONE, srs_origin_config=recorded) == []
    assert found(**ALONE, srs_origin_own_config=False, srs_origin_config={"dvr": {"enabled": True, "dvr_path": "/data/a.flv"}}) == [], (
        "it isn't used"
    )


def test_a_host_without_an_origin() -> None:
    assert found(**{**PROXY, "srs_origin_enabled": False, "srs_origin_replicas": 99}) == []
    (problem,) = found(srs_origin_enabled=False, hls_nginx_enabled=True)
    assert "srs_origin_enabled is false, but nginx serves what the origin writes" in problem


def test_a_proxy_that_forgets_is_warned_of() -> None:
    (warning,) = warnings(["srs_origin"], **PROXY)
    assert warning.startswith("srs_origin_proxy.redis is not given: a proxy without it binds each stream to one origin")
    assert warnings(["srs_origin"], **{**PROXY, "srs_origin_proxy": {**IMAGE, "redis": REDIS}}) == []


@pytest.mark.parametrize(
    ("slb", "policy", "peers", "said"),
    [
        ({}, True, [], "lets in nobody from outside"),
        ({}, True, [{"ipBlock": {"cidr": "203.0.113.0/24"}}], None),
        ({}, False, [], "whoever does can publish"),
        ({"source_ranges": ["203.0.113.0/24"]}, False, [], None),
        ({"enabled": False}, False, [], None),
    ],
)
def test_who_may_use_the_address_of_the_origin_is_asked_for(slb: dict[str, Any], policy: bool, peers: list[Any], said: str | None) -> None:
    told = warnings(["srs_origin"], **ALONE, srs_origin_slb=slb, srs_origin_network_policy=policy, srs_origin_network_policy_from=peers)
    assert len(told) == (said is not None)
    assert all(str(said) in warning for warning in told)


def test_other_roles_say_nothing_of_it() -> None:
    assert problems(["srs_edge"], **ALONE, srs_origin_replicas=3) == []
