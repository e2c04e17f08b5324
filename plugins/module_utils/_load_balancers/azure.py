# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure AKS: standard load balancer, by the Azure cloud provider."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import table_parts
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    FOLLOWED,
    IGNORED,
    MOVED,
    Cell,
    Implied,
    Outcome,
    Platform,
    Rule,
)

BETA = "service.beta.kubernetes.io"
AZURE_LB = f"{BETA}/azure-load-balancer"
PROBE = f"{AZURE_LB}-health-probe"
PORT_PROBE = f"{BETA}/port_{{port}}_health-probe"
DEFAULT_INTERVAL = 5
DEFAULT_PROBES = 2
MAX_PROBE_SECONDS = 120
PROTOCOLS = {"tcp": "tcp", "http": "http", "https": "https"}
NODES_WITHOUT_PODS = "Kubernetes' own health check finds the nodes without pods, and without a check they would get traffic and drop it"
ONLY_THESE = {f"{BETA}/azure-deny-all-except-load-balancer-source-ranges": "true"}

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
        "address": Cell(
            f"{AZURE_LB}-internal",
            words={"internet": "false", "intranet": "true"},
            change=MOVED,
            removal=MOVED,
            default="false",
            source="code",
            note="default internet",
        ),
        "subnet": Cell(f"{AZURE_LB}-internal-subnet", change=MOVED, removal=IGNORED, source="code", note="its name"),
        "ip": Cell(
            f"{AZURE_LB}-ip{{family}}",
            high=2,
            families=True,
            sharing="ports",
            change=MOVED,
            removal=MOVED,
            source="code",
            note="Services on different ports may have the same",
        ),
        "ip_version": table_parts.ip_version("code"),
        "public_ip": Cell(
            f"{BETA}/azure-pip-name",
            sharing="ports",
            change=MOVED,
            removal=MOVED,
            source="code",
            note="Services on different ports may have the same",
        ),
        "public_ip_ipv6": Cell(f"{BETA}/azure-pip-name-ipv6", sharing="ports", change=MOVED, removal=MOVED, source="code"),
        "public_ip_prefix": Cell(
            f"{BETA}/azure-pip-prefix-id",
            pattern=r"/subscriptions/\S+/publicIPPrefixes/[^/\s]+",
            change=IGNORED,
            removal=IGNORED,
            source="code",
            note="its full resource id; IPv4",
        ),
        "public_ip_tags": Cell(
            f"{BETA}/azure-pip-ip-tags",
            change=MOVED,
            removal=IGNORED,
            source="code",
            note="such as RoutingPreference: Internet",
        ),
        "dns_label": Cell(
            f"{BETA}/azure-dns-label-name",
            pattern=r"[a-z][a-z0-9-]{1,61}[a-z0-9]",
            sharing="never",
            removal=IGNORED,
            source="code",
            note="gives <label>.<region>.cloudapp.azure.com; once in a region",
        ),
        "resource_group": Cell(
            f"{AZURE_LB}-resource-group", change=MOVED, removal=MOVED, source="code", note="of the public IP, which is looked for there"
        ),
        "tags": Cell(f"{BETA}/azure-pip-tags", removal=IGNORED, source="code", note="of the public IP; those that leave stay on it"),
        "load_balancers": Cell(
            f"{AZURE_LB}-configurations",
            low=1,
            change=MOVED,
            removal=MOVED,
            source="code",
            note="of a cluster with several; a move cuts connections, and changes a private address",
        ),
        "idle_timeout": Cell(
            f"{AZURE_LB}-tcp-idle-timeout",
            low=240,
            high=6000,
            divisor=60,
            source="code",
            note="whole minutes, written as minutes; default 240",
        ),
        "tcp_reset": Cell(f"{AZURE_LB}-disable-tcp-reset", words={True: "false", False: "true"}, source="code", note="default true"),
        "external_traffic_policy": table_parts.traffic_policy("doc"),
        "node_ports": table_parts.node_ports("doc"),
        "source_ranges": Cell("spec.loadBalancerSourceRanges", source="code"),
        "service_tags": Cell(f"{BETA}/azure-allowed-service-tags", low=1, source="code", note="such as AzureFrontDoor.Backend"),
        "health_check.protocol": Cell(
            f"{PROBE}-protocol", words=PROTOCOLS, source="code", note="default tcp; a port's appProtocol comes first"
        ),
        "health_check.port": Cell(
            f"{PORT_PROBE}_port",
            low=1,
            high=65535,
            protocols=("TCP",),
            service_port=True,
            source="code",
            note="a port of the Service, which stands for its node port; any other number would be one of the node",
        ),
        "health_check.path": Cell(f"{PROBE}-request-path", pattern=r"/\S*", source="doc"),
        "health_check.ports": Cell(
            f"{PORT_PROBE}_{{setting}}",
            settings={
                "protocol": Cell(f"{PORT_PROBE}_protocol", words=PROTOCOLS),
                "path": Cell(f"{PORT_PROBE}_request-path", pattern=r"/\S*"),
                "interval": Cell(f"{PORT_PROBE}_interval", low=5, high=59),
                "unhealthy_threshold": Cell(f"{PORT_PROBE}_num-of-probe", low=2, high=23),
            },
            source="code",
            note="before what is said for all ports",
        ),
        "health_check.enabled": Cell(
            f"{BETA}/port_{{port}}_no_probe_rule", protocols=("TCP",), words={True: "false", False: "true"}, source="code"
        ),
        "health_check.interval": Cell(
            f"{PROBE}-interval", low=5, high=59, source="code", note="default 5; times unhealthy_threshold below 120"
        ),
        "health_check.unhealthy_threshold": Cell(
            f"{PROBE}-num-of-probe", low=2, high=23, source="code", note="default 2; times interval below 120"
        ),
    },
    outcomes=(
        # Private addresses stay, and public ones have a name of their own.
        Outcome("ip", {"ip": None, "address": "true"}, IGNORED),
        Outcome("load_balancers", {"address": None}, FOLLOWED),
        Outcome("load_balancers", {"address": "false"}, FOLLOWED),
    ),
    rules=(
        Rule({"subnet": ...}, "only a private load balancer is in a subnet", needs={"address": "intranet"}),
        Rule({"public_ip": ...}, "a public IP is not a private address", excludes={"address": "intranet"}),
        Rule({"public_ip_ipv6": ...}, "a public IP is not a private address", excludes={"address": "intranet"}),
        Rule({"public_ip_prefix": ...}, "a public IP is not a private address", excludes={"address": "intranet"}),
        Rule({"dns_label": ...}, "only a public IP has a name", excludes={"address": "intranet"}),
        Rule({"public_ip": ...}, "both say the address", excludes={"ip": ...}),
        Rule({"public_ip_ipv6": ...}, "both say the address", excludes={"ip": ...}),
        Rule({"public_ip_ipv6": ...}, "without it the Service is IPv4 alone", needs={"ip_version": ("dualstack", "ipv6")}),
        Rule({"public_ip_prefix": ...}, "the address exists already then", excludes={"public_ip": ..., "ip": ...}),
        Rule({"public_ip_tags": ...}, "they are given to an address when it is made", excludes={"public_ip": ..., "ip": ...}),
        Rule({"service_tags": ...}, "Azure doesn't heed both together", excludes={"source_ranges": ...}),
        Rule(
            {"node_ports": False}, "the health probe of a Service with Cluster uses a node port", needs={"external_traffic_policy": "Local"}
        ),
        Rule({"node_ports": False}, "the probe would ask its node port", excludes={"health_check.port": ...}),
        Rule(
            {"node_ports": False, "address": "intranet"},
            "private IPv6 traffic comes by node ports",
            excludes={"ip_version": ("dualstack", "ipv6")},
        ),
        Rule({"external_traffic_policy": "Local"}, NODES_WITHOUT_PODS, excludes={"health_check.enabled": False}),
        Rule(
            {"external_traffic_policy": "Local"},
            "Kubernetes' own health check of the nodes is used then",
            excludes={"health_check.protocol": ..., "health_check.path": ..., "health_check.ports": ...},
            unless="health_check.port",
        ),
        *table_parts.http_only("path"),
    ),
    implied=(
        Implied({"address": "intranet", "source_ranges": ...}, ONLY_THESE, "otherwise the whole virtual network may connect"),
        Implied({"address": "intranet", "service_tags": ...}, ONLY_THESE, "otherwise the whole virtual network may connect"),
    ),
    missing={
        "id": "the cluster has one load balancer; Services share an address on it: ip or public_ip",
        "shared": "Services share an address by giving the same ip or public_ip",
        "class": "Azure's controller takes only Services without a class; for another controller's use provider generic",
        "bandwidth": "Azure has no limit; limit it at the pods: limit: {bandwidth}",
        "preserve_client_ip": "external_traffic_policy: Local keeps the viewer's address",
    },
)
