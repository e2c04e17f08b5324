# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of servers and of edge clusters, as sentences that name the variable, the value and the way out."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import autoscale, releases, server_pods
from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import Edge
from ansible_collections.livestream.srs.plugins.module_utils._desired.pods_checks import MOST_PODS, WEEK
from ansible_collections.livestream.srs.plugins.module_utils._desired.server import Server
from ansible_collections.livestream.srs.plugins.module_utils._dns import LABEL_LENGTH, is_label
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import load_balancer
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.values import port_of

# "srs-edge-NAME-deployment-<10 hash>-<5 random>" must stay a valid pod hostname, and "srs-edge-NAME-deployment" a label value.
EDGE_NAME_LENGTH = 36
# What else these names mean where clusters are named: in variables and options, and on labels.
TAKEN = {
    "all": "means all edge clusters, in srs_edge_cluster for example",
    "hls": "is the name of the part that serves HLS",
    "origin": "is the name of the part that has the origins",
}
# What Ansible takes for false, as text. The variables of other hosts aren't validated here.
OFF = ("false", "no", "off", "0", "0.0", "n", "f")

# Where an edge asks for HTTP-FLV when its origin has no port of its own.
HTTP_PORTS = {"flv": 80, "flvs": 443}
RTMP_PORT = 1935


def of_each(edges: Sequence[Edge], told_of: Callable[[Edge], Iterable[str]]) -> Iterator[str]:
    """What is told of edge clusters, each sentence once: before one that isn't about all of them stands which they are."""
    clusters: dict[str, list[str]] = {}
    for edge in edges:
        for sentence in told_of(edge):
            clusters.setdefault(sentence, []).append(edge.title)
    for sentence, titles in clusters.items():
        yield sentence if len(titles) == len(edges) else f"{', '.join(titles)}: {sentence}"


def check_edge(edge: Edge) -> Iterator[str]:
    """Replica counts, autoscaling, publishers and budgets."""
    if edge.replicas is not None:
        yield from _not_in_range(edge.variable("replicas"), edge.replicas, 0, MOST_PODS)
    yield from autoscale.check(edge.variable("autoscale"), edge.autoscale, edge.resources)
    if edge.config_strategy == "reload" and not edge.config_checksum:
        where = edge.variable("config_strategy")
        yield f"{where} is reload, which rolls the pods when a reload isn't enough: set {edge.variable('config_checksum')} to true."
    yield from _check_publishers(edge.variable("publish_from"), edge.publish_from, edge.version)
    yield from check_server(edge)
    if not edge.origin:
        yield "srs_edge_origin is empty: set it, or the cluster's 'origin', to where it pulls from (host or host:port)."


