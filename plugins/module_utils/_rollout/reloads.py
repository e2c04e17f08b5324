# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reloads that servers make by themselves when their srs.conf changes: which are due, and what a server says of its last one.

SRS tells of its last reload by a random id and its outcome, not of which file. So the id that a server had when its config was changed is
noted on its pod; the first reload after that is the one. The note also tells the next run, should this one be cut short.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._labels import CANARY, RELOAD, TRACK
from ansible_collections.livestream.srs.plugins.module_utils._rollout.revisions import mounted_config

NEVER = "never"

# What SRS says of the state of a reload: it is done, or the new file was refused.
FINISHED, REFUSED = 90, 20


@dataclass
class Due:
    """A server that has yet to take its config."""

    cluster: str
    pod: Mapping[str, Any]
    checksum: str
    before: str | None = None  # the id of the reload before the one that is due; None where that is to be asked

    @property
    def name(self) -> str:
        return str(self.pod["metadata"]["name"])


def due(pods: Iterable[Mapping[str, Any]], clusters: Iterable[Mapping[str, Any]], changed: Mapping[str, str]) -> list[Due]:
    """The running servers of these clusters whose config was ``changed`` just now (when, by ConfigMap), or in a run that was cut short.

    A server of another revision reads another key of the ConfigMap, and one that came after the change has started with what is there.
    """
    by_app = {cluster["app"]: cluster for cluster in clusters}
    found = []
    for pod in pods:
        labels = pod["metadata"].get("labels") or {}
        cluster = by_app.get(labels.get("app"))
        running = (pod.get("status") or {}).get("phase") == "Running" and not pod["metadata"].get("deletionTimestamp")
        if cluster is None or not running or labels.get(TRACK) == CANARY or mounted_config(pod) != cluster["key"]:
            continue
        if pod["metadata"]["creationTimestamp"] < changed.get(cluster["config_map"], ""):
            found.append(Due(cluster["name"], pod, cluster["checksum"]))
        elif (before := _noted(pod, cluster["checksum"])) is not None:
            found.append(Due(cluster["name"], pod, cluster["checksum"], before))
    return found


def _noted(pod: Mapping[str, Any], checksum: str) -> str | None:
    """The id of the reload after which this config is awaited; None where none is."""
    words = ((pod["metadata"].get("annotations") or {}).get(RELOAD) or "").split()
    return words[2] if words[:2] == [checksum[:12], "after"] and len(words) > 2 else None


def awaiting(server: Due, time: int) -> str:
    """What is noted on a pod whose server has yet to reload. It changes each ``time``: with a changed pod the kubelet renews its files."""
    return f"{server.checksum[:12]} after {server.before}" + (f" {time}" if time else "")


def taken(server: Due) -> str:
    """What is noted on a pod whose server has reloaded."""
    return f"{server.checksum[:12]} taken"


def identity(last: Mapping[str, Any]) -> str:
    """The id of a server's last reload, as ``reload-fetch`` tells it."""
    return str(last.get("rid") or NEVER)


def refusal(last: Mapping[str, Any]) -> str | None:
    """What SRS has against the file of its last reload, in its own words; None where it has nothing."""
    if last.get("err") or last.get("state") == REFUSED:
        return str(last.get("msg") or f"error {last.get('err')}")
    return None


def outcome(last: Mapping[str, Any], before: str | None) -> tuple[bool, str | None]:
    """Whether the reload that was awaited is over, and what was wrong with it."""
    # An id that is gone is that of a server that has restarted, with the file that is there by now.
    if identity(last) == before:
        return False, None
    if refused := refusal(last):
        return True, f"SRS keeps its old config, since it finds the new one wrong: {refused}"
    return last.get("state") == FINISHED or identity(last) == NEVER, None
