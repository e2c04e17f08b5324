# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a topology, from its status alone: a flag for scripts, and for people what it is, where, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, cast

from ansible_collections.livestream.srs.plugins.module_utils._observed.status import clusters, reasons, without_address
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import (
    Cluster,
    Judgement,
    Pod,
    Problem,
    Server,
    Severity,
    Stream,
    StreamOnServer,
    Unjudged,
    Verdict,
    Verdicts,
    Workload,
)
from ansible_collections.livestream.srs.plugins.module_utils._releases.advisories import QUIET, REFUSE, Advice, Match
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import parse_release

# A player needs a moment until its edge has found the origin.
SETTLED_SECONDS = 5.0

_CHECK_ORIGIN = "check the edge's list of origins, DNS and the origin's Service"


class Finding(NamedTuple):
    """One thing that is wrong, before it is known which verdict found it."""

    severity: Severity
    object: str
    message: str


class Options(NamedTuple):
    """What is judged by."""

    near_capacity: int
    """The percentage of ``max_connections`` from which on a server is near its capacity."""
    advice: Advice
    """The release advisories."""


class Check(NamedTuple):
    """How a verdict is reached."""

    known: Callable[[Unjudged], bool]
    """Whether the status tells anything about it."""
    find: Callable[[Unjudged, Options], Iterator[Finding]]
    """What is wrong with a status."""


def judge(status: Unjudged, near_capacity: int = 80, advice: Advice | None = None) -> Judgement:
    """A flag for each verdict, and one problem for each thing that is wrong, errors first.

    ``near_capacity`` is the percentage of ``max_connections`` from which on a server is near its capacity; without ``advice`` no release
    is known to be bad.
    """
    options = Options(near_capacity, advice or Advice())
    problems: list[Problem] = []
    verdicts: dict[Verdict, bool | None] = {}
    for name, check in CHECKS.items():
        found = list(check.find(status, options))
        problems += [{"verdict": name, "severity": f.severity, "object": f.object, "message": f.message} for f in found]
        verdicts[name] = True if found else False if check.known(status) else None
    problems.sort(key=lambda problem: problem["severity"] != "error")
    return {"verdicts": cast(Verdicts, verdicts), "problems": problems}


def _not_ready(status: Unjudged, _options: Options) -> Iterator[Finding]:
    for name, cluster in clusters(status):
        if not cluster["complete"]:
            text = f"{cluster['ready']} of {cluster['desired']} replicas are ready, {cluster['updated']} of the newest template"
            severity: Severity = "error" if cluster["ready"] < cluster["desired"] else "warning"
            yield Finding(severity, name, text + reasons(cluster))


def _not_deleted(status: Unjudged, _options: Options) -> Iterator[Finding]:
    workloads = (workload for _name, cluster in clusters(status) for workload in cluster["workloads"])
    for item in (*workloads, *status["services"]):
        if item["deleting"]:
            yield Finding("warning", item["name"], f"it {item['deleting']}; if that lasts, see what set them")


def _no_lb_address(status: Unjudged, _options: Options) -> Iterator[Finding]:
    for service in without_address(status):
        text = "the load balancer has no address yet; if that lasts, see the Service's events and the load balancer controller"
        yield Finding("error", service["name"], text)


def _no_endpoints(status: Unjudged, _options: Options) -> Iterator[Finding]:
    for service in status["services"]:
        if service["ready_endpoints"] == 0 and not service["deleting"]:
            yield Finding("error", service["name"], "no ready pod is behind this Service, so it refuses all connections")


def _no_answer(status: Unjudged, _options: Options) -> Iterator[Finding]:
    without: dict[tuple[str, str | None], list[Server]] = {}
    for server in status["servers"]:
        if server["error"] and not server["draining"]:  # a draining server has closed its API
            without.setdefault((server["cluster"], server["error_kind"]), []).append(server)
    for servers in without.values():
        yield Finding("warning", servers[0]["name"] + _and_more(servers), servers[0]["error"] or "")


