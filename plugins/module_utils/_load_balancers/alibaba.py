# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alibaba Cloud ACK: Classic Load Balancer (CLB, once SLB) and Network Load Balancer (NLB), by the cloud controller manager (CCM)."""

from __future__ import annotations

from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import BOOLEAN, POLICIES, Cell, Implied, Platform, Rule

PREFIXES = {
    "new": "service.beta.kubernetes.io/alibaba-cloud-loadbalancer",
    "old": "service.beta.kubernetes.io/alicloud-loadbalancer",
}
SOURCES = {
    "clb": "https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/"
    "add-annotations-to-the-yaml-file-of-a-service-to-configure-clb-instances",
    "nlb": "https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/configure-nlb-instances-by-using-annotations",
    "ccm": "https://github.com/kubernetes/cloud-provider-alibaba-cloud/tree/eeb0ddc687ee5ee9d3726559d6a8ec056f694947"
    " (pkg/controller/service, docs/usage.md)",
    "limits": "https://www.alibabacloud.com/help/doc-detail/58760.htm (peak bandwidth by region)",
    "tf": "https://github.com/aliyun/terraform-provider-alicloud (website/docs/r/slb_listener, nlb_listener, nlb_server_group)",
    "k8s": "https://kubernetes.io/docs/concepts/services-networking/service/",
}
ON_OFF = {True: "on", False: "off"}
STATUS = {f"{n}xx": f"http_{n}xx" for n in (2, 3, 4, 5)}
NODES_OR_PODS = {"nodes": "ecs", "pods": "eni"}


def _http_only(*keys: str) -> tuple[Rule, ...]:
    reason = "it is a part of an HTTP check"
    return tuple(Rule({f"health_check.{key}": ...}, reason, needs={"health_check.protocol": "http"}) for key in keys)


def _check(suffix: str, **rest: Any) -> Cell:
    """A part of an NLB's health check: the controller reads it only where the check is switched on in so many words."""
    return Cell(f"{{prefix}}-{suffix}", also={"{prefix}-health-check-flag": "on"}, **rest)


