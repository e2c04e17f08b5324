# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The apply set on a real API server."""

from __future__ import annotations

import copy
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import field_ownership, objects
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.apply_set import apply_set
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import FIELD_MANAGER, Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.set_model import Result, SetSpec

ROOT = Path(__file__).resolve().parents[2]
Kubectl = Callable[..., str]

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {team: media, tier: edge}
  annotations: {note: first}
spec:
  replicas: 2
  minReadySeconds: 1
  revisionHistoryLimit: 3
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
      annotations: {checksum: abc}
    spec:
      terminationGracePeriodSeconds: 60
      nodeSelector: {kubernetes.io/os: linux}
      tolerations:
        - {key: dedicated, operator: Exists}
      securityContext: {fsGroup: 1000}
      containers:
        - name: srs
          image: ossrs/srs:6
          command: [./objs/srs, -c, conf/srs.conf]
          ports:
            - {containerPort: 1935}
            - {containerPort: 1985, name: api}
          env:
            - {name: ONE, value: "1"}
            - {name: TWO, value: "2"}
          resources:
            requests: {cpu: 100m, memory: 64Mi}
            limits: {cpu: "1", memory: 1Gi}
          livenessProbe:
            tcpSocket: {port: 1935}
            periodSeconds: 3
          lifecycle:
            preStop: {exec: {command: [sleep, "5"]}}
          volumeMounts:
            - {name: config, mountPath: /conf}
        - name: nginx
          image: nginx:1
      volumes:
        - name: config
          configMap: {name: web}
        - name: scratch
          emptyDir: {}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, annotations: {note: first}}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports:
    - {name: rtmp, port: 1935}
    - {name: http, port: 8080, targetPort: 8080}
"""
CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data:
  srs.conf: |
    listen 1935;
    max_connections 1000;
  other: x
"""


def load(text: str) -> dict[str, Any]:
    return yaml.safe_load(text)


def manifests() -> list[dict[str, Any]]:
    return [load(DEPLOYMENT), load(SERVICE), load(CONFIG)]


@pytest.fixture
def client(kubeconfig: str) -> Iterator[Client]:
    made = Client.from_params({"kubeconfig": kubeconfig})
    yield made
    made.close()


class Applier:
    def __init__(self, kubeconfig: str, namespace: str) -> None:
        self.kubeconfig = kubeconfig
        self.namespace = namespace
        self.requests = 0

    def __call__(self, given: list[Any] | None = None, name: str = "web", **options: Any) -> Result:
        client = Client.from_params({"kubeconfig": self.kubeconfig})
        try:
            spec = SetSpec(name=name, namespace=self.namespace, objects=manifests() if given is None else given, diff=True, **options)
            return apply_set(client, spec)
        finally:
            self.requests = client.transport.requests
            client.close()

    def as_predicted(self, given: list[Any] | None = None, **options: Any) -> Result:
        """Predict; apply; check that just what was predicted has happened, not before, and that then there is nothing more to do."""
        client = Client.from_params({"kubeconfig": self.kubeconfig})
        predicted = self(given, check_mode=True, **options)
        assert self(given, check_mode=True, **options) == predicted
        result = self(given, **options)
        assert result == predicted
        for entry, item in ((entry, item) for entry in result.diff for item in result.objects if title(item) == entry["after_header"]):
            live = client.get(item["api_version"], item["kind"], item["name"], item["namespace"])
            assert (live is None) == (item["action"] == "deleted")
            if item["action"] == "configured" and item["kind"] != "Secret":
                assert yaml.safe_load(entry["after"]) == without_allocated(objects.content(live))
        again = self(given, **options)
        assert not again.changed and again.diff == [] and again.conflicts == []
        return result


def without_allocated(item: dict[str, Any]) -> dict[str, Any]:
    if item["kind"] == "Service":
        for key in ("clusterIP", "clusterIPs", "healthCheckNodePort"):
            item["spec"].pop(key, None)
        for port in item["spec"]["ports"]:
            port.pop("nodePort", None)
    return item


def title(item: dict[str, Any]) -> str:
    return str(objects.Ref(item["api_version"], item["kind"], item["namespace"], item["name"]))


def actions(result: Result) -> dict[str, str]:
    return {f"{item['kind']}/{item['name']}": item["action"] for item in result.objects}


@pytest.fixture
def apply(kubeconfig: str, namespace: str) -> Applier:
    return Applier(kubeconfig, namespace)


@pytest.fixture
def read(client: Client, namespace: str) -> Callable[[str, str], Any]:
    def read(kind: str, name: str) -> Any:
        return client.get("apps/v1" if kind in ("Deployment", "ReplicaSet") else "v1", kind, name, namespace)

    return read


# Creating and changing


def test_create_then_nothing_then_change(apply: Applier, read: Any) -> None:
    result = apply.as_predicted()
    assert set(actions(result).values()) == {"created"} and len(result.objects) == 4
    assert apply.requests == 4, "one list for each of three kinds, one read of the record"

    changed = manifests()
    changed[2]["data"]["srs.conf"] = "listen 1935;\nmax_connections 2000;\n"
    result = apply.as_predicted(changed)
    assert [entry["after_header"].split()[0] for entry in result.diff] == ["ConfigMap"]
    lines = [set(result.diff[0][side].splitlines()) for side in ("before", "after")]
    assert lines[0] ^ lines[1] == {"    max_connections 1000;", "    max_connections 2000;"}
    assert read("ConfigMap", "web")["data"]["srs.conf"] == changed[2]["data"]["srs.conf"]


