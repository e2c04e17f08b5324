# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the API server: what is sent, what is retried, what is said of failures."""

from __future__ import annotations

import io
import json
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import urllib3

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import transport as under_test
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError, Unreachable
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import FIELD_MANAGER, Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.kubeconfig import Connection
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.transport import Transport
from ansible_collections.livestream.srs.plugins.module_utils._labels import RUN_FOLDER
from ansible_collections.livestream.srs.tests.support.fake_api import Api, reply

BUSY = (503, {"message": "busy"})
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n"}, "data": {"k": "v"}}


def refused() -> Exception:
    error = urllib3.exceptions.NewConnectionError(None, "refused")  # type: ignore[arg-type]
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    return error


def broken() -> Exception:
    return urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer"))


def tls_error(error: ssl.SSLError) -> Exception:
    made = urllib3.exceptions.SSLError(error)
    made.__cause__ = error
    return made


@pytest.mark.parametrize(
    "answer", [BUSY, (429, {}), (502, b"<html>"), (504, {}), (500, {"message": "etcdserver: leader changed"}), broken()]
)
def test_what_passes_is_tried_again(client: Client, api: Any, clock: list[float], answer: Any) -> None:
    api.answers = [answer, answer, (200, CONFIG_MAP)]
    assert client.get("v1", "ConfigMap", "a", "n") == CONFIG_MAP
    assert clock == [0.2, 0.4]


@pytest.mark.parametrize(
    "answer",
    [
        (400, {"message": "bad"}),
        (401, {"message": "Unauthorized"}),
        (403, {"message": "forbidden"}),
        (409, {"message": "conflict"}),
        (422, {"message": "invalid"}),
        (500, {"message": "failed to create typed patch object (n/a; v1, Kind=ConfigMap): .x: field not declared in schema"}),
    ],
)
def test_what_stays_is_not_tried_again(client: Client, api: Any, clock: list[float], answer: Any) -> None:
    api.answers = [answer]
    with pytest.raises(ApiError) as caught:
        client.get("v1", "ConfigMap", "a", "n")
    assert caught.value.status == answer[0]
    assert not clock


def test_retry_after_is_honoured(client: Client, api: Any, clock: list[float]) -> None:
    api.answers = [(429, {}, {"Retry-After": "3"}), (429, {}, {"Retry-After": "soon"}), (200, CONFIG_MAP)]
    client.get("v1", "ConfigMap", "a", "n")
    assert clock == [3.0, 0.4]


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        ("Thu, 01 Jan 2026 00:00:07 GMT", 7.0),
        ("Thursday, 01-Jan-26 00:00:07 GMT", 7.0),
        ("Thu, 01 Jan 2026 00:00:07 -0000", 7.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.2),
        ("Thu, 01 Jan 9999 00:00:00 GMT", 10.0),
        ("Thu, 99 Jan 2026 99:00:00 GMT", 0.2),
        ("2.5", 2.5),
        ("0", 0.2),
        ("-1", 0.2),
        ("-inf", 0.2),
        ("inf", 0.2),
        ("nan", 0.2),
        ("", 0.2),
        ("1e9", 10.0),
        ("9" * 5000, 0.2),
        ("\N{SUPERSCRIPT TWO}", 0.2),
    ],
)
def test_whatever_retry_after_says_the_pause_is_bounded(
    client: Client, api: Any, clock: list[float], monkeypatch: pytest.MonkeyPatch, asked: str, waited: float
) -> None:
    monkeypatch.setattr("time.time", lambda: 1767225600.0)  # 2026-01-01
    api.answers = [(429, {}, {"Retry-After": asked}), (200, CONFIG_MAP)]
    client.get("v1", "ConfigMap", "a", "n")
    assert clock == [waited]


def test_a_retry_after_of_nothing_makes_no_busy_loop(client: Client, api: Any, clock: list[float]) -> None:
    api.faults = [lambda request: (429, {}, {"Retry-After": "0"})]
    with pytest.raises(ApiError):
        client.get("v1", "ConfigMap", "a", "n")
    assert len(api.log) < 20


