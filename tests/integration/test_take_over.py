# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was made by hand is taken over without replacing a pod: SRS's guide to Kubernetes, chapter by chapter, as a reader applies it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "tests/support/tutorial"
FORMS = sorted(file.stem for file in TUTORIAL.glob("*.txt"))
NOTHING_REPLACED = "Proven by a dry run: pods would be replaced of no workloads."


class ByHand:
    """What somebody has applied to a namespace."""

    def __init__(self, api: client.ApiClient, namespace: str, kubectl: Callable[..., str]) -> None:
        self.namespace = namespace
        self.kubectl = kubectl
        self.apps = client.AppsV1Api(api)
        self.core = client.CoreV1Api(api)

    def apply(self, text: str) -> None:
        # A PersistentVolume has no namespace.
        self.kubectl("apply", "-f", "-", given=text.replace("pv-nas", f"pv-{self.namespace}").replace("nfs-pv", self.namespace))
        for kind in ("deployment", "statefulset"):
            for name in self.kubectl("get", kind, "-o", "name").split():
                self.kubectl("rollout", "status", "--timeout=60s", name)

    def running(self) -> dict[str, set[str]]:
        """What would be another one if a pod template had changed, and the pods themselves."""
        pods = [pod for pod in self.core.list_namespaced_pod(self.namespace).items if not pod.metadata.deletion_timestamp]
        return {
            "pods": {pod.metadata.uid for pod in pods},
            "replica sets": {item.metadata.uid for item in self.apps.list_namespaced_replica_set(self.namespace).items},
            "revisions": {item.metadata.uid for item in self.apps.list_namespaced_controller_revision(self.namespace).items},
        }

    def versions(self) -> dict[str, str]:
        """The versions of all objects that the collection may change."""
        kinds = "deployments,statefulsets,services,configmaps,persistentvolumeclaims"
        listed = yaml.safe_load(self.kubectl("get", kinds, "-o", "yaml"))["items"]
        # The status of a workload is written by its controller, whoever looks on.
        about = [(item["metadata"], item) for item in listed]
        return {
            f"{item['kind']}/{metadata['name']}": f"{metadata.get('generation')} {item.get('data')} {metadata.get('labels')}"
            for metadata, item in about
        }

    def addresses(self) -> dict[str, Any]:
        """What clients of the Services know of them."""
        return {
            item.metadata.name: (item.spec.cluster_ip, sorted((port.port, port.node_port) for port in item.spec.ports))
            for item in self.core.list_namespaced_service(self.namespace).items
        }


@pytest.fixture
def by_hand(api: client.ApiClient, namespace: str, kubectl: Callable[..., str]) -> Iterator[ByHand]:
    yield ByHand(api, namespace, kubectl)
    client.CoreV1Api(api).delete_collection_persistent_volume(label_selector=f"pv={namespace}")


@pytest.fixture
def inventory(tmp_path: Path, kubeconfig: str) -> Path:
    """An inventory that says nothing but where the API server is."""
    path = tmp_path / "hosts.yml"
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "srs_kubeconfig": kubeconfig}
    path.write_text(yaml.safe_dump({"all": {"hosts": {"here": host}}}))
    return path


@pytest.fixture
def adopt(play: Callable[..., Any], namespace: str, inventory: Path, tmp_path: Path) -> Callable[..., Any]:
    """Runs adopt.yml; returns what it prints and the file that it writes."""

    def run(*arguments: str, **variables: Any) -> tuple[Any, Path]:
        file = tmp_path / "taken-over.yml"
        expect = variables.pop("expect", 0)
        done = play(
            *arguments, playbook="adopt", inventory=inventory, expect=expect, srs_namespace=namespace, srs_adopt_dest=str(file), **variables
        )
        return done, file

    return run


@pytest.mark.parametrize("form", FORMS)
def test_every_chapter_of_the_guide(
    form: str, by_hand: ByHand, adopt: Callable[..., Any], play: Callable[..., Any], inventory: Path
) -> None:
    by_hand.apply((TUTORIAL / f"{form}.txt").read_text())
    before, versions, addresses = by_hand.running(), by_hand.versions(), by_hand.addresses()

    told, file = adopt()
    assert NOTHING_REPLACED in told.output
    assert "Refused" not in told.output
    assert by_hand.versions() == versions, "it only reads"

    assert play("-e", f"@{file}", inventory=inventory).changed
    assert by_hand.running() == before
    after = by_hand.addresses()
    assert {name: (after[name][0], set(addresses[name][1]) <= set(after[name][1])) for name in addresses} == {
        name: (address, True) for name, (address, _ports) in addresses.items()
    }
    assert play("-e", f"@{file}", inventory=inventory).changed == []
    assert by_hand.running() == before
    labels = {item.metadata.name: item.metadata.labels for item in by_hand.apps.list_namespaced_deployment(by_hand.namespace).items}
    assert {name for name, given in labels.items() if given.get("app.kubernetes.io/managed-by") != "livestream.srs"} == set()


