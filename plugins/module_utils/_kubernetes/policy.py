# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What whoever applies objects knows of them and the engine doesn't; by default nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object


class Policy:
    """Handed to the apply engine. Each method is a pure function of the objects that it is given."""

    def carried_over(self, live: Mapping[str, Any] | None, manifest: Object) -> Object:
        """The manifest with what the live object (None where there is none) keeps of its past."""
        return manifest

    def cause(self, live: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str | None:
        """Why ``live`` (None for a new object) becomes ``after``, to be noted on it; None where nothing is noted."""
        return None

    def hold(self, live: Mapping[str, Any]) -> str | None:
        """Why a live object must be left alone; None where it may be changed."""
        return None

    def shown(self, before: Object | None, after: Object | None) -> tuple[Object | None, Object | None]:
        """Before and after of a change as a diff may show them."""
        return before, after
