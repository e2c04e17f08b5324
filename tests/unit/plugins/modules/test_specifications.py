# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules share: old names that lead to them, and the truth of what they say of check and diff mode."""

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
# They have no flow: the action plugins of their names do all.
WITHOUT_A_FLOW = {"srs_deploy", "srs_preflight"}
WITH_A_FLOW = [name for name in NAMES if name not in WITHOUT_A_FLOW]


def module(name: str) -> ModuleType:
    return importlib.import_module(f"{PLUGINS}.modules.{name}")


def attributes(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load(module(name).DOCUMENTATION)["attributes"])


def test_old_names_lead_to_modules() -> None:
    routes = RUNTIME["plugin_routing"]["modules"]
    assert routes["srs_stream_probe"] == {"redirect": "livestream.srs.srs_stream_info"}
    for old, route in routes.items():
        assert old not in NAMES
        assert route["redirect"].removeprefix("livestream.srs.") in NAMES


@pytest.mark.parametrize("name", WITH_A_FLOW)
def test_check_mode_is_as_documented(name: str) -> None:
    assert module(name).specification()["supports_check_mode"] == (attributes(name)["check_mode"]["support"] == "full")


@pytest.mark.parametrize("name", WITH_A_FLOW)
def test_a_module_runs_its_flow(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    it = module(name)
    ran: list[Any] = []
    monkeypatch.setattr(it, "AnsibleModule", lambda **specification: specification)
    monkeypatch.setattr(it, "run", lambda made, flow: ran.append((made, flow)))
    it.main()
    assert ran == [(it.specification(), it.flow)]


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
