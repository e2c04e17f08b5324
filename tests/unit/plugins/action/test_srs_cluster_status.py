# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release advisories that the module gets, which has no file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError

from ansible_collections.livestream.srs.plugins.action.srs_cluster_status import ActionModule
from ansible_collections.livestream.srs.plugins.module_utils._releases.advisories import advisories
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import InProcessAction
from ansible_collections.livestream.srs.tests.support import action_plugin

OWN: dict[str, Any] = {
    "id": "own-fault",
    "roles": ["edge"],
    "effect": "players see nothing",
    "severity": "high",
    "bad": [{"from": "6.0.1", "to": "6.0.2"}],
    "preflight": "warn",
}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """What the module would be called with."""
    monkeypatch.setattr(InProcessAction, "run_module", lambda _self, args, _variables, made=None: {**args, **(made or {})})
    return lambda **args: action_plugin.run(ActionModule, {"namespace": "srs", **args})


def test_those_of_the_collection_and_of_the_user(sent: Callable[..., dict[str, Any]]) -> None:
    usual, more = sent(), sent(advisories=[OWN], accept_advisories=["own-fault"])
    assert len(more["advisories"]) == len(usual["advisories"]) + 1
    assert advisories(more["advisories"], "x")[-1].id == "own-fault"
    assert (more["namespace"], more["accept_advisories"]) == ("srs", ["own-fault"])


def test_those_of_a_file(sent: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "own.yml"
    file.write_text("- {id: a, roles: [any], effect: b, severity: low, bad: [{from: 6.0.1, to: 6.0.1}], preflight: quiet}")
    assert [entry["id"] for entry in sent(advisories_file=str(file))["advisories"]] == ["a"]
    (worse := tmp_path / "worse.yml").write_text("- {id: a}")
    with pytest.raises(AnsibleError, match=r"worse\.yml\[0\] \(a\) has no roles: give it one"):
        sent(advisories_file=str(worse))


@pytest.mark.parametrize("off", [False, "no", "false"])
def test_who_asks_no_server_needs_none(sent: Callable[..., dict[str, Any]], off: Any) -> None:
    assert "advisories" not in sent(read_servers=off)


def test_a_mistake_names_the_option(sent: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(AnsibleError, match=r"advisories\[0\] \(own-fault\)\.severity is 'bad'"):
        sent(advisories=[{**OWN, "severity": "bad"}])
