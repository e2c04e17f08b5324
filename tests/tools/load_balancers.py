# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the tables of docs/load-balancers.md from the tables that the code itself uses.

`python tests/tools/load_balancers.py`, or with `--check` to see whether the page is up to date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from places import ROOT
from written_page import row, with_tables, write

sys.path.insert(0, str(ROOT / ".collections"))

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    COMMON,
    FACTS,
    FOLLOWED,
    IGNORED,
    MOVED,
    OPTIONS,
    STUCK,
    Cell,
    Platform,
    Rule,
)
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.option_values import allowed, shown
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.platforms import PLATFORMS
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.table_parts import IPV4

PAGE = ROOT / "docs" / "load-balancers.md"
BEGIN = "<!-- tables: written by tests/tools/load_balancers.py -->"
KINDS = {
    "switch": "true, false",
    "text": "text",
    "texts": "list",
    "addresses": "address, or list",
    "networks": "list of networks",
    "pairs": "mapping",
    "zones": "mapping",
    "groups": "mapping",
    "checks": "mapping",
}
# What becomes of a change, see the section "What a change does".
OUTCOMES = {FOLLOWED: "", IGNORED: "ignored", STUCK: "refused", MOVED: "another address"}


def tables() -> str:
    """All that is below the marker."""
    lines = ["## All options", "", "| Option | Meaning | " + " | ".join(platform.label for platform in PLATFORMS) + " |"]
    lines.append("|---|---|" + "---|" * len(PLATFORMS))
    for name, option in {**COMMON, **OPTIONS}.items():
        meaning = text(option.description) + (f" In {option.unit}." if option.unit else "")
        lines.append(row(f"`{name}`", meaning, *("yes" if has(platform, name) else "" for platform in PLATFORMS)))
    for platform in PLATFORMS:
        lines += ["", *section(platform)]
    return "\n".join(lines) + "\n"


def has(platform: Platform, name: str) -> bool:
    if name == "type":
        return bool(platform.type)
    if name == "annotation_prefix":
        return bool(platform.prefixes)
    return name in COMMON or name in platform.cells


def section(platform: Platform) -> Iterator[str]:
    yield f"## {platform.label}"
    yield ""
    yield f"{platform.title}." + (f" Needs {platform.since} or newer, unless the table says more." if platform.since else "")
    if platform.spec:
        yield ""
        yield "Always written: " + ", ".join(f"`spec.{key}: {value}`" for key, value in platform.spec.items()) + "."
    if platform.prefixes:
        yield ""
        words = [f"`{prefix}` with `annotation_prefix: {word}`" for word, prefix in platform.prefixes.items()]
        yield f"`{{prefix}}` is {', '.join(words)} (the default is `new`)."
    yield ""
    yield "| Option | Written as | Values | Needs | A change; a removal | Checked in | Remarks |"
    yield "|---|---|---|---|---|---|---|"
    for name, cell in platform.cells.items():
        source = f"[{cell.source}]" if cell.source else "**nowhere yet**"
        yield row(f"`{name}`", keys(cell), values(name, cell), cell.since, change(platform, cell), source, remarks(cell))
    if platform.implied or platform.rules:
        yield ""
        yield "What goes together:"
        yield ""
        for rule in platform.rules:
            yield f"- {capital(sentence(rule, platform))}"
        for implied in platform.implied:
            written = ", ".join(
                f"`{key}`" + (f" `{implied.attribute}`" if implied.attribute else "") + f": `{value}`"
                for key, value in implied.annotations.items()
            )
            when = f"{conditions(implied.when)} also writes" if implied.when else "Also written:"
            yield f"- {capital(when)} {written}{exception(implied.unless)}: {implied.reason}."
    if platform.missing:
        yield ""
        yield "What it doesn't have, and what to do instead:"
        yield ""
        for name, reason in platform.missing.items():
            yield f"- `{name}`: {text(reason)}."
    yield ""
    yield "Sources: " + "; ".join(f"[{name}] {where}" for name, where in platform.sources.items()) + "."


