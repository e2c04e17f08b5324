# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say which edge clusters a module is about (``module_utils/_argspec.py``)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
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
"""
