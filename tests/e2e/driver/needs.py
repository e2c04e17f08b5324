# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine must have for these tests, and what to do where it is lacking."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable

from localcluster import images

from . import tool


def obstacle() -> str | None:
    """Why these tests can't run here, and how to enable them."""
    check = tool.attempt("check")
    return check.stdout.strip() or check.stderr.strip() if check.returncode else None


def given_images() -> list[str]:
    """The names of the images in the archives that were given, else of those that were loaded before."""
    if archives := images.archives(os.environ):
        return tool.run("load-image", *map(str, archives)).splitlines()
    return tool.run("images").splitlines()


def by_version(names: Iterable[str]) -> dict[int, str]:
    """Those of SRS itself."""
    found = {}
    for name in names:
        if match := images.SERVER.search(name):
            found[int(match[1])] = name
    return found


def proxy(names: Iterable[str]) -> str | None:
    """That of the proxy of SRS 7."""
    return next(filter(images.PROXY.search, names), None)


def have_ffmpeg() -> None:
    """The one on PATH, else one from Debian's packages that isn't installed."""
    if not shutil.which("ffmpeg"):
        os.environ["PATH"] += os.pathsep + tool.run("ffmpeg")
