# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_lock: one run at a time changes a topology. The lock is a Lease: creating it takes the lock, deleting it lets go."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow.edge_rollout_info import client_of
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import field_ownership, leases, membership, objects
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.leases import Held, Holder
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import FIELD_MANAGER, Client
from ansible_collections.livestream.srs.plugins.module_utils._labels import OWNER

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

LEASE = ("coordination.k8s.io/v1", "Lease")
# What Kubernetes itself puts into a namespace.
IN_EVERY_NAMESPACE = (("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default"))
# Seconds.
LOOK_AGAIN = 1.0
RENEW_EVERY = 20.0
RENEWED = 60


def flow(module: AnsibleModule) -> dict[str, Any]:
    """Take or let go of the lock of a topology; raises SrsError where another run holds it for too long, or has taken it over."""
    params = module.params
    holder = Holder(params["holder"] or f"a run on {socket.gethostname()}", params["process"] or this_process(os.getppid(), ""))
    duration = RENEWED if params["duration"] is None else params["duration"]
    with client_of(module) as client:
        lock = Lock(client, params["namespace"], lock_name(params["topology"]), holder, duration)
        told = {"namespace": lock.namespace, "lease": lock.name, "holder": holder.name, "process": holder.process, "duration": duration}
        if module.check_mode:
            return {"changed": False, **told, "held": False}
        if params["state"] == "absent":
            lock.release()
            if params["create_namespace"]:
                with contextlib.suppress(ApiError):  # who may make namespaces may not delete them everywhere
                    lock.delete_empty_namespace()
            return {"changed": False, **told, "held": False}
        taken = lock.acquire(params["timeout"], params["create_namespace"], getattr(module, "progress", lambda _text: None))
        return {"changed": taken.made_namespace, **told, "held": taken.held}


def lock_name(topology: str) -> str:
    """The name of the Lease of a topology."""
    return f"{topology}-lock"


class Taken(NamedTuple):
    """What taking the lock came to."""

    held: bool
    made_namespace: bool  # whether the namespace was created for it


