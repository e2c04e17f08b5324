# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alibaba Cloud ACK, Classic Load Balancer (CLB, once SLB)."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import alibaba, table_parts
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    FOLLOWED,
    IGNORED,
    STUCK,
    Cell,
    Implied,
    Outcome,
    Platform,
    Rule,
)

# Of health checks without a word, in seconds.
DEFAULT_INTERVAL, DEFAULT_TIMEOUT = 2, 5

CHECKS: dict[str, Cell] = {
    "health_check.enabled": Cell(
        "{prefix}-health-check-switch", words=table_parts.ON_OFF, default="on", since="CCM 2.6.0", source="clb", note="default true"
    ),
    "health_check.protocol": Cell(
        "{prefix}-health-check-type",
        words={"tcp": "tcp", "http": "http"},
        default="tcp",
        source="clb",
        note="default tcp; UDP ports are checked by UDP",
    ),
    "health_check.port": Cell("{prefix}-health-check-connect-port", low=1, high=65535, source="ccm"),
    "health_check.path": Cell("{prefix}-health-check-uri", pattern=r"/[A-Za-z0-9_/.%?#&=-]{0,79}", source="tf"),
    "health_check.domain": Cell("{prefix}-health-check-domain", pattern=r"\$_ip|[A-Za-z0-9.-]{1,80}", source="tf"),
    "health_check.status": Cell("{prefix}-health-check-httpcode", words=alibaba.STATUS, source="tf"),
    "health_check.interval": Cell(
        "{prefix}-health-check-interval", low=1, high=50, default=str(DEFAULT_INTERVAL), source="clb", note="default 2"
    ),
    "health_check.timeout": Cell(
        "{prefix}-health-check-connect-timeout",
        low=1,
        high=300,
        default=str(DEFAULT_TIMEOUT),
        source="clb",
        note="default 5; not less than the interval; -health-check-timeout is for HTTP listeners only",
    ),
    "health_check.healthy_threshold": Cell("{prefix}-healthy-threshold", low=2, high=10, default="3", source="clb", note="default 3"),
    "health_check.unhealthy_threshold": Cell("{prefix}-unhealthy-threshold", low=2, high=10, default="3", source="clb", note="default 3"),
}

