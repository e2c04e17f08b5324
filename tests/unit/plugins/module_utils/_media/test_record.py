# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a stream that was played, and what is reported of it."""

from __future__ import annotations

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._media.packet import Packet
from ansible_collections.livestream.srs.plugins.module_utils._media.record import Clock, Record
from ansible_collections.livestream.srs.tests.support import made_media

NOTHING = {
    "connect_seconds": None, "first_packet_seconds": None, "first_keyframe_seconds": None, "longest_gap_seconds": 0.0,
    "media_seconds": 0.0, "video": None, "audio": None, "frames": 0, "fps": None, "kbps": None,
}  # fmt: skip


def video(ms: int, size: int = 1000, *, keyframe: bool = False, header: bool = False) -> Packet:
    data = made_media.H264_CONFIG if header else made_media.prefixed(made_media.idr() if keyframe else made_media.inter())
    return Packet("video", "h264", ms, size, header=header, keyframe=keyframe, data=data)


def audio(ms: int) -> Packet:
    return Packet("audio", "aac", ms, 100, data=b"x")


@pytest.mark.parametrize(
    ("stamps", "played", "ticks"),
    [
        ([], 0, 0),
        ([500], 0, 0),
        ([500, 540, 580], 80, 2),
        ([500, 500, 540], 40, 2),
        ([0, 3000], 3000, 1),
        ([0, 3001, 3041], 40, 1),
        ([9000, 40, 80], 40, 1),
    ],
    ids=["nothing", "one", "steady", "twice the same", "a long step", "a jump", "it began again"],
)
def test_the_streams_own_clock(stamps: list[int], played: int, ticks: int) -> None:
    clock = Clock()
    for ms in stamps:
        clock.tick(ms)
    assert (clock.played_ms, clock.ticks) == (played, ticks)


def test_a_stream_as_it_is_reported() -> None:
    record = Record(connected=0.0104)
    record.metadata = {"width": 640.0, "height": 360.0, "audiosamplerate": 44100.0}
    record.packet(video(0, header=True, keyframe=True), 0.1)
    assert (record.first_packet, record.first_keyframe, record.frames, record.media_bytes) == (None, None, 0, 0)
    record.packet(video(0), 0.2)
    record.packet(audio(0), 0.3)
    record.packet(video(200, keyframe=True), 0.5)
    record.packet(video(400, keyframe=True), 1.2346)
    record.packet(audio(500), 1.3)
    assert record.result() == {
        "connect_seconds": 0.01,
        "first_packet_seconds": 0.2,
        "first_keyframe_seconds": 0.5,
        "longest_gap_seconds": 0.735,
        "media_seconds": 0.5,
        "video": {"codec": "h264", "width": 640, "height": 360},
        "audio": {"codec": "aac", "sample_rate": 44100},
        "frames": 3,
        "fps": 5.0,
        "kbps": 51,
    }
    assert record.waits_since() == 1.3


def test_nothing_is_reported_as_nothing() -> None:
    record = Record()
    assert (record.result(), record.waits_since()) == (NOTHING, 0.0)
    record.connected = 0.5
    assert record.waits_since() == 0.5


def test_a_header_alone_tells_the_codec() -> None:
    record = Record()
    record.packet(video(0, header=True), 0.1)
    assert record.result() == NOTHING | {"video": {"codec": "h264", "width": None, "height": None}}


def test_the_first_keyframe_is_one_that_can_be_decoded() -> None:
    record = Record()
    record.packet(video(0, header=True), 0.1)
    record.packet(video(0), 0.2)
    record.packet(Packet("video", "h264", 40, 10, keyframe=True, data=made_media.prefixed(made_media.idr(pps=3))), 0.3)
    assert record.first_keyframe is None and "it needs PPS 3" in record.lacks
    record.packet(video(80, keyframe=True), 0.4)
    assert (record.first_packet, record.first_keyframe, record.lacks) == (0.2, 0.4, "")


@pytest.mark.parametrize(
    ("said", "lacks"),
    [
        ({}, ""),
        ({"videocodecid": 7.0, "audiocodecid": 0.0}, ""),
        ({"videocodecid": 7.0, "audiocodecid": 10.0}, "no audio came, which the stream's metadata announces"),
        ({"audiocodecid": "mp4a"}, "no audio came, which the stream's metadata announces"),
    ],
)
def test_what_the_metadata_announces_must_come(said: dict[str, object], lacks: str) -> None:
    record = Record(metadata=said)
    record.packet(video(0, header=True), 0.1)
    record.packet(video(0, keyframe=True), 0.1)
    assert record.lacks == lacks


@pytest.mark.parametrize(("said", "reported"), [(640.4, 640), (0.0, None), (-1.0, None), ("640", None), (None, None), (0.6, 1)])
def test_sizes_are_those_that_make_sense(said: object, reported: int | None) -> None:
    record = Record(metadata={"width": said})
    record.packet(video(0), 0.1)
    assert record.result()["video"]["width"] == reported
