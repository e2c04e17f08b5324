# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say which servers, and which of their clients, a module is about (``module_utils/_argspec.py``)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  namespace:
    description:
      - The namespace that the topology is in.
    type: str
    required: true
  topology:
    description:
      - The topology's name, which is the value of the label C(app.kubernetes.io/part-of) on its objects.
    type: str
    default: srs
  servers:
    description:
      - Names of the servers' pods. Without it and without O(clusters), all servers of the topology.
    type: list
    elements: str
    default: []
  clusters:
    description:
      - Names of clusters (V(origin), or that of an edge cluster), all of whose servers are meant.
    type: list
    elements: str
    default: []
"""

    # Which clients; a module says the default of ``roles`` itself.
    CLIENTS = r"""
options:
  ids:
    description:
      - Only clients with these ids.
    type: list
    elements: str
    default: []
  ips:
    description:
      - Only clients with these addresses, as SRS sees them.
    type: list
    elements: str
    default: []
  url:
    description:
      - Only clients of the stream with this URL, such as V(/live/livestream). A vhost may stand in front of it.
    type: str
"""
