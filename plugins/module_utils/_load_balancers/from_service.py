# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: a Service that somebody wrote, as the ``slb`` that renders the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.load_balancer import render
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import OPTIONS, Cell, Platform
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.option_values import BOOLEANS
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.platforms import DEFAULT_PROVIDER, PLATFORMS
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.ports import Port, ports_of
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.written import attribute, is_off
from ansible_collections.livestream.srs.plugins.module_utils._text import whole_number

Ports = tuple[Port, ...]

# IP families are a matter of the whole topology, and follow from addresses.
FAMILIES = ("ipFamilyPolicy", "ipFamilies")
# What a spec may have besides what a load balancer is asked for.
NOT_ITS_OWN = ("type", "selector", "ports", *FAMILIES)


def slb_of(spec: Mapping[str, Any], annotations: Mapping[str, str]) -> dict[str, Any]:
    """The options that a Service's annotations and spec say, both without defaults; what no option says is in ``annotations``."""
    kind = spec.get("type", "ClusterIP")
    if kind == "NodePort":
        return {"provider": "nodeport", **({"annotations": dict(annotations)} if annotations else {})}
    if kind != "LoadBalancer":
        return {"enabled": False, **({"annotations": dict(annotations)} if annotations else {})}
    ports = ports_of(spec.get("ports") or ())
    found = [
        _options(platform, prefix, spec, annotations, ports) for platform in PLATFORMS for prefix in (platform.prefixes or {"new": ""})
    ]
    # The table that says most, and nothing that is not there; of several the one with the fewest words, such as that of the default.
    fields = {key: value for key, value in spec.items() if key not in NOT_ITS_OWN}
    return max(
        (slb for slb in found if _says(slb, fields, annotations, ports)), key=lambda item: (-len(item.get("annotations", {})), -len(item))
    )


def _options(platform: Platform, prefix: str, spec: Mapping[str, Any], annotations: Mapping[str, str], ports: Ports) -> dict[str, Any]:
    slb: dict[str, Any] = {} if platform.provider == DEFAULT_PROVIDER else {"provider": platform.provider}
    if platform.type and platform is not next(item for item in PLATFORMS if item.provider == platform.provider):
        slb["type"] = platform.type
    if prefix != "new":
        slb["annotation_prefix"] = prefix
    if platform.spec.get("type", "LoadBalancer") != "LoadBalancer":
        return {**slb, "annotations": dict(annotations)}
    fields = {key: value for key, value in spec.items() if key not in NOT_ITS_OWN}
    words = platform.prefixes.get(prefix, "")
    open_ = [(name, value) for name, cell in platform.cells.items() for value in _values(name, cell, words, fields, annotations, ports)]
    # All at once, then one by one, then by twos, of which each needs the other, then an existing load balancer with what it needs; each
    # time what is left.
    for count in (len(dict(open_)), 1, 2, 1, 3, 1):
        left = [item for item in open_ if not _has(slb, item[0])]
        for group in combinations(left, count) if count < 4 else [(*dict(reversed(left)).items(),)]:
            names = [name for name, _value in group]
            if (count == 3 and "id" not in names) or any(_has(slb, name) for name in names):
                continue
            wanted = slb
            for name, value in group:
                wanted = _with(wanted, name, value)
            if _says(wanted, fields, annotations, ports):
                slb = wanted
    said = _rendered(slb, ports)
    if rest := {key: value for key, value in annotations.items() if key not in said["annotations"]}:
        slb["annotations"] = rest
    return slb


def _values(name: str, cell: Cell, prefix: str, fields: Mapping[str, Any], annotations: Mapping[str, str], ports: Ports) -> Iterator[Any]:
    """What an option may have been, told by where it is written."""
    kind = OPTIONS[name].kind
    if is_off(cell, prefix, annotations):
        yield "off"
    if cell.key.startswith("spec."):
        if (field := cell.key.removeprefix("spec.")) in fields:
            yield fields[field]
        return
    port = next((port for port in ports if port.protocol in cell.protocols), Port(0))
    places = {"{prefix}": prefix, "{port}": str(port.number), "{protocol}": port.protocol}
    key = "".join(places.get(part, part) for part in re.split(r"(\{\w+\})", cell.key))
    if (written := annotations.get(key)) is None or (text := attribute(cell, written)) is None:
        return
    if cell.json:
        yield from _json_values(cell, written)
        return
    yield from (word for word, written in cell.words.items() if str(written) == text)
    if kind in ("number", "duration") and (count := whole_number(text)) is not None:
        yield count * cell.divisor
    elif kind in ("switch", "share") and text in BOOLEANS:
        yield BOOLEANS[text]
    if kind == "pairs":
        yield dict(pair.partition("=")[::2] for pair in text.split(","))
    elif kind == "zones":
        yield dict(pair.partition(":")[::2] for pair in text.split(","))
    elif kind == "classes":
        words = {str(written): word for word, written in cell.words.items()}
        yield [words.get(part, part) for part in text.split(",")]
    elif kind == "groups":
        form = re.escape(cell.entry).replace(r"\{name\}", r"(?P<name>\d+)").replace(r"\{value\}", "(?P<value>.+)")
        yield {found["name"]: found["value"] for item in text.split(",") if (found := re.fullmatch(form, item))}
    elif kind in ("texts", "addresses", "networks"):
        rest = annotations.get(cell.rest.replace("{prefix}", prefix), "") if cell.rest else ""
        yield [item for item in f"{text},{rest}".split(",") if item]
    else:
        yield text


def _json_values(cell: Cell, text: str) -> Iterator[Any]:
    value = json.loads(text)
    for part in cell.attribute.split("."):
        value = value[part]
    yield from (word for word, written in cell.words.items() if written == value)
    number = whole_number(value) if isinstance(value, str) else value
    if isinstance(number, int) and cell.low is not None:
        yield number * cell.divisor
    else:
        yield [value] if cell.high == 1 and isinstance(value, str) else value


def _has(slb: Mapping[str, Any], name: str) -> bool:
    group, _dot, key = name.partition(".")
    return key in slb.get(group, {}) if key else name in slb


def _with(slb: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    group, _dot, key = name.partition(".")
    return {**slb, group: {**slb.get(group, {}), key: value} if key else value}


def _rendered(slb: Mapping[str, Any], ports: Ports) -> dict[str, Any]:
    try:
        return render(slb, where="slb", ports=[{"port": port.number, "protocol": port.protocol, "name": port.name} for port in ports])
    except SrsError:
        return {"annotations": {"": ""}, "spec": {}}


def _says(slb: Mapping[str, Any], fields: Mapping[str, Any], annotations: Mapping[str, str], ports: Ports) -> bool:
    """Whether options say nothing that is not there."""
    said = _rendered(slb, ports)
    spec = {key: value for key, value in said["spec"].items() if key not in ("type", *FAMILIES)}
    return said["annotations"].items() <= annotations.items() and all(fields.get(key) == value for key, value in spec.items())
