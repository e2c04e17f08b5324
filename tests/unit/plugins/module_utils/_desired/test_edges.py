# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the user's words to edge clusters."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import ORIGIN_TO_COME, Edge
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.tests.support.wanted import refusal, resolved, wanted


def edges(*clusters: Any, **variables: Any) -> list[Edge]:
    return resolved(srs_edge_clusters=list(clusters), **variables).edges


def edge(**keys: Any) -> Edge:
    return edges({"name": "edge", **keys})[0]


def test_the_first_edge_has_the_tutorials_names() -> None:
    (made,) = resolved().edges
    assert (made.app, made.config_name, made.deployment_name, made.service_name) == (
        "srs-edge",
        "srs-edge-config",
        "srs-edge-deployment",
        "srs-edge-service",
    )


def test_every_other_edge_has_its_name_in_them() -> None:
    (made,) = edges({"name": "cdn-a"})
    assert (made.app, made.selector) == ("srs-edge-cdn-a", {"app": "srs-edge-cdn-a"})
    assert (made.config_name, made.deployment_name, made.service_name) == (
        "srs-edge-cdn-a-config",
        "srs-edge-cdn-a-deployment",
        "srs-edge-cdn-a-service",
    )
    assert made.labels["app.kubernetes.io/instance"] == "cdn-a"


def test_a_clusters_own_value_wins_and_the_rest_is_the_default() -> None:
    first, second = edges({"name": "edge"}, {"name": "b", "replicas": 9}, srs_edge_replicas=4)
    assert (first.replicas, second.replicas) == (4, 9)
    assert second.max_connections == 1000


def test_config_slb_and_limit_are_merged_key_by_key() -> None:
    first, second = edges(
        {"name": "edge"},
        {
            "name": "b",
            "config": {"http_api": {"crossdomain": False}},
            "slb": {"annotations": {"b": "2"}},
            "limit": {"connections": 9},
        },
        srs_edge_config={"http_api": {"listen": 1986}},
        srs_edge_slb={"provider": "metallb", "annotations": {"a": "1"}},
        srs_edge_limit={"bandwidth": "1M"},
    )
    assert second.srs_conf["http_api"] == {"listen": 1986, "crossdomain": False}
    assert second.slb == {"provider": "metallb", "annotations": {"a": "1", "b": "2"}}
    assert second.limit == {"bandwidth": "1M", "connections": 9}
    assert (first.srs_conf["http_api"], first.slb["annotations"], first.limit) == ({"listen": 1986}, {"a": "1"}, {"bandwidth": "1M"})


def test_other_mappings_and_lists_are_replaced() -> None:
    (made,) = edges(
        {"name": "edge", "resources": {"limits": {"cpu": 1}}, "tolerations": []},
        srs_edge_resources={"requests": {"cpu": 2}},
        srs_edge_tolerations=[{"key": "a"}],
    )
    assert (made.resources, made.tolerations) == ({"limits": {"cpu": 1}}, [])


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("replicas", "5", 5),
        ("replicas", "-1", -1),
        ("expose_http_api", "yes", True),
        ("graceful", "False", False),
        ("version", "5", Release(5)),
    ],
)
def test_text_from_the_command_line_becomes_the_type_of_the_key(key: str, text: str, value: Any) -> None:
    assert getattr(edge(**{key: text}), key) == value


def test_text_that_is_not_of_the_type_is_refused() -> None:
    message = refusal(srs_edge_clusters=[{"name": "edge", "replicas": "five"}])
    assert "'replicas'" in message and "'srs_edge_clusters'" in message and "five" in message


def test_a_templated_number_is_a_number_again() -> None:
    (made,) = edges({"name": "edge"}, srs_version="5")
    assert (made.version, made.image) == (Release(5, 213), "docker.io/ossrs/srs:v5.0.213")


def test_rtmps_is_on_the_service() -> None:
    rtmps = {"enabled": True, "listen": 1443, "secret": "edge-tls"}
    (made,) = edges({"name": "edge", "config": {"rtmps": rtmps}}, srs_version="7.0.157")
    assert [(port["name"], port["port"]) for port in made.service_ports] == [("rtmp", 1935), ("rtmps", 1443), ("http", 8080)]
    (made,) = edges({"name": "edge", "config": {"rtmps": {**rtmps, "enabled": False}}}, srs_version="7.0.157")
    assert [port["name"] for port in made.service_ports] == ["rtmp", "http"]


