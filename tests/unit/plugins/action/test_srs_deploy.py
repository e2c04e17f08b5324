# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What apply_set is asked to do for each part of a topology."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.livestream.srs.plugins.action.srs_deploy import OPTIONS, ROLE, ActionModule
from ansible_collections.livestream.srs.plugins.modules import apply_set
from ansible_collections.livestream.srs.tests.support import action_plugin
from ansible_collections.livestream.srs.tests.support.wanted import built, wanted

DONE = {"changed": False, "objects": [], "conflicts": [], "warnings": []}
SERVICE = {"kind": "Service", "name": "s", "changed": True, "action": "created"}
CLAIM = {"kind": "PersistentVolumeClaim", "name": "c", "changed": False, "action": "unchanged"}
TWO = {"srs_edge_clusters": [{"name": "a"}, {"name": "b"}]}
NAMED = {"srs_namespace": "live", "srs_topology": "west"}
OFF = {"srs_origin_enabled": False, "srs_monitoring": {"enabled": False}}

Args = dict[str, Any]


class Recorder:
    """Stands for apply_set: what it was asked, and what it answers, one after the other."""

    def __init__(self) -> None:
        self.asked: list[Args] = []
        self.following: list[list[Args]] = []
        self.answers: list[dict[str, Any]] = []

    def run_module(self, _action: ActionModule, small: Args, _task_vars: dict[str, Any], made: Args) -> dict[str, Any]:
        following = made.get("following", list)()
        args = {**small, "objects": made["objects"], "following": following}
        specification = dict(apply_set.specification())
        options = specification.pop("argument_spec")
        conditions = {key: value for key, value in specification.items() if key.startswith("required_")}
        assert ArgumentSpecValidator(options, **conditions).validate(args).error_messages == []
        self.asked.append({**small, "objects": made["objects"]})
        self.following.append(following)
        return self.answers.pop(0) if self.answers else dict(DONE)


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()

    def run_module(action: ActionModule, *args: Any) -> dict[str, Any]:
        return recorder.run_module(action, *args)

    monkeypatch.setattr(ActionModule, "run_module", run_module)
    return recorder


Deploy = Callable[..., dict[str, Any]]


@pytest.fixture
def deploy(applied: Recorder) -> Deploy:
    """Runs the task; ``args`` are its arguments, the rest are variables."""

    def deploy(part: str, args: Args | None = None, **variables: Any) -> dict[str, Any]:
        return action_plugin.run(ActionModule, {"part": part, **(args or {})}, **variables)

    return deploy


@pytest.fixture
def refused(deploy: Deploy, applied: Recorder) -> Callable[..., str]:
    def refused(part: str, args: Args | None = None, **variables: Any) -> str:
        with pytest.raises(AnsibleError) as error:
            deploy(part, args, **variables)
        assert applied.asked == [], "nothing is changed"
        return str(error.value)

    return refused


def common(name: str, state: str = "present") -> Args:
    return {
        "name": f"west-{name}",
        "namespace": "live",
        "state": state,
        "change_cause": "tester",
        "take_over": False,
        "allow_new_address": False,
    }


# HLS


def test_hls(deploy: Deploy, applied: Recorder) -> None:
    result = deploy("hls", **NAMED)
    assert applied.asked == [{**common("hls"), "objects": built(**NAMED).hls(), "prune": True}]
    assert result == {**DONE, "part": "hls", "namespace": "live", "topology": "west", "rolled": []}


def test_hls_that_is_off_is_removed(deploy: Deploy, applied: Recorder) -> None:
    deploy("hls", **NAMED, hls_nginx_enabled="no")
    assert applied.asked == [{**common("hls", "absent"), "objects": [], "prune": True}]


# Origin


def origin_set(**variables: Any) -> Args:
    return {
        **common("origin"),
        "objects": built(**NAMED, **variables).origin(),
        "prune": True,
        "optional_groups": ["monitoring.coreos.com"],
    }


def test_the_config_of_nginx_is_there_before_the_pod_that_mounts_it(deploy: Deploy, applied: Recorder) -> None:
    result = deploy("origin", **NAMED)
    sidecar = built(**NAMED).hls_sidecar()
    assert [item["metadata"]["name"] for item in sidecar] == ["srs-hls-nginx-config"]
    assert applied.asked == [{**common("hls"), "objects": sidecar}, origin_set()]
    assert "prune" not in applied.asked[0], "what else the set has is of the other role"
    assert (result["part"], result["namespace"], result["topology"]) == ("origin", "live", "west")


