# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release of SRS that a server runs, by its version and the tag of its image."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release, known_release, release_of_image


def release_that_runs(version: str, image: str, where: str) -> Release:
    """What the version says, and the exact release where the tag of the image tells it.

    :raises SrsError: when the version is none that is known; ``where`` is what the message calls it.
    """
    given, told = known_release(version, where), release_of_image(image)
    return told if told and told.is_exact and told.agrees(given) else given


def contradiction(version: Release, image: str) -> str:
    """The release that the tag of an image says where it is another one; empty where it isn't."""
    told = release_of_image(image)
    return "" if told is None or told.agrees(version) else str(told)
