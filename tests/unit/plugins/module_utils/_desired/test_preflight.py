# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused before anything is changed, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import preflight

GOOD: dict[str, Any] = {
    "name": "edge",
    "replicas": 3,
    "version": 6,
    "max_connections": 1000,
    "drain_seconds": 600,
    "deregister_seconds": 10,
    "origin": ["srs-internal-origin-service"],
    "ports": {"rtmp": 1935, "api": 1985, "http": 8080},
    "publish_from": ["all"],
    "upstream": "",
    "expose_http_api": False,
    "config": {},
    "slb": {},
}


def edge(**changes: Any) -> dict[str, Any]:
    return {**GOOD, **changes}


def test_a_good_topology_has_no_problems() -> None:
    assert (
        preflight.check_edges([edge(), edge(name="cdn-a", replicas=0), edge(name="c", ports={"rtmp": 1, "api": 8080, "http": 8080})]) == []
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "srs_edge_clusters[0] has no name"),
        ({"name": "CDN_A"}, "srs_edge_clusters[0].name is 'CDN_A': it has to be a DNS label"),
        ({"name": "-a"}, "it has to be a DNS label"),
        ({"name": "a" * 37}, "at most 36 characters"),
        ({"name": "cdn-canary"}, "another cluster's canary"),
        ({"autoscale": {"min": 3, "metric": {"name": "srs_clients", "average": 800}}}, "edge cluster 'edge': autoscale.max is None"),
        ({"replicas": -1}, "edge cluster 'edge': replicas is -1"),
        ({"replicas": "many"}, "replicas is 'many': it has to be a whole number"),
        ({"replicas": True}, "replicas is True"),
        ({"version": 2}, "version is 2"),
        ({"publish_from": ["10.0.0.0/33"]}, "publish_from has '10.0.0.0/33': it takes 'all', IPv4 addresses"),
        ({"publish_from": ["10.0.0.0/8"], "version": 3}, "publish_from has '10.0.0.0/8'"),
        ({"publish_from": "everybody"}, "publish_from has 'everybody'"),
        ({"max_connections": 0}, "max_connections is 0: it has to be a whole number from 1"),
        ({"drain_seconds": -5}, "drain_seconds is -5"),
        ({"origin": []}, "no origin: set srs_edge_origin"),
        ({"ports": {"rtmp": 70000}}, "the rtmp port is 70000: it has to be from 1 to 65535"),
        ({"ports": {"rtmp": 0}}, "the rtmp port is not a number"),
        ({"ports": {"rtmp": 1935, "api": 1935}}, "port 1935 is used twice, for rtmp and for api"),
    ],
)
def test_each_mistake_is_named(changes: dict[str, Any], said: str) -> None:
    problems = preflight.check_edges([edge(**changes)])
    assert len(problems) == 1
    assert said in problems[0]


def test_two_clusters_of_one_name() -> None:
    assert preflight.check_edges([edge(), edge()]) == [
        "srs_edge_clusters[1].name is 'edge', which is the name of srs_edge_clusters[0] already: names must differ."
    ]


KNOWN = {"srs_edge_replicas", "srs_edge_clusters", "srs_namespace", "hls_nginx_image"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("srs_edge_replica", "did you mean srs_edge_replicas?"),
        ("srs_edge_cluster", "did you mean srs_edge_clusters?"),
        ("srs_namespaces", "did you mean srs_namespace?"),
        ("hls_nginx_imgae", "did you mean hls_nginx_image?"),
        ("srs_in_proces", "did you mean srs_in_process?"),
        ("srs_edge_colour_of_the_sky", "ansible-doc -t role livestream.srs.srs_edge"),
    ],
)
def test_a_misspelt_variable_is_named(name: str, said: str) -> None:
    (problem,) = preflight.unknown_variables([name, "srs_edge_replicas"], KNOWN)
    assert f"unknown variable {name}" in problem
    assert said in problem


@pytest.mark.parametrize(
    "name", ["srs_kubeconfig", "srs_in_process", "srs_my_own_note", "inventory_hostname", "_srs_edge_clusters", "srs_edge_replicas"]
)
def test_other_variables_are_left_alone(name: str) -> None:
    assert preflight.unknown_variables([name], KNOWN) == []


