# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for reloads, against servers behind the pod proxy of an API server."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow import reload_confirm
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._labels import RELOAD
from ansible_collections.livestream.srs.tests.support.clock import Clock
from ansible_collections.livestream.srs.tests.support.fake_cluster import API_OPTIONS, FakeClient
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork
from ansible_collections.livestream.srs.tests.support.srs_server import Srs

NAMES = ("edge-0", "edge-1", "edge-2")
CLUSTER = {"name": "edge", "app": "srs-edge", "config_map": "c", "key": "srs-aaa.conf", "checksum": "0123456789abcdef", "api_port": None}
DONE = {"err": 0, "msg": "Success", "state": 90, "rid": "new"}
WRONG = {"err": 1023, "msg": "illegal directive bogus", "state": 20, "rid": "new"}
OLD = {"err": 0, "msg": "Success", "state": 90, "rid": "old"}


class Cluster(FakeClient):
    """Pods whose servers reload when the pods are noted to, as the kubelet and SRS do together."""

    def __init__(self, port: int, servers: dict[str, Srs]) -> None:
        super().__init__(port)
        self.servers = servers
        self.after: dict[str, dict[str, Any]] = {}
        self.notes: list[tuple[str, str]] = []
        volume = {"name": "config-volume", "configMap": {"name": "c", "items": [{"key": "srs-aaa.conf", "path": "srs.conf"}]}}
        self.objects = {
            "Pod": [
                {
                    "metadata": {"name": name, "labels": {"app": "srs-edge"}, "creationTimestamp": "2026-01-01T00:00:00Z"},
                    "spec": {"volumes": [volume]},
                    "status": {"phase": "Running", "podIP": "10.0.0.1"},
                }
                for name in servers
            ]
        }

    def get(self, *_place: Any) -> dict[str, Any]:
        return {"metadata": {"managedFields": [{"time": "2026-01-02T00:00:00Z"}, {"manager": "somebody"}]}}

    def each(self, function: Any, items: Any) -> list[Any]:
        return [function(item) for item in items]

    def patch(self, _version: str, _kind: str, name: str, _namespace: str, patch: dict[str, Any]) -> None:
        note = patch["metadata"]["annotations"][RELOAD]
        self.notes.append((name, note))
        pod = next((pod for pod in self.objects["Pod"] if pod["metadata"]["name"] == name), None)
        if pod is None:
            raise ApiError(f"patch Pod {name}", 404, {}, "the test")
        pod["metadata"]["annotations"] = {RELOAD: note}
        if " after " in note and name in self.after:
            self.servers[name].reload = {"data": self.after[name]}


@pytest.fixture
def servers() -> dict[str, Srs]:
    return {name: Srs.recorded(name, reload={"data": OLD}) for name in NAMES}


@pytest.fixture(autouse=True)
def cluster(servers: dict[str, Srs], monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    Clock().of(reload_confirm, monkeypatch)
    with FakeNetwork([api_server := Srs(pods=servers)]):
        fake = Cluster(api_server.port, servers)
        monkeypatch.setattr(reload_confirm.Client, "from_module", lambda _module: fake)
        yield fake


def run(changed: bool = True, check_mode: bool = False, timeout: float = 60, **cluster: Any) -> dict[str, bool]:
    """The servers that had to reload, and whether they have."""
    params = {"namespace": "n", "clusters": [CLUSTER | cluster], "changed_config_maps": ["c"] if changed else [], "wait_timeout": timeout}
    result = reload_confirm.flow(SimpleNamespace(check_mode=check_mode, params={**API_OPTIONS, **params}))  # type: ignore[arg-type]
    assert result["changed"] is False
    return {row["server"]: row["confirmed"] for row in result["servers"]}


def test_all_servers_are_seen_to_reload(cluster: Cluster) -> None:
    cluster.after = dict.fromkeys(NAMES, DONE)
    assert run() == dict.fromkeys(NAMES, True)
    assert [note for name, note in cluster.notes if name == "edge-0"] == ["0123456789ab after old", "0123456789ab taken"]


def test_without_a_change_only_the_pods_are_listed(cluster: Cluster, servers: dict[str, Srs]) -> None:
    assert run(changed=False) == {}
    assert len(cluster.listed) == 1 and cluster.notes == []
    assert not any(srs.seen for srs in servers.values())


def test_a_run_that_was_cut_short_is_taken_up_by_the_next(cluster: Cluster, servers: dict[str, Srs]) -> None:
    with pytest.raises(SrsError, match="3 of 3 servers have not taken"):
        run()
    servers["edge-1"].reload = {"data": DONE}  # it has reloaded meanwhile
    cluster.after = {"edge-0": DONE, "edge-2": DONE}
    assert run(changed=False) == dict.fromkeys(NAMES, True)
    assert run(changed=False) == {}


def test_the_kubelet_is_asked_again(cluster: Cluster) -> None:
    with pytest.raises(SrsError):
        run(timeout=3 * reload_confirm.NUDGE_AGAIN)
    notes = [note for name, note in cluster.notes if name == "edge-0"]
    assert len(notes) == len(set(notes)) == 4


def test_a_refused_config_and_a_silent_server_are_named(cluster: Cluster, servers: dict[str, Srs]) -> None:
    cluster.after = {"edge-0": DONE, "edge-1": WRONG, "edge-2": DONE}
    servers["edge-2"].fault = "reset"
    with pytest.raises(SrsError) as raised:
        run()
    title, *lines = raised.value.message.splitlines()
    assert title == "2 of 3 servers have not taken their changed srs.conf:"
    assert "edge-1: SRS keeps its old config, since it finds the new one wrong: illegal directive bogus" in lines[0]
    assert lines[1].startswith("- edge-2: ")
    assert {row["server"]: row["confirmed"] for row in raised.value.details["servers"]} == {
        "edge-0": True,
        "edge-1": False,
        "edge-2": False,
    }


@pytest.mark.parametrize(
    ("reload", "words"),
    [({}, "its raw_api is off"), ({"old": True}, "from 5.0.176 and 6.0.71 on"), ({"data": None}, "from 5.0.176 and 6.0.71 on")],
)
def test_a_server_that_can_not_tell_is_not_waited_for(servers: dict[str, Srs], reload: dict[str, Any], words: str) -> None:
    for name in NAMES:
        servers[name].reload = reload
    with pytest.raises(SrsError, match=words):
        run(timeout=math.inf)


def test_a_server_that_goes_is_not_waited_for(cluster: Cluster, servers: dict[str, Srs]) -> None:
    cluster.after = {"edge-0": DONE, "edge-1": DONE}
    real = cluster.patch

    def patch(*arguments: Any) -> None:
        real(*arguments)
        cluster.objects["Pod"] = [pod for pod in cluster.objects["Pod"] if pod["metadata"]["name"] != "edge-2"]

    cluster.patch = patch  # type: ignore[method-assign]
    assert run() == {"edge-0": True, "edge-1": True}


def test_check_mode_tells_which_and_notes_nothing(cluster: Cluster) -> None:
    assert run(check_mode=True) == dict.fromkeys(NAMES, False)
    assert cluster.notes == []
