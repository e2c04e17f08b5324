# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking over what was made by hand, without a cluster: SRS's guide to Kubernetes, and the inventories of docs/take-over."""

from __future__ import annotations

import copy
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.livestream.srs.plugins.module_utils._adopt.normal import WORKLOADS, template_of
from ansible_collections.livestream.srs.plugins.module_utils._labels import MANAGED_BY
from ansible_collections.livestream.srs.plugins.plugin_utils import _adoption
from ansible_collections.livestream.srs.tests.support.wanted import WHO

TUTORIAL = Path(__file__).resolve().parent / "tutorial"
INVENTORIES = Path(__file__).resolve().parents[2] / "docs" / "take-over"
HEADER = """\
---
# yamllint disable rule:line-length rule:indentation
# Takes over what the chapter of the same name in SRS's guide to Kubernetes makes, without replacing a pod; written by `make golden`.
# What playbooks/adopt.yml says of it:
{notes}
"""


def chapters() -> list[str]:
    return sorted(file.stem for file in TUTORIAL.glob("*.txt"))


def chapter(name: str) -> list[dict[str, Any]]:
    """The objects of a chapter."""
    return [item for item in yaml.safe_load_all((TUTORIAL / f"{name}.txt").read_text(encoding="utf-8")) if item]


def adopted(objects: Iterable[Mapping[str, Any]], namespace: str = "default", **host: Any) -> _adoption.Adopted:
    """What takes the objects over, as the action plugin finds it."""
    variables = {"inventory_hostname": "here", "hostvars": {"here": {}}, **WHO, **host}
    return _adoption.adopt(Templar(loader=DataLoader(), variables=variables), variables, objects, namespace, "srs")


def by_hand(objects: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Objects as if somebody else had made them."""
    made = copy.deepcopy([dict(item) for item in objects])
    for item in made:
        item["metadata"].get("labels", {}).pop(MANAGED_BY, None)
    return made


def templates(objects: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The pod templates of workloads, by kind and name."""
    return {f"{item['kind']} {item['metadata']['name']}": template_of(item) for item in objects if item["kind"] in WORKLOADS}


def built(found: _adoption.Adopted) -> list[dict[str, Any]]:
    """The objects that a run would apply."""
    assert found.builder, found.problems
    return [item for made in _adoption.sets(found.builder).values() for item in made]


def inventory(name: str) -> str:
    """What the documentation has for a chapter."""
    found = adopted(chapter(name))
    told = [textwrap.fill(note, 140, initial_indent="# - ", subsequent_indent="#   ", break_long_words=False) for note in found.notes]
    notes = "\n".join(told or ["# - nothing: variables say all of it"])
    return f"{HEADER.format(notes=notes)}{_adoption.as_yaml(found.variables)}"


def inventory_file(name: str) -> Path:
    return INVENTORIES / f"{name}.yml"
