# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities as numbers."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.quantities import number


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
        ("1.G", None),
        ("-1", None),
        ("", None),
        ("1e3", None),
        (True, None),
        (None, None),
    ],
)
def test_quantities(quantity: Any, expected: float | None) -> None:
    assert number(quantity) == expected
