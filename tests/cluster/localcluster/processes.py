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


@dataclass(frozen=True)
class Process:
    """A process of a cluster, as it runs."""

    pid: int
    part: str
    command: tuple[str, ...]


def running(cluster: Path) -> list[Process]:
    """The processes that carry the cluster's mark, oldest first."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        # A process may end while it is looked at, and those of other users can't be read: neither is ours.
        with contextlib.suppress(OSError):
            marks = _marks((entry / "environ").read_bytes())
            if marks.get(CLUSTER_MARK) == str(cluster):
                command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
                found.append(Process(int(entry.name), marks.get(PART_MARK, ""), tuple(command)))
    return sorted(found, key=lambda process: process.pid)


def _marks(environ: bytes) -> dict[str, str]:
    pairs = (pair.partition(b"=") for pair in environ.split(b"\0") if pair.startswith(CLUSTER_MARK.encode()))
    return {name.decode(): value.decode(errors="replace") for name, _equals, value in pairs}


def _program(what: Part | Process) -> str:
    return Path(what.command[0]).name if what.command else ""


def missing(cluster: Path, parts: Iterable[Part]) -> list[str]:
    """The names of those parts that don't run as wanted."""
    commands = {process.command for process in running(cluster)}
    return [part.name for part in parts if part.command not in commands]


def log_of(cluster: Path, part: str) -> Path:
    return cluster / "logs" / f"{part}.log"


def bring_up(cluster: Path, part: Part) -> None:
    """Make the part run as wanted: leave it, start it, or replace one that runs another command."""
    # The program itself, not what it started: that inherits the marks.
    same = [process for process in running(cluster) if process.part == part.name and _program(process) == _program(part)]
    wanted = next((process for process in same if process.command == part.command), None)
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
    with log.open("ab") as output:
        # A session of its own: Ctrl-C in the terminal of `up` is not for it.
        process = subprocess.Popen(
            part.command, cwd=cluster, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
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
            with contextlib.suppress(OSError):
                if part.ready():
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
        raise ClusterError("these processes did not end even when killed: " + ", ".join(f"{p.part} ({p.pid})" for p in waiting.values()))


def _drain(waiting: dict[int, Process], deadline: float) -> None:
    while waiting and (left := deadline - time.monotonic()) > 0:
        for descriptor in select.select(list(waiting), [], [], left)[0]:
            process = waiting.pop(descriptor)
            os.close(descriptor)
            # A child of this very process stays in the table until somebody asks for its exit status.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)
