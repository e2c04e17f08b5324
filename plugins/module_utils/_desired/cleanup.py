# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is removed from the origin's volume, when, and what never is."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from ansible_collections.livestream.srs.plugins.module_utils._desired import storage
from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Settings
from ansible_collections.livestream.srs.plugins.module_utils._desired.storage import Media
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.schedules import is_schedule, is_time_zone


def arguments(given: Settings) -> list[str]:
    """The arguments of the script that cleans up, from ``srs_origin_cleanup``."""
    path = _relative(given["path"])
    words = [storage.CLEANED, path, given["max_age_hours"], given["dry_run"], given["empty_folders"], *given["patterns"]]
    return [str(word).lower() if isinstance(word, bool) else str(word) for word in words]


def _relative(path: str) -> str:
    """A path on the volume from its root; it begins with ``..`` where it is not on it."""
    return posixpath.relpath(posixpath.join(storage.MEDIA, path), storage.MEDIA)


def check(given: Settings, media: Media) -> Iterator[str]:
    """What is wrong with it, as sentences that name the variable, the value and the way out."""
    where = "srs_origin_cleanup"
    if not given["enabled"]:
        return
    if not media.persistent:
        yield f"{where} is enabled, but srs_origin_storage is an emptydir, which no other pod can see: use type pvc."
    elif media.access_mode == "ReadWriteOncePod":
        yield f"{where} is enabled, but srs_origin_storage.access_mode is ReadWriteOncePod: use ReadWriteOnce or ReadWriteMany."
    path = _relative(given["path"])
    if path.split("/")[0] == "..":
        yield f"{where}.path is {given['path']!r}, which is outside the volume: give a folder below {storage.MEDIA}, such as live."
    if not given["patterns"]:
        yield f"{where}.patterns is empty: name the files to remove, for example '*.ts'."
    for pattern in given["patterns"]:
        if "/" in pattern:
            yield f"{where}.patterns has {pattern!r}: a pattern is of a file's name; the folder is {where}.path."
        elif not pattern.strip("*") and path == ".":
            yield f"{where}.patterns has {pattern!r}, which takes SRS's own pages too: say which files, or in which {where}.path."
    if given["max_age_hours"] < 1:
        yield f"{where}.max_age_hours is {given['max_age_hours']!r}: it must be a whole number from 1 up."
    if not is_schedule(given["schedule"]):
        yield f"{where}.schedule is {given['schedule']!r}: it must be five fields as in cron, for example '15 1 * * *', or '@daily'."
    if given.get("time_zone") and not is_time_zone(given["time_zone"]):
        yield f"{where}.time_zone is {given['time_zone']!r}: it must be the name of a time zone, for example Asia/Shanghai."
