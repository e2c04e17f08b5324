#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell what an upgrade would change."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_upgrade_info
short_description: Tell what an upgrade of the servers of a topology would change
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Compares the images and configs of the origin and the edge clusters that are deployed with those that the variables of the
    livestream.srs roles come to, as they stand for the host, and changes nothing.
  - Each cluster is told with its releases, with what changes in its srs.conf and what the new release makes of the old one, with the
    release advisories that it leaves and enters, and with whether there is a way back.
  - Values that are secret are not shown.
extends_documentation_fragment:
  - livestream.srs.attributes
  - livestream.srs.attributes.action_group
  - livestream.srs.kubernetes_auth
attributes:
  check_mode:
    support: full
    details: Changes nothing.
  diff_mode:
    support: none
  idempotent:
    support: full
    details: Changes nothing.
options:
  namespace:
    description: Namespace of the topology.
    type: str
    required: true
  topology:
    description: Name of the topology.
    type: str
    default: srs
  origin:
    description: Addresses of an origin of another host, from which the edge clusters without an origin of their own pull.
    type: list
    elements: str
    default: []
  servers:
    description:
      - The servers that run, as M(livestream.srs.srs_cluster_status) returns them in RV(livestream.srs.srs_cluster_status#module:servers).
      - They tell their exact release. Without them, the tag of the image that is deployed tells it.
    type: list
    elements: dict
    default: []
seealso:
  - module: livestream.srs.srs_edge_rollout_info
  - module: livestream.srs.srs_cluster_status
"""

EXAMPLES = r"""
- name: Ask the servers that run for their releases
  livestream.srs.srs_cluster_status:
    namespace: srs
  register: status

- name: See what another image would change
  livestream.srs.srs_upgrade_info:
    namespace: srs
    servers: "{{ status.servers }}"
  vars:
    srs_version: 6.0.191
  register: upgrade

- name: Show it
  ansible.builtin.debug:
    msg: "{{ upgrade.summary }}"
"""

RETURN = r"""
clusters:
  description: The clusters of servers in the order in which they are upgraded, edge clusters first.
  returned: success
  type: list
  elements: dict
  contains:
    component:
      description: What it is, V(edge) or V(origin).
      type: str
    name:
      description: Name of the cluster; V(origin) for the origins.
      type: str
    needed:
      description: Whether it is there and its image or its srs.conf would change.
      type: bool
    direction:
      description: V(up), V(down), V(same), or V(unknown) where nothing tells both releases exactly.
      type: str
    from_images:
      description: The images that are deployed; several where its workloads differ, none where the cluster isn't there yet.
      type: list
      elements: str
    to_image:
      description: The image that the variables say.
      type: str
    from_release:
      description: The release that runs; null where nothing tells.
      type: str
      sample: 6.0.157
    to_release:
      description: The release that the variables say.
      type: str
      sample: 6.0.191
    converted:
      description: What the new release makes of the srs.conf that runs, each as a sentence.
      type: list
      elements: str
    config:
      description: What differs between the srs.conf that runs and the new one.
      type: list
      elements: str
      sample: ["http_api.auth.enabled: on (gone)"]
    left:
      description: Ids of release advisories that hold for what runs and no more for the new release.
      type: list
      elements: str
    entered:
      description: Ids of release advisories that hold for the new release alone.
      type: list
      elements: str
    way_back:
      description: Whether C(playbooks/rollback.yml) can bring back what runs now, with its config.
      type: bool
    no_way_back:
      description: Why it can't; null where it can.
      type: str
    hold:
      description: Why the cluster is held; null where it is not.
      type: str
edges:
  description: Names of the edge clusters that would change.
  returned: success
  type: list
  elements: str
origin:
  description: Whether the origin would change.
  returned: success
  type: bool
summary:
  description: All of it as lines to print.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import run
from ansible_collections.livestream.srs.plugins.module_utils._flow import upgrade_info

flow = upgrade_info.flow


def specification() -> dict[str, Any]:
    return {
        "argument_spec": {
            **connection_spec(),
            "namespace": {"type": "str", "required": True},
            "topology": {"type": "str", "default": "srs"},
            "origin": {"type": "list", "elements": "str", "default": []},
            "servers": {"type": "list", "elements": "dict", "default": []},
        },
        "supports_check_mode": True,
    }


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
