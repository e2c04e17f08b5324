# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole flow of srs_cluster_status: against a client that has the objects, and an API server whose pod proxy has the servers."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow import cluster_status
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Ref
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.not_ready import NotReady
from ansible_collections.livestream.srs.plugins.module_utils._labels import CONFIG_CHANGES, CONFIG_KEYS
from ansible_collections.livestream.srs.plugins.module_utils._observed import report
from ansible_collections.livestream.srs.tests.support.clock import Clock
from ansible_collections.livestream.srs.tests.support.fake_cluster import API_OPTIONS, CONF, IPS, PROXY_IPS, FakeClient
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork
from ansible_collections.livestream.srs.tests.support.srs_server import Srs


class FakeModule:
    def __init__(self, check_mode: bool = False, **params: Any) -> None:
        self.check_mode = check_mode
        self.said: list[str] = []
        self.warned: list[str] = []
        self.params = {
            "namespace": "video", "topology": "srs", "app": "live", "stream": "livestream",
            "read_servers": True, "wait_for": [], "wait_timeout": 60, "query": None, "near_capacity": 80,
            **API_OPTIONS,
            **params,
        }  # fmt: skip

    def progress(self, text: str) -> None:
        self.said.append(text)

    def warn(self, text: str) -> None:
        self.warned.append(text)


@pytest.fixture
def servers() -> dict[str, Srs]:
    return {name: Srs.recorded(name) for name in IPS}


@pytest.fixture
def client(servers: dict[str, Srs], monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeClient]:
    with FakeNetwork([api_server := Srs(pods=servers)]):
        fake = FakeClient(api_server.port)
        monkeypatch.setattr(cluster_status.Client, "from_module", lambda _module: fake)
        yield fake


def run(**params: Any) -> dict[str, Any]:
    return cluster_status.flow(FakeModule(**params))  # type: ignore[arg-type]


def test_the_recorded_topology(client: FakeClient) -> None:
    result = run()
    (stream,) = result["streams"]
    assert (len(stream["publishers"]), stream["players"], len(stream["pulls"])) == (1, 9, 3)
    assert stream["publishers"][0]["server"] == "edge-0"
    assert stream["players_by_server"] == {"edge-0": 1, "edge-1": 2, "edge-2": 6}
    assert result["verdicts"]["pull_not_merged"] is False
    assert result["problems"] == []
    assert {server["name"]: server["connections_percent"] for server in result["servers"]} == {
        "origin-0": 0.4, "edge-0": 0.2, "edge-1": 0.2, "edge-2": 0.6,
    }  # fmt: skip


def test_the_recorded_topology_as_printed(client: FakeClient) -> None:
    assert run()["summary"] == [
        "origin 1/1, edge 3/3",
        "",
        "Servers",
        "  origin  1 of 1 answer  SRS 6.0.157  4 of 1000 connections   153 kbit/s in  28 kbit/s out",
        "  edge    3 of 3 answer  SRS 6.0.157  10 of 3000 connections  150 kbit/s in  116 kbit/s out",
        "",
        "Streams",
        "  /live/livestream  live 46 s  H264 320x168, AAC 44100 Hz  153 kbit/s in  ? kbit/s out  9 players  3 pulls, merged",
    ]


def test_what_is_reported_follows_the_schema(client: FakeClient, servers: dict[str, Srs]) -> None:
    schema = json.loads((Path(__file__).parents[5] / "docs" / "status-report.schema.json").read_text())
    servers["edge-1"].fault = "html"
    jsonschema.Draft202012Validator(schema).validate(json.loads(report.data([("host", run())])))


def test_one_dead_server_hides_no_other(client: FakeClient, servers: dict[str, Srs]) -> None:
    servers["edge-1"].fault = "half"
    servers["edge-2"].fault = "html"
    result = run()
    assert {s["name"]: s["error_kind"] for s in result["servers"]} == {
        "origin-0": None, "edge-0": None, "edge-1": "connection_closed", "edge-2": "invalid_response",
    }  # fmt: skip
    assert result["streams"][0]["players_by_server"] == {"edge-0": 1}
    assert result["verdicts"]["no_answer"] is True


