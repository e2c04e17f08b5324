# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads HLS playlists."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from urllib.parse import urljoin

# Of numbers and lengths; a playlist that began with the epoch has fewer segments.
MOST_SECONDS = 2.0**53
# A day of segments.
MOST_LINES = 100_000


class NotHls(ValueError):
    """What arrived is not a playlist."""


@dataclass(frozen=True)
class Playlist:
    sequence: int
    target: float
    segments: tuple[str, ...]
    """Addresses of the segments, the first of which has the number ``sequence``."""
    variant: str = ""
    """Set in a master playlist: where to go on."""
    seconds: tuple[float, ...] = field(default=())
    """How long each segment plays."""
    dated: float | None = None
    """When the newest segment began, in seconds since the epoch, if the playlist tells."""
    ended: bool = False


def parse(text: str, url: str) -> Playlist:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or lines[0] != "#EXTM3U":
        raise NotHls(f"the playlist begins with {text[:40]!r}, not with #EXTM3U")
    if len(lines) > MOST_LINES:
        raise NotHls(f"the playlist has more than {MOST_LINES} lines")
    tags = dict(line[1:].partition(":")[::2] for line in lines if line.startswith("#EXT"))
    try:
        addresses = tuple(urljoin(url, line) for line in lines if not line.startswith("#"))
    except ValueError as error:
        raise NotHls(f"the playlist has an address that is no URL: {error}") from None
    if "EXT-X-STREAM-INF" in tags and addresses:
        return Playlist(0, 0, (), addresses[0])
    lengths = tuple(_number(line[8:].partition(",")[0]) for line in lines if line.startswith("#EXTINF:"))
    return Playlist(
        int(_number(tags.get("EXT-X-MEDIA-SEQUENCE", ""))),
        _number(tags.get("EXT-X-TARGETDURATION", "")),
        addresses,
        seconds=lengths,
        dated=_newest(lines),
        ended="EXT-X-ENDLIST" in tags,
    )


def without_query(address: str) -> str:
    """What a segment is known by: the proxy of SRS 7 gives it another query in each playlist."""
    return address.partition("?")[0]


def _newest(lines: list[str]) -> float | None:
    """When the last segment began: the last date given, and the segments since."""
    began: float | None = None
    length = 0.0
    for line in lines:
        if line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
            try:
                began, length = datetime.fromisoformat(line.partition(":")[2].replace("Z", "+00:00")).timestamp(), 0.0
            except (ValueError, OverflowError):
                began = None
        elif line.startswith("#EXTINF:"):
            if began is not None:
                began += length
            length = _number(line[8:].partition(",")[0])
    return began


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if isfinite(number) and 0 <= number < MOST_SECONDS else 0.0