def check_names(edges: Sequence[Edge]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for index, name in enumerate(edge.name for edge in edges):
        where = f"srs_edge_clusters[{index}]"
        if not name:
            yield f"{where} has no name: give it one, for example 'name: cdn-a'."
        elif problem := not_a_label(f"{where}.name", name, EDGE_NAME_LENGTH):
            yield problem
        elif name in TAKEN:
            yield f"{where}.name is '{name}', which {TAKEN[name]}: choose another one."
        elif f"-{name}".endswith("-canary"):
            yield f"{where}.name is '{name}', which would be the name of another cluster's canary: choose another one."
        elif name in seen:
            yield f"{where}.name is '{name}', which is the name of srs_edge_clusters[{seen[name]}] already: names must differ."
        seen.setdefault(name, index)


def check_origin_from(wanted: str, here: str, hosts: Mapping[str, Mapping[str, Any]], given_as_well: bool) -> list[str]:
    """Whether the host ``wanted`` can be asked for its origin's address; ``hosts`` has the variables of all hosts of the inventory."""
    where = f"srs_edge_origin_from is '{wanted}'"
    if wanted == here:
        return [f"{where}, which is this very host: leave it out, and its edges pull from its own origin."]
    if wanted not in hosts:
        return [f"{where}, which is not a host of the inventory: {', '.join(sorted(hosts))}."]
    if given_as_well:
        return [f"{where}, but srs_edge_origin names an origin as well: leave one of them out."]
    if str(hosts[wanted].get("srs_origin_enabled", True)).lower() in OFF:
        return [f"{where}, but srs_origin_enabled is false for that host: name the host that has the origin."]
    slb = hosts[wanted].get("srs_origin_slb", {"enabled": False})
    if not isinstance(slb, Mapping) or not load_balancer.is_enabled(slb):
        return [f"{where}, but that host's origin can't be reached from outside: give it srs_origin_slb."]
    return []


def check_has_origin(edges: Iterable[Edge], own: list[str]) -> Iterator[str]:
    """What pulls from the host's ``own`` origin although there is none."""
    orphans = [edge.name for edge in edges if not edge.upstream and edge.origin == own]
    if orphans:
        yield (
            f"srs_origin_enabled is false, so edge cluster {', '.join(orphans)} has no origin: set srs_edge_origin_from to the host that "
            "has one, or srs_edge_origin to its address."
        )


def check_upstreams(edges: Sequence[Edge]) -> Iterator[str]:
    """Whether each edge of edges has an upstream, and all of them lead to the origin in the end."""
    edges = list(edges)
    upstreams = {edge.name: edge.upstream for edge in edges}
    variables = {edge.name: edge.variable("upstream") for edge in edges}
    without_service = {edge.name for edge in edges if not edge.service}
    for name, upstream in upstreams.items():
        if upstream and upstream not in upstreams:
            yield f"{variables[name]} is '{upstream}', which is none of the edge clusters: {', '.join(upstreams)}."
            continue
        if upstream in without_service:
            yield f"edge cluster '{name}': its upstream '{upstream}' has no Service (service is false): pull from a cluster that has one."
        path = [name]
        while (upstream := upstreams.get(path[-1], "")) and upstream not in path:
            path.append(upstream)
        if upstream and upstream == name:
            circle = " -> ".join([*path, upstream])
            yield f"edge cluster '{name}': upstreams form a cycle: {circle}. One of them must pull from the origin."


def check_pulls(edges: Iterable[Edge], services: Mapping[str, Iterable[int]]) -> Iterator[str]:
    """Whether edges that pull by HTTP-FLV find it. ``services`` are the ports of those of this topology that they may pull from."""
    for edge in edges:
        for vhost in edge.reading.vhosts:
            protocol = edge.reading.setting("cluster.protocol", vhost)
            follows = edge.reading.is_on("cluster.follow_client", vhost)
            if protocol.value not in HTTP_PORTS and not follows:
                continue
            setting, value = ("cluster.follow_client", "on") if follows else ("cluster.protocol", protocol.value)
            for host, own in (_parted(origin) for origin in edge.origin):
                port = own or HTTP_PORTS.get(protocol.value or "", HTTP_PORTS["flv"])
                if host in services and (port not in services[host] or port == RTMP_PORT):
                    yield (
                        f"{edge.config_variable(setting)} is {value}, so {edge.title} asks {host} for HTTP-FLV at port {port}, where there "
                        "is none: leave it out and pull by RTMP, or name an origin:port in srs_edge_origin that serves HTTP-FLV."
                    )


def _parted(origin: str) -> tuple[str, int]:
    """Host and port; 0 where it has none."""
    port = port_of(origin) if ":" in origin else 0
    return origin.rpartition(":")[0] if port else origin, port


def server_warnings(server: Server) -> Iterator[str]:
    """What works of an origin and an edge alike, but leaves a door open."""
    if server.host_network and server.network_policy:
        yield (
            f"{server.variable('host_network')} is true, and network policies do not apply to such pods: all ports of the servers, the "
            "HTTP API among them, can be reached at the addresses of their nodes unless something in front of the nodes keeps them closed."
        )


def warnings(edge: Edge) -> Iterator[str]:
    """What works, but leaves a door open or may not do what it seems to."""
    yield from server_warnings(edge)
    if edge.expose_http_api and edge.reading.is_on("http_api.auth.enabled") is False:
        way = f"set {edge.config_variable('http_api.auth')}." if edge.version.major >= 5 else f"SRS {edge.version} can't have one."
        yield (
            f"{edge.variable('expose_http_api')} is true, and the HTTP API is on the load balancer without a password: "
            f"anyone can list and disconnect clients; {way}"
        )
    policy = edge.slb.get("external_traffic_policy")
    if edge.publish_from not in ([], ["all"]) and policy != "Local":
        yield (
            f"{edge.variable('publish_from')} goes by the client's address, which the load balancer may hide from SRS "
            f"unless {edge.variable('slb.external_traffic_policy')} is Local."
        )


def check_server(server: Server) -> Iterator[str]:
    """What holds for an origin and an edge alike: connections, grace budgets."""
    if told := releases.contradiction(server.version, server.image):
        yield (
            f"{server.variable('version')} is {server.version}, but {server.variable('image')} is {server.image}, whose tag says "
            f"SRS {told}: make them agree, since the version decides what its srs.conf may hold."
        )
    yield from _not_in_range(server.variable("max_connections"), server.max_clients, 1, 10_000_000)
    yield from _not_in_range(server.variable("drain_seconds"), server.drain_seconds, 0, WEEK)
    yield from _not_in_range(server.variable("deregister_seconds"), server.deregister_seconds, 0, WEEK)
    yield from server_pods.check(server)


def _check_publishers(where: str, peers: Iterable[str], version: Release) -> Iterator[str]:
    takes = "it takes 'all', IPv4 addresses and, from SRS 4 on, IPv4 networks such as 10.0.0.0/8."
    yield from (f"{where} has {peer!r}: {takes}" for peer in peers if peer != "all" and not _is_address(peer, version))


def _is_address(peer: str, version: Release) -> bool:
    """Whether SRS can match it."""
    try:
        ipaddress.IPv4Network(peer)
    except ValueError:
        return False
    return "/" not in peer or version.major != 3


def not_a_label(where: str, value: str, length: int = LABEL_LENGTH) -> str | None:
    """What is wrong with a value that must be a DNS label."""
    if is_label(value, length):
        return None
    return f"{where} is '{value}': it must be a DNS label of at most {length} characters: a-z, 0-9 and '-', a letter or digit at both ends."


def _not_in_range(where: str, value: Any, low: int, high: int) -> Iterator[str]:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        yield f"{where} is {value!r}: it must be a whole number from {low} to {high}."
