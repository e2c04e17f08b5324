# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alibaba Cloud ACK, Network Load Balancer (NLB)."""

from __future__ import annotations

from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import alibaba, table_parts
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    FOLLOWED,
    IGNORED,
    STUCK,
    Cell,
    Platform,
    Rule,
)

# The longest silence that a UDP listener may be told to bear, in seconds.
MAX_UDP_IDLE = 20


def _check(suffix: str, **rest: Any) -> Cell:
    """A part of a health check: the controller reads it only where the check is switched on in so many words."""
    return Cell(f"{{prefix}}-{suffix}", also={"{prefix}-health-check-flag": "on"}, **rest)


CHECKS: dict[str, Cell] = {
    "health_check.enabled": Cell("{prefix}-health-check-flag", words=table_parts.ON_OFF, default="on", source="nlb", note="default true"),
    "health_check.protocol": _check(
        "health-check-type", words={"tcp": "tcp", "http": "http"}, default="tcp", source="nlb", note="default tcp, of UDP ports, too"
    ),
    "health_check.port": _check("health-check-connect-port", low=1, high=65535, source="nlb"),
    "health_check.path": _check("health-check-uri", pattern=r"/[A-Za-z0-9/.%?#&=-]{0,79}", source="sdk"),
    "health_check.domain": _check("health-check-domain", pattern=r"\$SERVER_IP|[a-z0-9.-]{1,80}", source="nlb"),
    "health_check.method": _check(
        "health-check-method", words={"GET": "GET", "HEAD": "HEAD"}, default="GET", source="nlb", note="default GET"
    ),
    "health_check.status": _check("health-check-httpcode", words=alibaba.STATUS, source="ccm"),
    "health_check.interval": _check("health-check-interval", low=1, high=50, default="5", source="sdk", note="default 5"),
    "health_check.timeout": _check("health-check-connect-timeout", low=1, high=300, default="5", source="nlb", note="default 5"),
    "health_check.healthy_threshold": _check("healthy-threshold", low=2, high=10, default="2", source="nlb", note="default 2"),
    "health_check.unhealthy_threshold": _check("unhealthy-threshold", low=2, high=10, default="2", source="nlb", note="default 2"),
}
# What is set in server groups, and what in listeners.
OF_GROUPS = ("scheduler", "connection_drain", "preserve_client_ip", *CHECKS)
OF_LISTENERS = ("idle_timeout", "new_connections", "tls.certificates", "tls.ports", "tls.policy")