CLB = Platform(
    provider="alibaba",
    type="clb",
    title="Alibaba Cloud ACK, Classic Load Balancer",
    since="CCM 1.9.3",
    prefixes=PREFIXES,
    sources=SOURCES,
    cells={
        "id": Cell(
            "{prefix}-id",
            pattern=r"lb-[a-z0-9-]+",
            source="clb",
            whole=True,
            sharing="ports",
            note="never one that the CCM made, nor the API server's",
        ),
        "override_listeners": Cell(
            "{prefix}-force-override-listeners",
            words={True: "true", False: "false"},
            source="clb",
            note="default false: only the backends are managed, the listeners are yours",
        ),
        "address": Cell(
            "{prefix}-address-type",
            words={"internet": "internet", "intranet": "intranet"},
            source="clb",
            whole=True,
            note="default internet; fixed once made",
        ),
        "ip": Cell(
            "{prefix}-ip",
            high=1,
            pattern=r"[0-9.]+",
            sharing="never",
            since="CCM 2.7.0",
            source="clb",
            note="IPv4, out of the vSwitch; fixed once made",
        ),
        "vswitch_id": Cell("{prefix}-vswitch-id", source="clb", whole=True),
        "master_zone": Cell("{prefix}-master-zoneid", source="clb", whole=True, note="fixed once made"),
        "slave_zone": Cell("{prefix}-slave-zoneid", source="clb", whole=True, note="fixed once made"),
        "name": Cell(
            "{prefix}-name",
            pattern=r"[^\W\d_][\w.-]{1,127}",
            source="clb",
            whole=True,
            note="2 to 128 letters, digits and ._-, a letter first",
        ),
        "resource_group": Cell("{prefix}-resource-group-id", source="clb", whole=True, note="fixed once made"),
        "tags": Cell("{prefix}-additional-resource-tags", source="clb", whole=True, note="together with id: CCM 2.10.0"),
        "spec": Cell(
            "{prefix}-spec",
            pattern=r"slb\.s\d+\.[a-z0-9]+",
            source="clb",
            whole=True,
            note="slb.s1.small, slb.s2.medium, slb.s3.large, ...; not sold for new ones since June 2025",
        ),
        "instance_charge_type": Cell(
            "{prefix}-instance-charge-type",
            words={"PayBySpec": "PayBySpec", "PayByCLCU": "PayByCLCU"},
            since="CCM 2.4.0",
            source="clb",
            whole=True,
            note="default PayByCLCU since CCM 2.5.0",
        ),
        "charge_type": Cell(
            "{prefix}-charge-type",
            words={"paybytraffic": "paybytraffic", "paybybandwidth": "paybybandwidth"},
            source="clb",
            whole=True,
            note="default paybytraffic",
        ),
        "bandwidth": Cell(
            "{prefix}-bandwidth",
            low=1,
            high=5000,
            source="limits",
            whole=True,
            note="some regions stop at 500, 1000 or 2000",
        ),
        "scheduler": Cell(
            "{prefix}-scheduler",
            words={"wrr": "wrr", "wlc": "wlc", "rr": "rr"},
            source="ccm",
            note="default rr; wlc (fewest connections) suits long media connections",
        ),
        "connection_drain": Cell(
            "{prefix}-connection-drain-timeout",
            low=10,
            high=900,
            also={"{prefix}-connection-drain": "on"},
            off={"{prefix}-connection-drain": "off"},
            since="CCM 2.0.1",
            source="clb",
        ),
        "idle_timeout": Cell(
            "{prefix}-established-timeout",
            low=10,
            high=900,
            since="CCM 2.3.0",
            source="clb",
            note="-idle-timeout is for HTTP listeners only",
        ),
        "backend": Cell(
            "service.beta.kubernetes.io/backend-type",
            words=NODES_OR_PODS,
            source="clb",
            note="pods needs Terway; the default is the cluster's",
        ),
        "external_traffic_policy": Cell("spec.externalTrafficPolicy", words=POLICIES, source="k8s"),
        "node_ports": Cell("spec.allocateLoadBalancerNodePorts", words=BOOLEAN),
        "acl.id": Cell("{prefix}-acl-id", also={"{prefix}-acl-status": "on"}, source="ccm"),
        "acl.type": Cell("{prefix}-acl-type", words={"white": "white", "black": "black"}, source="ccm"),
        "health_check.enabled": Cell("{prefix}-health-check-switch", words=ON_OFF, since="CCM 2.6.0", source="clb"),
        "health_check.protocol": Cell("{prefix}-health-check-type", words={"tcp": "tcp", "http": "http"}, source="clb", note="default tcp"),
        "health_check.port": Cell("{prefix}-health-check-connect-port", low=1, high=65535, source="ccm"),
        "health_check.path": Cell("{prefix}-health-check-uri", pattern=r"/[\w/.%?#&=-]{0,79}", source="tf"),
        "health_check.domain": Cell("{prefix}-health-check-domain", pattern=r"\$_ip|[A-Za-z0-9.-]{1,80}", source="tf"),
        "health_check.status": Cell("{prefix}-health-check-httpcode", words=STATUS, source="tf"),
        "health_check.interval": Cell("{prefix}-health-check-interval", low=1, high=50, source="clb", note="default 2"),
        "health_check.timeout": Cell(
            "{prefix}-health-check-connect-timeout",
            low=1,
            high=300,
            source="clb",
            note="default 5; -health-check-timeout is for HTTP listeners only",
        ),
        "health_check.healthy_threshold": Cell("{prefix}-healthy-threshold", low=2, high=10, source="clb", note="default 3"),
        "health_check.unhealthy_threshold": Cell("{prefix}-unhealthy-threshold", low=2, high=10, source="clb", note="default 3"),
    },
    rules=(
        Rule({"override_listeners": ...}, "only an existing load balancer has listeners that could be overridden", needs={"id": ...}),
        Rule({"bandwidth": ...}, "only then a limit is bought; otherwise it is not applied", needs={"charge_type": "paybybandwidth"}),
        Rule({"charge_type": "paybybandwidth"}, "else it is the provider's 50 Mbit/s", needs={"bandwidth": ...}),
        Rule({"charge_type": ...}, "a private load balancer carries no internet traffic", excludes={"address": "intranet"}),
        Rule({"spec": ...}, "a load balancer that is paid by use has no size", needs={"instance_charge_type": "PayBySpec"}, unless="id"),
        Rule({"spec": ...}, "a load balancer that is paid by use has no size", excludes={"instance_charge_type": "PayByCLCU"}),
        Rule({"vswitch_id": ...}, "only a private load balancer is in a vSwitch", needs={"address": "intranet"}),
        Rule({"ip": ...}, "a fixed address comes out of a vSwitch", needs={"vswitch_id": ..., "address": "intranet"}),
        Rule({"ip": ...}, "an existing load balancer has its address", excludes={"id": ...}),
        Rule({"acl.id": ...}, "the list alone doesn't say if it allows or denies", needs={"acl.type": ...}),
        Rule({"acl.type": ...}, "there is nothing to allow or deny", needs={"acl.id": ...}),
        Rule(
            {"external_traffic_policy": "Local"},
            "rr ignores the weights that follow from the pods of each node; wrr and wlc use them",
            excludes={"scheduler": "rr"},
        ),
        Rule({"node_ports": False}, "the load balancer reaches nodes by their node ports", needs={"backend": "pods"}),
        Rule(
            {"health_check.port": ...},
            "a node listens on node ports only, and those are checked by themselves",
            needs={"backend": "pods"},
        ),
        *_http_only("path", "domain", "status"),
    ),
    implied=(
        Implied(
            {"external_traffic_policy": "Local"},
            {"{prefix}-scheduler": "wrr"},
            "a CLB with Local needs weights, and the controller's default rr ignores them",
            unless="scheduler",
        ),
    ),
    missing={
        "class": "the CCM makes a CLB only for a Service without a class",
        "source_ranges": "a CLB knows who may connect from an access control list: acl: {id, type}",
        "security_groups": "a CLB knows who may connect from an access control list: acl: {id, type}",
        "zones": "a CLB has a master_zone and a slave_zone; zones are of type: nlb",
        "preserve_client_ip": "it keeps the viewer's address up to the node; backend: pods or external_traffic_policy: Local up to the pod",
        "health_check.method": "it is for HTTP listeners; these are TCP listeners",
        "shared": "Services share a CLB by giving the same id",
    },
)

