# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading many servers at once, from servers that behave well or badly."""

from __future__ import annotations

import asyncio
import base64
import gc
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._network import connection
from ansible_collections.livestream.srs.plugins.module_utils._network.address import Address
from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer
from ansible_collections.livestream.srs.plugins.module_utils._srs_api import http_api
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoint
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.http_api import Answer, Api, ask_all, read_all
from ansible_collections.livestream.srs.tests.support import srs_server
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork
from ansible_collections.livestream.srs.tests.support.srs_server import Running, Srs

LIMIT = 5.0
FIXTURES = Path(__file__).parents[3] / "fixtures" / "odd-clients"


def endpoint(name: str, srs: Srs, *headers: tuple[str, str]) -> Endpoint:
    return Endpoint(name, Address("127.0.0.1", srs.port), headers=headers)


def read(servers: dict[str, Srs], limit: float = LIMIT, **headers: str) -> dict[str, Answer]:
    with FakeNetwork(servers.values()):
        return asyncio.run(read_all([endpoint(name, srs, *headers.items()) for name, srs in servers.items()], limit))


def error_of(answer: Answer) -> NoAnswer:
    assert answer.error is not None
    return answer.error


@pytest.mark.parametrize("network", [FakeNetwork, Running])
def test_the_recorded_servers_are_read_as_they_are(network: Any) -> None:
    servers = {name: Srs.recorded(name) for name in ("origin-0", "edge-0", "edge-1", "edge-2")}
    with network(servers.values()):
        answers = asyncio.run(read_all([endpoint(name, srs) for name, srs in servers.items()], 60.0))
    assert {name: answer.error for name, answer in answers.items()} == dict.fromkeys(servers)
    for name, srs in servers.items():
        assert answers[name].replies["summaries"] == srs.replies["summaries"]["data"]
        for what in ("vhosts", "streams", "clients"):
            assert answers[name].replies[what] == srs.replies[what][what]
        assert (len(srs.seen), srs.connections) == (4, 1)


def test_all_pages_are_read() -> None:
    rows = [{"id": f"c{number}", "stream": "s"} for number in range(12_345)]
    crowded = Srs.recorded("edge-0")
    crowded.replies["clients"]["clients"] = rows
    assert read({"edge-0": crowded})["edge-0"].replies["clients"] == rows


def test_pages_are_asked_for_until_one_is_not_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_api, "PAGE", 20)
    rows = [{"id": f"c{number}"} for number in range(45)]
    crowded = Srs.recorded("edge-0")
    crowded.replies["clients"]["clients"] = rows
    assert read({"edge-0": crowded})["edge-0"].replies["clients"] == rows
    assert sum("clients" in target for target in crowded.seen) == 3


@pytest.mark.parametrize("least", [1, 10])
def test_servers_that_give_few_rows_unless_they_are_asked_for_more(least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """SRS 7.0.103 to 7.0.127 gives one row, the others ten; from 7.0.107 on it says the total beside them."""
    rows = [{"id": f"c{number}"} for number in range(45)]
    few = Srs.recorded("edge-0")
    for what in ("streams", "clients"):
        monkeypatch.setitem(srs_server.LISTS, what, least)
        few.replies[what] |= {what: rows, "total": len(rows)}
    answer = read({"edge-0": few})["edge-0"]
    assert answer.error is None
    assert (answer.replies["streams"], answer.replies["clients"]) == (rows, rows)


def test_a_list_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_api, "PAGE", 20)
    crowded = Srs.recorded("edge-0")
    crowded.replies["clients"]["clients"] = [{"id": number} for number in range(1000)]
    error = error_of(read({"edge-0": crowded})["edge-0"])
    assert (error.kind, error.message) == ("invalid_response", "/api/v1/clients/ has more than 10 pages of 20")


