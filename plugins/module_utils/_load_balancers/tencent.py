# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tencent Cloud TKE: Cloud Load Balancer (CLB)."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    BOOLEAN,
    CLASS_NAME,
    POLICIES,
    Cell,
    Platform,
    Rule,
)

TRUE_FALSE = {True: "true", False: "false"}
ONCE = "said when the load balancer is made, and never changed"

TENCENT = Platform(
    provider="tencent",
    title="Tencent Cloud TKE",
    sources={
        "tke": "https://www.tencentcloud.com/document/product/457/39142 (Service Annotation)",
        "share": "https://www.tencentcloud.com/document/product/457/38336 (several Services on one CLB)",
        "k8s": "https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/",
    },
    cells={
        "id": Cell(
            "service.kubernetes.io/tke-existed-lbid",
            pattern=r"lb-[a-z0-9]+",
            source="tke",
            whole=True,
            sharing="asked",
            note="never one that TKE made",
        ),
        "shared": Cell(
            "service.kubernetes.io/qcloud-share-existed-lb",
            words=TRUE_FALSE,
            source="share",
            note="clusters made from August 2020 to 2024 need it switched on by Tencent",
        ),
        "address": Cell(
            words={"internet": "internet", "intranet": "intranet"},
            source="tke",
            whole=True,
            note="default internet; intranet is said by subnet",
        ),
        "subnet": Cell("service.kubernetes.io/qcloud-loadbalancer-internal-subnetid", pattern=r"subnet-[a-z0-9]+", source="tke"),
        "charge_type": Cell(
            "service.kubernetes.io/qcloud-loadbalancer-internet-charge-type",
            source="tke",
            words={"paybytraffic": "TRAFFIC_POSTPAID_BY_HOUR", "paybybandwidth": "BANDWIDTH_POSTPAID_BY_HOUR"},
            note=ONCE,
        ),
        "bandwidth": Cell(
            "service.kubernetes.io/qcloud-loadbalancer-internet-max-bandwidth-out", low=1, high=2048, source="tke", note=ONCE
        ),
        "backend": Cell("service.cloud.tencent.com/direct-access", words={"nodes": "false", "pods": "true"}, source="tke"),
        "connection_drain": Cell(
            "service.cloud.tencent.com/enable-grace-shutdown",
            words={"on": "true", "off": "false"},
            source="tke",
            note="lasts as long as the pod does",
        ),
        "security_groups": Cell("service.cloud.tencent.com/security-groups", low=1, high=5, source="tke", whole=True),
        "service_config": Cell(
            "service.cloud.tencent.com/tke-service-config",
            pattern=r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
            source="tke",
            note="in the namespace of the Service",
        ),
        "class": Cell("spec.loadBalancerClass", pattern=CLASS_NAME, source="k8s", note="fixed once made"),
        "external_traffic_policy": Cell("spec.externalTrafficPolicy", words=POLICIES, source="k8s"),
        "node_ports": Cell("spec.allocateLoadBalancerNodePorts", words=BOOLEAN),
    },
    rules=(
        Rule({"shared": True}, "only a load balancer of your own can be shared", needs={"id": ...}),
        Rule({"address": "intranet"}, "TKE makes a private load balancer in a subnet", needs={"subnet": ...}, unless="id"),
        Rule({"subnet": ...}, "a subnet makes the load balancer private", needs={"address": "intranet"}),
        Rule({"subnet": ...}, "an existing load balancer has its address", excludes={"id": ...}),
        Rule({"bandwidth": ...}, "TKE takes them together", needs={"charge_type": ...}),
        Rule({"charge_type": ...}, "TKE takes them together", needs={"bandwidth": ...}),
        Rule({"bandwidth": ...}, ONCE, excludes={"id": ...}),
        Rule({"bandwidth": ...}, "a private load balancer carries no internet traffic", excludes={"address": "intranet"}),
        Rule({"connection_drain": "on"}, "it works only for pods that are backends themselves", needs={"backend": "pods"}),
        Rule({"node_ports": False}, "the load balancer reaches nodes by their node ports", needs={"backend": "pods"}),
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
