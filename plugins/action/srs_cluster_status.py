# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of this name in ansible-playbook itself where the host is the controller, with the release advisories, which are here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import BOOLEANS_FALSE

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.modules import srs_cluster_status
from ansible_collections.livestream.srs.plugins.plugin_utils._advisories import advisories
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import InProcessAction, plain


class ActionModule(InProcessAction):
    """Action plugin: see the module's documentation."""

    module = srs_cluster_status

    def run_module(self, args: Mapping[str, Any], variables: dict[str, Any], made: Mapping[str, Any] | None = None) -> dict[str, Any]:
        # Who doesn't ask the servers learns no release.
        if args.get("read_servers", True) in BOOLEANS_FALSE:
            return super().run_module(args, variables, made)
        own = plain(args.get("advisories") or [])
        try:
            read = advisories(str(args.get("advisories_file") or ""), own, "advisories")
        except SrsError as error:
            raise AnsibleActionFail(error.message) from error
        return super().run_module({**args, "advisories": read.entries}, variables, made)
