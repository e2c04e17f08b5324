# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text for people, and what strangers wrote as such."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# What is invisible, moves the cursor, or turns the direction of writing: control and format characters, surrogates, separators of lines
# (categories Cc, Cf, Cs, Zl, Zp of Unicode); without tabs and line ends, and with them.
_WITHIN_LINES = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0001-\U000e007f"
)
_UNPRINTABLE_IN_LINES = re.compile(f"[{_WITHIN_LINES}]")
_UNPRINTABLE = re.compile(rf"[\t\n{_WITHIN_LINES}]")
# A cell that is wider makes no other line longer.
WIDEST = 100


def printable(text: str) -> str:
    r"""Text that somebody else wrote, to be shown: whatever acts on a terminal or hides in a text becomes visible, such as ``\x1b`` and
    ``\u202e``. A byte that is no UTF-8, as ``surrogateescape`` keeps it, becomes ``\xff``.
    """
    return text if text.isprintable() else _UNPRINTABLE.sub(_escape, text)


def printable_lines(text: str) -> str:
    """The same for text of several lines, such as a message."""
    return _UNPRINTABLE_IN_LINES.sub(_escape, text)


def printable_data(value: Any, shown: Any = printable) -> Any:
    """The same for all texts in lists and mappings, their keys among them."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, Mapping):
        return {printable_data(key, shown): printable_data(item, shown) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [printable_data(item, shown) for item in value]
    return value


def whole_number(text: str | None, longest: int = 9) -> int | None:
    """The number that a text of up to ``longest`` digits is; None for all else. ``str.isdigit`` knows digits that ``int`` does not."""
    return int(text) if text and len(text) <= longest and text.isascii() and text.isdigit() else None


def first_of(names: Sequence[str], most: int) -> str:
    """Names in a sentence: the first ``most`` of them, and how many there are besides."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def table(rows: Iterable[Sequence[object]], indent: int = 2) -> list[str]:
    """Rows as lines with aligned columns, each line indented by ``indent`` spaces. The rows may differ in length."""
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    columns = max((len(row) for row in cells), default=0)
    widths = [min(WIDEST, max(len(row[i]) for row in cells if i < len(row))) for i in range(columns)]
    return [(" " * indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))).rstrip() for row in cells]


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
