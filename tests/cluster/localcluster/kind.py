# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of kind, where Docker runs. kind does the work; what is added is addresses for load balancers, and images."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from . import cloud, images, processes
from .api import Api
from .base import ClusterError, cluster_folder, say


class Kind:
    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = cluster_folder(name)
        self.kubeconfig = self.folder / "kubeconfig"
        self._kind_name = f"livestream-srs-{name}"

    def exists(self) -> bool:
        return self._kind_name in _run("kind", "get", "clusters").split()

    def up(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.exists():
            _run("kind", "create", "cluster", "--name", self._kind_name, "--kubeconfig", str(self.kubeconfig), "--wait", "120s")
        elif not self.kubeconfig.is_file():
            _run("kind", "export", "kubeconfig", "--name", self._kind_name, "--kubeconfig", str(self.kubeconfig))
        for archive in images.archives(os.environ):
            self.load(archive)
        api = Api(self.kubeconfig)
        processes.bring_up(self.folder, cloud.part(self.name, f"{_node_address(api)}/32", api))
        say(f"the cluster {self._kind_name} of kind is up, kubeconfig {self.kubeconfig}")

    def load(self, archive: Path) -> None:
        _run("kind", "load", "image-archive", str(archive), "--name", self._kind_name)

    def down(self) -> None:
        processes.stop(processes.running(self.folder), grace=1)
        _run("kind", "delete", "cluster", "--name", self._kind_name)
        shutil.rmtree(self.folder, ignore_errors=True)
        say(f"the cluster {self._kind_name} of kind is gone")

    def status(self) -> bool:
        try:
            well = self.exists() and Api(self.kubeconfig).ready()
        except OSError:
            well = False
        say(f"the cluster {self._kind_name} of kind {'is ready' if well else 'is not ready'}")
        return well


def _node_address(api: Api) -> str:
    """Docker gives the node an address that this host reaches, and the node's kube-proxy takes what is sent to it."""
    addresses = api.items("/api/v1/nodes")[0]["status"]["addresses"]
    found: str = next(address["address"] for address in addresses if address["type"] == "InternalIP")
    return found


def _run(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ClusterError(f"`{' '.join(command[:3])}` failed: {result.stderr.strip()[-600:]}")
    return result.stdout
