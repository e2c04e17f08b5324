# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns which field of an object: ``metadata.managedFields`` read, compared, and handed over to server-side apply.

A set of fields is the API's own ``fieldsV1``: a tree of ``f:NAME`` (field), ``k:{"name":"x"}`` (item of a list by its keys), ``v:VALUE``
(item of a list by its value), ``i:INDEX``; a node is a member of the set when it is empty or holds ``"."``.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.kinds import SCALED
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import SERVER_METADATA, Object, content, group_kind
from ansible_collections.livestream.srs.plugins.module_utils._labels import LAST_APPLIED, OWNER

Fields = Mapping[str, Any]
Entry = Mapping[str, Any]
Path = tuple[str, ...]

REPLICAS = ("f:spec", "f:replicas")


def is_taken_over(entry: Entry) -> bool:
    """Whether the fields of this entry become ours: what kubectl has set on the object itself, and what our own roll-backs and holds have.

    That is ``kubectl apply``, ``create``, ``edit``, ``set``, ``patch`` and the like, and any tool that applies by kubectl's annotation. Not
    a subresource: a count set by ``kubectl scale`` is forced where the manifest has one, and is an autoscaler's business where it has none.
    Not ``kubectl rollout`` either, whose restart must stay.
    """
    manager = entry.get("manager", "")
    if entry.get("subresource"):
        return False
    if entry.get("operation") == "Apply":
        return bool(manager == "kubectl")
    annotations = _get(entry.get("fieldsV1") or {}, ("f:metadata", "f:annotations")) or {}
    return bool(
        (manager.startswith("kubectl") and manager != "kubectl-rollout")
        or manager == OWNER
        or manager == "before-first-apply"
        or f"f:{LAST_APPLIED}" in annotations
    )


def taken_over(item: Object) -> list[Entry]:
    """The entries whose fields become ours. Those recorded for another version of the API can't be compared and stay where they are."""
    return [entry for entry in managed(item) if is_taken_over(entry) and entry.get("apiVersion") == item["apiVersion"]]


def managed(item: Object) -> list[Entry]:
    """The ``metadata.managedFields`` of an object."""
    return item["metadata"].get("managedFields") or []


def applied_by(item: Object, manager: str) -> Fields:
    """The fields that ``manager`` owns by server-side apply, subresources left out."""
    return union(entry.get("fieldsV1") or {} for entry in managed(item) if _applies(entry, manager))


def spec_after(live: Object, manifest: Object, manager: str) -> Object:
    """What applying the manifest as ``manager`` is to make of the fields of ``live``'s spec, were there nothing to hinder it."""
    owned = applied_by(live, manager).get("f:spec", {})
    kept = {key: value for key, value in (live.get("spec") or {}).items() if f"f:{key}" not in owned}
    return {**kept, **(manifest.get("spec") or {})}


def is_as_applied(live: Object, manifest: Object, manager: str) -> bool:
    """Whether applying the manifest as ``manager`` is known to change nothing, without asking the server.

    That is so when ``manager`` has applied exactly the manifest's fields, all have the manifest's values, and nothing is to be taken over.
    Where values may be equal though they are written differently (quantities, empty mappings), the answer is no, and the server must tell.
    """
    entries = [entry for entry in managed(live) if _applies(entry, manager)]
    if len(entries) != 1 or entries[0].get("apiVersion") != manifest["apiVersion"] or taken_over(live):
        return False
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in ("name", "namespace")}
    wanted = {**{key: value for key, value in manifest.items() if key not in ("apiVersion", "kind")}, "metadata": metadata}
    return _is_as_applied(wanted, entries[0].get("fieldsV1") or {}, live)


def _is_as_applied(wanted: Any, fields: Fields, live: Any) -> bool:
    steps = [step for step in fields if step != "."]
    if not steps:
        # An empty mapping or list may have been left out by the server.
        return not live if wanted in ({}, []) else bool(wanted == live) and type(wanted) is type(live)
    if isinstance(wanted, dict) and isinstance(live, dict):
        if {f"f:{key}" for key in wanted} != set(steps):
            return False
        return all(_is_as_applied(value, fields[f"f:{key}"], live.get(key)) for key, value in wanted.items())
    if not isinstance(wanted, list) or not isinstance(live, list) or len(wanted) != len(steps):
        return False
    places = []
    for item in wanted:
        found = [step for step in steps if _names_item(step, item)]
        place = _find(live, found[0]) if len(found) == 1 else None
        if place is None or not _is_as_applied(item, fields[found[0]], live[place]):
            return False
        places.append(place)
    return all(earlier < later for earlier, later in itertools.pairwise(places))


