#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name; it runs on the controller alone."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_preflight
short_description: Check the variables of the livestream.srs roles before anything is changed
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Checks every variable of the given roles at once, with what they come to together, and changes nothing.
  - Finds misspelt variables and keys, wrong types and ranges, names that are used twice, ports that clash, and whatever a real SRS
    would refuse or ignore in the configs that follow from the variables.
  - Refuses images of releases of SRS that are known to be bad for what they are to do, see C(docs/releases.md).
  - Each role checks for itself; C(playbooks/site.yml) runs this first for all roles, so that a mistake in the last role is found before
    the first one acts.
attributes:
  check_mode:
    support: full
    description: Does the same in check mode, since it changes nothing.
  diff_mode:
    support: none
    description: There is nothing to show.
options:
  roles:
    description: The roles of this collection whose variables are checked.
    type: list
    elements: str
    choices: [srs_origin, hls_nginx, srs_edge]
    required: true
  variables:
    description: Variables that the playbook takes beside those of the roles.
    type: list
    elements: str
    default: []
  clusters:
    description: Names of edge clusters that must be in the inventory, V(all) for all; none are needed where there is one.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Check all variables before anything is changed
  livestream.srs.srs_preflight:
    roles: [srs_origin, hls_nginx, srs_edge]
"""

RETURN = r"""
clusters:
  description: Names of the edge clusters that O(clusters) means; without it of all edge clusters.
  returned: success
  type: list
  elements: str
fingerprint:
  description: Stands for the values of all variables. The roles don't check again what has the same one.
  returned: success
  type: str
roles:
  description: The roles whose variables were checked.
  returned: success
  type: list
  elements: str
variables:
  description: O(variables), which the roles take, too.
  returned: success
  type: list
  elements: str
"""