def test_the_release_is_that_of_the_image() -> None:
    plain, exact, other, stage = edges(
        {"name": "edge"},
        {"name": "b", "image": "registry.example/srs:6.0.184-custom"},
        {"name": "c", "version": "7.0.157", "image": "registry.example/streaming:blue"},
        {"name": "d", "version": 5, "image": "ossrs/srs:v5.0-r3"},
    )
    assert (plain.version, exact.version, other.version) == (Release(7, 162), Release(6, 184), Release(7, 157))
    assert stage.version == Release(5, 213)
    assert exact.srs_conf["srs_version"] == "6.0.184"


def test_the_api_is_on_the_service_only_when_asked() -> None:
    closed, opened = edges({"name": "edge"}, {"name": "b", "expose_http_api": True})
    assert [port["port"] for port in closed.service_ports] == [1935, 8080]
    assert [port["port"] for port in opened.service_ports] == [1935, 8080, 1985]


def test_https_of_the_servers_is_at_the_port_where_players_look_for_it() -> None:
    made = edge(config={"http_server": {"https": {"enabled": True, "secret": "tls"}}})
    assert made.service_ports[2:] == [{"name": "https", "port": 443, "targetPort": 8088, "protocol": "TCP"}]
    assert {"containerPort": 8088, "name": "https"} in made.container_ports
    assert 8088 in made.srs_conf["container_ports"]


def test_a_shared_port_stays_on_the_service_when_the_api_is_not_asked_for() -> None:
    assert edge(config={"http_api": {"listen": 8080}}).service_ports == [
        {"name": "rtmp", "port": 1935, "targetPort": 1935, "protocol": "TCP"},
        {"name": "http", "port": 8080, "targetPort": 8080, "protocol": "TCP"},
    ]


def test_an_edge_of_edges_pulls_from_the_other_clusters_service() -> None:
    first, second, third = edges({"name": "edge"}, {"name": "a", "upstream": "edge"}, {"name": "b", "upstream": "a"})
    assert first.srs_conf["origin"] == ["srs-internal-origin-service"]
    assert second.srs_conf["origin"] == ["srs-edge-service"]
    assert third.srs_conf["origin"] == ["srs-edge-a-service"]


@pytest.mark.parametrize(
    ("publish_from", "rules"),
    [
        (["all"], None),
        ([], ["play all"]),
        (["10.0.0.0/8", "192.0.2.7"], ["play all", "publish 10.0.0.0/8", "publish 192.0.2.7"]),
    ],
)
def test_who_may_publish(publish_from: list[str], rules: list[str] | None) -> None:
    security = edge(publish_from=publish_from).srs_conf.get("security")
    assert security == ({"enabled": True, "allow": rules} if rules else None)


def test_a_limit_of_connections_is_the_servers() -> None:
    made = edge(limit={"connections": 77})
    assert made.max_clients == made.srs_conf["max_connections"] == 77


def test_servers_that_reload_watch_their_file_and_tell_of_it() -> None:
    made = edge(config_strategy="reload", config={"http_api": {"listen": 1986}})
    assert made.srs_conf["inotify_auto_reload"] is True
    assert made.srs_conf["http_api"] == {"raw_api": {"enabled": True, "allow_reload": True}, "listen": 1986}
    assert "inotify_auto_reload" not in edge().srs_conf


CLUSTERS: list[dict[str, Any]] = [
    {"name": "edge"},
    {"name": "behind", "upstream": "edge"},
    {"name": "own", "origin": ["origin.example"]},
    {"name": "by-config", "config": {"origin": ["other.example"]}},
]


@pytest.mark.parametrize(("found", "origin"), [([], ORIGIN_TO_COME), (["203.0.113.1:1935"], "203.0.113.1:1935")])
def test_the_origin_of_another_host_is_put_in_wherever_it_is_waited_for(found: list[str], origin: str) -> None:
    made = wanted(srs_edge_clusters=CLUSTERS, srs_edge_origin_from="hub").builder(found)
    assert [edge.srs_conf["origin"] for edge in made.topology.edges] == [
        [origin],
        ["srs-edge-service"],
        ["origin.example"],
        ["other.example"],
    ]


def test_an_origin_that_was_found_is_as_if_it_had_been_given() -> None:
    made = wanted(srs_edge_origin_from="hub").builder(["203.0.113.1:1935"]).topology.edges
    assert made == resolved(srs_edge_origin=["203.0.113.1:1935"]).edges
