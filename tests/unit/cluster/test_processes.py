# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes are found by their marks, replaced when they differ, and ended for sure."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from localcluster import processes
from localcluster.base import ClusterError
from localcluster.processes import Part, bring_up, running, stop

from ansible_collections.livestream.srs.tests.support.clock import Clock

SLEEP = "import time; print('started', flush=True); time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('started', flush=True); time.sleep(60)"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    yield folder
    stop(running(folder), grace=0)


def python(cluster: Path, code: str, name: str = "sleeper") -> Part:
    log = processes.log_of(cluster, name)
    return Part(name, (sys.executable, "-c", code), ready=lambda: "started" in log.read_text())


def test_a_part_is_started_once_and_found_by_its_marks(cluster: Path, tmp_path: Path) -> None:
    part = python(cluster, SLEEP)
    bring_up(cluster, part)
    (found,) = running(cluster)
    assert (found.part, found.command) == ("sleeper", part.command)
    bring_up(cluster, part)
    assert running(cluster) == [found]
    assert running(tmp_path / "another") == []
    assert processes.missing(cluster, [part, python(cluster, SLEEP + " ", "other")]) == ["other"]


def test_a_part_with_other_settings_is_replaced(cluster: Path) -> None:
    bring_up(cluster, python(cluster, SLEEP))
    (before,) = running(cluster)
    bring_up(cluster, python(cluster, SLEEP + " # changed"))
    (after,) = running(cluster)
    assert after.pid != before.pid
    assert after.command[-1].endswith("# changed")


def test_a_part_that_ends_is_named_with_its_last_lines(cluster: Path) -> None:
    with pytest.raises(ClusterError, match=r"(?s)sleeper ended before it was ready; the last lines of .*sleeper\.log:\n.*port is taken"):
        bring_up(cluster, python(cluster, "import sys; sys.exit('port is taken')"))


def test_a_part_that_is_never_ready_is_named(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patches, pytest.raises(ClusterError, match=r"sleeper was not ready within"):
        clock = Clock().of(processes, patches)
        patches.setattr("select.select", lambda *_arguments: ([], [], []))  # it does not end
        bring_up(cluster, Part("sleeper", (sys.executable, "-c", SLEEP), ready=lambda: bool(clock.sleep(processes.READY_SECONDS / 3))))
    assert len(clock.pauses) == 3


def test_a_process_that_does_not_listen_is_ended_all_the_same(cluster: Path) -> None:
    bring_up(cluster, python(cluster, DEAF))
    stop(running(cluster), grace=0.1)
    assert running(cluster) == []


def test_web_proxies_are_kept_from_the_parts(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid")
    bring_up(cluster, python(cluster, "import os, time; print('started', 'HTTPS_PROXY' in os.environ, flush=True); time.sleep(60)"))
    assert processes.log_of(cluster, "sleeper").read_text() == "started False\n"
