# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches: what a merge makes of an object, what a list of operations does, and what is wrong with either."""

from __future__ import annotations

import sys
from copy import deepcopy
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._manifests.patches import IDENTITY_LABELS, Patches, merged
from ansible_collections.livestream.srs.plugins.plugin_utils._wanted import _json_patch

CONTAINER = {
    "name": "srs",
    "image": "srs:6",
    "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    "ports": [{"name": "rtmp", "containerPort": 1935}, {"name": "http", "containerPort": 8080}],
    "volumeMounts": [{"name": "conf", "mountPath": "/conf"}, {"name": "tmp", "mountPath": "/tmp"}],
    "command": ["./srs", "-c", "conf"],
    "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}},
}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "srs-edge-deployment", "namespace": "srs", "labels": dict.fromkeys(IDENTITY_LABELS, "ours")},
    "spec": {
        "replicas": 3,
        "template": {
            "spec": {
                "containers": [CONTAINER, {"name": "nginx", "image": "nginx"}],
                "volumes": [{"name": "conf", "configMap": {"name": "srs-edge-config"}}, {"name": "tmp", "emptyDir": {}}],
                "tolerations": [{"key": "a"}],
            }
        },
    },
}
SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "srs-edge-service", "namespace": "srs", "labels": {}},
    "spec": {"ports": [{"name": "rtmp", "port": 1935}, {"name": "http", "port": 8080}]},
}
OBJECTS = [DEPLOYMENT, SERVICE]


def patches(*given: Any, kind: str = "Deployment", name: str = "*") -> Patches:
    """Patches of all Deployments, unless said."""
    return Patches([{"kind": kind, "name": name, "patch": patch} for patch in given], _json_patch)


def pod(**fields: Any) -> dict[str, Any]:
    """A patch of the spec of the pods."""
    return {"spec": {"template": {"spec": fields}}}


def srs(**fields: Any) -> dict[str, Any]:
    """A patch of the container of SRS."""
    return pod(containers=[{"name": "srs", **fields}])


def patched(patch: Any) -> dict[str, Any]:
    (item,) = patches(patch).applied([DEPLOYMENT])
    return item


def container(patch: Any) -> dict[str, Any]:
    found: dict[str, Any] = patched(patch)["spec"]["template"]["spec"]["containers"][0]
    return found


def refused(patch: Any, item: dict[str, Any] | None = None) -> str:
    item = item or DEPLOYMENT
    with pytest.raises(SrsError) as error:
        patches(patch, kind=item["kind"]).applied([item])
    (problem,) = patches(patch, kind=item["kind"]).check(OBJECTS)
    assert problem == error.value.message, "it is said beforehand, in the same words"
    return problem


# Merging


def test_what_is_not_named_stays() -> None:
    before = deepcopy(DEPLOYMENT)
    after = patched({"spec": {"replicas": 5}, "metadata": {"annotations": {"a": "b"}}})
    assert after["spec"] == {**DEPLOYMENT["spec"], "replicas": 5}
    assert after["metadata"] == {**DEPLOYMENT["metadata"], "annotations": {"a": "b"}}
    assert before == DEPLOYMENT, "the object itself is as it was"


def test_null_removes() -> None:
    assert "replicas" not in patched({"spec": {"replicas": None}})["spec"]
    assert "command" not in container(srs(command=None))
    assert patched({"spec": {"paused": None}}) == DEPLOYMENT, "what isn't there is gone already"
    assert patched(pod(affinity={"nodeAffinity": None}))["spec"]["template"]["spec"]["affinity"] == {}