def test_when_no_server_answers_kubernetes_side_is_complete(client: FakeClient, servers: dict[str, Srs]) -> None:
    for srs in servers.values():
        srs.fault = "unavailable"
    result = run()
    assert (result["edges"]["edge"]["ready"], result["streams"]) == (3, [])
    assert all("connection refused" in server["error"] for server in result["servers"])
    assert [p["object"] for p in result["problems"]] == ["origin-0", "edge-0 and 2 more"]


def test_a_server_with_an_odd_answer_is_named_and_what_can_be_used_stays(client: FakeClient, servers: dict[str, Srs]) -> None:
    clients = servers["edge-2"].replies["clients"]["clients"]
    clients[0]["alive"] = "ten"
    clients[1] = 17
    servers["edge-1"].replies["summaries"]["data"]["self"]["version"] = {}
    result = run()
    (stream,) = result["streams"]
    assert stream["players_by_server"] == {"edge-0": 1, "edge-1": 2, "edge-2": 5}
    errors = {server["name"]: (server["error_kind"], server["error"]) for server in result["servers"] if server["error"]}
    said = "it sent something that SRS does not"
    assert errors == {
        "edge-1": ("invalid_response", f"{said} (summaries: self.version is an object)"),
        "edge-2": ("invalid_response", f"{said} (clients: alive is 'ten', and 1 more)"),
    }
    assert {server["name"]: server["clients"] for server in result["servers"]} == {"origin-0": 4, "edge-0": 2, "edge-1": 2, "edge-2": 5}
    assert [problem["object"] for problem in result["problems"]] == ["edge-1 and 1 more"]


def test_what_kubernetes_passes_on_of_others_is_printable(client: FakeClient) -> None:
    pod = client.objects["Pod"][1]
    pod["status"]["conditions"][0]["status"] = "False"
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": "\x1b]0;pwned\x07\u202e"}}
    pod["status"]["containerStatuses"] = [{"name": "srs", "restartCount": 3, "state": state}]
    client.objects["StatefulSet"][1]["status"].update(readyReplicas=2, availableReplicas=2)
    event = {"type": "Warning", "involvedObject": {"name": "edge-0"}, "reason": "Odd\x9b", "message": "a\nb\u2066", "metadata": {}}
    client.objects["Event"] = [event]
    result = run()
    assert result["edges"]["edge"]["workloads"][0]["events"] == ["?/edge-0: Odd\\x9b: a\\x0ab\\u2066"]
    assert result["edges"]["edge"]["pods"][0]["message"] == "container srs: \\x1b]0;pwned\\x07\\u202e"
    assert all(line.isprintable() for line in result["summary"])


def test_a_stream_is_waited_for_by_its_name_or_as_it_is_shown(client: FakeClient, servers: dict[str, Srs]) -> None:
    for srs in servers.values():
        for row in (*srs.replies["streams"]["streams"], *srs.replies["clients"]["clients"]):
            row["url"] = "/live/\u202ex"
    for url in ("/live/\u202ex", "/live/\\u202ex"):
        assert run(wait_for=[{"stream": url}], wait_timeout=0)["streams"][0]["url"] == "/live/\\u202ex"


def through_proxies(origin: Srs) -> list[dict[str, Any]]:
    """What came to the origin straight now comes through proxies, and a player by their public address."""
    clients: list[dict[str, Any]] = origin.replies["clients"]["clients"]
    for row, ip in zip(clients, itertools.cycle(PROXY_IPS.values())):
        row["ip"] = ip
        if row["publish"]:
            row["type"] = "fmle-publish"
    clients.append({**clients[-1], "id": "player", "tcUrl": "rtmp://198.51.100.9/live", "type": "rtmp-play"})
    return clients


def test_a_proxy_is_not_a_server(client: FakeClient) -> None:
    client.add_proxies()
    result = run()
    assert [server["name"] for server in result["servers"]] == list(IPS)
    assert [(pod["name"], pod["state"]) for pod in result["origins"]["proxy"]["pods"]] == [(name, "ready") for name in PROXY_IPS]
    assert result["problems"] == []


def test_what_edges_ask_for_through_proxies_is_pulled_and_not_played(client: FakeClient, servers: dict[str, Srs]) -> None:
    client.add_proxies()
    through_proxies(servers["origin-0"])
    result = run()
    (stream,) = result["streams"]
    assert (stream["players"], stream["players_by_server"]["origin-0"]) == (10, 1)
    assert [(pull["server"], pull["edge"]) for pull in stream["pulls"]] == [("origin-0", None)] * 3
    assert [(row["server"], row["origin"], row["id"]) for row in stream["publishers"]] == [("edge-0", "origin-0", "x1h50848")]
    assert (result["verdicts"]["pull_not_merged"], result["problems"]) == (False, [])


