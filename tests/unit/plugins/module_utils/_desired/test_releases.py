# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release that a server runs."""

from __future__ import annotations

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired.releases import contradiction, release_that_runs
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release


@pytest.mark.parametrize(
    ("version", "image", "release", "contradicts"),
    [
        ("6", "docker.io/ossrs/srs:6", Release(6), ""),
        ("6", "docker.io/ossrs/srs:6.0.184", Release(6, 184), ""),
        ("5", "registry:5000/ossrs/srs:v5.0-r3", Release(5, 213), ""),
        ("6.0.191", "docker.io/ossrs/srs:6", Release(6, 191), ""),
        ("6.0.191", "docker.io/ossrs/srs:v6.0.191-custom", Release(6, 191), ""),
        ("v7.0.157", "my/streaming:blue", Release(7, 157), ""),
        ("8", "my/srs@sha256:abc", Release(8), ""),
        ("6", "docker.io/ossrs/srs:7", Release(6), "7"),
        ("6", "docker.io/ossrs/srs:7.0.157", Release(6), "7.0.157"),
        ("6.0.191", "docker.io/ossrs/srs:6.0.184", Release(6, 191), "6.0.184"),
    ],
)
def test_the_tag_tells_the_release(version: str, image: str, release: Release, contradicts: str) -> None:
    found = release_that_runs(version, image, "srs_version")
    assert (found, contradiction(found, image)) == (release, contradicts)


@pytest.mark.parametrize("version", ["2", "9", "latest", "6.1.2", "", "6.0.x", "None"])
def test_versions_that_are_not_known(version: str) -> None:
    with pytest.raises(SrsError) as caught:
        release_that_runs(version, "ossrs/srs:6", "srs_edge_version")
    assert caught.value.message == (
        f"srs_edge_version is {version!r}, but must be one of 3, 4, 5, 6, 7, 8, or an exact release such as 6.0.191."
    )
