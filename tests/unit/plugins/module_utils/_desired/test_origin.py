# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One origin, origins that ask each other, origins behind a proxy: what follows from the mode, and what can't be."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import origin as origins
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import compile_config

SETTINGS: dict[str, Any] = {
    "enabled": True,
    "slb": {"enabled": False},
    "mode": "single",
    "replicas": 1,
    "workload": "statefulset",
    "addresses": "service",
    "proxy": {},
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
    "spread": True,
    "pod_disruption_budget": True,
    "network_policy": True,
}
NGINX: dict[str, Any] = {"enabled": False, "https": {}}
WITH_NGINX: dict[str, Any] = {**NGINX, "enabled": True, "mode": "sidecar", "cache": {}, "replicas": 2, "autoscale": {}, "own_config": True}
PROXY = {"image": "registry.example/srs-proxy:7"}


def resolve(nginx: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return origins.resolve_origin({**SETTINGS, **changes}, NGINX if nginx is None else nginx, "srs")


def cluster(**changes: Any) -> dict[str, Any]:
    return resolve(**{"mode": "cluster", "replicas": 3, **changes})


def proxy(**changes: Any) -> dict[str, Any]:
    return resolve(**{"mode": "proxy", "replicas": 3, "version": 7, "proxy": PROXY, **changes})


def text(origin: dict[str, Any]) -> list[str]:
    """The lines of its srs.conf."""
    return [" ".join(line.split()) for line in compile_config("origin", origin["srs_conf"], where="test").text.splitlines()]


def problems(origin: dict[str, Any], nginx: dict[str, Any] | None = None) -> list[str]:
    return list(origins.check(origin, NGINX if nginx is None else nginx))


def test_one_origin_has_the_tutorials_names() -> None:
    origin = resolve()
    assert origin["workloads"] == [{"name": "srs-origin-deployment", "app": "srs-origin", "replicas": 1}]
    assert origin["selector"] == origin["service"]["selector"] == {"app": "srs-origin"}
    assert [port["port"] for port in origin["service"]["ports"]] == [1935]
    assert origin["edge_origin"] == ["srs-internal-origin-service"]
    assert origin["manifests"] == ["deployment", "service", "network-policy"]
    assert not [line for line in text(origin) if "cluster" in line or "heartbeat" in line or "inotify" in line]
    assert problems(origin) == []


@pytest.mark.parametrize("replicas", [1, 2, 3, 30])
def test_coworkers_follow_from_the_number_of_origins(replicas: int) -> None:
    origin = cluster(replicas=replicas)
    coworkers = " ".join(f"srs-origin-{index}.socs:1985" for index in range(replicas))
    assert f"coworkers {coworkers};" in text(origin)
    assert "origin_cluster on;" in text(origin)
    assert "inotify_auto_reload on;" in text(origin)
    assert problems(origin) == []


def test_a_cluster_is_a_stateful_set_with_a_headless_service() -> None:
    origin = cluster()
    assert origin["manifests"] == ["statefulset", "service", "peer-service", "api-service", "pod-disruption-budget", "network-policy"]
    assert origin["workloads"] == [{"name": "srs-origin", "app": "srs-origin", "replicas": 3}]
    assert origin["peer_services"] == [{"name": "socs", "app": "srs-origin", "headless": True}]
    assert [port["port"] for port in origin["peer_ports"]] == [1935, 1985], "coworkers ask at the API's port"
    assert origin["api_service"]["selector"] == {"statefulset.kubernetes.io/pod-name": "srs-origin-0"}


def test_a_deployment_for_each_origin() -> None:
    origin = cluster(replicas=2, workload="deployments")
    assert [workload["name"] for workload in origin["workloads"]] == ["srs-origin-0-deployment", "srs-origin-1-deployment"]
    assert [workload["app"] for workload in origin["workloads"]] == ["srs-origin-0", "srs-origin-1"]
    assert [(service["name"], service["app"], service["headless"]) for service in origin["peer_services"]] == [
        ("srs-origin-0-socs", "srs-origin-0", False),
        ("srs-origin-1-socs", "srs-origin-1", False),
    ]
    assert "coworkers srs-origin-0-socs:1985 srs-origin-1-socs:1985;" in text(origin)
    assert origin["selector"] == origin["service"]["selector"]
    assert origin["selector"].items() <= origin["labels"].items(), "the pods carry them"
    assert origin["api_service"]["selector"] == {"app": "srs-origin-0"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["srs-internal-origin-service"]),
        ({"addresses": "pods"}, ["srs-origin-0.socs", "srs-origin-1.socs", "srs-origin-2.socs"]),
        ({"addresses": "pods", "workload": "deployments"}, ["srs-origin-0-socs", "srs-origin-1-socs", "srs-origin-2-socs"]),
    ],
)
def test_what_edges_pull_from(changes: dict[str, Any], expected: list[str]) -> None:
    assert cluster(**changes)["edge_origin"] == expected


