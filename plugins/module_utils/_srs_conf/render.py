# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tree to text: one directive per line, four spaces per level, the same tree always gives the same bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive

INDENT = "    "
# A token that ends with a full-width ; { or } is quoted: bare, it is most likely a slip, see parse.
BARE = re.compile(r"""[^\s;{}#"'\x00-\x1f\x7f]*[^\s;{}#"'\x00-\x1f\x7f\uff1b\uff5b\uff5d]""", re.ASCII)
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def quote(value: str) -> str:
    """One token that the server's reader gives back as ``value``. There are no escapes, so some values can't be written."""
    if BARE.fullmatch(value):
        return value
    if not value:
        raise SrsError("An empty string cannot be written into srs.conf, since the server drops it: leave the directive out.")
    if CONTROL.search(value):
        raise SrsError(f"{value!r} holds a line end or another control character, which srs.conf has no way to write.")
    if '"' not in value:
        return f'"{value}"'
    if "'" not in value:
        return f"'{value}'"
    raise SrsError(f"{value!r} holds both kinds of quotes, which srs.conf has no way to write.")


def render(tree: Iterable[Directive]) -> str:
    """The text of a tree."""
    lines: list[str] = []
    _render(tree, "", lines)
    return "".join(lines)


def _render(tree: Iterable[Directive], indent: str, lines: list[str]) -> None:
    for directive in tree:
        words = " ".join([quote(directive.name), *map(quote, directive.args)])
        if directive.children is None:
            lines.append(f"{indent}{words};\n")
            continue
        lines.append(f"{indent}{words} {{\n")
        _render(directive.children, indent + INDENT, lines)
        lines.append(f"{indent}}}\n")


def checksum(text: str) -> str:
    """What a pod template carries so that a changed config rolls its pods: the SHA-256 of the text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
