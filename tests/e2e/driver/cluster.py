# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster that the tests run on, and the host that it must leave as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from localcluster import box, host, programs

from .kube import Kube
from .places import CLUSTER, CLUSTER_TOOL

FIRST_BUILD_SECONDS = 3600

# A KUBECONFIG of the user's would be taken for the cluster to use.
ENVIRON = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}


def cluster_tool(verb: str, *arguments: str) -> str:
    command = [sys.executable, str(CLUSTER_TOOL), verb, f"--name={CLUSTER}", *arguments]
    result = subprocess.run(command, env=ENVIRON, capture_output=True, text=True, check=False, timeout=FIRST_BUILD_SECONDS)
    if result.returncode:
        raise RuntimeError(f"`tests/cluster {verb}` failed: {result.stderr}")
    return result.stdout.strip()


class Cluster:
    """A real node with its control plane, from nothing; or one that is kept from run to run, for whoever works on the tests."""

    def __init__(self, *, keep: bool) -> None:
        self.keep = keep
        if not keep:
            # Whatever an earlier run left that was killed in the middle.
            cluster_tool("down")
        self.before = host.snapshot(box.tools())
        cluster_tool("up", "--nodes=real")
        self.kubeconfig = Path(cluster_tool("kubeconfig"))
        self.kubectl = programs.path("kubectl")
        self.kube = Kube(self.kubeconfig)
        self.up = True

    def down(self) -> list[str]:
        """Take it away; what is left on the host, in the eyes of the tests."""
        if self.up and not self.keep:
            cluster_tool("down")
            self.up = False
        return host.left(self.before, host.snapshot(box.tools()))
