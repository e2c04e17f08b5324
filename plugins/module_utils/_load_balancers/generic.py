# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any Kubernetes: what a Service of type LoadBalancer says without annotations."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import table_parts
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    MOVED,
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
        "ip_version": table_parts.ip_version("k8s"),
        "class": table_parts.load_balancer_class("concept"),
        "external_traffic_policy": table_parts.traffic_policy("k8s"),
        "node_ports": table_parts.node_ports("concept", "false only where the load balancer reaches pods without them"),
        "source_ranges": Cell("spec.loadBalancerSourceRanges", source="k8s", note="not every controller heeds it"),
    },
    rules=(Rule({"ip_version": ...}, "the address says it", excludes={"ip": ...}),),
)
