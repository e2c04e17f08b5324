# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole topology as it is wanted, from the validated variables of all roles; and what must hold of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import (
    edge_checks,
    https,
    monitoring,
    name_checks,
    names,
    nginx_checks,
    origin_checks,
    pods_checks,
    release_checks,
)
from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Common, Settings, built
from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import ORIGIN_TO_COME, Edge, resolve_edges
from ansible_collections.livestream.srs.plugins.module_utils._desired.monitoring import Monitoring
from ansible_collections.livestream.srs.plugins.module_utils._desired.names import HTTP_SERVICE, PROXY_PUBLIC_SERVICE
from ansible_collections.livestream.srs.plugins.module_utils._desired.nginx import Nginx, holds_media, resolve_nginx, srs_serves
from ansible_collections.livestream.srs.plugins.module_utils._desired.origin import Origin, resolve_origin
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import pod_schema as schema
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import CONFIG_MAP_ROOM
from ansible_collections.livestream.srs.plugins.module_utils._labels import TOPOLOGY_LENGTH
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import load_balancer
from ansible_collections.livestream.srs.plugins.module_utils._releases.advisories import Advice
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import compile_config
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reloadable import hindrances

# For three copies to have room: the current one, the same under its key, and the one that it replaces.
LONGEST = CONFIG_MAP_ROOM // 3


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
        held_by_nginx=holds_media(values),
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

    def __init__(self, topology: Topology, roles: Iterable[str], values: Settings, place: Place, advice: Advice | None = None) -> None:
        self.topology = topology
        self.advice = advice or Advice()
        self.roles = set(roles)
        self.values = values
        self.place = place
        self.warnings: list[str] = []

    def problems(self) -> list[str]:
        """Sentences that name the variable, the value and the way out. Each kind of check relies on what the ones before it have found."""
        for problems in (self._pods, self._together, self._values, self._configs):
            if found := list(dict.fromkeys(problems())):
                return found
        return []

    def _pods(self) -> Iterator[str]:
        """The variables that are parts of pods as Kubernetes has them: each by itself, where it is used."""
        origin, nginx, monitoring = self.topology.origin, self.topology.nginx, self.topology.monitoring
        yield from pods_checks.check_common(self.topology.common)
        if "srs_origin" in self.roles and origin.enabled:
            yield from pods_checks.check_server(origin)
            yield from pods_checks.check_proxy(origin)
        if self.roles & {"srs_origin", "hls_nginx"} and nginx.enabled and origin.enabled:
            yield from pods_checks.check(_of_nginx, nginx, pods_checks.POD if nginx.workloads else pods_checks.CONTAINER)
        if "srs_edge" in self.roles:
            yield from edge_checks.of_each(self.topology.edges, pods_checks.check_server)
        if any(server.network_policy for server in (origin, *self.topology.edges)):
            yield from schema.peers("srs_monitoring.from", monitoring.allowed_from)

    def _together(self) -> Iterator[str]:
        """The same beside what the pods have of ours."""
        origin, nginx = self.topology.origin, self.topology.nginx
        complete = not self.topology.common.patches
        if "srs_origin" in self.roles and origin.enabled:
            yield from pods_checks.check_together(origin.variable, origin, pods_checks.around_origin(origin, nginx), complete)
            if nginx.sidecar:
                yield from pods_checks.check_mounts(_of_nginx, nginx, pods_checks.around_sidecar(origin, nginx), complete)
        if self.roles & {"srs_origin", "hls_nginx"} and nginx.enabled and origin.enabled:
            for role in {workload.role for workload in nginx.workloads}:
                yield from pods_checks.check_together(_of_nginx, nginx, pods_checks.around_nginx(nginx, role), complete)
        if "srs_edge" in self.roles:
            yield from edge_checks.of_each(
                self.topology.edges,
                lambda edge: pods_checks.check_together(edge.variable, edge, pods_checks.around_edge(edge), complete),
            )

    def _values(self) -> Iterator[str]:
        common, origin, nginx, edges = self.topology.common, self.topology.origin, self.topology.nginx, self.topology.edges
        yield from filter(None, [edge_checks.not_a_label("srs_namespace", common.namespace)])
        yield from filter(None, [edge_checks.not_a_label("srs_topology", common.topology, TOPOLOGY_LENGTH)])
        yield from name_checks.check(self.values, self.roles)
        yield from names.check(common.object_names, common.app_labels)
        if "srs_origin" in self.roles:
            yield from edge_checks.check_server(origin)
            yield from origin_checks.check(origin)
            yield from monitoring.check(self.topology.monitoring, nginx.enabled, nginx.https)
            self.warnings += [*edge_checks.server_warnings(origin), *origin_checks.warnings(origin)]
        if self.roles & {"srs_origin", "hls_nginx"}:
            yield from nginx_checks.check(nginx)
        if "srs_edge" in self.roles:
            yield from self._edges()
            if "hls_nginx" in self.roles and nginx.enabled:
                yield from https.check_flv(nginx.https, edges)
        yield from self._releases()
        yield from self._load_balancers()

    def _releases(self) -> Iterator[str]:
        origin = self.topology.origin
        has_origin = "srs_origin" in self.roles and origin.enabled
        images = release_checks.images(origin if has_origin else None, self.topology.edges if "srs_edge" in self.roles else ())
        yield from release_checks.problems(images, self.advice)
        self.warnings += release_checks.warnings(images, self.advice)

    def _edges(self) -> Iterator[str]:
        edges = self.topology.edges
        if not edges and not self.values["srs_edge_allow_none"]:
            yield "srs_edge_clusters is empty, which would remove every edge cluster: set srs_edge_allow_none to true if that is meant."
        yield from edge_checks.check_names(edges)
        yield from edge_checks.of_each(edges, edge_checks.check_edge)
        yield from edge_checks.check_upstreams(edges)
        origin = self.topology.origin
        services = {origin.service.name: [port["port"] for port in origin.service.ports]}
        services |= {edge.service_name: [port["port"] for port in edge.service_ports] for edge in edges if edge.service}
        yield from edge_checks.check_pulls(edges, services)
        if wanted := self.values["srs_edge_origin_from"]:
            given_as_well = bool(self.values["srs_edge_origin"])
            yield from edge_checks.check_origin_from(wanted, self.place.host, self.place.hosts, given_as_well)
        elif not self.topology.origin.enabled:
            yield from edge_checks.check_has_origin(edges, self.topology.origin.edge_origin)
        self.warnings += edge_checks.of_each(edges, edge_checks.warnings)

    def _load_balancers(self) -> Iterator[str]:
        services = list(self._services())
        found = [*filter(None, map(self._slb_problem, services))]
        if "srs_edge" in self.roles:
            found += edge_checks.of_each(self.topology.edges, _limit_problem)
        yield from dict.fromkeys(found)
        if not found:
            yield from _told(lambda: load_balancer.check_clashes(services))
            self.warnings += filter(None, (load_balancer.without_effect(given, where) for where, given in self._switched_off()))

    def _switched_off(self) -> Iterator[tuple[str, Settings]]:
        """(variable, what it says) of load balancers that are off."""
        proxy = self.values["srs_origin_proxy"].get("slb", {}) if self.topology.origin.proxy else {}
        for role, where, slb in (
            ("srs_origin", "srs_origin_slb", self.values["srs_origin_slb"]),
            ("srs_origin", "srs_origin_api_slb", self.values["srs_origin_api_slb"]),
            ("srs_origin", "srs_origin_proxy.slb", proxy),
            ("hls_nginx", "hls_nginx_slb", self.values["hls_nginx_slb"]),
        ):
            if role in self.roles and not load_balancer.is_enabled(slb):
                yield where, slb
        off = [edge for edge in self.topology.edges if not load_balancer.is_enabled(edge.slb)] if "srs_edge" in self.roles else []
        # What all edge clusters share may be meant for those that have a load balancer.
        if off and len(off) == len(self.topology.edges) and not load_balancer.is_enabled(self.values["srs_edge_slb"]):
            yield "srs_edge_slb", self.values["srs_edge_slb"]
        yield from ((f"srs_edge_clusters[{edge.position}].slb", edge.own.get("slb", {})) for edge in off)

    def _slb_problem(self, service: Mapping[str, Any]) -> str | None:
        """What is wrong with the load balancer of one Service. What is wrong with that of all edge clusters is told of its own variable."""

        def told_of(slb: Settings, where: str) -> str:
            return "".join(_told(lambda: load_balancer.render(slb, where=where, ports=service["ports"])))

        problem, general = told_of(service["slb"], service["where"]), "srs_edge_slb"
        if problem and service["where"].startswith("srs_edge_clusters"):
            alone = told_of(self.values[general], general)
            return alone if alone == problem.replace(service["where"], general) else problem
        return problem or None

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
            for edge in (edge for edge in self.topology.edges if edge.service):
                yield _service(edge.variable("slb"), edge.service_name, edge.slb, edge.service_ports)
        if "hls_nginx" in self.roles and nginx.enabled:
            yield _service("hls_nginx_slb", HTTP_SERVICE, nginx.slb, nginx.service_ports)

    def _configs(self) -> Iterator[str]:
        """Compiles every config on trial."""
        origin, edges = self.topology.origin, self.topology.edges
        if "srs_origin" in self.roles and origin.enabled and origin.own_config:
            trial = _Trial(origin)
            yield from trial.problems
            self.warnings += trial.warnings
        if "srs_edge" in self.roles:
            trials = {edge.position: _Trial(edge) for edge in edges}
            yield from edge_checks.of_each(edges, lambda edge: trials[edge.position].problems)
            self.warnings += edge_checks.of_each(edges, lambda edge: trials[edge.position].warnings)


