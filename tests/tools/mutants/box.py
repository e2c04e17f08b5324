# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command in a box: `box.py FOLDER MEMORY COMMAND...`, in namespaces of its own (see `enter`).

A mutant may do anything: remove files, signal processes, call strangers. In the box everything but one folder is read-only, there is no
other process and no network but loopback, and memory is limited. When the command ends, all that it started ends too.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import socket
import struct
import subprocess
import sys
from pathlib import Path

NAMESPACES = ("--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child", "--mount-proc")
MS_BIND = 0x1000
MOUNT_SETATTR = 442  # the same on all architectures; Linux 5.12
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_ATTR_RDONLY = 1
SIOCSIFFLAGS, IFF_UP = 0x8914, 1

libc = ctypes.CDLL(None, use_errno=True)


def enter(folder: Path, memory: int) -> list[str]:
    """What to put before a command that is to run in the box, somewhere in `folder`, which stays writable."""
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *as_root, *NAMESPACES, "--", sys.executable, __file__, str(folder), str(memory)]


def obstacle(folder: Path) -> str | None:
    """Why there can't be a box here."""
    try:
        done = subprocess.run([*enter(folder, 1 << 32), "true"], check=False, capture_output=True, text=True)
    except FileNotFoundError:
        return "there is no program `unshare`"
    return (done.stderr.strip() or f"exit status {done.returncode}") if done.returncode else None


def _checked(result: int, what: str) -> None:
    if result:
        raise SystemExit(f"{what}: {os.strerror(ctypes.get_errno())}")


def _read_only(path: str, flags: int, on: bool) -> None:
    attributes = struct.pack("QQQQ", *((MOUNT_ATTR_RDONLY, 0) if on else (0, MOUNT_ATTR_RDONLY)), 0, 0)
    what = f"making {path} {'read-only' if on else 'writable'}"
    _checked(libc.syscall(MOUNT_SETATTR, AT_FDCWD, path.encode(), flags, attributes, len(attributes)), what)


def main() -> None:
    folder, memory, *command = sys.argv[1:]
    _checked(libc.mount(folder.encode(), folder.encode(), None, MS_BIND, None), f"binding {folder}")
    _read_only("/", AT_RECURSIVE, True)
    _read_only(folder, 0, False)
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    os.chdir(os.getcwd())  # what it was before is still read-only
    # This is process 1: it inherits orphans, and the command is to see them go.
    child = os.fork()
    if child == 0:
        os.execvp(command[0], command)
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
