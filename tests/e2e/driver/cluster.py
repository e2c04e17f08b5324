# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster that the tests run on, and the host that it must leave as it was."""

from __future__ import annotations

from pathlib import Path

from localcluster import box, host, programs

from . import tool
from .kube import Kube
from .places import CLUSTER


class Cluster:
    """A real node with its control plane, from nothing; or one that is kept from run to run, for whoever works on the tests."""

    def __init__(self, *, keep: bool) -> None:
        self.keep = keep
        if not keep:
            # Whatever an earlier run left that was killed in the middle.
            tool.run("down", f"--name={CLUSTER}")
        self.before = host.snapshot(box.tools())
        tool.run("up", f"--name={CLUSTER}", "--nodes=real")
        self.kubeconfig = Path(tool.run("kubeconfig", f"--name={CLUSTER}"))
        self.kubectl = programs.path("kubectl")
        self.kube = Kube(self.kubeconfig)
        self.up = True

    def down(self) -> list[str]:
        """Take it away; what is left on the host, in the eyes of the tests."""
        if self.up and not self.keep:
            tool.run("down", f"--name={CLUSTER}")
            self.up = False
        return host.left(self.before, host.snapshot(box.tools()))
