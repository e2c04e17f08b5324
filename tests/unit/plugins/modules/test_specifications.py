# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules share: their place in meta/runtime.yml, and the truth of what they say of check and diff mode."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[4]
PLUGINS = "ansible_collections.livestream.srs.plugins"
NAMES = sorted(file.stem for file in (ROOT / "plugins" / "modules").glob("*.py"))
RUNTIME = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
# It has no flow: the action plugin of its name does all.
WITHOUT_A_FLOW = {"srs_preflight"}
WITH_A_FLOW = [name for name in NAMES if name not in WITHOUT_A_FLOW]


def module(name: str) -> ModuleType:
    return importlib.import_module(f"{PLUGINS}.modules.{name}")


def attributes(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load(module(name).DOCUMENTATION)["attributes"])


def test_modules_that_connect_are_in_the_action_group() -> None:
    connecting = [name for name in WITH_A_FLOW if "kubeconfig" in module(name).specification()["argument_spec"]]
    assert RUNTIME["action_groups"]["k8s"] == connecting


@pytest.mark.parametrize("name", WITH_A_FLOW)
def test_membership_in_the_action_group_is_documented(name: str) -> None:
    fragments = yaml.safe_load(module(name).DOCUMENTATION)["extends_documentation_fragment"]
    assert ("livestream.srs.attributes.action_group" in fragments) == (name in RUNTIME["action_groups"]["k8s"])


def test_old_names_lead_to_modules() -> None:
    routes = RUNTIME["plugin_routing"]["modules"]
    assert routes["srs_stream_probe"] == {"redirect": "livestream.srs.srs_stream_info"}
    for old, route in routes.items():
        assert old not in NAMES
        assert route["redirect"].removeprefix("livestream.srs.") in NAMES


@pytest.mark.parametrize("name", WITH_A_FLOW)
def test_check_mode_is_as_documented(name: str) -> None:
    assert module(name).specification()["supports_check_mode"] == (attributes(name)["check_mode"]["support"] == "full")


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("_info")])
def test_modules_that_only_read_change_nothing(name: str) -> None:
    spec = module(name).specification()["argument_spec"]
    assert "state" not in spec
    said = attributes(name)
    assert [said[key]["support"] for key in ("check_mode", "diff_mode", "idempotent")] == ["full", "none", "full"]


@pytest.mark.parametrize("name", WITH_A_FLOW)
def test_states_only_change(name: str) -> None:
    state = module(name).specification()["argument_spec"].get("state", {"choices": []})
    assert not {"listed", "rendered", "read", "query"} & set(state["choices"])


@pytest.mark.parametrize("file", sorted((ROOT / "plugins" / "action").glob("*.py")), ids=lambda file: file.stem)
def test_action_plugins_run_the_module_of_their_name(file: Path) -> None:
    plugin = importlib.import_module(f"{PLUGINS}.action.{file.stem}").ActionModule
    assert file.stem in NAMES
    if file.stem not in WITHOUT_A_FLOW:
        assert plugin.module is module(file.stem)
