# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a stream can be decoded, as the probe and the end-to-end viewers say, is what a real decoder says of the same stream.

The streams are made by ffmpeg, and the bad ones by leaving something out.
"""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest
from localcluster.base import cache
from players import view, viewer

from ansible_collections.livestream.srs.plugins.module_utils._media import aac, flv, mpegts, rtmp
from ansible_collections.livestream.srs.plugins.module_utils._media.decoder import Decoder
from ansible_collections.livestream.srs.plugins.module_utils._media.packet import Packet
from ansible_collections.livestream.srs.plugins.module_utils._media.units import separated
from ansible_collections.livestream.srs.plugins.module_utils._player.player import play
from ansible_collections.livestream.srs.plugins.module_utils._player.viewer import OK, UNDECODABLE, Patience
from ansible_collections.livestream.srs.tests.support import made_media as made
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork, Scripted
from ansible_collections.livestream.srs.tests.support.media_server import Step, in_time


def program(name: str) -> str | None:
    """One that is installed, or that the local cluster tool has fetched."""
    return shutil.which(name) or shutil.which(name, path=cache() / "debian/ffmpeg/wrapped")


FFMPEG, FFPROBE = program("ffmpeg"), program("ffprobe")
pytestmark = pytest.mark.skipif(not (FFMPEG and FFPROBE), reason="ffmpeg is not installed")

PICTURES = "-f lavfi -i testsrc2=size=64x48:rate=10"
SOUND = "-f lavfi -i sine=sample_rate=22050"
H264 = "-c:v libx264 -pix_fmt yuv420p -g 10 -preset"
# Two seconds of each.
STREAMS = {
    "usual.flv": f"{PICTURES} {SOUND} {H264} veryfast -c:a aac",
    "baseline.flv": f"{PICTURES} {SOUND} {H264} ultrafast -profile:v baseline -c:a aac",
    "pictures.flv": f"{PICTURES} {H264} veryfast -bf 3 -b_strategy 0",
    "sound.flv": f"{SOUND} -c:a aac -ac 2",
    "mp3.flv": f"{PICTURES} {SOUND} {H264} veryfast -c:a libmp3lame",
    "other.flv": f"{PICTURES} {SOUND} {H264} veryfast -x264-params sps-id=1 -c:a aac",
    "slices.flv": f"{PICTURES} {SOUND} {H264} veryfast -x264-params slices=3 -c:a aac",
    "refresh.flv": f"{PICTURES} {SOUND} {H264} veryfast -x264-params intra-refresh=1 -c:a aac",
    "open.flv": f"{PICTURES} {SOUND} {H264} veryfast -bf 2 -x264-params open-gop=1:repeat-headers=1 -c:a aac",
    "fields.flv": f"{PICTURES} {SOUND} {H264} veryfast -flags +ildct+ilme -x264-params tff=1 -c:a aac",
    "speex.flv": "-f lavfi -i sine=sample_rate=16000 -c:a libspeex",
    "usual.ts": f"{PICTURES} {SOUND} {H264} veryfast -c:a aac",
    "other.ts": f"{PICTURES} {SOUND} {H264} veryfast -x264-params sps-id=1 -c:a aac",
    "mp3.ts": f"{PICTURES} {SOUND} {H264} veryfast -c:a libmp3lame",
    "hevc.ts": f"{PICTURES} {SOUND} -c:v libx265 -preset ultrafast -x265-params keyint=10:log-level=none -c:a aac",
}

Tag = tuple[int, int, bytes]
"""Its kind, its time in ms, its body."""


class Streams:
    """Each is made when it is asked for, once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def data(self, name: str) -> bytes:
        path = self.folder / name
        if not path.exists():
            options = [*STREAMS[name].split(), "-t", "2", "-flags", "+bitexact"]
            subprocess.run([str(FFMPEG), "-v", "error", *options, path], check=True, timeout=60)
        return path.read_bytes()

    def flv(self, name: str) -> list[Tag]:
        return tags(self.data(f"{name}.flv"))

    def ts(self, name: str) -> list[Packet]:
        return list(mpegts.TsReader().feed(self.data(f"{name}.ts")))


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Streams:
    return Streams(tmp_path_factory.mktemp("streams"))


def decodes(file: Path, *options: str) -> bool:
    """What ffmpeg says: it gets to the end without an error, and there are frames of all video and audio that there are packets of."""
    run = subprocess.run(
        [str(FFMPEG), "-v", "error", "-xerror", *options, "-i", file, "-f", "null", "-"], check=False, capture_output=True, timeout=60
    )
    command = [str(FFPROBE), "-v", "quiet", *options, "-show_entries", "packet=codec_type:frame=media_type", "-of", "csv", file]
    lines = set(subprocess.run(command, check=False, capture_output=True, timeout=60, text=True).stdout.replace(",\n", "\n").split())
    found, shown = ({kind for kind in ("video", "audio") if f"{what},{kind}" in lines} for what in ("packet", "frame"))
    return run.returncode == 0 and found == shown != set()