def test_a_dropped_field_disappears(apply: Applier, read: Any) -> None:
    apply()
    dropped = manifests()
    del dropped[0]["spec"]["template"]["spec"]["containers"][1]
    del dropped[0]["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]
    del dropped[0]["metadata"]["annotations"]
    del dropped[1]["spec"]["ports"][1]
    del dropped[2]["data"]["other"]
    assert list(actions(apply.as_predicted(dropped)).values()) == ["configured"] * 3 + ["unchanged"]
    spec = read("Deployment", "web")["spec"]["template"]["spec"]
    assert [container["name"] for container in spec["containers"]] == ["srs"] and "livenessProbe" not in spec["containers"][0]
    assert [port["port"] for port in read("Service", "web")["spec"]["ports"]] == [1935]
    assert list(read("ConfigMap", "web")["data"]) == ["srs.conf"]


def test_a_service_goes_from_one_type_to_the_other(apply: Applier, read: Any) -> None:
    given = load(SERVICE)
    slb = {"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type": "intranet"}
    changes: list[dict[str, Any]] = [
        {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "loadBalancerSourceRanges": ["192.0.2.0/24"]},
        {"type": "ClusterIP"},
        {"type": "NodePort"},
        {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False},
        {"type": "ClusterIP", "sessionAffinity": "ClientIP"},
    ]
    for number, change in enumerate(changes):
        given["metadata"]["annotations"] = slb if change["type"] == "LoadBalancer" else {"number": str(number)}
        given["spec"] = {"selector": {"app": "web"}, "ports": load(SERVICE)["spec"]["ports"], **change}
        result = apply.as_predicted([given])
        assert actions(result)["Service/web"] == ("configured" if number else "created")
        spec = read("Service", "web")["spec"]
        assert change.items() <= spec.items()
        assert ("externalTrafficPolicy" in spec) == (change["type"] != "ClusterIP") and ("loadBalancerSourceRanges" in spec) == (
            number == 0
        )


def test_a_namespace_is_made_when_it_is_missing(kubeconfig: str, client: Client) -> None:
    name = f"test-{uuid.uuid4().hex[:8]}"
    try:
        result = Applier(kubeconfig, name).as_predicted()
        assert actions(result)[f"Namespace/{name}"] == "created" and len(result.objects) == 5
        labels = (client.get("v1", "Namespace", name) or {})["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "livestream.srs"
    finally:
        client.delete("v1", "Namespace", name)


def test_a_definition_and_an_object_of_it(apply: Applier, client: Client) -> None:
    group = f"{uuid.uuid4().hex[:8]}.example.org"
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    thing = {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "one"}, "spec": {"size": 1}}
    try:
        assert list(actions(apply.as_predicted([thing, definition])).values()) == ["created"] * 3
        result = apply.as_predicted([definition], prune=True)
        assert actions(result)["Thing/one"] == "deleted"
        assert actions(apply([], absent=True))[f"CustomResourceDefinition/things.{group}"] == "kept"
    finally:
        client.delete("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"things.{group}")


def test_a_kind_that_nobody_has_heard_of(apply: Applier) -> None:
    with pytest.raises(SrsError, match=r"no kind Thing in example\.org/v1; install what provides it"):
        apply([{"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "a"}}])
    with pytest.raises(
        SrsError, match=r"no kind PodMonitor in monitoring\.coreos\.com/v1; install what provides it, or leave the object out"
    ):
        apply([{"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor", "metadata": {"name": "a"}}])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"replicas": -1}, r"spec\.replicas: .*must be greater than or equal to 0"),
        ({"replicas": "two"}, r"\.spec\.replicas: expected numeric"),
        ({"replicsa": 2}, r"\.spec\.replicsa: field not declared in schema"),
    ],
)
def test_an_invalid_object_is_said_before_anything_is_made(apply: Applier, client: Client, change: dict[str, Any], said: str) -> None:
    given = manifests()
    given[0]["spec"].update(change)
    started = time.monotonic()
    with pytest.raises(SrsError, match=f"Can't apply Deployment {apply.namespace}/web: the API server rejects it as invalid .*{said}"):
        apply(given)
    assert time.monotonic() - started < 10, "this is not tried again"
    found = client.list("v1", "ConfigMap", apply.namespace).items + client.list("v1", "Service", apply.namespace).items
    assert {item["metadata"]["name"] for item in found} <= {"kube-root-ca.crt"}


def test_a_field_that_can_not_be_changed(apply: Applier) -> None:
    apply()
    changed = manifests()
    changed[0]["spec"]["selector"]["matchLabels"] = changed[0]["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    with pytest.raises(
        SrsError, match=r"does not allow this change of an existing object \(spec\.selector: .*immutable\); keep the old value"
    ):
        apply(changed)


def test_warnings_of_the_server_come_once_each(apply: Applier, client: Client) -> None:
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/warn": "restricted"}}}
    client.patch("v1", "Namespace", apply.namespace, None, label)
    result = apply()
    assert len(result.warnings) == 1 and "PodSecurity" in result.warnings[0]


def test_a_secret_is_never_shown_and_loses_what_is_dropped(apply: Applier, read: Any) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "hunter2", "b": "hunter3"}}
    created = apply.as_predicted([secret])
    secret["stringData"] = {"a": "hunter4"}
    changed = apply.as_predicted([secret])
    assert actions(changed)["Secret/s"] == "configured" and len(changed.diff) == 1
    assert list(read("Secret", "s")["data"]) == ["a"]
    for value in ("hunter", "aHVudGVy"):
        assert value not in str(created) + str(changed)


