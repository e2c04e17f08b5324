# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs an action plugin for one task, without ansible-playbook."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.action import ActionBase
from ansible.template import Templar

from ansible_collections.livestream.srs.tests.support.wanted import WHO, trusted


def run(plugin: type[ActionBase], args: Mapping[str, Any], check_mode: bool = False, **variables: Any) -> dict[str, Any]:
    """The result of a task with these arguments, on a host with these variables. Its connection is the local one."""
    given = trusted({"inventory_hostname": "here", "hostvars": {"here": variables}, **WHO, **variables})
    task = Task()
    task.action = f"livestream.srs.{plugin.__module__.rpartition('.')[2]}"
    task.args = dict(args)
    task.check_mode = check_mode
    loader = DataLoader()
    made = plugin(
        task=task,
        connection=SimpleNamespace(transport="local", become=None, _shell=SimpleNamespace(tmpdir=None)),
        play_context=PlayContext(),
        loader=loader,
        templar=Templar(loader=loader, variables=given),
        shared_loader_obj=None,
    )
    made._load_name = task.action  # ansible-core 2.18 has its loader of plugins set it
    result: dict[str, Any] = made.run(task_vars=given)
    return result
