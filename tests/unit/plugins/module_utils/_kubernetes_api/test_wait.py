# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for many objects by one list and one watch per kind and namespace."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Ref
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import wait as under_test
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.not_ready import NotReady, failure_message
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.wait import wait_gone, wait_ready

SERVICES = "/api/v1/namespaces/media/services"
DEPLOYMENTS = "/apis/apps/v1/namespaces/media/deployments"


def service(name: str, address: str | None = None) -> dict[str, Any]:
    ingress = [{"ip": address}] if address else []
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "media"},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": ingress}},
    }


def deployment(name: str, available: int) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "media", "generation": 1},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}}},
        "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": available},
    }


def claim(name: str, phase: str = "Pending", storage_class: str = "late") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "media"},
        "spec": {"storageClassName": storage_class},
        "status": {"phase": phase},
    }


def add(api: Any, *items: dict[str, Any]) -> list[Ref]:
    folders = {"Service": SERVICES, "Deployment": DEPLOYMENTS}
    for item in items:
        name, kind = item["metadata"]["name"], item["kind"]
        api.add(f"{folders.get(kind) or f'/api/v1/namespaces/media/{kind.lower()}s'}/{name}", item)
    return [Ref(item["apiVersion"], item["kind"], "media", item["metadata"]["name"]) for item in items]


@pytest.fixture
def news(api: Any) -> dict[str, list[Any]]:
    """What each watch is told, by path: a list of events or a status. Afterwards watches are refused."""
    told: dict[str, list[Any]] = {}

    def watch(request: Any) -> Any:
        if request.query.get("watch") != "true":
            return None
        batch = told.get(request.path, []).pop(0) if told.get(request.path) else (403, {"message": "the test has no more news"})
        if isinstance(batch, tuple):
            return batch
        events = []
        for kind, item in batch:
            path = f"{request.path}/{item['metadata']['name']}"
            if kind == "DELETED":
                api.objects.pop(path)
            else:
                api.add(path, item)
            changed = {**item, "metadata": {**item["metadata"], "resourceVersion": "99"}}
            events.append({"type": kind, "object": {key: value for key, value in changed.items() if key not in ("apiVersion", "kind")}})
        return 200, b"".join(json.dumps(event).encode() + b"\n" for event in events)

    api.faults.append(watch)
    return told


def test_what_is_ready_costs_one_list_and_no_watch(client: Client, api: Any) -> None:
    refs = add(api, *(service(f"s{number}", "198.51.100.1") for number in range(20)), deployment("d", 2))
    assert wait_ready(client, refs, 0, label_selector="a=b") == [NotReady(ref, "does not exist") for ref in refs], "the label narrows"
    api.log.clear()
    assert wait_ready(client, refs, 5) == []
    assert sorted(api.requests) == [f"GET {SERVICES}", f"GET {DEPLOYMENTS}"]


def test_news_come_by_one_watch_per_kind(client: Client, api: Any, news: dict[str, list[Any]]) -> None:
    refs = add(api, service("a"), service("b"), service("ready", "198.51.100.1"), deployment("d", 0), deployment("e", 2))
    news[SERVICES] = [
        [("MODIFIED", service("b", "198.51.100.2")), ("ADDED", service("stranger")), ("MODIFIED", service("a", "198.51.100.3"))]
    ]
    news[DEPLOYMENTS] = [[("MODIFIED", deployment("d", 1)), ("MODIFIED", deployment("d", 2))]]
    seen: list[tuple[int, int]] = []
    assert wait_ready(client, refs, 60, progress=lambda ready, total: seen.append((ready, total))) == []
    assert seen[0] == (2, 5) and seen[-1] == (5, 5) and seen == sorted(seen)
    assert len([request for request in api.log if request.query.get("watch")]) <= 4, "a watch that ended may have started over"


def test_an_object_that_comes_and_goes(client: Client, api: Any, news: dict[str, list[Any]]) -> None:
    [ref] = add(api, service("a"))
    late = Ref("v1", "Service", "media", "late")
    news[SERVICES] = [[("DELETED", service("a")), ("ADDED", service("late", "198.51.100.2")), ("ADDED", service("a", "198.51.100.3"))]]
    assert wait_ready(client, [ref, late], 60) == []


