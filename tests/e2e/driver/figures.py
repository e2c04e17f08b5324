# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, as tables of Markdown."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from pathlib import Path

Cell = str | int | float | None


class Figures:
    def __init__(self) -> None:
        self._tables: dict[str, list[dict[str, Cell]]] = {}

    def add(self, table: str, **cells: Cell) -> None:
        """A row; its names become the columns."""
        self._tables.setdefault(table, []).append(cells)

    def markdown(self) -> str:
        return "\n".join([f"Measured on {machine()}.", *(self._table(title, rows) for title, rows in self._tables.items())])

    @staticmethod
    def _table(title: str, rows: list[dict[str, Cell]]) -> str:
        columns = list(dict.fromkeys(name for row in rows for name in row))
        lines = [[name.replace("_", " ") for name in columns], ["---"] * len(columns)]
        lines += [[_text(row.get(name)) for name in columns] for row in rows]
        return "\n".join(["", f"### {title}", "", *(f"| {' | '.join(line)} |" for line in lines)])


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)


def machine() -> str:
    """This machine in one line."""
    model = re.search(r"model name\s*:\s*(.+)", _read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+)", _read("/proc/meminfo"))
    system = re.search(r'PRETTY_NAME="(.+)"', _read("/etc/os-release"))
    parts: Iterable[str] = (
        f"{os.cpu_count()} cores" + (f" ({model[1]})" if model else ""),
        f"{int(memory[1]) / 1048576:.0f} GiB" if memory else "",
        system[1] if system else "",
        f"Linux {platform.release()}",
        "one real node, everything on this one machine",
    )
    return ", ".join(filter(None, parts))


def _read(path: str) -> str:
    return Path(path).read_text() if Path(path).is_file() else ""