NLB = Platform(
    provider="alibaba",
    type="nlb",
    title="Alibaba Cloud ACK, Network Load Balancer",
    since="CCM 2.5.0, Kubernetes 1.24",
    prefixes=alibaba.PREFIXES,
    sources=alibaba.SOURCES,
    removal=IGNORED,
    spec={"loadBalancerClass": "alibabacloud.com/nlb"},
    cells={
        "id": alibaba.existing(r"nlb-[a-z0-9]+", "nlb", "never one that the CCM made and still has"),
        "override_listeners": alibaba.OVERRIDE_LISTENERS,
        "server_groups": alibaba.server_groups(r"sgp-[a-z0-9]+", "CCM 2.9.1"),
        "weight": alibaba.WEIGHT,
        "preserve": alibaba.PRESERVE,
        "address": Cell(
            "{prefix}-address-type", words=alibaba.ADDRESSES, default="internet", source="nlb", whole=True, note="default internet"
        ),
        "ip_version": Cell(
            "{prefix}-ip-version",
            words={"ipv4": "ipv4", "dualstack": "DualStack"},
            default="ipv4",
            change=STUCK,
            source="nlb",
            whole=True,
            note="default ipv4; dualstack needs kube-proxy with IPVS",
        ),
        "ipv6_address": Cell(
            "{prefix}-ipv6-address-type",
            words=alibaba.ADDRESSES,
            default="intranet",
            since="CCM 2.9.1",
            source="nlb",
            whole=True,
            note="default intranet; internet needs an IPv6 gateway in the VPC",
        ),
        "zones": Cell(
            "{prefix}-zone-maps",
            fewer=IGNORED,
            sharing="never",
            since="CCM 2.5.0 (EIP: 2.12.1)",
            source="nlb",
            whole=True,
            note="zone: vSwitch, or zone: {vswitch, ip, eip}; two or more where the region has them; "
            "one is taken away only together with a change of another",
        ),
        "cross_zone": Cell(
            "{prefix}-cross-zone-enabled",
            words=table_parts.ON_OFF,
            since="CCM 2.13.0",
            source="ccm",
            whole=True,
        ),
        "name": alibaba.NAME,
        "resource_group": Cell("{prefix}-resource-group-id", change=STUCK, source="nlb", whole=True),
        "tags": Cell("{prefix}-additional-resource-tags", source="nlb", whole=True),
        "bandwidth_package": Cell(
            "{prefix}-bandwidth-package-id",
            pattern=r"cbwp-[a-z0-9]+",
            words={"none": ""},
            default="",
            since="CCM 2.9.1",
            source="nlb",
            whole=True,
            note="none takes it out of one",
        ),
        "new_connections": Cell("{prefix}-cps", low=0, high=1000000, default="0", source="sdk", note="of each listener in each zone"),
        "scheduler": Cell(
            "{prefix}-scheduler",
            words={word: word for word in ("wrr", "wlc", "rr", "sch", "tch")},
            default="wrr",
            source="nlb",
            note="default wrr; wlc (fewest connections) suits long media connections, sch sends a viewer's address to the same backend",
        ),
        "connection_drain": alibaba.connection_drain("nlb"),
        "idle_timeout": Cell(
            "{prefix}-idle-timeout", low=10, high=900, default="900", source="nlb", note="default 900; 10 to 20 where there is a UDP port"
        ),
        "backend": alibaba.BACKEND,
        "backend_labels": alibaba.BACKEND_LABELS,
        "remove_unscheduled": alibaba.REMOVE_UNSCHEDULED,
        "ignore_weight_update": alibaba.IGNORE_WEIGHT_UPDATE,
        "preserve_client_ip": Cell(
            "{prefix}-preserve-client-ip", words=table_parts.ON_OFF, default="on", source="nlb", note="default true, but never at tls.ports"
        ),
        "external_traffic_policy": alibaba.TRAFFIC_POLICY,
        "node_ports": alibaba.NODE_PORTS,
        "source_ranges": Cell(
            "spec.loadBalancerSourceRanges",
            pattern=table_parts.IPV4,
            removal=FOLLOWED,
            since="CCM 2.14.0",
            source="ccm",
            note="IPv4, by a security group that the CCM makes",
        ),
        "security_groups": Cell(
            "{prefix}-security-group-ids",
            low=0,
            default="",
            since="CCM 2.6.0",
            source="nlb",
            whole=True,
            note="[] takes it out of all groups",
        ),
        "tls.certificates": Cell(
            "{prefix}-cert-id",
            rest="{prefix}-additional-cert-ids",
            pattern=r"[\w-]+",
            removal=FOLLOWED,
            since="CCM 2.5.0 (several: 2.13.0)",
            source="nlb",
            note="ids of the Certificate Management Service",
        ),
        "tls.ports": Cell("{prefix}-protocol-port", entry="TCPSSL:{value}", low=1, high=65535, removal=FOLLOWED, source="nlb"),
        "tls.policy": Cell(
            "{prefix}-tls-cipher-policy",
            pattern=r"tls_cipher_policy_1_[012]|tls_cipher_policy_1_2_strict(_with_1_3)?|tls-[a-z0-9]+",
            default="tls_cipher_policy_1_0",
            source="nlb",
            note="default tls_cipher_policy_1_0; or one of your own",
        ),
        **CHECKS,
    },
    outcomes=(alibaba.GIVES_UP_LISTENERS,),
    rules=(
        Rule({}, "a new NLB is made in zones, each with its vSwitch; or give the id of an existing one", needs={"zones": ...}, unless="id"),
        *alibaba.REUSE,
        alibaba.listeners_are_yours(*OF_LISTENERS, *OF_GROUPS),
        Rule({"server_groups": ...}, "the server groups are yours: set it there", excludes=dict.fromkeys(OF_GROUPS, ...)),
        Rule(
            {"source_ranges": ...},
            "the CCM sets them on load balancers that it made itself only; give the existing one security groups",
            excludes={"id": ...},
        ),
        *table_parts.internet_only("bandwidth_package"),
        Rule({"ipv6_address": ...}, "only then it has an IPv6 address", needs={"ip_version": "dualstack"}, unless="id"),
        Rule({"tls.ports": ...}, "TLS needs a certificate", needs={"tls.certificates": ...}),
        Rule({"tls.certificates": ...}, "no port speaks TLS otherwise", needs={"tls.ports": ...}),
        Rule({"tls.policy": ...}, "no port speaks TLS otherwise", needs={"tls.ports": ...}),
        Rule(
            {"tls.ports": ...},
            "where TLS ends at the NLB, the connection to the pods is its own",
            excludes={"preserve_client_ip": True},
        ),
        *alibaba.BACKENDS,
        *table_parts.http_only("path", "domain", "method", "status", protocols="http"),
    ),
    missing={
        "class": "the class of an NLB is alibabacloud.com/nlb",
        "spec": "an NLB has no size",
        "instance_charge_type": "an NLB is always paid by use",
        "charge_type": "an NLB's bandwidth belongs to its EIPs, or to a bandwidth_package",
        "bandwidth": "an NLB's bandwidth belongs to its EIPs, or to a bandwidth_package",
        "ip": "an NLB has one address in each zone: zones: {zone: {vswitch, ip}}",
        "show_address": "the status of an NLB always has its host name, which leads to its EIPs: zones: {zone: {vswitch, eip}}",
        "hostname": "the status of an NLB always has its own host name; let yours be an alias (CNAME) of it",
        "vswitch_id": "an NLB has a vSwitch in each zone: zones",
        "master_zone": "an NLB is active in all its zones",
        "slave_zone": "an NLB is active in all its zones",
        "acl": "an NLB knows who may connect from security_groups or source_ranges",
        "persistence": "an NLB sends a viewer's address to the same backend by scheduler: sch",
        "delete_protection": "what the CCM makes is protected, and deleted by the CCM alone; protect an existing one where it was made",
        "modification_protection": "what the CCM makes is protected; protect an existing one where it was made",
        "shared": "Services share an NLB by giving the same id",
    },
)
