# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that say that they are to be left alone."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.holds import hold
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.policy import Policy


@pytest.mark.parametrize(
    ("annotations", "reason"),
    [
        (None, None),
        ({}, None),
        ({"another": "x"}, None),
        ({"livestream.srs/hold": "paused by alice"}, "paused by alice"),
        ({"livestream.srs/hold": ""}, "no reason given"),
    ],
)
def test_why_an_object_is_held(annotations: dict[str, str] | None, reason: str | None) -> None:
    assert hold({"metadata": {"annotations": annotations}}) == reason


def test_by_default_the_engine_knows_of_no_holds_and_changes_nothing() -> None:
    live: dict[str, Any] = {"kind": "Thing", "metadata": {"annotations": {"livestream.srs/hold": "x"}}}
    manifest = {**live, "spec": {}}
    policy = Policy()
    assert (policy.hold(live), policy.cause(live, manifest)) == (None, None)
    assert policy.carried_over(live, manifest) is manifest
    assert policy.shown(live, manifest) == (live, manifest)
