# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The conditions that ``wait_for`` takes, and what is still missing for them to hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._observed.status import clusters, is_going, reasons, without_address
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import Cluster, Objects, Status
from ansible_collections.livestream.srs.plugins.module_utils._text import printable

Query = Callable[[str, Any], Any]
"""Searches data by a JMESPath expression."""


@dataclass(frozen=True)
class Condition:
    """A condition: its forms in a playbook, what they mean, and the check."""

    meaning: str
    missing: Callable[[Status, str, Query], list[str]]
    """What is missing, one line each, for a status and the condition's value ("" if it has none)."""
    alone: bool = False
    """Whether it can be written without a value."""
    value: str = ""
    """What its value is; empty if it takes none."""
    of_servers: bool = False
    """Whether the servers must be asked for it."""


def parse(given: Sequence[Any]) -> list[tuple[str, str]]:
    """Conditions as (name, value) from what the user wrote: a word, or a mapping of one word to its value.

    Raises SrsError for anything else.
    """
    return [_parse(item) for item in given]


def _parse(item: Any) -> tuple[str, str]:
    if isinstance(item, Mapping) and len(item) == 1:
        ((name, value),) = item.items()
        if name in CONDITIONS and CONDITIONS[name].value and isinstance(value, str) and value:
            return name, value
    elif isinstance(item, str) and item in CONDITIONS and CONDITIONS[item].alone:
        return item, ""
    words = [name for name, condition in CONDITIONS.items() if condition.alone]
    pairs = [f"{name}: {condition.value}" for name, condition in CONDITIONS.items() if condition.value]
    raise SrsError(f"wait_for has {item!r}, which is not a condition: use {', '.join(words)}, or one of {', '.join(pairs)}.")


def missing(status: Status, conditions: Sequence[tuple[str, str]], query: Query) -> list[str]:
    """What the conditions still lack, one line each; empty when all of them hold."""
    return [line for name, value in conditions for line in CONDITIONS[name].missing(status, value, query)]


def _ready(status: Status, _value: str, _query: Query) -> list[str]:
    found = list(clusters(status))
    if all(is_going(cluster) for _name, cluster in found):
        return ["there are no workloads with its labels" + (" but such as are being deleted" if found else "")]
    lines = []
    for name, cluster in found:
        if not cluster["complete"]:
            state = f"{name} {cluster['ready']}/{cluster['desired']} ready"
            if cluster["updated"] < cluster["desired"]:
                state += f", {cluster['updated']} updated"
            lines.append(state + reasons(cluster))
    return lines


def _addresses(status: Status, _value: str, _query: Query) -> list[str]:
    return [f"Service {service['name']} has no address" for service in without_address(status)]


def _drained(status: Status, cluster: str, _query: Query) -> list[str]:
    draining = [pod["name"] for _name, found in _wanted(status, cluster) for pod in found["pods"] if pod["state"] == "draining"]
    return [f"still draining: {', '.join(draining)}"] if draining else []


def _stream(status: Status, url: str, _query: Query) -> list[str]:
    wanted = "/" + printable(url.strip("/"))
    if any(s["live"] and wanted in (s["url"], f"/{s['vhost']}{s['url']}") for s in status["streams"]):
        return []
    return [f"stream {wanted} is not live"]


def _idle(status: Status, cluster: str, _query: Query) -> list[str]:
    names = {pod["name"] for _name, found in _wanted(status, cluster) for pod in found["pods"]}
    lines = []
    for server in status["servers"]:
        if server["name"] in names:
            if server["clients"] is None:
                lines.append(f"{server['name']} gives no answer")
            elif server["clients"]:
                lines.append(f"{server['name']} still has {server['clients']} clients")
    return lines


def _jmespath(status: Status, expression: str, query: Query) -> list[str]:
    return [] if query(expression, status) else [f"{expression} does not hold yet"]


def _wanted(status: Objects, name: str) -> list[tuple[str, Cluster]]:
    """The cluster of that name; all of them for ""."""
    found = [(known, cluster) for known, cluster in clusters(status) if name in ("", known)]
    if name and not found:
        known = ", ".join(sorted({known for known, _cluster in clusters(status)})) or "none"
        raise SrsError(f"wait_for names the cluster {name}, which the topology does not have; it has {known}.")
    return found


CONDITIONS: dict[str, Condition] = {
    "ready": Condition(
        "Each workload that is to stay has the desired number of ready pods of its newest template, and no older ones.", _ready, alone=True
    ),
    "addresses": Condition("Each Service of type LoadBalancer has an address.", _addresses, alone=True),
    "drained": Condition("No pod is draining, in the topology or in one cluster.", _drained, alone=True, value="CLUSTER"),
    "idle": Condition("No client is connected to any server of the cluster.", _idle, value="CLUSTER", of_servers=True),
    "stream": Condition("The stream is published. A vhost may stand in front of its URL.", _stream, value="/app/stream", of_servers=True),
    "jmespath": Condition("The expression, over the module's result, gives something true or not empty.", _jmespath, value="EXPRESSION"),
}
"""By the name that users write in ``wait_for``."""
