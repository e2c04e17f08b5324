# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is checked before anything is changed, and what the roles are told of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleError

from ansible_collections.livestream.srs.plugins.action.srs_preflight import ActionModule
from ansible_collections.livestream.srs.plugins.module_utils._desired.variables import ROLES
from ansible_collections.livestream.srs.tests.support import action_plugin
from ansible_collections.livestream.srs.tests.support.wanted import wanted

SHARED_IP = {"provider": "metallb", "ip": "192.0.2.10"}


def preflight(args: dict[str, Any] | None = None, **variables: Any) -> dict[str, Any]:
    return action_plugin.run(ActionModule, {"roles": list(ROLES), **(args or {})}, **variables)


def refused(args: dict[str, Any] | None = None, **variables: Any) -> str:
    with pytest.raises(AnsibleError) as error:
        preflight(args, **variables)
    return str(error.value)


def test_it_tells_what_it_has_checked() -> None:
    result = preflight({"variables": "srs_edge_region"}, srs_edge_region="x", srs_edge_clusters=[{"name": "b"}, {"name": "a"}])
    assert result["changed"] is False
    assert result["roles"] == list(ROLES)
    assert result["variables"] == ["srs_edge_region"]
    assert result["clusters"] == ["b", "a"]
    assert result["warnings"] == []


def test_the_fingerprint_is_that_of_the_values() -> None:
    assert preflight(srs_edge_replicas="4")["fingerprint"] == wanted(srs_edge_replicas=4).fingerprint()
    assert preflight(srs_edge_replicas="4")["fingerprint"] != preflight()["fingerprint"]
    assert preflight({"roles": ["srs_edge"]})["fingerprint"] == preflight()["fingerprint"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"srs_edge_replica": 1}, "did you mean srs_edge_replicas?"),
        ({"srs_edge_replicas": "many"}, "'srs_edge_replicas'"),
        ({"srs_edge_replicas": -1}, "srs_edge_replicas is -1"),
        ({"srs_namespace": None}, "srs_namespace is null"),
        ({"srs_edge_clusters": []}, "srs_edge_clusters is empty, which would remove every edge cluster"),
        ({"srs_edge_clusters": "[]"}, "srs_edge_clusters is '[]': it must be a list"),
        ({"srs_edge_slb": SHARED_IP, "hls_nginx_slb": SHARED_IP}, "192.0.2.10"),
        ({"srs_edge_clusters": [{"name": "a", "slb": SHARED_IP}, {"name": "b", "slb": SHARED_IP}]}, "192.0.2.10"),
        ({"srs_edge_config": {"no_such_directive": 1}}, "no_such_directive"),
        ({"srs_origin_config": {"conf": "listen 1935;\nno_such_directive 1;"}}, "no_such_directive"),
        ({"srs_patches": [{"kind": "Nothing", "patch": {}}]}, "srs_patches[0] matches no object"),
        ({"srs_edge_image": "{{ nope }}"}, "srs_edge_image can't be evaluated"),
    ],
)
def test_what_is_wrong_stops_the_play(variables: dict[str, Any], said: str) -> None:
    message = refused(**variables)
    assert "Nothing was changed: " in message
    assert said in message


def test_an_empty_list_of_edge_clusters_may_be_meant() -> None:
    result = preflight(srs_edge_clusters=[], srs_edge_allow_none="yes")
    assert result["clusters"] == []


def test_the_roles_that_are_asked_for() -> None:
    assert preflight({"roles": ["srs_origin"]}, srs_edge_replicas=-1)["roles"] == ["srs_origin"]
    assert "replicas is -1" in refused({"roles": ["srs_edge"]}, srs_edge_replicas=-1)


def test_what_works_and_yet_is_not_what_one_would_want() -> None:
    (warning,) = preflight(srs_edge_expose_http_api=True)["warnings"]
    assert "without a password" in warning


TWO = {"srs_edge_clusters": [{"name": "a"}, {"name": "b"}]}


@pytest.mark.parametrize(
    ("chosen", "clusters", "expected"),
    [
        (["b"], TWO, ["b"]),
        ("a,b", TWO, ["a", "b"]),
        ("all", TWO, ["a", "b"]),
        ([], {}, ["edge"]),
        ("", {}, ["edge"]),
    ],
)
def test_clusters_that_are_chosen(chosen: Any, clusters: dict[str, Any], expected: list[str]) -> None:
    assert preflight({"clusters": chosen}, **clusters)["clusters"] == expected


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ([], "There are 2 edge clusters in the inventory: name those that are meant"),
        (["c"], "There is no edge cluster 'c' in the inventory"),
    ],
)
def test_clusters_that_are_not_there(chosen: list[str], said: str) -> None:
    assert said in refused({"clusters": chosen}, **TWO)


@pytest.mark.parametrize(
    ("args", "said"),
    [({"roles": ["srs_common"]}, "srs_common"), ({"roles": None}, "roles"), ({"role": ["srs_edge"]}, "role")],
)
def test_its_own_arguments(args: dict[str, Any], said: str) -> None:
    assert said in refused(args)
