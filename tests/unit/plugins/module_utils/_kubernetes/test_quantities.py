# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities as numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.quantities import exact, number


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("20Gi", 20 * 2**30),
        ("1.5G", 1.5e9),
        ("1k", 1000),
        ("1Ki", 1024),
        ("1P", 1e15),
        ("2Ei", 2 * 2**60),
        (1000, 1000),
        ("0", 0),
        ("1K", None),
        ("1ki", None),
        ("1 Gi", None),
        ("500m", 0.5),
        ("1.G", 1e9),
        (".5", 0.5),
        ("+1", 1),
        ("-1", -1),
        (" 1 ", 1),
        ("1e3", 1000),
        ("1E-3", 0.001),
        ("1E", 1e18),
        (0.25, 0.25),
        ("1e400", 2.0**63),
        ("", None),
        (".", None),
        ("1e", None),
        ("1Ki5", None),
        ("2 cores", None),
        ("1\n", None),
        ("١", None),
        ([], None),
        (True, None),
        (None, None),
    ],
)
def test_quantities(quantity: Any, expected: float | None) -> None:
    assert number(quantity) == expected


def test_they_are_exact() -> None:
    assert exact("300m") == exact(0.3) == exact("0.3") == Decimal("0.3")
