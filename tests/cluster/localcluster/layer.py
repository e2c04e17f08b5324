# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a container image, put together without running anything in it."""

from __future__ import annotations

import io
import re
import stat
import subprocess
import tarfile
from pathlib import Path
from typing import IO

from .base import ClusterError

MERGED = ("bin", "sbin", "lib", "lib64")
"""Links into /usr in every current Debian; packages still name their files either way."""

DOCUMENTATION = ("/usr/share/doc/", "/usr/share/man/", "/usr/share/lintian/")

LIBRARY = re.compile(r"^/usr/lib/[^/]+-linux-gnu/([^/]+/)?lib[^/]+\.so\.")


class Layer:
    """Files by path. What is put later replaces what was there."""

    def __init__(self) -> None:
        self.members: dict[str, tuple[tarfile.TarInfo, bytes]] = {}

    def _put(self, path: str, kind: bytes, mode: int, content: bytes = b"", target: str = "", owner: int = 0) -> Layer:
        info = tarfile.TarInfo(path.strip("/"))
        info.type, info.mode, info.size, info.linkname = kind, mode, len(content), target
        info.uid = info.gid = owner
        self.members[path] = (info, content)
        return self

    def folder(self, path: str, mode: int = 0o755, owner: int = 0) -> Layer:
        return self._put(path, tarfile.DIRTYPE, mode, owner=owner)

    def file(self, path: str, content: str | bytes, mode: int = 0o644) -> Layer:
        return self._put(path, tarfile.REGTYPE, mode, content.encode() if isinstance(content, str) else content)

    def link(self, path: str, target: str) -> Layer:
        return self._put(path, tarfile.SYMTYPE, 0o777, target=target)

    def remove(self, folder: str) -> Layer:
        self.members = {path: member for path, member in self.members.items() if path != folder and not path.startswith(folder + "/")}
        return self

    def discard(self, paths: re.Pattern[str]) -> Layer:
        self.members = {path: member for path, member in self.members.items() if not paths.search(path)}
        return self

    def library_folders(self) -> list[str]:
        """Where libraries lie. Some have a folder of their own, which the installation of their package would register."""
        return sorted({path.rpartition("/")[0] for path in self.members if LIBRARY.search(path)}, key=len)

    def content(self, path: str) -> bytes:
        return self.members[path][1]

    def base(self) -> Layer:
        """The folders and users that programs expect."""
        for path in ("/etc", "/run", "/usr", "/var", "/var/log", "/var/cache", "/var/lib"):
            self.folder(path)
        self.folder("/tmp", 0o1777).folder("/root", 0o700)
        for name in MERGED:
            self.folder(f"/usr/{name}").link(f"/{name}", f"usr/{name}")
        users = {"root": (0, "/root", "/bin/sh"), "nginx": (101, "/", "/bin/false"), "nobody": (65534, "/", "/bin/false")}
        self.file("/etc/passwd", "".join(f"{name}:x:{uid}:{uid}::{home}:{shell}\n" for name, (uid, home, shell) in users.items()))
        return self.file("/etc/group", "".join(f"{name}:x:{uid}:\n" for name, (uid, _home, _shell) in users.items()))

    def deb(self, package: Path) -> Layer:
        """Add the files of a Debian package, without its documentation."""
        with (
            subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as unpacked,
            tarfile.open(fileobj=unpacked.stdout, mode="r|") as tar,
        ):
            for info in tar:
                path = info.name.removeprefix(".").rstrip("/")
                if path and not path.startswith(DOCUMENTATION):
                    self._take(merged(path), info, tar)
        if unpacked.returncode:
            raise ClusterError(f"{package} could not be unpacked")
        return self

    def _take(self, path: str, info: tarfile.TarInfo, tar: tarfile.TarFile) -> None:
        mode = stat.S_IMODE(info.mode)
        if info.isdir():
            # A link in place of the folder stays: /lib.
            if path not in self.members and path.strip("/") not in MERGED:
                self.folder(path, mode)
        elif info.issym():
            self.link(path, info.linkname)
        elif info.islnk():
            self.file(path, self.content(merged(info.linkname.removeprefix("."))), mode)
        elif content := tar.extractfile(info):
            self.file(path, content.read(), mode)

    def write(self, file: IO[bytes]) -> None:
        with tarfile.open(fileobj=file, mode="w") as tar:
            # By path, so that a folder comes before what is in it; without times, so that the same files have the same digest.
            for _path, (info, content) in sorted(self.members.items()):
                tar.addfile(info, io.BytesIO(content))


def merged(path: str) -> str:
    first = path.split("/")[1]
    return f"/usr{path}" if first in MERGED and path != f"/{first}" else path