# Drift


def test_drift_is_found_reported_and_repaired(apply: Applier, kubectl: Kubectl, read: Any) -> None:
    apply()
    kubectl("scale", "deployment/web", "--replicas=5")
    kubectl("set", "image", "deployment/web", "srs=ossrs/srs:5")
    kubectl("set", "resources", "deployment/web", "-c=srs", "--limits=cpu=3")
    kubectl("annotate", "deployment/web", "by=hand")
    kubectl("patch", "deployment/web", '--patch={"spec": {"template": {"spec": {"priority": null, "hostNetwork": true}}}}')
    kubectl("patch", "configmap/web", '--patch={"data": {"srs.conf": "edited", "added": "by hand"}}')
    kubectl("delete", "service/web")
    result = apply.as_predicted()
    assert actions(result) == {
        "Deployment/web": "configured",
        "Service/web": "created",
        "ConfigMap/web": "configured",
        "ConfigMap/web-apply-set": "unchanged",
    }
    found = {(conflict["object"].split()[0], conflict["manager"], conflict["field"]) for conflict in result.conflicts}
    container = '.spec.template.spec.containers[name="srs"]'
    assert found == {
        ("Deployment", "kubectl (scale)", ".spec.replicas"),
        ("Deployment", "kubectl-set", f"{container}.image"),
        ("Deployment", "kubectl-set", f"{container}.resources.limits.cpu"),
        ("ConfigMap", "kubectl-patch", '.data["srs.conf"]'),
    }
    deployment = read("Deployment", "web")
    assert deployment["spec"]["replicas"] == 2 and "hostNetwork" not in deployment["spec"]["template"]["spec"]
    assert "by" not in deployment["metadata"]["annotations"]
    assert set(read("ConfigMap", "web")["data"]) == {"srs.conf", "other"}


def test_a_restart_by_hand_stays(apply: Applier, kubectl: Kubectl, read: Any) -> None:
    apply()
    kubectl("rollout", "restart", "deployment/web")
    assert not apply().changed
    changed = manifests()
    changed[0]["spec"]["replicas"] = 3
    apply.as_predicted(changed)
    assert "kubectl.kubernetes.io/restartedAt" in read("Deployment", "web")["spec"]["template"]["metadata"]["annotations"]


def test_what_other_controllers_add_stays(apply: Applier, client: Client, read: Any) -> None:
    apply()
    query = {"fieldManager": "mesh"}
    patch = {"metadata": {"annotations": {"mesh.example/injected": "yes"}}}
    path = f"/apis/apps/v1/namespaces/{apply.namespace}/deployments/web"
    client.transport.request("PATCH", path, "meddle", query, body=patch, content_type="application/merge-patch+json")
    assert not apply().changed
    assert read("Deployment", "web")["metadata"]["annotations"]["mesh.example/injected"] == "yes"


