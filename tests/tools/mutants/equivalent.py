# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutants that no test can tell from the original, each with the reason: equivalent.yml.

An entry names the file and the lines before and after, without their place: it holds while they stand anywhere in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from . import sample
from .mutation import Lines, changed

LIST = Path(__file__).parent / "equivalent.yml"
Key = tuple[str, Lines, Lines]
MANY = 200
"""So many mistakes are looked at for each entry."""


def load(file: Path = LIST) -> dict[Key, str]:
    """Why each of these mutants is as good as the original."""
    found: dict[Key, str] = {}
    for entry in yaml.safe_load(file.read_text()) or []:
        if set(entry) != {"file", "was", "becomes", "why"} or not str(entry["why"]).strip():
            raise SystemExit(f"{file.name}: an entry has file, was, becomes and why, not {', '.join(entry)}")
        found[entry["file"], _lines(entry["was"]), _lines(entry["becomes"])] = entry["why"]
    return found


def _lines(value: Any) -> Lines:
    return tuple(line.strip() for line in str(value or "").splitlines() if line.strip())


def stale(tree: Path, entries: Mapping[Key, str]) -> list[str]:
    """What is wrong with entries that are no mutants of this tree (any more)."""
    return [
        f"{path}: {' '.join(was)!r} can't become {' '.join(becomes)!r}"
        for path, was, becomes in entries
        if not _exists(tree, path, was, becomes)
    ]


def _exists(tree: Path, path: str, was: Lines, becomes: Lines) -> bool:
    mutations = sample.files(tree).get(path)
    if mutations is None or not was:
        return False
    text = (tree / path).read_text()
    places = {number for number, line in enumerate(text.splitlines(), 1) if line.strip() == was[0]}
    # A mistake is where the line is that it changes first, or above, where the statement begins. To look everywhere takes long.
    near_first = sorted(mutations(text), key=lambda mutation: min((place - mutation.line) % 10_000 for place in places or {0}))
    return any((was, becomes) == changed(text, mutation.render()) for mutation in near_first[:MANY])