def tags(data: bytes) -> list[Tag]:
    found, at = [], 13
    while at < len(data):
        size = int.from_bytes(data[at + 1 : at + 4])
        ms = int.from_bytes(data[at + 4 : at + 7])
        if size > 5 or data[at] != flv.VIDEO:  # without the end that ffmpeg writes
            found.append((data[at], ms, data[at + 11 : at + 11 + size]))
        at += 11 + size + 4
    return found


def written(some: Iterable[Tag]) -> bytes:
    return b"FLV\x01\x05\0\0\0\x09\0\0\0\0" + b"".join(made.flv_tag(*one) for one in some)


def is_header(tag: Tag, *kinds: int) -> bool:
    return tag[0] in (kinds or (flv.VIDEO, flv.AUDIO)) and tag[2][1] == 0 and not (tag[0] == flv.AUDIO and tag[2][0] >> 4 != 10)


def is_keyframe(tag: Tag) -> bool:
    return tag[0] == flv.VIDEO and tag[2][0] >> 4 == 1 and not is_header(tag)


def of(some: Iterable[Tag], *kinds: int) -> list[Tag]:
    return [tag for tag in some if tag[0] in kinds]


def headers(some: Iterable[Tag], *kinds: int) -> list[Tag]:
    return [tag for tag in some if is_header(tag, *kinds)]


def frames(some: Iterable[Tag]) -> list[Tag]:
    return [tag for tag in some if tag[0] != flv.SCRIPT and not is_header(tag)]


def from_keyframe(some: Iterable[Tag], number: int) -> list[Tag]:
    some = frames(some)
    return some[[index for index, tag in enumerate(some) if is_keyframe(tag)][number] :]


def with_headers_of(other: Iterable[Tag], some: Iterable[Tag]) -> list[Tag]:
    return [*headers(other, flv.VIDEO), *headers(some, flv.AUDIO), *frames(some)]


def cut_off(some: Iterable[Tag]) -> list[Tag]:
    """With the ends of keyframes lost."""
    return [(kind, ms, body[:-40] if is_keyframe((kind, ms, body)) else body) for kind, ms, body in some]


def later(some: Iterable[Tag], ms: int = 2000) -> list[Tag]:
    return [(kind, at + ms, body) for kind, at, body in some]


# What is made of streams, and what a decoder makes of it: good, or bad.
FLV_CASES: dict[str, tuple[bool, Callable[[Streams], list[Tag]]]] = {
    **{f"{name}, as it is": (True, lambda get, name=name: get.flv(name)) for name in (  # type: ignore[misc]
        "usual", "baseline", "pictures", "sound", "mp3", "other", "slices", "refresh", "open", "fields", "speex",
    )},
    "no headers": (False, lambda get: frames(get.flv("usual"))),
    "no video header": (False, lambda get: [tag for tag in get.flv("usual") if not is_header(tag, flv.VIDEO)]),
    "no audio header": (False, lambda get: [tag for tag in get.flv("usual") if not is_header(tag, flv.AUDIO)]),
    "no video header, pictures alone": (False, lambda get: frames(get.flv("pictures"))),
    "no audio header, sound alone": (False, lambda get: frames(get.flv("sound"))),
    "no video header, parameter sets in band": (False, lambda get: frames(get.flv("open"))),
    "no header where none is needed": (True, lambda get: [*headers(get.flv("mp3")), *frames(get.flv("mp3"))]),
    "parameter sets of another stream": (False, lambda get: with_headers_of(get.flv("other"), get.flv("usual"))),
    "the video header comes late": (
        False, lambda get: [*frames(get.flv("usual"))[:8], *headers(get.flv("usual")), *from_keyframe(get.flv("usual"), 1)],
    ),
    "frames that are no keyframes, then the video header": (
        False, lambda get: [*from_keyframe(get.flv("usual"), 0)[1:9], *headers(get.flv("usual")), *from_keyframe(get.flv("usual"), 1)],
    ),
    "no keyframe": (False, lambda get: [tag for tag in get.flv("usual") if not is_keyframe(tag)]),
    "between keyframes, as with gop_cache off": (
        True, lambda get: [*headers(get.flv("usual")), *from_keyframe(get.flv("usual"), 0)[4:]],
    ),
    "between keyframes of an open GOP": (True, lambda get: [*headers(get.flv("open")), *from_keyframe(get.flv("open"), 0)[4:]]),
    "without metadata": (True, lambda get: of(get.flv("usual"), flv.VIDEO, flv.AUDIO)),
    "headers again": (True, lambda get: [*get.flv("usual"), *later(get.flv("usual"))]),
    "keyframes that are cut off": (False, lambda get: cut_off(get.flv("usual"))),
    "other parameter sets from the middle on": (True, lambda get: [*get.flv("usual"), *later(get.flv("other"))]),
    "another stream from the middle on, without its header": (False, lambda get: [*get.flv("usual"), *later(frames(get.flv("other")))]),
    "pictures of it": (True, lambda get: of(get.flv("usual"), flv.VIDEO)),
    "sound of it": (True, lambda get: of(get.flv("usual"), flv.AUDIO)),
}  # fmt: skip


