#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get the external address of an SRS origin."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_origin_info
short_description: Get the external address of an SRS origin
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Reads the address at which edges in other Kubernetes clusters reach an origin, that of the load balancer of the Service
    C(srs-origin-service), and waits until there is one.
  - The role P(livestream.srs.srs_edge#role) uses it for C(srs_edge_origin_from), with the kubeconfig of that host.
extends_documentation_fragment:
  - livestream.srs.kubernetes_auth
  - livestream.srs.attributes
  - livestream.srs.attributes.action_group
attributes:
  check_mode:
    support: full
    details: Does not wait. Where there is no address yet, it warns and returns an empty list.
  diff_mode:
    support: none
  idempotent:
    support: full
    details: Changes nothing.
options:
  namespace:
    description: Namespace of the origin.
    type: str
    required: true
  inventory_host:
    description: Name of the inventory host that the origin belongs to, for messages.
    type: str
    default: ""
  wait_timeout:
    description: How long to wait for the address, in seconds.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Get the address of the origin
  livestream.srs.srs_origin_info:
    kubeconfig: ~/.kube/hub
    namespace: srs
  register: origin
"""

RETURN = r"""
addresses:
  description: The addresses as C(host:port), in a stable order.
  returned: success
  type: list
  elements: str
  sample: ["203.0.113.10:1935"]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import run
from ansible_collections.livestream.srs.plugins.module_utils._flow import origin_info

flow = origin_info.flow


def specification() -> dict[str, Any]:
    return {
        "argument_spec": {
            **connection_spec(),
            "namespace": {"type": "str", "required": True},
            "inventory_host": {"type": "str", "default": ""},
            "wait_timeout": {"type": "int", "default": 300},
        },
        "supports_check_mode": True,
    }


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
