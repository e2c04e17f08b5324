# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of an API server, and its kinds."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client

CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n"}, "data": {"k": "v"}}
GROUP = {
    "resources": [{"name": "things", "kind": "Thing", "namespaced": True}, {"name": "things/status", "kind": "Thing", "namespaced": True}]
}


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


def test_a_list_of_what_is_too_old_is_read_anew(client: Client, api: Any) -> None:
    expired = (410, {"reason": "Expired", "message": "too old resource version"})
    api.answers = [expired, (200, {"metadata": {"resourceVersion": "7"}, "items": []}), expired, expired]
    assert client.list("v1", "Pod").items == []
    with pytest.raises(ApiError, match="too old"):
        client.list("v1", "Pod")
    assert len(api.log) == 4


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
    with pytest.raises(SrsError, match=r"has no kind Thing in example\.org/v1; install what provides it"):
        client.resource("example.org/v1", "Thing")
    api.answers = [(200, GROUP)]
    with pytest.raises(SrsError, match=r"has no kind Deployment in example\.org/v1; did you mean Deployment \(apps/v1\)\?"):
        client.resource("example.org/v1", "Deployment")


def test_groups_that_the_server_has(client: Client, api: Any) -> None:
    api.answers = [(200, {"kind": "APIGroup"}), (404, {"message": "not found"}), (403, {"message": "no"})]
    assert client.has_group("monitoring.coreos.com") is True
    assert client.has_group("monitoring.coreos.com") is False
    with pytest.raises(ApiError, match="look up monitoring"):
        client.has_group("monitoring.coreos.com")
    assert api.requests == ["GET /apis/monitoring.coreos.com"] * 3


def test_a_recorded_kind_is_looked_up_in_the_preferred_version(client: Client, api: Any) -> None:
    assert client.preferred("Deployment.apps") == client.resource("apps/v1", "Deployment")
    api.answers = [(200, {"preferredVersion": {"groupVersion": "example.org/v2"}}), (200, GROUP)]
    found = client.preferred("Thing.example.org")
    assert found and found.api_version == "example.org/v2"
    api.answers = [(404, b"404 page not found")]
    assert client.preferred("Gone.example.com") is None


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


def test_results_come_in_order_and_errors_come_out(client: Client) -> None:
    assert client.each(lambda item: item * 2, range(50)) == [item * 2 for item in range(50)]
    with pytest.raises(ZeroDivisionError):
        client.each(lambda item: 1 // item, [1, 0, 2])


@pytest.mark.parametrize("option", ["namespace", "topology"])
@pytest.mark.parametrize("value", ["Live", "\N{LATIN SMALL LETTER U WITH DIAERESIS}", "", "True", "a,b=c", "a/b", "-a", "x" * 64])
def test_what_can_not_be_a_name_is_refused_before_anything_is_asked(option: str, value: str) -> None:
    module = SimpleNamespace(params={"namespace": "n", "topology": "t", "host": "http://api.example", option: value})
    with pytest.raises(SrsError, match=rf"^{option} \(srs_{option}\) is '{value}', which is not a DNS label; use lower-case letters"):
        Client.from_module(module)  # type: ignore[arg-type]


def test_names_that_look_like_something_else_are_names() -> None:
    for value in ("123", "0x10", "true", "null", "1e3", "2026-01-01", "7", "x" * 51):
        Client.from_module(SimpleNamespace(params={"namespace": value, "topology": value, "host": "http://a"}))  # type: ignore[arg-type]
    with pytest.raises(SrsError, match="at most 51 characters"):
        Client.from_module(SimpleNamespace(params={"topology": "x" * 52, "host": "http://a"}))  # type: ignore[arg-type]


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
