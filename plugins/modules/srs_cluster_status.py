#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the status of a topology."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_cluster_status
short_description: Read the status of an SRS topology and wait for conditions
description:
  - Finds all workloads and Services of a topology by their labels and reports replicas, pods with the reason why they aren't ready,
    addresses of load balancers, and the URLs to publish to and to play from.
  - Asks the HTTP API of all SRS servers at the same time, and combines the answers to show which stream goes from which publisher
    through which servers to how many players. A server that does not answer does not hold up the others.
  - Reports what is wrong, as a flag for scripts and as a sentence for people.
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
    details: Reads the status as usual, but does not wait.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  namespace:
    description:
      - Namespace of the topology.
    type: str
    required: true
  topology:
    description:
      - Name of the topology, which is the value of the label C(app.kubernetes.io/part-of) on its objects.
    type: str
    default: srs
  app:
    description:
      - RTMP app of the URLs.
    type: str
    default: live
  stream:
    description:
      - Name of the stream in the URLs.
    type: str
    default: livestream
  read_servers:
    description:
      - Whether to ask the HTTP API of each SRS server.
      - If V(false), RV(servers), RV(streams) and RV(configs) are empty, and the verdicts on them null.
    type: bool
    default: true
  wait_for:
    description:
      - The conditions to wait for. All of them must hold at the same time.
      - V(ready) means that each workload has the desired number of ready pods of its newest template, and no older ones.
      - V(addresses) means that each Service of type LoadBalancer has an address.
      - V(drained) means that no pod is draining; as a mapping of C(drained) to the name of a cluster, that no pod of that cluster is.
      - C(idle) with the name of a cluster means that no client is connected to any of its servers.
      - C(stream) with a URL such as V(/live/livestream) means that the stream is published. A vhost may stand in front of the URL.
      - C(jmespath) with an expression means that the expression, over this module's result, gives something true or not empty.
    type: list
    elements: raw
    default: []
  wait_timeout:
    description:
      - How long to wait, in seconds.
      - When the time is over, the module fails and names what is missing, with the pods' reasons and the last warnings.
    type: int
    default: 300
  query:
    description:
      - A JMESPath expression over the result. What it finds is returned as RV(query_result).
    type: str
  near_capacity:
    description:
      - The percentage of C(max_connections) from which on a server is near its capacity.
    type: int
    default: 80
  advisories:
    description:
      - Release advisories that replace those of the collection that have the same C(id), or are added to them. See C(docs/releases.md).
    type: list
    elements: dict
    default: []
  advisories_file:
    description:
      - A YAML file on the controller with release advisories that replaces the collection's own.
    type: path
  accept_advisories:
    description:
      - Ids of release advisories that are known and accepted, which the verdict C(bad_release) leaves out.
    type: list
    elements: str
    default: []
requirements:
  - The Python package C(jmespath), if O(query) or the condition C(jmespath) is used
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

- name: Wait until the stream is live, and count its players
  livestream.srs.srs_cluster_status:
    namespace: srs
    wait_for:
      - stream: /live/livestream
    query: streams[?url == '/live/livestream'].players | [0]
  register: watched

- name: Stop the release if something is wrong
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

