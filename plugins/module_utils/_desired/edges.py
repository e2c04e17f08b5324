# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge clusters: from what a user writes about them to servers with names, ports and the parameters of their srs.conf."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import autoscale, names
from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Settings, built
from ansible_collections.livestream.srs.plugins.module_utils._desired.releases import followed, release_that_runs
from ansible_collections.livestream.srs.plugins.module_utils._desired.server import Server, merge, service_ports

PREFIX = "srs_edge_"

# Mappings of these names are merged key by key with the role's variable; all other values replace it.
MERGED = ("config", "slb", "limit")

# Stands for the origin of another host as long as its address isn't known; RFC 6761 says that nothing ever has this name.
ORIGIN_TO_COME = "origin.invalid"


@dataclass(kw_only=True)
class Edge(Server):
    """One edge cluster: the variables ``srs_edge_*`` without that prefix, its own keys over them."""

    role = "edge"

    origin: list[str]
    upstream: str
    replicas: int | None
    autoscale: Settings
    config_strategy: str
    limit: Settings
    publish_from: list[str]
    expose_http_api: bool
    service: bool
    deployment_name: str
    selector: dict[str, str]
    canary_of: Edge | None = field(default=None, repr=False)
    position: int = 0  # in srs_edge_clusters
    own: Settings = field(default_factory=dict, repr=False)  # what is written there
    general: Settings = field(default_factory=dict, repr=False)  # those of MERGED as they are written for all edge clusters

    @property
    def title(self) -> str:
        """As messages name it."""
        return f"edge cluster '{self.name}'"

    def variable(self, path: str) -> str:
        """That of the cluster's own item where the setting is written there, else the one for all edge clusters."""
        if path == "max_connections" and "connections" in self.limit:
            path = "limit.connections"
        own = _depth(self.own, path)
        if own and own >= _depth(self.general, path):
            return f"srs_edge_clusters[{self.position}].{path}"
        return super().variable(path)

    @cached_property
    def service_ports(self) -> list[dict[str, Any]]:
        public = ("rtmp", "rtmps", "http", "https")
        return service_ports(self.ports, (*public, "api") if self.expose_http_api else public)

    @property
    def service_name(self) -> str:
        return f"{self.app}-service"

    @property
    def max_clients(self) -> int:
        limit: int = self.limit.get("connections", self.max_connections)
        return limit

    @cached_property
    def srs_conf(self) -> dict[str, Any]:
        """The parameters of its srs.conf, as ``_srs_conf.compile`` takes them."""
        conf: dict[str, Any] = {"origin": self.origin}
        if self.publish_from != ["all"]:
            # A server with allow rules refuses whatever none of them names.
            conf["security"] = {"enabled": True, "allow": ["play all", *(f"publish {peer}" for peer in self.publish_from)]}
        if self.config_strategy == "reload":
            # By raw_api a server tells what became of its last reload, and by allow_reload it reloads once more if that may be another's.
            conf |= {"inotify_auto_reload": True, "http_api": {"raw_api": {"enabled": True, "allow_reload": True}}}
        return self.conf_parameters(conf)


def resolve_edges(values: Settings, topology: str, origin: Sequence[str]) -> list[Edge]:
    """The edge clusters. ``values`` are the validated variables, ``origin`` is what they pull from unless they say otherwise."""
    return [_resolve(position, given, values, topology, origin) for position, given in enumerate(values["srs_edge_clusters"])]


def _depth(values: Any, path: str) -> int:
    """How many keys of a path are written in a mapping."""
    depth = 0
    for key in path.replace("[", ".[").split("."):
        if not isinstance(values, Mapping) or key not in values:
            return depth
        values, depth = values[key], depth + 1
    return depth


def _resolve(position: int, given: Mapping[str, Any], values: Settings, topology: str, origin: Sequence[str]) -> Edge:
    name = str(given.get("name", ""))
    own = {f"{PREFIX}{key}": value for key, value in given.items() if key != "name"}
    for key in (f"{PREFIX}{key}" for key in MERGED):
        if key in own:
            own[key] = merge(values[key], own[key])
    app = names.edge_app(name)
    merged = {**values, **own, **followed(own)}
    where = f"srs_edge_clusters[{position}].version" if "version" in given else f"{PREFIX}version"
    if merged[f"{PREFIX}version"] == values["srs_version"] and "version" not in given:
        where = "srs_version"
    upstream = merged["srs_edge_upstream"]
    called = names.existing_names(values)
    # Players of an edge of edges are kept apart from its upstream's: it is one more client of that one's internal address.
    merged["srs_edge_origin"] = (
        [called("Service", f"{names.edge_app(upstream)}-service")] if upstream else merged["srs_edge_origin"] or list(origin)
    )
    merged["srs_edge_autoscale"] = autoscale.resolved(merged["srs_edge_autoscale"])
    return built(
        Edge,
        PREFIX,
        merged,
        name=name,
        app=app,
        labels=names.labels("edge", name, topology),
        config_name=f"{app}-config",
        deployment_name=f"{app}-deployment",
        selector={"app": app},
        version=release_that_runs(str(merged["srs_edge_version"]), merged["srs_edge_image"], where),
        position=position,
        own=given,
        general={key: values[f"{PREFIX}{key}"] for key in MERGED},
    )


def apps(edges: Iterable[Edge]) -> list[str]:
    """The ``app`` labels of the edge clusters."""
    return [edge.app for edge in edges]
