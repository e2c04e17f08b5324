# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks as a user runs them, against a real API server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "tests/integration/fixtures/tutorial.yml"
TUTORIAL_INVENTORY: dict[str, Any] = {
    "srs_production_defaults": False,
    "srs_version": 3,
    "srs_image": "ossrs/srs:3",
    "srs_edge_expose_http_api": True,
    "srs_origin_resources": {},
    "srs_edge_resources": {},
    "hls_nginx_resources": {},
}

APPLY = {"hls": "Apply nginx", "origin": "Apply the origin", "edge": "Apply the edge clusters"}


class Namespace:
    """What is in the test's namespace."""

    def __init__(self, api: client.ApiClient, name: str) -> None:
        self.name = name
        self.apps = client.AppsV1Api(api)
        self.core = client.CoreV1Api(api)

    def deployment(self, name: str) -> Any:
        return self.apps.read_namespaced_deployment(name, self.name)

    def pods(self, app: str) -> set[str]:
        listed = self.core.list_namespaced_pod(self.name, label_selector=f"app={app}").items
        return {pod.metadata.uid for pod in listed if not pod.metadata.deletion_timestamp}

    def names(self) -> set[str]:
        """Kind and name of everything a user can see here, without what Kubernetes itself puts into each namespace."""
        found = {f"Deployment/{item.metadata.name}" for item in self.apps.list_namespaced_deployment(self.name).items}
        found |= {f"Service/{item.metadata.name}" for item in self.core.list_namespaced_service(self.name).items}
        found |= {f"ConfigMap/{item.metadata.name}" for item in self.core.list_namespaced_config_map(self.name).items}
        return found - {"ConfigMap/kube-root-ca.crt"}


@pytest.fixture
def there(api: client.ApiClient, namespace: str) -> Namespace:
    return Namespace(api, namespace)


def test_check_mode_before_the_first_run(play: Callable[..., Any], there: Namespace) -> None:
    predicted = play("--check")
    assert there.names() == set()
    assert predicted.changed == [APPLY["hls"], APPLY["origin"], APPLY["edge"]]
    assert play().changed == predicted.changed
    assert play().changed == []


def test_verbose_output_shows_no_secret(play: Callable[..., Any], there: Namespace) -> None:
    env = [{"name": "TOKEN", "value": "hunter2"}]
    shown = play("-vvv", "--check", srs_edge_env=env, srs_edge_clusters=[{"name": "edge", "env": env}], srs_origin_env=env)
    assert "Apply the edge clusters" in shown.changed, "later tasks have it all the same"
    assert "hunter2" not in shown.output


def test_more_replicas(play: Callable[..., Any], there: Namespace) -> None:
    play()
    before = there.pods("srs-edge")

    predicted = play("--check", "--diff", srs_edge_replicas=5)
    assert predicted.changed == [APPLY["edge"]]
    assert predicted.differences == ["- replicas: 3", "+ replicas: 5"]
    assert there.deployment("srs-edge-deployment").spec.replicas == 3

    assert play(srs_edge_replicas=5).changed == predicted.changed
    assert there.pods("srs-edge") > before
    assert len(there.pods("srs-edge")) == 5


def test_an_autoscaler_of_the_users_own_is_left_alone(play: Callable[..., Any], there: Namespace, kubectl: Callable[..., str]) -> None:
    play()
    kubectl("autoscale", "deployment", "srs-edge-deployment", "--min=5", "--max=10", "--cpu-percent=50")

    def scaled() -> None:
        kubectl("wait", "--for=jsonpath={.spec.replicas}=5", "--timeout=60s", "deployment/srs-edge-deployment")

    scaled()
    fought = play("--check", "--diff")
    assert fought.differences == ["- replicas: 5", "+ replicas: 3"]
    assert "set srs_edge_replicas, or the cluster's 'replicas', to null" in fought.output
    left = play("--diff", srs_edge_replicas=None)
    assert left.differences == [] and "to null" not in left.output
    assert play("--diff", srs_edge_clusters=[{"name": "edge", "replicas": None}]).changed == []
    assert there.deployment("srs-edge-deployment").spec.replicas == 5
    assert play().changed, "the number is ours again"
    scaled()


