# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks run inside ansible-playbook, and with what around them. What comes of them: tests/integration/test_in_process.py."""

from __future__ import annotations

import os
import sys
from collections import UserDict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ansible.template
import pytest
from ansible.errors import AnsibleActionFail
from ansible.executor import module_common
from ansible.parsing.dataloader import DataLoader

from ansible_collections.livestream.srs.plugins.module_utils._desired.variables import PLAYBOOK_VARIABLES
from ansible_collections.livestream.srs.plugins.module_utils._labels import RUN_FOLDER
from ansible_collections.livestream.srs.plugins.plugin_utils import _in_process as under_test
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import InProcessAction, plain

HERE = {"ansible_python_interpreter": sys.executable, "inventory_hostname": "local"}
OTHER = {"ansible_python_interpreter": "/opt/other/bin/python"}

trusted = getattr(ansible.template, "trust_as_template", str)  # ansible-core 2.19 and later render nothing else


@pytest.fixture(autouse=True)
def usual_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ansible as it is without a configuration of the user's."""
    monkeypatch.delenv("ANSIBLE_PYTHON_INTERPRETER", raising=False)
    monkeypatch.setattr(under_test.constants, "DEFAULT_KEEP_REMOTE_FILES", False)
    monkeypatch.setattr(under_test.constants, "DEFAULT_EXECUTABLE", "/bin/sh")


def action(
    variables: dict[str, Any],
    task: dict[str, Any] | None = None,
    connection: dict[str, Any] | None = None,
    play_context: dict[str, Any] | None = None,
) -> InProcessAction:
    """An action plugin of a task, of which the keywords say what differs from the usual."""
    shell = SimpleNamespace(tmpdir=None, env_prefix=lambda **environ: " ".join(environ))
    usual_task = {
        "delegate_to": None,
        "async_val": 0,
        "environment": [],
        "args": {},
        "check_mode": False,
        "no_log": False,
        "action": "a.b.probe",
    }
    return InProcessAction(
        task=SimpleNamespace(**{**usual_task, **(task or {})}),
        connection=SimpleNamespace(**{"transport": "local", "become": None, "_shell": shell, **(connection or {})}),
        play_context=SimpleNamespace(**{"executable": "/bin/sh", "become": False, **(play_context or {})}),
        loader=DataLoader(),
        templar=ansible.template.Templar(loader=DataLoader(), variables=variables),
        shared_loader_obj=None,
    )