def test_a_list_that_does_not_page_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_api, "PAGE", 2)
    old = Srs.recorded("edge-0")
    old.replies["streams"]["streams"] = [{"id": "a"}, {"id": "b"}]
    old.answer = lambda *_args, real=old.answer: real("GET", _args[1].split("?")[0], {})  # type: ignore[method-assign]
    assert [row["id"] for row in read({"srs3": old})["srs3"].replies["streams"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("reset", "connection_reset", "reset the connection"),
        ("close", "connection_closed", "closed the connection before it answered"),
        ("half", "connection_closed", "closed before the response was complete"),
        ("half_json", "invalid_response", "did not answer with JSON"),
        ("html", "invalid_response", "did not answer with JSON but with '<html>"),
        ("nested", "invalid_response", 'did not answer with JSON but with \'{"a":'),
        ("empty", "invalid_response", "empty"),
        ("garbage", "invalid_response", "is not HTTP but begins with 'SSH-2.0"),
        ("code", "srs_error", "SRS error code 1061"),
        ("401", "unauthorized", "set api_username and api_password"),
        ("404", "not_found", "is http_api on?"),
        ("500", "http_error", "HTTP 500"),
        ("hang", "timeout", "no answer in time, while waiting for the response"),
        ("drip", "timeout", "no answer in time, while waiting for the response"),
        ("100", "timeout", "no answer in time, while waiting for the response"),
        ("100s", "invalid_response", "the head of the response has no end"),
        ("head", "invalid_response", "the head of the response has no end"),
        ("endless", "invalid_response", "the response is longer than 64 MiB"),
    ],
)
def test_a_faulty_server_is_named_with_the_reason_and_hides_no_other(fault: str, kind: str, words: str) -> None:
    with FakeNetwork([bad := Srs.recorded("edge-0", fault=fault), good := Srs.recorded("edge-1")]) as network:
        answers = asyncio.run(read_all([endpoint("bad", bad), endpoint("good", good)], LIMIT))
    error = error_of(answers["bad"])
    assert error.kind == kind
    assert words in error.message
    assert answers["bad"].replies == {}
    assert answers["good"].error is None
    assert network.now == pytest.approx(LIMIT if kind == "timeout" else 0, abs=0.1)


def test_a_real_connection_that_is_reset() -> None:
    with Running([srs := Srs.recorded("edge-0", fault="reset")]):
        answer = asyncio.run(read_all([endpoint("bad", srs)], 60.0))["bad"]
    assert error_of(answer).kind == "connection_reset"


def test_what_was_read_before_the_fault_is_kept() -> None:
    answer = read({"bad": Srs.recorded("edge-0", fault="html", fault_at="clients")})["bad"]
    assert error_of(answer).kind == "invalid_response"
    assert sorted(answer.replies) == ["streams", "summaries", "vhosts"]


def test_what_is_no_row_is_for_others_to_judge() -> None:
    answer = read({"bad": Srs.recorded("edge-0", fault="rows", fault_at="clients")})["bad"]
    assert (answer.error, answer.replies["clients"]) == (None, [17])


def test_rows_without_an_id_or_with_an_odd_one_are_all_kept() -> None:
    odd = Srs.recorded("edge-0")
    rows: list[Any] = [{"ip": "a"}, {"ip": "b"}, {"id": {}}, {"id": []}, 17, None]
    odd.replies["clients"]["clients"] = [*rows, {"id": "c", "ip": "1"}, {"id": "c", "ip": "2"}]
    assert read({"edge-0": odd})["edge-0"].replies["clients"] == [*rows, {"id": "c", "ip": "2"}]


def test_json_as_a_real_srs_writes_it_when_its_clients_are_odd() -> None:
    """It leaves control characters and bytes that are no UTF-8 as they came, which is no JSON."""
    clients = http_api.read_json((FIXTURES / "clients.bin").read_bytes())["clients"]
    assert {client["tcUrl"] for client in clients} > {"rtmp://[::::]/live"}
    names = {client["name"] for client in clients}
    assert names >= {"esc\x1b[31m", "bad\udcff\udcfe", 'q"u\\o', "rlo\u202egnp"}


def test_a_number_with_too_many_digits_is_no_json() -> None:
    assert http_api.read_json(b"[" + b"9" * 5000 + b"]") is None


@pytest.mark.parametrize(
    "srs", [Srs.recorded("edge-0", fault="chunked"), Srs.recorded("edge-0", keep_alive=False)], ids=["chunked", "no keep-alive"]
)
def test_other_ways_to_answer_http(srs: Srs) -> None:
    answer = read({"srs": srs})["srs"]
    assert answer.error is None
    assert answer.replies["clients"] == srs.replies["clients"]["clients"]


