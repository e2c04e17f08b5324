# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of the core API group, as text."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import ObjectView


def last_events(events: Iterable[ObjectView], count: int = 3) -> list[str]:
    """The newest ``count`` of these events, newest last, each text once."""

    def seen(event: ObjectView) -> str:
        return event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or ""

    texts = [f"{event.get('reason')}: {(event.get('message') or '').strip()}" for event in sorted(events, key=seen)]
    return list(dict.fromkeys(reversed(texts)))[:count][::-1]
