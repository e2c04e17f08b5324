# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit tests against one mutant: in a copy of the tree, in a box, those that most likely notice it first."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coverage import CoverageData

from . import box
from .sample import Mutant

TOOLS = Path(__file__).resolve().parents[1]
TESTS = "tests/unit"
OF_TOOLS = (f"{TESTS}/cluster/", f"{TESTS}/tools/")
"""These test what is not mutated."""
PATIENCE = 5
"""A mutant may take so many times as long as the tests did without one."""
MEMORY = 4 << 30
KILLED, TIMED_OUT, SURVIVED = "killed", "timed out", "survived"


@dataclass(frozen=True)
class Verdict:
    mutant: Mutant
    outcome: str
    seconds: float
    seen: str
    """Which tests run the statement, or open the file."""
    test: str = ""
    """The test that noticed it."""


@dataclass(frozen=True)
class Clean:
    """How the tests went without a mutant. A file of tests that is called "" stands for what is done before any test."""

    seconds: Mapping[str, float]
    """Of each file of tests."""
    overhead: float
    """What pytest itself takes."""
    ran: Mapping[str, Mapping[int, Sequence[str]]]
    """Of each file of Python, the files of tests that ran a line."""
    opened: Mapping[str, Sequence[str]]
    """Of each file of a role, the files of tests that opened it."""
    starting: frozenset[str]
    """The files of tests that start processes, whose doings are not known."""

    def seen_by(self, mutant: Mutant) -> frozenset[str]:
        """The files of tests that run the statement, or open the file."""
        if mutant.path.endswith(".py"):
            lines = self.ran.get(mutant.path, {})
            return frozenset(file for line in mutant.statement for file in lines.get(line, ()))
        return frozenset(self.opened.get(mutant.path, ()))

    def seen(self, mutant: Mutant) -> str:
        """The same in words."""
        files = self.seen_by(mutant)
        if "" in files:
            return "before any test"
        return f"by {len(files)} files of tests" if len(files) > 1 else f"by {next(iter(files))}" if files else "by no test"

    def phases(self, mutant: Mutant) -> list[list[str]]:
        """The files of tests that can notice it, the most likely ones first and those that can't left out.

        What a test runs is known, but for processes that it starts. What is done before any test, such as making a table, may show
        anywhere; and so may a file of a role, since who opens it first may keep it for others.
        """
        seen = self.seen_by(mutant)
        anywhere = "" in seen or (seen and not mutant.path.endswith(".py"))
        path = Path(mutant.path)
        mirror = f"{TESTS}/{path.parent}/test_{path.stem}"
        near = set(seen)
        if anywhere:
            near |= {file for files in self.ran.get(mutant.path, {}).values() for file in files}
        rest = self.seconds.keys() if anywhere else self.starting
        likely = sorted(near & self.seconds.keys(), key=lambda file: (not file.startswith(mirror), self.seconds[file]))
        return [files for files in (likely, [file for file in self.seconds if file in rest and file not in near]) if files]

    def limit(self, files: Sequence[str]) -> float:
        return PATIENCE * (self.overhead + sum(self.seconds[file] for file in files))


@dataclass
class Workshop:
    """Where the copies of the tree are, and what runs in them."""

    folder: Path
    tree: Path = field(init=False)
    running: set[subprocess.Popen[str]] = field(default_factory=set)
    stopped: bool = False

    def __post_init__(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.tree = self.folder / "tree"

    def take_snapshot(self, root: Path) -> None:
        """Copy what git knows or would add, as it is now."""
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split("\0"):
            source, copy = root / name, self.tree / name
            if name and (source.is_file() or source.is_symlink()):
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, copy, follow_symlinks=False)

    def clean_run(self) -> Clean | str:
        """All tests, without a mutant and each watched; or what pytest said, if any fails."""
        watch, data = self.folder / "watch.json", self.folder / "tree/.coverage"
        command = ["-m", "coverage", "run", f"--data-file={data}", "--source=plugins", "-m", "pytest", "-p", "mutants.watch"]
        started = time.monotonic()
        # Compiled code is kept: the copies begin with it.
        environ = {"PYTHONPATH": str(TOOLS), "MUTANTS_WATCH": str(self.folder / "tree/watch.json"), "PYTHONDONTWRITEBYTECODE": ""}
        status, said = self.run(self.folder, command, self.test_files(), None, environ)
        seconds = time.monotonic() - started
        if status != 0:
            return said
        watched = json.loads((self.tree / watch.name).read_text())
        (self.tree / watch.name).unlink()
        measured = CoverageData(str(data))
        measured.read()
        ran = {str(Path(file).relative_to(self.tree)): measured.contexts_by_lineno(file) for file in measured.measured_files()}
        data.unlink()
        opened = {
            str(Path(path).relative_to(self.tree)): files
            for path, files in watched["opened"].items()
            if Path(path).is_relative_to(self.tree)
        }
        return Clean(watched["seconds"], seconds - sum(watched["seconds"].values()), ran, opened, frozenset(watched["starting"]))

    def test_files(self) -> list[str]:
        found = (str(path.relative_to(self.tree)) for path in sorted((self.tree / TESTS).rglob("test_*.py")))
        return [file for file in found if not file.startswith(OF_TOOLS)]

    def trial(self, mutant: Mutant, clean: Clean) -> Verdict:
        started = time.monotonic()
        copy = Path(tempfile.mkdtemp(prefix="mutant-", dir=self.folder))
        try:
            shutil.copytree(self.tree, copy / "tree", symlinks=True)
            place = copy / "tree" / mutant.path
            compiled_at = place.stat().st_mtime
            place.write_text(mutant.text)
            # Python trusts compiled code by the second of its source, and these seconds are all the same.
            os.utime(place, (compiled_at + 10, compiled_at + 10))
            outcome, test = SURVIVED, ""
            for files in clean.phases(mutant):
                status, said = self.run(copy, ["-m", "pytest"], files, clean.limit(files), {})
                if status != 0:
                    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", said, re.MULTILINE)
                    outcome, test = TIMED_OUT if status is None else KILLED, failed[1] if failed else ""
                    break
        finally:
            shutil.rmtree(copy, ignore_errors=True)
        return Verdict(mutant, outcome, time.monotonic() - started, clean.seen(mutant), test)

    def run(
        self, copy: Path, command: Sequence[str], files: Sequence[str], limit: float | None, environ: Mapping[str, str]
    ) -> tuple[int | None, str]:
        """Run these tests in the copy up to the first that fails: the exit status, none if it took too long, and what was said."""
        for name in ("tmp", "home"):
            (copy / name).mkdir(exist_ok=True)
        own = {"TMPDIR": str(copy / "tmp"), "HOME": str(copy / "home"), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", **environ}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "PYTEST_"))}
        options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
        words = [*box.enter(copy, MEMORY), sys.executable, *command, *options, *files]
        with subprocess.Popen(
            words,
            cwd=copy / "tree",
            env=inherited | own,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            self.running.add(process)
            if self.stopped:
                self.end(process)
            try:
                said, _nothing = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                self.end(process)
                said, _nothing = process.communicate()
                return None, said
            finally:
                self.running.discard(process)
        return process.returncode, said

    @staticmethod
    def end(process: subprocess.Popen[str]) -> None:
        """End the box, which ends all that is in it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def stop(self) -> None:
        self.stopped = True
        for process in list(self.running):
            self.end(process)
