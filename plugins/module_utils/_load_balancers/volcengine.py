# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volcengine VKE, and BytePlus outside of China: Cloud Load Balancer (CLB)."""

from __future__ import annotations

from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import table_parts
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    FOLLOWED,
    IGNORED,
    STUCK,
    Cell,
    Implied,
    Platform,
    Rule,
)

VOLC = "service.beta.kubernetes.io/volcengine-loadbalancer"
ONCE = "fixed once made"


def _once(suffix: str, **rest: Any) -> Cell:
    """What is said when the load balancer is made, and never changed."""
    return Cell(f"{VOLC}-{suffix}", change=IGNORED, removal=IGNORED, source="vke", **rest)


def _check(suffix: str, **rest: Any) -> Cell:
    """A part of the health check, which is off by default."""
    return Cell(f"{VOLC}-{suffix}", also={f"{VOLC}-health-check-flag": "on"}, source="vke", **rest)


VOLCENGINE = Platform(
    provider="volcengine",
    title="Volcengine VKE and BytePlus VKE, Cloud Load Balancer (CLB)",
    removal=IGNORED,
    sources={
        "vke": "https://docs.byteplus.com/en/docs/vke/Configuring-a-LoadBalancer-Service-using-annotations",
        "clb": "https://www.volcengine.com/docs/6406/68067 (schedulers), 68063 (sizes), 68991 (access control)",
        "k8s": "https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/",
    },
    cells={
        "id": Cell(
            f"{VOLC}-id",
            pattern=r"clb-[a-z0-9]+",
            whole=True,
            sharing="ports",
            change=STUCK,
            removal=STUCK,
            source="vke",
            note="made by hand, never by VKE; VKE makes its listeners; fixed once made",
        ),
        "address": Cell(
            f"{VOLC}-address-type",
            words={"internet": "PUBLIC", "intranet": "PRIVATE"},
            whole=True,
            change=STUCK,
            removal=STUCK,
            default="PUBLIC",
            source="vke",
            note="default internet; fixed once made",
        ),
        "subnet": Cell(
            f"{VOLC}-subnet-id",
            pattern=r"subnet-[a-z0-9]+",
            change=STUCK,
            removal=STUCK,
            source="vke",
            note="of a load balancer on the internet, too; fixed once made",
        ),
        "isp": _once("isp-type", words={"BGP": "BGP"}, note="default BGP; whatever else your account has: annotations"),
        "master_zone": _once("master-zone-id", note=ONCE),
        "slave_zone": _once("slave-zone-id", note=ONCE),
        "name": _once("name", pattern=r"[^\W\d_][\w.-]{0,127}", note="up to 128 letters, digits and ._-, a letter first; fixed once made"),
        "spec": _once(
            "spec",
            words={size: size for size in ("small_1", "small_2", "medium_1", "medium_2", "large_1", "large_2")},
            note=f"default small_1; {ONCE}",
        ),
        "instance_charge_type": Cell(
            f"{VOLC}-billing-type", words={"PayBySpec": 2, "PayByCLCU": 3}, source="vke", note="default PayBySpec; PayByCLCU is by use"
        ),
        "charge_type": _once("eip-billing-type", words={"paybybandwidth": 2, "paybytraffic": 3}, note=f"default paybytraffic; {ONCE}"),
        "bandwidth": _once("bandwidth", low=1, high=500, note=f"default 1, which is far too little for video; {ONCE}"),
        "bandwidth_package": Cell(f"{VOLC}-eip-BandwidthPackageId", source="vke", note="instead of charge_type"),
        "modification_protection": Cell(
            f"{VOLC}-modification-protection-status",
            words={True: "ConsoleProtection", False: "NonProtection"},
            source="vke",
            note="default true",
        ),
        "scheduler": _once(
            "scheduler",
            words={"wrr": "wrr", "wlc": "wlc", "sch": "sh"},
            note=f"default wrr; wlc (fewest connections) suits long media connections; {ONCE}",
        ),
        "backend": Cell(
            f"{VOLC}-pass-through",
            words={"nodes": "false", "pods": "true"},
            removal=FOLLOWED,
            source="vke",
            note="default nodes; pods needs VPC-CNI",
        ),
        "class": table_parts.load_balancer_class("k8s", "volcengine.com/clb where VKE asks for one; fixed once made"),
        "external_traffic_policy": table_parts.traffic_policy("k8s", removal=FOLLOWED),
        "node_ports": table_parts.node_ports("k8s", removal=FOLLOWED),
        "acl.enabled": Cell(f"{VOLC}-acl-status", words=table_parts.ON_OFF, source="vke", note="default true with acl.id"),
        "acl.id": Cell(
            f"{VOLC}-acl-id",
            pattern=r"acl-[a-z0-9]+(,acl-[a-z0-9]+){0,4}",
            source="vke",
            note="up to 5, with commas between",
        ),
        "acl.type": Cell(f"{VOLC}-acl-type", words={"white": "white", "black": "black"}, source="vke"),
        "health_check.enabled": Cell(f"{VOLC}-health-check-flag", words=table_parts.ON_OFF, source="vke", note="default false"),
        "health_check.interval": _check("health-check-interval", low=1, high=300, note="default 2"),
        "health_check.timeout": _check("health-check-connect-timeout", low=1, high=60, note="default 2"),
        "health_check.healthy_threshold": _check("healthy-threshold", low=3, high=10, note="default 3"),
        "health_check.unhealthy_threshold": _check("unhealthy-threshold", low=3, high=10, note="default 3"),
    },
    rules=(
        Rule({}, "VKE makes a load balancer in a subnet", needs={"subnet": ...}, unless="id"),
        *(
            Rule({name: ...}, "an existing load balancer has its own", excludes={"id": ...})
            for name in (
                "subnet",
                "address",
                "isp",
                "master_zone",
                "slave_zone",
                "name",
                "spec",
                "charge_type",
                "bandwidth",
                "bandwidth_package",
            )
        ),
        *table_parts.internet_only("isp", "charge_type", "bandwidth", "bandwidth_package"),
        Rule({"slave_zone": ...}, "the standby half goes with an active one", needs={"master_zone": ...}),
        Rule({"bandwidth_package": ...}, "it says how traffic is paid", excludes={"charge_type": ...}),
        table_parts.SIZE_IS_PAID,
        table_parts.NODE_PORTS_OR_PODS,
        *table_parts.ACL,
    ),
    implied=(Implied({"acl.id": ...}, {f"{VOLC}-acl-status": "on"}, "otherwise the list isn't heeded", unless="acl.enabled"),),
    missing={
        "override_listeners": "VKE makes the listeners of an existing load balancer in any case",
        "source_ranges": "a CLB knows who may connect from an access control list: acl: {id, type}",
        "tags": "VKE sets none",
        "idle_timeout": "VKE doesn't set it",
        "connection_drain": "VKE doesn't set it",
        "health_check.protocol": "VKE checks by the protocol of the port",
        "health_check.port": "VKE checks the port that gets the traffic",
        "health_check.path": "VKE checks by the protocol of the port",
    },
)
