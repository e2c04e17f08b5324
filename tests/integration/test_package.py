# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as others get it: built, installed, and used from another folder."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path, **environ: str) -> str:
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    run("ansible-galaxy", "collection", "build", "--output-path", folder, cwd=ROOT)
    (built,) = folder.glob("livestream-srs-*.tar.gz")
    return built


@pytest.fixture(scope="module")
def elsewhere(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Runs a command in a folder that has the collection installed and knows of no checkout."""
    folder = tmp_path_factory.mktemp("elsewhere")
    run("ansible-galaxy", "collection", "install", archive, "-p", folder / "collections", cwd=folder)
    (folder / "inventory").symlink_to(ROOT / "inventories/local")

    def call(*command: str, **environ: str) -> str:
        return run(*command, cwd=folder, ANSIBLE_COLLECTIONS_PATH=str(folder / "collections"), **environ)

    return call


def test_what_is_in_it(archive: Path) -> None:
    with tarfile.open(archive) as opened:
        names = opened.getnames()
    assert {"README.md", "COPYING", "MANIFEST.json", "meta/runtime.yml", "playbooks/site.yml", "requirements.txt"} <= set(names)
    top = {name.partition("/")[0] for name in names}
    assert not top & {"tests", "molecule", "build", "Makefile", "ansible.cfg", "pyproject.toml"}
    assert not {name for name in top if name.startswith(".")}


def test_its_documentation_reads(elsewhere: Callable[..., str]) -> None:
    found = json.loads(elsewhere("ansible-doc", "--metadata-dump", "livestream.srs"))["all"]
    assert {
        "livestream.srs.apply_set",
        "livestream.srs.srs_edge_config",
        "livestream.srs.srs_edge_config_info",
        "livestream.srs.srs_origin_config",
        "livestream.srs.srs_stream_info",
        "livestream.srs.srs_cluster_status",
    } <= set(found["module"])
    assert {"livestream.srs.srs_origin", "livestream.srs.hls_nginx", "livestream.srs.srs_edge"} <= set(found["role"])


def test_an_old_name_of_a_module_leads_to_the_new_one(elsewhere: Callable[..., str]) -> None:
    said = elsewhere("ansible", "localhost", "-m", "livestream.srs.srs_stream_probe", "-a", "urls=rtmp://127.0.0.1:1/live/x timeout=1")
    assert '"verdict": "refused"' in said


def test_its_playbook_runs(elsewhere: Callable[..., str], kubeconfig: str, namespace: str) -> None:
    command = ("ansible-playbook", "livestream.srs.site", "-i", "inventory", "-e", f"srs_namespace={namespace}")
    assert "changed=3 " in elsewhere(*command, KUBECONFIG=kubeconfig)
    assert "changed=0 " in elsewhere(*command, KUBECONFIG=kubeconfig)
    assert "edge 3/3" in elsewhere("ansible-playbook", "livestream.srs.status", *command[2:], KUBECONFIG=kubeconfig)
    assert "changed=3 " in elsewhere("ansible-playbook", "livestream.srs.teardown", *command[2:], KUBECONFIG=kubeconfig)
