# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Kubernetes is used: the user's own, one of kind, or one made here."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .base import cluster_folder


@dataclass(frozen=True)
class Choice:
    kind: Literal["given", "kind", "local"]
    kubeconfig: str
    why: str


def decide(environ: Mapping[str, str], own: Path, kind_usable: bool) -> Choice:
    """A KUBECONFIG that was set wins, except when it is one that is kept here."""
    given = environ.get("KUBECONFIG", "")
    clusters = own.parent.parent
    if given and clusters not in Path(given).parents:
        return Choice("given", given, f"using the cluster of KUBECONFIG={given}")
    if kind_usable:
        return Choice("kind", str(own), "using kind, since Docker runs")
    return Choice("local", str(own), "using a cluster made here")


def choose(name: str, *, ignore_given: bool = False) -> Choice:
    return decide({} if ignore_given else os.environ, cluster_folder(name) / "kubeconfig", _kind_usable())


def _kind_usable() -> bool:
    if not (shutil.which("kind") and shutil.which("docker")):
        return False
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=10, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False
