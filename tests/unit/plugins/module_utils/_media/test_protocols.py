# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The readers of media, against what a server really sent and against what one might send."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.livestream.srs.plugins.module_utils._media import amf, flv, hls, http, mpegts, rtmp
from ansible_collections.livestream.srs.plugins.module_utils._media.packet import Packet
from ansible_collections.livestream.srs.tests.support.media_server import recorded


def in_pieces(data: bytes, size: int) -> Iterable[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def shape(packets: Iterable[Packet]) -> list[tuple[str, str, int, bool, bool]]:
    return [(packet.kind, packet.codec, packet.ms, packet.header, packet.keyframe) for packet in packets]


def check_media(packets: list[Packet]) -> None:
    """5 frames/s and a keyframe each second, with sound."""
    pictures = [packet for packet in packets if packet.kind == "video" and not packet.header]
    assert {packet.codec for packet in pictures} == {"h264"}
    assert {packet.codec for packet in packets if packet.kind == "audio"} == {"aac"}
    assert [packet.keyframe for packet in pictures[:11]] == [index % 5 == 0 for index in range(11)][: len(pictures)]
    steps = [later.ms - earlier.ms for earlier, later in itertools.pairwise(pictures)]
    assert steps and set(steps) <= {199, 200, 201}


def http_body(raw: bytes) -> tuple[http.Head, bytes]:
    head, _empty_line, rest = raw.partition(b"\r\n\r\n")
    return http.head(head), rest


@pytest.mark.parametrize("size", [1, 7, 188, 65536])
def test_http_flv_as_recorded(size: int) -> None:
    answer, rest = http_body(recorded("srs-6.http"))
    assert answer.status == 200
    body, reader = http.Body(answer), flv.FlvReader()
    packets = [packet for piece in in_pieces(rest, size) for packet in reader.feed(body.feed(piece))]
    assert not body.ended
    assert [(packet.kind, packet.header) for packet in packets[:2]] == [("audio", True), ("video", True)]
    check_media(packets)


@pytest.mark.parametrize("size", [1, 7, 188, 65536])
def test_rtmp_as_recorded(size: int) -> None:
    reader = rtmp.ChunkReader()
    messages = [message for piece in in_pieces(recorded("srs-6.rtmp"), size) for message in reader.feed(piece)]
    names = [amf.decode(message.body)[0] for message in messages if message.kind == rtmp.COMMAND]
    assert names[:3] == ["_result", "onBWDone", "_result"]
    assert "onStatus" in names
    tags = [flv.tag(message.kind, message.ms, message.body) for message in messages if message.kind in (rtmp.AUDIO, rtmp.VIDEO)]
    check_media([packet for packet in tags if packet])


def test_ts_as_recorded() -> None:
    packets = list(mpegts.packets(recorded("srs-6.ts")))
    assert packets[0].kind == "video" and packets[0].keyframe
    check_media(packets)
    assert shape(mpegts.packets(recorded("srs-6.ts")[:376])) == []  # the tables alone


@pytest.mark.parametrize("data", [b"", b"x" * 188, b"G" * 100])
def test_what_is_no_ts(data: bytes) -> None:
    with pytest.raises(mpegts.NotTs):
        list(mpegts.packets(data))


def test_playlist_as_recorded() -> None:
    playlist = hls.parse(recorded("srs-6.m3u8").decode(), "http://h/live/tiny.m3u8")
    assert (playlist.sequence, playlist.target, playlist.variant) == (0, 3, "")
    assert playlist.segments == tuple(f"http://h/live/tiny-{number}.ts" for number in range(4))


def test_master_playlist() -> None:
    text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1\n/live/a.m3u8?hls_ctx=1\n"
    assert hls.parse(text, "http://h:8080/live/a.m3u8").variant == "http://h:8080/live/a.m3u8?hls_ctx=1"


def test_what_is_no_playlist() -> None:
    with pytest.raises(hls.NotHls, match="<html>"):
        hls.parse("<html>Not found</html>", "http://h/a.m3u8")


def test_broken_flv_is_told() -> None:
    with pytest.raises(flv.NotFlv, match="begins with"):
        list(flv.FlvReader().feed(b"HTTP/1.1 404"))
    start = b"FLV\x01\x05\0\0\0\x09\0\0\0\0"
    with pytest.raises(flv.NotFlv, match="type 31"):
        list(flv.FlvReader().feed(start + b"\xff" * 11))


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (8, b"\xaf\x00\x12\x10", ("audio", "aac", 5, True, False)),
        (8, b"\xaf\x01\x00\x00", ("audio", "aac", 5, False, False)),
        (8, b"\x2f\xff\xfb", ("audio", "mp3", 5, False, False)),
        (9, b"\x17\x00\0\0\0\x01", ("video", "h264", 5, True, True)),
        (9, b"\x17\x01\0\0\0\x01", ("video", "h264", 5, False, True)),
        (9, b"\x27\x01\0\0\0\x01", ("video", "h264", 5, False, False)),
        (9, b"\x17\x02\0\0\0", ("video", "h264", 5, True, True)),
        (9, b"\x1c\x01\0\0\0\x01", ("video", "hevc", 5, False, True)),
        (9, b"\x90hvc1\x01", ("video", "hevc", 5, True, True)),
        (9, b"\xa1hvc1\x01", ("video", "hevc", 5, False, False)),
    ],
)
def test_tags(kind: int, body: bytes, expected: tuple[str, str, int, bool, bool]) -> None:
    packet = flv.tag(kind, 5, body)
    assert packet and shape([packet]) == [expected]