def _names_item(step: str, item: Any) -> bool:
    """Whether a step leads to this item of a list. A key that the item leaves out has its default in the step (a port's protocol)."""
    kind, name = step[:1], step[2:]
    if kind == "v":
        return bool(json.loads(name) == item)
    return kind == "k" and isinstance(item, dict) and all(item.get(key, value) == value for key, value in json.loads(name).items())


def reowned(live: Object, manifest: Object, manager: str, now: str) -> list[Object] | None:
    """The managedFields that ``live`` must have before the manifest is applied, or None when it has them already.

    What is taken over is recorded as applied by ``manager`` at the time ``now`` (RFC 3339), so that the apply removes what the manifest
    does not have. A replica count that the manifest does not give is given up first; otherwise the apply would set it to 1 instead of
    leaving it to an autoscaler.
    """
    given_up, ours = taken_over(live), [entry for entry in managed(live) if _applies(entry, manager)]
    fields = union(entry.get("fieldsV1") or {} for entry in [*ours, *given_up])
    lets_go = _leaves_count(manifest) and _get(fields, REPLICAS) is not None
    if not given_up and not lets_go:
        return None
    if lets_go:
        fields["f:spec"] = {step: below for step, below in fields["f:spec"].items() if step != REPLICAS[1]}
    entry = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": live["apiVersion"],
        "time": now,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return [*(dict(entry) for entry in managed(live) if entry not in given_up and entry not in ours), entry]


def after_reowning(live: Object, applied: Object, manifest: Object, manager: str) -> Object:
    """What apply makes of ``live`` once its managedFields are those of ``reowned``.

    ``applied`` is what apply makes of it before that, with the fields that others own as well still in place. As the API server does, this
    removes the fields, with all that is in them, that ``manager`` owned (including what it took over) and that no manager owns any more.
    """
    given_up = taken_over(live)
    owned = union(entry.get("fieldsV1") or {} for entry in managed(live) if entry in given_up or _applies(entry, manager))
    kept = union(
        entry.get("fieldsV1") or {}
        for entry in managed(applied)
        if not is_taken_over(entry) or entry.get("apiVersion") != live["apiVersion"]
    )
    result = copy.deepcopy(applied)
    _remove(result, owned, {"f:metadata": {}, **kept})  # every object keeps its metadata
    if _leaves_count(manifest) and "replicas" in live["spec"]:
        result["spec"]["replicas"] = live["spec"]["replicas"]
    return result


def _leaves_count(manifest: Object) -> bool:
    return group_kind(manifest) in SCALED and "replicas" not in (manifest.get("spec") or {})


def _remove(value: Any, owned: Fields, kept: Fields) -> None:
    """Remove from a mapping or list, in place, what is ``owned`` and not ``kept``."""
    gone = []
    for step, below in owned.items():
        place = _find(value, step) if step != "." else None
        if place is None:
            continue
        # A field counts as owned with any part of it, the item of a list only when it is a member itself.
        if step not in kept and (step.startswith("f:") or is_member(below)):
            gone.append(place)
        elif isinstance(value[place], (dict, list)):
            _remove(value[place], below, kept.get(step, {}))
    for place in sorted(gone, reverse=True):
        del value[place]


def _find(value: Any, step: str) -> Any:
    """The key or index in ``value`` that one step of a path leads to, or None."""
    kind, name = step[:1], step[2:]
    if kind == "f":
        return name if isinstance(value, dict) and name in value else None
    if not isinstance(value, list):
        return None
    if kind == "i":
        return int(name) if int(name) < len(value) else None
    wanted = json.loads(name)
    if kind == "v":
        return next((index for index, item in enumerate(value) if item == wanted), None)
    return next((index for index, item in enumerate(value) if isinstance(item, dict) and wanted.items() <= item.items()), None)