@pytest.mark.parametrize(
    ("before", "again"),
    [
        ({"part": "hls", "namespace": "live", "topology": "west"}, False),
        ({"part": "hls", "namespace": "other", "topology": "west"}, True),
        ({"part": "hls", "namespace": "live", "topology": "other"}, True),
        ({"skipped": True, "changed": False}, True),
        ({"failed": True, "msg": "x"}, True),
        (None, True),
    ],
)
def test_unless_the_role_of_nginx_has_just_applied_it(deploy: Deploy, applied: Recorder, before: Any, again: bool) -> None:
    deploy("origin", **NAMED, _hls_nginx_applied=before)
    assert [asked["name"] for asked in applied.asked] == [*(["west-hls"] if again else []), "west-origin"]


def test_what_the_role_of_nginx_returns_is_what_the_origin_looks_for(deploy: Deploy, applied: Recorder) -> None:
    result = deploy("hls", **NAMED)
    applied.asked.clear()
    deploy("origin", **NAMED, _hls_nginx_applied=result)
    assert applied.asked == [origin_set()]


@pytest.mark.parametrize(
    "variables",
    [
        {"hls_nginx_enabled": False},
        {"hls_nginx_own_config": False},
        {"hls_nginx_mode": "cache", "hls_nginx_cache": {"upstream": "srs"}},
        {"hls_nginx_mode": "deployment", "srs_origin_storage": {"type": "pvc", "size": "1Gi", "access_mode": "ReadWriteMany"}},
    ],
)
def test_where_no_nginx_is_in_the_pod_there_is_one_set(deploy: Deploy, applied: Recorder, variables: dict[str, Any]) -> None:
    deploy("origin", **NAMED, **variables)
    assert applied.asked == [origin_set(**variables)]


def test_an_origin_that_is_off_leaves_what_tells_of_the_topology(deploy: Deploy, applied: Recorder) -> None:
    deploy("origin", **NAMED, srs_origin_enabled=False)
    (asked,) = applied.asked
    assert asked["state"] == "present"
    assert [item["kind"] for item in asked["objects"]] == ["PodMonitor", "PrometheusRule", "ConfigMap"]


def test_nothing_at_all_of_the_origin(deploy: Deploy, applied: Recorder) -> None:
    deploy("origin", **NAMED, **OFF)
    assert applied.asked == [{**origin_set(**OFF), "state": "absent", "objects": []}]


# Edges


def edge_set(clusters: list[str] | None = None, **variables: Any) -> Args:
    builder = built(**NAMED, **variables)
    chosen = [edge for edge in builder.topology.edges if clusters is None or edge.name in clusters]
    return {
        **common("edge"),
        "objects": builder.edges(chosen)[0],
        "prune": clusters is None,
        "prune_allow_empty": False,
        "drain": True,
        "release_holds": False,
    }


def test_edges_that_left_the_inventory_are_removed_when_their_players_have_gone(deploy: Deploy, applied: Recorder) -> None:
    result = deploy("edge", **NAMED, **TWO)
    assert applied.asked == [edge_set(**TWO)]
    assert applied.asked[0]["prune"] is True and applied.asked[0]["drain"] is True
    assert len(applied.asked[0]["objects"]) == 10
    assert result["reloads"] == []


@pytest.mark.parametrize(
    ("chosen", "variables", "clusters"),
    [(["b"], TWO, ["b"]), ("all", TWO, ["a", "b"]), ("a,b", TWO, ["a", "b"]), ([], {}, ["edge"])],
)
def test_clusters_that_are_named_leave_the_others_alone(
    deploy: Deploy, applied: Recorder, chosen: Any, variables: dict[str, Any], clusters: list[str]
) -> None:
    deploy("edge", {"clusters": chosen}, **NAMED, **variables)
    assert applied.asked == [edge_set(clusters, **variables)]
    assert applied.asked[0]["prune"] is False


