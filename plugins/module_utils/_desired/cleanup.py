# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is removed from the origin's volume, when, and what never is."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import edges as clusters
from ansible_collections.livestream.srs.plugins.module_utils._desired import names, storage

DEFAULTS: dict[str, Any] = {
    "enabled": False,
    "schedule": "15 1 * * *",
    "time_zone": None,
    "max_age_hours": 72,
    # What HLS and recordings leave behind. Recordings themselves go only where that is asked for.
    "patterns": ["*.ts", "*.m3u8", "*.m4s", "*.tmp"],
    "path": "",
    "empty_folders": True,
    "dry_run": False,
    "image": "",
}


def resolve(given: Any, server: Mapping[str, Any], topology: str) -> dict[str, Any]:
    """The clean-up with all its keys."""
    settings = {**DEFAULTS, **(given if isinstance(given, Mapping) else {})}
    path = _relative(str(settings["path"]))
    arguments = [storage.CLEANED, path, settings["max_age_hours"], settings["dry_run"], settings["empty_folders"], *settings["patterns"]]
    return {
        **settings,
        "name": names.CLEANUP,
        "labels": names.labels("origin", "cleanup", topology),
        "image": settings["image"] or server["image"],
        "mount": storage.CLEANED,
        "arguments": [str(argument).lower() if isinstance(argument, bool) else str(argument) for argument in arguments],
        # A disk that one node at a time may mount is mounted where the origin is.
        "beside": server["selector"] if server["media"]["access_mode"] == "ReadWriteOnce" else {},
    }


def _relative(path: str) -> str:
    """A path on the volume from its root; it begins with ``..`` where it is not on it."""
    return posixpath.relpath(posixpath.join(storage.MEDIA, path), storage.MEDIA)


def check(server: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with that of a resolved origin, as sentences that name the variable, the value and the way out."""
    where, settings, media = "srs_origin_cleanup", server["cleanup"], server["media"]
    if not settings["enabled"]:
        return
    if not media["persistent"]:
        yield f"{where} is enabled, but srs_origin_storage is an emptydir, which no other pod can see: use type pvc."
    elif media["access_mode"] == "ReadWriteOncePod":
        yield f"{where} is enabled, but srs_origin_storage.access_mode is ReadWriteOncePod: use ReadWriteOnce or ReadWriteMany."
    path = _relative(str(settings["path"]))
    if path.split("/")[0] == "..":
        yield f"{where}.path is {settings['path']!r}, which is outside the volume: give a folder below {storage.MEDIA}, such as live."
    patterns = settings["patterns"]
    if not patterns:
        yield f"{where}.patterns is empty: name the files to remove, for example '*.ts'."
    for pattern in patterns:
        if "/" in str(pattern):
            yield f"{where}.patterns has {pattern!r}: a pattern is of a file's name; the folder is {where}.path."
        elif not str(pattern).strip("*") and path == ".":
            yield f"{where}.patterns has {pattern!r}, which takes SRS's own pages too: say which files, or in which {where}.path."
    hours = clusters.typed(settings["max_age_hours"], 1)
    if not isinstance(hours, int) or isinstance(hours, bool) or hours < 1:
        yield f"{where}.max_age_hours is {settings['max_age_hours']!r}: it has to be a whole number from 1 up."
    if len(str(settings["schedule"]).split()) != 5 and not str(settings["schedule"]).startswith("@"):
        yield f"{where}.schedule is {settings['schedule']!r}: it has to be five fields as in cron, for example '15 1 * * *', or '@daily'."
