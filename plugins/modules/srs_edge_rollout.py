#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roll back, pause and release edge clusters."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_edge_rollout
short_description: Roll edge clusters back, pause and release their rollouts
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Works on the Deployments that the role P(livestream.srs.srs_edge#role) keeps, of any number of edge clusters in one run.
  - Rolling back restores the pod template of a revision, and with it the srs.conf that belongs to it, which the cluster's ConfigMap keeps.
    Servers are replaced as in any rollout, and players are waited for.
  - A cluster that was rolled back or paused is held by the annotation C(livestream.srs/hold), so that C(playbooks/site.yml) leaves it
    unchanged until it is released.
extends_documentation_fragment:
  - livestream.srs.attributes
  - livestream.srs.attributes.action_group
  - livestream.srs.edge_clusters
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
  state:
    description:
      - V(rolled_back) goes back to O(revision), and holds the cluster there.
      - V(paused) stops a rollout where it is and holds it there. No further server is replaced.
      - V(released) resumes a paused rollout, and lets C(playbooks/site.yml) change the cluster again, whoever held it.
      - V(canary) holds the existing servers while a canary tries what is new, as C(playbooks/canary.yml) does.
      - V(canary_ended) releases them.
    type: str
    choices: [rolled_back, paused, released, canary, canary_ended]
    required: true
  revision:
    description:
      - Revision to roll back to. By default the one before the current one.
      - Kubernetes gives the revision a new number when it is rolled back to. Its old number leads to it as well.
    type: int
  canary_share:
    description:
      - Share of all servers of a cluster that a canary is to have, in percent, up to 50. RV(clusters[].canary_servers) is how many
        servers that takes.
      - Required when O(state=canary).
    type: str
  change_cause:
    description:
      - Who changes the cluster, or why. It is recorded in the hold and in the annotation C(kubernetes.io/change-cause).
    type: str
seealso:
  - module: livestream.srs.srs_edge_rollout_info
"""

EXAMPLES = r"""
- name: Roll all edge clusters back to the revision before, and wait until the servers are ready
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

- name: Let playbooks/site.yml change it again
  livestream.srs.srs_edge_rollout:
    namespace: srs
    clusters: [cdn-a]
    state: released
"""

RETURN = r"""
clusters:
  description:
    - The edge clusters as they are afterwards, as M(livestream.srs.srs_edge_rollout_info) returns them.
    - The keys below are additional, or have another meaning.
  returned: success
  type: list
  elements: dict
  contains:
    changed:
      description: Whether anything was changed.
      type: bool
    canary_servers:
      description: How many servers a canary of O(canary_share) needs; without that option, the wanted number of the existing canary.
      type: int
      sample: 1
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
  description:
    - The Deployments that were not ready in time, each with C(api_version), C(kind), C(namespace), C(name), the C(reason),
      whether it has C(failed), the reasons of its C(pods) and the last C(events).
  returned: when waiting failed
  type: list
  elements: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec, edge_clusters_spec, wait_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import run
from ansible_collections.livestream.srs.plugins.module_utils._flow import edge_rollout

flow = edge_rollout.flow


def specification() -> dict[str, Any]:
    return {
        "argument_spec": {
            **connection_spec(),
            **edge_clusters_spec(),
            **wait_spec(),
            "state": {"type": "str", "choices": ["rolled_back", "paused", "released", "canary", "canary_ended"], "required": True},
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