def probe(script: Callable[[str], Iterable[Step]], path: str) -> str:
    """The verdict; both our own players see the same."""
    with FakeNetwork() as network:
        scheme = "http" if "." in path else "rtmp"
        url = f"{scheme}://127.0.0.1:{network.listen(lambda: Scripted(script))}{path}"
        (seen,) = asyncio.run(play([url], Patience(watch=1.0, first=1.5, stall=5.0), ssl.create_default_context))
        clock = SimpleNamespace(monotonic=lambda: network.now, time=lambda: network.now)
        with mock.patch.object(viewer, "time", clock):
            also = asyncio.run(viewer.Viewer(url, patience=viewer.Patience(media=1.0)).run())
    good = seen.verdict == OK
    # The viewers of the end-to-end tests count pictures, and these are not for streams without.
    if also.video:
        assert (also.outcome in (view.WATCHED, view.CUT, view.STALLED)) is good, (seen.message, also.as_dict())
        assert (also.first_frame is not None) is good or also.outcome == view.UNDECODABLE, also.as_dict()
    assert seen.verdict in (OK, UNDECODABLE) and bool(seen.message) is not good
    return seen.verdict


def by_http(data: bytes) -> Callable[[str], Iterator[Step]]:
    def script(_request: str) -> Iterator[Step]:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        yield from in_time(data, 2.0)

    return script


def by_rtmp(some: Iterable[Tag]) -> Callable[[str], Iterator[Step]]:
    def message(kind: int, ms: int, body: bytes) -> bytes:
        still = rtmp.message(kind, body, chunk_stream=4, stream=1)
        return still[:1] + ms.to_bytes(3) + still[4:]

    def script(_hello: str) -> Iterator[Step]:
        yield b"\x03" + bytes(2 * rtmp.HANDSHAKE)
        yield from in_time(b"".join(message(*tag) for tag in some), 2.0)

    return script


def test_what_only_decoding_shows(streams: Streams, tmp_path: Path) -> None:
    """The limit of it: the parameter sets of another stream, by the same numbers."""
    some = with_headers_of(streams.flv("baseline"), streams.flv("usual"))
    file = tmp_path / "case.flv"
    file.write_bytes(written(some))
    assert not decodes(file)
    assert probe(by_rtmp(some), "/live/a") == OK


@pytest.mark.parametrize("case", FLV_CASES)
def test_flv_and_rtmp(case: str, streams: Streams, tmp_path: Path) -> None:
    good, make = FLV_CASES[case]
    some = make(streams)
    file = tmp_path / "case.flv"
    file.write_bytes(written(some))
    assert decodes(file) is good, "what ffmpeg says"
    assert probe(by_http(file.read_bytes()), "/live/a.flv") == (OK if good else UNDECODABLE)
    assert probe(by_rtmp(some), "/live/a") == (OK if good else UNDECODABLE)


def without(some: Iterable[Packet], *kinds: int) -> list[Packet]:
    """Without units of these kinds."""
    wide = {"h264": lambda unit: unit[0] & 0x1F, "hevc": lambda unit: unit[0] >> 1 & 0x3F}
    return [
        replace(packet, data=made.separated(*(unit for unit in separated(packet.data) if wide[packet.codec](unit) not in kinds)))
        if packet.kind == "video"
        else packet
        for packet in some
    ]


def sets_of(other: Iterable[Packet], some: Iterable[Packet]) -> list[Packet]:
    """With the parameter sets of another stream."""
    sets = [unit for packet in other for unit in separated(packet.data) if packet.kind == "video" and unit[0] & 0x1F in (7, 8)][:2]
    return [
        replace(packet, data=made.separated(*sets) + packet.data) if packet.kind == "video" and packet.keyframe else packet
        for packet in without(some, 7, 8)
    ]


def bare(data: bytes) -> bytes:
    """AAC without its ADTS headers."""
    frames = b""
    while data:
        assert aac.has_adts(data)
        size = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5
        frames, data = frames + data[7:size], data[size:]
    return frames


