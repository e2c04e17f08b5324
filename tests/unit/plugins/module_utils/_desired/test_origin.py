# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One origin, origins that ask each other, origins behind a proxy: what follows from the mode."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import origin as origins
from ansible_collections.livestream.srs.plugins.module_utils._desired.origin import Endpoint, Origin, PeerService, Workload
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import compile_config
from ansible_collections.livestream.srs.tests.support.wanted import resolved

ALONE = {"hls_nginx_enabled": False}
RTMP = {"name": "rtmp", "port": 1935, "targetPort": 1935, "protocol": "TCP"}


def single(**variables: Any) -> Origin:
    return resolved(**{**ALONE, **variables}).origin


def cluster(**variables: Any) -> Origin:
    return single(**{"srs_origin_mode": "cluster", **variables})


def proxy(**variables: Any) -> Origin:
    return single(**{"srs_origin_mode": "proxy", "srs_version": 7, "srs_origin_proxy": {"image": "proxy:7"}, **variables})


def text(origin: Origin) -> list[str]:
    """The lines of its srs.conf."""
    return [" ".join(line.split()) for line in compile_config("origin", origin.srs_conf, where="test").text.splitlines()]


def test_one_origin_has_the_tutorials_names() -> None:
    origin = single()
    assert origin.workloads == [Workload("srs-origin-deployment", "srs-origin", 1)]
    assert origin.service == Endpoint("srs-internal-origin-service", {"app": "srs-origin"}, [RTMP])
    assert (origin.kind, origin.selector, origin.config_name) == ("Deployment", {"app": "srs-origin"}, "srs-origin-config")
    assert (origin.peer_services, origin.public_service) == ([], None)
    assert origin.edge_origin == ["srs-internal-origin-service"]
    assert not [line for line in text(origin) if "cluster" in line or "heartbeat" in line or "inotify" in line]


@pytest.mark.parametrize("replicas", [1, 2, 3, 30])
def test_coworkers_follow_from_the_number_of_origins(replicas: int) -> None:
    lines = text(cluster(srs_origin_replicas=replicas))
    coworkers = " ".join(f"srs-origin-{index}.socs:1985" for index in range(replicas))
    assert f"coworkers {coworkers};" in lines
    assert "origin_cluster on;" in lines
    assert "inotify_auto_reload on;" in lines


def test_a_cluster_is_a_stateful_set_with_a_headless_service() -> None:
    origin = cluster()
    assert origin.kind == "StatefulSet"
    assert origin.workloads == [Workload("srs-origin", "srs-origin", 3)]
    assert origin.peer_services == [PeerService("socs", "srs-origin", headless=True)]
    assert [port["port"] for port in origin.peer_ports] == [1935, 1985], "coworkers ask at the API's port"
    assert origin.api_service.name == "srs-api-service"
    assert origin.api_service.selector == {"statefulset.kubernetes.io/pod-name": "srs-origin-0"}


def test_a_deployment_for_each_origin() -> None:
    origin = cluster(srs_origin_replicas=2, srs_origin_workload="deployments")
    assert origin.kind == "Deployment"
    assert origin.workloads == [
        Workload("srs-origin-0-deployment", "srs-origin-0", 1),
        Workload("srs-origin-1-deployment", "srs-origin-1", 1),
    ]
    assert origin.apps == ["srs-origin-0", "srs-origin-1"]
    assert origin.peer_services == [
        PeerService("srs-origin-0-socs", "srs-origin-0", headless=False),
        PeerService("srs-origin-1-socs", "srs-origin-1", headless=False),
    ]
    assert "coworkers srs-origin-0-socs:1985 srs-origin-1-socs:1985;" in text(origin)
    assert origin.selector == origin.service.selector
    assert origin.selector.items() <= origin.labels.items(), "the pods carry them"
    assert origin.api_service.selector == {"app": "srs-origin-0"}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, ["srs-internal-origin-service"]),
        ({"srs_origin_addresses": "pods"}, ["srs-origin-0.socs", "srs-origin-1.socs", "srs-origin-2.socs"]),
        (
            {"srs_origin_addresses": "pods", "srs_origin_workload": "deployments"},
            ["srs-origin-0-socs", "srs-origin-1-socs", "srs-origin-2-socs"],
        ),
    ],
)
def test_what_edges_pull_from(variables: dict[str, Any], expected: list[str]) -> None:
    made = resolved(**ALONE, srs_origin_mode="cluster", **variables)
    assert made.origin.edge_origin == made.edges[0].origin == expected


def test_one_origin_has_no_pods_to_name() -> None:
    assert single(srs_origin_addresses="pods").edge_origin == ["srs-internal-origin-service"]


