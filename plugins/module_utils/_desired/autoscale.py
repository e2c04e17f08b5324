# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``srs_edge_autoscale`` may say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEYS = ("min", "max", "cpu", "metric")
# SRS has one thread, so this is a share of one CPU where that is what a server asks for. New players come faster than new servers.
DEFAULT_CPU = 65


def check(where: str, cluster: Mapping[str, Any]) -> list[str]:
    """The problems of a resolved cluster's autoscale, as sentences."""
    given = cluster.get("autoscale") or {}
    where = f"{where}: autoscale"
    if not isinstance(given, Mapping):
        return [f"{where} is {given!r}: it has to be a mapping, for example {{min: 2, max: 10, cpu: {DEFAULT_CPU}}}."]
    if not given:
        return []
    problems = [f"{where} has no key {key}: known are {', '.join(KEYS)}." for key in given if key not in KEYS]
    for key, high in (("min", 10_000), ("max", 10_000), ("cpu", 100)):
        if key in given or key != "cpu":
            value = given.get(key)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= high:
                problems.append(f"{where}.{key} is {value!r}: it has to be a whole number from 1 to {high}.")
    if not problems and given["min"] > given["max"]:
        problems.append(f"{where}.min is {given['min']}, which is more than max, {given['max']}.")
    if "metric" in given:
        metric = given["metric"]
        if not (isinstance(metric, Mapping) and set(metric) == {"name", "average"}):
            problems.append(f"{where}.metric is {metric!r}: it has to be such as {{name: srs_clients, average: 800}}.")
    elif not ((cluster.get("resources") or {}).get("requests") or {}).get("cpu"):
        problems.append(f"{where} goes by the share of the requested CPU, but the servers request none: set resources.requests.cpu.")
    return problems


def resolved(given: Any) -> Any:
    """With its default: by CPU, where nothing else is named."""
    return {"cpu": DEFAULT_CPU, **given} if isinstance(given, Mapping) and given and "metric" not in given else given
