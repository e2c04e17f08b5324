# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the checkout's Python environment: ``.venv``, a link to an environment in the cache.

The environment is named after the Python version and all that is pinned, so checkouts with the same pins share one, and a
changed pin makes a new one. Run by any Python 3.11+; needs pip to reach a package index the first time.
``ANSIBLE_CORE=2.18.19`` in the environment takes that ansible-core instead of the pinned one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from places import CACHE, ROOT, VENV_LINK

REQUIREMENTS = ROOT / "tests/requirements.txt"


def constraints() -> str:
    """The pins, with ansible-core's changed if asked (older ones need an older resolvelib than the pinned one)."""
    pins = (ROOT / "tests/constraints.txt").read_text()
    if version := os.environ.get("ANSIBLE_CORE"):
        pins = re.sub(r"(?m)^(ansible-core|resolvelib)==.*\n", "", pins) + f"ansible-core=={version}\n"
    return pins


def environment() -> Path:
    """The path of the environment for this Python and these pins."""
    version = ".".join(map(str, sys.version_info[:3]))
    pinned = [version, constraints(), REQUIREMENTS.read_text(), (ROOT / "requirements.txt").read_text()]
    return CACHE / "venv" / f"{version}-{hashlib.sha256(chr(0).join(pinned).encode()).hexdigest()[:12]}"


def usable(path: Path) -> bool:
    """Whether the environment was made to its end and its Python still starts (the Python it was made from may be gone)."""
    if not (path / "complete").exists():
        return False
    try:
        return subprocess.run([path / "bin/python", "-c", ""], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def build(path: Path) -> None:
    """Make the environment from nothing, saying how far it is."""
    print(f"Making the Python environment in {path} (once for these pins; about a minute)", flush=True)
    shutil.rmtree(path, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", path], check=True)
    command: list[str | Path] = [path / "bin/python", "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    (path / "constraints.txt").write_text(constraints())
    command += ["-r", REQUIREMENTS, "-c", path / "constraints.txt"]
    log = path / "pip.log"
    started = told = time.monotonic()
    found = 0
    with log.open("w") as file, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            file.write(line)
            found += line.startswith("Collecting ")
            if line.startswith("Installing ") or time.monotonic() - told > 5:
                told = time.monotonic()
                print(f"  {told - started:3.0f} s: {found} packages found{', installing' * line.startswith('Installing ')}", flush=True)
    if pip.returncode:
        sys.exit(f"{log.read_text()[-3000:]}\npip could not install the packages of {REQUIREMENTS} (its output is above, and in {log}).")
    (path / "complete").touch()


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - so that whoever runs it with an older one reads why
        sys.exit(f"{sys.executable} is Python {'.'.join(map(str, sys.version_info[:3]))}: Python 3.11 or newer is needed.")
    path = environment()
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / f"{path.name}.lock").open("w") as lock:  # two makes at once must not build the same one
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not usable(path):
            build(path)
    if not VENV_LINK.is_symlink() or VENV_LINK.readlink() != path:
        if VENV_LINK.exists() and not VENV_LINK.is_symlink():
            sys.exit(f"{VENV_LINK} is in the way: it is not the link that this project makes. Move it elsewhere and try again.")
        VENV_LINK.unlink(missing_ok=True)
        VENV_LINK.symlink_to(path)


if __name__ == "__main__":
    main()
