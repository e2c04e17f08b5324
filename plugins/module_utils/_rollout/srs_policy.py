# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the apply engine is told about the objects of a topology: their revisions, causes of changes, holds, and secrets in configs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import holds
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.policy import Policy, Verdict
from ansible_collections.livestream.srs.plugins.module_utils._labels import COMPONENT, INSTANCE, MANAGED_BY, OWNER
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import changes
from ansible_collections.livestream.srs.plugins.module_utils._rollout import change_cause, reloads, revisions


@dataclass
class SrsPolicy(Policy):
    """``who`` is named in the causes of changes; "" notes none. ``new_addresses``: whether Services may lose the addresses that they have.
    ``redacted`` gives the text of a srs.conf without its secrets.
    """

    who: str
    release_holds: bool
    new_addresses: bool
    redacted: Callable[[str], str]

    def carried_over(self, live: Mapping[str, Any] | None, manifest: Object) -> Object:
        if live and manifest["kind"] == "Service" and (kept := changes.kept_annotations(live, manifest)):
            metadata = manifest["metadata"]
            manifest = {**manifest, "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), **kept}}}
        manifest = reloads.counted(live, revisions.carried_over(live, manifest))
        return change_cause.carried_over(live, manifest) if self.who else manifest

    def cause(self, live: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str | None:
        return change_cause.change_cause(self.who, live, after) if self.who else None

    def verdict(self, live: Mapping[str, Any], after: Mapping[str, Any]) -> Verdict:
        return changes.verdict(live, after, new_address=self.new_addresses) if live["kind"] == "Service" else Verdict()

    def staying(self, live: Mapping[str, Any], kept: Sequence[Mapping[str, Any]]) -> str | None:
        return changes.staying(live, kept) if live["kind"] == "Service" and not self.new_addresses else None

    def hold(self, live: Mapping[str, Any]) -> str | None:
        return None if self.release_holds else holds.hold(live)

    def held_together(self, item: Mapping[str, Any]) -> str | None:
        labels = (item.get("metadata") or {}).get("labels") or {}
        is_edge = labels.get(COMPONENT) == "edge" and labels.get(INSTANCE) and not self.release_holds
        return f"edge cluster {labels[INSTANCE]!r}" if is_edge else None

    def shown(self, before: Object | None, after: Object | None) -> tuple[Object | None, Object | None]:
        before, after = revisions.readable(before, after)
        ours = any(_is_ours(item) for item in (before, after) if item)
        return self._without_secrets(before, ours), self._without_secrets(after, ours)

    def _without_secrets(self, item: Object | None, ours: bool) -> Object | None:
        """A ConfigMap made by hand may hold a srs.conf with passwords, under whatever name until it becomes ours."""
        if not item or item["kind"] != "ConfigMap" or not item.get("data"):
            return item
        shown = {key: self.redacted(text) if key in _configs(item, ours) else text for key, text in item["data"].items()}
        return {**item, "data": shown}


def _is_ours(item: Mapping[str, Any]) -> bool:
    return (item["metadata"].get("labels") or {}).get(MANAGED_BY) == OWNER


def _configs(config_map: Object, ours: bool) -> set[str]:
    """The keys that hold a srs.conf."""
    return {key for key in config_map["data"] if key == "srs.conf" or (ours and key.endswith(".conf") and key != "nginx.conf")}
