# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs, defaults and the keys of an edge cluster say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = Path(__file__).resolve().parents[3] / "roles"
PUBLIC = ("srs_origin", "hls_nginx", "srs_edge")


def load(role: str, path: str) -> Any:
    return yaml.safe_load((ROLES / role / path).read_text(encoding="utf-8"))


def options(role: str) -> dict[str, Any]:
    return dict(load(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"])


@pytest.mark.parametrize("role", PUBLIC)
def test_every_default_is_documented_and_the_reverse(role: str) -> None:
    defaults = load(role, "defaults/main.yml") | load("srs_common", "defaults/main.yml")
    assert set(defaults) == set(options(role))


@pytest.mark.parametrize("role", PUBLIC)
def test_documented_defaults_are_the_real_ones(role: str) -> None:
    defaults = load(role, "defaults/main.yml") | load("srs_common", "defaults/main.yml")
    for name, option in options(role).items():
        if "default" in option:
            assert option["default"] == defaults[name], name
        else:
            assert "{{" in str(defaults[name]), f"{name} has a fixed default, which its argument spec doesn't tell"


def test_shared_variables_are_described_alike() -> None:
    for name in load("srs_common", "defaults/main.yml"):
        assert options("srs_origin")[name] == options("srs_edge")[name] == options("hls_nginx")[name]


def test_each_key_of_a_cluster_is_a_variable_of_the_same_type() -> None:
    spec = options("srs_edge")
    keys = dict(spec["srs_edge_clusters"]["options"])
    del keys["name"]
    own = {name.removeprefix("srs_edge_") for name in load("srs_edge", "defaults/main.yml")} - {"clusters", "allow_none", "origin_from"}
    assert set(keys) == own
    assert set(load("srs_edge", "vars/main.yml")["_srs_edge_defaults"]) == own
    for key, option in keys.items():
        variable = spec[f"srs_edge_{key}"]
        assert (option["type"], option.get("elements"), option.get("choices")) == (
            variable["type"],
            variable.get("elements"),
            variable.get("choices"),
        ), key


def test_the_origins_variables_all_reach_it() -> None:
    given = str(load("srs_origin", "vars/main.yml")["_srs_origin_variables"])
    for name in load("srs_origin", "defaults/main.yml"):
        assert f"{{{{ {name} " in given, name


def test_the_variables_of_nginx_all_reach_it() -> None:
    given = load("hls_nginx", "vars/main.yml")["_hls_nginx_variables"]
    assert set(given) == {name.removeprefix("hls_nginx_") for name in load("hls_nginx", "defaults/main.yml")}
