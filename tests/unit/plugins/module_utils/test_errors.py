# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that users read."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError, did_you_mean, run


@pytest.mark.parametrize(
    ("word", "hint"),
    [("schedular", " (did you mean scheduler?)"), ("scheduler", ""), ("bandwith", " (did you mean bandwidth?)"), ("x", ""), ("", "")],
)
def test_a_near_word_is_suggested(word: str, hint: str) -> None:
    assert did_you_mean(word, iter(["bandwidth", "scheduler"])) == hint


class Module:
    """Ends as AnsibleModule does, but for leaving the process."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, dict[str, Any]]] = []
        self.warned: list[str] = []

    def warn(self, warning: str) -> None:
        self.warned.append(warning)

    def fail_json(self, **result: Any) -> None:
        self.ended.append(("failed", result))
        raise SystemExit(1)

    def exit_json(self, **result: Any) -> None:
        self.ended.append(("done", result))
        raise SystemExit(0)


def test_a_flow_ends_with_its_result() -> None:
    module = Module()
    with pytest.raises(SystemExit):
        run(module, lambda _module: {"changed": False})  # type: ignore[arg-type]
    assert module.ended == [("done", {"changed": False})]


def test_a_flow_ends_with_the_message_of_its_error() -> None:
    def flow(_module: Any) -> dict[str, Any]:
        raise SrsError("it is so", failed=["a"])

    module = Module()
    with pytest.raises(SystemExit):
        run(module, flow)  # type: ignore[arg-type]
    assert module.ended == [("failed", {"msg": "it is so", "failed": ["a"]})]


def test_what_others_wrote_is_printable_in_errors_and_warnings() -> None:
    def flow(module: Any) -> dict[str, Any]:
        module.warn("held: \x1b[31m\u202e")
        raise SrsError("these fail:\n\t- \x1b]0;title\x07", missing=["\u202e", {"a\x9b": 1}])

    module = Module()
    with pytest.raises(SystemExit):
        run(module, flow)  # type: ignore[arg-type]
    assert module.warned == ["held: \\x1b[31m\\u202e"]
    assert module.ended == [("failed", {"msg": "these fail:\n\t- \\x1b]0;title\\x07", "missing": ["\\u202e", {"a\\x9b": 1}]})]
    assert str(SrsError("\x1b")) == "\\x1b"
