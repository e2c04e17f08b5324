# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least of a stream that can be told from none: parameter sets, slices, configuration records, tags. Nobody could watch it."""

from __future__ import annotations

from collections.abc import Iterable

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


# MPEG-TS ---


def ts(pid: int, payload: bytes, *, flags: int | None = None, starts: bool = True, count: int = 0) -> bytes:
    """One packet; what is lacking to 188 bytes is filled by an adaptation field, with these flags."""
    stuffing = 188 - 4 - len(payload)
    field = b"" if not stuffing else bytes([stuffing - 1]) + (bytes([flags or 0]) + b"\xff" * (stuffing - 2) if stuffing > 1 else b"")
    head = [0x47, (0x40 if starts else 0) | pid >> 8, pid & 0xFF, 0x10 | (0x20 if field else 0) | count & 0xF]
    return bytes(head) + field + payload


def section(content: bytes) -> bytes:
    """With its checksum."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte << 24
        for _bit in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return content + crc.to_bytes(4)


def pat(map_pid: int) -> bytes:
    return ts(0, b"\0" + section(b"\0\xb0\x0d" + b"\0\x01\xc1\0\0" + b"\0\x01" + (0xE000 | map_pid).to_bytes(2)))


def pmt(pid: int, streams: dict[int, int]) -> bytes:
    """With a descriptor of the program and one of each stream, which are passed over."""
    listed = b"".join(bytes([kind]) + (0xE000 | one).to_bytes(2) + b"\xf0\x03\x0a\x01x" for one, kind in streams.items())
    content = b"\0\x01\xc1\0\0\xe1\0\xf0\x02\x05\0" + listed
    return ts(pid, b"\0" + section(b"\x02" + (0xB000 | len(content) + 4).to_bytes(2) + content))


def stamp(ms: int, mark: int = 2) -> bytes:
    ticks = ms * 90
    return bytes([mark << 4 | 1 | ticks >> 29 & 0xE, ticks >> 22 & 0xFF, 1 | ticks >> 14 & 0xFE, ticks >> 7 & 0xFF, 1 | ticks << 1 & 0xFE])


def pes(frame: bytes, pts: int, dts: int | None = None, *, stream: int = 0xE0) -> bytes:
    times = stamp(pts, 2 if dts is None else 3) + (stamp(dts, 1) if dts is not None else b"")
    return b"\0\0\x01" + bytes([stream]) + b"\0\0\x80" + bytes([0xC0 if dts is not None else 0x80, len(times)]) + times + frame


STREAM_TYPES = {"h264": 0x1B, "hevc": 0x24, "aac": 0x0F, "mp3": 0x03}


def segment(packets: Iterable[Packet], codecs: Iterable[str]) -> bytes:
    """The packets as a segment of HLS, whose tables list these codecs."""
    pids = {codec: 0x100 + number for number, codec in enumerate(codecs)}
    counts = dict.fromkeys(pids, -1)
    written = pat(0x1000) + pmt(0x1000, {pid: STREAM_TYPES[codec] for codec, pid in pids.items()})
    for packet in packets:
        whole = pes(packet.data, packet.ms, stream=0xE0 if packet.kind == "video" else 0xC0)
        for at in range(0, len(whole), 176):  # so that each has room for flags
            counts[packet.codec] += 1
            flags = 0x40 if packet.keyframe and not at else 0
            written += ts(pids[packet.codec], whole[at : at + 176], flags=flags, starts=not at, count=counts[packet.codec])
    return written
