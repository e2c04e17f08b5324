# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian packages without installing them: fetched with apt and unpacked into the cache.

Nothing is installed, so no service is started, no package of the user's is replaced, and there is nothing to remove afterwards.
apt gets folders of its own for its lists, so that not even those of the machine change.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .base import ClusterError, cache, lock, say, write

WITH_A_PACKAGE = re.compile(r"(.+-)?lib|zlib|nginx")
"""Of what a package depends on, this much is fetched too: libraries, and a package's own parts."""

OF_THE_SYSTEM = re.compile(r"libc6|libgcc-s1")
"""Every machine has these; programs that run on it must not get other ones."""


def usable() -> bool:
    return all(shutil.which(program) for program in ("apt-get", "apt-cache", "dpkg-deb"))


def depends_on(text: str) -> list[str]:
    """The packages that `apt-cache depends` names, of those that are worth fetching. Virtual ones (`<name>`) have no file."""
    names: list[str] = re.findall(r"^[ |]*(?:Pre)?Depends: ([^<\s]+)$", text, re.MULTILINE)
    return [name for name in dict.fromkeys(names) if WITH_A_PACKAGE.match(name)]


def ensure(names: Iterable[str], *, complete: bool = False) -> list[Path]:
    """The .deb files of the packages and of the libraries they need; with `complete` also those every system has."""
    with lock(_folder() / "apt.lock", "waiting for another process that fetches packages"):
        if not (_folder() / "state/lists").is_dir():
            _update()
        try:
            wanted = _download(names)
        except ClusterError:
            # The lists are older than what the servers have by now.
            _update()
            wanted = _download(names)
        return [_deb(name) for name in wanted if complete or not OF_THE_SYSTEM.match(name)]


def tree(name: str, packages: Iterable[str]) -> Path:
    """A folder with the unpacked packages, once."""
    target = _folder() / name
    if not target.is_dir():
        wanted = list(packages)
        say(f"fetching {', '.join(wanted)} and the libraries they need from Debian's packages, once; nothing is installed")
        debs = ensure(wanted)
        with lock(target.with_suffix(".lock"), f"waiting for another process that unpacks {name}"):
            if not target.is_dir():
                _unpack(debs, target)
    return target


def libraries(tree: Path) -> str:
    """The LD_LIBRARY_PATH of the unpacked packages. Some libraries have a folder of their own, which their package would register."""
    places = [place for top in ("usr/lib", "lib") for place in tree.glob(f"{top}/*-linux-gnu")]
    own = {library.parent for place in places for library in place.glob("*/lib*.so*")}
    return ":".join(map(str, [*places, *sorted(own)]))


def wrapped(tree: Path, names: Iterable[str]) -> Path:
    """A folder with programs of the unpacked packages that can be called by anybody."""
    folder = tree / "wrapped"
    for name in names:
        script = f"#!/bin/sh\nexport LD_LIBRARY_PATH='{libraries(tree)}'\nexec '{tree}/usr/bin/{name}' \"$@\"\n"
        write(folder / name, script)
        (folder / name).chmod(0o755)
    return folder


def _unpack(debs: list[Path], target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as folder:
        for deb in debs:
            _run("dpkg-deb", "-x", str(deb), folder)
        Path(folder).chmod(0o755)
        Path(folder).rename(target)


def _folder() -> Path:
    return cache() / "debian"


def _closure(names: Iterable[str]) -> list[str]:
    found: set[str] = set()
    new = set(names)
    while new:
        found |= new
        new = set(depends_on(_apt("apt-cache", "depends", *sorted(new)))) - found
    return sorted(found)


def _download(names: Iterable[str]) -> list[str]:
    wanted = _closure(names)
    missing = [name for name in wanted if not list(_debs().glob(f"{name}_*.deb"))]
    if missing:
        _apt("apt-get", "download", *missing, folder=_debs())
    return wanted


def _deb(name: str) -> Path:
    return next(_debs().glob(f"{name}_*.deb"))


def _debs() -> Path:
    return _folder() / "debs"


def _update() -> None:
    for folder in ("state/lists/partial", "archives/partial", "debs"):
        (_folder() / folder).mkdir(parents=True, exist_ok=True)
    _apt("apt-get", "update")


def _apt(program: str, *arguments: str, folder: Path | None = None) -> str:
    options = {
        "Dir::State": _folder() / "state",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": _folder(),
        "APT::Sandbox::User": "root",
        "Acquire::Retries": 3,
    }
    return _run(program, *(f"-o{name}={value}" for name, value in options.items()), "-qq", *arguments, folder=folder)


def _run(*command: str, folder: Path | None = None) -> str:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ClusterError(f"`{command[0]} ... {command[-1]}` failed: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout
