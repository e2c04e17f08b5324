#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List the clients of SRS servers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_client_info
short_description: List the clients of the SRS servers of a topology
description:
  - Lists players, publishers, and the connections between servers, of all servers at once and without an end to the list.
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
    details: Changes nothing in any mode.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  roles:
    description:
      - Only clients that are this.
      - V(pull) and V(forward) are other servers of the topology, which pull a stream from this one, or forward one to it.
      - Without it, all clients.
    type: list
    elements: str
    choices: [player, publisher, pull, forward]
    default: []
"""

EXAMPLES = r"""
- name: Who watches the stream?
  livestream.srs.srs_client_info:
    namespace: srs
    url: /live/livestream
    roles: [player]
  register: watching

- name: Who publishes, and from where?
  livestream.srs.srs_client_info:
    namespace: srs
    roles: [publisher]
  register: publishing
"""

RETURN = r"""
clients:
  description: The clients. What a server did not say is null.
  returned: always
  type: list
  elements: dict
  contains:
    server:
      description: Name of the server's pod.
      type: str
    cluster:
      description: Name of its cluster.
      type: str
    component:
      description: V(origin) or V(edge).
      type: str
    id:
      description: The client's id, which is its own on each server.
      type: str
    role:
      description: V(player), V(publisher), V(pull) or V(forward).
      type: str
    of_server:
      description: Name of the server that pulls or forwards, where that is known.
      type: str
    vhost:
      description: Name of the vhost.
      type: str
    url:
      description: URL of the stream.
      type: str
    protocol:
      description: What a player speaks - V(rtmp), V(flv), V(hls), V(rtc) or V(srt).
      type: str
    type:
      description: What SRS calls it.
      type: str
    ip:
      description: Its address, or that of the node or load balancer through which it came.
      type: str
    seconds:
      description: How long it has been there, in seconds.
      type: float
    kbps_in:
      description: What it sends, in kbit/s over 30 seconds. Null if SRS has no rate yet, as in its first 40 s.
      type: int
    kbps_out:
      description: What it is sent, in kbit/s over 30 seconds. Null if SRS has no rate yet, as in its first 40 s.
      type: int
    recv_bytes:
      description: What it has sent, in bytes.
      type: int
    send_bytes:
      description: What it has been sent, in bytes.
      type: int
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

flow = operations.client_info


def specification() -> dict[str, Any]:
    return {
        "argument_spec": {**connection_spec(), **srs_api_spec(), **servers_spec(), **clients_spec([])},
        "supports_check_mode": True,
    }


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
