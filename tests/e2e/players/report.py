# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real player made of a stream, from where its playback was at each look. Pure: the clock is told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

STALL = 0.5
"""Seconds without progress from which on it counts as a stall."""

JUMP = 1.0
"""Seconds that playback may be ahead of the clock between two looks without having jumped."""

STANDS_STILL = 3.0
"""Seconds without progress at the end from which on a player is no longer playing."""


@dataclass(frozen=True)
class Report:
    """Times are in seconds after the player began."""

    player: str
    url: str
    first_picture: float | None
    longest_stall: float
    """The longest time without progress of playback, once there was a picture."""
    stall_at: float | None
    """When that began."""
    stalls: int
    """How many were longer than half a second."""
    all_stalls: tuple[tuple[float, float], ...]
    """Each of them: how long, and when it began."""
    played: float
    """How much was played."""
    fatal: str
    """The error that the player itself gave up for, or empty."""
    fatal_at: float | None
    errors: int
    """Errors that it got over, as far as it tells."""
    playing: bool
    """Whether it was still playing in the end."""
    ended: float

    @property
    def is_hls(self) -> bool:
        """Else it is HTTP-FLV."""
        return ".m3u8" in self.url

    @property
    def lost(self) -> bool:
        """Whether somebody in front of it would have to load the page again: what is still in its buffer doesn't count."""
        return bool(self.fatal) or not self.playing

    def longest_after(self, at: float) -> float:
        """The longest stall that lasted beyond this moment."""
        return max((seconds for seconds, since in self.all_stalls if since + seconds > at), default=0.0)

    def as_dict(self) -> dict[str, Any]:
        told = {key: round(value, 2) if isinstance(value, float) else value for key, value in asdict(self).items()}
        return {**told, "all_stalls": [f"{seconds:.1f} s at {at:.1f}" for seconds, at in self.all_stalls]}


class Progress:
    """Takes note of where playback is."""

    def __init__(self) -> None:
        self.first_picture: float | None = None
        self.fatal = ""
        self.fatal_at: float | None = None
        self.errors = 0
        self._gaps: list[tuple[float, float]] = []
        """How long each step of progress took, and since when."""
        self._played = 0.0
        self._position: float | None = None
        self._looked: float | None = None
        self._moved = 0.0

    def picture(self, now: float) -> None:
        """There is a picture."""
        if self.first_picture is None:
            self.first_picture = self._moved = now

    def at(self, position: float, now: float) -> None:
        """Playback is there. A jump, back or forward, is progress, but nothing that was played."""
        if self._position is None:
            self._position, self._looked = position, now
            return
        step, since = position - self._position, now - (self._looked or 0.0)
        if step:
            self.picture(now)
            self._gaps.append((now - self._moved, self._moved))
            self._moved = now
            self._played += step if 0 < step < since + JUMP else 0.0
        self._position, self._looked = position, now

    def give_up(self, error: str, now: float) -> None:
        """The player says that it can't go on; only the first such error counts."""
        if not self.fatal:
            self.fatal, self.fatal_at = error, now

    def report(self, player: str, url: str, now: float, *, running: bool = True) -> Report:
        """What there is to say now. A player that isn't `running` has ended."""
        seen = self.first_picture is not None
        gaps = [*self._gaps, (now - self._moved, self._moved)] if seen else []
        longest, longest_at = max(gaps, default=(0.0, None))
        return Report(
            player=player,
            url=url,
            first_picture=self.first_picture,
            longest_stall=longest,
            stall_at=longest_at,
            stalls=sum(seconds > STALL for seconds, _at in gaps),
            all_stalls=tuple(gap for gap in gaps if gap[0] > STALL),
            played=self._played,
            fatal=self.fatal,
            fatal_at=self.fatal_at,
            errors=self.errors,
            playing=seen and running and now - self._moved < STANDS_STILL,
            ended=now,
        )
