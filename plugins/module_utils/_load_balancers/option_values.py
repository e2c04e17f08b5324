# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One value: read as what it is meant to be, and compared with what a provider takes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError, did_you_mean
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import OPTIONS, Cell, Platform
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.table_parts import IPV4

BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def parse(kind: str, value: Any, path: str) -> Any:
    """The value in the type of its kind; text from the command line counts as what it says."""
    if kind == "switch":
        return _switch(value, path)
    if kind == "number":
        number = whole_number(value)
        if number is None:
            raise SrsError(f"{path} is {quoted(value)}, not a whole number.")
        return number
    if kind in ("word", "text"):
        return _text(value, path)
    if kind == "share":
        return _switch(value, path) if isinstance(value, bool) or str(value).lower() in BOOLEANS else _text(value, path)
    if kind == "duration":
        number = whole_number(value)
        if number is not None:
            return number
        if not isinstance(value, bool) and str(value).lower() not in BOOLEANS:
            raise SrsError(f"{path} is {quoted(value)}; give seconds, or off.")
        return "on" if _switch(value, path) else "off"
    if kind == "addresses":
        return _addresses(value, path)
    if kind == "pairs":
        if not isinstance(value, Mapping):
            raise SrsError(f"{path} is {quoted(value)}, not a mapping of names to strings.")
        return {_text(name, path): _pair_value(inner, f"{path}[{name}]") for name, inner in value.items() if inner is not None}
    if kind == "numbers":
        return _numbers(value, path)
    if kind == "groups":
        return _groups(value, path)
    if kind == "checks":
        return _checks(value, path)
    if kind == "zones":
        return _zones(value, path)
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise SrsError(f"{path} is {quoted(value)}, not a list: write '[{value}]'.")
    items = [_text(item, f"{path}[{index}]") for index, item in enumerate(value)]
    if kind == "networks":
        return [_network(item, f"{path}[{index}]") for index, item in enumerate(items)]
    return items


def _switch(value: Any, path: str) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() not in BOOLEANS:
        raise SrsError(f"{path} is {quoted(value)}; give true or false.")
    return BOOLEANS[str(value).lower()]


def whole_number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]+", value) else None


