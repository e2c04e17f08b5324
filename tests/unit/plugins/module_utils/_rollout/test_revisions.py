# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configs that belong to revisions."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import CONFIG_MAP_ROOM
from ansible_collections.livestream.srs.plugins.module_utils._labels import CONFIG_KEYS
from ansible_collections.livestream.srs.plugins.module_utils._rollout import revisions

LONGEST = CONFIG_MAP_ROOM // 3


def config_map(text: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "srs-edge-config", **metadata}, "data": {"srs.conf": text}}


def checksum(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def key(text: str) -> str:
    return f"srs-{checksum(text)[:12]}.conf"


def rendered(text: str) -> dict[str, Any]:
    """The ConfigMap of an edge cluster with this config, which its pods mount by a key of its own."""
    item = config_map(text, annotations={CONFIG_KEYS: key(text)})
    return {**item, "data": {**item["data"], key(text): text}}


def applied(*texts: str) -> dict[str, Any]:
    """The ConfigMap after these configs were applied one after the other."""
    live: dict[str, Any] | None = None
    for text in texts:
        live = revisions.carried_over(live, rendered(text))
    assert live is not None
    return live


def test_earlier_configs_are_kept_newest_first() -> None:
    live = applied("a", "b", "c")
    assert revisions.config_keys(live) == [key("c"), key("b"), key("a")]
    assert live["data"] == {"srs.conf": "c", key("c"): "c", key("b"): "b", key("a"): "a"}


def test_as_many_are_kept_as_a_config_map_has_room_for() -> None:
    texts = [f"# {number:02}{'x' * 135_000}" for number in range(12)]
    live = applied(*texts)
    assert revisions.config_keys(live) == [key(text) for text in reversed(texts[-6:])]
    assert sum(len(text) for text in live["data"].values()) < 1024 * 1024
    longest = ["a" * LONGEST, "b" * LONGEST]
    assert revisions.config_keys(applied(*longest)) == [key(longest[1]), key(longest[0])], "the one before always has room"
    wide = "\N{CJK UNIFIED IDEOGRAPH-76F4}" * (LONGEST // 3)
    assert len(revisions.config_keys(applied("a" * 9, "b" * LONGEST, wide))) == 2, "bytes count, not characters"


@pytest.mark.parametrize(("length", "versions"), [(LONGEST, 4), (200_000, 9), (87_000, 15), (30_000, 30), (2_000, 30)])
@pytest.mark.parametrize("theirs", [{}, {"data": {"notes": "n" * 250_000}}, {"binaryData": {"logo": "bG9n" * 60_000}}])
def test_a_config_map_is_never_longer_than_it_may_be(length: int, versions: int, theirs: dict[str, Any]) -> None:
    live: dict[str, Any] | None = None
    for version in range(versions):
        text = f"# {version:04}".ljust(length, "\N{LATIN SMALL LETTER E WITH ACUTE}")
        text = text.encode()[:length].decode(errors="ignore")
        made = revisions.carried_over(live, rendered(text))
        keys = revisions.config_keys(made)
        assert made["data"]["srs.conf"] == made["data"][keys[0]] == text
        # What others have put there stays when ours is applied.
        live = {**made, "data": {**theirs.get("data", {}), **made["data"]}, "binaryData": theirs.get("binaryData", {})}
        values = [*live["data"].values(), *live["binaryData"].values()]
        if length < LONGEST or not theirs:
            assert sum(len(value.encode()) for value in values) <= 1024 * 1024, "what the API server lets a ConfigMap hold"
            assert len(keys) >= min(2, version + 1), "the one before has room"
        whole = {**live, "metadata": {**live["metadata"], "managedFields": [{"fieldsV1": {f"f:{key}": {} for key in live["data"]}}] * 3}}
        assert len(json.dumps(whole, ensure_ascii=False).encode()) < 1.5 * 1024 * 1024, "what etcd takes as one object"


def test_a_config_that_comes_again_is_the_newest() -> None:
    assert revisions.config_keys(applied("a", "b", "c", "a")) == [key("a"), key("c"), key("b")]


def test_applying_again_changes_nothing() -> None:
    live = applied("a", "b")
    assert revisions.carried_over(live, rendered("b")) == live


def test_an_edited_current_config_is_put_right() -> None:
    live = applied("a", "b")
    live["data"] |= {"srs.conf": "x", key("b"): "x"}
    assert revisions.carried_over(live, rendered("b"))["data"] == applied("a", "b")["data"]


def test_a_key_that_somebody_removed_is_forgotten() -> None:
    live = applied("a", "b")
    del live["data"][key("a")]
    assert revisions.config_keys(revisions.carried_over(live, rendered("b"))) == [key("b")]


@pytest.mark.parametrize("live", [None, config_map("tutorial")])
def test_there_is_nothing_to_keep_of_a_first_or_foreign_config(live: Any) -> None:
    assert revisions.carried_over(live, rendered("a")) == rendered("a")


def test_bare_config_maps_and_other_kinds_are_left_alone() -> None:
    assert revisions.carried_over(applied("a"), config_map("b")) == config_map("b")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "srs-edge-config"}}
    assert revisions.carried_over(applied("a"), secret) is secret


@given(st.lists(st.sampled_from([str(number) for number in range(20)]), min_size=1, max_size=60))
def test_whatever_a_deployment_can_go_back_to_has_its_config(texts: list[str]) -> None:
    # A Deployment keeps its newest 10 ReplicaSets beside the current one; a template that comes again is its old ReplicaSet, made newest.
    newest = list(dict.fromkeys(reversed(texts)))[: revisions.KEPT]
    live = applied(*texts)
    assert revisions.config_keys(live) == [key(text) for text in newest]
    assert live["data"] == {"srs.conf": texts[-1], **{key(text): text for text in newest}}


def test_a_diff_leaves_out_copies() -> None:
    before, after = revisions.readable(applied("a", "b"), applied("a", "b", "c"))
    assert before and after
    assert (before["data"], after["data"]) == ({"srs.conf": "b"}, {"srs.conf": "c"})
    assert revisions.readable(None, rendered("a"))[1]["data"] == {"srs.conf": "a"}  # type: ignore[index]


def test_a_diff_shows_a_mounted_config_that_was_edited() -> None:
    live = applied("a", "b")
    live["data"][key("b")] = "x"
    before, after = revisions.readable(live, applied("a", "b"))
    assert before and after
    assert (before["data"][key("b")], after["data"][key("b")]) == ("x", "b")


def test_a_diff_of_anything_else_is_as_it_is() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "srs-edge-service"}}
    assert revisions.readable(service, None) == (service, None)
    assert revisions.readable(config_map("a"), config_map("b")) == (config_map("a"), config_map("b"))