def test_other_ports_reach_the_coworkers_and_services() -> None:
    origin = cluster(srs_origin_replicas=2, srs_origin_config={"http_api": {"listen": 11985}, "listen": [11935]})
    assert "coworkers srs-origin-0.socs:11985 srs-origin-1.socs:11985;" in text(origin)
    assert [port["port"] for port in origin.peer_ports] == [11935, 11985]
    assert [port["port"] for port in origin.api_service.ports] == [11985]


def test_every_vhost_is_in_the_cluster() -> None:
    origin = cluster(srs_origin_replicas=2, srs_origin_config={"vhosts": [{"name": "__defaultVhost__"}, {"name": "b.example"}]})
    assert text(origin).count("origin_cluster on;") == 2


def test_origins_register_at_the_proxy() -> None:
    lines = text(proxy())
    block = lines[lines.index("heartbeat {") :]
    assert block[1:5] == [
        "enabled on;",
        "interval 9;",
        "url http://srs-proxy-service:12025/api/v1/srs/register;",
        "ports on;",
    ]
    assert not [line for line in lines if "coworkers" in line]


def test_edges_reach_the_proxy_by_the_name_of_the_origin() -> None:
    origin = proxy()
    assert origin.edge_origin == ["srs-internal-origin-service"]
    assert origin.service == Endpoint("srs-internal-origin-service", {"app": "srs-proxy"}, [{**RTMP, "targetPort": 11935}])
    assert origin.api_service.selector == {"app": "srs-proxy"}
    assert origin.api_service.ports == [{"name": "api", "port": 1985, "targetPort": 11985, "protocol": "TCP"}]


def test_a_proxy_is_of_its_mode_alone() -> None:
    assert proxy().proxy
    assert single(srs_origin_proxy={"image": "proxy:7"}).proxy is None


def test_a_demo_publisher_may_reach_the_origin() -> None:
    assert single(srs_demo_publisher=True).publishers == ["srs-demo"]
    assert single().publishers == []


@pytest.mark.parametrize(
    ("media", "recreate"),
    [
        ({"type": "emptydir"}, False),
        ({"type": "pvc", "size": "1Gi"}, True),
        ({"type": "pvc", "size": "1Gi", "access_mode": "ReadWriteOncePod"}, True),
        ({"type": "pvc", "size": "1Gi", "access_mode": "ReadWriteMany"}, False),
    ],
)
def test_a_disk_of_one_node_is_let_go_of_before_the_next_pod(media: dict[str, Any], recreate: bool) -> None:
    assert single(srs_origin_storage=media).recreate is recreate


def test_an_address_for_edges_elsewhere() -> None:
    origin = single(srs_origin_slb={"provider": "generic"})
    assert origin.public_service == Endpoint("srs-origin-service", {"app": "srs-origin"}, [RTMP])
    behind = proxy(srs_origin_slb={}).public_service
    assert behind == Endpoint("srs-origin-service", {"app": "srs-proxy"}, [{**RTMP, "targetPort": 11935}])
    for off in (False, "no", "off", "false"):
        assert single(srs_origin_slb={"enabled": off}).public_service is None
    assert single(srs_origin_enabled=False, srs_origin_slb={}).public_service is None


def test_segments_have_names_that_never_come_back() -> None:
    def segments(**variables: Any) -> Any:
        return resolved(**variables).origin.srs_conf.get("hls", {}).get("hls_ts_file")

    assert segments() == "[app]/[stream]-[timestamp]-[seq].ts"
    assert segments(srs_origin_config={"hls": {"hls_ts_file": "[stream]-[seq].ts"}}) == "[stream]-[seq].ts"
    assert segments(hls_nginx_enabled=False) is None


def test_player_sessions_are_refused_behind_nginx() -> None:
    sessions = {"srs_origin_config": {"hls": {"hls_ctx": True}}}
    with pytest.raises(Exception, match=r"hls_ctx is on and must be off behind nginx"):
        text(resolved(**sessions).origin)
    assert "hls_ctx on;" in text(single(**sessions))


def test_a_text_of_the_users_own_is_checked_as_what_nginx_serves() -> None:
    conf = resolved(srs_origin_config={"conf": "listen 1935;"}).origin.srs_conf
    assert conf["behind_nginx"] is True
    assert not {"hls", "max_connections"} & set(conf)


def test_replicas_follow_from_the_mode_unless_said() -> None:
    assert (single().replicas, cluster().replicas, proxy().replicas) == (1, 3, 3)
    origin = cluster(srs_origin_replicas="2", srs_origin_version="5")
    assert (origin.workloads[0].replicas, origin.version) == (2, Release(5))


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