def test_a_watch_that_is_too_old_or_broken_lists_again(
    client: Client, api: Any, news: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "SHORTEST_PAUSE", 0.01)
    [ref] = add(api, service("a"))
    news[SERVICES] = [
        (410, {"code": 410, "message": "too old"}),
        (200, b"not json\n"),
        (503, {"message": "restarting"}),
        [("MODIFIED", service("a", "198.51.100.2"))],
    ]
    assert wait_ready(client, [ref], 60) == []
    lists = [request for request in api.log if request.path == SERVICES and not request.query.get("watch")]
    assert len(lists) == 4, "one before each watch"


def test_a_change_that_happened_between_watches_is_seen_by_the_list(
    client: Client, api: Any, news: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "SHORTEST_PAUSE", 0.01)
    [ref] = add(api, service("a"))

    def change(request: Any) -> Any:
        if request.query.get("watch"):
            add(api, service("a", "198.51.100.2"))
            return 410, {"code": 410, "message": "too old"}
        return None

    api.faults.insert(0, change)
    assert wait_ready(client, [ref], 60) == []


@pytest.mark.parametrize(
    "watch",
    [
        (200, b""),
        (200, b'{"type": "MODIFIED"}\n'),
        (200, b"[1]\n"),
        (200, b"<html>Please log in</html>\n"),
        (403, {"message": "no"}),
        (404, b"<html>"),
        (400, {}),
        (501, b""),
    ],
)
def test_what_no_watch_tells_is_listed(client: Client, api: Any, monkeypatch: pytest.MonkeyPatch, watch: Any) -> None:
    monkeypatch.setattr(under_test, "SHORTEST_PAUSE", 0.01)
    [ref] = add(api, service("a"))
    watches: list[Any] = []

    def useless(request: Any) -> Any:
        if request.query.get("watch") != "true":
            return None
        watches.append(request)
        if len(watches) == 3:
            add(api, service("a", "198.51.100.2"))
        return watch

    api.faults = [useless]
    assert wait_ready(client, [ref], 60) == []
    assert len(watches) >= 3
    said = [warning for warning in client.warnings if "Can't watch services in namespace media" in warning]
    assert len(said) == (1 if watch[0] == 403 else 0)


def test_watches_that_end_at_once_are_not_asked_for_without_end(
    client: Client, api: Any, news: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "SHORTEST_PAUSE", 0.05)
    monkeypatch.setattr(under_test, "LONGEST_PAUSE", 60.0)
    refs = add(api, service("a"))
    assert [entry.ref for entry in wait_ready(client, refs, 1)] == refs
    assert len(api.log) <= 12, "pauses of 0.05, 0.1, 0.2, 0.4, 0.8 s, a watch and a list for each"


def hanging(api: Any) -> threading.Event:
    """Has watches hang until the event is set."""
    over = threading.Event()
    serve = api.request

    def request(method: str, url: str, **options: Any) -> Any:
        if "watch=true" in url:
            over.wait(30)
        return serve(method, url, **options)

    api.request = request
    return over


def test_while_a_watch_hangs_a_list_finds_it(client: Client, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "RECHECK", 0.01)
    monkeypatch.setattr(under_test, "SHORTEST_SILENCE", 0.05)
    [ref] = add(api, service("a"))
    over = hanging(api)
    threading.Timer(0.2, lambda: add(api, service("a", "198.51.100.2"))).start()
    try:
        assert wait_ready(client, [ref], 25) == []
    finally:
        over.set()
    lists = [request for request in api.log if not request.query.get("watch")]
    assert 2 <= len(lists) <= 12


def test_what_became_ready_in_silence_is_found_at_the_end(client: Client, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "SHORTEST_PAUSE", 0.1)
    [ref] = add(api, service("a"))
    over = hanging(api)
    threading.Timer(0.3, lambda: add(api, service("a", "198.51.100.2"))).start()
    try:
        assert wait_ready(client, [ref], 1) == []
    finally:
        over.set()
    assert [request for request in api.requests if request == f"GET {SERVICES}"] == [f"GET {SERVICES}"] * 2


