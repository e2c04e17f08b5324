# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what documents the form of the status from the types that the code itself uses.

`python tests/tools/status.py` writes docs/status-report.schema.json, the RETURN of srs_cluster_status, and the tables of
docs/status.md; with `--check` it tells whether they are up to date.
"""

from __future__ import annotations

import json
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints, is_typeddict

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".collections"))

from ansible_collections.livestream.srs.plugins.module_utils._observed import status_model as model
from ansible_collections.livestream.srs.plugins.module_utils._observed.conditions import CONDITIONS

SCHEMA = ROOT / "docs" / "status-report.schema.json"
MODULE = ROOT / "plugins" / "modules" / "srs_cluster_status.py"
PAGE = ROOT / "docs" / "status.md"
RETURN = re.compile(r'^RETURN = r"""\n.*?^"""$', re.MULTILINE | re.DOTALL)

SCALARS = {str: ("string", "str"), bool: ("boolean", "bool"), int: ("integer", "int"), float: ("number", "float"), Any: ("", "raw")}
"""Of each type the name in JSON Schema, and that in Ansible's documentation."""


class Form(NamedTuple):
    """A type, taken apart."""

    kind: Any
    nullable: bool
    constraints: dict[str, str | int]
    doc: model.Doc | None


def form_of(annotation: Any) -> Form:
    """Take a type apart: what is inside ``Annotated`` and beside ``None``."""
    metadata: list[Any] = []
    nullable = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            metadata += more
        elif get_origin(annotation) in (Union, types.UnionType):
            inner = [part for part in get_args(annotation) if part is not types.NoneType]
            if len(inner) != 1:
                raise SystemExit(f"{annotation} is a union of several types, which has no form in the documentation")
            nullable, annotation = True, inner[0]
        else:
            break
    docs = [item for item in metadata if isinstance(item, model.Doc)]
    constraints = {item.keyword: item.value for item in metadata if isinstance(item, model.Constraint)}
    return Form(annotation, nullable, constraints, docs[0] if docs else None)


def fields_of(typed: Any) -> Iterator[tuple[str, Form]]:
    """The fields of a TypedDict."""
    return ((name, form_of(annotation)) for name, annotation in get_type_hints(typed, include_extras=True).items())


def description(form: Form) -> str:
    """All that is to be said about a field, in sentences."""
    if form.doc is None:
        return ""
    words = form.kind if get_origin(form.kind) is Literal else None
    said = [form.doc.text]
    if words and all(isinstance(word, str) for word in get_args(words)):
        *first, last = (f"`{word}`" for word in get_args(words))
        said.append(f"{', '.join(first)} or {last}." if first else f"{last}.")
    if form.doc.unit:
        said.append(f"In {form.doc.unit}.")
    if form.nullable:
        said.append(f"Null if {form.doc.null}.")
    return " ".join(said)


# JSON Schema


def schema() -> str:
    """docs/status-report.schema.json."""
    definitions: dict[str, Any] = {}
    top = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Status report of livestream.srs",
        **object_of(model.Report, definitions),
        "$defs": definitions,
    }
    return json.dumps(top, indent=2) + "\n"


