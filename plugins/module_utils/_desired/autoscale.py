# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``srs_edge_autoscale`` and ``hls_nginx_autoscale`` may say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Settings
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.quantities import exact

KEYS = ("min", "max", "cpu", "metric")
# SRS has one thread, so this is a share of one CPU where that is what a server asks for. New players come faster than new servers.
DEFAULT_CPU = 65


def check(where: str, given: Settings, resources: Settings) -> Iterator[str]:
    """The problems of a resolved autoscale, as sentences; ``where`` is its variable, ``resources`` are those of the containers."""
    if not given:
        return
    problems = [f"{where} has no key {key}: known are {', '.join(KEYS)}." for key in given if key not in KEYS]
    for key, high in (("min", 10_000), ("max", 10_000), ("cpu", 100)):
        if key in given or key != "cpu":
            value = given.get(key)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= high:
                problems.append(f"{where}.{key} is {value!r}: it must be a whole number from 1 to {high}.")
    if not problems and given["min"] > given["max"]:
        problems.append(f"{where}.min is {given['min']}, which is more than max, {given['max']}.")
    yield from problems
    if "metric" in given:
        metric = given["metric"]
        if not (isinstance(metric, Mapping) and set(metric) == {"name", "average"}):
            yield f"{where}.metric is {metric!r}: it must be such as {{name: srs_clients, average: 800}}."
            return
        # As a part of a URL: https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/apis/autoscaling/validation/validation.go
        name, average = metric["name"], exact(metric["average"])
        if not isinstance(name, str) or name in ("", ".", "..") or set(name) & set("/%"):
            yield f"{where}.metric.name is {name!r}: it must be the name of a metric, such as srs_clients."
        if average is None or average <= 0:
            yield f"{where}.metric.average is {metric['average']!r}: it must be a quantity of Kubernetes above 0, such as 800."
    elif not (resources.get("requests") or {}).get("cpu"):
        yield f"{where} goes by the share of the requested CPU, but the servers request none: set resources.requests.cpu."


def resolved(given: dict[str, Any]) -> dict[str, Any]:
    """With its default: by CPU, where nothing else is named."""
    return {"cpu": DEFAULT_CPU, **given} if given and "metric" not in given else given