@pytest.mark.parametrize(
    ("chosen", "said"), [([], "There are 2 edge clusters in the inventory"), (["c"], "There is no edge cluster 'c' in the inventory")]
)
@pytest.mark.parametrize("part", ["edge", "canary"])
def test_clusters_that_are_not_there(refused: Callable[..., str], part: str, chosen: list[str], said: str) -> None:
    assert said in refused(part, {"clusters": chosen}, **TWO)


def test_no_edge_clusters_are_a_mistake_unless_they_are_meant(deploy: Deploy, refused: Callable[..., str], applied: Recorder) -> None:
    assert "srs_edge_clusters is empty" in refused("edge", srs_edge_clusters=[])
    deploy("edge", **NAMED, srs_edge_clusters=[], srs_edge_allow_none=True)
    assert applied.asked == [{**edge_set(srs_edge_clusters=[]), "prune_allow_empty": True}]
    assert applied.asked[0]["objects"] == [] and applied.asked[0]["state"] == "present"


def test_clusters_that_are_held_are_changed_when_that_is_said_and_waited_for(deploy: Deploy, applied: Recorder) -> None:
    deploy("edge", {"release_holds": True}, **NAMED, srs_wait_timeout="77")
    assert applied.asked == [{**edge_set(), "release_holds": True, "wait": True, "wait_timeout": 77}]


def test_the_origin_of_another_host(deploy: Deploy, applied: Recorder) -> None:
    variables = {"srs_edge_origin_from": "hub", "hostvars": {"here": {}, "hub": {"srs_origin_slb": {"provider": "generic"}}}}
    deploy("edge", {"origin": ["203.0.113.1:1935"]}, **variables)
    (config,) = (item["data"]["srs.conf"] for item in applied.asked[0]["objects"] if item["kind"] == "ConfigMap")
    assert "203.0.113.1:1935" in config and "origin.invalid" not in config


def test_which_clusters_reload_by_themselves_is_told(deploy: Deploy) -> None:
    clusters = [{"name": "a", "config_strategy": "reload"}, {"name": "b"}]
    (told,) = deploy("edge", srs_edge_clusters=clusters)["reloads"]
    assert (told["name"], told["config_map"], told["api_port"]) == ("a", "srs-edge-a-config", 1985)
    assert deploy("edge", {"clusters": ["b"]}, srs_edge_clusters=clusters)["reloads"] == []


# Canaries


def test_canaries_are_applied_and_waited_for(deploy: Deploy, applied: Recorder) -> None:
    result = deploy("canary", {"canary_servers": {"a": 2, "b": "1"}}, **NAMED, **TWO, srs_wait_timeout=77)
    builder = built(**NAMED, **TWO)
    expected = builder.canaries(builder.topology.edges, {"a": 2, "b": 1})
    assert applied.asked == [{**common("edge-canary"), "objects": expected, "wait": True, "wait_timeout": 77}]
    assert [item["spec"]["replicas"] for item in expected if item["kind"] == "Deployment"] == [2, 1]
    assert "reloads" not in result


def test_canaries_of_some_clusters(deploy: Deploy, applied: Recorder) -> None:
    deploy("canary", {"clusters": ["b"], "canary_servers": {"b": 1, "gone": 3}}, **NAMED, **TWO)
    assert [item["metadata"]["name"] for item in applied.asked[0]["objects"]] == [
        "srs-edge-b-canary-config",
        "srs-edge-b-canary-deployment",
    ]


@pytest.mark.parametrize("servers", [{}, {"a": 1}, {"a": 1, "b": None}, {"a": 1, "b": "many"}, {"a": 1, "b": -1}, {"a": 1, "b": 1.5}])
def test_canaries_without_a_number_of_servers(refused: Callable[..., str], servers: dict[str, Any]) -> None:
    name = "b" if "a" in servers else "a"
    assert f"canary_servers has no number of servers for edge cluster '{name}'" in refused("canary", {"canary_servers": servers}, **TWO)


def test_canaries_pull_from_the_origin_of_another_host(deploy: Deploy, applied: Recorder) -> None:
    variables = {"srs_edge_origin_from": "hub", "hostvars": {"here": {}, "hub": {"srs_origin_slb": {"provider": "generic"}}}}
    deploy("canary", {"origin": ["203.0.113.1:1935"], "canary_servers": {"edge": 1}}, **variables)
    assert "203.0.113.1:1935" in applied.asked[0]["objects"][0]["data"]["srs.conf"]


