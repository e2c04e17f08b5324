# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topologies from variables, by the roles' own defaults and argument specs, without ansible-playbook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.livestream.srs.plugins.module_utils._desired import topology
from ansible_collections.livestream.srs.plugins.module_utils._desired.variables import ROLES
from ansible_collections.livestream.srs.plugins.module_utils._manifests.builder import Builder
from ansible_collections.livestream.srs.plugins.plugin_utils._wanted import Wanted

WHO: dict[str, Any] = {"srs_change_cause": "tester"}


def wanted(roles: Iterable[str] = ROLES, more_names: Iterable[str] = (), **variables: Any) -> Wanted:
    """The variables of one host, evaluated as the action plugins do."""
    given = {"inventory_hostname": "here", "hostvars": {"here": variables}, **WHO, **variables}
    return Wanted(Templar(loader=DataLoader(), variables=given), given, roles, more_names)


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
    """The objects as a file of YAML documents for people, in the order of their kinds and names."""

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, False)

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    ordered = sorted(items, key=lambda item: (item["kind"], item["metadata"]["name"]))
    return yaml.dump_all(ordered, Dumper=Dumper, explicit_start=True, sort_keys=False, allow_unicode=True, width=1000)
