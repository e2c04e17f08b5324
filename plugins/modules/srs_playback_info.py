#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play a live stream from each of some clusters, as a viewer does."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_playback_info
short_description: Play a live stream from each of some clusters, as a viewer does
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Asks the origins what is live, and plays a stream from one server of each cluster, the newest that is ready, all clusters at once.
  - What C(playbooks/site.yml) does after a change, with the clusters that it has changed, unless C(srs_verify) is false.
  - Servers are reached as O(api_via) says. By V(pod_proxy) HTTP-FLV is played, since the API server passes nothing else on; by
    V(port_forward) and by the addresses of the pods RTMP.
  - A stream that plays from none of the servers may be bad by itself, so up to two others are tried.
extends_documentation_fragment:
  - livestream.srs.kubernetes_auth
  - livestream.srs.srs_api
  - livestream.srs.attributes
  - livestream.srs.attributes.action_group
attributes:
  check_mode:
    support: full
    details: Plays in check mode too, which changes nothing.
  diff_mode:
    support: none
  idempotent:
    support: full
    details: Changes nothing.
options:
  namespace:
    description: Namespace of the topology.
    type: str
    required: true
  topology:
    description: Name of the topology.
    type: str
    default: srs
  clusters:
    description: The clusters to play from, as RV(livestream.srs.srs_deploy#module:rolled) has them.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the edge cluster; V(origin) for the origins.
        type: str
        required: true
      component:
        description: What it is.
        type: str
        choices: [edge, origin]
        default: edge
      rtmp_port:
        description: Port of its servers for RTMP.
        type: int
        default: 1935
      flv_port:
        description: Port of its servers for HTTP-FLV at C(/APP/STREAM.flv). Without it they serve none.
        type: int
      may_refuse:
        description: What in its config may refuse a player that has no token, such as V(http_hooks.on_play). Such a refusal is no failure.
        type: str
        default: ""
  wait_for_stream:
    description: How long to wait for a live stream, in seconds.
    type: int
    default: 0
  seconds:
    description: How long to watch from the first packet on, in seconds.
    type: float
    default: 2.0
  timeout:
    description: How long to wait for the first packet, in seconds.
    type: float
    default: 10.0
  must_play:
    description: Whether the module fails where a live stream doesn't play.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Does every edge cluster play what is live?
  livestream.srs.srs_playback_info:
    namespace: srs
    clusters:
      - {name: edge, flv_port: 8080}
      - {name: cdn-a, flv_port: 8080}
    must_play: true
"""

RETURN = r"""
ok:
  description: Whether no cluster has failed.
  returned: always
  type: bool
verified:
  description: Whether something is known of all clusters.
  returned: always
  type: bool
clusters:
  description: What was seen, in the order of O(clusters).
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the cluster.
      type: str
    component:
      description: What it is.
      type: str
    server:
      description: Name of the pod that was played from, or null.
      type: str
    protocol:
      description: V(rtmp) or V(flv).
      type: str
    stream:
      description: The stream, as C(/APP/STREAM), or null.
      type: str
    verified:
      description: Whether what was seen says something about the server.
      type: bool
    verdict:
      description: What was seen, in the words of RV(livestream.srs.srs_stream_info#module:streams[].verdict), or null.
      type: str
    message:
      description: Why it is not V(ok), or why nothing is known.
      type: str
    log:
      description: The last errors in the log of a server that has failed, without tokens.
      type: list
      elements: str
summary:
  description: The same as lines to read.
  returned: always
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec, srs_api_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import run


def flow(module: AnsibleModule) -> dict[str, Any]:
    # Here, since most runs of site.yml play nothing: players take their time to load.
    from ansible_collections.livestream.srs.plugins.module_utils._flow import playback_info

    return playback_info.flow(module)


def specification() -> dict[str, Any]:
    cluster = {
        "name": {"type": "str", "required": True},
        "component": {"type": "str", "choices": ["edge", "origin"], "default": "edge"},
        "rtmp_port": {"type": "int", "default": 1935},
        "flv_port": {"type": "int"},
        "may_refuse": {"type": "str", "default": ""},
    }
    return {
        "argument_spec": {
            **connection_spec(),
            **srs_api_spec(),
            "namespace": {"type": "str", "required": True},
            "topology": {"type": "str", "default": "srs"},
            "clusters": {"type": "list", "elements": "dict", "required": True, "options": cluster},
            "wait_for_stream": {"type": "int", "default": 0},
            "seconds": {"type": "float", "default": 2.0},
            "timeout": {"type": "float", "default": 10.0},
            "must_play": {"type": "bool", "default": False},
        },
        "supports_check_mode": True,
    }


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
