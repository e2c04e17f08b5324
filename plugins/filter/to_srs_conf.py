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
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import compile_config
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.decompile import role_of_params


def to_srs_conf(params: Any, role: str | None = None) -> str:
    """See the documentation above."""
    if not isinstance(params, Mapping):
        raise AnsibleFilterError(f"to_srs_conf takes a mapping of parameters, but was given a {type(params).__name__}.")
    if role not in (None, "edge", "origin"):
        raise AnsibleFilterError(f"to_srs_conf knows the roles edge and origin, but not {role!r}.")
    try:
        return compile_config(role or role_of_params(params), params, where="to_srs_conf").text
    except SrsError as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    """Ansible's entry."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"to_srs_conf": to_srs_conf}
