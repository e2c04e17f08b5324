# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The readers of media, against what a server really sent and against what one might send."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.livestream.srs.plugins.module_utils._media import amf, flv, hls, http, mpegts, rtmp
from ansible_collections.livestream.srs.plugins.module_utils._media.packet import Packet
from ansible_collections.livestream.srs.tests.support.made_media import flv_tag, pat, pes, pmt, ts
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
    packets = list(mpegts.TsReader().feed(recorded("srs-6.ts")))
    assert packets[0].kind == "video" and packets[0].keyframe
    check_media(packets)
    assert shape(mpegts.TsReader().feed(recorded("srs-6.ts")[:376])) == []  # the tables alone


# A transport stream, packet by packet: tables, then PES packets.

VIDEO, AUDIO = 0x123, 0x1FFE
H264, HEVC, AAC = 0x1B, 0x24, 0x0F


@pytest.mark.parametrize(
    ("kind", "frame", "keyframe"),
    [
        (H264, b"\0\0\x01\x09\xf0\0\0\x01\x67x", True),
        (H264, b"\0\0\x01\x65xx", True),
        (H264, b"\0\0\x01\x41xx", False),
        (H264, b"\0\0\x01\x41xx\0\0\x01", False),
        (H264, b"\x67\x65\x67", False),
        (HEVC, b"\0\0\x01\x42\x01x", True),
        (HEVC, b"\0\0\x01\x40\x01x", True),
        (HEVC, b"\0\0\x01\x26\x01x", True),
        (HEVC, b"\0\0\x01\x20\x01x", True),
        (HEVC, b"\0\0\x01\x2a\x01x", True),
        (HEVC, b"\0\0\x01\x2c\x01x", False),
        (HEVC, b"\0\0\x01\x02\x01x", False),
        (HEVC, b"\0\0\x01\x44\x01x", False),
    ],
    ids=[
        *("a parameter set", "IDR", "no IDR", "a start without a unit", "no start"),
        *("HEVC SPS", "HEVC VPS", "HEVC IDR", "HEVC BLA", "HEVC CRA", "HEVC reserved", "HEVC trailing", "HEVC PPS"),
    ],
)
def test_keyframes_of_ts_by_what_is_in_them(kind: int, frame: bytes, keyframe: bool) -> None:
    (packet,) = mpegts.TsReader().feed(pat(0x1000) + pmt(0x1000, {VIDEO: kind}) + ts(VIDEO, pes(frame, 90_000)))
    assert shape([packet]) == [("video", "h264" if kind == H264 else "hevc", 90_000, False, keyframe)]


def test_ts_packet_by_packet() -> None:
    segment = (
        pat(0x1000)
        + pmt(0x1000, {0x1FF: 0x06, VIDEO: H264, AUDIO: AAC})
        + ts(VIDEO, pes(b"x" * 20, 40, dts=0), flags=0x40)
        + ts(VIDEO, b"\0\0\x01" + b"y" * 30, starts=False)
        + ts(AUDIO, pes(b"x" * 20, 95_443_717), flags=0x40)
        + ts(0x1FF, pes(b"x" * 20, 7))
        + ts(0x1FFF, b"\xff" * 184)
        + ts(VIDEO, b"\0\0\x02" + b"z" * 30, starts=False)
        + ts(VIDEO, b"\0\0\x01\xe0\0\0\x80\0\0" + b"without a time")
    )
    packets = list(mpegts.TsReader().feed(segment))
    assert shape(packets) == [("video", "h264", 0, False, True), ("audio", "aac", 95_443_717, False, False)]
    assert [packet.size for packet in packets] == [9 + 10 + 20 + 3 + 30 + 3 + 30, 9 + 5 + 20]
    assert [packet.data for packet in packets] == [b"x" * 20 + b"\0\0\x01" + b"y" * 30 + b"\0\0\x02" + b"z" * 30, b"x" * 20]
    assert {packet.in_band for packet in packets} == {True}


def test_the_tables_hold_for_later_segments() -> None:
    reader = mpegts.TsReader()
    assert list(reader.feed(pat(0x1000))) == [] and not reader.mapped
    assert list(reader.feed(pmt(0x1000, {VIDEO: H264}))) == [] and reader.mapped
    # What began in one segment does not go on in the next.
    for ms in (40, 80):
        segment = ts(VIDEO, b"rest", starts=False) + ts(VIDEO, pes(b"x" * 20, ms))
        assert [(packet.ms, packet.data) for packet in reader.feed(segment)] == [(ms, b"x" * 20)]


