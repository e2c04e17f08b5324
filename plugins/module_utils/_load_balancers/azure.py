# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure AKS: standard load balancer, by the Azure cloud provider."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    BOOLEAN,
    CLASS_NAME,
    POLICIES,
    Cell,
    Implied,
    Platform,
    Rule,
)

AZURE_LB = "service.beta.kubernetes.io/azure-load-balancer"
PROBE = f"{AZURE_LB}-health-probe"
DEFAULT_INTERVAL = 5
DEFAULT_PROBES = 2
MAX_PROBE_SECONDS = 120

AZURE = Platform(
    provider="azure",
    title="Azure AKS",
    sources={
        "doc": "https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/",
        "share": "https://cloud-provider-azure.sigs.k8s.io/topics/shared-ip/",
        "code": "https://github.com/kubernetes-sigs/cloud-provider-azure/tree/7b31c76ce2ff602cc2dfec988744d8d0534b448c"
        " (pkg/consts, pkg/provider)",
        "k8s": "https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/",
    },
    cells={
        "address": Cell(f"{AZURE_LB}-internal", words={"internet": "false", "intranet": "true"}, source="doc", note="default internet"),
        "subnet": Cell(f"{AZURE_LB}-internal-subnet", source="doc", note="its name"),
        "ip": Cell(f"{AZURE_LB}-ip{{family}}", high=2, sharing="ports", source="doc", note="Services on different ports may have the same"),
        "public_ip": Cell(
            "service.beta.kubernetes.io/azure-pip-name", sharing="ports", source="doc", note="Services on different ports may have the same"
        ),
        "resource_group": Cell(f"{AZURE_LB}-resource-group", source="doc", note="of the public IP"),
        "tags": Cell("service.beta.kubernetes.io/azure-pip-tags", source="doc", note="of the public IP"),
        "idle_timeout": Cell(
            f"{AZURE_LB}-tcp-idle-timeout",
            low=240,
            high=6000,
            divisor=60,
            source="code",
            note="whole minutes, written as minutes; default 240",
        ),
        "class": Cell("spec.loadBalancerClass", pattern=CLASS_NAME, source="k8s", note="fixed once made"),
        "external_traffic_policy": Cell("spec.externalTrafficPolicy", words=POLICIES, source="doc"),
        "node_ports": Cell("spec.allocateLoadBalancerNodePorts", words=BOOLEAN, source="doc"),
        "source_ranges": Cell("spec.loadBalancerSourceRanges", source="doc"),
        "health_check.protocol": Cell(
            f"{PROBE}-protocol",
            words={"tcp": "tcp", "http": "http", "https": "https"},
            source="code",
            note="default tcp; a port's appProtocol comes first",
        ),
        "health_check.port": Cell(
            "service.beta.kubernetes.io/port_{port}_health-probe_port",
            low=1,
            high=65535,
            source="code",
            note="a port of the Service stands for its node port",
        ),
        "health_check.path": Cell(f"{PROBE}-request-path", pattern=r"/\S*", source="doc"),
        "health_check.enabled": Cell(
            "service.beta.kubernetes.io/port_{port}_no_probe_rule", words={True: "false", False: "true"}, source="doc"
        ),
        "health_check.interval": Cell(
            f"{PROBE}-interval", low=5, high=59, source="code", note="default 5; times unhealthy_threshold below 120"
        ),
        "health_check.unhealthy_threshold": Cell(
            f"{PROBE}-num-of-probe", low=2, high=23, source="code", note="default 2; times interval below 120"
        ),
    },
    rules=(
        Rule({"subnet": ...}, "only a private load balancer is in a subnet", needs={"address": "intranet"}),
        Rule({"public_ip": ...}, "a public IP is not a private address", excludes={"address": "intranet"}),
        Rule({"public_ip": ...}, "both say the address", excludes={"ip": ...}),
        Rule(
            {"node_ports": False}, "the health probe of a Service with Cluster uses a node port", needs={"external_traffic_policy": "Local"}
        ),
        Rule(
            {"external_traffic_policy": "Local"},
            "Kubernetes' own health check of the nodes is used then",
            excludes={"health_check.protocol": ..., "health_check.path": ...},
            unless="health_check.port",
        ),
        Rule({"health_check.path": ...}, "it is a part of an HTTP check", needs={"health_check.protocol": ("http", "https")}),
    ),
    implied=(
        Implied(
            {"address": "intranet", "source_ranges": ...},
            {"service.beta.kubernetes.io/azure-deny-all-except-load-balancer-source-ranges": "true"},
            "otherwise the whole virtual network may connect",
        ),
    ),
    missing={
        "id": "the cluster has one load balancer; Services share an address on it: ip or public_ip",
        "shared": "Services share an address by giving the same ip or public_ip",
        "bandwidth": "Azure has no limit; limit it at the pods: limit: {bandwidth}",
        "preserve_client_ip": "external_traffic_policy: Local keeps the viewer's address",
    },
)
