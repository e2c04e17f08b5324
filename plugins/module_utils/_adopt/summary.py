# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came of it, as lines to print; the last ones tell which pods would be replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

ACTIONS = {"created": "New", "configured": "Changed in place", "deleted": "Removed"}


def summary(
    notes: Iterable[str], problems: Sequence[str], objects: Iterable[Mapping[str, Any]], rollouts: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Lines: what no variable says, what a run would do, and for which workloads pods would be replaced."""
    lines = [f"- {note}" for note in notes]
    rolled = {item["object"] for item in rollouts}
    for action, title in ACTIONS.items():
        named = [f"{item['kind']} {item['name']}" for item in objects if item["action"] == action]
        if named := [name for name in named if name not in rolled]:
            lines.append(f"{title}: {', '.join(named)}.")
    if problems:
        return [*lines, *(f"Refused: {problem}" for problem in problems), "Not proven: site.yml would refuse these variables as they are."]
    lines += [f"Pods of {item['object']} would be replaced: {', '.join(item['fields'])}." for item in rollouts]
    return [*lines, f"Proven by a dry run: pods would be replaced of {len(rollouts) or 'no'} workload{'s' if len(rollouts) != 1 else ''}."]
