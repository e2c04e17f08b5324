# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listing and kicking clients, and reloading, against servers behind the pod proxy of an API server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow import operations
from ansible_collections.livestream.srs.tests.support.fake_cluster import API_OPTIONS, IPS, FakeClient
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork
from ansible_collections.livestream.srs.tests.support.srs_server import Srs

DONE = {"err": 0, "msg": "Success", "state": 90, "rid": "new"}
WRONG = {"err": 1023, "msg": "illegal directive bogus", "state": 20, "rid": "new"}
FRESH = {"err": 0, "msg": "Success", "state": 0, "rid": "old"}


@pytest.fixture
def servers() -> dict[str, Srs]:
    return {name: Srs.recorded(name) for name in IPS}


@pytest.fixture(autouse=True)
def client(servers: dict[str, Srs], monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeClient]:
    with FakeNetwork([api_server := Srs(pods=servers)]):
        fake = FakeClient(api_server.port)
        monkeypatch.setattr(operations.Client, "from_module", lambda _module: fake)
        yield fake


def run(verb: Callable[..., dict[str, Any]], check_mode: bool = False, **params: Any) -> dict[str, Any]:
    usual = {"namespace": "video", "topology": "srs", "servers": [], "clusters": [], "ids": [], "ips": [], "url": None, "roles": []}
    return verb(SimpleNamespace(check_mode=check_mode, params={**usual, **API_OPTIONS, "near_capacity": 80, **params}))


def deleted(servers: dict[str, Srs]) -> list[str]:
    return [f"{name} {line}" for name, srs in servers.items() for line in srs.seen if line.startswith("DELETE")]


def test_all_clients_with_what_they_are() -> None:
    clients = run(operations.client_info)["clients"]
    roles = [(row["server"], row["role"], row["of_server"]) for row in clients if row["role"] != "player"]
    assert sorted(roles, key=str) == [
        ("edge-0", "publisher", None),
        ("origin-0", "forward", "edge-0"),
        ("origin-0", "pull", "edge-0"),
        ("origin-0", "pull", "edge-1"),
        ("origin-0", "pull", "edge-2"),
    ]
    assert sum(row["role"] == "player" for row in clients) == 9
    player = next(row for row in clients if row["id"] == "05mr6977")
    assert player == {
        "server": "edge-2", "cluster": "edge", "component": "edge", "id": "05mr6977", "role": "player", "of_server": None,
        "vhost": "__defaultVhost__", "url": "/live/livestream", "protocol": "flv", "type": "flv-play", "ip": "10.244.0.1",
        "seconds": 6.5, "kbps_in": None, "kbps_out": None, "recv_bytes": 97, "send_bytes": 119053,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"roles": ["player"]}, 9),
        ({"roles": ["player"], "servers": ["edge-2"]}, 6),
        ({"clusters": ["origin"]}, 4),
        ({"ids": ["05mr6977", "x1h50848"]}, 2),
        ({"ips": ["10.244.0.201"]}, 2),
        ({"url": "/live/livestream"}, 14),
        ({"url": "__defaultVhost__/live/livestream", "roles": ["publisher"]}, 1),
        ({"url": "/live/other"}, 0),
    ],
)
def test_some_clients(wanted: dict[str, Any], count: int) -> None:
    assert len(run(operations.client_info, **wanted)["clients"]) == count


def test_silent_servers_are_named(servers: dict[str, Srs]) -> None:
    servers["edge-1"].fault = "html"
    result = run(operations.client_info, roles=["player"])
    assert len(result["clients"]) == 7
    assert [row["server"] for row in result["unanswered"]] == ["edge-1"]


@pytest.mark.parametrize("wanted", [{"servers": ["edge-9"]}, {"clusters": ["cdn"]}])
def test_names_that_the_topology_does_not_have(wanted: dict[str, Any]) -> None:
    with pytest.raises(SrsError, match="but the topology has only"):
        run(operations.client_info, **wanted)


def test_kicking_a_publisher(servers: dict[str, Srs]) -> None:
    result = run(operations.client_kick, url="/live/livestream", roles=["publisher"])
    assert result["changed"] is True
    assert [(row["id"], row["gone"], row["error"]) for row in result["kicked"]] == [("x1h50848", True, None)]
    assert deleted(servers) == ["edge-0 DELETE /api/v1/clients/x1h50848"]


def test_an_id_is_no_more_than_an_id(servers: dict[str, Srs]) -> None:
    """Whoever makes it up: the API server takes calls of us that a server in a pod must not make."""
    servers["edge-1"].replies["clients"]["clients"][0]["id"] = "x HTTP/1.1\r\nHost: h\r\n\r\nDELETE /api/v1/namespaces/video"
    run(operations.client_kick, servers=["edge-1"])
    end = "%5Cx0d%5Cx0a"
    made_up = f"x%20HTTP%2F1.1{end}Host%3A%20h{end}{end}DELETE%20%2Fapi%2Fv1%2Fnamespaces%2Fvideo"
    assert deleted(servers)[0] == f"edge-1 DELETE /api/v1/clients/{made_up}"


