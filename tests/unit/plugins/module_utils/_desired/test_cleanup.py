# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the clean-up is told to do, and what it is never told."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import cleanup, storage
from ansible_collections.livestream.srs.tests.support.wanted import problems, refusal, resolved

NAS = {"type": "pvc", "size": "9Gi", "access_mode": "ReadWriteMany"}


def found(media: dict[str, Any] | None = None, **given: Any) -> list[str]:
    return problems(["srs_origin"], srs_origin_storage=media or NAS, srs_origin_cleanup={"enabled": True, **given})


def arguments(**given: Any) -> list[str]:
    return cleanup.arguments(resolved(srs_origin_cleanup={"enabled": True, **given}).origin.cleanup)


def test_what_is_left_behind_for_three_days() -> None:
    assert arguments() == ["/media", ".", "72", "false", "true", "*.ts", "*.m3u8", "*.m4s", "*.tmp"]
    assert found() == []


def test_everything_can_be_said() -> None:
    given = {"max_age_hours": "24", "patterns": ["*.flv"], "path": "live/dvr", "empty_folders": "no", "dry_run": True}
    assert arguments(**given) == ["/media", "live/dvr", "24", "true", "false", "*.flv"]
    assert found(**given) == []


@pytest.mark.parametrize("media", [{"type": "pvc", "size": "1Gi"}, {"type": "pvc", "existing_claim": "a"}])
def test_a_disk_of_one_node_can_be_cleaned_up_too(media: dict[str, Any]) -> None:
    assert found(media) == []


@pytest.mark.parametrize(
    "path", ["", ".", "live", "live/", "./live", "a/../live", "/usr/local/srs/objs/nginx/html", f"{storage.MEDIA}/dvr"]
)
def test_paths_on_the_volume(path: str) -> None:
    assert found(path=path) == []


@pytest.mark.parametrize("path", ["..", "../conf", "live/../..", "/", "/usr/local/srs/conf", "/etc", f"{storage.MEDIA}/../../conf"])
def test_paths_outside_the_volume_are_refused(path: str) -> None:
    (problem,) = found(path=path)
    assert problem.startswith(f"srs_origin_cleanup.path is {path!r}, which is outside the volume: give a folder below {storage.MEDIA}")


@pytest.mark.parametrize(
    ("given", "media", "said"),
    [
        ({}, {"type": "emptydir"}, "srs_origin_storage is an emptydir"),
        ({}, {"type": "pvc", "size": "1Gi", "access_mode": "ReadWriteOncePod"}, "ReadWriteOncePod"),
        ({"patterns": []}, NAS, "srs_origin_cleanup.patterns is empty"),
        ({"patterns": ["live/*.ts"]}, NAS, "srs_origin_cleanup.patterns has 'live/*.ts': a pattern is of a file's name"),
        ({"patterns": ["*"]}, NAS, "srs_origin_cleanup.patterns has '*', which takes SRS's own pages too"),
        ({"patterns": ["**"]}, NAS, "srs_origin_cleanup.patterns has '**', which takes SRS's own pages too"),
        ({"max_age_hours": 0}, NAS, "srs_origin_cleanup.max_age_hours is 0"),
        ({"schedule": "daily"}, NAS, "srs_origin_cleanup.schedule is 'daily'"),
        ({"schedule": "1 2 3 4"}, NAS, "srs_origin_cleanup.schedule is '1 2 3 4'"),
    ],
)
def test_each_mistake_is_named(given: dict[str, Any], media: dict[str, Any], said: str) -> None:
    (problem,) = found(media, **given)
    assert said in problem


def test_an_age_that_is_not_a_number() -> None:
    message = refusal(srs_origin_cleanup={"enabled": True, "max_age_hours": "3d"})
    assert "'max_age_hours'" in message and "'srs_origin_cleanup'" in message and "3d" in message


@pytest.mark.parametrize("schedule", ["@daily", "0 0 * * 0", "*/5 1-3 * * MON"])
def test_schedules(schedule: str) -> None:
    assert found(schedule=schedule) == []


def test_all_of_a_folder_of_ones_own_may_go() -> None:
    assert found(patterns=["*"], path="dvr") == []


def test_what_is_off_has_no_mistakes() -> None:
    assert found({"type": "emptydir"}, enabled=False, patterns=[]) == []
    assert found({"type": "emptydir"}, enabled="off", patterns=[]) == []
