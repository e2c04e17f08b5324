# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any Kubernetes: what a Service of type LoadBalancer says without annotations."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import BOOLEAN, CLASS_NAME, POLICIES, Cell, Platform

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
            sharing="never",
            source="k8s",
            note="deprecated in Kubernetes 1.24; not every controller heeds it",
        ),
        "class": Cell("spec.loadBalancerClass", pattern=CLASS_NAME, source="concept", note="fixed once made"),
        "external_traffic_policy": Cell("spec.externalTrafficPolicy", words=POLICIES, source="k8s"),
        "node_ports": Cell(
            "spec.allocateLoadBalancerNodePorts",
            words=BOOLEAN,
            source="concept",
            note="false only where the load balancer reaches pods without them",
        ),
        "source_ranges": Cell("spec.loadBalancerSourceRanges", source="k8s", note="not every controller heeds it"),
    },
)