def _stale_config(status: Unjudged, _options: Options) -> Iterator[Finding]:
    for _name, cluster in clusters(status):
        for workload in cluster["workloads"]:
            stale = _stale_pods(status, workload, cluster)
            if stale:
                started = f"{stale[0]}{_and_more(stale)} started with another {workload['config_map']} than there is now"
                text = f"{started}; replace the pods, for instance by kubectl rollout restart {workload['kind'].lower()} {workload['name']}"
                yield Finding("warning", workload["name"], text)
            behind = [pod["name"] for pod in _pods_of(workload, cluster) if pod["config_taken"] is False]
            if behind:
                who = f"{behind[0]}{_and_more(behind)} {'have' if behind[1:] else 'has'}"
                seen = f"{who} not been seen to take what {workload['config_map']} holds now"
                yield Finding("warning", workload["name"], f"{seen}; playbooks/site.yml asks for it, and says what is wrong with it")


def _pods_of(workload: Workload, cluster: Cluster) -> Iterator[Pod]:
    return (pod for pod in cluster["pods"] if pod["workload"] == workload["name"] and not pod["draining"])


def _stale_pods(status: Unjudged, workload: Workload, cluster: Cluster) -> list[str]:
    config = status["configs"].get(workload["config_map"] or "")
    if config is None:
        return []
    return [pod["name"] for pod in _pods_of(workload, cluster) if pod["config_checksum"] not in (None, config["checksum"])]


def _checksums_known(status: Unjudged) -> bool:
    return any(
        pod["config_taken"] is not None or (pod["config_checksum"] and status["configs"].get(workload["config_map"] or ""))
        for _name, cluster in clusters(status)
        for workload in cluster["workloads"]
        for pod in cluster["pods"]
    )


def _origin_unreachable(status: Unjudged, _options: Options) -> Iterator[Finding]:
    for stream in status["streams"]:
        waiting: dict[str, list[StreamOnServer]] = {}
        for row in stream["servers"]:
            settled = row["players"] and (row["longest_player_seconds"] or 0.0) > SETTLED_SECONDS
            if row["component"] == "edge" and settled and _reaches(status, stream, row) is False:
                waiting.setdefault(row["cluster"], []).append(row)
        for rows in waiting.values():
            players = sum(row["players"] for row in rows)
            names = rows[0]["server"] + _and_more(rows)
            text = f"{players} players wait for {stream['url']}, which is not pulled from any origin; {_CHECK_ORIGIN}"
            yield Finding("error", names, text)
        for publisher in stream["publishers"]:
            lost = publisher["origin"] in _edges(status) and _origins_answered(status)
            if lost and (publisher["live_seconds"] or 0.0) > SETTLED_SECONDS:
                text = f"{stream['url']} is published through this edge and reaches no origin; {_CHECK_ORIGIN}"
                yield Finding("error", publisher["origin"], text)


def _reaches(status: Unjudged, stream: Stream, row: StreamOnServer) -> bool | None:
    """Whether an edge has found what it plays."""
    if any(pull["edge"] == row["server"] for pull in stream["pulls"]):
        return True
    if any(pull["edge"] is None for pull in stream["pulls"]):
        return None
    if _origins_answered(status):
        return False
    return None if row["has_media"] else False


def _edges(status: Unjudged) -> set[str]:
    return {server["name"] for server in status["servers"] if server["component"] == "edge"}


def _origins_answered(status: Unjudged) -> bool:
    origins = [server for server in status["servers"] if server["component"] != "edge"]
    return bool(origins) and all(server["clients"] is not None for server in origins)


def _published_not_playable(status: Unjudged, _options: Options) -> Iterator[Finding]:
    for stream in status["streams"]:
        if stream["playable"] is False:
            publisher = next(iter(stream["publishers"]), None)
            who = f"kick its client {publisher['id']} at {publisher['server']}" if publisher and publisher["id"] else "kick its client"
            text = f"media of the publisher arrives, but no player gets any; make the publisher reconnect: {who}"
            yield Finding("error", stream["url"], text)


