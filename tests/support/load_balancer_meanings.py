# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of load balancers mean to the cloud: which parameter of which API request says them.

Known from Alibaba's SLB, NLB and ECS API; and for AWS from the resources that its controller makes a Service to, whose kinds stand for the
actions. The controllers are held against it by hand, see docs/testing.md. What follows from several options, such as the backends and the
address in the status, is in ``load_balancer_cases``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

BALANCER, LISTENERS, TLS_LISTENERS, GROUPS = "balancer", "listeners", "TLS listeners", "groups"


@dataclass(frozen=True)
class Meaning:
    """How one option is asked for."""

    # What has these parameters: the balancer, each listener, each one where TLS ends, or each server group.
    of: str
    # The action that makes such a thing, and those by one of which the option is changed later; none where it is fixed or not looked at.
    made: str
    changed: tuple[str, ...]
    # The parameters that say a value; lists and mappings as flattened by the SDK.
    parameters: Callable[[Any], Mapping[str, str]]
    # Whether UDP ports have it as well.
    udp: bool = True
    # What a new one is anyway, so that nothing is asked.
    usual: Any = None
    # Values that have an action of their own, whether the balancer is new or not.
    actions: Mapping[Any, str] = field(default_factory=dict)


def flat(name: str, items: list[Any]) -> dict[str, str]:
    """A list as a request has it: Name.1, Name.2, or Name.1.Key where the items are mappings."""
    found: dict[str, str] = {}
    for number, item in enumerate(items, 1):
        entries = item.items() if isinstance(item, Mapping) else [("", item)]
        found.update({f"{name}.{number}{'.' if key else ''}{key}": value for key, value in entries})
    return found


def says(name: str, words: Mapping[Any, str] | None = None) -> Callable[[Any], Mapping[str, str]]:
    def parameters(value: Any) -> Mapping[str, str]:
        return {name: (words or {}).get(value, value if isinstance(value, str) else str(value).lower())}

    return parameters


def _zones(value: Mapping[str, Any]) -> Mapping[str, str]:
    names = {"vswitch": "VSwitchId", "ip": "PrivateIPv4Address", "eip": "AllocationId"}
    rows = []
    for zone, target in value.items():
        parts = target if isinstance(target, Mapping) else {"vswitch": target}
        rows.append({"ZoneId": zone, **{names[key]: part for key, part in parts.items()}})
    return flat("ZoneMappings", rows)


def _tags(value: Mapping[str, str]) -> Mapping[str, str]:
    """Tags have no order: those of whoever compares must be put into this form."""
    return {f"Tag[{key}]": text for key, text in value.items()}


def _drain_clb(value: Any) -> Mapping[str, str]:
    return {"ConnectionDrain": "off"} if value == "off" else {"ConnectionDrain": "on", "ConnectionDrainTimeout": str(value)}


def _drain_nlb(value: Any) -> Mapping[str, str]:
    on = {"ConnectionDrainEnabled": "true", "ConnectionDrainTimeout": str(value)}
    return {"ConnectionDrainEnabled": "false"} if value == "off" else on


def _ip(value: Any) -> Mapping[str, str]:
    return {"Address": value if isinstance(value, str) else value[0]}


def _balancer(
    made: str, changed: str | tuple[str, ...] = (), action: str = "CreateLoadBalancer", words: Mapping[Any, str] | None = None
) -> Meaning:
    return Meaning(BALANCER, action, (changed,) if isinstance(changed, str) else changed, says(made, words))


def _listener(parameters: Callable[[Any], Mapping[str, str]], udp: bool = True) -> Meaning:
    """{protocol} is that of the listener."""
    return Meaning(LISTENERS, "CreateLoadBalancer{protocol}Listener", ("SetLoadBalancer{protocol}ListenerAttribute",), parameters, udp)


def _nlb_listener(parameters: Callable[[Any], Mapping[str, str]], udp: bool = True) -> Meaning:
    return Meaning(LISTENERS, "CreateListener", ("UpdateListenerAttribute",), parameters, udp)


def _group(parameters: Callable[[Any], Mapping[str, str]]) -> Meaning:
    return Meaning(GROUPS, "CreateServerGroup", ("UpdateServerGroupAttribute",), parameters)