def test_other_ports_reach_the_coworkers_and_services() -> None:
    origin = cluster(replicas=2, config={"http_api": {"listen": 11985}, "listen": [11935]})
    assert "coworkers srs-origin-0.socs:11985 srs-origin-1.socs:11985;" in text(origin)
    assert [port["port"] for port in origin["peer_ports"]] == [11935, 11985]
    assert [port["port"] for port in origin["api_service"]["ports"]] == [11985]


def test_every_vhost_is_in_the_cluster() -> None:
    origin = cluster(replicas=2, config={"vhosts": [{"name": "__defaultVhost__"}, {"name": "b.example"}]})
    assert text(origin).count("origin_cluster on;") == 2


def test_origins_register_at_the_proxy() -> None:
    origin = proxy()
    lines = text(origin)
    block = lines[lines.index("heartbeat {") :]
    assert block[1:5] == [
        "enabled on;",
        "interval 9;",
        "url http://srs-proxy-service:12025/api/v1/srs/register;",
        "ports on;",
    ]
    assert origin["pod_env"] == [{"name": "SRS_HEARTBEAT_DEVICE_ID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    assert not [line for line in lines if "coworkers" in line]
    assert problems(origin) == []


def test_edges_reach_the_proxy_by_the_name_of_the_origin() -> None:
    origin = proxy()
    assert origin["edge_origin"] == ["srs-internal-origin-service"]
    assert origin["service"] == {
        "selector": {"app": "srs-proxy"},
        "ports": [{"name": "rtmp", "port": 1935, "targetPort": 11935, "protocol": "TCP"}],
    }
    assert origin["api_service"]["ports"] == [{"name": "api", "port": 1985, "targetPort": 11985, "protocol": "TCP"}]
    assert set(origin["manifests"]) >= {"proxy-deployment", "proxy-service", "proxy-network-policy"}
    assert "proxy-public-service" not in origin["manifests"]
    assert "proxy-public-service" in proxy(proxy={**PROXY, "slb": {"provider": "generic"}})["manifests"]


def env(origin: dict[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in origin["proxy"]["env"]}


def test_a_proxy_by_itself_remembers_in_memory() -> None:
    assert env(proxy()) == {
        "PROXY_RTMP_SERVER": "11935",
        "PROXY_HTTP_SERVER": "18080",
        "PROXY_HTTP_API": "11985",
        "PROXY_SYSTEM_API": "12025",
        "PROXY_LOAD_BALANCER_TYPE": "memory",
        "PROXY_STATIC_FILES": "/tmp",
    }
    assert "redis" in origins.warnings(proxy())[0]


def test_several_proxies_share_redis() -> None:
    redis = {"host": "redis.media", "password_secret": {"name": "redis", "key": "password"}}
    origin = proxy(proxy={**PROXY, "replicas": 2, "redis": redis})
    assert (
        env(origin).items()
        >= {
            "PROXY_LOAD_BALANCER_TYPE": "redis",
            "PROXY_REDIS_HOST": "redis.media",
            "PROXY_REDIS_PORT": "6379",
            "PROXY_REDIS_DB": "0",
        }.items()
    )
    assert env(origin)["PROXY_REDIS_PASSWORD"] == {"secretKeyRef": {"name": "redis", "key": "password"}}
    assert problems(origin) == []
    assert origins.warnings(origin) == []


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (cluster(version=7), "srs_origin_mode is cluster, but SRS 7 replaces"),
        (proxy(version=6), "srs_origin_mode is proxy, which needs SRS 7, and the version is 6"),
        (resolve(replicas=3), "srs_origin_replicas is 3, but srs_origin_mode is single"),
        (cluster(replicas=31), "srs_origin_replicas is 31: it has to be a whole number from 0 to 30"),
        (cluster(replicas=-1), "srs_origin_replicas is -1"),
        (cluster(replicas="many"), "srs_origin_replicas is 'many'"),
        (cluster(own_config=False), "srs_origin_own_config is false, but srs_origin_mode cluster"),
        (cluster(config={"http_api": {"enabled": False}}), "srs_origin_config.http_api is off"),
        (
            cluster(config={"http_api": {"auth": {"enabled": True}}}),
            "srs_origin_config.http_api.auth is enabled, but in srs_origin_mode cluster the origins ask each other without a password",
        ),
        (cluster(config={"cluster": {"coworkers": ["a:1985"]}}), "srs_origin_config.cluster.coworkers follows from"),
        (proxy(proxy={}), "srs_origin_proxy.image is missing"),
        (proxy(proxy={**PROXY, "replicas": 2}), "srs_origin_proxy.replicas is 2, but without redis"),
        (proxy(proxy={**PROXY, "redis": {"port": 6380}}), "srs_origin_proxy.redis has no host"),
        (
            cluster(storage={"type": "pvc", "size": "9Gi"}),
            "srs_origin_storage.access_mode is ReadWriteOnce, but the 3 origins of srs_origin_mode cluster share the claim",
        ),
        (
            cluster(storage={"type": "pvc", "existing_claim": "disk", "access_mode": "ReadWriteOnce"}),
            "srs_origin_storage.access_mode is ReadWriteOnce",
        ),
        (resolve(config={"dvr": {"dvr_path": "/data/[stream].flv"}}), "srs_origin_config.dvr.dvr_path is '/data/[stream].flv'"),
        (resolve(config={"hls": {"hls_path": "./objs/hls"}}), "srs_origin_config.hls.hls_path is './objs/hls'"),
        (
            resolve(config={"vhosts": [{"name": "a"}, {"name": "b", "hls": {"hls_key_file_path": "/keys"}}]}),
            "srs_origin_config.vhosts[1].hls.hls_key_file_path is '/keys'",
        ),
    ],
)
def test_each_mistake_is_named(origin: dict[str, Any], said: str) -> None:
    (problem,) = problems(origin)
    assert said in problem


DEMO = {"enabled": True, "image": "encoder", "source": "a.flv", "target": "rtmp://srs-edge-service/live/a"}


def test_a_demo_publisher_may_reach_the_origin() -> None:
    origin = resolve(demo_publisher=DEMO)
    assert "demo-deployment" in origin["manifests"]
    assert origin["publishers"] == ["srs-demo"]
    assert problems(origin) == []
    assert resolve()["publishers"] == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"image": ""}, "srs_demo_publisher_image is empty"),
        ({"source": ""}, "srs_demo_publisher_source is empty"),
        ({"target": "srs-edge-service"}, "srs_demo_publisher_target is 'srs-edge-service': it has to be a URL such as rtmp://"),
    ],
)
def test_mistakes_of_the_demo(changes: dict[str, Any], said: str) -> None:
    (problem,) = problems(resolve(demo_publisher={**DEMO, **changes}))
    assert said in problem


