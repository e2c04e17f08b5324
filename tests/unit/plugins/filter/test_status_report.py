# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter status_report."""

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.livestream.srs.plugins.filter.status_report import FilterModule
from ansible_collections.livestream.srs.tests.support.made_up import topology

status_report = FilterModule().filters()["status_report"]


def test_the_ending_says_what_is_made() -> None:
    statuses = {"one": topology(1), "lost": {"unreachable": True}}
    assert status_report(statuses, "/tmp/status.html").startswith("<!doctype html>")
    assert [host["host"] for host in json.loads(status_report(statuses, "status.json"))["hosts"]] == ["one"]


def test_other_endings_are_refused() -> None:
    with pytest.raises(AnsibleFilterError, match=r"neither \.html nor \.json"):
        status_report({"one": topology(1)}, "status.pdf")


def test_nothing_to_report() -> None:
    with pytest.raises(AnsibleFilterError, match="no host has a status"):
        status_report({"lost": {"failed": True}}, "status.html")
