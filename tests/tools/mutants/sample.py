# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mutants are made: one of each N-th of all lines that could be mistaken, so that every part of the tree has its share."""

from __future__ import annotations

import ast
import fnmatch
import itertools
import random
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import python_code, role_text
from .mutation import Lines, Mutation, changed

KINDS: dict[str, Callable[[str], list[Mutation]]] = {
    "plugins/**/*.py": python_code.mutations,
    "roles/*/templates/**/*.j2": role_text.template,
    "roles/*/defaults/*.yml": role_text.yaml_file,
    "roles/*/tasks/*.yml": role_text.yaml_file,
    "roles/*/vars/*.yml": role_text.yaml_file,
    "roles/*/files/*.sh": role_text.shell,
}
DOCUMENTATION = "plugins/doc_fragments/*"


@dataclass(frozen=True)
class Mutant:
    """A file with one mistake in it."""

    path: str
    line: int
    what: str
    text: str
    removed: Lines
    added: Lines
    statement: range
    """The lines of the statement that it is in; of one with a block, its head."""


def files(tree: Path, only: str = "*") -> dict[str, Callable[[str], list[Mutation]]]:
    """The files whose paths match one of these patterns, which commas separate, and how each is mutated."""
    found = {
        str(path.relative_to(tree)): mutations for pattern, mutations in KINDS.items() for path in tree.glob(pattern) if path.is_file()
    }
    patterns = only.split(",")
    return {
        path: found[path]
        for path in sorted(found)
        if not fnmatch.fnmatch(path, DOCUMENTATION) and any(fnmatch.fnmatch(path, pattern) for pattern in patterns)
    }


def by_line(path: str, mutations: Iterable[Mutation]) -> dict[tuple[str, int], list[Mutation]]:
    found: dict[tuple[str, int], list[Mutation]] = {}
    for mutation in mutations:
        found.setdefault((path, mutation.line), []).append(mutation)
    return dict(sorted(found.items()))


def choose(tree: Path, number: int, seed: int, only: str = "*") -> tuple[list[Mutant], int]:
    """So many mutants, and of how many lines they are a sample. The same seed and the same tree give the same ones."""
    lines: dict[tuple[str, int], list[Mutation]] = {}
    found = files(tree, only)
    texts = {path: (tree / path).read_text() for path in found}
    for path, mutations in found.items():
        lines |= by_line(path, mutations(texts[path]))
    dice = random.Random(seed)
    chosen = (_mutant(path, texts[path], lines[path, line], dice) for path, line in _spread(list(lines), number, dice))
    return [mutant for mutant in chosen if mutant], len(lines)


def _spread(places: Sequence[tuple[str, int]], number: int, dice: random.Random) -> list[tuple[str, int]]:
    number = min(number, len(places))
    bounds = [at * len(places) // number for at in range(number + 1)] if number else []
    return [dice.choice(places[start:end]) for start, end in itertools.pairwise(bounds)]


def _mutant(path: str, text: str, mutations: Sequence[Mutation], dice: random.Random) -> Mutant | None:
    """One of the mistakes that could be made in a line, each kind as likely as the others."""
    kinds: dict[str, list[Mutation]] = {}
    for mutation in mutations:
        kinds.setdefault(mutation.what, []).append(mutation)
    while kinds:
        what = dice.choice(list(kinds))
        mutation = kinds[what].pop(dice.randrange(len(kinds[what])))
        if not kinds[what]:
            del kinds[what]
        after = mutation.render()
        if _differs(path, text, after):
            statement = _statement(text, mutation.line) if path.endswith(".py") else range(mutation.line, mutation.line + 1)
            return Mutant(path, mutation.line, mutation.what, after, *changed(text, after), statement)
    return None


def _statement(text: str, line: int) -> range:
    """The lines of the innermost statement of Python that a line is in."""
    found = range(line, line + 1)
    for node in ast.walk(ast.parse(text)):  # from the outside in
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            lines = range(node.lineno, body[0].lineno if body else (node.end_lineno or node.lineno) + 1)
            if line in lines:
                found = lines
    return found


def _differs(path: str, before: str, after: str) -> bool:
    """Whether a mutant can be read at all, and says something else."""
    if path.endswith(".sh"):
        return after != before and not subprocess.run(["sh", "-n", "-c", after], check=False, stderr=subprocess.DEVNULL).returncode
    if path.endswith(".py"):
        try:
            return ast.dump(ast.parse(after)) != ast.dump(ast.parse(before))
        except SyntaxError:
            return False
    return after != before