# For every part

PARTS = sorted(ROLE)
ARGS: dict[str, Args] = {"canary": {"canary_servers": {"edge": 1}}}


def test_there_are_parts_for_every_choice() -> None:
    assert set(OPTIONS["part"]["choices"]) == set(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_the_connection_is_passed_on_and_nothing_else(deploy: Deploy, applied: Recorder, part: str) -> None:
    connection = {"kubeconfig": "/k", "context": "c", "validate_certs": False}
    deploy(part, {**ARGS.get(part, {}), **connection})
    for asked in applied.asked:
        assert asked.items() >= connection.items()
        assert not (set(OPTIONS) - {"state", "release_holds"}) & set(asked)


@pytest.mark.parametrize("part", PARTS)
def test_a_set_has_the_name_of_the_topology(deploy: Deploy, applied: Recorder, part: str) -> None:
    deploy(part, ARGS.get(part), **NAMED, srs_change_cause="a new camera")
    for asked in applied.asked:
        assert asked["name"].startswith("west-") and asked["namespace"] == "live"
        assert asked["change_cause"] == "a new camera"


@pytest.mark.parametrize("part", PARTS)
def test_objects_are_patched(deploy: Deploy, applied: Recorder, part: str) -> None:
    patch = {"kind": "ConfigMap", "patch": {"metadata": {"annotations": {"note": "1"}}}}
    deploy(part, ARGS.get(part), srs_patches=[patch])
    found = [item for asked in applied.asked for item in asked["objects"] if item["kind"] == "ConfigMap"]
    assert found and all(item["metadata"]["annotations"]["note"] == "1" for item in found)


@pytest.mark.parametrize(
    ("args", "said"),
    [({"part": "all"}, "all"), ({"part": "edge", "cluster": "a"}, "cluster"), ({"part": "edge", "objects": []}, "objects")],
)
def test_its_own_arguments(refused: Callable[..., str], args: Args, said: str) -> None:
    assert said in refused(part=args.pop("part"), args=args)


# Checks

WRONG: dict[str, dict[str, Any]] = {
    "hls": {"hls_nginx_slb": {"schedular": "wlc"}},
    "origin": {"srs_origin_replicas": 2},
    "edge": {"srs_edge_replicas": -1},
    "canary": {"srs_edge_replicas": -1},
}


@pytest.mark.parametrize("part", PARTS)
def test_variables_are_checked_first(refused: Callable[..., str], part: str) -> None:
    message = refused(part, ARGS.get(part), **WRONG[part])
    assert "Nothing was changed: " in message
    assert "did you mean srs_edge_replicas?" in refused(part, ARGS.get(part), srs_edge_replica=1)
    assert "'srs_edge_replicas'" in refused(part, ARGS.get(part), srs_edge_replicas="many")


@pytest.mark.parametrize("part", ["hls", "origin"])
def test_those_of_other_roles_are_not(deploy: Deploy, applied: Recorder, part: str) -> None:
    deploy(part, **WRONG["edge"])
    assert applied.asked


SHARED_IP = {"provider": "metallb", "ip": "192.0.2.10"}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"srs_edge_clusters": [{"name": "a", "slb": SHARED_IP}, {"name": "b", "slb": SHARED_IP}]}, "192.0.2.10"),
        ({"srs_edge_config": {"no_such_directive": 1}}, "no_such_directive"),
        ({"srs_patches": [{"kind": "Nothing", "patch": {}}]}, "srs_patches[0] matches no object"),
    ],
)
def test_load_balancers_configs_and_patches_are_checked(refused: Callable[..., str], variables: dict[str, Any], said: str) -> None:
    assert said in refused("edge", **variables)


