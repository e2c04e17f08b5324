# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Good and bad streams, in bytes made for it, and what a decoder lacks. `tests/unit/e2e/test_against_ffmpeg.py` has real ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.livestream.srs.plugins.module_utils._media import aac, flv
from ansible_collections.livestream.srs.plugins.module_utils._media.bits import Bits, Short
from ansible_collections.livestream.srs.plugins.module_utils._media.decoder import (
    NO_ADTS,
    NO_AUDIO_HEADER,
    NO_KEYFRAME,
    NO_VIDEO_HEADER,
    Decoder,
)
from ansible_collections.livestream.srs.plugins.module_utils._media.packet import Packet
from ansible_collections.livestream.srs.plugins.module_utils._media.units import Broken, Record, prefixed
from ansible_collections.livestream.srs.tests.support import made_media as made
from ansible_collections.livestream.srs.tests.support.made_media import idr, inter, pps, sps

HEVC_SETS = (made.hevc_vps(), made.hevc_sps(), made.hevc_pps())
Body = tuple[int, bytes]


def video(*units: bytes, inter_frame: bool = False, wide: int = 4) -> Body:
    return flv.VIDEO, (b"\x27" if inter_frame else b"\x17") + b"\x01\0\0\0" + made.prefixed(*units, wide=wide)


def header(*units: bytes, wide: int = 4) -> Body:
    return flv.VIDEO, b"\x17\x00\0\0\0" + made.avcc(*units, wide=wide)


def hevc(step: int, data: bytes, inter_frame: bool = False) -> Body:
    """As enhanced RTMP has it."""
    return flv.VIDEO, bytes([0x80 | (2 if inter_frame else 1) << 4 | step]) + b"hvc1" + (b"\0\0\0" if step == flv.FRAME else b"") + data


def named(name: bytes, step: int, data: bytes = b"x" * 30) -> Body:
    """Video whose codec has four letters."""
    return flv.VIDEO, bytes([0x90 | step]) + name + data


def sound(name: bytes, step: int, data: bytes = b"x" * 30) -> Body:
    return flv.AUDIO, bytes([flv.FOURCC_AUDIO << 4 | step]) + name + data


SETUP, KEY, LATER = header(sps(), pps()), video(idr()), video(inter(), inter_frame=True)
AAC, TONE = (flv.AUDIO, made.AAC_HEADER), (flv.AUDIO, made.AAC_FRAME)
HEVC_SETUP, HEVC_KEY = hevc(flv.START, made.hvcc(*HEVC_SETS)), hevc(flv.FRAME, made.prefixed(made.hevc_idr()))
CANNOT = "a keyframe of the video can't be decoded: "
UNREADABLE = "a keyframe of the video can't be read: "
UNUSABLE = "the sequence header of the video can't be used: "


def after(*bodies: Body) -> Decoder:
    decoder = Decoder()
    for kind, body in bodies:
        if packet := flv.tag(kind, 0, body):
            decoder.feed(packet)
    return decoder


