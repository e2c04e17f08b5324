# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a topology, from its status alone: a flag for scripts, and for people what it is, where, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._observed.status import GROUPS

Status = Mapping[str, Any]

# A player needs a moment until its edge has found the origin.
SETTLED_SECONDS = 5.0

_CHECK_ORIGIN = "check the edge's list of origins, DNS and the origin's Service"


@dataclass(frozen=True)
class Problem:
    verdict: str
    severity: str
    object: str
    message: str


def judge(status: Status, near_capacity: int = 80) -> dict[str, Any]:
    """``verdicts``: a flag for each; None where what is known does not tell. ``problems``: one entry for each thing that is wrong."""
    problems: list[Problem] = []
    verdicts: dict[str, bool | None] = {}
    for name, (known, find) in _VERDICTS.items():
        found = list(find(status, near_capacity))
        problems += found
        verdicts[name] = True if found else False if known(status) else None
    pulls = [stream["merged_pull"] for stream in status["streams"]]
    verdicts["merged_pull"] = False if False in pulls else True if True in pulls else None
    problems += _pulls_not_merged(status)
    problems.sort(key=lambda problem: problem.severity != "error")
    return {"verdicts": verdicts, "problems": [asdict(problem) for problem in problems]}


def _clusters(status: Status) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for group in GROUPS:
        yield from status[group].items()


def _not_ready(status: Status, _limit: int) -> Iterator[Problem]:
    for name, cluster in _clusters(status):
        if not cluster["complete"]:
            reasons = sorted({pod["reason"] for pod in cluster["pods"] if pod["reason"]})
            text = f"{cluster['ready']} of {cluster['desired']} replicas are ready, {cluster['updated']} of the newest template"
            severity = "error" if cluster["ready"] < cluster["desired"] else "warning"
            yield Problem("not_ready", severity, name, text + (f" ({', '.join(reasons)})" if reasons else ""))


def _no_lb_address(status: Status, _limit: int) -> Iterator[Problem]:
    for service in status["services"]:
        if service["type"] == "LoadBalancer" and not service["addresses"]:
            text = "the load balancer has no address yet; if it stays so, look at the Service's events and the load-balancer controller"
            yield Problem("no_lb_address", "error", service["name"], text)


def _no_endpoints(status: Status, _limit: int) -> Iterator[Problem]:
    for service in status["services"]:
        if service["ready_endpoints"] == 0:
            yield Problem("no_endpoints", "error", service["name"], "no ready pod is behind this Service, so it refuses everybody")


def _no_answer(status: Status, _limit: int) -> Iterator[Problem]:
    silent: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for server in status["servers"]:
        if server["error"] and not server["draining"]:  # one that drains has closed its API
            silent.setdefault((server["cluster"], server["error_kind"]), []).append(server)
    for servers in silent.values():
        yield Problem("no_answer", "warning", servers[0]["name"] + _and_more(servers), servers[0]["error"])


def _stale_config(status: Status, _limit: int) -> Iterator[Problem]:
    for _name, cluster in _clusters(status):
        for workload in cluster["workloads"]:
            stale = _stale_pods(status, workload, cluster)
            if stale:
                text = f"{stale[0]}{_and_more(stale)} started with an older {workload['config_map']} than there is now; roll the workload"
                yield Problem("stale_config", "warning", workload["name"], text)


def _stale_pods(status: Status, workload: Mapping[str, Any], cluster: Mapping[str, Any]) -> list[str]:
    current = status["configs"].get(workload["config_map"], {}).get("checksum")
    return [
        pod["name"]
        for pod in cluster["pods"]
        if pod["workload"] == workload["name"]
        and not pod["terminating"]
        and None not in (current, pod["config_checksum"])
        and pod["config_checksum"] != current
    ]


def _checksums_known(status: Status) -> bool:
    return any(
        pod["config_checksum"] and status["configs"].get(workload["config_map"])
        for _name, cluster in _clusters(status)
        for workload in cluster["workloads"]
        for pod in cluster["pods"]
    )