def test_a_changed_config_rolls_the_edges_alone(play: Callable[..., Any], there: Namespace) -> None:
    play()
    edges, origin = there.pods("srs-edge"), there.pods("srs-origin")

    predicted = play("--check", "--diff", srs_edge_max_connections=2000)
    assert predicted.changed == [APPLY["edge"]]
    told = [line for line in predicted.differences if not re.search("checksum|config-keys|key: srs-|change-cause", line)]
    assert [line for line in told if "max_connections" in line] == told, "nothing else is shown"
    assert any("1000" in line for line in told)
    assert any("2000" in line for line in told)
    assert there.pods("srs-edge") == edges

    assert play(srs_edge_max_connections=2000).changed == predicted.changed
    assert not there.pods("srs-edge") & edges
    assert there.pods("srs-origin") == origin


def test_taking_over_the_tutorial(play: Callable[..., Any], there: Namespace, kubectl: Callable[..., str]) -> None:
    kubectl("apply", "-f", str(TUTORIAL))
    kubectl("rollout", "status", "--timeout=60s", "deployment/srs-edge-deployment")
    kubectl("rollout", "status", "--timeout=60s", "deployment/srs-origin-deployment")
    before = there.pods("srs-edge") | there.pods("srs-origin")
    assert len(before) == 4

    play(**TUTORIAL_INVENTORY)
    assert there.pods("srs-edge") | there.pods("srs-origin") == before
    assert play(**TUTORIAL_INVENTORY).changed == []


def test_a_field_that_kubectl_set_can_be_dropped(play: Callable[..., Any], there: Namespace, kubectl: Callable[..., str]) -> None:
    objects = TUTORIAL.read_text().replace(
        "              image: ossrs/srs:3\n", "              image: ossrs/srs:3\n              resources: {limits: {memory: 1Gi}}\n"
    )
    kubectl("apply", "-f", "-", given=objects)
    play(**TUTORIAL_INVENTORY)
    (container,) = there.deployment("srs-edge-deployment").spec.template.spec.containers
    assert not container.resources.limits


def scale(there: Namespace) -> None:
    there.apps.patch_namespaced_deployment_scale("srs-edge-deployment", there.name, {"spec": {"replicas": 1}})


def other_image(there: Namespace) -> None:
    containers = [{"name": "srs", "image": "ossrs/srs:other"}]
    there.apps.patch_namespaced_deployment("srs-edge-deployment", there.name, {"spec": {"template": {"spec": {"containers": containers}}}})


def no_memory_limit(there: Namespace) -> None:
    containers = [{"name": "srs", "resources": {"requests": {"memory": "1Mi"}}}]
    there.apps.patch_namespaced_deployment("srs-edge-deployment", there.name, {"spec": {"template": {"spec": {"containers": containers}}}})


def no_service(there: Namespace) -> None:
    there.core.delete_namespaced_service("srs-edge-service", there.name)


def edited_config(there: Namespace) -> None:
    there.core.patch_namespaced_config_map("srs-edge-config", there.name, {"data": {"srs.conf": "listen 1935;\n"}})


def test_drift_is_found_and_repaired(play: Callable[..., Any], there: Namespace) -> None:
    play()
    drifted = set()
    for drift, where, sign in (
        (scale, "Deployment/srs-edge-deployment", "+ replicas: 3"),
        (other_image, "Deployment/srs-edge-deployment", "- image: ossrs/srs:other"),
        (no_memory_limit, "Deployment/srs-edge-deployment", "- memory: 1Mi"),
        (edited_config, "ConfigMap/srs-edge-config", "+ max_connections 1000;"),
        (no_service, "Service/srs-edge-service", "+kind: Service"),
    ):
        drift(there)
        drifted.add(where)
        predicted = play("--check", "--diff")
        assert predicted.changed == [APPLY["edge"]]
        assert predicted.objects == drifted
        assert sign in predicted.differences
    assert play().changed == [APPLY["edge"]]
    assert play().changed == []