def test_proxies_beside_an_edge_that_still_pulls_from_the_origin_itself(client: FakeClient, servers: dict[str, Srs]) -> None:
    client.add_proxies()
    clients = through_proxies(servers["origin-0"])
    clients[1]["ip"] = IPS["edge-0"]
    (stream,) = run()["streams"]
    assert (stream["players"], [pull["edge"] for pull in stream["pulls"]]) == (10, ["edge-0", None, None])
    assert len(stream["publishers"]) == 1
    # An address that is not a proxy's tells nothing while those of edges can be seen.
    client.objects["Deployment"] = []
    (stream,) = run()["streams"]
    assert (stream["players"], len(stream["pulls"])) == (12, 1)


def test_a_pod_that_does_not_run_is_not_asked(client: FakeClient, servers: dict[str, Srs]) -> None:
    client.objects["Pod"][1]["status"] = {"phase": "Pending"}
    result = run()
    assert next(s["error"] for s in result["servers"] if s["name"] == "edge-0") == "the pod is not running: Pending"
    assert servers["edge-0"].seen == []


@pytest.mark.parametrize(
    ("conf", "error"),
    [
        ("listen 1935;\n", "http_api is off in srs-edge-config"),
        ("listen 1935;\nhttp_api { enabled off; }\n", "http_api is off in srs-edge-config"),
        ("this is { no conf", None),
    ],
)
def test_a_server_whose_api_is_off_is_not_asked(client: FakeClient, conf: str, error: str | None) -> None:
    client.objects["ConfigMap"][1]["data"]["srs.conf"] = conf
    found = {s["name"]: s["error"] for s in run()["servers"]}
    assert (found["origin-0"], found["edge-1"]) == (None, error)


def test_an_api_port_that_is_given_is_asked_although_srs_conf_has_none(client: FakeClient, servers: dict[str, Srs]) -> None:
    client.objects["ConfigMap"][1]["data"]["srs.conf"] = "listen 1935;\n"
    assert [server["error"] for server in run(api_port=1985)["servers"]] == [None] * 4


@pytest.mark.parametrize(("port", "wanted"), [(None, 2985), (3985, 3985)])
def test_the_api_is_asked_at_the_port_of_srs_conf_or_of_the_container(
    client: FakeClient, monkeypatch: pytest.MonkeyPatch, port: int | None, wanted: int
) -> None:
    ports: list[int | None] = []
    real = cluster_status.Endpoints.of
    monkeypatch.setattr(cluster_status.Endpoints, "of", lambda endpoints, *args: (ports.append(args[3]), real(endpoints, *args))[1])
    client.objects["ConfigMap"][1]["data"]["srs.conf"] = CONF.replace("1985", "2985")
    container = client.objects["StatefulSet"][1]["spec"]["template"]["spec"]["containers"][0]
    container["ports"] = [{"name": "api", "containerPort": port}] if port else []
    run()
    assert ports == [1985, wanted, wanted, wanted]


