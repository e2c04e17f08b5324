# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of a host come to: checked, and as the objects that are wanted."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import topology
from ansible_collections.livestream.srs.plugins.module_utils._desired.variables import unknown_variables
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._manifests.builder import Builder
from ansible_collections.livestream.srs.plugins.module_utils._manifests.patches import Patches
from ansible_collections.livestream.srs.plugins.module_utils._releases.advisories import Advice
from ansible_collections.livestream.srs.plugins.plugin_utils._advisories import advisories
from ansible_collections.livestream.srs.plugins.plugin_utils._role_files import role_files
from ansible_collections.livestream.srs.plugins.plugin_utils._role_variables import RoleVariables, known


class Wanted:
    """The variables of one host, evaluated once. Raises SrsError with all that is wrong with their names and types.

    ``roles`` are those that ``check`` is about. The types of all variables must be right, since the objects of a role follow from all.
    """

    def __init__(self, templar: Any, variables: Mapping[str, Any], roles: Iterable[str], more_names: Iterable[str] = ()) -> None:
        self.roles = list(roles)
        self.place = topology.Place(variables.get("inventory_hostname", ""), variables.get("hostvars", {}))
        evaluated = RoleVariables(templar, variables)
        _stop_on([*unknown_variables(variables, {*known(), *more_names}), *evaluated.problems])
        self.values = evaluated.values

    def check(self) -> list[str]:
        """Warnings. Raises SrsError with whatever is wrong with the values, with the configs, with the patches."""
        wanted = self._resolve()
        checks = topology.Checks(wanted, self.roles, self.values, self.place, self.advice())
        _stop_on(checks.problems())
        builder = self._builder(wanted)
        if not (wanted.common.patches or builder.existing.names):
            return checks.warnings
        everything = builder.unpatched()
        _stop_on(list(builder.existing.check(everything)))
        _stop_on(list(builder.patches.check(everything)))
        return [*checks.warnings, *builder.patches.without_effect(everything)]

    def advice(self) -> Advice:
        """The release advisories that hold. Raises SrsError for a mistake in the user's own."""
        with _before_any_change():
            read = advisories(self.values["srs_advisories_file"], self.values["srs_advisories"], "srs_advisories")
        return Advice(read.table, self.values["srs_accept_advisories"])

    def builder(self, edge_origin: Sequence[str] = ()) -> Builder:
        """What makes the objects. ``edge_origin`` is where the edges find the origin of another host."""
        return self._builder(self._resolve(edge_origin))

    def _resolve(self, edge_origin: Sequence[str] = ()) -> topology.Topology:
        with _before_any_change():
            return topology.resolve(self.values, edge_origin)

    @staticmethod
    def _builder(wanted: topology.Topology) -> Builder:
        return Builder(wanted, role_files(wanted.nginx), Patches(list(wanted.common.patches), _json_patch))

    def fingerprint(self) -> str:
        """Tells whether two tasks have the same values to check, without their secrets."""
        # A cause may have the time in it, and there is nothing to check of it.
        checked = {name: value for name, value in self.values.items() if name != "srs_change_cause"}
        return hashlib.sha256(json.dumps(checked, sort_keys=True, default=str).encode()).hexdigest()


@contextmanager
def _before_any_change() -> Iterator[None]:
    """Errors say that nothing was changed."""
    try:
        yield
    except SrsError as error:
        _stop_on([error.message])
        raise


def _stop_on(problems: Sequence[str]) -> None:
    if problems:
        raise SrsError(
            "Nothing was changed: " + " ".join(problem if problem.endswith((".", "?")) else f"{problem}." for problem in problems)
        )


def _json_patch(item: Object, operations: list[Any]) -> Object:
    try:
        import jsonpatch
    except ImportError:
        raise SrsError("a list of operations needs the Python package jsonpatch on the controller: pip install jsonpatch") from None
    for index, operation in enumerate(operations):
        try:
            item = jsonpatch.apply_patch(item, [operation])
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, KeyError) as error:
            raise SrsError(f"operation {index}{_title(operation)}: {_reason(error)}.") from None
    return item


def _title(operation: Any) -> str:
    return f" ({operation.get('op')} {operation.get('path')})" if isinstance(operation, Mapping) else ""


def _reason(error: Exception) -> str:
    """What an error of jsonpatch says, without the object that some of them show: it may hold secrets."""
    if isinstance(error, AssertionError):
        return "there is another value"
    return re.sub(r" in [{\[].*", "", str(error), flags=re.DOTALL).rstrip(".")
