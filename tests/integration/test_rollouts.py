# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts of edge clusters as a user runs them: history, roll-back, pause, canary, against a real API server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.modules import srs_edge_rollout
from ansible_collections.livestream.srs.plugins.plugin_utils._local_module import answer_of

EDGE = "srs-edge-deployment"
CANARY = "srs-edge-canary-deployment"
HELD = "is held and was left as it is"
# No node has such an image, so that its pods never are ready.
NO_IMAGE = "registry.invalid/no-such-image:1"


class Edges:
    """The edge clusters in the test's namespace, and what changes them."""

    def __init__(self, play: Callable[..., Any], kubectl: Callable[..., str], kubeconfig: str, namespace: str) -> None:
        self.play = play
        self.kubectl = kubectl
        self.where = {"kubeconfig": kubeconfig, "namespace": namespace}

    def site(self, *arguments: str, **variables: Any) -> Any:
        return self.play("--tags", "edge", *arguments, **variables)

    def rollout(self, state: str, check: bool = False, **options: Any) -> dict[str, Any]:
        """What the module comes to; the playbooks only pass their variables on to it."""
        given = {**self.where, "state": state, "wait": state in ("rolled_back", "released"), "wait_timeout": 60, **options}
        answer = answer_of(srs_edge_rollout, {**given, "_ansible_check_mode": check, "_ansible_diff": True})
        result: dict[str, Any] = json.loads(answer["stdout"])
        return result

    def get(self, what: str) -> Any:
        return json.loads(self.kubectl("get", what, "-o", "json"))

    def deployment(self, name: str = EDGE) -> Any:
        return self.get(f"deployment/{name}")

    def names(self, kind: str) -> set[str]:
        return {item["metadata"]["name"] for item in self.get(kind)["items"]}

    def image(self) -> str:
        return str(self.deployment()["spec"]["template"]["spec"]["containers"][0]["image"])

    def limit(self, name: str = EDGE) -> int:
        """max_connections in the srs.conf that a Deployment's pods read."""
        (volume,) = (v for v in self.deployment(name)["spec"]["template"]["spec"]["volumes"] if v["name"] == "config-volume")
        (item,) = volume["configMap"]["items"]
        assert item["path"] == "srs.conf"
        text = self.get(f"configmap/{volume['configMap']['name']}")["data"][item["key"]]
        return int(text.partition("max_connections ")[2].partition(";")[0])

    def pods(self, owner: str = EDGE) -> set[str]:
        """The pods that a Deployment runs, less those that are going."""
        items = [pod["metadata"] for pod in self.get("pods")["items"]]
        return {pod["name"] for pod in items if pod["name"].startswith(f"{owner}-") and "deletionTimestamp" not in pod}


@pytest.fixture
def edges(play: Callable[..., Any], kubectl: Callable[..., str], kubeconfig: str, namespace: str) -> Edges:
    return Edges(play, kubectl, kubeconfig, namespace)


def test_rolling_back_and_forward_again(edges: Edges) -> None:
    edges.site(srs_edge_tolerations=[{"key": "a", "operator": "Exists"}], srs_change_cause="alice")
    new: dict[str, Any] = {"srs_edge_image": "ossrs/srs:v7.0.157", "srs_edge_max_connections": 2000, "srs_change_cause": "bob, ticket 7"}
    edges.site(**new)
    pods = edges.pods()
    assert edges.limit() == 2000

    told = edges.play(playbook="rollback", srs_revision="list")
    assert told.changed == [] and edges.pods() == pods
    assert "alice: created" in told.output
    assert "bob, ticket 7: image docker.io/ossrs/srs:v7.0.162 -> ossrs/srs:v7.0.157; config " in told.output

    predicted = edges.rollout("rolled_back", check=True)
    assert predicted["changed"] and edges.pods() == pods
    done = edges.rollout("rolled_back")
    assert done["changed"] and done["diff"] == predicted["diff"]
    assert not edges.pods() & pods and len(edges.pods()) == 3
    assert edges.image() == "docker.io/ossrs/srs:v7.0.162" and edges.limit() == 1000
    assert "max_connections 1000" in edges.get("configmap/srs-edge-config")["data"]["srs.conf"]
    assert not edges.rollout("rolled_back")["changed"], "not one step further each time"
    assert not edges.rollout("rolled_back", revision=1)["changed"], "its old number leads to it, too"

    held = edges.site(**new)
    assert held.changed == [] and f"edge cluster 'edge' {HELD}: rolled back to revision 1" in held.output
    assert edges.image() == "docker.io/ossrs/srs:v7.0.162"

    assert edges.rollout("released")["changed"] and not edges.rollout("released")["changed"]
    assert edges.site(**new).changed == ["Apply the edge clusters"]
    assert edges.image() == "ossrs/srs:v7.0.157" and edges.limit() == 2000
    # What only the rolled back revision had must not stay behind.
    assert "tolerations" not in edges.deployment()["spec"]["template"]["spec"]
    assert edges.site(**new).changed == []