@pytest.mark.parametrize(("namespace", "good"), [("srs", True), ("Srs", False), ("a" * 64, False), (None, False), (7, False)])
def test_namespace(namespace: Any, good: bool) -> None:
    assert (preflight.check_namespace(namespace) == []) is good


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("edge", "srs_edge_clusters is 'edge': it has to be a list"),
        (["edge"], "srs_edge_clusters[0] is 'edge': it has to be a mapping, for example {name: edge}"),
        ([{"name": "a", "replicsa": 3}], "srs_edge_clusters[0] (a) has no key replicsa: did you mean replicas?"),
        ([{"name": "a", "zzz": 3}], "has no key zzz: known are name, replicas."),
    ],
)
def test_shape(given: Any, said: str) -> None:
    (problem,) = preflight.check_shape(given, ["name", "replicas"])
    assert said in problem


def test_good_shape() -> None:
    assert preflight.check_shape([{"name": "a", "replicas": 3}], ["name", "replicas"]) == []


def test_edges_of_edges() -> None:
    def named(**upstreams: str) -> list[str]:
        return preflight.check_upstreams([edge(name=name, upstream=upstream) for name, upstream in upstreams.items()])

    assert named(a="", b="a", c="b", d="a") == []
    assert named(a="", b="z") == ["edge cluster 'b': its upstream 'z' is none of the edge clusters: a, b."]
    assert named(a="a") == ["edge cluster 'a': its upstreams go round in a circle: a -> a. One has to pull from the origin."]
    assert len(named(a="b", b="a", c="a")) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"expose_http_api": True}, ["set config.http_api.auth."]),
        ({"expose_http_api": True, "version": 4}, ["SRS 4 can't have one."]),
        ({"expose_http_api": True, "config": {"http_api": {"auth": {"enabled": True}}}}, []),
        ({"publish_from": ["10.0.0.0/8"]}, ["external_traffic_policy is Local"]),
        ({"publish_from": ["10.0.0.0/8"], "slb": {"external_traffic_policy": "Local"}}, []),
        ({"publish_from": []}, []),
        ({"image": "ossrs/srs:5", "version": 5, "grace": {"drain": 600}}, ["ossrs/srs:5 ends at once when it is told to quit"]),
        ({"image": "ossrs/srs:5", "version": 5, "grace": {}}, []),
    ],
)
def test_what_leaves_a_door_open_is_a_warning(changes: dict[str, Any], said: list[str]) -> None:
    warnings = preflight.edge_warnings([edge(**changes)])
    assert len(warnings) == len(said)
    assert all(text in warning for text, warning in zip(said, warnings, strict=True))


HOSTS: dict[str, dict[str, Any]] = {
    "here": {},
    "hub": {"srs_origin_slb": {"provider": "generic"}},
    "closed": {"srs_origin_slb": {"provider": "generic", "enabled": False}},
    "elsewhere": {"srs_origin_enabled": False, "srs_origin_slb": {}},
}


@pytest.mark.parametrize(
    ("wanted", "given_as_well", "said"),
    [
        ("hub", False, None),
        ("hub", True, "srs_edge_origin_from is 'hub', but srs_edge_origin names an origin as well"),
        ("here", False, "which is this very host"),
        ("hup", False, "which is no host of the inventory: closed, elsewhere, here, hub."),
        ("closed", False, "give it srs_origin_slb"),
        ("elsewhere", False, "srs_origin_enabled is false for that host"),
    ],
)
def test_the_host_that_has_the_origin(wanted: str, given_as_well: bool, said: str | None) -> None:
    found = preflight.check_origin_from(wanted, "here", HOSTS, given_as_well)
    assert len(found) == (said is not None)
    assert all(str(said) in problem for problem in found)
    assert preflight.check_origin_from("here", "hub", {**HOSTS, "here": {}}, False) != [], "no slb is none"


def test_edges_without_an_origin() -> None:
    own = ["srs-internal-origin-service"]
    clusters = [
        edge(name="a", upstream="", origin=own),
        edge(name="b", upstream="a", origin=own),
        edge(name="c", upstream="", origin=["x"]),
    ]
    (problem,) = preflight.check_has_origin(clusters, own)
    assert "so edge cluster a has no origin" in problem
    assert preflight.check_has_origin(clusters[1:], own) == []
