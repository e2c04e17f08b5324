# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import (
    STAGES,
    Release,
    is_floating,
    known_release,
    parse_release,
    release_of_image,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6", Release(6)),
        ("6.0", Release(6)),
        ("v6", Release(6)),
        ("6.0.191", Release(6, 191)),
        ("v7.0.0", Release(7, 0)),
        (" 8 ", Release(8)),
        ("6.1.3", None),
        ("6.0.", None),
        ("", None),
        ("latest", None),
        ("٦", None),
    ],
)
def test_parse_release(text: str, expected: Release | None) -> None:
    assert parse_release(text) == expected


@pytest.mark.parametrize(
    ("image", "expected", "floating"),
    [
        ("docker.io/ossrs/srs:6", Release(6), True),
        ("ossrs/srs:v6", Release(6), True),
        ("ossrs/srs", None, True),
        ("ossrs/srs:latest", None, True),
        ("localhost:5000/srs", None, True),
        ("localhost:5000/srs:v6.0.191", Release(6, 191), False),
        ("ossrs/srs:6.0-r1", Release(6, 191), False),
        ("ossrs/srs:v7.0-a0", Release(7, 162), False),
        ("ossrs/srs:v7.0-a99", Release(7), False),
        ("ossrs/srs:v6.0.191-custom", Release(6, 191), False),
        ("ossrs/srs:v6.0-r1.2", Release(6, 191), False),
        ("ossrs/srs:6-alpine", Release(6), False),
        ("ossrs/srs:6@sha256:" + 64 * "0", Release(6), False),
        ("ossrs/srs@sha256:" + 64 * "0", None, False),
        ("mine/srs:2026-11-27", None, False),
        ("mine/srs:release-6", None, False),
    ],
)
def test_release_of_image(image: str, expected: Release | None, floating: bool) -> None:
    assert release_of_image(image) == expected
    assert is_floating(image) is floating


@pytest.mark.parametrize(
    ("release", "first", "expected"),
    [
        (Release(6, 180), Release(6, 180), True),
        (Release(6, 179), Release(6, 180), False),
        (Release(7, 0), Release(6, 180), True),
        (Release(5, 224), Release(6, 0), False),
        (Release(6), Release(6, 180), None),
        (Release(6), Release(6, 0), True),
        (Release(6), Release(6), True),
        (Release(7), Release(6, 180), True),
        (Release(6), Release(7, 1), False),
    ],
)
def test_reaches(release: Release, first: Release, expected: bool | None) -> None:
    assert release.reaches(first) is expected


def test_agrees() -> None:
    assert Release(6).agrees(Release(6, 191)) and Release(6, 191).agrees(Release(6, 191))
    assert not Release(6, 191).agrees(Release(6, 157)) and not Release(6).agrees(Release(7))


def test_revisions_of_stages_grow() -> None:
    for stages in STAGES.values():
        assert list(stages.values()) == sorted(set(stages.values()))


@pytest.mark.parametrize("text", ["2", "9", "6.1.0", "six", "", "6.0.191.2"])
def test_known_release_names_the_variable(text: str) -> None:
    with pytest.raises(SrsError, match=r"^srs_version is .* exact release such as 6\.0\.191\.$"):
        known_release(text, "srs_version")
