# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MetalLB, for clusters on one's own machines."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import table_parts
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    IGNORED,
    MOVED,
    Cell,
    Platform,
    Rule,
)

METALLB = Platform(
    provider="metallb",
    title="MetalLB",
    prefixes={"new": "metallb.io", "old": "metallb.universe.tf"},
    sources={
        "usage": "https://metallb.io/usage/",
        "code": "https://github.com/metallb/metallb/tree/7938d3f89b8bd808dae2e42d97d6ae7e18e9ed54 (controller/service.go, k8salloc.go)",
        "k8s": "https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/",
    },
    cells={
        "ip": Cell(
            "{prefix}/loadBalancerIPs",
            high=2,
            families=True,
            sharing="asked",
            change=MOVED,
            removal=IGNORED,
            source="code",
            note="with pool: out of that pool",
        ),
        "ip_version": table_parts.ip_version("code"),
        "pool": Cell("{prefix}/address-pool", change=MOVED, removal=IGNORED, source="code"),
        "shared": Cell(
            "{prefix}/allow-shared-ip",
            removal=MOVED,
            source="code",
            note="a key: Services with the same key and different ports may have the same address; a change of the key while others "
            "have the address loses it",
        ),
        "class": table_parts.load_balancer_class("k8s", "what MetalLB's --lb-class says; fixed once made"),
        "external_traffic_policy": table_parts.traffic_policy("usage"),
        "node_ports": table_parts.node_ports("k8s", "false is fine: kube-proxy answers on the address itself"),
        "source_ranges": Cell("spec.loadBalancerSourceRanges", source="k8s", note="enforced by kube-proxy"),
    },
    rules=(Rule({"ip_version": ...}, "the addresses say it", excludes={"ip": ...}),),
    missing={
        "address": "the pool decides from where an address is reachable: pool",
        "bandwidth": "limit it at the pods: limit: {bandwidth}",
        "id": "MetalLB makes no load balancers, it announces addresses: ip",
        "health_check": "MetalLB announces an address from nodes with ready pods",
    },
)
