# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status on a real API server, of the topology that site.yml builds. On simulated nodes no SRS answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from kubernetes import client

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow import cluster_status
from ansible_collections.livestream.srs.tests.support.fake_cluster import API_OPTIONS

ROOT = Path(__file__).resolve().parents[2]


class Module:
    """What a flow asks of AnsibleModule."""

    def __init__(self, params: dict[str, Any]) -> None:
        usual = {"topology": "srs", "app": "live", "stream": "livestream", "read_servers": False, "wait_for": [], "wait_timeout": 60}
        self.params = {**dict.fromkeys(connection_spec()), **API_OPTIONS, **usual, "query": None, "near_capacity": 80, **params}
        self.check_mode = False
        self.no_log_values: set[str] = set()


Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(kubeconfig: str, namespace: str) -> Run:
    return lambda **params: cluster_status.flow(Module({"kubeconfig": kubeconfig, "namespace": namespace, **params}))  # type: ignore[arg-type]


def test_what_site_yml_built(play: Callable[..., Any], run: Run, tmp_path: Path) -> None:
    play(srs_edge_clusters=[{"name": "edge"}, {"name": "cdn-a", "replicas": 1}])
    found = run()
    assert found["summary"][0] == "origin 1/1, cdn-a 1/1, edge 3/3"
    assert {s["name"]: len(s["addresses"]) for s in found["services"]} == {
        "srs-internal-origin-service": 0,
        "srs-http-service": 1,
        "srs-hls-peers": 0,
        "srs-edge-cdn-a-service": 1,
        "srs-edge-service": 1,
    }
    played = {(u["cluster"], u["protocol"]) for u in found["urls"] if u["action"] == "play" and u["public"]}
    assert played == {("hls", "hls"), ("edge", "rtmp"), ("edge", "flv"), ("cdn-a", "rtmp"), ("cdn-a", "flv")}
    workloads = [w for group in ("origins", "edges") for cluster in found[group].values() for w in cluster["workloads"]]
    assert {w["config_map"] for w in workloads} == {"srs-origin-config", "srs-edge-config", "srs-edge-cdn-a-config"}
    assert all(w["config_checksum"] for w in workloads)

    # With the servers: none of them is there, and each says why.
    report = tmp_path / "status.json"
    shown = play(playbook="status", srs_report=str(report)).output
    assert "origin 1/1, cdn-a 1/1, edge 3/3" in shown
    assert re.search(r"edge +0 of 3 answer", shown)
    written = json.loads(report.read_text())
    jsonschema.Draft202012Validator(json.loads((ROOT / "docs/status-report.schema.json").read_text())).validate(written)
    (host,) = written["hosts"]
    assert len(host["servers"]) == 5
    assert all(server["error"] for server in host["servers"])
    assert {server["max_connections"] for server in host["servers"]} == {1000}
    assert (host["verdicts"]["stale_config"], host["verdicts"]["no_answer"]) == (False, True)


def test_an_edited_config_is_stale(play: Callable[..., Any], run: Run, api: client.ApiClient, namespace: str) -> None:
    play()
    core = client.CoreV1Api(api)
    data = core.read_namespaced_config_map("srs-edge-config", namespace).data
    core.patch_namespaced_config_map("srs-edge-config", namespace, {"data": {"srs.conf": data["srs.conf"] + "# by hand\n"}})
    found = run(read_servers=True, api_timeout=1.0)
    assert [p["object"] for p in found["problems"] if p["verdict"] == "stale_config"] == ["srs-edge-deployment"]


def test_waiting_for_what_never_comes_tells_why(play: Callable[..., Any], run: Run) -> None:
    said = play(srs_edge_node_selector={"no-such-node": "yes"}, srs_wait_timeout=5, expect=2).output
    assert "- edge 0/3 ready" in said
    with pytest.raises(SrsError) as error:
        run(wait_for=["ready"], wait_timeout=1)
    assert re.search(r"edge: pod srs-edge-deployment-\S+: Unschedulable: .*node", error.value.message)
    assert run()["edges"]["edge"]["pods"][0]["reason"] == "Unschedulable"


def test_waiting_watches_instead_of_asking_again_and_again(play: Callable[..., Any], run: Run, kubectl: Callable[..., str]) -> None:
    play()
    kubectl("rollout", "restart", "deployment/srs-edge-deployment")
    found = run(wait_for=["ready", "addresses", "drained"])
    assert found["edges"]["edge"]["complete"]
    assert {pod["state"] for pod in found["edges"]["edge"]["pods"]} == {"ready"}


