# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of SRS: its ports, its grace budgets, and what follows for its srs.conf."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.livestream.srs.plugins.module_utils._desired import server
from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import Edge
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.tests.support.wanted import resolved


@cache
def usual() -> Edge:
    return resolved().edges[0]


def edge(**changes: Any) -> Edge:
    """The usual edge cluster, but for these fields."""
    return replace(usual(), **changes)


@pytest.mark.parametrize("drain", [0, 1, 30, 600, 86400])
@pytest.mark.parametrize("deregister", [0, 10])
def test_the_grace_period_holds_all_its_parts(drain: int, deregister: int) -> None:
    grace = edge(drain_seconds=drain, deregister_seconds=deregister).grace
    assert grace
    waits = (server.GRACE_START_WAIT + server.GRACE_FINAL_WAIT) / 1000
    assert (grace.pre_stop, grace.drain) == (deregister, drain)
    assert grace.period >= deregister + drain + waits + server.GRACE_MARGIN
    assert grace.period <= drain + deregister + 10


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
    made = edge(drain_seconds=drain, deregister_seconds=deregister, config=waits)
    conf = made.srs_conf
    needed = deregister + drain + (conf["grace_start_wait"] + conf["grace_final_wait"]) / 1000
    # SRS looks for signals and for the last player once a second.
    assert made.grace
    assert needed + 2 < made.grace.period <= needed + 1 + server.GRACE_MARGIN
    assert conf["termination_grace_period_seconds"] == made.grace.period
    assert conf["pre_stop_seconds"] == deregister and conf["drain_seconds"] == drain


def test_a_wait_that_is_not_a_number_is_left_to_the_check_of_the_config() -> None:
    made = edge(config={"grace_start_wait": "long"})
    assert made.grace and made.grace.period == 10 + 600 + 1 + server.GRACE_MARGIN
    assert made.srs_conf["grace_start_wait"] == "long"


def test_without_graceful_nothing_of_it_is_in_the_config() -> None:
    made = edge(graceful=False)
    assert made.grace is None
    assert not [key for key in made.srs_conf if "grace" in key]


def test_a_server_that_waits_for_nobody_is_not_asked_to() -> None:
    conf = edge(drain_seconds=0).srs_conf
    assert "force_grace_quit" not in conf and "grace_final_wait" not in conf
    assert conf["termination_grace_period_seconds"] > conf["pre_stop_seconds"]


@pytest.mark.parametrize(
    ("config", "ports"),
    [
        ({}, {"rtmp": 1935, "api": 1985, "http": 8080}),
        ({"listen": [19350]}, {"rtmp": 19350, "api": 1985, "http": 8080}),
        ({"listen": "0.0.0.0:1936"}, {"rtmp": 1936, "api": 1985, "http": 8080}),
        ({"http_api": {"enabled": False}}, {"rtmp": 1935, "http": 8080}),
        ({"http_api": {"enabled": "off"}}, {"rtmp": 1935, "http": 8080}),
        ({"http_server": {"listen": 1985}}, {"rtmp": 1935, "api": 1985, "http": 1985}),
        ({"http_server": {"https": {"enabled": True}}}, {"rtmp": 1935, "api": 1985, "http": 8080, "https": 8088}),
        ({"http_server": {"https": {"enabled": True, "listen": 9443}}}, {"rtmp": 1935, "api": 1985, "http": 8080, "https": 9443}),
        ({"http_server": {"enabled": False, "https": {"enabled": True}}}, {"rtmp": 1935, "api": 1985}),
        ({"http_server": {"https": {"enabled": False}}}, {"rtmp": 1935, "api": 1985, "http": 8080}),
        ({"http_api": {"https": {"enabled": True}}}, {"rtmp": 1935, "api": 1985, "http": 8080}),
        ({"exporter": {"enabled": True}}, {"rtmp": 1935, "api": 1985, "http": 8080, "exporter": 9972}),
        ({"conf": "listen 1936 1937; http_api { enabled on; listen 1; } vhost a { }"}, {"rtmp": 1936, "api": 1}),
        ({"http_api": {"listen": "127.0.0.1:1985"}}, {"rtmp": 1935, "http": 8080}),
        ({"listen": "abc"}, {"rtmp": 1935}),
        ({"http_api": "nonsense"}, {"rtmp": 1935}),
    ],
)
def test_the_ports_of_a_server_are_those_of_its_config(config: Any, ports: dict[str, int]) -> None:
    assert edge(config=config, exporter=False).ports == ports


def test_a_variable_of_the_container_goes_before_the_config() -> None:
    env = [{"name": "SRS_LISTEN", "value": "19350"}, {"name": "SRS_HTTP_API_ENABLED", "value": "off"}]
    assert edge(env=env, exporter=False).ports == {"rtmp": 19350, "http": 8080}
    assert edge(env=env, exporter=False, version=Release(4)).ports["rtmp"] == 1935, "which reads none"


