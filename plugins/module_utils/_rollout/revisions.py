# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The revisions of a Deployment: the config that belongs to each of them, and why each came about.

The ConfigMap of a cluster holds its current srs.conf under that name and, under a key of its own (``srs-<checksum>.conf``), that of
each revision that a roll-back may lead to. A pod template mounts the key of its own config. So the containers of a revision read the config
of that revision, whenever they start and whatever has been applied since.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import CONFIG_MAP_ROOM, Object
from ansible_collections.livestream.srs.plugins.module_utils._labels import CONFIG_KEYS

# The current one and as many as a Deployment with revisionHistoryLimit 10 can go back to.
KEPT = 11


def config_keys(config_map: Mapping[str, Any]) -> list[str]:
    """The keys of revisions in a ConfigMap, newest first."""
    recorded = (config_map["metadata"].get("annotations") or {}).get(CONFIG_KEYS) or ""
    return [key for key in recorded.split(",") if key and key in (config_map.get("data") or {})]


def carried_over(live: Mapping[str, Any] | None, manifest: Object) -> Object:
    """The manifest with what the live object keeps for earlier revisions."""
    if live is None:
        return manifest
    annotations = manifest["metadata"].get("annotations") or {}
    if manifest["kind"] == "ConfigMap" and CONFIG_KEYS in annotations:
        own = config_keys(manifest)
        left = CONFIG_MAP_ROOM - sum(len(text.encode()) for text in manifest["data"].values()) - _of_others(live, manifest)
        earlier = []
        for key in [key for key in config_keys(live) if key not in own][: max(0, KEPT - len(own))]:
            left -= len(live["data"][key].encode())
            if left < 0:
                break
            earlier.append(key)
        annotations = {**annotations, CONFIG_KEYS: ",".join([*own, *earlier])}
        data = {**manifest["data"], **{key: live["data"][key] for key in earlier}}
        return {**manifest, "metadata": {**manifest["metadata"], "annotations": annotations}, "data": data}
    return manifest


def _of_others(live: Mapping[str, Any], manifest: Object) -> int:
    """How many bytes a ConfigMap holds that aren't ours and stay: somebody may have added keys to it."""
    ours = {*config_keys(live), *manifest["data"]}
    texts = sum(len(text.encode()) for key, text in (live.get("data") or {}).items() if key not in ours)
    return texts + sum(len(text) for text in (live.get("binaryData") or {}).values())


def readable(before: Object | None, after: Object | None) -> tuple[Object | None, Object | None]:
    """Before and after of a change without the copies of configs that say nothing that srs.conf doesn't."""
    keys = {key for item in (before, after) if item and item["kind"] == "ConfigMap" for key in config_keys(item)}
    if not keys:
        return before, after
    old, new = (((item or {}).get("data") or {}) for item in (before, after))

    def says_nothing(key: str) -> bool:
        was, becomes = old.get(key), new.get(key)
        copied = was in (None, old.get("srs.conf")) and becomes == new.get("srs.conf")
        return was == becomes or becomes is None or copied

    left_out = {key for key in keys if says_nothing(key)}
    return _without(before, left_out), _without(after, left_out)


def _without(config_map: Object | None, keys: set[str]) -> Object | None:
    if config_map is None:
        return None
    return {**config_map, "data": {key: text for key, text in (config_map.get("data") or {}).items() if key not in keys}}


def config_map_of(template: Mapping[str, Any]) -> str | None:
    """The name of the ConfigMap that holds the srs.conf of a pod template; None where it has none."""
    volumes = (template.get("spec") or {}).get("volumes") or ()
    return next((volume["configMap"]["name"] for volume in volumes if volume["name"] == "config-volume" and "configMap" in volume), None)


def mounted_config(template: Mapping[str, Any]) -> str | None:
    """The key of the config that a pod template mounts as srs.conf; None when it mounts its ConfigMap as a whole."""
    for volume in (template.get("spec") or {}).get("volumes") or ():
        for item in (volume.get("configMap") or {}).get("items") or ():
            if item.get("path") == "srs.conf":
                return str(item["key"])
    return None
