#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have SRS servers read their config again."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_reload
short_description: Have the SRS servers of a topology read their srs.conf again, and see that they took it
description:
  - Tells servers by their HTTP API to reload, and asks them what became of it.
  - A config that is wrong is not taken, and the server goes on with the one that it has; that is a failure here.
  - Not everything in srs.conf is reloaded. For what isn't, roll the pods.
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
extends_documentation_fragment:
  - livestream.srs.kubernetes_auth
  - livestream.srs.srs_api
  - livestream.srs.srs_servers
  - livestream.srs.attributes
  - livestream.srs.attributes.action_group
attributes:
  check_mode:
    support: full
    details: Tells which servers would be reloaded.
  diff_mode:
    support: none
  idempotent:
    support: none
    details: Reloads each time, since SRS does not tell whether its file has changed.
notes:
  - Needs C(raw_api { enabled on; allow_reload on; }) in C(http_api) of the servers' srs.conf.
  - The kubelet brings a changed ConfigMap to the pods about a minute later; a reload before that reads the old file.
"""

EXAMPLES = r"""
- name: Reload the edges of one cluster
  livestream.srs.srs_reload:
    namespace: srs
    clusters: [edge]
"""

RETURN = r"""
servers:
  description: The servers.
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
    reloaded:
      description: Whether it was reloaded; always false in check mode.
      type: bool
    confirmed:
      description: Whether the server says that it took the config; null where it does not tell (before SRS 5.0.176 and 6.0.71).
      type: bool
    error:
      description: Why not, or null.
      type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec, servers_spec, srs_api_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import run
from ansible_collections.livestream.srs.plugins.module_utils._flow import operations

flow = operations.reload


def specification() -> dict[str, Any]:
    return {"argument_spec": {**connection_spec(), **srs_api_spec(), **servers_spec()}, "supports_check_mode": True}


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
