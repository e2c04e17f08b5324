# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold before anything is changed: of the variables' names, and of the resolved origin and edge clusters.

Each check returns its problems as sentences that name the variable, the value and the way out.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import autoscale, releases

ROLES = ("srs_origin", "hls_nginx", "srs_edge")

# Variables that the playbooks read and that belong to no role.
PLAYBOOK_VARIABLES = frozenset(
    {
        "srs_api_password",
        "srs_api_timeout",
        "srs_api_url",
        "srs_api_username",
        "srs_api_via",
        "srs_context",
        "srs_in_process",
        "srs_kubeconfig",
        "srs_report",
        "srs_stream",
        "srs_teardown_delete_volumes",
        "srs_teardown_delete_namespace",
    }
)

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
DNS_LABEL_LENGTH = 63
# "srs-edge-NAME-deployment-<10 hash>-<5 random>" has to stay a valid pod hostname, and "srs-edge-NAME-deployment" a label value.
EDGE_NAME_LENGTH = 36


def unknown_variables(given: Iterable[str], known: Iterable[str]) -> list[str]:
    """Variables that look like ours and aren't: a role's prefix, or nearly a known name."""
    all_known = set(known) | PLAYBOOK_VARIABLES
    problems = []
    for name in sorted(set(given) - all_known):
        if not name.startswith(("srs_", "hls_nginx_")):
            continue
        near = difflib.get_close_matches(name, all_known, n=1, cutoff=0.8)
        if near:
            problems.append(f"unknown variable {name}: did you mean {near[0]}?")
        elif name.startswith(tuple(f"{role}_" for role in ROLES)):
            role = next(role for role in ROLES if name.startswith(f"{role}_"))
            problems.append(f"unknown variable {name}: 'ansible-doc -t role livestream.srs.{role}' lists what there is.")
    return problems


def check_shape(clusters: Any, known: Iterable[str]) -> list[str]:
    """Whether srs_edge_clusters is a list of mappings whose keys are known."""
    if not isinstance(clusters, list):
        return [f"srs_edge_clusters is {clusters!r}: it has to be a list of edge clusters, for example [{{name: edge}}]."]
    problems = []
    for index, cluster in enumerate(clusters):
        where = f"srs_edge_clusters[{index}]"
        if not isinstance(cluster, Mapping):
            problems.append(f"{where} is {cluster!r}: it has to be a mapping, for example {{name: {cluster}}}.")
            continue
        for key in sorted(set(map(str, cluster)) - set(known)):
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}."
            problems.append(f"{where} ({cluster.get('name', 'no name')}) has no key {key}: {hint}")
    return problems


def check_namespace(namespace: Any) -> list[str]:
    return [] if _is_label(namespace) else [_not_a_label("srs_namespace", namespace, DNS_LABEL_LENGTH)]


def check_edges(clusters: list[dict[str, Any]]) -> list[str]:
    """Names, replica counts, ports and budgets of the resolved edge clusters."""
    problems = []
    seen: dict[str, int] = {}
    for index, cluster in enumerate(clusters):
        where = f"srs_edge_clusters[{index}]"
        name = cluster["name"]
        if not name:
            problems.append(f"{where} has no name: give it one, for example 'name: cdn-a'.")
        elif not _is_label(name, EDGE_NAME_LENGTH):
            problems.append(_not_a_label(f"{where}.name", name, EDGE_NAME_LENGTH))
        elif f"-{name}".endswith("-canary"):
            problems.append(f"{where}.name is '{name}', which would be the name of another cluster's canary: choose another one.")
        elif name in seen:
            problems.append(f"{where}.name is '{name}', which is the name of srs_edge_clusters[{seen[name]}] already: names must differ.")
        seen.setdefault(name, index)
        where = f"edge cluster '{name}'" if name else where
        problems += _not_whole(f"{where}: replicas", cluster["replicas"], 0, 10_000)
        problems += autoscale.check(where, cluster)
        if cluster.get("config_strategy") == "reload" and not cluster["config_checksum"]:
            problems.append(
                f"{where}: config_strategy is reload, which rolls the pods when a reload isn't enough: set config_checksum to true."
            )
        problems += _publishers(where, cluster["publish_from"], cluster["version"])
        problems += check_server(where, cluster)
        if not cluster["origin"]:
            problems.append(
                f"{where}: no origin: set srs_edge_origin, or the cluster's 'origin', to the server that it pulls from (host or host:port)."
            )
    return problems


def check_origin_from(wanted: str, here: str, hosts: Mapping[str, Mapping[str, Any]], given_as_well: bool) -> list[str]:
    """Whether the host ``wanted`` can be asked for its origin's address; ``hosts`` has the variables of all hosts of the inventory."""
    where = f"srs_edge_origin_from is '{wanted}'"
    if wanted == here:
        return [f"{where}, which is this very host: leave it out, and its edges pull from its own origin."]
    if wanted not in hosts:
        return [f"{where}, which is no host of the inventory: {', '.join(sorted(hosts))}."]
    if given_as_well:
        return [f"{where}, but srs_edge_origin names an origin as well: leave one of them out."]
    slb = hosts[wanted].get("srs_origin_slb", {"enabled": False})
    if not hosts[wanted].get("srs_origin_enabled", True):
        return [f"{where}, but srs_origin_enabled is false for that host: name the host that has the origin."]
    if not isinstance(slb, Mapping) or not slb.get("enabled", True):
        return [f"{where}, but that host's origin can't be reached from outside: give it srs_origin_slb."]
    return []


