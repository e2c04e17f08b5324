# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No load balancer: a Service of type NodePort, for whoever brings a load balancer of their own or none at all."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import table_parts
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    Cell,
    Platform,
)

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
        "external_traffic_policy": table_parts.traffic_policy("concept"),
        "ip_version": table_parts.ip_version("concept"),
    },
    missing={
        "node_ports": "the Service always has node ports; their numbers are said by ports",
        "id": "there is no load balancer; name a provider that has one",
        "address": "there is no load balancer; name a provider that has one",
        "source_ranges": "nothing in front of the pods heeds it; use network policies",
    },
)
