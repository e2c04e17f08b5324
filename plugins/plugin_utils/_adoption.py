# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory that takes over the objects of a namespace, and what builds the objects that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.livestream.srs.plugins.module_utils._adopt import hidden, residue
from ansible_collections.livestream.srs.plugins.module_utils._adopt.adoption import Adoption
from ansible_collections.livestream.srs.plugins.module_utils._adopt.recognise import recognise
from ansible_collections.livestream.srs.plugins.module_utils._desired.variables import ROLES
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, ObjectView
from ansible_collections.livestream.srs.plugins.module_utils._manifests.builder import Builder
from ansible_collections.livestream.srs.plugins.plugin_utils._role_variables import defaults, known
from ansible_collections.livestream.srs.plugins.plugin_utils._wanted import Wanted

TEMPLATE_SIGNS = ("{{", "{%", "{#")
# Variables that objects have nothing of.
WITHOUT_EFFECT = {"srs_accept_advisories", "srs_advisories", "srs_advisories_file", "srs_change_cause", "srs_wait_timeout"}


@dataclass
class Adopted:
    """An inventory that takes over what is there."""

    variables: dict[str, Any]  # without secrets
    notes: list[str]
    warnings: list[str]
    problems: list[str]  # why a run of it would be refused
    builder: Builder | None  # of the objects that it comes to, with secrets; None where it would be refused


def adopt(templar: Any, host: Mapping[str, Any], objects: Iterable[ObjectView], namespace: str, topology: str) -> Adopted:
    """From the objects of a namespace. ``host`` has the variables of the host, as a run with those of what was found beside them has, too.

    Raises SrsError where there is no SRS that was made by hand.
    """
    found = recognise(objects)
    adoption = Adoption(found, namespace, topology)
    variables, notes = adoption.variables, list(adoption.notes)
    problems: list[str] = []
    warnings: list[str] = []
    builder: Builder | None = None
    others = {name: value for name, value in host.items() if name not in known()}
    theirs = {name: value for name, value in host.items() if name in known() and value != defaults().get(name) and name not in variables}
    if set_too := sorted(set(theirs) - WITHOUT_EFFECT):
        notes.append(
            f"The inventory sets {', '.join(set_too)} as well, which what was found says nothing of: a run does what they say, so leave "
            "them out until pods may be replaced."
        )
    try:
        plain = _wanted(templar, others, variables)
        builder = plain.builder()
        notes += residue.rewritten(found, builder.unpatched(), builder.existing)
        if patches := list(residue.patches(found, builder.unpatched(), builder.existing)):
            variables = {**variables, "srs_patches": patches}
            notes += residue.notes(patches, builder.existing)
            builder = None
        wanted = _wanted(templar, {**others, **theirs}, variables)
        warnings = wanted.check()
        builder = wanted.builder()
    except SrsError as error:
        problems.append(error.message)
        builder = None
    public, secrets = hidden.hidden(variables)
    return Adopted(public, [*notes, *secrets], warnings, problems, builder)


def sets(builder: Builder) -> dict[str, list[Object]]:
    """The objects by the apply set that they will be in."""
    return {"hls": builder.hls(), "origin": builder.origin(), "edge": builder.edges(builder.topology.edges)[0]}


def as_yaml(variables: Mapping[str, Any]) -> str:
    """Variables as a file of an inventory; what looks like a template and is none is marked as such."""

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        tag = "!unsafe" if any(sign in value for sign in TEMPLATE_SIGNS) else "tag:yaml.org,2002:str"
        return dumper.represent_scalar(tag, value, style="|" if "\n" in value else "'" if tag == "!unsafe" else None)

    def reference(dumper: yaml.SafeDumper, value: hidden.Reference) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style='"')

    Dumper.add_representer(str, text)
    Dumper.add_representer(hidden.Reference, reference)
    return yaml.dump(dict(variables), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1000)


def _wanted(templar: Any, host: Mapping[str, Any], variables: Mapping[str, Any]) -> Wanted:
    # What was found in a cluster is text, whatever it looks like.
    return Wanted(templar, {**host, **{name: wrap_var(value) for name, value in variables.items()}}, ROLES)