def keys(cell: Cell) -> str:
    written = f"`{cell.key}`" if cell.key else "the Service's `ipFamilyPolicy` and `ipFamilies`" if cell.families else "nothing"
    if cell.attribute:
        written += f" `{cell.attribute}`" if cell.json else f" `{cell.attribute}=...`"
    written += f", `{cell.rest}` (the others)" if cell.rest else ""
    if cell.settings:
        written = ", ".join(f"`{setting.key}`" for setting in cell.settings.values())
    return written + "".join(f", `{key}: {value}`" for key, value in cell.also.items())


def values(name: str, cell: Cell) -> str:
    kind, unit = OPTIONS[name].kind, OPTIONS[name].unit
    if kind == "switch":
        return KINDS["switch"]
    if cell.settings:
        return f"{KINDS[kind]}, {allowed(cell, kind, unit)}"
    said = allowed(cell, kind, unit)
    translated = [
        f"{shown(word)} → {written}"
        for word, written in cell.words.items()
        if cell.key and not isinstance(written, bool) and shown(word) != str(written)
    ]
    if translated and len(translated) == len(cell.words):
        said = ", ".join([*([said.partition(",")[0]] if cell.low is not None else []), *translated])
    if kind in KINDS:
        said = KINDS[kind] + (f", {said}" if (said != "any text" and cell.low is not None) or cell.high is not None else "")
        said += f", like `{cell.pattern}`" if cell.pattern not in ("", IPV4) else ""
    return said


def change(platform: Platform, cell: Cell) -> str:
    """What becomes of a change and of a removal, where that isn't what one expects."""
    removal = cell.removal or platform.removal
    words = [OUTCOMES[cell.change], OUTCOMES[removal]]
    return "" if not any(words) else words[0] if words[0] == words[1] else f"{words[0] or 'followed'}; {words[1] or 'followed'}"


def remarks(cell: Cell) -> str:
    notes = [cell.note] if cell.note else []
    if cell.whole:
        notes.append("of the whole load balancer")
    if cell.off:
        notes.append("off: " + ", ".join(f"`{key}: {value}`" for key, value in cell.off.items()))
    return "; ".join(notes)


def sentence(rule: Rule, platform: Platform) -> str:
    subject = conditions(rule.when) if rule.when else f"every {platform.label}"
    subject = subject[0].upper() + subject[1:]
    verbs = []
    if rule.needs:
        verbs.append(f"needs {conditions(rule.needs, ' and ')}")
    if rule.excludes:
        verbs.append(f"excludes {conditions(rule.excludes, ' and ')}")
    return f"{subject} {' and '.join(verbs)}{exception(rule.unless)}: {text(rule.reason)}."


def capital(words: str) -> str:
    return words[0].upper() + words[1:]


def exception(unless: Any) -> str:
    if not unless:
        return ""
    return f", unless `{unless}` is given" if isinstance(unless, str) else f", unless there is {conditions(unless, ' or ')}"


def conditions(settings: Any, glue: str = " with ") -> str:
    words = []
    for name, value in settings.items():
        if name in FACTS:
            words.append(FACTS[name])
        elif value is ...:
            words.append(f"`{name}`")
        else:
            words.append(" or ".join(f"`{name}: {shown(one)}`" for one in (value if isinstance(value, tuple) else (value,))))
    return glue.join([", ".join(words[:-1]), words[-1]]) if len(words) > 2 else glue.join(words)


def text(markup: str) -> str:
    return re.sub(r"[VC]\(([^)]*)\)", r"`\1`", markup)


def page() -> str:
    """The page as it should be: what is written by hand, and the tables below it."""
    return with_tables(PAGE, BEGIN, tables())


if __name__ == "__main__":
    write(PAGE, page())