def _check(name: str, words: Mapping[Any, str] | None = None) -> Meaning:
    return _group(lambda value: {"HealthCheckConfig.HealthCheckEnabled": "true", **says(f"HealthCheckConfig.{name}", words)(value)})


ON_OFF = {True: "on", False: "off"}
CODES = {f"{n}xx": f"http_{n}xx" for n in (2, 3, 4, 5)}
# How a parameter is spelt in some requests only.
SPELT = {(f"CreateLoadBalancer{protocol}Listener", "HealthCheckInterval"): "healthCheckInterval" for protocol in ("TCP", "UDP")}

CLB: dict[str, Meaning | tuple[Meaning, ...]] = {
    "address": _balancer("AddressType"),
    "ip": Meaning(BALANCER, "CreateLoadBalancer", (), _ip),
    "vswitch_id": _balancer("VSwitchId"),
    "master_zone": _balancer("MasterZoneId"),
    "slave_zone": _balancer("SlaveZoneId"),
    "ip_version": _balancer("AddressIPVersion"),
    "name": _balancer("LoadBalancerName", "SetLoadBalancerName"),
    "resource_group": _balancer("ResourceGroupId"),
    "tags": Meaning(BALANCER, "CreateLoadBalancer", ("TagResources", "UntagResources"), _tags),
    "spec": _balancer("LoadBalancerSpec", ("ModifyLoadBalancerInstanceSpec", "ModifyLoadBalancerInstanceChargeType")),
    "instance_charge_type": _balancer("InstanceChargeType", "ModifyLoadBalancerInstanceChargeType"),
    "charge_type": _balancer("InternetChargeType", "ModifyLoadBalancerInternetSpec"),
    "bandwidth": _balancer("Bandwidth", "ModifyLoadBalancerInternetSpec"),
    "delete_protection": _balancer("DeleteProtection", "SetLoadBalancerDeleteProtection", words=ON_OFF),
    "modification_protection": _balancer(
        "ModificationProtectionStatus", "SetLoadBalancerModificationProtection", words={True: "ConsoleProtection", False: "NonProtection"}
    ),
    "scheduler": _listener(says("Scheduler")),
    "connection_drain": _listener(_drain_clb),
    "idle_timeout": _listener(says("EstablishedTimeout"), udp=False),
    "persistence": _listener(says("PersistenceTimeout"), udp=False),
    "acl.enabled": _listener(says("AclStatus", ON_OFF)),
    "acl.id": _listener(says("AclId")),
    "acl.type": _listener(says("AclType")),
    "health_check.enabled": _listener(says("HealthCheckSwitch", ON_OFF)),
    "health_check.protocol": _listener(says("HealthCheckType"), udp=False),
    "health_check.port": _listener(says("HealthCheckConnectPort")),
    "health_check.path": _listener(says("HealthCheckURI"), udp=False),
    "health_check.domain": _listener(says("HealthCheckDomain"), udp=False),
    "health_check.status": _listener(lambda value: {"HealthCheckHttpCode": ",".join(CODES[item] for item in sorted(value))}, udp=False),
    "health_check.interval": _listener(says("HealthCheckInterval")),
    "health_check.timeout": _listener(says("HealthCheckConnectTimeout")),
    "health_check.healthy_threshold": _listener(says("HealthyThreshold")),
    "health_check.unhealthy_threshold": _listener(says("UnhealthyThreshold")),
}

