#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the status of a whole topology."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_cluster_status
short_description: Read the status of a whole SRS topology, and wait for it
description:
  - Finds all workloads and Services of a topology by their labels and reports replicas, pods with the reason why they aren't ready,
    load-balancer addresses, and the URLs to publish to and to play from.
  - Asks the HTTP API of all SRS servers at once and puts their answers together to which stream goes from which publisher
    over which servers to how many players. A server that does not answer hides no other.
  - Judges what it found, with a flag for scripts and a sentence for people.
  - Waits until conditions hold, for all clusters together.
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
extends_documentation_fragment:
  - livestream.srs.kubernetes_auth
  - livestream.srs.srs_api
  - livestream.srs.attributes
  - livestream.srs.attributes.action_group
attributes:
  check_mode:
    support: full
    details: Reports what is there, and waits for nothing.
  diff_mode:
    support: none
  idempotent:
    support: full
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
  app:
    description:
      - The RTMP app in the URLs.
    type: str
    default: live
  stream:
    description:
      - The name of the stream in the URLs.
    type: str
    default: livestream
  read_servers:
    description:
      - Whether to ask the HTTP API of each SRS server too.
      - Without it RV(servers) and RV(streams) are empty, and the verdicts on them null.
    type: bool
    default: true
  wait_for:
    description:
      - The conditions to wait for. All of them have to hold at the same time.
      - V(ready) means that every workload runs the wanted number of ready pods of its newest template, and no older ones.
      - V(addresses) means that every Service of type LoadBalancer has an address.
      - V(drained) means that no pod is leaving any more; as a mapping of C(drained) to a cluster's name, it is about that cluster alone.
      - C(idle) with a cluster's name means that no client is connected to any of its servers.
      - C(stream) with a URL such as V(/live/livestream) means that it is published. A vhost may stand in front of it.
      - C(jmespath) with an expression means that its result over this module's result is true or not empty.
    type: list
    elements: raw
    default: []
  wait_timeout:
    description:
      - How long to wait, in seconds.
      - When the time is over, the module fails and names what is missing, the reasons of the pods and the last events.
    type: int
    default: 300
  query:
    description:
      - A JMESPath expression over the result; what it finds is returned as RV(query_result).
    type: str
  near_capacity:
    description:
      - From how many percent of C(max_connections) on a server counts as near its capacity.
    type: int
    default: 80
requirements:
  - The Python package C(jmespath), where O(query) or the condition C(jmespath) is used
"""

EXAMPLES = r"""
- name: Look at the topology
  livestream.srs.srs_cluster_status:
    namespace: srs
  register: status

- name: Print it
  ansible.builtin.debug:
    msg: "{{ status.summary }}"

- name: Wait until everything is ready and has its address
  livestream.srs.srs_cluster_status:
    namespace: srs
    read_servers: false
    wait_for: [ready, addresses]
    wait_timeout: 600

- name: Wait until the stream is live, and see how many watch it
  livestream.srs.srs_cluster_status:
    namespace: srs
    wait_for:
      - stream: /live/livestream
    query: streams[?url == '/live/livestream'].players | [0]
  register: watched

- name: Stop the release while something is wrong
  ansible.builtin.assert:
    that: not status.problems
    fail_msg: "{{ status.problems }}"

- name: Find the address to publish to
  livestream.srs.srs_cluster_status:
    namespace: srs
    read_servers: false
    query: urls[?action == 'publish' && public].url | [0]
  register: publish
