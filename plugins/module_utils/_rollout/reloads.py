# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reloads that servers make by themselves when their srs.conf changes: who has surely taken it, and what a server says of its last one.

A pod mounts one key of its ConfigMap for life, and the ConfigMap counts how often the text under each key was changed. So a server is known
to have what its file holds if that text has never changed, if its pod was created well after the last change, or if it is noted on its pod.
All of that stands in the API server, so a run that is cut short leaves nothing out.

SRS tells of its last reload by a random id and its outcome, not of which file. The first reload after the id that a server had when its
config was changed is the one, if nothing else was awaited of it. Otherwise, and where none comes since it was made before anybody looked,
the server is asked to reload once more, when its file must be there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import holds
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._labels import CANARY, CONFIG_CHANGES, CONFIG_KEYS, RELOAD, TRACK
from ansible_collections.livestream.srs.plugins.module_utils._rollout.revisions import config_keys, mounted_config
from ansible_collections.livestream.srs.plugins.module_utils._text import whole_number

NEVER = "never"

# What SRS says of the state of a reload: the server has made none yet, or the last one is done.
NONE_YET, FINISHED = 0, 90

# So long after a change a kubelet may still give new pods what it had before.
KUBELET_LATE = timedelta(seconds=30)
# So often, a good while apart each time, a kubelet is told to renew the files of a pod; then they must be there.
NUDGES = 6

# On pods: the checksum, what is known, the number of changes, and where a reload is awaited the last one's id and the number of nudges.
NOTE = re.compile(r"[0-9a-f]{12} (taken \w+|due \w+ [0-9]+|after \w+ \S+ [0-9]+)")

Pod = Mapping[str, Any]


# The files


@dataclass(frozen=True)
class File:
    """What a ConfigMap holds under the key that pods mount as their srs.conf."""

    place: str  # "key srs-66e73aacca37.conf of ConfigMap srs-edge-config"
    checksum: str
    changes: int | None  # how often the text under this key was changed; None where nobody counts
    created: str  # when the ConfigMap was
    changed: str | None  # when the text was at the latest; None if that is not known


def counted(live: Mapping[str, Any] | None, manifest: Object) -> Object:
    """The manifest of a ConfigMap with the number of changes of the text under each key, from the live one."""
    annotations = manifest["metadata"].get("annotations") or {}
    if live is None or manifest["kind"] != "ConfigMap" or CONFIG_KEYS not in annotations:
        return manifest
    before, after, counts = live.get("data") or {}, manifest["data"], _counts(live)
    for key in config_keys(manifest):
        if key in before and before[key] != after[key]:
            counts[key] = counts.get(key, 0) + 1
    text = ",".join(f"{key}={count}" for key, count in sorted(counts.items()) if key in after)
    if not text:
        return manifest
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": {**annotations, CONFIG_CHANGES: text}}}


def _counts(config_map: Mapping[str, Any]) -> dict[str, int]:
    recorded = (config_map["metadata"].get("annotations") or {}).get(CONFIG_CHANGES) or ""
    pairs = (pair.partition("=") for pair in recorded.split(","))
    return {key: number for key, _equals, count in pairs if (number := whole_number(count)) is not None}


def file_of(config_map: Mapping[str, Any], key: str) -> File | None:
    """What is under a key of a ConfigMap; None if it has no such key."""
    text = (config_map.get("data") or {}).get(key)
    if text is None:
        return None
    metadata = config_map["metadata"]
    owners = [entry for entry in metadata.get("managedFields") or () if f"f:{key}" in ((entry.get("fieldsV1") or {}).get("f:data") or {})]
    times = [str(entry["time"]) for entry in owners if entry.get("time")]
    return File(
        f"key {key} of ConfigMap {metadata['name']}",
        hashlib.sha256(text.encode()).hexdigest(),
        _counts(config_map).get(key, 0) if key in config_keys(config_map) else None,
        metadata.get("creationTimestamp") or "",
        max(times) if times and len(times) == len(owners) else None,
    )


def is_taken(pod: Pod, file: File) -> bool:
    """Whether the server of this pod is known to run with what its file holds."""
    note = _note(pod)
    if note[:3] == [file.checksum[:12], "taken", str(file.changes)]:
        return True
    created = pod["metadata"].get("creationTimestamp") or ""
    if file.changes == 0:
        # A pod can't start without the key that it mounts, and nothing else has ever been there.
        return bool(created >= file.created)
    return file.changed is not None and bool(created) and _time(created) > _time(file.changed) + KUBELET_LATE


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def taken(pod: Pod, config_maps: Mapping[str, Mapping[str, Any]]) -> bool | None:
    """The same for a pod that mounts a key of one of these ConfigMaps (by name); None for one that doesn't."""
    for volume in (pod.get("spec") or {}).get("volumes") or ():
        key = mounted_config({"spec": {"volumes": [volume]}})
        config_map = config_maps.get(volume["configMap"].get("name") or "") if key else None
        if key and config_map and key in config_keys(config_map) and (file := file_of(config_map, key)):
            return is_taken(pod, file)
    return None


# The servers