@pytest.mark.parametrize(
    "storage",
    [
        {"type": "pvc", "size": "9Gi", "access_mode": "ReadWriteMany"},
        {"type": "pvc", "existing_claim": "pvc-nas"},
        {"type": "emptydir", "medium": "Memory"},
    ],
)
def test_storage_that_several_origins_can_have(storage: dict[str, Any]) -> None:
    assert problems(cluster(storage=storage)) == []


@pytest.mark.parametrize("origin", [cluster(), proxy()])
def test_an_nginx_in_each_origins_pod_would_miss_streams(origin: dict[str, Any]) -> None:
    (problem,) = problems(origin, WITH_NGINX)
    assert "the nginx in the pod of one would miss the streams of the others" in problem


def test_player_sessions_are_refused_behind_nginx() -> None:
    origin = resolve(WITH_NGINX, config={"hls": {"hls_ctx": True}})
    with pytest.raises(Exception, match=r"hls_ctx is on and must be off behind nginx"):
        text(origin)
    assert "hls_ctx on;" in text(resolve(config={"hls": {"hls_ctx": True}}))


def test_text_from_the_command_line_is_a_number_again() -> None:
    origin = cluster(replicas="2", version="5")
    assert (origin["workloads"][0]["replicas"], origin["version"]) == (2, 5)
    assert problems(origin) == []


