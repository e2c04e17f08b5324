# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tables of several providers have in common: words, cells of fields that are Kubernetes' own, rules."""

from __future__ import annotations

from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import IGNORED, Cell, Rule

TRUE_FALSE = {True: "true", False: "false"}
ON_OFF = {True: "on", False: "off"}
# The pattern of addresses and networks of IPv4 alone.
IPV4 = r"[0-9./]+"
CLASS_NAME = r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
POLICIES = {"Cluster": "Cluster", "Local": "Local"}
BOOLEAN = {True: True, False: False}


def load_balancer_class(source: str, note: str = "fixed once made") -> Cell:
    return Cell("spec.loadBalancerClass", pattern=CLASS_NAME, source=source, note=note)


def traffic_policy(source: str, **rest: Any) -> Cell:
    return Cell("spec.externalTrafficPolicy", words=POLICIES, source=source, **rest)


def node_ports(source: str, about: str = "", **rest: Any) -> Cell:
    """Kubernetes takes back no node port that is there; ``about`` comes before that in the remarks."""
    note = "; ".join(filter(None, [about, "node ports that are there stay"]))
    return Cell("spec.allocateLoadBalancerNodePorts", words=BOOLEAN, change=IGNORED, default="true", source=source, note=note, **rest)


def ip_version(source: str) -> Cell:
    """The IP families of a Service, where they are those of its load balancer."""
    return Cell(
        words={"ipv4": "IPv4", "ipv6": "IPv6", "dualstack": "both"},
        families=True,
        source=source,
        note="default that of the cluster; the first is fixed once made",
    )


NODE_PORTS_OR_PODS = Rule({"node_ports": False}, "the load balancer reaches nodes by their node ports", needs={"backend": "pods"})
CHECKED_PORT_OF_PODS = Rule(
    {"health_check.port": ...}, "a node listens on node ports only, and those are checked by themselves", needs={"backend": "pods"}
)
LABELS_OF_NODES = Rule({"backend_labels": ...}, "pods are backends on whatever node", excludes={"backend": "pods"})
SIZE_IS_PAID = Rule({"spec": ...}, "a load balancer that is paid by use has no size", excludes={"instance_charge_type": "PayByCLCU"})
ACL = (
    Rule({"acl.id": ...}, "the list alone doesn't say if it allows or denies", needs={"acl.type": ...}),
    Rule({"acl.type": ...}, "there is nothing to allow or deny", needs={"acl.id": ...}),
    Rule({"acl.enabled": True}, "there is nothing to allow or deny", needs={"acl.id": ...}),
)
CERTIFICATES_OF_PORTS = Rule({"tls.certificates": ...}, "they are for these ports", needs={"tls.ports": ...})
PORTS_WITH_CERTIFICATES = Rule({"tls.ports": ...}, "a TLS port shows a certificate", needs={"tls.certificates": ...})


def internet_only(*options: str) -> tuple[Rule, ...]:
    reason = "a private load balancer carries no internet traffic"
    return tuple(Rule({option: ...}, reason, excludes={"address": "intranet"}) for option in options)


def http_only(*keys: str, protocols: str | tuple[str, ...] = ("http", "https")) -> tuple[Rule, ...]:
    """Parts of a health check that only one by HTTP has."""
    reason = "it is a part of an HTTP check"
    return tuple(Rule({f"health_check.{key}": ...}, reason, needs={"health_check.protocol": protocols}) for key in keys)
