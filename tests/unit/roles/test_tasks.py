# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of roles and playbooks give our modules what these take, and do without what only some plays find out."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.livestream.srs.tests.support.wanted import trusted

ROOT = Path(__file__).resolve().parents[3]
OURS = "livestream.srs."
FILES = sorted([*(ROOT / "roles").glob("*/tasks/*.yml"), *(ROOT / "playbooks").glob("**/*.yml")])
OMITTED = "omitted"
# Tasks that may be skipped, by what they register.
FOUND_BY_SOME = {"_srs_edge_origin_found": {"addresses": ["192.0.2.1:1935"]}}


def tasks(entries: Any) -> Iterator[dict[str, Any]]:
    """All tasks of a file, of plays and of blocks."""
    for entry in entries or ():
        inner = [entry.get(key) for key in ("tasks", "pre_tasks", "post_tasks", "block", "rescue", "always", "handlers")]
        if any(inner):
            for part in inner:
                yield from tasks(part)
        else:
            yield entry


def calls(file: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(where, module, arguments) of each task of ours; with what the play gives to all of them."""
    entries = yaml.safe_load(file.read_text())
    given = {key: value for entry in entries for part in (entry.get("module_defaults") or {}).values() for key, value in part.items()}
    for task in tasks(entries):
        for key in task:
            if key.startswith(OURS):
                yield f"{file.relative_to(ROOT)}: {task.get('name')}", key.removeprefix(OURS), {**given, **(task[key] or {})}


CALLS = [call for file in FILES for call in calls(file)]


def documented(module: str) -> dict[str, Any]:
    """The options of a module that stand in its own documentation, without those of fragments."""
    content = importlib.import_module(f"ansible_collections.{OURS}plugins.modules.{module}").DOCUMENTATION
    return dict(yaml.safe_load(content).get("options") or {})


def test_there_are_tasks() -> None:
    assert len(CALLS) > 20
    assert {"srs_deploy", "srs_preflight", "srs_edge_rollout", "srs_cluster_status"} <= {module for _where, module, _args in CALLS}


@pytest.mark.parametrize(("module", "args"), [call[1:] for call in CALLS], ids=[call[0] for call in CALLS])
def test_each_task_gives_its_module_what_this_needs(module: str, args: dict[str, Any]) -> None:
    assert {name for name, option in documented(module).items() if option.get("required")} <= set(args)


@pytest.mark.parametrize("found", [{}, FOUND_BY_SOME], ids=["not found", "found"])
def test_what_only_some_plays_find_out_is_left_out_by_the_others(found: dict[str, Any]) -> None:
    variables = {"omit": OMITTED, **found}
    told = []
    for where, _module, args in CALLS:
        for name, value in args.items():
            if any(variable in str(value) for variable in FOUND_BY_SOME):
                told.append(where)
                result = Templar(loader=DataLoader(), variables=variables).template(trusted(value))
                assert result == (["192.0.2.1:1935"] if found else OMITTED), (where, name)
    assert len(told) >= 4


def test_a_canary_ends_with_its_servers_gone() -> None:
    for file in ("canary_promote.yml", "canary_abort.yml"):
        called = [(where, args) for where, module, args in CALLS if f"srs_edge/tasks/{file}" in where and module == "srs_deploy"]
        _where, last = called[-1]
        assert (last["part"], last.get("state"), last["clusters"]) == ("canary", "absent", "{{ _srs_edge_chosen }}")