@pytest.mark.parametrize(
    ("checked", "again"),
    [
        ({"roles": ["srs_edge"]}, False),
        ({"roles": ["srs_origin", "hls_nginx", "srs_edge"]}, False),
        ({"roles": ["srs_origin", "hls_nginx"]}, True),
        ({"roles": ["srs_edge"], "fingerprint": "another"}, True),
        ({"roles": ["srs_edge"], "fingerprint": None}, True),
        ({"roles": ["srs_edge"], "failed": True, "fingerprint": None}, True),
        ({"skipped": True, "fingerprint": None}, True),
        (None, True),
    ],
)
def test_what_srs_preflight_has_just_checked_is_not_checked_again(
    deploy: Deploy, refused: Callable[..., str], applied: Recorder, checked: Any, again: bool
) -> None:
    """A value that is wrong passes only where it counts as checked."""
    fingerprint = wanted(**WRONG["edge"]).fingerprint()
    told = checked if checked is None else {"fingerprint": fingerprint, **checked}
    if again:
        assert "replicas is -1" in refused("edge", **WRONG["edge"], _srs_preflight=told)
    else:
        deploy("edge", **WRONG["edge"], _srs_preflight=told)
        assert len(applied.asked) == 1


def test_a_value_that_has_changed_since_is_checked(refused: Callable[..., str]) -> None:
    told = {"roles": ["srs_edge"], "fingerprint": wanted(srs_edge_replicas=1).fingerprint()}
    assert "replicas is -1" in refused("edge", **WRONG["edge"], _srs_preflight=told)


def test_names_that_srs_preflight_was_told_of_are_fine(deploy: Deploy, refused: Callable[..., str], applied: Recorder) -> None:
    assert "unknown variable srs_edge_region" in refused("edge", srs_edge_region="x")
    deploy("edge", srs_edge_region="x", _srs_preflight={"variables": ["srs_edge_region"]})
    assert applied.asked


def test_warnings_are_told_once(deploy: Deploy, applied: Recorder) -> None:
    open_door = {"srs_edge_expose_http_api": True}
    applied.answers = [{**DONE, "warnings": ["of apply_set"]}]
    first, second = deploy("edge", **open_door)["warnings"]
    assert "without a password" in first and second == "of apply_set"
    told = {"roles": ["srs_edge"], "fingerprint": wanted(**open_door).fingerprint()}
    assert deploy("edge", **open_door, _srs_preflight=told)["warnings"] == []
    assert deploy("edge", **open_door, srs_change_cause="at another time", _srs_preflight=told)["warnings"] == []


@pytest.mark.parametrize(
    ("part", "manager", "field", "said"),
    [
        ("edge", "kube-controller-manager (scale)", ".spec.replicas", "set srs_edge_replicas, or the cluster's 'replicas', to null"),
        ("hls", "keda (scale)", ".spec.replicas", "set hls_nginx_replicas to null"),
        ("origin", "kube-controller-manager (scale)", ".spec.replicas", ""),
        ("edge", "kubectl (scale)", ".spec.replicas", ""),
        ("edge", "kubectl-edit", ".spec.replicas", ""),
        ("edge", "kube-controller-manager (scale)", ".spec.paused", ""),
    ],
)
def test_an_autoscaler_that_is_fought_is_told_of(deploy: Deploy, applied: Recorder, part: str, manager: str, field: str, said: str) -> None:
    conflict = {"object": "Deployment live/d", "manager": manager, "field": field}
    applied.answers = [dict(DONE), {**DONE, "conflicts": [conflict]}] if part == "origin" else [{**DONE, "conflicts": [conflict]}]
    warnings = deploy(part)["warnings"]
    assert len(warnings) == bool(said) and all(said in text and manager in text for text in warnings)


def done(kind: str, name: str, action: str = "configured") -> Args:
    return {"kind": kind, "name": name, "action": action, "changed": action not in ("unchanged", "kept", "held")}


