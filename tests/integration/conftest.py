# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real API server for the tests: that of KUBECONFIG if it is set, else the local cluster, which is started if need be."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from ansible_collections.livestream.srs.tests.support.real_nginx import nginx, origin, start

# Fixtures of whoever asks for them.
__all__ = ["nginx", "origin", "start"]

ROOT = Path(__file__).resolve().parents[2]
CLUSTER_TOOL = [sys.executable, str(ROOT / "tests/cluster")]


@pytest.fixture(scope="session")
def kubeconfig() -> str:
    """The path of the kubeconfig."""
    if given := os.environ.get("KUBECONFIG"):
        return given
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


@pytest.fixture
def bring_kinds(api: client.ApiClient) -> Iterator[Callable[..., None]]:
    """Gives the API server the kinds of an API group, each with its plural, as the operator would that they belong to: they are there, and
    nothing is done about their objects. They go again where they were not there before. ``fields`` are the schemas of those fields of their
    specs that the API server is to look at.
    """
    definitions = client.ApiextensionsV1Api(api)
    made: list[tuple[str, str]] = []

    def served(group: str) -> set[str]:
        try:
            return {item.name for item in client.CustomObjectsApi(api).get_api_resources(group, "v1").resources}
        except client.ApiException as error:
            if error.status != 404:
                raise
            return set()

    def await_kinds(there: bool, kinds: list[tuple[str, str]]) -> None:
        deadline = time.monotonic() + 60
        while any((plural in served(group)) is not there for group, plural in kinds):
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def bring(group: str, kinds: dict[str, str], fields: dict[str, Any] | None = None) -> None:
        spec = {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": fields or {}}
        schema = {"type": "object", "properties": {"spec": spec}}
        for kind, plural in kinds.items():
            if plural in served(group):
                continue
            definitions.create_custom_resource_definition(
                {
                    "metadata": {"name": f"{plural}.{group}"},
                    "spec": {
                        "group": group,
                        "scope": "Namespaced",
                        "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
                        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
                    },
                }
            )
            made.append((group, plural))
        await_kinds(True, made)

    yield bring
    for group, plural in made:
        definitions.delete_custom_resource_definition(f"{plural}.{group}")
    await_kinds(False, made)


@pytest.fixture
def kubectl(kubeconfig: str, namespace: str) -> Callable[..., str]:
    """Runs kubectl in the test's namespace, with what to read on its standard input; returns what it prints."""
    told = subprocess.run(
        [*CLUSTER_TOOL, "env"], env={**os.environ, "KUBECONFIG": kubeconfig}, check=True, stdout=subprocess.PIPE, text=True
    )
    folders = [*re.findall(r"export PATH=(\S+):", told.stdout), os.environ["PATH"]]
    program = shutil.which("kubectl", path=os.pathsep.join(folders)) or pytest.skip("there is no kubectl")

    def run(*arguments: str, given: str = "") -> str:
        command = [program, f"--kubeconfig={kubeconfig}", f"--namespace={namespace}", *arguments]
        return subprocess.run(command, input=given, check=True, stdout=subprocess.PIPE, text=True).stdout

    return run


@dataclass(frozen=True)
class Play:
    """What a run of ansible-playbook came to."""

    status: int
    output: str

    @property
    def message(self) -> str:
        """The one error that ended the run."""
        (line,) = [line for line in self.output.splitlines() if line.startswith("[ERROR]")]
        return line

    @property
    def changed(self) -> list[str]:
        """The tasks that changed something, or in check mode would."""
        tasks = re.split(r"^TASK \[", self.output, flags=re.MULTILINE)[1:]
        return [
            task.partition("]")[0].partition(" : ")[2] or task.partition("]")[0]
            for task in tasks
            if re.search(r"^changed: ", task, re.MULTILINE)
        ]

    @property
    def objects(self) -> set[str]:
        """Kind and name of the objects that have a diff."""
        return {f"{kind}/{name}" for kind, name in re.findall(r"^\+\+\+ after: (\w+) \S+/(\S+)$", self.output, re.MULTILINE)}

    @property
    def differences(self) -> list[str]:
        """The lines that a diff takes away and adds."""
        return [re.sub(r"\s+", " ", line) for line in self.output.splitlines() if re.match(r"[-+](?![-+])", line)]


@pytest.fixture
def play(kubeconfig: str, namespace: str) -> Callable[..., Play]:
    """Runs a playbook with the inventory of the local cluster in the test's namespace, or with another one, which says where everything is;
    keywords are variables.
    """

    def run(*arguments: str, playbook: str = "site", expect: int = 0, inventory: Path | None = None, **variables: Any) -> Play:
        given = json.dumps(({} if inventory else {"srs_namespace": namespace}) | {"srs_wait_timeout": 60} | variables)
        command = [
            "ansible-playbook",
            str(ROOT / "playbooks" / f"{playbook}.yml"),
            "-i",
            str(inventory or "inventories/local"),
            "-e",
            given,
            *arguments,
        ]
        environ = {**os.environ, "KUBECONFIG": kubeconfig, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
        done = subprocess.run(
            command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False
        )
        assert done.returncode == expect, done.stdout
        return Play(done.returncode, done.stdout)

    return run
