# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Release advisories of the user's own, beside the collection's or in their stead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.plugin_utils._advisories import OURS, advisories
from ansible_collections.livestream.srs.tests.support.wanted import refusal, wanted

OWN: dict[str, Any] = {
    "id": "own-fault",
    "roles": ["edge"],
    "effect": "players see nothing",
    "severity": "high",
    "bad": [{"from": "6.0.191", "to": "6.0.191", "good": "6.0.192"}],
    "preflight": "refuse",
}
TEXT = """
- id: own-fault
  roles: [edge]
  effect: players see nothing
  severity: high
  bad: [{from: 6.0.191, to: 6.0.191}]
  preflight: refuse
"""


def test_own_ones_are_added_and_replace() -> None:
    usual = advisories("", [], "srs_advisories")
    again = advisories("", [OWN, {**OWN, "id": "edge-late-join"}], "srs_advisories")
    assert len(again.table) == len(again.entries) == len(usual.table) + 1
    assert advisories(str(OURS), [], "srs_advisories").table == usual.table
    assert next(one for one in again.table if one.id == "edge-late-join").effect == "players see nothing"
    assert "which players see nothing (own-fault): take SRS 6.0.192" in refusal(srs_image="x/srs:6.0.191", srs_advisories=[OWN])


def test_a_file_replaces_all(tmp_path: Path) -> None:
    file = tmp_path / "advisories.yml"
    file.write_text(TEXT)
    assert [one.id for one in advisories(str(file), [], "srs_advisories").table] == ["own-fault"]
    assert "take another release (docs/releases.md)" in refusal(srs_image="x/srs:6.0.191", srs_advisories_file=str(file))
    assert wanted(srs_image="x/srs:6.0.183", srs_advisories_file=str(file)).check() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "which can't be read: No such file or directory."),
        ("- id: [", "which is not YAML: "),
        (TEXT.replace("severity: high", "severity: hihg"), "[0] (own-fault).severity is 'hihg' (did you mean high?)"),
        (TEXT.replace("to: 6.0.191", "to: 6.0.19"), "[0] (own-fault).bad[0].to is 6.0.19, but must be later than its from"),
    ],
)
def test_a_file_with_a_mistake(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "advisories.yml"
    if text is not None:
        file.write_text(text)
    told = refusal(srs_advisories_file=str(file))
    assert f"srs_advisories_file is {file}" in told or f"{file}[0]" in told
    assert said in told


def test_a_mistake_in_the_variable() -> None:
    with pytest.raises(SrsError, match=r"^srs_advisories\[0\] \(own-fault\) has no effect: give it one\.$"):
        advisories("", [{key: value for key, value in OWN.items() if key != "effect"}], "srs_advisories")
