# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the end-to-end tests read from output and logs."""

from __future__ import annotations

import types
from typing import Any

import pytest
from driver import checks, needs
from driver.figures import Figures
from driver.playbook import Run
from driver.topology import address

PRINTED = """\
TASK [The topology, and where to publish and play] *****************************
ok: [local] => {
    "msg": [
        "origin 1/1, edge 3/3",
        "Publish to",
        "  edge  RTMP  rtmp://203.0.113.1/live/livestream",
        "Play from",
        "  edge  RTMP      rtmp://203.0.113.1/live/livestream",
        "  edge  HTTP-FLV  http://203.0.113.1:8080/live/livestream.flv",
        "  hls   HLS       http://203.0.113.2/live/livestream.m3u8"
    ]
}

PLAY RECAP *********************************************************************
local                      : ok=9    changed=2    unreachable=0    failed=0    skipped=1    rescued=0    ignored=0
"""


def test_what_a_playbook_prints() -> None:
    run = Run(0, PRINTED, 1.0)
    assert run.changed == 2
    assert run.url("rtmp") == "rtmp://203.0.113.1/live/livestream"
    assert run.url("flv") == "http://203.0.113.1:8080/live/livestream.flv"
    assert run.url("hls") == "http://203.0.113.2/live/livestream.m3u8"


def test_a_playbook_that_printed_no_recap() -> None:
    with pytest.raises(ValueError, match="no recap"):
        assert Run(4, "ERROR! the playbook could not be found", 0.1).changed is None


def test_addresses_without_a_playbook() -> None:
    assert [address(protocol, "h", "a") for protocol in ("rtmp", "flv", "hls")] == [
        "rtmp://h/live/a",
        "http://h:8080/live/a.flv",
        "http://h/live/a.m3u8",
    ]


def test_versions_of_images() -> None:
    names = ["docker.io/ossrs/srs:6", "registry.example.com/ossrs/srs:v5.0.216", "docker.io/library/nginx:*", "docker.io/ossrs/srs:encoder"]
    assert needs.by_version(names) == {6: names[0], 5: names[1]}


def test_figures_become_tables() -> None:
    figures = Figures()
    figures.add("Fan-in", players=20, pulls_at_the_origin=3)
    figures.add("Fan-in", players=60, seconds=1.5)
    lines = figures.markdown().splitlines()
    assert lines[0].startswith("Measured on ")
    assert lines[2:] == [
        "### Fan-in",
        "",
        "| players | pulls at the origin | seconds |",
        "| --- | --- | --- |",
        "| 20 | 3 | - |",
        "| 60 | - | 1.50 |",
    ]


class Logs:
    """A cluster with one pod that has said these lines."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)

    def pods(self, _namespace: str) -> list[Any]:
        container = types.SimpleNamespace(name="srs")
        spec = types.SimpleNamespace(containers=[container], init_containers=None)
        return [types.SimpleNamespace(name="pod", body=types.SimpleNamespace(spec=spec))]

    def logs(self, _namespace: str, _pod: str, _container: str) -> list[str]:
        return self.lines


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        ("[2026-11-23 04:37:52.240][ERROR][1][t1][13] create dir ./objs/nginx/html/live : mkdir (Permission denied)", True),
        ("[2026-11-23 04:37:52.240][Error][1][t1][30] write file (Read-only file system)", True),
        ("2026/11/23 04:37:17 [emerg] 1#1: bind() to 0.0.0.0:80 failed (13: Permission denied)", True),
        (
            "[2026-11-23 04:58:56.088][Error][1][z4][4] edge push get control message failed. err=code=1007 : recv message",
            False,
        ),
        ("thread [1][325]: read() [src/service/srs_service_st.cpp:485][errno=4](No such file or directory)", False),
        ("[2026-11-23 04:37:52.240][WARN][1][t1][4] origin disconnected, retry", False),
        ("[2026-11-23 04:37:52.240][INFO][1][t1] RTMP client ip=198.18.0.1", False),
    ],
)
def test_trouble_in_logs(line: str, bad: bool) -> None:
    topology: Any = types.SimpleNamespace(kube=Logs("all is well", line), namespace="n")
    assert checks.trouble(topology) == ({"pod: srs": [line]} if bad else {})
