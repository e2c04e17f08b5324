# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables and a plot from the figures of run.py, into docs/benchmarks.md and docs/benchmarks.svg.

python tests/bench/figures.py [build/bench.json]
"""

from __future__ import annotations

import json
import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CASES = ("first build", "no change", "one config changed", "one cluster added")
OURS = "site.yml"
LOOP = "kubernetes.core.k8s, a loop"
BEGIN, END = "<!-- measured: written by tests/bench/figures.py -->", "<!-- end of what was measured -->"
COLOURS = ["#d62728", "#1f77b4", "#17becf", "#2ca02c", "#9467bd", "#8c564b", "#7f7f7f", "#bcbd22"]

Told = Mapping[str, Any]


def write(told: Told) -> None:
    """Lay the tables into the document, and the plot beside it."""
    document = ROOT / "docs/benchmarks.md"
    text = document.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    document.write_text(f"{before}{BEGIN}\n\n{tables(told)}\n\n{END}{after}")
    (ROOT / "docs/benchmarks.svg").write_text(plot(told))


def tables(told: Told) -> str:
    """Everything that was measured, as Markdown."""
    parts = [
        "\n".join(f"- {name}: {value}" for name, value in told["machine"].items()),
        f"- load averages of the machine from start to end: {', '.join(f'{load:.1f}' for load in told['load'])}",
    ]
    for edges in sizes(told):
        clusters = "edge cluster" if edges == 1 else "edge clusters"
        parts.append(f"\n### {edges} {clusters}, {told['objects'][str(edges)]} objects\n\n{table(told, edges)}")
    if "others" in told:
        parts.append(f"\n### Without a cluster\n\n{other_table(told['others'])}")
    return "\n".join(parts)


def sizes(told: Told) -> list[int]:
    return sorted({row["edges"] for row in told["measured"]})


def table(told: Told, edges: int) -> str:
    rows = {(row["way"], row["case"]): row["runs"] for row in told["measured"] if row["edges"] == edges}
    names = list(dict.fromkeys(row["way"] for row in told["measured"]))
    lines = [
        f"| seconds: median (from - to; rounds), CPU seconds | {' | '.join(CASES)} | largest process | requests |",
        "|---" * (len(CASES) + 3) + "|",
    ]
    for name in names:
        if not any(way == name for way, _case in rows):
            continue
        same = rows.get((name, "no change"), [])
        cells = [seconds(rows.get((name, case), [])) for case in CASES]
        cells.append(f"{max(run['mebibytes'] for run in same):.0f} MiB" if same else "-")
        cells.append(f"{min(run['requests'] for run in same):.0f}" if same else "-")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def seconds(runs: Sequence[Told]) -> str:
    if not runs:
        return "-"
    spread = f"{min(run['seconds'] for run in runs):.2f} - {max(run['seconds'] for run in runs):.2f}"
    return f"**{_median(runs, 'seconds'):.2f}** ({spread}; {len(runs)}), CPU {_median(runs, 'cpu'):.2f}"


def other_table(others: Told) -> str:
    render, status = others["render"], others["status"]
    hanging = f"of {status['servers']} servers, {status['hanging']} of which hang, each given {status['limit']:g} s"
    rows = [
        (f"check and render {render['configs']} configs", f"{render['cpu_seconds']} s CPU, {render['peak_memory_mb']} MiB"),
        (f"status of {status['servers']} servers that take {1000 * status['delay']:g} ms for an answer", _whole(status["all_at_once"])),
        ("the same servers, one after the other (from a 25th of them)", f"{status['one_after_the_other_seconds']} s"),
        (f"status {hanging}", _whole(status["with_hanging"])),
        ("largest process of all this", f"{status['peak_memory_mb']} MiB"),
    ]
    return "\n".join(["| what | figures |", "|---|---|", *(f"| {what} | {figures} |" for what, figures in rows)])


def _whole(status: Told) -> str:
    cpu = statistics.median(run["cpu_seconds"] for run in status["rounds"])
    return f"{status['median_seconds']:.2f} s, {cpu:.2f} s CPU (median of {len(status['rounds'])})"


def _median(runs: Sequence[Told], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def plot(told: Told, case: str = "no change") -> str:
    """Seconds over the number of edge clusters, both on a logarithmic scale."""
    width, height, left, right, top, bottom = 760, 440, 60, 220, 40, 50
    lines: dict[str, list[tuple[int, float]]] = {}
    for row in told["measured"]:
        if row["case"] == case:
            lines.setdefault(row["way"], []).append((row["edges"], _median(row["runs"], "seconds")))
    xs, ys = [x for line in lines.values() for x, _y in line], [y for line in lines.values() for _x, y in line]
    x_low, x_high = math.log10(min(xs)), math.log10(max(*xs, min(xs) * 2))
    y_low, y_high = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))

    def place(x: float, y: float) -> tuple[float, float]:
        along = left + (math.log10(x) - x_low) / (x_high - x_low) * (width - left - right)
        return along, height - bottom - (math.log10(y) - y_low) / (y_high - y_low) * (height - top - bottom)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{left}" y="20" font-size="14">Seconds of a run, {escape(case)}, by number of edge clusters</text>',
    ]
    for tick in (factor * 10.0**power for power in range(y_low, y_high + 1) for factor in (1, 2, 5)):
        if y_low <= math.log10(tick) <= y_high:
            _x, y = place(min(xs), tick)
            parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{width - right}" y2="{y:.1f}" stroke="#ddd"/>')
            parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in sorted(set(xs)):
        x, _y = place(tick, 10.0**y_low)
        parts.append(f'<text x="{x:.1f}" y="{height - bottom + 18}" text-anchor="middle">{tick}</text>')
    labels: list[float] = []
    for (name, line), colour in sorted(zip(lines.items(), COLOURS, strict=False), key=lambda entry: place(*entry[0][1][-1])[1]):
        points = [place(*point) for point in sorted(line)]
        thick = 3 if name == OURS else 1.5
        parts.append(
            f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="none" stroke="{colour}" stroke-width="{thick}"/>'
        )
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        y = max(points[-1][1] + 4, labels[-1] + 15 if labels else 0)
        labels.append(y)
        parts.append(f'<text x="{width - right + 10}" y="{y:.1f}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    write(json.loads(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/bench.json").read_text()))
