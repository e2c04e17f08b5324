# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ConfigMaps of srs_edge_config and srs_origin_config on a real API server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from kubernetes import client

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow.config import flow

EDGE = {"name": "srs-edge-config", "origin": ["srs-internal-origin-service"]}


class Module:
    """What a flow asks of AnsibleModule."""

    def __init__(self, params: dict[str, Any], check_mode: bool) -> None:
        self.params = {"take_over": False, **params}
        self.check_mode = check_mode
        self.no_log_values: set[str] = set()
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(kubeconfig: str, namespace: str) -> Run:
    def run(*configs: dict[str, Any], role: str = "edge", state: str = "present", check: bool = False, **options: Any) -> dict[str, Any]:
        params = {**dict.fromkeys(connection_spec()), "kubeconfig": kubeconfig, "namespace": namespace, "state": state, **options}
        return flow(role)(Module({**params, "configs": list(configs)}, check))  # type: ignore[arg-type]

    return run


@pytest.fixture
def core(api: client.ApiClient) -> client.CoreV1Api:
    return client.CoreV1Api(api)


def text_of(core: client.CoreV1Api, namespace: str, name: str = "srs-edge-config", key: str = "srs.conf") -> str:
    return core.read_namespaced_config_map(name, namespace).data[key]


def config_maps(core: client.CoreV1Api, namespace: str) -> set[str]:
    """The names of the ConfigMaps, without the one that Kubernetes puts into each namespace in its own time."""
    return {item.metadata.name for item in core.list_namespaced_config_map(namespace).items} - {"kube-root-ca.crt"}


def test_create_change_delete(run: Run, core: client.CoreV1Api, namespace: str) -> None:
    configs = [EDGE, {**EDGE, "name": "b", "key": "docker.conf", "labels": {"x": "y"}}]
    predicted = run(*configs, check=True)
    assert predicted["changed"]
    assert config_maps(core, namespace) == set()

    created = run(*configs)
    assert (created["changed"], created["diff"]) == (True, predicted["diff"])
    assert text_of(core, namespace) == created["configs"][0]["text"]
    assert core.read_namespaced_config_map("b", namespace).metadata.labels == {"x": "y"}
    assert not run(*configs)["changed"]
    assert not run(*configs, check=True)["changed"]

    changed = [{**EDGE, "max_connections": 2000}, configs[1]]
    predicted = run(*changed, check=True)
    assert [entry["prepared"] for entry in predicted["diff"]] == ["max_connections: 1000 -> 2000\n"]
    assert "max_connections 1000;" in text_of(core, namespace)
    assert run(*changed)["diff"] == predicted["diff"]
    assert "max_connections 2000;" in text_of(core, namespace)
    assert not run(*changed)["changed"]

    assert run(*changed, state="absent", check=True)["changed"]
    assert run(EDGE, state="absent")["changed"]
    assert config_maps(core, namespace) == {"b"}
    assert not run(EDGE, state="absent")["changed"]


def test_drift_is_repaired(run: Run, core: client.CoreV1Api, namespace: str) -> None:
    run(EDGE)
    core.patch_namespaced_config_map("srs-edge-config", namespace, {"data": {"srs.conf": "listen 1936;\n"}})
    assert "listen: 1936 -> 1935" in run(EDGE, check=True)["diff"][0]["prepared"]
    assert run(EDGE)["changed"]
    assert text_of(core, namespace).startswith("listen 1935;")


def test_take_over_from_kubectl(run: Run, core: client.CoreV1Api, namespace: str) -> None:
    by_hand = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "srs-edge-config", "namespace": namespace},
        "data": {"srs.conf": "listen 1935;\nhttp_api { auth { password hunter2; } }\n", "old.conf": "listen 1;\n"},
    }
    last_applied = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(by_hand)}
    metadata = {**by_hand["metadata"], "annotations": last_applied}  # type: ignore[dict-item]
    core.create_namespaced_config_map(namespace, {**by_hand, "metadata": metadata}, field_manager="kubectl-client-side-apply")
    predicted = run(EDGE, check=True)
    assert "old.conf" in core.read_namespaced_config_map("srs-edge-config", namespace).data
    assert run(EDGE)["diff"] == predicted["diff"]
    assert list(core.read_namespaced_config_map("srs-edge-config", namespace).data) == ["srs.conf"]
    assert [entry["before_header"] for entry in predicted["diff"]] == [
        "ConfigMap srs-edge-config old.conf",
        "ConfigMap srs-edge-config srs.conf",
    ]
    assert "hunter2" not in json.dumps(predicted)
    assert not run(EDGE)["changed"]


def test_an_error_changes_nothing(run: Run, core: client.CoreV1Api, namespace: str) -> None:
    with pytest.raises(SrsError, match=r"configs\[1\] \(b\): listen is '0'"):
        run(EDGE, {**EDGE, "name": "b", "listen": [0]})
    assert config_maps(core, namespace) == set()


def test_missing_namespace(run: Run) -> None:
    with pytest.raises(SrsError, match="nowhere"):
        run(EDGE, namespace="nowhere")
