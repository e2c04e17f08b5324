# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No packet of a local cluster with simulated nodes, and of the playbooks on it, leaves the machine: docs/testing.md#packets."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OUTBOUND = [sys.executable, "tests/tools/outbound.py"]
# Everything that asks servers: they are at addresses that nobody has.
ASKING = """
trap 'python tests/cluster down --name {name}' EXIT
python tests/cluster up --name {name}
export KUBECONFIG="$(python tests/cluster kubeconfig --name {name})"
ansible-playbook playbooks/site.yml -i inventories/local -e '{{"srs_edge_replicas": 1}}'
ansible-playbook playbooks/status.yml -i inventories/local
"""


def outbound(*command: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    done = subprocess.run([*OUTBOUND, *command], cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=600)
    if "unshare: " in done.stderr or "Operation not permitted" in done.stderr:
        pytest.skip("this system allows no network of one's own")
    return done


def test_what_would_leave_is_seen() -> None:
    done = outbound(sys.executable, "-c", "import socket; s = socket.socket(); s.settimeout(0.1); s.connect_ex(('192.0.2.77', 80))")
    assert done.returncode == 3 and "TCP 192.0.2.77:80" in done.stderr


def test_a_cluster_and_its_playbooks_reach_nobody() -> None:
    done = outbound("sh", "-e", "-c", ASKING.format(name=f"outbound-{uuid.uuid4().hex[:6]}"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "outbound: 0 packets" in done.stderr
    assert "address not allowed" in done.stdout, "its servers were asked"
