# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused of edge clusters before anything is changed, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import edge_checks
from ansible_collections.livestream.srs.tests.support.wanted import problems, refusal, warnings


def found(*clusters: dict[str, Any], **variables: Any) -> list[str]:
    """What is wrong with these edge clusters."""
    return problems(["srs_edge"], srs_edge_clusters=list(clusters), **variables)


def test_a_good_topology_has_no_problems() -> None:
    shared = {"http_api": {"listen": 8080}, "listen": [19350]}
    assert found({"name": "edge"}, {"name": "cdn-a", "replicas": 0}, {"name": "c", "config": shared}) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "srs_edge_clusters[0] has no name"),
        ({"name": "CDN_A"}, "srs_edge_clusters[0].name is 'CDN_A': it must be a DNS label"),
        ({"name": "-a"}, "it must be a DNS label"),
        ({"name": "a" * 37}, "at most 36 characters"),
        ({"name": "canary"}, "another cluster's canary"),
        ({"name": "cdn-canary"}, "another cluster's canary"),
        ({"name": "all"}, "srs_edge_clusters[0].name is 'all', which means all edge clusters"),
        (
            {"name": "origin"},
            "srs_edge_clusters[0].name is 'origin', which is the name of the part that has the origins: choose another one.",
        ),
        ({"name": "hls"}, "srs_edge_clusters[0].name is 'hls', which is the name of the part that serves HLS"),
        ({"name": "a,b"}, "it must be a DNS label"),
        ({"autoscale": {"min": 3, "metric": {"name": "srs_clients", "average": 800}}}, "srs_edge_clusters[0].autoscale.max is None"),
        ({"replicas": -1}, "srs_edge_clusters[0].replicas is -1: it must be a whole number from 0 to 10000"),
        ({"replicas": 10_001}, "replicas is 10001"),
        ({"config_strategy": "reload", "config_checksum": False}, "config_strategy is reload, which rolls the pods"),
        ({"publish_from": ["10.0.0.0/33"]}, "publish_from has '10.0.0.0/33': it takes 'all', IPv4 addresses"),
        ({"publish_from": ["10.0.0.0/8"], "version": 3, "image": "ossrs/srs:3"}, "publish_from has '10.0.0.0/8'"),
        ({"publish_from": "everybody"}, "publish_from has 'everybody'"),
        ({"max_connections": 0}, "max_connections is 0: it must be a whole number from 1"),
        ({"limit": {"connections": 0}, "max_connections": 5}, "limit.connections is 0"),
        ({"drain_seconds": -5}, "drain_seconds is -5"),
        ({"drain_seconds": 7 * 86400 + 1}, "drain_seconds is 604801"),
        ({"deregister_seconds": -5}, "deregister_seconds is -5"),
        (
            {"version": 6},
            "srs_edge_clusters[0].version is 6, but srs_edge_image is docker.io/ossrs/srs:v7.0.162, whose tag says SRS 7.0.162: make them",
        ),
        ({"version": "6.0.191", "image": "ossrs/srs:6.0.184"}, "version is 6.0.191, but srs_edge_clusters[0].image is ossrs/srs:6.0.184"),
        ({"config": {"listen": [70000]}}, "listen is '70000', but must be a port from 1 to 65535"),
        ({"config": {"listen": ["here"]}}, "listen is 'here', but must be a port"),
        ({"config": {"http_api": {"listen": 1935}}}, "http_api.listen is '1935', a port that listen has already"),
        ({"config": {"exporter": {"listen": 8080}}}, "exporter.listen is '8080', a port that http_server.listen has already"),
    ],
)
def test_each_mistake_is_named(changes: dict[str, Any], said: str) -> None:
    problem = found({"name": "edge", **changes})[0]
    assert said in problem
    assert problem.endswith(".")


def test_a_mistake_is_named_once() -> None:
    assert len(found({"name": ""})) == 1
    assert len(found({"name": "edge", "replicas": -1})) == 1


@pytest.mark.parametrize("name", ["a" * 36, "0", "canary-a", "mycanary", "none", "list", "promote", "all-of-asia", "origin-2"])
def test_names_that_are_fine(name: str) -> None:
    assert found({"name": name}) == []


def test_a_version_that_is_not_known() -> None:
    assert "srs_edge_clusters[0].version is '2', but must be one of 3, 4, 5, 6, 7, 8, or an exact release" in refusal(
        srs_edge_clusters=[{"name": "edge", "version": 2}]
    )


def test_two_clusters_of_one_name() -> None:
    assert found({"name": "edge"}, {"name": "edge"})[0] == (
        "srs_edge_clusters[1].name is 'edge', which is the name of srs_edge_clusters[0] already: names must differ."
    )


def test_nothing_to_pull_from() -> None:
    said = found({"name": "edge"}, srs_origin_mode="cluster", srs_origin_addresses="pods", srs_origin_replicas=0)
    assert [text for text in said if "srs_edge_origin is empty: set it" in text]


@pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.0/8", "all"])
def test_who_may_publish(peer: str) -> None:
    assert found({"name": "edge", "publish_from": [peer]}) == []
    of_3 = found({"name": "edge", "publish_from": [peer], "version": 3, "image": "ossrs/srs:3"})
    assert (of_3 == []) is ("/" not in peer), "SRS 3 knows no networks"


AUTH = {"enabled": True, "username": "admin", "password_secret": {"name": "srs-api", "key": "password"}}


