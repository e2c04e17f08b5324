# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove what the other make targets made: `make clean`."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from places import BUILD, CACHE, ROOT, TEST_CLUSTER, VENV_LINK

LEFTOVERS = (".ansible", ".cache", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", action="store_true", help="also what was fetched and built, and the clusters of other checkouts")
    everything = parser.parse_args().cache

    folder = CACHE / "clusters"
    names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    ours = [name for name in names if everything or name in ("default", TEST_CLUSTER)]
    failed = [
        name for name in ours if subprocess.run([sys.executable, ROOT / "tests/cluster", "down", "--name", name], check=False).returncode
    ]
    if failed:
        return 1
    for path in (BUILD, *(ROOT / name for name in LEFTOVERS)):
        shutil.rmtree(path, ignore_errors=True)
    if VENV_LINK.is_symlink():
        VENV_LINK.unlink()
    for archive in ROOT.glob("livestream-srs-*.tar.gz"):
        archive.unlink()
    others = [name for name in names if name not in ours]
    if others:
        say(f"Left: the clusters {', '.join(others)}, which other checkouts may be using.")
    if everything:
        shutil.rmtree(CACHE, ignore_errors=True)
        say("Left: what Go itself keeps; `go clean -cache -modcache` removes that, for all projects.")
    elif CACHE.is_dir():
        say(f"Left: {CACHE} with {', '.join(contents(CACHE))}. `make clean CACHE=1` removes it.")
    return 0


def contents(cache: Path) -> list[str]:
    """The folders of the cache, each with its size."""
    listed = subprocess.run(
        ["du", "-sh", *sorted(path for path in cache.iterdir() if path.is_dir())], check=False, capture_output=True, text=True
    )
    return [f"{Path(path).name} ({size})" for size, path in (line.split("\t") for line in listed.stdout.splitlines())]


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
