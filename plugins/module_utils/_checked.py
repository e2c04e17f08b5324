# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What strangers sent as data, field by field with its type: what is not of its type is missing, and named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._text import printable

# No name, address or URL is longer; a longer text is cut.
LONGEST = 4096
# Counters have 64 bits.
MOST = 2**63 - 1

Form = Mapping[str, Any]
"""Fields by name: how each is read (``text``, ``whole``, ``number``, ``flag``), or the form of a mapping."""


class Odd(ValueError):
    """A value is not of its type."""


def text(value: Any) -> str:
    """As text that can be shown; old versions of SRS have numbers for ids."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST:
        return str(value)
    if not isinstance(value, str):
        raise Odd
    return printable(value if len(value) <= LONGEST else value[:LONGEST] + "...")


def whole(value: Any) -> int | None:
    """A whole number from 0 on; None for one below, which is a counter that has not begun."""
    found = number(value)
    if found is not None and int(found) != found:
        raise Odd
    return None if found is None else int(value)


def number(value: Any) -> float | None:
    """A finite number from 0 on, of up to 64 bits; None for one below."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -MOST <= value <= MOST:
        raise Odd
    return value if value >= 0 else None


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Odd
    return value


def fields(row: Mapping[str, Any], form: Form, odd: dict[str, str], where: str = "") -> dict[str, Any]:
    """What of a mapping is in its form. Null is as good as missing. ``odd`` gets the path of each field that is not of its type, and what
    was there instead.
    """
    found: dict[str, Any] = {}
    for name, kind in form.items():
        value = row.get(name)
        if value is None:
            continue
        try:
            found[name] = kind(value) if callable(kind) else _mapping(value, kind, odd, f"{where}{name}.")
        except Odd:
            odd.setdefault(f"{where}{name}", shown(value))
    return found


def _mapping(value: Any, form: Form, odd: dict[str, str], where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Odd
    return fields(value, form, odd, where)


def shown(value: Any) -> str:
    """A value in a message."""
    if isinstance(value, (Mapping, list)):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, int) and abs(value) > MOST:
        return "a number of more than 64 bits"
    return repr(value) if len(repr(value)) <= 40 else f"{repr(value)[:37]}..."
