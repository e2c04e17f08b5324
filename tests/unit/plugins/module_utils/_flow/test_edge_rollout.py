# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flows of srs_edge_rollout and srs_edge_rollout_info with objects in memory; for real controllers see tests/integration."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3

from ansible_collections.livestream.srs.plugins.module_utils._desired import names
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow import edge_rollout, edge_rollout_info
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import ref
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import client as kubernetes
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import ObjectList
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.kubeconfig import Connection
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.not_ready import NotReady
from ansible_collections.livestream.srs.plugins.module_utils._rollout import rollouts
from ansible_collections.livestream.srs.plugins.module_utils._rollout.revisions import CONFIG_KEYS
from ansible_collections.livestream.srs.tests.support.fake_api import Api, Request
from ansible_collections.livestream.srs.tests.support.merge_patch import merged


def template(revision: int, whole: bool = False) -> dict[str, Any]:
    items = {} if whole else {"items": [{"key": f"srs-{revision}.conf", "path": "srs.conf"}]}
    volume = {"name": "config-volume", "configMap": {"name": "srs-edge-config", **items}}
    return {"metadata": {"labels": {}}, "spec": {"containers": [{"name": "srs", "image": f"srs:{revision}"}], "volumes": [volume]}}


def metadata(name: str, cluster: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "n", "uid": name, "labels": names.labels("edge", cluster, "srs"), "annotations": {}, **more}


