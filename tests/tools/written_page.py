# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of docs/ whose tables, below a marker, are written by a tool of this folder; what stands above it is written by hand."""

from __future__ import annotations

import sys
from pathlib import Path

from places import ROOT


def row(*cells: str) -> str:
    """A row of a table in Markdown."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def with_tables(page: Path, begin: str, tables: str) -> str:
    """The page as it should be."""
    by_hand, marker, _tables = page.read_text(encoding="utf-8").partition(begin)
    if not marker:
        sys.exit(f"{page.relative_to(ROOT)} has no line {begin}")
    return f"{by_hand}{begin}\n\n{tables}"


def write(page: Path, wanted: str) -> None:
    """Bring a page up to date. With `--check` end with an error if it isn't, instead."""
    if "--check" in sys.argv[1:]:
        sys.exit(
            None
            if page.read_text(encoding="utf-8") == wanted
            else f"{page.relative_to(ROOT)} is out of date: run `make docs` and commit the result"
        )
    page.write_text(wanted, encoding="utf-8")