CLB = Platform(
    provider="alibaba",
    type="clb",
    title="Alibaba Cloud ACK, Classic Load Balancer",
    since="CCM 1.9.3",
    prefixes=alibaba.PREFIXES,
    sources=alibaba.SOURCES,
    removal=IGNORED,
    cells={
        "id": alibaba.existing(r"lb-[a-z0-9-]+", "clb", "never one that the CCM made and still has, nor the API server's"),
        "override_listeners": alibaba.OVERRIDE_LISTENERS,
        "server_groups": alibaba.server_groups(r"rsp-[a-z0-9-]+", "CCM 2.1.0"),
        "weight": alibaba.WEIGHT,
        "preserve": alibaba.PRESERVE,
        "address": Cell(
            "{prefix}-address-type",
            words=alibaba.ADDRESSES,
            default="internet",
            change=STUCK,
            source="clb",
            whole=True,
            note="default internet",
        ),
        "show_address": Cell(
            "{prefix}-external-ip-type",
            words={"eip": "eip"},
            removal=STUCK,
            source="ccm",
            note="the EIP that is bound to a private one, else it is the private address",
        ),
        "hostname": Cell(
            "{prefix}-hostname",
            pattern=r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*",
            removal=FOLLOWED,
            since="CCM 2.3.0",
            source="clb",
            note="a DNS record that you make",
        ),
        "ip": Cell(
            "{prefix}-ip",
            high=1,
            pattern=table_parts.IPV4,
            change=STUCK,
            sharing="never",
            since="CCM 2.7.0",
            source="clb",
            note="out of the vSwitch",
        ),
        "ip_version": Cell(
            "{prefix}-ip-version",
            words={"ipv4": "ipv4", "ipv6": "ipv6"},
            default="ipv4",
            change=STUCK,
            removal=STUCK,
            source="clb",
            whole=True,
            note="default ipv4, so it must be said of an existing one of IPv6, too; ipv6 needs kube-proxy with IPVS",
        ),
        "vswitch_id": Cell("{prefix}-vswitch-id", change=IGNORED, source="clb", whole=True),
        "master_zone": Cell("{prefix}-master-zoneid", change=STUCK, source="clb", whole=True),
        "slave_zone": Cell("{prefix}-slave-zoneid", change=STUCK, source="clb", whole=True),
        "name": alibaba.NAME,
        "resource_group": Cell("{prefix}-resource-group-id", change=STUCK, source="clb", whole=True),
        "tags": Cell("{prefix}-additional-resource-tags", source="clb", whole=True, note="changes: CCM 2.10.0"),
        "spec": Cell(
            "{prefix}-spec",
            pattern=r"slb\.s\d+\.[a-z0-9]+",
            source="clb",
            whole=True,
            note="slb.s1.small, slb.s2.medium, ...; heeded by one that is paid by size, which new ones can't be since June 2025",
        ),
        "instance_charge_type": Cell(
            "{prefix}-instance-charge-type",
            words={"PayBySpec": "PayBySpec", "PayByCLCU": "PayByCLCU"},
            since="CCM 2.4.0",
            source="clb",
            whole=True,
            note="default PayByCLCU since CCM 2.5.0",
        ),
        "charge_type": Cell(
            "{prefix}-charge-type",
            words={"paybytraffic": "paybytraffic", "paybybandwidth": "paybybandwidth"},
            default="paybytraffic",
            source="clb",
            whole=True,
            note="default paybytraffic",
        ),
        "bandwidth": Cell(
            "{prefix}-bandwidth",
            low=1,
            high=5000,
            source="limits",
            whole=True,
            note="some regions stop at 500, 1000 or 2000; a limit only with charge_type: paybybandwidth, else a change is ignored; "
            "a private one has that of its EIP",
        ),
        "scheduler": Cell(
            "{prefix}-scheduler",
            words={"wrr": "wrr", "wlc": "wlc", "rr": "rr"},
            default="rr",
            source="ccm",
            note="default rr; wlc is no longer in Alibaba's documents of the CLB",
        ),
        "connection_drain": alibaba.connection_drain("clb", "CCM 2.0.1"),
        "idle_timeout": Cell(
            "{prefix}-established-timeout",
            low=10,
            high=900,
            default="900",
            since="CCM 2.3.0",
            source="clb",
            note="default 900; not of UDP ports; -idle-timeout is for HTTP listeners only",
        ),
        "persistence": Cell(
            "{prefix}-persistence-timeout", low=0, high=3600, default="0", source="clb", note="default 0; not of UDP ports"
        ),
        "backend": alibaba.BACKEND,
        "backend_labels": alibaba.BACKEND_LABELS,
        "remove_unscheduled": alibaba.REMOVE_UNSCHEDULED,
        "ignore_weight_update": alibaba.IGNORE_WEIGHT_UPDATE,
        "external_traffic_policy": alibaba.TRAFFIC_POLICY,
        "node_ports": alibaba.NODE_PORTS,
        "acl.enabled": Cell(
            "{prefix}-acl-status", words=table_parts.ON_OFF, default="off", source="ccm", note="true as soon as there is an acl.id"
        ),
        "acl.id": Cell("{prefix}-acl-id", source="ccm"),
        "acl.type": Cell("{prefix}-acl-type", words={"white": "white", "black": "black"}, source="ccm"),
        "delete_protection": Cell(
            "{prefix}-delete-protection",
            words=table_parts.ON_OFF,
            source="clb",
            whole=True,
            note="default true of what the CCM makes and deletes",
        ),
        "modification_protection": Cell(
            "{prefix}-modification-protection",
            words={True: "ConsoleProtection", False: "NonProtection"},
            source="clb",
            whole=True,
            note="default true of what the CCM makes",
        ),
        **CHECKS,
    },
    outcomes=(
        alibaba.GIVES_UP_LISTENERS,
        Outcome("show_address", {"show_address": None, "id": None}, FOLLOWED),
        Outcome("bandwidth", {"bandwidth": ..., "charge_type": None}, IGNORED),
        Outcome("bandwidth", {"bandwidth": ..., "charge_type": "paybytraffic"}, IGNORED),
        Outcome("spec", {"spec": ..., "instance_charge_type": None, "id": None}, IGNORED),
    ),
    rules=(
        *alibaba.REUSE,
        alibaba.listeners_are_yours(
            "acl.enabled",
            "acl.id",
            "acl.type",
            "scheduler",
            "connection_drain",
            "idle_timeout",
            "persistence",
            *CHECKS,
        ),
        Rule({"charge_type": "paybybandwidth"}, "else it is the provider's 50 Mbit/s", needs={"bandwidth": ...}),
        *table_parts.internet_only("charge_type"),
        Rule(
            {"bandwidth": ..., "id": ...},
            "the controller passes on the bandwidth of an existing load balancer only then",
            needs={"charge_type": "paybybandwidth"},
        ),
        *table_parts.internet_only("bandwidth"),
        Rule(
            {"show_address": ...},
            "an EIP is bound to a private load balancer; one on the internet has its own address",
            needs={"address": "intranet"},
            unless="id",
        ),
        Rule(
            {"show_address": ...},
            "an EIP is bound to a private load balancer; one on the internet has its own address",
            excludes={"address": "internet"},
        ),
        Rule(
            {"show_address": ...},
            "the EIP has its own bandwidth and price; set them there",
            excludes={"bandwidth": ..., "charge_type": ...},
        ),
        Rule({"show_address": ...}, "the status has either the host name or an address", excludes={"hostname": ...}),
        Rule({"ip_version": "ipv6"}, "that is an IPv4 address", excludes={"show_address": ..., "ip": ...}),
        table_parts.SIZE_IS_PAID,
        Rule({"vswitch_id": ...}, "only a private load balancer is in a vSwitch", needs={"address": "intranet"}),
        Rule({"ip": ...}, "a fixed address comes out of a vSwitch", needs={"vswitch_id": ..., "address": "intranet"}),
        Rule({"ip": ...}, "an existing load balancer has its address", excludes={"id": ...}),
        *table_parts.ACL,
        *(
            Rule(
                {"external_traffic_policy": "Local", **nodes},
                "rr ignores the weights that follow from the pods of each node; wrr uses them, and backend: pods needs none",
                excludes={"scheduler": "rr"},
                unless=unless,
            )
            for nodes, unless in (({"backend": "nodes"}, ""), ({}, "backend"))
        ),
        *alibaba.BACKENDS,
        Rule(
            {"udp": True},
            "a CLB asks a UDP port by UDP, which nothing answers at that port",
            excludes={"health_check.port": ...},
        ),
        *table_parts.http_only("path", "domain", "status", protocols="http"),
    ),
    implied=(
        Implied(
            {"external_traffic_policy": "Local"},
            {"{prefix}-scheduler": "wrr"},
            "a CLB with Local needs weights, and the controller's default rr ignores them",
            unless="scheduler",
        ),
        Implied({"acl.id": ...}, {"{prefix}-acl-status": "on"}, "the list is not heeded otherwise", unless="acl.enabled"),
    ),
    missing={
        "class": "the CCM makes a CLB only for a Service without a class",
        "source_ranges": "a CLB knows who may connect from an access control list: acl: {id, type}",
        "security_groups": "a CLB knows who may connect from an access control list: acl: {id, type}",
        "zones": "a CLB has a master_zone and a slave_zone; zones are of type: nlb",
        "cross_zone": "a CLB is active in its master_zone only",
        "preserve_client_ip": "it keeps the viewer's address up to the node; backend: pods or external_traffic_policy: Local up to the pod",
        "health_check.method": "it is for HTTP listeners; these are TCP listeners",
        "ipv6_address": "a CLB has one address: address",
        "shared": "Services share a CLB by giving the same id",
        "new_connections": "limit connections at the pods: limit: {connections}",
        "tls": "where TLS ends at a CLB it speaks HTTP only; RTMPS and HTTPS end at type: nlb, and HTTPS of HLS at nginx (hls_nginx_https)",
    },
)