def test_a_path_that_srs_does_not_have_is_no_answer() -> None:
    without = Srs.recorded("edge-0")
    del without.replies["vhosts"]
    error = error_of(read({"srs": without})["srs"])
    assert error.kind == "invalid_response"
    assert "has no vhosts in its answer" in error.message


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_each_server_has_its_own_time(fault: str) -> None:
    servers = {f"bad-{n}": Srs.recorded("edge-0", fault=fault) for n in range(5)} | {
        f"good-{n}": Srs.recorded("edge-1", delay=1.0) for n in range(20)
    }
    with FakeNetwork(servers.values()) as network:
        answers = asyncio.run(read_all([endpoint(name, srs) for name, srs in servers.items()], LIMIT))
    assert network.now == pytest.approx(LIMIT)
    assert {name for name, answer in answers.items() if answer.error} == {f"bad-{n}" for n in range(5)}
    assert {answer.error.kind for answer in answers.values() if answer.error} == {"timeout"}


def by_api_server(pods: dict[str, Srs], *more: str) -> tuple[Srs, list[Endpoint]]:
    """The API server, and the endpoints by its pod proxy once it runs."""
    return Srs(pods=pods), [
        Endpoint(name, Address("127.0.0.1", 10_000), f"/api/v1/namespaces/video/pods/{name}:1985/proxy", proxied=True)
        for name in [*pods, *more]
    ]


def test_many_hanging_servers_leave_their_place_to_others() -> None:
    pods = {f"edge-{n}": Srs.recorded("edge-1", fault="hang" if n < 450 else "") for n in range(500)}
    api_server, endpoints = by_api_server(pods)
    with FakeNetwork([api_server]) as network:
        answers = asyncio.run(read_all(endpoints, LIMIT))
    assert sum(answer.error is None for answer in answers.values()) == 50
    # One after the other in groups of 64 they would take 35 s.
    assert network.now == pytest.approx(7 * 0.5 + LIMIT, abs=0.1)


def test_the_api_server_is_not_asked_for_more_than_64_servers_at_once() -> None:
    api_server, endpoints = by_api_server({f"edge-{n}": Srs.recorded("edge-1", delay=0.2) for n in range(200)})
    with FakeNetwork([api_server]) as network:
        answers = asyncio.run(read_all(endpoints, LIMIT))
    assert all(answer.error is None for answer in answers.values())
    assert (network.most_at_once, network.connections) == (64, 64)


def test_pods_are_read_through_the_api_server() -> None:
    pods = {f"edge-{n}": Srs.recorded("edge-1") for n in range(3)}
    pods["down"] = Srs(fault="unavailable")
    pods["locked"] = Srs.recorded("edge-0", auth="admin:secret")
    api_server, endpoints = by_api_server(pods, "missing")
    with FakeNetwork([api_server]):
        answers = asyncio.run(read_all(endpoints, LIMIT))
    assert sum(answer.error is None for answer in answers.values()) == 3
    errors = {name: (answer.error.kind, answer.error.message) for name, answer in answers.items() if answer.error}
    assert errors["down"][0] == "proxy_error" and "connection refused" in errors["down"][1]
    assert errors["missing"][0] == "proxy_error" and "pods 'missing' not found" in errors["missing"][1]
    assert errors["locked"][0] == "unauthorized" and "pod proxy does not pass on" in errors["locked"][1]


@pytest.mark.parametrize("closed_by", ["close", "reset"])
def test_a_kept_connection_that_was_closed_in_the_meantime_is_replaced_once(closed_by: str) -> None:
    srs = Srs.recorded("edge-0")

    async def dialogue(api: Api) -> None:
        await api.get("summaries")
        srs.fault = closed_by
        try:
            await api.get("vhosts")
        finally:
            srs.fault = ""

    with FakeNetwork([srs]):
        error = asyncio.run(ask_all([endpoint("srs", srs)], dialogue, LIMIT))["srs"]
    assert error.kind in ("connection_closed", "connection_reset")
    assert srs.connections == 2


def test_credentials_are_sent() -> None:
    basic = "Basic " + base64.b64encode(b"admin:secret").decode()
    assert read({"srs": Srs.recorded("edge-0", auth="admin:secret")}, Authorization=basic)["srs"].error is None
    error = error_of(read({"srs": Srs.recorded("edge-0", auth="admin:other")}, Authorization=basic)["srs"])
    assert error.message == "the SRS API does not accept the user name and password (HTTP 401)"