@pytest.mark.parametrize(
    "bodies",
    [
        (SETUP, AAC, KEY, TONE, LATER),
        (AAC, TONE, TONE),
        (SETUP, KEY, LATER),
        (SETUP, LATER, LATER, KEY),
        (SETUP, KEY, SETUP, LATER, SETUP, KEY),
        (TONE, SETUP, KEY, AAC, TONE),
        (header(sps(), pps(), wide=2), video(idr(), wide=2)),
        (header(sps(), sps(3), pps(), pps(1), pps(9, 3)), video(idr()), video(idr(9)), video(idr(1), idr(1, first=40))),
        (header(), video(sps(5), pps(2, 5), idr(2))),
        (SETUP, KEY, video(sps(1), pps(1, 1), idr(1)), KEY, video(idr(1))),
        (SETUP, KEY, video(sps(1), pps(1, 1), inter(), inter_frame=True), video(idr(1))),
        (SETUP, video(sps(), pps()), video(made.SEI, idr())),
        (SETUP, video(idr(), inter_frame=True)),
        (SETUP, video(inter())),
        (SETUP, KEY, (flv.VIDEO, b"\x17\x00\0\0\0" + b"\0" * 9), KEY),
        (SETUP, KEY, (flv.VIDEO, b"\x17\x02\0\0\0"), (flv.VIDEO, b"\x17\x00\0\0\0"), (flv.VIDEO, b"\x57\x00\0\0\0\0"), KEY),
        (HEVC_SETUP, HEVC_KEY, hevc(flv.FRAME_IN_TIME, made.prefixed(made.hevc_inter()), inter_frame=True)),
        (HEVC_SETUP, hevc(flv.FRAME_IN_TIME, made.prefixed(made.hevc_idr(kind=21)))),
        (hevc(flv.START, made.hvcc()), hevc(flv.FRAME, made.prefixed(*HEVC_SETS, made.hevc_idr()))),
        (hevc(0, made.hvcc(made.hevc_vps(3), made.hevc_sps(2, 3, 5), made.hevc_pps(7, 2))), hevc(1, made.prefixed(made.hevc_idr(7)))),
        ((flv.VIDEO, b"\x1c\x00\0\0\0" + made.hvcc(*HEVC_SETS)), (flv.VIDEO, b"\x1c\x01\0\0\0" + made.prefixed(made.hevc_idr()))),
        (named(b"avc1", 0, made.H264_CONFIG), named(b"avc1", 1, b"\0\0\0" + made.prefixed(idr()))),
        (named(b"av01", 0, b"\x81\0\x0c\0\x0a\x0b"), named(b"av01", 1), sound(b"Opus", 0), sound(b"Opus", 1)),
        (named(b"vp09", 0, b"\1\0\0\0\0\x0a\x82\2\2\2\0\0"), named(b"vp09", 1), sound(b"mp4a", 0, made.AAC_CONFIG), sound(b"mp4a", 1)),
        (SETUP, KEY, HEVC_SETUP, HEVC_KEY),
        ((flv.VIDEO, b"\x12" + b"x" * 30), (flv.AUDIO, b"\x2f\xff\xfb\x90"), (flv.AUDIO, b"\xbfxx")),
    ],
    ids=[
        *("H.264 and AAC", "sound alone", "pictures alone", "between two keyframes", "headers again and again", "sound before its header"),
        *("lengths of two bytes", "several parameter sets", "parameter sets in band", "new ones in band", "new ones before a keyframe"),
        *("parameter sets in a tag of their own", "a keyframe without its flag", "recovery without IDR", "a bad header takes nothing back"),
        *("tags without a picture", "HEVC", "HEVC CRA", "HEVC in band", "HEVC with layers", "HEVC by number", "avc1", "AV1", "VP9"),
        *("another codec in between", "codecs without configuration"),
    ],
)  # fmt: skip
def test_what_can_be_decoded(bodies: tuple[Body, ...]) -> None:
    decoder = after(*bodies)
    assert (decoder.fault, decoder.lacks()) == ("", "")


@pytest.mark.parametrize(
    ("bodies", "fault"),
    [
        ((KEY, LATER), NO_VIDEO_HEADER),
        ((KEY, SETUP, KEY), NO_VIDEO_HEADER),
        ((LATER,), NO_VIDEO_HEADER),
        ((LATER, SETUP, KEY), NO_VIDEO_HEADER),
        ((video(sps(), pps(), idr()),), NO_VIDEO_HEADER),
        ((SETUP, KEY, TONE), NO_AUDIO_HEADER),
        ((TONE, KEY), f"{NO_VIDEO_HEADER}, and {NO_AUDIO_HEADER}"),
        ((SETUP, video(idr(1))), f"{CANNOT}it needs PPS 1, and those that came are 0"),
        ((SETUP, KEY, video(idr(1))), f"{CANNOT}it needs PPS 1, and those that came are 0"),
        ((SETUP, video(idr(), idr(5, first=40))), f"{CANNOT}it needs PPS 5, and those that came are 0"),
        ((header(sps(1), sps(2), pps(0, 7)), KEY), f"{CANNOT}it needs SPS 7, and those that came are 1, 2"),
        ((header(pps()), KEY), f"{CANNOT}it needs SPS 0, and none came"),
        ((header(), KEY), f"{CANNOT}no parameter sets (SPS and PPS) came before it"),
        ((SETUP, (flv.VIDEO, made.KEYFRAME[:-1])), f"{UNREADABLE}a unit of {len(idr())} bytes is cut off"),
        ((SETUP, video(idr()[:1])), f"{UNREADABLE}a slice is cut off"),
        ((SETUP, video(sps()[:4], idr())), f"{UNREADABLE}a parameter set is cut off"),
        (((flv.VIDEO, made.H264_HEADER[:-4]), KEY), f"{UNUSABLE}a parameter set in the decoder configuration record is not complete"),
        (((flv.VIDEO, made.H264_HEADER[:8] + b"\0\0\0"), KEY), f"{UNUSABLE}it is no decoder configuration record of H.264"),
        (((flv.VIDEO, b"\x17\x00\0\0\0" + b"\0" * 20), KEY), f"{UNUSABLE}it is no decoder configuration record of H.264"),
        ((header(sps()[:4], pps()), KEY), f"{UNUSABLE}a parameter set is cut off"),
        (((flv.AUDIO, b"\xaf\x00\0\0"), TONE), "the sequence header of the audio can't be used: it is no AudioSpecificConfig"),
        ((sound(b"mp4a", 1),), NO_AUDIO_HEADER),
        ((HEVC_KEY,), NO_VIDEO_HEADER),
        ((hevc(flv.START, made.hvcc()[:22]), HEVC_KEY), f"{UNUSABLE}it is no decoder configuration record of HEVC"),
        ((hevc(flv.START, made.hvcc(*HEVC_SETS[1:])), HEVC_KEY), f"{CANNOT}it needs VPS 0, and none came"),
        ((hevc(flv.START, made.hvcc(made.hevc_vps(4), *HEVC_SETS[1:])), HEVC_KEY), f"{CANNOT}it needs VPS 0, and those that came are 4"),
        ((HEVC_SETUP, hevc(1, made.prefixed(made.hevc_idr(2)))), f"{CANNOT}it needs PPS 2, and those that came are 0"),
        ((HEVC_SETUP, hevc(1, made.prefixed(b"\x26"))), f"{UNREADABLE}a slice is cut off"),
        ((named(b"av01", 1),), NO_VIDEO_HEADER),
        ((named(b"vp09", 1),), NO_VIDEO_HEADER),
        ((named(b"av01", 0, b"\x0a\x0b\0\0\0"), named(b"av01", 1)), f"{UNUSABLE}it is no configuration record of AV1"),
        ((named(b"vp09", 0, b"\1\0\0\0"), named(b"vp09", 1)), f"{UNUSABLE}it is no configuration record of VP9"),
        ((SETUP, KEY, HEVC_KEY), NO_VIDEO_HEADER),
    ],
)  # fmt: skip
def test_what_can_not_be_decoded(bodies: tuple[Body, ...], fault: str) -> None:
    decoder = after(*bodies)
    assert (decoder.fault, decoder.lacks()) == (fault, fault)


