# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of roles and playbooks give our modules what these take, and do without what only some plays find out."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.template import Templar

from ansible_collections.livestream.srs.plugins.module_utils._desired.variables import PLAYBOOK_VARIABLES
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


# What a task may have besides its module and that module's arguments.
KEYWORDS = {"name", *Task.fattributes, "loop", "with_items", "action", "local_action"}
PRIVATE = re.compile(r"(?<![\w.'])_[a-z]\w*")
ROLE_FILES = sorted((ROOT / "roles").glob("*/tasks/*.yml"))


def role_tasks(role: Path) -> list[dict[str, Any]]:
    return [task for file in sorted(role.glob("tasks/*.yml")) for task in tasks(yaml.safe_load(file.read_text()))]


def module_of(task: dict[str, Any]) -> list[str]:
    return [key for key in task if key not in KEYWORDS]


@pytest.mark.parametrize("file", ROLE_FILES, ids=lambda file: f"{file.parents[1].name}/{file.name}")
def test_each_task_of_a_role_has_a_name_and_does_one_thing(file: Path) -> None:
    for task in tasks(yaml.safe_load(file.read_text())):
        assert task.get("name") and len(module_of(task)) == 1, task


@pytest.mark.parametrize("role", sorted({file.parents[1] for file in ROLE_FILES}), ids=lambda role: role.name)
def test_private_variables_of_a_role_are_made_by_it(role: Path) -> None:
    """Those of other roles may be missing, and so have a default."""
    everything = role_tasks(role)
    made = {task["register"] for task in everything if "register" in task}
    made |= {name for task in everything for name in task.get("ansible.builtin.set_fact", ())}
    made |= {name for task in everything if "ansible.builtin.include_tasks" in task for name in task.get("vars", ())}
    for task in everything:
        text = yaml.safe_dump({key: value for key, value in task.items() if key not in ("name", "register", "ansible.builtin.set_fact")})
        facts = yaml.safe_dump(list(task.get("ansible.builtin.set_fact", {}).values()))
        used = set(PRIVATE.findall(text + facts)) - set(task.get("vars") or ())
        assert {name for name in used if f"{name} | default" not in text + facts and not name.startswith("_srs_preflight")} <= made, task[
            "name"
        ]


def test_what_action_plugins_read_of_earlier_tasks_is_registered() -> None:
    sources = [file.read_text() for folder in ("action", "plugin_utils") for file in (ROOT / "plugins" / folder).glob("*.py")]
    read = {name for source in sources for name in re.findall(r'"(_(?:srs|hls)_\w+)"', source)}
    made = {task["register"] for role in {file.parents[1] for file in ROLE_FILES} for task in role_tasks(role) if "register" in task}
    made |= {task["register"] for file in FILES for task in tasks(yaml.safe_load(file.read_text())) if "register" in task}
    assert {"_hls_nginx_applied", "_srs_preflight"} <= read
    assert read <= made


def test_assertions_assert_something() -> None:
    found = [
        task["ansible.builtin.assert"]
        for file in FILES
        for task in tasks(yaml.safe_load(file.read_text()))
        if "ansible.builtin.assert" in task
    ]
    assert len(found) >= 2
    assert all(assertion.get("that") and assertion.get("fail_msg") for assertion in found)


def test_whatever_is_done_for_a_canary_is_done_for_the_chosen_clusters() -> None:
    called = [(where, args) for where, module, args in CALLS if "srs_edge/tasks/canary_" in where and module.startswith("srs_")]
    assert len(called) > 6
    assert {args.get("clusters") for _where, args in called} == {
        "{{ _srs_edge_chosen }}",
        "{{ _with }}",
        "{{ _without }}",
        "{{ srs_edge_cluster | default([]) }}",  # who aborts asks the API server which there are
        "{{ _srs_edge_stable.clusters | map(attribute='name') }}",
    }


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
        written = yaml.safe_load((ROOT / "roles/srs_edge/tasks" / file).read_text())
        assert "canary_remove.yml" in [task.get("ansible.builtin.import_tasks") for task in written]
    (removed,) = [args for where, module, args in CALLS if "srs_edge/tasks/canary_remove.yml" in where and module == "apply_set"]
    assert (removed["state"], removed["only_objects"]) == ("absent", True)


def test_a_canary_is_accepted_before_the_stable_servers_are_rolled() -> None:
    written = list(tasks(yaml.safe_load((ROOT / "roles/srs_edge/tasks/canary_promote.yml").read_text())))
    (accepts,) = [index for index, task in enumerate(written) if "ansible.builtin.include_role" in task]
    (rolls,) = [index for index, task in enumerate(written) if (task.get(f"{OURS}srs_deploy") or {}).get("release_holds")]
    assert accepts < rolls
    task = written[accepts]
    assert task["ansible.builtin.include_role"] == {"name": "livestream.srs.srs_common", "tasks_from": "acceptance"}
    assert task["vars"] == {"srs_acceptance_clusters": "{{ _with }}", "srs_acceptance_track": "canary", "srs_acceptance_required": False}
    assert "srs_verify" in task["when"]


def test_acceptance_has_a_variable_for_each_of_its_options() -> None:
    (args,) = [args for where, module, args in CALLS if module == "srs_acceptance_info"]
    said = {name for value in args.values() for name in re.findall(r"srs_acceptance_\w+", str(value))}
    assert said == {name for name in PLAYBOOK_VARIABLES if name.startswith("srs_acceptance_")}
    assert set(documented("srs_acceptance_info")) - set(args) == {"players"}
