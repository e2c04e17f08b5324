# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things are."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LOCAL = ROOT / "inventories" / "local"
CLUSTER_TOOL = ROOT / "tests" / "cluster"
TUTORIAL = ROOT / "tests" / "e2e" / "fixtures" / "tutorial.yaml"
REDIS = ROOT / "tests" / "e2e" / "fixtures" / "redis.yaml"
WORK = ROOT / "build" / "e2e"
CLUSTER = "e2e"
"""The name of the cluster that these tests make."""
