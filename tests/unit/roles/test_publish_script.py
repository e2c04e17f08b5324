# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell of the demo publisher, run for real with an ffmpeg that writes down how it was called."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "roles/srs_origin/files/publish.sh"
SHELLS = [[shell] for shell in ("sh", "bash") if shutil.which(shell)] + ([["busybox", "sh"]] if shutil.which("busybox") else [])
PATIENCE = 60
FFMPEG = """#!/bin/sh
echo "ffmpeg $*"
[ -e {folder}/was-here ] && exec tail -f /dev/null
touch {folder}/was-here
exit 1
"""
"""The first one breaks off, as when the server is not there yet; the second one lasts."""


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[0])
def publishing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    for name, text in {"ffmpeg": FFMPEG.format(folder=tmp_path), "sleep": '#!/bin/sh\necho "sleep $*"\n'}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = [
        *request.param,
        "-c",
        SCRIPT.read_text(),
        "publish.sh",
        "./doc/source.flv",
        "rtmp://srs-internal-origin-service/live/a b?x=$HOME",
    ]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True)
    watchdog = threading.Timer(PATIENCE, os.killpg, (process.pid, signal.SIGKILL))
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_it_publishes_again_and_again_and_ends_at_once(publishing: subprocess.Popen[str]) -> None:
    assert publishing.stdout is not None
    published = (
        "ffmpeg -hide_banner -loglevel warning -re -stream_loop -1 -i ./doc/source.flv -c copy -f flv "
        "rtmp://srs-internal-origin-service/live/a b?x=$HOME\n"
    )
    assert [publishing.stdout.readline() for _line in range(3)] == [published, "sleep 3\n", published]
    publishing.send_signal(signal.SIGTERM)
    # The pipe is at its end when nobody can write to it any more: ffmpeg ends with the script.
    said, _nothing = publishing.communicate(timeout=PATIENCE)
    assert (said, publishing.returncode) == ("", 0)
