# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kind is called as it wants to be, and what it makes is found again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from localcluster import kind
from localcluster.processes import Part

NODES = [{"status": {"addresses": [{"type": "Hostname", "address": "node"}, {"type": "InternalIP", "address": "172.18.0.2"}]}}]


@pytest.fixture
def calls(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `kind` that notes its calls and knows the clusters that it made."""
    calls = tmp_path / "calls"
    clusters = tmp_path / "clusters"
    clusters.touch()
    script = tmp_path / "bin" / "kind"
    script.parent.mkdir()
    script.write_text(
        f"""#!/bin/sh
echo "$@" >> {calls}
case "$1 $2" in
"create cluster") echo "$4" >> {clusters}; touch "$6" ;;
"get clusters") cat {clusters} ;;
"delete cluster") : > {clusters} ;;
esac
"""
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")

    class Api:
        def __init__(self, kubeconfig: Path) -> None:
            assert kubeconfig.is_file()

        def items(self, _path: str) -> list[Any]:
            return NODES

    def bring_up(_cluster: Path, part: Part) -> None:
        assert part.command[-2:] == ("--addresses", "172.18.0.2/32")

    monkeypatch.setattr(kind, "Api", Api)
    monkeypatch.setattr(kind.processes, "bring_up", bring_up)
    return calls


def test_a_cluster_is_made_once_and_removed(calls: Path, cache: Path) -> None:
    cluster = kind.Kind("default")
    cluster.up()
    cluster.up()
    kubeconfig = cache / "clusters/default/kubeconfig"
    made = [line for line in calls.read_text().splitlines() if line.startswith("create")]
    assert made == [f"create cluster --name livestream-srs-default --kubeconfig {kubeconfig} --wait 120s"]
    cluster.down()
    assert "delete cluster --name livestream-srs-default" in calls.read_text()
    assert not cluster.exists()
    assert not kubeconfig.exists()


def test_images_are_given_to_it(calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "srs-6.tar"
    archive.touch()
    monkeypatch.setenv("SRS_IMAGE_ARCHIVE", str(archive))
    kind.Kind("default").up()
    assert f"load image-archive {archive} --name livestream-srs-default" in calls.read_text()
