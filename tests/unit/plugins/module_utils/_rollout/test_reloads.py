# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers have yet to reload, and what they say of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._labels import RELOAD
from ansible_collections.livestream.srs.plugins.module_utils._rollout import reloads
from ansible_collections.livestream.srs.plugins.module_utils._rollout.rollouts import CANARY, TRACK

NOW = "2026-01-01T12:00:00Z"
CLUSTER = {
    "name": "edge",
    "app": "srs-edge",
    "config_map": "srs-edge-config",
    "key": "srs-aaa.conf",
    "checksum": "0123456789abcdef",
    "api_port": 1985,
}


def pod(note: str | None = None, key: str = "srs-aaa.conf", created: str = "2026-01-01T11:59:59Z", **more: Any) -> dict[str, Any]:
    metadata = {"name": "edge-0", "labels": {"app": "srs-edge"}, "creationTimestamp": created, **more.pop("metadata", {})}
    if note:
        metadata["annotations"] = {RELOAD: note}
    volume = {"name": "config-volume", "configMap": {"name": "srs-edge-config", "items": [{"key": key, "path": "srs.conf"}]}}
    return {"metadata": metadata, "spec": {"volumes": [volume]}, "status": {"phase": "Running", **more}}


def due(*pods: dict[str, Any], changed: bool = False) -> list[str | None]:
    """The ids after which a reload is awaited."""
    return [server.before for server in reloads.due(pods, [CLUSTER], {"srs-edge-config": NOW} if changed else {})]


def test_a_changed_config_is_due_on_running_servers() -> None:
    assert due(pod(), changed=True) == [None]
    assert due(pod("0123456789ab taken"), changed=True) == [None], "it was another text of the same key"
    assert due(pod()) == []


@pytest.mark.parametrize(
    "other",
    [
        pod(key="srs-bbb.conf"),
        pod(created=NOW),
        pod(phase="Pending"),
        pod(metadata={"deletionTimestamp": NOW}),
        pod(metadata={"labels": {"app": "srs-edge", TRACK: CANARY}}),
        pod(metadata={"labels": {"app": "srs-edge-b"}}),
        {"metadata": {"name": "bare", "creationTimestamp": ""}, "spec": {}, "status": {"phase": "Running"}},
    ],
    ids=["another revision", "newer", "starting", "going", "canary", "another cluster", "no labels"],
)
def test_others_are_not(other: dict[str, Any]) -> None:
    assert due(other, changed=True) == []


def test_a_run_that_was_cut_short_is_taken_up() -> None:
    (server,) = reloads.due([pod()], [CLUSTER], {"srs-edge-config": NOW})
    server.before = "r1"
    for note in (reloads.awaiting(server, 0), reloads.awaiting(server, 3)):
        assert due(pod(note)) == ["r1"]
        assert due(pod(note), changed=True) == [None], "changed once more: what was awaited may have come by now"
    assert due(pod(reloads.taken(server))) == []
    assert due(pod("ffffffffffff after r1")) == [], "the config was changed back, and that again is due by itself"
    assert reloads.awaiting(server, 1) != reloads.awaiting(server, 2)


@pytest.mark.parametrize(
    ("last", "before", "expected"),
    [
        ({"rid": "", "state": 0, "err": 0}, "never", (False, None)),
        ({"rid": "a", "state": 90, "err": 0}, "a", (False, None)),
        ({"rid": "b", "state": 90, "err": 0}, "a", (True, None)),
        ({"rid": "b", "state": 90, "err": 0}, "never", (True, None)),
        ({"rid": "b", "state": 30, "err": 0}, "a", (False, None)),
        ({"rid": "", "state": 0, "err": 0}, "a", (True, None)),
    ],
    ids=["never", "the old one", "a new one", "the first", "still at it", "restarted"],
)
def test_the_outcome(last: dict[str, Any], before: str, expected: Any) -> None:
    assert reloads.outcome(last, before) == expected


def test_a_refused_config_is_an_outcome_too() -> None:
    over, wrong = reloads.outcome({"rid": "b", "state": 20, "err": 1023, "msg": "illegal bogus"}, "a")
    assert over and "illegal bogus" in str(wrong)
