# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of releases of SRS, told by the tag of an image."""

from __future__ import annotations

import re

# v6.0-d5, 6.0.48, v5.0.216, 6
_TAG = re.compile(r"v?(?P<major>\d+)(?:\.0)?(?:(?:\.(?P<revision>\d+))|(?:-(?P<stage>[a-z]+)(?P<number>\d+)))?(?:[.-].*)?", re.ASCII)

# Releases that end at once when they are told to quit gracefully (https://github.com/ossrs/srs/issues/3805), or can't be told: all
# of 5.0 as far as is known, those of 6.0 before 6.0.132, and those before 3.0.120 and 4.0.5 brought the graceful quit.
_FIRST_GRACEFUL = {3: 120, 4: 5, 5: 217, 6: 132}
# The tags of 6.0's development that are older than that one.
_HASTY_STAGES = {6: {("d", str(number)) for number in range(6)}}


def quits_at_once(image: str, version: int) -> bool:
    """Whether this image of SRS is known not to wait for its players when it is told to quit. Of an unknown tag the version tells."""
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    match = _TAG.fullmatch(tag)
    if not match or int(match["major"]) != version:
        return version == 5
    if match["revision"]:
        return int(match["revision"]) < _FIRST_GRACEFUL.get(version, 0)
    return version == 5 or (match["stage"], match["number"]) in _HASTY_STAGES.get(version, ())
