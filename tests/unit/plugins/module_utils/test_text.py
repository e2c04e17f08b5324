# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text for people."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.livestream.srs.plugins.module_utils._text import (
    printable,
    printable_data,
    printable_lines,
    table,
    whole_number,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/live/a b", "/live/a b"),
        ("Ünïcode 直播\u3000流 \U0001f600", "Ünïcode 直播\u3000流 \U0001f600"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("\x9b31m\x7f\0", "\\x9b31m\\x7f\\x00"),
        ("gnp\u202eexe", "gnp\\u202eexe"),
        ("\u2066a\u2069", "\\u2066a\\u2069"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("a\u2028b\x85", "a\\u2028b\\x85"),
        ("\ud800 \udcff", "\\ud800 \\xff"),
        ("\U000e0041", "\\U000e0041"),
        ("a\n\tb", "a\\x0a\\x09b"),
        ("\\x1b", "\\x1b"),
    ],
)
def test_what_acts_on_a_terminal_or_hides_becomes_visible(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_stay_lines() -> None:
    assert printable_lines("a:\n\t- \x1b[0mb\r\n") == "a:\n\t- \\x1b[0mb\\x0d\n"


@given(st.text(st.characters(codec=None)))
def test_what_is_printable_can_be_sent_and_stays_as_it_is(text: str) -> None:
    shown = printable(text)
    assert shown.encode().decode() == printable(shown) == shown
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_all_that_unicode_has_of_it_is_seen() -> None:
    odd = [char for char in map(chr, range(0x110000)) if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert [char for char in odd if printable(char) == char] == []


def test_all_texts_of_data_become_printable() -> None:
    data: Any = {"a\x1b": ["\u202e", ("b", 1)], "c": {"d": None, "e": 1.5, "f": True}}
    assert printable_data(data) == {"a\\x1b": ["\\u202e", ["b", 1]], "c": {"d": None, "e": 1.5, "f": True}}


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("017", 17), ("9" * 9, 999999999), ("9" * 10, None), ("²", None), ("-1", None), ("", None), (None, None)]
)
def test_whole_numbers(text: str | None, number: int | None) -> None:
    assert whole_number(text) == number


def test_a_cell_that_is_very_wide_makes_no_other_line_longer() -> None:
    assert [len(line) for line in table([("x" * 50_000, "b"), ("a", "b")], indent=0)] == [50_003, 103]


def test_cells_are_printable() -> None:
    assert table([("a\x1b[31m\nb",)]) == ["  a\\x1b[31m\\x0ab"]


def test_columns_are_aligned_and_lines_have_no_blanks_at_their_ends() -> None:
    assert table([("edge", 3, "ready"), ("cdn-a", 12, "")]) == ["  edge   3   ready", "  cdn-a  12"]


def test_rows_may_differ_in_length() -> None:
    assert table([("a",), ("bb", "c", "d"), ()], indent=0) == ["a", "bb  c  d", ""]


def test_no_rows_are_no_lines() -> None:
    assert table([]) == []
