# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports point down, as in the table of ARCHITECTURE.md; what is called pure there stays free of I/O and of other packages."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
OURS = "ansible_collections.livestream.srs.plugins."

PURE = {"module_utils.srs_conf", "module_utils.topology", "module_utils.media"}
INPUT_OUTPUT = {"module_utils.kubernetes", "module_utils.srs_api"}
FLOWS = "flows"
"""What a module does, in one file directly below module_utils: it may call all that is below the modules."""

# Part -> the other parts and the packages, beside the standard library, that it may import.
MAY_IMPORT: dict[str, set[str]] = {
    "module_utils.errors": set(),
    "module_utils.argspec": {"module_utils.errors", "ansible.module_utils"},
    "module_utils.srs_conf": {"module_utils.errors"},
    "module_utils.topology": {"module_utils.errors"},
    "module_utils.media": set(),
    "module_utils.kubernetes": PURE | {"module_utils.errors", "kubernetes", "urllib3", "yaml"},
    "module_utils.srs_api": PURE | {"module_utils.errors"},
    FLOWS: PURE | INPUT_OUTPUT | {"module_utils.errors", "jmespath"},
    "modules": PURE | INPUT_OUTPUT | {"module_utils.errors", "module_utils.argspec", FLOWS, "ansible.module_utils"},
    "plugin_utils": {"module_utils.errors", "ansible"},
    "action": PURE | {"module_utils.errors", "modules", "filter", "lookup", "plugin_utils", "ansible"},
    "filter": PURE | {"module_utils.errors", "plugin_utils", "ansible"},
    "lookup": {"filter", "plugin_utils", "ansible", "jinja2"},
    "doc_fragments": PURE,
}

# Nothing pure opens a file, a connection or a process, asks the time, or rolls dice.
IMPURE = {
    "asyncio",
    "http",
    "os",
    "pathlib",
    "random",
    "shutil",
    "socket",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
}

FILES = sorted(PLUGINS.rglob("*.py"))


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(PLUGINS).with_suffix("").parts).removesuffix(".__init__")


def part_of(name: str) -> str:
    """The part of the table that a module belongs to."""
    folder, _dot, rest = name.partition(".")
    if folder != "module_utils":
        return folder
    part = f"{folder}.{rest.partition('.')[0]}"
    return part if part in MAY_IMPORT or (PLUGINS / part.replace(".", "/")).is_dir() else FLOWS


def imports(file: Path) -> Iterator[tuple[int, str, bool]]:
    """Line, full name and whether it is for type checkers alone, of everything that a file imports, wherever it does so."""
    tree = ast.parse(file.read_text(), str(file))
    checked = {id(node) for block in ast.walk(tree) if is_type_checking(block) for node in ast.walk(block)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = "." * node.level + (node.module or "")
            names = [f"{package}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from ((node.lineno, name, id(node) in checked) for name in names)


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def problem(part: str, name: str, for_types: bool) -> str | None:
    if name.startswith("."):
        return "modules of a collection are imported by their full name"
    if name.startswith(OURS):
        target = part_of(name.removeprefix(OURS))
        return None if target == part or target in MAY_IMPORT[part] else f"{part} may not import {target}"
    if name.partition(".")[0] in sys.stdlib_module_names:
        impure = part in PURE and any(f"{name}.".startswith(f"{module}.") for module in IMPURE)
        return f"{part} is pure" if impure and not for_types else None
    if for_types and name.startswith("ansible."):
        return None
    known = any(f"{name}.".startswith(f"{package}.") for package in MAY_IMPORT[part])
    return None if known else f"{part} may not import {name}"


def test_there_is_something_to_check() -> None:
    parts = {part_of(name_of(file)) for file in FILES}
    assert parts >= PURE | {"modules", "module_utils.kubernetes"}


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_imports_point_down(file: Path) -> None:
    part = part_of(name_of(file))
    if file.name == "__init__.py" and not file.read_text().strip():
        return
    assert part in MAY_IMPORT, f"say in MAY_IMPORT, and in ARCHITECTURE.md, what {part} may import"
    found = [f"line {line}: {text}" for line, name, for_types in imports(file) if (text := problem(part, name, for_types))]
    assert not found


@pytest.mark.parametrize(
    ("part", "name", "for_types", "allowed"),
    [
        ("module_utils.topology", f"{OURS}module_utils.errors.SrsError", False, True),
        ("module_utils.topology", f"{OURS}module_utils.kubernetes.client.Client", False, False),
        ("module_utils.topology", f"{OURS}module_utils.srs_conf.render.render", False, False),
        ("module_utils.topology", "kubernetes.client", False, False),
        ("module_utils.topology", "socket", False, False),
        ("module_utils.topology", "urllib.parse.urlsplit", False, True),
        ("module_utils.topology", "urllib.request.urlopen", False, False),
        ("module_utils.errors", "ansible.module_utils.basic.AnsibleModule", True, True),
        ("module_utils.errors", "ansible.module_utils.basic.AnsibleModule", False, False),
        ("module_utils.kubernetes", "kubernetes.client", False, True),
        ("module_utils.kubernetes", "kubernetes_asyncio", False, False),
        ("module_utils.kubernetes", f"{OURS}module_utils.cluster_status", False, False),
        ("modules", f"{OURS}module_utils.cluster_status", False, True),
        ("module_utils.srs_conf", ".schema", False, False),
    ],
)
def test_the_rules(part: str, name: str, for_types: bool, allowed: bool) -> None:
    assert (problem(part, name, for_types) is None) == allowed
