# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_stream_info."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow import stream_info
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork, Scripted
from ansible_collections.livestream.srs.tests.support.media_server import Step, in_time, recorded


def live(_request: str) -> Iterator[Step]:
    head, _empty_line, body = recorded("srs-6.http").partition(b"\r\n\r\n")
    yield head + b"\r\n\r\n"
    yield from in_time(body, 0.6)


@pytest.fixture(autouse=True)
def url() -> Iterator[str]:
    with FakeNetwork() as network:
        yield f"http://127.0.0.1:{network.listen(lambda: Scripted(live))}/live/tiny.flv"


def run(*urls: str, **params: Any) -> dict[str, Any]:
    usual = {
        "seconds": 0.2, "timeout": 20.0, "stall": 20.0, "must_play": False, "validate_certs": True, "ca_cert": None,
        "ffprobe": False, "ffprobe_path": "ffprobe",
    }  # fmt: skip
    return stream_info.flow(SimpleNamespace(params={"urls": list(urls), **usual, **params}))  # type: ignore[arg-type]


def test_what_plays_and_what_does_not(url: str) -> None:
    result = run(url, "rtmp://127.0.0.1:1/live/x")
    assert result["ok"] is False
    assert [stream["verdict"] for stream in result["streams"]] == ["ok", "refused"]
    plays, refused = result["summary"]
    assert plays.startswith(f"  ok       HTTP-FLV  {url}")
    assert plays.endswith("5.0 fps") and "h264 64x36, aac" in plays
    assert refused.endswith("127.0.0.1:1 refused the connection: nothing listens there")


def test_must_play(url: str) -> None:
    assert run(url, must_play=True)["ok"] is True
    with pytest.raises(SrsError, match=r"1 of 2 streams don't play: rtmp://127.0.0.1:1/live/x: refused") as error:
        run(url, "rtmp://127.0.0.1:1/live/x", must_play=True)
    assert len(error.value.details["streams"]) == 2


def test_what_can_not_be_played() -> None:
    with pytest.raises(SrsError, match=r"urls has 'http://h/a.mp4', which can't be played"):
        run("http://h/a.mp4")


def program(folder: Path, text: str) -> str:
    path = folder / "ffprobe"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("text", "timeout", "said"),
    [
        ("""echo '{"streams": [{"codec_name": "h264"}]}'""", 20.0, {"streams": [{"codec_name": "h264"}], "format": {}}),
        ("echo 'Connection refused' >&2; exit 1", 20.0, {"error": "Connection refused"}),
        ("exit 3", 20.0, {"error": "exit status 3"}),
        ("echo nothing", 20.0, {"error": "it did not answer with JSON"}),
        ("exec sleep 30", 0.1, {"error": "it did not end in time"}),
    ],
)
def test_ffprobe(tmp_path: Path, text: str, timeout: float, said: dict[str, Any]) -> None:
    path = program(tmp_path, text)
    result = run("rtmp://127.0.0.1:1/live/x", ffprobe=True, ffprobe_path=path, seconds=0.1, timeout=timeout, stall=timeout)
    assert result["streams"][0]["ffprobe"] == said


def test_no_ffprobe() -> None:
    with pytest.raises(SrsError, match="the program /nowhere/ffprobe does not exist"):
        run("rtmp://127.0.0.1:1/live/x", ffprobe=True, ffprobe_path="/nowhere/ffprobe")


def test_no_ca(url: str) -> None:
    with pytest.raises(SrsError, match=r"/nowhere \(ca_cert\) can't be read"):
        run(url.replace("http:", "https:"), ca_cert="/nowhere")
