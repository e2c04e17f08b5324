# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules, action plugins and the action group belong together: which has which follows from the modules' options."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import InProcessAction

ROOT = Path(__file__).resolve().parents[4]
ON_THE_CONTROLLER = ("srs_deploy", "srs_preflight")
"""What is an action plugin alone; its module is documentation."""
COMPUTES = ["srs_edge_config_info", "srs_origin_config_info"]
"""What needs no API server, and runs in process all the same."""


def named(folder: str) -> list[str]:
    return sorted(path.stem for path in (ROOT / "plugins" / folder).glob("*.py"))


def loaded(folder: str, name: str) -> ModuleType:
    return importlib.import_module(f"ansible_collections.livestream.srs.plugins.{folder}.{name}")


MODULES = [name for name in named("modules") if name not in ON_THE_CONTROLLER]
ACTIONS = [name for name in named("action") if name not in ON_THE_CONTROLLER]
TALKS_TO_THE_API_SERVER = [
    name for name in MODULES if connection_spec().keys() <= loaded("modules", name).specification()["argument_spec"].keys()
]


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_plugin_runs_the_module_of_its_name(name: str) -> None:
    plugin = loaded("action", name).ActionModule
    assert issubclass(plugin, InProcessAction)
    assert plugin.module is loaded("modules", name)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_takes_and_does(name: str) -> None:
    module = loaded("modules", name)
    assert callable(module.flow)
    specification = module.specification()
    assert specification["argument_spec"] and specification["supports_check_mode"]
    assert specification["argument_spec"] is not module.specification()["argument_spec"], "each run has one of its own"


def test_modules_that_talk_to_the_api_server_can_run_in_process() -> None:
    assert sorted([*TALKS_TO_THE_API_SERVER, *COMPUTES]) == ACTIONS


def test_the_action_group_has_the_modules_with_connection_options() -> None:
    groups = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]
    assert groups == {"k8s": sorted([*TALKS_TO_THE_API_SERVER, "srs_deploy"])}


@pytest.mark.parametrize("name", MODULES)
def test_the_documentation_names_the_action_group(name: str) -> None:
    documentation = yaml.safe_load(loaded("modules", name).DOCUMENTATION)
    fragments = documentation["extends_documentation_fragment"]
    assert ("livestream.srs.attributes.action_group" in fragments) == (name in TALKS_TO_THE_API_SERVER)


@pytest.mark.parametrize("name", ON_THE_CONTROLLER)
def test_what_runs_on_the_controller_alone_has_documentation(name: str) -> None:
    assert yaml.safe_load(loaded("modules", name).DOCUMENTATION)["module"] == name
    assert not hasattr(loaded("modules", name), "main")
