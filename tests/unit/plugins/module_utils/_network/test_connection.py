# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections: TLS, proxies, and what a server may send. How they end is tested with those who use them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ansible_collections.livestream.srs.plugins.module_utils._network.address import Address, Proxy
from ansible_collections.livestream.srs.plugins.module_utils._network.at_once import Progress
from ansible_collections.livestream.srs.plugins.module_utils._network.connection import Connection
from ansible_collections.livestream.srs.plugins.module_utils._network.resolver import Resolver
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoint
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.http_api import Answer, read_all
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork, Scripted
from ansible_collections.livestream.srs.tests.support.media_server import Step, serving
from ansible_collections.livestream.srs.tests.support.srs_server import Running, Srs

BODY = b'{"code":0,"data":{}}'
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def read(address: Address) -> Answer:
    return asyncio.run(read_all([Endpoint("srs", address)], 60.0, ("summaries",)))["srs"]


def kind_of(answer: Answer) -> str | None:
    return answer.error and answer.error.kind


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


def client_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certificate)
    return context


def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize(
    ("trusted", "name", "kind"), [(True, "srs.test", None), (False, "srs.test", "tls_error"), (True, "other.test", "tls_error")]
)
def test_tls(certificate: Path, trusted: bool, name: str, kind: str | None) -> None:
    ours = client_tls(certificate) if trusted else ssl.create_default_context()
    with Running([srs := Srs.recorded("edge-2", delay=0.01)], server_tls(certificate)):
        answer = read(Address("127.0.0.1", srs.port, ours, name))
    assert kind_of(answer) == kind
    assert bool(answer.replies) == (kind is None)


def test_what_does_not_speak_tls_is_named() -> None:
    def script(_hello: str) -> Iterator[Step]:
        yield RESPONSE

    with serving(script) as port:
        answer = read(Address("127.0.0.1", port, ssl.create_default_context()))
    assert kind_of(answer) == "tls_error"


def proxy(asked: list[str], answer: bytes) -> Callable[[str], Iterator[Step]]:
    def script(request: str) -> Iterator[Step]:
        asked.append(request)
        yield answer
        yield lambda heard: asked.append(heard.decode()) or RESPONSE  # type: ignore[func-returns-value]

    return script


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (CONNECTED, None),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + CONNECTED, None),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "proxy_error"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "invalid_response"),
    ],
)
def test_a_proxy_is_asked_to_connect(answer: bytes, kind: str | None) -> None:
    asked: list[str] = []
    with FakeNetwork() as network:
        port = network.listen(lambda: Scripted(proxy(asked, answer)))
        found = read(Address("srs.test", 1985, proxy=Proxy("127.0.0.1", port, (("Proxy-Authorization", "Basic eA=="),))))
    assert asked[0] == "CONNECT srs.test:1985 HTTP/1.1"
    assert kind_of(found) == kind
    if not kind:
        connect, request, _end = asked[1].split("\r\n\r\n")
        assert {"Host: srs.test:1985", "Proxy-Authorization: Basic eA=="} <= set(connect.splitlines())
        assert request.startswith("GET /api/v1/summaries HTTP/1.1")


def test_tls_through_a_proxy(certificate: Path) -> None:
    """To the server behind it, by a proxy that passes on what it gets."""

    async def through(port: int) -> Answer:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(CONNECTED)
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.wait([asyncio.create_task(pass_on(reader, far_writer)), asyncio.create_task(pass_on(far_reader, writer))])

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(65536):
                writer.write(data)
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            at = Proxy("127.0.0.1", server.sockets[0].getsockname()[1])
            address = Address("srs.test", port, client_tls(certificate), proxy=at)
            return (await read_all([Endpoint("srs", address)], 60.0, ("summaries",)))["srs"]

    with Running([srs := Srs.recorded("edge-2")], server_tls(certificate)):
        answer = asyncio.run(through(srs.port))
    assert kind_of(answer) is None
    assert answer.replies["summaries"] == srs.replies["summaries"]["data"]


def test_what_a_proxy_adds_is_not_taken_for_what_came_by_tls() -> None:
    with FakeNetwork() as network:
        port = network.listen(lambda: Scripted(lambda _request: [CONNECTED + RESPONSE, 60.0]))
        answer = read(Address("srs.test", 443, ssl.create_default_context(), proxy=Proxy("127.0.0.1", port)))
    assert answer.error is not None
    assert (answer.error.kind, answer.replies) == ("tls_error", {})
    assert answer.error.message == "no TLS connection to srs.test:443: it sent something before the handshake"


class Slow(asyncio.Transport):
    """A transport whose peer takes nothing more until it is told to."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection = connection
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)
        self.connection.pause_writing()

    def abort(self) -> None:
        pass


@pytest.mark.parametrize("goes_on", [True, False], ids=["goes on", "ends"])
def test_what_is_sent_waits_for_a_slow_peer(goes_on: bool) -> None:
    async def send() -> None:
        connection = Connection(Address("srs", 1985), Resolver(), Progress())
        transport = Slow(connection)
        connection.connection_made(transport)
        sending = asyncio.create_task(connection.send(b"a"))
        for _turn in range(5):
            await asyncio.sleep(0)
        assert transport.written == b"a" and not sending.done()
        if goes_on:
            connection.resume_writing()
        else:
            connection.close()
        await sending
        assert connection.is_open is goes_on

    asyncio.run(send())


def test_nothing_listens() -> None:
    error = read(Address("127.0.0.1", 1)).error
    assert error is not None
    assert (error.kind, error.message) == ("connection_refused", "127.0.0.1:1 refused the connection: nothing listens there")


def test_a_server_that_is_never_connected_to() -> None:
    with FakeNetwork() as network:
        error = read(Address("127.0.0.1", port := network.listen(None))).error
    assert error is not None
    assert (error.kind, error.message) == ("timeout", f"no answer in time, while connecting to 127.0.0.1:{port}")
    assert network.now == 60.0


def test_an_address_that_fails_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_more: [(10, 1, 6, "", ("::1", 0, 0, 0)), (2, 1, 6, "", ("127.0.0.1", 0))])
    with Running([srs := Srs.recorded("edge-2")]):
        assert kind_of(read(Address("srs.test", srs.port))) is None