NLB: dict[str, Meaning | tuple[Meaning, ...]] = {
    "address": _balancer("AddressType", "UpdateLoadBalancerAddressTypeConfig", words={"internet": "Internet", "intranet": "Intranet"}),
    "ip_version": _balancer("AddressIpVersion", words={"dualstack": "DualStack"}),
    "ipv6_address": Meaning(
        BALANCER,
        "",
        ("",),
        lambda _value: {},
        usual="intranet",
        actions={"internet": "EnableLoadBalancerIpv6Internet", "intranet": "DisableLoadBalancerIpv6Internet"},
    ),
    "zones": Meaning(BALANCER, "CreateLoadBalancer", ("UpdateLoadBalancerZones",), _zones),
    "name": _balancer("LoadBalancerName", "UpdateLoadBalancerAttribute"),
    "resource_group": _balancer("ResourceGroupId"),
    "tags": Meaning(BALANCER, "CreateLoadBalancer", ("TagResources", "UntagResources"), _tags),
    "bandwidth_package": Meaning(
        BALANCER,
        "CreateLoadBalancer",
        ("AttachCommonBandwidthPackageToLoadBalancer",),
        lambda value: {} if value == "none" else {"BandwidthPackageId": value},
        usual="none",
        actions={"none": "DetachCommonBandwidthPackageFromLoadBalancer"},
    ),
    "cross_zone": Meaning(BALANCER, "UpdateLoadBalancerAttribute", ("UpdateLoadBalancerAttribute",), says("CrossZoneEnabled"), usual=True),
    "security_groups": Meaning(
        BALANCER,
        "LoadBalancerJoinSecurityGroup",
        ("LoadBalancerJoinSecurityGroup", "LoadBalancerLeaveSecurityGroup"),
        lambda value: {f"SecurityGroupIds[{item}]": item for item in value},
        usual=[],
    ),
    "source_ranges": Meaning(
        BALANCER,
        "AuthorizeSecurityGroup",
        ("AuthorizeSecurityGroup", "RevokeSecurityGroup"),
        lambda value: {f"SourceCidrIp[{item}]": "accept" for item in value},
    ),
    "new_connections": _nlb_listener(says("Cps")),
    "idle_timeout": _nlb_listener(says("IdleTimeout")),
    # An NLB is told them for other listeners, too, when these are made.
    "tls.certificates": (
        Meaning(
            TLS_LISTENERS, "CreateListener", ("UpdateListenerAttribute", "CreateListener"), lambda value: {"CertificateIds.1": value[0]}
        ),
        Meaning(
            TLS_LISTENERS,
            "AssociateAdditionalCertificatesWithListener",
            ("AssociateAdditionalCertificatesWithListener", "DisassociateAdditionalCertificatesWithListener"),
            lambda value: flat("AdditionalCertificateIds", value[1:]),
        ),
    ),
    "tls.ports": Meaning(TLS_LISTENERS, "CreateListener", ("CreateListener",), lambda _value: {"ListenerProtocol": "TCPSSL"}),
    "tls.policy": Meaning(TLS_LISTENERS, "CreateListener", ("UpdateListenerAttribute", "CreateListener"), says("SecurityPolicyId")),
    "scheduler": _group(says("Scheduler")),
    "connection_drain": _group(_drain_nlb),
    "preserve_client_ip": _group(says("PreserveClientIpEnabled")),
    "health_check.enabled": _group(says("HealthCheckConfig.HealthCheckEnabled")),
    "health_check.protocol": _check("HealthCheckType"),
    "health_check.port": _check("HealthCheckConnectPort"),
    "health_check.path": _check("HealthCheckUrl"),
    "health_check.domain": _check("HealthCheckDomain"),
    "health_check.method": _check("HttpCheckMethod"),
    "health_check.status": _group(lambda value: flat("HealthCheckConfig.HealthCheckHttpCode", [CODES[item] for item in sorted(value)])),
    "health_check.interval": _check("HealthCheckInterval"),
    "health_check.timeout": _check("HealthCheckConnectTimeout"),
    "health_check.healthy_threshold": _check("HealthyThreshold"),
    "health_check.unhealthy_threshold": _check("UnhealthyThreshold"),
}


def _rows(key: str) -> Callable[[Any], Mapping[str, str]]:
    return lambda value: flat("subnetMapping", [{key: item} for item in value])


def _aws(kind: str, parameters: Callable[[Any], Mapping[str, str]], of: str = BALANCER, udp: bool = True) -> Meaning:
    return Meaning(of, kind, (), parameters, udp)


def _target(name: str, words: Mapping[Any, str] | None = None) -> Meaning:
    return _aws("TargetGroup", says(name, words), GROUPS)


