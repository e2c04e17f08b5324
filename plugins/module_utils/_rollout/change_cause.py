# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a revision of a workload came about: who changed what, in the annotation that ``kubectl rollout history`` shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import objects
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._labels import CHANGE_CAUSE, CONFIG_CHECKSUM, POD_TEMPLATE_HASH
from ansible_collections.livestream.srs.plugins.module_utils._rollout.revisions import mounted_config

# So many changes are told, the others counted.
TOLD = 6

# Parts of a pod's spec that are told in words of their own, and annotations and labels that follow from what is told.
_TOLD_APART = ("containers", "initContainers", "volumes")
_GENERATED = (POD_TEMPLATE_HASH, CONFIG_CHECKSUM)


def change_cause(who: str, live: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str | None:
    """The cause to note on a workload whose pod template changes; None when it does not."""
    template = (after.get("spec") or {}).get("template")
    if not isinstance(template, Mapping):
        return None
    if live is None:
        return f"{who}: created"
    if live["spec"]["template"] == template:
        return None
    return f"{who}: {listed(template_changes(live['spec']['template'], template)) or 'the pod template'}"


def cause_of(item: Mapping[str, Any]) -> str | None:
    """What is noted on a workload or a ReplicaSet."""
    return (item["metadata"].get("annotations") or {}).get(CHANGE_CAUSE)


def carried_over(live: Mapping[str, Any] | None, manifest: Object) -> Object:
    """The manifest with the cause of the live workload, which holds until its pod template changes."""
    if live is None or "template" not in (manifest.get("spec") or {}) or cause_of(manifest):
        return manifest
    return objects.with_cause(manifest, cause_of(live))


def listed(changes: list[str]) -> str:
    """The changes as one phrase that a table can show."""
    return "; ".join([*changes[:TOLD], *([f"{len(changes) - TOLD} more"] if len(changes) > TOLD else [])])


def template_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What differs between two pod templates, each in a few words: ``image a -> b``, ``config 66e73a -> 7c5331``, ``resources``."""
    told: list[str] = []
    old, new = (template.get("spec") or {} for template in (before, after))
    for part in ("containers", "initContainers"):
        was, becomes = ({item["name"]: item for item in spec.get(part) or ()} for spec in (old, new))
        for name in {**was, **becomes}:
            told += _container_changes(name, was.get(name), becomes.get(name))
    configs = [mounted_config(template) for template in (before, after)]
    if configs[0] != configs[1]:
        told.append(f"config {_revision(configs[0])} -> {_revision(configs[1])}")
    told += _differing("", *({key: value for key, value in spec.items() if key not in _TOLD_APART} for spec in (old, new)))
    volumes = [_without_items(spec.get("volumes") or ()) for spec in (old, new)]
    if volumes[0] != volumes[1]:
        told.append("volumes")
    for part in ("labels", "annotations"):
        was, becomes = ((template.get("metadata") or {}).get(part) or {} for template in (before, after))
        told += [f"{part[:-1]} {key}" for key in {**was, **becomes} if was.get(key) != becomes.get(key) and key not in _GENERATED]
    return told


def _revision(key: str | None) -> str:
    return key.removeprefix("srs-").removesuffix(".conf") if key else "of no revision"


def _container_changes(name: str, was: Mapping[str, Any] | None, becomes: Mapping[str, Any] | None) -> list[str]:
    if was is None or becomes is None:
        return [f"container {name} {'new' if was is None else 'gone'}"]
    return _differing("" if name == "srs" else f"{name}: ", was, becomes)


def _differing(where: str, was: Mapping[str, Any], becomes: Mapping[str, Any]) -> list[str]:
    """The keys whose values differ, with the values where they are short."""
    told = []
    for key in {**was, **becomes}:
        old, new = was.get(key), becomes.get(key)
        if old != new:
            short = all(isinstance(value, (str, int, bool)) for value in (old, new))
            told.append(f"{where}{key} {old} -> {new}" if short else f"{where}{key}")
    return told


def _without_items(volumes: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Volumes without which config of a ConfigMap is mounted."""
    return [
        {**volume, "configMap": {key: value for key, value in volume["configMap"].items() if key != "items"}}
        if mounted_config({"spec": {"volumes": [volume]}})
        else volume
        for volume in volumes
    ]
