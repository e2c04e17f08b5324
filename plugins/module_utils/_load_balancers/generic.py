# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any Kubernetes: what a Service of type LoadBalancer says without annotations."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    BOOLEAN,
    CLASS_NAME,
    FAMILIES,
    FIRST_FAMILY,
    IGNORED,
    KEEPS_NODE_PORTS,
    MOVED,
    POLICIES,
    Cell,
    Platform,
    Rule,
)

GENERIC = Platform(
    provider="generic",
    title="Any Kubernetes",
    sources={
        "k8s": "https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/",
        "concept": "https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer",
    },
    cells={
        "ip": Cell(
            "spec.loadBalancerIP",
            high=1,
            families=True,
            sharing="never",
            change=MOVED,
            removal=MOVED,
            source="k8s",
            note="deprecated in Kubernetes 1.24; not every controller heeds it",
        ),
        "ip_version": Cell(words=FAMILIES, families=True, source="k8s", note=FIRST_FAMILY),
        "class": Cell("spec.loadBalancerClass", pattern=CLASS_NAME, source="concept", note="fixed once made"),
        "external_traffic_policy": Cell("spec.externalTrafficPolicy", words=POLICIES, source="k8s"),
        "node_ports": Cell(
            "spec.allocateLoadBalancerNodePorts",
            words=BOOLEAN,
            change=IGNORED,
            default="true",
            source="concept",
            note=f"false only where the load balancer reaches pods without them; {KEEPS_NODE_PORTS}",
        ),
        "source_ranges": Cell("spec.loadBalancerSourceRanges", source="k8s", note="not every controller heeds it"),
    },
    rules=(Rule({"ip_version": ...}, "the address says it", excludes={"ip": ...}),),
)
