# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what is deployed by the module of this name, and tells what the variables of the host would make of it."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.livestream.srs.plugins.module_utils._desired.release_checks import images
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
        live = {(item.pop("component"), item.pop("name")): Deployed(**item) for item in plain(read.pop("deployed"))}
        steps = upgrades.plan(
            {key: self._typed(item) for key, item in live.items()},
            upgrades.deployed(objects),
            self._targets(topology),
            upgrades.told_by_servers(args["servers"]),
            table,
        )
        return {**read, **self._told(steps)}

    @staticmethod
    def _typed(item: Deployed) -> Deployed:
        """Lists of JSON as the tuples that they were."""
        return Deployed(tuple(item.images), item.config, item.keeps_config, item.held)

    @staticmethod
    def _targets(topology: Any) -> dict[Key, Target]:
        servers = [*([topology.origin] if topology.origin.enabled else []), *topology.edges]
        described = [
            image for image in images(topology.origin if topology.origin.enabled else None, topology.edges) if image.role != "proxy"
        ]
        return {
            (server.role, "origin" if server.role == "origin" else server.name): Target(server.version, image.features)
            for server, image in zip(servers, described, strict=True)
        }

    @staticmethod
    def _told(steps: list[Step]) -> dict[str, Any]:
        needed = [step for step in steps if step.is_needed]
        return {
            "clusters": [upgrades.as_data(step) for step in steps],
            "edges": [step.name for step in needed if step.component == "edge"],
            "origin": any(step.component == "origin" for step in needed),
            "summary": upgrades.summary(steps),
        }
