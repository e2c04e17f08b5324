# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Histories of edge clusters, and the patches that roll back, pause, hold and release them."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._labels import HOLD, POD_TEMPLATE_HASH
from ansible_collections.livestream.srs.plugins.module_utils._rollout import rollouts
from ansible_collections.livestream.srs.plugins.module_utils._rollout.change_cause import CHANGE_CAUSE
from ansible_collections.livestream.srs.plugins.module_utils._rollout.revisions import CONFIG_KEYS
from ansible_collections.livestream.srs.plugins.module_utils._rollout.rollouts import Cluster
from ansible_collections.livestream.srs.tests.support.merge_patch import merged

# What each revision of the cluster ran: image and config.
PAST = {1: ("ossrs/srs:5", "aaa"), 2: ("ossrs/srs:6", "aaa"), 3: ("ossrs/srs:6", "bbb")}


def template(image: str, config: str | None, **labels: str) -> dict[str, Any]:
    items = {"items": [{"key": f"srs-{config}.conf", "path": "srs.conf"}]} if config else {}
    return {
        "metadata": {"labels": {"app": "srs-edge", **labels}},
        "spec": {
            "containers": [{"name": "srs", "image": image}],
            "volumes": [{"name": "config-volume", "configMap": {"name": "srs-edge-config", **items}}],
        },
    }


def deployment(name: str = "edge", uid: str = "uid-1", labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"srs-{name}-deployment",
            "uid": uid,
            "labels": {rollouts.INSTANCE: name, **(labels or {})},
            "annotations": {},
        },
        "spec": {"replicas": 3, "template": template(*PAST[3]), **spec},
    }


def replica_set(number: int, image: str, config: str | None, earlier: str = "", uid: str = "uid-1", servers: int = 0) -> dict[str, Any]:
    annotations = {rollouts.REVISION: str(number), CHANGE_CAUSE: f"alice: made {number}"}
    if earlier:
        annotations[rollouts.EARLIER_REVISIONS] = earlier
    return {
        "metadata": {
            "name": f"rs-{number}",
            "annotations": annotations,
            "creationTimestamp": f"2026-01-0{number}T00:00:00Z",
            "ownerReferences": [{"controller": True, "kind": "Deployment", "uid": uid}],
        },
        "spec": {"template": template(image, config, **{POD_TEMPLATE_HASH: f"h{number}"})},
        "status": {"replicas": servers},
    }


def config_map() -> dict[str, Any]:
    metadata = {"name": "srs-edge-config", "annotations": {CONFIG_KEYS: "srs-bbb.conf,srs-aaa.conf"}}
    return {"metadata": metadata, "data": {"srs.conf": "b", "srs-bbb.conf": "b", "srs-aaa.conf": "a"}}


def cluster(**spec: Any) -> Cluster:
    others = [replica_set(9, "other", None, uid="uid-other"), {"metadata": {"name": "by hand"}, "spec": {}}]
    sets = [*others, *(replica_set(number, *PAST[number]) for number in PAST)]
    return rollouts.clusters([deployment(**spec)], sets, [config_map()])["edge"]


def apply(given: Cluster, patches: tuple[Any, Any]) -> Cluster:
    """The cluster after the patches."""
    return Cluster(given.name, merged(given.deployment, patches[0]), given.replica_sets, merged(given.config_map, patches[1]), given.canary)


# Reading


def test_the_history_has_the_clusters_own_revisions_newest_first() -> None:
    told = rollouts.history(cluster())
    assert [(entry["revision"], entry["image"], entry["config"], entry["current"]) for entry in told] == [
        (3, "ossrs/srs:6", "srs-bbb.conf", True),
        (2, "ossrs/srs:6", "srs-aaa.conf", False),
        (1, "ossrs/srs:5", "srs-aaa.conf", False),
    ]
    assert told[0]["change_cause"] == "alice: made 3"


def test_the_history_tells_how_many_servers_each_revision_has() -> None:
    sets = [replica_set(number, *PAST[number], servers=number) for number in PAST]
    del sets[0]["status"]
    made = rollouts.clusters([deployment()], sets, [config_map()])["edge"]
    assert [(entry["revision"], entry["servers"]) for entry in rollouts.history(made)] == [(3, 3), (2, 2), (1, 0)]


def test_a_canary_belongs_to_its_cluster() -> None:
    beside = deployment(uid="uid-2", labels={rollouts.TRACK: rollouts.CANARY})
    found = rollouts.clusters([beside, deployment(), deployment("b")], [], [])
    assert set(found) == {"edge", "b"}
    assert found["edge"].canary is beside and found["b"].canary is None


