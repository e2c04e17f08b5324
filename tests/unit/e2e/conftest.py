# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the end-to-end test's packages importable: it runs without being installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "cluster")]


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], bytes]:
    """What an SRS 6 sent to a player within 2 s: `srs-6.rtmp` (after the handshake), `.http` (HTTP-FLV), `.ts`, `.m3u8`."""
    return lambda name: (Path(__file__).parents[1] / "fixtures" / "media" / name).read_bytes()
