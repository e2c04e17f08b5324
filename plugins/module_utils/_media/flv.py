# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads FLV as it arrives. RTMP carries the bodies of the same tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._media import amf
from ansible_collections.livestream.srs.plugins.module_utils._media.packet import FLV_AUDIO, FLV_VIDEO, FOURCC, Packet

AUDIO, VIDEO, SCRIPT = 8, 9, 18


class NotFlv(ValueError):
    """What arrived is not FLV."""


class FlvReader:
    """Bytes in, packets out. What the publisher says of the stream (``onMetaData``) is in ``metadata``."""

    def __init__(self) -> None:
        self.metadata: dict[str, Any] = {}
        self._data = bytearray()
        self._started = False

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
    """The packet in a tag's body; None for script data and for empty bodies, which some servers send."""
    if kind == AUDIO and len(body) >= 2:
        codec = FLV_AUDIO.get(body[0] >> 4, f"audio {body[0] >> 4}")
        return Packet("audio", codec, ms, len(body), header=codec == "aac" and body[1] == 0)
    if kind == VIDEO and len(body) >= 5:
        if body[0] & 0x80:  # the newer form: four letters name the codec
            codec = FOURCC.get(body[1:5], body[1:5].decode("latin-1"))
            return Packet("video", codec, ms, len(body), header=body[0] & 0xF == 0, keyframe=body[0] >> 4 & 7 == 1)
        codec = FLV_VIDEO.get(body[0] & 0xF, f"video {body[0] & 0xF}")
        return Packet("video", codec, ms, len(body), header=codec in ("h264", "hevc") and body[1] != 1, keyframe=body[0] >> 4 == 1)
    return None
