# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of a host come to: refused in one sentence, or objects."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.tests.support.wanted import named, refusal, wanted

SECRET = "hunter2"


def test_what_is_right_has_no_warnings() -> None:
    assert wanted().check() == []


# Names


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"srs_edge_replica": 3}, "unknown variable srs_edge_replica: did you mean srs_edge_replicas?"),
        ({"hls_nginx_imgae": "x"}, "unknown variable hls_nginx_imgae: did you mean hls_nginx_image?"),
        ({"srs_edge_colour_of_the_sky": 1}, "'ansible-doc -t role livestream.srs.srs_edge' lists what there is."),
    ],
)
def test_a_misspelt_variable_stops_everything(given: dict[str, Any], said: str) -> None:
    assert refusal(**given).startswith("Nothing was changed: ")
    assert said in refusal(**given)
    assert said in refusal(["srs_origin"], **given), "whichever role is to act"


def test_names_that_a_playbook_takes_are_fine() -> None:
    with pytest.raises(SrsError, match="unknown variable srs_edge_region"):
        wanted(srs_edge_region="x")
    assert wanted(more_names=["srs_edge_region"], srs_edge_region="x").check() == []
    assert wanted(srs_kubeconfig="x", my_own=1, srs_note="x").check() == []


# Checks


def test_sentences_are_put_together() -> None:
    message = refusal(srs_edge_replicas=-1, srs_origin_replicas=2)
    assert message.startswith("Nothing was changed: srs_origin_replicas is 2, but")
    assert "srs_edge_replicas is -1: it must be a whole number from 0 to 10000." in message
    assert re.search(r"proxy \(SRS 7 and later\)\. srs_edge_replicas", message)


WRONG: dict[str, dict[str, Any]] = {
    "srs_origin": {"srs_origin_replicas": 2},
    "hls_nginx": {"hls_nginx_slb": {"schedular": "wlc"}},
    "srs_edge": {"srs_edge_replicas": -1},
}


@pytest.mark.parametrize("role", WRONG)
def test_problems_are_those_of_the_roles_that_are_asked_for(role: str) -> None:
    everything = {name: value for given in WRONG.values() for name, value in given.items()}
    others = [other for other in WRONG if other != role]
    assert wanted([role], **{name: value for other in others for name, value in WRONG[other].items()}).check() == []
    (name,) = WRONG[role]
    assert refusal([role], **WRONG[role]) in refusal([role], **everything)
    assert refusal([role], **everything) == refusal([role], **WRONG[role])
    assert wanted(others, **WRONG[role]).check() == [], name


def test_warnings_of_the_roles_that_are_asked_for() -> None:
    open_door = {"srs_edge_expose_http_api": True}
    (warning,) = wanted(["srs_edge"], **open_door).check()
    assert "without a password" in warning
    assert wanted(["srs_origin"], **open_door).check() == []


def test_the_types_of_all_variables_must_be_right() -> None:
    """The objects of a role follow from the variables of all."""
    assert "'hls_nginx_replicas'" in refusal(["srs_edge"], hls_nginx_replicas="two")
    assert "srs_origin_mode" in refusal(["srs_edge"], srs_origin_mode="clutser")


def test_the_host_and_the_others_of_its_inventory() -> None:
    assert "which is this very host" in refusal(srs_edge_origin_from="here")
    hub = {"srs_origin_slb": {"provider": "generic"}}
    assert wanted(srs_edge_origin_from="hub", hostvars={"here": {}, "hub": hub}).check() == []
    assert "not a host of the inventory: here." in refusal(srs_edge_origin_from="hub", hostvars={"here": {}})


# Patches


def patch(kind: str, name: str, content: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name, "patch": content}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            patch("Deployment", "srs-egde-deployment", {}),
            "srs_patches[0] matches no object: name is 'srs-egde-deployment', and there are Deployment srs-origin-deployment, srs-edge-dep",
        ),
        (patch("Deployments", "*", {}), "srs_patches[0] matches no object: kind is 'Deployments', and there are ConfigMap, Deployment,"),
        (
            patch("Service", "*", {"metadata": {"name": "x"}}),
            "srs_patches[0].patch changes metadata.name of Service srs-internal-origin-service",
        ),
        (
            patch("Deployment", "srs-edge-deployment", [{"op": "remove", "path": "/spec/paused"}]),
            "operation 0 (remove /spec/paused): can't remove a non-existent object 'paused'.",
        ),
        (patch("Deployment", "*", "text"), "srs_patches[0].patch must be a mapping"),
    ],
)
@pytest.mark.parametrize("role", ["srs_origin", "hls_nginx", "srs_edge"])
def test_what_is_wrong_with_a_patch_is_told_by_every_role(role: str, given: dict[str, Any], said: str) -> None:
    message = refusal([role], srs_patches=[given])
    assert message.startswith("Nothing was changed: ")
    assert said in message


