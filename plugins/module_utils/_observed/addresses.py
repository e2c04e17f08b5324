# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a topology is reached: its Services with their addresses, and the URLs to publish to and to play from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import load_balancer_hosts
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.readiness import being_deleted
from ansible_collections.livestream.srs.plugins.module_utils._labels import COMPONENT, FLV, HOST, INSTANCE, TLS_SUFFIX
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import (
    Action,
    Port,
    PortProtocol,
    Service,
    Url,
    UrlProtocol,
)

Object = Mapping[str, Any]

# What a port of a Service speaks, by the name or number of the container's port that it leads to.
SRS_PORTS: dict[str | int, PortProtocol] = {
    "rtmp": "rtmp",
    "api": "api",
    "exporter": "exporter",
    1935: "rtmp",
    8080: "flv",
    1985: "api",
    9972: "exporter",
}
DEFAULT_PORT = {"rtmp": 1935, "rtmps": 443, "http": 80, "https": 443}
SUFFIXES: dict[UrlProtocol, str] = {"rtmp": "", "flv": ".flv", "hls": ".m3u8"}


def identity(item: Object) -> tuple[str, str, str]:
    """(name, component, cluster) of an object, by its labels."""
    metadata = item["metadata"]
    labels = metadata.get("labels") or {}
    return metadata["name"], labels.get(COMPONENT, ""), labels.get(INSTANCE, metadata["name"])


def place(component: str, cluster: str, name: str) -> tuple[int, str, str]:
    """The order of every list and table: origin first, then HLS, then edges, each by name."""
    order = {"origin": 0, "hls": 1, "edge": 2}
    return order.get(component, 3), cluster, name


def services(items: Iterable[Object], slices: Iterable[Object] | None) -> list[Service]:
    """Services from the API server's objects; ``slices`` are EndpointSlices, None if they may not be read."""
    endpoints = None if slices is None else list(slices)
    found = [_service(item, endpoints) for item in items]
    return sorted(found, key=lambda service: place(service["component"], service["cluster"], service["name"]))


def _service(item: Object, slices: Sequence[Object] | None) -> Service:
    spec = item["spec"]
    name, component, cluster = identity(item)
    annotations = item["metadata"].get("annotations") or {}
    own = [s for s in slices or () if (s["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == name]
    return {
        "name": name,
        "component": component,
        "cluster": cluster,
        "type": spec.get("type", "ClusterIP"),
        "cluster_ip": spec.get("clusterIP"),
        "host": f"{name}.{item['metadata'].get('namespace', 'default')}",
        "https_host": annotations.get(HOST),
        "flv": annotations.get(FLV) == "true",
        "addresses": [*load_balancer_hosts(item.get("status")), *(spec.get("externalIPs") or ())],
        "ports": [_port(port, protocol_of(port, component)) for port in spec.get("ports") or ()],
        "ready_endpoints": None
        if slices is None
        else sum((e.get("conditions") or {}).get("ready") is not False for s in own for e in s.get("endpoints") or ()),
        "deleting": deleting(item),
    }


def _port(port: Object, protocol: PortProtocol | None) -> Port:
    name = port.get("name", "")
    tls = name.endswith(TLS_SUFFIX) or name == "https" or (port["port"] == DEFAULT_PORT["https"] and protocol != "rtmp")
    return {"port": port["port"], "protocol": protocol, "tls": tls, "node_port": port.get("nodePort")}


def deleting(item: Object) -> str | None:
    """That an object was deleted and is still there, and what holds it; None if it was not."""
    return being_deleted(item) if item["metadata"].get("deletionTimestamp") else None


def protocol_of(port: Object, component: str) -> PortProtocol | None:
    """What a port of a Service speaks; None if neither its target, its name nor its number tells."""
    for hint in (port.get("targetPort", port["port"]), port.get("name"), port["port"]):
        if hint in SRS_PORTS:
            return SRS_PORTS[hint]
        if hint in ("http", "https"):
            return "hls" if component == "hls" else "flv"
        if hint in (80, 443):
            return "flv" if component == "edge" else "hls"
    return None


class Place(NamedTuple):
    """Where something is published to or played from."""

    cluster: str
    component: str
    protocol: UrlProtocol
    base: str
    """The beginning of its URLs, such as ``http://203.0.113.1:8080``."""
    public: bool
    """Whether that is a load balancer's address."""


def places(found: Iterable[Service]) -> list[Place]:
    """Where to publish to and to play from, each place once; not at a Service that is to go."""
    # One host name may stand for several addresses.
    return list(dict.fromkeys(_places(found)))


def _places(found: Iterable[Service]) -> Iterator[Place]:
    for service in found:
        if service["deleting"]:
            continue
        public = bool(service["addresses"])
        inside = [service["host"]] if service["type"] != "LoadBalancer" and service["cluster_ip"] != "None" else []
        for address in service["addresses"] or inside:
            for port, protocol in _spoken(service):
                host = (service["https_host"] if public and port["tls"] else None) or address
                yield Place(service["cluster"], service["component"], protocol, _base(protocol, host, port), public)


def urls(found: Iterable[Service], app: str, stream: str) -> list[Url]:
    """Where to publish ``app/stream`` to and to play it from."""
    rows: list[Url] = []
    for place in places(found):
        actions: tuple[Action, ...] = ("publish", "play") if place.protocol == "rtmp" else ("play",)
        rows += [
            {
                "action": action,
                "cluster": place.cluster,
                "component": place.component,
                "protocol": place.protocol,
                "url": f"{place.base}/{app}/{stream}{SUFFIXES[place.protocol]}",
                "public": place.public,
            }
            for action in actions
        ]
    return rows


def _spoken(service: Service) -> list[tuple[Port, UrlProtocol]]:
    """The ports of a Service for publishers and players, and what each speaks. nginx may serve HLS and HTTP-FLV at one port."""
    spoken: list[tuple[Port, UrlProtocol]] = []
    for port in service["ports"]:
        protocol = port["protocol"]
        if protocol == "rtmp" or protocol == "flv" or protocol == "hls":
            spoken.append((port, protocol))
    if service["flv"]:
        spoken += [(port, "flv") for port, protocol in spoken if protocol == "hls" and port["tls"]]
    return spoken


def _base(protocol: UrlProtocol, address: str, port: Port) -> str:
    scheme = ("rtmp" if protocol == "rtmp" else "http") + ("s" if port["tls"] else "")
    host = f"[{address}]" if ":" in address else address
    where = host if port["port"] == DEFAULT_PORT[scheme] else f"{host}:{port['port']}"
    return f"{scheme}://{where}"
