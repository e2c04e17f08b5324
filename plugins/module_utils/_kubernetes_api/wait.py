# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for many objects at once: one list and one watch for each kind and namespace, however many objects there are."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import objects, readiness
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, Ref
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client

# Of so many objects that are not ready the pods and events are looked at; the others are only named.
EXPLAINED = 10
# Seconds between looks at what no watch tells: whether by now a pod needs a volume claim.
RECHECK = 5.0
LONGEST_WATCH = 300.0
SHORTEST_WATCH = 1.0


class Place(NamedTuple):
    """Where one list and one watch look."""

    api_version: str
    kind: str
    namespace: str | None


@dataclass
class NotReady:
    """An object that is not ready, and what is known about why."""

    ref: Ref
    reason: str  # what is missing: "2 of 3 replicas are available"
    final: bool = False  # it never will be
    pods: list[str] = field(default_factory=list)  # "pod srs-edge-...-x7k2p and 2 more: ImagePullBackOff: ..."
    events: list[str] = field(default_factory=list)  # the last events of it and warnings of its pods

    def __str__(self) -> str:
        """All of it, for a message."""
        return "; ".join([f"{self.ref}: {self.reason}", *self.pods, *(f"event {event}" for event in self.events)])

    def as_dict(self) -> dict[str, Any]:
        """All of it, for a module's result."""
        return {
            "api_version": self.ref.api_version,
            "kind": self.ref.kind,
            "namespace": self.ref.namespace,
            "name": self.ref.name,
            "reason": self.reason,
            "pods": self.pods,
            "events": self.events,
        }


def failure_message(left: Sequence[NotReady], total: int, timeout: float) -> str:
    """The message of a wait that failed."""
    why = "and never will be" if any(item.final for item in left) else f"after {timeout:g} s"
    return "\n".join([f"{len(left)} of {total} objects are not ready {why}:", *(f"- {item}" for item in left)])


