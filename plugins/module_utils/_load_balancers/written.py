# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a table writes its options, found again in a Service."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import Cell, Platform
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.platforms import PLATFORMS


def attribute(cell: Cell, text: str) -> str | None:
    """The part of an annotation that an option is."""
    if not cell.attribute:
        return text
    if not cell.json:
        return dict(pair.partition("=")[::2] for pair in text.split(",")).get(cell.attribute)
    try:
        value = json.loads(text)
        for part in cell.attribute.split("."):
            value = value.get(part)
    except (ValueError, AttributeError):
        return None
    return None if value is None else str(value)


def is_off(cell: Cell, prefix: str, annotations: Mapping[str, str]) -> bool:
    """Whether annotations say that an option is ``off``."""
    return bool(cell.off) and all(annotations.get(key.replace("{prefix}", prefix)) == text for key, text in (cell.off or {}).items())


@cache
def is_known(key: str) -> bool:
    """Whether some table writes an option in an annotation of this name."""
    return any(pattern.fullmatch(key) for platform in PLATFORMS for pattern, _name, _cell in patterns(platform))


def patterns(platform: Platform) -> list[tuple[re.Pattern[str], str, Cell]]:
    """The annotations that each option is written in."""
    return _patterns_of(platform.label)


@cache
def _patterns_of(label: str) -> list[tuple[re.Pattern[str], str, Cell]]:
    platform = next(platform for platform in PLATFORMS if platform.label == label)
    prefixes = "|".join(map(re.escape, platform.prefixes.values()))
    places = {"{prefix}": f"(?:{prefixes})", "{port}": r"\d+", "{protocol}": r"\w+", "{family}": r"v[46]", "{setting}": r"[\w-]+"}
    found = []
    for name, cell in platform.cells.items():
        if cell.key and not cell.key.startswith("spec."):
            pattern = "".join(places.get(part, re.escape(part)) for part in re.split(r"(\{\w+\})", cell.key))
            found.append((re.compile(pattern), name, cell))
    return found
