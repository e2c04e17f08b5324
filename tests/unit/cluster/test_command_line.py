# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from localcluster.base import TOOL


def call(cache: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    base = {"PATH": os.environ["PATH"], "HOME": str(cache.parent), "XDG_CACHE_HOME": str(cache.parent)}
    return subprocess.run(
        [sys.executable, TOOL, *arguments], env={**base, **environ}, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_path_of_the_kubeconfig_is_told_without_a_cluster(cache: Path) -> None:
    result = call(cache, "kubeconfig", PATH="")
    assert result.stdout == f"{cache}/clusters/default/kubeconfig\n"


def test_a_users_cluster_is_named_and_left_alone(cache: Path, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch()
    result = call(cache, "up", KUBECONFIG=str(kubeconfig))
    assert (result.returncode, result.stderr) == (0, f"using the cluster of KUBECONFIG={kubeconfig}\n")
    assert call(cache, "kubeconfig", KUBECONFIG=str(kubeconfig)).stdout == f"{kubeconfig}\n"
    assert call(cache, "down", KUBECONFIG=str(kubeconfig), PATH="").stderr == "there is no cluster default\n"
    assert not (cache / "clusters" / "default").exists()


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (("up",), {"KUBECONFIG": "/nowhere"}, "KUBECONFIG names /nowhere, and there is no such file"),
        (("up", "--node-count", "0"), {}, "'0' is no number from 1 to 100"),
        (("up", "--name", "A b"), {}, "'A b' is no name"),
        (("programs", "--only", "kubelt"), {}, "no such program: kubelt; there are pki, etcd"),
        (("status",), {"PATH": ""}, "there is no cluster default"),
        (("load-image", "/nowhere.tar"), {}, "No such file or directory: '/nowhere.tar'"),
        (("up",), {"PATH": "", "XDG_CACHE_HOME": "/proc"}, "error: "),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(cache: Path, arguments: tuple[str, ...], environ: dict[str, str], said: str) -> None:
    result = call(cache, *arguments, **environ)
    assert result.returncode != 0
    assert said in result.stderr
    assert "Traceback" not in result.stderr
