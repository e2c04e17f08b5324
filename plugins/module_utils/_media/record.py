# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one viewer saw, from the attempt to connect to the end. The clock is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._media.decoder import KINDS, Decoder
from ansible_collections.livestream.srs.plugins.module_utils._media.packet import Packet

# A step of the stream's own clock beyond this is a jump, not time that was played.
JUMP_MS = 3000
# Widths, heights and rates are below it.
MOST_WHOLE = 2**31


@dataclass
class Clock:
    """How far the stream's own clock went on, jumps left out."""

    last_ms: int | None = None
    played_ms: int = 0
    ticks: int = 0

    def tick(self, ms: int) -> None:
        if self.last_ms is not None and 0 <= ms - self.last_ms <= JUMP_MS:
            self.played_ms += ms - self.last_ms
            self.ticks += 1
        self.last_ms = ms


@dataclass
class Record:
    """Times are in seconds since the attempt began."""

    connected: float | None = None
    first_packet: float | None = None
    first_keyframe: float | None = None
    """The first that can be decoded."""
    last_packet: float | None = None
    longest_gap: float = 0.0
    codecs: dict[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    frames: int = 0
    media_bytes: int = 0
    clocks: dict[str, Clock] = field(default_factory=dict)
    """Of video and of audio."""
    decoder: Decoder = field(default_factory=Decoder)

    def packet(self, packet: Packet, now: float) -> None:
        self.codecs[packet.kind] = packet.codec
        decodable = self.decoder.feed(packet)
        if packet.header:
            return
        if self.first_packet is None:
            self.first_packet = now
        self.longest_gap = max(self.longest_gap, now - (self.last_packet if self.last_packet is not None else now))
        self.last_packet = now
        self.media_bytes += packet.size
        if packet.kind == "video":
            self.frames += 1
            if decodable and self.first_keyframe is None:
                self.first_keyframe = now
        self.clocks.setdefault(packet.kind, Clock()).tick(packet.ms)

    @property
    def lacks(self) -> str:
        """What can't be decoded, or has not come though it was announced, as the rest of a sentence; "" if all is well."""
        return self.decoder.lacks([kind for kind in KINDS if self.metadata.get(f"{kind}codecid")])

    @property
    def media_seconds(self) -> float:
        return max((clock.played_ms for clock in self.clocks.values()), default=0) / 1000

    def waits_since(self) -> float:
        """Since when nothing was seen."""
        return self.last_packet if self.last_packet is not None else self.connected or 0.0

    def result(self) -> dict[str, Any]:
        """As reported. By the stream's own clock, since what was kept for newcomers arrives faster than it plays."""
        seconds = self.media_seconds
        pictures = self.clocks.get("video", Clock())
        video, audio = self.codecs.get("video"), self.codecs.get("audio")
        said = self.metadata
        return {
            "connect_seconds": _round(self.connected),
            "first_packet_seconds": _round(self.first_packet),
            "first_keyframe_seconds": _round(self.first_keyframe),
            "longest_gap_seconds": _round(self.longest_gap),
            "media_seconds": _round(seconds),
            "video": {"codec": video, "width": _whole(said.get("width")), "height": _whole(said.get("height"))} if video else None,
            "audio": {"codec": audio, "sample_rate": _whole(said.get("audiosamplerate"))} if audio else None,
            "frames": self.frames,
            "fps": round(pictures.ticks / pictures.played_ms * 1000, 1) if pictures.played_ms else None,
            "kbps": round(self.media_bytes * 8 / 1000 / seconds) if seconds else None,
        }


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _whole(value: Any) -> int | None:
    return round(value) if isinstance(value, float) and 0 < value < MOST_WHOLE else None
