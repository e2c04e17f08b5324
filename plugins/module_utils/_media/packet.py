# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A piece of media as every protocol delivers it, and the names of codecs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Packet:
    """One video or audio frame, or a codec's header."""

    kind: str
    """`video` or `audio`."""
    codec: str
    ms: int
    """Decoding time on the stream's own clock."""
    size: int
    header: bool = False
    """Sets up the decoder; shows nothing."""
    keyframe: bool = False
    data: bytes = b""
    """What the decoder gets: a frame, or a header's decoder configuration record."""
    in_band: bool = False
    """Whether the configuration is in the frames themselves, as in MPEG-TS, and not in headers."""


# The ids in FLV and RTMP, and the four letters that stand for the newer codecs.
FLV_VIDEO = {2: "h263", 4: "vp6", 7: "h264", 12: "hevc", 13: "av1"}
FLV_AUDIO = {2: "mp3", 10: "aac", 11: "speex", 13: "opus"}
FOURCC = {
    b"avc1": "h264",
    b"hvc1": "hevc",
    b"av01": "av1",
    b"vp08": "vp8",
    b"vp09": "vp9",
    b"mp4a": "aac",
    b"Opus": "opus",
    b"fLaC": "flac",
    b".mp3": "mp3",
    b"ac-3": "ac3",
    b"ec-3": "eac3",
}

# Stream types of an MPEG-TS program map.
TS_VIDEO = {0x1B: "h264", 0x24: "hevc"}
TS_AUDIO = {0x03: "mp3", 0x04: "mp3", 0x0F: "aac"}
