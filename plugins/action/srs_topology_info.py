# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a namespace by the module of this name, makes variables of what is there, and has apply_set tell what they would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.livestream.srs.plugins.module_utils._adopt.summary import summary
from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec
from ansible_collections.livestream.srs.plugins.module_utils._desired.monitoring import GROUP
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.modules import apply_set, srs_topology_info
from ansible_collections.livestream.srs.plugins.plugin_utils import _adoption
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import InProcessAction, plain

Result = dict[str, Any]


class ActionModule(InProcessAction):
    """Action plugin: see the module's documentation."""

    module = srs_topology_info

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        ActionBase.run(self, tmp, task_vars)
        variables = task_vars or {}
        read = self._run(srs_topology_info, self._task.args, variables)
        if read.get("failed"):
            return read
        _validation, given = self.validate_argument_spec(srs_topology_info.specification()["argument_spec"])
        args = plain(given)
        kept = {key: read[key] for key in ("invocation",) if key in read}
        try:
            adopted = _adoption.adopt(self._templar, variables, read["objects"], args["namespace"], args["topology"])
        except SrsError as error:
            return {**kept, "failed": True, "changed": False, "msg": error.message}
        objects: list[Result] = []
        problems = list(adopted.problems)
        warnings = list(adopted.warnings)
        if adopted.builder and not problems:
            connection = {key: value for key, value in self._task.args.items() if key in connection_spec()}
            for name, made in _adoption.sets(adopted.builder).items():
                planned = self._planned(f"{args['topology']}-{name}", args["namespace"], made, connection, variables)
                if planned.get("failed"):
                    problems.append(str(planned.get("msg")))
                    continue
                objects += planned["objects"]
                warnings += planned.get("warnings") or ()
        proven = bool(adopted.builder) and not problems
        rollouts = [
            {"object": f"{item['kind']} {item['name']}", "fields": item["pod_template"]} for item in objects if item.get("pod_template")
        ]
        found: Result = {
            **kept,
            "changed": False,
            "variables": adopted.variables,
            "inventory": _adoption.as_yaml(adopted.variables),
            "notes": adopted.notes,
            "problems": problems,
            "proven": proven,
            "rollouts": rollouts,
            "objects": objects,
            "warnings": list(dict.fromkeys(warnings)),
        }
        return {**found, "summary": summary(adopted.notes, problems, objects, rollouts)}

    def _planned(self, name: str, namespace: str, made: list[Any], connection: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """What apply_set would do with a set."""
        args = {**connection, "name": name, "namespace": namespace, "optional_groups": [GROUP]}
        asked = self._task.check_mode
        # Whatever the play does, this is a dry run.
        self._task.check_mode = True
        try:
            return self._run(apply_set, args, variables, {"objects": made})
        finally:
            self._task.check_mode = asked

    def _run(self, module: Any, args: Mapping[str, Any], variables: dict[str, Any], made: Mapping[str, Any] | None = None) -> Result:
        self.module = module
        self.module_name = f"livestream.srs.{module.__name__.rpartition('.')[2]}"
        return self.run_module(args, variables, made)
