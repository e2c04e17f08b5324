# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The players and the publisher against a real origin and a real edge on loopback: `SRS_BIN=/path/to/srs pytest tests/unit/e2e`."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from players.crowd import Audience, Newcomers
from players.publisher import Publisher
from players.view import CUT, REFUSED, WATCHED, summary
from players.viewer import Patience, Viewer

SERVERS = [Path(path) for path in os.environ.get("SRS_BIN", "").split(":") if path]
pytestmark = [
    pytest.mark.skipif(not SERVERS, reason="SRS_BIN names no SRS server"),
    pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg, which publishes, is not installed"),
]

CONF = """\
listen 127.0.0.1:{rtmp};
max_connections 100;
daemon off;
srs_log_tank console;
work_dir {folder};
pid {folder}/srs.pid;
http_api {{
    enabled on;
    listen 127.0.0.1:{api};
}}
http_server {{
    enabled on;
    listen 127.0.0.1:{http};
    dir {folder}/html;
}}
vhost __defaultVhost__ {{
    {more}
    http_remux {{
        enabled on;
    }}
}}
"""
HLS = "hls {\n enabled on;\n hls_fragment 2;\n hls_path ./html;\n }"


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    rtmp: int
    http: int

    def url(self, protocol: str) -> str:
        ends = {"rtmp": "", "flv": ".flv", "hls": ".m3u8"}[protocol]
        return f"rtmp://127.0.0.1:{self.rtmp}/live/a" if protocol == "rtmp" else f"http://127.0.0.1:{self.http}/live/a{ends}"


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _index in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 s will do."""
    path = tmp_path_factory.mktemp("clip") / "clip.flv"
    source = "-f lavfi -i testsrc2=size=64x36:rate=10 -f lavfi -i sine=sample_rate=11025 -t 30"
    coding = "-c:v libx264 -preset ultrafast -profile:v baseline -pix_fmt yuv420p -g 10 -sc_threshold 0 -c:a aac -ac 1 -b:a 12k"
    subprocess.run(["ffmpeg", "-loglevel", "error", *source.split(), *coding.split(), path], check=True, timeout=60)
    return path


@pytest.fixture(params=SERVERS, ids=lambda path: path.parent.parent.name)
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    running: list[Server] = []

    def run(name: str, more: str) -> Server:
        rtmp, api, http = free_ports(3)
        folder = tmp_path / name
        (folder / "html").mkdir(parents=True)
        conf = folder / "srs.conf"
        conf.write_text(CONF.format(rtmp=rtmp, api=api, http=http, folder=folder, more=more))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([request.param, "-c", conf], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        running.append(Server(process, rtmp, http))
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", http), timeout=1).close()
                return running[-1]
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text(errors="replace")
                time.sleep(0.1)

    yield run
    for server in running:
        server.process.kill()
        server.process.wait()


def test_an_edge_with_an_audience_is_killed(start: Callable[..., Server], clip: Path) -> None:
    origin = start("origin", HLS)
    edge = start("edge", f"cluster {{\n mode remote;\n origin 127.0.0.1:{origin.rtmp};\n }}")

    async def watch() -> None:
        async with Publisher(clip, edge.url("rtmp")) as encoder:
            first = await Viewer(origin.url("rtmp"), until_picture=True, patience=Patience(media=20)).run()
            assert first.outcome == WATCHED
            staying = [origin.url("rtmp"), origin.url("flv"), origin.url("hls")]
            leaving = [edge.url("rtmp"), edge.url("flv")]
            newcomers = Newcomers(leaving, every=0.2, patience=Patience(media=5))
            async with Audience(staying) as stay, Audience(leaving * 3) as leave:
                async with newcomers:
                    assert not await stay.seated(20)
                    assert not await leave.seated(20)
                    await asyncio.sleep(3)
                assert not [view.as_dict() for view in newcomers.views if view.outcome != WATCHED]
                assert leave.gone() == []
                edge.process.kill()
                await asyncio.sleep(1)
                assert [view.outcome for view in leave.gone()] == [CUT] * 6
                assert (await Viewer(edge.url("flv")).run()).outcome == REFUSED
            told = summary(stay.views)
            assert told["codecs"] == ["h264+aac"]
            assert encoder.cuts, "the publisher went through the edge that was killed"
            # When a stream's publisher goes, SRS ends its HTTP-FLV players and keeps the others waiting.
            assert [view.outcome for view in stay.views] == [WATCHED, CUT, WATCHED]

    asyncio.run(watch())
