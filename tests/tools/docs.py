# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/reference from the documentation of modules, filters and roles: `make docs`.

All of it comes from `ansible-doc`, the defaults that are expressions from the roles' defaults. A reference to an option that is
not there fails, as does a page that is out of date with `--check`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from antsibull_docs_parser import dom
from antsibull_docs_parser.parser import Context, parse
from places import ROOT

COLLECTION = "livestream.srs"
FOLDER = ROOT / "docs/reference"
KINDS = {"role": "Roles", "module": "Modules", "filter": "Filters"}


class Page:
    """The page of one module, filter or role."""

    def __init__(self, kind: str, name: str, content: dict[str, Any]) -> None:
        self.kind = kind
        self.name = name.removeprefix(f"{COLLECTION}.")
        self.file = f"{self.name}.md" if kind != "filter" else f"filter-{self.name}.md"
        self.doc: dict[str, Any] = content["entry_points"]["main"] if kind == "role" else content["doc"]
        self.examples: str = content.get("examples") or ""
        self.returns: dict[str, Any] = content.get("return") or {}
        self.defaults: dict[str, Any] = role_defaults(self.name) if kind == "role" else {}
        self.title = self.text(self.doc["short_description"])

    def render(self) -> str:
        options = list(rows(self.doc.get("options") or {}))
        noun = "Variable" if self.kind == "role" else "Option"
        lines = [f"# {self.name} ({self.kind})", "", f"{self.title}.", ""]
        for paragraph in as_list(self.doc.get("description")):
            lines += [self.text(paragraph), ""]
        if requirements := as_list(self.doc.get("requirements")):
            lines += ["Needs " + ", ".join(self.text(item) for item in requirements) + ".", ""]
        if options:
            lines += [f"## {noun}s", "", f"| {noun} | Type | Default | Meaning |", "|---|---|---|---|"]
            lines += [self.option_row(path, option) for path, option in options] + [""]
        if attributes := self.doc.get("attributes"):
            lines += ["## Properties", "", "| Property | Support | |", "|---|---|---|"]
            for name, attribute in sorted(attributes.items()):
                said = as_list(attribute.get("details")) or as_list(attribute.get("description"))
                lines.append(f"| {name} | {attribute['support']} | {self.cell(said)} |")
            lines.append("")
        for note in as_list(self.doc.get("notes")):
            lines += [f"Note: {self.text(note)}", ""]
        if self.examples:
            lines += ["## Examples", "", "```yaml", self.examples.strip(), "```", ""]
        if self.returns:
            lines += ["## Returned", "", "| Key | Type | When | Meaning |", "|---|---|---|---|"]
            for path, value in rows(self.returns, "contains"):
                lines.append(
                    f"| `{path}` | {type_of(value)} | {value.get('returned') or ''} | {self.cell(as_list(value.get('description')))} |"
                )
            lines.append("")
        return "\n".join(lines)

    def option_row(self, path: str, option: dict[str, Any]) -> str:
        if option.get("required"):
            default = "required"
        elif path in self.defaults:
            default = self.code(self.defaults[path])
        else:
            default = self.code(option["default"]) if option.get("default") is not None else ""
        said = self.cell(as_list(option.get("description")))
        if choices := option.get("choices"):
            said += "<br>One of " + ", ".join(self.code(choice) for choice in choices) + "."
        if aliases := option.get("aliases"):
            said += "<br>Also called " + ", ".join(f"`{alias}`" for alias in aliases) + "."
        return f"| `{path}` | {type_of(option)} | {default} | {said} |"

    def cell(self, paragraphs: list[str]) -> str:
        return "<br>".join(self.text(paragraph) for paragraph in paragraphs).replace("\n", " ")

    def text(self, markup: str) -> str:
        (paragraph,) = parse(markup, Context(), errors="exception")
        return "".join(self.part(part) for part in paragraph).strip().replace("|", "\\|")

    def part(self, part: dom.AnyPart) -> str:
        match part:
            case dom.TextPart():
                return part.text
            case dom.BoldPart():
                return f"**{part.text}**"
            case dom.ItalicPart():
                return f"*{part.text}*"
            case dom.CodePart():
                return f"`{part.text}`"
            case dom.OptionValuePart():
                return f"`{part.value}`"
            case dom.EnvVariablePart():
                return f"`{part.name}`"
            case dom.OptionNamePart() | dom.ReturnValuePart():
                self.check_reference(part)
                return f"`{part.name}`" if part.value is None else f"`{part.name}: {part.value}`"
            case dom.ModulePart():
                return f"`{part.fqcn}`"
            case dom.PluginPart():
                return f"`{part.plugin.fqcn}`"
            case dom.URLPart():
                return f"<{part.url}>"
            case dom.LinkPart():
                return f"[{part.text}]({part.url})"
        raise SystemExit(f"{self.name}: {part} can't be shown: write it in another way")

    def check_reference(self, part: dom.OptionNamePart | dom.ReturnValuePart) -> None:
        if part.plugin is None:
            known, inner = (self.doc.get("options"), "options") if isinstance(part, dom.OptionNamePart) else (self.returns, "contains")
            for name in part.link:
                if name not in (known or {}):
                    raise SystemExit(f"{self.name}: its documentation speaks of {'.'.join(part.link)}, which it does not have")
                known = (known or {})[name].get(inner) or (known or {})[name].get("suboptions")

    @staticmethod
    def code(value: Any) -> str:
        text = value if isinstance(value, str) and value else json.dumps(value)
        return "`" + " ".join(text.split()).replace("|", "\\|") + "`"


