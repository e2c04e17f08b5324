# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for many objects at once: one list and one watch for each kind and namespace, however many objects there are.

A watch is only the fast way to news. Proxies refuse watches, cut them or let them hang, so what is waited for is listed again whenever
a watch has ended or has said nothing for a while, and at the end.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import objects
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.kinds import CLAIM
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, Ref
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.readiness import Waiting, waiting_for, waiting_to_go
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.claims import Claims
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.not_ready import NotReady, explain

# Seconds.
RECHECK = 5.0  # between looks at what no watch tells: whether by now a pod needs a volume claim
FAILURE_STANDS = 3.0  # how long a failure must last: of an earlier change, its controller may only now be taking it back
LONGEST_WATCH = 300.0
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 5.0  # between one watch and the next; it grows while watches bring nothing
SHORTEST_SILENCE, LONGEST_SILENCE = 5.0, 30.0  # of a watch, before a list is taken as well; it grows while nothing has changed

Judge: TypeAlias = "Callable[[Object | None], Waiting | None]"


class Place(NamedTuple):
    """Where one list and one watch look: objects of one kind in one namespace (None: objects of the whole cluster)."""

    api_version: str
    kind: str
    namespace: str | None

    @classmethod
    def of(cls, ref: Ref) -> Place:
        """Where an object is found."""
        return cls(ref.api_version, ref.kind, ref.namespace)


