# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules and time zones, by what an API server of Kubernetes 1.35 said of each."""

from __future__ import annotations

from zoneinfo import ZoneInfoNotFoundError

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import schedules

RIGHT = [
    "15 1 * * *",
    "@daily",
    "@midnight",
    "*/5 * * * *",
    "0 0 1 jan mon-fri",
    "* * * jan-MAR *",
    "0 0 * * 0,6",
    "@every 1h30m",
    "@every .5h",
    "@every 0",
    "? ? ? ? ?",
    "1,2, * * * *",
    ", * * * *",
    "1-2/3 * * * *",
    "+1 * * * *",
    "00005 * * * *",
    "  1 1 1 1 1 ",
    "5/70 * * * *",
    "59 23 31 12 6",
]
WRONG = [
    "",
    "60 * * * *",
    "1-60 * * * *",
    "0 24 * * *",
    "0 0 0 * *",
    "0 0 32 * *",
    "0 0 * 0 *",
    "0 0 * 13 *",
    "0 0 * * 7",
    "* * *",
    "* * * * * *",
    "@often",
    "@Daily",
    "@daily ",
    "@every 1x",
    "@every 1",
    "@every  1h",
    "*/0 * * * *",
    "*/ * * * *",
    "/5 * * * *",
    "5-1 * * * *",
    "5- * * * *",
    "1-2-3 * * * *",
    "1/2/3 * * * *",
    "a * * * *",
    "* * * * sunday",
    "TZ=UTC * * * * *",
    "٥ * * * *",
]


@pytest.mark.parametrize("text", RIGHT)
def test_what_a_cron_job_takes(text: str) -> None:
    assert schedules.is_schedule(text)


@pytest.mark.parametrize("text", WRONG)
def test_what_a_cron_job_refuses(text: str) -> None:
    assert not schedules.is_schedule(text)


KNOWN = {"Asia/Shanghai", "Etc/GMT+5"}


@pytest.mark.parametrize(
    ("name", "good"), [("Asia/Shanghai", True), ("Etc/GMT+5", True), ("Shanghai", False), ("Local", False), ("", False)]
)
def test_time_zones(monkeypatch: pytest.MonkeyPatch, name: str, good: bool) -> None:
    def zone(wanted: str) -> str:
        if wanted not in KNOWN:
            raise ZoneInfoNotFoundError(wanted)
        return wanted

    monkeypatch.setattr(schedules, "ZoneInfo", zone)
    assert schedules.is_time_zone(name) is good


def test_a_machine_without_time_zones_refuses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def zone(wanted: str) -> str:
        raise ZoneInfoNotFoundError(wanted)

    monkeypatch.setattr(schedules, "ZoneInfo", zone)
    assert schedules.is_time_zone("Asia/Shanghai")
    assert not schedules.is_time_zone("Local")