NLB = Platform(
    provider="alibaba",
    type="nlb",
    title="Alibaba Cloud ACK, Network Load Balancer",
    since="CCM 2.5.0, Kubernetes 1.24",
    prefixes=PREFIXES,
    sources=SOURCES,
    spec={"loadBalancerClass": "alibabacloud.com/nlb"},
    cells={
        "id": Cell("{prefix}-id", pattern=r"nlb-[a-z0-9]+", source="nlb", whole=True, sharing="ports"),
        "override_listeners": Cell(
            "{prefix}-force-override-listeners", words={True: "true", False: "false"}, source="nlb", note="default false"
        ),
        "address": Cell(
            "{prefix}-address-type",
            words={"internet": "internet", "intranet": "intranet"},
            source="nlb",
            whole=True,
            note="default internet",
        ),
        "zones": Cell(
            "{prefix}-zone-maps",
            low=2,
            sharing="never",
            since="CCM 2.5.0 (EIP: 2.12.1)",
            source="nlb",
            whole=True,
            note="zone: vSwitch, or zone: {vswitch, ip, eip}",
        ),
        "name": Cell(
            "{prefix}-name",
            pattern=r"[^\W\d_][\w.-]{1,127}",
            source="nlb",
            whole=True,
            note="2 to 128 letters, digits and ._-, a letter first",
        ),
        "resource_group": Cell("{prefix}-resource-group-id", source="nlb", whole=True, note="fixed once made"),
        "tags": Cell("{prefix}-additional-resource-tags", source="nlb", whole=True),
        "bandwidth_package": Cell("{prefix}-bandwidth-package-id", since="CCM 2.9.1", source="nlb", whole=True),
        "new_connections": Cell("{prefix}-cps", low=0, high=1000000, source="tf", note="of each listener"),
        "scheduler": Cell(
            "{prefix}-scheduler",
            words={word: word for word in ("wrr", "wlc", "rr", "sch", "tch")},
            source="nlb",
            note="default wrr; wlc (fewest connections) suits long media connections",
        ),
        "connection_drain": Cell(
            "{prefix}-connection-drain-timeout",
            low=0,
            high=900,
            also={"{prefix}-connection-drain": "on"},
            off={"{prefix}-connection-drain": "off"},
            source="nlb",
        ),
        "idle_timeout": Cell("{prefix}-idle-timeout", low=10, high=900, source="nlb", note="default 900"),
        "backend": Cell(
            "service.beta.kubernetes.io/backend-type",
            words=NODES_OR_PODS,
            source="ccm",
            note="pods needs Terway; the default is the cluster's",
        ),
        "preserve_client_ip": Cell("{prefix}-preserve-client-ip", words=ON_OFF, source="nlb", note="default on"),
        "external_traffic_policy": Cell("spec.externalTrafficPolicy", words=POLICIES, source="k8s"),
        "node_ports": Cell("spec.allocateLoadBalancerNodePorts", words=BOOLEAN),
        "source_ranges": Cell("spec.loadBalancerSourceRanges", source="ccm", note="by a security group that the CCM makes"),
        "security_groups": Cell("{prefix}-security-group-ids", since="CCM 2.6.0", source="nlb", whole=True),
        "health_check.enabled": Cell("{prefix}-health-check-flag", words=ON_OFF, source="nlb"),
        "health_check.protocol": _check("health-check-type", words={"tcp": "tcp", "http": "http"}, source="nlb", note="default tcp"),
        "health_check.port": _check("health-check-connect-port", low=1, high=65535, source="nlb"),
        "health_check.path": _check("health-check-uri", pattern=r"/.{0,79}", source="nlb"),
        "health_check.domain": _check("health-check-domain", pattern=r"\$SERVER_IP|[a-z0-9.-]{1,80}", source="nlb"),
        "health_check.method": _check("health-check-method", words={"GET": "GET", "HEAD": "HEAD"}, source="nlb"),
        "health_check.status": _check("health-check-httpcode", words=STATUS, source="ccm"),
        "health_check.interval": _check("health-check-interval", low=5, high=50, source="tf", note="default 10"),
        "health_check.timeout": _check("health-check-connect-timeout", low=1, high=300, source="nlb", note="default 5"),
        "health_check.healthy_threshold": _check("healthy-threshold", low=2, high=10, source="nlb", note="default 2"),
        "health_check.unhealthy_threshold": _check("unhealthy-threshold", low=2, high=10, source="nlb", note="default 2"),
    },
    rules=(
        Rule({}, "a new NLB is made in two zones or more; or give the id of an existing one", needs={"zones": ...}, unless="id"),
        Rule({"override_listeners": ...}, "only an existing load balancer has listeners that could be overridden", needs={"id": ...}),
        Rule(
            {"source_ranges": ...},
            "the CCM sets them on load balancers that it made itself only; give the existing one security groups",
            excludes={"id": ...},
        ),
        Rule({"bandwidth_package": ...}, "a private load balancer carries no internet traffic", excludes={"address": "intranet"}),
        Rule({"node_ports": False}, "the load balancer reaches nodes by their node ports", needs={"backend": "pods"}),
        Rule(
            {"health_check.port": ...},
            "a node listens on node ports only, and those are checked by themselves",
            needs={"backend": "pods"},
        ),
        *_http_only("path", "domain", "method", "status"),
    ),
    missing={
        "class": "the class of an NLB is alibabacloud.com/nlb",
        "spec": "an NLB has no size",
        "instance_charge_type": "an NLB is always paid by use",
        "charge_type": "an NLB's bandwidth belongs to its EIPs, or to a bandwidth_package",
        "bandwidth": "an NLB's bandwidth belongs to its EIPs, or to a bandwidth_package",
        "ip": "an NLB has one address in each zone: zones: {zone: {vswitch, ip}}",
        "vswitch_id": "an NLB has a vSwitch in each zone: zones",
        "master_zone": "an NLB is active in all its zones",
        "slave_zone": "an NLB is active in all its zones",
        "acl.id": "an NLB knows who may connect from security_groups or source_ranges",
        "acl.type": "an NLB knows who may connect from security_groups or source_ranges",
        "shared": "Services share an NLB by giving the same id",
    },
)
