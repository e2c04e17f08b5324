# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine must have for these tests, and what to do where it is lacking."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping

from localcluster import box, images

FFMPEG_INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends", "ffmpeg")
WITHOUT_QUESTIONS = {"DEBIAN_FRONTEND": "noninteractive"}


def obstacle() -> str | None:
    """Why these tests can't run here, and how to enable them."""
    if reason := box.obstacle():
        return reason
    if not images.archives(os.environ):
        return (
            "no image of SRS was given: SRS_IMAGE_ARCHIVE=FILE[:FILE...] names archives (docker save ossrs/srs:6 > srs-6.tar), "
            "SRS_IMAGE_ARCHIVE=auto takes those in ~/.cache/livestream.srs/images"
        )
    if not shutil.which("ffmpeg") and (failure := _install_ffmpeg()):
        return f"ffmpeg is missing, and `{' '.join(FFMPEG_INSTALL)}` failed: {failure}"
    return None


def _install_ffmpeg() -> str | None:
    if not shutil.which("apt-get"):
        return "this is no Debian"
    sys.stderr.write(f"ffmpeg is missing: installing it with `{' '.join(FFMPEG_INSTALL)}`\n")
    for command in (("apt-get", "update"), FFMPEG_INSTALL):
        result = subprocess.run(command, env={**os.environ, **WITHOUT_QUESTIONS}, capture_output=True, text=True, check=False)
    return result.stderr.strip()[-500:] if result.returncode else None


def srs_images(names: Iterable[str]) -> Mapping[int, str]:
    """The image of each SRS version among the names of images."""
    found = {}
    for name in names:
        if match := re.search(r"srs:v?([3-7])\b", name):
            found[int(match[1])] = name
    return found