@pytest.mark.parametrize(
    ("version", "config", "port"),
    [
        (6, {}, 9972),
        (5, {}, 9972),
        (4, {}, None),
        (3, {}, None),
        (6, {"exporter": {"listen": 19972}}, 19972),
        (6, {"exporter": {"enabled": False}}, None),
        (6, {"conf": "listen 1935;"}, None),
    ],
)
def test_metrics_where_the_version_has_them(version: int, config: dict[str, Any], port: int | None) -> None:
    made = edge(config=config, version=Release(version))
    assert made.ports.get("exporter") == port
    assert ("exporter" in made.srs_conf and made.srs_conf["exporter"]["enabled"]) is (port is not None)
    assert ({"containerPort": port, "name": "exporter"} in made.container_ports) is (port is not None)
    assert port not in [entry["port"] for entry in made.service_ports], "on no load balancer"
    assert "exporter" not in edge(config=config, version=Release(version), exporter=False).ports


def test_a_shared_port_is_one_entry_of_the_container() -> None:
    assert server.container_ports({"rtmp": 1935, "api": 8080, "http": 8080}) == [
        {"containerPort": 1935, "name": "rtmp"},
        {"containerPort": 8080, "name": "api"},
    ]


def test_service_ports_are_those_that_the_server_listens_on() -> None:
    ports = {"rtmp": 1936, "http": 8080, "https": 8088}
    assert server.service_ports(ports, ("rtmp", "https", "api")) == [
        {"name": "rtmp", "port": 1936, "targetPort": 1936, "protocol": "TCP"},
        {"name": "https", "port": 443, "targetPort": 8088, "protocol": "TCP"},
    ]


@pytest.mark.parametrize(("version", "told"), [(3, False), (4, False), (5, True), (6, True), (7, True), (8, True)])
def test_servers_that_guess_whether_there_is_sound_are_told_not_to(version: int, told: bool) -> None:
    assert (edge(version=Release(version)).srs_conf.get("http_remux") == {"guess_has_av": False}) is told
    assert edge(version=Release(6), config={"http_remux": {"guess_has_av": True}}).srs_conf["http_remux"] == {"guess_has_av": True}


def test_a_pod_that_may_not_write_has_its_pid_file_elsewhere() -> None:
    assert edge().srs_conf["pid"] == "/tmp/srs.pid"
    assert "pid" not in edge(security=False).srs_conf


def test_a_text_of_the_users_own_gets_nothing_added() -> None:
    conf = edge(config={"conf": "listen 1935;"}).srs_conf
    assert conf["conf"] == "listen 1935;"
    assert not {"origin", "max_connections", "pid", "force_grace_quit"} & set(conf)
    assert conf["termination_grace_period_seconds"] > conf["drain_seconds"]


def test_what_the_check_of_a_config_is_told() -> None:
    conf = edge(env=[{"name": "SRS_LISTEN", "value": "1"}, {}]).srs_conf
    assert conf["env"] == ["SRS_LISTEN=1"]
    assert (conf["name"], conf["srs_version"]) == ("srs-edge-config", "7.0.162")
    assert conf["container_ports"] == [1, 1985, 8080, 9972]


def test_merge_lays_one_over_the_other() -> None:
    base = {"a": {"b": 1, "c": [1, 2]}, "d": {"e": 1}}
    assert server.merge(base, {"a": {"c": [3], "f": 2}, "d": 4}) == {"a": {"b": 1, "c": [3], "f": 2}, "d": 4}


def test_merge_leaves_both_sides_alone() -> None:
    base, over = {"a": {"b": [1]}}, {"a": {"c": 2}}
    merged = server.merge(base, over)
    merged["a"]["b"].append(3)
    assert (base, over) == ({"a": {"b": [1]}}, {"a": {"c": 2}})


# What players find

OWN = "listen 1935; http_server { enabled on; listen 8080; } vhost __defaultVhost__ { cluster { mode remote; origin o; } %s }"


def of_config(**config: Any) -> Edge:
    return resolved(srs_edge_config=config).edges[0]


def own(text: str) -> Edge:
    return of_config(conf=OWN % text)


@pytest.mark.parametrize(
    ("edge", "serves"),
    [
        (of_config(), True),
        (of_config(http_remux={"enabled": False}), False),
        (of_config(http_remux={"mount": "[vhost]/live/[stream].flv"}), False),
        (of_config(http_server={"enabled": False}, http_api={"enabled": False}), False),
        (own("http_remux { enabled on; }"), True),
        (own(""), False),
    ],
)
def test_where_there_is_http_flv(edge: Edge, serves: bool) -> None:
    assert edge.serves_flv is serves


@pytest.mark.parametrize(
    ("edge", "setting"),
    [
        (of_config(), ""),
        (of_config(http_hooks={"enabled": True, "on_play": ["http://h/p"]}), "http_hooks.on_play"),
        (of_config(http_hooks={"enabled": True, "on_connect": ["http://h/p"]}), "http_hooks.on_connect"),
        (of_config(http_hooks={"enabled": True, "on_publish": ["http://h/p"]}), ""),
        (of_config(http_hooks={"enabled": False, "on_play": ["http://h/p"]}), ""),
        (own("refer { enabled on; play example.com; }"), "refer.play"),
        (own("refer { enabled on; publish example.com; }"), ""),
        (own("security { enabled on; allow play 192.0.2.0/24; }"), "security"),
        (own("security { enabled on; allow play all; }"), ""),
        (own("security { enabled on; allow play all; deny play 192.0.2.1; }"), "security"),
        (own("include more.conf;"), "http_hooks.on_connect"),
        (resolved(srs_edge_publish_from=["192.0.2.1"]).edges[0], ""),
    ],
)
def test_what_may_refuse_players(edge: Edge, setting: str) -> None:
    assert edge.may_refuse_players == setting