def test_a_busy_api_server_is_asked_again() -> None:
    busy = Srs.recorded("edge-0", fault="429", fault_at="summaries")
    with FakeNetwork([busy]) as network:
        error = error_of(asyncio.run(read_all([endpoint("edge-0", busy)], 2.5))["edge-0"])
    assert error.kind == "rate_limited"
    assert (len(busy.seen), network.now) == (3, 2.0)


def test_one_server_that_raises_does_not_hide_the_others() -> None:
    servers = {name: Srs.recorded(name) for name in ("edge-0", "edge-1", "edge-2")}

    async def dialogue(api: Api) -> str:
        await api.get("summaries")
        if api.endpoint.name == "edge-1":
            raise KeyError("surprise")
        if api.endpoint.name == "edge-2":
            raise NoAnswer("srs_error", "it can't")
        return "done"

    with FakeNetwork(servers.values()):
        results = asyncio.run(ask_all([endpoint(name, srs) for name, srs in servers.items()], dialogue, LIMIT))
    assert results["edge-0"] == "done"
    assert (results["edge-1"].kind, results["edge-1"].message) == ("invalid_response", "its answer can't be used (KeyError: 'surprise')")
    assert results["edge-2"].message == "it can't"


def test_a_dialogue_can_say_what_it_means_that_the_time_is_over() -> None:
    async def dialogue(api: Api) -> None:
        api.late = "it does not change"
        while True:
            await api.get("summaries")
            await asyncio.sleep(0.3)

    with FakeNetwork([srs := Srs.recorded("edge-0")]) as network:
        result = asyncio.run(ask_all([endpoint("edge-0", srs)], dialogue, LIMIT))["edge-0"]
    assert (result.kind, result.message, network.now) == ("timeout", "it does not change", pytest.approx(LIMIT))


def test_what_waits_to_be_taken_is_bounded() -> None:
    """A server that sends what nobody asked for, while nobody reads."""
    srs = Srs.recorded("edge-0", fault="endless", fault_at="raw")
    waiting: list[int] = []

    async def dialogue(api: Api) -> None:
        await api.get("summaries")
        assert api.session.connection is not None
        await api.session.connection.send(b"GET /api/v1/raw HTTP/1.1\r\n\r\n")
        await asyncio.sleep(4)
        waiting.append(len(api.session.connection._received))

    with FakeNetwork([srs]):
        asyncio.run(ask_all([endpoint("edge-0", srs)], dialogue, LIMIT))
    assert connection.MAX_WAITING <= waiting[0] <= connection.MAX_WAITING + (1 << 20)


def test_an_error_does_not_keep_its_connection_in_memory() -> None:
    """asyncio has 256 KiB for each one by TLS."""
    servers = [Srs.recorded("edge-0", fault=fault) for fault in ("hang", "reset", "close", "half", "html", "garbage", "401")]
    with FakeNetwork(servers):
        answers = asyncio.run(read_all([endpoint(srs.fault, srs) for srs in servers], LIMIT))
    gc.collect()
    assert [found for found in gc.get_objects() if found.__class__ is connection.Connection] == []
    assert all(answer.error for answer in answers.values())


PROGRAM = """
import asyncio, os, sys
from ansible_collections.livestream.srs.plugins.module_utils._network.address import Address
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoint
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.http_api import read_all

def read(limit, *ports):
    answers = asyncio.run(read_all([Endpoint(port, Address("127.0.0.1", int(port))) for port in ports], limit))
    print([answer.error and answer.error.kind for answer in answers.values()], flush=True)

hanging, *others = sys.argv[1:]
read(60.0, *others)
read(0.1, hanging)
if os.fork() == 0:
    read(60.0, *others)
    read(0.1, hanging)
else:
    assert os.wait()[1] == 0
"""


def test_it_runs_in_a_process_and_in_a_fork_of_it_without_a_warning() -> None:
    servers = [Srs.recorded("edge-0", fault="hang"), Srs.recorded("edge-1"), Srs.recorded("edge-2", fault="garbage")]
    with Running(servers):
        ran = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "error", "-c", PROGRAM, *(str(srs.port) for srs in servers)],
            cwd=Path(__file__).parents[5] / ".collections",
            env={"PYTHONASYNCIODEBUG": "0"},
            capture_output=True,
            text=True,
            check=True,
        )
    assert ran.stdout.splitlines() == ["[None, 'invalid_response']", "['timeout']"] * 2
    assert ran.stderr == ""
