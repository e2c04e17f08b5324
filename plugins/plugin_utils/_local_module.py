# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module without a process of its own: it is sent its arguments and gives its answer as the process would.

It is Ansible's own AnsibleModule, so arguments are checked, secrets masked, warnings gathered, invocations logged and results put together
by the same code both ways. ``plugin_utils/_in_process.py`` says with which releases of ansible-core this is known to work.
"""

from __future__ import annotations

import contextlib
import io
import json
import traceback
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from ansible.module_utils import basic
from ansible.module_utils.common import json as ansible_json
from ansible.module_utils.common import warnings as ansible_warnings
from ansible.utils.display import Display

from ansible_collections.livestream.srs.plugins.module_utils._errors import run
from ansible_collections.livestream.srs.plugins.module_utils._text import printable_lines

try:
    from ansible.module_utils._internal._ansiballz._loader import _handle_exception as print_exception
except ImportError:  # ansible-core 2.18, which prints none
    print_exception = None

HAS_PROFILES = hasattr(ansible_json, "get_module_encoder")
PROFILE = "legacy"
"""How ansible-core 2.19 and later exchange data with a module that says nothing about it; 2.18 has one way only."""


class LocalModule(basic.AnsibleModule):
    """What a flow gets as its module. One that is ``silent`` keeps its progress to itself."""

    def __init__(self, specification: Mapping[str, Any], silent: bool = False) -> None:
        self._silent = silent
        super().__init__(**specification)

    def progress(self, text: str) -> None:
        """Something for people to see while a wait goes on; a module in a process of its own is not heard before its end."""
        if not self._silent:
            Display().display(printable_lines(text))


def answer_of(
    module: ModuleType,
    args: Mapping[str, Any],
    made: Mapping[str, Any] | None = None,
    silent: bool = False,
    meanwhile: Callable[[Mapping[str, Any]], contextlib.AbstractContextManager[None]] = lambda _params: contextlib.nullcontext(),
) -> dict[str, Any]:
    """What the process of a module would give: rc, stdout, stderr and their lines. ``args`` are the task's and Ansible's own; ``made`` are
    arguments that are known to be right, and large: they are handed over as they are. ``meanwhile`` makes of the module's parameters what
    goes on while it runs.
    """
    basic._ANSIBLE_ARGS = _sent({**args, **{name: [] for name in made or ()}})
    basic._ANSIBLE_PROFILE = PROFILE
    for name in ("_global_warnings", "_global_deprecations"):  # those of an earlier item of the same loop
        getattr(ansible_warnings, name).clear()
    status, complaint = 0, ""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            local = LocalModule(module.specification(), silent)
            local.params.update(made or {})
            with meanwhile(local.params):
                run(local, module.flow)
        except SystemExit as end:
            status = int(end.code or 0)
        except Exception as error:  # a bug
            status, complaint = 1, "".join(traceback.format_exception(error))
            if print_exception:
                with contextlib.suppress(SystemExit):
                    print_exception(error, PROFILE)
    said = printed.getvalue()
    return {"rc": status, "stdout": said, "stdout_lines": said.splitlines(), "stderr": complaint, "stderr_lines": complaint.splitlines()}


def _sent(args: Mapping[str, Any]) -> bytes:
    """Arguments as they are sent to a module: without Ansible's tags, and what was encrypted by Vault as text."""
    if HAS_PROFILES:
        encoder = ansible_json.get_module_encoder(PROFILE, ansible_json.Direction.CONTROLLER_TO_MODULE)
        return json.dumps({"ANSIBLE_MODULE_ARGS": args}, cls=encoder).encode()
    return json.dumps({"ANSIBLE_MODULE_ARGS": args}, cls=ansible_json.AnsibleJSONEncoder, vault_to_text=True).encode()
