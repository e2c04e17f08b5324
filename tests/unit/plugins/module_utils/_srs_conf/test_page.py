# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of every directive is what the tables say: whoever changes a table sees in the page what it means."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[4] / "tools"


def test_the_page_is_what_the_tables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(TOOLS)
    page = importlib.import_module("srs_conf")
    assert page.tables() in page.PAGE.read_text()
