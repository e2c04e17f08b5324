# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module takes is what its documentation says, fragments included."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.parameters import DEFAULT_TYPE_VALIDATORS

PLUGINS = "ansible_collections.livestream.srs.plugins"
FOLDER = Path(__file__).resolve().parents[4] / "plugins" / "modules"
# Those without a specification are action plugins, which check their options by themselves.
NAMES = sorted(file.stem for file in FOLDER.glob("*.py") if "def specification" in file.read_text())
TOLD = ("type", "elements", "required", "default", "choices")


def documented(text: str) -> dict[str, Any]:
    """The options that a documentation tells of, with those of its fragments, which it may extend."""
    content = yaml.safe_load(text)
    options: dict[str, Any] = {}
    for fragment in content.get("extends_documentation_fragment") or ():
        name, _dot, part = fragment.removeprefix("livestream.srs.").partition(".")
        parts = importlib.import_module(f"{PLUGINS}.doc_fragments.{name}").ModuleDocFragment
        options |= documented(getattr(parts, part.upper() or "DOCUMENTATION"))
    return merged(options, content.get("options") or {})


def merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    return base | {key: merged(base[key], value) if isinstance(base.get(key), dict) else value for key, value in over.items()}


def of_spec(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {
            "type": "str",
            "required": False,
            **{key: option[key] for key in TOLD if key in option},
            "options": of_spec(option.get("options") or {}),
        }
        for name, option in options.items()
    }


def of_documentation(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {
            "type": "str",
            "required": False,
            **{key: list(option[key]) if key == "choices" else option[key] for key in TOLD if key in option},
            "options": of_documentation(option.get("suboptions") or {}),
        }
        for name, option in options.items()
    }


def types(options: Mapping[str, Any]) -> set[str]:
    found = {option[key] for option in options.values() for key in ("type", "elements") if key in option}
    return found.union(*(types(option.get("options") or {}) for option in options.values()))


@pytest.mark.parametrize("name", NAMES)
def test_options_are_as_documented(name: str) -> None:
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    assert types(module.specification()["argument_spec"]) <= set(DEFAULT_TYPE_VALIDATORS)
    assert of_spec(module.specification()["argument_spec"]) == of_documentation(documented(module.DOCUMENTATION))