def test_the_documented_inventory_is_enough(by_hand: ByHand, play: Callable[..., Any], inventory: Path) -> None:
    """What docs/take-over has for a chapter, without looking at the cluster first."""
    by_hand.apply((TUTORIAL / "origin-statefulset.txt").read_text())
    before = by_hand.running()
    documented = yaml.safe_load((ROOT / "docs/take-over/origin-statefulset.yml").read_text())
    variables = {**documented, "srs_namespace": by_hand.namespace}
    assert play(inventory=inventory, **variables).changed
    assert by_hand.running() == before
    assert play(inventory=inventory, **variables).changed == []


def test_what_no_variable_says_is_kept(by_hand: ByHand, adopt: Callable[..., Any], play: Callable[..., Any], inventory: Path) -> None:
    items = [item for item in yaml.safe_load_all((TUTORIAL / "edge-cluster.txt").read_text()) if item]
    edge = next(item for item in items if item["metadata"]["name"] == "srs-edge-deploy")
    edge["metadata"]["annotations"] = {"example.com/owner": "team-live"}
    spec = edge["spec"]["template"]["spec"]
    edge["spec"]["template"]["metadata"]["annotations"] = {"example.com/note": "{{ not a template }}"}
    spec.update(
        hostNetwork=True,
        dnsPolicy="Default",
        hostAliases=[{"ip": "192.0.2.1", "hostnames": ["origin.example.com"]}],
        nodeSelector={"kubernetes.io/os": "linux"},
        tolerations=[{"key": "edge", "operator": "Exists"}],
        securityContext={"fsGroup": 1000},
    )
    spec["containers"][0].update(
        name="edge",
        env=[{"name": "TZ", "value": "UTC"}, {"name": "HOOK_TOKEN", "value": "hunter2"}],
        readinessProbe={"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 3},
        ports=[{"containerPort": 1935, "name": "rtmp"}, {"containerPort": 8080}],
    )
    spec["containers"].insert(0, {"name": "logger", "image": "busybox:1.36", "command": ["sleep", "infinity"]})
    spec["volumes"].append({"name": "logs", "emptyDir": {"sizeLimit": "1Gi"}})
    spec["containers"][1]["volumeMounts"].append({"name": "logs", "mountPath": "/usr/local/srs/objs/logs"})
    by_hand.apply(yaml.safe_dump_all(items))
    before = by_hand.running()

    told, file = adopt()
    assert NOTHING_REPLACED in told.output
    assert "its container of SRS is called edge, and not srs" in told.output
    assert "holds a secret, which is not written" in told.output
    assert "hunter2" not in told.output + file.read_text()

    # The secret is yet to be given.
    refused = play("-e", f"@{file}", inventory=inventory, expect=2)
    assert "vault_" in refused.message
    (secret,) = {word.strip("{}\"' ") for word in file.read_text().split() if word.startswith("vault_")}
    given = {"inventory": inventory, secret: "hunter2"}
    assert play("-e", f"@{file}", **given).changed
    assert by_hand.running() == before
    assert play("-e", f"@{file}", **given).changed == []


def test_a_file_that_is_there_is_kept(by_hand: ByHand, adopt: Callable[..., Any], tmp_path: Path) -> None:
    by_hand.apply((TUTORIAL / "quick-start.txt").read_text())
    (tmp_path / "taken-over.yml").write_text("mine\n")
    told, file = adopt(expect=2)
    assert "is there already" in told.message
    assert file.read_text() == "mine\n"
    told, file = adopt("--check", srs_adopt_overwrite=True)
    assert file.read_text() == "mine\n"
    adopt(srs_adopt_overwrite=True)
    assert yaml.safe_load(file.read_text())["srs_image"] == "ossrs/srs:3"


def test_a_namespace_without_srs(adopt: Callable[..., Any]) -> None:
    told, file = adopt(expect=2)
    assert "There is no SRS that was made by hand in this namespace" in told.message
    assert not file.exists()


def test_what_the_inventory_says_besides_is_told(by_hand: ByHand, adopt: Callable[..., Any]) -> None:
    by_hand.apply((TUTORIAL / "quick-start.txt").read_text())
    told, _file = adopt(srs_origin_resources={"requests": {"cpu": "10m"}})
    assert "The inventory sets srs_origin_resources as well" in told.output
    assert "Pods of Deployment srs-deploy would be replaced: spec.containers[srs].resources" in told.output
    assert NOTHING_REPLACED not in told.output