@pytest.mark.parametrize(
    ("wanted", "known", "expected"),
    [
        (["a"], ["a", "b"], ["a"]),
        ([" a", "b "], ["a", "b"], ["a", "b"]),
        (["a", "a"], ["a", "b"], ["a"]),
        (["all"], ["b", "a"], ["a", "b"]),
        ([], ["a"], ["a"]),
        ([""], ["a"], ["a"]),
    ],
)
def test_clusters_are_chosen_by_name(wanted: list[str], known: list[str], expected: list[str]) -> None:
    assert rollouts.chosen(wanted, known, "here") == expected


@pytest.mark.parametrize(
    ("wanted", "known", "words"),
    [
        ([], ["a", "b"], ["2 edge clusters here", "a, b", "all"]),
        (["c"], ["a", "b"], ["'c'", "a, b"]),
        (["a"], [], ["no edge cluster here", "site.yml"]),
    ],
)
def test_a_choice_that_is_none_is_explained(wanted: list[str], known: list[str], words: list[str]) -> None:
    with pytest.raises(SrsError) as raised:
        rollouts.chosen(wanted, known, "here")
    assert all(word in raised.value.message for word in words)


# Rolling back


def test_back_to_the_revision_before_with_its_config() -> None:
    now = apply(cluster(), rollouts.roll_back(cluster(), None, "alice"))
    assert now.deployment["spec"]["template"] == template(*PAST[2]), "as it was, without the label of the ReplicaSet"
    assert now.deployment["spec"]["replicas"] == 3
    assert now.config_map and now.config_map["data"]["srs.conf"] == "a"
    assert now.config_map["metadata"]["annotations"][CONFIG_KEYS] == "srs-aaa.conf,srs-bbb.conf", "it is the newest now"
    reason = "rolled back to revision 2 by alice, until playbooks/resume.yml"
    assert now.held == reason == now.config_map["metadata"]["annotations"][HOLD]
    assert now.deployment["metadata"]["annotations"][CHANGE_CAUSE] == "alice: back to revision 2: config bbb -> aaa"


def test_back_to_a_given_revision() -> None:
    now = apply(cluster(), rollouts.roll_back(cluster(), 1, ""))
    assert now.deployment["spec"]["template"] == template(*PAST[1])
    assert (
        now.deployment["metadata"]["annotations"][CHANGE_CAUSE] == "back to revision 1: image ossrs/srs:6 -> ossrs/srs:5; config bbb -> aaa"
    )
    assert now.held == "rolled back to revision 1, until playbooks/resume.yml"


def test_a_second_roll_back_goes_no_further() -> None:
    now = apply(cluster(), rollouts.roll_back(cluster(), None, "alice"))
    now.replica_sets = sorted([replica_set(4, *PAST[2], earlier="2"), *(replica_set(n, *PAST[n]) for n in (1, 3))], key=rollouts._revision)[
        ::-1
    ]
    assert rollouts.roll_back(now, None, "alice") == ({}, {})
    assert rollouts.roll_back(now, 2, "bob") == ({}, {}), "its old number leads to it as well"
    further = apply(now, rollouts.roll_back(now, 1, "bob"))
    assert further.held == "rolled back to revision 1 by bob, until playbooks/resume.yml"


def test_staying_at_the_current_revision_only_holds() -> None:
    patches = rollouts.roll_back(cluster(), 3, "alice")
    hold = {"metadata": {"annotations": {HOLD: "rolled back to revision 3 by alice, until playbooks/resume.yml"}}}
    assert patches == (hold, hold)


def test_rolling_back_a_paused_roll_out_ends_the_pause() -> None:
    paused = cluster(paused=True)
    assert "paused" not in apply(paused, rollouts.roll_back(paused, None, "")).deployment["spec"]


def test_a_revision_that_mounts_the_whole_config_map_leaves_it() -> None:
    given = cluster()
    given.replica_sets[1] = replica_set(2, "ossrs/srs:6", None)
    now = apply(given, rollouts.roll_back(given, None, ""))
    assert now.config_map and now.config_map["data"] == config_map()["data"]
    assert now.config_map["metadata"]["annotations"][CONFIG_KEYS] == "srs-bbb.conf,srs-aaa.conf"
    assert "mount their ConfigMap as a whole" in str(rollouts.left_behind(given, None))
    assert rollouts.left_behind(given, 1) is None


def test_no_way_back() -> None:
    def message(given: Cluster, revision: int | None = None) -> str:
        with pytest.raises(SrsError) as raised:
            rollouts.roll_back(given, revision, "")
        return raised.value.message

    first = cluster()
    first.replica_sets = first.replica_sets[-1:]
    assert "no revision before" in message(first)
    assert "no revision 7; there are 3, 2, 1" in message(cluster(), 7)
    lost = cluster()
    assert lost.config_map
    del lost.config_map["data"]["srs-aaa.conf"]
    assert "srs-aaa.conf" in message(lost)
    beside = cluster()
    beside.canary = deployment()
    assert "playbooks/canary.yml" in message(beside)


# Pausing, holding, releasing


