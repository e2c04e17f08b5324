# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a topology against a real API server: one holds it, others wait, and who is gone holds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kubernetes import client

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow import lock as under_test
from ansible_collections.livestream.srs.plugins.module_utils._flow.lock import Lock
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import leases
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.leases import Holder
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.tests.integration.conftest import Play

Make = Callable[..., Lock]


@pytest.fixture
def make(kubeconfig: str, namespace: str) -> Iterator[Make]:
    clients: list[Client] = []

    def made(name: str, process: str = "", where: str = namespace, duration: int = 60) -> Lock:
        clients.append(Client.from_params({"kubeconfig": kubeconfig}))
        return Lock(clients[-1], where, "srs-lock", Holder(name, process or leases.process_of(name, "1", 1, "1", "x")), duration)

    yield made
    for one in clients:
        one.close()


def take(lock: Lock, timeout: float = 0, create: bool = False) -> bool:
    return lock.acquire(timeout, create, lambda _text: None).held


def test_one_holds_it_and_the_next_one_gets_it(make: Make) -> None:
    first, second = make("alice"), make("bob")
    assert take(first) and take(first), "who holds it may take it again"
    with pytest.raises(SrsError, match=r"Another run is changing this topology .*alice, since .*srs_lock_timeout.*delete lease srs-lock"):
        take(second)
    assert second.client.get(*under_test.LEASE, "srs-lock", first.namespace)["spec"]["holderIdentity"] == "alice"  # type: ignore[index]
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(take, second, 60)
        time.sleep(1.5)
        assert not waiting.done()
        first.release()
        assert waiting.result(60)
    second.release()
    assert second.client.get(*under_test.LEASE, "srs-lock", first.namespace) is None, "nothing is left behind"
    second.release()


def test_of_many_at_once_one_gets_it(make: Make) -> None:
    locks = [make(f"run-{number}") for number in range(8)]

    def attempt(lock: Lock) -> bool:
        try:
            return take(lock)
        except SrsError:
            return False

    for _round in range(3):
        with ThreadPoolExecutor(8) as threads:
            got = list(threads.map(attempt, locks))
        assert got.count(True) == 1
        locks[got.index(True)].release()


def test_a_process_that_has_ended_holds_nothing(make: Make) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        gone = make("gone", under_test.this_process(process.pid, "production"))
        assert take(gone)
        with pytest.raises(SrsError, match="gone, since"):
            take(make("alice"))
        assert process.stdin
        process.stdin.close()
        process.wait()
    second = make("alice")
    assert take(second)
    with pytest.raises(SrsError, match=r"Another run has taken over the lock .* from this one.*: alice, since .*run again"):
        gone.release()
    assert not gone.renew() and second.renew()


def test_a_process_that_nobody_has_asked_for_its_end_holds_nothing(make: Make) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert take(make("gone", under_test.this_process(process.pid, "production")))
        process.kill()
        assert take(make("alice"), timeout=60)


def test_an_id_that_another_process_has_by_now(make: Make) -> None:
    mine = under_test.this_process(os.getpid(), "production").split()
    assert take(make("gone", " ".join([*mine[:3], "1", mine[4]])))
    assert take(make("alice"))


def test_who_is_not_heard_of_is_gone(make: Make) -> None:
    assert take(make("far away", duration=2))
    started = time.monotonic()
    assert take(make("alice"), timeout=60)
    assert time.monotonic() - started > 2
    late = make("bob")
    late.duration = 1
    old = datetime.now(UTC) - timedelta(hours=1)
    late.client.patch(*under_test.LEASE, "srs-lock", late.namespace, {"spec": {"renewTime": old.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}})
    assert take(late), "an hour is silence enough, whatever the clocks"


def test_who_renews_is_not_gone(make: Make) -> None:
    first = make("far away", duration=3)
    assert take(first)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(take, make("alice"), 6)
        for _second in range(7):
            time.sleep(1)
            assert first.renew()
        with pytest.raises(SrsError, match="far away"):
            waiting.result(60)


def test_a_namespace_is_made_for_it_only_where_that_is_said(make: Make, namespace: str, api: client.ApiClient) -> None:
    lock = make("alice", where=f"{namespace}-new")
    assert not take(lock), "nothing to lock"
    assert take(lock, create=True)
    core = client.CoreV1Api(api)
    core.create_namespaced_config_map(lock.namespace, {"metadata": {"name": "a"}})
    lock.release()
    lock.delete_empty_namespace()
    assert not core.read_namespace(lock.namespace).metadata.deletion_timestamp, "somebody has put something into it"
    core.delete_namespaced_config_map("a", lock.namespace)
    lock.delete_empty_namespace()
    deadline = time.monotonic() + 60
    while lock.namespace in {item.metadata.name for item in core.list_namespace().items}:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_namespace_of_somebody_elses_stays(make: Make, api: client.ApiClient) -> None:
    lock = make("alice")
    lock.delete_empty_namespace()
    assert not client.CoreV1Api(api).read_namespace(lock.namespace).metadata.deletion_timestamp


def test_two_hosts_of_an_inventory_that_are_one_topology(make: Make) -> None:
    assert take(make("site.yml", under_test.this_process(os.getpid(), "east")))
    with pytest.raises(SrsError, match=r"The hosts east and west of this inventory are one and the same topology .*srs_namespace"):
        take(make("site.yml", under_test.this_process(os.getpid(), "west")), timeout=300)


def test_a_long_task_renews_it(make: Make, kubeconfig: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "RENEW_EVERY", 0.2)
    lock = make("alice")
    assert take(lock)

    def renewed() -> Any:
        return lock.client.get(*under_test.LEASE, "srs-lock", lock.namespace)["spec"]["renewTime"]  # type: ignore[index]

    told = {
        "held": True,
        "namespace": lock.namespace,
        "lease": "srs-lock",
        "holder": "alice",
        "process": lock.holder.process,
        "duration": 60,
    }
    before = renewed()
    with under_test.renewing({"kubeconfig": kubeconfig}, told):
        deadline = time.monotonic() + 60
        while renewed() == before:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    with under_test.renewing({"kubeconfig": kubeconfig}, None):
        pass


@pytest.mark.parametrize("playbook", ["site", "teardown"])
def test_a_playbook_waits_for_another_run(play: Callable[..., Play], make: Make, playbook: str) -> None:
    lock = make("site.yml by alice on build-1, process 42")
    assert take(lock)
    refused = play(playbook=playbook, srs_lock_timeout=1, expect=2)
    assert "Another run is changing this topology" in refused.message and "site.yml by alice on build-1, process 42" in refused.message
    assert refused.changed == []
    assert play("--check", playbook=playbook).status == 0, "check mode needs no lock"
    assert play(playbook="status").status == 0, "and reading needs none"
    assert play(playbook=playbook, srs_lock=False).status == 0
    lock.release()
    play(playbook=playbook)
    assert lock.client.get(*under_test.LEASE, "srs-lock", lock.namespace) is None


def test_a_run_that_fails_lets_go(play: Callable[..., Play], make: Make) -> None:
    play(srs_edge_image="registry.invalid/no-such-image:1", srs_wait_timeout=3, expect=2)
    assert take(make("alice"))
