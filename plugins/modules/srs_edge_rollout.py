#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""History, roll-back, pause and holds of edge clusters."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_edge_rollout
short_description: Tell the history of edge clusters, roll them back, pause and release them
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Works on the Deployments that the role P(livestream.srs.srs_edge#role) keeps, of any number of edge clusters in one run.
  - Rolling back restores the pod template of a revision, and with it the srs.conf that belongs to it, which the cluster's ConfigMap keeps.
    Servers are replaced like in any roll-out, and players are waited for.
  - What was rolled back or paused is held by the annotation C(livestream.srs/hold), so that C(playbooks/site.yml) leaves it as
    it is until it
    is released.
extends_documentation_fragment:
  - livestream.srs.attributes
  - livestream.srs.attributes.action_group
  - livestream.srs.kubernetes_auth
  - livestream.srs.kubernetes_wait
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Shows Deployment and ConfigMap before and after.
  idempotent:
    support: full
    details: Rolling back without O(revision) goes one step back and then stays there, until the cluster is released.
options:
  namespace:
    description: Namespace of the topology.
    type: str
    required: true
  topology:
    description: Name of the topology, the value of the label C(app.kubernetes.io/part-of) of all its objects.
    type: str
    default: srs
  clusters:
    description:
      - Names of the edge clusters, or V(all).
      - Not needed when there is only one.
    type: list
    elements: str
  state:
    description:
      - V(listed) tells the history and changes nothing.
      - V(rolled_back) goes back to O(revision), and holds the cluster there.
      - V(paused) stops a roll-out half-way and holds it there. No further server is replaced.
      - V(released) goes on with a paused roll-out, and lets C(playbooks/site.yml) change the cluster again, whoever held it.
      - V(canary) holds the servers that there are while a canary tries what is new, as C(playbooks/canary.yml) does.
      - V(canary_ended) releases them.
    type: str
    choices: [listed, rolled_back, paused, released, canary, canary_ended]
    default: listed
  revision:
    description:
      - Revision to roll back to. By default the one before the current one.
      - A revision that is gone back to gets a new number; its old one leads to it as well.
    type: int
  canary_share:
    description:
      - Share in percent, up to 50, that a canary is to have of all servers of a cluster. Returns how many servers that takes.
    type: str
  change_cause:
    description:
      - Who does it, or why; noted in the hold and in the annotation C(kubernetes.io/change-cause).
    type: str
"""

EXAMPLES = r"""
- name: What was changed when, and by whom
  livestream.srs.srs_edge_rollout:
    namespace: srs
    clusters: [all]
  register: rollouts

- name: Show it
  ansible.builtin.debug:
    msg: "{{ rollouts.summary }}"

- name: Roll all edge clusters back to what they were before, and wait until the servers are there
  livestream.srs.srs_edge_rollout:
    namespace: srs
    clusters: [all]
    state: rolled_back
    change_cause: alice, incident 42
    wait: true

- name: Roll one back to a revision
  livestream.srs.srs_edge_rollout:
    namespace: srs
    clusters: [cdn-a]
    state: rolled_back
    revision: 7

- name: Let site.yml change it again
  livestream.srs.srs_edge_rollout:
    namespace: srs
    clusters: [cdn-a]
    state: released
"""

RETURN = r"""
clusters:
  description: The edge clusters as they are afterwards.
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
    changed:
      description: Whether anything was changed.
      type: bool
    servers:
      description: How many servers it is to have, without a canary.
      type: int
      sample: 3
    paused:
      description: Whether its roll-out is paused.
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
      description: How many servers a canary of O(canary_share) needs; without that, how many the one that runs is to have.
      type: int
      sample: 1
    history:
      description: The revisions that there is a way back to, the current one first.
      type: list
      elements: dict
      contains:
        revision:
          description: Number of the revision.
          type: int
        earlier_revisions:
          description: Numbers that it had before it was gone back to.
          type: list
          elements: int
        current:
          description: Whether it is the current one.
          type: bool
        created:
          description: When it first came about.
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
diff:
  description: Before and after of each changed object.
  returned: in diff mode
  type: list
  elements: dict
not_ready:
  description: The Deployments that were not ready in time, each with the reason, its pods' reasons and the last events.
  returned: when waiting failed
  type: list
  elements: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec, wait_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import run
from ansible_collections.livestream.srs.plugins.module_utils._flow import edge_rollout

flow = edge_rollout.flow


def specification() -> dict[str, Any]:
    return {
        "argument_spec": {
            **connection_spec(),
            **wait_spec(),
            "namespace": {"type": "str", "required": True},
            "topology": {"type": "str", "default": "srs"},
            "clusters": {"type": "list", "elements": "str"},
            "state": {
                "type": "str",
                "choices": ["listed", "rolled_back", "paused", "released", "canary", "canary_ended"],
                "default": "listed",
            },
            "revision": {"type": "int"},
            "canary_share": {"type": "str"},
            "change_cause": {"type": "str"},
        },
        "required_if": [("state", "canary", ("canary_share",))],
        "supports_check_mode": True,
    }


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
