# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module's own flow inside ansible-playbook, where the host is the controller itself.

A module that talks to an API server gains nothing from being packed, copied and started as a further process, and that costs
several times what the work itself does. So where the module would run here anyway - local connection, this very Python, no become,
no ``environment``, no ``async`` - its flow runs in the worker process. Everywhere else the module is run as any other.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any, NoReturn

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.livestream.srs.plugins.module_utils._errors import run

PLAIN = (str, int, float, bool, type(None))


class Finished(Exception):
    """The end of a module, with its result."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__()
        self.result = result


class LocalModule:
    """What a flow uses of an AnsibleModule, without a process of its own."""

    def __init__(self, specification: Mapping[str, Any], args: Mapping[str, Any], check_mode: bool, diff: bool) -> None:
        conditions = {key: value for key, value in specification.items() if key.startswith(("required_", "mutually_"))}
        self.argument_spec = dict(specification["argument_spec"])
        validation = ArgumentSpecValidator(self.argument_spec, **conditions).validate(plain(args))
        self.params = validation.validated_parameters
        self.no_log_values: set[str] = set(validation._no_log_values)
        self.check_mode = check_mode
        self._diff = diff
        self._warnings: list[str] = []
        if validation.error_messages:
            self.fail_json(msg=" ".join(validation.error_messages))

    def warn(self, warning: str) -> None:
        self._warnings.append(warning)

    def progress(self, text: str) -> None:
        """Something for people to see while a wait goes on; a module in a process of its own is not heard before its end."""
        Display().display(text)

    def exit_json(self, **result: Any) -> NoReturn:
        self._finish(result)

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        self._finish({"failed": True, "msg": msg, **result})

    def _finish(self, result: dict[str, Any]) -> NoReturn:
        shown = remove_values(result, self.no_log_values)
        raise Finished({"changed": False, **shown, "warnings": self._warnings})


class InProcessAction(ActionBase):
    """Base of the action plugins that have a module of the same name: ``module`` offers ``specification()`` and ``flow``."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True
    module: ModuleType

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        return {**result, **self.run_module(self._task.args, task_vars)}

    def run_module(self, args: Mapping[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """The result of the module with these arguments, wherever it runs."""
        if not self._is_here(task_vars or {}):
            name = f"livestream.srs.{self.module.__name__.rpartition('.')[2]}"
            executed: dict[str, Any] = self._execute_module(name, dict(args), task_vars=task_vars, wrap_async=self._task.async_val)
            return executed
        try:
            run(LocalModule(self.module.specification(), args, self._task.check_mode, self._task.diff), self.module.flow)
        except Finished as finished:
            return finished.result
        raise AssertionError("a flow ends with a result")

    def _is_here(self, task_vars: Mapping[str, Any]) -> bool:
        if self._connection.transport != "local" or self._play_context.become or self._task.async_val or any(self._task.environment or ()):
            return False
        python = self._templar.template(task_vars.get("ansible_python_interpreter", ""))
        return bool(python) and os.path.realpath(python) == os.path.realpath(sys.executable)


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