def test_an_empty_namespace(run: Run) -> None:
    assert run()["summary"] == ["no workloads"]
    with pytest.raises(SrsError, match="there are no workloads with its labels"):
        run(wait_for=["ready"], wait_timeout=1)


def test_pods_that_a_quota_refuses_are_told_of_deployments_and_stateful_sets(
    play: Callable[..., Any], run: Run, kubectl: Callable[..., str]
) -> None:
    kubectl("create", "quota", "q", "--hard=pods=2")
    several = {"srs_version": 6, "srs_origin_mode": "cluster", "srs_origin_replicas": 4, "hls_nginx_enabled": False}
    said = play(**several, srs_wait_timeout=6, expect=2).output
    assert "Timed out after 6 s" in said, "there may be room in a quota again"
    for cluster in ("edge", "origin"):
        assert re.search(rf"- {cluster} \d/\d ready.* \(no new pod can be made: .*exceeded quota: q", said), said
    found = run()
    problems = {problem["object"]: problem["message"] for problem in found["problems"] if problem["verdict"] == "not_ready"}
    assert all("exceeded quota: q, requested: pods=1" in problems[cluster] for cluster in ("edge", "origin"))
    (origin,) = found["origins"]["origin"]["workloads"]
    assert (origin["kind"], "in StatefulSet srs-origin failed" in origin["refused"]) == ("StatefulSet", True)


def test_a_wait_for_pods_that_the_namespace_refuses_for_good_ends_early(
    play: Callable[..., Any], kubectl: Callable[..., str], namespace: str
) -> None:
    kubectl("label", "namespace", "--overwrite", namespace, "pod-security.kubernetes.io/enforce=restricted")
    said = play(srs_edge_security=False, srs_wait_timeout=120, expect=2).output
    assert "Stopped waiting, since Deployment" in said
    assert re.search(r"- edge 0/3 ready.* \(no new pod can be made: .*violates PodSecurity", said), said


def test_a_removed_cluster_whose_service_hangs_is_told_and_not_offered(
    play: Callable[..., Any], run: Run, kubectl: Callable[..., str]
) -> None:
    play(srs_edge_clusters=[{"name": "edge"}, {"name": "gone", "replicas": 1}])
    kubectl("patch", "service", "srs-edge-gone-service", "--type=merge", "-p", '{"metadata":{"finalizers":["example.org/x"]}}')
    try:
        said = play(srs_edge_clusters=[{"name": "edge"}]).output
        held = re.compile(r"srs-edge-gone-service: it is still being deleted, held by the finalizers (\S+, )?example\.org/x")
        assert held.search(said)
        found = run()
        assert {url["cluster"] for url in found["urls"]} == {"edge", "hls", "origin"}
        assert [p["object"] for p in found["problems"]] == ["srs-edge-gone-service"]
        assert [line for line in found["summary"] if "gone" in line] == [line for line in found["summary"] if held.search(line)] != []
    finally:
        kubectl("patch", "service", "srs-edge-gone-service", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')


def test_what_runs_can_be_pinned(play: Callable[..., Any], api: client.ApiClient, namespace: str, tmp_path: Path) -> None:
    play(srs_edge_replicas=1)
    core = client.CoreV1Api(api)
    digests: dict[str, str] = {}
    for number, pod in enumerate(core.list_namespaced_pod(namespace).items):
        component = pod.metadata.labels["app.kubernetes.io/component"]
        digests[component] = f"sha256:{number:064}"
        containers = [api.sanitize_for_serialization(one) for one in pod.status.container_statuses]
        told = [{**one, "imageID": f"docker.io/ossrs/srs@{digests[component]}"} for one in containers]
        core.patch_namespaced_pod_status(pod.metadata.name, namespace, {"status": {"containerStatuses": told}})
    file = tmp_path / "images.yml"
    assert play(playbook="pin", srs_pin_dest=str(file)).changed == ["Write the variables"]
    pinned = yaml.safe_load(file.read_text())
    assert {name: image.partition("@")[2] for name, image in pinned.items()} == {
        "srs_origin_image": digests["origin"],
        "srs_edge_image": digests["edge"],
    }
    planned = play("--check", "--diff", "-e", f"@{file}", srs_edge_replicas=1)
    assert {"Deployment/srs-origin-deployment", "Deployment/srs-edge-deployment"} <= planned.objects