def of_kind(some: Iterable[Packet], kind: str) -> list[Packet]:
    return [packet for packet in some if packet.kind == kind]


BOTH = ("h264", "aac")
TS_CASES: dict[str, tuple[bool, Callable[[Streams], bytes]]] = {
    "usual, as it is": (True, lambda get: get.data("usual.ts")),
    "mp3, as it is": (True, lambda get: get.data("mp3.ts")),
    "HEVC, as it is": (True, lambda get: get.data("hevc.ts")),
    "as we write it": (True, lambda get: made.segment(get.ts("usual"), BOTH)),
    "HEVC as we write it": (True, lambda get: made.segment(get.ts("hevc"), ("hevc", "aac"))),
    "no parameter sets": (False, lambda get: made.segment(without(get.ts("usual"), 7, 8), BOTH)),
    "no SPS": (False, lambda get: made.segment(without(get.ts("usual"), 7), BOTH)),
    "no PPS": (False, lambda get: made.segment(without(get.ts("usual"), 8), BOTH)),
    "parameter sets of another stream": (False, lambda get: made.segment(sets_of(get.ts("other"), get.ts("usual")), BOTH)),
    "HEVC without parameter sets": (False, lambda get: made.segment(without(get.ts("hevc"), 32, 33, 34), ("hevc", "aac"))),
    "HEVC without VPS": (False, lambda get: made.segment(without(get.ts("hevc"), 32), ("hevc", "aac"))),
    "HEVC without PPS": (False, lambda get: made.segment(without(get.ts("hevc"), 34), ("hevc", "aac"))),
    "no keyframe": (False, lambda get: made.segment([one for one in get.ts("usual") if not one.keyframe], BOTH)),
    "between keyframes": (True, lambda get: made.segment(get.ts("usual")[5:], BOTH)),
    "AAC without ADTS": (
        False,
        lambda get: made.segment([replace(one, data=bare(one.data)) if one.kind == "audio" else one for one in get.ts("usual")], BOTH),
    ),
    "sound alone": (True, lambda get: made.segment(of_kind(get.ts("usual"), "audio"), ("aac",))),
    # As SRS has it in HLS.
    "sound alone, and tables that name both": (True, lambda get: made.segment(of_kind(get.ts("usual"), "audio"), BOTH)),
    "pictures alone, and tables that name both": (True, lambda get: made.segment(of_kind(get.ts("usual"), "video"), BOTH)),
}  # fmt: skip


def by_hls(data: bytes) -> Callable[[str], Iterator[Step]]:
    def script(request: str) -> Iterator[Step]:
        body = data if ".ts" in request else b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n#EXT-X-ENDLIST\n"
        yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    return script


@pytest.mark.parametrize("case", TS_CASES)
def test_hls(case: str, streams: Streams, tmp_path: Path) -> None:
    good, make = TS_CASES[case]
    file = tmp_path / "case.ts"
    file.write_bytes(make(streams))
    assert decodes(file) is good, "what ffmpeg says"
    assert probe(by_hls(file.read_bytes()), "/live/a.m3u8") == (OK if good else UNDECODABLE)


@pytest.mark.parametrize(
    ("in_header", "in_band", "good"),
    [
        ((32, 33, 34), (), True),
        ((), (32, 33, 34), True),
        ((33, 34), (), False),
        ((32, 34), (), False),
        ((32, 33), (), False),
        ((), (), False),
    ],
    ids=["all in the header", "all in band", "no VPS", "no SPS", "no PPS", "none"],
)
def test_hevc_by_enhanced_rtmp(in_header: tuple[int, ...], in_band: tuple[int, ...], good: bool, streams: Streams, tmp_path: Path) -> None:
    """Not every ffmpeg reads it in FLV, but what the decoder gets is the same: the sets of the header, then the frames."""
    pictures = of_kind(streams.ts("hevc"), "video")
    first = list(separated(pictures[0].data))
    sets = [unit for unit in first if unit[0] >> 1 in in_header]
    frames = [list(separated(one.data)) for one in without(pictures, *({32, 33, 34} - set(in_band)))]
    file = tmp_path / "case.h265"
    file.write_bytes(made.separated(*sets, *(unit for units in frames for unit in units)))
    assert decodes(file, "-f", "hevc") is good, "what ffmpeg says"
    decoder = Decoder()
    decoder.feed(made.packet(bytes([0x90 | flv.START]) + b"hvc1" + made.hvcc(*sets)))
    for picture, units in zip(pictures, frames, strict=True):
        kind = 1 if picture.keyframe else 2
        decoder.feed(made.packet(bytes([0x80 | kind << 4 | flv.FRAME_IN_TIME]) + b"hvc1" + made.prefixed(*units)))
    assert (decoder.lacks() == "") is good
