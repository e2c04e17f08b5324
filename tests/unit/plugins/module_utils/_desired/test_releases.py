# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which images are known not to wait for their players."""

from __future__ import annotations

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import releases


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("docker.io/ossrs/srs:5", 5),
        ("ossrs/srs:v5.0-r3", 5),
        ("ossrs/srs:5.0.216", 5),
        ("registry:5000/ossrs/srs:v5.0.213", 5),
        ("my/srs:latest", 5),
        ("my/srs", 5),
        ("my/srs@sha256:abc", 5),
        ("ossrs/srs:6.0.131", 6),
        ("ossrs/srs:v6.0.48", 6),
        ("ossrs/srs:v6.0-d5", 6),
        ("ossrs/srs:v6.0-d0", 6),
        ("ossrs/srs:v4.0.4", 4),
        ("ossrs/srs:3.0.119", 3),
    ],
)
def test_releases_that_end_at_once(image: str, version: int) -> None:
    assert releases.quits_at_once(image, version)


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("docker.io/ossrs/srs:6", 6),
        ("ossrs/srs:6.0", 6),
        ("ossrs/srs:6.0.132", 6),
        ("ossrs/srs:v6.0.157", 6),
        ("ossrs/srs:v6.0-d6", 6),
        ("ossrs/srs:v6.0-a1", 6),
        ("ossrs/srs:5.0.217", 5),
        ("ossrs/srs:4", 4),
        ("ossrs/srs:v4.0-r5", 4),
        ("ossrs/srs:v4.0.271", 4),
        ("ossrs/srs:3", 3),
        ("ossrs/srs:3.0.170", 3),
        ("registry:5000/my/srs:edge-2", 6),
        ("ossrs/srs:7", 7),
        ("", 6),
    ],
)
def test_releases_that_wait_or_of_which_nothing_is_known(image: str, version: int) -> None:
    assert not releases.quits_at_once(image, version)
