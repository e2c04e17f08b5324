# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one viewer saw, from the attempt to connect to the end. Pure: the clock is told."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._media.decoder import Decoder
from ansible_collections.livestream.srs.plugins.module_utils._media.packet import Packet

WATCHED = "watched"
"""Media flowed until the viewer left by itself."""
CUT = "cut"
"""Media flowed, then the server ended it."""
STALLED = "stalled"
"""Media flowed, then none came for longer than a viewer waits."""
EMPTY = "empty"
"""The server took the viewer and sent no picture."""
UNDECODABLE = "undecodable"
"""What the server sent can't be decoded, whoever ended it."""
REFUSED = "refused"
"""The server could not be reached, or said no."""
GAVE_UP = "gave_up"
"""HLS: media flowed, then came what makes hls.js give up, or stand still for good."""
OUTCOMES = (WATCHED, CUT, STALLED, GAVE_UP, EMPTY, UNDECODABLE, REFUSED)

JUMP_MS = 3000


@dataclass
class View:
    url: str
    protocol: str
    name: str = ""
    at: float = 0.0
    """When it began, in seconds since the epoch. All other times are seconds since then."""
    connected: float | None = None
    first_packet: float | None = None
    first_frame: float | None = None
    """The first keyframe that can be decoded: from here on there is a picture."""
    video: str = ""
    audio: str = ""
    frames: int = 0
    keyframes: int = 0
    bytes: int = 0
    media_ms: int = 0
    """How far the stream's own clock went on, jumps left out."""
    jumps: int = 0
    """How often that clock went backwards, or forwards by seconds."""
    longest_gap: float = 0.0
    """The longest time without any media, once it had begun."""
    gap_at: float = 0.0
    segments: int = 0
    errors: int = 0
    """HLS: requests that failed and were tried again."""
    ended: float = 0.0
    outcome: str = ""
    detail: str = ""
    _decoder: Decoder = field(default_factory=Decoder, repr=False)
    _last_ms: int | None = field(default=None, repr=False)
    _last_media: float | None = field(default=None, repr=False)

    def media(self, packet: Packet, now: float) -> None:
        if packet.kind == "video":
            self.video = packet.codec
        else:
            self.audio = packet.codec
        decodable = self._decoder.feed(packet)
        if packet.header:
            return
        self._gap(now)
        self._last_media = now
        if self.first_packet is None:
            self.first_packet = now
        if packet.kind != "video":
            return
        self.frames += 1
        if packet.keyframe:
            self.keyframes += 1
        if decodable and self.first_frame is None:
            self.first_frame = now
        self._advance(packet.ms)

    def _advance(self, ms: int) -> None:
        if self._last_ms is not None:
            step = ms - self._last_ms
            if 0 <= step <= JUMP_MS:
                self.media_ms += step
            else:
                self.jumps += 1
        self._last_ms = ms

    def _gap(self, now: float) -> None:
        if self._last_media is not None and now - self._last_media > self.longest_gap:
            self.longest_gap = now - self._last_media
            self.gap_at = self._last_media

    def waits_since(self) -> float:
        """Since when nothing was seen."""
        return self._last_media if self._last_media is not None else self.connected or 0.0

    def end(self, now: float, outcome: str, detail: str = "") -> None:
        """What an end means depends on what was seen before, whoever ended it: what can't be decoded, or no picture at all."""
        self._gap(now)
        if outcome != REFUSED and self._decoder.fault:
            outcome, detail = UNDECODABLE, self._decoder.fault
        elif outcome != REFUSED and self.first_frame is None:
            outcome, detail = EMPTY, detail or "no keyframe"
        self.ended, self.outcome, self.detail = now, outcome, detail

    def as_dict(self) -> dict[str, Any]:
        values = {key: value for key, value in asdict(self).items() if not key.startswith("_")}
        return {key: round(value, 3) if isinstance(value, float) else value for key, value in values.items()}


def summary(views: Sequence[View]) -> dict[str, Any]:
    """Many views in a few figures."""
    ends = Counter(view.outcome for view in views)
    return {
        "viewers": len(views),
        **{outcome: ends[outcome] for outcome in OUTCOMES},
        "connected": _spread(view.connected for view in views),
        "first_packet": _spread(view.first_packet for view in views),
        "first_frame": _spread(view.first_frame for view in views),
        "longest_gap": round(max((view.longest_gap for view in views), default=0.0), 3),
        "codecs": sorted({"+".join(filter(None, (view.video, view.audio))) for view in views if view.frames}),
        "bytes": sum(view.bytes for view in views),
    }


def _spread(seconds: Iterable[float | None]) -> dict[str, float] | None:
    known = sorted(value for value in seconds if value is not None)
    if not known:
        return None
    return {"median": round(statistics.median(known), 3), "max": round(known[-1], 3)}
