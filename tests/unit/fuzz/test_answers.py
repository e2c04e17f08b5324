# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What servers of SRS answer."""

from __future__ import annotations

import pytest

from ansible_collections.livestream.srs.tests.support import fuzzing


@pytest.mark.parametrize("reader", ["http", "http_api", "answers"])
def test_nothing_but_its_own_error_comes_of_made_up_input(reader: str) -> None:
    fuzzing.fuzz(reader)