@dataclass
class Due:
    """A server that is not known to have taken its config."""

    cluster: str
    pod: Pod
    file: File
    before: str | None = None  # the id of the reload before the one that is due; None as long as the next one may be another's
    nudges: int = 0  # how often its kubelet was told to renew its files
    asked: bool = False  # to reload once more
    not_asked: str | None = None  # why it could not be
    restarted: str | None = None  # the id with which it said that it has made no reload yet

    @property
    def name(self) -> str:
        return str(self.pod["metadata"]["name"])


def due(pods: Iterable[Pod], clusters: Iterable[Mapping[str, Any]], config_maps: Mapping[str, Mapping[str, Any]]) -> list[Due]:
    """The running servers of these clusters that are not known to have taken what their file holds.

    What that is, the ConfigMap says: a cluster that is held has another one than is wanted. Servers of other revisions, which read other
    keys, are about to be replaced.
    """
    found = []
    for pod, cluster in _running(pods, clusters):
        config_map = config_maps.get(cluster["config_map"])
        if config_map is None:
            continue
        key = next(iter(config_keys(config_map)), cluster["key"])
        file = file_of(config_map, key)
        if file is None or mounted_config(pod) != key or is_taken(pod, file):
            continue
        server = Due(cluster["name"], pod, file)
        note = _note(pod)
        if note[:1] == [file.checksum[:12]] and note[2:3] == [str(file.changes)] and note[1] in ("after", "due"):
            server.before = note[3] if note[1] == "after" else None
            server.nudges = int(note[-1])
        found.append(server)
    return found


def expected(pods: Iterable[Pod], clusters: Iterable[Mapping[str, Any]], config_maps: Mapping[str, Mapping[str, Any]]) -> list[Due]:
    """The running servers that will have to reload when their clusters' ConfigMaps become what is wanted."""
    found = []
    for pod, cluster in _running(pods, clusters):
        config_map = config_maps.get(cluster["config_map"])
        file = file_of(config_map, cluster["key"]) if config_map and holds.hold(config_map) is None else None
        if file and file.checksum != cluster["checksum"] and mounted_config(pod) == cluster["key"]:
            found.append(Due(cluster["name"], pod, file))
    return found


def _running(pods: Iterable[Pod], clusters: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Pod, Mapping[str, Any]]]:
    """The running servers of these clusters, each with its cluster; a canary has a config of its own."""
    by_app = {cluster["app"]: cluster for cluster in clusters}
    for pod in pods:
        labels = pod["metadata"].get("labels") or {}
        running = (pod.get("status") or {}).get("phase") == "Running" and not pod["metadata"].get("deletionTimestamp")
        if running and labels.get("app") in by_app and labels.get(TRACK) != CANARY:
            yield pod, by_app[labels["app"]]


# The notes on pods


def _note(pod: Pod) -> list[str]:
    """The words of a pod's note; [] where there is none that can be read."""
    text = (pod["metadata"].get("annotations") or {}).get(RELOAD) or ""
    return text.split() if NOTE.fullmatch(text) else []


def awaiting(server: Due) -> str:
    """What is noted on a pod whose server has yet to reload. It changes each time: with a changed pod the kubelet renews its files."""
    known = f"after {server.file.changes} {server.before}" if server.before else f"due {server.file.changes}"
    return f"{server.file.checksum[:12]} {known} {server.nudges}"


def noted_taken(server: Due) -> str:
    """What is noted on a pod whose server has taken its file."""
    return f"{server.file.checksum[:12]} taken {server.file.changes}"


# What servers say


def identity(last: Mapping[str, Any]) -> str:
    """The id of a server's last reload, as ``reload-fetch`` tells it; a word that can be noted, whatever it says."""
    return "".join(str(last.get("rid") or NEVER).split())[:64] or NEVER


def refusal(last: Mapping[str, Any]) -> str | None:
    """What SRS has against the file of its last reload, in its own words; None where it has nothing."""
    return str(last.get("msg") or f"error {last.get('err')}") if last.get("err") else None


def hear(server: Due, last: Mapping[str, Any]) -> tuple[bool, str | None]:
    """Whether the reload that is due is over, by what the server says of its last one, and what was wrong with it."""
    if server.before is None:
        if server.nudges >= NUDGES or _awaits_nothing_else(server, last):
            server.before = identity(last)
        return False, None
    if identity(last) == server.before:
        return False, None
    if refused := refusal(last):
        return True, f"SRS keeps its old config, since it finds {server.file.place} wrong: {refused}"
    if last.get("state") == NONE_YET and server.restarted == identity(last):
        # It has been restarted, and has then read what was there: perhaps the file of before.
        server.before, server.asked = identity(last), False
    # One that is just beginning says the same, but not for long.
    server.restarted = identity(last) if last.get("state") == NONE_YET else None
    return last.get("state") == FINISHED, None


def _awaits_nothing_else(server: Due, last: Mapping[str, Any]) -> bool:
    """Whether all earlier changes of its file have reached a server, so that its next reload is the one that is due."""
    if not server.file.changes:
        return False
    note, before = _note(server.pod), str(server.file.changes - 1)
    if not note:
        return before == "0" and (server.pod["metadata"].get("creationTimestamp") or "") >= server.file.created
    return note[2] == before and (note[1] == "taken" or (note[1] == "after" and note[3] != identity(last)))
