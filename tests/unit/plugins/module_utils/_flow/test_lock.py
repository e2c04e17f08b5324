# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the holder of a lock is gone, by what its system tells; the rest is tried on a real API server."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._flow import lock as under_test
from ansible_collections.livestream.srs.plugins.module_utils._flow.lock import Lock
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import leases
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.leases import Held, Holder


def held(process: str) -> Held:
    now = datetime.now(UTC)
    item = leases.lease("srs-lock", "srs", Holder("alice", process), now, now, 60, "7")
    return leases.held(item)


@pytest.fixture
def lock() -> Lock:
    no_client: Any = None
    return Lock(no_client, "srs", "srs-lock", Holder("bob", "elsewhere 1 1 1 x"), 60)


def test_a_process_that_runs_is_not_gone(lock: Lock) -> None:
    assert not lock._is_gone(held(under_test.this_process(os.getpid(), "my host")))


def test_a_process_that_runs_is_not_gone_where_the_system_tells_little(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "_stat", lambda pid: [])
    monkeypatch.setattr(under_test, "_space", lambda: "")
    assert not lock._is_gone(held(under_test.this_process(os.getpid(), "production")))


def test_another_process_of_the_same_id(lock: Lock) -> None:
    words = under_test.this_process(os.getpid(), "production").split()
    assert lock._is_gone(held(" ".join([*words[:3], "1", words[4]])))


def test_a_process_of_another_machine_may_run(lock: Lock) -> None:
    assert not lock._is_gone(held("elsewhere 1 999999 1 production"))


def test_a_message_says_who_and_how_to_go_on(lock: Lock) -> None:
    said = lock._busy(held("x"), 300)
    assert "Another run is changing this topology (Lease srs/srs-lock): alice, since " in said
    assert "after waiting for 300 s" in said and "srs_lock_timeout" in said and "'kubectl -n srs delete lease srs-lock'" in said