def test_patience_ends(client: Client, api: Any, clock: list[float]) -> None:
    api.faults = [lambda request: BUSY]
    with pytest.raises(ApiError, match="overloaded or failing"):
        client.get("v1", "ConfigMap", "a", "n")
    assert 20 < sum(clock) <= 30 and max(clock) == 5.0


def test_a_server_that_never_answered_is_given_up_within_ten_seconds(client: Client, api: Any, clock: list[float]) -> None:
    api.faults = [lambda request: refused()]
    with pytest.raises(Unreachable) as caught:
        client.get("v1", "ConfigMap", "a", "n")
    assert sum(clock) < 8
    assert "the API server http://api.example (the test) does not answer (Connection refused)" in caught.value.message


def test_when_one_thread_has_lost_the_server_the_others_stop_at_once(client: Client, api: Any, clock: list[float]) -> None:
    api.faults = [lambda request: refused()]
    with pytest.raises(Unreachable):
        client.get("v1", "ConfigMap", "a", "n")
    sent = len(api.log)
    with pytest.raises(Unreachable):
        client.get("v1", "ConfigMap", "b", "n")
    assert len(api.log) == sent


def test_patience_is_for_the_run_and_not_for_each_object(client: Client, api: Any, clock: list[float]) -> None:
    api.faults = [lambda request: BUSY]
    for number in range(200):
        with pytest.raises(ApiError, match="overloaded or failing"):
            client.delete("v1", "ConfigMap", f"c{number}", "n")
    assert sum(clock) <= under_test.PATIENCE
    assert {request.path.rpartition("/")[2] for request in api.log} == {f"c{number}" for number in range(200)}, "each was tried"


