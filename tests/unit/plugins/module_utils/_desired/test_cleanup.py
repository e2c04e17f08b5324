# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the clean-up is told to do, and what it is never told."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import cleanup, storage

NAS = {"type": "pvc", "size": "9Gi", "access_mode": "ReadWriteMany"}


def server(given: dict[str, Any], media: dict[str, Any] | None = None) -> dict[str, Any]:
    volume = storage.resolve(NAS if media is None else media, {})
    origin: dict[str, Any] = {"image": "srs:6", "selector": {"app": "srs-origin"}, "media": volume}
    return {**origin, "cleanup": cleanup.resolve(given, origin, "srs")}


def test_what_is_left_behind_for_three_days() -> None:
    made = server({"enabled": True})
    assert made["cleanup"]["arguments"] == ["/media", ".", "72", "false", "true", "*.ts", "*.m3u8", "*.m4s", "*.tmp"]
    assert made["cleanup"]["image"] == "srs:6"
    assert list(cleanup.check(made)) == []


def test_everything_can_be_said() -> None:
    given = {"max_age_hours": 24, "patterns": ["*.flv"], "path": "live/dvr", "empty_folders": False, "dry_run": True, "image": "busybox"}
    made = server({"enabled": True, **given})
    assert made["cleanup"]["arguments"] == ["/media", "live/dvr", "24", "true", "false", "*.flv"]
    assert made["cleanup"]["image"] == "busybox"


@pytest.mark.parametrize(
    ("media", "beside"), [(NAS, {}), ({"type": "pvc", "size": "1Gi"}, {"app": "srs-origin"}), ({"type": "pvc", "existing_claim": "a"}, {})]
)
def test_a_disk_of_one_node_is_mounted_there(media: dict[str, Any], beside: dict[str, str]) -> None:
    made = server({"enabled": True}, media)
    assert made["cleanup"]["beside"] == beside
    assert list(cleanup.check(made)) == []


@pytest.mark.parametrize(
    "path", ["", ".", "live", "live/", "./live", "a/../live", "/usr/local/srs/objs/nginx/html", f"{storage.MEDIA}/dvr"]
)
def test_paths_on_the_volume(path: str) -> None:
    assert list(cleanup.check(server({"enabled": True, "path": path}))) == []


@pytest.mark.parametrize("path", ["..", "../conf", "live/../..", "/", "/usr/local/srs/conf", "/etc", f"{storage.MEDIA}/../../conf"])
def test_paths_outside_the_volume_are_refused(path: str) -> None:
    (problem,) = cleanup.check(server({"enabled": True, "path": path}))
    assert problem.startswith(f"srs_origin_cleanup.path is {path!r}, which is outside the volume: give a folder below {storage.MEDIA}")


@pytest.mark.parametrize(
    ("given", "media", "said"),
    [
        ({}, {"type": "emptydir"}, "srs_origin_storage is an emptydir"),
        ({}, {"type": "pvc", "size": "1Gi", "access_mode": "ReadWriteOncePod"}, "ReadWriteOncePod"),
        ({"patterns": []}, NAS, "srs_origin_cleanup.patterns is empty"),
        ({"patterns": ["live/*.ts"]}, NAS, "srs_origin_cleanup.patterns has 'live/*.ts': a pattern is of a file's name"),
        ({"patterns": ["*"]}, NAS, "srs_origin_cleanup.patterns has '*', which takes SRS's own pages too"),
        ({"max_age_hours": 0}, NAS, "srs_origin_cleanup.max_age_hours is 0"),
        ({"max_age_hours": "3d"}, NAS, "srs_origin_cleanup.max_age_hours is '3d'"),
        ({"schedule": "daily"}, NAS, "srs_origin_cleanup.schedule is 'daily'"),
    ],
)
def test_each_mistake_is_named(given: dict[str, Any], media: dict[str, Any], said: str) -> None:
    (problem,) = cleanup.check(server({"enabled": True, **given}, media))
    assert said in problem


def test_all_of_a_folder_of_ones_own_may_go() -> None:
    assert list(cleanup.check(server({"enabled": True, "patterns": ["*"], "path": "dvr"}))) == []


def test_what_is_off_has_no_mistakes() -> None:
    assert list(cleanup.check(server({"enabled": False, "patterns": []}, {"type": "emptydir"}))) == []