class _Trial:
    """A server's config, compiled on trial."""

    def __init__(self, server: Origin | Edge) -> None:
        self.warnings: list[str] = []
        self.problems: list[str] = []
        where = server.config_variable
        try:
            compiled = compile_config(server.role, server.srs_conf, where=where)
        except SrsError as error:
            self.problems = error.details["errors"]
            return
        self.warnings = compiled.warnings(where)
        if (size := len(compiled.text.encode())) > LONGEST:
            self.problems.append(f"{where('')} makes a srs.conf of {size} bytes, and a ConfigMap has room for {LONGEST}: make it shorter.")
        if isinstance(server, Edge) and server.config_strategy == "reload":
            reload = f"{server.variable('config_strategy')} is reload, which"
            self.problems += [f"{reload} {why}." for why in hindrances(compiled.text, server.version)]


def _told(check: Callable[[], Any]) -> list[str]:
    """What a check that raises says."""
    try:
        check()
    except SrsError as error:
        return [error.message]
    return []


def _limit_problem(edge: Edge) -> list[str]:
    return _told(lambda: load_balancer.pod_bandwidth_annotations(edge.limit, where=edge.variable("limit")))


def _of_nginx(key: str) -> str:
    """What messages call a variable of nginx."""
    return f"hls_nginx_{key}"


def _service(where: str, name: str, slb: Settings, ports: list[dict[str, Any]]) -> dict[str, Any]:
    return {"where": where, "name": name, "slb": slb, "ports": ports}
