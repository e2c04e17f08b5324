# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alibaba Cloud ACK: what its two load balancers have in common, by the one cloud controller manager (CCM) that makes them.

The CCM compares only what a Service says with what is there: an annotation that is gone changes nothing, unless it is read anew each time.
"""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import table_parts
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    FOLLOWED,
    STUCK,
    Cell,
    Outcome,
    Rule,
)

PREFIXES = {
    "new": "service.beta.kubernetes.io/alibaba-cloud-loadbalancer",
    "old": "service.beta.kubernetes.io/alicloud-loadbalancer",
}
SOURCES = {
    "clb": "https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/"
    "add-annotations-to-the-yaml-file-of-a-service-to-configure-clb-instances",
    "nlb": "https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/configure-nlb-instances-by-using-annotations",
    "ccm": "https://github.com/kubernetes/cloud-provider-alibaba-cloud/tree/eeb0ddc687ee5ee9d3726559d6a8ec056f694947"
    " (v2.14.0: pkg/controller/service, docs/usage.md)",
    "sdk": "https://github.com/alibabacloud-go/nlb-20220430 (v4: the comments of CreateListenerRequest and CreateServerGroupRequest)",
    "limits": "https://www.alibabacloud.com/help/doc-detail/58760.htm (peak bandwidth by region)",
    "tf": "https://github.com/aliyun/terraform-provider-alicloud (website/docs/r/slb_listener)",
    "k8s": "https://kubernetes.io/docs/concepts/services-networking/service/",
}
ADDRESSES = {"internet": "internet", "intranet": "intranet"}
STATUS = {f"{n}xx": f"http_{n}xx" for n in (2, 3, 4, 5)}


def existing(pattern: str, source: str, note: str) -> Cell:
    """The id of a load balancer that people have made."""
    return Cell("{prefix}-id", pattern=pattern, change=STUCK, removal=STUCK, source=source, whole=True, sharing="ports", note=note)


def server_groups(pattern: str, since: str) -> Cell:
    return Cell(
        "{prefix}-vgroup-port",
        entry="{value}:{name}",
        pattern=pattern,
        removal=FOLLOWED,
        since=since,
        source="ccm",
        note="a group that is no longer named keeps the backends that it has",
    )


def connection_drain(source: str, since: str = "") -> Cell:
    return Cell(
        "{prefix}-connection-drain-timeout",
        low=10,
        high=900,
        also={"{prefix}-connection-drain": "on"},
        off={"{prefix}-connection-drain": "off"},
        default="off",
        since=since,
        source=source,
    )


OVERRIDE_LISTENERS = Cell(
    "{prefix}-force-override-listeners",
    words=table_parts.TRUE_FALSE,
    default="false",
    removal=FOLLOWED,
    source="ccm",
    note="false: the listeners are yours, and only the backends in server_groups are managed; a change from true to false is refused",
)
WEIGHT = Cell("{prefix}-weight", low=0, high=100, removal=FOLLOWED, source="ccm", note="in all; each backend gets its part of it")
PRESERVE = Cell(
    "{prefix}-preserve-lb-on-delete",
    words={True: "true", False: ""},
    default="",
    removal=FOLLOWED,
    since="CCM 2.10.0",
    source="ccm",
    note="its listeners go; it can then be reused by id",
)
NAME = Cell(
    "{prefix}-name", pattern=r"[^\W\d_][\w.-]{1,127}", source="clb", whole=True, note="2 to 128 letters, digits and ._-, a letter first"
)
BACKEND = Cell(
    "service.beta.kubernetes.io/backend-type",
    words={"nodes": "ecs", "pods": "eni"},
    removal=FOLLOWED,
    source="clb",
    note="pods needs Terway; the default is the cluster's",
)
BACKEND_LABELS = Cell("{prefix}-backend-label", removal=FOLLOWED, source="clb", note="a node must have all of them; not for backend: pods")
REMOVE_UNSCHEDULED = Cell(
    "{prefix}-remove-unscheduled-backend", words=table_parts.ON_OFF, default="off", removal=FOLLOWED, source="ccm", note="default false"
)
IGNORE_WEIGHT_UPDATE = Cell(
    "{prefix}-ignore-weight-update",
    words=table_parts.ON_OFF,
    default="off",
    removal=FOLLOWED,
    since="CCM 2.11.1",
    source="ccm",
    note="default false; with true weights no longer follow the pods of each node",
)
TRAFFIC_POLICY = table_parts.traffic_policy("k8s", removal=FOLLOWED)
NODE_PORTS = Cell("spec.allocateLoadBalancerNodePorts", words=table_parts.BOOLEAN, removal=FOLLOWED, source="k8s")

# The listeners that it made stay, and with them the server groups that it then tries to delete for ever.
GIVES_UP_LISTENERS = Outcome("override_listeners", {"override_listeners": "false"}, STUCK)

# Of an existing load balancer, and of its listeners.
REUSE = (
    Rule({"override_listeners": ...}, "only an existing load balancer has listeners that could be overridden", needs={"id": ...}),
    Rule(
        {"id": ...},
        "true lets the controller make and change its listeners, false leaves them to you; unsaid it makes none",
        needs={"override_listeners": ...},
    ),
    Rule(
        {"override_listeners": False},
        "the controller fills the server groups of your own listeners, and without them nobody gets through",
        needs={"server_groups": ...},
    ),
    Rule({"server_groups": ...}, "only an existing load balancer has server groups of your own", needs={"id": ...}),
    Rule({"weight": ...}, "it is the share among others in a server group of your own", needs={"server_groups": ...}),
    Rule(
        {"tags": ...},
        "the controller takes all other tags off an existing load balancer, whoever set them; tag it where it was made",
        excludes={"id": ...},
    ),
    Rule({"preserve": True}, "an existing load balancer stays in any case", excludes={"id": ...}),
)
# Of backends.
BACKENDS = (
    Rule({"backend_labels": ...}, "the nodes of pods that are backends themselves don't matter", excludes={"backend": "pods"}),
    Rule({"remove_unscheduled": ...}, "the nodes of pods that are backends themselves don't matter", excludes={"backend": "pods"}),
    table_parts.NODE_PORTS_OR_PODS,
    table_parts.CHECKED_PORT_OF_PODS,
)


def listeners_are_yours(*options: str) -> Rule:
    """These are written into listeners, and so ignored where the controller leaves the listeners alone."""
    return Rule({"override_listeners": False}, "the listeners are yours then: set it there", excludes=dict.fromkeys(options, ...))
