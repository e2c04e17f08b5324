# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for many objects at once: one watch per kind and namespace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ansible_collections.livestream.srs.plugins.module_utils.kubernetes.client import Client
from ansible_collections.livestream.srs.plugins.module_utils.topology.objects import Ref


@dataclass
class NotReady:
    """An object that was not ready in time, and what is known about why."""

    ref: Ref
    reason: str  # what is missing: "2 of 3 replicas are available"
    pods: list[str] = field(default_factory=list)  # "srs-edge-...-x7k2p: ImagePullBackOff: ..."
    events: list[str] = field(default_factory=list)  # the last warnings about it and its pods

    def __str__(self) -> str:
        """One sentence for a message."""
        raise NotImplementedError


def wait_ready(
    client: Client,
    refs: Iterable[Ref],
    timeout: float,
    *,
    label_selector: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[NotReady]:
    """Wait until all are ready; what isn't after ``timeout`` seconds, or never will be, is returned ([]: all ready).

    ``label_selector`` narrows the lists and watches, where all refs carry a common label. ``progress`` is called with (ready, all) on each change.
    """
    raise NotImplementedError
