# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test run is made of: cases, the stages they belong to, and what is said about them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from places import BUILD, ROOT

LOGS = BUILD / "logs"
HEARTBEAT_SECONDS = 20
TIMED_OUT = 124


@dataclass(frozen=True)
class Case:
    """One test and how it went: `passed`, `failed` or `skipped`."""

    name: str
    outcome: str
    note: str = ""


class Console:
    """Lines of several stages, each with the time since the start."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._start), 60)
        with self._lock:
            sys.stdout.write(f"[{minutes:2}:{seconds:02}] {text}\n")
            sys.stdout.flush()


@dataclass
class Stage:
    """A named group of tests: its log, the commands it runs, what came of them."""

    name: str
    console: Console
    env: Mapping[str, str] = field(default_factory=dict)
    cases: list[Case] = field(default_factory=list)
    seconds: float = 0
    stopped: bool = False

    def __post_init__(self) -> None:
        self.log = LOGS / f"{self.name}.log"
        self.log.write_text("")
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, command: Sequence[str | Path], *, seconds: int, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> int:
        """The exit status of a command, which is ended after so many seconds. What it says goes to the stage's log."""
        with self.log.open("ab") as log:
            log.write(f"$ {' '.join(map(str, command))}\n".encode())
            log.flush()
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, **self.env, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            deadline = time.monotonic() + seconds
            beat = time.monotonic()
            while self._process.poll() is None:
                time.sleep(0.05)
                if self.stopped or time.monotonic() > deadline:
                    self._end()
                    log.write(f"\nended: {'interrupted' if self.stopped else f'it took longer than {seconds} s'}\n".encode())
                    return TIMED_OUT
                if time.monotonic() - beat > HEARTBEAT_SECONDS:
                    beat = time.monotonic()
                    self.console.say(f"{self.name}: ... {self.last_line()}")
        return self._process.returncode

    def _end(self) -> None:
        """End the running command and all that it started."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def position(self) -> int:
        return self.log.stat().st_size

    def output(self, since: int = 0) -> str:
        """What the log says from a position on, without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.log.read_bytes()[since:].decode(errors="replace"))

    def last_line(self) -> str:
        lines = [line.strip() for line in re.split(r"[\r\n]+", self.output()[-2000:]) if line.strip()]
        return lines[-1][:120] if lines else ""

    def add(self, *cases: Case) -> None:
        for case in cases:
            self.cases.append(case)
            if case.outcome == "failed":
                self.console.say(f"{self.name}: FAILED {case.name}")

    def add_results(self, program: str, status: int, cases: Sequence[Case]) -> None:
        """The cases a program reports, and one more if its exit status says what no case does: it broke, or found no test."""
        self.add(*cases)
        if not cases or (status and not any(case.outcome == "failed" for case in cases)):
            self.add(Case(program, "failed", f"exit status {status} after {len(cases)} tests; it ended with: {self.last_line()}"))

    def count(self) -> Counter[str]:
        return Counter(case.outcome for case in self.cases)


def junit(files: Iterable[Path]) -> list[Case]:
    """The test cases in JUnit files, as pytest and ansible-test write them."""
    cases = []
    for file in files:
        for case in ElementTree.parse(file).iter("testcase"):
            name = "::".join(part for part in (case.get("classname"), case.get("name")) if part)
            failures = [child for tag in ("failure", "error") for child in case.findall(tag)]
            skipped = case.find("skipped")
            if failures:
                cases.append(Case(name, "failed", failures[0].text or failures[0].get("message") or ""))
            elif skipped is not None:
                cases.append(Case(name, "skipped", skipped.get("message") or skipped.text or ""))
            else:
                cases.append(Case(name, "passed"))
    return cases


def summary(stages: Sequence[Stage]) -> str:
    """What was skipped and why, what failed, a table, and the line that counts everything."""
    lines = [""]
    for stage in stages:
        skipped: dict[str, list[str]] = {}
        for case in stage.cases:
            if case.outcome == "skipped":
                skipped.setdefault(case.note.strip(), []).append(case.name)
        for reason, names in skipped.items():
            lines.append(f"skipped: {stage.name}: {names[0] if len(names) == 1 else f'{len(names)} tests'}: {reason}")
    for stage in stages:
        for case in stage.cases:
            if case.outcome == "failed":
                lines += ["", f"FAILED: {stage.name}: {case.name}", *(f"    {line}" for line in _shortened(case.note))]
                lines.append(f"    (all of it: {stage.log.relative_to(ROOT)})")
    lines += ["", f"{'stage':14}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}"]
    total: Counter[str] = Counter()
    for stage in stages:
        count = stage.count()
        total += count
        lines.append(f"{stage.name:14}{count['passed']:8}{count['failed']:8}{count['skipped']:9}{stage.seconds:9.0f}")
    lines += ["", f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped"]
    return "\n".join(lines)


def _shortened(text: str, head: int = 10, tail: int = 25) -> list[str]:
    lines = text.strip().splitlines()
    if len(lines) <= head + tail:
        return lines
    return [*lines[:head], f"... {len(lines) - head - tail} lines left out ...", *lines[-tail:]]
