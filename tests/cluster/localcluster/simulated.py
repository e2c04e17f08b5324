# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated nodes: kwok plays the kubelets. Pods become Running and Ready, and no program runs in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .api import Api, Object
from .base import TOOL
from .processes import Part

LABEL = "livestream.srs/simulated-node"


def parts(folder: Path, programs: Mapping[str, Path]) -> list[Part]:
    command = (
        str(programs["kwok"]),
        f"--kubeconfig={folder / 'kubeconfig'}",
        f"--config={TOOL / 'stages.yaml'}",
        f"--manage-nodes-with-label-selector={LABEL}",
        # Set aside for benchmarks: no pod gets the address of a machine in the user's network.
        "--cidr=198.18.0.1/16",
        "--node-lease-duration-seconds=40",
        "--v=WARN",
    )
    return [Part("kwok", command, ready=lambda: True, environ={"KWOK_WORKDIR": str(folder / "kwok")})]


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


def set_nodes(api: Api, count: int) -> None:
    """Make it exactly `count` simulated nodes."""
    wanted = {body["metadata"]["name"]: body for body in map(node, range(count))}
    present = {body["metadata"]["name"] for body in api.items(f"/api/v1/nodes?labelSelector={LABEL}")}
    for name in sorted(wanted.keys() - present):
        api.create("/api/v1/nodes", wanted[name])
    for name in sorted(present - wanted.keys()):
        api.delete(f"/api/v1/nodes/{name}")
