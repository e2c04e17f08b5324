# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of load balancers with values that fit, made from the tables of the providers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.load_balancer import render
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import OPTIONS, Cell, Platform
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.platforms import PLATFORMS
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.rules import excused, holds

Options = dict[str, Any]

UUIDS = ["2f4a3c1e-5b7d-4e8f-9a0b-1c2d3e4f5a6b", "3a4b5c6d-5b7d-4e8f-9a0b-1c2d3e4f5a6b"]
IDS = {"alibaba (clb)": ["lb-bought", "lb-other"], "alibaba (nlb)": ["nlb-bought", "nlb-other"]}
# Values of options that a table says no words or range of; by the labels of tables where they differ. Two or more, so that they can change.
VALUES: dict[str, list[Any] | Mapping[str, list[Any]]] = {
    "acl.id": {"huawei": UUIDS, "volcengine": ["acl-1,acl-2", "acl-3"], "": ["acl-1", "acl-2"]},
    "availability_zones": {"tencent": [["cn-north-4a"], ["cn-north-4b"]], "": [["cn-north-4a"], ["cn-north-4a", "cn-north-4b"]]},
    "backend_labels": [{"srs": "edge"}, {"srs": "other"}],
    "bandwidth_package": {"alibaba (nlb)": ["cbwp-1", "cbwp-2"], "": ["bwp-1", "bwp-2"]},
    "class": ["example.com/lb", "example.com/other"],
    "dns_label": ["live", "stream"],
    "eips": [["eipalloc-1"], ["eipalloc-2"]],
    "health_check.domain": ["live.example.com", "www.example.com"],
    "health_check.path": ["/live", "/api/v1/versions"],
    "health_check.ports": [
        {"http": {"protocol": "http", "path": "/live", "interval": 10, "unhealthy_threshold": 3}},
        {"http": {"protocol": "https", "path": "/api", "interval": 20, "unhealthy_threshold": 2}},
    ],
    "hostname": ["live.example.com", "www.example.com"],
    "id": {**IDS, "tencent": ["lb-1", "lb-2"], "volcengine": ["clb-1", "clb-2"], "": UUIDS},
    "ip": ["192.0.2.1", "192.0.2.2"],
    "ipv6_addresses": [["2001:db8::1"], ["2001:db8::2"]],
    "load_balancers": [["lb-a"], ["lb-a", "lb-b"]],
    "master_zone": ["cn-hangzhou-g", "cn-hangzhou-j"],
    "name": ["live", "stream"],
    "pool": ["live", "stream"],
    "ports": [{"rtmp": 30935}, {"rtmp": 31935, "http": 31080}],
    "prefix_lists": [["pl-0123456789abcdef0"], ["pl-0123456789abcdef0", "pl-1"]],
    "private_ips": [["192.0.2.11"], ["192.0.2.12"]],
    "public_ip": ["live", "stream"],
    "public_ip_ipv6": ["live6", "stream6"],
    "public_ip_prefix": [
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPPrefixes/live",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPPrefixes/other",
    ],
    "public_ip_tags": [{"RoutingPreference": "Internet"}, {"a": "b"}],
    "resource_group": ["rg-1", "rg-2"],
    "security_groups": [["sg-1"], ["sg-1", "sg-2"]],
    "server_groups": {
        "alibaba (clb)": [{1935: "rsp-1935", 8080: "rsp-8080"}, {1935: "rsp-1935"}],
        "": [{1935: "sgp-1935", 8080: "sgp-8080"}, {1935: "sgp-1935"}],
    },
    "service_config": ["srs", "srs-other"],
    "service_tags": [["AzureFrontDoor.Backend"], ["Internet"]],
    "shared": {"metallb": ["live", "stream"]},
    "slave_zone": ["cn-hangzhou-k", "cn-hangzhou-l"],
    "source_ranges": [["203.0.113.0/24"], ["198.51.100.0/24", "203.0.113.0/24"]],
    "spec": {
        "alibaba (clb)": ["slb.s2.small", "slb.s3.large"],
        "digitalocean": ["2", "3"],
        "huawei": ["L4_flavor.elb.s1.small", "L4_flavor.elb.s2.small"],
    },
    "subnet": {"azure": ["edge", "other"], "digitalocean": UUIDS, "huawei": UUIDS, "": ["subnet-1", "subnet-2"]},
    "subnets": [["subnet-1"], ["subnet-2"]],
    "tags": [{"team": "live"}, {"team": "live", "cost": "1"}],
    "tls.certificates": {
        "alibaba (nlb)": [["cert-1"], ["cert-2", "cert-3"]],
        "aws": [["arn:aws:acm:eu-west-1:111122223333:certificate/one"], ["arn:aws:acm:eu-west-1:111122223333:certificate/two"]],
        "": [["one"], ["two"]],
    },
    "tls.policy": {"alibaba (nlb)": ["tls_cipher_policy_1_2", "tls-own"], "": ["policy-1", "policy-2"]},
    "tls.ports": [{"rtmp": 443}, {"rtmp": 443, "http": 8443}],
    "vswitch_id": ["vsw-1", "vsw-2"],
    "zones": [
        {"cn-hangzhou-g": "vsw-g", "cn-hangzhou-j": "vsw-j"},
        {"cn-hangzhou-g": "vsw-g", "cn-hangzhou-j": "vsw-j", "cn-hangzhou-k": "vsw-k"},
        {
            "cn-hangzhou-g": {"vswitch": "vsw-g", "ip": "192.0.2.1"},
            "cn-hangzhou-k": {"vswitch": "vsw-k", "ip": "192.0.2.2", "eip": "eip-1"},
        },
    ],
}


