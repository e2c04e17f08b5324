# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole topology: which checks there are, in which order, and for which roles."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired.variables import ROLES
from ansible_collections.livestream.srs.tests.support.wanted import named, objects, problems, resolved, warnings

SHARED_IP = {"provider": "metallb", "ip": "192.0.2.10"}
BAD_CONFIG = {"no_such_directive": 1}

OWN = """listen 1935;
pid /tmp/srs.pid;
max_connections 1000;
daemon off;
srs_log_tank console;
http_api { enabled on; listen 1985; }
http_server { enabled on; listen 8080; }
vhost __defaultVhost__ { cluster { mode remote; origin srs-internal-origin-service; } }
"""


def test_the_usual_topology_is_right() -> None:
    assert problems() == []
    assert warnings() == []
    assert problems(srs_production_defaults=False) == []


def test_its_parts_know_of_each_other() -> None:
    made = resolved(srs_topology="west", hls_nginx_mode="cache", hls_nginx_cache={"upstream": "srs"})
    assert made.nginx.origin is made.origin
    assert made.origin.behind_nginx and made.origin.serves_hls
    assert {part.labels["app.kubernetes.io/part-of"] for part in (made.origin, made.nginx, *made.edges)} == {"west"}
    assert made.edges[0].origin == made.origin.edge_origin


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("srs_namespace", "srs", True),
        ("srs_namespace", "Srs", False),
        ("srs_namespace", "a" * 63, True),
        ("srs_namespace", "a" * 64, False),
        ("srs_topology", "a" * 51, True),
        ("srs_topology", "a" * 52, False),
        ("srs_topology", "my_srs", False),
    ],
)
@pytest.mark.parametrize("role", ROLES)
def test_names_that_all_roles_use(role: str, name: str, value: str, good: bool) -> None:
    told = problems([role], **{name: value})
    assert (told == []) is good
    assert all(problem.startswith(f"{name} is '{value}': it must be a DNS label") for problem in told)


def test_no_edge_clusters_at_all() -> None:
    (problem,) = problems(["srs_edge"], srs_edge_clusters=[])
    assert problem.startswith("srs_edge_clusters is empty, which would remove every edge cluster: set srs_edge_allow_none")
    assert problems(["srs_edge"], srs_edge_clusters=[], srs_edge_allow_none=True) == []
    assert len(problems(["srs_edge"], srs_edge_clusters=[], srs_edge_allow_none="false")) == 1
    assert problems(["srs_origin", "hls_nginx"], srs_edge_clusters=[]) == []


@pytest.mark.parametrize(
    ("variables", "said", "needed"),
    [
        (
            {"srs_edge_clusters": [{"name": "a", "slb": SHARED_IP}, {"name": "b", "slb": SHARED_IP}]},
            ["srs-edge-a-service", "srs-edge-b-service"],
            ["srs_edge"],
        ),
        ({"srs_edge_slb": SHARED_IP, "hls_nginx_slb": SHARED_IP}, ["srs-edge-service", "srs-http-service"], ["srs_edge", "hls_nginx"]),
        (
            {"srs_origin_slb": SHARED_IP, "hls_nginx_slb": SHARED_IP},
            ["srs-origin-service", "srs-http-service"],
            ["srs_origin", "hls_nginx"],
        ),
        (
            {
                "srs_origin_mode": "cluster",
                "srs_version": 6,
                "hls_nginx_enabled": False,
                "srs_origin_api_slb": SHARED_IP,
                "srs_origin_slb": SHARED_IP,
                "srs_origin_network_policy_from": [{"podSelector": {}}],
            },
            ["srs-origin-service", "srs-api-service"],
            ["srs_origin"],
        ),
        (
            {
                "srs_origin_mode": "proxy",
                "srs_version": 7,
                "hls_nginx_enabled": False,
                "srs_origin_proxy": {"image": "proxy", "slb": SHARED_IP, "redis": {"host": "a"}},
                "srs_origin_slb": SHARED_IP,
            },
            ["srs-origin-service", "srs-proxy-public-service"],
            ["srs_origin"],
        ),
    ],
    ids=["edges", "edge and nginx", "origin and nginx", "API of the origins", "proxy"],
)
def test_load_balancers_that_clash(variables: dict[str, Any], said: list[str], needed: list[str]) -> None:
    (problem,) = problems(**variables)
    assert all(name in problem for name in said), problem
    assert "192.0.2.10" in problem
    assert problems(needed, **variables) == [problem]
    for role in needed if len(needed) > 1 else []:
        assert problems([other for other in ROLES if other != role], **variables) == [], f"{role} isn't there to clash"