HTTP_CODES = {f"{n}xx": (f"{n}00", f"{n}99") for n in (2, 3, 4, 5)}
AWS: dict[str, Meaning | tuple[Meaning, ...]] = {
    "address": _aws("LoadBalancer", says("scheme", {"internet": "internet-facing", "intranet": "internal"})),
    "subnets": _aws("LoadBalancer", _rows("subnetID")),
    "eips": _aws("LoadBalancer", _rows("allocationID")),
    "private_ips": _aws("LoadBalancer", _rows("privateIPv4Address")),
    "ipv6_addresses": _aws("LoadBalancer", _rows("ipv6Address")),
    "ip_version": _aws("LoadBalancer", says("ipAddressType", {"dual": "dualstack"})),
    "name": _aws("LoadBalancer", says("name")),
    "tags": (
        _aws("LoadBalancer", lambda value: {f"tags.{key}": text for key, text in value.items()}),
        _aws("TargetGroup", lambda value: {f"tags.{key}": text for key, text in value.items()}, GROUPS),
    ),
    "cross_zone": _aws("LoadBalancer", says("loadBalancerAttributes[load_balancing.cross_zone.enabled]")),
    "delete_protection": _aws("LoadBalancer", says("loadBalancerAttributes[deletion_protection.enabled]")),
    "connection_drain": _target("targetGroupAttributes[deregistration_delay.timeout_seconds]", {"off": "0"}),
    "cut_unhealthy": _target("targetGroupAttributes[target_health_state.unhealthy.connection_termination.enabled]"),
    "preserve_client_ip": _target("targetGroupAttributes[preserve_client_ip.enabled]"),
    "idle_timeout": _aws("Listener", says("listenerAttributes[tcp.idle_timeout.seconds]"), LISTENERS, udp=False),
    "backend": _target("targetType", {"nodes": "instance", "pods": "ip"}),
    "backend_labels": _aws(
        "TargetGroupBinding", lambda value: {f"template.spec.nodeSelector.matchLabels.{key}": text for key, text in value.items()}, GROUPS
    ),
    "source_ranges": _aws("SecurityGroup", lambda value: {f"ingress[{item}]": "allowed" for item in value}),
    "prefix_lists": _aws("SecurityGroup", lambda value: {f"ingress[{item}]": "allowed" for item in value}),
    "security_groups": _aws("LoadBalancer", lambda value: flat("securityGroups", value)),
    "tls.certificates": _aws("Listener", lambda value: flat("certificates", [{"certificateARN": item} for item in value]), TLS_LISTENERS),
    "tls.ports": _aws("Listener", lambda _value: {"protocol": "TLS"}, TLS_LISTENERS),
    "tls.policy": _aws("Listener", says("sslPolicy"), TLS_LISTENERS),
    "health_check.protocol": _target("healthCheckConfig.protocol", {word: word.upper() for word in ("tcp", "http", "https")}),
    "health_check.port": _target("healthCheckConfig.port"),
    "health_check.path": _target("healthCheckConfig.path"),
    "health_check.status": _aws(
        "TargetGroup",
        lambda value: {"healthCheckConfig.matcher.httpCode": f"{HTTP_CODES[min(value)][0]}-{HTTP_CODES[max(value)][1]}"},
        GROUPS,
    ),
    "health_check.interval": _target("healthCheckConfig.intervalSeconds"),
    "health_check.timeout": _target("healthCheckConfig.timeoutSeconds"),
    "health_check.healthy_threshold": _target("healthCheckConfig.healthyThresholdCount"),
    "health_check.unhealthy_threshold": _target("healthCheckConfig.unhealthyThresholdCount"),
}

# What follows from an option when the other one isn't given.
IMPLIED: dict[str, tuple[str, Any]] = {"acl.id": ("acl.enabled", True)}
# By the label of a table. What isn't here is no parameter of its own: it tells where, whether and with which backends things are made.
MEANINGS: dict[str, dict[str, Meaning | tuple[Meaning, ...]]] = {"alibaba (clb)": CLB, "alibaba (nlb)": NLB, "aws": AWS}
# So these, whose meaning is told by what else a step expects.
ELSEWHERE = {
    "id",
    "override_listeners",
    "server_groups",
    "weight",
    "preserve",
    "show_address",
    "hostname",
    "backend",
    "backend_labels",
    "remove_unscheduled",
    "ignore_weight_update",
    "external_traffic_policy",
    "node_ports",
    "class",
    "manage_backend_rules",
}
# Tables whose controller is run with a cloud that keeps what it is asked for. Of the others the cases tell what a Service is made to.
WITH_CLOUD = {"alibaba (clb)", "alibaba (nlb)"}


def meanings(label: str, option: str) -> tuple[Meaning, ...]:
    found = MEANINGS[label].get(option, ())
    return found if isinstance(found, tuple) else (found,)
