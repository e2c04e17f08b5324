# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the user's words to resolved clusters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.livestream.srs.plugins.module_utils._desired import edges as clusters
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError

DEFAULTS: dict[str, Any] = {
    "origin": ["srs-internal-origin-service"],
    "replicas": 3,
    "version": 6,
    "max_connections": 1000,
    "config": {"http_api": {"listen": 1985}},
    "slb": {},
    "expose_http_api": False,
    "upstream": "",
    "limit": {},
    "publish_from": ["all"],
    "drain_seconds": 600,
    "deregister_seconds": 10,
    "graceful": True,
    "security": True,
    "exporter": False,
    "env": [],
}


def resolve(*given: Any, **defaults: Any) -> list[dict[str, Any]]:
    return clusters.resolve_edges(list(given), {**DEFAULTS, **defaults}, "srs")


def test_the_first_edge_has_the_tutorials_names() -> None:
    edge = resolve({"name": "edge"})[0]
    assert (edge["app"], edge["config_name"], edge["deployment_name"], edge["service_name"]) == (
        "srs-edge",
        "srs-edge-config",
        "srs-edge-deployment",
        "srs-edge-service",
    )


def test_every_other_edge_has_its_name_in_them() -> None:
    edge = resolve({"name": "cdn-a"})[0]
    assert edge["app"] == "srs-edge-cdn-a"
    assert edge["deployment_name"] == "srs-edge-cdn-a-deployment"
    assert edge["labels"]["app.kubernetes.io/instance"] == "cdn-a"


def test_a_clusters_own_value_wins_and_the_rest_is_the_default() -> None:
    first, second = resolve({"name": "edge"}, {"name": "b", "replicas": 9})
    assert (first["replicas"], second["replicas"]) == (3, 9)
    assert second["max_connections"] == 1000


def test_config_is_merged_key_by_key() -> None:
    edge = resolve({"name": "edge", "config": {"http_api": {"crossdomain": False}}})[0]
    assert edge["srs_conf"]["http_api"] == {"listen": 1985, "crossdomain": False}
    assert DEFAULTS["config"] == {"http_api": {"listen": 1985}}


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("replicas", "5", 5),
        ("replicas", "-1", -1),
        ("expose_http_api", "yes", True),
        ("graceful", "False", False),
        ("replicas", "five", "five"),
    ],
)
def test_text_from_the_command_line_becomes_the_type_of_the_default(key: str, text: str, value: Any) -> None:
    assert resolve({"name": "edge", key: text})[0][key] == value


def test_a_templated_number_is_a_number_again() -> None:
    assert resolve({"name": "edge"}, version="6")[0]["version"] == 6


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("edge", "not a list"),
        ({"name": "edge"}, "not a list"),
        (None, "not a list"),
        (["edge"], "srs_edge_clusters[0] is a string ('edge')"),
    ],
)
def test_what_is_not_a_list_of_mappings_is_named(given: Any, said: str) -> None:
    with pytest.raises(SrsError, match="srs_edge_clusters") as error:
        clusters.resolve_edges(given, DEFAULTS, "srs")
    assert said in error.value.message


@pytest.mark.parametrize("drain", [0, 1, 30, 600, 86400])
@pytest.mark.parametrize("deregister", [0, 10])
def test_the_grace_period_holds_all_its_parts(drain: int, deregister: int) -> None:
    budget = clusters.grace({"graceful": True, "drain_seconds": drain, "deregister_seconds": deregister})
    waits = (clusters.GRACE_START_WAIT + clusters.GRACE_FINAL_WAIT) / 1000
    assert budget["pre_stop"] == deregister
    assert budget["period"] >= deregister + drain + waits + clusters.GRACE_MARGIN
    assert budget["period"] <= drain + deregister + 10