@pytest.mark.parametrize(
    ("part", "objects", "rolled"),
    [
        ("edge", [done("Deployment", "srs-edge-b-deployment")], ["b"]),
        ("edge", [done("Deployment", "srs-edge-a-deployment", "created"), done("ConfigMap", "srs-edge-b-config")], ["a", "b"]),
        ("edge", [done("Deployment", "srs-edge-a-deployment", "unchanged"), done("Service", "srs-edge-a-service")], []),
        ("edge", [done("Deployment", "srs-edge-gone-deployment", "deleted")], []),
        ("origin", [done("Deployment", "srs-origin-deployment")], ["origin"]),
        ("origin", [done("ConfigMap", "srs-origin-config")], ["origin"]),
        ("origin", [done("NetworkPolicy", "srs-origin")], []),
        ("hls", [done("Deployment", "srs-edge-a-deployment")], []),
        ("canary", [done("Deployment", "srs-edge-a-deployment")], []),
    ],
)
def test_the_clusters_whose_servers_have_changed_are_told(
    deploy: Deploy, applied: Recorder, part: str, objects: list[Args], rolled: list[str]
) -> None:
    answer = {**DONE, "objects": objects}
    applied.answers = [dict(DONE), answer] if part == "origin" else [answer]
    args = {"clusters": ["a"], "canary_servers": {"a": 1}} if part == "canary" else {}
    told = deploy(part, args, **TWO, srs_edge_config={"http_server": {"listen": 8088}, "http_hooks": {"enabled": False}})["rolled"]
    assert [item["name"] for item in told] == rolled
    component = "origin" if part == "origin" else "edge"
    assert all((item["component"], item["rtmp_port"], item["may_refuse"]) == (component, 1935, "") for item in told)
    assert all(item["flv_port"] == 8088 for item in told if component == "edge")


# What follows


def names(following: list[Args]) -> list[str]:
    return [item["name"] for item in following]


def edges_of(**variables: Any) -> list[Any]:
    made = built(**variables)
    return made.edges(made.topology.edges)[0]


def checked(**variables: Any) -> Args:
    return {"roles": ["srs_origin", "hls_nginx", "srs_edge"], "fingerprint": wanted(**variables).fingerprint()}


@pytest.mark.parametrize(
    ("part", "following"),
    [
        ("hls", [["srs-origin", "srs-edge"]]),
        ("origin", [["srs-origin", "srs-edge"], ["srs-edge"]]),
        ("edge", [[]]),
        ("canary", [[]]),
    ],
)
def test_the_parts_that_follow_are_planned_as_well(deploy: Deploy, applied: Recorder, part: str, following: list[list[str]]) -> None:
    deploy(part, ARGS.get(part), _srs_preflight=checked(), ansible_run_tags=("all",), ansible_skip_tags=())
    assert [names(item) for item in applied.following] == following


def test_they_are_as_they_will_be_applied(deploy: Deploy, applied: Recorder) -> None:
    variables = {**NAMED, "srs_edge_allow_none": True}
    deploy("hls", **variables, _srs_preflight=checked(**variables))
    origin, edge = applied.following[0]
    assert origin == {key: origin_set()[key] for key in ("name", "objects", "prune", "optional_groups")}
    assert edge == {"name": "west-edge", "objects": edges_of(**variables), "prune": True, "prune_allow_empty": True}


def test_they_are_planned_once(deploy: Deploy, applied: Recorder) -> None:
    applied.answers = [{**DONE, "planned_following": []}]
    deploy("origin", _srs_preflight=checked())
    assert [names(item) for item in applied.following] == [["srs-origin", "srs-edge"], []]
    applied.answers, applied.following = [{**DONE, "planned_following": []}], []
    hls = deploy("hls", _srs_preflight=checked())
    deploy("origin", _srs_preflight=checked(), _hls_nginx_applied=hls)
    assert [names(item) for item in applied.following] == [["srs-origin", "srs-edge"], []]
    assert hls["planned_following"] == []


def test_what_was_planned_and_is_others_new_is_not_planned_again(deploy: Deploy, applied: Recorder) -> None:
    applied.answers = [{**DONE, "planned_following": ["srs-origin", "srs-edge"]}]
    hls = deploy("hls", _srs_preflight=checked())
    origin = deploy("origin", _srs_preflight=checked(), _hls_nginx_applied=hls)
    deploy("edge", _srs_preflight=checked(), _hls_nginx_applied=hls, _srs_origin_applied=origin)
    assert [asked.get("others_new", False) for asked in applied.asked] == [False, True, True]
    applied.asked, applied.answers = [], [{**DONE, "planned_following": ["srs-origin"]}]
    origin = deploy("origin", _srs_preflight=checked())
    deploy("edge", _srs_preflight=checked(), _srs_origin_applied=origin)
    assert [asked.get("others_new", False) for asked in applied.asked] == [False, True, False]
    deploy("hls", _srs_preflight=checked(), _hls_nginx_applied=hls)
    assert names(applied.following[-1]) == ["srs-origin", "srs-edge"], "of an earlier play"


