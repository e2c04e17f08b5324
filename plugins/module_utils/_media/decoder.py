# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a decoder could show what arrives: it has its configuration, and keyframes find their parameter sets.

Nothing is decoded, so what is within a picture can still be broken. As with ffmpeg, keyframes, parameter sets and the header of the audio
may be late, but without a header before its first frame video is never shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from ansible_collections.livestream.srs.plugins.module_utils._media import aac
from ansible_collections.livestream.srs.plugins.module_utils._media.packet import Packet
from ansible_collections.livestream.srs.plugins.module_utils._media.units import Broken, ParameterSets, Record, prefixed, separated

KINDS = ("video", "audio")

NO_KEYFRAME = "no keyframe of the video came"
NO_VIDEO_HEADER = "no sequence header of the video came before its first frame"
NO_AUDIO_HEADER = "no sequence header of the audio came before its frames"
NO_ADTS = "the audio's frames have no ADTS headers"

WITH_UNITS = ("h264", "hevc")
# How a configuration record begins, and its least length, of codecs whose frames are not looked into.
RECORDS = {"av1": (b"\x81", 4), "vp9": (b"", 8)}
WITH_HEADER = (*WITH_UNITS, *RECORDS)


@dataclass
class _Track:
    """Video or audio."""

    codec: str
    sets: ParameterSets
    record: bool = False
    """Whether a usable header has come."""
    wide: int = 4
    bad: str = ""
    """What is wrong with the header that came."""
    lost: str = ""
    """Why nothing of it will ever be shown."""
    shown: bool = False
    """Whether any keyframe, or any sound, could be decoded."""
    fault: str = ""
    """Why the last one could not."""


@dataclass
class Decoder:
    _tracks: dict[str, _Track] = field(default_factory=dict)

    def feed(self, packet: Packet) -> bool:
        """Whether this is a keyframe, or sound, that can be decoded."""
        track = self._tracks.get(packet.kind)
        if track is None or track.codec != packet.codec:
            track = self._tracks[packet.kind] = _Track(packet.codec, ParameterSets(packet.codec))
        if packet.header:
            if packet.data:
                _set_up(track, packet)
            return False
        fault = _sound(track, packet) if packet.kind == "audio" else _picture(track, packet)
        if fault is None:
            return False
        track.fault, track.shown = fault, track.shown or not fault
        return not fault

    @property
    def fault(self) -> str:
        """Why what came last can't be decoded, as the rest of a sentence; "" if it can."""
        return _and(self._tracks[kind].fault for kind in KINDS if kind in self._tracks)

    def lacks(self, announced: Collection[str] = ()) -> str:
        """Also, what has not come yet: a keyframe, and `video` or `audio` that was announced."""
        waiting = [NO_KEYFRAME] if (video := self._tracks.get("video")) and not video.shown and not video.fault else []
        missing = [
            f"no {kind} came, which the stream's metadata announces" for kind in KINDS if kind in announced and kind not in self._tracks
        ]
        return _and([self.fault, *waiting, *missing])


def _and(parts: Iterable[str]) -> str:
    return ", and ".join(filter(None, parts))


def _set_up(track: _Track, packet: Packet) -> None:
    """By a header. One that can't be used takes nothing back."""
    track.bad = ""
    if track.codec in WITH_UNITS:
        try:
            record = Record(track.codec, packet.data)
            track.sets.learn(record.units)
        except Broken as error:
            track.bad = f"the sequence header of the video can't be used: {error}"
        else:
            track.record, track.wide = True, record.wide
    elif track.codec == "aac":
        if aac.is_config(packet.data):
            track.record = True
        else:
            track.bad = "the sequence header of the audio can't be used: it is no AudioSpecificConfig"
    elif track.codec in RECORDS:
        begin, least = RECORDS[track.codec]
        if packet.data.startswith(begin) and len(packet.data) >= least:
            track.record = True
        else:
            track.bad = f"the sequence header of the video can't be used: it is no configuration record of {track.codec.upper()}"


def _sound(track: _Track, packet: Packet) -> str | None:
    if track.codec != "aac":
        return ""
    if packet.in_band:
        return "" if track.shown or aac.has_adts(packet.data) else NO_ADTS
    return "" if track.record else track.bad or NO_AUDIO_HEADER


def _picture(track: _Track, packet: Packet) -> str | None:
    """What is wrong; None if nothing can be told of it, as of a frame that is no keyframe."""
    if not packet.in_band and not track.record and track.codec in WITH_HEADER:
        track.lost = track.lost or track.bad or NO_VIDEO_HEADER
    if track.lost:
        return track.lost
    if track.codec not in WITH_UNITS:
        return "" if packet.keyframe else None
    try:
        units = list(separated(packet.data)) if packet.in_band else prefixed(packet.data, track.wide)
        track.sets.learn(units)
        if not (packet.keyframe or track.sets.has_idr(units)):
            return None
        numbers = track.sets.slices(units)
    except Broken as error:
        return f"a keyframe of the video can't be read: {error}" if packet.keyframe else None
    if not numbers:  # parameter sets alone
        return None
    lacks = next(filter(None, map(track.sets.lacks, numbers)), "")
    return f"a keyframe of the video can't be decoded: {lacks}" if lacks else ""
