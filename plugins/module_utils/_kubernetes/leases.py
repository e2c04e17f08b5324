# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Lease as a lock: who holds it, and when its holder is gone (https://kubernetes.io/docs/concepts/architecture/leases/)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, ObjectView
from ansible_collections.livestream.srs.plugins.module_utils._labels import MANAGED_BY, OWNER, PROCESS
from ansible_collections.livestream.srs.plugins.module_utils._text import whole_number

# Clocks of two machines may differ by this much before a lease of one looks abandoned to the other at first sight.
CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: ``name`` for people, ``process`` to tell one run from another (``process_of``)."""

    name: str
    process: str


@dataclass(frozen=True)
class Held:
    """A lease that somebody holds."""

    holder: Holder
    since: str
    renewed: datetime | None
    duration: timedelta
    version: str  # the object's resourceVersion

    def is_abandoned(self, now: datetime) -> bool:
        """Whether nobody holds it, or the holder has not been heard of for so long that no difference of clocks explains it."""
        return not self.holder.name or self.renewed is None or now - self.renewed > self.duration + CLOCKS_DIFFER

    def __str__(self) -> str:
        heard = f", last heard of at {self.renewed:%H:%M:%S} UTC" if self.renewed else ""
        return f"{self.holder.name or 'somebody'}, since {self.since or 'an unknown time'}{heard}"


def held(lease: ObjectView) -> Held:
    """What a Lease says of its holder, who may be gone or nobody."""
    spec, metadata = lease.get("spec") or {}, lease["metadata"]
    process = str((metadata.get("annotations") or {}).get(PROCESS) or "")
    seconds = spec.get("leaseDurationSeconds")
    duration = timedelta(seconds=seconds if isinstance(seconds, int) else 0)
    holder = Holder(str(spec.get("holderIdentity") or ""), process)
    return Held(holder, str(spec.get("acquireTime") or ""), time_of(spec.get("renewTime")), duration, metadata["resourceVersion"])


def lease(name: str, namespace: str, holder: Holder, acquired: datetime, renewed: datetime, seconds: int, version: str = "") -> Object:
    """The Lease of this holder; with ``version`` it replaces that version of another one's, and no later one."""
    metadata = {"name": name, "namespace": namespace, "labels": {MANAGED_BY: OWNER}, "annotations": {PROCESS: holder.process}}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {**metadata, **({"resourceVersion": version} if version else {})},
        "spec": {
            "holderIdentity": holder.name,
            "acquireTime": _micro(acquired),
            "renewTime": _micro(renewed),
            "leaseDurationSeconds": seconds,
        },
    }


def process_of(host: str, space: str, pid: int, started: str, about: str) -> str:
    """What tells one run from all others: the machine, its space of process ids, the process and when it started, and what it is about."""
    return " ".join(str(word or "-").replace(" ", "_") for word in (host, space, pid, started, about))


def process_id(process: str, host: str, space: str) -> int | None:
    """The id of a process that runs on this machine, in this space of ids; None for one of another machine."""
    words = process.split()
    return whole_number(words[2]) if len(words) == 5 and words[:2] == [host or "-", space or "-"] else None


def about(process: str) -> str:
    """What the run is about."""
    words = process.split()
    return words[4] if len(words) == 5 else ""


def _micro(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def time_of(text: object) -> datetime | None:
    """A time as the API server has it; None where it is none."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return time if time.tzinfo else None
