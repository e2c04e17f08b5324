# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds a lock, and when its holder is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import leases
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.leases import Held, Holder

NOW = datetime(2026, 11, 27, 12, 0, 0, 500000, tzinfo=UTC)
HOLDER = Holder("site.yml by alice on build-1, process 42", leases.process_of("build-1", "4026", 42, "881", "production"))


def made(**spec: Any) -> Held:
    item = leases.lease("srs-lock", "srs", HOLDER, NOW, NOW + timedelta(seconds=20), 60)
    item["metadata"]["resourceVersion"] = "7"
    item["spec"].update(spec)
    return leases.held(item)


def test_what_is_written_is_what_is_read() -> None:
    found = made()
    assert found == Held(HOLDER, "2026-11-27T12:00:00.500000Z", NOW + timedelta(seconds=20), timedelta(seconds=60), "7")
    assert leases.time_of(found.since) == NOW
    assert str(found) == f"{HOLDER.name}, since 2026-11-27T12:00:00.500000Z, last heard of at 12:00:20 UTC"


def test_a_lease_that_replaces_another_names_its_version() -> None:
    assert leases.lease("srs-lock", "srs", HOLDER, NOW, NOW, 60, "12")["metadata"]["resourceVersion"] == "12"
    assert "resourceVersion" not in leases.lease("srs-lock", "srs", HOLDER, NOW, NOW, 60)["metadata"]


def test_a_holder_is_gone_when_no_difference_of_clocks_explains_its_silence() -> None:
    heard, allowed = NOW + timedelta(seconds=20), timedelta(seconds=60) + leases.CLOCKS_DIFFER
    assert not made().is_abandoned(heard + allowed)
    assert made().is_abandoned(heard + allowed + timedelta(seconds=1))
    assert not made().is_abandoned(heard - timedelta(days=1)), "whose clock is ahead"


@pytest.mark.parametrize(
    "spec",
    [{"holderIdentity": None}, {"holderIdentity": ""}, {"renewTime": None}, {"renewTime": "soon"}, {"renewTime": "2026-11-27T12:00:00"}],
)
def test_a_lease_that_says_nothing_is_nobodys(spec: dict[str, Any]) -> None:
    assert made(**spec).is_abandoned(NOW)


@pytest.mark.parametrize("seconds", [None, "60", {}])
def test_a_lease_of_no_duration(seconds: Any) -> None:
    assert made(leaseDurationSeconds=seconds).duration == timedelta(0)


def test_a_process_is_known_where_it_runs() -> None:
    assert leases.process_id(HOLDER.process, "build-1", "4026") == 42
    assert leases.process_id(HOLDER.process, "build-1", "4027") is None, "another container of that machine"
    assert leases.process_id(HOLDER.process, "build-2", "4026") is None
    assert leases.about(HOLDER.process) == "production"


def test_what_the_system_does_not_tell() -> None:
    process = leases.process_of("my host", "", 42, "", "")
    assert process == "my_host - 42 - -" and len(process.split()) == 5
    assert leases.process_id(process, "my_host", "") == 42


@pytest.mark.parametrize(
    "process", ["", "x", "build-1 4026 me 881 production", "a b c d e f", f"build-1 4026 {'9' * 5000} 881 x", "build-1 4026 ² 881 x"]
)
def test_what_others_wrote_is_no_process(process: str) -> None:
    assert leases.process_id(process, "build-1", "4026") is None
