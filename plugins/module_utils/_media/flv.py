# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads FLV as it arrives. RTMP carries the bodies of the same tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._media import amf
from ansible_collections.livestream.srs.plugins.module_utils._media.packet import FLV_AUDIO, FLV_VIDEO, FOURCC, Packet
from ansible_collections.livestream.srs.plugins.module_utils._text import printable

AUDIO, VIDEO, SCRIPT = 8, 9, 18
# Codecs of the older form whose second byte tells headers from frames.
RECORDED = ("h264", "hevc", "av1")
# What is in the place of a frame's type in a tag without a frame: a note to the player.
COMMAND = 5
# What tells the newer form of audio, and what a tag of that form holds.
FOURCC_AUDIO = 9
START, FRAME, END, FRAME_IN_TIME, METADATA = range(5)


# A header has 9 bytes.
MAX_START = 1024


class NotFlv(ValueError):
    """What arrived is not FLV."""


class FlvReader:
    """Bytes in, packets out. What the publisher says of the stream (``onMetaData``) is in ``metadata``."""

    def __init__(self) -> None:
        self.metadata: dict[str, Any] = {}
        self._data = bytearray()
        self._started = False

    @property
    def waiting(self) -> int:
        """How many bytes have come of a tag that is not complete."""
        return len(self._data)

    def feed(self, data: bytes) -> Iterator[Packet]:
        self._data += data
        at = 0
        if not self._started:
            # The header's own size, and a back pointer of 4 bytes after it.
            if len(self._data) < 9:
                return
            if self._data[:3] != b"FLV":
                raise NotFlv(f"the stream begins with {bytes(self._data[:9])!r}, not with FLV")
            start = int.from_bytes(self._data[5:9]) + 4
            if start > MAX_START:
                raise NotFlv(f"the header of the stream is said to have {start - 4} bytes")
            if len(self._data) < start:
                return
            self._started, at = True, start
        while len(self._data) - at >= 11:
            kind, size = self._data[at] & 0x1F, int.from_bytes(self._data[at + 1 : at + 4])
            if kind not in (AUDIO, VIDEO, SCRIPT):
                raise NotFlv(f"a tag of type {kind}: the stream is broken")
            end = at + 11 + size + 4
            if len(self._data) < end:
                break
            ms = int.from_bytes(self._data[at + 4 : at + 7]) | self._data[at + 7] << 24
            body = bytes(self._data[at + 11 : end - 4])
            if kind == SCRIPT:
                self.metadata = metadata(body) or self.metadata
            packet = tag(kind, ms, body)
            if packet:
                yield packet
            at = end
        del self._data[:at]


def metadata(body: bytes) -> dict[str, Any]:
    """The fields of an ``onMetaData``; {} for other script data, and for what can't be read: media plays without."""
    try:
        values = amf.decode(body)
    except amf.NotAmf:
        return {}
    fields = values[-1] if values and "onMetaData" in values[:-1] else None
    return fields if isinstance(fields, dict) else {}


def tag(kind: int, ms: int, body: bytes) -> Packet | None:
    """The packet in a tag's body; None for script data, for empty bodies, which some servers send, and for several tracks in one."""
    if kind == AUDIO and len(body) >= 2:
        if body[0] >> 4 == FOURCC_AUDIO:
            return _by_four_letters("audio", body[0] & 0xF, ms, body)
        codec = FLV_AUDIO.get(body[0] >> 4, f"audio {body[0] >> 4}")
        return Packet("audio", codec, ms, len(body), header=codec == "aac" and body[1] == 0, data=body[2:] if codec == "aac" else body[1:])
    if kind == VIDEO and len(body) >= 5 and body[0] >> 4 & 7 != COMMAND:
        if body[0] & 0x80:
            return _by_four_letters("video", body[0] & 0xF, ms, body, keyframe=body[0] >> 4 & 7 == 1)
        codec = FLV_VIDEO.get(body[0] & 0xF, f"video {body[0] & 0xF}")
        header = codec in RECORDED and body[1] != 1
        data = b"" if header and body[1] != 0 else body[5:]
        return Packet("video", codec, ms, len(body), header=header, keyframe=body[0] >> 4 == 1, data=data)
    return None


def _by_four_letters(kind: str, step: int, ms: int, body: bytes, *, keyframe: bool = False) -> Packet | None:
    """A tag of the newer form, in which four letters name the codec (enhanced RTMP)."""
    if len(body) < 5 or step not in (START, FRAME, END, FRAME_IN_TIME, METADATA):
        return None
    codec = FOURCC.get(body[1:5]) or printable(body[1:5].decode("latin-1"))
    data = body[5:]
    if step == FRAME and codec in ("h264", "hevc"):
        data = data[3:]  # from decoding to display, in ms
    header = step not in (FRAME, FRAME_IN_TIME)
    return Packet(kind, codec, ms, len(body), header=header, keyframe=keyframe, data=b"" if header and step != START else data)
