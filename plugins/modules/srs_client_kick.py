#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disconnect clients from SRS servers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_client_kick
short_description: Disconnect clients from the SRS servers of a topology
description:
  - Closes the connections of players and publishers that match all of what is given.
  - Most players and encoders come back at once. To keep them out, use C(http_hooks) or C(security) in srs.conf.
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
extends_documentation_fragment:
  - livestream.srs.kubernetes_auth
  - livestream.srs.srs_api
  - livestream.srs.srs_servers
  - livestream.srs.srs_servers.clients
  - livestream.srs.attributes
  - livestream.srs.attributes.action_group
attributes:
  check_mode:
    support: full
    details: Tells who would be kicked.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details: A client that comes back is another one, and is kicked as well.
options:
  roles:
    description:
      - Only clients that are this.
      - V(pull) and V(forward) are other servers of the topology, whose players or publishers are cut off with them until they are back.
    type: list
    elements: str
    choices: [player, publisher, pull, forward]
    default: [player, publisher]
notes:
  - At least one of O(ids), O(ips), O(url), O(servers) and O(clusters) must be given.
  - SRS can't kick HLS sessions.
"""

EXAMPLES = r"""
- name: Make a publisher reconnect whose stream nobody can play
  livestream.srs.srs_client_kick:
    namespace: srs
    url: /live/livestream
    roles: [publisher]

- name: See who would be disconnected from an edge cluster
  livestream.srs.srs_client_kick:
    namespace: srs
    clusters: [cdn-a]
  check_mode: true
  register: would_go
"""

RETURN = r"""
kicked:
  description:
    - The clients, as M(livestream.srs.srs_client_info) returns them.
    - Outside check mode, each with C(gone) (whether the server was seen to have forgotten it) and C(error), why it was not kicked, or null.
  returned: always
  type: list
  elements: dict
unanswered:
  description: Servers that gave no answer, with C(server) and C(error).
  returned: always
  type: list
  elements: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._argspec import clients_spec, connection_spec, servers_spec, srs_api_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import run
from ansible_collections.livestream.srs.plugins.module_utils._flow import operations

flow = operations.client_kick


def specification() -> dict[str, Any]:
    return {
        "argument_spec": {**connection_spec(), **srs_api_spec(), **servers_spec(), **clients_spec(["player", "publisher"])},
        "supports_check_mode": True,
    }


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