def test_check_mode_kicks_nobody_and_tells_whom_it_would(servers: dict[str, Srs]) -> None:
    result = run(operations.client_kick, check_mode=True, clusters=["edge"], roles=["player", "publisher"])
    assert (result["changed"], len(result["kicked"])) == (True, 10)
    assert deleted(servers) == []


def test_nobody_to_kick_changes_nothing() -> None:
    assert run(operations.client_kick, url="/live/other") == {"changed": False, "kicked": [], "unanswered": []}


def test_kicking_everybody_has_to_be_said() -> None:
    with pytest.raises(SrsError, match="No clients to kick are named"):
        run(operations.client_kick, roles=["player"])


def test_who_has_left_meanwhile_is_gone(servers: dict[str, Srs]) -> None:
    edge = servers["edge-0"]
    edge.fault_at, edge.fault = "clients/x1h50848", "gone"
    result = run(operations.client_kick, ids=["x1h50848"])
    assert [(row["gone"], row["error"]) for row in result["kicked"]] == [(True, None)]


def test_who_stays_in_the_list_is_not_said_to_be_gone(servers: dict[str, Srs]) -> None:
    servers["edge-0"].sticky = True
    result = run(operations.client_kick, ids=["x1h50848"], api_timeout=1.5)
    assert [(row["gone"], row["error"]) for row in result["kicked"]] == [(False, None)]


def test_who_can_not_be_kicked_is_a_failure(servers: dict[str, Srs]) -> None:
    edge = servers["edge-1"]
    edge.replies["clients"]["clients"][0]["type"] = "hls-play"
    edge.fault_at, edge.fault = f"clients/{edge.replies['clients']['clients'][0]['id']}", "code"
    with pytest.raises(SrsError, match=r"1 of 2 clients were not kicked; 1404843n at edge-1: SRS can't kick an HLS session") as error:
        run(operations.client_kick, servers=["edge-1"])
    assert error.value.details["changed"] is True


def test_reload_is_confirmed(servers: dict[str, Srs]) -> None:
    for name in ("edge-0", "edge-1", "edge-2"):
        servers[name].reload = {"data": FRESH, "next": DONE}
    result = run(operations.reload, clusters=["edge"])
    assert result["changed"] is True
    assert {row["server"]: (row["reloaded"], row["confirmed"], row["error"]) for row in result["servers"]} == dict.fromkeys(
        ("edge-0", "edge-1", "edge-2"), (True, True, None)
    )
    assert servers["origin-0"].seen == []


def test_a_wrong_config_is_told(servers: dict[str, Srs]) -> None:
    servers["edge-0"].reload = {"data": FRESH, "next": WRONG}
    servers["edge-1"].reload = {"data": FRESH, "next": DONE}
    with pytest.raises(SrsError, match=r"1 of 2 servers have not taken their config; edge-0: .*illegal directive bogus") as error:
        run(operations.reload, servers=["edge-0", "edge-1"])
    assert error.value.details["changed"] is True


def test_a_reload_that_never_ends_is_told(servers: dict[str, Srs]) -> None:
    servers["edge-0"].reload = {"data": FRESH, "next": FRESH}
    with pytest.raises(SrsError, match="did not confirm the reload in time"):
        run(operations.reload, servers=["edge-0"], api_timeout=0.6)


def test_where_reload_is_not_allowed(servers: dict[str, Srs]) -> None:
    with pytest.raises(SrsError, match="raw_api with enabled on and allow_reload on"):
        run(operations.reload, servers=["edge-0"])


def test_an_old_server_reloads_and_does_not_tell(servers: dict[str, Srs]) -> None:
    servers["edge-0"].reload = {"old": True}
    (row,) = run(operations.reload, servers=["edge-0"])["servers"]
    assert (row["reloaded"], row["confirmed"], row["error"]) == (True, None, None)


@pytest.mark.parametrize(
    ("field", "value"), [("rid", "a b"), ("rid", {}), ("rid", "x" * 65), ("rid", "\x1b"), ("state", "90"), ("err", []), ("msg", [])]
)
def test_who_tells_of_reloads_as_srs_does_not_is_named(servers: dict[str, Srs], field: str, value: Any) -> None:
    servers["edge-0"].reload = {"data": {**FRESH, field: value}}
    with pytest.raises(SrsError, match=f"edge-0: it tells of its last reload as SRS does not .{field} is "):
        run(operations.reload, servers=["edge-0"])


def test_a_client_without_an_id_can_not_be_kicked(servers: dict[str, Srs]) -> None:
    servers["edge-1"].replies["clients"]["clients"][0]["id"] = {}
    with pytest.raises(SrsError, match="1 of 2 clients were not kicked; None at edge-1: the server does not tell its id") as caught:
        run(operations.client_kick, servers=["edge-1"])
    assert [row["gone"] for row in caught.value.details["kicked"]] == [False, True]
    assert len(deleted(servers)) == 1


def test_check_mode_reloads_nothing(servers: dict[str, Srs]) -> None:
    result = run(operations.reload, check_mode=True)
    assert (result["changed"], len(result["servers"])) == (True, 4)
    assert [srs.seen for srs in servers.values()] == [[], [], [], []]
