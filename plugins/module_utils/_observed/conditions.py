# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a status can be awaited for, and what is still missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._observed.status import GROUPS

Status = Mapping[str, Any]
Query = Callable[[str, Any], Any]

# Conditions about Kubernetes' objects alone, and those that need the servers' own answers.
PLAIN = ("ready", "addresses", "drained")
WITH_VALUE = ("drained", "stream", "idle", "jmespath")
OF_SERVERS = ("stream", "idle")


def parse(given: Sequence[Any]) -> list[tuple[str, str]]:
    """Conditions as (name, value) from what the user wrote: a word, or a mapping of one word to its value."""
    found = []
    for item in given:
        if isinstance(item, Mapping) and len(item) == 1:
            ((name, value),) = item.items()
            if name in WITH_VALUE and isinstance(value, str) and value:
                found.append((str(name), value))
                continue
        elif item in PLAIN:
            found.append((str(item), ""))
            continue
        raise SrsError(
            f"wait_for has {item!r}, which is no condition: write {', '.join(PLAIN)}, "
            f"or one of {', '.join(f'{name}: VALUE' for name in WITH_VALUE)} with a text as the value."
        )
    return found


def missing(status: Status, conditions: Sequence[tuple[str, str]], query: Query) -> list[str]:
    """What the conditions still lack, one line each; empty when all of them hold."""
    lines: list[str] = []
    for name, value in conditions:
        if name == "jmespath":
            lines += [] if query(value, status) else [f"{value} does not hold yet"]
        else:
            lines += _CHECKS[name](status, value)
    return lines


def _ready(status: Status, _value: str) -> list[str]:
    if not any(status[group] for group in GROUPS):
        return ["there are no workloads with its labels"]
    lines = []
    for group in GROUPS:
        for name, cluster in status[group].items():
            if not cluster["complete"]:
                reasons = sorted({pod["reason"] for pod in cluster["pods"] if pod["reason"] and pod["reason"] != "Terminating"})
                state = f"{name} {cluster['ready']}/{cluster['desired']} ready"
                if cluster["updated"] < cluster["desired"]:
                    state += f", {cluster['updated']} updated"
                lines.append(state + (f" ({', '.join(reasons)})" if reasons else ""))
    return lines


def _addresses(status: Status, _value: str) -> list[str]:
    return [f"Service {s['name']} has no address" for s in status["services"] if s["type"] == "LoadBalancer" and not s["addresses"]]


def _drained(status: Status, cluster: str) -> list[str]:
    leaving = [p["name"] for name, c in _clusters(status, cluster) for p in c["pods"] if p["terminating"]]
    return [f"pods still leave: {', '.join(leaving)}"] if leaving else []


def _stream(status: Status, url: str) -> list[str]:
    wanted = "/" + url.strip("/")
    if any(s["live"] and wanted in (s["url"], f"/{s['vhost']}{s['url']}") for s in status["streams"]):
        return []
    return [f"stream {wanted} is not live"]


def _idle(status: Status, cluster: str) -> list[str]:
    names = {p["name"] for _name, c in _clusters(status, cluster) for p in c["pods"]}
    lines = []
    for server in status["servers"]:
        if server["name"] in names:
            if server["clients"] is None:
                lines.append(f"{server['name']} gives no answer")
            elif server["clients"]:
                lines.append(f"{server['name']} still has {server['clients']} clients")
    return lines


def _clusters(status: Status, wanted: str) -> list[tuple[str, Mapping[str, Any]]]:
    found = [(name, cluster) for group in GROUPS for name, cluster in status[group].items() if wanted in ("", name)]
    if wanted and not found:
        raise SrsError(f"wait_for names the cluster {wanted}, which the topology does not have.")
    return found


_CHECKS: dict[str, Callable[[Status, str], list[str]]] = {
    "ready": _ready,
    "addresses": _addresses,
    "drained": _drained,
    "stream": _stream,
    "idle": _idle,
}
