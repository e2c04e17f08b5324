# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the collection's roles: evaluated and validated once, whichever of the roles a play uses.

A topology is described by the variables of all three roles: the origin's pod has nginx in it, its NetworkPolicy names the edge clusters.
So the defaults of a role that the play doesn't use are read from its files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.yaml import yaml_load

try:
    from ansible.template import trust_as_template  # since 2.19
except ImportError:
    trust_as_template = None

from ansible_collections.livestream.srs.plugins.module_utils._desired.variables import ROLES
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import plain

FOLDER = Path(__file__).resolve().parents[2] / "roles"
COMMON = "srs_common"

Values = dict[str, Any]


@cache
def specification(role: str) -> Mapping[str, dict[str, Any]]:
    """The argument spec of a role."""
    return dict(_yaml(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"])


@cache
def defaults() -> Mapping[str, Any]:
    """The defaults of all roles, as they are written."""
    return {name: _trusted(value) for role in (COMMON, *ROLES) for name, value in _yaml(role, "defaults/main.yml").items()}


def known() -> set[str]:
    """The names of all variables of all roles."""
    return {name for role in ROLES for name in specification(role)}


def _trusted(value: Any) -> Any:
    """A default that may be a template. From ansible-core 2.19 on only trusted strings are."""
    return trust_as_template(value) if isinstance(value, str) and trust_as_template else value


def _yaml(role: str, path: str) -> Any:
    return yaml_load((FOLDER / role / path).read_text(encoding="utf-8"))


class RoleVariables:
    """Evaluates and validates the variables of the roles for one host.

    ``templar`` is that of an action plugin, ``variables`` are the variables of its task. ``raw`` holds what each variable comes to,
    ``values`` the same with the type that its argument spec says; ``problems`` what is wrong with those of ``roles``, as sentences.
    """

    def __init__(self, templar: Any, variables: Mapping[str, Any], roles: Iterable[str] = ROLES) -> None:
        self._templar = templar
        # First what somebody has set, then the defaults, which may follow from it: `-e srs_production_defaults=false` is a text.
        own = {name: variables[name] for name in known() if name in variables and variables[name] != defaults().get(name)}
        environment = {**defaults(), **variables}
        self.raw = self._evaluated(own, environment)
        given, wrong = self._validated(self.raw)
        environment |= {name: value for name, value in given.items() if not isinstance(value, (dict, list))}
        rest = self._evaluated({name: value for name, value in defaults().items() if name not in own}, environment)
        derived, also_wrong = self._validated(rest)
        self.raw |= rest
        self.values = {**derived, **given}
        errors = {**also_wrong, **wrong}
        wanted = list(roles)
        self.problems = [text for name, texts in errors.items() if any(name in specification(role) for role in wanted) for text in texts]

    def _evaluated(self, raw: Mapping[str, Any], environment: Mapping[str, Any]) -> Values:
        self._templar.available_variables = environment
        return {name: plain(self._templar.template(value)) if _may_be_template(value) else value for name, value in raw.items()}

    @staticmethod
    def _validated(values: Values) -> tuple[Values, dict[str, list[str]]]:
        """(values, errors) of each variable by itself, so that one error hides no other."""
        specs = {name: spec for role in ROLES for name, spec in specification(role).items()}
        valid: Values = {}
        errors: dict[str, list[str]] = {}
        for name, value in values.items():
            result = ArgumentSpecValidator({name: specs[name]}).validate({name: value})
            valid[name] = _given(result.validated_parameters[name], specs[name])
            if value is None:
                errors[name] = [f"{name} is null: give it a value, or leave the variable out."]
            elif result.error_messages:
                errors[name] = list(result.error_messages)
        return valid, errors


def _may_be_template(value: Any) -> bool:
    """Whether a value must be evaluated: not a number, a switch or an empty container of a role's defaults."""
    return bool(value) and not isinstance(value, (int, float, bool))


def _given(value: Any, spec: Mapping[str, Any]) -> Any:
    """A validated value without the keys that nobody gave, for which validation puts None."""
    options = spec.get("options")
    if not options or value is None:
        return value
    if isinstance(value, list):
        return [_given(item, spec) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {key: _given(item, options.get(key, {})) for key, item in value.items() if item is not None or key not in options}
