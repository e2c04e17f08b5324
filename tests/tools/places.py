# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the make targets keep things."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
VENV_LINK = ROOT / ".venv"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "livestream.srs"
"""Shared by all checkouts: environments, programs, clusters."""
TEST_CLUSTER = f"test-{hashlib.sha256(bytes(ROOT)).hexdigest()[:6]}"
"""Of this checkout alone, so that two can be tested at the same time."""