@pytest.mark.parametrize(
    ("storage", "recreate"),
    [
        ({"type": "emptydir"}, False),
        ({"type": "pvc", "size": "1Gi"}, True),
        ({"type": "pvc", "size": "1Gi", "access_mode": "ReadWriteOncePod"}, True),
        ({"type": "pvc", "size": "1Gi", "access_mode": "ReadWriteMany"}, False),
    ],
)
def test_a_disk_of_one_node_is_let_go_of_before_the_next_pod(storage: dict[str, Any], recreate: bool) -> None:
    assert resolve(storage=storage)["recreate"] is recreate


def test_an_address_for_edges_elsewhere() -> None:
    assert resolve()["public_service"] == {}
    origin = resolve(slb={"provider": "generic"}, network_policy=True, network_policy_from=[{"ipBlock": {"cidr": "203.0.113.0/24"}}])
    rtmp = {"name": "rtmp", "port": 1935, "targetPort": 1935, "protocol": "TCP"}
    assert origin["public_service"] == {"name": "srs-origin-service", "selector": {"app": "srs-origin"}, "ports": [rtmp]}
    assert "public-service" in origin["manifests"]
    assert origins.warnings(origin) == []
    behind = proxy(slb={})["public_service"]
    assert (behind["selector"], behind["ports"]) == ({"app": "srs-proxy"}, [{**rtmp, "targetPort": 11935}])


def test_who_may_use_that_address_is_asked_for() -> None:
    (nobody,) = origins.warnings(resolve(slb={}, network_policy=True, network_policy_from=[]))
    assert "lets in nobody from outside" in nobody
    (anybody,) = origins.warnings(resolve(slb={}, network_policy=False))
    assert "whoever does can publish" in anybody
    assert origins.warnings(resolve(slb={"provider": "generic", "source_ranges": ["203.0.113.0/24"]}, network_policy=False)) == []


@pytest.mark.parametrize(
    ("ingress", "addresses"),
    [
        (None, []),
        ([], []),
        ([{"ip": "203.0.113.1"}], ["203.0.113.1:1935"]),
        ([{"hostname": "lb.example"}], ["lb.example:1935"]),
        ([{"ip": "203.0.113.2"}, {"ip": "203.0.113.1", "hostname": "x"}], ["203.0.113.1:1935", "203.0.113.2:1935"]),
        ([{"ip": "2001:db8::1"}], ["[2001:db8::1]:1935"]),
    ],
)
def test_where_edges_elsewhere_reach_it(ingress: list[dict[str, str]] | None, addresses: list[str]) -> None:
    balancer = {} if ingress is None else {"loadBalancer": {"ingress": ingress}}
    assert origins.public_addresses({"spec": {"ports": [{"port": 1935}]}, "status": balancer}) == addresses
    assert origins.public_addresses(None) == []


def test_a_host_without_an_origin_has_monitoring_alone() -> None:
    production = {"production": True, "monitoring": {}}
    assert resolve(enabled=False)["manifests"] == []
    assert resolve(enabled=False, **production)["manifests"] == ["pod-monitor", "prometheus-rule", "grafana-dashboard"]
    assert resolve(enabled=False, slb={})["public_service"] == {}
    assert problems(resolve(enabled=False, mode="proxy", replicas=99)) == []
    (problem,) = problems(resolve(enabled=False), WITH_NGINX)
    assert "srs_origin_enabled is false, but nginx serves what the origin writes" in problem
