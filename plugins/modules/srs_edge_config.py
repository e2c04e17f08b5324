#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate, render and deploy the srs.conf of SRS edges."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_edge_config
short_description: Validate, render and deploy the srs.conf of SRS edges
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Turns typed parameters into C(srs.conf), validates it, and keeps it in a ConfigMap.
  - What the server of the given version would refuse, crash on or silently ignore is an error here, reported before anything is changed.
  - Valid but probably unintended settings are reported as warnings.
  - Secrets are named, never given. They reach the server by environment variables or mounted files, which are returned as C(env)
    and C(secret_mounts) of each configuration, for the pod.
  - Without parameters other than the origin, an edge listens at 1935, takes 1000 connections, logs to the console, stays in the foreground,
    serves the HTTP API at 1985 and HTTP-FLV at 8080, and has the one vhost C(__defaultVhost__) in C(mode remote).
extends_documentation_fragment:
  - livestream.srs.srs_config.edge
  - livestream.srs.kubernetes_auth
  - livestream.srs.attributes
  - livestream.srs.attributes.action_group
options:
  state:
    description:
      - V(present) creates the ConfigMaps or brings them up to date.
      - V(absent) deletes them; only the names in O(configs) matter.
    type: str
    choices: [present, absent]
    default: present
  take_over:
    description:
      - Whether ConfigMaps of these names may be changed or deleted that another tool made and keeps, such as Helm or Argo CD.
      - What people have made with C(kubectl) is always taken over.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Shows what changes in the text, and which directives change.
  idempotent:
    support: full
seealso:
  - module: livestream.srs.srs_edge_config_info
  - module: livestream.srs.srs_origin_config
  - module: livestream.srs.apply_set
"""

EXAMPLES = r"""
- name: Keep the configuration of one edge cluster
  livestream.srs.srs_edge_config:
    namespace: srs
    configs:
      - name: srs-edge-config
        origin: [srs-internal-origin-service]
        max_connections: 4000

- name: Check and keep a srs.conf of one's own
  livestream.srs.srs_edge_config:
    namespace: srs
    configs:
      - name: srs-edge-config
        conf: "{{ lookup('ansible.builtin.file', 'srs.conf') }}"

- name: Remove the ConfigMap
  livestream.srs.srs_edge_config:
    namespace: srs
    state: absent
    configs:
      - name: srs-edge-config
"""

RETURN = r"""
configs:
  description: The configurations, as M(livestream.srs.srs_edge_config_info) returns them. Empty with O(state=absent).
  returned: always
  type: list
  elements: dict
objects:
  description: The ConfigMaps as manifests. Empty with O(state=absent).
  returned: always
  type: list
  elements: dict
checksums:
  description: The checksum of each text by the name of its ConfigMap.
  returned: always
  type: dict
  sample:
    srs-edge-config: 5b1ddb7c1d3e5d6a8f6f6d2b0c3d1f1f4f7d8c9b2a1e0f9d8c7b6a5948372615
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._argspec import config_state_spec, connection_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import run
from ansible_collections.livestream.srs.plugins.module_utils._flow.config import flow as config_flow
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.documentation import argument_spec
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.options import EDGE

flow = config_flow(EDGE)


def specification() -> dict[str, Any]:
    return {"argument_spec": {**connection_spec(), **argument_spec(EDGE), **config_state_spec()}, "supports_check_mode": True}


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
