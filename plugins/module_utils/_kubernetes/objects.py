# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes objects as plain data: who they are, what of them is content, how a change of them reads."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.livestream.srs.plugins.module_utils._dns import LABEL_LENGTH, is_label
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import kinds
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.hidden_values import MASK, Hider
from ansible_collections.livestream.srs.plugins.module_utils._labels import CHANGE_CAUSE, LAST_APPLIED, MANAGED_BY, OWNER, REVISION

# What the API server lets a ConfigMap hold, in bytes; a little is left for its keys.
# https://kubernetes.io/docs/concepts/configuration/configmap/#motivation
CONFIG_MAP_ROOM = 1024 * 1024 - 4096

Object = dict[str, Any]
"""An object of Kubernetes, or a manifest of one, as plain data."""
ObjectView = Mapping[str, Any]
"""The same where it is only read."""

# What the API server and its controllers write; it says nothing about what was asked for.
SERVER_ANNOTATIONS = (LAST_APPLIED, REVISION)
ALLOCATED = ("clusterIP", "clusterIPs", "healthCheckNodePort")
SERVER_METADATA = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink")


class Ref(NamedTuple):
    """Which object; as text ``Kind namespace/name``, for messages."""

    api_version: str
    kind: str
    namespace: str | None  # None for an object of the whole cluster
    name: str

    @property
    def group_kind(self) -> str:
        """Its ``Kind.group``, see ``kinds.group_kind``."""
        return kinds.group_kind(self.api_version, self.kind)

    def __str__(self) -> str:
        return title(self.kind, self.namespace, self.name)


def title(kind: str, namespace: str | None, name: str) -> str:
    """An object's name in messages: ``Deployment media/srs-edge-deployment``, ``Namespace media``."""
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def ref(item: ObjectView) -> Ref:
    """The reference to an object or manifest, which must have apiVersion, kind and metadata.name."""
    metadata = item["metadata"]
    return Ref(item["apiVersion"], item["kind"], metadata.get("namespace"), metadata["name"])


def group_kind(item: ObjectView) -> str:
    """The ``Kind.group`` of an object or manifest, see ``kinds.group_kind``."""
    return kinds.group_kind(item["apiVersion"], item["kind"])