def test_a_pes_packet_that_is_none() -> None:
    start = pat(0x1000) + pmt(0x1000, {VIDEO: H264})
    for payload in (b"\0\0\x02" + pes(b"x", 40)[3:], pes(b"x", 40)[:13], b"\0\0\x01\xe0\0\0\x80\0\0" + b"without a time"):
        assert list(mpegts.TsReader().feed(start + ts(VIDEO, payload))) == []


@pytest.mark.parametrize("pid", [0x01, 0x1000])
def test_what_no_table_has_named_is_not_read(pid: int) -> None:
    assert list(mpegts.TsReader().feed(pmt(pid, {VIDEO: H264}) + ts(VIDEO, pes(b"x" * 20, 40)))) == []


@pytest.mark.parametrize(("kind", "codec"), [(0x03, "mp3"), (0x04, "mp3"), (0x0F, "aac")])
def test_sound_of_ts(kind: int, codec: str) -> None:
    (packet,) = mpegts.TsReader().feed(pat(0x20) + pmt(0x20, {AUDIO: kind}) + ts(AUDIO, pes(b"\0\0\x01\x65", 1)))
    assert shape([packet]) == [("audio", codec, 1, False, False)]


@pytest.mark.parametrize("data", [b"", b"x" * 188, b"G" * 100, pat(0x20) + b"x" * 188])
def test_what_is_no_ts(data: bytes) -> None:
    with pytest.raises(mpegts.NotTs):
        list(mpegts.TsReader().feed(data))


def test_playlist_as_recorded() -> None:
    playlist = hls.parse(recorded("srs-6.m3u8").decode(), "http://h/live/tiny.m3u8")
    assert (playlist.sequence, playlist.target, playlist.variant) == (0, 3, "")
    assert playlist.segments == tuple(f"http://h/live/tiny-{number}.ts" for number in range(4))


def test_master_playlist() -> None:
    text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1\n/live/a.m3u8?hls_ctx=1\n"
    assert hls.parse(text, "http://h:8080/live/a.m3u8").variant == "http://h:8080/live/a.m3u8?hls_ctx=1"


def playlist(*lines: str) -> hls.Playlist:
    return hls.parse("\n".join(["", "#EXTM3U", *lines, ""]), "http://h/live/a.m3u8?x=1")


def test_a_whole_playlist() -> None:
    found = playlist(
        *("#EXT-X-MEDIA-SEQUENCE:7", "#EXT-X-TARGETDURATION: 10.5", "", "#EXTINF:9.5, a title, and more", " a-7.ts?token=1 ", "#EXTINF:x,"),
        *("/b.ts", "# said in passing", "#EXTINF:3,", "http://cdn/c.ts", "#EXT-X-ENDLIST"),
    )
    segments = ("http://h/live/a-7.ts?token=1", "http://h/b.ts", "http://cdn/c.ts")
    assert found == hls.Playlist(7, 10.5, segments, seconds=(9.5, 0.0, 3.0), ended=True)
    assert playlist() == hls.Playlist(0, 0.0, ())
    assert playlist("#EXT-X-MEDIA-SEQUENCE:x", "#EXT-X-STREAM-INF:BANDWIDTH=1") == hls.Playlist(0, 0.0, ())


DATE = "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:"


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        (["#EXTINF:2,", "a.ts"], None),
        ([DATE + "10Z", "#EXTINF:2,", "a.ts"], 10),
        ([DATE + "10+00:00", "#EXTINF:2,", "a.ts", "#EXTINF:3,a title, and more", "b.ts", "#EXTINF:4,", "c.ts"], 15),
        ([DATE + "10Z", "#EXTINF:2,", "a.ts", DATE + "30.500Z", "#EXTINF:3,", "b.ts"], 30.5),
        (["#EXTINF:2,", "a.ts", DATE + "30Z", "#EXTINF:3,", "b.ts"], 30),
        ([DATE + "10Z", "#EXTINF:2,", "a.ts", DATE + "soon", "#EXTINF:3,", "b.ts"], None),
    ],
)
def test_when_the_newest_segment_began(lines: list[str], seconds: float | None) -> None:
    midnight = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert playlist(*lines).dated == (None if seconds is None else midnight + seconds)


def test_a_segment_is_known_without_its_query() -> None:
    assert hls.without_query("http://h/a.ts?session=1&x=?") == hls.without_query("http://h/a.ts") == "http://h/a.ts"


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


