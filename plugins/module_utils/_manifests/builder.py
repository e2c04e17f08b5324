# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of each part of a topology: the one place that decides which there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ansible_collections.livestream.srs.plugins.module_utils._desired.canaries import canary
from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import Edge
from ansible_collections.livestream.srs.plugins.module_utils._desired.topology import Topology
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._manifests.edge_objects import deployed_config, edge_objects, workload
from ansible_collections.livestream.srs.plugins.module_utils._manifests.existing import Existing
from ansible_collections.livestream.srs.plugins.module_utils._manifests.monitoring_objects import monitoring_objects
from ansible_collections.livestream.srs.plugins.module_utils._manifests.nginx_objects import nginx_objects, sidecar_objects
from ansible_collections.livestream.srs.plugins.module_utils._manifests.origin_objects import Files, origin_objects
from ansible_collections.livestream.srs.plugins.module_utils._manifests.patches import Patches
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.manifest import Deployed


@dataclass
class Builder:
    """Builds what is wanted. Every method raises SrsError with all that is wrong with a srs.conf or a patch."""

    topology: Topology
    files: Files
    patches: Patches

    def origin(self) -> list[Object]:
        """The origin, and what tells Prometheus and Grafana of the topology."""
        own = origin_objects(self.topology, self.files) if self.topology.origin.enabled else ()
        return self._final([*own, *monitoring_objects(self.topology, self.files.dashboard)])

    def hls(self) -> list[Object]:
        """nginx."""
        if not self.topology.nginx.enabled:
            return []
        return self._final(nginx_objects(self.topology, self.files.reader, self.files.cache))

    def hls_sidecar(self) -> list[Object]:
        """Those objects of nginx without which the origin's pod does not start."""
        return self._final(sidecar_objects(self.topology, self.files.reader))

    def edges(self, edges: Iterable[Edge]) -> tuple[list[Object], dict[str, Deployed]]:
        """The objects of these edge clusters, and their configs by the cluster's name."""
        chosen = list(edges)
        configs = self._configs(chosen)
        common, monitoring = self.topology.common, self.topology.monitoring
        made = [item for edge in chosen for item in edge_objects(common, monitoring, edge, configs[edge.name])]
        return self._final(made), configs

    def canaries(self, edges: Iterable[Edge], servers: Mapping[str, int]) -> list[Object]:
        """The canaries of these edge clusters, with so many servers each. What patches the stable servers patches them."""
        chosen = [canary(edge, servers[edge.name]) for edge in edges]
        configs = self._configs(chosen)
        made = [item for edge in chosen for item in workload(self.topology.common, edge, configs[edge.name])]
        stable = {
            name: original
            for edge in chosen
            if edge.canary_of
            for name, original in (
                (edge.deployment_name, edge.canary_of.deployment_name),
                (edge.config_name, edge.canary_of.config_name),
            )
        }
        return self._final(made, stable)

    def unpatched(self) -> list[Object]:
        """All objects of the topology before patches, by the names that the collection gives."""
        common = replace(self.topology.common, object_names={}, app_labels={})
        plain = Builder(replace(self.topology, common=common), self.files, Patches([], self.patches.json_patch))
        return [*plain.origin(), *plain.hls(), *plain.edges(self.topology.edges)[0]]

    @property
    def existing(self) -> Existing:
        """The names that objects have already."""
        return Existing(self.topology.common.object_names, self.topology.common.app_labels)

    def _final(self, made: Iterable[Object], known_as: Mapping[str, str] | None = None) -> list[Object]:
        """The objects as they are applied; patches know them by the names that the collection gives."""
        return self.existing.renamed(self.patches.applied(made, known_as))

    def _configs(self, edges: Iterable[Edge]) -> dict[str, Deployed]:
        """The configs by the cluster's name; the errors of all of them are raised together."""
        found: dict[str, Deployed] = {}
        errors: list[str] = []
        for edge in edges:
            try:
                found[edge.name] = deployed_config(self.topology.common, edge)
            except SrsError as error:
                errors.append(error.message)
        if errors:
            raise SrsError("\n".join(errors), errors=errors)
        return found
