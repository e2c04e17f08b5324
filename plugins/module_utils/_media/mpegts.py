# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads MPEG-TS as HLS has it, segment by segment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.livestream.srs.plugins.module_utils._media.packet import TS_AUDIO, TS_VIDEO, Packet

PACKET = 188


class NotTs(ValueError):
    """What arrived is not MPEG-TS."""


@dataclass
class _Pes:
    """A PES packet, put together from the packets that it is spread over."""

    kind: str
    codec: str
    random_access: bool
    data: bytearray


class TsReader:
    """Segments in, packets out. The tables of one segment hold for the next, should that have none."""

    def __init__(self) -> None:
        self._map_pid = -1
        self._streams: dict[int, tuple[str, str]] = {}
        self.mapped = False
        """Whether the tables that name the streams (PAT and PMT) have come."""

    def feed(self, segment: bytes) -> Iterator[Packet]:
        """One packet for each PES packet with a time that begins in the segment, in the order in which they begin."""
        return filter(None, map(_packet, self._pes(segment)))

    def _pes(self, segment: bytes) -> list[_Pes]:
        if not segment or len(segment) % PACKET:
            raise NotTs(f"a segment of {len(segment)} bytes, which is not a multiple of {PACKET}")
        found: list[_Pes] = []
        under_way: dict[int, _Pes] = {}
        for at in range(0, len(segment), PACKET):
            if segment[at] != 0x47:
                raise NotTs(f"no sync byte at {at}")
            starts = bool(segment[at + 1] & 0x40)
            pid = int.from_bytes(segment[at + 1 : at + 3]) & 0x1FFF
            control = segment[at + 3]
            payload, random_access = at + 4, False
            if control & 0x20:
                payload += 1 + segment[at + 4]
                random_access = segment[at + 4] > 0 and bool(segment[at + 5] & 0x40)
            if not control & 0x10:
                continue
            data = segment[payload : at + PACKET]
            if not starts:
                if pid in under_way:
                    under_way[pid].data += data
            elif pid == 0:
                section = _section(data)
                self._map_pid = int.from_bytes(section[10:12]) & 0x1FFF
            elif pid == self._map_pid:
                self._streams, self.mapped = _program_map(_section(data)), True
            elif pid in self._streams:
                under_way[pid] = _Pes(*self._streams[pid], random_access, bytearray(data))
                found.append(under_way[pid])
        return found


def _packet(pes: _Pes) -> Packet | None:
    data = bytes(pes.data)
    if len(data) < 14 or data[:3] != b"\0\0\1" or not data[7] & 0x80:
        return None
    stamp, frame = data[14:19] if data[7] & 0x40 else data[9:14], data[9 + data[8] :]
    if len(stamp) < 5:
        return None
    keyframe = pes.kind == "video" and (pes.random_access or _begins_decoding(pes.codec, frame))
    return Packet(pes.kind, pes.codec, _ms(stamp), len(data), keyframe=keyframe, data=frame, in_band=True)


def _begins_decoding(codec: str, frame: bytes) -> bool:
    """Whether a parameter set or an IDR picture is in the beginning of a frame: not every server sets the random access flag."""
    at = frame.find(b"\0\0\1")
    while 0 <= at < len(frame) - 3:
        unit = frame[at + 3]
        if (unit & 0x1F in (5, 7)) if codec == "h264" else (unit >> 1 & 0x3F in (*range(16, 22), 32, 33)):
            return True
        at = frame.find(b"\0\0\1", at + 3)
    return False


def _section(data: bytes) -> bytes:
    """A section, without what stands before it."""
    return data[1 + data[0] :] if data else b""


def _program_map(section: bytes) -> dict[int, tuple[str, str]]:
    end = min(3 + (int.from_bytes(section[1:3]) & 0xFFF) - 4, len(section))
    at = 12 + (int.from_bytes(section[10:12]) & 0xFFF)
    streams = {}
    while at + 5 <= end:
        kind = section[at]
        pid = int.from_bytes(section[at + 1 : at + 3]) & 0x1FFF
        if kind in TS_VIDEO:
            streams[pid] = ("video", TS_VIDEO[kind])
        elif kind in TS_AUDIO:
            streams[pid] = ("audio", TS_AUDIO[kind])
        at += 5 + (int.from_bytes(section[at + 3 : at + 5]) & 0xFFF)
    return streams


def _ms(stamp: bytes) -> int:
    ticks = (stamp[0] >> 1 & 7) << 30 | stamp[1] << 22 | (stamp[2] >> 1) << 15 | stamp[3] << 7 | stamp[4] >> 1
    return ticks // 90