@pytest.mark.parametrize(
    ("patch", "list_", "expected"),
    [
        (srs(env=[{"name": "B", "value": "3"}]), "env", [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}]),
        (
            srs(env=[{"name": "C", "value": "3"}]),
            "env",
            [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C", "value": "3"}],
        ),
        (srs(env=[{"name": "A", "$patch": "delete"}]), "env", [{"name": "B", "value": "2"}]),
        (
            srs(env=[{"name": "B", "value": None, "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]),
            "env",
            [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        ),
        (srs(env=[{"$patch": "replace"}, {"name": "C", "value": "3"}]), "env", [{"name": "C", "value": "3"}]),
        (srs(env=[{"$patch": "replace"}]), "env", []),
        (
            srs(ports=[{"name": "rtmp", "hostPort": 1935}]),
            "ports",
            [{"name": "rtmp", "containerPort": 1935, "hostPort": 1935}, {"name": "http", "containerPort": 8080}],
        ),
        (
            srs(ports=[{"containerPort": 8080, "name": "web"}]),
            "ports",
            [*CONTAINER["ports"], {"containerPort": 8080, "name": "web"}],
        ),
        (
            srs(ports=[{"containerPort": 8080, "hostPort": 80}]),
            "ports",
            [{"name": "rtmp", "containerPort": 1935}, {"name": "http", "containerPort": 8080, "hostPort": 80}],
        ),
        (
            srs(volumeMounts=[{"mountPath": "/tmp", "name": "disk"}]),
            "volumeMounts",
            [{"name": "conf", "mountPath": "/conf"}, {"name": "disk", "mountPath": "/tmp"}],
        ),
        (srs(command=["./srs"]), "command", ["./srs"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_lists_of_a_container(patch: Any, list_: str, expected: list[Any]) -> None:
    after = container(patch)
    assert after[list_] == expected
    assert {key: value for key, value in after.items() if key != list_} == {key: value for key, value in CONTAINER.items() if key != list_}


def test_lists_of_a_pod() -> None:
    after = patched(
        pod(
            containers=[{"name": "nginx", "$patch": "delete"}, {"name": "agent", "image": "agent"}],
            volumes=[{"name": "tmp", "emptyDir": None, "hostPath": {"path": "/tmp"}}],
            tolerations=[{"key": "b"}],
            imagePullSecrets=[{"name": "registry"}],
        )
    )["spec"]["template"]["spec"]
    assert [item["name"] for item in after["containers"]] == ["srs", "agent"]
    assert after["volumes"] == [DEPLOYMENT["spec"]["template"]["spec"]["volumes"][0], {"name": "tmp", "hostPath": {"path": "/tmp"}}]
    assert after["tolerations"] == [{"key": "b"}], "Kubernetes has no key for these"
    assert after["imagePullSecrets"] == [{"name": "registry"}]


def test_ports_of_a_service_by_number() -> None:
    (after,) = patches({"spec": {"ports": [{"port": 8080, "nodePort": 30080}]}}, kind="Service").applied([SERVICE])
    assert after["spec"]["ports"] == [{"name": "rtmp", "port": 1935}, {"name": "http", "port": 8080, "nodePort": 30080}]
    (after,) = patches({"spec": {"ports": [{"name": "rtmp", "port": 443}]}}, kind="Service").applied([SERVICE])
    assert after["spec"]["ports"][0] == {"name": "rtmp", "port": 443}, "the first key that it has counts"


def test_a_mapping_is_replaced_where_that_is_said() -> None:
    assert container(srs(resources={"$patch": "replace", "limits": {"cpu": "2"}}))["resources"] == {"limits": {"cpu": "2"}}
    assert container(srs(resources={"limits": {"cpu": "2"}}))["resources"] == {
        "requests": {"cpu": "1"},
        "limits": {"memory": "1Gi", "cpu": "2"},
    }
    assert container(pod(containers=[{"name": "srs", "$patch": "replace", "image": "x"}])) == {"name": "srs", "image": "x"}


def test_directives_and_nulls_never_come_out() -> None:
    added = {"name": "new", "image": "x", "command": None, "env": [{"name": "A", "value": None}], "resources": {"$patch": "replace"}}
    after = patched(pod(containers=[added]))["spec"]["template"]["spec"]["containers"][-1]
    assert after == {"name": "new", "image": "x", "env": [{"name": "A"}], "resources": {}}


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (srs(env=[{"value": "1"}]), "an element of spec.template.spec.containers[srs].env has no name, by which its place is found."),
        (pod(containers=["srs"]), "an element of spec.template.spec.containers has no name"),
        (srs(ports=[{"protocol": "UDP"}]), "spec.template.spec.containers[srs].ports has no name or containerPort or port"),
        (pod(volumes=[{"name": "x", "$patch": "delete"}]), "spec.template.spec.volumes[x] is not there."),
        ({"spec": {"replicas": {"a": 1}}}, "spec.replicas is not a mapping."),
        ({"spec": {"replicas": [1]}}, "spec.replicas is not a list."),
        (pod(containers={"name": "srs"}), "spec.template.spec.containers is not a mapping."),
        ({"spec": {"$patch": "delete"}}, "spec has $patch: delete, which is for elements of lists; a mapping takes replace."),
        ({"$patch": "merge"}, "the object has $patch: merge"),
        (srs(env=[{"name": "A", "$patch": "merge"}]), "containers[srs].env[A] has $patch: merge"),
        (
            pod(**{"$setElementOrder/containers": []}),
            "$setElementOrder/containers is not known here: there is $patch with delete and replace.",
        ),
        ({"$retainKeys": ["a"]}, "$retainKeys is not known here"),
    ],
)
def test_where_a_merge_does_not_fit(patch: Any, said: str) -> None:
    message = refused(patch)
    assert message.startswith("srs_patches[0].patch can't be applied to Deployment srs-edge-deployment: ")
    assert said in message


@pytest.mark.parametrize("patch", ["text", 7, True, 1.5])
def test_what_is_neither_a_mapping_nor_a_list(patch: Any) -> None:
    assert refused(patch) == "srs_patches[0].patch must be a mapping, which is merged, or a list of operations (JSON patch)."


def test_a_merge_into_nothing_is_what_it_says() -> None:
    assert merged(None, {"a": [{"name": "x", "b": None}], "c": None}) == {"a": [{"name": "x"}]}
    assert merged({"a": 1}, 2) == 2


# Lists of operations


def test_operations() -> None:
    after = patched(
        [
            {"op": "replace", "path": "/spec/replicas", "value": 5},
            {"op": "add", "path": "/spec/template/spec/containers/0/command/-", "value": "-v"},
            {"op": "remove", "path": "/spec/template/spec/tolerations"},
            {"op": "test", "path": "/spec/replicas", "value": 5},
        ]
    )
    assert after["spec"]["replicas"] == 5
    assert after["spec"]["template"]["spec"]["containers"][0]["command"] == ["./srs", "-c", "conf", "-v"]
    assert "tolerations" not in after["spec"]["template"]["spec"]
    assert DEPLOYMENT["spec"]["replicas"] == 3 and len(CONTAINER["command"]) == 3, "the object itself is as it was"


def test_no_operations_at_all() -> None:
    assert patched([]) == DEPLOYMENT


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ({"op": "replace", "path": "/spec/replica", "value": 1}, "(replace /spec/replica): can't replace a non-existent object 'replica'."),
        ({"op": "remove", "path": "/spec/x"}, "(remove /spec/x): can't remove a non-existent object 'x'."),
        ({"op": "add", "path": "/metadata/annotations/a", "value": "1"}, "(add /metadata/annotations/a): member 'annotations' not found."),
        (
            {"op": "add", "path": "/spec/template/spec/containers/9", "value": {}},
            "(add /spec/template/spec/containers/9): can't insert outside of list.",
        ),
        ({"op": "test", "path": "/spec/replicas", "value": 9}, "(test /spec/replicas): there is another value."),
        ({"op": "rename", "path": "/spec"}, "(rename /spec): Unknown operation 'rename'."),
        ({"op": "replace", "path": "/spec/replicas"}, "(replace /spec/replicas): The operation does not contain a 'value' member."),
        ({"path": "/spec"}, "(None /spec): Operation does not contain 'op' member."),
        ("add", ": Document is expected to be sequence of operations"),
        (7, ": Operation must be an object."),
    ],
)
def test_where_an_operation_does_not_fit(operation: Any, said: str) -> None:
    message = refused([{"op": "replace", "path": "/spec/replicas", "value": 5}, operation])
    assert message.startswith("srs_patches[0].patch can't be applied to Deployment srs-edge-deployment: operation 1")
    assert said in message


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/data/x/y", "value": "z"},
        {"op": "remove", "path": "/data/x"},
        {"op": "test", "path": "/data/srs.conf", "value": "z"},
        {"op": "add", "path": "/data/srs.conf/a", "value": "z"},
    ],
)
def test_an_error_does_not_tell_what_is_in_the_object(operation: Any) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"srs.conf": "password hunter2;"}}
    with pytest.raises(SrsError) as error:
        patches([operation], kind="ConfigMap").applied([config])
    assert "hunter2" not in error.value.message


