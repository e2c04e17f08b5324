# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the API server: what is sent, what is retried, what is said of failures."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import pytest
import urllib3

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import transport as under_test
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError, Unreachable
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import FIELD_MANAGER, Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.kubeconfig import Connection
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.transport import Transport

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
    api.answers = [(429, {}, {"Retry-After": "3"}), (429, {}, {"Retry-After": "soon"}), (200, {})]
    client.get("v1", "ConfigMap", "a", "n")
    assert clock == [3.0, 0.4]


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
    api.answers = [(200, {}, warning), (200, {}, warning), (200, {}, {"Warning": "garbage"})]
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
            return urllib3.HTTPResponse(b"{}", status=200)

    client.transport._pool = Pool()
    client.get("v1", "Node", "a")
    client.get("v1", "Node", "a")
    assert [headers["Authorization"] for headers in seen] == ["Bearer one", "Bearer two"]
    assert seen[0].getlist("Impersonate-Group") == ["a", "b"] and seen[0]["Impersonate-User"] == "u"


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "urllib3", None)
    with pytest.raises(SrsError, match=r"kubernetes \(31 or newer\) and urllib3 \(2 or newer\) are needed"):
        Transport(Connection(host="https://api.example"), 1)