def test_the_limit_of_the_pod_comes_before_that_of_srs_conf(client: FakeClient) -> None:
    container = client.objects["StatefulSet"][1]["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "SRS_MAX_CONNECTIONS", "value": "8"}]
    assert [server["max_connections"] for server in run()["servers"]] == [1000, 8, 8, 8]


def test_an_edited_config_map_is_found(client: FakeClient) -> None:
    client.objects["ConfigMap"][1]["data"]["srs.conf"] += "# edited\n"
    result = run()
    assert result["verdicts"]["stale_config"] is True
    assert [p["object"] for p in result["problems"]] == ["srs-edge"]


def test_what_may_not_be_read_is_null(client: FakeClient) -> None:
    client.denied = {"ConfigMap", "EndpointSlice", "Event"}
    result = run()
    assert result["verdicts"]["stale_config"] is None
    assert result["servers"][0]["max_connections"] is None


def test_what_has_to_be_read_is_an_error(client: FakeClient) -> None:
    client.denied = {"Pod"}
    with pytest.raises(ApiError):
        run()


def test_without_the_servers_they_are_not_asked(client: FakeClient, servers: dict[str, Srs]) -> None:
    result = run(read_servers=False)
    assert (result["servers"], result["streams"], result["verdicts"]["pull_not_merged"]) == ([], [], None)
    assert [srs.seen for srs in servers.values()] == [[], [], [], []]
    assert "ConfigMap" not in dict(client.listed)


def test_the_number_of_requests_does_not_depend_on_the_number_of_clusters(client: FakeClient) -> None:
    run(read_servers=False)
    assert [kind for kind, _labels in client.listed] == ["Deployment", "StatefulSet", "Service", "Pod", "EndpointSlice"]
    assert dict(client.listed)["Pod"] == "app in (srs-edge,srs-origin)"


def test_query(client: FakeClient) -> None:
    assert run(query="streams[0].players")["query_result"] == 9
    assert run(query="servers[?component == 'edge'].version | [0]")["query_result"] == "6.0.157"


@pytest.mark.parametrize("params", [{"query": "a[["}, {"wait_for": [{"jmespath": "a[["}]}])
def test_a_broken_query_is_refused_before_anything_is_read(client: FakeClient, params: dict[str, Any]) -> None:
    with pytest.raises(SrsError, match="is not a valid JMESPath expression"):
        run(**params)
    assert client.listed == []


def test_conditions_that_hold_return_at_once(client: FakeClient) -> None:
    run(wait_for=["ready", "addresses", {"stream": "/live/livestream"}, {"jmespath": "streams[0].players > `8`"}], wait_timeout=30)


def test_a_condition_that_never_holds_fails_with_what_is_missing(client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock().of(cluster_status, monkeypatch)
    with pytest.raises(
        SrsError, match=r"Timed out after 60 s waiting for the topology srs in namespace video:\n- stream /live/other is not live"
    ) as error:
        run(wait_for=[{"stream": "/live/other"}])
    assert sum(clock.pauses) == 60
    assert error.value.details == {"missing": ["stream /live/other is not live"], "problems": []}


def test_waiting_for_ready_watches_what_is_not(client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[Any] = []
    done = client.objects["StatefulSet"]
    client.objects["StatefulSet"] = [done[0], {**done[1], "status": {**done[1]["status"], "readyReplicas": 1, "availableReplicas": 1}}]

    def wait_ready(_client: Any, refs: list[Any], timeout: float, *, label_selector: str, progress: Any) -> list[Any]:
        assert 0 < timeout <= 30
        waited.extend(str(ref) for ref in refs)
        assert label_selector == "app.kubernetes.io/managed-by=livestream.srs,app.kubernetes.io/part-of=srs"
        progress(0, 1)
        client.objects["StatefulSet"] = done
        return []

    monkeypatch.setattr(cluster_status, "wait_ready", wait_ready)
    module = FakeModule(read_servers=False, wait_for=["ready", "addresses"], wait_timeout=30)
    assert cluster_status.flow(module)["edges"]["edge"]["ready"] == 3  # type: ignore[arg-type]
    assert waited == ["StatefulSet video/srs-edge"]
    assert module.said == ["origin 1/1, edge 1/3; waiting: edge 1/3 ready", "0 of 1 are ready"]


def test_a_wait_ends_when_what_it_waits_for_has_failed(client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = client.objects["StatefulSet"][1]
    stuck["status"] = {**stuck["status"], "readyReplicas": 1, "availableReplicas": 1}
    left = NotReady(Ref("apps/v1", "StatefulSet", "video", "srs-edge"), "1 of 3 replicas are available", failed=True)
    monkeypatch.setattr(cluster_status, "wait_ready", lambda *_args, **_options: [left])
    said = r"Stopped waiting, since StatefulSet video/srs-edge failed, for the topology srs in namespace video:\n- edge 1/3 ready"
    with pytest.raises(SrsError, match=said):
        run(read_servers=False, wait_for=["ready"], wait_timeout=600)


def test_what_was_deleted_is_not_waited_for(client: FakeClient) -> None:
    client.objects["StatefulSet"][1]["metadata"].update(deletionTimestamp="2026-01-31T12:00:00Z", finalizers=["example.org/hold"])
    result = run(wait_for=["ready"], wait_timeout=0)
    assert result["summary"][0] == "origin 1/1, edge being deleted"
    told = "it is still being deleted, held by the finalizers example.org/hold; if that lasts, see what set them"
    assert [(p["object"], p["message"]) for p in result["problems"]] == [("srs-edge", told)]


def test_servers_that_have_not_reloaded_are_told(client: FakeClient) -> None:
    key = "srs-aaa.conf"
    client.objects["ConfigMap"][1] = {
        "metadata": {"name": "srs-edge-config", "annotations": {CONFIG_KEYS: key, CONFIG_CHANGES: f"{key}=1"}},
        "data": {"srs.conf": CONF, key: CONF},
    }
    volume = {"name": "config", "configMap": {"name": "srs-edge-config", "items": [{"key": key, "path": "srs.conf"}]}}
    for pod in client.objects["Pod"][1:]:
        pod["spec"]["volumes"] = [volume]
    result = run()
    assert [pod["config_taken"] for pod in result["edges"]["edge"]["pods"]] == [False] * 3
    ((problem, told),) = [(p["object"], p["message"]) for p in result["problems"]]
    assert problem == "srs-edge" and told.startswith("edge-0 and 2 more have not been seen to take what srs-edge-config holds now")


def test_check_mode_waits_for_nothing(client: FakeClient) -> None:
    assert run(check_mode=True, wait_for=[{"stream": "/live/other"}], wait_timeout=600)["changed"] is False


def test_conditions_of_servers_need_the_servers(client: FakeClient) -> None:
    with pytest.raises(SrsError, match="set read_servers to true"):
        run(read_servers=False, wait_for=[{"idle": "edge"}])


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"api_username": "admin"}, "can't be used with api_via: pod_proxy"),
        ({"api_via": "port_forward", "api_scheme": "https"}, "can't be used with api_scheme: https"),
        ({"api_via": "url"}, "needs api_url"),
        ({"api_via": "url", "api_url": "{pod}"}, "is not an http or https URL with {pod}, {ip}, {node}, {cluster}, {namespace} in it"),
        ({"api_via": "url", "api_url": "http://{pot}"}, "is not an http or https URL"),
        ({"api_via": "url", "api_url": "http://{ip}:99999"}, "is not an http or https URL"),
        ({"api_via": "pod_ip", "api_ca_cert": "/nowhere"}, "can't be read"),
    ],
)
def test_options_that_do_not_go_together(client: FakeClient, params: dict[str, Any], words: str) -> None:
    with pytest.raises(SrsError, match=words):
        run(**params)


