# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seeing that servers have taken their config, against servers behind the pod proxy of an API server."""

from __future__ import annotations

import math
from collections.abc import Iterator
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow import reload_confirm
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._labels import CONFIG_CHANGES, CONFIG_KEYS, HOLD, RELOAD
from ansible_collections.livestream.srs.plugins.module_utils._rollout import reloads
from ansible_collections.livestream.srs.tests.support.clock import Clock
from ansible_collections.livestream.srs.tests.support.fake_cluster import API_OPTIONS, FakeClient
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork
from ansible_collections.livestream.srs.tests.support.srs_server import Srs

NAMES = ("edge-0", "edge-1", "edge-2")
KEY, SUM = "srs-aaa.conf", sha256(b"new").hexdigest()
CLUSTER = {"name": "edge", "app": "srs-edge", "config_map": "c", "key": KEY, "checksum": SUM, "api_port": None}
DONE = {"err": 0, "msg": "Success", "state": 90, "rid": "new"}
AGAIN = {"err": 0, "msg": "Success", "state": 90, "rid": "again"}
WRONG = {"err": 1023, "msg": "illegal directive bogus", "state": 20, "rid": "new"}
OLD = {"err": 0, "msg": "Success", "state": 90, "rid": "old"}


class Cluster(FakeClient):
    """Pods whose servers reload when the pods are noted to, as the kubelet and SRS do together."""

    def __init__(self, port: int, servers: dict[str, Srs]) -> None:
        super().__init__(port)
        self.servers = servers
        self.after: dict[str, dict[str, Any]] = {}
        self.notes: list[tuple[str, str]] = []
        volume = {"name": "config-volume", "configMap": {"name": "c", "items": [{"key": KEY, "path": "srs.conf"}]}}
        self.objects = {
            "Pod": [
                {
                    "metadata": {"name": name, "labels": {"app": "srs-edge"}, "creationTimestamp": "2026-01-01T00:00:00Z"},
                    "spec": {"volumes": [volume]},
                    "status": {"phase": "Running", "podIP": "10.0.0.1"},
                }
                for name in servers
            ],
            "ConfigMap": [{"metadata": {"name": "c", "creationTimestamp": "2026-01-01T00:00:00Z"}, "data": {KEY: "old"}}],
        }
        self.holds("old", changes=0)

    def holds(self, text: str, changes: int) -> None:
        """The ConfigMap after so many changes."""
        (config_map,) = self.objects["ConfigMap"]
        config_map["data"][KEY] = text
        config_map["metadata"]["annotations"] = {CONFIG_KEYS: KEY, CONFIG_CHANGES: f"{KEY}={changes}"}

    def each(self, function: Any, items: Any) -> list[Any]:
        return [function(item) for item in items]

    def patch(self, _version: str, _kind: str, name: str, _namespace: str, patch: dict[str, Any]) -> None:
        note = patch["metadata"]["annotations"][RELOAD]
        self.notes.append((name, note))
        pod = next((pod for pod in self.objects["Pod"] if pod["metadata"]["name"] == name), None)
        if pod is None:
            raise ApiError(f"patch Pod {name}", 404, {}, "the test")
        pod["metadata"]["annotations"] = {RELOAD: note}
        if " taken " not in note and name in self.after:
            self.servers[name].reload["data"] = self.after[name]

    def notes_of(self, name: str) -> list[str]:
        return [note for pod, note in self.notes if pod == name]


@pytest.fixture
def servers() -> dict[str, Srs]:
    return {name: Srs.recorded(name, reload={"data": OLD, "next": AGAIN}) for name in NAMES}