@pytest.mark.parametrize(
    ("kind", "first", "codec"),
    [
        *((8, number << 4, codec) for number, codec in {2: "mp3", 10: "aac", 11: "speex", 13: "opus", 5: "audio 5"}.items()),
        *((9, number, codec) for number, codec in {2: "h263", 4: "vp6", 7: "h264", 12: "hevc", 13: "av1", 6: "video 6"}.items()),
    ],
)
def test_codecs_by_number(kind: int, first: int, codec: str) -> None:
    packet = flv.tag(kind, 5, bytes([first, 1, 0, 0, 0]))
    assert packet and (packet.codec, packet.size, packet.header) == (codec, 5, False)


@pytest.mark.parametrize(
    ("letters", "codec"), [(b"avc1", "h264"), (b"hvc1", "hevc"), (b"av01", "av1"), (b"vp09", "vp9"), (b"vvc1", "vvc1")]
)
def test_codecs_by_four_letters(letters: bytes, codec: str) -> None:
    packet = flv.tag(9, 5, b"\x91" + letters)
    assert packet and (packet.codec, packet.size, packet.header, packet.keyframe) == (codec, 5, False, True)


FLV_START = b"FLV\x01\x05\0\0\0\x09\0\0\0\0"


def test_a_tag_is_a_packet_as_soon_as_it_is_whole() -> None:
    reader = flv.FlvReader()
    assert [*reader.feed(b"FLV\x01\x05\0\0\0"), *reader.feed(FLV_START[8:-1]), *reader.feed(FLV_START[-1:])] == []
    sent = flv_tag(9, 0x12345678, b"\x27\x01\0\0\0\x01")
    assert list(reader.feed(sent[:-1])) == []
    assert shape(reader.feed(sent[-1:])) == [("video", "h264", 0x12345678, False, False)]
    # With the bits that say "filtered" or are not defined.
    assert shape(reader.feed(flv_tag(9 | 0xC0, 7, b"\x27\x01\0\0\0\x01"))) == [("video", "h264", 7, False, False)]


def test_an_flv_header_of_another_length() -> None:
    start = b"FLV\x01\x05\0\0\0\x0bxx\0\0\0\0"
    assert shape(flv.FlvReader().feed(start + flv_tag(8, 5, b"\xaf\x01\0"))) == [("audio", "aac", 5, False, False)]


def test_what_the_publisher_says_of_the_stream() -> None:
    fields = {"width": 640.0, "height": 360.0}
    said = amf.encode("onMetaData") + amf.encode(fields)
    reader = flv.FlvReader()
    assert list(reader.feed(FLV_START + flv_tag(18, 0, amf.encode("@setDataFrame") + said))) == []
    assert reader.metadata == fields
    # Other script data, and such that can't be read, take nothing back.
    for other in (amf.encode("onTextData") + amf.encode({"text": "x"}), said[:-1], amf.encode("onMetaData") + amf.encode("x"), b""):
        assert list(reader.feed(flv_tag(18, 0, other))) == [] and flv.metadata(other) == {}
    assert reader.metadata == fields


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


def test_what_a_player_sends() -> None:
    """Byte for byte, as Adobe's RTMP specification 1.0 has it: 5.3 for chunks, 5.4.3 for acknowledgements, 7.1.7 for user control."""
    control = b"\x02\0\0\0\0\0%c\x04\0\0\0\0"
    assert rtmp.acknowledgement(0x1_0000_0005) == b"\x02\0\0\0\0\0\x04\x03\0\0\0\0" + b"\0\0\0\x05"
    assert rtmp.buffer_length(1, 1000) == control % 10 + b"\0\x03" + b"\0\0\0\x01" + b"\0\0\x03\xe8"
    assert rtmp.pong(b"\0\x06\0\0\0\x09more") == control % 6 + b"\0\x07" + b"\0\0\0\x09"
    sent = rtmp.command("play", 3, None, "x" * 200, stream=1)
    body = amf.encode("play") + amf.encode(3) + amf.encode(None) + amf.encode("x" * 200)
    assert sent == b"\x03\0\0\0" + len(body).to_bytes(3) + b"\x14\x01\0\0\0" + body[:128] + b"\xc3" + body[128:]
    assert rtmp.command("connect", 1)[8:12] == bytes(4)
    assert rtmp.HANDSHAKE == 1536


def test_the_stream_of_a_message() -> None:
    (message,) = rtmp.ChunkReader().feed(rtmp.message(9, b"x", stream=0x01020304))
    assert message == rtmp.Message(9, 0x01020304, 0, b"x")


