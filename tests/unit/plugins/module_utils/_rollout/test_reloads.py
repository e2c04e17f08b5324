# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers are known to have taken their srs.conf, and what the others say of their reloads."""

from __future__ import annotations

import copy
from hashlib import sha256
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._labels import CANARY, CONFIG_CHANGES, CONFIG_KEYS, HOLD, RELOAD, TRACK
from ansible_collections.livestream.srs.plugins.module_utils._rollout import reloads, revisions

KEY = "srs-aaa.conf"
CREATED, CHANGED, LATER = "2026-01-01T10:00:00Z", "2026-01-01T12:00:00Z", "2026-01-01T12:00:31Z"
NOW = "2026-01-01T12:00:00Z"
DONE, OLD, NEW = ({"rid": rid, "state": 90, "err": 0} for rid in ("done", "r1", "r2"))
WRONG = {"rid": "r2", "state": 10, "err": 1023, "msg": "line 8: unexpected end of file"}
STARTED = {"rid": "r9", "state": 0, "err": 0, "msg": "Success"}


def checksum(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def wanted(text: str, key: str = KEY) -> dict[str, Any]:
    """The ConfigMap as it is built."""
    metadata = {"name": "srs-edge-config", "annotations": {CONFIG_KEYS: key}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"srs.conf": text, key: text}}


def applied(*given: Any) -> dict[str, Any]:
    """The ConfigMap after these texts, or (text, key), were applied one after the other."""
    live: dict[str, Any] | None = None
    for item in given:
        manifest = wanted(*((item,) if isinstance(item, str) else item))
        live = reloads.counted(live, revisions.carried_over(live, manifest))
    assert live is not None
    live = copy.deepcopy(live)
    fields: dict[str, Any] = {"f:data": {f"f:{key}": {} for key in live["data"]}}
    live["metadata"]["creationTimestamp"] = CREATED
    live["metadata"]["managedFields"] = [
        {"time": CHANGED, "fieldsV1": fields},
        {"time": "2026-01-09T00:00:00Z", "fieldsV1": {"f:metadata": {"f:annotations": {}}}},
    ]
    return live


A, B, A_AGAIN = applied("a"), applied("a", "b"), applied("a", "b", "a")


def cluster(text: str = "b") -> dict[str, Any]:
    return {"name": "edge", "app": "srs-edge", "config_map": "srs-edge-config", "key": KEY, "checksum": checksum(text), "api_port": 1985}


def pod(note: str | None = None, key: str = KEY, created: str = "2026-01-01T11:00:00Z", **more: Any) -> dict[str, Any]:
    metadata = {"name": "edge-0", "labels": {"app": "srs-edge"}, "creationTimestamp": created, **more.pop("metadata", {})}
    if note:
        metadata["annotations"] = {RELOAD: note}
    volume = {"name": "config-volume", "configMap": {"name": "srs-edge-config", "items": [{"key": key, "path": "srs.conf"}]}}
    return {"metadata": metadata, "spec": {"volumes": [{"name": "x"}, volume]}, "status": {"phase": "Running", **more}}


def due(item: dict[str, Any], config_map: dict[str, Any]) -> reloads.Due | None:
    found = reloads.due([item], [cluster()], {"srs-edge-config": config_map})
    assert len(found) < 2
    return found[0] if found else None


def server(item: dict[str, Any], config_map: dict[str, Any]) -> reloads.Due:
    found = due(item, config_map)
    assert found is not None
    return found


def taken_by(config_map: dict[str, Any]) -> str:
    """The note on a pod whose server has taken what is there."""
    file = reloads.file_of(config_map, KEY)
    assert file is not None
    return reloads.noted_taken(reloads.Due("edge", pod(), file))


# Who is known to have taken it


