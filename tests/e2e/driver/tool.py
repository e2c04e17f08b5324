# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local cluster tool, by its command line."""

from __future__ import annotations

import os
import subprocess
import sys

from .places import CLUSTER_TOOL

FIRST_BUILD_SECONDS = 3600

# A KUBECONFIG of the user's would be taken for the cluster to use.
ENVIRON = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}


def attempt(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CLUSTER_TOOL), *arguments]
    return subprocess.run(command, env=ENVIRON, capture_output=True, text=True, check=False, timeout=FIRST_BUILD_SECONDS)


def run(*arguments: str) -> str:
    """What it prints for other programs."""
    result = attempt(*arguments)
    if result.returncode:
        raise RuntimeError(f"`tests/cluster {' '.join(arguments)}` failed: {result.stderr}")
    return result.stdout.strip()
