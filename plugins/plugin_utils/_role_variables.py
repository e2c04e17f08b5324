# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the collection's roles: evaluated and validated once, whichever of the roles a play uses.

A topology is described by the variables of all three roles: the origin's pod has nginx in it, its NetworkPolicy names the edge clusters.
So the defaults of a role that the play doesn't use are read from its files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.yaml import yaml_load

try:
    from ansible.template import trust_as_template  # since 2.19
except ImportError:
    trust_as_template = None

from ansible_collections.livestream.srs.plugins.module_utils._desired.releases import followed
from ansible_collections.livestream.srs.plugins.module_utils._desired.variables import NULLABLE, ROLES, check_shape
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import plain

FOLDER = Path(__file__).resolve().parents[2] / "roles"
COMMON = "srs_common"

Values = dict[str, Any]

# Types that mappings and lists can't have, which would be taken for text, and shown with whatever is in them.
SCALARS = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false"}

# Ten thousand edge clusters of thirty keys each come to less.
MOST_VALUES = 500_000
# From these the defaults of others follow.
FIRST = ("srs_version", "srs_image")
# Variables of Ansible's own that hold those of all hosts.
OF_ANSIBLE = ("hostvars", "vars", "groups")


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

    ``templar`` is that of an action plugin, ``variables`` are the variables of its task. ``values`` holds what each variable comes to, with
    the type that its argument spec says; ``problems`` what is wrong with them, as sentences. Where there are problems, values are missing.
    """

    def __init__(self, templar: Any, variables: Mapping[str, Any]) -> None:
        self._templar = templar
        self.problems: list[str] = []
        if multiplied := _multiplied(variables):
            self.problems.append(multiplied)
            return
        # First what somebody has set, then the defaults, which may follow from it: `-e srs_production_defaults=false` is a text.
        own = {name: variables[name] for name in known() if name in variables and variables[name] != defaults().get(name)}
        environment = {**defaults(), **variables}
        # An image may be written as "{{ srs_image }}-custom", and that one may follow from the version.
        self.values = self._valid({name: own[name] for name in FIRST if name in own}, environment)
        environment |= followed(self.values)
        self.values |= self._valid({name: value for name, value in own.items() if name not in FIRST}, environment)
        if self.problems:
            return
        follows = followed(self.values)
        environment |= {name: value for name, value in self.values.items() if not isinstance(value, (dict, list))} | follows
        self.values |= self._valid({name: value for name, value in {**defaults(), **follows}.items() if name not in own}, environment)

    def _valid(self, raw: Mapping[str, Any], environment: Mapping[str, Any]) -> Values:
        """The values of those that are right; each is looked at by itself, so that one error hides no other."""
        self._templar.available_variables = environment
        texts: dict[str, Any] = {}  # dozens of defaults are the same one
        valid: Values = {}
        for name in sorted(raw):
            try:
                value = self._evaluated(raw[name], texts)
            except AnsibleError as error:
                self.problems.append(f"{name} can't be evaluated: {str(error).rstrip('.')}.")
                continue
            valid[name], errors = _validated(name, value)
            self.problems += errors
        return valid

    def _evaluated(self, value: Any, texts: dict[str, Any]) -> Any:
        if not value or isinstance(value, (int, float, bool)):
            return plain(value)
        if not isinstance(value, str):
            return plain(self._templar.template(value))
        if value not in texts:
            texts[value] = plain(self._templar.template(value))
        return texts[value]


def _multiplied(variables: Mapping[str, Any]) -> str | None:
    """What is said of the first variable that comes to far more values than it is written with, and more than can be meant.

    Evaluating it would take hours, whichever variable asks for it.
    """
    sizes = _Sizes()
    for name, value in variables.items():
        if name.startswith("ansible_") or name in OF_ANSIBLE:
            continue
        if MOST_VALUES < sizes.of(value) > 10 * sizes.written:
            return (
                f"{name} comes to more than {MOST_VALUES} values: aliases in its YAML (*name), each of which stands for a whole part, "
                "multiply. Write out what is meant."
            )
    return None


class _Sizes:
    """How many values there are in something, those behind an alias each time; ``written`` is how many were met, those only once."""

    def __init__(self) -> None:
        self.written = 0
        self.known: dict[int, float] = {}

    def of(self, value: Any) -> float:
        """One that contains itself has no end."""
        if not isinstance(value, (dict, list)):
            return 1
        if id(value) not in self.known:
            self.written += len(value)
            self.known[id(value)] = math.inf
            self.known[id(value)] = 1 + sum(self.of(item) for item in (value.values() if isinstance(value, dict) else value))
        return self.known[id(value)]


def _validated(name: str, value: Any) -> tuple[Any, list[str]]:
    """(value, what is wrong with it)."""
    role = next(role for role in ROLES if name in specification(role))
    spec = specification(role)[name]
    if value is None:
        return None, [] if name in NULLABLE else [f"{name} is null: give it a value, or leave the variable out."]
    if isinstance(value, (dict, list)) and spec["type"] in SCALARS:
        return value, [f"{name} is {'a mapping' if isinstance(value, dict) else 'a list'}: it must be {SCALARS[spec['type']]}."]
    if name == "srs_edge_clusters" and (misshapen := check_shape(value, spec["options"])):
        return value, misshapen
    try:
        result = ArgumentSpecValidator({name: spec}).validate({name: _given(value, spec)})
    except TypeError:  # it expects mappings wherever there are keys
        what = "holds something else" if isinstance(value, (dict, list)) else f"is {value!r}"
        return value, [f"{name} {what} where a mapping must be: 'ansible-doc -t role livestream.srs.{role}' tells its keys."]
    told = result.error_messages
    # Some don't say what they are about, and another one that does says the same.
    valid = _given(result.validated_parameters[name], spec)
    if name == "srs_edge_clusters":
        valid = [{**item, **_nulls(raw)} for item, raw in zip(valid or (), value or (), strict=False)]
    return valid, [text for text in told if name in text] or told


def _nulls(cluster: Mapping[str, Any]) -> Values:
    """The keys of an edge cluster that are null on purpose."""
    return {key: None for key, item in cluster.items() if item is None and f"srs_edge_{key}" in NULLABLE}


def _given(value: Any, spec: Mapping[str, Any]) -> Any:
    """A value without the keys that nobody gave: those that are null, which validation makes of all that are missing."""
    options = spec.get("options")
    if not options or value is None:
        return value
    if isinstance(value, list):
        return [_given(item, spec) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {key: _given(item, options.get(key, {})) for key, item in value.items() if item is not None or key not in options}