def test_a_killed_run_is_completed_by_the_next(kubeconfig: str, play: Callable[..., Any], there: Namespace) -> None:
    command = ["ansible-playbook", "playbooks/site.yml", "-i", "inventories/local", "-e", json.dumps({"srs_namespace": there.name})]
    environ = {**os.environ, "KUBECONFIG": kubeconfig}
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and "Service/srs-http-service" not in there.names():
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert "Service/srs-http-service" in there.names()
    assert "Service/srs-edge-service" not in there.names(), "it was killed half-way"

    assert play().changed
    assert play().changed == []


def test_teardown_leaves_what_is_not_ours(play: Callable[..., Any], there: Namespace) -> None:
    there.core.create_namespaced_config_map(there.name, {"metadata": {"name": "somebody-elses", "labels": {"app": "srs-edge"}}})
    play()
    assert len(play(playbook="teardown").changed) == 3
    assert there.names() == {"ConfigMap/somebody-elses"}
    assert play(playbook="teardown").changed == []


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"srs_edge_replica": 3}, ["srs_edge_replica", "srs_edge_replicas"]),
        ({"srs_edge_clusters": [{"name": "edge", "replcas": 3}]}, ["replcas", "replicas"]),
        ({"srs_edge_clusters": [{"name": "a"}, {"name": "a"}]}, ["'a'", "srs_edge_clusters[0]"]),
        ({"srs_edge_clusters": [{"name": "Not_A_Label"}]}, ["Not_A_Label", "DNS label"]),
        ({"srs_edge_clusters": "edge"}, ["srs_edge_clusters", "edge"]),
        ({"srs_edge_config": {"listen": [70000]}}, ["srs_edge_config.listen", "70000", "65535"]),
        ({"srs_edge_config": {"http_server": {"listen": 1935}}}, ["srs_edge_config.http_server.listen", "1935", "listen has already"]),
        ({"srs_edge_replicas": -1}, ["replicas", "-1"]),
        ({"srs_edge_max_connections": 0}, ["max_connections", "0"]),
        ({"srs_context": "no-such-context"}, ["no-such-context"]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_bad_input_changes_nothing(play: Callable[..., Any], there: Namespace, variables: dict[str, Any], words: list[str]) -> None:
    done = play(expect=2, **variables)
    assert all(word in done.message for word in words), done.message
    assert "Traceback" not in done.output
    assert there.names() == set()


@pytest.mark.parametrize("flags", [["--check"], []], ids=["check mode", "a run"])
def test_what_the_api_server_refuses_of_the_last_part_stops_the_first(
    play: Callable[..., Any], there: Namespace, api: client.ApiClient, flags: list[str]
) -> None:
    priority = {"kind": "Deployment", "name": "srs-edge-deployment", "patch": {"spec": {"template": {"spec": {"priority": "high"}}}}}
    nowhere = f"{there.name}-absent"
    for namespace in (there.name, nowhere):
        done = play(*flags, expect=2, srs_patches=[priority], srs_namespace=namespace)
        assert f"Deployment {namespace}/srs-edge-deployment" in done.message and "priority" in done.message
        assert flags or "Nothing was changed." in done.message
    assert there.names() == set()
    found = {item.metadata.name: item for item in client.CoreV1Api(api).list_namespace().items}
    assert nowhere not in found or found[nowhere].metadata.deletion_timestamp, "it was made for the lock"


def test_an_unreachable_api_server_is_named(play: Callable[..., Any], tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    cluster = {"name": "gone", "cluster": {"server": "https://127.0.0.1:1"}}
    context = {"name": "gone", "context": {"cluster": "gone", "user": "nobody"}}
    user = {"name": "nobody", "user": {}}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [cluster],
        "contexts": [context],
        "users": [user],
        "current-context": "gone",
    }
    kubeconfig.write_text(json.dumps(content))
    message = play(expect=2, srs_kubeconfig=str(kubeconfig)).message
    assert "127.0.0.1:1" in message
    assert str(kubeconfig) in message


def test_a_wait_names_the_pod_and_the_reason(play: Callable[..., Any], there: Namespace) -> None:
    output = play(expect=2, srs_edge_image="registry.invalid/no-such-image:1", srs_wait_timeout=8).output
    assert "srs-edge-deployment" in output
    assert "ImagePullBackOff" in output
