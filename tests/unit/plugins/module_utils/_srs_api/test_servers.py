# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading many servers at once, from servers on loopback that behave well or badly."""

from __future__ import annotations

import base64
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ansible_collections.livestream.srs.plugins.module_utils._srs_api import servers as client
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.loop import Address
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.servers import Answer, Server
from ansible_collections.livestream.srs.tests.support.media_server import serving
from ansible_collections.livestream.srs.tests.support.srs_server import Running, Srs

LIMIT = 5.0


def read(servers: dict[str, Srs], limit: float = LIMIT, **headers: str) -> dict[str, Answer]:
    with Running(servers.values()):
        return client.read(
            [Server(name, Address("127.0.0.1", srs.port), headers=tuple(headers.items())) for name, srs in servers.items()], limit
        )


def test_the_recorded_servers_are_read_as_they_are() -> None:
    servers = {name: Srs.recorded(name) for name in ("origin-0", "edge-0", "edge-1", "edge-2")}
    answers = read(servers)
    assert {name: answer.error for name, answer in answers.items()} == dict.fromkeys(servers)
    for name, srs in servers.items():
        assert answers[name].replies["summaries"] == srs.replies["summaries"]["data"]
        for what in ("vhosts", "streams", "clients"):
            assert answers[name].replies[what] == srs.replies[what][what]
        assert len(srs.seen) == 4


def test_all_pages_are_read() -> None:
    rows = [{"id": f"c{number}", "stream": "s"} for number in range(12_345)]
    crowded = Srs.recorded("edge-0")
    crowded.replies["clients"]["clients"] = rows
    assert read({"edge-0": crowded})["edge-0"].replies["clients"] == rows


def test_pages_are_asked_for_until_one_is_not_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE", 20)
    rows = [{"id": f"c{number}"} for number in range(45)]
    crowded = Srs.recorded("edge-0")
    crowded.replies["clients"]["clients"] = rows
    assert read({"edge-0": crowded})["edge-0"].replies["clients"] == rows
    assert sum("clients" in target for target in crowded.seen) == 3


def test_a_list_that_does_not_page_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE", 2)
    old = Srs.recorded("edge-0")
    old.replies["streams"]["streams"] = [{"id": "a"}, {"id": "b"}]
    old.answer = lambda *_args, real=old.answer: real("GET", _args[1].split("?")[0], {})  # type: ignore[method-assign]
    assert [row["id"] for row in read({"srs3": old})["srs3"].replies["streams"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("reset", "reset", "reset the connection"),
        ("close", "closed", "closed the connection before it answered"),
        ("half", "closed", "ended half-way"),
        ("half_json", "nonsense", "did not answer with JSON"),
        ("html", "nonsense", "did not answer with JSON but with '<html>"),
        ("empty", "nonsense", "empty"),
        ("garbage", "nonsense", "is not HTTP but begins with 'SSH-2.0"),
        ("code", "code", "SRS error code 1061"),
        ("401", "unauthorized", "set api_username and api_password"),
        ("404", "not_found", "is http_api on?"),
        ("500", "status", "HTTP 500"),
    ],
)
def test_a_faulty_server_is_named_with_the_reason_and_hides_no_other(fault: str, kind: str, words: str) -> None:
    answers = read({"bad": Srs.recorded("edge-0", fault=fault), "good": Srs.recorded("edge-1")})
    error = answers["bad"].error
    assert error is not None
    assert error.kind == kind
    assert words in error.message
    assert answers["bad"].replies == {}
    assert answers["good"].error is None


def test_what_was_read_before_the_fault_is_kept() -> None:
    answer = read({"bad": Srs.recorded("edge-0", fault="html", fault_at="clients")})["bad"]
    assert answer.error is not None
    assert sorted(answer.replies) == ["streams", "summaries", "vhosts"]


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
    error = read({"srs": without})["srs"].error
    assert error is not None
    assert error.kind == "nonsense"
    assert "has no vhosts in its answer" in error.message


def test_nothing_listens() -> None:
    error = client.read([Server("gone", Address("127.0.0.1", 1))], LIMIT)["gone"].error
    assert error is not None
    assert (error.kind, error.message) == ("refused", "127.0.0.1:1 refused the connection: nothing listens there")


def test_a_name_that_is_not_known() -> None:
    error = client.read([Server("lost", Address("no-such-host.invalid", 1985))], LIMIT)["lost"].error
    assert error is not None
    assert error.kind == "dns"


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_each_server_has_its_own_time(fault: str) -> None:
    servers = {f"bad-{n}": Srs.recorded("edge-0", fault=fault) for n in range(5)} | {
        f"good-{n}": Srs.recorded("edge-1", delay=0.01) for n in range(20)
    }
    started = time.monotonic()
    answers = read(servers, limit=0.5)
    assert 0.5 <= time.monotonic() - started < 3
    assert {name for name, answer in answers.items() if answer.error} == {f"bad-{n}" for n in range(5)}
    assert {answer.error.kind for answer in answers.values() if answer.error} == {"timeout"}


def test_hanging_servers_leave_their_place_to_others() -> None:
    servers = {f"bad-{n}": Srs.recorded("edge-0", fault="hang") for n in range(20)} | {
        f"good-{n}": Srs.recorded("edge-1") for n in range(20)
    }
    with Running(servers.values()):
        targets = [Server(name, Address("127.0.0.1", srs.port)) for name, srs in servers.items()]
        started = time.monotonic()
        answers = client.read(targets, 2.0, parallel=4)
    # In fours, one after the other, the bad ones alone would take 5 x 2 s.
    assert time.monotonic() - started < 8
    assert sum(answer.error is None for answer in answers.values()) == 20


