# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the API server: what is sent, what is retried, what is said of failures."""

from __future__ import annotations

import json
import ssl
from typing import Any

import pytest
import urllib3

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import client as under_test
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError, Unreachable
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.kubeconfig import Connection

BUSY = (503, {"message": "busy"})
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n"}, "data": {"k": "v"}}


def refused() -> Exception:
    error = urllib3.exceptions.NewConnectionError(None, "refused")  # type: ignore[arg-type]
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    return error


def broken() -> Exception:
    return urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer"))


def test_get_returns_the_object_or_none(client: Client, api: Any) -> None:
    api.answers = [(200, CONFIG_MAP), (404, {"reason": "NotFound"})]
    assert client.get("v1", "ConfigMap", "a", "n") == CONFIG_MAP
    assert client.get("v1", "ConfigMap", "b", "n") is None
    assert api.requests == ["GET /api/v1/namespaces/n/configmaps/a", "GET /api/v1/namespaces/n/configmaps/b"]


def test_list_gives_items_their_kind(client: Client, api: Any) -> None:
    api.answers = [(200, {"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "a"}}]})]
    listed = client.list("apps/v1", "Deployment", "n", label_selector="a=b")
    assert listed.items == [{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}]
    assert listed.resource_version == "7"
    assert api.log[0].query == {"labelSelector": "a=b"}


def test_an_empty_list_may_be_null(client: Client, api: Any) -> None:
    api.answers = [(200, {"metadata": {"resourceVersion": "7"}, "items": None})]
    assert client.list("v1", "Pod").items == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_apply(client: Client, api: Any, dry_run: bool) -> None:
    api.answers = [(201, CONFIG_MAP), (200, CONFIG_MAP)]
    assert client.apply(CONFIG_MAP, dry_run=dry_run) == (CONFIG_MAP, True)
    assert client.apply(CONFIG_MAP, dry_run=dry_run, force=False) == (CONFIG_MAP, False)
    first, second = api.log
    assert first.method == "PATCH" and first.path == "/api/v1/namespaces/n/configmaps/a" and first.body == CONFIG_MAP
    assert first.headers["Content-Type"] == "application/apply-patch+yaml"
    expected = {"fieldManager": "livestream.srs", "fieldValidation": "Strict", "force": "true"}
    assert first.query == {**expected, **({"dryRun": "All"} if dry_run else {})}
    assert second.query["force"] == "false"


def test_delete_names_the_object_that_was_seen(client: Client, api: Any) -> None:
    api.answers = [(200, {}), (404, {}), (409, {"reason": "Conflict"})]
    assert client.delete("apps/v1", "Deployment", "a", "n", uid="u")
    assert api.log[0].body["preconditions"] == {"uid": "u"} and api.log[0].body["propagationPolicy"] == "Background"
    assert not client.delete("apps/v1", "Deployment", "a", "n")
    assert not client.delete("apps/v1", "Deployment", "a", "n", uid="another")


def test_patch_of_a_subresource(client: Client, api: Any) -> None:
    api.answers = [(200, {})]
    client.patch("apps/v1", "Deployment", "a", "n", {"spec": {"replicas": 2}}, subresource="scale")
    assert api.log[0].path == "/apis/apps/v1/namespaces/n/deployments/a/scale"
    assert api.log[0].headers["Content-Type"] == "application/merge-patch+json"


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
        client.request("POST", "/api/v1/namespaces", "create a namespace", body={})
    api.answers = [BUSY]
    client._lost = None
    with pytest.raises(ApiError):
        client.request("POST", "/api/v1/namespaces", "create a namespace", body={})
    assert not clock


def test_post_is_repeated_when_it_never_arrived(client: Client, api: Any, clock: list[float]) -> None:
    api.answers = [refused(), (429, {}), (201, {})]
    client.request("POST", "/api/v1/namespaces", "create a namespace", body={})
    assert len(clock) == 2


def test_a_passing_conflict_of_an_apply_is_tried_again(client: Client, api: Any, clock: list[float]) -> None:
    quota = (409, {"reason": "Conflict", "message": "the object has been modified", "details": {"kind": "resourcequotas"}})
    api.answers = [quota, quota, (200, CONFIG_MAP)]
    assert client.apply(CONFIG_MAP) == (CONFIG_MAP, False)
    assert clock == [0.1, 0.3]


def test_a_conflict_of_managers_is_not_tried_again(client: Client, api: Any, clock: list[float]) -> None:
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "helm"', "field": ".data.k"}
    api.answers = [(409, {"reason": "Conflict", "message": "Apply failed", "details": {"causes": [cause]}})]
    with pytest.raises(ApiError, match=r'\.data\.k: conflict with "helm"'):
        client.apply(CONFIG_MAP, force=False)
    assert not clock


def tls_error(error: ssl.SSLError) -> Exception:
    made = urllib3.exceptions.SSLError(error)
    made.__cause__ = error
    return made


def test_an_untrusted_certificate_is_said_and_not_tried_again(client: Client, api: Any, clock: list[float]) -> None:
    cause = ssl.SSLCertVerificationError(1, "certificate verify failed")
    cause.verify_message = "self-signed certificate"
    api.answers = [tls_error(cause)]
    with pytest.raises(Unreachable, match=r"not trusted \(self-signed certificate\).*ca_cert"):
        client.get("v1", "ConfigMap", "a", "n")
    assert not clock


def test_a_connection_cut_during_the_handshake_is_tried_again(client: Client, api: Any, clock: list[float]) -> None:
    api.answers = [tls_error(ssl.SSLEOFError(8, "EOF occurred")), (200, CONFIG_MAP)]
    assert client.get("v1", "ConfigMap", "a", "n") == CONFIG_MAP


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

    client._pool = Pool()
    client.get("v1", "Node", "a")
    client.get("v1", "Node", "a")
    assert [headers["Authorization"] for headers in seen] == ["Bearer one", "Bearer two"]
    assert seen[0].getlist("Impersonate-Group") == ["a", "b"] and seen[0]["Impersonate-User"] == "u"


# Kinds

GROUP = {
    "resources": [{"name": "things", "kind": "Thing", "namespaced": True}, {"name": "things/status", "kind": "Thing", "namespaced": True}]
}


def test_a_known_kind_is_not_asked_for(client: Client, api: Any) -> None:
    assert client.resource("apps/v1", "Deployment").plural == "deployments"
    assert api.log == []


def test_other_kinds_are_asked_for_once(client: Client, api: Any) -> None:
    api.answers = [(200, GROUP)]
    assert client.resource("example.org/v1", "Thing").path("n", "a") == "/apis/example.org/v1/namespaces/n/things/a"
    assert client.resource("example.org/v1", "Thing").namespaced
    assert api.requests == ["GET /apis/example.org/v1"]


def test_a_kind_that_the_server_does_not_have(client: Client, api: Any) -> None:
    api.answers = [(404, b"404 page not found")]
    with pytest.raises(SrsError, match=r"has no kind Thing in example\.org/v1; install what brings it"):
        client.resource("example.org/v1", "Thing")
    api.answers = [(200, GROUP)]
    with pytest.raises(SrsError, match=r"has no kind Deployment in example\.org/v1; did you mean Deployment \(apps/v1\)\?"):
        client.resource("example.org/v1", "Deployment")


def test_a_recorded_kind_is_looked_up_in_the_preferred_version(client: Client, api: Any) -> None:
    assert client.preferred("Deployment.apps") == client.resource("apps/v1", "Deployment")
    api.answers = [(200, {"preferredVersion": {"groupVersion": "example.org/v2"}}), (200, GROUP)]
    found = client.preferred("Thing.example.org")
    assert found and found.api_version == "example.org/v2"
    api.answers = [(404, b"404 page not found")]
    assert client.preferred("Gone.example.com") is None


# The pod proxy


def test_a_pods_reply_is_handed_on_whatever_it_is(client: Client, api: Any, clock: list[float]) -> None:
    api.answers = [(503, b"error trying to reach service", {"X": "y"})]
    answer = client.pod_proxy_get("n", "p", 1985, "/api/v1/streams", query={"count": "10"}, headers={"Authorization": "Basic eA=="})
    assert (answer.status, answer.body, answer.headers["X"]) == (503, b"error trying to reach service", "y")
    assert api.requests == ["GET /api/v1/namespaces/n/pods/p:1985/proxy/api/v1/streams"]
    assert api.log[0].query == {"count": "10"} and api.log[0].headers["Authorization"] == "Basic eA=="
    assert not clock


def test_a_pod_that_does_not_answer_does_not_lose_the_server(client: Client, api: Any) -> None:
    api.answers = [urllib3.exceptions.ReadTimeoutError(None, "/", "Read timed out."), (200, CONFIG_MAP)]  # type: ignore[arg-type]
    with pytest.raises(Unreachable):
        client.pod_proxy_get("n", "p", 1985, "/")
    assert client.get("v1", "ConfigMap", "a", "n") == CONFIG_MAP


# Watching


def test_watch_yields_events_and_ends(client: Client, api: Any) -> None:
    lines = [{"type": "ADDED", "object": {"metadata": {"name": "a"}}}, {"type": "BOOKMARK", "object": {"metadata": {}}}]
    api.answers = [(200, b"\n".join(json.dumps(line).encode() for line in lines) + b"\n")]
    assert list(client.watch("v1", "Pod", "n", resource_version="5", timeout=9.7, label_selector="a=b")) == [
        ("ADDED", {"metadata": {"name": "a"}}),
        ("BOOKMARK", {"metadata": {}}),
    ]
    query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": "5", "timeoutSeconds": "9", "labelSelector": "a=b"}
    assert api.log[0].query == query


@pytest.mark.parametrize(
    "answer", [(410, {"code": 410, "message": "too old"}), (200, {"type": "ERROR", "object": {"code": 410, "message": "too old"}})]
)
def test_a_watch_from_too_long_ago_says_so(client: Client, api: Any, answer: Any) -> None:
    api.answers = [answer]
    with pytest.raises(ApiError) as caught:
        list(client.watch("v1", "Pod", "n", resource_version="5", timeout=5))
    assert caught.value.status == 410


# Doing things side by side


def test_results_come_in_order_and_errors_come_out(client: Client) -> None:
    assert client.each(lambda item: item * 2, range(50)) == [item * 2 for item in range(50)]
    with pytest.raises(ZeroDivisionError):
        client.each(lambda item: 1 // item, [1, 0, 2])


# Proxies and libraries


@pytest.mark.parametrize(
    ("url", "no_proxy", "bypasses"),
    [
        ("https://api.example:6443", "", False),
        ("https://api.example:6443", "api.example", True),
        ("https://api.example:6443", ".example", True),
        ("https://api.example:6443", "example", True),
        ("https://api.example:6443", "*.example", True),
        ("https://api.example:6443", "ample", False),
        ("https://api.example:6443", "other, *", True),
        ("https://10.0.0.1:6443", "10.0.0.0/8", True),
        ("https://10.0.0.1:6443", "192.168.0.0/16,nonsense/9", False),
        ("https://[fd00::1]:6443", "fd00::/8", True),
        ("https://127.0.0.1:6443", "", True),
        ("https://localhost:6443", "", True),
    ],
)
def test_no_proxy(url: str, no_proxy: str, bypasses: bool) -> None:
    assert under_test.bypasses_proxy(url, no_proxy) == bypasses


def test_a_proxy_is_used_unless_bypassed() -> None:
    connection = Connection(host="https://api.example", proxy="http://proxy.example:3128", proxy_headers={"proxy-authorization": "x"})
    pool = Client(connection)._pool
    assert isinstance(pool, urllib3.ProxyManager) and pool.proxy_headers == {"proxy-authorization": "x"}
    connection.no_proxy = "api.example"
    assert not isinstance(Client(connection)._pool, urllib3.ProxyManager)


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "urllib3", None)
    with pytest.raises(SrsError, match=r"kubernetes \(31 or newer\) and urllib3 \(2 or newer\) are needed"):
        Client(Connection(host="https://api.example"))


def test_a_kubeconfig_given_as_content_keeps_its_secrets_out_of_results() -> None:
    class Module:
        def __init__(self, params: dict[str, Any]) -> None:
            self.params = params
            self.no_log_values: set[str] = set()

    kubeconfig = {
        "current-context": "a",
        "clusters": [{"name": "a", "cluster": {"server": "https://api.example"}}],
        "users": [{"name": "a", "user": {"token": "t0ken", "auth-provider": {"config": {"refresh-token": "r3fresh"}}}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
    }
    module = Module({"kubeconfig": kubeconfig})
    Client.from_module(module)  # type: ignore[arg-type]
    assert module.no_log_values == {"t0ken", "r3fresh"}


def test_a_context_that_threads_share_is_not_changed_by_a_connection() -> None:
    """What urllib3 does to it for each connection must not reach OpenSSL while another thread is sending its greeting."""
    context = under_test.tls_context(Connection(host="https://api.example", verify=False))
    context.set_alpn_protocols(["other"])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing).do_handshake()
    greeting = outgoing.read()
    assert b"\x08http/1.1" in greeting and b"\x05other" not in greeting