def test_load_balancers_that_share_with_leave_do_not_clash() -> None:
    shared = {**SHARED_IP, "shared": "media"}
    other_ports = {"listen": [19350], "http_server": {"listen": 18080}}
    clusters = [{"name": "a", "slb": shared}, {"name": "b", "slb": shared, "config": other_ports}]
    assert problems(srs_edge_clusters=clusters) == []


@pytest.mark.parametrize(
    ("variables", "role", "said"),
    [
        ({"srs_edge_slb": {"provider": "alibab"}}, "srs_edge", "srs_edge_slb.provider is 'alibab'"),
        ({"srs_edge_slb": {"provider": "nodeport", "ports": {"rtpm": 30935}}}, "srs_edge", "srs_edge_slb.ports has 'rtpm'"),
        ({"srs_edge_limit": {"bandwidth": "fast"}}, "srs_edge", "srs_edge_limit.bandwidth is 'fast'"),
        ({"hls_nginx_slb": {"schedular": "wlc"}}, "hls_nginx", "hls_nginx_slb has no option 'schedular'"),
        ({"hls_nginx_slb": {"provider": "nodeport", "ports": {"https": 30443}}}, "hls_nginx", "hls_nginx_slb.ports has 'https'"),
        ({"srs_origin_slb": {"provider": "aws", "type": "nlb"}}, "srs_origin", "srs_origin_slb.type is 'nlb'"),
    ],
)
def test_what_is_wrong_with_a_load_balancer(variables: dict[str, Any], role: str, said: str) -> None:
    (problem,) = problems(**variables)
    assert problem.startswith(said)
    assert problems([role], **variables) == [problem]
    assert problems([other for other in ROLES if other != role], **variables) == []


@pytest.mark.parametrize(
    ("variables", "role", "said"),
    [
        ({"srs_edge_config": BAD_CONFIG}, "srs_edge", "srs_edge_config.no_such_directive "),
        (
            {"srs_edge_clusters": [{"name": "edge"}, {"name": "b", "config": BAD_CONFIG}]},
            "srs_edge",
            "edge cluster 'b': srs_edge_clusters[1].config.no_such_directive ",
        ),
        ({"srs_origin_config": BAD_CONFIG}, "srs_origin", "srs_origin_config.no_such_directive "),
        (
            {"srs_origin_config": {"conf": "listen 1935;\nno_such_directive 1;"}},
            "srs_origin",
            "srs_origin_config.conf line 2: no_such_directive ",
        ),
    ],
)
def test_every_config_is_compiled_on_trial(variables: dict[str, Any], role: str, said: str) -> None:
    (problem,) = problems(**variables)
    assert problem.startswith(said)
    assert "no_such_directive" in problem
    assert problems([role], **variables) == [problem]
    assert problems([other for other in ROLES if other != role], **variables) == []


def test_no_config_of_an_origin_that_is_elsewhere() -> None:
    assert problems(["srs_origin"], srs_origin_enabled=False, srs_origin_config=BAD_CONFIG) == []