def check_has_origin(clusters: list[dict[str, Any]], own: list[str]) -> list[str]:
    """What pulls from the host's ``own`` origin although there is none."""
    orphans = [cluster["name"] for cluster in clusters if not cluster["upstream"] and cluster["origin"] == own]
    if not orphans:
        return []
    return [
        f"srs_origin_enabled is false, so edge cluster {', '.join(orphans)} has no origin: set srs_edge_origin_from to the host that has "
        "one, or srs_edge_origin to its address."
    ]


def check_upstreams(clusters: list[dict[str, Any]]) -> list[str]:
    """Whether each edge of edges has an upstream, and all of them lead to the origin in the end."""
    upstreams = {cluster["name"]: cluster["upstream"] for cluster in clusters}
    problems = []
    for name, upstream in upstreams.items():
        if upstream and upstream not in upstreams:
            problems.append(f"edge cluster '{name}': its upstream '{upstream}' is none of the edge clusters: {', '.join(upstreams)}.")
            continue
        path = [name]
        while (upstream := upstreams.get(path[-1])) and upstream not in path:
            path.append(upstream)
        if upstream == name:
            circle = " -> ".join([*path, upstream])
            problems.append(f"edge cluster '{name}': its upstreams go round in a circle: {circle}. One has to pull from the origin.")
    return problems


def edge_warnings(clusters: list[dict[str, Any]]) -> list[str]:
    """What works, but leaves a door open or may not do what it seems to."""
    warnings = []
    for cluster in clusters:
        where = f"edge cluster '{cluster['name']}'"
        auth = (cluster["config"].get("http_api") or {}).get("auth") or {}
        if cluster["expose_http_api"] and not auth.get("enabled"):
            way = "set config.http_api.auth." if cluster["version"] >= 5 else f"SRS {cluster['version']} can't have one."
            warnings.append(f"{where}: the HTTP API is on its load balancer without a password: anybody can see and cut the clients; {way}")
        policy = cluster["slb"].get("external_traffic_policy")
        if cluster["publish_from"] not in ([], ["all"]) and policy != "Local":
            warnings.append(
                f"{where}: publish_from goes by the client's address, which the load balancer may hide from SRS "
                "unless slb.external_traffic_policy is Local."
            )
        image = cluster.get("image") or ""
        if (cluster.get("grace") or {}).get("drain") and releases.quits_at_once(image, cluster["version"]):
            known = "as SRS 5 does at least up to 5.0.216" if cluster["version"] == 5 else "as its release does"
            warnings.append(
                f"{where}: {image} ends at once when it is told to quit, {known}, and cuts its players "
                "(https://github.com/ossrs/srs/issues/3805): take SRS 4 or 6.0.132 and later, or set deregister_seconds to the time "
                "that players are to have."
            )
    return warnings


def check_server(where: str, server: Mapping[str, Any]) -> list[str]:
    """What holds for an origin and an edge alike: version, connections, ports, grace budgets."""
    problems = _not_whole(f"{where}: version", server["version"], 3, 7)
    problems += _not_whole(f"{where}: max_connections", server["max_connections"], 1, 10_000_000)
    for budget in ("drain_seconds", "deregister_seconds"):
        problems += _not_whole(f"{where}: {budget}", server[budget], 0, 7 * 24 * 3600)
    used: dict[int, str] = {}
    for name, port in server["ports"].items():
        if not 1 <= port <= 65535:
            problems.append(f"{where}: the {name} port is {port or 'not a number'}: it has to be from 1 to 65535.")
        elif port in used and {name, used[port]} != {"api", "http"}:
            problems.append(f"{where}: port {port} is used twice, for {used[port]} and for {name}: give each one of its own.")
        used.setdefault(port, name)
    return problems


def _publishers(where: str, peers: Any, version: Any) -> list[str]:
    takes = "it takes 'all', IPv4 addresses and, from SRS 4 on, IPv4 networks such as 10.0.0.0/8."
    peers = peers if isinstance(peers, list) else [peers]
    return [f"{where}: publish_from has {peer!r}: {takes}" for peer in peers if peer != "all" and not _is_address(peer, version)]


def _is_address(peer: Any, version: Any) -> bool:
    """Whether SRS can match it."""
    try:
        ipaddress.IPv4Network(peer)
    except ValueError:
        return False
    return "/" not in str(peer) or version != 3


def _is_label(value: Any, length: int = DNS_LABEL_LENGTH) -> bool:
    return isinstance(value, str) and len(value) <= length and bool(DNS_LABEL.fullmatch(value))


def _not_a_label(where: str, value: Any, length: int) -> str:
    return (
        f"{where} is '{value}': it has to be a DNS label of at most {length} characters: a-z, 0-9 and '-', a letter or digit at both ends."
    )


def _not_whole(where: str, value: Any, low: int, high: int) -> list[str]:
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return []
    return [f"{where} is {value!r}: it has to be a whole number from {low} to {high}."]