def rows(options: dict[str, Any], inner: str = "suboptions", prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Options with those inside them, each by its path; `[]` after a list."""
    for name, option in options.items():
        path = prefix + name
        yield path, option
        below = option.get(inner) or option.get("options")
        if below:
            yield from rows(below, inner, f"{path}[]." if option.get("type") == "list" else f"{path}.")


def role_defaults(role: str) -> dict[str, Any]:
    """What the role and those that it depends on set, dependencies first."""
    folder = ROOT / "roles" / role
    meta = yaml.safe_load((folder / "meta/main.yml").read_text()) or {}
    merged: dict[str, Any] = {}
    for dependency in meta.get("dependencies") or []:
        name = dependency if isinstance(dependency, str) else dependency.get("role") or dependency["name"]
        merged |= role_defaults(name.removeprefix(f"{COLLECTION}."))
    defaults = folder / "defaults/main.yml"
    return merged | (yaml.safe_load(defaults.read_text()) or {} if defaults.exists() else {})


def type_of(option: dict[str, Any]) -> str:
    kind = option.get("type") or "str"
    return f"{kind} of {option['elements']}" if option.get("elements") else str(kind)


def as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def pages() -> list[Page]:
    environ = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    told = subprocess.run(
        [Path(sys.executable).parent / "ansible-doc", "--metadata-dump", COLLECTION],
        env=environ,
        check=False,
        capture_output=True,
        text=True,
    )
    if told.returncode:
        raise SystemExit(f"ansible-doc could not read the documentation:\n{told.stdout[-2000:]}{told.stderr}")
    found = json.loads(told.stdout)["all"]
    return [Page(kind, name, content) for kind in KINDS for name, content in sorted((found.get(kind) or {}).items())]


def index(all_pages: list[Page]) -> str:
    lines = ["# Reference", "", "Written by `make docs` from the documentation in modules and roles; `ansible-doc` shows the same."]
    for kind, heading in KINDS.items():
        mine = [page for page in all_pages if page.kind == kind]
        if mine:
            lines += ["", f"## {heading}", "", *(f"- [{page.name}]({page.file}): {page.title}" for page in mine)]
    return "\n".join([*lines, ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if anything would change")
    check = parser.parse_args().check

    all_pages = pages()
    wanted = {FOLDER / page.file: page.render() for page in all_pages} | {FOLDER / "README.md": index(all_pages)}
    present = {path: path.read_text() for path in FOLDER.glob("*.md")} if FOLDER.is_dir() else {}
    stale = sorted(path for path in wanted.keys() | present.keys() if wanted.get(path) != present.get(path))
    if check:
        for path in stale:
            sys.stdout.write(f"{path.relative_to(ROOT)} is out of date: run `make docs` and commit the result\n")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in stale:
        if path in wanted:
            path.write_text(wanted[path])
        else:
            path.unlink()
    sys.stdout.write(f"{FOLDER.relative_to(ROOT)}: {len(wanted)} pages, {len(stale)} changed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
