# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real API server for the tests: that of KUBECONFIG if it is set, else the local cluster, which is started if need be."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client, config

CLUSTER_TOOL = [sys.executable, str(Path(__file__).resolve().parents[1] / "cluster")]


@pytest.fixture(scope="session")
def kubeconfig() -> str:
    """The path of the kubeconfig."""
    subprocess.run([*CLUSTER_TOOL, "up"], check=True)
    return subprocess.run([*CLUSTER_TOOL, "kubeconfig"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


@pytest.fixture(scope="session")
def api(kubeconfig: str) -> Iterator[client.ApiClient]:
    """The Kubernetes client, to look and to meddle past the collection."""
    with config.new_client_from_config(kubeconfig) as made:
        yield made


@pytest.fixture
def namespace(api: client.ApiClient) -> Iterator[str]:
    """The name of a namespace of the test's own."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    core = client.CoreV1Api(api)
    core.create_namespace({"metadata": {"name": name}})
    yield name
    core.delete_namespace(name)
