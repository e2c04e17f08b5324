# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell of the clean-up, run for real on a folder of the test's own, by every sh there is."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "roles/srs_origin/files/cleanup.sh"
SHELLS = [[shell] for shell in ("sh", "dash", "bash") if shutil.which(shell)] + ([["busybox", "sh"]] if shutil.which("busybox") else [])
HOUR = 3600
PATTERNS = ("*.ts", "*.m3u8", "*.tmp")


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[0])
def shell(request: pytest.FixtureRequest) -> list[str]:
    return list(request.param)


class Volume:
    """A volume, and beside it what must never be touched."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "media"
        self.root.mkdir(parents=True)
        self.outside = self.file("../outside/old.ts", 1000)

    def file(self, name: str, hours: float) -> Path:
        """A file that was last written so many hours ago."""
        path = (self.root / name).resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        self.age(path, hours)
        return path

    def folder(self, name: str, hours: float) -> Path:
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        self.age(path, hours)
        return path

    @staticmethod
    def age(path: Path, hours: float) -> None:
        os.utime(path, (time.time() - hours * HOUR,) * 2)

    def names(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*")}

    def clean(
        self,
        shell: list[str],
        *patterns: str,
        path: str = ".",
        hours: int = 72,
        dry_run: bool = False,
        folders: bool = True,
        fails: bool = False,
    ) -> list[str]:
        """Runs the script as the pod does: its text as an argument. Returns what it printed."""
        words = [str(self.root), path, str(hours), str(dry_run).lower(), str(folders).lower(), *(patterns or PATTERNS)]
        command = [*shell, "-c", SCRIPT.read_text(), "cleanup.sh", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert bool(done.returncode) == fails, done.stderr
        assert self.outside.exists(), "nothing outside the volume"
        return (done.stderr if fails else done.stdout).splitlines()


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    return Volume(tmp_path)


def test_only_what_is_old_and_named(shell: list[str], volume: Volume) -> None:
    for name in ("index.html", "live/a.flv", "players/js/x.js"):
        volume.file(name, 1000)
    for name in ("live/new.ts", "live/new.m3u8"):
        volume.file(name, 71)
    for name in ("live/old.ts", "live/old.m3u8", "live/sub/old.flv.tmp", "live/two words; rm -rf $HOME.ts", "-rf.ts"):
        volume.file(name, 73)
    said = volume.clean(shell)
    assert sorted(said) == ["./-rf.ts", "./live/old.m3u8", "./live/old.ts", "./live/sub/old.flv.tmp", "./live/two words; rm -rf $HOME.ts"]
    assert volume.names() >= {"index.html", "live/a.flv", "players/js/x.js", "live/new.ts", "live/new.m3u8"}
    assert not [name for name in volume.names() if "old" in name or "rf" in name]
    assert volume.clean(shell) == []


def test_recordings_when_asked(shell: list[str], volume: Volume) -> None:
    volume.file("live/old.flv", 73)
    volume.file("live/new.flv", 1)
    assert volume.clean(shell, "*.flv", "*.mp4") == ["./live/old.flv"]
    assert volume.names() == {"live", "live/new.flv"}


def test_a_dry_run_removes_nothing(shell: list[str], volume: Volume) -> None:
    volume.file("live/old.ts", 73)
    volume.folder("empty", 73)
    before = volume.names()
    assert sorted(volume.clean(shell, dry_run=True)) == ["./empty", "./live/old.ts"]
    assert volume.names() == before


def test_folders_that_have_been_empty_for_an_hour(shell: list[str], volume: Volume) -> None:
    volume.folder("a/b", 73)
    volume.age(volume.root / "a", 73)
    volume.folder("new", 0.5)
    volume.file("full/x.html", 1000)
    volume.age(volume.root / "full", 1000)
    assert volume.clean(shell, folders=False) == []
    assert volume.clean(shell) == ["./a/b", "./a"]
    assert volume.names() == {"new", "full", "full/x.html"}
    assert volume.root.is_dir()


def test_limited_to_a_folder(shell: list[str], volume: Volume) -> None:
    volume.file("live/old.ts", 73)
    volume.file("other/old.ts", 73)
    assert volume.clean(shell, path="live") == ["./old.ts"]
    assert (volume.root / "other/old.ts").exists()


@pytest.mark.parametrize("path", ["..", "../outside", "live/../.."])
def test_never_outside(shell: list[str], volume: Volume, path: str) -> None:
    volume.file("live/old.ts", 73)
    (said,) = volume.clean(shell, path=path, fails=True)
    assert said.endswith("which is not on the volume")
    assert (volume.root / "live/old.ts").exists()


def test_links_are_not_followed(shell: list[str], volume: Volume) -> None:
    outside = volume.outside.parent
    (volume.root / "linked").symlink_to(outside)
    (volume.root / "linked.ts").symlink_to(volume.outside)
    assert volume.clean(shell) == []
    assert (volume.root / "linked.ts").is_symlink()
    (said,) = volume.clean(shell, path="linked", fails=True)
    assert f"linked leads to {outside}" in said


def test_a_folder_that_is_not_there_is_an_error(shell: list[str], volume: Volume) -> None:
    assert any("nowhere" in line for line in volume.clean(shell, path="nowhere", fails=True))


def test_what_a_file_system_keeps_for_itself(shell: list[str], volume: Volume) -> None:
    volume.file("lost+found/old.ts", 1000)
    volume.folder("lost+found", 1000)
    assert volume.clean(shell) == []
    assert (volume.root / "lost+found/old.ts").exists()
