# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user writes in ``slb``, as annotations and fields of a Service; and the checks that need no cloud.

What each provider takes is data: see the tables in ``slb``.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError, did_you_mean
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.quantities import number
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import clashes
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import COMMON, GROUPS, OPTIONS, Cell, Platform
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.option_values import (
    BOOLEANS,
    quoted,
    status_range,
    whole_number,
)
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.platforms import DEFAULT_PROVIDER, choices, description
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.ports import TLS, Port, facts, ports_of
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.read import read
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.rules import excused, holds

ANSIBLE_TYPES = {
    "switch": "bool",
    "number": "int",
    "word": "str",
    "text": "str",
    "texts": "list",
    "addresses": "raw",
    "networks": "list",
    "pairs": "dict",
    "numbers": "dict",
    "groups": "dict",
    "checks": "dict",
    "zones": "dict",
    "duration": "raw",
    "share": "raw",
    "classes": "list",
}
# The IP families that the words of ip_version stand for.
IP_VERSIONS = {"ipv4": (4,), "ipv6": (6,), "dualstack": (4, 6)}
# Pod bandwidth: what the kubelet's own check allows, in bit/s.
BANDWIDTH_RANGE = (10**3, 10**15)


def is_enabled(slb: Any) -> bool:
    """Whether ``slb`` asks for a Service that is reachable from outside."""
    given = slb.get("enabled", True) if isinstance(slb, Mapping) else True
    return bool(BOOLEANS.get(str(given).lower(), True))


def without_effect(given: Mapping[str, Any], where: str) -> str | None:
    """What to say of options that are given beside ``enabled: false``, and so do nothing; None where there are none.

    ``where`` names the variable. What only says how the others are meant may stay, and annotations are written all the same.
    """
    idle = [name for name, value in given.items() if name not in COMMON and value is not None]
    if not idle:
        return None
    way = (
        f" For a Service of type NodePort set {where}.provider to nodeport, and enabled to true."
        if {"node_ports", "ports"} & {*idle}
        else ""
    )
    do = "do" if len(idle) > 1 else "does"
    return f"{where}.enabled is false, so {' and '.join(idle)} {do} nothing: leave out what isn't meant.{way}"


def render(slb: Any, *, where: str, ports: Iterable[int | Mapping[str, Any]] = ()) -> dict[str, Any]:
    """What ``slb`` asks for: the ``annotations`` (strings), ``spec`` fields, ``node_ports`` and added ``tls_ports`` of the Service.

    ``where`` names the variable in errors, such as ``srs_edge_clusters[2].slb``. ``ports`` are those of the Service's spec, or numbers of
    TCP ports: some providers have an annotation for each of them. Node ports and TLS ports are numbers by the name of a port.
    """
    known = ports_of(ports)
    given, options, platform = read(slb, where, known)
    extra = given.get("annotations", {})
    if not given.get("enabled", True):
        return {"annotations": dict(sorted(extra.items())), "spec": {"type": "ClusterIP"}, "node_ports": {}, "tls_ports": {}}
    tls_ports = options.get("tls.ports", {})
    known += tuple(Port(number, TLS, name) for name, number in tls_ports.items())
    prefix = platform.prefixes.get(given.get("annotation_prefix", "new"), "")
    written = {
        (key.replace("{prefix}", prefix), attribute): value
        for name, option in options.items()
        for key, attribute, value in _written(platform.cells[name], option, known, f"{where}.{name}")
    }
    about = {**options, **facts(options, known)}
    tcp = next((port.name or str(port.number) for port in known if port.protocol == "TCP"), "")
    for implied in platform.implied:
        if holds(about, implied.when) and not excused(about, implied.unless):
            for key, value in implied.annotations.items():
                written[key.replace("{prefix}", prefix), implied.attribute] = value.replace("{tcp}", tcp)
    fields = {key.removeprefix("spec."): value for (key, _attribute), value in written.items() if key.startswith("spec.")}
    as_json = {cell.key.replace("{prefix}", prefix) for cell in platform.cells.values() if cell.json}
    return {
        "annotations": dict(sorted({**_annotations(written, as_json), **extra}.items())),
        "spec": {"type": "LoadBalancer", **platform.spec, **_families(platform, options), **fields},
        "node_ports": options.get("ports", {}),
        "tls_ports": tls_ports,
    }


