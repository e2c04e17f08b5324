# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports point down, as in the table of ARCHITECTURE.md; what is called pure there stays free of I/O and of other packages."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
OURS = "ansible_collections.livestream.srs.plugins."

BASE = {"module_utils._checked", "module_utils._dns", "module_utils._errors", "module_utils._labels", "module_utils._text"}
PURE = {
    "module_utils._kubernetes",
    "module_utils._releases",
    "module_utils._srs_conf",
    "module_utils._load_balancers",
    "module_utils._desired",
    "module_utils._manifests",
    "module_utils._observed",
    "module_utils._rollout",
    "module_utils._adopt",
    "module_utils._media",
}
INPUT_OUTPUT = {"module_utils._kubernetes_api", "module_utils._network", "module_utils._srs_api", "module_utils._player"}

# Part -> the other parts and the packages, beside the standard library, that it may import.
MAY_IMPORT: dict[str, set[str]] = {
    "module_utils._checked": {"module_utils._text"},
    "module_utils._dns": set(),
    "module_utils._errors": {"module_utils._text"},
    "module_utils._labels": set(),
    "module_utils._text": set(),
    "module_utils._argspec": {*BASE, "ansible.module_utils"},
    "module_utils._kubernetes": BASE,
    "module_utils._releases": BASE,
    "module_utils._srs_conf": {*BASE, "module_utils._releases"},
    "module_utils._media": {"module_utils._text"},
    "module_utils._load_balancers": {*BASE, "module_utils._kubernetes"},
    "module_utils._desired": {
        *BASE,
        "module_utils._kubernetes",
        "module_utils._releases",
        "module_utils._load_balancers",
        "module_utils._srs_conf",
    },
    "module_utils._manifests": {
        *BASE,
        "module_utils._kubernetes",
        "module_utils._releases",
        "module_utils._load_balancers",
        "module_utils._srs_conf",
        "module_utils._desired",
    },
    "module_utils._rollout": {
        *BASE,
        "module_utils._kubernetes",
        "module_utils._releases",
        "module_utils._load_balancers",
        "module_utils._srs_conf",
    },
    "module_utils._observed": {
        *BASE,
        "module_utils._kubernetes",
        "module_utils._releases",
        "module_utils._srs_conf",
        "module_utils._rollout",
    },
    "module_utils._adopt": {
        *BASE,
        "module_utils._kubernetes",
        "module_utils._releases",
        "module_utils._load_balancers",
        "module_utils._srs_conf",
        "module_utils._desired",
        "module_utils._manifests",
    },
    # The engine for Kubernetes objects knows nothing of SRS.
    "module_utils._kubernetes_api": {*BASE, "module_utils._kubernetes", "kubernetes", "urllib3", "yaml"},
    "module_utils._network": {"module_utils._media", "module_utils._text"},
    "module_utils._srs_api": {*BASE, "module_utils._kubernetes_api", "module_utils._media", "module_utils._network"},
    "module_utils._player": {"module_utils._media", "module_utils._network", "module_utils._text"},
    "module_utils._flow": {*BASE, *PURE, *INPUT_OUTPUT, "jmespath"},
    "modules": {*BASE, *PURE, *INPUT_OUTPUT, "module_utils._argspec", "module_utils._flow", "ansible.module_utils"},
    "plugin_utils": {*BASE, *PURE, "module_utils._flow", "ansible", "jinja2", "jsonpatch", "yaml"},
    "action": {*BASE, *PURE, "module_utils._argspec", "modules", "filter", "plugin_utils", "ansible"},
    "filter": {*BASE, *PURE, "plugin_utils", "ansible"},
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
    return f"{folder}.{rest.partition('.')[0]}"


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
    assert parts >= PURE | INPUT_OUTPUT | {"modules"}


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
        ("module_utils._desired", f"{OURS}module_utils._errors.SrsError", False, True),
        ("module_utils._desired", f"{OURS}module_utils._kubernetes_api.client.Client", False, False),
        ("module_utils._desired", f"{OURS}module_utils._rollout.revisions.carried_over", False, False),
        ("module_utils._observed", f"{OURS}module_utils._desired.names.ORIGIN", False, False),
        ("module_utils._desired", "kubernetes.client", False, False),
        ("module_utils._desired", "socket", False, False),
        ("module_utils._desired", "urllib.parse.urlsplit", False, True),
        ("module_utils._desired", "urllib.request.urlopen", False, False),
        ("module_utils._errors", "ansible.module_utils.basic.AnsibleModule", True, True),
        ("module_utils._errors", "ansible.module_utils.basic.AnsibleModule", False, False),
        ("module_utils._kubernetes_api", "kubernetes.client", False, True),
        ("module_utils._kubernetes_api", "kubernetes_asyncio", False, False),
        ("module_utils._kubernetes_api", f"{OURS}module_utils._srs_conf.secrets.redacted", False, False),
        ("module_utils._kubernetes_api", f"{OURS}module_utils._flow.cluster_status", False, False),
        ("modules", f"{OURS}module_utils._flow.cluster_status", False, True),
        ("module_utils._srs_conf", ".schema", False, False),
        ("module_utils._player", f"{OURS}module_utils._srs_api.http_api", False, False),
    ],
)
def test_the_rules(part: str, name: str, for_types: bool, allowed: bool) -> None:
    assert (problem(part, name, for_types) is None) == allowed


def test_utilities_are_private_and_named_once() -> None:
    rooms = [path for path in (PLUGINS / "module_utils").iterdir() if path.name != "__pycache__"]
    assert [path.name for path in rooms if not path.name.startswith("_")] == []
    names = Counter(file.stem for file in (PLUGINS / "module_utils").rglob("*.py") if file.stem != "__init__")
    assert [name for name, count in names.items() if count > 1] == []
