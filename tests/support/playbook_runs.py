# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks as processes that can be watched and killed, and what each task of theirs said."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CALLBACKS = Path(__file__).parent / "callbacks"


@dataclass(frozen=True)
class Ended:
    """What a run came to."""

    status: int  # negative: the signal that ended it
    output: str
    tasks: list[dict[str, Any]]
    seconds: float

    @property
    def changed(self) -> bool:
        """Whether it said that it changed something."""
        return any(task["changed"] for task in self.tasks)

    @property
    def failure(self) -> str:
        """The message of the task that failed; "" where none did."""
        return next((str(task["msg"]) for task in self.tasks if task["outcome"] == "failed"), "")


class Run:
    """A playbook that runs in a process group of its own, with the inventory of the local cluster."""

    def __init__(self, playbook: str, kubeconfig: str | Path, variables: Mapping[str, Any], *arguments: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.results = Path(self.folder.name) / "results"
        self.output = Path(self.folder.name) / "output"
        command = ["ansible-playbook", str(ROOT / "playbooks" / f"{playbook}.yml"), "-i", "inventories/local", "-e", json.dumps(variables)]
        environ = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "KUBECONFIG": str(kubeconfig),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_FORCE_COLOR": "0",
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "task_results",
            "TASK_RESULTS": str(self.results),
        }
        self.started = time.monotonic()
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, *arguments],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def signal(self, number: signal.Signals, group: bool) -> None:
        """Send a signal to the process, or to its group; nothing happens where it has ended."""
        with contextlib.suppress(ProcessLookupError):
            if group:
                os.killpg(self.process.pid, number)
            elif self.process.poll() is None:
                self.process.send_signal(number)

    def wait(self, seconds: float = 300) -> Ended:
        """Wait for the end of the process; raises TimeoutError, and kills it, where there is none."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL, group=True)
            self.process.wait()
            raise TimeoutError(f"no end after {seconds:.0f} s; so far it said:\n{self._said()}") from None
        lines = self.results.read_text().splitlines() if self.results.exists() else []
        return Ended(status, self._said(), [json.loads(line) for line in lines], time.monotonic() - self.started)

    def close(self, seconds: float = 60) -> None:
        """Wait until the workers, too, have ended that a killed process left behind."""
        deadline = time.monotonic() + seconds
        while self._lives():
            if time.monotonic() > deadline:
                self.signal(signal.SIGKILL, group=True)
                raise TimeoutError(f"workers of a killed run still live after {seconds:.0f} s")
            time.sleep(0.02)
        self.folder.cleanup()

    def _lives(self) -> bool:
        """Whether a process of the group has not ended; one that nobody has waited for has."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                state, _parent, group, *_more = stat.read_text().rpartition(")")[2].split()
                if int(group) == self.process.pid and state not in "ZX":
                    return True
        return False

    def _said(self) -> str:
        return self.output.read_text(errors="replace")


def run(playbook: str, kubeconfig: str | Path, variables: Mapping[str, Any], seconds: float = 300) -> Ended:
    """Run a playbook to its end."""
    started = Run(playbook, kubeconfig, variables)
    try:
        return started.wait(seconds)
    finally:
        started.close()
