# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays HTTP-FLV, and HLS: the newest segment, and those that follow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urljoin, urlsplit

from ansible_collections.livestream.srs.plugins.module_utils._media import flv, hls, http, mpegts
from ansible_collections.livestream.srs.plugins.module_utils._network.connection import MAX_BODY, Connection
from ansible_collections.livestream.srs.plugins.module_utils._player.viewer import (
    EMPTY,
    NOT_FOUND,
    REFUSED,
    STALLED,
    UNDECODABLE,
    WRONG,
    End,
    Viewer,
)

# No player waits longer for the next segment, whatever the playlist promises.
MAX_TARGET_SECONDS = 60.0
MAX_VARIANTS = 5
# In bytes; a day of segments has 2 MiB.
MAX_PLAYLIST = 4 * 1024 * 1024
REDIRECTS = 5


async def play_flv(viewer: Viewer) -> None:
    async with asyncio.timeout(viewer.patience.first):
        connection, answer = await _get(viewer, viewer.url)
    body, reader = http.Body(answer), flv.FlvReader()
    while not body.ended:
        for packet in reader.feed(body.feed(await viewer.next(connection))):
            viewer.record.metadata = reader.metadata
            viewer.saw(packet)
        viewer.hold(reader.waiting)


async def play_hls(viewer: Viewer) -> None:
    url, variants = viewer.view.url, 0
    seen, sequence, moved = "", -1, 0.0
    reader = mpegts.TsReader()
    while True:
        playlist = hls.parse((await _fetch(viewer, url, MAX_PLAYLIST))[1].decode(errors="replace"), url)
        if playlist.variant:
            url, variants = playlist.variant, variants + 1
            if variants > MAX_VARIANTS:
                raise End(WRONG, f"more than {MAX_VARIANTS} playlists that refer to another one")
            continue
        patience, target = viewer.patience, min(playlist.target, MAX_TARGET_SECONDS)
        viewer.limit.reschedule(viewer.began + patience.limit + 2 * patience.first + 2 * target)
        _note(viewer, playlist)
        if playlist.sequence != sequence:
            sequence, moved = playlist.sequence, viewer.now()
        segments = new_segments(playlist.segments, seen)
        for address in segments:
            await _segment(viewer, address, playlist, reader)
            seen = address
        # A player that has a segment, and sees that its playlist goes on, has all that there is to see.
        if playlist.ended or segments:
            viewer.settle(over=playlist.ended)
        first = viewer.record.first_packet
        if first is None and viewer.now() > patience.first:
            raise End(EMPTY, "the playlist has no segments")
        if first is not None and viewer.now() - moved > max(patience.stall, 2 * target):
            raise End(STALLED, f"the playlist has not moved on for {viewer.now() - moved:.0f} s")
        await asyncio.sleep(min(1.0, max(0.2, target / 4)))


async def _get(viewer: Viewer, url: SplitResult) -> tuple[Connection, http.Head]:
    """A connection and the head of a 200; redirects are followed, which is how SRS sends an HLS player to its own session."""
    for _redirect in range(REDIRECTS):
        if url.scheme not in ("http", "https"):
            raise End(WRONG, f"{url.geturl()} is not an http or https URL")
        connection = await viewer.connect(_checked(url))
        way = viewer.view.way
        path, headers = (way.prefix + http.target(url), way.headers) if way else (http.target(url), ())
        await connection.send(http.request(url.netloc.rpartition("@")[2], path, [*headers, ("Connection", "close")]))
        answer = await connection.read_head()
        if answer.status == 200:
            return connection, answer
        if way and way.prefix and (error := way.refusal(answer.status, await connection.read_body(answer))):
            raise error
        if answer.status not in (301, 302, 303, 307, 308) or not answer.headers.get("location"):
            raise End(NOT_FOUND if answer.status == 404 else REFUSED, f"HTTP status {answer.status} of {url.geturl()}")
        url = _joined(url.geturl(), answer.headers["location"])
    raise End(REFUSED, f"more than {REDIRECTS} redirects")


def _joined(base: str, address: str) -> SplitResult:
    """The URL that a server sends a player to."""
    try:
        return urlsplit(urljoin(base, address))
    except ValueError:
        raise End(WRONG, f"{address[:200]} is no URL") from None


def _checked(url: SplitResult) -> SplitResult:
    try:
        _port = url.port
    except ValueError:
        raise End(WRONG, f"{url.geturl()[:200]} has no valid port") from None
    return url


async def _fetch(viewer: Viewer, url: str, most: int = MAX_BODY) -> tuple[http.Head, bytes]:
    async with asyncio.timeout(viewer.patience.first):
        connection, answer = await _get(viewer, _joined(url, ""))
        body = await connection.read_body(answer, most=most)
    connection.close()
    return answer, body


def _note(viewer: Viewer, playlist: hls.Playlist) -> None:
    viewer.view.playlist = {
        "segments": len(playlist.segments),
        "target_seconds": playlist.target,
        "sequence": playlist.sequence,
        "newest_age_seconds": (viewer.view.playlist or {}).get("newest_age_seconds"),
    }


async def _segment(viewer: Viewer, url: str, playlist: hls.Playlist, reader: mpegts.TsReader) -> None:
    answer, data = await _fetch(viewer, url)
    if viewer.view.playlist is not None:
        viewer.view.playlist["newest_age_seconds"] = _age(answer, playlist)
    packets = list(reader.feed(data)) if data else []
    if data and not reader.mapped:
        raise End(UNDECODABLE, f"the segment {url} has no tables that name its streams (PAT and PMT)")
    if not packets:
        raise End(EMPTY, f"the segment {url} has no media")
    for packet in packets:
        viewer.record.packet(packet, viewer.now())
    # With what the container adds, as it comes over the network.
    viewer.record.media_bytes += len(data) - sum(packet.size for packet in packets)


def new_segments(segments: Sequence[str], seen: str) -> Sequence[str]:
    """What to fetch next; a newcomer starts with the newest segment."""
    known = [hls.without_query(segment) for segment in segments]
    seen = hls.without_query(seen)
    return segments[known.index(seen) + 1 :] if seen in known else segments[-1:]


def _age(answer: http.Head, playlist: hls.Playlist) -> float | None:
    """How old the newest segment is: by the date in the playlist, else by the server's own clock."""
    if playlist.dated is not None:
        return round(max(0.0, time.time() - playlist.dated), 1)
    try:
        now, written = (parsedate_to_datetime(answer.headers[name]) for name in ("date", "last-modified"))
        return max(0.0, (now - written).total_seconds())
    except (LookupError, ValueError, TypeError, OverflowError):
        return None
