# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hls.js 1.7 with its default settings asks for next, and when it gives up or stands still for good. Pure: the clock is told.

Only what matters for a live stream of one quality: `playlistLoadPolicy`, `fragLoadPolicy`, `mergeDetails()`, and the timeline that it
lays segments on, by their numbers at first and by the stream's own clock once they are loaded. test_0_players.py holds it against hls.js.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.livestream.srs.plugins.module_utils._media import hls

FIRST_BYTE = 10.0
"""Seconds within which an answer must begin."""
PLAYLIST_SECONDS = 20.0
SEGMENT_SECONDS = 120.0
"""Seconds within which it must be complete."""

PLAYLIST_RETRIES = 2
SEGMENT_RETRIES = 6
SEGMENT_TIMEOUT_RETRIES = 4
LONGEST_DELAY = 8.0

TOLERANCE = 0.25
"""How much of a segment, in seconds, may be beyond what is played without that it is what comes next."""
SOONEST = 0.2
"""Seconds between playlists at least, for servers that say that segments are shorter."""
CLOCK_STARTS_OVER = 2**33 / 90000
"""Seconds after which the clock of MPEG-TS does."""


class GaveUp(Exception):
    """A fatal error, or nothing will ever come that it plays; the message says why."""


@dataclass
class Segment:
    number: int
    address: str
    seconds: float
    part: int
    """Which part of the stream it is of, of those between discontinuities."""
    start: float = 0.0
    """Where it is on the timeline, which begins with the first playlist."""


class Follower:
    """Follows a playlist."""

    def __init__(self) -> None:
        self.playlist_at = 0.0
        """When to ask for the playlist."""
        self.segment_at = 0.0
        """When to ask for a segment again that failed."""
        self._segments: list[Segment] = []
        self._played_to: float | None = None
        self._done: set[int] = set()
        """Numbers of segments that were loaded, or that were given up."""
        self._clocks: dict[int, float] = {}
        """For each part, what its clock shows where the timeline begins."""
        self._playlist_errors = 0
        self._segment_errors = 0

    def playlist(self, text: str, playlist: hls.Playlist, asked: float) -> None:
        """A playlist has come that was asked for at this time."""
        new = segments(text, playlist)
        if not new:
            self.playlist_failed("it names no segment", asked)
            return
        self._playlist_errors = 0
        old = self._segments
        changed = not old or new[-1].number != old[-1].number
        if old:
            _merge(old, new, playlist.target)
        else:
            _chain(new, 0, 0.0)
        self._segments = new
        if self._played_to is None:
            # A newcomer starts with the newest segment, where hls.js has a buffer of three.
            self._played_to = new[-1].start
        interval = min(playlist.target, new[-1].seconds or playlist.target) if changed else playlist.target / 2
        self.playlist_at = asked + max(SOONEST, interval)

    def playlist_failed(self, why: str, now: float, *, timeout: bool = False) -> None:
        if self._playlist_errors >= PLAYLIST_RETRIES:
            raise GaveUp(f"the playlist failed {PLAYLIST_RETRIES + 1} times in a row: {why}")
        self.playlist_at = now + (0.0 if timeout else 2.0**self._playlist_errors)
        self._playlist_errors += 1

    def next(self, now: float) -> Segment | None:
        """The segment to ask for now."""
        if self._played_to is None or now < self.segment_at:
            return None
        for segment in self._segments:
            if segment.number not in self._done and segment.start + segment.seconds - TOLERANCE > self._played_to:
                return segment
        return None

    def loaded(self, segment: Segment, clock: float | None) -> None:
        """A segment has come that begins when the stream's clock shows so many seconds, if it has any."""
        self._segment_errors = 0
        self._done.add(segment.number)
        start = segment.start
        if clock is not None:
            began = self._clocks.setdefault(segment.part, clock - start)
            off = clock - began - start
            start += off - round(off / CLOCK_STARTS_OVER) * CLOCK_STARTS_OVER
        if start + segment.seconds <= 0:
            back = segment.start - start
            raise GaveUp(
                f"{segment.address}: the stream's clock went back by {back:.0f} s without a discontinuity, to before it was played"
            )
        for one in self._segments:
            one.start += start - segment.start if one is not segment else 0.0
        segment.start = start
        self._played_to = start + segment.seconds

    def failed(self, segment: Segment, why: str, now: float, *, status: int = 0, timeout: bool = False) -> None:
        """A segment didn't come. Nobody listening is status 0; 4xx and 0 won't get better."""
        retries = SEGMENT_TIMEOUT_RETRIES if timeout else SEGMENT_RETRIES
        errors, self._segment_errors = self._segment_errors, self._segment_errors + 1
        hopeless = errors >= retries or not (timeout or (status and not 400 <= status < 500))
        if hopeless and segment.number < self._segments[-1].number:
            self._segment_errors = 0
            self._done.add(segment.number)
        elif errors < retries:
            self.segment_at = now + (0.0 if timeout else min(2.0**errors, LONGEST_DELAY))
        else:
            raise GaveUp(f"the newest segment failed {errors + 1} times: {why}")


def segments(text: str, playlist: hls.Playlist) -> list[Segment]:
    """What a playlist names."""
    part = 0
    found: list[Segment] = []
    for line in map(str.strip, text.splitlines()):
        if line.startswith("#EXT-X-DISCONTINUITY-SEQUENCE:"):
            number = line.partition(":")[2]
            part += int(number) if number.isdecimal() else 0
        elif line == "#EXT-X-DISCONTINUITY":
            part += 1
        elif line and not line.startswith("#"):
            at = len(found)
            seconds = playlist.seconds[at] if at < len(playlist.seconds) else playlist.target
            found.append(Segment(playlist.sequence + at, playlist.segments[at], seconds, part))
    return found


def _merge(old: Sequence[Segment], new: Sequence[Segment], target: float) -> None:
    """Lay a new playlist on the timeline of the one before."""
    before = {segment.number: segment for segment in old}
    for at, segment in enumerate(new):
        if not (same := before.get(segment.number)):
            continue
        if same.part > segment.part:
            _later(new[at:], same.part - segment.part)
        if hls.without_query(same.address) != hls.without_query(segment.address):
            raise GaveUp(f"the segment with number {segment.number} was {same.address}, and is {segment.address} now")
        if same.part != segment.part:
            raise GaveUp(
                f"before the segment with number {segment.number}, there were {same.part} discontinuities, and are {segment.part} now"
            )
    shared = next((at for at, segment in enumerate(new) if segment.number in before), None)
    ahead = new[0].number - old[0].number
    if shared is not None:
        _chain(new, shared, before[new[shared].number].start)
    elif ahead < 0:
        _chain(new, 0, old[0].start)
    else:
        if new[0].part < old[-1].part:
            _later(new, old[-1].part - new[0].part)
        follows = new[0].number == old[-1].number + 1
        _chain(new, 0, old[-1].start + old[-1].seconds if follows else old[0].start + ahead * target)


def _later(new: Sequence[Segment], parts: int) -> None:
    for segment in new:
        segment.part += parts


def _chain(new: Sequence[Segment], at: int, start: float) -> None:
    """One segment starts there, and all others before and after it."""
    new[at].start = start
    for earlier in range(at - 1, -1, -1):
        new[earlier].start = new[earlier + 1].start - new[earlier].seconds
    for later in range(at + 1, len(new)):
        new[later].start = new[later - 1].start + new[later - 1].seconds