def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonpatch", None)
    assert "needs the Python package jsonpatch on the controller: pip install jsonpatch" in refused([{"op": "remove", "path": "/spec"}])
    assert patched({"spec": {"replicas": 1}})["spec"]["replicas"] == 1, "a merge needs none"


# What must stay


@pytest.mark.parametrize(
    ("patch", "path"),
    [
        ({"apiVersion": "v2"}, "apiVersion"),
        ({"kind": "DaemonSet"}, "kind"),
        ({"metadata": {"name": "other"}}, "metadata.name"),
        ({"metadata": {"namespace": None}}, "metadata.namespace"),
        ({"metadata": None}, "metadata.name"),
        *(({"metadata": {"labels": {label: "theirs"}}}, f"the label {label}") for label in IDENTITY_LABELS),
        ({"metadata": {"labels": None}}, f"the label {IDENTITY_LABELS[0]}"),
        ([{"op": "replace", "path": "/metadata/name", "value": "other"}], "metadata.name"),
        ([{"op": "replace", "path": "", "value": {}}], "apiVersion"),
        ([{"op": "replace", "path": "", "value": "text"}], "apiVersion"),
    ],
)
def test_an_object_stays_itself(patch: Any, path: str) -> None:
    assert refused(patch) == (
        f"srs_patches[0].patch changes {path} of Deployment srs-edge-deployment, by which it is found again: leave it as it is."
    )