def test_those_who_are_waiting_already_stop_when_patience_is_over(client: Client, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def another_gives_up(_seconds: float) -> None:
        client.transport._given_up(ApiError("x", 503, {}, "y"), retry=True, wait=0)

    monkeypatch.setattr("time.sleep", another_gives_up)
    api.faults = [lambda request: BUSY]
    with pytest.raises(ApiError):
        client.delete("v1", "ConfigMap", "a", "n")
    assert len(api.log) == 2


def test_what_fails_for_a_reason_of_its_own_leaves_the_others_their_try(client: Client, api: Any, clock: list[float]) -> None:
    webhook = (500, {"message": 'failed calling webhook "x": no endpoints available'})
    api.faults = [
        lambda request: webhook if request.path.endswith("/a") else broken() if request.path.endswith("/b") else (200, CONFIG_MAP)
    ]
    with pytest.raises(ApiError, match="no endpoints available"):
        client.get("v1", "ConfigMap", "a", "n")
    assert client.get("v1", "ConfigMap", "c", "n") == CONFIG_MAP
    with pytest.raises(SrsError, match="does not answer") as caught:
        client.get("v1", "ConfigMap", "b", "n")
    assert not isinstance(caught.value, Unreachable), "for which nothing else would be tried"
    assert client.get("v1", "ConfigMap", "d", "n") == CONFIG_MAP, "one broken connection is no lost server"
    assert sum(clock) <= under_test.PATIENCE


def test_a_server_that_was_heard_of_is_lost_after_some_time_without_a_word(client: Client, api: Any, clock: list[float]) -> None:
    api.answers = [(200, CONFIG_MAP)]
    client.get("v1", "ConfigMap", "a", "n")
    api.faults = [lambda request: refused()]
    for number in range(200):
        with pytest.raises(Unreachable):
            client.get("v1", "ConfigMap", f"c{number}", "n")
    assert 20 < sum(clock) <= under_test.PATIENCE
    assert len(api.log) < 20


def silent() -> Exception:
    return urllib3.exceptions.ReadTimeoutError(None, "/", "Read timed out.")  # type: ignore[arg-type]


def test_what_takes_connections_and_says_nothing_gets_as_long_as_one_that_has_answered(
    client: Client, api: Any, clock: list[float]
) -> None:
    api.faults = [lambda request: silent()]
    with pytest.raises(Unreachable):
        client.get("v1", "ConfigMap", "a", "n")
    assert 20 < sum(clock) <= under_test.PATIENCE


def test_a_server_that_an_earlier_task_has_reached_gets_longer(
    client: Client, api: Any, clock: list[float], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(RUN_FOLDER, str(tmp_path))

    def next_task(host: str) -> Client:
        made = Client(Connection(host=host, source="the test"))
        made.transport._pool = api
        return made

    api.answers = [(503, {}), (200, CONFIG_MAP)]
    client.get("v1", "ConfigMap", "a", "n")
    api.faults = [lambda request: refused()]
    clock.clear()
    with pytest.raises(Unreachable):
        next_task("http://api.example").get("v1", "ConfigMap", "a", "n")
    assert 20 < sum(clock) <= under_test.PATIENCE
    clock.clear()
    with pytest.raises(Unreachable):
        next_task("http://mistyped.example").get("v1", "ConfigMap", "a", "n")
    assert sum(clock) < 8


def test_a_folder_that_is_gone_does_no_harm(client: Client, api: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(RUN_FOLDER, str(tmp_path / "gone"))
    api.answers = [(200, CONFIG_MAP)]
    assert client.get("v1", "ConfigMap", "a", "n") == CONFIG_MAP


# Credentials


def test_credentials_that_have_run_out_are_read_again_once(client: Client, api: Any) -> None:
    tokens = ["Bearer old"]
    client.connection.authorization = lambda: tokens[-1]
    client.connection.renew = lambda: tokens.append("Bearer new")
    api.faults = [
        lambda request: (401, {"message": "Unauthorized"}) if request.headers["Authorization"] == "Bearer old" else (200, CONFIG_MAP)
    ]
    assert client.get("v1", "ConfigMap", "a", "n") == CONFIG_MAP
    client.get("v1", "ConfigMap", "a", "n")
    assert tokens == ["Bearer old", "Bearer new"] and len(api.log) == 3
    api.faults = [lambda request: (401, {"message": "Unauthorized"})]
    with pytest.raises(ApiError, match="does not accept the credentials of the test"):
        client.get("v1", "ConfigMap", "a", "n")
    assert len(api.log) == 4, "the same again would be refused again"


def test_many_requests_at_once_ask_for_new_credentials_once(client: Client, api: Any) -> None:
    tokens, together = ["Bearer old"], threading.Barrier(8)
    client.connection.authorization = lambda: tokens[-1]
    client.connection.renew = lambda: tokens.append("Bearer new")
    serve = api.request

    def request(method: str, url: str, *, headers: Any, **options: Any) -> Any:
        if headers["Authorization"] == "Bearer old":
            together.wait(20)
            return reply(False, 401, {})
        return serve(method, url, headers=headers, **options)

    api.request = request
    api.faults = [lambda request: (200, CONFIG_MAP)]
    assert client.each(lambda name: client.get("v1", "ConfigMap", name, "n"), "abcdefgh") == [CONFIG_MAP] * 8
    assert tokens == ["Bearer old", "Bearer new"]


def test_a_new_certificate_needs_new_connections(client: Client, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    later = Api()
    later.answers = [(200, CONFIG_MAP)]
    monkeypatch.setattr(under_test, "connection_pool", lambda connection, size: later)
    client.connection.renew = lambda: setattr(client.connection, "cert_file", "/new")
    api.answers = [(401, {"message": "Unauthorized"})]
    assert client.get("v1", "ConfigMap", "a", "n") == CONFIG_MAP
    assert (len(api.log), len(later.log)) == (1, 1)


# Answers that are none


JUNK = [
    b"",
    b"<html>Please log in</html>",
    b'{"metadata": {"name"',
    b"\xff\xfe",
    b"[" * 200_000,
    b"9" * 5000,
    b"null",
    b"[]",
    b'"text"',
    b"7",
    b"{}",
    b'{"error": "login"}',
    b'{"metadata": null, "items": []}',
    b'{"metadata": [], "items": {}}',
    b'{"metadata": {"resourceVersion": "1"}, "items": [1]}',
    b'{"metadata": {"resourceVersion": "1"}, "items": [{"metadata": 1}]}',
    b'{"metadata": {"resourceVersion": "1"}, "items": 7}',
    b'{"resources": [1], "preferredVersion": 1}',
    b'{"resources": {"a": "b"}, "preferredVersion": {}}',
]
REQUESTS: dict[str, Callable[[Client], Any]] = {
    "read ConfigMap n/a": lambda client: client.get("v1", "ConfigMap", "a", "n"),
    "list configmaps in namespace n": lambda client: client.list("v1", "ConfigMap", "n"),
    "apply ConfigMap n/a": lambda client: client.apply(CONFIG_MAP),
    "patch ConfigMap n/a": lambda client: client.patch("v1", "ConfigMap", "a", "n", {}),
    "look up example.org/v1": lambda client: client.resource("example.org/v1", "Thing"),
    "watch pods": lambda client: list(client.watch("v1", "Pod", resource_version="1", timeout=9)),
}


@pytest.mark.parametrize("what", REQUESTS)
@pytest.mark.parametrize("junk", JUNK, ids=[repr(junk[:40]) for junk in JUNK])
def test_an_answer_that_no_api_server_gives_is_said_to_be_none(
    client: Client, api: Any, clock: list[float], what: str, junk: bytes
) -> None:
    if what == "watch pods" and not junk:
        return  # nothing has happened
    api.answers = [(200, junk)]
    with pytest.raises(SrsError) as caught:
        REQUESTS[what](client)
    assert caught.value.message.startswith(f"Can't {what}: http://api.example (the test) answers with ")
    assert "check that address, and whether a proxy or a login page stands in between" in caught.value.message
    assert len(api.log) == 1


@pytest.mark.parametrize("ask", [lambda client: client.delete("v1", "ConfigMap", "a", "n"), lambda client: client.has_group("g")])
def test_a_login_page_is_no_success(client: Client, api: Any, ask: Callable[[Client], Any]) -> None:
    api.answers = [(200, b"<html>Please log in</html>", {"Content-Type": "text/html"})]
    with pytest.raises(SrsError, match="answers with something that is not JSON, as no API server does"):
        ask(client)


@pytest.mark.parametrize("status", [301, 302, 304, 307])
def test_a_redirect_is_not_followed(client: Client, api: Any, status: int) -> None:
    api.answers = [(status, b"", {"Location": "https://login.example/?state=s3cret"})]
    with pytest.raises(SrsError, match=f"answers with HTTP status {status}, as no API server does") as caught:
        client.get("v1", "ConfigMap", "a", "n")
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"[" * 200_000,
        b'{"details": "odd", "message": ["a"], "reason": 7}',
        b'{"details": {"causes": "odd"}}',
        b'{"details": {"causes": ["odd", {"field": 7, "message": null}], "kind": ["x"], "name": {}}, "message": null}',
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500])
def test_a_refusal_in_odd_words_is_a_refusal(client: Client, api: Any, clock: list[float], status: int, body: bytes) -> None:
    api.faults = [lambda request: (status, body)]
    with pytest.raises(ApiError) as caught:
        client.apply(CONFIG_MAP)
    assert caught.value.status == status and caught.value.message.startswith("Can't apply ConfigMap n/a: ")
    assert caught.value.missing_namespace is None and isinstance(caught.value.is_about_content, bool)


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_without_end_is_cut(client: Client, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    read = []

    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            read.append(size)
            return b" " * size

        read1 = read

    class Pool:
        def request(self, *_arguments: Any, preload_content: bool, **_options: Any) -> Any:
            return urllib3.HTTPResponse(Endless(), status=status, preload_content=preload_content)

    client.transport._pool = Pool()
    with pytest.raises(SrsError, match="answers with more than 256 MiB, as no API server does"):
        client.get("v1", "ConfigMap", "a", "n")
    assert sum(read) <= under_test.LONGEST_ANSWER + 2 * under_test.PART


def test_an_answer_that_drips_is_cut(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 1000, 50))
    monkeypatch.setattr(under_test.time, "monotonic", lambda: float(next(now)))

    class Dripping(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b" "

        read1 = read

    class Pool:
        def request(self, *_arguments: Any, preload_content: bool, **_options: Any) -> Any:
            return urllib3.HTTPResponse(Dripping(), status=200, preload_content=preload_content)

    client.transport._pool = Pool()
    with pytest.raises(SrsError, match=r"Can't read ConfigMap n/a: .* answers with 300 s of parts without end, as no API server does"):
        client.get("v1", "ConfigMap", "a", "n")


def test_an_event_without_end_is_cut(client: Client) -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b" " * 1024 * 1024

    class Pool:
        def request(self, *_arguments: Any, preload_content: bool, **_options: Any) -> Any:
            return urllib3.HTTPResponse(Endless(), status=200, preload_content=preload_content)

    client.transport._pool = Pool()
    with pytest.raises(SrsError, match=r"Can't watch pods: .* answers with an event of more than 16 MiB"):
        list(client.watch("v1", "Pod", resource_version="1", timeout=9))


def test_half_an_answer_is_asked_for_again(client: Client, clock: list[float]) -> None:
    whole = json.dumps(CONFIG_MAP).encode()
    sent = iter([whole[:9], whole[:9], whole])

    class Pool:
        def request(self, *_arguments: Any, preload_content: bool, **_options: Any) -> Any:
            headers = {"Content-Length": str(len(whole))}
            return urllib3.HTTPResponse(io.BytesIO(next(sent)), status=200, headers=headers, preload_content=preload_content)

    client.transport._pool = Pool()
    assert client.get("v1", "ConfigMap", "a", "n") == CONFIG_MAP
    assert clock == [0.2, 0.4]


def test_a_connection_serves_one_request_after_the_other() -> None:
    answers = iter([json.dumps(CONFIG_MAP).encode(), b'{"message": "no"}', json.dumps(CONFIG_MAP).encode()])
    connections = set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            connections.add(self.client_address)
            body = next(answers)
            self.send_response(200 if b"data" in body else 403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        client = Client(Connection(host=f"http://127.0.0.1:{server.server_port}", source="the test"))
        assert client.get("v1", "ConfigMap", "a", "n") == CONFIG_MAP
        with pytest.raises(ApiError):
            client.get("v1", "ConfigMap", "a", "n")
        assert client.get("v1", "ConfigMap", "a", "n") == CONFIG_MAP
        client.close()
        server.shutdown()
    assert len(connections) == 1


def test_what_is_sent_is_no_longer_than_it_is(client: Client) -> None:
    sent = []

    class Pool:
        def request(self, *_arguments: Any, body: bytes, preload_content: bool, **_options: Any) -> Any:
            sent.append(body)
            return reply(preload_content, 200, CONFIG_MAP)

    client.transport._pool = Pool()
    text = "\N{CJK UNIFIED IDEOGRAPH-76F4}" * 1000
    client.apply({**CONFIG_MAP, "data": {"k": text}})
    assert len(sent[0]) < 3 * 1000 + 200, "the API server limits requests by their bytes"
    client.apply({**CONFIG_MAP, "data": {"k": "\udc80"}})
    assert json.loads(sent[1])["data"] == {"k": "?"}


def test_post_is_not_repeated_when_it_may_have_been_carried_out(client: Client, api: Any, clock: list[float]) -> None:
    api.answers = [broken()]
    with pytest.raises(Unreachable):
        client.transport.request("POST", "/api/v1/namespaces", "create a namespace", body={})
    api.answers = [BUSY]
    client.transport._lost = None
    with pytest.raises(ApiError):
        client.transport.request("POST", "/api/v1/namespaces", "create a namespace", body={})
    assert not clock


def test_post_is_repeated_when_it_never_arrived(client: Client, api: Any, clock: list[float]) -> None:
    api.answers = [refused(), (429, {}), (201, {})]
    client.transport.request("POST", "/api/v1/namespaces", "create a namespace", body={})
    assert len(clock) == 2


UNTRUSTED = ssl.SSLCertVerificationError(1, "certificate verify failed")
UNTRUSTED.verify_message = "self-signed certificate"
NO_TLS = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
NO_TLS.reason = "WRONG_VERSION_NUMBER"


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (UNTRUSTED, r"not trusted \(self-signed certificate\).*ca_cert"),
        (NO_TLS, r"TLS with the API server .* failed \(WRONG_VERSION_NUMBER\); check address and certificates"),
    ],
)
def test_what_is_wrong_with_tls_is_said_and_not_tried_again(
    client: Client, api: Any, clock: list[float], cause: ssl.SSLError, said: str
) -> None:
    api.answers = [tls_error(cause)]
    with pytest.raises(Unreachable, match=said):
        client.get("v1", "ConfigMap", "a", "n")
    assert not clock


def test_a_connection_cut_during_the_handshake_is_tried_again(client: Client, api: Any, clock: list[float]) -> None:
    api.answers = [tls_error(ssl.SSLEOFError(8, "EOF occurred")), (200, CONFIG_MAP)]
    assert client.get("v1", "ConfigMap", "a", "n") == CONFIG_MAP


def test_requests_go_over_connections_of_its_own(clock: list[float]) -> None:
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))  # and doesn't listen
        client = Client(Connection(host=f"http://127.0.0.1:{port.getsockname()[1]}", source="the test"))
        with pytest.raises(Unreachable, match="Connection refused"):
            client.get("v1", "ConfigMap", "a", "n")
    assert client.transport.requests == len(clock) + 1 > 1


