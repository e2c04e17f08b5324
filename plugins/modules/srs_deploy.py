#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which runs on the controller and has apply_set do the rest."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_deploy
short_description: Build one part of a topology from the variables of the livestream.srs roles, and apply it
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Takes the variables of all roles of this collection as they stand for the host, checks those of the part unless
    M(livestream.srs.srs_preflight) just did, builds the objects of the part, applies the patches of C(srs_patches) to them, and has
    M(livestream.srs.apply_set) apply them as one set.
  - Before the first change of a play, the parts that M(livestream.srs.srs_preflight) has named, and that follow, are planned as well, so
    that the play doesn't stop half-way because of an object that the API server refuses. This is not done with C(--tags) or C(--skip-tags).
  - The roles are made of it. A playbook may use it in their place where it needs the result.
extends_documentation_fragment:
  - livestream.srs.attributes
  - livestream.srs.attributes.action_group
  - livestream.srs.kubernetes_auth
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  part:
    description:
      - What is applied. V(hls) is nginx, V(origin) the origin with what monitors the topology, V(edge) the edge clusters, V(canary)
        canaries beside edge clusters.
      - Where nginx runs in the origin's pod, V(origin) applies its config, too, unless the role C(hls_nginx) has done so before.
    type: str
    choices: [hls, origin, edge, canary]
    required: true
  clusters:
    description:
      - Names of edge clusters that the task is about, V(all) for all.
      - Without them it is about all, and clusters that have left the inventory are removed.
    type: list
    elements: str
  canary_servers:
    description: Number of canary servers by name of the edge cluster, as M(livestream.srs.srs_edge_rollout) returns it.
    type: dict
    default: {}
  origin:
    description: Addresses of an origin of another host, from which the edge clusters without an origin of their own pull.
    type: list
    elements: str
    default: []
  release_holds:
    description: Whether held edge clusters are changed, too, and waited for.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Apply the edge clusters of the inventory
  livestream.srs.srs_deploy:
    part: edge
"""

RETURN = r"""
objects:
  description: What was done with each object, as M(livestream.srs.apply_set) returns it.
  type: list
  elements: dict
  returned: always
conflicts:
  description: Fields that others owned, as M(livestream.srs.apply_set) returns them.
  type: list
  elements: dict
  returned: always
planned_following:
  description: What M(livestream.srs.apply_set) returns of the parts that follow in the same play.
  type: list
  elements: str
  returned: always
part:
  description: The part.
  type: str
  returned: always
namespace:
  description: The namespace of the topology.
  type: str
  returned: always
topology:
  description: The name of the topology.
  type: str
  returned: always
rolled:
  description:
    - The clusters whose servers or configs were changed, or would be in check mode, as M(livestream.srs.srs_playback_info) takes them.
  type: list
  elements: dict
  returned: always
reloads:
  description: The edge clusters whose servers reload a changed config by themselves, as M(livestream.srs.srs_reload_confirm) takes them.
  type: list
  elements: dict
  returned: when O(part=edge)
"""
