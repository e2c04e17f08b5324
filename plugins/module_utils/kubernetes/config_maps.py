# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep ConfigMaps that hold a srs.conf each."""

from __future__ import annotations

from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils.kubernetes.client import Client
from ansible_collections.livestream.srs.plugins.module_utils.srs_conf.diff import changes_of_text

Diff = list[dict[str, str]]


def apply_config_maps(client: Client, manifests: list[dict[str, Any]], *, check_mode: bool) -> tuple[bool, Diff]:
    """Bring the ConfigMaps about; whether any changes, and how."""

    def apply(manifest: dict[str, Any]) -> Diff:
        metadata = manifest["metadata"]
        before = client.get("v1", "ConfigMap", metadata["name"], metadata["namespace"])
        after, _created = client.apply(manifest, dry_run=True)
        if before is not None and _content(before) == _content(after):
            return []
        if not check_mode:
            client.apply(manifest)
        return _diff(metadata["name"], before, after)

    diff = [entry for entries in client.each(apply, manifests) for entry in entries]
    return bool(diff), diff


def delete_config_maps(client: Client, names: list[str], namespace: str, *, check_mode: bool) -> tuple[bool, Diff]:
    """Delete the ConfigMaps; whether there were any."""

    def delete(name: str) -> Diff:
        before = client.get("v1", "ConfigMap", name, namespace)
        if before is None:
            return []
        client.delete("v1", "ConfigMap", name, namespace, dry_run=check_mode)
        return _diff(name, before, None)

    diff = [entry for entries in client.each(delete, names) for entry in entries]
    return bool(diff), diff


def _content(config_map: dict[str, Any]) -> tuple[Any, ...]:
    metadata = config_map["metadata"]
    return config_map.get("data"), config_map.get("binaryData"), metadata.get("labels"), metadata.get("annotations")


def _diff(name: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> Diff:
    """One entry for each file that differs, and one for labels and annotations."""
    entries: Diff = []
    old, new = (before or {}).get("data") or {}, (after or {}).get("data") or {}
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            texts = old.get(key, ""), new.get(key, "")
            entries.append(
                {
                    "before_header": f"ConfigMap {name} {key}",
                    "after_header": f"ConfigMap {name} {key}",
                    "before": texts[0],
                    "after": texts[1],
                    "prepared": "".join(f"{line}\n" for line in changes_of_text(*texts)),
                }
            )
    tags = [
        {part: ((config_map or {}).get("metadata") or {}).get(part) or {} for part in ("labels", "annotations")}
        for config_map in (before, after)
    ]
    if tags[0] != tags[1]:
        entries.append(
            {"before_header": f"ConfigMap {name}", "after_header": f"ConfigMap {name}", "before": _lines(tags[0]), "after": _lines(tags[1])}
        )
    return entries or [{"before_header": f"ConfigMap {name}", "after_header": f"ConfigMap {name}", "before": "", "after": ""}]


def _lines(tags: dict[str, dict[str, str]]) -> str:
    return "".join(f"{part}.{key}: {value}\n" for part, values in tags.items() for key, value in sorted(values.items()))