def wait_ready(
    client: Client,
    refs: Iterable[Ref],
    timeout: float,
    *,
    label_selector: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[NotReady]:
    """Wait until all are ready, for at most ``timeout`` seconds; what is not ready then is returned, with the reasons ([]: all are).

    The wait ends early when one of them has failed. ``label_selector`` narrows the lists and watches, where all refs carry a common label.
    ``progress`` is called with (ready, all) on each change. Raises SrsError where the objects can't be listed or watched.
    """
    claims = Claims(client)

    def judge(item: Object | None) -> Waiting | None:
        waiting = waiting_for(item)
        return None if waiting and item and objects.group_kind(item) == CLAIM and claims.is_idle(item) else waiting

    left = _Wait(client, refs, judge, label_selector, progress).run(timeout)
    explain(client, left)
    return [entry for entry, _item in left]


def wait_gone(
    client: Client,
    doomed: Iterable[Object],
    timeout: float,
    *,
    label_selector: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[NotReady]:
    """Wait until all these objects are gone, for at most ``timeout`` seconds; those that are still there are returned.

    They have been deleted, or will be with their owner. One that was created again under the same name counts as gone. ``progress`` is
    called with (gone, all) on each change.
    """
    uids = {objects.ref(item): item["metadata"]["uid"] for item in doomed}

    def judge(item: Object | None) -> Waiting | None:
        return waiting_to_go(item) if item and item["metadata"]["uid"] == uids[objects.ref(item)] else None

    return [entry for entry, _item in _Wait(client, uids, judge, label_selector, progress).run(timeout)]


class _Wait:
    def __init__(
        self,
        client: Client,
        refs: Iterable[Ref],
        judge: Judge,
        label_selector: str | None,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.client = client
        self.judge = judge
        self.label_selector = label_selector
        self.progress = progress
        self.items: dict[Ref, Object | None] = dict.fromkeys(refs)
        self.pending: dict[Ref, Waiting] = {}
        self.failed: dict[Ref, float] = {}  # those of the pending that have failed, and since when, by the monotonic clock
        # What the watching threads hand in: (place, its whole list), (place, one event) or an error.
        self.news: queue.Queue[tuple[Place, Any] | SrsError] = queue.Queue()
        self.stopped = threading.Event()
        self.open: dict[Place, Any] = {}
        # By place: when something was heard of it, by the monotonic clock, and how long it may be silent.
        self.heard: dict[Place, float] = {}
        self.silence: dict[Place, float] = {}

    def run(self, timeout: float) -> list[tuple[NotReady, Object | None]]:
        deadline = time.monotonic() + timeout
        places = {Place.of(ref) for ref in self.items}
        versions: dict[Place, str] = {}
        for place, (listed, version) in zip(places, self.client.each(self._list, places), strict=True):
            versions[place] = version
            self._replace(place, listed)
        self._report()
        threads = [threading.Thread(target=self._watch, args=(place, versions[place], deadline), daemon=True) for place in self._places()]
        for thread in threads:
            thread.start()
        try:
            while self.pending and (left := self._end(deadline) - time.monotonic()) > 0:
                self._take(min(RECHECK, left))
                self._list_silent()
        finally:
            self._stop(threads)
        self._list_again(place for place in self._places() if time.monotonic() - self.heard[place] > SHORTEST_PAUSE)
        return [(NotReady(ref, *self.pending[ref]), item) for ref, item in self.items.items() if ref in self.pending]

    def _places(self) -> set[Place]:
        """Where something is waited for."""
        return {Place.of(ref) for ref in self.pending}

    def _list_silent(self) -> None:
        """List what no watch has told of for a while."""
        now = time.monotonic()
        silent = [place for place in self._places() if now - self.heard[place] > self.silence[place]]
        for place in silent:
            self.silence[place] = min(2 * self.silence[place], LONGEST_SILENCE)
        self._list_again(silent)

    def _list_again(self, places: Iterable[Place]) -> None:
        for place in places:
            before = len(self.pending)
            items, _version = self._list(place)
            self._replace(place, items)
            if len(self.pending) != before:
                self._report()

    def _end(self, deadline: float) -> float:
        """When the wait ends, should there be no more news."""
        return min([deadline, *(since + FAILURE_STANDS for since in self.failed.values())])

    def _take(self, patience: float) -> None:
        """Take in what the watches say within ``patience`` seconds; without news, look at the claims again."""
        before = len(self.pending)
        try:
            news = self.news.get(timeout=max(patience, 0.01))
        except queue.Empty:
            for ref in [ref for ref in self.pending if ref.group_kind == CLAIM]:
                self._update(ref, self.items[ref])
        else:
            if isinstance(news, SrsError):
                raise news
            place, what = news
            self.heard[place] = time.monotonic()
            if isinstance(what, list):
                self._replace(place, what)
            else:
                event, item = what
                self.silence[place] = SHORTEST_SILENCE
                self._update(_ref(place, item), None if event == "DELETED" else item)
        if len(self.pending) != before:
            self._report()

    def _replace(self, place: Place, items: list[Object]) -> None:
        self.heard[place] = time.monotonic()
        self.silence.setdefault(place, SHORTEST_SILENCE)
        found = {_ref(place, item): item for item in items}
        for ref in self.items:
            if Place.of(ref) == place:
                self._update(ref, found.get(ref))

    def _update(self, ref: Ref, item: Object | None) -> None:
        if ref not in self.items:
            return
        self.items[ref] = item
        waiting = self.judge(item)
        if waiting:
            self.pending[ref] = waiting
        else:
            self.pending.pop(ref, None)
        if waiting and waiting.failed:
            self.failed.setdefault(ref, time.monotonic())
        else:
            self.failed.pop(ref, None)

    def _report(self) -> None:
        if self.progress:
            self.progress(len(self.items) - len(self.pending), len(self.items))

    # In the watching threads

    def _list(self, place: Place) -> tuple[list[Object], str]:
        listed = self.client.list(*place, label_selector=self.label_selector)
        return listed.items, listed.resource_version

    def _watch(self, place: Place, version: str, deadline: float) -> None:
        pause = SHORTEST_PAUSE
        while True:
            if self._hand_on(place, version, deadline):
                pause = SHORTEST_PAUSE
            # What cuts or refuses watches must not make this a busy loop.
            if self.stopped.wait(pause) or time.monotonic() >= deadline:
                return
            pause = min(2 * pause, LONGEST_PAUSE)
            try:
                items, version = self._list(place)
            except ApiError as error:
                if error.status < 500 and error.status != 429:
                    self.news.put(error)
                    return
            except SrsError as error:
                self.news.put(error)
                return
            else:
                self.news.put((place, items))

    def _hand_on(self, place: Place, version: str, deadline: float) -> bool:
        """Hand in what one watch says; whether it said anything."""
        said = False
        try:
            for event, item in self.client.watch(
                *place,
                resource_version=version,
                timeout=min(max(deadline - time.monotonic(), 0), LONGEST_WATCH),
                label_selector=self.label_selector,
                opened=lambda response: self.open.__setitem__(place, response),
            ):
                if event != "BOOKMARK":
                    said = True
                    self.news.put((place, (event, {"apiVersion": place.api_version, "kind": place.kind, **item})))
        except ApiError as error:
            if error.status == 403:
                self._warn(f"{error.message.rstrip('.')}. What is waited for is listed every {LONGEST_PAUSE:.0f} s instead.")
        except Exception:  # no event, or a broken connection, whatever the library calls it: the list that follows has patience of its own
            return said
        return said

    def _warn(self, text: str) -> None:
        if text not in self.client.warnings:
            self.client.warnings.append(text)

    def _stop(self, threads: Sequence[threading.Thread]) -> None:
        self.stopped.set()
        for response in list(self.open.values()):
            try:
                response.shutdown()
            except Exception:  # already closed by its own thread
                continue
        for thread in threads:
            thread.join(1)


def _ref(place: Place, item: Object) -> Ref:
    return Ref(place.api_version, place.kind, item["metadata"].get("namespace"), item["metadata"]["name"])
