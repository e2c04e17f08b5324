# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules of CronJobs, as the parser of Kubernetes reads them: https://pkg.go.dev/github.com/robfig/cron/v3#hdr-CRON_Expression_Format"""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# The lowest and the highest number of each field, and the names that count from the lowest one.
_FIELDS: tuple[tuple[int, int, list[str]], ...] = ((0, 59, []), (0, 23, []), (1, 31, []), (1, 12, _MONTHS), (0, 6, _DAYS))
_WORDS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_EVERY = re.compile(r"@every (0|((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h))+)", re.ASCII)


def is_schedule(text: str) -> bool:
    """Whether a CronJob can have it."""
    if text.startswith("@"):
        return text in _WORDS or bool(_EVERY.fullmatch(text))
    fields = text.split()
    return len(fields) == len(_FIELDS) and all(_fits(one, *known) for one, known in zip(fields, _FIELDS, strict=True))


def _fits(field: str, low: int, high: int, names: list[str]) -> bool:
    """A list of ``*``, ``3``, ``3-5``, each with a step (``/2``) or without."""
    words = {name: str(low + index) for index, name in enumerate(names)}
    for part in filter(None, field.split(",")):
        range_, slash, step = part.partition("/")
        first, dash, last = range_.partition("-")
        ends = [] if first in ("*", "?") and not dash else [words.get(end.lower(), end) for end in ([first, last] if dash else [first])]
        if not all(re.fullmatch(r"\+?[0-9]+", end) for end in [*ends, *([step] if slash else [])]):
            return False
        numbers = [int(end) for end in ends]
        if (slash and int(step) == 0) or numbers != sorted(numbers) or not all(low <= number <= high for number in numbers):
            return False
    return True


def is_time_zone(name: str) -> bool:
    """Whether there is such a time zone. Where this machine knows of none, any name will do."""
    return name != "Local" and (_known(name) or not _known("Asia/Shanghai"))


def _known(name: str) -> bool:
    try:
        return bool(name) and ZoneInfo(name) is not None
    except (LookupError, ValueError, OSError):
        return False