def test_patches_are_looked_at_when_all_else_is_right() -> None:
    message = refusal(srs_edge_replicas=-1, srs_patches=[patch("Nothing", "*", {})])
    assert "replicas is -1" in message and "srs_patches" not in message


def test_a_patch_without_effect_is_a_warning() -> None:
    (warning,) = wanted(srs_patches=[patch("Deployment", "srs-edge-deployment", {"spec": {"replicas": 3}})]).check()
    assert warning == "srs_patches[0] changes nothing of Deployment srs-edge-deployment: it can be left out."
    assert wanted(srs_patches=[patch("Deployment", "srs-edge-deployment", {"spec": {"replicas": "{{ 2 + 2 }}"}})]).check() == []


def test_patches_come_last() -> None:
    given = [patch("Deployment", "srs-edge-*", {"spec": {"template": {"spec": {"containers": [{"name": "srs", "tty": True}]}}}})]
    builder = wanted(srs_patches=given).builder()
    (container,) = named(builder.edges(builder.topology.edges)[0])["Deployment srs-edge-deployment"]["spec"]["template"]["spec"][
        "containers"
    ]
    assert container["tty"] is True and container["image"] == "docker.io/ossrs/srs:v7.0.162"


def test_a_patch_is_for_all_objects_of_its_kind_unless_it_names_some() -> None:
    builder = wanted(srs_patches=[{"kind": "Service", "patch": {"metadata": {"annotations": {"note": "1"}}}}]).builder()
    services = [item for item in [*builder.hls(), *builder.origin()] if item["kind"] == "Service"]
    assert len(services) == 3
    assert all(item["metadata"]["annotations"]["note"] == "1" for item in services)


# The fingerprint


def test_the_same_values_have_the_same_fingerprint() -> None:
    assert wanted().fingerprint() == wanted().fingerprint()
    assert wanted(srs_production_defaults="false").fingerprint() == wanted(srs_production_defaults=False).fingerprint()
    assert wanted(["srs_edge"]).fingerprint() == wanted(["srs_origin"]).fingerprint(), "whichever role asks"
    assert wanted(srs_edge_pod_labels={"a": "1", "b": "2"}).fingerprint() == wanted(srs_edge_pod_labels={"b": "2", "a": "1"}).fingerprint()


def test_it_changes_with_any_value_but_the_cause_of_which_nothing_is_checked() -> None:
    made = wanted()
    seen = {made.fingerprint()}
    values = dict(made.values)
    for name, value in values.items():
        made.values = {**values, name: [value, "another"]}
        seen.add(made.fingerprint())
    assert len(seen) == len(values), "one for each of them but that one, and the first"
    assert wanted(srs_change_cause="somebody else").fingerprint() == wanted().fingerprint()


@pytest.mark.parametrize(
    "given",
    [
        {"srs_edge_replicas": 4},
        {"srs_edge_config": {"http_api": {"crossdomain": False}}},
        {"srs_edge_clusters": [{"name": "edge", "drain_seconds": 601}]},
        {"srs_patches": [patch("Service", "*", {})]},
    ],
)
def test_it_changes_with_what_is_deep_inside(given: dict[str, Any]) -> None:
    assert wanted(**given).fingerprint() != wanted().fingerprint()


def test_it_holds_no_secret() -> None:
    given = {"srs_edge_env": [{"name": "TOKEN", "value": SECRET}], "srs_edge_config": {"conf": f"# {SECRET}"}}
    told = wanted(**given).fingerprint()
    assert re.fullmatch("[0-9a-f]{64}", told)
    assert told != wanted().fingerprint()


# Objects


def test_the_origin_of_another_host_reaches_the_edges() -> None:
    made = wanted(srs_edge_origin_from="hub")
    (edge,) = made.builder(["203.0.113.1:1935"]).topology.edges
    assert edge.origin == ["203.0.113.1:1935"]
    config = named(made.builder(["203.0.113.1:1935"]).edges([edge])[0])["ConfigMap srs-edge-config"]["data"]["srs.conf"]
    assert "203.0.113.1:1935" in config


def test_building_again_gives_the_same() -> None:
    made = wanted()
    first, second = made.builder(), made.builder()
    assert json.dumps(first.unpatched()) == json.dumps(second.unpatched())