@pytest.mark.parametrize(
    ("differs", "variables", "why_not"),
    [
        ({}, {}, ""),
        ({}, {"srs_in_process": True}, ""),
        ({}, {"srs_in_process": "yes"}, ""),
        ({}, {"srs_in_process": False}, "srs_in_process is false"),
        ({}, {"srs_in_process": "false"}, "srs_in_process is false"),
        ({}, {"srs_in_process": trusted("{{ slow | bool }}"), "slow": "no"}, "srs_in_process is false"),
        ({"connection": {"transport": "ssh"}}, {}, "the connection is ssh"),
        ({"connection": {"transport": "community.docker.docker"}}, {}, "the connection is community.docker.docker"),
        ({"connection": {"become": SimpleNamespace(name="sudo")}}, {}, "become is on"),
        ({"play_context": {"remote_user": "somebody"}}, {"ansible_user": "somebody"}, ""),  # which a local connection ignores
        ({"task": {"async_val": 60}}, {}, "it is asynchronous"),
        ({"play_context": {"executable": "/bin/zsh"}}, {}, "it is started by a shell that may change the environment: /bin/zsh"),
        ({"task": {"environment": [{"KUBECONFIG": "/a"}]}}, {}, "it has an environment of its own"),
        ({"task": {"environment": [{}, {"A": "b"}]}}, {}, "it has an environment of its own"),
        ({"task": {"environment": [trusted("{{ proxy }}")]}}, {"proxy": {"A": "b"}}, "it has an environment of its own"),
        ({"task": {"environment": [trusted("{{ proxy }}"), {}]}}, {"proxy": {}}, ""),
        ({"task": {"check_mode": True, "no_log": True}}, {}, ""),
        ({}, OTHER, "ansible_python_interpreter is /opt/other/bin/python"),
        ({}, {"ansible_python_interpreter": "python3"}, "ansible_python_interpreter is python3"),
        ({}, {"ansible_python_interpreter": f" {sys.executable} "}, ""),
        ({}, {"ansible_python_interpreter": trusted("{{ mine }}"), "mine": sys.executable}, ""),
        (
            {},
            {"ansible_python_interpreter": trusted("{{ mine }}"), "mine": "/usr/bin/other"},
            "ansible_python_interpreter is /usr/bin/other",
        ),
        ({}, {"ansible_python_interpreter": "auto"}, "ansible_python_interpreter is not set, or yet to be discovered"),
        ({}, {"ansible_python_interpreter": ""}, "ansible_python_interpreter is not set, or yet to be discovered"),
        ({}, {"ansible_python_interpreter": None}, "ansible_python_interpreter is not set, or yet to be discovered"),
        (
            {},
            {"ansible_python_interpreter": "auto_silent", "ansible_facts": {"discovered_interpreter_python": sys.executable}},
            "",
        ),
        (
            {},
            {"ansible_python_interpreter": "auto", "ansible_facts": {"discovered_interpreter_python": "/usr/bin/other"}},
            "ansible_python_interpreter is /usr/bin/other",
        ),
        (
            {},
            {"ansible_python_interpreter": "auto", "discovered_interpreter_python": sys.executable},  # of which Ansible takes no notice
            "ansible_python_interpreter is not set, or yet to be discovered",
        ),
        ({"task": {"delegate_to": "b"}}, {**OTHER, "ansible_delegated_vars": {"b": HERE}}, ""),
        ({"task": {"delegate_to": "b"}}, {"ansible_delegated_vars": {"b": OTHER}}, "ansible_python_interpreter is /opt/other/bin/python"),
        ({"task": {"delegate_to": "b"}}, {"ansible_delegated_vars": {"b": {**HERE, "srs_in_process": False}}}, "srs_in_process is false"),
        ({"task": {"delegate_to": "b"}}, {"srs_in_process": False, "ansible_delegated_vars": {"b": HERE}}, "srs_in_process is false"),
        (
            {"task": {"delegate_to": "b"}, "connection": {"transport": "ssh"}},
            {"ansible_delegated_vars": {"b": HERE}},
            "the connection is ssh",
        ),
    ],
)
def test_where_a_task_runs(differs: dict[str, Any], variables: dict[str, Any], why_not: str) -> None:
    variables = {**HERE, **variables}
    assert action(variables, **differs).why_not_here(variables) == why_not


@pytest.mark.parametrize(
    ("setting", "value", "why_not"),
    [
        ("DEFAULT_KEEP_REMOTE_FILES", True, "ANSIBLE_KEEP_REMOTE_FILES asks for its files"),
        ("DEFAULT_EXECUTABLE", "/bin/bash -l", "it is started by a shell that may change the environment: /bin/bash -l"),
    ],
)
def test_settings_of_ansible_that_ask_for_a_module(monkeypatch: pytest.MonkeyPatch, setting: str, value: Any, why_not: str) -> None:
    monkeypatch.setattr(under_test.constants, setting, value)
    assert action(HERE).why_not_here(HERE) == why_not


@pytest.mark.parametrize(
    ("version", "known"), [("2.18.0", True), ("2.21.5", True), ("2.21.0rc1", True), ("2.22.0.dev0", False), ("3.0.0", False)]
)
def test_only_known_releases_of_ansible_core(monkeypatch: pytest.MonkeyPatch, version: str, known: bool) -> None:
    monkeypatch.setattr(under_test, "__version__", version)
    why = "" if known else f"ansible-core {version} is not one of those that this is tested with"
    assert action(HERE).why_not_here(HERE) == why


def test_the_switch_is_a_variable_of_the_playbooks() -> None:
    assert under_test.SWITCH in PLAYBOOK_VARIABLES


def test_the_release_that_runs_these_tests_is_known() -> None:
    assert action(HERE).why_not_here(HERE) == ""


@pytest.mark.parametrize("value", ["perhaps", None, []])
def test_a_switch_that_is_neither_on_nor_off_is_an_error(value: Any) -> None:
    variables = {**HERE, "srs_in_process": value}
    with pytest.raises(AnsibleActionFail, match=r"srs_in_process is .*: set it to true or false\."):
        action(variables).why_not_here(variables)


@pytest.mark.parametrize("configured", ["", "/usr/bin/env python3", "/opt/a/bin/python", "auto", "auto_silent", trusted("{{ mine }}")])
@pytest.mark.parametrize("facts", [{}, {"discovered_interpreter_python": "/usr/bin/found"}])
def test_the_interpreter_is_the_one_that_ansible_takes(configured: str, facts: dict[str, str]) -> None:
    variables = {"ansible_python_interpreter": configured, "mine": "/srv/mine", "ansible_facts": facts}
    plugin = action(variables)
    try:
        _shebang, expected = module_common._get_shebang("/usr/bin/python", variables, plugin._templar)
    except module_common.InterpreterDiscoveryRequiredError:
        expected = ""
    assert plugin._interpreter(variables) == expected