def fitting(platform: Platform, name: str, cell: Cell) -> list[Any]:
    """Values that a cell takes: all its words, both ends of its range. A ``LookupError`` names an option that there are none for."""
    kind = OPTIONS[name].kind
    if kind == "classes":
        return [[word] for word in cell.words] + [list(cell.words)]
    values: list[Any] = list(cell.words)
    if cell.service_port:
        values += [1935, 8080]
    elif kind in ("number", "duration"):
        values += [value for value in (cell.low, cell.high) if value is not None]
    if kind == "duration" and cell.off is not None:
        values.append("off")
    if not values and kind == "switch":
        values = [True, False]
    known = VALUES.get(name, [])
    values += known.get(platform.label, known.get("", [])) if isinstance(known, Mapping) else known
    if kind == "texts" and cell.low == 0:
        values.append([])
    if not values:
        raise LookupError(f"{platform.label} has the option {name}, which there are no values for: add them to VALUES in {__name__}")
    return values


def base(platform: Platform) -> dict[str, Any]:
    return {"provider": platform.provider, **({"type": platform.type} if platform.type else {})}


def nested(options: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted options as a user writes them."""
    result: dict[str, Any] = {}
    for name, value in options.items():
        group, _dot, key = name.rpartition(".")
        (result.setdefault(group, {}) if group else result)[key] = value
    return result


def completed(platform: Platform, options: Mapping[str, Any]) -> Options:
    """The options and those that they need by the platform's rules."""
    options = dict(options)
    for _round in range(4):
        for rule in platform.rules:
            if not holds(options, rule.when) or excused(options, rule.unless):
                continue
            for name, value in rule.needs.items():
                if name not in options and name in platform.cells:
                    wanted = value[0] if isinstance(value, tuple) else value
                    options[name] = fitting(platform, name, platform.cells[name])[0] if wanted is ... else wanted
    if platform.label == "alibaba (clb)" and {"health_check.interval", "health_check.timeout"} & {*options}:
        # A timeout must not be below the interval.
        options = {"health_check.interval": 1, "health_check.timeout": 300, **options}
    return options


def missing() -> list[str]:
    """What is said of each option of a table that there are no values for."""
    found = []
    for platform in PLATFORMS:
        for name, cell in platform.cells.items():
            try:
                fitting(platform, name, cell)
            except LookupError as error:
                found.append(str(error))
    return found


def service_of(slb: Mapping[str, Any], ports: Iterable[Any] = (1935, 8080), *, address: str = "", **annotations: str) -> dict[str, Any]:
    """A Service as far as load balancers care, with the address that a controller has given it, and annotations that aren't ours."""
    rendered = render(slb, where="slb", ports=ports)
    made: dict[str, Any] = {"metadata": {"annotations": {**annotations, **rendered["annotations"]}}, "spec": rendered["spec"]}
    return {**made, "status": {"loadBalancer": {"ingress": [{"ip": address}]}}} if address else made