# Written by `make docs` from module_utils/_observed/status_model.py.
RETURN = r"""
origins:
  returned: always
  description: Origins, by name of their cluster; the proxies of SRS 7 are a cluster of their own.
  type: dict
  contains:
    desired:
      description: Replicas that it should have; a workload that was deleted counts for nothing here.
      type: int
    ready:
      description: Replicas that are ready.
      type: int
    updated:
      description: Replicas of the newest pod template.
      type: int
    complete:
      description: Whether all of its workloads are complete, but for those that were deleted.
      type: bool
    workloads:
      description: Its Deployments and StatefulSets, a canary among them.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the workload.
          type: str
        kind:
          description: Its kind. C(Deployment) or C(StatefulSet).
          type: str
        desired:
          description: Replicas that it should have.
          type: int
        ready:
          description: Replicas that are ready.
          type: int
        updated:
          description: Replicas of the newest pod template.
          type: int
        complete:
          description: Whether exactly the desired replicas run, all of the newest pod template, all ready.
          type: bool
        images:
          description: Images by name of the container.
          type: dict
        config_map:
          description: Name of the ConfigMap that holds its srs.conf. Null if none is mounted.
          type: str
        config_file:
          description: File name of its srs.conf. Null if it does not come from a ConfigMap.
          type: str
        api_port:
          description: Port of the HTTP API, from the container's ports. Null if they do not name it.
          type: int
        max_connections:
          description: Connections that a server may have, from the container's environment. Null if it is not set there.
          type: int
        config_checksum:
          description: Checksum of the srs.conf in its pod template. Null if its annotations do not tell.
          type: str
        refused:
          description: Why no new pod can be made, in the API server's words, such as a quota. Null if nothing is known to
            refuse them.
          type: str
        deleting:
          description: That it was deleted and is still there, and what holds it. Null if it was not deleted.
          type: str
        events:
          description: The last warnings about it and its pods while it is not complete, newest last.
          type: list
          elements: str
    pods:
      description: The pods of its workloads.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the pod.
          type: str
        workload:
          description: Name of the Deployment or StatefulSet that it belongs to.
          type: str
        state:
          description: Its state in one word. C(starting), C(ready), C(not_ready) or C(draining).
          type: str
        ready:
          description: Whether Kubernetes counts it as ready.
          type: bool
        draining:
          description: Whether it is being stopped; it may still serve the clients that it has.
          type: bool
        node:
          description: Name of its node. Null if no node has been chosen yet.
          type: str
        ip:
          description: Its address inside the Kubernetes cluster. Null if it has none yet.
          type: str
        phase:
          description: Its phase, in Kubernetes' word. Null if Kubernetes has not set one yet.
          type: str
        image:
          description: Image of its SRS container, or of its first one if SRS is not in it. Null if the pod names none.
          type: str
        digest:
          description: Digest of the image that this container runs, C(sha256:) first. Null if its node tells none that a
            registry has.
          type: str
        restarts:
          description: How often its containers were restarted.
          type: int
        reason:
          description: Why it is not ready, in Kubernetes' word. Null if it is ready or draining.
          type: str
        message:
          description: Why it is not ready, as a sentence. Null if Kubernetes gives no more than the reason.
          type: str
        created:
          description: When it was created, in UTC (RFC 3339). Null if the pod does not tell.
          type: str
        config_checksum:
          description: Checksum of the srs.conf that it was started with. Null if its annotations do not tell.
          type: str
        config_taken:
          description: Whether its server is known to have taken what its srs.conf holds, as by a reload. Null if the file
            is not one of those that a ConfigMap keeps for each revision, or ConfigMaps were not read.
          type: bool
hls:
  returned: always
  description: Workloads that serve HLS alone, by name of their cluster; empty if nginx runs beside SRS. The form is that
    of RV(origins).
  type: dict
edges:
  returned: always
  description: Edge clusters, by name. The form is that of RV(origins).
  type: dict
services:
  returned: always
  description: 'Services: origin first, then HLS, then edge clusters.'
  type: list
  elements: dict
  contains:
    name:
      description: Name of the Service.
      type: str
    component:
      description: C(origin), C(hls) or C(edge); empty if its labels do not tell.
      type: str
    cluster:
      description: Name of the cluster that it belongs to.
      type: str
    type:
      description: Its type, such as C(ClusterIP) or C(LoadBalancer).
      type: str
    cluster_ip:
      description: Its address inside the Kubernetes cluster. Null if it has none.
      type: str
    host:
      description: Its name inside the Kubernetes cluster.
      type: str
    https_host:
      description: Host name that its certificate is for. Null if it has no certificate.
      type: str
    flv:
      description: Whether its HTTPS port serves HTTP-FLV besides HLS.
      type: bool
    addresses:
      description: IP addresses and host names of its load balancer, and its external IPs.
      type: list
      elements: str
    ports:
      description: Its ports.
      type: list
      elements: dict
      contains:
        port:
          description: Its number.
          type: int
        protocol:
          description: 'What it speaks: C(flv) is HTTP-FLV, C(exporter) metrics. C(rtmp), C(flv), C(hls), C(api) or C(exporter).
            Null if neither its name nor its number tells.'
          type: str
        tls:
          description: Whether it speaks TLS, be it that of the load balancer or of nginx.
          type: bool
        node_port:
          description: The same port on each node. Null if there is none.
          type: int
    ready_endpoints:
      description: Ready pods behind it. Null if EndpointSlices may not be read.
      type: int
    deleting:
      description: That it was deleted and is still there, and what holds it. Null if it was not deleted.
      type: str
urls:
  returned: always
  description: Where to publish to and to play from; none of a Service that was deleted.
  type: list
  elements: dict
  contains:
    action:
      description: What it is for. C(publish) or C(play).
      type: str
    cluster:
      description: Name of the cluster that it leads to.
      type: str
    component:
      description: C(origin), C(hls) or C(edge).
      type: str
    protocol:
      description: Its protocol; C(flv) is HTTP-FLV. C(rtmp), C(flv) or C(hls).
      type: str
    url:
      description: The URL.
      type: str
      sample: rtmp://203.0.113.1/live/livestream
    public:
      description: Whether the address is a load balancer's; if not, only pods of the Kubernetes cluster reach it.
      type: bool
namespace:
  returned: always
  description: Namespace of the topology.
  type: str
topology:
  returned: always
  description: Name of the topology.
  type: str
time:
  returned: always
  description: When it was read, in UTC (RFC 3339).
  type: str
  sample: '2026-01-31T12:00:00Z'
configs:
  returned: always
  description: What the srs.conf of each ConfigMap says, by name; empty without O(read_servers).
  type: dict
  contains:
    checksum:
      description: Checksum of its text.
      type: str
    max_connections:
      description: Connections that a server may have. Null if it cannot be parsed.
      type: int
    api_enabled:
      description: Whether C(http_api) is on. Null if it cannot be parsed.
      type: bool
    api_port:
      description: Port of the HTTP API. Null if the API is off, or its port is not known.
      type: int
    features:
      description: What of it release advisories look at, in their words, such as C(http_flv). Null if it cannot be parsed.
      type: list
      elements: str
servers:
  returned: always
  description: The SRS servers; empty without O(read_servers).
  type: list
  elements: dict
  contains:
    name:
      description: Name of its pod.
      type: str
    component:
      description: What it is. C(origin) or C(edge).
      type: str
    cluster:
      description: Name of its cluster.
      type: str
    state:
      description: Its state in one word. C(starting), C(ready), C(silent), C(not_ready) or C(draining).
      type: str
    ip:
      description: Address of its pod. Null if it has none yet.
      type: str
    ready:
      description: Whether Kubernetes counts its pod as ready.
      type: bool
    draining:
      description: Whether its pod is being stopped; it may still serve the clients that it has.
      type: bool
    answered:
      description: Whether it answered everything that it was asked.
      type: bool
    error_kind:
      description: Why it did not answer, as one word; see C(docs/status.md) for what each means. C(not_running), C(api_disabled),
        C(timeout), C(dns_error), C(unreachable), C(connection_refused), C(connection_reset), C(connection_closed), C(tls_error),
        C(proxy_error), C(rate_limited), C(unauthorized), C(not_found), C(http_error), C(srs_error) or C(invalid_response).
        Null if it answered.
      type: str
    error:
      description: Why it did not answer, as a sentence. Null if it answered.
      type: str
    version:
      description: Version of SRS. Null if the server did not answer.
      type: str
    uptime_seconds:
      description: How long it has been running. In seconds. Null if the server did not answer.
      type: int
    cpu_percent:
      description: Its use of CPU. In percent of one core. Null if the server did not answer.
      type: float
    memory_kib:
      description: The most memory that it has used. In KiB. Null if the server did not answer.
      type: int
    connections:
      description: Connections of players, publishers and other servers, and of those who ask the HTTP API. Null if the server
        did not answer.
      type: int
    max_connections:
      description: Connections that it may have, from its pod's environment or its srs.conf. Null if neither its pod nor a
        readable srs.conf tells.
      type: int
    connections_percent:
      description: Connections in use. In percent of C(max_connections). Null if one of the two is not known.
      type: float
    clients:
      description: Players, publishers and other servers that are connected. Null if the server did not answer.
      type: int
    kbps_in:
      description: What clients send, over 30 seconds. In kbit/s. Null if the server did not answer, or SRS has none yet,
        as in the first 40 s.
      type: int
    kbps_out:
      description: What clients are sent, over 30 seconds. In kbit/s. Null if the server did not answer, or SRS has none yet,
        as in the first 40 s.
      type: int
streams:
  returned: always
  description: Streams that are published or that clients ask for; empty without O(read_servers).
  type: list
  elements: dict
  contains:
    vhost:
      description: Name of its vhost.
      type: str
    app:
      description: Name of its app.
      type: str
    stream:
      description: Name of the stream.
      type: str
    url:
      description: C(/app/stream), which together with the vhost identifies it.
      type: str
    live:
      description: Whether it is published. Null if an origin did not answer.
      type: bool
    publishers:
      description: Its publishers.
      type: list
      elements: dict
      contains:
        server:
          description: Server that it publishes to. Null if the servers do not tell.
          type: str
        origin:
          description: Server where the stream arrives.
          type: str
        forwarded:
          description: Whether these are two servers.
          type: bool
        id:
          description: Id of the client at C(server). Null if C(server) did not answer.
          type: str
        ip:
          description: Address that it comes from. Null if C(server) did not answer.
          type: str
        type:
          description: Type of the client, as SRS names it. Null if C(server) did not answer.
          type: str
        live_seconds:
          description: How long it has been publishing. In seconds. Null if SRS does not tell.
          type: float
    live_seconds:
      description: How long it has been published. In seconds. Null if no publisher is known.
      type: float
    video:
      description: Codec, profile, level, width and height, as SRS names them. Null if it has no video.
      type: dict
    audio:
      description: Codec, sample rate, channels and profile, as SRS names them. Null if it has no audio.
      type: dict
    fps:
      description: Frames of video. In frames per second. Null if the version of SRS does not tell.
      type: float
    frames:
      description: Frames of video that have arrived at the origin. Null if no publisher is known.
      type: int
    kbps_in:
      description: What arrives from the publisher, over 30 seconds. In kbit/s. Null if no publisher is known, or SRS has
        none yet, as in the first 40 s.
      type: int
    kbps_out:
      description: What players are sent, over 30 seconds. In kbit/s. Null if a server with players does not tell, or SRS
        has none yet, as in the first 40 s, or nobody plays.
      type: int
    players:
      description: Players on all servers; servers that pull are not players, and those who fetch HLS from nginx are not seen.
      type: int
    players_by_server:
      description: The same by name of the server.
      type: dict
    players_by_protocol:
      description: 'The same by protocol: C(rtmp), C(flv), C(hls), C(rtc), C(srt), or C(unknown) (SRS 3 and 4 do not always
        tell).'
      type: dict
    pulls:
      description: Connections by which servers get it from one another.
      type: list
      elements: dict
      contains:
        server:
          description: Server that is pulled from.
          type: str
        edge:
          description: Server that pulls. Null if its address does not tell, as behind a proxy of SRS 7.
          type: str
        cluster:
          description: Cluster of the server that pulls. Null if that server is not known.
          type: str
        id:
          description: Id of the client at C(server). Null if SRS does not tell.
          type: str
        live_seconds:
          description: How long it has been connected. In seconds. Null if SRS does not tell.
          type: float
        send_bytes:
          description: What it has been sent. In bytes. Null if the version of SRS does not tell.
          type: int
    pull_not_merged:
      description: Whether an edge pulls it more than once. Null if no edge pulls it, or too few servers answer.
      type: bool
    playable:
      description: Whether its media goes out to players. Null if it cannot be told.
      type: bool
    servers:
      description: What each server says of it, origins first.
      type: list
      elements: dict
      contains:
        server:
          description: Name of the server.
          type: str
        cluster:
          description: Its cluster.
          type: str
        component:
          description: What the server is. C(origin) or C(edge).
          type: str
        active:
          description: Whether the server says that it is published. Null if it only lists clients of the stream.
          type: bool
        has_media:
          description: Whether the server has seen video or audio. Null if it only lists clients of the stream.
          type: bool
        players:
          description: Players on this server.
          type: int
        longest_player_seconds:
          description: How long the oldest of them has been there. In seconds. Null if there are none.
          type: float
        kbps_in:
          description: What arrives, over 30 seconds. In kbit/s. Null if SRS does not tell, or SRS has none yet, as in the
            first 40 s.
          type: int
        kbps_out:
          description: What is sent, over 30 seconds. In kbit/s. Null if SRS does not tell, or SRS has none yet, as in the
            first 40 s.
          type: int
verdicts:
  returned: always
  description: 'A flag for each verdict: true if something is wrong, false if not, null if it is not known.'
  type: dict
  contains:
    not_ready:
      description: A workload lacks replicas, or runs older ones beside the new.
      type: bool
    not_deleted:
      description: A workload or Service was deleted and is still there.
      type: bool
    no_lb_address:
      description: A Service of type LoadBalancer has no address.
      type: bool
    no_endpoints:
      description: No ready pod is behind a Service. Null if EndpointSlices may not be read.
      type: bool
    no_answer:
      description: A server that is not draining gave no answer. Null if no server was asked.
      type: bool
    origin_unreachable:
      description: An edge has had players of a stream for more than 5 s and pulls it from no server, or what is published
        to an edge reaches no origin. Null if no server tells.
      type: bool
    published_not_playable:
      description: Media of a publisher arrives, and each player and edge at that server has been there for 10 s or more without
        getting more than a handshake (seen with SRS 6.0.157; kick the publisher). Null if no server tells.
      type: bool
    pull_not_merged:
      description: An edge pulls a stream more than once, which it should not, however many players it has. Null if no edge
        pulls.
      type: bool
    near_capacity:
      description: A server uses 80 % (O(near_capacity)) or more of its C(max_connections). Null if no server tells its connections
        and its limit.
      type: bool
    stale_config:
      description: A pod was started with another srs.conf than its ConfigMap holds now, by their checksums, or its server
        has not been seen to reload it. Null if no checksums are known.
      type: bool
    mixed_versions:
      description: The servers that answer run several versions of SRS. Null if no server tells.
      type: bool
    bad_release:
      description: A server runs a release of SRS that is known for a fault which matters for it; see C(docs/releases.md).
        Null if no server tells.
      type: bool
problems:
  returned: always
  description: What is wrong, errors first.
  type: list
  elements: dict
  contains:
    verdict:
      description: The verdict that it belongs to. C(not_ready), C(not_deleted), C(no_lb_address), C(no_endpoints), C(no_answer),
        C(origin_unreachable), C(published_not_playable), C(pull_not_merged), O(near_capacity), C(stale_config), C(mixed_versions)
        or C(bad_release).
      type: str
    severity:
      description: How bad it is. C(error) or C(warning).
      type: str
    object:
      description: Cluster, workload, Service, server or stream that has it.
      type: str
    message:
      description: What is wrong, and what to do.
      type: str
summary:
  returned: always
  description: The status as lines to print.
  type: list
  elements: str
query_result:
  returned: when O(query) is given
  description: What O(query) found.
  type: raw
missing:
  returned: when a wait times out
  description: What is still missing, a line for each thing.
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec, srs_api_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import run
from ansible_collections.livestream.srs.plugins.module_utils._flow import cluster_status

flow = cluster_status.flow


def specification() -> dict[str, Any]:
    """The arguments of AnsibleModule."""
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
            "advisories": {"type": "list", "elements": "dict", "default": []},
            "advisories_file": {"type": "path"},
            "accept_advisories": {"type": "list", "elements": "str", "default": []},
        },
        "supports_check_mode": True,
    }


def main() -> None:
    """Run the module."""
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