@pytest.fixture(autouse=True)
def cluster(servers: dict[str, Srs], monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    Clock().of(reload_confirm, monkeypatch)
    with FakeNetwork([api_server := Srs(pods=servers)]):
        fake = Cluster(api_server.port, servers)
        monkeypatch.setattr(reload_confirm.Client, "from_module", lambda _module: fake)
        yield fake


def run(check_mode: bool = False, timeout: float = 100, warn: Any = None, clusters: Any = None) -> dict[str, bool]:
    """The servers that were not known to have taken their config, and whether they are now."""
    params = {"namespace": "n", "clusters": [CLUSTER] if clusters is None else clusters, "wait_timeout": timeout}
    module: Any = SimpleNamespace(check_mode=check_mode, params={**API_OPTIONS, **params}, warn=warn)
    result = reload_confirm.flow(module)
    assert result["changed"] is False
    return {row["server"]: row["confirmed"] for row in result["servers"]}


def requests(servers: dict[str, Srs]) -> list[str]:
    return [request.rpartition("=")[2] for srs in servers.values() for request in srs.seen]


def test_all_servers_are_seen_to_reload(cluster: Cluster, servers: dict[str, Srs]) -> None:
    cluster.holds("new", changes=1)
    cluster.after = dict.fromkeys(NAMES, DONE)
    assert run() == dict.fromkeys(NAMES, True)
    assert cluster.notes_of("edge-0") == [f"{SUM[:12]} after 1 old 1", f"{SUM[:12]} taken 1"]
    assert "reload" not in requests(servers), "they do so by themselves"
    assert run() == {}


@pytest.mark.parametrize("changes", [0, 1])
def test_where_all_is_known_two_lists_are_all_that_it_costs(cluster: Cluster, servers: dict[str, Srs], changes: int) -> None:
    cluster.holds("new", changes)
    cluster.after = dict.fromkeys(NAMES, DONE)
    run()
    cluster.listed, cluster.notes = [], []
    for srs in servers.values():
        srs.seen = []
    several = [CLUSTER, {**CLUSTER, "name": "b", "app": "b", "config_map": "c"}]
    assert run(clusters=several) == {}
    assert cluster.listed == [
        ("Pod", "app in (b,srs-edge)"),
        ("ConfigMap", "app.kubernetes.io/managed-by=livestream.srs,app.kubernetes.io/component=edge"),
    ]
    assert cluster.notes == [] and requests(servers) == []


def test_without_clusters_or_pods_nothing_is_read(cluster: Cluster) -> None:
    assert run(clusters=[]) == {} and cluster.listed == []
    cluster.objects["Pod"] = []
    assert run() == {} and len(cluster.listed) == 1


def test_a_config_map_without_the_roles_labels_is_read_by_name(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.holds("new", changes=1)
    cluster.after = dict.fromkeys(NAMES, DONE)
    (config_map,) = cluster.objects.pop("ConfigMap")
    monkeypatch.setattr(cluster, "get", lambda _v, _k, name, _n: config_map if name == "c" else None, raising=False)
    elsewhere = {**CLUSTER, "name": "b", "app": "b", "config_map": "not there"}
    assert run(clusters=[CLUSTER, elsewhere]) == dict.fromkeys(NAMES, True)


def test_a_run_that_was_cut_short_is_taken_up_by_the_next(cluster: Cluster, servers: dict[str, Srs]) -> None:
    cluster.holds("new", changes=1)
    with pytest.raises(SrsError, match="3 of 3 servers have not taken"):
        run(timeout=5)
    servers["edge-1"].reload = {"data": DONE}  # it has reloaded meanwhile
    cluster.after = {"edge-0": DONE, "edge-2": DONE}
    assert run(timeout=5) == dict.fromkeys(NAMES, True)
    assert run() == {}


def test_what_was_reloaded_before_anybody_looked_is_reloaded_once_more(cluster: Cluster, servers: dict[str, Srs]) -> None:
    # The run that changed the ConfigMap was killed, or has lost its way to the servers.
    cluster.holds("new", changes=1)
    assert run() == dict.fromkeys(NAMES, True)
    nudged = [f"{SUM[:12]} after 1 old {count}" for count in range(1, reloads.NUDGES + 2)]
    assert cluster.notes_of("edge-0") == [*nudged, f"{SUM[:12]} taken 1"]
    assert requests(servers).count("reload") == 3


def test_however_short_each_run_it_comes_to_that(cluster: Cluster, servers: dict[str, Srs]) -> None:
    cluster.holds("new", changes=1)
    for _run in range(3):  # each tells the kubelets twice
        with pytest.raises(SrsError, match=r"has not reloaded key srs-aaa.conf of ConfigMap c within 12 s; run again, or replace its pod"):
            run(timeout=12)
        assert "reload" not in requests(servers)
    assert run(timeout=12) == dict.fromkeys(NAMES, True)
    assert run() == {}


def test_a_reload_that_may_be_an_earlier_change_s_proves_nothing(cluster: Cluster, servers: dict[str, Srs]) -> None:
    cluster.holds("new", changes=2)
    cluster.after = dict.fromkeys(NAMES, DONE)  # of the change before, as far as anybody knows
    for srs in servers.values():
        srs.reload["next"] = {**WRONG, "rid": "again"}
    with pytest.raises(SrsError, match="3 of 3 servers have not taken"):
        run()
    assert cluster.notes_of("edge-0")[0] == f"{SUM[:12]} due 2 1"
    assert cluster.notes_of("edge-0")[-1] == f"{SUM[:12]} after 2 new {reloads.NUDGES + 1}"


def test_without_allow_reload_that_is_said(cluster: Cluster, servers: dict[str, Srs]) -> None:
    cluster.holds("new", changes=1)
    for srs in servers.values():
        srs.reload["allowed"] = False
    with pytest.raises(SrsError, match=r"and could not be asked to, since its srs.conf does not allow it: .* allow_reload on; run again"):
        run()


def test_a_config_that_is_refused_fails_each_run_until_it_is_mended(cluster: Cluster, servers: dict[str, Srs]) -> None:
    cluster.holds("new", changes=1)
    cluster.after = {**dict.fromkeys(NAMES, DONE), "edge-1": WRONG}
    for expected in (3, 1, 1):
        with pytest.raises(
            SrsError, match=rf"1 of {expected} servers have not taken .*\n- edge-1: .*key srs-aaa.conf .*illegal directive bogus"
        ):
            run()
        cluster.after = {}
    # Back to what it runs: it reloads that, and all is well.
    cluster.holds("old", changes=2)
    cluster.after = dict.fromkeys(NAMES, AGAIN)
    assert run(timeout=5) == dict.fromkeys(NAMES, True)
    assert run() == {}


def test_the_same_where_nobody_has_seen_it_refused(cluster: Cluster, servers: dict[str, Srs]) -> None:
    cluster.holds("new", changes=1)
    for srs in servers.values():
        srs.reload = {"data": WRONG, "next": {**WRONG, "rid": "again"}}
    for _run in range(2):
        with pytest.raises(SrsError, match=r"3 of 3 servers .*\n- edge-0: .*illegal directive bogus"):
            run()


def test_a_silent_server_fails_each_run_too(cluster: Cluster, servers: dict[str, Srs]) -> None:
    cluster.holds("new", changes=1)
    cluster.after = dict.fromkeys(NAMES, DONE)
    servers["edge-2"].fault = "reset"
    for expected in (3, 1):
        with pytest.raises(SrsError) as raised:
            run()
        title, line = raised.value.message.splitlines()
        assert title == f"1 of {expected} servers have not taken their changed srs.conf:"
        assert line.startswith("- edge-2: it could not be seen to have taken it: ") and line.endswith(
            "let it be reached, or replace its pod"
        )
    servers["edge-2"].fault = ""
    servers["edge-2"].reload = {"data": DONE, "next": AGAIN}
    assert run() == {"edge-2": True}


def test_many_that_fail_are_not_all_named(cluster: Cluster, servers: dict[str, Srs]) -> None:
    cluster.holds("new", changes=1)
    (pod, *_others) = cluster.objects["Pod"]
    cluster.objects["Pod"] = [{**pod, "metadata": {**pod["metadata"], "name": f"edge-{number}"}} for number in range(13)]
    with pytest.raises(SrsError) as raised:
        run(timeout=0)
    assert len(raised.value.message.splitlines()) == 12 and raised.value.message.endswith("\n- and 3 more")
    assert len(raised.value.details["servers"]) == 13


@pytest.mark.parametrize(
    ("reload", "words"),
    [({}, "its raw_api is off"), ({"old": True}, "from 5.0.176 and 6.0.71 on"), ({"data": None}, "from 5.0.176 and 6.0.71 on")],
)
def test_a_server_that_can_not_tell_is_not_waited_for(
    cluster: Cluster, servers: dict[str, Srs], reload: dict[str, Any], words: str
) -> None:
    cluster.holds("new", changes=1)
    for name in NAMES:
        servers[name].reload = reload
    with pytest.raises(SrsError, match=words):
        run(timeout=math.inf)


def test_a_server_that_goes_is_not_waited_for(cluster: Cluster, servers: dict[str, Srs]) -> None:
    cluster.holds("new", changes=1)
    cluster.after = {"edge-0": DONE, "edge-1": DONE}
    real = cluster.patch

    def patch(*arguments: Any) -> None:
        real(*arguments)
        cluster.objects["Pod"] = [pod for pod in cluster.objects["Pod"] if pod["metadata"]["name"] != "edge-2"]

    cluster.patch = patch  # type: ignore[method-assign]
    assert run() == {"edge-0": True, "edge-1": True}


def test_check_mode_warns_and_changes_nothing(cluster: Cluster, servers: dict[str, Srs]) -> None:
    said: list[str] = []
    assert run(check_mode=True, warn=said.append) == dict.fromkeys(NAMES, False), "they will have to reload"
    assert said == []
    cluster.holds("new", changes=1)
    assert run(check_mode=True, warn=said.append) == dict.fromkeys(NAMES, False)
    assert said == ["Not yet seen to have taken what their srs.conf holds: edge-0, edge-1, edge-2. A run without check mode asks them."]
    assert cluster.notes == [] and requests(servers) == []


def test_a_held_cluster_is_held_to_what_it_has(cluster: Cluster) -> None:
    cluster.objects["ConfigMap"][0]["metadata"]["annotations"][HOLD] = "rolled back"
    assert run() == run(check_mode=True) == {}