def test_headers_that_repeat_more_and_more_of_the_one_before() -> None:
    sent = b"".join(piece for form in (0, 1, 2, 3) for piece in chunks(3, form, 40, 9, b"frame %d" % form, 128))
    read = list(rtmp.ChunkReader().feed(sent))
    assert read == [rtmp.Message(9, 1, 40 * (form + 1), b"frame %d" % form) for form in range(4)]


def test_a_chunk_size_of_nothing_is_one() -> None:
    reader = rtmp.ChunkReader()
    size = rtmp.message(rtmp.SET_CHUNK_SIZE, bytes(4), chunk_stream=2)
    assert [message.body for message in reader.feed(size + rtmp.message(9, b"xy", chunk_size=1))] == [bytes(4), b"xy"]


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


@pytest.mark.parametrize("whole", [amf.encode(1.5), amf.encode(True), b"\x0b" + bytes(8)])
def test_amf_that_ends_half_way_is_told(whole: bytes) -> None:
    with pytest.raises(amf.NotAmf, match="ends half-way"):
        amf.decode(whole[:-1])


@pytest.mark.parametrize("body", [b"\x03\0\0" * 5000, b"\x0a\0\0\0\1" * 5000, b"\x0a\xff\xff\xff\xff" + b"\5" * 20_000, b"\5" * 20_000])
def test_amf_without_end_is_told(body: bytes) -> None:
    with pytest.raises(amf.NotAmf, match="more than 10000 values, or with more than 16 in one another"):
        amf.decode(body)


def test_amf_that_nobody_knows_is_told() -> None:
    with pytest.raises(amf.NotAmf, match="unknown AMF0 type 13"):
        amf.decode(b"\x0d")


def test_amf_of_numbers_of_python() -> None:
    assert amf.encode(5) == amf.encode(5.0) == b"\0" + struct.pack(">d", 5)
    assert amf.decode(amf.encode(True)) == [True] and amf.decode(amf.encode({"a": None})) == [{"a": None}]


def test_amf_of_other_servers() -> None:
    ecma = b"\x08\0\0\0\1\0\1a\0" + struct.pack(">d", 5) + b"\0\0\x09"
    strict = b"\x0a\0\0\0\2\x05\x01\x01"
    date = b"\x0b" + struct.pack(">d", 7) + b"\0\0"
    long_text = b"\x0c\0\0\0\2hi"
    assert amf.decode(ecma + strict + date + long_text + b"\x06") == [{"a": 5.0}, [None, True], 7.0, "hi", None]