def test_a_pause_stops_and_holds_and_is_released() -> None:
    paused = apply(cluster(), rollouts.pause(cluster(), "alice"))
    assert paused.is_paused and paused.held == "paused by alice, until playbooks/resume.yml"
    assert rollouts.pause(paused, "bob") == ({}, {})
    now = apply(paused, rollouts.release(paused))
    assert not now.is_paused and now.held is None
    assert now.config_map == config_map()
    assert rollouts.release(now) == ({}, {})


def test_a_hold_by_hand_is_released_too() -> None:
    given = cluster()
    given.deployment["metadata"]["annotations"][HOLD] = ""
    assert given.held == "no reason given"
    assert apply(given, rollouts.release(given)).held is None


def test_an_object_without_annotations_can_be_held() -> None:
    given = cluster()
    del given.deployment["metadata"]["annotations"]
    assert apply(given, rollouts.pause(given, "")).held == "paused, until playbooks/resume.yml"


def test_a_canary_holds_the_stable_servers_until_it_ends() -> None:
    held = apply(cluster(), rollouts.begin_canary(cluster(), "25 %", "alice"))
    assert held.held == "canary of 25 % by alice, until playbooks/canary.yml promotes or aborts it"
    assert apply(held, rollouts.begin_canary(held, 40, "alice")).held == held.held.replace("25", "40")
    held.canary = deployment()
    for refused in (lambda: rollouts.release(held), lambda: rollouts.pause(held, "")):
        with pytest.raises(SrsError, match=r"has a canary: promote or abort it with playbooks/canary\.yml"):
            refused()
    assert apply(held, rollouts.release(held, ends_canary=True)).held is None


def test_the_end_of_a_canary_that_is_none_leaves_other_holds() -> None:
    paused = apply(cluster(), rollouts.pause(cluster(), "alice"))
    assert rollouts.release(paused, ends_canary=True) == rollouts.NONE


def test_no_canary_begins_where_something_else_holds() -> None:
    paused = apply(cluster(), rollouts.pause(cluster(), "alice"))
    with pytest.raises(SrsError, match="paused by alice"):
        rollouts.begin_canary(paused, 25, "bob")


DECISIONS: dict[str, Callable[[Cluster], Any]] = {
    "rolled back": lambda given: rollouts.roll_back(given, 1, "alice"),
    "paused": lambda given: rollouts.pause(given, "alice"),
    "canary": lambda given: rollouts.begin_canary(given, 25, "alice"),
    "released": rollouts.release,
}


@pytest.mark.parametrize("decision", DECISIONS.values(), ids=DECISIONS)
@pytest.mark.parametrize("annotations", [None, {}, {HOLD: "by hand", "theirs": "a"}])
@pytest.mark.parametrize("spec", [{}, {"paused": True}])
def test_a_patch_that_is_sent_twice_ends_as_if_sent_once(
    decision: Callable[[Cluster], Any], annotations: dict[str, str] | None, spec: dict[str, Any]
) -> None:
    given = cluster(**spec)
    given.deployment["metadata"]["annotations"] = annotations
    if decision is DECISIONS["canary"]:
        given.deployment["metadata"]["annotations"] = {key: text for key, text in (annotations or {}).items() if key != HOLD}
    patches = decision(given)
    once = apply(given, patches)
    assert apply(once, patches) == once
    assert (once.deployment["metadata"]["annotations"] or {}).get("theirs") == (annotations or {}).get("theirs")


def test_a_template_is_replaced_as_a_whole() -> None:
    given = cluster()
    given.deployment["spec"]["template"]["metadata"]["labels"]["later"] = "x"
    given.deployment["spec"]["template"]["spec"]["hostNetwork"] = True
    assert apply(given, rollouts.roll_back(given, 1, "")).deployment["spec"]["template"] == template(*PAST[1])


# The size of a canary


@pytest.mark.parametrize(
    ("stable", "share", "servers"),
    [
        (3, 25, 1),
        (3, "25%", 1),
        (6, 25, 2),
        (9, "25 %", 3),
        (10, 25, 4),
        (3, 50, 3),
        (3, 1, 1),
        (99, 1, 1),
        (198, 1, 2),
        (0, 25, 1),
        (8, 20, 2),
        (3, "2.5", 1),
    ],
)
def test_enough_servers_for_the_share(stable: int, share: Any, servers: int) -> None:
    assert rollouts.canary_servers(stable, share) == servers


@given(st.integers(1, 500), st.integers(1, 50))
def test_the_share_is_reached_and_not_by_a_server_too_many(stable: int, share: int) -> None:
    servers = rollouts.canary_servers(stable, share)
    assert servers / (stable + servers) >= share / 100 - 1e-12
    assert servers == max(1, ceil(round(stable * share / (100 - share), 9)))


@pytest.mark.parametrize("share", ["", "promote!", 0, -1, 51, "100%", "nan", None])
def test_what_is_no_share_is_refused(share: Any) -> None:
    with pytest.raises(SrsError, match="srs_canary"):
        rollouts.canary_servers(3, share)