def _annotations(written: Mapping[tuple[str, str], Any], as_json: Container[str]) -> dict[str, str]:
    """The annotations out of all that is written; attributes of the same one are put together."""
    annotations = {key: value for (key, attribute), value in written.items() if not attribute and not key.startswith("spec.")}
    attributes: dict[str, dict[str, Any]] = {}
    for (key, attribute), value in sorted(written.items()):
        if attribute:
            attributes.setdefault(key, {})[attribute] = value
    for key, pairs in attributes.items():
        annotations[key] = _json(pairs) if key in as_json else ",".join(f"{name}={value}" for name, value in pairs.items())
    return annotations


def _json(pairs: Mapping[str, Any]) -> str:
    """A JSON object from values by their paths, such as ``eip.bandwidth``."""
    made: dict[str, Any] = {}
    for path, value in pairs.items():
        *parents, last = path.split(".")
        inner = made
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    return json.dumps(made, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _families(platform: Platform, options: Mapping[str, Any]) -> dict[str, Any]:
    """What a Service must say of IP families to get the addresses that are asked for: without a word it is IPv4 alone, mostly."""
    asked = [value for name, value in options.items() if platform.cells[name].families]
    versions: set[int] = {ipaddress.ip_address(address).version for value in asked if isinstance(value, list) for address in value}
    versions |= {version for value in asked if isinstance(value, str) for version in IP_VERSIONS[value]}
    if len(versions) == 2:
        return {"ipFamilyPolicy": "RequireDualStack"}
    return {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv6"]} if versions == {6} else {}


def validate(slb: Any, *, where: str) -> None:
    """Raise an error that names the key, the value and what is allowed, when ``slb`` can't be rendered."""
    read(slb, where)


def check_clashes(services: Iterable[Mapping[str, Any]]) -> None:
    """Raise an error that names both, when two Services of a topology can't have the load balancer or address that they ask for.

    A service has ``where`` (the variable or what to call it), ``name``, ``slb``, ``ports`` (numbers, or mappings with ``port`` and
    ``protocol``) and may have ``selector``.
    """
    users = []
    for service in services:
        where, ports = service["where"], ports_of(service["ports"])
        rendered = render(service["slb"], where=where, ports=service["ports"])
        if rendered["spec"]["type"] == "LoadBalancer":
            users.append(
                clashes.User(
                    title=f"{where} (Service {service['name']})",
                    annotations=rendered["annotations"],
                    spec=rendered["spec"],
                    options=read(service["slb"], where, ports)[1],
                    ports=frozenset((port.protocol, port.number) for port in ports)
                    | {("TCP", number) for number in rendered["tls_ports"].values()},
                    selector=service.get("selector"),
                )
            )
    clashes.check(users)


def argument_spec_options() -> dict[str, dict[str, Any]]:
    """All options in the form of a role's argument spec."""
    result: dict[str, dict[str, Any]] = {}
    for name, option in {**COMMON, **OPTIONS}.items():
        group, _dot, key = name.rpartition(".")
        entry: dict[str, Any] = {"type": ANSIBLE_TYPES[option.kind], "description": [description(name, option.description)]}
        if entry["type"] == "list":
            entry["elements"] = "str"
        if option.kind == "word":
            entry["choices"] = choices(name)
        if group:
            parent = result.setdefault(group, {"type": "dict", "description": [description(group, GROUPS[group])], "options": {}})
            parent["options"][key] = entry
        else:
            result[name] = entry
    result["enabled"]["default"] = True
    result["provider"]["default"] = DEFAULT_PROVIDER
    return result


def pod_bandwidth_annotations(limit: Any, *, where: str = "limit") -> dict[str, str]:
    """The pod annotations for ``limit: {bandwidth, connections}``: each pod may send and receive so many bits per second.

    The network plugin must honour them. ``connections`` is checked here and used by SRS itself.
    """
    if limit is None:
        return {}
    if not isinstance(limit, Mapping):
        raise SrsError(f"{where} is {quoted(limit)}, not a mapping: write '{where}: {{bandwidth: 100M, connections: 1000}}'.")
    for key in limit:
        if key not in ("bandwidth", "connections"):
            raise SrsError(f"{where} has no option {str(key)!r}{did_you_mean(str(key), ('bandwidth', 'connections'))}.")
    connections = limit.get("connections")
    if connections is not None and (whole_number(connections) or 0) < 1:
        raise SrsError(f"{where}.connections is {quoted(connections)}; give a whole number from 1 up.")
    bandwidth = limit.get("bandwidth")
    if bandwidth is None:
        return {}
    speed = number(bandwidth)
    if speed is None:
        raise SrsError(f"{where}.bandwidth is {quoted(bandwidth)}; give bits per second with a unit, such as 100M or 1.5G.")
    low, high = BANDWIDTH_RANGE
    if not low <= speed <= high:
        raise SrsError(f"{where}.bandwidth is {quoted(bandwidth)}, which is in bits per second; give 1k to 1P, such as 100M.")
    return {f"kubernetes.io/{way}-bandwidth": str(bandwidth) for way in ("egress", "ingress")}


def _written(cell: Cell, value: Any, ports: tuple[Port, ...], path: str) -> Iterator[tuple[str, str, Any]]:
    """The annotations or spec fields of one option: key, attribute in it ("" for none), value."""
    if value == "off" and cell.off is not None:
        yield from ((key, "", text) for key, text in cell.off.items())
        return
    if cell.settings:
        for name, settings in value.items():
            numbers = [port.number for port in ports if port.name == name and port.protocol == "TCP"]
            names = [port.name for port in ports if port.protocol == "TCP"]
            if all(names) and name not in names:
                raise SrsError(f"{path} has {name!r}{did_you_mean(name, names)}; the Service has the TCP ports {', '.join(names)}.")
            for setting, inner in settings.items():
                for number in numbers:
                    yield cell.settings[setting].key.replace("{port}", str(number)), "", _string(cell.settings[setting], inner)
        return
    if cell.key.startswith("spec."):
        yield cell.key, "", value[0] if cell.high == 1 else value
    elif "{family}" in cell.key:
        for address in value:
            yield cell.key.replace("{family}", f"v{ipaddress.ip_address(address).version}"), "", address
    elif "{port}" in cell.key + cell.attribute:
        if not ports:
            raise SrsError(f"{path} is set for each port, and the Service has none.")
        for port in ports:
            if port.protocol in cell.protocols:
                key, attribute = (
                    text.replace("{port}", str(port.number)).replace("{protocol}", port.protocol) for text in (cell.key, cell.attribute)
                )
                yield key, attribute, _json_value(cell, value) if cell.json else _string(cell, value)
    elif cell.rest:
        yield cell.key, "", value[0]
        yield cell.rest, "", ",".join(value[1:])
    elif cell.key:
        yield cell.key, cell.attribute, _json_value(cell, value) if cell.json else _string(cell, value)
    yield from ((key, "", text) for key, text in cell.also.items())


def _json_value(cell: Cell, value: Any) -> Any:
    if cell.constant is not None:
        return cell.constant
    if isinstance(value, list):
        return value[0] if cell.high == 1 else value
    value = cell.words.get(value, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value // cell.divisor) if cell.quoted else value // cell.divisor
    return value


def _string(cell: Cell, value: Any) -> str:
    """A value as an annotation has it."""
    if isinstance(value, dict):
        return ",".join(
            _zone(key, inner) if isinstance(inner, dict) else cell.entry.format(name=key, value=inner) for key, inner in value.items()
        )
    if isinstance(value, list):
        if not cell.words:
            return ",".join(value)
        words = [cell.words[item] for item in sorted(set(value))]
        return status_range(value, "") if re.fullmatch(r"\d+-\d+", words[0]) else ",".join(words)
    value = cell.words.get(value, value)
    return str(value // cell.divisor) if isinstance(value, int) else str(value)


def _zone(zone: str, target: Mapping[str, str]) -> str:
    parts = [zone, target["vswitch"], target.get("ip", ""), target.get("eip", "")]
    return ":".join(parts).rstrip(":")
