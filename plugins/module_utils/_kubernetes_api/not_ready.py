# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was not ready at the end of a wait, and why: its own status, its pods and the last events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.events import last_events
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.kinds import WORKLOADS
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, ObjectView, Ref
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.pods import owns, pod_troubles
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client

# Of how many objects the pods and events are read; the others are only named.
EXPLAINED = 10


@dataclass
class NotReady:
    """An object that is not ready, and what is known about why. As text it is all of that in one line, for a message."""

    ref: Ref
    reason: str  # what it waits for: "2 of 3 replicas are available"
    failed: bool = False  # its controller has given up
    pods: list[str] = field(default_factory=list)  # "pod srs-edge-...-x7k2p and 2 more: ImagePullBackOff: ..."
    events: list[str] = field(default_factory=list)  # the last events of it and warnings of its pods

    def __str__(self) -> str:
        return "; ".join([f"{self.ref}: {self.reason}", *self.pods, *(f"event {event}" for event in self.events)])

    def as_dict(self) -> dict[str, Any]:
        """All of it, for a module's result."""
        return {
            "api_version": self.ref.api_version,
            "kind": self.ref.kind,
            "namespace": self.ref.namespace,
            "name": self.ref.name,
            "reason": self.reason,
            "failed": self.failed,
            "pods": self.pods,
            "events": self.events,
        }


def failure_message(left: Sequence[NotReady], total: int, timeout: float) -> str:
    """The message of a wait for ``total`` objects that has left some not ready; ``timeout`` in seconds."""
    failed = sum(item.failed for item in left)
    why = f"; the wait ended early because {failed} of them failed" if failed else f" after {timeout:g} s"
    return "\n".join([f"{len(left)} of {total} objects are not ready{why}:", *(f"- {item}" for item in left)])


def explain(client: Client, left: Sequence[tuple[NotReady, ObjectView | None]]) -> None:
    """Add the pods' reasons and the events to what is not ready, given with the object as it was last seen.

    What can't be read is left out: the wait has already failed for another reason.
    """

    def add(pair: tuple[NotReady, ObjectView | None]) -> None:
        entry, item = pair
        if item is None:
            return
        events, pods = [], []
        try:
            if entry.ref.group_kind in WORKLOADS:
                pods = pods_of(client, item)
                entry.pods = pod_troubles(pods)
            named = [pod for pod in pods if any(f"pod {pod['metadata']['name']}" in line for line in entry.pods)]
            events = [event for about in (item, *named[:3]) for event in events_of(client, about)]
        except SrsError:
            pass
        if entry.ref.group_kind in WORKLOADS:
            # Scaling up and pulling images is what workloads always do.
            events = [event for event in events if event.get("type") == "Warning"]
        told = " ".join([entry.reason, *entry.pods])
        entry.events = [text for text in last_events(events) if text.partition(": ")[2] not in told]

    client.each(add, left[:EXPLAINED])


def events_of(client: Client, item: ObjectView) -> list[Object]:
    """The events about one object."""
    metadata = item["metadata"]
    return client.list("v1", "Event", metadata.get("namespace") or "default", field_selector=f"involvedObject.uid={metadata['uid']}").items


def pods_of(client: Client, workload: ObjectView) -> list[Object]:
    """The pods of one workload of a built-in kind."""
    labels = (workload["spec"].get("selector") or {}).get("matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    pods = client.list("v1", "Pod", workload["metadata"]["namespace"], label_selector=selector or None).items
    return [pod for pod in pods if owns(workload["kind"], workload, pod)]