"""

RETURN = r"""
origins:
  description:
    - The origin's workloads, by the name of their cluster.
    - RV(edges) and RV(hls) have the same form.
  returned: always
  type: dict
  contains: &cluster
    desired:
      description: Replicas wanted.
      type: int
    ready:
      description: Replicas that are ready.
      type: int
    updated:
      description: Replicas of the newest template.
      type: int
    complete:
      description: Whether exactly the wanted number of pods runs, all of the newest template, all ready.
      type: bool
    workloads:
      description:
        - The Deployments and StatefulSets of the cluster, with C(kind), C(name), the counts above, C(images) by container,
          C(config_map) and C(config_file) of its srs.conf, C(config_checksum), C(api_port) and C(max_connections) where the pod
          itself says them, and C(events), the last warnings about it while it isn't complete.
      type: list
      elements: dict
    pods:
      description:
        - The pods, each with C(name), C(workload), C(node), C(ip), C(phase), C(ready), C(terminating), C(image) of its SRS
          container, C(restarts), C(reason) and C(message) (why it isn't ready, else null), C(created) and C(config_checksum).
      type: list
      elements: dict
  sample:
    origin:
      desired: 1
      ready: 1
      updated: 1
      complete: true
      workloads:
        - kind: Deployment
          name: srs-origin-deployment
      pods:
        - name: srs-origin-deployment-5d9c7-x2x4v
          ready: true
edges:
  description: The edge clusters, by name.
  returned: always
  type: dict
  contains: *cluster
hls:
  description: Workloads that only serve HLS, by the name of their cluster. Empty where nginx runs beside the origin.
  returned: always
  type: dict
  contains: *cluster
services:
  description: The Services, origin first.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the Service.
      type: str
    component:
      description: V(origin), V(hls) or V(edge).
      type: str
    cluster:
      description: Name of the cluster it belongs to.
      type: str
    type:
      description: Type of the Service.
      type: str
    cluster_ip:
      description: Its address inside the Kubernetes cluster.
      type: str
    host:
      description: Its name inside the Kubernetes cluster.
      type: str
    https_host:
      description: The host name that its certificate is for, or null.
      type: str
    flv:
      description: Whether its HTTPS port has HTTP-FLV besides HLS.
      type: bool
    addresses:
      description: IP addresses and host names that the load balancer was given.
      type: list
      elements: str
    ports:
      description: Its ports, each with C(port), C(protocol) (V(rtmp), V(flv), V(hls), V(api), V(exporter) or null) and C(node_port).
      type: list
      elements: dict
    ready_endpoints:
      description: How many pods are ready behind it.
      type: int
urls:
  description: Where to publish to and to play from.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: V(publish) or V(play).
      type: str
    cluster:
      description: Name of the cluster that is reached.
      type: str
    component:
      description: V(origin), V(hls) or V(edge).
      type: str
    protocol:
      description: V(rtmp), V(flv) (HTTP-FLV) or V(hls).
      type: str
    url:
      description: The URL.
      type: str
    public:
      description: Whether the address is a load balancer's; otherwise only pods of the Kubernetes cluster reach it.
      type: bool
servers:
  description:
    - The SRS servers of the topology, with O(read_servers). What a server did not say is null.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the pod.
      type: str
    component:
      description: V(origin) or V(edge).
      type: str
    cluster:
      description: Name of its cluster.
      type: str
    ip:
      description: Address of the pod.
      type: str
    ready:
      description: Whether the pod is ready.
      type: bool
    draining:
      description: Whether the pod was told to stop, and may still serve the players that it has.
      type: bool
    answered:
      description: Whether it answered everything it was asked.
      type: bool
    error_kind:
      description:
        - Why not, as one word.
        - V(not_running), the pod does not run; V(api_disabled), C(http_api) is off in its C(srs.conf).
        - V(timeout), V(dns_error), V(unreachable), V(connection_refused), V(connection_reset), V(connection_closed) or V(tls_error),
          there is no connection, or none that lasts long enough.
        - V(proxy_error), the Kubernetes API server or an HTTP proxy can't pass the call on; V(rate_limited), the API server is too busy.
        - V(unauthorized), V(not_found) or V(http_error), an HTTP status of 401, of 404 or another one than 200.
        - V(srs_error), SRS answered with an error code; V(invalid_response), the answer is not that of an SRS.
      type: str
    error:
      description: Why not, as a sentence.
      type: str
    version:
      description: Version of SRS.
      type: str
    uptime_seconds:
      description: How long it has been running, in seconds.
      type: int
    cpu_percent:
      description: Percent of one core.
      type: float
    memory_kib:
      description: The most memory that it has had, in KiB.
      type: int
    connections:
      description: Connections, of players, publishers, other servers and the API.
      type: int
    max_connections:
      description: The limit, from the pod's environment or its srs.conf.
      type: int
    connections_percent:
      description: How much of the limit is taken.
      type: float
    clients:
      description: Players, publishers and other servers.
      type: int
    kbps_in:
      description: What clients send, in kbit/s over 30 seconds.
      type: int
    kbps_out:
      description: What clients are sent, in kbit/s over 30 seconds.
      type: int
streams:
  description:
    - The streams that are published or that somebody waits for, with O(read_servers).
  returned: always
  type: list
  elements: dict
  contains:
    vhost:
      description: Name of the vhost.
      type: str
    url:
      description: C(/app/stream). Together with the vhost this is what a stream is known by.
      type: str
    app:
      description: Name of the app.
      type: str
    stream:
      description: Name of the stream.
      type: str
    live:
      description: Whether it is published; null where the origin gave no answer.
      type: bool
    publishers:
      description:
        - Each encoder once, with C(server) that it publishes to, C(origin) where that arrives, C(forwarded) (whether these are two),
          C(id), C(ip), C(type) and C(live_seconds).
      type: list
      elements: dict
    live_seconds:
      description: How long it has been published, in seconds.
      type: float
    video:
      description: Codec, profile, level, width and height, as SRS names them; null without video.
      type: dict
    audio:
      description: Codec, sample rate, channels and profile; null without audio.
      type: dict
    fps:
      description: Frames per second, where the version of SRS tells.
      type: float
    frames:
      description: Video frames that arrived at the origin.
      type: int
    kbps_in:
      description: What arrives from the publisher, in kbit/s over 30 seconds.
      type: int
    kbps_out:
      description: What players are sent, in kbit/s over 30 seconds.
      type: int
    players:
      description: Players, on all servers. Servers that pull are not players; neither are those who fetch HLS from nginx.
      type: int
    players_by_server:
      description: The same by name of the server.
      type: dict
    players_by_protocol:
      description: The same by V(rtmp), V(flv), V(hls), V(rtc), V(srt) or V(unknown) (SRS 3 doesn't always tell).
      type: dict
    pulls:
      description:
        - Connections by which servers pull it from one another, with C(server) pulled from, C(edge) that pulls (null if not known),
          its C(cluster), C(id), C(live_seconds) and C(send_bytes).
      type: list
      elements: dict
    merged_pull:
      description: Whether each edge pulls it at most once; null when nobody pulls.
      type: bool
    playable:
      description: Whether media that arrives goes out to players; null where that can't be told.
      type: bool
    servers:
      description:
        - What single servers say of it, with C(server), C(cluster), C(component), C(active), C(has_media), C(players),
          C(longest_player_seconds), C(kbps_in) and C(kbps_out).
      type: list
      elements: dict
configs:
  description: Of each ConfigMap C(checksum), C(max_connections) and C(api) (the port, or false), with O(read_servers).
  returned: always
  type: dict
verdicts:
  description:
    - A flag for each verdict; null where what is known does not tell.
    - V(merged_pull) is good when true, all others when false.
  returned: always
  type: dict
  contains:
    merged_pull:
      description: Each edge pulls each stream at most once.
      type: bool
    not_ready:
      description: A workload doesn't have its replicas, or not all of the newest template.
      type: bool
    no_lb_address:
      description: A Service of type LoadBalancer has no address.
      type: bool
    no_endpoints:
      description: No ready pod is behind a Service.
      type: bool
    no_answer:
      description: A server gave no answer.
      type: bool
    stale_config:
      description: A pod was started with another srs.conf than its ConfigMap has now.
      type: bool
    origin_unreachable:
      description: An edge that has players or a publisher finds no origin.
      type: bool
    published_not_playable:
      description: The media of a publisher arrives, but none of the players gets any.
      type: bool
    near_capacity:
      description: A server has nearly as many connections as it may have, see O(near_capacity).
      type: bool
    mixed_versions:
      description: Several versions of SRS run.
      type: bool
problems:
  description: What is wrong, worst first.
  returned: always
  type: list
  elements: dict
  contains:
    verdict:
      description: Which of RV(verdicts).
      type: str
    severity:
      description: V(error) or V(warning).
      type: str
    object:
      description: Cluster, workload, Service, server or stream that it is about.
      type: str
    message:
      description: What is wrong, and what to do.
      type: str
time:
  description: When it was read, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T12:00:00Z"
namespace:
  description: The namespace.
  returned: always
  type: str
topology:
  description: The topology's name.
  returned: always
  type: str
summary:
  description: The status as lines to print.
  returned: always
  type: list
  elements: str
missing:
  description: The conditions that did not come to hold in time, one line for each thing that is missing.
  returned: when a wait fails
  type: list
  elements: str
query_result:
  description: What O(query) found.
  returned: when O(query) is given
  type: raw
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec, srs_api_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import run
from ansible_collections.livestream.srs.plugins.module_utils._flow import cluster_status

flow = cluster_status.flow


def specification() -> dict[str, Any]:
    return {
        "argument_spec": {
            **connection_spec(),
            **srs_api_spec(),
            "namespace": {"type": "str", "required": True},
            "topology": {"type": "str", "default": "srs"},
            "app": {"type": "str", "default": "live"},
            "stream": {"type": "str", "default": "livestream"},
            "read_servers": {"type": "bool", "default": True},
            "wait_for": {"type": "list", "elements": "raw", "default": []},
            "wait_timeout": {"type": "int", "default": 300},
            "query": {"type": "str"},
            "near_capacity": {"type": "int", "default": 80},
        },
        "supports_check_mode": True,
    }


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