@given(
    drain=st.integers(1, 7 * 86400),
    deregister=st.integers(0, 600),
    start=st.none() | st.integers(0, 60_000),
    final=st.none() | st.integers(0, 60_000),
)
def test_whatever_waits_are_set_the_pod_lives_through_all_of_them(
    drain: int, deregister: int, start: int | None, final: int | None
) -> None:
    waits = {name: wait for name, wait in (("grace_start_wait", start), ("grace_final_wait", final)) if wait is not None}
    (edge,) = resolve({"name": "edge", "drain_seconds": drain, "deregister_seconds": deregister, "config": waits})
    conf = edge["srs_conf"]
    needed = deregister + drain + (conf["grace_start_wait"] + conf["grace_final_wait"]) / 1000
    # SRS looks for signals and for the last player once a second.
    assert needed + 2 < edge["grace"]["period"] <= needed + 1 + clusters.GRACE_MARGIN
    assert conf["termination_grace_period_seconds"] == edge["grace"]["period"]
    assert conf["pre_stop_seconds"] == deregister and conf["drain_seconds"] == drain


def test_without_graceful_nothing_of_it_is_in_the_config() -> None:
    edge = resolve({"name": "edge"}, graceful=False)[0]
    assert edge["grace"] == {}
    assert not [key for key in edge["srs_conf"] if "grace" in key]


@pytest.mark.parametrize(
    ("config", "ports"),
    [
        ({}, {"rtmp": 1935, "api": 1985, "http": 8080}),
        ({"listen": [19350]}, {"rtmp": 19350, "api": 1985, "http": 8080}),
        ({"listen": "0.0.0.0:1936"}, {"rtmp": 1936, "api": 1985, "http": 8080}),
        ({"http_api": {"enabled": False}}, {"rtmp": 1935, "http": 8080}),
        ({"http_server": {"listen": 1985}}, {"rtmp": 1935, "api": 1985, "http": 1985}),
        ({"http_server": {"https": {"enabled": True}}}, {"rtmp": 1935, "api": 1985, "http": 8080, "https": 8088}),
        ({"http_server": {"https": {"enabled": True, "listen": 9443}}}, {"rtmp": 1935, "api": 1985, "http": 8080, "https": 9443}),
        ({"http_server": {"enabled": False, "https": {"enabled": True}}}, {"rtmp": 1935, "api": 1985}),
        ({"http_server": {"https": {"enabled": False}}}, {"rtmp": 1935, "api": 1985, "http": 8080}),
        ({"http_api": {"https": {"enabled": True}}}, {"rtmp": 1935, "api": 1985, "http": 8080}),
        ({"listen": "abc"}, {"rtmp": 0, "api": 1985, "http": 8080}),
        ("nonsense", {"rtmp": 1935, "api": 1985, "http": 8080}),
    ],
)
def test_listen_ports(config: Any, ports: dict[str, int]) -> None:
    assert clusters.listen_ports(config) == ports


@pytest.mark.parametrize(
    ("version", "config", "port"),
    [
        (6, {}, 9972),
        ("5", {}, 9972),
        (4, {}, None),
        (3, {}, None),
        (6, {"exporter": {"listen": 19972}}, 19972),
        (6, {"exporter": {"enabled": False}}, None),
        (6, {"conf": "listen 1935;"}, None),
    ],
)
def test_metrics_where_the_version_has_them(version: Any, config: dict[str, Any], port: int | None) -> None:
    edge = resolve({"name": "edge", "config": config}, exporter=True, version=version)[0]
    assert edge["ports"].get("exporter") == port
    assert ("exporter" in edge["srs_conf"] and edge["srs_conf"]["exporter"]["enabled"]) is (port is not None)
    assert ({"containerPort": port, "name": "exporter"} in edge["container_ports"]) is (port is not None)
    assert port not in [entry["port"] for entry in edge["service_ports"]], "on no load balancer"


def test_a_shared_port_is_one_entry_of_the_container() -> None:
    assert clusters.container_ports({"rtmp": 1935, "api": 8080, "http": 8080}) == [
        {"containerPort": 1935, "name": "rtmp"},
        {"containerPort": 8080, "name": "api"},
    ]


def test_the_api_is_on_the_service_only_when_asked() -> None:
    closed, opened = resolve({"name": "edge"}, {"name": "b", "expose_http_api": True})
    assert [port["port"] for port in closed["service_ports"]] == [1935, 8080]
    assert [port["port"] for port in opened["service_ports"]] == [1935, 8080, 1985]