def _text(value: Any, path: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip() or not str(value).isprintable():
        raise SrsError(f"{path} is {quoted(value)}, not a string of visible characters.")
    return str(value)


def _pair_value(value: Any, path: str) -> str:
    """A string; what YAML made a boolean or a number of counts as it was written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise SrsError(f"{path} is {quoted(value)}, not a string.")
    return str(value)


def _numbers(value: Any, path: str) -> dict[str, int]:
    if not isinstance(value, Mapping):
        raise SrsError(f"{path} is {quoted(value)}, not a mapping of names to numbers: write such as '{{rtmp: 30935}}'.")
    return {_text(name, path): parse("number", inner, f"{path}.{name}") for name, inner in value.items() if inner is not None}


def _groups(value: Any, path: str) -> dict[int, str]:
    if not isinstance(value, Mapping):
        raise SrsError(f"{path} is {quoted(value)}, not a mapping of ports to names: write such as '{{1935: rsp-...}}'.")
    groups = {}
    for port, name in value.items():
        if (number := whole_number(port)) is None:
            raise SrsError(f"{path} has the key {quoted(port)}, not a port of the Service.")
        if name is not None:
            groups[number] = _text(name, f"{path}.{number}")
    return groups


def _checks(value: Any, path: str) -> dict[str, dict[str, Any]]:
    if not isinstance(value, Mapping):
        raise SrsError(f"{path} is {quoted(value)}, not a mapping by names of ports: write such as '{{http: {{protocol: http}}}}'.")
    checks: dict[str, dict[str, Any]] = {}
    for name, settings in value.items():
        if settings is None:
            continue
        if not isinstance(settings, Mapping):
            raise SrsError(f"{path}.{name} is {quoted(settings)}, not a mapping: write such as '{name}: {{protocol: http}}'.")
        known = [option.removeprefix("health_check.") for option in OPTIONS if option.startswith("health_check.")]
        for key in settings:
            if key not in known:
                raise SrsError(f"{path}.{name} has no option {str(key)!r}{did_you_mean(str(key), known)}.")
        checks[_text(name, path)] = {
            str(key): parse(OPTIONS[f"health_check.{key}"].kind, inner, f"{path}.{name}.{key}")
            for key, inner in settings.items()
            if inner is not None
        }
    return checks


def _addresses(value: Any, path: str) -> list[str]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, Sequence) or not items:
        raise SrsError(f"{path} is {quoted(value)}, not an IP address.")
    found: dict[int, str] = {}
    for item in items:
        try:
            address = ipaddress.ip_address(item if isinstance(item, str) else "")
        except ValueError:
            raise SrsError(f"{path} is {quoted(item)}, not an IP address.") from None
        if address.version in found:
            raise SrsError(f"{path} has two IPv{address.version} addresses, {found[address.version]} and {address}; give one.")
        found[address.version] = str(address)
    return [found[version] for version in sorted(found)]


def _network(value: str, path: str) -> str:
    try:
        loose = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise SrsError(f"{path} is {quoted(value)}, not a network such as 203.0.113.0/24.") from None
    if str(loose) != value:
        raise SrsError(f"{path} is {quoted(value)}; write the network as {loose}.")
    return value


def _zones(value: Any, path: str) -> dict[str, dict[str, str]]:
    if not isinstance(value, Mapping):
        raise SrsError(f"{path} is {quoted(value)}, not a mapping: write 'cn-hangzhou-k: vsw-...' for each zone.")
    zones: dict[str, dict[str, str]] = {}
    for zone, target in value.items():
        parts = target if isinstance(target, Mapping) else {"vswitch": target}
        for key in parts:
            if key not in ("vswitch", "ip", "eip"):
                raise SrsError(f"{path}.{zone} has no option {str(key)!r}{did_you_mean(str(key), ('vswitch', 'ip', 'eip'))}.")
        if not parts.get("vswitch"):
            raise SrsError(f"{path}.{zone} has no vSwitch: write '{zone}: vsw-...'.")
        zones[_text(zone, path)] = {key: _text(part, f"{path}.{zone}.{key}") for key, part in parts.items() if part is not None}
        for part in (zone, *zones[str(zone)].values()):
            if set(str(part)) & set(",: "):
                raise SrsError(f"{path}.{zone}: {part!r} holds a comma, a colon or a space; give plain ids.")
    return zones


def fit(cell: Cell, name: str, value: Any, path: str, platform: Platform) -> Any:
    """The value, if the provider takes it."""
    kind, unit = OPTIONS[name].kind, OPTIONS[name].unit
    if kind == "checks":
        return _fit_checks(cell, value, path, platform)
    takes = allowed(cell, kind, unit)
    refusal = f"{path} is {quoted(value)}; provider {platform.label} takes {takes}."
    if kind == "duration":
        fits = _in_range(cell, value) if isinstance(value, int) else value in cell.words or (value == "off" and cell.off is not None)
    elif kind == "number":
        fits = _in_range(cell, value) and value % cell.divisor == 0
    elif kind == "numbers":
        fits = all(_in_range(cell, number) for number in value.values())
    elif kind == "classes":
        fits = bool(value) and all(item in cell.words for item in value)
    elif kind in ("texts", "addresses", "networks", "zones"):
        fits = len(value) >= (1 if cell.low is None else cell.low) and (cell.high is None or len(value) <= cell.high)
        fits = fits and not any("," in item or (cell.pattern and not re.fullmatch(cell.pattern, item)) for item in value)
    elif kind == "pairs":
        fits = not any(set(f"{key}{inner}") & set(",=") for key, inner in value.items())
    elif kind == "groups":
        fits = bool(value) and all(re.fullmatch(cell.pattern, inner) for inner in value.values())
    elif kind == "share":
        fits = value in cell.words if cell.words else isinstance(value, str)
    elif kind == "text" and value not in cell.words:
        fits = re.fullmatch(cell.pattern, value) is not None if cell.pattern else not cell.words
    elif cell.words:
        fits = value in cell.words
        refusal = f"{path} is {quoted(value)}{did_you_mean(str(value), map(str, cell.words))}; provider {platform.label} takes {takes}."
    else:
        fits = True
    if not fits:
        raise SrsError(refusal)
    return value


def _fit_checks(cell: Cell, value: Mapping[str, Mapping[str, Any]], path: str, platform: Platform) -> Any:
    for name, settings in value.items():
        for key, inner in settings.items():
            if key not in cell.settings:
                raise SrsError(f"{path}.{name}.{key}: a port's check has only {', '.join(cell.settings)} with provider {platform.label}.")
            fit(cell.settings[key], f"health_check.{key}", inner, f"{path}.{name}.{key}", platform)
        if "path" in settings and settings.get("protocol") not in ("http", "https"):
            raise SrsError(f"{path}.{name}.path needs {path}.{name}.protocol http or https: it is a part of an HTTP check.")
    return value


def _in_range(cell: Cell, value: int) -> bool:
    return cell.low is not None and cell.low <= value and (cell.high is None or value <= cell.high)


def allowed(cell: Cell, kind: str, unit: str = "") -> str:
    """What a cell takes, in words."""
    if kind == "checks":
        return f"for each name of a port {', '.join(cell.settings)}"
    choices: list[str] = []
    if kind in ("number", "numbers", "duration") and cell.low is not None:
        range_ = f"{cell.low} to {cell.high}" if cell.high is not None else f"{cell.low} and more"
        choices.append(f"{range_} {unit}".strip() + (f" in steps of {cell.divisor}" if cell.divisor > 1 else ""))
    choices += [shown(word) for word in cell.words]
    if kind == "duration" and cell.off is not None:
        choices.append("off")
    if kind in ("text", "groups") and cell.pattern:
        choices.append(f"what matches {cell.pattern}")
    if choices:
        return ", ".join(choices)
    if kind in ("texts", "addresses", "networks", "zones"):
        low = 1 if cell.low is None else cell.low
        count = f"{low} to {cell.high}" if cell.high and cell.high != low else str(low) if cell.high else f"{low} or more"
        return f"{count} of them" + (", IPv4 only" if cell.pattern == IPV4 else "")
    if kind == "pairs":
        return "names and values without comma and equals sign"
    if kind == "share":
        return "a key that the sharing Services have in common"
    return "any text"


def shown(value: Any) -> str:
    """A value as the user would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else repr(value)


def quoted(value: Any) -> str:
    """A value that is wrong, as the user wrote it."""
    return repr(value) if isinstance(value, str) else shown(value)


def status_range(classes: Sequence[str], path: str) -> str:
    """Neighbouring classes of HTTP status as one range: 2xx and 3xx are 200-399."""
    digits = sorted({int(item[0]) for item in classes})
    if digits != list(range(digits[0], digits[-1] + 1)):
        raise SrsError(f"{path} is {', '.join(classes)}, which leaves a gap; provider aws takes one range.")
    return f"{digits[0]}00-{digits[-1]}99"
