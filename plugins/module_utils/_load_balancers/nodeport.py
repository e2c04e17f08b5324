# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No load balancer: a Service of type NodePort, for whoever brings a load balancer of their own or none at all."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import FAMILIES, FIRST_FAMILY, POLICIES, Cell, Platform

NODEPORT = Platform(
    provider="nodeport",
    title="No load balancer: a Service of type NodePort, reachable at the addresses of the nodes",
    spec={"type": "NodePort"},
    sources={"concept": "https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport"},
    cells={
        "ports": Cell(
            low=1,
            high=65535,
            source="concept",
            note="without a number Kubernetes picks one; by default they must be from 30000 to 32767",
        ),
        "external_traffic_policy": Cell("spec.externalTrafficPolicy", words=POLICIES, source="concept"),
        "ip_version": Cell(words=FAMILIES, families=True, source="concept", note=FIRST_FAMILY),
    },
    missing={
        "node_ports": "the Service always has node ports; their numbers are said by ports",
        "id": "there is no load balancer; name a provider that has one",
        "address": "there is no load balancer; name a provider that has one",
        "source_ranges": "nothing in front of the pods heeds it; use network policies",
    },
)
