# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy on loopback between playbooks and an API server, which answers some requests as overloaded, broken and hostile networks do.

It speaks TLS with a certificate of its own, and to the API server with the credentials of a kubeconfig. A plan says of each request
what is to become of it; the faults to choose from are in ``FAULTS`` and ``WATCH_FAULTS``.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import struct
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import kubeconfig
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.pool import tls_context
from ansible_collections.livestream.srs.tests.support.served import Served

# Seconds until a client that hears nothing is let go.
HANG = 120.0
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Request:
    """What a plan decides by: it says nothing of the time, so that the same run meets the same faults."""

    number: int  # of all that came, from 0
    attempt: int  # of those of this method and target, from 0
    method: str
    path: str
    query: dict[str, str]

    @property
    def watches(self) -> bool:
        return self.query.get("watch") == "true"

    @property
    def writes(self) -> bool:
        """Whether it is to change something."""
        return self.method != "GET" and self.query.get("dryRun") != "All"

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (" (dry run)" if "dryRun" in self.query else "")


class Fault(NamedTuple):
    """What becomes of a request, in place of its answer."""

    name: str
    act: Callable[[Exchange], None]


Plan = Callable[[Request], Fault | None]


def undisturbed(_request: Request) -> Fault | None:
    """The plan that lets all requests pass."""
    return None


