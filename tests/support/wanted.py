# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topologies from variables, by the roles' own defaults and argument specs, without ansible-playbook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

try:
    from ansible.template import trust_as_template  # since 2.19
except ImportError:
    trust_as_template = None

from ansible_collections.livestream.srs.plugins.module_utils._desired import topology
from ansible_collections.livestream.srs.plugins.module_utils._desired.variables import ROLES
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._manifests.builder import Builder
from ansible_collections.livestream.srs.plugins.plugin_utils._wanted import Wanted

WHO: dict[str, Any] = {"srs_change_cause": "tester"}


def wanted(roles: Iterable[str] = ROLES, more_names: Iterable[str] = (), **variables: Any) -> Wanted:
    """The variables of one host, evaluated as the action plugins do."""
    given = trusted({"inventory_hostname": "here", "hostvars": {"here": variables}, **WHO, **variables})
    return Wanted(Templar(loader=DataLoader(), variables=given), given, roles, more_names)


def trusted(value: Any) -> Any:
    """A value as an inventory gives it: its strings may be templates."""
    if isinstance(value, str):
        return trust_as_template(value) if trust_as_template else value
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    return [trusted(item) for item in value] if isinstance(value, list) else value


def problems(roles: Iterable[str] = ROLES, **variables: Any) -> list[str]:
    """What is wrong with the values, each as a sentence."""
    return checks(roles, **variables).problems()


def warnings(roles: Iterable[str] = ROLES, **variables: Any) -> list[str]:
    """What is said of values that are right."""
    made = checks(roles, **variables)
    assert made.problems() == []
    return made.warnings


def checks(roles: Iterable[str] = ROLES, **variables: Any) -> topology.Checks:
    """The checks of the values."""
    made = wanted(roles, **variables)
    return topology.Checks(topology.resolve(made.values), made.roles, made.values, made.place, made.advice())


def refusal(roles: Iterable[str] = ROLES, **variables: Any) -> str:
    """What a user reads about variables that are wrong."""
    try:
        wanted(roles, **variables).check()
    except SrsError as error:
        return error.message
    raise AssertionError(f"accepted: {variables}")


def resolved(**variables: Any) -> topology.Topology:
    """What is wanted; not checked."""
    return topology.resolve(wanted(**variables).values)


def built(**variables: Any) -> Builder:
    """What builds the objects."""
    return wanted(**variables).builder()


def objects(**variables: Any) -> list[dict[str, Any]]:
    """All objects of the topology, as they are applied."""
    builder = built(**variables)
    return [*builder.hls(), *builder.origin(), *builder.edges(builder.topology.edges)[0]]


def named(items: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The objects by kind and name: ``Deployment srs-edge-deployment``."""
    return {f"{item['kind']} {item['metadata']['name']}": item for item in items}


def as_yaml(items: Iterable[Mapping[str, Any]]) -> str:
    """The objects as a List in YAML for people, in the order of their kinds and names."""

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    ordered = sorted(items, key=lambda item: (item["kind"], item["metadata"]["name"]))
    whole = {"apiVersion": "v1", "kind": "List", "items": ordered}
    return yaml.dump(whole, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1000)