def upstreams(**of: str) -> list[str]:
    return found(*({"name": name, "upstream": upstream} for name, upstream in of.items()))


def test_edges_of_edges() -> None:
    assert upstreams(a="", b="a", c="b", d="a") == []
    assert upstreams(a="", b="z") == ["srs_edge_clusters[1].upstream is 'z', which is none of the edge clusters: a, b."]
    assert upstreams(a="a") == ["edge cluster 'a': upstreams form a cycle: a -> a. One of them must pull from the origin."]
    assert len(upstreams(a="b", b="a", c="a")) == 2, "c is in no cycle itself"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"expose_http_api": True}, ["set srs_edge_config.http_api.auth."]),
        ({"expose_http_api": True, "version": 4, "image": "ossrs/srs:4"}, ["SRS 4 can't have one.", "publisher-aborts-server"]),
        ({"expose_http_api": True, "config": {"http_api": {"auth": AUTH}}}, []),
        ({"publish_from": ["10.0.0.0/8"]}, ["external_traffic_policy is Local"]),
        ({"publish_from": ["10.0.0.0/8"], "slb": {"external_traffic_policy": "Local"}}, []),
        ({"publish_from": []}, []),
        ({"image": "ossrs/srs:5", "version": 5}, ["quits-at-once (high; set deregister_seconds to the time"]),
        ({"image": "ossrs/srs:6.0.48"}, ["quits-at-once (high; fixed in 6.0.132)"]),
    ],
)
def test_what_leaves_a_door_open_is_a_warning(changes: dict[str, Any], said: list[str]) -> None:
    told = warnings(["srs_edge"], srs_edge_clusters=[{"name": "edge", **changes}])
    assert len(told) == len(said)
    assert all(text in warning for text, warning in zip(said, told, strict=True))


HOSTS: dict[str, dict[str, Any]] = {
    "hub": {"srs_origin_slb": {"provider": "generic"}},
    "closed": {"srs_origin_slb": {"provider": "generic", "enabled": False}},
    "shut": {"srs_origin_slb": {"provider": "generic", "enabled": "no"}},
    "elsewhere": {"srs_origin_enabled": False, "srs_origin_slb": {}},
    "told": {"srs_origin_enabled": "false", "srs_origin_slb": {}},
    "bare": {},
}


@pytest.mark.parametrize(
    ("wanted", "origin", "said"),
    [
        ("hub", [], None),
        ("hub", ["origin.example"], "srs_edge_origin_from is 'hub', but srs_edge_origin names an origin as well"),
        ("here", [], "which is this very host"),
        ("hup", [], "which is not a host of the inventory: bare, closed, elsewhere, here, hub, shut, told."),
        ("closed", [], "give it srs_origin_slb"),
        ("shut", [], "give it srs_origin_slb"),
        ("bare", [], "give it srs_origin_slb"),
        ("elsewhere", [], "srs_origin_enabled is false for that host"),
        ("told", [], "srs_origin_enabled is false for that host"),
    ],
)
def test_the_host_that_has_the_origin(wanted: str, origin: list[str], said: str | None) -> None:
    variables = {"srs_edge_origin_from": wanted, "srs_edge_origin": origin, "hostvars": {**HOSTS, "here": {}}}
    told = problems(["srs_edge"], **variables)
    assert len(told) == (said is not None)
    assert all(str(said) in problem for problem in told)


def test_edges_without_an_origin() -> None:
    clusters = [{"name": "a"}, {"name": "b", "upstream": "a"}, {"name": "c", "origin": ["x"]}]
    (problem,) = found(*clusters, srs_origin_enabled=False)
    assert "srs_origin_enabled is false, so edge cluster a has no origin: set srs_edge_origin_from" in problem
    assert found({"name": "c", "origin": ["x"]}, srs_origin_enabled=False) == []


@pytest.mark.parametrize(
    ("value", "length", "good"), [("srs", 63, True), ("a" * 64, 63, False), ("Srs", 63, False), ("a.b", 63, False), ("a", 1, True)]
)
def test_labels(value: str, length: int, good: bool) -> None:
    assert (edge_checks.not_a_label("srs_namespace", value, length) is None) is good


@pytest.mark.parametrize(
    ("cluster", "origin", "wrong"),
    [
        ({"protocol": "rtmp"}, [], False),
        ({"protocol": "flv"}, [], True),
        ({"follow_client": True}, [], True),
        ({"protocol": "flv"}, ["srs-internal-origin-service:1935"], True),
        ({"protocol": "flv"}, ["srs-internal-origin-service:8080"], True),
        ({"protocol": "flv"}, ["origin.example.com:8080"], False),
        ({"protocol": "flv"}, ["srs-edge-service:8080"], False),
        ({"protocol": "flv"}, ["srs-edge-service"], True),
    ],
)
def test_what_edges_pull_by_http_is_there(cluster: dict[str, Any], origin: list[str], wrong: bool) -> None:
    found = problems(srs_edge_config={"cluster": cluster}, srs_edge_origin=origin)
    assert ["for HTTP-FLV at port" in problem for problem in found] == ([True] if wrong else [])


def test_where_the_caches_ask_the_origin_edges_find_its_http_port() -> None:
    cache = {"hls_nginx_mode": "cache", "hls_nginx_cache": {"upstream": "srs"}, "hls_nginx_replicas": 1}
    pull = {"srs_edge_config": {"cluster": {"protocol": "flv"}}, "srs_edge_origin": ["srs-internal-origin-service:8080"]}
    assert problems(**cache, **pull) == []
