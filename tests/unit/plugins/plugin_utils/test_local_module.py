# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A flow without a process of its own is given and gives what it would as a module."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.common.parameters import PASS_VARS

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.plugin_utils import _local_module as under_test

SPECIFICATION: dict[str, Any] = {
    "argument_spec": {
        "name": {"type": "str", "required": True, "aliases": ["title"]},
        "count": {"type": "int", "default": 3},
        "password": {"type": "str", "no_log": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "objects": {"type": "list", "elements": "raw"},
    },
    "required_if": [("state", "absent", ("objects",))],
    "supports_check_mode": True,
}
# What Ansible itself says to a module; ansible-core 2.21 and later have an invocation in results only where one is asked for.
INTERNAL = {"_ansible_module_name": "livestream.srs.probe", "_ansible_no_log": True}
INTERNAL |= {"_ansible_inject_invocation": True} if "inject_invocation" in PASS_VARS else {}

Flow = Callable[[Any], dict[str, Any]]


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test.basic, "_ANSIBLE_ARGS", None)
    monkeypatch.setattr(under_test.basic, "_ANSIBLE_PROFILE", None, raising=False)


def ran(args: dict[str, Any], flow: Flow, silent: bool = False) -> dict[str, Any]:
    """What the module prints, and its exit status."""
    module: ModuleType = SimpleNamespace(specification=lambda: SPECIFICATION, flow=flow)  # type: ignore[assignment]
    answer = under_test.answer_of(module, {**INTERNAL, **args}, silent=silent)
    assert answer["stdout_lines"] == answer["stdout"].splitlines() and answer["stderr_lines"] == answer["stderr"].splitlines()
    return {**json.loads(answer["stdout"]), "rc": answer["rc"]}


def test_params_have_types_and_defaults() -> None:
    result = ran({"name": "a", "count": "7"}, lambda module: {"seen": dict(module.params)})
    assert result["rc"] == 0
    assert result["seen"] == {"name": "a", "count": 7, "password": None, "state": "present", "objects": None}
    assert result["invocation"] == {"module_args": result["seen"]}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({}, "missing required arguments: name"),
        ({"name": "a", "nmae": "b"}, "Unsupported parameters for (livestream.srs.probe) module: nmae."),
        ({"name": "a", "state": "gone"}, "value of state must be one of: present, absent, got: gone"),
        ({"name": "a", "state": "absent"}, "state is absent but all of the following are missing: objects"),
    ],
)
def test_wrong_arguments_fail_and_name_them(args: dict[str, Any], said: str) -> None:
    result = ran(args, lambda module: pytest.fail("the flow ran"))
    assert result["failed"] and result["rc"] == 1
    assert said in result["msg"]


def test_a_user_error_becomes_the_failure() -> None:
    def flow(_module: Any) -> dict[str, Any]:
        raise SrsError("no such thing", objects=[1])

    result = ran({"name": "a"}, flow)
    assert (result["rc"], result["failed"], result["msg"], result["objects"]) == (1, True, "no such thing", [1])


def test_a_secret_does_not_come_back() -> None:
    result = ran({"name": "a", "password": "s3cret-word"}, lambda module: {"said": "it was s3cret-word", "more": ["s3cret-word"]})
    assert "s3cret-word" not in str(result)
    assert result["said"] == "it was ********"


@pytest.mark.parametrize("key", ["check_mode", "diff"])
def test_the_mode_of_the_task(key: str) -> None:
    for value in (True, False):
        result = ran({"name": "a", f"_ansible_{key}": value}, lambda module: {"seen": [module.check_mode, module._diff]})
        assert result["seen"] == [value and key == "check_mode", value and key == "diff"]


def test_a_flow_may_warn_deprecate_log_and_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr(under_test.basic.AnsibleModule, "log", lambda _module, text, log_args=None: logged.append(text))

    def flow(module: Any) -> dict[str, Any]:
        module.warn("look out")
        module.deprecate("old", version="9.0.0", collection_name="livestream.srs")
        module.debug("unseen")
        module.log("noted")
        return {}

    assert ran({"name": "a"}, flow)["rc"] == 0
    assert logged[-1] == "noted"


def test_an_item_of_a_loop_has_none_of_the_warnings_of_the_one_before() -> None:
    said = under_test.ansible_warnings._global_warnings
    said.update({"earlier": None}) if isinstance(said, dict) else said.append("earlier")
    assert "earlier" not in str(ran({"name": "a"}, lambda _module: {}))


def test_what_the_flow_gets_is_of_pythons_own_types() -> None:
    class Tagged(str):
        pass

    given = [Tagged("b"), {Tagged("c"): (1, True, None, 1.5)}]
    seen: list[Any] = []
    ran({"name": Tagged("a"), "objects": given}, lambda module: {"n": seen.append(module.params["objects"])})
    text, mapping = seen[0]
    assert [text, mapping] == ["b", {"c": [1, True, None, 1.5]}]
    assert [type(item) for item in (text, *mapping)] == [str, str]
    assert [type(item) for item in mapping["c"]] == [int, bool, type(None), float]


def test_what_was_made_here_is_handed_over_as_it_is() -> None:
    made = [{"kind": "ConfigMap"}]
    seen: list[Any] = []

    def flow(module: Any) -> dict[str, Any]:
        seen.append(module.params["objects"])
        return {"changed": False}

    module = SimpleNamespace(specification=lambda: SPECIFICATION, flow=flow)
    assert under_test.answer_of(module, {**INTERNAL, "name": "a"}, {"objects": made})["rc"] == 0  # type: ignore[arg-type]
    assert seen[0] is made


def test_progress_is_seen_while_the_flow_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(under_test.Display, "display", lambda _self, text: seen.append(text))

    def flow(module: Any) -> dict[str, Any]:
        module.progress("1 of 3 are ready")
        return {"seen": list(seen)}

    assert ran({"name": "a"}, flow)["seen"] == ["1 of 3 are ready"]
    seen.clear()
    assert ran({"name": "a"}, flow, silent=True)["seen"] == [], "a task with no_log says nothing"


def test_a_bug_ends_the_module_and_not_the_process() -> None:
    def flow(_module: Any) -> dict[str, Any]:
        raise KeyError("a bug")

    answer = under_test.answer_of(SimpleNamespace(specification=lambda: SPECIFICATION, flow=flow), {**INTERNAL, "name": "a"})  # type: ignore[arg-type]
    assert answer["rc"] == 1
    assert answer["stderr"].startswith("Traceback") and "KeyError: 'a bug'" in answer["stderr"]
    if under_test.print_exception:
        assert json.loads(answer["stdout"])["failed"] is True


def test_an_end_from_outside_is_no_bug() -> None:
    """Ansible ends a task that takes too long by an exception of its own, which is not for the module to catch."""

    class Timeout(BaseException):
        pass

    def flow(_module: Any) -> dict[str, Any]:
        raise Timeout

    with pytest.raises(Timeout):
        ran({"name": "a"}, flow)