class FaultProxy(Served):
    """Serves until the end of the ``with`` block; ``kubeconfig`` is the file that leads to it."""

    def __init__(self, upstream: str, folder: Path) -> None:
        """``upstream`` is the kubeconfig of the API server, ``folder`` is where files may be written."""
        self.plan: Plan = undisturbed
        self.injected: Counter[str] = Counter()
        self.log: list[Request] = []
        self.under_way = 0  # requests that are being answered, watches left out
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        connection = kubeconfig.load({"kubeconfig": upstream})
        address = urlsplit(connection.host)
        self.host, self.port = address.hostname or "", address.port or 443
        self.authorization = connection.authorization
        self.tls = tls_context(connection)
        self._server = _Server(self)
        certificate = _certificate(folder)
        self._server.tls.load_cert_chain(certificate)
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(json.dumps(_kubeconfig(f"https://127.0.0.1:{self._server.server_port}", certificate)))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def follow(self, plan: Plan) -> None:
        """Go by another plan, and count and number anew."""
        with self._lock:
            self.plan, self.injected, self.log, self._attempts = plan, Counter(), [], Counter()

    def count(self, more: int) -> None:
        with self._lock:
            self.under_way += more

    def settle(self, seconds: float = 30) -> None:
        """Wait until what a client has left behind is carried out."""
        deadline = time.monotonic() + seconds
        while self.under_way and time.monotonic() < deadline:
            time.sleep(0.02)

    def decide(self, method: str, target: str) -> tuple[Request, Fault | None]:
        parts = urlsplit(target)
        with self._lock:
            request = Request(len(self.log), self._attempts[method, target], method, parts.path, dict(parse_qsl(parts.query)))
            self.log.append(request)
            self._attempts[method, target] += 1
            fault = self.plan(request)
            if fault:
                self.injected[fault.name] += 1
        return request, fault


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, proxy: FaultProxy) -> None:
        super().__init__(("127.0.0.1", 0), type("Handler", (Exchange,), {"proxy": proxy}))
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def get_request(self) -> tuple[socket.socket, Any]:
        plain, address = super().get_request()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The handshake is the handler's, in a thread of its own.
        return self.tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is what this is about."""


class Exchange(BaseHTTPRequestHandler):
    """One connection of a client; faults act on it."""

    proxy: FaultProxy
    protocol_version = "HTTP/1.1"
    timeout = HANG

    def setup(self) -> None:
        super().setup()
        self.upstream: http.client.HTTPSConnection | None = None

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        if self.upstream:
            self.upstream.close()

    def do_GET(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked, fault = self.proxy.decide(self.command, self.path)
        self.proxy.count(not self.asked.watches)
        try:
            if fault:
                fault.act(self)
            else:
                self.pass_on()
        finally:
            self.proxy.count(-(not self.asked.watches))

    do_PATCH = do_DELETE = do_POST = do_PUT = do_GET

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - so it is named in the standard library
        pass

    # What faults are made of

    def pass_on(self) -> None:
        """Ask the API server and answer as it does."""
        if self.asked.watches:
            self.pass_on_watch()
        else:
            self.answer(*self.forward())

    def forward(self) -> tuple[int, dict[str, str], bytes]:
        """Have the API server carry the request out: its status, headers and body."""
        with self._sent() as response:
            return response.status, dict(response.getheaders()), response.read()

    def pass_on_watch(self, lines: int | None = None) -> None:
        """Pass on what a watch says, line by line, until it ends or that many lines have come."""
        with self._sent(a_new_connection=True) as response:
            self.begin(response.status)
            while (lines is None or lines > 0) and (line := response.readline()):
                self.chunk(line)
                lines = None if lines is None else lines - 1

    def answer(self, status: int, headers: dict[str, str], body: bytes, sent: int | None = None) -> None:
        """Answer; ``sent`` is how many bytes of the body really come."""
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:sent])

    def begin(self, status: int = 200) -> None:
        """Begin an answer that comes in chunks."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()

    def chunk(self, data: bytes = b"") -> None:
        """One chunk; an empty one ends the answer."""
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()

    def reset(self) -> None:
        """Cut the connection so that the client's kernel hears of it at once."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The file of the handler holds the socket open, and TLS must not say goodbye.
        socket.socket(fileno=self.connection.detach()).close()

    def hang(self) -> None:
        """Say nothing until the client goes."""
        with contextlib.suppress(OSError):
            self.connection.settimeout(HANG)
            self.connection.recv(1)
        self.close_connection = True

    @contextlib.contextmanager
    def _sent(self, a_new_connection: bool = False) -> Iterator[http.client.HTTPResponse]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP | {"host", "authorization"}}
        if authorization := self.proxy.authorization():
            headers["Authorization"] = authorization
        upstream = None if a_new_connection else self.upstream
        upstream = upstream or http.client.HTTPSConnection(self.proxy.host, self.proxy.port, context=self.proxy.tls, timeout=HANG)
        try:
            upstream.request(self.command, self.path, self.body or None, headers)
            yield upstream.getresponse()
        except BaseException:
            upstream.close()
            self.upstream = None
            raise
        if a_new_connection:
            upstream.close()
        else:
            self.upstream = upstream


# The faults


def _status(code: int, reason: str, message: str, **headers: str) -> Callable[[Exchange], None]:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}
    return lambda exchange: exchange.answer(code, {"Content-Type": "application/json", **headers}, json.dumps(body).encode())


def _plain(code: int, content_type: str, body: bytes) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.answer(code, {"Content-Type": content_type}, body)


def _too_many(retry_after: str | None) -> Callable[[Exchange], None]:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return _status(429, "TooManyRequests", "too many requests, please try again later", **headers)


def _carried_out(then: Callable[[Exchange], None]) -> Callable[[Exchange], None]:
    def act(exchange: Exchange) -> None:
        exchange.forward()
        then(exchange)

    return act


def _raw(data: bytes) -> Callable[[Exchange], None]:
    def act(exchange: Exchange) -> None:
        exchange.wfile.write(data)
        exchange.close_connection = True

    return act


def _half_body(exchange: Exchange) -> None:
    status, headers, body = exchange.forward()
    exchange.answer(status, headers, body, len(body) // 2)
    exchange.close_connection = True


def _slow(exchange: Exchange) -> None:
    time.sleep(1.5)
    exchange.answer(*exchange.forward())


_JUNK = b"\x00\x17\xff*** not HTTP ***\r\n\r\n"
_PAGE = b"<html><body>Sign in to this network</body></html>"
_ODD_AFTER = {"none": None, "0": "0", "1": "1", "date": "Wed, 21 Oct 2026 07:28:00 GMT", "nan": "nan", "negative": "-5", "words": "soon"}

FAULTS: dict[str, Callable[[Exchange], None]] = {
    **{f"429, Retry-After {name}": _too_many(value) for name, value in _ODD_AFTER.items()},
    "500": _status(500, "InternalError", "etcdserver: request timed out"),
    "502, a page": _plain(502, "text/html", b"<html>Bad Gateway</html>"),
    "503": _status(503, "ServiceUnavailable", "the server is currently unable to handle the request"),
    "504, empty": _plain(504, "text/plain", b""),
    "reset before": Exchange.reset,
    "reset after": _carried_out(Exchange.reset),
    "500 after": _carried_out(_status(500, "InternalError", "etcdserver: leader changed")),
    "504 after": _carried_out(_status(504, "Timeout", "request did not complete within the allotted timeout")),
    "half a body": _half_body,
    "junk": _raw(_JUNK),
    "junk after": _carried_out(_raw(_JUNK)),
    "slow": _slow,
}
"""Such as pass: the same request may be answered the next time."""

LASTING: dict[str, Callable[[Exchange], None]] = {
    "401": _status(401, "Unauthorized", "Unauthorized"),
    "403": _status(403, "Forbidden", "forbidden"),
    "410": _status(410, "Expired", "The resourceVersion for the provided list is too old."),
    "200, a page": _plain(200, "text/html", _PAGE),
    "200, nothing": _plain(200, "application/json", b""),
    "200, a list": _plain(200, "application/json", b"[]"),
    "200, null": _plain(200, "application/json", b"null"),
    "200, another object": _plain(200, "application/json", b'{"hello": "world"}'),
    "200, half of JSON": _plain(200, "application/json", b'{"kind": "ConfigMapList", "items": [{"meta'),
    "302": lambda exchange: exchange.answer(302, {"Location": "https://127.0.0.1:1/"}, b""),
}
"""Such as a run may end for, if it says so."""


def _watch_event(code: int) -> Callable[[Exchange], None]:
    event = {"type": "ERROR", "object": {"kind": "Status", "code": code, "reason": "Expired", "message": "too old resource version"}}

    def act(exchange: Exchange) -> None:
        exchange.begin()
        exchange.chunk(json.dumps(event).encode() + b"\n")
        exchange.chunk()

    return act


def _empty_watch(exchange: Exchange) -> None:
    exchange.begin()
    exchange.chunk()


def _silent_watch(exchange: Exchange) -> None:
    exchange.begin()
    exchange.hang()


def _dying_watch(exchange: Exchange) -> None:
    exchange.begin()
    exchange.chunk(b'{"type": "MODIFIED", "object": {"kind": "Depl')
    exchange.reset()


def _short_watch(exchange: Exchange) -> None:
    exchange.pass_on_watch(lines=1)
    exchange.reset()


WATCH_FAULTS: dict[str, Callable[[Exchange], None]] = {
    "watch: 410": _watch_event(410),
    "watch: 500": _watch_event(500),
    "watch: ends at once": _empty_watch,
    "watch: hangs": _silent_watch,
    "watch: dies": _dying_watch,
    "watch: dies after a line": _short_watch,
    "watch: reset": Exchange.reset,
    "watch: status 410": LASTING["410"],
    "watch: status 503": FAULTS["503"],
}


# Its certificate


def _certificate(folder: Path) -> Path:
    """A key and a certificate that it signed itself, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fault-proxy")])
    start = datetime.now(UTC) - timedelta(days=1)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), start, start + timedelta(days=30))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
    path = folder / "proxy.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.sign(key, SHA256()).public_bytes(Encoding.PEM))
    return path


def _kubeconfig(server: str, certificate: Path) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "proxy", "cluster": {"server": server, "certificate-authority": str(certificate)}}],
        "users": [{"name": "proxy", "user": {"token": "none-is-needed"}}],
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
        "current-context": "proxy",
    }


@contextlib.contextmanager
def fault_proxy(upstream: str) -> Iterator[FaultProxy]:
    """A proxy in front of the API server of a kubeconfig."""
    with tempfile.TemporaryDirectory() as folder, FaultProxy(upstream, Path(folder)) as proxy:
        yield proxy
