# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The play buttons of the status page in a real browser, with streams that ffmpeg made, from a server on loopback."""

from __future__ import annotations

import contextlib
import functools
import struct
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._observed import report
from ansible_collections.livestream.srs.tests.support import programs
from ansible_collections.livestream.srs.tests.support.devtools import Browser, Page
from ansible_collections.livestream.srs.tests.support.made_up import topology
from ansible_collections.livestream.srs.tests.support.media_server import Step, in_time, serving

try:
    programs.chromium(fetch=False)
    FFMPEG = programs.ffmpeg(fetch=False).command
except programs.Lacking as error:
    pytest.skip(str(error), allow_module_level=True)

PICTURE = "-f lavfi -i testsrc2=size=128x72:rate=25"
TONE = "-f lavfi -i sine=frequency=440:sample_rate=44100"
H264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25"
# B-frames are shown in another order than they come.
REORDERED = "-c:v libx264 -preset veryfast -bf 2 -pix_fmt yuv420p -g 50"
AAC = "-c:a aac -b:a 32k"
OK = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
STRANGER = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nFLV"
HELD = 600.0

NO_HLS = "HTMLMediaElement.prototype.canPlayType = () => '';"
ASKED = """
window.asked = [];
const supported = MediaSource.isTypeSupported;
MediaSource.isTypeSupported = type => { asked.push(type); return supported.call(MediaSource, type); };
"""
VIDEO = "document.querySelector('.player video')"
SAID = "document.querySelector('.player [role=status]').textContent"


@functools.cache
def made(arguments: str, seconds: int = 6, form: str = "flv") -> bytes:
    """A stream, as ffmpeg makes it."""
    command = [FFMPEG, "-hide_banner", "-loglevel", "error", *arguments.split(), "-t", str(seconds)]
    command += ["-movflags", "frag_keyframe+delay_moov"] if form == "mp4" else []
    return subprocess.run([*command, "-f", form, "-"], check=True, timeout=120, stdout=subprocess.PIPE).stdout


def tag(kind: int, milliseconds: int, body: bytes) -> bytes:
    time = milliseconds.to_bytes(4)
    return bytes([kind]) + len(body).to_bytes(3) + time[1:] + time[:1] + b"\0\0\0" + body + (len(body) + 11).to_bytes(4)