class Lock:
    """The lock of one topology, for one holder."""

    def __init__(self, client: Client, namespace: str, name: str, holder: Holder, duration: int) -> None:
        self.client = client
        self.namespace = namespace
        self.name = name
        self.holder = holder
        self.duration = duration

    def acquire(self, timeout: float, create_namespace: bool, progress: Callable[[str], None]) -> Taken:
        """Take the lock, waiting for at most ``timeout`` seconds. Without a namespace there is nothing to lock, unless it is to be made."""
        made_namespace, end, said = False, time.monotonic() + timeout, ""
        seen, since = "", 0.0  # the version of another one's lease, and since when it is that
        while True:
            found = self._found()
            if found and found.version != seen:
                seen, since = found.version, time.monotonic()
            unheard = time.monotonic() - since > found.duration.total_seconds() if found else False
            if found is None or self._is_own(found) or unheard or self._is_gone(found):
                try:
                    if self._take(found):
                        return Taken(True, made_namespace)
                except ApiError as error:
                    if not error.missing_namespace:
                        raise _with_way_out(error) from error
                    if not create_namespace:
                        return Taken(False, made_namespace)
                    self.client.apply(objects.namespace(self.namespace))
                    made_namespace = True
                continue
            self._refuse_oneself(found)
            if time.monotonic() >= end:
                raise SrsError(self._busy(found, timeout))
            if str(found.holder) != said:
                said = str(found.holder)
                progress(f"waiting for another run that changes this topology: {found}")
            time.sleep(LOOK_AGAIN)

    def renew(self) -> bool:
        """Say that the holder is still at work; False where the lock is no longer its own."""
        found = self._found()
        return bool(found and self._is_own(found) and self._take(found))

    def release(self) -> None:
        """Let go. Raises SrsError if another run has taken the lock over: both may have changed the topology."""
        found = self._found()
        if found is None:
            return
        if not self._is_own(found):
            raise SrsError(
                f"Another run has taken over the lock of this topology ({self}) from this one, which it thought to be gone: {found}. "
                "Both may have changed the topology: run again when that one is done."
            )
        if not self.client.delete(*LEASE, self.name, self.namespace, resource_version=found.version):
            self.release()  # it was renewed, or taken over, at this moment

    def delete_empty_namespace(self) -> None:
        """Delete the namespace that was created for the lock, if nothing else has come into it: the run has made nothing after all.

        Raises ApiError where something of it may not be looked at, and then leaves it.
        """
        namespace = self.client.get("v1", "Namespace", self.namespace)
        if namespace is None or namespace["metadata"].get("deletionTimestamp") or not field_ownership.applied_by(namespace, FIELD_MANAGER):
            return
        for resource in (resource for resource in membership.POSSIBLE if resource.namespaced):
            try:
                found = self.client.list(resource.api_version, resource.kind, self.namespace).items
            except ApiError as error:
                if error.status == 404:
                    continue
                raise
            if any((item["kind"], item["metadata"]["name"]) not in IN_EVERY_NAMESPACE for item in found):
                return
        self.client.delete("v1", "Namespace", self.namespace, uid=namespace["metadata"]["uid"])

    def __str__(self) -> str:
        return f"Lease {self.namespace}/{self.name}"

    def _found(self) -> Held | None:
        try:
            found = self.client.get(*LEASE, self.name, self.namespace)
        except ApiError as error:
            raise _with_way_out(error) from error
        return leases.held(found) if found else None

    def _take(self, found: Held | None) -> bool:
        """Whether the lock is ours now. Two runs that apply a Lease at once differ in its holder, which only one can be."""
        now = datetime.now(UTC)
        acquired = leases.time_of(found.since) if found and self._is_own(found) else None
        wanted = leases.lease(self.name, self.namespace, self.holder, acquired or now, now, self.duration, found.version if found else "")
        try:
            self.client.apply(wanted, force=found is not None, manager=self._manager())
        except ApiError as error:
            if error.status == 409:
                return False
            raise
        return True

    def _manager(self) -> str:
        """A field manager of its own for each holder, so that the API server sees a conflict where two want the lock."""
        return f"{OWNER} {self.holder.process}"[:128]

    def _is_own(self, found: Held) -> bool:
        return found.holder.process == self.holder.process

    def _is_gone(self, found: Held) -> bool:
        if found.is_abandoned(datetime.now(UTC)):
            return True
        pid = leases.process_id(found.holder.process, socket.gethostname(), _space())
        # What it would be called if it ran: under its id another process may run by now.
        return pid is not None and (not _runs(pid) or this_process(pid, leases.about(found.holder.process)) != found.holder.process)

    def _refuse_oneself(self, found: Held) -> None:
        """Two hosts of one inventory may be the same topology by mistake: neither would ever go on."""
        own, other = self.holder.process.split(), found.holder.process.split()
        if own[:4] == other[:4]:
            raise SrsError(
                f"The hosts {leases.about(found.holder.process)} and {leases.about(self.holder.process)} of this inventory are one and the "
                f"same topology ({self}): give each its own srs_kubeconfig, srs_namespace or srs_topology, or leave one of them out."
            )

    def _busy(self, found: Held, timeout: float) -> str:
        return (
            f"Another run is changing this topology ({self}): {found}. Nothing was changed after waiting for {timeout:g} s: run again when "
            f"it is done, or wait for longer with srs_lock_timeout. If it is gone for good, 'kubectl -n {self.namespace} delete lease "
            f"{self.name}' frees the lock; it frees itself {found.duration.total_seconds():.0f} s after it was last heard of."
        )


@contextlib.contextmanager
def renewing(params: Mapping[str, Any], lock: Mapping[str, Any] | None) -> Iterator[None]:
    """Renew the lock that this run holds (the result of srs_lock), if it does, for as long as a task takes; ``params`` say where."""
    if not lock or not lock.get("held") or "kubeconfig" not in params:
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_renew, args=(dict(params), dict(lock), ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


def _renew(params: Mapping[str, Any], told: Mapping[str, Any], ended: threading.Event) -> None:
    while not ended.wait(RENEW_EVERY):
        with contextlib.suppress(SrsError):  # tried again in a while; the run itself meets the same fault, and tells it
            client = Client.from_params(params)
            try:
                lock = Lock(client, told["namespace"], told["lease"], Holder(told["holder"], told["process"]), told["duration"])
                if not lock.renew():
                    return
            finally:
                client.close()


def this_process(pid: int, about: str) -> str:
    """What tells the run of this process from all others; ``about`` is the host of the inventory that it is about."""
    return leases.process_of(socket.gethostname(), _space(), pid, _started(pid), about)


def _space() -> str:
    """The space that process ids are of: containers have their own. Empty where the system doesn't tell."""
    try:
        return os.readlink("/proc/self/ns/pid").strip("pid:[]")
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process was started, in the system's own count; empty where it doesn't tell. Ids are used again."""
    return "".join(_stat(pid)[19:20])


def _stat(pid: int) -> list[str]:
    """What the system tells of a process behind its name, from its state on (proc(5)); [] where it doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return _stat(pid)[:1] != ["Z"]  # a process that nobody has asked for its exit status has ended, too


def _with_way_out(error: ApiError) -> SrsError:
    if error.status != 403:
        return error
    return SrsError(f"{error.message} docs/deployer-role.yml has that right; srs_lock=false does without the lock.", **error.details)