def test_labels_of_ones_own_are_fine() -> None:
    after = patched({"metadata": {"labels": {"team": "live", IDENTITY_LABELS[0]: "ours"}}})
    assert after["metadata"]["labels"] == {**DEPLOYMENT["metadata"]["labels"], "team": "live"}


# Which objects


@pytest.mark.parametrize(
    ("name", "matches"),
    [("*", True), ("srs-edge-deployment", True), ("srs-*", True), ("srs-edge-deploymen?", True), ("SRS-*", False), ("srs-edge", False)],
)
def test_objects_are_named_by_a_pattern(name: str, matches: bool) -> None:
    given = patches({"spec": {"replicas": 9}}, name=name)
    after, service = given.applied(OBJECTS)
    assert (after["spec"]["replicas"] == 9) is matches
    assert service == SERVICE, "it is of another kind"
    assert (list(given.check(OBJECTS)) == []) is matches


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        (
            "Deployment",
            "srs-egde-*",
            "srs_patches[0] matches no object: name is 'srs-egde-*', and there are Deployment srs-edge-deployment.",
        ),
        ("deployment", "*", "srs_patches[0] matches no object: kind is 'deployment', and there are Deployment, Service."),
    ],
)
def test_a_patch_that_matches_nothing(kind: str, name: str, said: str) -> None:
    given = patches({}, kind=kind, name=name)
    assert list(given.check(OBJECTS)) == [said]
    assert given.applied(OBJECTS) == OBJECTS


def test_of_many_objects_some_are_named() -> None:
    many = [{**SERVICE, "metadata": {"name": f"s-{number}"}} for number in range(13)]
    (said,) = patches({}, kind="Service", name="x").check(many)
    assert "s-9 and 3 more." in said and "s-10" not in said


def test_another_name_by_which_an_object_is_known() -> None:
    canary = {**DEPLOYMENT, "metadata": {**DEPLOYMENT["metadata"], "name": "srs-edge-canary-deployment"}}
    given = patches({"spec": {"paused": True}}, name="srs-edge-deployment")
    assert given.applied([canary]) == [canary]
    (after,) = given.applied([canary], {"srs-edge-canary-deployment": "srs-edge-deployment"})
    assert after["spec"]["paused"] is True
    assert after["metadata"] == canary["metadata"]


# One after the other


FIRST = {"metadata": {"annotations": {"a": "1"}}}
SECOND = [{"op": "add", "path": "/metadata/annotations/b", "value": "2"}]


def test_each_patch_goes_on_from_the_one_before_it() -> None:
    given = patches(FIRST, SECOND)
    (after,) = given.applied([DEPLOYMENT])
    assert after["metadata"]["annotations"] == {"a": "1", "b": "2"}
    assert list(given.check(OBJECTS)) == []
    (problem,) = patches(SECOND, FIRST).check(OBJECTS)
    assert problem.startswith("srs_patches[0].patch can't be applied")
    removed, again = srs(env=[{"name": "A", "$patch": "delete"}]), srs(env=[{"name": "A", "$patch": "delete"}])
    (problem,) = patches(removed, again).check(OBJECTS)
    assert problem.startswith("srs_patches[1].patch can't be applied"), "what the first one has removed is gone"


def test_all_that_is_wrong_is_told() -> None:
    told = list(patches({"kind": "X"}, {"spec": {"replicas": 1}}, {"spec": {"replicas": []}}).check(OBJECTS))
    assert [text.partition(" ")[0] for text in told] == ["srs_patches[0].patch", "srs_patches[2].patch"]


def test_a_patch_without_effect() -> None:
    (said,) = patches({"spec": {"replicas": 3}}).without_effect(OBJECTS)
    assert said == "srs_patches[0] changes nothing of Deployment srs-edge-deployment: it can be left out."
    (said,) = patches({}, kind="Service").without_effect([SERVICE, SERVICE, SERVICE])
    assert said == "srs_patches[0] changes nothing of Service srs-edge-service and 2 more: it can be left out."
    assert list(patches({}, name="x").without_effect(OBJECTS)) == [], "that it matches nothing is an error"


def test_a_patch_that_changes_one_of_many_has_an_effect() -> None:
    other = {**SERVICE, "spec": {"type": "NodePort"}}
    assert list(patches({"spec": {"type": "NodePort"}}, kind="Service").without_effect([SERVICE, other])) == []


def test_what_a_patch_takes_back_is_an_effect() -> None:
    assert list(patches({"spec": {"replicas": 5}}, {"spec": {"replicas": 3}}).without_effect(OBJECTS)) == []
    (said,) = patches({"spec": {"replicas": 5}}, {"spec": {"replicas": 5}}).without_effect(OBJECTS)
    assert said.startswith("srs_patches[1] changes nothing")
