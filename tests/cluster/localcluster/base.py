# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every part of the tool needs: its error, its output, its folders."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path

TOOL = Path(__file__).resolve().parent.parent
"""The folder of the tool, `tests/cluster`."""


class ClusterError(Exception):
    """Something the user can mend: one message that names the part, what happened and the way out."""


def say(text: str, *, end: str = "\n") -> None:
    """Tell the user, on stderr: stdout belongs to what other programs read (`kubeconfig`, `env`)."""
    sys.stderr.write(text + end)
    sys.stderr.flush()


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "livestream.srs"


def cluster_folder(name: str) -> Path:
    return cache() / "clusters" / name


@contextlib.contextmanager
def lock(path: Path, waiting: str) -> Iterator[None]:
    """Hold a file lock; say `waiting` once if somebody else holds it. It ends with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(waiting)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write(path: Path, text: str) -> None:
    """Replace a file as a whole, readable for its owner only; leave it alone if it says the same."""
    if path.is_file() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.touch(mode=0o600)
    new.write_text(text)
    new.rename(path)
