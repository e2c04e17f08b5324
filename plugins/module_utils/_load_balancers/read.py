# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user wrote, as checked options and the table that they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError, did_you_mean
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.value_checks import is_qualified_name
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import COMMON, GROUPS, OPTIONS, Platform
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.option_values import fit, parse, quoted
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.platforms import DEFAULT_PROVIDER, PLATFORMS, PROVIDERS, having
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.ports import Port, facts
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.rules import check_rules

# What users reach for and must not get, with the reason.
REFUSED = {
    "proxy_protocol": "SRS doesn't speak the PROXY protocol, so every viewer and publisher would be cut off; "
    "use external_traffic_policy: Local or backend: pods to see real addresses",
}

# The PROXY protocol in free annotations, whichever provider's they are; and the values that switch it off.
SPEAKS_PROXY = re.compile(r"proxy-?protocol[^/=]*=|proxy_protocol_v2\.enabled=true", re.IGNORECASE)
OFF = ("", "off", "false", "none", "0")


def read(slb: Any, where: str, ports: tuple[Port, ...] = ()) -> tuple[dict[str, Any], dict[str, Any], Platform]:
    """The common options, the options of the provider, and its table; everything checked, against the Service's ports, too."""
    if slb is None:
        slb = {}
    if not isinstance(slb, Mapping):
        raise SrsError(f"{where} is {quoted(slb)}, not a mapping: write '{where}: {{provider: alibaba, ...}}'.")
    flat = dict(_flatten(slb, where))
    common = {name: parse(COMMON[name].kind, value, f"{where}.{name}") for name, value in flat.items() if name in COMMON}
    for key, text in common.get("annotations", {}).items():
        if text not in OFF and SPEAKS_PROXY.search(f"{key}={text}"):
            raise SrsError(f"{where}.annotations[{key}] is refused: {REFUSED['proxy_protocol']}.")
        if not (isinstance(key, str) and is_qualified_name(key)):
            raise SrsError(f"{where}.annotations has the key {key!r}, which Kubernetes doesn't take: write it as 'example.com/name'.")
    platform = _platform(common, where)
    options: dict[str, Any] = {}
    for name, value in flat.items():
        if name not in COMMON:
            path = f"{where}.{name}"
            cell = platform.cells.get(name)
            if cell is None:
                raise SrsError(_lacks(platform, name, path))
            options[name] = fit(cell, name, parse(OPTIONS[name].kind, value, path), path, platform)
    if common.get("enabled", True):
        check_rules(platform, options, facts(options, ports), where)
        _check_ports(platform, options, ports, where)
    return common, options, platform


def _check_ports(platform: Platform, options: Mapping[str, Any], ports: tuple[Port, ...], where: str) -> None:
    """Raise an error for a port that is named and that the Service doesn't have, and for one that would be there twice."""
    names, numbers = [port.name for port in ports], [port.number for port in ports]
    tcp = [port.number for port in ports if port.protocol == "TCP"]
    for name, value in options.items():
        if platform.cells[name].service_port and ports and value not in tcp:
            raise SrsError(
                f"{where}.{name} is {value}, no TCP port of the Service, which has {', '.join(map(str, tcp)) or 'none'}: "
                f"provider {platform.label} reaches nothing else on a node."
            )
    for option in ("ports", "tls.ports"):
        for name in options.get(option, {}):
            if names and all(names) and name not in names:
                raise SrsError(f"{where}.{option} has {name!r}{did_you_mean(name, names)}; the Service has the ports {', '.join(names)}.")
    for number in options.get("server_groups", {}):
        if numbers and number not in numbers:
            raise SrsError(f"{where}.server_groups has port {number}; the Service has the ports {', '.join(map(str, numbers))}.")
    if options.get("override_listeners") is False and (without := [number for number in numbers if number not in options["server_groups"]]):
        raise SrsError(
            f"{where}.server_groups lacks port {without[0]}, where nobody would get through: name the group of your listener there, "
            "or set override_listeners to true."
        )
    for name, number in options.get("tls.ports", {}).items():
        if number in numbers or list(options["tls.ports"].values()).count(number) > 1:
            raise SrsError(f"{where}.tls.ports.{name} is {number}, which is a port already: give one that is free.")


def _flatten(slb: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    """Name and value of all options that are set; ``None`` unsets what a default has set."""
    known = [*COMMON, *(name for name in OPTIONS if "." not in name), *GROUPS]
    for name, value in slb.items():
        if name in REFUSED:
            raise SrsError(f"{where}.{name} is refused: {REFUSED[name]}.")
        if name not in known:
            raise SrsError(f"{where} has no option {str(name)!r}{did_you_mean(str(name), known)}.")
        if value is None:
            continue
        if name not in GROUPS:
            yield name, value
            continue
        members = [option.partition(".")[2] for option in OPTIONS if option.startswith(f"{name}.")]
        if not isinstance(value, Mapping):
            raise SrsError(f"{where}.{name} is {quoted(value)}, not a mapping with keys out of {', '.join(members)}.")
        for key, inner in value.items():
            if key not in members:
                raise SrsError(f"{where}.{name} has no option {str(key)!r}{did_you_mean(str(key), members)}.")
            if inner is not None:
                yield f"{name}.{key}", inner


def _platform(common: Mapping[str, Any], where: str) -> Platform:
    provider = common.get("provider", DEFAULT_PROVIDER)
    found = [platform for platform in PLATFORMS if platform.provider == provider]
    if not found:
        raise SrsError(
            f"{where}.provider is {quoted(provider)}{did_you_mean(provider, PROVIDERS)}; the providers are {', '.join(PROVIDERS)}."
        )
    kind = common.get("type")
    types = [platform.type for platform in found]
    if kind is not None and kind not in types:
        if not found[0].type:
            raise SrsError(f"{where}.type is {quoted(kind)}, but provider {provider} has one type only: remove it.")
        raise SrsError(f"{where}.type is {quoted(kind)}; provider {provider} has {' and '.join(types)}.")
    platform = found[types.index(kind)] if kind is not None else found[0]
    prefix = common.get("annotation_prefix")
    if prefix is not None and prefix not in (platform.prefixes or ()):
        if not platform.prefixes:
            raise SrsError(f"{where}.annotation_prefix: provider {provider} has one prefix only: remove it.")
        raise SrsError(f"{where}.annotation_prefix is {quoted(prefix)}; allowed are {' and '.join(platform.prefixes)}.")
    return platform


def _lacks(platform: Platform, name: str, path: str) -> str:
    group = name.partition(".")[0]
    reason = platform.missing.get(name) or platform.missing.get(group)
    if reason:
        return f"{path}: provider {platform.label} has no {name}: {reason}."
    others = having(name)
    default = " (the default)" if platform.provider == DEFAULT_PROVIDER else ""
    return f"{path}: provider {platform.label}{default} has no {name}; {', '.join(others)} {'have' if len(others) > 1 else 'has'}."
