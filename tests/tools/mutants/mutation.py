# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mutation is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Lines = tuple[str, ...]

PROSE_WORDS = 3
"""A text of so many words is for people, and may be put in other words."""


@dataclass(frozen=True)
class Mutation:
    """One small mistake that could be made in a text."""

    line: int
    """Where it is, from 1."""
    what: str
    """Its kind, in a few words."""
    render: Callable[[], str]
    """The whole text with the mistake in it."""


def changed(before: str, after: str) -> tuple[Lines, Lines]:
    """The lines that a mutation takes away and those that it puts there, without their indentation: the same wherever they stand."""
    old, new = before.splitlines(), after.splitlines()
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    first = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new)))
    removed, added = (tuple(line.strip() for line in lines[first:] if line.strip()) for lines in (old, new))
    return removed, added