def test_empty_tags_and_script_data_are_no_media() -> None:
    assert [flv.tag(9, 0, b""), flv.tag(8, 0, b"\xaf"), flv.tag(18, 0, b"\x02\0\x0aonMetaData")] == [None, None, None]


# A server may write the same messages in many ways: with long and short headers, pieces of any size, chunk streams in turn.


def chunks(number: int, form: int, stamp: int, kind: int, body: bytes, size: int) -> list[bytes]:
    basic = bytes([number]) if number < 64 else b"\0" + bytes([number - 64]) if number < 320 else b"\1" + struct.pack("<H", number - 64)
    extended = struct.pack(">I", stamp) if stamp >= 0xFFFFFF else b""
    head = min(stamp, 0xFFFFFF).to_bytes(3) + len(body).to_bytes(3) + bytes([kind]) + b"\1\0\0\0"
    first = bytes([basic[0] | form << 6]) + basic[1:] + head[: (11, 7, 3, 0)[form]] + extended
    again = bytes([basic[0] | 0xC0]) + basic[1:] + extended
    pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    return [first + pieces[0], *(again + piece for piece in pieces[1:])]


@given(
    bodies=st.lists(st.binary(min_size=1, max_size=300), min_size=2, max_size=4),
    numbers=st.permutations([3, 63, 64, 319, 320, 65599]),
    size=st.integers(1, 200),
    start=st.sampled_from([0, 1000, 0xFFFFFE, 0xFFFFFF, 0x1000000, 0xFFFFFFF0]),
    cut=st.integers(1, 64),
)
def test_rtmp_chunks_of_every_form(bodies: list[bytes], numbers: list[int], size: int, start: int, cut: int) -> None:
    written = rtmp.message(rtmp.SET_CHUNK_SIZE, struct.pack(">I", size), chunk_stream=2)
    expected = [(rtmp.SET_CHUNK_SIZE, 0, struct.pack(">I", size))]
    # A message of another chunk stream stands between any two chunks of the first.
    for piece in chunks(numbers[0], 0, start, 9, bodies[0], size):
        expected.append((8, 7, b"between"[:size]))
        written += b"".join(chunks(numbers[1], 0, 7, 8, b"between"[:size], size)) + piece
    expected.append((9, start, bodies[0]))
    ms = start
    for body in bodies[1:]:
        ms = (ms + 40) & 0xFFFFFFFF
        expected.append((9, ms, body))
        written += b"".join(chunks(numbers[0], 1, 40, 9, body, size))
    expected.append((9, (ms + 40) & 0xFFFFFFFF, bodies[-1]))
    written += b"".join(chunks(numbers[0], 3, 0, 9, bodies[-1], size))

    reader = rtmp.ChunkReader()
    read = [message for piece in in_pieces(written, cut) for message in reader.feed(piece)]
    assert [(message.kind, message.ms, message.body) for message in read] == expected


values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.dictionaries(st.text(min_size=1, max_size=10), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(values, max_size=4))
def test_amf_reads_what_it_writes(items: list[object]) -> None:
    assert amf.decode(b"".join(map(amf.encode, items))) == items


@given(st.binary(max_size=60))
def test_amf_of_anything_ends(data: bytes) -> None:
    try:
        amf.decode(data)
    except amf.NotAmf as error:
        assert str(error)


def test_amf_of_other_servers() -> None:
    ecma = b"\x08\0\0\0\1\0\1a\0" + struct.pack(">d", 5) + b"\0\0\x09"
    strict = b"\x0a\0\0\0\2\x05\x01\x01"
    date = b"\x0b" + struct.pack(">d", 7) + b"\0\0"
    long_text = b"\x0c\0\0\0\2hi"
    assert amf.decode(ecma + strict + date + long_text + b"\x06") == [{"a": 5.0}, [None, True], 7.0, "hi", None]


def test_http_request() -> None:
    url = urlsplit("http://h:8080/live/a.flv?token=x")
    sent = http.request(url.netloc, http.target(url), [("Connection", "close")])
    assert sent.startswith(b"GET /live/a.flv?token=x HTTP/1.1\r\nHost: h:8080\r\n") and sent.endswith(b"Connection: close\r\n\r\n")


@pytest.mark.parametrize("size", [1, 3, 100])
def test_http_bodies(size: int) -> None:
    for headers, raw in (
        ({"content-length": "5"}, b"helloXX"),
        ({"transfer-encoding": "chunked"}, b"2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\n\r\n"),
    ):
        body = http.Body(http.Head(200, headers))
        assert b"".join(body.feed(piece) for piece in in_pieces(raw, size)) == b"hello"
        assert body.ended
    body = http.Body(http.Head(200, {}))
    assert body.feed(b"hello") == b"hello" and not body.ended


def test_what_is_no_http() -> None:
    with pytest.raises(http.NotHttp, match="SSH"):
        http.head(b"SSH-2.0-OpenSSH")
    with pytest.raises(http.NotHttp, match="chunk"):
        http.Body(http.Head(200, {"transfer-encoding": "chunked"})).feed(b"hello\r\n")
