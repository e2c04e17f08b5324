# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_stream_info."""

from __future__ import annotations

import subprocess
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
    yield from in_time(body, 0.3)


@pytest.fixture(autouse=True)
def url() -> Iterator[str]:
    with FakeNetwork() as network:
        yield f"http://127.0.0.1:{network.listen(lambda: Scripted(live))}/live/tiny.flv"


def run(*urls: str, **params: Any) -> dict[str, Any]:
    usual = {
        "seconds": 0.1, "timeout": 30.0, "stall": 30.0, "must_play": False, "validate_certs": True, "ca_cert": None,
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
    ("text", "said"),
    [
        ("""echo '{"streams": [{"codec_name": "h264"}]}'""", {"streams": [{"codec_name": "h264"}], "format": {}}),
        ("echo 'Connection refused' >&2; exit 1", {"error": "Connection refused"}),
        ("exit 3", {"error": "exit status 3"}),
        ("echo nothing", {"error": "it did not answer with JSON"}),
        ("echo '[]'", {"error": "it did not answer with JSON"}),
        (
            r"""printf '{"format": {"tags": {"title": "a\\u001b[31m\\u202e"}}}'""",
            {"streams": [], "format": {"tags": {"title": r"a\x1b[31m\u202e"}}},
        ),
        (r"printf 'bad \033[31m' >&2; exit 1", {"error": r"bad \x1b[31m"}),
    ],
)
def test_ffprobe(tmp_path: Path, text: str, said: dict[str, Any]) -> None:
    result = run("rtmp://127.0.0.1:1/live/x", ffprobe=True, ffprobe_path=program(tmp_path, text))
    assert result["streams"][0]["ffprobe"] == said


class Endless:
    """A program that does not end by itself."""

    killed = False

    def __init__(self, command: list[str], **_streams: Any) -> None:
        self.limits: list[float] = []

    def communicate(self, timeout: float = 0) -> tuple[bytes, bytes]:
        if not self.killed:
            self.limits.append(timeout)
            raise subprocess.TimeoutExpired("ffprobe", timeout)
        return b"", b""

    def kill(self) -> None:
        self.killed = True


def test_an_ffprobe_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Endless] = []

    def start(*arguments: Any, **options: Any) -> Endless:
        started.append(Endless(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    result = run("rtmp://127.0.0.1:1/live/x", ffprobe=True, ffprobe_path=program(tmp_path, "exit 1"))
    assert result["streams"][0]["ffprobe"] == {"error": "it did not end in time"}
    (process,) = started
    assert process.killed and 30 < process.limits[0] < 90


def test_no_ffprobe() -> None:
    with pytest.raises(SrsError, match="the program /nowhere/ffprobe does not exist"):
        run("rtmp://127.0.0.1:1/live/x", ffprobe=True, ffprobe_path="/nowhere/ffprobe")


def test_no_ca(url: str) -> None:
    with pytest.raises(SrsError, match=r"/nowhere \(ca_cert\) can't be read"):
        run(url.replace("http:", "https:"), ca_cert="/nowhere")
