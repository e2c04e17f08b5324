# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Huawei Cloud CCE, and clouds built on it such as the Open Telekom Cloud: Elastic Load Balance (ELB)."""

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

ELB = "kubernetes.io/elb"
MADE = f"{ELB}.autocreate"
CHECK = f"{ELB}.health-check-option"
SHARED = {"dedicated": False}
PUBLIC = {"address": "internet"}
MAKES = ("address", "bandwidth", "charge_type", "isp", "subnet", "ip", "availability_zones", "spec", "name", "tags", "resource_group")
CHECKS = ("protocol", "path", "interval", "timeout", "unhealthy_threshold")


def _made(attribute: str, **rest: Any) -> Cell:
    """A part of what is said when the load balancer is made, and never changed."""
    return Cell(MADE, attribute=attribute, json=True, **{"change": IGNORED, "removal": IGNORED, "source": "cce", **rest})


def _check(attribute: str, **rest: Any) -> Cell:
    """A part of the check that all ports have: CCE reads it only where the check is switched on in so many words."""
    return Cell(CHECK, attribute=attribute, json=True, quoted=True, also={f"{ELB}.health-check-flag": "on"}, source="cce", **rest)


HUAWEI = Platform(
    provider="huawei",
    title="Huawei Cloud CCE, Elastic Load Balance (ELB)",
    removal=IGNORED,
    sources={
        "cce": "https://support.huaweicloud.com/intl/en-us/usermanual-cce/cce_10_0385.html",
        "making": "https://support.huaweicloud.com/intl/en-us/usermanual-cce/cce_10_0681.html",
        "acl": "https://support.huaweicloud.com/intl/en-us/usermanual-cce/cce_10_0831.html",
        "idle": "https://support.huaweicloud.com/intl/en-us/usermanual-cce/cce_10_0729.html",
        "tls": "https://support.huaweicloud.com/usermanual-cce/cce_10_0843.html",
        "k8s": "https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/",
    },
    cells={
        "id": Cell(
            f"{ELB}.id",
            pattern=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            whole=True,
            sharing="ports",
            change=STUCK,
            removal=STUCK,
            source="cce",
            note="CCE makes its listeners; fixed once made",
        ),
        "dedicated": Cell(
            f"{ELB}.class",
            words={True: "performance", False: "union"},
            whole=True,
            change=STUCK,
            removal=STUCK,
            default="performance",
            source="cce",
            note="default true; false is a shared load balancer, which isn't sold everywhere any more; fixed once made",
        ),
        "address": _made(
            "type",
            words={"internet": "public", "intranet": "inner"},
            change=STUCK,
            removal=STUCK,
            note="with an EIP of its own, or without one; fixed once made",
        ),
        "charge_type": _made("bandwidth_chargemode", words={"paybytraffic": "traffic", "paybybandwidth": "bandwidth"}),
        "bandwidth": _made("bandwidth_size", low=1, high=2000, note="of its EIP; some regions stop earlier; fixed once made"),
        "isp": _made("eip_type", words={"BGP": "5_bgp", "static_BGP": "5_sbgp"}, note="default BGP"),
        "subnet": _made("vip_subnet_cidr_id", pattern=r"[0-9a-f-]{36}", note="the IPv4 subnet id; default that of the cluster"),
        "ip": _made("vip_address", high=1, pattern=r"[0-9.]+", sharing="never", note="its private IPv4 address"),
        "availability_zones": _made("available_zone", low=1, note="such as cn-north-4a"),
        "spec": _made("l4_flavor_name", pattern=r"L4_flavor\.elb\.[\w.]+", note="L4_flavor.elb.s1.small, ...; elastic without it"),
        "name": _made("name", pattern=r"[\w.-]{1,64}", note="up to 64 letters, digits and ._-; fixed once made"),
        "tags": Cell(f"{ELB}.tags", change=IGNORED, source="cce", note="fixed once made"),
        "resource_group": Cell(f"{ELB}.enterpriseID", change=IGNORED, source="cce", note="an enterprise project; fixed once made"),
        "scheduler": Cell(
            f"{ELB}.lb-algorithm",
            words={"wrr": "ROUND_ROBIN", "wlc": "LEAST_CONNECTIONS", "sch": "SOURCE_IP"},
            source="cce",
            note="default wrr; wlc (fewest connections) suits long media connections",
        ),
        "persistence": Cell(
            f"{ELB}.session-affinity-option",
            attribute="persistence_timeout",
            json=True,
            quoted=True,
            low=60,
            high=3600,
            divisor=60,
            also={f"{ELB}.session-affinity-mode": "SOURCE_IP"},
            source="cce",
            note="whole minutes, written as minutes",
        ),
        "idle_timeout": Cell(f"{ELB}.keepalive_timeout", low=10, high=4000, source="idle", note="default 300; of UDP, too"),
        "preserve_client_ip": Cell(
            f"{ELB}.transparent-client-ip",
            words=table_parts.TRUE_FALSE,
            source="cce",
            note="for dedicated: false; a dedicated one always shows the viewer's address",
        ),
        "external_traffic_policy": table_parts.traffic_policy(
            "making", removal=FOLLOWED, note="in a CCE Turbo cluster pods are backends anyway"
        ),
        "node_ports": table_parts.node_ports("k8s", "false only in a CCE Turbo cluster", removal=FOLLOWED),
        "acl.enabled": Cell(f"{ELB}.acl-status", words=table_parts.ON_OFF, source="acl", note="default true with acl.id"),
        "acl.id": Cell(
            f"{ELB}.acl-id",
            pattern=r"[0-9a-f-]{36}(,[0-9a-f-]{36}){0,4}",
            source="acl",
            note="IP address groups; a dedicated one takes up to 5",
        ),
        "acl.type": Cell(f"{ELB}.acl-type", words={"white": "white", "black": "black"}, source="acl"),
        "tls.certificates": Cell(f"{ELB}.cert-id", low=1, high=1, source="tls", note="the id at the ELB"),
        "tls.ports": Cell(f"{ELB}.protocol-port", entry="tls:{value}", low=1, high=65535, source="tls"),
        "health_check.enabled": Cell(f"{ELB}.health-check-flag", words=table_parts.ON_OFF, source="cce", note="default true"),
        "health_check.protocol": _check("protocol", words={"tcp": "TCP", "http": "HTTP"}, note="default that of the port"),
        "health_check.path": _check("path", pattern=r"/\S{0,79}", note="default /"),
        "health_check.interval": _check("delay", low=1, high=50, note="default 5"),
        "health_check.timeout": _check("timeout", low=1, high=50, note="default 10"),
        "health_check.unhealthy_threshold": _check("max_retries", low=1, high=10, note="default 3; the healthy one is the same"),
    },
    # CCE writes the id of a load balancer that it made.
    not_own={"id": {"address": ...}},
    rules=(
        Rule({"preserve_client_ip": ...}, "a dedicated load balancer always does it", needs=SHARED),
        Rule({}, "CCE makes no load balancer without being told which", needs={"address": ...}, unless="id"),
        *(Rule({name: ...}, "CCE would take the existing load balancer for its own and delete it", excludes={"id": ...}) for name in MAKES),
        *(Rule(PUBLIC, "its EIP has a bandwidth", needs={name: ...}) for name in ("bandwidth", "charge_type")),
        *table_parts.internet_only("bandwidth", "charge_type", "isp"),
        Rule({"address": ...}, "a dedicated load balancer is in zones", needs={"availability_zones": ...}, unless=SHARED),
        *(
            Rule(SHARED, "only a dedicated load balancer has it", excludes={name: ...})
            for name in ("availability_zones", "spec", "tls.ports")
        ),
        Rule({"persistence": ...}, "sch does it by itself", excludes={"scheduler": "sch"}),
        Rule({"persistence": ...}, "the ELB doesn't do both", excludes={"tls.ports": ...}),
        *table_parts.ACL,
        table_parts.CERTIFICATES_OF_PORTS,
        table_parts.PORTS_WITH_CERTIFICATES,
        *table_parts.http_only("path", protocols="http"),
        *(Rule({"udp": True}, "one check is for ports of one protocol", excludes={f"health_check.{name}": ...}) for name in CHECKS),
        Rule({"udp": True, **SHARED}, "a shared load balancer has no such timeout for UDP", excludes={"idle_timeout": ...}),
    ),
    implied=(
        Implied({}, {f"{ELB}.class": "performance"}, "CCE's own default is a shared load balancer", unless="dedicated"),
        *(
            Implied(PUBLIC, {MADE: value}, "an EIP needs it", unless=unless, attribute=attribute)
            for attribute, value, unless in (
                ("bandwidth_name", "cce-bandwidth-srs", ""),
                ("bandwidth_sharetype", "PER", ""),
                ("eip_type", "5_bgp", "isp"),
            )
        ),
        Implied(
            {"external_traffic_policy": "Local"},
            {f"{ELB}.adaptive-weight": "true"},
            "otherwise each node gets as much as every other",
        ),
        Implied({"acl.id": ...}, {f"{ELB}.acl-status": "on"}, "otherwise the list isn't heeded", unless="acl.enabled"),
    ),
    missing={
        "override_listeners": "CCE makes the listeners of an existing load balancer in any case",
        "shared": "several Services may have the same id, on different ports",
        "source_ranges": "an ELB knows who may connect from IP address groups: acl: {id, type}",
        "backend": "CCE Turbo clusters have pods as backends of a dedicated load balancer, others nodes",
        "eips": "an address that stays is that of a load balancer of your own: id",
        "zones": "availability_zones",
        "health_check.port": "CCE checks the port that gets the traffic",
        "health_check.healthy_threshold": "it is the same as unhealthy_threshold",
    },
)
