# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventories in the documentation are accepted: their variables, keys and types, the configs that they make, and their patches."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.livestream.srs.plugins.plugin_utils._role_variables import known
from ansible_collections.livestream.srs.tests.support.wanted import named, objects, wanted

ROOT = Path(__file__).resolve().parents[3]
OTHER_HOSTS = {"hub": {"srs_origin_slb": {"provider": "generic"}}}


def inventories() -> list[tuple[str, dict[str, Any]]]:
    """(page, variables) of every block of YAML whose keys are all variables."""
    found = []
    for page in sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")]):
        for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
            data = yaml.safe_load(block)
            if isinstance(data, dict) and all(str(key).startswith(("srs_", "hls_nginx_")) for key in data):
                found.append((page.name, data))
    return found


INVENTORIES = inventories()


def of(page: str, variable: str) -> dict[str, Any]:
    """The one inventory of a page that has the variable."""
    (found,) = (block for name, block in INVENTORIES if name == page and variable in block)
    return found


def test_there_are_examples() -> None:
    pages = [page for page, _block in INVENTORIES]
    assert pages.count("origins.md") > 10 and pages.count("security.md") >= 3
    assert {"load-balancers.md", "rollouts.md", "srs-conf.md"} <= set(pages)


@pytest.mark.parametrize(("page", "block"), INVENTORIES, ids=[f"{page} {' '.join(block)}" for page, block in INVENTORIES])
def test_every_inventory_is_accepted_without_a_warning(page: str, block: dict[str, Any]) -> None:
    assert set(block) <= known()
    assert wanted(**block, hostvars={"here": block, **OTHER_HOSTS}).check() == []


def test_what_the_inventory_of_ack_has_in_comments_is_accepted() -> None:
    text = (ROOT / "inventories" / "ack" / "group_vars" / "all.yml").read_text()
    active = yaml.safe_load(text)
    assert wanted(**active).check() == []
    bought = yaml.safe_load("\n".join(re.findall(r"^# ((?:srs_edge|hls_nginx)_slb: .*)", text, re.MULTILINE)))
    assert {slb["show_address"] for slb in bought.values()} == {"eip"}
    assert wanted(**{**active, **bought}).check() == []
    made = named(objects(**{**active, **bought}))["Service srs-edge-service"]["metadata"]["annotations"]
    assert {key.rpartition("loadbalancer-")[2]: value for key, value in made.items()} == {
        "external-ip-type": "eip",
        "force-override-listeners": "true",
        "id": "lb-2zexxxxxxxxxxxxxxxxxx",
    }


@pytest.mark.parametrize("version", [5, 6])
def test_every_config_is_one_that_the_server_takes(version: int) -> None:
    blocks = [block for _page, block in INVENTORIES if {"srs_origin_config", "srs_edge_config"} & set(block)]
    assert len(blocks) >= 5
    for block in blocks:
        assert wanted(**block, srs_version=version, srs_image=f"ossrs/srs:{version}.0.999").check() == []


def test_edges_ask_the_origin_who_may_play() -> None:
    config = named(objects(**of("origins.md", "srs_edge_config")))["ConfigMap srs-edge-config"]["data"]["srs.conf"]
    assert "token_traverse on;" in config


def test_https_of_the_edges_has_its_certificate() -> None:
    made = named(objects(**of("security.md", "srs_edge_config")))
    assert "https {" in made["ConfigMap srs-edge-config"]["data"]["srs.conf"]
    volumes = made["Deployment srs-edge-deployment"]["spec"]["template"]["spec"]["volumes"]
    assert [volume["secret"] for volume in volumes if "secret" in volume] == [{"secretName": "live-tls"}]
