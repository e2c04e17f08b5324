# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as text."""

from __future__ import annotations

from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.events import last_events


def test_the_last_events_come_once_each_and_newest_last() -> None:
    def event(time: str, text: str) -> dict[str, Any]:
        return {"metadata": {}, "reason": "Failed", "message": text, "lastTimestamp": time}

    events = [event("3", "three"), event("1", "one"), event("2", "two"), event("0", "three"), event("4", "two")]
    assert last_events(events) == ["Failed: one", "Failed: three", "Failed: two"]
    assert last_events(events, count=1) == ["Failed: two"]