@pytest.mark.parametrize("refusal", [(403, {"message": "no"}), (401, {"message": "Unauthorized"}), (404, {"message": "gone"})])
def test_a_list_that_is_refused_ends_the_wait(client: Client, api: Any, monkeypatch: pytest.MonkeyPatch, refusal: Any) -> None:
    monkeypatch.setattr(under_test, "SHORTEST_PAUSE", 0.01)
    refs = add(api, service("a"))
    api.faults = [lambda request: (200, b"") if request.query.get("watch") else refusal if len(api.log) > 1 else None]
    with pytest.raises(SrsError, match="Can't list services in namespace media"):
        wait_ready(client, refs, 60)


def test_a_failure_that_stands_ends_the_wait(client: Client, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "FAILURE_STANDS", 0.01)
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j", "namespace": "media"},
        "spec": {"selector": {"matchLabels": {"job": "j"}}},
        "status": {"conditions": [{"type": "Failed", "status": "True", "message": "backoff limit"}]},
    }
    api.add("/apis/batch/v1/namespaces/media/jobs/j", job)
    refs = [Ref("batch/v1", "Job", "media", "j"), *add(api, service("a"))]
    left = wait_ready(client, refs, 3600)
    assert [(entry.ref.name, entry.failed) for entry in left] == [("j", True), ("a", False)]
    assert failure_message(left, 3, 3600).split("\n") == [
        "2 of 3 objects are not ready; the wait ended early because 1 of them failed:",
        "- Job media/j: it has failed: backoff limit",
        "- Service media/a: the load balancer has no address yet",
    ]


def test_a_failure_of_an_earlier_change_is_taken_back(client: Client, api: Any, news: dict[str, list[Any]]) -> None:
    failed = deployment("d", 1)
    failed["status"]["conditions"] = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "late"}]
    refs = add(api, failed)
    [entry] = wait_ready(client, refs, 0)
    assert (entry.failed, entry.reason) == (True, "1 of 2 replicas are available, and its progress deadline is exceeded: late")
    news[DEPLOYMENTS] = [[("MODIFIED", failed), ("MODIFIED", deployment("d", 1)), ("MODIFIED", deployment("d", 2))]]
    assert wait_ready(client, refs, 60) == []


# Volume claims


def test_without_the_right_to_read_classes_the_claims_events_tell(
    client: Client, api: Any, news: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "RECHECK", 0.01)
    looks = iter([[], [], [{"metadata": {"name": "e"}, "reason": "WaitForFirstConsumer", "message": "waiting for first consumer"}]])

    def fault(request: Any) -> Any:
        if "storageclasses" in request.path:
            return 403, {"message": "no"}
        if request.path.endswith("/events"):
            return 200, {"metadata": {"resourceVersion": "1"}, "items": next(looks)}
        if request.query.get("watch"):
            return 200, b""
        return None

    api.faults.insert(0, fault)
    assert wait_ready(client, add(api, claim("data")), 60) == []


# Going


def test_waiting_until_deleted_objects_are_gone(client: Client, api: Any, news: dict[str, list[Any]]) -> None:
    going = service("a")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    going["metadata"]["finalizers"] = ["service.kubernetes.io/load-balancer-cleanup"]
    untouched, anew, gone = service("untouched"), service("anew"), service("gone already")
    add(api, going, untouched, anew)
    doomed = [*api.objects.values(), {**gone, "metadata": {**gone["metadata"], "uid": "1"}}]
    doomed[2] = {**anew, "metadata": {**anew["metadata"], "uid": "of the one before"}}
    assert [(entry.ref.name, entry.reason) for entry in wait_gone(client, doomed, 0)] == [
        ("a", "is still being deleted, held by the finalizers service.kubernetes.io/load-balancer-cleanup"),
        ("untouched", "still exists"),
    ]
    news[SERVICES] = [[("DELETED", doomed[0]), ("DELETED", doomed[1])]]
    assert wait_gone(client, doomed, 60) == []
