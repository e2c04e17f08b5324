# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods of a topology are SRS servers, and which are proxies in front of its origins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ansible_collections.livestream.srs.plugins.module_utils._labels import SRS_CONTAINER
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import Cluster, Component, Objects, Pod, Workload
from ansible_collections.livestream.srs.plugins.module_utils._observed.streams import Inside


class Member(NamedTuple):
    """A pod of the origins or of an edge cluster."""

    component: Component
    cluster: str
    workload: Workload
    pod: Pod


def servers(status: Objects) -> Iterator[Member]:
    """The pods in which SRS runs, origins first."""
    return (member for member in _members(status) if SRS_CONTAINER in member.workload["images"])


def proxies(status: Objects) -> Iterator[Member]:
    """The pods of the origins in which it does not: the proxies of SRS 7, which have no streams of their own."""
    return (member for member in _members(status) if member.component == "origin" and SRS_CONTAINER not in member.workload["images"])


def inside(status: Objects) -> Inside:
    """What tells connections between servers from those of players and publishers."""
    hosts = (service["name"] for service in status["services"] if service["component"] == "origin")
    relays = (member.pod["ip"] for member in proxies(status) if member.pod["ip"])
    return Inside(frozenset(hosts), frozenset(relays))


def _members(status: Objects) -> Iterator[Member]:
    groups: tuple[tuple[Component, dict[str, Cluster]], ...] = (("origin", status["origins"]), ("edge", status["edges"]))
    for component, clusters in groups:
        for name, cluster in clusters.items():
            workloads = {workload["name"]: workload for workload in cluster["workloads"]}
            for pod in cluster["pods"]:
                yield Member(component, name, workloads[pod["workload"]], pod)