@pytest.mark.parametrize(
    ("bodies", "announced", "lacks"),
    [
        ((SETUP, LATER, LATER), (), NO_KEYFRAME),
        ((SETUP, video(sps(), pps())), (), NO_KEYFRAME),
        ((AAC, SETUP), (), NO_KEYFRAME),
        ((SETUP, AAC, LATER, TONE), ("video", "audio"), NO_KEYFRAME),
        ((AAC, TONE), ("audio",), ""),
        ((AAC, TONE), ("audio", "video"), "no video came, which the stream's metadata announces"),
        ((SETUP, LATER), ("audio",), f"{NO_KEYFRAME}, and no audio came, which the stream's metadata announces"),
    ],
)
def test_what_has_not_come_yet_is_no_fault(bodies: tuple[Body, ...], announced: tuple[str, ...], lacks: str) -> None:
    decoder = after(*bodies)
    assert (decoder.fault, decoder.lacks(announced)) == ("", lacks)


def test_which_packets_a_picture_or_sound_begins_with() -> None:
    decoder = Decoder()
    bodies = (TONE, AAC, TONE, SETUP, LATER, KEY, video(idr(3)), LATER, KEY)
    assert [decoder.feed(made.packet(body, kind=kind)) for kind, body in bodies] == [
        False,
        False,
        True,
        False,
        False,
        True,
        False,
        False,
        True,
    ]


# MPEG-TS has it all in band.


def of_ts(kind: str, codec: str, data: bytes, *, keyframe: bool = False) -> Packet:
    return Packet(kind, codec, 0, len(data), keyframe=keyframe, data=data, in_band=True)


@pytest.mark.parametrize(
    ("codec", "frames", "lacks"),
    [
        ("h264", [(True, (b"\x09\xf0", sps(), pps(), made.SEI, idr()))], ""),
        ("h264", [(True, (sps(), pps())), (False, (idr(),))], ""),
        ("h264", [(True, (sps(4), pps(9, 4), idr(9))), (False, (inter(9),)), (True, (sps(), pps(), idr()))], ""),
        ("h264", [(True, (sps(), pps(), inter()))], ""),
        ("h264", [(False, (inter(),)), (True, (sps(), pps(), idr()))], ""),
        ("h264", [(True, (idr(),))], f"{CANNOT}no parameter sets (SPS and PPS) came before it"),
        ("h264", [(True, (idr(), sps(), pps(1)))], f"{CANNOT}it needs PPS 0, and those that came are 1"),
        ("h264", [(True, (pps(), idr()))], f"{CANNOT}it needs SPS 0, and none came"),
        ("h264", [(False, (inter(),))], NO_KEYFRAME),
        ("hevc", [(True, (*HEVC_SETS, made.hevc_idr()))], ""),
        ("hevc", [(True, (*HEVC_SETS, made.hevc_idr(), b"\x26\x09\xaf\x80", b"\x42\x09\x01"))], ""),
        ("hevc", [(True, (*HEVC_SETS[1:], made.hevc_idr()))], f"{CANNOT}it needs VPS 0, and none came"),
        ("hevc", [(True, (made.hevc_idr(),))], f"{CANNOT}no parameter sets (SPS and PPS) came before it"),
    ],
)
def test_pictures_of_ts(codec: str, frames: list[tuple[bool, tuple[bytes, ...]]], lacks: str) -> None:
    decoder = Decoder()
    for keyframe, units in frames:
        decoder.feed(of_ts("video", codec, made.separated(*units), keyframe=keyframe))
    assert decoder.lacks() == lacks