def test_servers_by_url_with_credentials(client: FakeClient) -> None:
    origin = Srs.recorded("origin-0", auth="admin:secret")
    client.objects["StatefulSet"] = client.objects["StatefulSet"][:1]
    client.objects["Pod"] = client.objects["Pod"][:1]
    with FakeNetwork([origin]):
        result = run(api_via="url", api_url=f"http://127.0.0.1:{origin.port}", api_username="admin", api_password="secret")
    assert result["servers"][0]["version"] == "6.0.157"


def test_what_the_api_server_warns_of_is_passed_on(client: FakeClient) -> None:
    client.warnings.append("v1 Endpoints is deprecated")
    cluster_status.flow(module := FakeModule())  # type: ignore[arg-type]
    assert module.warned == ["v1 Endpoints is deprecated"]


FAULT = {
    "id": "own-fault",
    "roles": ["edge"],
    "effect": "players see nothing",
    "severity": "high",
    "bad": [{"from": "6.0.157", "to": "6.0.157"}],
    "preflight": "refuse",
}


def test_releases_are_judged_by_the_advisories_that_are_not_accepted(client: FakeClient) -> None:
    result = run(advisories=[FAULT])
    assert result["verdicts"]["bad_release"] is True
    assert [(p["verdict"], p["severity"], p["object"]) for p in result["problems"]] == [("bad_release", "error", "edge-0 and 2 more")]
    assert any("players see nothing (own-fault)" in line for line in result["summary"])
    assert run(advisories=[FAULT], accept_advisories=["own-fault"])["problems"] == []
    with pytest.raises(SrsError, match=r"accept_advisories has 'own-faul', which is the id of no advisory \(did you mean own-fault\?\)"):
        run(advisories=[FAULT], accept_advisories=["own-faul"])
