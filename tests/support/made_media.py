# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least of a stream that can be told from none: parameter sets, slices, configuration records, tags. Nobody could watch it."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._media import flv
from ansible_collections.livestream.srs.plugins.module_utils._media.packet import Packet


def fixed(value: int, count: int) -> str:
    """A number of so many bits."""
    return f"{value:0{count}b}"


def golomb(value: int) -> str:
    """ue(v)."""
    text = f"{value + 1:b}"
    return "0" * (len(text) - 1) + text


def packed(header: bytes, *bits: str) -> bytes:
    """A unit, with the bytes that keep start codes from appearing in it."""
    text = "".join(bits) + "1"
    body = int(text, 2) << -len(text) % 8
    raw = bytearray()
    for byte in body.to_bytes(-(-len(text) // 8)):
        if raw[-2:] == b"\0\0" and byte <= 3:
            raw.append(3)
        raw.append(byte)
    return header + bytes(raw)


# H.264 ---


def sps(number: int = 0) -> bytes:
    return packed(b"\x67\x42\xc0\x0a", golomb(number), golomb(0) * 5)


def pps(number: int = 0, sps: int = 0) -> bytes:
    return packed(b"\x68", golomb(number), golomb(sps), "00")


def idr(pps: int = 0, first: int = 0) -> bytes:
    return packed(b"\x65", golomb(first), golomb(7), golomb(pps), "10" * 40)


def inter(pps: int = 0) -> bytes:
    return packed(b"\x41", golomb(0), golomb(5), golomb(pps), "10" * 40)


SEI = b"\x06\x05\x01\xaa\x80"


def avcc(*units: bytes, wide: int = 4) -> bytes:
    sets = [unit for unit in units if unit[0] & 0x1F == 7], [unit for unit in units if unit[0] & 0x1F == 8]
    listed = [b"".join(len(unit).to_bytes(2) + unit for unit in some) for some in sets]
    return bytes([1, 0x42, 0xC0, 10, 0xFC | wide - 1, 0xE0 | len(sets[0])]) + listed[0] + bytes([len(sets[1])]) + listed[1]


# HEVC ---


def hevc_vps(number: int = 0) -> bytes:
    return packed(b"\x40\x01", fixed(number, 4), "11" + "0" * 26)


def hevc_sps(number: int = 0, vps: int = 0, layers: int = 0) -> bytes:
    """``layers``: the sub-layers of time beside the first, of which every second one has a profile and a level of its own."""
    own = [index % 2 == 0 for index in range(layers)]
    listed = "".join("11" if one else "00" for one in own) + "00" * (8 - layers) if layers else ""
    return packed(
        b"\x42\x01", fixed(vps, 4), fixed(layers, 3), "1", "01" * 44, fixed(93, 8), listed, ("01" * 48) * sum(own), golomb(number), "00"
    )


def hevc_pps(number: int = 0, sps: int = 0) -> bytes:
    return packed(b"\x44\x01", golomb(number), golomb(sps), "00")


def hevc_idr(pps: int = 0, kind: int = 19) -> bytes:
    return packed(bytes([kind << 1, 1]), "1", "0", golomb(pps), "10" * 40)


def hevc_inter(pps: int = 0) -> bytes:
    return packed(b"\x02\x01", "1", golomb(pps), "10" * 40)


def hvcc(*units: bytes) -> bytes:
    arrays = b"".join(bytes([0x80 | unit[0] >> 1]) + b"\0\1" + len(unit).to_bytes(2) + unit for unit in units)
    return b"\x01" + bytes(20) + b"\xff" + bytes([len(units)]) + arrays


# How they are sent ---


def prefixed(*units: bytes, wide: int = 4) -> bytes:
    return b"".join(len(unit).to_bytes(wide) + unit for unit in units)


def separated(*units: bytes) -> bytes:
    return b"".join(b"\0\0\0\1" + unit for unit in units)


def adts(frame: bytes = b"x" * 20, rate: int = 4) -> bytes:
    size = len(frame) + 7
    return bytes([0xFF, 0xF1, 0x40 | rate << 2, 0x40 | size >> 11, size >> 3 & 0xFF, (size & 7) << 5 | 0x1F, 0xFC]) + frame


AAC_CONFIG = b"\x12\x08"
H264_CONFIG = avcc(sps(), pps())

# Bodies of tags and of RTMP messages.
AAC_HEADER = b"\xaf\x00" + AAC_CONFIG
AAC_FRAME = b"\xaf\x01" + b"x" * 20
H264_HEADER = b"\x17\x00\0\0\0" + H264_CONFIG
KEYFRAME = b"\x17\x01\0\0\0" + prefixed(idr())
FRAME = b"\x27\x01\0\0\0" + prefixed(inter())


def flv_tag(kind: int, ms: int, body: bytes) -> bytes:
    head = bytes([kind]) + len(body).to_bytes(3) + (ms & 0xFFFFFF).to_bytes(3) + bytes([ms >> 24 & 0xFF]) + b"\0\0\0"
    return head + body + (len(body) + 11).to_bytes(4)


def packet(body: bytes, ms: int = 0, kind: int = flv.VIDEO) -> Packet:
    """As it comes by FLV or RTMP."""
    found = flv.tag(kind, ms, body)
    assert found is not None
    return found
