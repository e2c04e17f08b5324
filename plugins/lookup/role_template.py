# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup: templates of the collection's roles."""

from __future__ import annotations

DOCUMENTATION = r"""
name: role_template
short_description: Fill in templates of the roles of this collection
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - As P(ansible.builtin.template#lookup), for what the roles of this collection are made of. It isn't part of the public interface.
  - That one copies all variables of the host each time that it is called, and evaluates a variable wherever a template reads it, both of
    which grow with the number of edge clusters. This one evaluates each variable once, when a template first reads it.
  - Templates have the filters of Jinja2, of C(ansible.builtin) and of this collection, no lookups, and include others by their path from
    their own folder.
options:
  _terms:
    description: Paths of templates, below the folder of the roles.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show nginx's configuration
  ansible.builtin.debug:
    msg: "{{ lookup('livestream.srs.role_template', 'hls_nginx/templates/nginx.conf.j2') }}"
"""

RETURN = r"""
_raw:
  description: The text of each template.
  type: list
  elements: str
"""

import json
import posixpath
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.filter.core import FilterModule as CoreFilters
from ansible.plugins.lookup import LookupBase
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from jinja2.runtime import Context, missing

from ansible_collections.livestream.srs.plugins.filter.topology import FilterModule as TopologyFilters
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import plain

ROLES = Path(__file__).resolve().parents[2] / "roles"


def to_json(value: Any) -> str:
    """JSON that is YAML as well: that knows no pairs of surrogates."""
    return re.sub(r"\\ud[89ab]\w\w\\ud[c-f]\w\w", lambda pair: str(json.loads(f'"{pair[0]}"')), json.dumps(value))


class _Context(Context):
    """Where a template finds its names: those that it sets, and the variables of the host."""

    def resolve_or_missing(self, key: str) -> Any:
        found = super().resolve_or_missing(key)
        return self.environment.variable(key) if found is missing else found  # type: ignore[attr-defined]


class _Environment(Environment):
    context_class = _Context

    def __init__(self, variable: Callable[[str], Any]) -> None:
        # As Ansible reads templates.
        super().__init__(loader=FileSystemLoader(ROLES), trim_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined)
        self.variable = variable
        ours = {f"livestream.srs.{name}": function for name, function in TopologyFilters().filters().items()}
        # Ansible has some of Jinja2's own again, for values of its own.
        self.filters = {**CoreFilters().filters(), **self.filters, **ours, "to_json": to_json}

    def join_path(self, template: str, parent: str) -> str:
        return posixpath.normpath(posixpath.join(posixpath.dirname(parent), template))


class LookupModule(LookupBase):
    def run(self, terms: Sequence[str], variables: dict[str, Any] | None = None, **_options: Any) -> list[str]:
        given = variables or {}

        @cache
        def variable(name: str) -> Any:
            return plain(self._templar.template(given[name])) if name in given else missing

        environment = _Environment(variable)
        try:
            return [environment.get_template(term).render() for term in terms]
        except TemplateError as error:
            raise AnsibleLookupError(f"{', '.join(terms)}: {error}") from error
