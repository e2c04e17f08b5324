# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canaries: a second Deployment beside the stable one of an edge cluster, behind the same Service.

Its servers come on top of the stable ones, so that no player is disconnected to make room for it. They have the label that the Service
selects, and one more that tells them apart.
"""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import Edge
from ansible_collections.livestream.srs.plugins.module_utils._labels import CANARY, TRACK


def canary(edge: Edge, servers: int) -> Edge:
    """An edge cluster as its canary of so many servers."""
    track = {TRACK: CANARY}
    return replace(
        edge,
        config_name=_name(edge, "config"),
        deployment_name=_name(edge, "deployment"),
        labels={**edge.labels, **track},
        selector={**edge.selector, **track},
        replicas=servers,
        autoscale={},
        canary_of=edge,
    )


def _name(edge: Edge, part: str) -> str:
    return f"{edge.app}-{CANARY}-{part}"
