# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says who this run is, which only the controller knows, and runs the module of this name."""

from __future__ import annotations

import getpass
import os
import platform
from pathlib import Path
from typing import Any

from ansible import context

from ansible_collections.livestream.srs.plugins.modules import srs_lock
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import InProcessAction

# Seconds after which nobody waits for a run that doesn't renew its lock: as its modules run elsewhere, it can't.
UNRENEWED = 3600


class ActionModule(InProcessAction):
    """Action plugin: see the module's documentation."""

    module = srs_lock

    def run_module(self, args: dict[str, Any], variables: dict[str, Any], made: Any = None) -> dict[str, Any]:  # type: ignore[override]
        pid = os.getppid()  # of ansible-playbook: each task has a process of its own
        told = {
            "holder": f"{_playbook()} by {_user()} on {platform.node()}, process {pid}",
            "process": srs_lock.this_process(pid, variables.get("inventory_hostname", "")),
            **({"duration": UNRENEWED} if self.why_not_here(variables) else {}),
        }
        return super().run_module({**told, **args}, variables, made)


def _playbook() -> str:
    return " ".join(Path(name).name for name in context.CLIARGS.get("args") or ()) or "a run"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return f"user {os.getuid()}"
