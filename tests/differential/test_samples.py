# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The samples of the SRS source tree, each against the version that it came with.

    SRS_SOURCE=/path/to/srs.git pytest tests/differential/test_samples.py -s

SRS_SOURCE is a clone of the SRS repository, bare or not; nothing is checked out. A server of the same version in SRS_BIN
has its say about every sample, too: what it refuses is no false error.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import check_text
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.render import render

SOURCE = os.environ.get("SRS_SOURCE", "")
BRANCHES = {3: "3.0release", 4: "4.0release", 5: "5.0release", 6: "6.0release", 7: "develop"}

NGINX = "a configuration of nginx"
LOST = "a forgotten ; makes the server lose the line behind it, as the versions before 6 do without a word"
# Samples with an error, and why that is right.
WITH_ERRORS = {
    "full.conf": "shows every directive; the server refuses it (is_full), SRS 3 for a directive that it has not",
    "demo.conf": "has max_connections twice, with different values",
    "hls.edge.conf": NGINX,
    "nginx.proxy.conf": NGINX,
    "include.vhost.conf": "made to be included by another sample",
    "push.rtsp.conf": "says that RTSP is gone, and nothing else",
    "edge.token.traverse.conf": LOST,
    "http.heartbeat.conf": LOST,
    "realtime.conf": LOST,
    "realtime.flv.conf": LOST,
}
# Those which the server takes all the same.
STRICTER = {"demo.conf", "realtime.conf", "realtime.flv.conf"}


def git(*command: str) -> str:
    return subprocess.run(["git", "-C", SOURCE, *command], check=True, capture_output=True, text=True).stdout


def samples(branch: str) -> dict[str, str]:
    paths = [path for path in git("ls-tree", "-r", "--name-only", branch, "trunk/conf").splitlines() if path.endswith(".conf")]
    return {PurePosixPath(path).name: git("show", f"{branch}:{path}") for path in paths}


def servers(folder: Path) -> dict[int, Path]:
    found = {}
    for path in filter(None, os.environ.get("SRS_BIN", "").split(":")):
        told = subprocess.run([path, "-v"], capture_output=True, text=True, check=False)
        # One that refuses everything on this machine (SRS 3 crashes on some network interfaces) tells nothing.
        if accepts(Path(path), "listen 1935;\nmax_connections 10;\n", folder):
            found[int((told.stdout + told.stderr).split(".")[0])] = Path(path)
    return found


def accepts(server: Path, text: str, folder: Path) -> bool:
    (folder / "sample.conf").write_text(text)
    # Included files are looked for from the working directory.
    command = ["/bin/sh", "-c", 'ulimit -n 20000; exec "$0" -t -c "$1"', server, folder / "sample.conf"]
    return subprocess.run(command, capture_output=True, cwd=folder, env={}, timeout=60, check=False).returncode == 0


@pytest.mark.skipif(not SOURCE, reason="SRS_SOURCE names no clone of the SRS repository")
@pytest.mark.parametrize("version", BRANCHES)
def test_samples(version: int, tmp_path: Path) -> None:
    texts = samples(BRANCHES[version])
    server = servers(tmp_path).get(version)
    (tmp_path / "conf").mkdir()
    for name, text in texts.items():
        (tmp_path / "conf" / name).write_text(text)
    with_errors, here_alone = {}, set()
    for name, text in texts.items():
        tree = parse(text, version, name)
        assert parse(render(tree), version) == tree, name
        errors = [finding for finding in check_text(text, Release(version), name) if finding.severity == ERROR]
        if errors:
            with_errors[name] = str(errors[0])
        if server is not None:
            accepted = accepts(server, text, tmp_path)
            assert accepted or errors, f"{name}: refused by {server} alone"
            here_alone |= {name} if accepted and errors else set()
    print(f"\nSRS {version}: {len(texts)} samples, all parsed; {len(texts) - len(with_errors)} without an error; with errors:")
    print(
        "  "
        + "\n  ".join(f"{name}: {error}" + (" (the server takes it)" if name in here_alone else "") for name, error in with_errors.items())
    )
    assert set(with_errors) <= set(WITH_ERRORS)
    assert here_alone <= STRICTER
