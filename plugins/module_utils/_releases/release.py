# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases of SRS by their number, and how tags of images tell them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError

MAJORS = (3, 4, 5, 6, 7, 8)
"""Major versions that this collection knows."""

IMAGE = "docker.io/ossrs/srs"
"""The image of SRS, without a tag."""

# 6, 6.0, 6.0.191, v6.0.191: the number between is 0 in all of them.
_NUMBER = re.compile(r"v?(?P<major>\d{1,4})(?:\.0(?:\.(?P<revision>\d{1,6}))?)?", re.ASCII)
# v6.0-r1
_STAGE = re.compile(r"v?(?P<major>\d{1,4})\.0-(?P<stage>[a-z]\d{1,3})", re.ASCII)


def _stages(text: str) -> dict[str, int]:
    return {stage: int(revision) for stage, _equals, revision in (item.partition("=") for item in text.split())}


# The revision of each tag that names a stage (d: development, a: alpha, b: beta, r: release): VERSION_REVISION in
# trunk/src/core of https://github.com/ossrs/srs at that tag; the last two of 6.0, 7.0 and 8.0 by its change log. 6.0-r0 is 184 or 185.
STAGES: dict[int, dict[str, int]] = {
    3: _stages(
        "a0=56 a1=60 a2=66 a3=67 a4=71 a5=75 a6=85 a7=90 a8=97 a9=105 "
        "b0=112 b1=117 b2=123 b3=134 b4=139 "
        "r0=141 r1=144 r2=153 r3=156 r4=160 r5=161 r6=163 r7=164 r8=168"
    ),
    4: _stages("b0=201 b1=206 b2=215 b3=229 b4=231 b5=236 b6=238 b7=240 b8=241 b9=245 b10=251 r0=252 r1=253 r2=257 r3=265 r4=268 r5=271"),
    5: _stages(
        "a0=98 a1=100 a2=112 a3=128 a4=141 a5=148 b0=155 b1=157 b2=166 b3=170 b4=176 b5=185 b6=195 b7=200 r0=205 r1=208 r2=210 r3=213"
    ),
    6: _stages("d0=59 d1=72 d2=85 d3=101 d4=113 d5=129 d6=134 a0=145 a1=155 a2=166 b0=172 b1=177 b2=181 b3=183 r0=184 r1=191"),
    7: _stages("d0=157 a0=162"),
    8: _stages("d0=48"),
}


@dataclass(frozen=True, slots=True)
class Release:
    """A release of SRS; without a revision, any release of its major version."""

    major: int
    revision: int | None = None

    def __str__(self) -> str:
        return str(self.major) if self.revision is None else f"{self.major}.0.{self.revision}"

    @property
    def is_exact(self) -> bool:
        """Whether it is one release."""
        return self.revision is not None

    def reaches(self, first: Release) -> bool | None:
        """Whether it is ``first`` or later; None where that holds for some releases of its major version alone."""
        if self.major != first.major:
            return self.major > first.major
        if self.revision is None:
            return None if first.revision else True
        return self.revision >= (first.revision or 0)

    def agrees(self, other: Release) -> bool:
        """Whether both can be the same release."""
        return self.major == other.major and (None in (self.revision, other.revision) or self.revision == other.revision)


def parse_release(text: str) -> Release | None:
    """The release that a text such as ``6``, ``6.0.191`` or ``v6.0.191`` names; None if it names none."""
    match = _NUMBER.fullmatch(text.strip())
    if not match:
        return None
    return Release(int(match["major"]), int(match["revision"]) if match["revision"] else None)


def known_release(text: str, where: str) -> Release:
    """The release that a variable names.

    :raises SrsError: when it is none, or of a major version that this collection doesn't know.
    """
    release = parse_release(text)
    if release is None or release.major not in MAJORS:
        raise SrsError(
            f"{where} is {text!r}, but must be one of {', '.join(map(str, MAJORS))}, or an exact release such as 6.0.191.", variable=where
        )
    return release


def default_image(release: Release) -> str:
    """The image of a release; of a major version the newest that there is."""
    newest = max(STAGES.get(release.major, {}).values(), default=None)
    exact = release if release.is_exact else Release(release.major, newest)
    return f"{IMAGE}:{'v' if exact.is_exact else ''}{exact}"


def tag_of(image: str) -> str:
    """The tag in a reference to an image; empty when it has none."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def name_of(image: str) -> str:
    """A reference to an image without tag and digest."""
    name = image.partition("@")[0]
    return name.removesuffix(f":{tag_of(image)}")


def release_of_image(image: str) -> Release | None:
    """The release that the tag of an image tells, as those of ``ossrs/srs`` do, else None; ``v6.0.191-custom`` is 6.0.191, too."""
    tag = tag_of(image)
    for length in range(len(tag), 0, -1):
        if length < len(tag) and tag[length] not in ".-_+":
            continue
        part = tag[:length]
        if stage := _STAGE.fullmatch(part):
            return Release(int(stage["major"]), STAGES.get(int(stage["major"]), {}).get(stage["stage"]))
        if (release := parse_release(part)) and release.major in MAJORS:
            return release
    return None


def is_floating(image: str) -> bool:
    """Whether what the reference means changes with time: no digest, and a tag that is moved from release to release."""
    if "@" in image:
        return False
    tag = tag_of(image)
    return tag in ("", "latest", "develop") or ((release := parse_release(tag)) is not None and not release.is_exact)