def test_all_mistakes_are_told_together() -> None:
    told = problems(
        srs_namespace="SRS", srs_edge_replicas=-1, srs_origin_replicas=2, hls_nginx_mode="deployment", srs_edge_slb={"provider": "alibab"}
    )
    for text in ("srs_namespace", "srs_edge_replicas is -1", "srs_origin_replicas is 2", "hls_nginx_mode is deployment", "slb.provider"):
        assert len([problem for problem in told if text in problem]) == 1, text
    both = problems(srs_edge_config=BAD_CONFIG, srs_origin_config=BAD_CONFIG)
    assert [problem.partition(" ")[0] for problem in both] == ["srs_origin_config.no_such_directive", "srs_edge_config.no_such_directive"]


def test_a_config_is_looked_at_when_the_values_that_it_follows_from_are_right() -> None:
    (problem,) = problems(["srs_edge"], srs_edge_drain_seconds=-1, srs_edge_config=BAD_CONFIG)
    assert "drain_seconds" in problem


def test_a_config_that_can_not_be_reloaded() -> None:
    (problem,) = problems(["srs_edge"], srs_edge_config_strategy="reload", srs_edge_version=4, srs_edge_image="ossrs/srs:4")
    assert problem.startswith("srs_edge_config_strategy is reload, which needs SRS ")
    assert problems(["srs_edge"], srs_edge_config_strategy="reload", srs_edge_graceful=False, srs_edge_config={"conf": OWN}) == [
        "srs_edge_config_strategy is reload, which needs inotify_auto_reload on.",
        "srs_edge_config_strategy is reload, which needs http_api with raw_api on, by which servers tell whether they have reloaded.",
    ]
    assert problems(["srs_edge"], srs_edge_config_strategy="reload") == []


def test_warnings_name_the_server() -> None:
    (warning,) = warnings(srs_edge_expose_http_api=True)
    assert warning.startswith("srs_edge_expose_http_api is true, and the HTTP API is on the load balancer without a password")
    assert warnings(["srs_origin", "hls_nginx"], srs_edge_expose_http_api=True) == []


# Each sentence once, with the variable as it was written

TWO = [{"name": "a"}, {"name": "b"}]


def test_what_all_edge_clusters_share_is_told_once() -> None:
    assert problems(srs_edge_replicas=-1, srs_edge_clusters=TWO) == ["srs_edge_replicas is -1: it must be a whole number from 0 to 10000."]
    assert len(problems(srs_edge_slb={"bandwith": 5}, srs_edge_clusters=TWO)) == 1
    assert len(problems(srs_edge_config=BAD_CONFIG, srs_edge_clusters=TWO)) == 1
    assert len(warnings(srs_edge_expose_http_api=True, srs_edge_clusters=TWO)) == 1


def test_what_is_wrong_for_some_names_them() -> None:
    config = {"exporter": {"enabled": True}}
    old = {"version": 4, "image": "ossrs/srs:4"}
    clusters = [{"name": "a"}, {"name": "b", **old}, {"name": "c", **old}]
    (problem,) = problems(srs_edge_config=config, srs_edge_clusters=clusters)
    assert problem.startswith("edge cluster 'b', edge cluster 'c': srs_edge_config.exporter needs SRS 5")


