# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that outlive the tool. The process table is the only record of them.

Each process carries two marks in its environment: the cluster's folder and the name of its part. Whatever has the mark was started
here, whoever crashed or was killed in between, and a process id that was given to somebody else is never mistaken for one of ours.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .base import ClusterError, say

CLUSTER_MARK = "LIVESTREAM_SRS_CLUSTER"
PART_MARK = "LIVESTREAM_SRS_CLUSTER_PART"
READY_SECONDS = 120


@dataclass(frozen=True)
class Part:
    """A process of a cluster, as it should run."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool]
    """Whether it does its work. May raise OSError as long as it does not."""
    environ: Mapping[str, str] = field(default_factory=dict)
    interpreted: bool = False
    """The first word is an interpreter: any will do."""
    within: tuple[str, ...] = ()
    """A command that runs this one in other namespaces."""


@dataclass(frozen=True)
class Process:
    """A process of a cluster, as it runs."""

    pid: int
    part: str
    command: tuple[str, ...]

    def is_program_of(self, part: Part) -> bool:
        """Whether it is the part's own process, with whatever settings, and not one which that has started."""
        same = part.interpreted or (self.command and Path(self.command[0]).name == Path(part.command[0]).name)
        return self.part == part.name and bool(same)

    def runs_as(self, part: Part) -> bool:
        first = 1 if part.interpreted else 0
        return self.part == part.name and self.command[first:] == part.command[first:]


def running(cluster: Path) -> list[Process]:
    """The processes that carry the cluster's mark, oldest first."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        # A process may end while it is looked at, and those of other users can't be read: neither is ours.
        with contextlib.suppress(OSError):
            marks = _marks(entry)
            if marks.get(CLUSTER_MARK) == str(cluster):
                command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
                found.append(Process(int(entry.name), marks.get(PART_MARK, ""), tuple(command)))
    return sorted(found, key=lambda process: process.pid)


def _marks(process: Path) -> dict[str, str]:
    environ = (process / "environ").read_bytes()
    pairs = (pair.partition(b"=") for pair in environ.split(b"\0") if pair.startswith(CLUSTER_MARK.encode()))
    return {name.decode(): value.decode(errors="replace") for name, _equals, value in pairs}


def missing(cluster: Path, parts: Iterable[Part]) -> list[str]:
    """The names of those parts that don't run as wanted."""
    found = running(cluster)
    return [part.name for part in parts if not any(process.runs_as(part) for process in found)]


def log_of(cluster: Path, part: str) -> Path:
    return cluster / "logs" / f"{part}.log"


def bring_up(cluster: Path, part: Part) -> None:
    """Make the part run as wanted: leave it, start it, or replace one that runs another command."""
    same = [process for process in running(cluster) if process.is_program_of(part)]
    wanted = next((process for process in same if process.runs_as(part)), None)
    if same and not wanted:
        say(f"{part.name}: runs with other settings, restarting it")
        stop(same)
    _await(cluster, part, wanted.pid if wanted else _start(cluster, part))


def _start(cluster: Path, part: Part) -> int:
    log = log_of(cluster, part.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    # Talk between the parts must not take the way of the user's web proxy.
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environ |= {**part.environ, CLUSTER_MARK: str(cluster), PART_MARK: part.name}
    command = part.within + part.command
    with log.open("ab") as output:
        # A session of its own: Ctrl-C in the terminal of `up` is not for it.
        process = subprocess.Popen(
            command, cwd=cluster, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    return process.pid


def _await(cluster: Path, part: Part, pid: int) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        raise failure(cluster, part.name, "ended at once") from None
    try:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            # A process that has only just been started doesn't show its marks yet, and would be missed by who looks next.
            with contextlib.suppress(OSError):
                if _marks(Path("/proc") / str(pid)) and part.ready():
                    return
            if select.select([descriptor], [], [], 0.2)[0]:
                raise failure(cluster, part.name, "ended before it was ready")
    finally:
        os.close(descriptor)
    raise failure(cluster, part.name, f"was not ready within {READY_SECONDS} s")


def failure(cluster: Path, part: str, what: str) -> ClusterError:
    log = log_of(cluster, part)
    return ClusterError(f"{part} {what}; the last lines of {log}:\n{last_lines(log)}")


def last_lines(log: Path, count: int = 8) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return "  (no log)"
    return "\n".join("  " + line[:400] for line in lines[-count:])


def stop(processes: Iterable[Process], grace: float = 10) -> None:
    """Ask the processes to end, wait, and end by force those that stay."""
    waiting: dict[int, Process] = {}
    for process in processes:
        # A handle on the process, not its number: the number may be somebody else's by the time it is used.
        with contextlib.suppress(ProcessLookupError):
            waiting[os.pidfd_open(process.pid)] = process
    try:
        for signal_number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
            for descriptor in waiting:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(descriptor, signal_number)
            _drain(waiting, time.monotonic() + seconds)
    finally:
        for descriptor in waiting:
            os.close(descriptor)
    if waiting:
        left = ", ".join(f"{process.part} ({process.pid})" for process in waiting.values())
        raise ClusterError(f"these processes did not end even when killed: {left}")


def _drain(waiting: dict[int, Process], deadline: float) -> None:
    while waiting and (left := deadline - time.monotonic()) > 0:
        for descriptor in select.select(list(waiting), [], [], left)[0]:
            process = waiting.pop(descriptor)
            os.close(descriptor)
            # A child of this very process stays in the table until somebody asks for its exit status.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)
