#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the rollout history of edge clusters."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_edge_rollout_info
short_description: Show the rollout history of edge clusters
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Reads the revisions, holds and canaries of the Deployments that the role P(livestream.srs.srs_edge#role) keeps,
    of any number of edge clusters in one run.
extends_documentation_fragment:
  - livestream.srs.attributes
  - livestream.srs.attributes.action_group
  - livestream.srs.edge_clusters
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
seealso:
  - module: livestream.srs.srs_edge_rollout
"""

EXAMPLES = r"""
- name: Read what was changed, when and by which user
  livestream.srs.srs_edge_rollout_info:
    namespace: srs
    clusters: [all]
  register: rollouts

- name: Show it
  ansible.builtin.debug:
    msg: "{{ rollouts.summary }}"
"""

RETURN = r"""
clusters:
  description: The edge clusters.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the cluster.
      type: str
      sample: edge
    deployment:
      description: Name of its Deployment.
      type: str
      sample: srs-edge-deployment
    servers:
      description: The wanted number of servers, without a canary.
      type: int
      sample: 3
    paused:
      description: Whether its rollout is paused.
      type: bool
    hold:
      description: Why it is held; null when it is not.
      type: str
      sample: rolled back to revision 7 by alice, until playbooks/resume.yml
    canary:
      description: Name of its canary's Deployment; null when there is none.
      type: str
      sample: srs-edge-canary-deployment
    canary_servers:
      description: The wanted number of servers of its canary; null when there is none.
      type: int
      sample: 1
    canary_objects:
      description: What the canary is made of, as O(livestream.srs.apply_set#module:objects) takes it to remove it.
      type: list
      elements: dict
      sample:
        - apiVersion: apps/v1
          kind: Deployment
          metadata:
            name: srs-edge-canary-deployment
    history:
      description: The revisions that can be rolled back to, and before them the current one.
      type: list
      elements: dict
      contains:
        revision:
          description: Number of the revision.
          type: int
        earlier_revisions:
          description: Numbers that it had before it was rolled back to.
          type: list
          elements: int
        current:
          description: Whether it is the current one.
          type: bool
        created:
          description: When it was first created.
          type: str
        servers:
          description: How many servers run it.
          type: int
        image:
          description: Image of SRS.
          type: str
        config:
          description: Key of its srs.conf in the ConfigMap; null when it mounts the ConfigMap as a whole.
          type: str
        change_cause:
          description: Who changed what.
          type: str
summary:
  description: The same as lines to print.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec, edge_clusters_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import run
from ansible_collections.livestream.srs.plugins.module_utils._flow import edge_rollout_info

flow = edge_rollout_info.flow


def specification() -> dict[str, Any]:
    return {"argument_spec": {**connection_spec(), **edge_clusters_spec()}, "supports_check_mode": True}


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