def tags(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 13
    while at < len(data):
        size = int.from_bytes(data[at + 1 : at + 4])
        yield data[at], int.from_bytes(data[at + 7 : at + 8] + data[at + 4 : at + 7]), data[at + 11 : at + 11 + size]
        at += size + 15


HEADER = b"FLV\x01\x05\0\0\0\x09\0\0\0\0"

FRAMES = b"".join(tag(9, time, b"\x91av01 ") for time in range(0, 2000, 40))


def config_of(name: bytes, mp4: bytes) -> bytes:
    """The content of a box that has no boxes in it."""
    at = mp4.index(name)
    return mp4[at + 4 : at - 4 + int.from_bytes(mp4[at - 4 : at])]


def av1() -> bytes:
    """AV1 has a tag of the enhanced form; older ffmpegs write none."""
    coding = f"{PICTURE} -c:v libaom-av1 -cpu-used 8 -g 25 -b:v 100k"
    frames = made(coding, 6, "ivf")
    # The decoder of AV1 takes the size of the picture from the metadata.
    metadata = b"\2\0\x0aonMetaData\x08\0\0\0\2\0\5width\0" + struct.pack(">d", 128) + b"\0\6height\0" + struct.pack(">d", 72)
    data = [HEADER, tag(18, 0, metadata + b"\0\0\x09"), tag(9, 0, b"\x90av01" + config_of(b"av1C", made(coding, 6, "mp4")))]
    at, number = 32, 0
    while at < len(frames):
        (size,) = struct.unpack_from("<I", frames, at)
        # A frame begins with a temporal delimiter, which MP4 leaves out; a key frame goes on with a sequence header.
        frame = frames[at + 14 : at + 12 + size]
        data.append(tag(9, 40 * number, (b"\x91" if frame[0] == 0x0A else b"\xa1") + b"av01" + frame))
        at, number = at + 12 + size, number + 1
    return b"".join(data)


def hevc() -> bytes:
    config = config_of(b"hvcC", made(f"{PICTURE} -c:v libx265 -x265-params log-level=none -tag:v hvc1", 1, "mp4"))
    return HEADER + tag(9, 0, b"\x1c\0\0\0\0" + config) + tag(9, 0, b"\x1c\x01\0\0\0\0\0\0\1\0")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with contextlib.closing(Browser()) as started:
        yield started


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Opens the status page of a stream that plays from a port of this host, in a browser that plays no HLS by itself."""
    opened: list[Page] = []

    def run(port: int, protocol: str = "flv", before: str = NO_HLS, **more: Any) -> Page:
        status = topology(1, live=2, trouble=False)
        status["streams"][0].update(more)
        service = next(service for service in status["services"] if service["component"] == "edge")
        service.update(addresses=["127.0.0.1"], ports=[{"port": port, "protocol": protocol, "tls": False, "node_port": None}])
        status["services"] = [service]
        (tmp_path / "status.html").write_text(report.page([("host", status)]))
        page = browser.open((tmp_path / "status.html").as_uri(), size=(1200, 900), before=before + ASKED)
        opened.append(page)
        page.wait("document.readyState === 'complete' && location.href !== 'about:blank'")
        page.run("document.querySelectorAll('.play')[0].click()")
        return page

    yield run
    for page in opened:
        page.close()


def live(data: bytes, seconds: float = 6) -> Callable[[str], Iterable[Step]]:
    """Sends a stream in its time, and then nothing more."""

    def script(_request: str) -> Iterable[Step]:
        yield OK
        yield from in_time(data, seconds, 100)
        yield HELD

    return script


def said(page: Page) -> Any:
    """What stands under the picture, as soon as there is something to say."""
    return page.wait(f"{SAID} !== 'Connecting …' && {SAID}", 60)


@pytest.mark.parametrize(
    ("stream", "size"),
    [
        (f"{PICTURE} {TONE} {REORDERED} {AAC}", [128, 72]),
        (f"{PICTURE} {REORDERED} -flvflags no_metadata", [128, 72]),
        (f"{TONE} {AAC}", [0, 0]),
    ],
    ids=["picture and sound", "picture without metadata", "sound"],
)
def test_it_plays_http_flv(open_page: Callable[..., Page], stream: str, size: list[int]) -> None:
    with serving(live(made(stream))) as port:
        page = open_page(port)
        page.wait(f"{VIDEO}.currentTime > 4", 60)
        assert page.run(f"[{VIDEO}.videoWidth, {VIDEO}.videoHeight]") == size
        assert page.run(SAID) == ""
        assert page.run(f"{VIDEO}.error") is None
        assert page.complaints() == []


def test_it_plays_av1(open_page: Callable[..., Page]) -> None:
    with serving(live(av1(), 6)) as port:
        page = open_page(port)
        page.wait(f"{VIDEO}.currentTime > 4", 60)
        assert page.run("asked") == ['video/mp4; codecs="av01.0.00M.08"']
        assert page.run(f"[{VIDEO}.videoWidth, {VIDEO}.videoHeight]") == [128, 72]


def test_it_keeps_up_and_forgets(open_page: Callable[..., Page]) -> None:
    """A minute of a stream arrives within 6 s."""
    data = made(f"{PICTURE} {TONE} {H264} {AAC}", 60)
    with serving(live(data, 6)) as port:
        page = open_page(port)
        end, start = f"{VIDEO}.buffered.end({VIDEO}.buffered.length - 1)", f"{VIDEO}.buffered.start(0)"
        page.wait(f"{VIDEO}.buffered.length && {end} > 58", 60)
        assert page.wait(f"{end} - {VIDEO}.currentTime < 4.5")
        assert page.run(f"{end} - {start} < 13")


def test_times_may_jump_and_the_format_may_change(open_page: Callable[..., Page]) -> None:
    """As when an encoder starts anew, with another size of the picture; its clock begins at 0 again."""
    first = made(f"{PICTURE} {TONE} {H264} {AAC}", 4)
    second = made(f"{PICTURE.replace('128x72', '160x120')} {TONE} {H264} {AAC}", 6)
    data = HEADER + b"".join(tag(kind, 90_000 + time, body) for kind, time, body in tags(first)) + second[13:]
    with serving(live(data, 10)) as port:
        page = open_page(port)
        page.wait(f"{VIDEO}.videoWidth === 128", 60)
        page.wait(f"{VIDEO}.videoWidth === 160 && {VIDEO}.currentTime > 8", 60)
        assert page.run(SAID) == ""


def test_what_it_cannot_play_is_said(open_page: Callable[..., Page]) -> None:
    with serving(live(made(f"{PICTURE} {TONE} {H264} -c:a libmp3lame"))) as port:
        page = open_page(port)
        page.wait(f"{VIDEO}.currentTime > 4", 60)
        assert page.run(SAID) == "Without sound: this browser can't play MP3."
    data = made(f"{PICTURE} {TONE} {H264} {AAC}", 20)
    silenced = b"".join(tag(kind, time, body) for kind, time, body in tags(data) if kind != 8 or body[1] == 0)
    with serving(live(HEADER + silenced, 10)) as port:
        page = open_page(port)
        page.wait(f"{VIDEO}.currentTime > 4", 60)
        assert said(page) == "The stream announces audio and sends none."
    with serving(live(hevc(), 1)) as port:
        page = open_page(port)
        page.wait("asked.length")
        assert page.run("asked") == ['video/mp4; codecs="hvc1.1.6.L30.90"']
        if not page.run("MediaSource.isTypeSupported(asked[0])"):
            assert said(page) == "This browser can't play H.265 video: use a player such as VLC."


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ([NOT_FOUND], "The server does not have the stream (404)."),
        ([NOT_FOUND.replace(b"404 Not Found", b"403 Forbidden")], "The server does not send the stream (403 Forbidden)."),
        ([STRANGER, HELD], "that this page may read: the server can't be reached from here,"),
        ([OK + b"<html>", HELD], "What the server sends is no FLV."),
        ([OK + HEADER + tag(9, 0, b"\x90av01") + FRAMES, HELD], "This browser can't play it: "),
        ([OK + HEADER], "The stream has ended."),
        ([OK + HEADER, HELD], "Nothing to show for 10 seconds: is the stream being published?"),
    ],
    ids=["404", "403", "CORS", "no FLV", "broken", "ended", "silent"],
)
def test_what_goes_wrong_is_said(open_page: Callable[..., Page], steps: list[Step], sentence: str) -> None:
    with serving(lambda _request: steps) as port:
        page = open_page(port)
        assert sentence in said(page)
        assert page.run("document.querySelector('.player code').textContent").startswith(f"http://127.0.0.1:{port}/live/")


def test_a_refused_connection_is_said(open_page: Callable[..., Page]) -> None:
    with serving(lambda _request: []) as port:
        pass
    assert f"No answer from 127.0.0.1:{port}" in said(open_page(port))


def test_hls_is_left_to_the_browser(open_page: Callable[..., Page]) -> None:
    with serving(lambda _request: [NOT_FOUND]) as port:
        page = open_page(port, "hls")
        assert "This browser plays no HLS by itself" in said(page)
        page = open_page(port, "hls", before="HTMLMediaElement.prototype.canPlayType = () => 'maybe';")
        assert said(page) == "The server does not have the stream (404)."


def test_the_browser_plays_hls(open_page: Callable[..., Page], tmp_path: Path) -> None:
    """A playlist that doesn't end, as that of a live stream."""
    coding = f"{PICTURE} {TONE} {H264} {AAC} -t 10 -f hls -hls_time 2 -hls_list_size 0 -hls_flags omit_endlist"
    command = [FFMPEG, "-hide_banner", "-loglevel", "error", *coding.split(), tmp_path / "a.m3u8"]
    subprocess.run(command, check=True, timeout=120)
    types = {".m3u8": b"application/vnd.apple.mpegurl", ".ts": b"video/mp2t"}

    def script(request: str) -> Iterable[Step]:
        path = tmp_path / Path(request.split()[1]).name
        yield OK.replace(b"Connection", b"Content-Type: " + types[path.suffix] + b"\r\nConnection") + path.read_bytes()

    with serving(script) as port:
        page = open_page(port, "hls", before="", url="/live/a")
        if not page.run("document.createElement('video').canPlayType('application/vnd.apple.mpegurl')"):
            pytest.skip("this Chromium plays no HLS by itself")
        began = page.wait(f"{VIDEO}.currentTime", 60)
        page.wait(f"{VIDEO}.currentTime > {began + 3}", 60)
        assert page.run(SAID) == ""
        assert page.complaints() == []


def test_one_plays_at_a_time_until_it_is_closed(open_page: Callable[..., Page]) -> None:
    requests: list[str] = []
    ended: list[str] = []

    def script(request: str) -> Iterable[Step]:
        requests.append(request)
        try:
            yield OK
            for _time in range(20):
                yield from in_time(data, 8, 100)
        finally:
            ended.append(request)

    data = made(f"{PICTURE} {TONE} {H264} {AAC}")
    state = "[document.querySelector('.player').hidden, ...Array.from(document.querySelectorAll('.play'), b => b.textContent)]"
    with serving(script) as port:
        page = open_page(port, url="/live/a+b%20'\"<é", vhost="tv.example")
        page.wait(f"{VIDEO}.currentTime > 1", 60)
        assert requests == ["GET /live/a+b%2520'%22%3C%C3%A9.flv?vhost=tv.example HTTP/1.1"]
        assert page.run(state) == [False, "Stop", "Play"]
        page.run("document.querySelectorAll('.play')[1].click()")
        assert page.run(state) == [False, "Play", "Stop"]
        page.wait(f"{VIDEO}.currentTime > 1", 60)
        page.run("document.querySelector('.player .close').focus()")
        page.press("Escape")
        assert page.run(state) == [True, "Play", "Play"]
        assert page.run("document.activeElement.getAttribute('aria-label')").startswith("Play /live/")
        page.run("document.querySelectorAll('.play')[1].click()")
        page.run("document.querySelectorAll('.play')[1].click()")
        assert page.run(state) == [True, "Play", "Play"]
        assert page.run(f"{VIDEO}.getAttribute('src')") is None
        # Each connection is given up: the server can send no more.
        page.wait("new Promise(done => setTimeout(() => done(true), 2000))")
        assert len(ended) == len(requests) > 1