def object_of(typed: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a TypedDict; those inside it become definitions."""
    properties = {name: {"description": description(form), **value_of(form, definitions)} for name, form in fields_of(typed)}
    return {
        "description": " ".join((typed.__doc__ or "").split()),
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def value_of(form: Form, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a value."""
    kind = form.kind
    if is_typeddict(kind):
        name = kind.__name__
        if name not in definitions:
            definitions[name] = {}  # before what is inside it, in the order of the model
            definitions[name].update(object_of(kind, definitions))
        return {"$ref": f"#/$defs/{name}"}
    if get_origin(kind) is Literal:
        words = [*get_args(kind), *([None] if form.nullable else [])]
        return {"enum": words} if len(words) > 1 else {"const": words[0]}
    if get_origin(kind) is list:
        return {"type": "array", "items": value_of(form_of(get_args(kind)[0]), definitions)}
    if get_origin(kind) is dict:
        inner = form_of(get_args(kind)[1])
        values = {} if inner.kind is Any else {"additionalProperties": value_of(inner, definitions)}
        return {"type": ["object", "null"] if form.nullable else "object", **values}
    json_type = SCALARS[kind][0]
    return {"type": [json_type, "null"] if form.nullable else json_type, **form.constraints}


# RETURN


class Dumper(yaml.SafeDumper):
    """YAML as it is written by hand: lists are indented."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def module() -> str:
    """The file of the module, with its RETURN."""
    seen: dict[Any, str] = {}
    returned = {
        name: {"returned": form.doc.returned if form.doc else "", **entry(name, form, seen)} for name, form in fields_of(model.Returned)
    }
    text = yaml.dump(returned, Dumper=Dumper, sort_keys=False, width=120, allow_unicode=True)
    before = MODULE.read_text(encoding="utf-8")
    after, count = RETURN.subn(lambda _found: f'RETURN = r"""\n{text}"""', before)
    if count != 1:
        raise SystemExit(f'{MODULE.relative_to(ROOT)} has no RETURN = r"""...""" to write')
    return after


def entry(path: str, form: Form, seen: dict[Any, str]) -> dict[str, Any]:
    """The documentation of one field. ``seen`` are the TypedDicts that are documented already, by the path of the field that has them."""
    kind, elements = ansible_type(form.kind)
    inner = typed_inside(form.kind)
    said = re.sub(r"`([^`]+)`", lambda found: markup(found[1]), description(form))
    if inner in seen:
        said += f" The form is that of RV({seen[inner]})."
    result: dict[str, Any] = {"description": said, "type": kind}
    if elements:
        result["elements"] = elements
    if form.doc and form.doc.sample:
        result["sample"] = form.doc.sample
    if inner and inner not in seen:
        seen[inner] = path
        result["contains"] = {name: entry(f"{path}.{name}", below, seen) for name, below in fields_of(inner)}
    return result


def markup(word: str) -> str:
    """An option as such, everything else as code."""
    return f"O({word})" if word in ("read_servers", "near_capacity", "query") else f"C({word})"


def typed_inside(kind: Any) -> Any:
    """The TypedDict that a field has, or has several of; None if there is none."""
    if is_typeddict(kind):
        return kind
    return typed_inside(form_of(get_args(kind)[-1]).kind) if get_origin(kind) in (list, dict) else None


def ansible_type(kind: Any) -> tuple[str, str]:
    """(type, elements) in Ansible's words."""
    if is_typeddict(kind) or get_origin(kind) is dict:
        return "dict", ""
    if get_origin(kind) is list:
        return "list", ansible_type(form_of(get_args(kind)[0]).kind)[0]
    if get_origin(kind) is Literal:
        return ansible_type(type(get_args(kind)[0]))
    return SCALARS[kind][1], ""


# Tables of docs/status.md


def page() -> str:
    """docs/status.md, with its tables."""
    text = PAGE.read_text(encoding="utf-8")
    for name, rows in {"states": states(), "verdicts": verdicts(), "conditions": conditions()}.items():
        begin, end = f"<!-- {name}: written by tests/tools/status.py -->", f"<!-- end of {name} -->"
        found = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        if not found.search(text):
            raise SystemExit(f"{PAGE.relative_to(ROOT)} has no lines {begin} and {end}")
        text = found.sub("\n".join([begin, "", *rows, "", end]).replace("\\", r"\\"), text)
    return text


def states() -> list[str]:
    """The table of states."""
    return ["| state | meaning |", "|---|---|", *(f"| `{state}` | {text} |" for state, text in model.STATES.items())]


def verdicts() -> list[str]:
    """The table of verdicts."""
    rows = [
        f"| `{name}` | {form.doc.text} | {form.doc.null if form.nullable else 'never'} |"
        for name, form in fields_of(model.Verdicts)
        if form.doc
    ]
    return ["| verdict | true if | null if |", "|---|---|---|", *rows]


def conditions() -> list[str]:
    """The table of conditions."""
    rows = []
    for name, condition in CONDITIONS.items():
        forms = ([f"`{name}`"] if condition.alone else []) + ([f"`{{{name}: {condition.value}}}`"] if condition.value else [])
        rows.append(f"| {', '.join(forms)} | {condition.meaning} |")
    return ["| condition | holds if |", "|---|---|", *rows]


def main() -> None:
    wanted = {SCHEMA: schema(), MODULE: module(), PAGE: page()}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.exit(f"out of date: {names}; run `make docs` and commit the result" if stale else None)
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")


if __name__ == "__main__":
    main()
