# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A flow in the worker process gets and gives what it would as a module."""

from __future__ import annotations

from collections import UserDict
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError, run
from ansible_collections.livestream.srs.plugins.plugin_utils import _in_process as in_process
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import Finished, LocalModule, plain

SPECIFICATION: dict[str, Any] = {
    "argument_spec": {
        "name": {"type": "str", "required": True},
        "count": {"type": "int", "default": 3},
        "password": {"type": "str", "no_log": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "objects": {"type": "list", "elements": "raw"},
    },
    "required_if": [("state", "absent", ("objects",))],
    "supports_check_mode": True,
}


def ran(args: dict[str, Any], flow: Any) -> dict[str, Any]:
    with pytest.raises(Finished) as end:
        run(LocalModule(SPECIFICATION, args, check_mode=False, diff=False), flow)  # type: ignore[arg-type]
    return end.value.result


def test_params_have_types_and_defaults() -> None:
    assert ran({"name": "a", "count": "7"}, lambda module: {"params": module.params})["params"] == {
        "name": "a",
        "count": 7,
        "password": None,
        "state": "present",
        "objects": None,
    }


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({}, "name"),
        ({"name": "a", "nmae": "b"}, "nmae"),
        ({"name": "a", "state": "gone"}, "gone"),
        ({"name": "a", "state": "absent"}, "objects"),
    ],
)
def test_wrong_arguments_fail_and_name_them(args: dict[str, Any], said: str) -> None:
    result = ran(args, lambda module: pytest.fail("the flow ran"))
    assert result["failed"]
    assert said in result["msg"]


def test_a_user_error_becomes_the_failure() -> None:
    def flow(module: Any) -> dict[str, Any]:
        module.warn("look out")
        raise SrsError("no such thing", objects=[1])

    assert ran({"name": "a"}, flow) == {"changed": False, "failed": True, "msg": "no such thing", "objects": [1], "warnings": ["look out"]}


def test_a_secret_does_not_come_back() -> None:
    result = ran({"name": "a", "password": "s3cret-word"}, lambda module: {"msg": "it was s3cret-word"})
    assert "s3cret-word" not in str(result)


def test_plain_rebuilds_everything_in_pythons_own_types() -> None:
    class Tagged(str):
        pass

    copy = plain(UserDict({Tagged("a"): (Tagged("b"), 1, True, None, 1.5, [UserDict()])}))
    assert copy == {"a": ["b", 1, True, None, 1.5, [{}]]}
    assert [type(item) for item in copy["a"]] == [str, int, bool, type(None), float, list]
    assert [type(key) for key in copy] == [str]


def test_progress_is_seen_while_the_flow_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(in_process.Display, "display", lambda _self, text: seen.append(text))

    def flow(module: Any) -> dict[str, Any]:
        module.progress("1 of 3 are ready")
        return {"seen": list(seen)}

    assert ran({"name": "a"}, flow)["seen"] == ["1 of 3 are ready"]
