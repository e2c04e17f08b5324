# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canaries: a second Deployment beside the stable one of an edge cluster, behind the same Service.

Its servers come on top of the stable ones, so that no player is sent off to make room for it. They have the label that the Service
selects, and one more that tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._labels import CANARY, TRACK

Cluster = Mapping[str, Any]


def canaries(clusters: Iterable[Cluster], rollouts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Resolved edge clusters as their canaries, whose sizes are in ``rollouts``, the clusters that ``srs_edge_rollout`` returns."""
    servers = {rollout["name"]: rollout["canary_servers"] for rollout in rollouts}
    return [_canary(cluster, servers[cluster["name"]]) for cluster in clusters]


def _canary(cluster: Cluster, servers: int) -> dict[str, Any]:
    track = {TRACK: CANARY}
    labels = {**cluster["labels"], **track}
    names = {f"{part}_name": canary_name(cluster, part) for part in ("config", "deployment")}
    return {
        **cluster,
        **names,
        "labels": labels,
        "selector": {"app": cluster["app"], **track},
        "replicas": servers,
        "autoscale": {},
        "srs_conf": {**cluster["srs_conf"], "name": names["config_name"], "labels": labels},
    }


def canary_name(cluster: Cluster, part: str) -> str:
    return f"{cluster['app']}-{CANARY}-{part}"


def references(clusters: Iterable[Cluster]) -> list[dict[str, Any]]:
    """What a canary is made of, by kind and name: enough to remove it, whatever the inventory says by now."""
    return [
        {"apiVersion": version, "kind": kind, "metadata": {"name": canary_name(cluster, part)}}
        for cluster in clusters
        for version, kind, part in (("apps/v1", "Deployment", "deployment"), ("v1", "ConfigMap", "config"))
    ]
