# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pytest plugin that writes down, for each file of tests, how long it takes, what of the roles it opens and whether it starts processes.

Run under `coverage`, lines are recorded by the file of tests that runs them; what is done before any test is recorded for no file, "".
Where to write is in MUTANTS_WATCH.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import coverage
import pytest

STARTS = {"subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty"}


class Watch:
    def __init__(self, report: Path) -> None:
        self.report = report
        self.file = ""
        self.seconds: dict[str, float] = {}
        self.opened: dict[str, set[str]] = {}
        self.starting: set[str] = set()
        sys.addaudithook(self.audit)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and "roles" in str(arguments[0]):
            self.opened.setdefault(os.path.realpath(arguments[0]), set()).add(self.file)
        elif event in STARTS:
            self.starting.add(self.file)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self.file = item.nodeid.partition("::")[0]
        if measured := coverage.Coverage.current():
            measured.switch_context(self.file)
        started = time.monotonic()
        try:
            return (yield)
        finally:
            self.seconds[self.file] = self.seconds.get(self.file, 0) + time.monotonic() - started

    def pytest_sessionfinish(self) -> None:
        opened = {path: sorted(files) for path, files in self.opened.items()}
        self.report.write_text(json.dumps({"seconds": self.seconds, "opened": opened, "starting": sorted(self.starting)}))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Watch(Path(os.environ["MUTANTS_WATCH"])))
