# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text for people."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._text import table


def test_columns_are_aligned_and_lines_have_no_blanks_at_their_ends() -> None:
    assert table([("edge", 3, "ready"), ("cdn-a", 12, "")]) == ["  edge   3   ready", "  cdn-a  12"]


def test_rows_may_differ_in_length() -> None:
    assert table([("a",), ("bb", "c", "d"), ()], indent=0) == ["a", "bb  c  d", ""]


def test_no_rows_are_no_lines() -> None:
    assert table([]) == []