def namespace(name: str) -> Object:
    """The manifest of a namespace that is made because it is missing."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {MANAGED_BY: OWNER}}}


def flatten(given: Iterable[Any]) -> list[Object]:
    """The objects of a list that may hold lists and ``None`` (what a template leaves where a condition was false).

    Raises SrsError with the index of what is not an object.
    """
    return [_checked(item, index) for index, item in _leaves(given, "")]


def _leaves(given: Iterable[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for number, item in enumerate(given):
        index = f"{prefix}[{number}]"
        if isinstance(item, (list, tuple)):
            yield from _leaves(item, index)
        elif item is not None:
            yield index, item


def _checked(item: Any, index: str) -> Object:
    if not isinstance(item, Mapping):
        shown = repr(item) if len(repr(item)) <= 60 else repr(item)[:57] + "..."
        raise SrsError(f"objects{index} is not a Kubernetes object: got {shown}; give a mapping with apiVersion, kind and metadata.")
    for key in ("apiVersion", "kind"):
        if not isinstance(item.get(key), str) or not item[key]:
            raise SrsError(f"objects{index} has no {key}; give a mapping with apiVersion, kind and metadata.")
    metadata = item.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str) or not metadata["name"]:
        raise SrsError(f"objects{index} ({item['kind']}) has no metadata.name; give it one (generateName is not enough for a set).")
    return _normalised(_without_null(item))


def _without_null(value: Any) -> Any:
    """A copy without keys whose value is null: a field that a template left empty is one that is not given."""
    if isinstance(value, Mapping):
        return {key: _without_null(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_null(item) for item in value]
    return value


def _normalised(item: Object) -> Object:
    """Without what only a server writes, which a manifest that was read from a cluster still has; a Secret in the form that the server
    keeps.
    """
    metadata = {key: value for key, value in item["metadata"].items() if key not in SERVER_METADATA}
    if LAST_APPLIED in metadata.get("annotations", {}):
        metadata["annotations"] = {key: value for key, value in metadata["annotations"].items() if key != LAST_APPLIED}
    result = {**{key: value for key, value in item.items() if key != "status"}, "metadata": metadata}
    texts = result.get("stringData")
    if group_kind(item) == "Secret" and isinstance(texts, dict) and all(isinstance(text, str) for text in texts.values()):
        # The server merges stringData into data and then keeps what is dropped from stringData.
        del result["stringData"]
        result["data"] = {**result.get("data", {}), **{key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}}
    return result


def content(item: ObjectView) -> Object:
    """An object without what the server and its controllers write.

    A diff shows it, and objects whose content is equal need no change.
    """
    metadata = {key: value for key, value in item["metadata"].items() if key not in SERVER_METADATA}
    if annotations := {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in SERVER_ANNOTATIONS}:
        metadata["annotations"] = annotations
    else:
        metadata.pop("annotations", None)
    rest = {key: value for key, value in item.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": metadata, **rest}


def without_allocated(item: Object, manifest: ObjectView) -> Object:
    """A Service without the cluster IPs and node ports that its manifest leaves to the server, which picks others in each dry run.

    Any other object is returned as it is.
    """
    if group_kind(item) != "Service":
        return item
    wanted = manifest.get("spec") or {}
    fixed = {port.get("port") for port in wanted.get("ports") or [] if port.get("nodePort")}
    spec = {key: value for key, value in (item.get("spec") or {}).items() if key not in ALLOCATED or key in wanted}
    if "ports" in spec:
        spec["ports"] = [
            {key: value for key, value in port.items() if key != "nodePort" or port.get("port") in fixed} for port in spec["ports"]
        ]
    return {**item, "spec": spec}


def at(item: Any, *path: str) -> Any:
    """What is at a path of nested mappings, or None."""
    for key in path:
        item = item.get(key) if isinstance(item, Mapping) else None
    return item


def load_balancer_hosts(status: ObjectView | None) -> list[str]:
    """The IP addresses or host names that a load balancer has, by the ``status`` of its Service; [] while it has none."""
    ingress = ((status or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [str(host) for entry in ingress if (host := entry.get("ip") or entry.get("hostname"))]


def changed_fields(before: ObjectView, after: ObjectView) -> list[str]:
    """The top-level fields in which the content of an object differs: ``spec``, ``data``, ``metadata.annotations``."""
    old, new = (
        {**item, **{f"metadata.{key}": value for key, value in item["metadata"].items()}} for item in (content(before), content(after))
    )
    return [key for key in {**old, **new} if key != "metadata" and old.get(key) != new.get(key)]


def changed_template(before: ObjectView, after: ObjectView) -> list[str]:
    """The paths in which the pod template of a workload differs: ``spec.containers[srs].image``; [] for what has none."""
    return list(_differing(at(before, "spec", "template"), at(after, "spec", "template"), ""))


def _differing(old: Any, new: Any, path: str) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, list) and isinstance(new, list) and all(isinstance(item, Mapping) and "name" in item for item in (*old, *new)):
        was, becomes = ({item["name"]: item for item in items} for items in (old, new))
        if list(was) == list(becomes):
            for name, item in was.items():
                yield from _differing(item, becomes[name], f"{path}[{name}]")
            return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in {**old, **new}:
            yield from _differing(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))
        return
    yield path


def with_cause(item: Object, cause: str | None) -> Object:
    """A manifest or an object with this cause in its annotation ``kubernetes.io/change-cause``; as it is where ``cause`` is None."""
    if cause is None:
        return item
    metadata = item["metadata"]
    return {**item, "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), CHANGE_CAUSE: cause}}}


def masked(item: Object) -> Object:
    """An object with the values of a Secret hidden."""
    if item["kind"] != "Secret":  # of whatever group: namesakes hold secrets as well
        return item
    return {**item, **{key: dict.fromkeys(item[key], MASK) for key in ("data", "stringData") if isinstance(item.get(key), Mapping)}}


def masked_pair(before: Object | None, after: Object | None) -> tuple[Object | None, Object | None]:
    """Before and after of a change (None: the object was or will not be there), with the values of a Secret hidden, and those of other
    objects that are secret by their names, see ``hidden_values``.

    A hidden value that changes is marked so.
    """
    hider = Hider()
    hidden_before, hidden_after = (hider.hidden(masked(item)) if item else None for item in (before, after))
    if before and after and hidden_after and before["kind"] == "Secret":
        for key in ("data", "stringData"):
            for name, value in (after.get(key) or {}).items():
                if name in (before.get(key) or {}) and before[key][name] != value:
                    hidden_after[key][name] = f"{MASK} (changed)"
    return hidden_before, hidden_after


def check_label(option: str, value: str, longest: int = LABEL_LENGTH) -> None:
    """Raise SrsError where an option's value is not a DNS label of at most ``longest`` characters."""
    if not is_label(value, longest):
        rule = f"use lower-case letters, digits and - (not at the ends), at most {longest} characters"
        raise SrsError(f"{option} is {value!r}, which is not a DNS label; {rule}.")