def run(monkeypatch: pytest.MonkeyPatch, plugin: InProcessAction, flow: Any, **variables: Any) -> tuple[dict[str, Any], list[str]]:
    """The result of a task whose module has this flow, and what -vvv says; a module that runs by itself says so."""
    said: list[str] = []
    specification = {"argument_spec": {"a": {"type": "str"}}, "supports_check_mode": True}
    plugin.module = SimpleNamespace(__name__="x.modules.probe", specification=lambda: specification, flow=flow)  # type: ignore[assignment]
    monkeypatch.setattr(plugin._display, "vvv", lambda text, host: said.append(f"<{host}> {text}"))
    monkeypatch.setattr(plugin, "_execute_module", lambda _name, _args, task_vars, wrap_async: {"as a module": wrap_async}, raising=False)
    monkeypatch.setattr(plugin, "_update_module_args", lambda name, args, _variables: args.update(_ansible_module_name=name))
    return plugin.run(task_vars={**HERE, **variables}), said


def test_a_task_runs_here_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = action(HERE, task={"args": {"a": "b"}})
    result, said = run(monkeypatch, plugin, lambda module: {"changed": True, "seen": module.params["a"], "_ansible_item_label": "x"})
    assert result["changed"] is True and result["seen"] == "b"
    assert "_ansible_item_label" not in result, "only Ansible itself may say that"
    assert said == [f"<local> probe runs in this process: a module would run here, too, by {sys.executable}"]
    assert plugin._task.args == {"a": "b"}, "the task's own arguments stay as they are"


def test_a_task_runs_as_a_module_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = action(HERE, task={"async_val": 7})
    result, said = run(monkeypatch, plugin, lambda module: pytest.fail("it ran here"))
    assert result == {"as a module": 7}
    assert said == ["<local> probe runs as a module: it is asynchronous"]


def test_a_flow_runs_in_the_folder_of_the_playbook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = os.getcwd()
    plugin = action(HERE)
    plugin._loader.set_basedir(str(tmp_path))
    result, _said = run(monkeypatch, plugin, lambda _module: {"cwd": os.getcwd()})
    assert result["cwd"] == os.path.realpath(tmp_path) and os.getcwd() == before


@pytest.mark.parametrize("in_process", [True, False])
def test_the_tasks_of_a_run_share_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, in_process: bool) -> None:
    monkeypatch.setenv(RUN_FOLDER, "")
    monkeypatch.setattr(under_test.constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    monkeypatch.setattr(InProcessAction, "_run_here", lambda *_arguments: {"folder": os.environ[RUN_FOLDER]})
    monkeypatch.setattr(InProcessAction, "_execute_module", lambda *_arguments, **_options: {"folder": os.environ[RUN_FOLDER]})
    made = action({**HERE, "srs_in_process": in_process})
    assert made.run_module({}, {**HERE, "srs_in_process": in_process}) == {"folder": str(tmp_path)}


def test_a_bug_is_a_failure_of_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    result, _said = run(monkeypatch, action(HERE), lambda _module: {}["missing"])
    assert result["failed"] is True
    assert "missing" in str(result) or "exception" in result


@pytest.mark.parametrize("silent", [True, False])
def test_a_task_with_no_log_keeps_its_progress_to_itself(monkeypatch: pytest.MonkeyPatch, silent: bool) -> None:
    seen: list[str] = []
    plugin = action(HERE, task={"no_log": silent})
    monkeypatch.setattr(type(plugin._display), "display", lambda _self, text, *_more, **_options: seen.append(text))
    run(monkeypatch, plugin, lambda module: {"said": module.progress("1 of 3 are ready")})
    assert seen == ([] if silent else ["1 of 3 are ready"])


def test_plain_rebuilds_everything_in_pythons_own_types() -> None:
    class Tagged(str):
        pass

    copy = plain(UserDict({Tagged("a"): (Tagged("b"), 1, True, None, 1.5, [UserDict()])}))
    assert copy == {"a": ["b", 1, True, None, 1.5, [{}]]}
    assert [type(item) for item in copy["a"]] == [str, int, bool, type(None), float, list]
    assert [type(key) for key in copy] == [str]