def scale(client: Client, namespace: str, replicas: int) -> None:
    """As the autoscaler does it."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web/scale"
    query = {"fieldManager": "kube-controller-manager"}
    client.transport.request(
        "PATCH", path, "scale", query, body={"spec": {"replicas": replicas}}, content_type="application/merge-patch+json"
    )


def test_an_autoscalers_count_is_left_alone(apply: Applier, client: Client, read: Any) -> None:
    given = manifests()
    del given[0]["spec"]["replicas"]
    apply(given)
    scale(client, apply.namespace, 7)
    assert not apply(given).changed
    given[0]["spec"]["minReadySeconds"] = 2
    apply.as_predicted(given)
    assert read("Deployment", "web")["spec"]["replicas"] == 7


@pytest.mark.parametrize("by_kubectl", [False, True])
def test_handing_the_count_to_an_autoscaler_does_not_reset_it(
    apply: Applier, kubectl: Kubectl, client: Client, read: Any, by_kubectl: bool
) -> None:
    given = manifests()
    given[0]["spec"]["replicas"] = 5
    if by_kubectl:
        kubectl("apply", "--filename=-", given=json.dumps(given[0]))
    else:
        apply(given)
    del given[0]["spec"]["replicas"]
    given[0]["spec"]["minReadySeconds"] = 2
    apply.as_predicted(given)
    assert read("Deployment", "web")["spec"]["replicas"] == 5
    scale(client, apply.namespace, 6)
    assert not apply(given).changed


# Conflicts


def test_conflicts_are_forced_and_reported_or_refused(apply: Applier, client: Client, read: Any) -> None:
    apply()
    path = f"/apis/apps/v1/namespaces/{apply.namespace}/deployments/web"
    query = {"fieldManager": "helm"}
    client.transport.request(
        "PATCH", path, "meddle", query, body={"spec": {"minReadySeconds": 9}}, content_type="application/merge-patch+json"
    )
    refused = r"other managers own fields with other values: \.spec\.minReadySeconds \(owned by helm\); remove these fields here, or"
    for check_mode in (True, False):
        with pytest.raises(SrsError, match=refused):
            apply(force_conflicts=False, check_mode=check_mode)
    assert read("Deployment", "web")["spec"]["minReadySeconds"] == 9
    result = apply.as_predicted()
    assert result.conflicts == [{"object": f"Deployment {apply.namespace}/web", "manager": "helm", "field": ".spec.minReadySeconds"}]
    assert not apply(force_conflicts=False).changed


def test_what_kubectl_has_set_is_no_conflict(apply: Applier, kubectl: Kubectl, read: Any) -> None:
    kubectl("apply", "--filename=-", given=DEPLOYMENT)
    kubectl("set", "image", "deployment/web", "srs=ossrs/srs:5")
    apply.as_predicted(force_conflicts=False)
    assert read("Deployment", "web")["spec"]["template"]["spec"]["containers"][0]["image"] == "ossrs/srs:6"


# Taking over


def running(client: Client, namespace: str) -> set[str]:
    """Which ReplicaSets and Pods there are."""
    found = client.list("apps/v1", "ReplicaSet", namespace).items + client.list("v1", "Pod", namespace).items
    return {item["metadata"]["uid"] for item in found}


@pytest.mark.parametrize("way", [["apply"], ["create"], ["apply", "--server-side"]], ids=" ".join)
def test_what_is_the_same_is_taken_over_without_a_restart(
    apply: Applier, kubectl: Kubectl, client: Client, read: Any, way: list[str]
) -> None:
    kubectl(*way, "--filename=-", given="---".join([DEPLOYMENT, SERVICE, CONFIG]))
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    before, sets = read("Deployment", "web"), running(client, apply.namespace)
    service = read("Service", "web")["spec"]
    assert service["clusterIP"] and service["ports"][0]["nodePort"]
    result = apply.as_predicted(wait=True, wait_timeout=60)
    assert list(actions(result).values()) == ["configured"] * 3 + ["created"], "each gets the set's label"
    after = read("Deployment", "web")
    assert after["spec"] == before["spec"]
    assert running(client, apply.namespace) == sets
    assert read("Service", "web")["spec"] == service, "a load balancer forwards to its node ports"
    assert objects.LAST_APPLIED not in after["metadata"]["annotations"]
    assert not [entry for entry in after["metadata"]["managedFields"] if entry["manager"].startswith("kubectl")]

    dropped = manifests()
    del dropped[0]["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]
    del dropped[2]["data"]["other"]
    apply.as_predicted(dropped)
    assert "livenessProbe" not in read("Deployment", "web")["spec"]["template"]["spec"]["containers"][0]
    assert "other" not in read("ConfigMap", "web")["data"]


def prune_at_random(chance: random.Random, item: Any, keep: tuple[str, ...], odds: float = 0.25) -> Any:
    """A manifest without some of its fields and list items, still valid."""
    if isinstance(item, dict):
        return {key: prune_at_random(chance, value, keep, odds) for key, value in item.items() if key in keep or chance.random() > odds}
    if isinstance(item, list) and item and isinstance(item[0], dict):
        return [prune_at_random(chance, value, keep, odds) for value in item[:1] + [value for value in item[1:] if chance.random() > odds]]
    return item


NEEDED = (
    *("apiVersion", "kind", "metadata", "name", "spec", "selector", "matchLabels", "app", "template", "containers", "image", "ports"),
    *("containerPort", "port", "operator", "key", "mountPath", "tcpSocket", "preStop", "exec", "command", "labels", "volumes"),
    *("configMap", "emptyDir", "type", "volumeMounts"),
)


@pytest.mark.parametrize("seed", range(12))
def test_what_a_take_over_removes_is_predicted(apply: Applier, kubectl: Kubectl, client: Client, read: Any, seed: int) -> None:
    chance = random.Random(seed)
    given = manifests()
    if chance.random() < 0.3:
        apply(prune_at_random(chance, given, NEEDED))
    for item in given:
        kubectl("apply", "--filename=-", given=json.dumps(item))
    if chance.random() < 0.5:
        # Another manager owns some of it too.
        theirs = prune_at_random(chance, load(DEPLOYMENT), NEEDED, odds=0.5)
        path = f"/apis/apps/v1/namespaces/{apply.namespace}/deployments/web"
        query = {"fieldManager": "other", "force": "true"}
        client.transport.request("PATCH", path, "share", query, body=theirs, content_type="application/apply-patch+yaml")
    if chance.random() < 0.5:
        kubectl("set", "env", "deployment/web", "-c=srs", "HAND=made", "ONE=changed")
        kubectl("patch", "service/web", '--patch={"spec": {"sessionAffinity": "ClientIP"}}')
    apply.as_predicted(prune_at_random(chance, given, NEEDED), take_over=True)


@pytest.mark.parametrize("seed", range(6))
def test_what_is_said_to_be_as_applied_is(apply: Applier, client: Client, seed: int) -> None:
    chance = random.Random(seed)
    base = prune_at_random(chance, load(DEPLOYMENT), NEEDED)
    base["metadata"]["annotations"] = {"note": "first"}
    apply([base])
    live = client.get("apps/v1", "Deployment", "web", apply.namespace)
    assert live is not None
    label = live["metadata"]["labels"]["applyset.kubernetes.io/part-of"]
    sure = 0
    for _variant in range(8):
        variant = prune_at_random(chance, base, NEEDED, odds=chance.choice([0.0, 0.05]))
        variant["metadata"] = {**variant["metadata"], "namespace": apply.namespace}
        variant["metadata"]["labels"] = {**variant["metadata"].get("labels", {}), "applyset.kubernetes.io/part-of": label}
        applied, _created = client.apply(variant, dry_run=True)
        same = objects.content(applied) == objects.content(live)
        claimed = field_ownership.is_as_applied(live, variant, FIELD_MANAGER)
        assert same or not claimed
        sure += claimed
    assert sure, "not even the very manifest is known to be applied"


def test_a_take_over_that_was_cut_short_is_completed(apply: Applier, kubectl: Kubectl, read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl("apply", "--filename=-", given=DEPLOYMENT)
    given = [load(DEPLOYMENT)]
    del given[0]["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]
    real = Client.apply

    def cut(self: Client, manifest: Any, *, dry_run: bool = False, **options: Any) -> Any:
        if not dry_run and manifest["kind"] == "Deployment":
            raise KeyboardInterrupt
        return real(self, manifest, dry_run=dry_run, **options)

    monkeypatch.setattr(Client, "apply", cut)
    with pytest.raises(KeyboardInterrupt):
        apply(given)
    monkeypatch.undo()
    assert "livenessProbe" in read("Deployment", "web")["spec"]["template"]["spec"]["containers"][0]
    apply.as_predicted(given)
    assert "livenessProbe" not in read("Deployment", "web")["spec"]["template"]["spec"]["containers"][0]


def test_taking_over_while_controllers_write(apply: Applier, kubectl: Kubectl) -> None:
    for _round in range(3):
        kubectl("delete", "deployment/web", "--ignore-not-found")
        kubectl("apply", "--filename=-", given=DEPLOYMENT)
        apply()
    assert not apply().changed


# A run that is killed


def test_a_killed_run_is_completed_by_the_next(apply: Applier, client: Client, kubeconfig: str) -> None:
    def config_map(number: int) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}"}, "data": {"a": "x"}}

    given = [*(config_map(number) for number in range(150)), load(DEPLOYMENT), load(SERVICE)]
    code = f"""
