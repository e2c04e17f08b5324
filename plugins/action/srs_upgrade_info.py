# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what is deployed by the module of this name, and tells what the variables of the host would make of it."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import Edge
from ansible_collections.livestream.srs.plugins.module_utils._desired.origin import Origin
from ansible_collections.livestream.srs.plugins.module_utils._desired.release_checks import features_of
from ansible_collections.livestream.srs.plugins.module_utils._desired.topology import Topology
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._rollout import upgrades
from ansible_collections.livestream.srs.plugins.module_utils._rollout.upgrades import Deployed, Key, Step, Target
from ansible_collections.livestream.srs.plugins.modules import srs_upgrade_info
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import InProcessAction, plain
from ansible_collections.livestream.srs.plugins.plugin_utils._wanted import Wanted


class ActionModule(InProcessAction):
    """Action plugin: see the module's documentation."""

    module = srs_upgrade_info

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        ActionBase.run(self, tmp, task_vars)
        variables = task_vars or {}
        # The module checks the options.
        read = self.run_module(self._task.args, variables)
        if read.get("failed"):
            return read
        _validation, given = self.validate_argument_spec(srs_upgrade_info.specification()["argument_spec"])
        args = plain(given)
        try:
            wanted = Wanted(self._templar, variables, ["srs_origin", "srs_edge"])
            builder = wanted.builder(args["origin"])
            topology, table = builder.topology, wanted.advice().table
            objects = [*builder.origin(), *builder.edges(topology.edges)[0]]
        except SrsError as error:
            raise AnsibleActionFail(error.message) from error
        # In JSON tuples are lists.
        live: dict[Key, Deployed] = {
            (item.pop("component"), item.pop("name")): Deployed(**{**item, "images": tuple(item["images"])})
            for item in plain(read.pop("deployed"))
        }
        steps = upgrades.plan(
            live,
            upgrades.deployed(objects),
            self._targets(topology),
            upgrades.told_by_servers(args["servers"]),
            table,
        )
        return {**read, **self._told(steps)}

    @staticmethod
    def _targets(topology: Topology) -> dict[Key, Target]:
        servers: list[Origin | Edge] = [*([topology.origin] if topology.origin.enabled else []), *topology.edges]
        return {(server.role, server.name): Target(server.version, features_of(server)) for server in servers}

    @staticmethod
    def _told(steps: list[Step]) -> dict[str, Any]:
        needed = [step for step in steps if step.is_needed]
        return {
            "clusters": [upgrades.as_data(step) for step in steps],
            "edges": [step.name for step in needed if step.component == "edge"],
            "origin": any(step.component == "origin" for step in needed),
            "summary": upgrades.summary(steps),
        }
