#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a topology that was made by hand, and the variables that take it over."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_topology_info
short_description: Read a topology that was made by hand, and the variables that take it over
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Reads the Deployments, StatefulSets, Services, ConfigMaps, claims and autoscalers of a namespace, finds SRS and nginx among them by what
    they are (image, command, C(srs.conf), volumes) and not by their names, and tells the variables of an inventory with which
    C(playbooks/site.yml) takes them over. What no variable says becomes a patch in C(srs_patches).
  - Then it asks the API server by a dry run what a run with these variables would do, and tells for which workloads pods would be replaced.
  - Secrets - values of environment variables, annotations and URLs - are not returned. A variable that is yet to be given stands for each.
  - It is what C(playbooks/adopt.yml) is made of. Nothing is changed.
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
    description: The namespace.
    type: str
    required: true
  topology:
    description: The name that the topology is to have, C(srs_topology).
    type: str
    default: srs
seealso:
  - module: livestream.srs.srs_cluster_status
"""

EXAMPLES = r"""
- name: Read what was made by hand
  livestream.srs.srs_topology_info:
    namespace: default
  register: found

- name: Show what a run would replace
  ansible.builtin.debug:
    var: found.rollouts
"""

RETURN = r"""
variables:
  description: The variables that take the topology over, without secrets.
  returned: success
  type: dict
  sample: {srs_namespace: default, srs_version: "6", srs_production_defaults: false}
inventory:
  description: The same as the text of a file of variables.
  returned: success
  type: str
notes:
  description: What no variable says, and what becomes of it; a sentence each.
  returned: success
  type: list
  elements: str
problems:
  description: Why C(playbooks/site.yml) would refuse these variables as they are. Empty where it would not.
  returned: success
  type: list
  elements: str
proven:
  description: Whether the API server was asked by a dry run; not where there are problems.
  returned: success
  type: bool
rollouts:
  description: The workloads whose pods a run would replace.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: Kind and name of the workload.
      type: str
      sample: Deployment srs-edge-deploy
    fields:
      description: Paths in the pod template that would change.
      type: list
      elements: str
objects:
  description: What a run would do with each object, as M(livestream.srs.apply_set) returns it in check mode.
  returned: success
  type: list
  elements: dict
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
from ansible_collections.livestream.srs.plugins.module_utils._flow import topology_info

flow = topology_info.flow


def specification() -> dict[str, Any]:
    return {
        "argument_spec": {
            **connection_spec(),
            "namespace": {"type": "str", "required": True},
            "topology": {"type": "str", "default": "srs"},
        },
        "supports_check_mode": True,
    }


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