def _origin_unreachable(status: Status, _limit: int) -> Iterator[Problem]:
    for stream in status["streams"]:
        waiting: dict[str, list[Mapping[str, Any]]] = {}
        for row in stream["servers"]:
            settled = row["players"] and (row["longest_player_seconds"] or 0.0) > SETTLED_SECONDS
            if row["component"] == "edge" and settled and _reaches(status, stream, row) is False:
                waiting.setdefault(row["cluster"], []).append(row)
        for rows in waiting.values():
            players = sum(row["players"] for row in rows)
            names = rows[0]["server"] + _and_more(rows)
            text = f"{players} players of {stream['url']} wait, but it is pulled from no origin; {_CHECK_ORIGIN}"
            yield Problem("origin_unreachable", "error", names, text)
        for publisher in stream["publishers"]:
            lost = publisher["origin"] in _edges(status) and _origins_answered(status)
            if lost and (publisher["live_seconds"] or 0.0) > SETTLED_SECONDS:
                text = f"{stream['url']} is published by way of this edge and reaches no origin; {_CHECK_ORIGIN}"
                yield Problem("origin_unreachable", "error", publisher["origin"], text)


def _reaches(status: Status, stream: Mapping[str, Any], row: Mapping[str, Any]) -> bool | None:
    """Whether an edge has found what it plays."""
    if any(pull["edge"] == row["server"] for pull in stream["pulls"]):
        return True
    if any(pull["edge"] is None for pull in stream["pulls"]):
        return None
    if _origins_answered(status):
        return False
    return None if row["has_media"] else False


def _edges(status: Status) -> set[str]:
    return {server["name"] for server in status["servers"] if server["component"] == "edge"}


def _origins_answered(status: Status) -> bool:
    origins = [server for server in status["servers"] if server["component"] != "edge"]
    return bool(origins) and all(server["clients"] is not None for server in origins)


def _published_not_playable(status: Status, _limit: int) -> Iterator[Problem]:
    for stream in status["streams"]:
        if stream["playable"] is False:
            publisher = next(iter(stream["publishers"]), None)
            who = f"kick its client {publisher['id']} at {publisher['server']}" if publisher and publisher["id"] else "kick its client"
            text = f"media of the publisher arrives, but none of the players gets any; make the publisher reconnect: {who}"
            yield Problem("published_not_playable", "error", stream["url"], text)


def _near_capacity(status: Status, limit: int) -> Iterator[Problem]:
    for server in status["servers"]:
        percent = server["connections_percent"]
        if percent is not None and percent >= limit:
            text = (
                f"{server['connections']} of {server['max_connections']} connections are taken ({percent:g} %), and all beyond them "
                "are closed without a word; add replicas or raise max_connections"
            )
            yield Problem("near_capacity", "error" if percent >= 100 else "warning", server["name"], text)


def _mixed_versions(status: Status, _limit: int) -> Iterator[Problem]:
    servers: dict[str, list[str]] = {}
    for server in status["servers"]:
        if server["version"]:
            servers.setdefault(server["version"], []).append(server["name"])
    if len(servers) > 1:
        parts = [f"{version} on {names[0]}{_and_more(names)}" for version, names in sorted(servers.items())]
        yield Problem("mixed_versions", "warning", "servers", f"several versions of SRS run: {'; '.join(parts)}")


def _pulls_not_merged(status: Status) -> Iterator[Problem]:
    for stream in status["streams"]:
        if stream["merged_pull"] is False:
            edges: dict[str, int] = {}
            for pull in stream["pulls"]:
                name = pull["edge"] or "an edge that is not known"
                edges[name] = edges.get(name, 0) + 1
            several = (
                ", ".join(f"{name} {number} times" for name, number in sorted(edges.items()) if number > 1)
                or f"{len(stream['pulls'])} times"
            )
            yield Problem("merged_pull", "warning", stream["url"], f"pulled more than once by one edge ({several}); look again in a minute")


def _and_more(items: Sequence[Any]) -> str:
    return f" and {len(items) - 1} more" if len(items) > 1 else ""


def _always(_status: Status) -> bool:
    return True


def _any_server(key: str) -> Callable[[Status], bool]:
    return lambda status: any(server[key] is not None for server in status["servers"])


# By name: whether what is known tells at all, and what is found wrong.
_VERDICTS: dict[str, tuple[Callable[[Status], bool], Callable[[Status, int], Iterator[Problem]]]] = {
    "not_ready": (_always, _not_ready),
    "no_lb_address": (_always, _no_lb_address),
    "no_endpoints": (lambda status: all(service["ready_endpoints"] is not None for service in status["services"]), _no_endpoints),
    "no_answer": (lambda status: bool(status["servers"]), _no_answer),
    "stale_config": (_checksums_known, _stale_config),
    "origin_unreachable": (_any_server("clients"), _origin_unreachable),
    "published_not_playable": (_any_server("clients"), _published_not_playable),
    "near_capacity": (_any_server("connections_percent"), _near_capacity),
    "mixed_versions": (_any_server("version"), _mixed_versions),
}
