# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""srs.conf as data: a list of directives, each a leaf (``name args;``) or a block (``name args { ... }``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Directive:
    """One directive. ``children`` is None for a leaf and a list, perhaps empty, for a block."""

    name: str
    args: list[str] = field(default_factory=list)
    children: list[Directive] | None = None
    line: int = field(default=0, compare=False)  # where it was read; 0 when it was not read from a text

    @property
    def arg0(self) -> str:
        """The first argument; the server reads most directives by it alone, and an absent one as empty."""
        return self.args[0] if self.args else ""

    def body(self) -> list[Directive]:
        """The children, to be changed; a leaf becomes a block."""
        if self.children is None:
            self.children = []
        return self.children

    def get(self, name: str) -> Directive | None:
        """The first child of that name, which is the one that the server takes."""
        return find(self.children or (), name)

    def value(self, name: str, default: str = "") -> str:
        """The first argument of the first child of that name; the default when it is absent or empty."""
        child = find(self.children or (), name)
        return child.args[0] if child is not None and child.args else default

    def all(self, name: str) -> Iterator[Directive]:
        """All children of that name, in order."""
        return (child for child in self.children or () if child.name == name)


def find(tree: Iterable[Directive], name: str) -> Directive | None:
    """The first directive of that name."""
    for directive in tree:
        if directive.name == name:
            return directive
    return None
