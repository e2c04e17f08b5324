# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests as they are given: mappings, lists of them, and strings of YAML."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError


def read(given: Iterable[Any]) -> list[Any]:
    """The same with each string replaced by the list of its YAML documents; raises SrsError where one is not valid YAML."""
    return [_documents(item) if isinstance(item, str) else item for item in given]


def _documents(text: str) -> list[Any]:
    import yaml

    try:
        return list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError as error:
        # Not the lines themselves, which may be a Secret's.
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise SrsError(f"A string in objects is not valid YAML: {where}{problem or 'a character that is not allowed'}.") from None