@pytest.mark.parametrize(
    "variables",
    [
        {"ansible_run_tags": ("hls",)},
        {"ansible_skip_tags": ("edge",)},
        {"_srs_preflight": None},
        {"_srs_preflight": {**checked(), "fingerprint": "another"}},
        {"_srs_preflight": {**checked(), "roles": ["hls_nginx"]}},
    ],
)
def test_what_may_not_follow_is_not(deploy: Deploy, applied: Recorder, variables: dict[str, Any]) -> None:
    deploy("hls", **{"_srs_preflight": checked(), **variables})
    assert applied.following == [[]]


def test_edges_of_an_origin_that_is_yet_to_be_found_are_not(deploy: Deploy, applied: Recorder) -> None:
    variables = {"srs_edge_origin_from": "other", "hostvars": {"other": {}}}
    deploy("hls", **variables, _srs_preflight=checked(**variables))
    assert [names(item) for item in applied.following] == [["srs-origin"]]


def test_what_is_off_does_not_follow(deploy: Deploy, applied: Recorder) -> None:
    deploy("hls", **OFF, _srs_preflight=checked(**OFF))
    assert [names(item) for item in applied.following] == [["srs-edge"]]


def test_in_check_mode_each_part_speaks_for_itself(deploy: Deploy, applied: Recorder) -> None:
    deploy("hls", check_mode=True, _srs_preflight=checked())
    assert applied.following == [[]]


# Results


def test_the_results_of_two_sets_are_one(deploy: Deploy, applied: Recorder) -> None:
    one, two = ({"object": "Service live/s", "manager": "me", "field": field} for field in (".spec.type", ".spec.ports"))
    applied.answers = [
        {"changed": True, "objects": [SERVICE], "conflicts": [one], "diff": [3], "warnings": ["a"], "deprecations": ["b"]},
        {"changed": False, "objects": [CLAIM], "conflicts": [two], "diff": [6], "warnings": ["c"]},
    ]
    result = deploy("origin", **NAMED)
    assert result == {
        "changed": True,
        "objects": [SERVICE, CLAIM],
        "conflicts": [one, two],
        "diff": [3, 6],
        "warnings": ["a", "c"],
        "deprecations": ["b"],
        "part": "origin",
        "namespace": "live",
        "topology": "west",
        "rolled": [],
    }


@pytest.mark.parametrize(("first", "second", "changed"), [(False, False, False), (False, True, True), (True, False, True)])
def test_it_has_changed_when_either_has(deploy: Deploy, applied: Recorder, first: bool, second: bool, changed: bool) -> None:
    applied.answers = [{**DONE, "changed": first}, {**DONE, "changed": second}]
    assert deploy("origin")["changed"] is changed


def test_results_of_a_module_in_a_process_of_its_own_have_no_warnings(deploy: Deploy, applied: Recorder) -> None:
    answer = {"changed": False, "objects": [CLAIM], "conflicts": []}
    applied.answers = [dict(answer), dict(answer)]
    result = deploy("origin")
    assert result["objects"] == [CLAIM, CLAIM] and result["warnings"] == []


def test_when_the_first_set_fails_the_second_is_left_alone(deploy: Deploy, applied: Recorder) -> None:
    applied.answers = [{"failed": True, "msg": "no access", "changed": False}]
    result = deploy("origin")
    assert (result["failed"], result["msg"]) == (True, "no access")
    assert len(applied.asked) == 1 and applied.asked[0]["name"] == "srs-hls"


@pytest.mark.parametrize("part", PARTS)
def test_a_failure_is_no_result(deploy: Deploy, applied: Recorder, part: str) -> None:
    failure = {"failed": True, "msg": "no access", "changed": False}
    applied.answers = [dict(failure), dict(failure)]
    result = deploy(part, ARGS.get(part))
    assert (result["failed"], result["msg"]) == (True, "no access")
    assert not {"part", "namespace", "topology", "reloads"} & set(result), "so nobody takes it for applied"


def test_what_the_first_set_did_is_told_when_the_second_fails(deploy: Deploy, applied: Recorder) -> None:
    applied.answers = [{**DONE, "changed": True, "objects": [1]}, {"failed": True, "msg": "no access", "changed": False}]
    result = deploy("origin")
    assert (result["failed"], result["changed"], result["objects"]) == (True, True, [1])