@pytest.mark.parametrize(
    ("general", "own", "said"),
    [
        ({"replicas": -1}, {"replicas": 3}, None),
        ({"replicas": 3}, {"replicas": -1}, "edge cluster 'b': srs_edge_clusters[1].replicas is -1"),
        ({"limit": {"connections": 5}}, {"limit": {"bandwidth": "x"}}, "edge cluster 'b': srs_edge_clusters[1].limit.bandwidth is 'x'"),
        ({"slb": {"bandwith": 5}}, {"slb": {"provider": "alibaba"}}, "srs_edge_slb has no option 'bandwith'"),
        ({"slb": {"provider": "alibaba"}}, {"slb": {"bandwith": 5}}, "srs_edge_clusters[1].slb has no option 'bandwith'"),
        ({"config": {"chunk_size": 0}}, {"config": {"pithy_print_ms": 9000}}, "srs_edge_config.chunk_size is '0'"),
        (
            {"config": {"hls": {"enabled": True}}},
            {"config": {"hls": {"hls_path": "/x"}}},
            "srs_edge_clusters[1].config.hls.hls_path is '/x'",
        ),
        ({"config": {"pid": "/tmp/x"}}, {"config": {"hls": {"enabled": True}}}, "srs_edge_clusters[1].config.hls.hls_path is not given"),
        ({}, {"config": {"conf": "listen 1;"}}, "srs_edge_clusters[1].config.conf: vhost is missing"),
        ({"config": {"extra": "nonsense 1;"}}, {"config": {}}, "srs_edge_config.extra line 1: nonsense"),
        ({"config": {"nofile": 1024}}, {"max_connections": 1024}, "edge cluster 'b': srs_edge_clusters[1].max_connections is 1024; with"),
        ({"config": {"nofile": 1024}}, {"limit": {"connections": 1024}}, "srs_edge_clusters[1].limit.connections is 1024; with"),
        (
            {},
            {"env": [{"name": "SRS_ENV_ONLY", "value": "on"}]},
            "srs_edge_clusters[1].env: SRS_ENV_ONLY is in the container's environment",
        ),
    ],
)
def test_a_variable_is_named_as_it_was_written(general: dict[str, Any], own: dict[str, Any], said: str | None) -> None:
    variables = {f"srs_edge_{key}": value for key, value in general.items()}
    fine = {"slb": {}, "limit": {}, "config": {}, "replicas": 1} if "replicas" in general else {}
    found = problems(["srs_edge"], **variables, srs_edge_clusters=[{"name": "a", **fine}, {"name": "b", **own}])
    assert [problem for problem in found if said and said in problem] or (said is None and found == []), found


# Load balancers that are off


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"srs_edge_slb": {"enabled": False, "node_ports": True}},
            "srs_edge_slb.enabled is false, so node_ports does nothing: leave out what isn't meant. For a Service of type NodePort set "
            "srs_edge_slb.provider to nodeport, and enabled to true.",
        ),
        (
            {"hls_nginx_slb": {"enabled": False, "source_ranges": ["10.0.0.0/8"], "class": "x"}},
            "hls_nginx_slb.enabled is false, so source_ranges and class do nothing: leave out what isn't meant.",
        ),
        ({"srs_origin_slb": {"enabled": False, "class": "x"}}, "srs_origin_slb.enabled is false, so class does nothing"),
        ({"srs_edge_clusters": [{"name": "a", "slb": {"enabled": False, "class": "x"}}]}, "srs_edge_clusters[0].slb.enabled is false"),
    ],
)
def test_options_of_a_load_balancer_that_is_off_are_told(variables: dict[str, Any], said: str) -> None:
    (warning,) = warnings(**variables)
    assert warning.startswith(said)


@pytest.mark.parametrize(
    "variables",
    [
        {"srs_edge_slb": {"enabled": False, "provider": "alibaba", "annotations": {"a": "b"}}},
        # What all share is for those that have one.
        {"srs_edge_slb": {"class": "x"}, "srs_edge_clusters": [{"name": "a"}, {"name": "b", "slb": {"enabled": False}}]},
        {"srs_edge_slb": {"enabled": False, "class": "x"}, "srs_edge_clusters": [{"name": "a", "slb": {"enabled": True}}, {"name": "b"}]},
    ],
)
def test_options_that_are_for_others_are_fine(variables: dict[str, Any]) -> None:
    assert warnings(**variables) == []


def test_node_ports_without_a_load_balancer() -> None:
    made = named(objects(srs_edge_slb={"provider": "nodeport", "ports": {"rtmp": 30935}}))
    spec = made["Service srs-edge-service"]["spec"]
    assert spec["type"] == "NodePort"
    assert [port.get("nodePort") for port in spec["ports"]] == [30935, None]
