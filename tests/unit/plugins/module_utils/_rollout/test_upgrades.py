# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an upgrade is to change, of objects as the roles make them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._labels import HOLD
from ansible_collections.livestream.srs.plugins.module_utils._releases.advisories import Advisory, Range
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release, parse_release
from ansible_collections.livestream.srs.plugins.module_utils._rollout import upgrades
from ansible_collections.livestream.srs.plugins.module_utils._rollout.upgrades import Deployed, Key, Step, Target
from ansible_collections.livestream.srs.tests.support.wanted import wanted

EDGE, ORIGIN = ("edge", "edge"), ("origin", "origin")
BAD = Advisory(
    "no-picture",
    ("edge",),
    "late players get no picture",
    "high",
    (),
    (Range(Release(6, 179), Release(6, 185), Release(6, 191)), Range(Release(7, 94), Release(7, 149))),
    "none",
    (),
    "refuse",
)


def made(image: str = "", version: str = "6.0.157", **variables: Any) -> list[Object]:
    builder = wanted(srs_version=version, **({"srs_image": image} if image else {}), **variables).builder()
    return [*builder.origin(), *builder.edges(builder.topology.edges)[0]]


def steps(
    before: list[Object], after: list[Object], release: str, running: dict[Key, Release] | None = None, table: tuple[Advisory, ...] = (BAD,)
) -> dict[Key, Step]:
    new = parse_release(release)
    assert new
    goal = upgrades.deployed(after)
    found = upgrades.plan(upgrades.deployed(before), goal, {key: Target(new) for key in goal}, running or {}, table)
    return {(step.component, step.name): step for step in found}


def test_nothing_is_to_do_where_all_is_as_the_inventory_says() -> None:
    found = steps(made(), made(), "6.0.157")
    assert not any(step.is_needed for step in found.values())
    assert upgrades.summary(found.values()) == ["Nothing to do: edge cluster edge, the origin."]


def test_edges_come_before_the_origin() -> None:
    clusters = [{"name": "zulu"}, {"name": "alpha"}]
    found = steps(made(srs_edge_clusters=clusters), made(version="7.0.150", srs_edge_clusters=clusters), "7.0.150")
    assert list(found) == [("edge", "alpha"), ("edge", "zulu"), ORIGIN]
    assert all(step.is_needed and step.direction == "up" for step in found.values())


def test_what_is_not_there_yet_is_no_upgrade() -> None:
    found = steps([], made(), "6.0.157")
    assert not any(step.is_needed for step in found.values())
    assert upgrades.summary(found.values()) == ["Not there yet, playbooks/site.yml makes it: edge cluster edge, the origin."]


@pytest.mark.parametrize(
    ("old", "new", "left", "entered"),
    [
        ("6.0.157", "6.0.183", [], ["no-picture"]),
        ("6.0.183", "6.0.157", ["no-picture"], []),
        ("6.0.183", "7.0.128", [], []),  # out of the frying pan
        ("6.0.157", "7.0.18", [], []),
    ],
)
def test_advisories_that_are_left_and_entered(old: str, new: str, left: list[str], entered: list[str]) -> None:
    found = steps(made(version=old), made(version=new), new)
    data = upgrades.as_data(found[EDGE])
    assert (data["left"], data["entered"]) == (left, entered)
    assert upgrades.as_data(found[ORIGIN])["entered"] == []  # it is one of edges alone


def test_servers_tell_more_than_tags() -> None:
    servers: list[dict[str, Any]] = [
        {"component": "edge", "cluster": "edge", "version": "6.0.183"},
        {"component": "edge", "cluster": "edge", "version": None},
        {"component": "origin", "cluster": "srs-origin-0", "version": "6.0.183"},
        {"component": "origin", "cluster": "srs-origin-1", "version": "6.0.157"},
    ]
    told = upgrades.told_by_servers(servers)
    assert told == {EDGE: Release(6, 183)}  # the origins don't agree
    found = steps(made(image="docker.io/ossrs/srs:6", version="6"), made(version="6.0.191"), "6.0.191", told)
    assert [match.advisory.id for match in found[EDGE].left] == ["no-picture"]
    assert (found[EDGE].old, found[EDGE].direction) == (Release(6, 183), "up")
    assert (found[ORIGIN].old, found[ORIGIN].direction) == (Release(6), "unknown")


