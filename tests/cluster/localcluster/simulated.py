# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated nodes: kwok plays the kubelets. Pods become Running and Ready, and no program runs in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from . import programs
from .api import Api, Object
from .base import TOOL
from .controlplane import Place, choose_ports
from .processes import Part

ADDRESS = "127.0.0.1"
SERVICES = "10.96.0.0/16"
PODS = "239.18.128.1/17"
"""Of multicast, so that nothing can be sent there by TCP: the API server's proxy refuses such an address, and the kernel has no route."""
LABEL = "livestream.srs/simulated-node"


class Simulated:
    programs = programs.SIMULATED
    addresses = "198.18.127.0/24"
    """For load balancers."""
    evidence = "kwok"
    """Whose log tells why nodes are not ready."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, kept: Mapping[str, int], running: set[str]) -> Place:
        return Place(ADDRESS, choose_ports(kept, running, ADDRESS), SERVICES)

    def check(self) -> None:
        """They need nothing."""

    def prepare(self) -> None:
        """They need nothing."""

    def all_parts(self, control_plane: list[Part], built: Mapping[str, Path]) -> list[Part]:
        """With kwok, which `stages/` tells what becomes of nodes and pods."""
        command = (
            str(built["kwok"]),
            f"--kubeconfig={self.folder / 'kubeconfig'}",
            *(f"--config={stage}" for stage in sorted((TOOL / "stages").glob("*.yaml"))),
            f"--manage-nodes-with-label-selector={LABEL}",
            f"--cidr={PODS}",
            "--node-lease-duration-seconds=40",
            "--v=WARN",
        )
        environ = {"KWOK_WORKDIR": str(self.folder / "kwok")}
        return [*control_plane, Part("kwok", command, ready=lambda: True, environ=environ)]

    def set_nodes(self, api: Api, count: int) -> int:
        """Make it exactly `count` nodes."""
        wanted = {body["metadata"]["name"]: body for body in map(node, range(count))}
        present = {body["metadata"]["name"] for body in api.items(f"/api/v1/nodes?labelSelector={LABEL}")}
        for name in sorted(wanted.keys() - present):
            api.create("/api/v1/nodes", wanted[name])
        for name in sorted(present - wanted.keys()):
            api.delete(f"/api/v1/nodes/{name}")
        return count

    def remove(self) -> list[str]:
        return []


def node(number: int) -> Object:
    name = f"simulated-{number}"
    labels = {
        LABEL: "",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": f"zone-{'abc'[number % 3]}",
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