def test_credentials_are_sent() -> None:
    basic = "Basic " + base64.b64encode(b"admin:secret").decode()
    assert read({"srs": Srs.recorded("edge-0", auth="admin:secret")}, Authorization=basic)["srs"].error is None
    error = read({"srs": Srs.recorded("edge-0", auth="admin:other")}, Authorization=basic)["srs"].error
    assert error is not None
    assert error.message == "the SRS API does not accept the user name and password (HTTP 401)"


def test_pods_are_read_through_the_api_server_over_few_connections() -> None:
    pods = {f"edge-{n}": Srs.recorded("edge-1") for n in range(50)}
    pods["down"] = Srs(fault="unavailable")
    pods["locked"] = Srs.recorded("edge-0", auth="admin:secret")
    with Running([api_server := Srs(pods=pods)]) as running:
        address = Address("127.0.0.1", api_server.port)
        servers = [Server(name, address, f"/api/v1/namespaces/video/pods/{name}:1985/proxy", proxied=True) for name in [*pods, "missing"]]
        answers = client.read(servers, LIMIT, parallel=8)
    assert sum(answer.error is None for answer in answers.values()) == 50
    assert running.connections <= 8
    errors = {name: answer.error.message for name, answer in answers.items() if answer.error}
    assert "connection refused" in errors["down"]
    assert "pods 'missing' not found" in errors["missing"]
    assert "pod proxy does not pass on" in errors["locked"]


def test_ports_are_forwarded_with_credentials() -> None:
    pods = {"edge-2": Srs.recorded("edge-2", auth="admin:secret"), "down": Srs(fault="unavailable"), "hangs": Srs(fault="hang")}
    basic = (("Authorization", "Basic " + base64.b64encode(b"admin:secret").decode()),)
    with Running([api_server := Srs(pods=pods)]):
        address = Address("127.0.0.1", api_server.port)
        forward = "/api/v1/namespaces/video/pods/{}/portforward?ports=1985"
        servers = [
            Server(name, address, "", headers, forward=(forward.format(name), ()))
            for name, headers in (("edge-2", basic), ("down", ()), ("hangs", ()), ("missing", ()))
        ]
        answers = client.read(servers, 1.0)
    assert answers["edge-2"].error is None
    assert answers["edge-2"].replies["clients"] == pods["edge-2"].replies["clients"]["clients"]
    errors = {name: (answer.error.kind, answer.error.message) for name, answer in answers.items() if answer.error}
    assert errors["down"][1] == "the Kubernetes API server can't forward the port: dial tcp4 127.0.0.1:1985: connect: connection refused"
    assert errors["hangs"][0] == "timeout"
    assert errors["missing"][1] == "the Kubernetes API server does not forward the port: pods 'missing' not found (HTTP 404)"


def test_a_busy_api_server_is_asked_again() -> None:
    busy = Srs.recorded("edge-0", fault="429", fault_at="summaries")
    answer = read({"edge-0": busy}, limit=2.5)["edge-0"]
    assert answer.error is not None
    assert answer.error.kind == "busy"
    assert len(busy.seen) == 3


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate that it signed itself, for srs.test."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "srs.test")])
    start = datetime.now(UTC) - timedelta(days=1)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), start, start + timedelta(days=2))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("srs.test")]), critical=False)
    path = tmp_path_factory.mktemp("tls") / "srs.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.sign(key, SHA256()).public_bytes(Encoding.PEM))
    return path


@pytest.mark.parametrize(("trusted", "name", "kind"), [(True, "srs.test", None), (False, "srs.test", "tls"), (True, "other.test", "tls")])
def test_https(certificate: Path, trusted: bool, name: str, kind: str | None) -> None:
    ours, theirs = ssl.create_default_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(certificate)
    if trusted:
        ours.load_verify_locations(certificate)
    srs = Srs.recorded("edge-2", delay=0.01)
    with Running([srs], theirs):
        answer = client.read([Server("srs", Address("127.0.0.1", srs.port, ours, name))], LIMIT)["srs"]
    assert (answer.error.kind if answer.error else None) == kind
    assert bool(answer.replies) == (kind is None)


def test_what_speaks_no_tls_is_named(certificate: Path) -> None:
    srs = Srs.recorded("edge-2")
    with Running([srs]):
        answer = client.read([Server("srs", Address("127.0.0.1", srs.port, ssl.create_default_context()))], 1.0)["srs"]
    assert answer.error is not None
    assert answer.error.kind in ("tls", "timeout")


@pytest.mark.parametrize(
    ("answer", "kind"), [(b"HTTP/1.1 200 Connection established\r\n\r\n", None), (b"HTTP/1.1 403 Forbidden\r\n\r\n", "proxy")]
)
def test_a_proxy_is_asked_to_connect(answer: bytes, kind: str | None) -> None:
    asked: list[str] = []

    def script(request: str) -> Iterator[bytes | Callable[[bytes], bytes]]:
        asked.append(request)
        yield answer
        body = b'{"code":0,"data":{}}'
        yield lambda _heard: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    with serving(script) as port:
        address = Address("srs.test", 1985, proxy=("127.0.0.1", port, (("Proxy-Authorization", "Basic eA=="),)))
        found = client.read([Server("srs", address)], LIMIT, ("summaries",))["srs"]
    assert asked == ["CONNECT srs.test:1985 HTTP/1.1"]
    assert (found.error.kind if found.error else None) == kind
