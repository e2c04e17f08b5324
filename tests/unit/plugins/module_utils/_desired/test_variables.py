# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of variables that nobody knows, and the shape of srs_edge_clusters."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import variables

KNOWN = {"srs_edge_replicas", "srs_edge_clusters", "srs_namespace", "hls_nginx_image"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("srs_edge_replica", "did you mean srs_edge_replicas?"),
        ("srs_namespaces", "did you mean srs_namespace?"),
        ("hls_nginx_imgae", "did you mean hls_nginx_image?"),
        ("srs_kubeconfg", "did you mean srs_kubeconfig?"),
        ("srs_edge_colour_of_the_sky", "ansible-doc -t role livestream.srs.srs_edge"),
        ("hls_nginx_colour_of_the_sky", "ansible-doc -t role livestream.srs.hls_nginx"),
    ],
)
def test_a_misspelt_variable_is_named(name: str, said: str) -> None:
    (problem,) = variables.unknown_variables([name, "srs_edge_replicas"], KNOWN)
    assert f"unknown variable {name}" in problem
    assert said in problem


@pytest.mark.parametrize(
    "name", ["srs_kubeconfig", "srs_edge_cluster", "srs_my_own_note", "inventory_hostname", "_srs_edge_clusters", "srs_edge_replicas"]
)
def test_other_variables_are_left_alone(name: str) -> None:
    assert variables.unknown_variables([name], KNOWN) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("edge", "srs_edge_clusters is 'edge': it must be a list"),
        ({"name": "edge"}, "srs_edge_clusters is a mapping: it must be a list"),
        (["edge"], "srs_edge_clusters[0] is 'edge': it must be a mapping, for example {name: edge}"),
        ([{"name": "a", "replicsa": 3}], "srs_edge_clusters[0] (a) has no key replicsa: did you mean replicas?"),
        ([{"name": "a", "zzz": 3}], "has no key zzz: known are name, replicas."),
        ([{7: 3}], "srs_edge_clusters[0] (no name) has no key 7"),
    ],
)
def test_shape(given: Any, said: str) -> None:
    (problem,) = variables.check_shape(given, ["name", "replicas"])
    assert said in problem


def test_good_shape() -> None:
    assert variables.check_shape([{"name": "a", "replicas": 3}], ["name", "replicas"]) == []
    assert variables.check_shape([], ["name"]) == []