def test_http_request() -> None:
    url = urlsplit("http://h:8080/live/a.flv?token=x")
    sent = http.request(url.netloc, http.target(url), [("Connection", "close")])
    assert sent == (
        b"GET /live/a.flv?token=x HTTP/1.1\r\nHost: h:8080\r\nUser-Agent: livestream.srs\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )
    assert http.request("h", http.target(urlsplit("http://h")), method="DELETE").startswith(b"DELETE / HTTP/1.1\r\nHost: h\r\n")
    assert http.request("h", "/").endswith(b"\r\nAccept: */*\r\n\r\n")


def test_http_heads() -> None:
    found = http.head(b"HTTP/1.0 404 Not Found\r\nContent-LENGTH:  5 \r\nLocation: http://h:1/x\r\n\r\n")
    assert found == http.Head(404, {"content-length": "5", "location": "http://h:1/x"})
    assert http.head(b"HTTP/1.1 200\r\n\r\n") == http.Head(200, {})
    for wrong in (
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 \xb2\xb0\xb0 OK\r\n\r\n",
        b"HTTP/1.1 9999 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n\r\n",
        b"",
    ):
        with pytest.raises(http.NotHttp, match="is not HTTP but begins with"):
            http.head(wrong)


@pytest.mark.parametrize(
    ("status", "headers", "method", "ended", "until_close"),
    [
        (200, {}, "GET", False, True),
        (200, {"content-length": "5"}, "GET", False, False),
        (200, {"content-length": "0"}, "GET", True, False),
        (200, {"transfer-encoding": "gzip, Chunked", "content-length": "0"}, "GET", False, False),
        (200, {"content-length": "5"}, "HEAD", True, False),
        (204, {}, "GET", True, False),
        (304, {"transfer-encoding": "chunked"}, "GET", True, False),
    ],
)
def test_when_a_body_is_at_its_end(status: int, headers: dict[str, str], method: str, ended: bool, until_close: bool) -> None:
    body = http.Body(http.Head(status, headers), method)
    assert (body.ended, body.until_close) == (ended, until_close)
    if ended:
        assert body.feed(b"hello") == b""


def test_media_does_not_wait_for_the_end_of_its_chunk() -> None:
    body = http.Body(http.Head(200, {"transfer-encoding": "chunked"}))
    assert (body.feed(b"A\r"), body.feed(b"\nhello"), body.feed(b"world\r\n0\r\n")) == (b"", b"hello", b"world")
    assert not body.ended  # what may follow the last chunk is of this answer, too
    assert body.feed(b"Trailer: x\r\n\r\n") == b""
    assert body.ended and body.feed(b"more") == b""


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
    with pytest.raises(http.NotHttp, match=r"chunk begins with b'1{40}'$"):
        http.Body(http.Head(200, {"transfer-encoding": "chunked"})).feed(b"1" * 2000)
    for size in (b"-5", b"0x5", b"5_0", b"+5", b"", b";x", b"f" * 16):
        with pytest.raises(http.NotHttp, match="chunk begins with"):
            http.Body(http.Head(200, {"transfer-encoding": "chunked"})).feed(size + b"\r\n")
    for length in ("²", "1e3", "9" * 5000, "5, 5"):
        with pytest.raises(http.NotHttp, match="length is"):
            http.Body(http.Head(200, {"content-length": length}))
    with pytest.raises(http.NotHttp, match="length is '-5'"):
        http.Body(http.Head(200, {"content-length": "-5"}))


@pytest.mark.parametrize(
    ("codec", "frame", "begins"),
    [
        ("h264", b"\0\0\1\x65", True),
        ("h264", b"\0\0\1\x67", True),
        ("h264", b"\0\0\1\x09\0\0\1\x65", True),
        ("h264", b"\0\0\1\x41", False),
        ("h264", b"\0\0\1", False),
        ("hevc", b"\0\0\1\x26", True),
        ("hevc", b"\0\0\1\x40", True),
        ("hevc", b"\0\0\1\x02", False),
    ],
)
def test_where_decoding_can_begin_in_a_frame_of_ts(codec: str, frame: bytes, begins: bool) -> None:
    assert mpegts._begins_decoding(codec, frame) is begins


def test_what_stands_in_a_request_is_encoded() -> None:
    url = urlsplit("http://h/live/\u76f4\u64ad a\x7f%41.flv?vhost=a b&x=\udcff")
    assert http.target(url) == "/live/%E7%9B%B4%E6%92%AD%20a%7F%41.flv?vhost=a%20b&x=%FF"


def test_flv_with_a_header_without_end_is_none() -> None:
    with pytest.raises(flv.NotFlv, match="said to have 4294967295 bytes"):
        list(flv.FlvReader().feed(b"FLV\1\5\xff\xff\xff\xff"))


def chunk(stream: int, size: int) -> bytes:
    """The first chunk of a message on a chunk stream."""
    return b"\0" + bytes([stream - 64]) + bytes(3) + size.to_bytes(3) + b"\x09" + bytes(4) + bytes(128)


def test_a_peer_has_a_handful_of_chunk_streams() -> None:
    reader = rtmp.ChunkReader()
    assert list(reader.feed(b"".join(chunk(number, 1 << 20) for number in range(64, 128)))) == []
    assert reader.waiting == 64 * 128
    with pytest.raises(rtmp.NotRtmp, match="more than 64 chunk streams"):
        list(reader.feed(chunk(200, 1 << 20)))


def test_messages_that_are_never_complete_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtmp, "MAX_WAITING", 1000)
    reader = rtmp.ChunkReader()
    with pytest.raises(rtmp.NotRtmp, match="without completing a message"):
        list(reader.feed(b"".join(chunk(number, 1 << 20) for number in range(64, 80))))


def test_tables_of_mpegts_that_are_cut_off_are_none() -> None:
    def packet(pid: int, payload: bytes) -> bytes:
        stuffing = bytes([183 - len(payload)]) + b"\0" + b"\xff" * (182 - len(payload))
        return b"\x47" + (0x4000 | pid).to_bytes(2) + b"\x30" + stuffing + payload

    table = b"\0" + bytes(10) + b"\xe1\0" + bytes(4)
    for end in range(len(table)):
        assert list(mpegts.TsReader().feed(packet(0, table[:end]) + packet(0x100, b"\0\2\xb0\xff" + bytes(9) + b"\x1b"))) == []