def test_a_roll_out_that_goes_wrong_is_paused_and_rolled_back(edges: Edges) -> None:
    edges.site()
    pods = edges.pods()
    assert "ImagePullBackOff" in edges.site(srs_edge_image=NO_IMAGE, srs_wait_timeout=5, expect=2).output
    assert edges.play(playbook="pause").changed == ["Pause"]
    assert not edges.rollout("paused")["changed"]
    assert edges.site(srs_wait_timeout=5).changed == [], "enough old servers are there: a pause is no failure"
    assert edges.pods() > pods

    assert edges.play(playbook="rollback").changed == ["Roll back, and wait until the servers are there"]
    assert edges.pods() == pods, "no server was replaced"
    assert "paused" not in edges.deployment()["spec"]
    assert edges.play(playbook="resume").changed == ["Resume, and wait until the servers are there"]
    assert edges.site().changed == []


def test_a_paused_roll_out_goes_on_and_a_hold_by_hand_is_respected(edges: Edges) -> None:
    edges.site()
    edges.rollout("paused")
    edges.kubectl("set", "image", f"deployment/{EDGE}", "srs=ossrs/srs:v7.0.157")
    pods = edges.pods()
    edges.rollout("released")
    assert not edges.pods() & pods and edges.image() == "ossrs/srs:v7.0.157"

    edges.kubectl("annotate", f"deployment/{EDGE}", "livestream.srs/hold=incident 42")
    held = edges.site(srs_edge_replicas=5)
    assert held.changed == [] and f"edge cluster 'edge' {HELD}: incident 42" in held.output
    edges.kubectl("annotate", f"deployment/{EDGE}", "livestream.srs/hold-")
    assert edges.site(srs_edge_replicas=5).changed == ["Apply the edge clusters"]


def test_a_canary_is_promoted(edges: Edges) -> None:
    edges.site()
    pods = edges.pods()
    new = {"srs_edge_max_connections": 2000}

    predicted = edges.play("--check", playbook="canary", srs_canary=25, **new)
    begun = edges.play(playbook="canary", srs_canary=25, **new)
    assert begun.changed == predicted.changed == ["Hold the stable servers", "Apply the canaries, and wait until their servers are there"]
    assert edges.play(playbook="canary", srs_canary=25, **new).changed == []
    assert edges.pods() == pods, "it comes on top"
    assert len(edges.pods(CANARY)) == 1
    assert (edges.limit(CANARY), edges.limit()) == (2000, 1000)
    slices = edges.get("endpointslices")["items"]
    ends = [
        end
        for part in slices
        if part["metadata"]["labels"]["kubernetes.io/service-name"] == "srs-edge-service"
        for end in part["endpoints"]
    ]
    assert {end["targetRef"]["name"] for end in ends} == pods | edges.pods(CANARY)
    assert edges.site(**new).changed == [] and edges.pods() == pods
    assert "has a canary" in edges.rollout("rolled_back")["msg"]

    assert "srs-edge-canary-config" in edges.play(playbook="canary", srs_canary="promote", srs_edge_max_connections=3000, expect=2).message
    predicted = edges.play("--check", playbook="canary", srs_canary="promote", **new)
    promoted = edges.play(playbook="canary", srs_canary="promote", **new)
    assert promoted.changed == predicted.changed == ["Roll the stable servers, and wait until they are there", "Remove the canaries"]
    assert not edges.pods() & pods and len(edges.pods()) == 3
    assert edges.limit() == 2000
    assert edges.names("deployments") == {EDGE}
    assert not any("canary" in name for name in edges.names("configmaps"))
    assert edges.site(**new).changed == []


