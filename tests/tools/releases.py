# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the tables of docs/releases.md from the release advisories.

`python tests/tools/releases.py`, or with `--check` to see whether the page is up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from places import ROOT
from written_page import row, with_tables, write

sys.path.insert(0, str(ROOT / ".collections"))

from ansible_collections.livestream.srs.plugins.module_utils._releases.advisories import (
    FEATURES,
    PREFLIGHT,
    REFUSE,
    SEVERITIES,
    WARN,
    Advisory,
    Range,
    url_of,
)
from ansible_collections.livestream.srs.plugins.plugin_utils._advisories import advisories

PAGE = ROOT / "docs" / "releases.md"
BEGIN = "<!-- tables: written by tests/tools/releases.py -->"
TITLES = {REFUSE: "Refused", WARN: "Told before a change", "quiet": "Told here alone"}


def tables() -> str:
    """All that is below the marker."""
    lines = ["## What they look at", "", "| word in `when` | |", "|---|---|"]
    lines += [row(f"`{name}`", meaning) for name, meaning in FEATURES.items()]
    found = sorted(advisories("", [], "srs_advisories").table, key=lambda one: (SEVERITIES.index(one.severity), one.id))
    for level, title in TITLES.items():
        lines += ["", f"## {title}", "", f"{PREFLIGHT[level][0].upper()}{PREFLIGHT[level][1:]}.", ""]
        lines += ["| | of | what happens | releases | what helps |", "|---|---|---|---|---|"]
        lines += [row(*cells(one)) for one in found if one.preflight == level]
    return "\n".join(lines) + "\n"


def cells(one: Advisory) -> Iterator[str]:
    links = ", ".join(f"[{ref}]({url_of(ref)})" for ref in one.refs)
    yield f"`{one.id}` ({one.severity})" + (f" {links}" if links else "")
    yield ", ".join(one.roles) + (f", where {' or '.join(f'`{word}`' for word in one.when)}" if one.when else "")
    yield one.effect
    yield "; ".join(span(item) for item in one.bad)
    yield one.remedy


def span(item: Range) -> str:
    text = f"{item.first} to {item.last}" if item.first != item.last else str(item.first)
    text += f", unsure to {item.unsure_to}" if item.unsure_to else ""
    text += f", good from {item.good}" if item.good else ""
    return text + (f" ({item.note})" if item.note else "")


if __name__ == "__main__":
    write(PAGE, with_tables(PAGE, BEGIN, tables()))
