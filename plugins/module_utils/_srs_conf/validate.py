# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree against the table: unknown names, wrong blocks, missing values, wrong values, versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.livestream.srs.plugins.module_utils._errors import did_you_mean
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR, WARNING, Finding
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import INCLUDE, ROOT, Spec, reaches
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.values import doubt, needed, problem


def walk(table: Mapping[str, Spec], path: str = "") -> Iterator[tuple[str, str, Spec]]:
    """Every directive of a table as (block, name, spec)."""
    for name, spec in table.items():
        yield path, name, spec
        if spec.children:
            yield from walk(spec.children, f"{path}.{name}" if path else name)


def _homes() -> dict[str, list[str]]:
    homes: dict[str, list[str]] = {}
    for block, name, _spec in walk(ROOT):
        homes.setdefault(name, []).append(block)
    return homes


HOMES = _homes()


def validate(tree: list[Directive], version: Release) -> list[Finding]:
    """All that is wrong with the directives of a tree, each by itself."""
    findings: list[Finding] = []
    if not tree:
        findings.append(Finding(ERROR, "", f"there is no directive at all, which the server refuses (SRS {version})."))
    else:
        _validate_block(tree, ROOT, "", "", version, findings, False)
    return findings


def _validate_block(
    tree: list[Directive], table: Mapping[str, Spec], path: str, block: str, version: Release, findings: list[Finding], unchecked: bool
) -> None:
    seen: dict[tuple[str, ...], Directive] = {}
    for directive in tree:
        name, line = directive.name, directive.line
        spec = INCLUDE if name == "include" else table.get(name)
        if spec is None:
            findings.append(Finding(ERROR, _join(path, name), unknown(name, table, block, version, unchecked), line))
            continue
        gate = gated(spec, version)
        if gate:
            findings.append(Finding(gate[0], _join(path, name), gate[1], line))
            if gate[0] == ERROR:
                continue
        _validate_directive(directive, spec, path, block, version, findings)
        if (spec.many and spec.kind != "block") or name == "stream_caster":
            continue
        key = (name, *directive.args) if spec.many else (name,)
        first = seen.setdefault(key, directive)
        if first is not directive:
            place = f", first in line {first.line}" if first.line else ""
            same = directive.children is None and directive == first
            message = (
                f"is given twice{place}, to the same effect (SRS {version})."
                if same
                else f"is given twice{place}; the server takes one of them and ignores or refuses the other (SRS {version})."
            )
            findings.append(Finding(WARNING if same else ERROR, _join(path, " ".join(key)), message, line))


def _validate_directive(directive: Directive, spec: Spec, path: str, block: str, version: Release, findings: list[Finding]) -> None:
    name = directive.name
    if spec.kind == "block" and directive.children is None:
        findings.append(
            Finding(
                ERROR,
                _join(path, name),
                f"is a block, {name} {{ ... }}; without one the server ignores it (SRS {version}).",
                directive.line,
            )
        )
        return
    if spec.kind != "block" and directive.children is not None:
        findings.append(
            Finding(
                ERROR,
                _join(path, name),
                f"is one directive, {name} value;, and what is in the block behind it the server ignores (SRS {version}).",
                directive.line,
            )
        )
        return
    wrong = problem(spec, directive.args, version)
    if wrong:
        findings.append(Finding(ERROR, _join(path, name), f"{wrong} (SRS {version}).", directive.line))
    elif uncertain := doubt(spec, directive.args, version):
        findings.append(Finding(WARNING, _join(path, name), f"{uncertain}, and the version is {version}.", directive.line))
    if directive.children and not spec.free:
        inner = _join(path, f"{name} {directive.arg0}" if directive.args else name)
        _validate_block(
            directive.children, spec.children or {}, inner, _join(block, name), version, findings, bool(reaches(version, spec.unchecked))
        )


def unknown(name: str, table: Mapping[str, Spec], block: str, version: Release, unchecked: bool) -> str:
    """Why a name has no place in a block."""
    near = did_you_mean(name, [known for known, spec in table.items() if spec.known(version) is not False])
    place = f"in {block}" if block else "at the top level"
    if name.startswith("\ufeff"):
        return "begins with a byte order mark, which the server takes for a part of the name: save the file without it."
    homes = [home or "the top level" for home in HOMES.get(name, ()) if home != block] if not near else []
    where = f"; it belongs into {' or '.join(homes[:3])}" if homes else ""
    ignored = "; the server would ignore it" if unchecked else ""
    return f"is not a directive {place} of SRS {version}{near}{where}{ignored}."


def gated(spec: Spec, version: Release) -> tuple[str, str] | None:
    """Severity and reason when a release does not have a directive, or not every release of a major version has it."""
    since, gone, idle = (reaches(version, text) for text in (spec.since, spec.gone, spec.idle))
    if since is False:
        return ERROR, f"needs SRS {needed(spec.since, version)} or later, but the version is {version}."
    if gone is not False:
        way = "" if gone else ": leave it out, or give the exact release if it is an earlier one"
        return ERROR, f"is gone since SRS {needed(spec.gone, version)}, and the version is {version}{way}."
    if since is None:
        return (
            WARNING,
            f"needs SRS {needed(spec.since, version)} or later, and the version is {version}: give the exact release if it is one.",
        )
    if idle:
        return WARNING, f"is still accepted by SRS {version} but does nothing since SRS {needed(spec.idle, version)}."
    if idle is None:
        return WARNING, f"does nothing since SRS {needed(spec.idle, version)}, and the version is {version}."
    return None


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