def test_a_canary_is_aborted(edges: Edges) -> None:
    edges.site()
    pods = edges.pods()
    edges.play(playbook="canary", srs_canary=50, srs_edge_image=NO_IMAGE, srs_wait_timeout=5, expect=2)
    assert len(edges.pods(CANARY)) == 3

    edges.play(playbook="canary", srs_canary="abort")
    assert edges.play(playbook="canary", srs_canary="abort").changed == []
    assert edges.pods() == pods and edges.names("deployments") == {EDGE}
    assert not any("canary" in name for name in edges.names("configmaps"))
    assert edges.site().changed == []


class Servers(ThreadingHTTPServer):
    """The HTTP API of all servers, each of which has reloaded when it is asked for the second time."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[str] = []


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert isinstance(self.server, Servers)
        self.server.asked.append(self.path)
        number = self.server.asked.count(self.path) - 1
        body = json.dumps({"code": 0, "data": {"rid": "ab"[number % 2], "err": 0, "msg": "Success", "state": 90}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def servers() -> Iterator[Servers]:
    with Servers() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_config_that_is_reloaded_rolls_only_what_needs_it(edges: Edges, servers: Servers) -> None:
    api = {"srs_api_via": "url", "srs_api_url": f"http://127.0.0.1:{servers.server_port}/{{pod}}"}
    api |= {"srs_version": 6, "srs_edge_config_strategy": "reload", "srs_verify": False}
    edges.site(**api)
    pods = edges.pods()
    new = {"srs_edge_max_connections": 2000}

    assert edges.site("--check", **new, **api).changed == ["Apply the edge clusters"]
    assert servers.asked == []
    assert edges.site(**new, **api).changed == ["Apply the edge clusters"]
    assert edges.pods() == pods and edges.limit() == 2000
    assert sorted(servers.asked) == sorted(2 * [f"/{pod}/api/v1/raw?rpc=reload-fetch" for pod in pods])
    notes = [pod["metadata"]["annotations"]["livestream.srs/reload"] for pod in edges.get("pods")["items"]]
    assert all(note.endswith(" taken 1") for note in notes)
    assert edges.site(**new, **api).changed == [] and len(servers.asked) == 6
    # Where only labels or annotations of the ConfigMap change, nothing is due.
    edges.kubectl("annotate", "configmap", "srs-edge-config", "somebody=else")
    edges.kubectl("label", "configmap", "srs-edge-config", "app.kubernetes.io/name-", "somebody=else")
    assert edges.site(**new, **api).changed == ["Apply the edge clusters"] and len(servers.asked) == 6

    # This SRS takes only when it starts.
    edges.site(srs_edge_config={"http_remux": {"enabled": False}}, **new, **api)
    assert not edges.pods() & pods and len(servers.asked) == 6
    edges.rollout("rolled_back")
    assert edges.limit() == 2000


def test_a_config_that_nobody_has_seen_to_be_taken_fails_each_run(edges: Edges, servers: Servers) -> None:
    reload = {"srs_version": 6, "srs_edge_config_strategy": "reload", "srs_verify": False}
    api = {**reload, "srs_api_via": "url", "srs_api_url": f"http://127.0.0.1:{servers.server_port}/{{pod}}"}
    silent = {**api, "srs_api_url": "http://127.0.0.1:9/{pod}", "srs_wait_timeout": 12}
    edges.site(**api)
    new = {"srs_edge_max_connections": 2000}
    for changed in (["Apply the edge clusters"], []):
        failed = edges.site(**new, **silent, expect=2)
        assert failed.changed == changed
        assert "3 of 3 servers have not taken their changed srs.conf" in failed.output and "could not be seen" in failed.output
    warned = edges.site("--check", **new, **silent)
    assert warned.changed == [] and "Not yet seen to have taken what their srs.conf holds: srs-edge-deployment-" in warned.output

    # Taken back, it is asked of them, too: any of them may have taken the other one.
    assert edges.site(**api).changed == ["Apply the edge clusters"]
    notes = [pod["metadata"]["annotations"]["livestream.srs/reload"] for pod in edges.get("pods")["items"]]
    assert all(note.endswith(" taken 2") for note in notes)
    asked = len(servers.asked)
    assert edges.site(**api).changed == [] and len(servers.asked) == asked


def test_an_autoscaler_takes_the_replicas_over_and_gives_them_back(edges: Edges) -> None:
    edges.site()
    edges.kubectl("scale", f"deployment/{EDGE}", "--replicas=5")
    pods = edges.pods()
    auto = {"srs_edge_autoscale": {"min": 2, "max": 9}}
    assert edges.site(**auto).changed == ["Apply the edge clusters"]
    assert edges.deployment()["spec"]["replicas"] == 5 and edges.pods() >= pods, "there never were fewer"
    assert edges.get("hpa/srs-edge")["spec"]["scaleTargetRef"]["name"] == EDGE
    edges.kubectl("scale", f"deployment/{EDGE}", "--replicas=6")
    assert edges.site(**auto).changed == []
    # A change of the servers leaves their number alone.
    edges.site(srs_edge_max_connections=2000, **auto)
    assert edges.deployment()["spec"]["replicas"] == 6
    assert not edges.rollout("rolled_back", check=True)["diff"][-1]["after"].count("replicas: 3")

    edges.site(srs_edge_max_connections=2000)
    assert edges.deployment()["spec"]["replicas"] == 3 and edges.names("hpa") == set()
    assert edges.site(srs_edge_max_connections=2000).changed == []


def test_one_of_several_clusters(edges: Edges) -> None:
    clusters = [{"name": "edge"}, {"name": "cdn-a", "replicas": 1}]
    for limit in (1000, 2000):
        edges.site(srs_edge_clusters=clusters, srs_edge_max_connections=limit)
    named = "srs-edge-cdn-a-deployment"
    assert "cdn-a, edge, or all" in edges.rollout("rolled_back")["msg"]
    assert "'cdn-b'" in edges.rollout("rolled_back", clusters=["cdn-b", "cdn-a"])["msg"]
    edges.rollout("rolled_back", clusters=["cdn-a"])
    assert (edges.limit(named), edges.limit()) == (1000, 2000)
    edges.rollout("released", clusters=["all"])

    new = {"srs_edge_clusters": clusters, "srs_edge_max_connections": 3000}
    edges.play(playbook="canary", srs_canary=25, srs_edge_cluster="all", **new)
    assert len(edges.names("deployments")) == 4
    edges.play(playbook="canary", srs_canary="promote", srs_edge_cluster="edge", **new)
    assert edges.names("deployments") == {EDGE, named, "srs-edge-cdn-a-canary-deployment"}
    assert (edges.limit(named), edges.limit()) == (1000, 3000)
    assert "Remove the canaries" in edges.play("--tags", "edge", playbook="teardown").changed
    assert edges.names("deployments") == set()


def test_what_can_not_be_done_is_explained(edges: Edges) -> None:
    assert "no edge cluster in namespace" in edges.rollout("rolled_back")["msg"]
    edges.site()
    before = edges.deployment()["metadata"]["resourceVersion"]
    assert "no revision before the current one" in edges.rollout("rolled_back")["msg"]
    assert "no revision 9; there are 1." in edges.rollout("rolled_back", revision=9)["msg"]
    assert "up to 50" in edges.rollout("canary", canary_share="80")["msg"]
    for playbook, variables, words in (
        ("canary", {}, "srs_canary is not set"),
        ("canary", {"srs_canary": "promote", "srs_edge_replicas": 5}, "No canary runs beside edge cluster edge"),
        ("site", {"srs_edge_clsuters": []}, "did you mean srs_edge_clusters?"),
        ("site", {"srs_edge_clusters": [{"name": "b-canary"}]}, "another cluster's canary"),
    ):
        assert words in edges.play(playbook=playbook, expect=2, **variables).message
    assert edges.deployment()["metadata"]["resourceVersion"] == before
