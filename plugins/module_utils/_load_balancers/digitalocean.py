# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DigitalOcean Kubernetes (DOKS): load balancers of type REGIONAL_NETWORK, by the cloud controller manager."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import table_parts
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    IGNORED,
    MOVED,
    STUCK,
    Cell,
    Platform,
    Rule,
)

DO = "service.beta.kubernetes.io/do-loadbalancer"
CHECK = f"{DO}-healthcheck"
OVERRIDE = {f"{DO}-override-health-check": "true"}

DIGITALOCEAN = Platform(
    provider="digitalocean",
    title="DigitalOcean Kubernetes, pass-through load balancer (REGIONAL_NETWORK)",
    sources={
        "doc": "https://github.com/digitalocean/digitalocean-cloud-controller-manager/blob/master/docs/controllers/services/annotations.md",
        "code": "https://github.com/digitalocean/digitalocean-cloud-controller-manager/tree/70d527e38456469eadcf69624228eeaa4c0fec37"
        " (cloud-controller-manager/do/loadbalancers.go)",
        "k8s": "https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/",
    },
    cells={
        "id": Cell(
            "kubernetes.digitalocean.com/load-balancer-id",
            pattern=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            sharing="never",
            change=MOVED,
            removal=MOVED,
            source="code",
            note="to take over one of another cluster or Service; it is then this Service's own, and deleted with it",
        ),
        "address": Cell(
            f"{DO}-network",
            words={"internet": "EXTERNAL", "intranet": "INTERNAL"},
            change=STUCK,
            removal=STUCK,
            default="EXTERNAL",
            source="doc",
            note="default internet; fixed once made",
        ),
        "ip": Cell(
            f"{DO}-ip",
            high=1,
            sharing="never",
            change=IGNORED,
            removal=IGNORED,
            source="code",
            note="one of your own that you brought to DigitalOcean; fixed once made",
        ),
        "ip_version": Cell(
            f"{DO}-network-stack",
            words={"ipv4": "IPV4", "dualstack": "DUALSTACK"},
            change=STUCK,
            removal=IGNORED,
            source="code",
            note="default dualstack where all nodes have a public IPv6 address; dualstack fails where one hasn't",
        ),
        "subnet": Cell(
            f"{DO}-subnet-uuid", pattern=r"[0-9a-f-]{36}", change=IGNORED, removal=IGNORED, source="doc", note="in private preview"
        ),
        "hostname": Cell(f"{DO}-hostname", pattern=r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", source="code"),
        "name": Cell(
            f"{DO}-name", pattern=r"[A-Za-z0-9][A-Za-z0-9.-]{0,253}[A-Za-z0-9.]", sharing="never", source="doc", note="2 to 255 characters"
        ),
        "spec": Cell(f"{DO}-size-unit", pattern=r"[1-9][0-9]{0,2}", source="doc", note="the number of its nodes; default 1"),
        "preserve": Cell(
            "service.kubernetes.io/do-loadbalancer-disown",
            words={True: "true", False: "false"},
            source="code",
            note="while it is true nothing of the load balancer is changed any more, backends included: set it before the Service goes",
        ),
        "external_traffic_policy": table_parts.traffic_policy("k8s"),
        "node_ports": table_parts.node_ports("code", "false is fine: traffic comes by the port of the Service"),
        "source_ranges": Cell("spec.loadBalancerSourceRanges", source="code"),
        "health_check.protocol": Cell(
            f"{CHECK}-protocol", words={"tcp": "tcp", "http": "http", "https": "https"}, also=OVERRIDE, source="code"
        ),
        "health_check.port": Cell(
            f"{CHECK}-port",
            low=1,
            high=65535,
            service_port=True,
            also=OVERRIDE,
            source="code",
            note="a port of the Service, which stands for its node port; default the first TCP port",
        ),
        "health_check.path": Cell(f"{CHECK}-path", pattern=r"/\S*", also=OVERRIDE, source="code"),
        "health_check.interval": Cell(f"{CHECK}-check-interval-seconds", low=3, high=300, source="doc", note="default 3"),
        "health_check.timeout": Cell(f"{CHECK}-response-timeout-seconds", low=3, high=300, source="doc", note="default 5"),
        "health_check.healthy_threshold": Cell(f"{CHECK}-healthy-threshold", low=2, high=10, source="doc", note="default 5"),
        "health_check.unhealthy_threshold": Cell(f"{CHECK}-unhealthy-threshold", low=2, high=10, source="doc", note="default 3"),
    },
    # The controller writes the id of a load balancer that it made, and deletes one that it took over.
    not_own={"id": {}},
    rules=(
        Rule({"ip": ...}, "it is an address of the internet", excludes={"address": "intranet"}),
        Rule({"ip": ...}, "an existing load balancer has its address", excludes={"id": ...}),
        Rule({"ip_version": "dualstack"}, "a private load balancer is IPv4 alone", excludes={"address": "intranet"}),
        *(
            Rule({"node_ports": False}, "such a check asks a node port", excludes={f"health_check.{name}": ...})
            for name in ("protocol", "port", "path")
        ),
        *table_parts.http_only("path"),
        *(
            Rule({"only_udp": True}, "UDP is checked by a TCP port, and there is none", excludes={f"health_check.{name}": ...})
            for name in ("protocol", "port", "path")
        ),
    ),
    missing={
        "shared": "the controller makes one load balancer for each Service",
        "backend": "traffic comes to the port of the Service on the nodes",
        "class": "the controller takes Services without a class; for another controller's use provider generic",
        "scheduler": "DigitalOcean no longer heeds it",
        "bandwidth": "it has no limit; limit it at the pods: limit: {bandwidth}",
        "tls": "only a load balancer of type REGIONAL ends TLS, and for HTTP only",
        "idle_timeout": "only a load balancer of type REGIONAL has one, for HTTP",
        "preserve_client_ip": "external_traffic_policy: Local keeps the viewer's address",
        "health_check.enabled": "nodes are always checked",
    },
)
