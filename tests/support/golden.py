# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that the roles deploy, form by form, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ansible_collections.livestream.srs.tests.support.wanted import as_yaml, objects

HEADER = """\
---
# The objects of the form {form} in forms.yml, written by `make golden`.
# yamllint disable rule:line-length rule:indentation
"""
FOLDER = Path(__file__).resolve().parents[1] / "unit" / "golden"


def forms() -> dict[str, dict[str, Any]]:
    """The variables of each form."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "forms.yml").read_text(encoding="utf-8"))
    return found


def golden(form: str) -> str:
    """What the file of a form holds."""
    return f"{HEADER.format(form=form)}{as_yaml([_without_scripts(item) for item in objects(**forms()[form])])}"


def _without_scripts(item: dict[str, Any]) -> dict[str, Any]:
    """The same without what is long and the same in every form."""
    if item["kind"] != "ConfigMap":
        return item
    return {
        **item,
        "data": {name: f"({name} of the role hls_nginx)" if name.endswith(".js") else text for name, text in item["data"].items()},
    }


def file_of(form: str) -> Path:
    return FOLDER / f"{form}.yml"
