# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``srs_patches``: the last word of the user about objects, for whatever no variable says.

A patch is a mapping, merged into the object, or a list of operations (JSON patch, RFC 6902). A merge removes what is null (RFC 7386), and
merges lists by the keys that Kubernetes has for them (x-kubernetes-patch-merge-key in its OpenAPI); lists without a key are replaced.
``$patch: delete`` removes an element, ``$patch: replace`` replaces a mapping or a list, as in kubectl.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, at
from ansible_collections.livestream.srs.plugins.module_utils._labels import COMPONENT, INSTANCE, MANAGED_BY, PART_OF

# Elements of these lists are the same where one of these keys has the same value; the first key that an element has counts.
LIST_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "ports": ("name", "containerPort", "port"),
    "imagePullSecrets": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
    "resourceClaims": ("name",),
}
DIRECTIVE = "$patch"

# By these an object is found again.
IDENTITY = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))
IDENTITY_LABELS = (COMPONENT, INSTANCE, MANAGED_BY, PART_OF)

JsonPatch = Callable[[Object, list[Any]], Object]
"""Applies the operations of a JSON patch to a copy of an object; raises SrsError that says what is wrong."""


@dataclass
class Patches:
    """The patches of a topology. ``json_patch`` is what carries out RFC 6902."""

    given: list[Mapping[str, Any]]
    json_patch: JsonPatch

    def applied(self, objects: Iterable[Object], known_as: Mapping[str, str] | None = None) -> list[Object]:
        """The objects with the patches that match them. ``known_as`` has other names by which patches may know an object."""
        return [self._patched(item, (known_as or {}).get(item["metadata"]["name"])) for item in objects]

    def check(self, objects: Iterable[Object]) -> Iterator[str]:
        """What is wrong with the patches of these objects, which are all that the topology has; each as a sentence."""
        everything = list(objects)
        for index, patch in enumerate(self.given):
            where = f"srs_patches[{index}]"
            matched = [number for number, item in enumerate(everything) if _matches(patch, item, None)]
            if not matched:
                yield f"{where} matches no object: {_what_there_is(patch, everything)}"
            try:
                for number in matched:
                    everything[number] = self._one(everything[number], patch, where)
            except SrsError as error:
                yield error.message

    def without_effect(self, objects: Iterable[Object]) -> Iterator[str]:
        """The patches that match objects and change none, each as a sentence."""
        everything = list(objects)
        for index, patch in enumerate(self.given):
            where = f"srs_patches[{index}]"
            matched = [item for item in everything if _matches(patch, item, None)]
            after = [self._one(item, patch, where) if _matches(patch, item, None) else item for item in everything]
            if matched and after == everything:
                yield f"{where} changes nothing of {_title(matched[0])}{_and_more(len(matched) - 1)}: it can be left out."
            everything = after

    def _patched(self, item: Object, alias: str | None) -> Object:
        for index, patch in enumerate(self.given):
            if _matches(patch, item, alias):
                item = self._one(item, patch, f"srs_patches[{index}]")
        return item

    def _one(self, item: Object, patch: Mapping[str, Any], where: str) -> Object:
        content = patch["patch"]
        if not isinstance(content, (Mapping, list)):
            raise SrsError(f"{where}.patch must be a mapping, which is merged, or a list of operations (JSON patch).")
        try:
            after = self.json_patch(item, content) if isinstance(content, list) else merged(item, content)
        except SrsError as error:
            raise SrsError(f"{where}.patch can't be applied to {_title(item)}: {error.message}") from error
        for path in _identity_changes(item, after):
            raise SrsError(f"{where}.patch changes {path} of {_title(item)}, by which it is found again: leave it as it is.")
        return after


def _matches(patch: Mapping[str, Any], item: Object, alias: str | None) -> bool:
    names = [item["metadata"]["name"], *([alias] if alias else [])]
    return bool(patch["kind"] == item["kind"] and any(fnmatchcase(name, patch["name"]) for name in names))


def _what_there_is(patch: Mapping[str, Any], objects: list[Object]) -> str:
    of_kind = [item["metadata"]["name"] for item in objects if item["kind"] == patch["kind"]]
    if of_kind:
        return f"name is {patch['name']!r}, and there are {patch['kind']} {', '.join(of_kind[:10])}{_and_more(len(of_kind) - 10)}."
    kinds = sorted({item["kind"] for item in objects})
    return f"kind is {patch['kind']!r}, and there are {', '.join(kinds)}."


def _and_more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _title(item: Object) -> str:
    return f"{item['kind']} {item['metadata']['name']}"


def _identity_changes(before: Object, after: Object) -> Iterator[str]:
    for path in IDENTITY:
        if at(before, *path) != at(after, *path):
            yield ".".join(path)
    for label in IDENTITY_LABELS:
        if at(before, "metadata", "labels", label) != at(after, "metadata", "labels", label):
            yield f"the label {label}"


def merged(old: Any, patch: Any, path: str = "") -> Any:
    """``old`` with a merge patch; raises SrsError that names the path where the patch doesn't fit."""
    if isinstance(patch, Mapping):
        return _merged_mapping(old, patch, path)
    if isinstance(patch, list):
        return _merged_list(old, patch, path)
    return patch


def _merged_mapping(old: Any, patch: Mapping[str, Any], path: str) -> dict[str, Any]:
    if old is not None and not isinstance(old, Mapping):
        raise SrsError(f"{path} is not a mapping.")
    directive = patch.get(DIRECTIVE)
    if directive not in (None, "replace"):
        raise SrsError(f"{path or 'the object'} has {DIRECTIVE}: {directive}, which is for elements of lists; a mapping takes replace.")
    result = {} if directive else dict(old or {})
    for key, value in patch.items():
        inner = f"{path}.{key}" if path else str(key)
        if key == DIRECTIVE:
            continue
        if str(key).startswith("$"):
            raise SrsError(f"{inner} is not known here: there is {DIRECTIVE} with delete and replace.")
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value, inner)
    return result


def _merged_list(old: Any, patch: list[Any], path: str) -> list[Any]:
    if old is not None and not isinstance(old, list):
        raise SrsError(f"{path} is not a list.")
    keys = LIST_KEYS.get(path.rpartition(".")[2], ())
    if not keys or {DIRECTIVE: "replace"} in patch:
        return [merged(None, item, f"{path}[]") for item in patch if item != {DIRECTIVE: "replace"}]
    result = list(old or [])
    for item in patch:
        key = next((name for name in keys if isinstance(item, Mapping) and name in item), None)
        if key is None:
            raise SrsError(f"an element of {path} has no {' or '.join(keys)}, by which its place is found.")
        index = next((number for number, mine in enumerate(result) if mine.get(key) == item[key]), None)
        inner = f"{path}[{item[key]}]"
        if item.get(DIRECTIVE) == "delete":
            if index is None:
                raise SrsError(f"{inner} is not there.")
            del result[index]
        elif index is None:
            result.append(merged(None, item, inner))
        else:
            result[index] = merged(result[index], item, inner)
    return result
