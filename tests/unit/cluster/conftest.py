# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the package of the local cluster tool importable: the tool runs without being installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cluster"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, and no settings of the user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in ("KUBECONFIG", "KUBEBUILDER_ASSETS", "SRS_IMAGE_ARCHIVE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "livestream.srs"
