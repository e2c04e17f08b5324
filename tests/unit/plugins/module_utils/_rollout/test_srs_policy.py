# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which configs of ConfigMaps lose their secrets in a diff."""

from __future__ import annotations

from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._labels import MANAGED_BY, OWNER
from ansible_collections.livestream.srs.plugins.module_utils._rollout.srs_policy import SrsPolicy

POLICY = SrsPolicy("", False, False, lambda text: f"({len(text)})")


def config_map(*, ours: bool, **data: str) -> Object:
    labels = {MANAGED_BY: OWNER if ours else "somebody"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": labels}, "data": data}


def shown(before: Object | None, after: Object | None) -> list[Any]:
    return [item and item["data"] for item in POLICY.shown(before, after)]


def test_a_config_under_its_own_name_is_hidden_whosever_it_is() -> None:
    by_hand = config_map(ours=False, **{"srs.conf": "abc", "nginx.conf": "abc", "note": "abc"})
    assert shown(by_hand, None) == [{"srs.conf": "(3)", "nginx.conf": "abc", "note": "abc"}, None]


def test_every_config_of_srs_is_hidden_in_what_becomes_ours() -> None:
    before = config_map(ours=False, **{"origin.conf": "abc"})
    after = config_map(ours=True, **{"srs-1.conf": "abcd", "nginx.conf": "abc"})
    assert shown(before, after) == [{"origin.conf": "(3)"}, {"srs-1.conf": "(4)", "nginx.conf": "abc"}]


def test_configs_of_other_programs_are_shown_as_they_are() -> None:
    redis = config_map(ours=False, **{"redis.conf": "maxmemory 1gb"})
    assert shown(redis, redis) == [redis["data"], redis["data"]]
