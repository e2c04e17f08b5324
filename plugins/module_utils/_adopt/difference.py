# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one object has over another, as a patch that ``srs_patches`` merges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._adopt.normal import WORKLOADS, normal
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, ObjectView
from ansible_collections.livestream.srs.plugins.module_utils._manifests.patches import DIRECTIVE, LIST_KEYS, merged

REPLACE = {DIRECTIVE: "replace"}


def patch_between(built: ObjectView, live: ObjectView) -> dict[str, Any]:
    """What makes the object that we build the one that is there; empty where it is already.

    Labels and annotations of our own stay, and so do the names of a Service's ports, which no pod knows. Replicas have a variable.
    """
    ours, theirs = normal(built), normal(live)
    patch: dict[str, Any] = {}
    if metadata := {key: found for key in ("labels", "annotations") if (found := _missing(ours, theirs, key))}:
        patch["metadata"] = metadata
    if ours["kind"] == "ConfigMap":
        # A file more, under a name of its own, is one that pods may read.
        if more := {key: value for key, value in (theirs.get("data") or {}).items() if key not in (ours.get("data") or {})}:
            patch["data"] = more
        return patch
    if ours["kind"] not in (*WORKLOADS, "Service"):
        return patch
    before, after = (({key: value for key, value in item["spec"].items() if key != "replicas"}) for item in (ours, theirs))
    if ours["kind"] == "Service":
        after = _service(before, after)
    if before != after:
        patch["spec"] = difference(before, after)
    return patch


def difference(old: Any, new: Any, key: str = "") -> Any:
    """A merge patch from one value to another, which differ."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        made = {name: None for name in old if name not in new}
        made |= {
            name: difference(old[name], value, name) if name in old else value for name, value in new.items() if old.get(name) != value
        }
        return made
    if isinstance(old, list) and isinstance(new, list) and (keys := LIST_KEYS.get(key)):
        if all(isinstance(item, Mapping) and any(name in item for name in keys) for item in (*old, *new)):
            elements = list(_elements(old, new, keys))
            try:
                if merged(old, elements, key) == new:
                    return elements
            except SrsError:
                pass
        # Another order, or two elements of one name.
        return [REPLACE, *new]
    return new


def paths(patch: Any, before: str = "") -> Iterator[str]:
    """The fields that a patch changes, for messages."""
    if not isinstance(patch, Mapping):
        yield before
        return
    for name, value in patch.items():
        if name == DIRECTIVE:
            continue
        path = f"{before}.{name}" if before else str(name)
        if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value) and name in LIST_KEYS:
            for item in value:
                title = next((item[key] for key in LIST_KEYS[name] if key in item), None)
                rest = {key: inner for key, inner in item.items() if key not in (*LIST_KEYS[name], DIRECTIVE)}
                if title is not None:
                    yield from paths(rest, f"{path}[{title}]") if rest else [f"{path}[{title}]"]
        elif isinstance(value, Mapping) and value and name not in ("labels", "annotations", "matchLabels"):
            yield from paths(value, path)
        else:
            yield path


def _elements(old: list[Any], new: list[Any], keys: tuple[str, ...]) -> Iterator[Any]:
    def title(item: Any) -> tuple[str, Any]:
        return next((name, item[name]) for name in keys if name in item)

    was, becomes = ({title(item): item for item in items} for items in (old, new))
    for (key, value), item in becomes.items():
        if (key, value) not in was:
            yield item
        elif was[key, value] != item:
            yield {key: value, **difference(was[key, value], item)}
    for key, value in was:
        if (key, value) not in becomes:
            yield {key: value, DIRECTIVE: "delete"}


def _missing(ours: Object, theirs: Object, key: str) -> dict[str, str]:
    mine = ours["metadata"].get(key) or {}
    return {name: value for name, value in (theirs["metadata"].get(key) or {}).items() if name not in mine}


def _service(ours: Object, theirs: Object) -> Object:
    """Their Service, with our names of ports where we have the same, and in our order.

    Inside of the Kubernetes cluster a port more does no harm, and origins of a cluster need more than many a Service made by hand has.
    """
    inside = theirs.get("type", "ClusterIP") == "ClusterIP"
    by_port = {port["port"]: port for port in theirs.get("ports") or ()}
    known = [
        {**by_port[port["port"]], "name": port["name"]} if port["port"] in by_port else port
        for port in ours.get("ports") or ()
        if inside or port["port"] in by_port
    ]
    numbers = {port["port"] for port in known}
    more = {key: value for key, value in ours.items() if inside and key == "publishNotReadyAddresses"}
    return {**more, **theirs, "ports": [*known, *(port for port in by_port.values() if port["port"] not in numbers)]}
