# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds: an annotation by which an object says that it is to be left alone for now, and why.

What rolls back, pauses or begins a canary sets one, so that the next ``playbooks/site.yml`` doesn't undo it. So can anybody with
``kubectl annotate``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._labels import HOLD


def hold(item: Mapping[str, Any]) -> str | None:
    """Why an object is held; None when it is not."""
    annotations = item["metadata"].get("annotations") or {}
    return annotations[HOLD] or "no reason given" if HOLD in annotations else None
