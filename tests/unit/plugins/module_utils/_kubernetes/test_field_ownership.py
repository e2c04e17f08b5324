# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns which field. That the emulation of the API server is right is tested on a real one (tests/integration)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import field_ownership as ownership
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import LAST_APPLIED

US = "livestream.srs"
CONTAINER = 'k:{"name":"srs"}'
PORT = 'k:{"containerPort":80,"protocol":"TCP"}'


def entry(
    manager: str, fields: dict[str, Any], operation: str = "Update", subresource: str = "", api_version: str = "apps/v1"
) -> dict[str, Any]:
    made = {
        "manager": manager,
        "operation": operation,
        "apiVersion": api_version,
        "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return {**made, "subresource": subresource} if subresource else made


def deployment(*entries: dict[str, Any], spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a", "namespace": "n", "managedFields": list(entries), **metadata},
        "spec": spec or {},
    }


@pytest.mark.parametrize(
    "taken",
    [
        entry("kubectl-client-side-apply", {}),
        entry("kubectl-edit", {}),
        entry("kubectl-set", {}),
        entry("kubectl", {}),
        entry("kubectl", {}, "Apply"),
        entry("before-first-apply", {}),
        entry(US, {}),
        entry("OpenAPI-Generator", {"f:metadata": {"f:annotations": {f"f:{LAST_APPLIED}": {}}}}),
    ],
    ids=lambda one: f"{one['manager']}-{one['operation']}",
)
def test_what_kubectl_wrote_is_taken_over(taken: dict[str, Any]) -> None:
    assert ownership.taken_over(deployment(taken)) == [taken]


@pytest.mark.parametrize(
    "left",
    [
        entry("kubectl", {}, subresource="scale"),
        entry("kubectl-rollout", {}),
        entry("kube-controller-manager", {}, subresource="status"),
        entry("helm", {}),
        entry("argocd-controller", {}, "Apply"),
        entry("kubectl-edit", {}, api_version="apps/v1beta1"),
        entry(US, {}, "Apply"),
    ],
    ids=lambda one: f"{one['manager']}-{one['operation']}-{one.get('subresource')}-{one['apiVersion']}",
)
def test_what_others_wrote_is_left_to_them(left: dict[str, Any]) -> None:
    assert ownership.taken_over(deployment(left)) == []


def test_reowning_joins_what_is_taken_over_to_ours() -> None:
    ours = entry(US, {"f:spec": {"f:replicas": {}}}, "Apply")
    status = entry("kube-controller-manager", {"f:status": {}}, subresource="status")
    live = deployment(
        entry("kubectl-client-side-apply", {"f:spec": {"f:paused": {}}}), ours, status, entry("kubectl-edit", {"f:spec": {"f:a": {}}})
    )
    moved = ownership.reowned(live, deployment(spec={"replicas": 1}), US, "now")
    assert moved == [status, {**ours, "time": "now", "fieldsV1": {"f:spec": {"f:replicas": {}, "f:paused": {}, "f:a": {}}}}]


def test_nothing_to_reown() -> None:
    live = deployment(entry(US, {"f:spec": {"f:replicas": {}}}, "Apply"), entry("helm", {"f:spec": {"f:paused": {}}}))
    assert ownership.reowned(live, deployment(spec={"replicas": 1}), US, "now") is None


def test_a_replica_count_that_the_manifest_leaves_out_becomes_nobodys() -> None:
    live = deployment(entry(US, {"f:spec": {"f:replicas": {}, "f:paused": {}}}, "Apply"), spec={"replicas": 5, "paused": True})
    [ours] = ownership.reowned(live, deployment(spec={"paused": True}), US, "now") or []
    assert ours["fieldsV1"] == {"f:spec": {"f:paused": {}}}
    applied = deployment(entry(US, {"f:spec": {"f:paused": {}}}, "Apply"), spec={"replicas": 1, "paused": True})
    assert ownership.after_reowning(live, applied, deployment(spec={"paused": True}), US)["spec"] == {"replicas": 5, "paused": True}


@pytest.mark.parametrize(
    ("kind", "nobodys"), [("Deployment", True), ("StatefulSet", True), ("ReplicaSet", True), ("ReplicationThing", False)]
)
def test_whose_replica_count_may_be_an_autoscalers(kind: str, nobodys: bool) -> None:
    live = {**deployment(entry(US, {"f:spec": {"f:replicas": {}}}, "Apply")), "kind": kind}
    assert (ownership.reowned(live, {**live, "spec": {}}, US, "now") is not None) is nobodys


def test_replicas_of_other_kinds_are_a_field_like_others() -> None:
    live = {**deployment(entry(US, {"f:spec": {"f:replicas": {}}}, "Apply", api_version="x/v1")), "apiVersion": "x/v1"}
    assert ownership.reowned(live, {**live, "spec": {}}, US, "now") is None


def after_reowning(taken: dict[str, Any], ours: dict[str, Any], spec: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    """The spec that is left of ``spec`` when kubectl owned ``taken``, and we have applied ``ours``."""
    live = deployment(entry("kubectl-client-side-apply", {"f:spec": taken}), *others, spec=spec)
    applied = deployment(entry("kubectl-client-side-apply", {"f:spec": taken}), entry(US, {"f:spec": ours}, "Apply"), *others, spec=spec)
    return ownership.after_reowning(live, applied, deployment(spec={"replicas": 1}), US)["spec"]


def test_a_field_that_only_kubectl_owned_goes() -> None:
    assert after_reowning({"f:a": {}, "f:b": {}}, {"f:a": {}}, {"a": 1, "b": 2}) == {"a": 1}


def test_an_object_keeps_its_metadata_whoever_owned_parts_of_it() -> None:
    taken = entry("kubectl-client-side-apply", {"f:metadata": {"f:labels": {".": {}, "f:x": {}}}})
    live = deployment(taken, labels={"x": "1"})
    applied = deployment(taken, entry(US, {"f:spec": {"f:replicas": {}}}, "Apply"), spec={"replicas": 1}, labels={"x": "1"})
    result = ownership.after_reowning(live, applied, deployment(spec={"replicas": 1}), US)
    assert (result["metadata"]["name"], "labels" in result["metadata"], result["spec"]) == ("a", False, {"replicas": 1})


def test_a_field_that_another_manager_owns_too_stays() -> None:
    helm = entry("helm", {"f:spec": {"f:b": {}}})
    assert after_reowning({"f:a": {}, "f:b": {}}, {"f:a": {}}, {"a": 1, "b": 2}, helm) == {"a": 1, "b": 2}


def test_a_field_that_nobody_owned_stays() -> None:
    assert after_reowning({"f:a": {}}, {"f:a": {}}, {"a": 1, "default": 2}) == {"a": 1, "default": 2}


def test_a_mapping_goes_with_the_defaults_in_it() -> None:
    taken = {"f:probe": {"f:port": {}}, "f:a": {}}
    assert after_reowning(taken, {"f:a": {}}, {"a": 1, "probe": {"port": 1, "period": 10}}) == {"a": 1}


def test_of_a_mapping_only_the_part_goes_that_is_not_ours() -> None:
    taken = {"f:limits": {".": {}, "f:cpu": {}, "f:memory": {}}}
    assert after_reowning(taken, {"f:limits": {"f:cpu": {}}}, {"limits": {"cpu": "1", "memory": "1Gi"}}) == {"limits": {"cpu": "1"}}


def test_items_of_a_list_go_by_their_keys() -> None:
    taken = {"f:containers": {'k:{"name":"a"}': {".": {}, "f:image": {}}, 'k:{"name":"b"}': {".": {}, "f:image": {}}}}
    spec = {"containers": [{"name": "a", "image": "1"}, {"name": "c"}, {"name": "b", "image": "2"}]}
    ours = {"f:containers": {'k:{"name":"b"}': {".": {}, "f:image": {}}}}
    assert after_reowning(taken, ours, spec) == {"containers": [{"name": "c"}, {"name": "b", "image": "2"}]}


def test_an_item_of_which_only_a_field_was_owned_stays_without_it() -> None:
    taken = {"f:containers": {'k:{"name":"a"}': {"f:image": {}}}, "f:a": {}}
    others = entry("helm", {"f:spec": {"f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}}}}})
    assert after_reowning(taken, {"f:a": {}}, {"a": 1, "containers": [{"name": "a", "image": "1"}]}, others) == {
        "a": 1,
        "containers": [{"name": "a"}],
    }


def test_values_of_a_set_go() -> None:
    taken = {"f:modes": {'v:"a"': {}, 'v:"b"': {}}}
    assert after_reowning(taken, {"f:modes": {'v:"b"': {}}}, {"modes": ["a", "b", "c"]}) == {"modes": ["b", "c"]}


def test_what_apply_is_told_of_the_live_object_is_not_changed() -> None:
    live = deployment(entry("kubectl-edit", {"f:spec": {"f:b": {}}}), spec={"b": 1})
    applied = deployment(entry(US, {}, "Apply"), spec={"b": 1})
    ownership.after_reowning(live, applied, deployment(spec={"replicas": 1}), US)
    assert applied["spec"] == {"b": 1}


def test_overridden_fields_are_named_with_their_manager() -> None:
    image = {"f:spec": {"f:template": {"f:spec": {"f:containers": {CONTAINER: {"f:image": {}}}}}}}
    spec = {"replicas": 7, "template": {"spec": {"containers": [{"name": "srs", "image": "old"}]}}}
    before = entry(US, {"f:spec": {"f:paused": {}}}, "Apply")
    live = deployment(before, entry("helm", image), entry("kubectl", {"f:spec": {"f:replicas": {}}}, subresource="scale"), spec=spec)
    ours = entry(US, {"f:spec": {"f:replicas": {}, **image["f:spec"]}}, "Apply")
    applied = deployment(ours, spec={"replicas": 2, "template": {"spec": {"containers": [{"name": "srs", "image": "new"}]}}})
    assert ownership.overridden(live, applied, US) == [
        ("helm", '.spec.template.spec.containers[name="srs"].image'),
        ("kubectl (scale)", ".spec.replicas"),
    ]


def test_ownership_lost_to_another_spelling_of_the_same_value_is_no_conflict() -> None:
    live = deployment(entry("helm", {"f:spec": {"f:cpu": {}}}), spec={"cpu": "1"})
    applied = deployment(entry(US, {"f:spec": {"f:cpu": {}}}, "Apply"), spec={"cpu": "1"})
    assert ownership.overridden(live, applied, US) == []


def test_what_the_same_manager_once_updated_is_no_conflict() -> None:
    live = deployment(entry(US, {"f:spec": {"f:replicas": {}}}, "Update"), spec={"replicas": 1})
    applied = deployment(entry(US, {"f:spec": {"f:replicas": {}}}, "Apply"), spec={"replicas": 2})
    assert ownership.overridden(live, applied, US) == []


def test_what_others_still_own_is_no_conflict() -> None:
    helm = entry("helm", {"f:spec": {"f:replicas": {}}})
    live = deployment(helm, spec={"replicas": 1})
    applied = deployment(helm, entry(US, {"f:spec": {"f:replicas": {}}}, "Apply"), spec={"replicas": 1})
    assert ownership.overridden(live, applied, US) == []


# As applied


MANIFEST = deployment(
    labels={"a": "b"},
    spec={
        "replicas": 2,
        "containers": [{"name": "srs", "image": "i", "ports": [{"containerPort": 80}]}, {"name": "nginx"}],
        "modes": ["x"],
    },
)
del MANIFEST["metadata"]["managedFields"]
APPLIED = {
    "f:metadata": {"f:labels": {"f:a": {}}},
    "f:spec": {
        "f:replicas": {},
        "f:containers": {
            CONTAINER: {".": {}, "f:name": {}, "f:image": {}, "f:ports": {PORT: {".": {}, "f:containerPort": {}}}},
            'k:{"name":"nginx"}': {".": {}, "f:name": {}},
        },
        "f:modes": {'v:"x"': {}},
    },
}


def live_manifest(*others: dict[str, Any], **spec: Any) -> dict[str, Any]:
    containers = [
        {"name": "srs", "image": "i", "ports": [{"containerPort": 80, "protocol": "TCP"}], "imagePullPolicy": "Always"},
        {"name": "injected"},
        {"name": "nginx", "imagePullPolicy": "Always"},
    ]
    spec = {"replicas": 2, "containers": containers, "modes": ["w", "x"], "paused": False, **spec}
    return deployment(entry(US, APPLIED, "Apply"), *others, labels={"a": "b", "c": "d"}, spec=spec)


def test_as_applied() -> None:
    assert ownership.is_as_applied(live_manifest(entry("helm", {"f:spec": {"f:paused": {}}})), MANIFEST, US)


@pytest.mark.parametrize(
    "live",
    [
        live_manifest(replicas=3),
        live_manifest(replicas="2"),
        live_manifest(replicas=True),
        live_manifest(modes=["w"]),
        live_manifest(modes=None),
        live_manifest(modes="x"),
        live_manifest(modes={"x": "x"}),
        live_manifest(modes=["w", "x"], containers={"srs": {}, "nginx": {}}),
        live_manifest(containers=[{"name": "nginx"}, {"name": "srs", "image": "i", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]),
        live_manifest(containers=[{"name": "srs", "image": "i", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]),
        live_manifest(entry("kubectl-edit", {"f:spec": {"f:paused": {}}})),
        live_manifest(entry("kubectl-client-side-apply", {})),
        {**live_manifest(), "metadata": {**live_manifest()["metadata"], "managedFields": []}},
        {**live_manifest(), "metadata": {**live_manifest()["metadata"], "managedFields": [entry(US, APPLIED, "Update")]}},
        {
            **live_manifest(),
            "metadata": {**live_manifest()["metadata"], "managedFields": [entry(US, APPLIED, "Apply", api_version="apps/v2")]},
        },
        {**live_manifest(), "metadata": {**live_manifest()["metadata"], "labels": {"a": "c"}}},
    ],
)
def test_not_as_applied(live: dict[str, Any]) -> None:
    assert not ownership.is_as_applied(live, MANIFEST, US)


@pytest.mark.parametrize(
    "change",
    [
        {"replicas": 3},
        {"paused": False},
        {"modes": ["x", "w"]},
        {"modes": []},
        {"modes": "x"},
        {"modes": {"x": "x"}},
        {"modes": ["x", "x"]},
        {"containers": [MANIFEST["spec"]["containers"][0]]},
        {"containers": list(reversed(MANIFEST["spec"]["containers"]))},
        {"containers": [*MANIFEST["spec"]["containers"], {"name": "new"}]},
        {"containers": [{**MANIFEST["spec"]["containers"][0], "ports": [{"containerPort": 80, "protocol": "UDP"}]}, {"name": "nginx"}]},
    ],
)
def test_another_manifest_is_not_as_applied(change: dict[str, Any]) -> None:
    assert not ownership.is_as_applied(live_manifest(), {**MANIFEST, "spec": {**MANIFEST["spec"], **change}}, US)


def test_an_empty_mapping_may_have_been_left_out_by_the_server() -> None:
    live = deployment(entry(US, {"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:nodeSelector": {}}}, "Apply"), labels={"a": "b"})
    manifest = {**live, "metadata": {"name": "a", "labels": {"a": "b"}}, "spec": {"nodeSelector": {}}}
    assert ownership.is_as_applied(live, manifest, US)
    live["spec"]["nodeSelector"] = {"by": "another"}
    assert not ownership.is_as_applied(live, manifest, US)


def test_a_field_that_left_the_manifest_is_seen() -> None:
    spec = {key: value for key, value in MANIFEST["spec"].items() if key != "modes"}
    assert not ownership.is_as_applied(live_manifest(), {**MANIFEST, "spec": spec}, US)


# Sets of fields


FIELDS = st.recursive(
    st.just({}), lambda below: st.dictionaries(st.sampled_from([".", "f:a", "f:b", CONTAINER]), below, max_size=3), max_leaves=12
)


def members(fields: dict[str, Any], path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """All paths of a set, as the API server reads its JSON."""
    found = set()
    for step, below in fields.items():
        if step == ".":
            continue
        if not below or "." in below:
            found.add((*path, step))
        found |= members(below, (*path, step))
    return found


@given(FIELDS, FIELDS)
def test_a_union_has_the_members_of_both(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert members(ownership.union([one, other])) == members(one) | members(other)


@given(FIELDS)
def test_leaves_are_members_without_members_below(fields: dict[str, Any]) -> None:
    everything = members(fields)
    expected = {path for path in everything if not any(other != path and other[: len(path)] == path for other in everything)}
    assert set(ownership.leaves(fields)) >= expected
    assert {path for path in ownership.leaves(fields) if path in everything} == expected


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("f:spec", "f:replicas"), ".spec.replicas"),
        (("f:metadata", "f:annotations", "f:a.b/c"), '.metadata.annotations["a.b/c"]'),
        (("f:containers", CONTAINER, "f:ports", PORT), '.containers[name="srs"].ports[containerPort=80,protocol="TCP"]'),
        (("f:modes", 'v:"x"'), '.modes["x"]'),
    ],
)
def test_paths_read_as_kubectl_writes_them(path: tuple[str, ...], shown: str) -> None:
    assert ownership.show(path) == shown


# Patches and readings


def test_a_content_patch_has_only_what_differs() -> None:
    live = {**deployment(spec={"a": 1}, labels={"x": "1"}, annotations={"a/b": "1"}), "data": {}, "status": {"x": 1}}
    wanted = {**deployment(spec={"a": 2}, labels={"x": "1"}), "extra": 1}
    assert ownership.content_patch(live, wanted) == [
        {"op": "add", "path": "/spec", "value": {"a": 2}},
        {"op": "remove", "path": "/data"},
        {"op": "add", "path": "/extra", "value": 1},
        {"op": "remove", "path": "/metadata/annotations"},
    ]


def test_readings_that_differ_in_status_are_the_same() -> None:
    earlier = deployment(entry("kube-controller-manager", {"f:status": {}}, subresource="status"), resourceVersion="1")
    later = {
        **deployment(entry("kube-controller-manager", {"f:status": {"f:x": {}}}, subresource="status"), resourceVersion="2"),
        "status": {"x": 1},
    }
    assert ownership.is_same(earlier, later)
    assert not ownership.is_same(earlier, {**later, "spec": {"replicas": 2}})
    assert not ownership.is_same(earlier, deployment(entry("kubectl-edit", {}), resourceVersion="2"))