def test_changes_are_counted_for_each_key() -> None:
    def counts(config_map: dict[str, Any]) -> str | None:
        count: str | None = config_map["metadata"]["annotations"].get(CONFIG_CHANGES)
        return count

    assert counts(A) is None
    assert counts(B) == f"{KEY}=1" and counts(A_AGAIN) == f"{KEY}=2"
    assert counts(applied("a", "b", "b")) == f"{KEY}=1", "nothing has changed"
    assert counts(applied("a", "b", ("c", "srs-ccc.conf"))) == f"{KEY}=1", "a key of its own"
    assert counts(applied("a", ("c", "srs-ccc.conf"), "b", ("d", "srs-ccc.conf"))) == f"{KEY}=1,srs-ccc.conf=1"
    secret = {**wanted("a"), "kind": "Secret"}
    assert reloads.counted(A, secret) is secret
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"srs.conf": "b"}}
    assert reloads.counted(A, other) is other


def test_a_text_that_has_never_changed_is_what_servers_started_with() -> None:
    assert due(pod(), A) is None
    assert due(pod(created="2026-01-01T09:59:59Z"), A), "the ConfigMap was made anew, and may have held something else before"


def test_a_change_is_due_on_servers_that_were_there() -> None:
    assert due(pod(), B)
    assert due(pod(created="2026-01-01T12:00:30Z"), B), "its kubelet may have been late"
    assert due(pod(created=LATER), B) is None, "it has started with that"
    without_times = copy.deepcopy(B)
    del without_times["metadata"]["managedFields"][0]["time"]
    assert due(pod(created=LATER), without_times)


def test_a_note_holds_for_the_very_change() -> None:
    assert due(pod(taken_by(B)), B) is None
    assert due(pod(taken_by(A)), B)
    assert due(pod(taken_by(A)), A_AGAIN), "between them there was another text, which may be the one that it runs"
    by_hand = copy.deepcopy(B)
    by_hand["data"][KEY] = "edited"
    assert due(pod(taken_by(B)), by_hand)


@pytest.mark.parametrize(
    "note", ["x", f"{checksum('b')[:12]} taken", f"{checksum('b')[:12]} after 1 r1 often", f"{checksum('b')[:12]} taken 1 2"]
)
def test_a_note_that_can_not_be_read_is_none(note: str) -> None:
    found = server(pod(note), B)
    assert (found.before, found.nudges) == (None, 0)


@pytest.mark.parametrize(
    "other",
    [
        pod(key="srs-bbb.conf"),
        pod(phase="Pending"),
        pod(metadata={"deletionTimestamp": NOW}),
        pod(metadata={"labels": {"app": "srs-edge", TRACK: CANARY}}),
        pod(metadata={"labels": {"app": "srs-edge-b"}}),
        {"metadata": {"name": "bare", "creationTimestamp": ""}, "spec": {}, "status": {"phase": "Running"}},
    ],
    ids=["another revision", "starting", "going", "canary", "another cluster", "no labels"],
)
def test_others_are_not_asked(other: dict[str, Any]) -> None:
    assert due(other, B) is None


def test_without_its_config_map_nothing_is_known_to_be_due() -> None:
    assert reloads.due([pod()], [cluster()], {}) == []
    assert due(pod(), {"metadata": {"name": "srs-edge-config"}}) is None


def test_a_held_cluster_goes_by_what_its_config_map_holds() -> None:
    held = applied("a", "b", ("c", "srs-ccc.conf"))
    held["metadata"]["annotations"].update({HOLD: "rolled back", CONFIG_KEYS: f"{KEY},srs-ccc.conf"})
    assert due(pod(taken_by(B)), held) is None
    assert due(pod(), held)
    assert due(pod(key="srs-ccc.conf"), held) is None


def test_a_config_map_whose_changes_nobody_counts_proves_nothing_by_itself() -> None:
    plain = copy.deepcopy(A)
    del plain["metadata"]["annotations"]
    assert due(pod(), plain)
    assert due(pod(created=LATER), plain) is None
    assert due(pod(taken_by(plain)), plain) is None


def test_check_mode_knows_who_will_have_to_reload() -> None:
    def will(text: str, config_map: dict[str, Any], key: str = KEY) -> bool:
        return bool(reloads.expected([pod(key=key)], [cluster(text)], {"srs-edge-config": config_map}))

    assert will("b", A) and not will("a", A)
    assert not will("b", A, key="srs-bbb.conf"), "it is replaced"
    held = copy.deepcopy(A)
    held["metadata"]["annotations"][HOLD] = "rolled back"
    assert not will("b", held)


