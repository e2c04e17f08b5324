# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: parameters as a srs.conf."""

from __future__ import annotations

DOCUMENTATION = r"""
name: to_srs_conf
short_description: Turn parameters into the text of a srs.conf
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Checks and renders the parameters as M(livestream.srs.srs_edge_config) and M(livestream.srs.srs_origin_config) do.
  - The same parameters always give the same text.
positional: _input, role
options:
  _input:
    description: The parameters, as one item of O(livestream.srs.srs_edge_config#module:configs); a name is not needed.
    type: dict
    required: true
  version:
    description:
      - Release of SRS to write the text for, a major version or an exact release such as V(7.0.157), when it is another one than that of
        the parameters (C(srs_version)).
      - What that release lacks is left out, what it wants is added, and where both differ in what they do by themselves, it is written
        out. Each such difference is a warning.
    type: str
  role:
    description: What the text is for. By default an edge when the parameters name an origin to pull from, else an origin.
    type: str
    choices: [edge, origin]
seealso:
  - plugin: livestream.srs.from_srs_conf
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the configuration of an edge that runs without Kubernetes
  ansible.builtin.copy:
    content: "{{ {'origin': ['origin.example.com'], 'max_connections': 4000} | livestream.srs.to_srs_conf }}"
    dest: /usr/local/srs/conf/srs.conf
    mode: "0644"

- name: Write it for a release that the servers are to be upgraded to
  ansible.builtin.copy:
    content: "{{ {'srs_version': '6.0.191', 'origin': ['origin.example.com']} | livestream.srs.to_srs_conf(version='7.0.157') }}"
    dest: /usr/local/srs/conf/srs.conf
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import known_release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import compile_config, version_of
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.convert import convert
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.decompile import role_of_params


def to_srs_conf(params: Any, role: str | None = None, version: Any = None) -> str:
    """See the documentation above."""
    if not isinstance(params, Mapping):
        raise AnsibleFilterError(f"to_srs_conf takes a mapping of parameters, but was given a {type(params).__name__}.")
    if role not in (None, "edge", "origin"):
        raise AnsibleFilterError(f"to_srs_conf knows the roles edge and origin, but not {role!r}.")
    try:
        text = compile_config(role or role_of_params(params), params, where="to_srs_conf").text
        if version is None:
            return text
        converted, notes = convert(text, version_of(params), known_release(str(version), "version"))
    except SrsError as error:
        raise AnsibleFilterError(error.message) from error
    for note in notes:
        Display().warning(f"to_srs_conf: {note}")
    return converted


class FilterModule:
    """Ansible's entry."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"to_srs_conf": to_srs_conf}
