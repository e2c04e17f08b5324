# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of strangers by their types."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._checked import LONGEST, MOST, Odd, fields, flag, number, shown, text, whole

INF = float("inf")


@pytest.mark.parametrize(
    ("read", "value", "found"),
    [
        (text, "a", "a"),
        (text, "a\x1b", "a\\x1b"),
        (text, 17, "17"),
        (text, "x" * LONGEST, "x" * LONGEST),
        (text, "x" * (LONGEST + 1), "x" * LONGEST + "..."),
        (whole, 0, 0),
        (whole, 17, 17),
        (whole, 17.0, 17),
        (whole, MOST, MOST),
        (whole, -1, None),
        (number, 0.5, 0.5),
        (number, 5e-324, 5e-324),
        (number, -0.5, None),
        (flag, False, False),
    ],
)
def test_a_value_of_its_type(read: Any, value: Any, found: Any) -> None:
    assert read(value) == found
    assert type(read(value)) is type(found)


@pytest.mark.parametrize(
    ("read", "values"),
    [
        (text, [True, 1.5, [], {}, 10**30, None]),
        (whole, [True, "1", 0.5, INF, -INF, float("nan"), MOST + 1, 10**400, [], {}]),
        (number, [True, "1", INF, -INF, float("nan"), 1e300, 10**400, [], {}]),
        (flag, [0, 1, "true", [], {}]),
    ],
)
def test_a_value_of_another_type(read: Any, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(Odd):
            read(value)


def test_fields_of_a_form_and_what_was_in_their_place() -> None:
    odd: dict[str, str] = {}
    form = {"id": text, "n": whole, "kbps": {"recv": whole, "send": whole}, "video": {"width": whole}, "gone": text}
    row = {"id": "a", "n": "ten", "kbps": {"recv": 1, "send": []}, "video": None, "more": {"x": 1}}
    assert fields(row, form, odd, "clients: ") == {"id": "a", "kbps": {"recv": 1}}
    assert odd == {"clients: n": "'ten'", "clients: kbps.send": "a list"}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([1], "a list"),
        ({}, "an object"),
        (10**400, "a number of more than 64 bits"),
        ("x" * 99, "'" + "x" * 36 + "..."),
        ("\x1b\u202e", "'\\x1b\\u202e'"),
        (1.5, "1.5"),
    ],
)
def test_values_in_messages(value: Any, told: str) -> None:
    assert shown(value) == told
