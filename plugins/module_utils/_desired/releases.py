# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release of SRS that a server runs, by its version and the tag of its image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import (
    Release,
    default_image,
    known_release,
    parse_release,
    release_of_image,
)


def release_that_runs(version: str, image: str, where: str) -> Release:
    """What the version says, and the exact release where the tag of the image tells it.

    :raises SrsError: when the version is none that is known; ``where`` is what the message calls it.
    """
    given, told = known_release(version, where), release_of_image(image)
    return told if told and told.is_exact and told.agrees(given) else given


def followed(own: Mapping[str, Any]) -> dict[str, str]:
    """Versions that follow from images in somebody's ``own`` variables, and the image that follows from a version there."""
    found: dict[str, str] = {}
    for prefix in ("srs_", "srs_origin_", "srs_edge_"):
        version, image = f"{prefix}version", f"{prefix}image"
        if own.get(image) and version not in own and (told := release_of_image(str(own[image]))):
            found[version] = str(told)
    if "srs_version" in own and "srs_image" not in own and (release := parse_release(str(own["srs_version"]))):
        found["srs_image"] = default_image(release)
    return found


def contradiction(version: Release, image: str) -> str:
    """The release that the tag of an image says where it is another one; empty where it isn't."""
    told = release_of_image(image)
    return "" if told is None or told.agrees(version) else str(told)
