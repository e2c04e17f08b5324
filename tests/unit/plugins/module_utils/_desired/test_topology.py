# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole topology: which checks there are, in which order, and for which roles."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired.variables import ROLES
from ansible_collections.livestream.srs.tests.support.wanted import problems, resolved, warnings

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
                "srs_origin_version": 7,
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
        ({"srs_edge_slb": {"provider": "alibab"}}, "srs_edge", "edge cluster 'edge': slb.provider is 'alibab'"),
        ({"srs_edge_slb": {"provider": "nodeport", "ports": {"rtpm": 30935}}}, "srs_edge", "edge cluster 'edge': slb.ports has 'rtpm'"),
        ({"srs_edge_limit": {"bandwidth": "fast"}}, "srs_edge", "edge cluster 'edge': limit.bandwidth is 'fast'"),
        ({"hls_nginx_slb": {"schedular": "wlc"}}, "hls_nginx", "hls_nginx_slb: slb has no option 'schedular'"),
        ({"hls_nginx_slb": {"provider": "nodeport", "ports": {"https": 30443}}}, "hls_nginx", "hls_nginx_slb: slb.ports has 'https'"),
        ({"srs_origin_slb": {"provider": "aws", "type": "nlb"}}, "srs_origin", "srs_origin_slb: slb.type is 'nlb'"),
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
        ({"srs_edge_config": BAD_CONFIG}, "srs_edge", "edge cluster 'edge': "),
        ({"srs_edge_clusters": [{"name": "edge"}, {"name": "b", "config": BAD_CONFIG}]}, "srs_edge", "edge cluster 'b': "),
        ({"srs_origin_config": BAD_CONFIG}, "srs_origin", "srs_origin: "),
        ({"srs_origin_config": {"conf": "listen 1935;\nno_such_directive 1;"}}, "srs_origin", "srs_origin.conf line 2: "),
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
    for text in ("srs_namespace", "replicas is -1", "srs_origin_replicas is 2", "hls_nginx_mode is deployment", "slb.provider"):
        assert len([problem for problem in told if text in problem]) == 1, text
    both = problems(srs_edge_config=BAD_CONFIG, srs_origin_config=BAD_CONFIG)
    assert [problem.partition(":")[0] for problem in both] == ["srs_origin", "edge cluster 'edge'"]


def test_a_config_is_looked_at_when_the_values_that_it_follows_from_are_right() -> None:
    (problem,) = problems(["srs_edge"], srs_edge_drain_seconds=-1, srs_edge_config=BAD_CONFIG)
    assert "drain_seconds" in problem


def test_a_config_that_can_not_be_reloaded() -> None:
    (problem,) = problems(["srs_edge"], srs_edge_config_strategy="reload", srs_edge_version=4, srs_edge_image="ossrs/srs:4")
    assert problem.startswith("edge cluster 'edge': ")
    assert problems(["srs_edge"], srs_edge_config_strategy="reload", srs_edge_graceful=False, srs_edge_config={"conf": OWN}) == [
        "edge cluster 'edge': config_strategy reload needs inotify_auto_reload on.",
        "edge cluster 'edge': config_strategy reload needs http_api with raw_api on, by which servers tell whether they have reloaded.",
    ]
    assert problems(["srs_edge"], srs_edge_config_strategy="reload") == []


def test_warnings_name_the_server() -> None:
    (warning,) = warnings(srs_edge_expose_http_api=True)
    assert warning.startswith("edge cluster 'edge': the HTTP API is on its load balancer without a password")
    assert warnings(["srs_origin", "hls_nginx"], srs_edge_expose_http_api=True) == []