import json, sys
from {Client.__module__} import Client
from {apply_set.__module__} import SetSpec, apply_set
client = Client.from_params({{"kubeconfig": {kubeconfig!r}, "concurrency": 1}})
apply_set(client, SetSpec(name="web", namespace={apply.namespace!r}, objects=json.load(sys.stdin), prune=True))
"""
    apply([{**config_map(999)}, load(CONFIG)])
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", code], env=environ, stdin=subprocess.PIPE, text=True)
    assert process.stdin
    process.stdin.write(json.dumps(given))
    process.stdin.close()
    deadline = time.monotonic() + 60
    while len(client.list("v1", "ConfigMap", apply.namespace).items) < 10 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was still at work"
    found = len(client.list("v1", "ConfigMap", apply.namespace).items)
    assert 10 <= found < 150 and client.get("apps/v1", "Deployment", "web", apply.namespace) is None
    assert client.get("v1", "ConfigMap", "c999", apply.namespace), "nothing is pruned before all is applied"

    result = apply.as_predicted(given, prune=True)
    assert [item["name"] for item in result.objects if item["action"] == "deleted"] == ["c999", "web"]
    assert {item["action"] for item in result.objects} == {"unchanged", "created", "deleted"}

    apply([], absent=True)
    names = {item["metadata"]["name"] for item in client.list("v1", "ConfigMap", apply.namespace).items}
    assert names <= {"kube-root-ca.crt"}


# Pruning and absence


def test_prune_and_what_survives_it(apply: Applier, kubectl: Kubectl, client: Client, read: Any) -> None:
    slice_ = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "mine"},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.1.2.3"]}],
        "ports": [],
    }
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    apply([*manifests(), slice_, claim])
    second = load(CONFIG)
    second["metadata"]["name"] = "second"
    apply([second], name="second")
    kubectl("create", "configmap", "by-hand")
    stolen = read("ConfigMap", "web")
    stolen["metadata"] = {"name": "copied", "labels": stolen["metadata"]["labels"]}
    kubectl("create", "--filename=-", given=json.dumps(stolen))
    deadline = time.monotonic() + 30
    slices: list[str] = []
    while len(slices) < 2 and time.monotonic() < deadline:  # the Service's own, to which its labels are copied
        slices = [item["metadata"]["name"] for item in client.list("discovery.k8s.io/v1", "EndpointSlice", apply.namespace).items]
    service_slice = next(name for name in slices if name != "mine")

    result = apply.as_predicted([load(SERVICE)], prune=True)
    assert actions(result) == {
        "Service/web": "unchanged",
        "ConfigMap/web": "deleted",
        "Deployment/web": "deleted",
        "EndpointSlice/mine": "deleted",
        "PersistentVolumeClaim/data": "kept",
        "ConfigMap/web-apply-set": "configured",
    }
    survivors = {item["metadata"]["name"] for item in client.list("v1", "ConfigMap", apply.namespace).items}
    assert survivors >= {"second", "second-apply-set", "by-hand", "copied", "web-apply-set"} and "web" not in survivors
    assert client.get("discovery.k8s.io/v1", "EndpointSlice", service_slice, apply.namespace)

    result = apply([], absent=True, wait=True, wait_timeout=60)
    assert actions(result) == {"Service/web": "deleted", "PersistentVolumeClaim/data": "kept", "ConfigMap/web-apply-set": "configured"}
    assert not apply([], absent=True).changed
    assert apply([], absent=True, delete_persistent_volume_claims=True).changed
    assert apply([], absent=True) == Result()
    survivors = {item["metadata"]["name"] for item in client.list("v1", "ConfigMap", apply.namespace).items}
    assert survivors >= {"second", "second-apply-set", "by-hand", "copied"}


def test_an_empty_list_is_not_meant(apply: Applier, read: Any) -> None:
    apply()
    with pytest.raises(SrsError, match="prune would delete all 3 objects"):
        apply([], prune=True)
    assert read("Deployment", "web")
    assert list(actions(apply.as_predicted([], prune=True, prune_allow_empty=True)).values()) == ["deleted"] * 3 + ["configured"]


def test_an_object_of_another_set_is_refused(apply: Applier) -> None:
    apply()
    with pytest.raises(SrsError, match=f"belongs to another apply set .that of ConfigMap {apply.namespace}/web-apply-set"):
        apply([load(CONFIG)], name="other")


def test_an_object_held_by_a_finalizer_is_waited_for(apply: Applier, kubectl: Kubectl, client: Client, read: Any) -> None:
    apply([load(CONFIG)])
    kubectl("patch", "configmap/web", '--patch={"metadata": {"finalizers": ["example.org/hold"]}}')
    kubectl("delete", "configmap/web", "--wait=false")
    before = read("ConfigMap", "web")["metadata"]["uid"]
    assert actions(apply([load(CONFIG)], check_mode=True))["ConfigMap/web"] == "created"
    patch = '[{"op": "remove", "path": "/metadata/finalizers"}]'
    release = threading.Timer(1, kubectl, ("patch", "configmap/web", "--type=json", f"--patch={patch}"))
    release.start()
    result = apply([load(CONFIG)])
    release.join()
    assert actions(result)["ConfigMap/web"] == "created" and read("ConfigMap", "web")["metadata"]["uid"] != before


# Waiting


def test_waiting_until_all_is_ready(apply: Applier, read: Any) -> None:
    result = apply([*manifests(), copy.deepcopy(load(CONFIG)) | {"metadata": {"name": "more"}}], wait=True, wait_timeout=60)
    assert result.changed
    assert read("Deployment", "web")["status"]["availableReplicas"] == 2
    assert read("Service", "web")["status"]["loadBalancer"]["ingress"]


def failing_wait(apply: Applier, given: list[Any]) -> SrsError:
    with pytest.raises(SrsError) as caught:
        apply(given, wait=True, wait_timeout=6)
    return caught.value


def test_a_wait_that_fails_names_pods_and_reasons(apply: Applier) -> None:
    pulls, big, service = load(DEPLOYMENT), load(DEPLOYMENT), load(SERVICE)
    pulls["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.invalid/no-such-image:1"
    big["metadata"]["name"] = "big"
    big["spec"]["selector"]["matchLabels"] = big["spec"]["template"]["metadata"]["labels"] = {"app": "big"}
    big["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1000"}}
    service["spec"]["loadBalancerClass"] = "example.org/none"
    error = failing_wait(apply, [pulls, big, service, load(CONFIG)])
    lines = error.message.split("\n")
    assert lines[0] == "3 of 4 objects are not ready after 6 s:"
    assert lines[1].startswith(f"- Deployment {apply.namespace}/web: 0 of 2 replicas are available; pod web-")
    assert "ImagePullBackOff" in lines[1] and "registry.invalid/no-such-image:1" in lines[1]
    assert lines[2].startswith(f"- Deployment {apply.namespace}/big: ") and "Insufficient cpu" in lines[2]
    assert lines[3] == f"- Service {apply.namespace}/web: the load balancer has no address yet"
    assert error.details["changed"] and [entry["name"] for entry in error.details["not_ready"]] == ["web", "big", "web"]


def test_a_container_that_crashes_is_named_with_its_exit_code(apply: Applier) -> None:
    given = load(DEPLOYMENT)
    given["spec"]["template"]["metadata"]["labels"]["livestream.srs/test-fault"] = "crash"
    error = failing_wait(apply, [given])
    assert "CrashLoopBackOff" in error.message and "last exit code" in error.message


def test_pods_that_can_not_be_made_are_explained(apply: Applier, client: Client) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": apply.namespace},
        "spec": {"hard": {"pods": "0"}},
    }
    client.apply(quota)
    error = failing_wait(apply, [load(DEPLOYMENT)])
    assert "new pods cannot be created" in error.message and "exceeded quota: q" in error.message


def test_an_exceeded_progress_deadline_ends_the_wait_but_that_of_an_earlier_change_does_not(apply: Applier) -> None:
    good = load(DEPLOYMENT)
    good["spec"] |= {"replicas": 1, "progressDeadlineSeconds": 4}
    bad = copy.deepcopy(good)
    bad["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.invalid/no-such-image:1"
    apply([good, load(CONFIG)], wait=True, wait_timeout=60)
    with pytest.raises(SrsError) as caught:
        apply([bad, load(CONFIG)], wait=True, wait_timeout=600)
    first, reason = caught.value.message.split("\n")
    assert first == "1 of 2 objects are not ready; the wait ended early because 1 of them failed:"
    assert ", and its progress deadline is exceeded: ReplicaSet" in reason and "ImagePullBackOff" in reason
    assert [entry["failed"] for entry in caught.value.details["not_ready"]] == [True]
    # The revision before is scaled up already, so that the controller sees no progress and reports the failure a little longer.
    assert apply([good, load(CONFIG)], wait=True, wait_timeout=60).changed


def test_custom_resources_are_ready_when_their_controller_says_so(apply: Applier, client: Client) -> None:
    group = f"{apply.namespace}.example.org"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"jobs.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Job", "plural": "jobs", "singular": "job", "listKind": "JobList"},
            "versions": [version],
        },
    }
    job = {"apiVersion": f"{group}/v1", "kind": "Job", "metadata": {"name": "one"}, "spec": {"size": 1}}

    def report(**status: Any) -> None:
        path = f"/apis/{group}/v1/namespaces/{apply.namespace}/jobs/one/status"
        client.transport.request("PATCH", path, "report", body={"status": status}, content_type="application/merge-patch+json")

    try:
        apply([definition, job], wait=True, wait_timeout=60)
        report(conditions=[{"type": "Ready", "status": "False", "reason": "Pulling", "message": "one of two"}])
        assert "Job " in failing_wait(apply, [definition, job]).message
        assert failing_wait(apply, [definition, job]).message.endswith("/one: it is not ready: Pulling: one of two")
        report(conditions=[{"type": "Ready", "status": "True"}])
        apply([definition, job], wait=True, wait_timeout=60)
        report(observedGeneration=1)
        job["spec"]["size"] = 2
        assert failing_wait(apply, [definition, job]).message.endswith("the controller has not observed the latest change yet")
        report(observedGeneration=2, conditions=[{"type": "Stalled", "status": "True", "reason": "NoSuchChart"}])
        with pytest.raises(SrsError, match="wait ended early because 1 of them failed"):
            apply([definition, job], wait=True, wait_timeout=600)
    finally:
        client.delete("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"jobs.{group}")


def test_a_failing_wait_prunes_nothing(apply: Applier, read: Any) -> None:
    apply()
    broken = load(SERVICE)
    broken["metadata"]["name"] = "broken"
    broken["spec"]["loadBalancerClass"] = "example.org/none"
    with pytest.raises(SrsError, match="1 of 1 objects are not ready"):
        apply([broken], prune=True, wait=True, wait_timeout=1)
    assert read("Deployment", "web") and read("Service", "broken")


def test_a_claim_without_a_consumer(apply: Applier) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    assert apply([claim], wait=True, wait_timeout=30).changed
    nowhere = {**claim, "metadata": {"name": "nowhere"}, "spec": {**claim["spec"], "storageClassName": "none-such"}}
    assert "PersistentVolumeClaim" in failing_wait(apply, [claim, nowhere]).message


# Rights, and servers that are not there


@pytest.fixture
def restricted(kubectl: Kubectl, kubeconfig: str, namespace: str, client: Client) -> Callable[..., Client]:
    """A client of a service account with just these rules."""

    def restricted(*rules: str) -> Client:
        kubectl("create", "serviceaccount", "deployer")
        parsed = [dict(zip(("resources", "verbs"), (part.split(",") for part in rule.split(":")), strict=True)) for rule in rules]
        groups = {"apiGroups": ["", "apps"]}
        for kind, body in (
            ("Role", {"rules": [{**groups, **rule} for rule in parsed]}),
            (
                "RoleBinding",
                {
                    "subjects": [{"kind": "ServiceAccount", "name": "deployer", "namespace": namespace}],
                    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "deployer"},
                },
            ),
        ):
            metadata = {"name": "deployer", "namespace": namespace}
            client.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, **body})
        token = kubectl("create", "token", "deployer").strip()
        connection = client.connection
        made = Client.from_params({"kubeconfig": kubeconfig, "api_key": token})
        made.connection.cert_data = made.connection.cert_file = made.connection.key_data = made.connection.key_file = None
        assert connection.host == made.connection.host
        return Client(made.connection)

    return restricted


LISTED = "configmaps,services,deployments:get,list", "configmaps,services:patch,create"
ALL = "configmaps,services,deployments:get,list,create,patch,delete"


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([], 'lacks the verb "get" on configmaps in the namespace'),
        (
            ["configmaps:get,list,patch,create", "services:get,list,patch,create"],
            'lacks the verb "list" on deployments.apps in the namespace',
        ),
        ([*LISTED], 'lacks the verb "patch" on deployments.apps in the namespace'),
        (
            [*LISTED, "deployments:patch"],
            'lacks the verb "create" on deployments.apps in the namespace',
        ),
    ],
)
def test_a_missing_right_is_named(restricted: Callable[..., Client], apply: Applier, rules: list[str], said: str) -> None:
    with pytest.raises(SrsError) as caught:
        apply_set(restricted(*rules), SetSpec("web", apply.namespace, manifests()))
    assert f'"system:serviceaccount:{apply.namespace}:deployer" {said} "{apply.namespace}"' in caught.value.message


def test_the_rights_that_are_needed(restricted: Callable[..., Client], kubectl: Kubectl, apply: Applier) -> None:
    kubectl("apply", "--filename=-", given=DEPLOYMENT)
    client = restricted(ALL)
    given = [load(DEPLOYMENT), load(CONFIG)]
    del given[0]["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]
    for check_mode in (True, False):
        assert apply_set(client, SetSpec("web", apply.namespace, given, prune=True, check_mode=check_mode)).changed
    assert not apply_set(client, SetSpec("web", apply.namespace, given, prune=True)).changed
    assert apply_set(client, SetSpec("web", apply.namespace, given[:1], prune=True)).changed
    assert apply_set(client, SetSpec("web", apply.namespace, absent=True)).changed


def test_wrong_credentials_are_said(apply: Applier, client: Client) -> None:
    connection = copy.copy(client.connection)
    connection.cert_data = connection.cert_file = connection.key_data = connection.key_file = None
    connection.authorization = lambda: "Bearer wrong"
    with pytest.raises(SrsError, match=r"does not accept the credentials of context .*; renew them or use others"):
        apply_set(Client(connection), SetSpec("web", apply.namespace, manifests()))


def test_an_untrusted_server_is_said_at_once(apply: Applier, client: Client) -> None:
    connection = copy.copy(client.connection)
    connection.ca_data = connection.ca_file = None
    started = time.monotonic()
    with pytest.raises(SrsError, match=f"the certificate of the API server {connection.host} .* is not trusted"):
        apply_set(Client(connection), SetSpec("web", apply.namespace, manifests()))
    assert time.monotonic() - started < 5


# As Ansible runs it


def ansible(kubeconfig: str, arguments: dict[str, Any], *options: str) -> tuple[int, str]:
    command = [
        sys.executable,
        "-m",
        "ansible",
        "adhoc",
        "localhost",
        "-m",
        "livestream.srs.apply_set",
        "-a",
        json.dumps(arguments),
        *options,
    ]
    environ = {**os.environ, "ANSIBLE_NOCOLOR": "1", "K8S_AUTH_KUBECONFIG": kubeconfig}
    extra = ["-e", f"ansible_python_interpreter={sys.executable}"]
    done = subprocess.run([*command, *extra], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_module(kubeconfig: str, namespace: str, client: Client) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": "hunter2"}}
    arguments = {"name": "web", "namespace": namespace, "objects": [[load(CONFIG), None], secret]}
    status, output = ansible(kubeconfig, arguments, "--check", "--diff", "-vvv")
    assert status == 0 and "CHANGED" in output and "+    max_connections 1000;" in output and "hunter2" not in output
    assert client.get("v1", "ConfigMap", "web", namespace) is None
    status, output = ansible(kubeconfig, arguments)
    assert status == 0 and "CHANGED" in output and '"action": "created"' in output and "hunter2" not in output
    status, output = ansible(kubeconfig, arguments)
    assert status == 0 and "SUCCESS" in output and '"changed": false' in output and '"diff"' not in output
    status, output = ansible(kubeconfig, {"name": "web", "namespace": namespace, "state": "absent"})
    assert status == 0 and '"action": "deleted"' in output
    status, output = ansible(kubeconfig, {"name": "web", "namespace": namespace, "objects": ["text"]})
    assert status != 0 and "objects[0][0] is not a Kubernetes object: got 'text'" in output


def test_the_module_needs_objects_and_finds_no_server(kubeconfig: str, namespace: str) -> None:
    status, output = ansible(kubeconfig, {"name": "web", "namespace": namespace})
    assert status != 0 and "state is present but all of the following are missing: objects" in output
    started = time.monotonic()
    arguments = {"name": "web", "namespace": namespace, "objects": [], "host": "https://127.0.0.1:1", "kubeconfig": kubeconfig}
    status, output = ansible(kubeconfig, arguments)
    assert status != 0 and "the API server https://127.0.0.1:1 (context" in output and "does not answer (Connection refused)" in output
    assert kubeconfig in output and time.monotonic() - started < 15
