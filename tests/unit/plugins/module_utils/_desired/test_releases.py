# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions and images, where one of them is given."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired.releases import followed
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import parse_release
from ansible_collections.livestream.srs.plugins.plugin_utils._role_variables import defaults
from ansible_collections.livestream.srs.tests.support.wanted import problems, wanted


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, {}),
        ({"srs_version": 6}, {"srs_image": "docker.io/ossrs/srs:v6.0.191"}),
        ({"srs_version": "6.0.157"}, {"srs_image": "docker.io/ossrs/srs:v6.0.157"}),
        ({"srs_version": "new"}, {}),
        ({"srs_version": 9}, {"srs_image": "docker.io/ossrs/srs:9"}),
        ({"srs_version": 6, "srs_image": "mine/srs:blue"}, {}),
        ({"srs_image": "mine/srs:v6.0-r1"}, {"srs_version": "6.0.191"}),
        ({"srs_image": "mine/srs:6"}, {"srs_version": "6"}),
        ({"srs_image": "mine/srs:blue"}, {}),
        ({"srs_image": ""}, {}),
        ({"srs_edge_image": "mine/srs:5.0.213"}, {"srs_edge_version": "5.0.213"}),
        ({"srs_origin_image": "mine/srs:6", "srs_version": 7}, {"srs_origin_version": "6", "srs_image": "docker.io/ossrs/srs:v7.0.162"}),
    ],
)
def test_what_follows(own: dict[str, Any], expected: dict[str, str]) -> None:
    assert followed(own) == expected


@pytest.mark.parametrize(
    ("given", "edge", "origin"),
    [
        ({}, ("7", "docker.io/ossrs/srs:v7.0.162"), ("7", "docker.io/ossrs/srs:v7.0.162")),
        ({"srs_version": 6}, ("6", "docker.io/ossrs/srs:v6.0.191"), ("6", "docker.io/ossrs/srs:v6.0.191")),
        ({"srs_image": "mine/srs:v6.0.157"}, ("6.0.157", "mine/srs:v6.0.157"), ("6.0.157", "mine/srs:v6.0.157")),
        ({"srs_edge_image": "mine/srs:v6.0.157"}, ("6.0.157", "mine/srs:v6.0.157"), ("7", "docker.io/ossrs/srs:v7.0.162")),
        ({"name": "{{ 6 }}", "srs_version": "{{ name }}"}, ("6", "docker.io/ossrs/srs:v6.0.191"), ("6", "docker.io/ossrs/srs:v6.0.191")),
    ],
)
def test_the_roles_of_a_topology(given: dict[str, Any], edge: tuple[str, str], origin: tuple[str, str]) -> None:
    values = wanted(**given).values
    assert (values["srs_edge_version"], values["srs_edge_image"]) == edge
    assert (values["srs_origin_version"], values["srs_origin_image"]) == origin


def test_an_image_of_an_edge_cluster_tells_its_version() -> None:
    assert problems(["srs_edge"], srs_edge_clusters=[{"name": "edge", "image": "mine/srs:v6.0.157"}]) == []


def test_the_default_image_is_that_of_the_default_version() -> None:
    version = str(defaults()["srs_version"])
    assert parse_release(version)
    assert followed({"srs_version": version}) == {"srs_image": defaults()["srs_image"]}
