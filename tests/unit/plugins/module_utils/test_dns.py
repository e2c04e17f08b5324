# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names as DNS has them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._dns import is_label, is_subdomain

LABELS = ["a", "srs-edge", "1", "0x1f", "a" * 63]
NO_LABELS = ["", "A", "-a", "a-", "a_b", "a b", "a\n", "é", "١", 7, None, True]


@pytest.mark.parametrize("value", LABELS)
def test_a_label_is_a_subdomain_as_well(value: str) -> None:
    assert is_label(value) and is_subdomain(value)


@pytest.mark.parametrize("value", NO_LABELS)
def test_what_is_neither(value: Any) -> None:
    assert not is_label(value) and not is_subdomain(value)


def test_how_long_names_may_be() -> None:
    assert not is_label("a" * 64) and is_subdomain("a" * 64)
    assert is_label("a" * 36, 36) and not is_label("a" * 37, 36)
    assert is_subdomain("a" * 253) and not is_subdomain("a" * 254)


@pytest.mark.parametrize(
    ("value", "good"), [("a.b", True), ("a.1-b.c", True), ("a..b", False), (".a", False), ("a.", False), ("a.-b", False)]
)
def test_dots(value: str, good: bool) -> None:
    assert is_subdomain(value) == good
    assert not is_label(value)
