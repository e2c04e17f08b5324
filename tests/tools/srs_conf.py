# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the table of directives of docs/srs-conf.md from the table that the code itself uses.

`python tests/tools/srs_conf.py`, or with `--check` to see whether the page is up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

from places import ROOT
from written_page import with_tables, write

sys.path.insert(0, str(ROOT / ".collections"))

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import MAJORS, Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf import schema
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.options import EDGE, OPTIONS, Option
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import Spec
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.values import allowed

PAGE = ROOT / "docs" / "srs-conf.md"
BEGIN = "<!-- tables: written by tests/tools/srs_conf.py -->"


def tables() -> str:
    """All that is below the marker."""
    lines = ["## All directives", ""]
    lines += ["`yes`: `srs_edge_config` and `srs_origin_config` have a parameter of that name. The others go into `extra`.", ""]
    blocks = dict(block("", schema.ROOT, OPTIONS[EDGE], [Release(major) for major in MAJORS]))
    for path, rows in blocks.items():
        lines += [f"### {path or 'Top level'}", "", "| Directive | Value | Default | SRS | Parameter |", "|---|---|---|---|---|", *rows, ""]
    return "\n".join(lines).rstrip() + "\n"


def block(path: str, table: Mapping[str, Spec], options: Mapping[str, Option], known: Sequence[Release]) -> Iterator[tuple[str, list[str]]]:
    """The block itself, then the blocks in it; ``known`` are the versions that have it."""
    inner = {name: [version for version in known if spec.known(version) is not False] for name, spec in table.items()}
    yield path, [row(name, spec, inner[name], name in options or f"{name}_secret" in options) for name, spec in table.items()]
    for name, spec in table.items():
        if not spec.children:
            continue
        of_vhost = {**options, "enabled": options["vhosts"]} if name == "vhost" else {}
        own = options[name].options if name in options else of_vhost
        yield from block(f"{path}.{name}" if path else name, spec.children, own or {}, inner[name])


def row(name: str, spec: Spec, known: Sequence[Release], typed: bool) -> str:
    if spec.free:
        value = "block of options for ffmpeg"
    elif spec.kind == "block":
        value = "block" + (", several" if spec.many else "")
    else:
        value = "; ".join(dict.fromkeys(words(spec, version) for version in known))
        value += ", several of them" if spec.args[1] > 2 or spec.many else ""
    defaults = spec.defaults
    default = ", ".join(text if len(defaults) == 1 else f"{text} ({since}+)" for since, text in defaults.items())
    cells = (f"`{name}`", cell(value), f"`{default}`" if default else "", versions(spec, known), "yes" if typed else "")
    return "| " + " | ".join(cells) + " |"


def words(spec: Spec, version: Release) -> str:
    return "file name" if spec.kind == "path" else "text" if spec.kind == "text" else allowed(spec, version)


def versions(spec: Spec, known: Sequence[Release]) -> str:
    """The first releases, and the last one where it is gone."""
    first = spec.since if len(schema.firsts(spec.since)) > 1 or known[0].major == schema.firsts(spec.since)[0].major else str(known[0])
    said = f"{', '.join(first.split())}+"
    if known[-1].major != MAJORS[-1] or spec.gone:
        gone = schema.firsts(spec.gone)[0] if spec.gone else Release(known[-1].major + 1)
        last = str(Release(gone.major, gone.revision - 1) if gone.revision else gone.major - 1)
        said = last if first == last else f"{first} to {last}"
    if spec.idle:
        said += f", without effect since {spec.idle}"
    return said


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")


if __name__ == "__main__":
    write(PAGE, with_tables(PAGE, BEGIN, tables()))
