# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: a srs.conf as parameters."""

from __future__ import annotations

DOCUMENTATION = r"""
name: from_srs_conf
short_description: Turn the text of a srs.conf into the parameters that mean the same
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Reads C(srs.conf) as the server does, old forms included, and checks it as M(livestream.srs.srs_edge_config) does.
  - The result can be an item of that module's O(livestream.srs.srs_edge_config#module:configs), and the C(config) of an edge cluster or
    C(srs_origin_config). What has no parameter is in C(extra).
  - The result means the same to the server, but for what is fixed in a container; it stays in the foreground and logs to the console.
    Comments and the order of directives are lost.
  - A text with errors is refused, and so is one that holds a secret, which must be in a Secret first.
positional: _input, version
options:
  _input:
    description: The text.
    type: str
    required: true
  version:
    description: Version of SRS that the text is for, a major version or an exact release such as V(6.0.191).
    type: str
    default: '7'
  role:
    description: Whose parameters to give. By default those of an edge when a vhost has C(mode remote), else those of an origin.
    type: str
    choices: [edge, origin]
seealso:
  - plugin: livestream.srs.to_srs_conf
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show a file as the parameters of an edge cluster
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', 'edge.conf') | livestream.srs.from_srs_conf(version=5) | ansible.builtin.to_nice_yaml }}"

- name: Take a ConfigMap of the cluster over
  livestream.srs.srs_edge_config:
    namespace: srs
    configs:
      - "{{ {'name': 'srs-edge-config'} | combine(config_map.data['srs.conf'] | livestream.srs.from_srs_conf) }}"
"""

RETURN = r"""
_value:
  description: The parameters, with C(srs_version).
  type: dict
  sample:
    srs_version: 7
    listen: ["1935"]
    max_connections: 4000
    origin: [srs-internal-origin-service]
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import known_release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.decompile import params_of


def from_srs_conf(text: Any, version: Any = "6", role: str | None = None) -> dict[str, Any]:
    """See the documentation above."""
    if not isinstance(text, str):
        raise AnsibleFilterError(f"from_srs_conf takes the text of a srs.conf, but was given a {type(text).__name__}.")
    if role not in (None, "edge", "origin"):
        raise AnsibleFilterError(f"from_srs_conf knows the roles edge and origin, but not {role!r}.")
    try:
        return params_of(text, version=known_release(str(version), "version"), role=role)
    except SrsError as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    """Ansible's entry."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"from_srs_conf": from_srs_conf}