def _near_capacity(status: Unjudged, options: Options) -> Iterator[Finding]:
    for server in status["servers"]:
        percent = server["connections_percent"]
        if percent is not None and percent >= options.near_capacity:
            text = (
                f"{server['connections']} of {server['max_connections']} connections are in use ({percent:g} %), and SRS closes all beyond "
                "them without an error; add replicas or raise max_connections"
            )
            yield Finding("error" if percent >= 100 else "warning", server["name"], text)


def _mixed_versions(status: Unjudged, _options: Options) -> Iterator[Finding]:
    servers: dict[str, list[str]] = {}
    for server in status["servers"]:
        if server["version"]:
            servers.setdefault(server["version"], []).append(server["name"])
    if len(servers) > 1:
        parts = [f"{version} on {names[0]}{_and_more(names)}" for version, names in sorted(servers.items())]
        yield Finding("warning", "servers", f"different versions of SRS are running: {'; '.join(parts)}")


def _bad_release(status: Unjudged, options: Options) -> Iterator[Finding]:
    features = _features(status)
    found: dict[tuple[str, str], tuple[Match, list[str]]] = {}
    for server in status["servers"]:
        release = parse_release(server["version"] or "")
        matches = options.advice.matching(release, server["component"], features.get(server["name"], ())) if release else []
        for match in matches:
            if match.is_sure and match.advisory.preflight != QUIET:
                found.setdefault((str(release), match.advisory.id), (match, []))[1].append(server["name"])
    for (version, _id), (match, names) in found.items():
        fault = match.advisory
        severity: Severity = "error" if fault.preflight == REFUSE else "warning"
        ways = "; ".join(filter(None, [f"fixed in {match.good}" if match.good else "", fault.remedy]))
        text = f"SRS {version} is known for this fault: {fault.effect} ({fault.about})" + (f"; {ways}" if ways else "")
        yield Finding(severity, names[0] + _and_more(names), text)


def _features(status: Unjudged) -> dict[str, list[str]]:
    """What each server does, by its name, as far as its srs.conf is known."""
    found: dict[str, list[str]] = {}
    for _name, cluster in clusters(status):
        configs = {workload["name"]: status["configs"].get(workload["config_map"] or "") for workload in cluster["workloads"]}
        for pod in cluster["pods"]:
            config = configs[pod["workload"]]
            found[pod["name"]] = (config["features"] if config else None) or []
    return found


def _pull_not_merged(status: Unjudged, _options: Options) -> Iterator[Finding]:
    for stream in status["streams"]:
        if stream["pull_not_merged"]:
            edges = Counter(pull["edge"] or "an unknown edge" for pull in stream["pulls"])
            several = ", ".join(f"{name} {number} times" for name, number in sorted(edges.items()) if number > 1)
            several = several or f"{len(stream['pulls'])} times"
            yield Finding("warning", stream["url"], f"an edge pulls it more than once ({several}); look again in a minute")


def _and_more(items: Sequence[Any]) -> str:
    return f" and {len(items) - 1} more" if len(items) > 1 else ""


def _always(_status: Unjudged) -> bool:
    return True


def _any_server(key: Literal["clients", "connections_percent", "version"]) -> Callable[[Unjudged], bool]:
    return lambda status: any(server[key] is not None for server in status["servers"])


CHECKS: dict[Verdict, Check] = {
    "not_ready": Check(_always, _not_ready),
    "not_deleted": Check(_always, _not_deleted),
    "no_lb_address": Check(_always, _no_lb_address),
    "no_endpoints": Check(lambda status: all(service["ready_endpoints"] is not None for service in status["services"]), _no_endpoints),
    "no_answer": Check(lambda status: bool(status["servers"]), _no_answer),
    "origin_unreachable": Check(_any_server("clients"), _origin_unreachable),
    "published_not_playable": Check(_any_server("clients"), _published_not_playable),
    "pull_not_merged": Check(lambda status: any(s["pull_not_merged"] is not None for s in status["streams"]), _pull_not_merged),
    "near_capacity": Check(_any_server("connections_percent"), _near_capacity),
    "stale_config": Check(_checksums_known, _stale_config),
    "mixed_versions": Check(_any_server("version"), _mixed_versions),
    "bad_release": Check(_any_server("version"), _bad_release),
}
"""By name, in the order of ``status_model.Verdicts``."""
