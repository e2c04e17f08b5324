# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the variables of several roles at once, on the controller: only there are all variables of a host at hand."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.livestream.srs.plugins.filter import from_srs_conf, status_report, to_srs_conf
from ansible_collections.livestream.srs.plugins.module_utils._desired.variables import ROLES
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._rollout.rollouts import chosen
from ansible_collections.livestream.srs.plugins.plugin_utils._wanted import Wanted

LOADED_ONCE = (from_srs_conf, status_report, to_srs_conf)
"""What later tasks use: each task is run by a fork of the process that loads this file, and would have to load it for itself."""


class ActionModule(ActionBase):
    """Action plugin: see the module's documentation."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(
            {
                "roles": {"type": "list", "elements": "str", "choices": list(ROLES), "required": True},
                "variables": {"type": "list", "elements": "str", "default": []},
                "clusters": {"type": "list", "elements": "str"},
            }
        )
        try:
            wanted = Wanted(self._templar, task_vars or {}, args["roles"], args["variables"])
            warnings = wanted.check()
            names = [edge["name"] for edge in wanted.values["srs_edge_clusters"]]
            clusters = names if args["clusters"] is None else chosen(args["clusters"], names, "in the inventory")
        except SrsError as error:
            raise AnsibleActionFail(error.message) from error
        # The fingerprint tells the roles that they needn't check the same again.
        return {
            "changed": False,
            "warnings": warnings,
            "roles": args["roles"],
            "variables": args["variables"],
            "fingerprint": wanted.fingerprint(),
            "clusters": clusters,
            "_ansible_verbose_override": True,
        }
