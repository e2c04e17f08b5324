# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventories in docs/origins.md and docs/security.md are accepted: their variables, keys and types, and the configs that they make."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.livestream.srs.plugins.module_utils._desired import https, preflight
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import load_balancer
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import compile_config

ROOT = Path(__file__).resolve().parents[3]


def examples(page: str) -> list[dict[str, Any]]:
    text = (ROOT / "docs" / page).read_text()
    return [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)]


BLOCKS = examples("origins.md")
SECURE = examples("security.md")


def specs() -> dict[str, dict[str, Any]]:
    return {
        role: yaml.safe_load((ROOT / "roles" / role / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
        for role in preflight.ROLES
    }


def test_there_are_examples() -> None:
    assert len(BLOCKS) > 10
    assert len(SECURE) >= 3


@pytest.mark.parametrize("block", BLOCKS + SECURE, ids=" ".join)
def test_every_variable_is_known_and_has_its_type(block: dict[str, Any]) -> None:
    known = {name for spec in specs().values() for name in spec}
    assert preflight.unknown_variables(block, known) == []
    assert set(block) <= known
    for spec in specs().values():
        given = {name: value for name, value in block.items() if name in spec}
        assert ArgumentSpecValidator(spec).validate(given).error_messages == []
    if "hls_nginx_slb" in block:
        load_balancer.validate(block["hls_nginx_slb"], where="hls_nginx_slb")
    if "srs_origin_slb" in block:
        load_balancer.validate(block["srs_origin_slb"], where="srs_origin_slb")
    assert list(https.check(block.get("hls_nginx_https"), own_config=True)) == []


@pytest.mark.parametrize("version", [5, 6])
def test_every_config_is_one_that_the_server_takes(version: int) -> None:
    for block in BLOCKS:
        if "srs_origin_config" in block:
            compile_config("origin", {"srs_version": version, "behind_nginx": True, **block["srs_origin_config"]}, where="docs")
        if "srs_edge_config" in block:
            text = compile_config("edge", {"srs_version": version, "origin": ["origin"], **block["srs_edge_config"]}, where="docs").text
            assert "token_traverse on;" in text


def test_https_of_the_edges_is_one_that_the_server_takes() -> None:
    (block,) = (block for block in SECURE if "srs_edge_config" in block)
    compiled = compile_config("edge", {"srs_version": 6, "origin": ["origin"], **block["srs_edge_config"]}, where="docs")
    assert "https {" in compiled.text
    assert [mount["secret_name"] for mount in compiled.secret_mounts] == ["live-tls"]
