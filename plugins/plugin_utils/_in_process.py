# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module's own flow inside ansible-playbook, where the host is the controller itself.

A module that talks to an API server gains nothing from being packed, copied and started as a further process, and that costs
several times what the work itself does. So where the module would run here anyway, in the environment of this very Python, its flow runs
in the worker process. Everywhere else, and wherever that isn't sure, the module is run as any other.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.release import __version__
from ansible.vars import clean

from ansible_collections.livestream.srs.plugins.module_utils._flow.lock import renewing
from ansible_collections.livestream.srs.plugins.module_utils._labels import RUN_FOLDER
from ansible_collections.livestream.srs.plugins.plugin_utils._local_module import HAS_PROFILES, PROFILE, answer_of
from ansible_collections.livestream.srs.plugins.plugin_utils._this_python import is_this_python

KNOWN_RELEASES = ("2.18", "2.19", "2.20", "2.21")
"""Those of ansible-core that this is tested with. How it runs modules is not part of its interface, so newer ones may do it otherwise."""

SWITCH = "srs_in_process"
LOCK = "_srs_lock"
"""The variable that has the result of srs_lock, if this run holds a lock."""
DISCOVERY = ("", "auto", "auto_silent")
PLAIN = (str, int, float, bool, type(None))

Variables = Mapping[str, Any]


class InProcessAction(ActionBase):
    """Base of the action plugins that have a module of the same name: ``module`` offers ``specification()`` and ``flow``."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True
    module: ModuleType
    module_name = ""
    """The module's full name, where it isn't that of the action."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        return {**result, **self.run_module(self._task.args, task_vars or {})}

    def run_module(self, args: Mapping[str, Any], variables: dict[str, Any], made: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The result of the module with these arguments, wherever it runs. ``made`` are large ones, known to be right; what takes time to
        make and may not be needed can be a function.
        """
        name = self.module_name or self._task.action
        why_not = self.why_not_here(variables)
        # Each task has a process of its own, which is a fork, and this folder lasts as long as the run of ansible-playbook.
        os.environ[RUN_FOLDER] = constants.DEFAULT_LOCAL_TMP
        way = f"as a module: {why_not}" if why_not else f"in this process: a module would run here, too, by {sys.executable}"
        self._display.vvv(f"{name.rpartition('.')[2]} runs {way}", host=variables.get("inventory_hostname"))
        if why_not:
            sent = {**args, **{key: value() if callable(value) else value for key, value in (made or {}).items()}}
            executed: dict[str, Any] = self._execute_module(name, sent, task_vars=variables, wrap_async=self._task.async_val)
            return executed
        return self._run_here(name, dict(args), made or {}, variables)

    def _run_here(self, name: str, args: dict[str, Any], made: Mapping[str, Any], variables: Variables) -> dict[str, Any]:
        self._update_module_args(name, args, variables)
        with contextlib.chdir(self._loader.get_basedir()):  # where Ansible starts modules on a local connection
            answer = answer_of(self.module, args, made, self._task.no_log, lambda params: renewing(params, variables.get(LOCK)))
        parsed = self._parse_returned_data(answer, *([PROFILE] if HAS_PROFILES else []))
        if isinstance(parsed, dict):
            clean.remove_internal_keys(parsed)
            return parsed
        parsed.remove_internal_keys()  # ansible-core 2.21
        return dict(parsed.as_result_dict(for_round_trip=True))

    def why_not_here(self, variables: Variables) -> str:
        """Why the module must run as any other; empty where it would run on this machine, as this user, in this environment."""
        # Of these Ansible takes the interpreter.
        host = variables["ansible_delegated_vars"][self._task.delegate_to] if self._task.delegate_to else variables
        shells = {self._play_context.executable, constants.DEFAULT_EXECUTABLE}
        if not (self._is_wanted(variables) and self._is_wanted(host)):
            return f"{SWITCH} is false"
        if ".".join(__version__.split(".")[:2]) not in KNOWN_RELEASES:
            return f"ansible-core {__version__} is not one of those that this is tested with"
        if self._connection.transport != "local":
            return f"the connection is {self._connection.transport}"
        if self._connection.become:
            return "become is on"
        if self._task.async_val:
            return "it is asynchronous"
        if shells != {"/bin/sh"}:
            return f"it is started by a shell that may change the environment: {', '.join(sorted(shells - {'/bin/sh'}))}"
        if constants.DEFAULT_KEEP_REMOTE_FILES:
            return "ANSIBLE_KEEP_REMOTE_FILES asks for its files"
        if self._has_environment():
            return "it has an environment of its own"
        python = self._interpreter(host)
        if is_this_python(python):
            return ""
        return f"ansible_python_interpreter is {python}" if python else "ansible_python_interpreter is not set, or yet to be discovered"

    def _is_wanted(self, variables: Variables) -> bool:
        value = self._templar.template(variables.get(SWITCH, True))
        try:
            return bool(boolean(value))
        except TypeError:
            raise AnsibleActionFail(f"{SWITCH} is {value!r}: set it to true or false.") from None

    def _has_environment(self) -> bool:
        environment: dict[str, str] = {}
        self._compute_environment_string(environment)
        return bool(environment)

    def _interpreter(self, variables: Variables) -> str:
        """What would start the module, found as ansible.executor.module_common does; empty where Ansible has yet to discover it."""
        configured = constants.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
        python = str(self._templar.template(configured) or "").strip()
        if python in DISCOVERY:
            python = variables.get("ansible_facts", {}).get("discovered_interpreter_python") or ""
        return python


def plain(value: Any) -> Any:
    """A copy in Python's own types: Ansible's carry tags and templates, which a YAML writer or a thread must not meet."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    for kind in (bool, str, int, float):
        if isinstance(value, kind):
            return "".join(str(value)) if kind is str else kind(value)
    return value
