# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads HLS playlists."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin


class NotHls(ValueError):
    """What arrived is no playlist."""


@dataclass(frozen=True)
class Playlist:
    sequence: int
    target: float
    segments: tuple[str, ...]
    """Addresses of the segments, the first of which has the number `sequence`."""
    variant: str = ""
    """Set in a master playlist: where to go on."""


def parse(text: str, url: str) -> Playlist:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or lines[0] != "#EXTM3U":
        raise NotHls(f"a playlist that begins with {text[:40]!r}")
    tags = dict(line[1:].partition(":")[::2] for line in lines if line.startswith("#EXT"))
    addresses = [urljoin(url, line) for line in lines if not line.startswith("#")]
    if "EXT-X-STREAM-INF" in tags and addresses:
        return Playlist(0, 0, (), addresses[0])
    return Playlist(int(tags.get("EXT-X-MEDIA-SEQUENCE") or 0), float(tags.get("EXT-X-TARGETDURATION") or 0), tuple(addresses))