def test_https_of_the_servers_is_at_the_port_where_players_look_for_it() -> None:
    edge = resolve({"name": "edge", "config": {"http_server": {"https": {"enabled": True, "secret": "tls"}}}})[0]
    assert edge["service_ports"][2:] == [{"name": "https", "port": 443, "targetPort": 8088, "protocol": "TCP"}]
    assert {"containerPort": 8088, "name": "https"} in edge["container_ports"]
    assert 8088 in edge["srs_conf"]["container_ports"]


def test_a_shared_port_stays_on_the_service_when_the_api_is_not_asked_for() -> None:
    edge = resolve({"name": "edge", "config": {"http_api": {"listen": 8080}}})[0]
    assert edge["service_ports"] == [
        {"name": "rtmp", "port": 1935, "targetPort": 1935, "protocol": "TCP"},
        {"name": "http", "port": 8080, "targetPort": 8080, "protocol": "TCP"},
    ]


def test_merge_leaves_both_sides_alone() -> None:
    base, over = {"a": {"b": [1]}}, {"a": {"c": 2}}
    merged = clusters.merge(base, over)
    merged["a"]["b"].append(3)
    assert (base, over) == ({"a": {"b": [1]}}, {"a": {"c": 2}})


def test_an_edge_of_edges_pulls_from_the_other_clusters_service() -> None:
    first, second, third = resolve({"name": "edge"}, {"name": "a", "upstream": "edge"}, {"name": "b", "upstream": "a"})
    assert first["srs_conf"]["origin"] == ["srs-internal-origin-service"]
    assert second["srs_conf"]["origin"] == ["srs-edge-service"]
    assert third["srs_conf"]["origin"] == ["srs-edge-a-service"]


@pytest.mark.parametrize(
    ("publish_from", "rules"),
    [
        (["all"], None),
        ([], ["play all"]),
        (["10.0.0.0/8", "192.0.2.7"], ["play all", "publish 10.0.0.0/8", "publish 192.0.2.7"]),
    ],
)
def test_who_may_publish(publish_from: list[str], rules: list[str] | None) -> None:
    security = resolve({"name": "edge", "publish_from": publish_from})[0]["srs_conf"].get("security")
    assert security == ({"enabled": True, "allow": rules} if rules else None)


def test_a_limit_of_connections_is_the_servers() -> None:
    assert resolve({"name": "edge", "limit": {"connections": 77}})[0]["srs_conf"]["max_connections"] == 77


def test_a_text_of_the_users_own_gets_nothing_added() -> None:
    conf = resolve({"name": "edge", "config": {"conf": "listen 1935;"}}, config={})[0]["srs_conf"]
    assert conf["conf"] == "listen 1935;"
    assert not {"origin", "max_connections", "pid", "force_grace_quit"} & set(conf)
    assert conf["termination_grace_period_seconds"] > conf["drain_seconds"]


def test_environment_variables_are_known_to_the_check() -> None:
    assert resolve({"name": "edge", "env": [{"name": "SRS_LISTEN", "value": "1"}]})[0]["srs_conf"]["env"] == ["SRS_LISTEN"]


def test_an_origin_that_was_to_come_is_put_in_everywhere_it_was_waited_for() -> None:
    edges = resolve(
        {"name": "edge"},
        {"name": "behind", "upstream": "edge"},
        {"name": "own", "origin": ["origin.example"]},
        {"name": "by-config", "config": {"origin": ["other.example"]}},
        origin=["origin.invalid"],
    )
    found = clusters.with_origin(edges, "origin.invalid", ["203.0.113.1:1935"])
    assert [edge["srs_conf"]["origin"] for edge in found] == [
        ["203.0.113.1:1935"],
        ["srs-edge-service"],
        ["origin.example"],
        ["other.example"],
    ]
    assert found[0] == resolve({"name": "edge"}, origin=["203.0.113.1:1935"])[0], "as if it had been given"
    assert edges[0]["origin"] == ["origin.invalid"]
