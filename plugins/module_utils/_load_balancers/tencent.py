# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tencent Cloud TKE: Cloud Load Balancer (CLB)."""

from __future__ import annotations

from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import table_parts
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    IGNORED,
    STUCK,
    Cell,
    Implied,
    Platform,
    Rule,
)

ONCE = "said when the load balancer is made, and never changed"
MADE = "service.kubernetes.io/service.extensiveParameters"
PROTOCOLS = "service.cloud.tencent.com/specify-protocol"


def _made(attribute: str, **rest: Any) -> Cell:
    """A parameter of the API that makes the load balancer."""
    return Cell(MADE, attribute=attribute, json=True, change=IGNORED, removal=IGNORED, source="api", **rest)


TENCENT = Platform(
    provider="tencent",
    title="Tencent Cloud TKE",
    sources={
        "tke": "https://www.tencentcloud.com/document/product/457/39142 (Service Annotation)",
        "backends": "https://www.tencentcloud.com/document/product/457/36836 (Local mode, which nodes are backends)",
        "protocols": "https://www.tencentcloud.com/document/product/457/39141 (Service Extension Protocol)",
        "api": "https://cloud.tencent.com/document/product/214/30692 (CreateLoadBalancer)",
        "fixed": "https://cloud.tencent.com/document/product/457/90598 (changes that are forbidden)",
        "share": "https://www.tencentcloud.com/document/product/457/38336 (several Services on one CLB)",
        "k8s": "https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/",
    },
    cells={
        "id": Cell(
            "service.kubernetes.io/tke-existed-lbid",
            pattern=r"lb-[a-z0-9]+",
            source="fixed",
            whole=True,
            sharing="asked",
            change=STUCK,
            removal=STUCK,
            note="never one that TKE made; fixed once made",
        ),
        "shared": Cell(
            "service.kubernetes.io/qcloud-share-existed-lb",
            words=table_parts.TRUE_FALSE,
            source="share",
            note="clusters made from August 2020 to 2024 need it switched on by Tencent",
        ),
        "address": Cell(
            words={"internet": "internet", "intranet": "intranet"},
            source="fixed",
            whole=True,
            note="default internet; intranet is said by subnet; fixed once made",
        ),
        "subnet": Cell(
            "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid",
            pattern=r"subnet-[a-z0-9]+",
            change=STUCK,
            removal=STUCK,
            source="fixed",
            note="fixed once made",
        ),
        "ip": _made("Vip", high=1, pattern=r"[0-9.]+", sharing="never", note="IPv4"),
        "ip_version": _made(
            "AddressIPVersion",
            words={"ipv4": "IPV4", "ipv6": "IPv6FullChain", "nat64": "IPV6"},
            note="default ipv4; nat64 turns IPv6 of viewers into IPv4",
        ),
        "isp": _made("VipIsp", words={isp: isp for isp in ("BGP", "CMCC", "CTCC", "CUCC")}, note="default BGP"),
        "availability_zones": _made("ZoneId", low=1, high=1, note="by default TKE's choice"),
        "master_zone": _made("MasterZoneId"),
        "slave_zone": _made("SlaveZoneId"),
        "name": _made("LoadBalancerName", pattern=r"[\w.-]{1,60}", note="up to 60 letters, digits and ._-"),
        "bandwidth_package": _made("BandwidthPackageId", pattern=r"bwp-[a-z0-9]+"),
        "charge_type": Cell(
            "service.kubernetes.io/qcloud-loadbalancer-internet-charge-type",
            source="tke",
            words={"paybytraffic": "TRAFFIC_POSTPAID_BY_HOUR", "paybybandwidth": "BANDWIDTH_POSTPAID_BY_HOUR"},
            change=IGNORED,
            removal=IGNORED,
            note=ONCE,
        ),
        "bandwidth": Cell(
            "service.kubernetes.io/qcloud-loadbalancer-internet-max-bandwidth-out",
            low=1,
            high=2048,
            change=IGNORED,
            removal=IGNORED,
            source="tke",
            note=ONCE,
        ),
        "backend": Cell("service.cloud.tencent.com/direct-access", words={"nodes": "false", "pods": "true"}, source="tke"),
        "backend_labels": Cell("service.kubernetes.io/qcloud-loadbalancer-backends-label", source="backends", note="for backend: nodes"),
        "connection_drain": Cell(
            "service.cloud.tencent.com/enable-grace-shutdown",
            words={"on": "true", "off": "false"},
            source="tke",
            note="lasts as long as the pod does",
        ),
        "security_groups": Cell("service.cloud.tencent.com/security-groups", low=1, high=5, source="tke", whole=True),
        "pass_to_target": Cell(
            "service.cloud.tencent.com/pass-to-target",
            words=table_parts.TRUE_FALSE,
            source="tke",
            whole=True,
            note="otherwise the nodes' groups must let viewers in, too",
        ),
        "tls.certificates": Cell(
            PROTOCOLS,
            attribute="{port}.tls",
            json=True,
            protocols=("TLS",),
            low=1,
            high=1,
            pattern=r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
            source="protocols",
            note="a Secret of the Service's namespace that has the certificate's id in qcloud_cert_id",
        ),
        "tls.ports": Cell(
            PROTOCOLS,
            attribute="{port}.protocol",
            json=True,
            constant=["TCP_SSL"],
            protocols=("TLS",),
            low=1,
            high=65535,
            source="protocols",
        ),
        "service_config": Cell(
            "service.cloud.tencent.com/tke-service-config",
            pattern=r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
            source="tke",
            note="in the namespace of the Service",
        ),
        "class": table_parts.load_balancer_class("k8s"),
        "external_traffic_policy": table_parts.traffic_policy("k8s"),
        "node_ports": table_parts.node_ports("k8s"),
    },
    rules=(
        Rule({"shared": True}, "only a load balancer of your own can be shared", needs={"id": ...}),
        Rule({"address": "intranet"}, "TKE makes a private load balancer in a subnet", needs={"subnet": ...}, unless="id"),
        Rule({"subnet": ...}, "a subnet makes the load balancer private", needs={"address": "intranet"}),
        Rule({"subnet": ...}, "an existing load balancer has its address", excludes={"id": ...}),
        *(
            Rule({name: ...}, ONCE, excludes={"id": ...})
            for name in ("ip", "ip_version", "isp", "availability_zones", "master_zone", "name", "bandwidth_package")
        ),
        Rule({"master_zone": ...}, "they are the two halves of the load balancer", needs={"slave_zone": ...}),
        Rule({"slave_zone": ...}, "they are the two halves of the load balancer", needs={"master_zone": ...}),
        Rule({"availability_zones": ...}, "both say the zone", excludes={"master_zone": ...}),
        Rule({"isp": ("CMCC", "CTCC", "CUCC")}, "a carrier's address is paid by a package", needs={"bandwidth_package": ...}),
        Rule({"bandwidth_package": ...}, "it says how much, and how it is paid", excludes={"charge_type": ..., "bandwidth": ...}),
        *table_parts.internet_only("bandwidth_package"),
        Rule({"bandwidth": ...}, "TKE takes them together", needs={"charge_type": ...}),
        Rule({"charge_type": ...}, "TKE takes them together", needs={"bandwidth": ...}),
        Rule({"bandwidth": ...}, ONCE, excludes={"id": ...}),
        *table_parts.internet_only("bandwidth"),
        Rule({"connection_drain": "on"}, "it works only for pods that are backends themselves", needs={"backend": "pods"}),
        table_parts.NODE_PORTS_OR_PODS,
        table_parts.LABELS_OF_NODES,
        Rule({"pass_to_target": True}, "otherwise nothing would decide who may connect", needs={"security_groups": ...}),
        table_parts.CERTIFICATES_OF_PORTS,
        table_parts.PORTS_WITH_CERTIFICATES,
        Rule({"udp": True}, "TKE has TCP and UDP together only with pods as backends", needs={"backend": "pods"}, unless="only_udp"),
    ),
    implied=(
        Implied(
            {"external_traffic_policy": "Local"},
            {
                "service.kubernetes.io/local-svc-only-bind-node-with-pod": "true",
                "service.cloud.tencent.com/local-svc-weighted-balance": "true",
            },
            "otherwise nodes without a pod are backends, too, and each node gets as much as every other",
            unless={"backend": "pods"},
        ),
        Implied(
            {"bandwidth_package": ...},
            {MADE: "BANDWIDTH_PACKAGE"},
            "the package is what is paid for",
            attribute="InternetAccessible.InternetChargeType",
        ),
    ),
    missing={
        "override_listeners": "TKE manages the listeners of an existing load balancer in any case",
        "source_ranges": "TKE knows who may connect from security_groups",
        "acl.id": "TKE knows who may connect from security_groups",
        "acl.type": "TKE knows who may connect from security_groups",
        "health_check": "TKE takes it from a TkeServiceConfig object: service_config",
        "scheduler": "TKE takes it from a TkeServiceConfig object: service_config",
        "idle_timeout": "TKE takes it from a TkeServiceConfig object: service_config",
    },
)
