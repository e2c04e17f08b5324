#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play what is live through chosen clusters as viewers do, early and late, and judge the servers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_acceptance_info
short_description: Play what is live through chosen clusters as viewers do, early and late, and judge the servers
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Plays each of some live streams from each server of the chosen clusters, all at once, by RTMP and by HTTP-FLV. One player of each kind
    joins at once and another when the first has been playing for some seconds, since there are releases of SRS that give only the first
    player what a decoder needs.
  - Beside that it plays HLS where it is served, looks whether each edge pulls a stream once for all its players, whether streams that were
    live before are live again, and whether the servers wrote errors to their logs meanwhile.
  - Only what is seen of a server fails it. What keeps players from a server, such as rights, a policy or a hook that wants a token, is told
    as not verified.
  - With O(api_via=pod_proxy), RTMP is played by port forwarding of the API server, since its pod proxy passes on HTTP alone.
  - For one stream from one server of each cluster, see M(livestream.srs.srs_playback_info).
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
    description: Names of the edge clusters to accept, and V(origin) for the origins. By default all that have servers of the O(track).
    type: list
    elements: str
    default: []
  track:
    description: Which servers of edge clusters to accept. Origins have no canary and are accepted with V(stable) and V(all).
    type: str
    choices: [stable, canary, all]
    default: all
  seconds:
    description:
      - How long it may take, in seconds, besides the requests to the APIs; at least 10.
      - A third of it is for streams that are not live yet. The later players join a sixth of it after the first.
    type: int
    default: 30
  streams:
    description: How many live streams to play at most, those of O(expect_streams) and the oldest first.
    type: int
    default: 3
  expect_streams:
    description:
      - Streams that must be live, as C(/APP/STREAM) of the default vhost or C(VHOST/APP/STREAM), such as those that were so before a
        change.
    type: list
    elements: str
    default: []
  players:
    description:
      - How many players there may be at once. Where more would be needed, a sample of the servers of each cluster is played from, one at
        least, and said.
    type: int
    default: 200
  harmless_errors:
    description: Errors in the servers' logs that are no failure, by a part of their text.
    type: list
    elements: str
    default: []
  required:
    description: Whether the module fails where nothing can be verified of a cluster, such as where no stream is live.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Remember what is live
  livestream.srs.srs_cluster_status:
    namespace: srs
  register: before

# ... a change ...

- name: Does every server play it, also to who comes later?
  livestream.srs.srs_acceptance_info:
    namespace: srs
    expect_streams: "{{ before.streams | selectattr('live') | map(attribute='url') }}"

- name: Do the canaries of one edge cluster play?
  livestream.srs.srs_acceptance_info:
    namespace: srs
    clusters: [cdn-a]
    track: canary
"""

RETURN = r"""
ok:
  description: Whether nothing has failed. A module that fails returns all of this, too.
  returned: always
  type: bool
verified:
  description: Whether at least one player saw something of each server that was chosen; of the origins, of one of them. HLS doesn't count.
  returned: always
  type: bool
clusters:
  description: The clusters that were asked for.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the cluster.
      type: str
    component:
      description: V(edge), V(origin), or V(hls) for what serves HLS.
      type: str
    servers:
      description: How many of its servers of the track are ready; of origins, how many of them have a stream.
      type: int
    played:
      description: How many of them were played from.
      type: int
    ok:
      description: Whether nothing of it has failed.
      type: bool
    verified:
      description: Whether something is known of each of them.
      type: bool
    message:
      description: Why nothing is known.
      type: str
players:
  description: What each player saw.
  returned: always
  type: list
  elements: dict
  contains:
    cluster:
      description: Name of the cluster.
      type: str
    component:
      description: V(edge), V(origin) or V(hls).
      type: str
    track:
      description: V(stable) or V(canary).
      type: str
    server:
      description: Name of the pod.
      type: str
    protocol:
      description: V(rtmp), V(flv) or V(hls).
      type: str
    joiner:
      description: V(early) or V(late).
      type: str
    stream:
      description: The stream, as C(/APP/STREAM), with its vhost before it where that isn't the default one.
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
streams:
  description: The streams that were played or expected.
  returned: always
  type: list
  elements: dict
  contains:
    stream:
      description: The stream, as C(/APP/STREAM), with its vhost before it where that isn't the default one.
      type: str
    live:
      description: Whether it is live.
      type: bool
    expected:
      description: Whether it is one of O(expect_streams).
      type: bool
    not_merged:
      description: How many pulls each edge has of it that has more than one, by name.
      type: dict
logs:
  description: The new errors in the logs of servers that wrote some, by name, without tokens.
  returned: always
  type: dict
problems:
  description: What has failed, as sentences.
  returned: always
  type: list
  elements: str
summary:
  description: All of it as lines to read.
  returned: always
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec, srs_api_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import run


def flow(module: AnsibleModule) -> dict[str, Any]:
    # Here, since asyncio and players take their time to load.
    from ansible_collections.livestream.srs.plugins.module_utils._flow import acceptance_info

    return acceptance_info.flow(module)


def specification() -> dict[str, Any]:
    return {
        "argument_spec": {
            **connection_spec(),
            **srs_api_spec(),
            "namespace": {"type": "str", "required": True},
            "topology": {"type": "str", "default": "srs"},
            "clusters": {"type": "list", "elements": "str", "default": []},
            "track": {"type": "str", "choices": ["stable", "canary", "all"], "default": "all"},
            "seconds": {"type": "int", "default": 30},
            "streams": {"type": "int", "default": 3},
            "expect_streams": {"type": "list", "elements": "str", "default": []},
            "players": {"type": "int", "default": 200},
            "harmless_errors": {"type": "list", "elements": "str", "default": []},
            "required": {"type": "bool", "default": True},
        },
        "supports_check_mode": True,
    }


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
