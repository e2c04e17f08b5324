# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds: an annotation that tells the apply engine to leave an object alone for now, and why.

A roll-back, a pause and a canary set one, so that the next ``playbooks/site.yml`` does not undo them. Anyone can set one with ``kubectl
annotate``.
"""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import ObjectView
from ansible_collections.livestream.srs.plugins.module_utils._labels import HOLD


def hold(item: ObjectView) -> str | None:
    """Why an object is held; None when it is not."""
    annotations = item["metadata"].get("annotations") or {}
    return annotations[HOLD] or "no reason given" if HOLD in annotations else None