def test_the_status_says_the_same_of_each_pod() -> None:
    config_maps = {"srs-edge-config": B}
    assert reloads.taken(pod(), config_maps) is False
    assert reloads.taken(pod(taken_by(B)), config_maps) is True
    assert reloads.taken(pod(), {}) is None
    assert reloads.taken(pod(key="srs.conf"), config_maps) is None, "not a key of a revision"
    assert reloads.taken({"metadata": {"name": "x"}, "spec": {}}, config_maps) is None


# What the others say


@pytest.mark.parametrize(
    ("note", "config_map", "expected"),
    [
        (None, B, "r1"),
        (taken_by(A), B, "r1"),
        (f"{checksum('b')[:12]} after 1 r0 3", A_AGAIN, "r1"),
        (None, A_AGAIN, None),
        (taken_by(A), A_AGAIN, None),
        (f"{checksum('b')[:12]} after 1 r1 3", A_AGAIN, None),
        (f"{checksum('b')[:12]} due 1 3", A_AGAIN, None),
    ],
    ids=["started with the text before", "had it", "refused it", "two changes", "two since the note", "not reloaded yet", "nobody knows"],
)
def test_the_next_reload_counts_if_nothing_else_is_awaited(note: str | None, config_map: dict[str, Any], expected: str | None) -> None:
    found = server(pod(note), config_map)
    assert reloads.hear(found, OLD) == (False, None)
    assert found.before == expected
    assert reloads.hear(found, NEW) == (expected is not None, None)


def test_a_run_that_was_cut_short_is_taken_up() -> None:
    first = server(pod(), B)
    reloads.hear(first, OLD)
    first.nudges = 3
    second = server(pod(reloads.awaiting(first)), B)
    assert (second.before, second.nudges) == ("r1", 3)
    assert reloads.hear(second, NEW) == (True, None)

    first = server(pod(), A_AGAIN)
    first.nudges = 4
    second = server(pod(reloads.awaiting(first)), A_AGAIN)
    assert (second.before, second.nudges) == (None, 4)
    assert server(pod(reloads.awaiting(first)), applied("a", "b", "a", "b")).nudges == 0, "that was another change"


def test_once_the_file_must_be_there_any_further_reload_counts() -> None:
    found = server(pod(), A_AGAIN)
    reloads.hear(found, OLD)
    found.nudges = reloads.NUDGES
    assert reloads.hear(found, NEW) == (False, None) and found.before == "r2"
    assert reloads.hear(found, DONE) == (True, None)


@pytest.mark.parametrize(
    ("last", "expected"),
    [(OLD, (False, None)), (NEW, (True, None)), ({"rid": "r2", "state": 30, "err": 0}, (False, None)), (STARTED, (False, None))],
    ids=["the old one", "a new one", "still at it", "just beginning"],
)
def test_the_outcome(last: dict[str, Any], expected: Any) -> None:
    found = server(pod(), B)
    found.before = "r1"
    assert reloads.hear(found, last) == expected and found.before == "r1"


def test_a_server_that_was_restarted_may_have_read_the_file_of_before() -> None:
    found = server(pod(), B)
    found.before, found.asked = "r1", True
    for _look in range(2):
        assert reloads.hear(found, STARTED) == (False, None)
    assert (found.before, found.asked) == ("r9", False)
    assert reloads.hear(found, NEW) == (True, None)


def test_a_refused_config_is_an_outcome_too() -> None:
    found = server(pod(), B)
    found.before = "r1"
    over, wrong = reloads.hear(found, WRONG)
    assert over and wrong is not None
    assert "line 8: unexpected end of file" in wrong and f"key {KEY} of ConfigMap srs-edge-config" in wrong


@pytest.mark.parametrize(("rid", "expected"), [("", "never"), (None, "never"), (" a b\n", "ab"), ("x" * 99, "x" * 64), (7, "7")])
def test_an_id_is_one_word_whatever_it_is(rid: Any, expected: str) -> None:
    assert reloads.identity({"rid": rid}) == expected
