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
  - Waits until conditions hold, for all clusters together.
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
extends_documentation_fragment:
  - livestream.srs.kubernetes_auth
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
    type: bool
    default: true
  wait_for:
    description:
      - The conditions to wait for. All of them have to hold at the same time.
      - V(ready) means that every workload runs the wanted number of ready pods of its newest template, and no older ones.
      - V(addresses) means that every Service of type LoadBalancer has an address.
      - V(drained) means that no pod is leaving any more; as a mapping, C(drained) with a cluster's name, it is about that cluster alone.
      - C(jmespath) with an expression means that its result over this module's result is true or not empty.
    type: list
    elements: raw
    default: []
  wait_timeout:
    description:
      - How long to wait, in seconds. When the time is over, the module fails and names what is missing, the pods' reasons and the last events.
    type: int
    default: 300
  query:
    description:
      - A JMESPath expression over the result; what it finds is returned as RV(query_result).
    type: str
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
          C(config_maps), C(config_checksum), and C(events), the last warnings about it while it isn't complete.
      type: list
      elements: dict
    pods:
      description:
        - The pods, each with C(name), C(node), C(ip), C(phase), C(ready), C(terminating), C(image) of its SRS container, C(restarts),
          C(reason) and C(message) (why it isn't ready, else null), C(created) and C(config_checksum).
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
summary:
  description: The status as lines to print.
  returned: always
  type: list
  elements: str
query_result:
  description: What O(query) found.
  returned: when O(query) is given
  type: raw
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils import cluster_status
from ansible_collections.livestream.srs.plugins.module_utils.argspec import connection_spec
from ansible_collections.livestream.srs.plugins.module_utils.errors import run


flow = cluster_status.run


def specification() -> dict[str, Any]:
    return {
        "argument_spec": {
            **connection_spec(),
            "namespace": {"type": "str", "required": True},
            "topology": {"type": "str", "default": "srs"},
            "app": {"type": "str", "default": "live"},
            "stream": {"type": "str", "default": "livestream"},
            "read_servers": {"type": "bool", "default": True},
            "wait_for": {"type": "list", "elements": "raw", "default": []},
            "wait_timeout": {"type": "int", "default": 300},
            "query": {"type": "str"},
        },
        "supports_check_mode": True,
    }


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