@pytest.mark.parametrize(
    ("frames", "lacks"),
    [
        ([made.adts()], ""),
        ([made.adts() * 3, b"x"], ""),
        ([made.adts() + made.adts()[:4]], ""),
        ([made.adts(b"x" * 2000)[:170]], ""),
        ([b"the end of a frame\xff" + made.adts()], ""),
        ([b"x" * 40, made.adts()], ""),
        ([b"x" * 40], NO_ADTS),
        ([made.adts(rate=13)], NO_ADTS),
        ([made.adts()[:6]], NO_ADTS),
        ([made.adts() + b"no header"], NO_ADTS),
        ([b"\xff\xf1\x50\0\0\0\0\0\0\0"], NO_ADTS),
        ([b"\xff\xfb" + made.adts()[2:]], NO_ADTS),
    ],
)
def test_sound_of_ts(frames: list[bytes], lacks: str) -> None:
    decoder = Decoder()
    for data in frames:
        decoder.feed(of_ts("audio", "aac", data))
    assert decoder.lacks() == lacks


@pytest.mark.parametrize(
    ("config", "good"),
    [
        (b"\x12\x10", True),
        (b"\x11\x90\x56\xe5\x00", True),
        (b"\x16\x08", True),  # 7,350 Hz
        (b"\xf8\xf2\x10", True),  # type 39
        (b"\x17\x80\x5d\xc0\x10", True),  # 48,000 Hz in words
        (b"\x17\x80\0\0\x10", False),
        (b"\x17\x80\x5d\xc0", False),
        (b"\x16\x90", False),
        (b"\x02\x10", False),
        (b"\x12", False),
        (b"", False),
    ],
)
def test_audio_specific_configs(config: bytes, good: bool) -> None:
    assert aac.is_config(config) is good


def test_records() -> None:
    two = Record("h264", made.avcc(sps(), sps(1), pps(), pps(1), wide=2))
    assert (two.wide, two.units) == (2, [sps(), sps(1), pps(), pps(1)])
    three = Record("hevc", made.hvcc(*HEVC_SETS))
    assert (three.wide, three.units) == (4, list(HEVC_SETS))
    # What ISO 14496-15 adds for some profiles may follow.
    assert Record("h264", made.avcc(sps(), pps()) + b"\xfd\xf8\xf8\0").units == [sps(), pps()]


@pytest.mark.parametrize(("codec", "whole"), [("h264", made.H264_CONFIG), ("hevc", made.hvcc(*HEVC_SETS))])
def test_a_record_that_is_cut_off_is_told(codec: str, whole: bytes) -> None:
    for size in range(len(whole)):
        with pytest.raises(Broken):
            Record(codec, whole[:size])


def test_lengths_before_units() -> None:
    assert prefixed(b"\0\2ab\0\0\0\1c", 2) == [b"ab", b"c"]
    with pytest.raises(Broken, match="a unit of 3 bytes is cut off"):
        prefixed(b"\0\3ab", 2)


@given(st.lists(st.integers(0, 70_000), max_size=8))
def test_numbers_of_variable_length(numbers: list[int]) -> None:
    bits = Bits(made.packed(b"", *map(made.golomb, numbers)).replace(b"\0\0\3", b"\0\0"))
    assert [bits.golomb() for _number in numbers] == numbers


def test_bits_that_are_not_there() -> None:
    bits = Bits(b"\xa0\0")
    assert (bits.read(3), bits.read(0), bits.read(12)) == (5, 0, 0)
    with pytest.raises(Short):
        bits.read(2)
    with pytest.raises(Short):
        bits.golomb()


@given(st.lists(st.tuples(st.sampled_from([flv.VIDEO, flv.AUDIO]), st.binary(max_size=60)), max_size=5), st.booleans())
def test_anything_has_an_end(bodies: list[Body], in_band: bool) -> None:
    decoder = after(*bodies, SETUP, HEVC_SETUP, *bodies)
    for kind, data in bodies:
        if kind == flv.VIDEO:
            decoder.feed(of_ts("video", "hevc" if in_band else "h264", made.separated(data, b"\x65" + data), keyframe=True))
        else:
            decoder.feed(of_ts("audio", "aac", data))
    assert isinstance(decoder.lacks(), str)