def test_the_server_is_told_who_asks(client: Client, api: Any) -> None:
    client.get("v1", "ConfigMap", "a", "n")
    sent = api.log[-1].headers
    assert (sent["User-Agent"], sent["Accept"]) == (FIELD_MANAGER, "application/json")


def test_warnings_are_kept_once_each(client: Client, api: Any) -> None:
    warning = {"Warning": '299 - "policy/v1beta1 is \\"deprecated\\""'}
    api.answers = [(200, CONFIG_MAP, warning), (200, CONFIG_MAP, warning), (200, CONFIG_MAP, {"Warning": "garbage"})]
    for _request in range(3):
        client.get("v1", "ConfigMap", "a", "n")
    assert client.warnings == ['policy/v1beta1 is "deprecated"']


def test_credentials_and_impersonation_are_sent() -> None:
    tokens = iter(["Bearer one", "Bearer two"])
    connection = Connection(
        host="http://api.example",
        authorization=lambda: next(tokens),
        impersonate=[("Impersonate-User", "u"), ("Impersonate-Group", "a"), ("Impersonate-Group", "b")],
    )
    client, seen = Client(connection), []

    class Pool:
        def request(self, method: str, url: str, *, headers: Any, **options: Any) -> Any:
            seen.append(headers)
            return reply(False, 200, CONFIG_MAP)

    client.transport._pool = Pool()
    client.get("v1", "Node", "a")
    client.get("v1", "Node", "a")
    assert [headers["Authorization"] for headers in seen] == ["Bearer one", "Bearer two"]
    assert seen[0].getlist("Impersonate-Group") == ["a", "b"] and seen[0]["Impersonate-User"] == "u"


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "urllib3", None)
    with pytest.raises(SrsError, match=r"kubernetes \(31 or newer\) and urllib3 \(2 or newer\) are needed"):
        Transport(Connection(host="https://api.example"), 1)
