# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole topology as it is wanted, from the validated variables of all roles; and what must hold of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import edge_checks, https, monitoring, nginx_checks, origin_checks
from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Common, Settings, built
from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import ORIGIN_TO_COME, Edge, resolve_edges
from ansible_collections.livestream.srs.plugins.module_utils._desired.monitoring import Monitoring
from ansible_collections.livestream.srs.plugins.module_utils._desired.names import HTTP_SERVICE, PROXY_PUBLIC_SERVICE
from ansible_collections.livestream.srs.plugins.module_utils._desired.nginx import Nginx, resolve_nginx, srs_serves
from ansible_collections.livestream.srs.plugins.module_utils._desired.origin import Origin, resolve_origin
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import CONFIG_MAP_ROOM
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import load_balancer
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import compile_config
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reloadable import hindrances

# For three copies to have room: the current one, the same under its key, and the one that it replaces.
LONGEST = CONFIG_MAP_ROOM // 3

# The name of a set of objects begins with it, and must be a DNS label.
TOPOLOGY_LENGTH = 63 - len("-edge-canary")


@dataclass
class Topology:
    """All parts, each of which needs to know something of the others."""

    common: Common
    origin: Origin
    nginx: Nginx
    edges: list[Edge]
    monitoring: Monitoring


@dataclass
class Place:
    """Where in an inventory the variables stand."""

    host: str
    hosts: Mapping[str, Mapping[str, Any]]  # the variables of all hosts


def resolve(values: Settings, edge_origin: Sequence[str] = ()) -> Topology:
    """From the validated variables of all roles. ``edge_origin`` is where the edges find the origin of another host, once that is known."""
    common = built(Common, "srs_", values)
    origin = resolve_origin(
        values,
        common.topology,
        behind_nginx=values["hls_nginx_enabled"],
        serves_hls=srs_serves(values, values["srs_origin_mode"]),
    )
    nginx = resolve_nginx(values, origin, common.topology)
    elsewhere = [ORIGIN_TO_COME] if values["srs_edge_origin_from"] else origin.edge_origin
    edges = resolve_edges(values, common.topology, edge_origin or elsewhere)
    return Topology(
        common, origin, nginx, edges, monitoring.resolve(common.monitoring, common.production_defaults, nginx.https, common.namespace)
    )


class Checks:
    """What is wrong with a topology, as far as the given roles bring it about; ``warnings`` fills while the problems are read."""

    def __init__(self, topology: Topology, roles: Iterable[str], values: Settings, place: Place) -> None:
        self.topology = topology
        self.roles = set(roles)
        self.values = values
        self.place = place
        self.warnings: list[str] = []

    def problems(self) -> list[str]:
        """Sentences that name the variable, the value and the way out. Each kind of check relies on what the ones before it have found."""
        return list(self._values()) or list(self._configs())

    def _values(self) -> Iterator[str]:
        common, origin, nginx, edges = self.topology.common, self.topology.origin, self.topology.nginx, self.topology.edges
        yield from filter(None, [edge_checks.not_a_label("srs_namespace", common.namespace)])
        yield from filter(None, [edge_checks.not_a_label("srs_topology", common.topology, TOPOLOGY_LENGTH)])
        if "srs_origin" in self.roles:
            yield from edge_checks.check_server("srs_origin", origin)
            yield from origin_checks.check(origin)
            yield from monitoring.check(self.topology.monitoring, nginx.enabled, nginx.https)
            self.warnings += [*edge_checks.server_warnings("srs_origin", origin), *origin_checks.warnings(origin)]
        if self.roles & {"srs_origin", "hls_nginx"}:
            yield from nginx_checks.check(nginx)
        if "srs_edge" in self.roles:
            yield from self._edges()
            if "hls_nginx" in self.roles and nginx.enabled:
                yield from https.check_flv(nginx.https, edges)
        yield from self._load_balancers()

    def _edges(self) -> Iterator[str]:
        edges = self.topology.edges
        if not edges and not self.values["srs_edge_allow_none"]:
            yield "srs_edge_clusters is empty, which would remove every edge cluster: set srs_edge_allow_none to true if that is meant."
        yield from edge_checks.check_edges(edges)
        yield from edge_checks.check_upstreams(edges)
        if wanted := self.values["srs_edge_origin_from"]:
            given_as_well = bool(self.values["srs_edge_origin"])
            yield from edge_checks.check_origin_from(wanted, self.place.host, self.place.hosts, given_as_well)
        elif not self.topology.origin.enabled:
            yield from edge_checks.check_has_origin(edges, self.topology.origin.edge_origin)
        self.warnings += edge_checks.warnings(edges)

    def _load_balancers(self) -> Iterator[str]:
        services = list(self._services())
        try:
            for service in services:
                load_balancer.render(service["slb"], where=f"{service['where']}: slb", ports=service["ports"], names=service["names"])
            if "srs_edge" in self.roles:
                for edge in self.topology.edges:
                    load_balancer.pod_bandwidth_annotations(edge.limit, where=f"{edge.title}: limit")
            load_balancer.check_clashes(services)
        except SrsError as error:
            yield error.message

    def _services(self) -> Iterator[dict[str, Any]]:
        """The Services that may have load balancers."""
        origin, nginx = self.topology.origin, self.topology.nginx
        if "srs_origin" in self.roles and origin.enabled:
            if public := origin.public_service:
                yield _service("srs_origin_slb", public.name, origin.slb, public.ports)
            if origin.several:
                yield _service("srs_origin_api_slb", origin.api_service.name, origin.api_slb, origin.api_service.ports)
            if origin.proxy:
                yield _service("srs_origin_proxy.slb", PROXY_PUBLIC_SERVICE, origin.proxy.slb, origin.proxy.service_ports)
        if "srs_edge" in self.roles:
            for edge in self.topology.edges:
                yield _service(edge.title, edge.service_name, edge.slb, edge.service_ports)
        if "hls_nginx" in self.roles and nginx.enabled:
            yield _service("hls_nginx_slb", HTTP_SERVICE, nginx.slb, nginx.service_ports)

    def _configs(self) -> Iterator[str]:
        """Compiles every config on trial."""
        for role, where, server in self._servers():
            try:
                compiled = compile_config(role, server.srs_conf, where=where)
                self.warnings += compiled.warnings(where)
                if (size := len(compiled.text.encode())) > LONGEST:
                    yield f"{where}: its srs.conf has {size} bytes, of which a ConfigMap has room for {LONGEST}: make it shorter."
                if isinstance(server, Edge) and server.config_strategy == "reload":
                    yield from (f"{where}: config_strategy reload {why}." for why in hindrances(compiled.text, server.version))
            except SrsError as error:
                yield error.message

    def _servers(self) -> Iterator[tuple[str, str, Origin | Edge]]:
        """(role in srs.conf, what it is called in messages, server)."""
        origin = self.topology.origin
        if "srs_origin" in self.roles and origin.enabled and origin.own_config:
            yield origin.role, "srs_origin", origin
        if "srs_edge" in self.roles:
            yield from ((edge.role, edge.title, edge) for edge in self.topology.edges)


def _service(where: str, name: str, slb: Settings, ports: list[dict[str, Any]]) -> dict[str, Any]:
    return {"where": where, "name": name, "slb": slb, "ports": [port["port"] for port in ports], "names": [port["name"] for port in ports]}