def wait_ready(
    client: Client,
    refs: Iterable[Ref],
    timeout: float,
    *,
    label_selector: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[NotReady]:
    """Wait until all are ready; what isn't after ``timeout`` seconds is returned ([]: all ready), at once when one never will be.

    ``label_selector`` narrows the lists and watches, where all refs carry a common label. ``progress`` is called with (ready, all) on
    each change.
    """
    claims = _Claims(client)

    def judge(item: Object | None) -> str | None:
        reason = readiness.waiting_for(item)
        return None if reason and item and item["kind"] == "PersistentVolumeClaim" and claims.is_idle(item) else reason

    left = _Wait(client, refs, judge, label_selector, progress).run(timeout)
    _explain(client, left)
    return [entry for entry, _item in left]


def wait_gone(client: Client, doomed: Iterable[Object], timeout: float, *, label_selector: str | None = None) -> list[NotReady]:
    """Wait until all these objects, which were deleted or will be by what owned them, are gone; those that aren't in time are returned."""
    uids = {objects.ref(item): item["metadata"]["uid"] for item in doomed}

    def judge(item: Object | None) -> str | None:
        return readiness.waiting_to_go(item) if item and item["metadata"]["uid"] == uids[objects.ref(item)] else None

    return [entry for entry, _item in _Wait(client, uids, judge, label_selector, None).run(timeout)]


class _Wait:
    def __init__(
        self,
        client: Client,
        refs: Iterable[Ref],
        judge: Callable[[Object | None], str | None],
        label_selector: str | None,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.client = client
        self.judge = judge
        self.label_selector = label_selector
        self.progress = progress
        self.items: dict[Ref, Object | None] = dict.fromkeys(refs)
        self.pending: dict[Ref, str] = {}
        # What the watching threads hand in: (place, its whole list), (place, one event) or an error.
        self.news: queue.Queue[tuple[Place, Any] | SrsError] = queue.Queue()
        self.stopped = threading.Event()
        self.open: dict[Place, Any] = {}

    def run(self, timeout: float) -> list[tuple[NotReady, Object | None]]:
        deadline = time.monotonic() + timeout
        places = {Place(ref.api_version, ref.kind, ref.namespace) for ref in self.items}
        versions: dict[Place, str] = {}
        for place, (listed, version) in zip(places, self.client.each(self._list, places), strict=True):
            versions[place] = version
            self._replace(place, listed)
        self._report()
        threads = [
            threading.Thread(target=self._watch, args=(place, versions[place], deadline), daemon=True)
            for place in {Place(ref.api_version, ref.kind, ref.namespace) for ref in self.pending}
        ]
        for thread in threads:
            thread.start()
        try:
            while self.pending and time.monotonic() < deadline and not any(readiness.is_final(self.items[ref]) for ref in self.pending):
                self._take(min(RECHECK, deadline - time.monotonic()))
        finally:
            self._stop(threads)
        left = [(ref, self.pending[ref], item) for ref, item in self.items.items() if ref in self.pending]
        return [(NotReady(ref, reason, readiness.is_final(item)), item) for ref, reason, item in left]

    def _take(self, patience: float) -> None:
        """Take in what the watches say within ``patience`` seconds; without news, look at the claims again."""
        before = len(self.pending)
        try:
            news = self.news.get(timeout=max(patience, 0.01))
        except queue.Empty:
            for ref in [ref for ref in self.pending if ref.kind == "PersistentVolumeClaim"]:
                self._update(ref, self.items[ref])
        else:
            if isinstance(news, SrsError):
                raise news
            place, what = news
            if isinstance(what, list):
                self._replace(place, what)
            else:
                event, item = what
                self._update(_ref(place, item), None if event == "DELETED" else item)
        if len(self.pending) != before:
            self._report()

    def _replace(self, place: Place, items: list[Object]) -> None:
        found = {_ref(place, item): item for item in items}
        for ref in self.items:
            if Place(ref.api_version, ref.kind, ref.namespace) == place:
                self._update(ref, found.get(ref))

    def _update(self, ref: Ref, item: Object | None) -> None:
        if ref not in self.items:
            return
        self.items[ref] = item
        if reason := self.judge(item):
            self.pending[ref] = reason
        else:
            self.pending.pop(ref, None)

    def _report(self) -> None:
        if self.progress:
            self.progress(len(self.items) - len(self.pending), len(self.items))

    # In the watching threads

    def _list(self, place: Place) -> tuple[list[Object], str]:
        listed = self.client.list(*place, label_selector=self.label_selector)
        return listed.items, listed.resource_version

    def _watch(self, place: Place, version: str | None, deadline: float) -> None:
        while not self.stopped.is_set() and (left := deadline - time.monotonic()) > 0:
            started = time.monotonic()
            try:
                if version is None:
                    items, version = self._list(place)
                    self.news.put((place, items))
                for event, item in self.client.watch(
                    *place,
                    resource_version=version,
                    timeout=min(left, LONGEST_WATCH),
                    label_selector=self.label_selector,
                    opened=lambda response: self.open.__setitem__(place, response),
                ):
                    version = item["metadata"]["resourceVersion"]
                    if event != "BOOKMARK":
                        self.news.put((place, (event, {"apiVersion": place.api_version, "kind": place.kind, **item})))
            except ApiError as error:
                if error.status not in (410, 429) and error.status < 500:
                    self.news.put(error)
                    return
                version = None
            except SrsError as error:
                self.news.put(error)
                return
            except Exception:  # a broken connection, whatever the library calls it: list again, which has patience of its own
                version = None
            if time.monotonic() - started < SHORTEST_WATCH:  # a proxy that cuts connections must not make this a busy loop
                self.stopped.wait(SHORTEST_WATCH)

    def _stop(self, threads: Sequence[threading.Thread]) -> None:
        self.stopped.set()
        for response in list(self.open.values()):
            try:
                response.shutdown()
            except Exception:  # closed by its own thread meanwhile
                continue
        for thread in threads:
            thread.join(1)


def _ref(place: Place, item: Object) -> Ref:
    return Ref(place.api_version, place.kind, item["metadata"].get("namespace"), item["metadata"]["name"])


class _Claims:
    """Whether an unbound volume claim just has nobody who needs it: its class binds on first use, and no pod uses it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.late_binding: dict[str, bool | None] = {}

    def is_idle(self, claim: Object) -> bool:
        if (claim.get("status") or {}).get("phase", "Pending") != "Pending":
            return False
        metadata = claim["metadata"]
        if not self._binds_late(claim):
            return False
        pods = self.client.list("v1", "Pod", metadata["namespace"]).items
        return not any(readiness.mounts_claim(pod, metadata["name"]) for pod in pods)

    def _binds_late(self, claim: Object) -> bool:
        name = claim["spec"].get("storageClassName") or ""
        if name and name not in self.late_binding:
            try:
                found = self.client.get("storage.k8s.io/v1", "StorageClass", name) or {}
                self.late_binding[name] = found.get("volumeBindingMode") == "WaitForFirstConsumer"
            except ApiError:  # a namespace's own role may not read classes: the claim's events tell it too
                self.late_binding[name] = None
        known = self.late_binding.get(name)
        if known is not None:
            return known
        return any(event.get("reason") == "WaitForFirstConsumer" for event in _events(self.client, claim))


def _explain(client: Client, left: Sequence[tuple[NotReady, Object | None]]) -> None:
    """Add the pods' reasons and the events. What can't be read stays unsaid: the wait has failed already, and for another reason."""

    def explain(pair: tuple[NotReady, Object | None]) -> None:
        entry, item = pair
        if item is None:
            return
        events, pods = [], []
        try:
            if entry.ref.kind in readiness.WORKLOADS:
                pods = client.list("v1", "Pod", entry.ref.namespace, label_selector=_selector(item)).items
                entry.pods = readiness.pod_troubles(entry.ref.kind, item, pods)
            named = [pod for pod in pods if any(f"pod {pod['metadata']['name']}" in line for line in entry.pods)]
            events = [event for about in (item, *named[:3]) for event in _events(client, about)]
        except SrsError:
            pass
        if entry.ref.kind in readiness.WORKLOADS:
            # Scaling up and pulling images is what workloads always do.
            events = [event for event in events if event.get("type") == "Warning"]
        told = " ".join([entry.reason, *entry.pods])
        entry.events = [text for text in readiness.last_events(events) if text.partition(": ")[2] not in told]

    client.each(explain, left[:EXPLAINED])


def _events(client: Client, item: Object) -> list[Object]:
    metadata = item["metadata"]
    return client.list("v1", "Event", metadata.get("namespace") or "default", field_selector=f"involvedObject.uid={metadata['uid']}").items


def _selector(workload: Object) -> str:
    labels = (workload["spec"].get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in labels.items())
