# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure topology code, as filters for the roles."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.livestream.srs.plugins.module_utils._desired import canaries
from ansible_collections.livestream.srs.plugins.module_utils._desired import edges as clusters
from ansible_collections.livestream.srs.plugins.module_utils._desired import nginx as hls
from ansible_collections.livestream.srs.plugins.module_utils._desired import origin as origins
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import load_balancer
from ansible_collections.livestream.srs.plugins.module_utils._rollout import reloads, revisions, rollouts
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import plain


def _user_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any) -> Any:
        # Ansible's own containers evaluate a template whenever it is read, and a deep copy of one copies all variables of the host.
        given = [plain(argument) for argument in args]
        try:
            return function(*given)
        except SrsError as error:
            raise AnsibleFilterError(error.message) from error

    return call


def _chosen(clusters: list[dict[str, Any]], wanted: str | list[str]) -> list[dict[str, Any]]:
    """Those of the resolved edge clusters that ``srs_edge_cluster`` names."""
    names = wanted.split(",") if isinstance(wanted, str) else wanted
    chosen = rollouts.chosen(names, (cluster["name"] for cluster in clusters), "in the inventory")
    return [cluster for cluster in clusters if cluster["name"] in chosen]


def _reloads(clusters: list[dict[str, Any]], configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The resolved edge clusters whose servers reload a changed config by themselves."""
    return reloads.of_clusters(clusters, configs, revisions.keys_of_clusters(configs, clusters))


class FilterModule:
    """Filters that the roles use among themselves; they aren't part of the public interface."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "by_name": lambda items: {item["name"]: item for item in items},
            "canaries": _user_errors(canaries.canaries),
            "canary_objects": _user_errors(canaries.references),
            "chosen_clusters": _user_errors(_chosen),
            "config_keys": _user_errors(revisions.keys_of_clusters),
            "config_revisions": _user_errors(revisions.with_revisions),
            "edge_clusters": _user_errors(clusters.resolve_edges),
            "hls": _user_errors(hls.resolve_hls),
            "load_balancer": _user_errors(lambda slb, where, ports: load_balancer.render(slb, where=where, ports=ports)),
            "pod_bandwidth": _user_errors(load_balancer.pod_bandwidth_annotations),
            "origin": _user_errors(origins.resolve_origin),
            "reloads": _user_errors(_reloads),
            "with_origin": _user_errors(clusters.with_origin),
        }