@pytest.mark.parametrize(
    ("old", "new", "direction"), [("6.0.157", "7.0.18", "up"), ("7.0.18", "6.0.157", "down"), ("7.0.18", "7.0.18", "same")]
)
def test_directions(old: str, new: str, direction: str) -> None:
    found = steps(made(version=old), made(image=f"mirror.example/srs:{new}", version=new), new)
    assert {step.direction for step in found.values()} == {direction}
    assert any("downgrade" in line for line in upgrades.summary(found.values())) is (direction == "down")


def test_what_changes_in_the_config_is_told_without_secrets() -> None:
    before = made(version="6.0.157")
    for item in before:
        if item["kind"] == "ConfigMap" and item["metadata"]["name"] == "srs-edge-config":
            auth = "http_api { auth { enabled on; username u; password swordfish; }"
            item["data"] = {key: text.replace("http_api {", auth) for key, text in item["data"].items()}
    step = steps(before, made(version="4.0.271"), "4.0.271")[EDGE]
    assert step.is_needed and step.config and step.converted
    assert any("auth" in line for line in step.converted)
    assert "swordfish" not in str(upgrades.as_data(step)) + "\n".join(upgrades.summary([step]))


def test_a_config_that_cannot_be_read_is_said_so_and_not_shown() -> None:
    before = made(version="6.0.157")
    for item in before:
        if item["kind"] == "ConfigMap":
            item["data"] = dict.fromkeys(item["data"], "listen swordfish {{")
    told = upgrades.as_data(steps(before, made(version="7.0.18"), "7.0.18")[EDGE])
    assert told["converted"] == ["The srs.conf that runs can't be read, so nothing tells what the new release makes of it."]
    assert "swordfish" not in str(told)


def test_a_config_alone_is_a_change_too() -> None:
    step = steps(made(), made(srs_edge_config={"max_connections": 77}), "6.0.157")[EDGE]
    assert step.is_needed and step.direction == "same"
    assert step.config == ["max_connections: 1000 -> 77"]


KEPT = Deployed(("ossrs/srs:6.0.157",), "listen 1935;", keeps_config=True)


@pytest.mark.parametrize(
    ("before", "says"),
    [
        (KEPT, ""),
        (replace(KEPT, images=("ossrs/srs:6@sha256:0",)), ""),
        (replace(KEPT, images=("ossrs/srs:6",)), "floating tag"),
        (replace(KEPT, images=("a:6.0.1", "b:6.0.2")), "several images"),
        (replace(KEPT, keeps_config=False), "as a whole"),
        (None, "nothing to go back to"),
    ],
)
def test_whether_there_is_a_way_back(before: Deployed | None, says: str) -> None:
    step = Step("edge", "edge", before, KEPT, Release(6, 157), Release(6, 191))
    assert says in step.no_way_back and bool(says) is bool(step.no_way_back)
    assert replace(step, component="origin", name="origin").no_way_back, "rollback.yml is for edges"


def test_edges_made_by_the_roles_keep_their_config_and_holds_are_told() -> None:
    before = made()
    for item in before:
        if item["kind"] == "Deployment" and item["metadata"]["name"] == "srs-edge-deployment":
            item["metadata"].setdefault("annotations", {})[HOLD] = "rolled back to revision 7"
    step = steps(before, made(version="7.0.18"), "7.0.18")[EDGE]
    assert step.no_way_back == ""
    assert upgrades.as_data(step)["hold"] == "rolled back to revision 7"
    assert "  held: rolled back to revision 7" in upgrades.summary([step])


def test_canaries_do_not_count() -> None:
    builder = wanted(srs_version="6.0.157").builder()
    live = [*builder.edges(builder.topology.edges)[0], *builder.canaries(builder.topology.edges, {"edge": 1})]
    changed = wanted(srs_version="7.0.18").builder()
    live += changed.canaries(changed.topology.edges, {"edge": 1})
    assert {key: cluster.images for key, cluster in upgrades.deployed(live).items()} == {EDGE: ("docker.io/ossrs/srs:v6.0.157",)}


def test_origins_in_several_workloads_are_one_cluster() -> None:
    variables: dict[str, Any] = {"srs_origin_mode": "cluster", "srs_origin_replicas": 3}
    before = made(**variables)
    found = upgrades.deployed(before)
    assert [key for key in found if key[0] == "origin"] == [ORIGIN]
    assert found[ORIGIN].images == ("docker.io/ossrs/srs:v6.0.157",)
