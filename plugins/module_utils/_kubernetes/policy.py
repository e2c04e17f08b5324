# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the caller of the apply engine knows about objects and the engine itself does not; by default nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, ObjectView


@dataclass(frozen=True)
class Verdict:
    """What to make of a change of an object."""

    refusal: str = ""  # why it must not be made, and the way out
    replaces: bool = False  # it can only be made by deleting the object and making it anew
    notes: tuple[str, ...] = ()  # what to warn of


class Policy:
    """Handed to the apply engine. Each method is a pure function of the objects that it is given."""

    def carried_over(self, live: ObjectView | None, manifest: Object) -> Object:
        """The manifest to apply, with what must be kept of the live object (None where there is none)."""
        return manifest

    def cause(self, live: ObjectView | None, after: ObjectView) -> str | None:
        """Why ``live`` (None for a new object) becomes ``after``, for its annotation ``kubernetes.io/change-cause``; None for no note."""
        return None

    def verdict(self, live: ObjectView, after: ObjectView) -> Verdict:
        """What to make of a change of ``live`` to ``after``."""
        return Verdict()

    def staying(self, live: ObjectView, kept: Sequence[ObjectView]) -> str | None:
        """Why a live object must not be removed while the ``kept`` ones stay, and the way out; None where it may go."""
        return None

    def hold(self, live: ObjectView) -> str | None:
        """Why a live object must be left alone; None where it may be changed."""
        return None

    def held_together(self, item: ObjectView) -> str | None:
        """What an object or manifest is a part of that is held as a whole, as messages call it; None where it stands alone."""
        return None

    def shown(self, before: Object | None, after: Object | None) -> tuple[Object | None, Object | None]:
        """Before and after of a change (None where there is no object) as a diff may show them."""
        return before, after