def _value(item: Any, path: Path) -> Any:
    """What is at a path of an object; None where nothing is."""
    for step in path:
        place = _find(item, step)
        if place is None:
            return None
        item = item[place]
    return item


def is_same(earlier: Object, later: Object) -> bool:
    """Whether two readings of an object differ in nothing but its status."""

    def owners(item: Object) -> list[Entry]:
        return [{**entry, "time": ""} for entry in managed(item) if entry.get("subresource") != "status"]

    return content(earlier) == content(later) and owners(earlier) == owners(later)


def overridden(live: Object, applied: Object, manager: str) -> list[tuple[str, str]]:
    """(manager, field) of each field that another manager owned and whose value ``manager``'s forced apply has changed."""
    ours = applied_by(applied, manager)
    after: dict[Path, Fields] = {_identity(entry): entry.get("fieldsV1") or {} for entry in managed(applied)}
    found = []
    for entry in managed(live):
        if entry.get("manager") == manager:
            continue
        left = after.get(_identity(entry), {})
        lost = [path for path in leaves(entry.get("fieldsV1") or {}) if _get(left, path) is None and _get(ours, path) is not None]
        # Ownership is also lost where the same value was only written differently ("1" and 1000m).
        lost = [path for path in lost if _value(live, path) != _value(applied, path)]
        name = entry.get("manager", "") + (f" ({entry['subresource']})" if entry.get("subresource") else "")
        found += [(name, show(path)) for path in lost]
    return found


def _applies(entry: Entry, manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")


def _identity(entry: Entry) -> Path:
    return tuple(str(entry.get(key, "")) for key in ("manager", "operation", "apiVersion", "subresource"))


# Sets of fields


def is_member(node: Fields) -> bool:
    """Whether a node of the tree is itself a member of the set, not only the way to one."""
    return not node or "." in node


def union(sets: Iterable[Fields]) -> dict[str, Any]:
    """All members of these sets."""
    result: dict[str, Any] = {}
    for fields in sets:
        _add(result, fields)
    return result


def _add(into: dict[str, Any], fields: Fields) -> None:
    for step, below in fields.items():
        if step not in into:
            into[step] = copy.deepcopy(below)
        elif below and into[step]:
            _add(into[step], below)
        elif below or into[step]:  # one is a leaf: a member, now with something below it
            into[step] = {".": {}, **copy.deepcopy(below or into[step])}


def leaves(fields: Fields, path: Path = ()) -> Iterator[Path]:
    """The paths of the members that have no member below them."""
    for step, below in fields.items():
        if step == ".":
            continue
        if any(key != "." for key in below):
            yield from leaves(below, (*path, step))
        else:
            yield (*path, step)


def _get(fields: Fields, path: Path) -> Any:
    for step in path:
        if step not in fields:
            return None
        fields = fields[step]
    return fields


def show(path: Path) -> str:
    """A path as kubectl writes it: ``.spec.template.spec.containers[name="srs"].image``."""
    text = ""
    for step in path:
        kind, name = step[:1], step[2:]
        if kind == "f":
            text += f".{name}" if name.replace("-", "").isalnum() else f'["{name}"]'
        elif kind == "k":
            text += "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in json.loads(name).items()) + "]"
        else:
            text += f"[{name}]"
    return text


def content_patch(live: Object, wanted: Object) -> list[Object]:
    """The JSON patch (RFC 6902) that gives ``live`` the content of ``wanted``."""
    untouched = ("apiVersion", "kind", "metadata", "status")
    patch = _replaced(live, wanted, "", [key for key in {**live, **wanted} if key not in untouched])
    before, after = live["metadata"], wanted["metadata"]
    return patch + _replaced(before, after, "/metadata", [key for key in {**before, **after} if key not in SERVER_METADATA])


def _replaced(before: Object, after: Object, base: str, keys: Iterable[str]) -> list[Object]:
    patch: list[Object] = []
    for key in keys:
        path = f"{base}/{key.replace('~', '~0').replace('/', '~1')}"
        if key not in after:
            patch.append({"op": "remove", "path": path})
        elif before.get(key) != after[key]:
            patch.append({"op": "add", "path": path, "value": after[key]})
    return patch