def cluster(name: str, revisions: int, whole: bool = False) -> list[dict[str, Any]]:
    made = metadata(f"{name}-deployment", name)
    spec = {"replicas": 3, "template": template(revisions, whole)}
    found = [{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": made, "spec": spec}]
    for number in range(1, revisions + 1):
        owner = {"controller": True, "uid": made["uid"]}
        noted = {"deployment.kubernetes.io/revision": str(number)}
        about = metadata(f"{name}-{number}", name, ownerReferences=[owner], annotations=noted)
        found.append({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": about, "spec": {"template": template(number, whole)}})
    return found


def config_map(revisions: int) -> dict[str, Any]:
    keys = [f"srs-{number}.conf" for number in range(revisions, 0, -1)]
    about = metadata("srs-edge-config", "edge", annotations={CONFIG_KEYS: ",".join(keys)})
    data = {"srs.conf": f"srs-{revisions}.conf", **{key: key for key in keys}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": data}


class Client:
    """As much of the client as the flow uses."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        self.objects = list(objects)
        self.patched: list[str] = []
        self.lists = 0
        self.warnings: list[str] = []

    def list(self, _version: str, kind: str, _namespace: str, *, label_selector: str | None) -> ObjectList:
        self.lists += 1
        return ObjectList([deepcopy(item) for item in self.objects if item["kind"] == kind], "1")

    def each(self, function: Callable[[Any], Any], items: Any) -> list[Any]:
        return [function(item) for item in items]

    def patch(
        self, _version: str, kind: str, name: str, _namespace: str, patch: Any, *, content_type: str, dry_run: bool
    ) -> dict[str, Any]:
        assert content_type == "application/strategic-merge-patch+json"
        live = next(item for item in self.objects if (item["kind"], item["metadata"]["name"]) == (kind, name))
        after = merged(live, patch)
        if not dry_run:
            self.patched.append(f"{kind}/{name}")
            self.objects[self.objects.index(live)] = after
        return after

    def close(self) -> None:
        pass


def info(monkeypatch: pytest.MonkeyPatch, client: Client, clusters: list[str] | None = None) -> dict[str, Any]:
    monkeypatch.setattr(edge_rollout_info.Client, "from_module", lambda _module: client)
    module = SimpleNamespace(params={"namespace": "n", "topology": "srs", "clusters": clusters}, warn=None)
    return edge_rollout_info.flow(module)  # type: ignore[arg-type]


def run(monkeypatch: pytest.MonkeyPatch, client: Client, state: str, check_mode: bool = False, **params: Any) -> dict[str, Any]:
    monkeypatch.setattr(edge_rollout_info.Client, "from_module", lambda _module: client)
    usual = {"namespace": "n", "topology": "srs", "clusters": None, "state": state, "revision": None, "canary_share": None}
    usual |= {"change_cause": "alice", "wait": False, "wait_timeout": 1}
    warned: list[str] = []
    module = SimpleNamespace(params=usual | params, check_mode=check_mode, _diff=True, warn=warned.append)
    return {**edge_rollout.flow(module), "warnings": warned}  # type: ignore[arg-type]


def test_check_mode_tells_what_a_run_then_does(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(*cluster("edge", 2), config_map(2))
    predicted = run(monkeypatch, client, "rolled_back", check_mode=True)
    assert predicted["changed"] and client.patched == []
    done = run(monkeypatch, client, "rolled_back")
    assert done["diff"] == predicted["diff"] and len(done["diff"]) == 2
    assert client.patched == ["ConfigMap/srs-edge-config", "Deployment/edge-deployment"], "no pod starts before its config is there"
    again = run(monkeypatch, client, "rolled_back")
    assert not again["changed"] and again["diff"] == [] and len(client.patched) == 2


def test_a_mistake_about_one_cluster_changes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(*cluster("edge", 2), *cluster("new", 1), config_map(2))
    with pytest.raises(SrsError, match="cluster new has no revision before"):
        run(monkeypatch, client, "rolled_back", clusters=["all"])
    assert client.patched == []


def test_the_number_of_lists_does_not_grow_with_that_of_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(*(item for number in range(20) for item in cluster(f"c{number}", 2)), config_map(2))
    result = info(monkeypatch, client, ["all"])
    assert client.lists == 3 and len(result["clusters"]) == 20 and not result["changed"]
    assert sum(line.startswith("c7: 3 servers") for line in result["summary"]) == 1


def test_both_modules_report_a_cluster_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(*cluster("edge", 2), config_map(2))
    changed, read = run(monkeypatch, client, "paused"), info(monkeypatch, client)
    assert changed["clusters"] == [{**item, "changed": True} for item in read["clusters"]] and changed["summary"] == read["summary"]
    assert read["clusters"][0]["hold"] and read["clusters"][0]["canary_servers"] is None and not read["changed"]


def test_a_roll_back_that_leaves_the_config_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(*cluster("edge", 2, whole=True), config_map(2))
    assert "read the srs.conf that is there now" in run(monkeypatch, client, "rolled_back")["warnings"][0]
    client.warnings.clear()
    assert run(monkeypatch, client, "rolled_back")["warnings"] == []


def test_the_size_of_a_canary(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(*cluster("edge", 1), config_map(1))
    assert run(monkeypatch, client, "canary", canary_share="25")["clusters"][0]["canary_servers"] == 1
    beside = cluster("edge", 1)[0]
    beside["metadata"]["name"] = "canary"
    beside["metadata"]["labels"][rollouts.TRACK] = rollouts.CANARY
    client.objects.append(beside)
    (told,) = info(monkeypatch, client)["clusters"]
    assert (told["canary"], told["canary_servers"]) == ("canary", 3)


def test_a_wait_that_fails_says_for_what(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(*cluster("edge", 2), config_map(2))
    left = [NotReady(ref(client.objects[0]), "2 of 3 replicas are available")]
    monkeypatch.setattr(edge_rollout, "wait_ready", lambda *_arguments, **_options: left)
    with pytest.raises(SrsError, match="2 of 3 replicas are available") as raised:
        run(monkeypatch, client, "rolled_back", wait=True)
    assert raised.value.details["changed"] is True


@pytest.mark.parametrize("state", ["rolled_back", "paused", "canary", "released"])
def test_a_connection_that_breaks_after_a_patch_was_carried_out_does_no_harm(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    api, carried_out = Api(), set()
    api.namespace("n")
    objects = [*cluster("edge", 2), config_map(2)]
    if state == "released":
        for item in (objects[0], objects[-1]):
            item["metadata"]["annotations"][rollouts.HOLD] = "by hand"
        objects[0]["spec"]["paused"] = True
    for item in objects:
        folder = "/api/v1" if item["kind"] == "ConfigMap" else "/apis/apps/v1"
        api.add(f"{folder}/namespaces/n/{item['kind'].lower()}s/{item['metadata']['name']}", item)

    def breaks(request: Request) -> Any:
        if request.method != "PATCH" or request.path in carried_out:
            return None
        assert api.serve(request)[0] == 200
        carried_out.add(request.path)
        return urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer"))

    api.faults = [breaks]
    client = kubernetes.Client(Connection(host="http://api.example", source="the test"))
    client.transport._pool = api
    undisturbed = Client(*objects)
    share = {"canary_share": "25"} if state == "canary" else {}
    expected = run(monkeypatch, undisturbed, state, **share)
    result = run(monkeypatch, client, state, **share)  # type: ignore[arg-type]
    assert len(carried_out) == 2 and result["changed"] and result["clusters"] == expected["clusters"]
    for item in undisturbed.objects:
        (found,) = [other for other in api.objects.values() if other["metadata"]["uid"] == item["metadata"]["uid"]]
        assert {**found, "metadata": {**found["metadata"], "resourceVersion": ""}} == {
            **item,
            "metadata": {**item["metadata"], "resourceVersion": ""},
        }


def test_a_failure_half_way_says_that_something_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refuses(Client):
        def patch(self, version: str, kind: str, *arguments: Any, **options: Any) -> dict[str, Any]:
            if kind == "Deployment":
                raise ApiError("patch Deployment n/edge-deployment", 403, {"message": "no"}, "the test")
            return super().patch(version, kind, *arguments, **options)

    with pytest.raises(SrsError, match="Can't patch Deployment") as raised:
        run(monkeypatch, Refuses(*cluster("edge", 2), config_map(2)), "rolled_back")
    assert raised.value.details["changed"] is True


@pytest.mark.parametrize("wait", [False, True])
def test_a_failure_after_all_was_changed_says_so(monkeypatch: pytest.MonkeyPatch, wait: bool) -> None:
    """The clusters are read once more, and waited for."""

    class Fails(Client):
        def list(self, version: str, kind: str, *arguments: Any, **options: Any) -> Any:
            if any(item["metadata"]["annotations"].get(rollouts.HOLD) for item in self.objects if item["kind"] == "Deployment"):
                raise ApiError("list deployments.apps in namespace n", 410, {"message": "too old"}, "the test")
            return super().list(version, kind, *arguments, **options)

    client = Fails(*cluster("edge", 2), config_map(2))
    if wait:
        monkeypatch.setattr(edge_rollout, "wait_ready", lambda client, *_arguments, **_options: client.list("apps/v1", "Deployment"))
    with pytest.raises(
        SrsError, match=r"(?s)Can't list .*\nChanged before that: ConfigMap n/\S+, Deployment n/edge-deployment\.$"
    ) as raised:
        run(monkeypatch, client, "paused", wait=wait)
    assert raised.value.details["changed"] is True
