# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a run says that it is, and how long its lock stands without a renewal."""

from __future__ import annotations

import os
from typing import Any

import pytest
from ansible import context

from ansible_collections.livestream.srs.plugins.action import srs_lock as under_test
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import leases
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import InProcessAction

VARIABLES = {"inventory_hostname": "production"}


def told(monkeypatch: pytest.MonkeyPatch, args: dict[str, Any], why_not: str = "", playbooks: tuple[str, ...] = ("a/site.yml",)) -> Any:
    asked: list[Any] = []
    monkeypatch.setattr(InProcessAction, "run_module", lambda self, args, variables, made=None: asked.append(args))
    monkeypatch.setattr(InProcessAction, "why_not_here", lambda self, variables: why_not)
    monkeypatch.setattr(context, "CLIARGS", {"args": playbooks})
    under_test.ActionModule.__new__(under_test.ActionModule).run_module(args, dict(VARIABLES))
    return asked[0]


def test_who_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test.getpass, "getuser", lambda: "alice")
    args = told(monkeypatch, {"namespace": "srs"})
    assert args["namespace"] == "srs" and "duration" not in args
    assert args["holder"].startswith("site.yml by alice on ") and args["holder"].endswith(f"process {os.getppid()}")
    assert args["process"].split()[2] == str(os.getppid()) and leases.about(args["process"]) == "production"


def test_two_tasks_of_a_run_are_the_same_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, {})["process"] == told(monkeypatch, {"state": "absent"})["process"]


def test_a_lock_that_nobody_renews_stands_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, {}, why_not="become is on")["duration"] == under_test.UNRENEWED
    assert told(monkeypatch, {"duration": 5}, why_not="become is on")["duration"] == 5


def test_who_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(under_test.getpass, "getuser", unknown)
    assert told(monkeypatch, {}, playbooks=())["holder"].startswith(f"a run by user {os.getuid()} on ")


def test_what_the_user_says_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, {"holder": "pipeline 7", "process": "p7"}) == {"holder": "pipeline 7", "process": "p7"}
