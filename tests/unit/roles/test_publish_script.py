# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell of the demo publisher, run for real with an ffmpeg that writes down how it was called."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "roles/srs_origin/files/publish.sh"
SHELLS = [[shell] for shell in ("sh", "bash") if shutil.which(shell)] + ([["busybox", "sh"]] if shutil.which("busybox") else [])
PATIENCE = 30


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_it_publishes_again_and_again_and_ends_at_once(shell: list[str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    ffmpeg = tmp_path / "ffmpeg"
    # The first one breaks off, as when the server is not there yet; the second one lasts.
    ffmpeg.write_text(f'#!/bin/sh\necho "$$ $*" >> {log}\n[ "$(wc -l < {log})" -gt 1 ] && exec sleep 600\nexit 1\n')
    ffmpeg.chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    target = "rtmp://srs-internal-origin-service/live/a b?x=$HOME"
    process = subprocess.Popen([*shell, "-c", SCRIPT.read_text(), "publish.sh", "./doc/source.flv", target], env=environ)
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and (not log.exists() or len(log.read_text().splitlines()) < 2):
            time.sleep(0.1)
        lines = [line.partition(" ") for line in log.read_text().splitlines()]
        assert [words for _pid, _space, words in lines] == [
            f"-hide_banner -loglevel warning -re -stream_loop -1 -i ./doc/source.flv -c copy -f flv {target}"
        ] * 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
    last = int(lines[-1][0])
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and Path(f"/proc/{last}").exists():
        time.sleep(0.1)
    assert not Path(f"/proc/{last}").exists(), "ffmpeg ends with it"
