# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where browsers and players come from: this machine, else Debian's packages, which are not installed, and npm.

What can't be had raises `Lacking`, which says why.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cluster"))

from localcluster import base, debian


class Lacking(Exception):
    """A program can't be had: one message that says why."""


@dataclass(frozen=True)
class Library:
    """A player of npm's, as it is pinned."""

    name: str
    version: str
    sha512: str
    file: str


HLS_JS = Library(
    "hls.js",
    "1.7.4",
    "3GlxGdPvT2YHvQYOt+yOzT/DEior/qJVNIylHA77kgeoBTdQQqi70GwefNEUmHQeNGyjC8U62+bruqW/Tpm+tg==",
    "dist/hls.min.js",
)
MPEGTS_JS = Library(
    "mpegts.js",
    "1.8.2",
    "cZYMa5muASH55wrS6JK5IGkUqnCA96c0f+WdnW91jIK9s/N6NzjmTQDJNYg9A5u/G2Q5nj2b3w1Zwzze/9guxA==",
    "dist/mpegts.js",
)

GSTREAMER = ["gstreamer1.0-tools", *(f"gstreamer1.0-{part}" for part in ("plugins-base", "plugins-good", "plugins-bad", "libav"))]


@dataclass(frozen=True)
class Program:
    command: Path
    environ: dict[str, str]
    """What it needs beside the environment that is there."""


def library(wanted: Library) -> str:
    """The text of a library, which must be what was pinned."""
    kept = base.cache() / "npm" / f"{wanted.name}-{wanted.version}.tgz"
    with base.lock(kept.with_suffix(".lock"), f"waiting for another process that fetches {wanted.name}"):
        if not kept.is_file():
            _pack(wanted, kept)
    data = kept.read_bytes()
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
    if digest != wanted.sha512:
        kept.unlink()
        raise Lacking(f"{wanted.name} {wanted.version} of the npm registry has the SHA-512 {digest}, not the pinned one")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        file = archive.extractfile(f"package/{wanted.file}")
        assert file is not None
        return file.read().decode()


def _pack(wanted: Library, kept: Path) -> None:
    if not (npm := shutil.which("npm")):
        raise Lacking(f"npm is not on PATH, which fetches {wanted.name}")
    base.say(f"fetching {wanted.name} {wanted.version} from npm, once")
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        command = [npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", folder, f"{wanted.name}@{wanted.version}"]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
        found = list(Path(folder).glob("*.tgz"))
        if result.returncode or len(found) != 1:
            raise Lacking(f"`npm pack {wanted.name}@{wanted.version}` failed: {result.stderr.strip()[-300:]}")
        found[0].rename(kept)


@functools.cache
def chromium(*, fetch: bool = True) -> Program:
    """Unless `fetch`, nothing that would be downloaded first; so for `ffmpeg`."""
    if installed := next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None):
        return Program(Path(installed), {})
    tree = unpacked("chromium", ["chromium", "chromium-common"], fetch=fetch)
    return Program(tree / "usr/lib/chromium/chromium", {"LD_LIBRARY_PATH": debian.libraries(tree)})


@functools.cache
def ffmpeg(*, fetch: bool = True) -> Program:
    if installed := shutil.which("ffmpeg"):
        return Program(Path(installed), {})
    return _wrapped(unpacked("ffmpeg", ["ffmpeg"], fetch=fetch), "ffmpeg")


@functools.cache
def mpv() -> Program:
    if installed := shutil.which("mpv"):
        return Program(Path(installed), {})
    return _wrapped(unpacked("mpv", ["mpv"]), "mpv")


@functools.cache
def njs() -> Program:
    if installed := shutil.which("njs"):
        return Program(Path(installed), {})
    return _wrapped(unpacked("njs-alone", ["njs"]), "njs")


@functools.cache
def gstreamer() -> Program:
    if installed := shutil.which("gst-launch-1.0"):
        return Program(Path(installed), {})
    tree = unpacked("gstreamer", GSTREAMER)
    plugins = next(tree.glob("usr/lib/*/gstreamer-1.0"))
    scanner = next(tree.glob("usr/lib/*/gstreamer1.0/gstreamer-1.0/gst-plugin-scanner"))
    return Program(
        tree / "usr/bin/gst-launch-1.0",
        {
            "LD_LIBRARY_PATH": debian.libraries(tree),
            "GST_PLUGIN_SYSTEM_PATH": str(plugins),
            "GST_PLUGIN_SCANNER": str(scanner),
            "GST_REGISTRY": str(tree / "registry.bin"),
        },
    )


def unpacked(name: str, packages: list[str], *, fetch: bool = True) -> Path:
    """A folder with packages of Debian's."""
    if not (base.cache() / "debian" / name).is_dir():
        if not fetch:
            raise Lacking(f"{name} is not installed")
        if not debian.usable():
            raise Lacking(f"{name} is not on PATH, and without apt-get and dpkg-deb it can't be taken from Debian's packages")
    try:
        return debian.tree(name, packages)
    except base.ClusterError as error:
        raise Lacking(f"{name} is not on PATH, and {error}") from error


def _wrapped(tree: Path, name: str) -> Program:
    return Program(debian.wrapped(tree, [name]) / name, {})


def environ(program: Program) -> dict[str, str]:
    """The environment to start a program with."""
    return {**os.environ, **program.environ}
