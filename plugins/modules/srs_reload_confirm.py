#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See that running servers have taken their config."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_reload_confirm
short_description: See that running SRS servers have taken their srs.conf by a reload
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - For servers that reload by themselves when the file changes (C(inotify_auto_reload on)) which the kubelet renews for them.
  - Each running server must be known to have taken what its ConfigMap holds. That is so if the text under the key that its pod mounts has
    never changed, if the pod was created more than 30 seconds after the last change, or if the pod is noted to have taken just that
    (annotation C(livestream.srs/reload)). Where all are, nobody is asked, and one list of pods and one of ConfigMaps is all that it costs.
  - The others are asked by the HTTP API about their last reload, until there is one of the file. Fails, in each run, as long as one
    refuses its config, which then goes on with its old one, or can't be seen to have taken it.
  - The pods are noted what is awaited, which has the kubelet renew their files at once instead of about a minute later. A server that has
    not reloaded by itself after a minute of that, since it had done so before anybody looked, is asked to reload once more.
  - What the role P(livestream.srs.srs_edge#role) does for clusters with C(config_strategy=reload).
extends_documentation_fragment:
  - livestream.srs.kubernetes_auth
  - livestream.srs.srs_api
  - livestream.srs.attributes
  - livestream.srs.attributes.action_group
attributes:
  check_mode:
    support: full
    details: Tells which servers would have to reload, and warns of those that are not known to have taken what they have. None is asked.
  diff_mode:
    support: none
  idempotent:
    support: full
    details: Changes nothing but its own notes.
notes:
  - Needs C(raw_api { enabled on; allow_reload on; }) in C(http_api) of the servers' srs.conf, and SRS 5.0.176, 6.0.71 or later. Without
    C(allow_reload), a server that has reloaded before anybody looked can't be seen to have done so.
options:
  namespace:
    description: Namespace of the topology.
    type: str
    required: true
  clusters:
    description: The clusters whose servers reload by themselves.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the cluster.
        type: str
        required: true
      app:
        description: Value of the label C(app) of its pods.
        type: str
        required: true
      config_map:
        description: Name of its ConfigMap, as M(livestream.srs.apply_set) has applied it.
        type: str
        required: true
      key:
        description:
          - Key in the ConfigMap that its pods mount as C(srs.conf). Pods that mount another one are of another revision.
          - Of a cluster that is held, it is the newest one in the ConfigMap.
        type: str
        required: true
      checksum:
        description: Checksum of the srs.conf that it is to have, for check mode.
        type: str
        required: true
      api_port:
        description: Port of the HTTP API, unless O(api_port) is given.
        type: int
  wait_timeout:
    description: How long to wait for all servers together, in seconds.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Change the config
  livestream.srs.apply_set:
    name: srs-edge
    namespace: srs
    objects: "{{ objects }}"

- name: See that running servers have taken it
  livestream.srs.srs_reload_confirm:
    namespace: srs
    clusters:
      - name: edge
        app: srs-edge
        config_map: srs-edge-config
        key: srs-66e73aacca37.conf
        checksum: "{{ checksum }}"
"""

RETURN = r"""
servers:
  description: The servers that were not known to have taken their config.
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
    confirmed:
      description: Whether the server says that it has taken the config; always false in check mode.
      type: bool
    error:
      description: Why not, or null.
      type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec, srs_api_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import run
from ansible_collections.livestream.srs.plugins.module_utils._flow import reload_confirm

flow = reload_confirm.flow


def specification() -> dict[str, Any]:
    required = {"type": "str", "required": True}
    cluster = {**dict.fromkeys(("name", "app", "config_map", "key", "checksum"), required), "api_port": {"type": "int"}}
    # A key of a ConfigMap is not a secret, whatever its name looks like.
    cluster["key"] = {**required, "no_log": False}
    return {
        "argument_spec": {
            **connection_spec(),
            **srs_api_spec(),
            "namespace": required,
            "clusters": {"type": "list", "elements": "dict", "required": True, "options": cluster},
            "wait_timeout": {"type": "int", "default": 300},
        },
        "supports_check_mode": True,
    }


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
