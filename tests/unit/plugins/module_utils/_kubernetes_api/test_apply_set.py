# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of an apply set against an API server in memory; what a real one makes of it is in tests/integration."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import membership
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import ObjectView, ref
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.policy import Policy, Verdict
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import apply_set as under_test
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import set_base
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.apply_set import apply_set
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.set_model import Result, SetSpec
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.wait import NotReady
from ansible_collections.livestream.srs.tests.support.fake_api import status

BASE = "/api/v1/namespaces/media"
RECORD = f"{BASE}/configmaps/srs-apply-set"
CONFIG = f"{BASE}/configmaps/config"
CLAIM = f"{BASE}/persistentvolumeclaims/data"
SERVICE = f"{BASE}/services/web"
DEPLOYMENT = "/apis/apps/v1/namespaces/media/deployments/web"


def manifest(api_version: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **more}


def everything() -> list[dict[str, Any]]:
    return [
        manifest("apps/v1", "Deployment", "web", spec={"replicas": 1, "paused": False}),
        manifest("v1", "Service", "web", spec={"type": "ClusterIP"}),
        manifest("v1", "ConfigMap", "config", data={"a": "1"}),
        manifest("v1", "PersistentVolumeClaim", "data", spec={}),
    ]


def run(client: Client, objects: list[Any] | None = None, **options: Any) -> Result:
    given = everything() if objects is None else objects
    return apply_set(client, SetSpec(name="srs", namespace="media", objects=given, diff=True, **options))


def actions(result: Result) -> dict[str, str]:
    return {f"{item['kind']}/{item['name']}": item["action"] for item in result.objects}


@pytest.fixture
def media(api: Any) -> Any:
    api.namespace("media")
    return api


@pytest.fixture
def applied(media: Any, client: Client) -> Any:
    run(client)
    media.log.clear()
    return media


# Applying


def test_everything_is_tried_first_and_then_applied_in_order(client: Client, media: Any) -> None:
    result = run(client)
    assert result.changed and set(actions(result).values()) == {"created"}
    assert list(actions(result)) == [
        "Deployment/web",
        "Service/web",
        "ConfigMap/config",
        "PersistentVolumeClaim/data",
        "ConfigMap/srs-apply-set",
    ]
    told = [request for request in media.requests if request.startswith("PATCH")]
    assert all(request.endswith("(dry run)") for request in told[:4])
    assert media.writes[0] == f"PATCH {RECORD}", "the record is wide enough before anything is in it"
    assert set(media.writes[1:3]) == {f"PATCH {CONFIG}", f"PATCH {CLAIM}"}
    assert set(media.writes[3:]) == {f"PATCH {SERVICE}", f"PATCH {DEPLOYMENT}"}
    assert media.objects[RECORD]["metadata"]["annotations"]["applyset.kubernetes.io/contains-group-kinds"] == (
        "ConfigMap,Deployment.apps,PersistentVolumeClaim,Service"
    )
    assert (
        media.objects[CONFIG]["metadata"]["labels"]["applyset.kubernetes.io/part-of"]
        == (media.objects[RECORD]["metadata"]["labels"]["applyset.kubernetes.io/id"])
    )


def test_without_a_change_it_costs_one_list_per_kind_and_one_read(client: Client, applied: Any) -> None:
    result = run(client)
    assert not result.changed and set(actions(result).values()) == {"unchanged"} and result.diff == []
    assert sorted(applied.requests) == sorted(
        [f"GET {RECORD}", *(f"GET {path.rpartition('/')[0]}" for path in (CONFIG, CLAIM, SERVICE, DEPLOYMENT))]
    )


def test_what_kubectl_made_is_taken_over(client: Client, media: Any) -> None:
    by_kubectl = {
        "manager": "kubectl-client-side-apply",
        "operation": "Update",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {"f:old": {}}},
    }
    metadata = {"name": "config", "namespace": "media", "managedFields": [by_kubectl]}
    media.add(CONFIG, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"old": "x"}})
    run(client)
    moved, applied = [request for request in media.log if request.writes and request.path == CONFIG]
    assert [part["path"] for part in moved.body] == ["/metadata/managedFields", "/metadata/resourceVersion"]
    assert applied.body["data"] == {"a": "1"}


@pytest.mark.parametrize("force", [True, False])
def test_fields_of_other_managers_are_taken_by_force_or_not_at_all(client: Client, media: Any, force: bool) -> None:
    by_helm = {
        "manager": "helm",
        "operation": "Update",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {"f:a": {}}},
    }
    metadata = {"name": "config", "namespace": "media", "managedFields": [by_helm]}
    media.add(CONFIG, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "helm's"}})
    if force:
        assert actions(run(client, force_conflicts=True, take_over=True))["ConfigMap/config"] == "configured"
        return
    with pytest.raises(SrsError, match=r"other managers own fields with other values: \.data\.a \(owned by helm\)"):
        run(client, force_conflicts=False, take_over=True)
    assert media.writes == []


def test_only_what_differs_is_tried_and_written(client: Client, applied: Any) -> None:
    objects = everything()
    objects[2]["data"] = {"a": "2"}
    result = run(client, objects)
    assert actions(result)["ConfigMap/config"] == "configured" and list(actions(result).values()).count("unchanged") == 4
    assert [request for request in applied.requests if "PATCH" in request] == [f"PATCH {CONFIG} (dry run)", f"PATCH {CONFIG}"]
    assert [entry["after_header"] for entry in result.diff] == ["ConfigMap media/config"]


def test_changes_are_written_out_only_where_they_are_shown(client: Client, applied: Any) -> None:
    assert apply_set(client, SetSpec(name="srs", namespace="media", objects=[manifest("v1", "ConfigMap", "more")])).diff == []


def test_check_mode_predicts_and_writes_nothing(client: Client, applied: Any) -> None:
    del applied.objects[SERVICE]
    objects = [*everything()[:3], manifest("v1", "ConfigMap", "more")]
    objects[2]["data"] = {"a": "2"}
    before = copy.deepcopy(applied.objects)
    predicted = run(client, objects, prune=True, delete_persistent_volume_claims=True, check_mode=True)
    assert applied.writes == [] and applied.objects == before
    assert actions(predicted) == {
        "Deployment/web": "unchanged",
        "Service/web": "created",
        "ConfigMap/config": "configured",
        "ConfigMap/more": "created",
        "PersistentVolumeClaim/data": "deleted",
        "ConfigMap/srs-apply-set": "configured",
    }
    assert run(client, objects, prune=True, delete_persistent_volume_claims=True) == predicted
    assert not run(client, objects, prune=True, check_mode=True).changed


def test_an_object_that_changes_between_list_and_dry_run_is_read_again(client: Client, applied: Any) -> None:
    # A controller has written the status meanwhile: no difference. The image is ours to change.
    def meddle(request: Any) -> None:
        if request.method == "PATCH" and request.path == DEPLOYMENT:
            applied.objects[DEPLOYMENT]["status"] = {"replicas": 1}
            applied.objects[DEPLOYMENT]["metadata"]["resourceVersion"] = "changed"

    objects = everything()
    objects[0]["spec"]["replicas"] = 2
    applied.faults = [meddle]
    result = run(client, objects, check_mode=True)
    assert f"GET {DEPLOYMENT}" in applied.requests
    assert "replicas: 1" in result.diff[0]["before"] and "status" not in result.diff[0]["before"]


# What is judged


class Judging(Policy):
    def __init__(self, found: Verdict) -> None:
        self.found = found

    def verdict(self, live: ObjectView, after: ObjectView) -> Verdict:
        return self.found if live["kind"] == "Service" else Verdict()


def changed() -> list[dict[str, Any]]:
    return [manifest("v1", "Service", "web", spec={"type": "LoadBalancer"}), manifest("v1", "ConfigMap", "config", data={"a": "2"})]


def test_a_change_that_is_refused_is_an_error_before_anything_is_changed(client: Client, applied: Any) -> None:
    with pytest.raises(SrsError, match=r"^Can't apply Service media/web: it must not be\.$"):
        run(client, changed(), policy=Judging(Verdict("it must not be.")))
    assert not [request for request in applied.log if request.writes and request.query.get("dryRun") != "All"]


def test_what_is_said_of_a_change_is_a_warning(client: Client, applied: Any) -> None:
    assert run(client, changed(), policy=Judging(Verdict(notes=("it takes long.",)))).warnings == ["Service media/web: it takes long."]
    client.warnings.clear()
    assert run(client, changed(), policy=Judging(Verdict(notes=("it takes long.",)))).warnings == [], "nothing changes any more"


@pytest.mark.parametrize("refused", [False, True])
def test_what_can_only_be_made_anew_is_replaced(client: Client, applied: Any, refused: bool) -> None:
    """Whether the API server would take the change or not."""
    if refused:
        invalid = status(422, "Invalid", "spec.loadBalancerClass: Invalid value: may not change once set")
        applied.faults = [lambda request: invalid if request.path == SERVICE and request.query.get("dryRun") == "All" else None]
    uid = applied.objects[SERVICE]["metadata"]["uid"]
    options = {"policy": Judging(Verdict(replaces=True, notes=("it is made anew.",)))}
    planned = run(client, changed(), check_mode=True, **options)
    assert actions(planned)["Service/web"] == "replaced" and planned.changed
    assert applied.objects[SERVICE]["metadata"]["uid"] == uid, "so far"
    done = run(client, changed(), **options)
    assert actions(done) == actions(planned) and done.warnings == ["Service media/web: it is made anew."]
    (entry,) = [entry for entry in done.diff if entry["before_header"] == "Service media/web"]
    assert "ClusterIP" in entry["before"] and "LoadBalancer" in entry["after"]
    assert applied.objects[SERVICE]["metadata"]["uid"] != uid and applied.objects[SERVICE]["spec"] == {"type": "LoadBalancer"}
    assert not run(client, changed(), **options).changed


def test_what_would_not_be_valid_is_not_deleted(client: Client, applied: Any) -> None:
    invalid = status(422, "Invalid", "spec.ports: Required value")
    applied.faults = [lambda request: invalid if request.path == f"{SERVICE}-new" else None]
    with pytest.raises(SrsError, match="Required value"):
        run(client, changed(), policy=Judging(Verdict(replaces=True)))
    assert applied.objects[SERVICE]["spec"] == {"type": "ClusterIP"}


def test_what_must_stay_is_an_error_before_anything_is_changed(client: Client, applied: Any) -> None:
    class Keeping(Policy):
        def staying(self, live: ObjectView, kept: Sequence[ObjectView]) -> str | None:
            assert [item["kind"] for item in kept] == ["Deployment"]
            return "it is needed." if live["kind"] == "Service" else None

    with pytest.raises(SrsError, match=r"^Can't remove Service media/web: it is needed\.$"):
        run(client, [{**everything()[0], "spec": {"replicas": 9}}], prune=True, policy=Keeping())
    assert not [request for request in applied.log if request.writes and request.query.get("dryRun") != "All"]


def test_a_replacement_that_fails_half_way_tells_what_is_gone(client: Client, applied: Any) -> None:
    def fault(request: Any) -> Any:
        is_real = request.method == "PATCH" and request.path == SERVICE and request.query.get("dryRun") != "All"
        return status(403, "Forbidden", "no") if is_real else None

    applied.faults = [fault]
    with pytest.raises(SrsError, match=r"Changed before that: .*Service media/web") as caught:
        run(client, changed(), policy=Judging(Verdict(replaces=True)))
    assert caught.value.details["changed"]


# Namespaces and kinds that are not there yet


def test_a_missing_namespace_is_made_first(client: Client, api: Any) -> None:
    predicted = run(client, check_mode=True)
    assert api.objects == {}
    assert next(iter(actions(predicted).items())) == ("Namespace/media", "created")
    assert run(client) == predicted
    assert api.writes[:2] == ["PATCH /api/v1/namespaces/media", f"PATCH {RECORD}"]
    labels = api.objects["/api/v1/namespaces/media"]["metadata"]["labels"]
    assert labels == {"app.kubernetes.io/managed-by": "livestream.srs"}, "not a member: it is never deleted"
    assert not run(client, check_mode=True).changed


def test_a_namespace_of_the_set_is_not_made_twice(client: Client, api: Any) -> None:
    result = run(client, [*everything(), manifest("v1", "Namespace", "media")])
    assert [item["name"] for item in result.objects if item["kind"] == "Namespace"] == ["media"]
    assert api.writes.count("PATCH /api/v1/namespaces/media") == 1


def test_a_missing_namespace_may_be_an_error(client: Client, api: Any) -> None:
    with pytest.raises(SrsError, match='The namespace "media" does not exist; create it, or set create_namespace'):
        run(client, create_namespace=False)
    assert api.writes == []


def test_what_could_not_be_tried_before_is_tried_before_the_rest_is_made(client: Client, api: Any) -> None:
    def refuse(request: Any) -> Any:
        if request.path == DEPLOYMENT and "/api/v1/namespaces/media" in api.objects:
            return 422, {"message": "invalid", "details": {"causes": [{"field": "spec", "message": "bad"}]}}
        return None

    api.faults = [refuse]
    with pytest.raises(SrsError, match=r"Can't apply Deployment media/web: .*spec: bad"):
        run(client)
    assert api.writes == ["PATCH /api/v1/namespaces/media", f"PATCH {RECORD}"]


ELSEWHERE = DEPLOYMENT.replace("/media/", "/default/")


def test_what_is_wrong_with_an_object_itself_is_found_where_its_namespace_is_missing(client: Client, api: Any) -> None:
    api.namespace("default")
    said = {"message": "invalid", "details": {"causes": [{"field": "spec", "message": "bad"}]}}
    api.faults = [lambda request: (422, said) if request.path == ELSEWHERE else None]
    for options in ({"check_mode": True}, {}):
        with pytest.raises(SrsError, match=r"^Can't apply Deployment media/web: .*spec: bad"):
            run(client, **options)
    assert api.writes == []


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, "exceeded quota: q"),
        (404, "no such kind"),
        (409, "it is somebody else's"),
        (422, "spec.selector: Invalid value: field is immutable"),
    ],
)
def test_what_is_about_the_other_namespace_is_not(client: Client, api: Any, status: int, message: str) -> None:
    api.namespace("default")
    api.faults = [lambda request: (status, {"message": message}) if request.path == ELSEWHERE else None]
    assert run(client, check_mode=True).changed
    assert actions(run(client))["Deployment/web"] == "created"
    assert not any("/default/" in path for path in api.writes)


def later(*given: Any, name: str = "later", **options: Any) -> Any:
    """Sets that follow, made when they are asked for."""
    return lambda: [SetSpec(name, "media", list(given), **options)]


LATER = manifest("v1", "ConfigMap", "later", data={"a": "1"})


def test_sets_that_follow_are_planned_before_the_first_change(client: Client, media: Any) -> None:
    bad = {"message": "invalid", "details": {"causes": [{"field": "data", "message": "bad"}]}}
    media.faults = [lambda request: (422, bad) if request.path == f"{BASE}/configmaps/later" else None]
    with pytest.raises(SrsError, match=r"^Nothing was changed\. Can't apply ConfigMap media/later: .*data: bad"):
        run(client, following=later(LATER))
    assert media.writes == []
    media.faults = []
    assert run(client, following=later(LATER)).planned_following == ["later"]
    assert f"{BASE}/configmaps/later" not in media.objects, "they are applied when it is their turn"


def test_what_is_known_to_be_new_is_not_planned_again(client: Client, media: Any) -> None:
    new = run(client, others_new=True)
    assert set(actions(new).values()) == {"created"}
    assert not any("dryRun" in request for request in media.requests)
    assert not run(client, others_new=True).changed, "what is there is compared all the same"
    applied = apply_set(client, SetSpec("later", "media", [manifest("v1", "ConfigMap", "before")]))
    assert applied.changed
    following = later(LATER, manifest("v1", "ConfigMap", "before", data={"a": "2"}))
    more = manifest("v1", "ConfigMap", "one")
    assert run(client, [*everything(), more], following=following).planned_following == ["later"], "a member is compared all the same"
    media.add(f"{BASE}/configmaps/later", LATER)
    assert run(client, everything(), prune=True, following=following).planned_following == []


def test_where_the_namespace_is_missing_everything_is_tried_again(client: Client, api: Any) -> None:
    api.namespace("default")
    assert run(client, following=later(LATER)).planned_following == []


def test_also_before_a_set_is_removed(client: Client, applied: Any) -> None:
    applied.faults = [lambda request: (422, {"message": "bad"}) if request.path == f"{BASE}/configmaps/later" else None]
    with pytest.raises(SrsError, match=r"^Nothing was changed\. "):
        run(client, absent=True, following=later(LATER))
    assert applied.writes == []


def test_they_are_not_even_made_where_nothing_changes(client: Client, applied: Any) -> None:
    def asked() -> Any:
        raise AssertionError("nothing changes")

    assert run(client, following=asked).planned_following is None
    assert run(client, check_mode=True, objects=[], prune=True, prune_allow_empty=True, following=asked).planned_following is None


def test_warnings_of_sets_that_follow_are_said_in_their_turn(client: Client, media: Any) -> None:
    missing = manifest("monitoring.coreos.com/v1", "PodMonitor", "m")
    following = later(missing, name="more", optional_groups=["monitoring.coreos.com"])
    assert run(client, following=following).warnings == []


def test_objects_of_a_kind_that_the_list_brings(client: Client, media: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    definition = manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "things.example.org")
    definition["spec"] = {
        "group": "example.org",
        "scope": "Namespaced",
        "names": {"kind": "Thing", "plural": "things"},
        "versions": [{"name": "v1", "served": True}],
    }
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.org"
    media.faults = [lambda request: (404, b"404 page not found") if "/things/" in request.path and path not in media.objects else None]
    monkeypatch.setattr(under_test, "wait_ready", lambda *args, **options: [])
    objects = [manifest("example.org/v1", "Thing", "one", spec={"a": 1}), definition]
    predicted = run(client, objects, check_mode=True)
    assert media.writes == []
    assert run(client, objects) == predicted
    assert actions(predicted)["Thing/one"] == "created"
    assert media.objects["/apis/example.org/v1/namespaces/media/things/one"]["spec"] == {"a": 1}


def test_a_kind_whose_definition_is_missing(client: Client, media: Any) -> None:
    media.faults = [lambda request: (404, b"404 page not found") if "podmonitors" in request.path else None]
    with pytest.raises(
        SrsError, match=r"no kind PodMonitor in monitoring.coreos.com/v1; install what provides it, or leave the object out"
    ):
        run(client, [manifest("monitoring.coreos.com/v1", "PodMonitor", "a")])
    assert media.writes == []


# Refusals


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ([*everything(), manifest("v1", "Service", "web")], "Service media/web is in the list twice"),
        ([manifest("v1", "ConfigMap", "srs-apply-set")], "ConfigMap media/srs-apply-set has the name of the set's own record"),
        (["text"], r"objects\[0\] is not a Kubernetes object"),
    ],
)
def test_lists_that_make_no_set(client: Client, media: Any, objects: list[Any], said: str) -> None:
    with pytest.raises(SrsError, match=said):
        run(client, objects)
    assert media.writes == []


def test_one_name_in_two_namespaces_is_no_clash(client: Client, media: Any) -> None:
    media.namespace("other")
    other = manifest("v1", "Service", "web")
    other["metadata"]["namespace"] = "other"
    result = run(client, [*everything(), other])
    assert [item["namespace"] for item in result.objects if item["kind"] == "Service"] == ["media", "other"]
    assert media.objects[RECORD]["metadata"]["annotations"]["applyset.kubernetes.io/additional-namespaces"] == "other"


@pytest.mark.parametrize("option", ["name", "namespace"])
def test_names_must_be_labels(client: Client, option: str) -> None:
    with pytest.raises(SrsError, match=f"{option} is 'Not one'"):
        apply_set(client, SetSpec(**{"name": "a", "namespace": "b", option: "Not one"}))


def test_a_config_map_that_only_has_the_records_name_is_left_alone(client: Client, media: Any) -> None:
    media.add(RECORD, manifest("v1", "ConfigMap", "srs-apply-set"))
    with pytest.raises(SrsError, match="ConfigMap media/srs-apply-set exists but is not the record"):
        run(client)
    with pytest.raises(SrsError, match="is not the record"):
        run(client, absent=True)
    assert media.writes == []


def test_an_object_of_another_set_is_refused_by_that_sets_name(client: Client, applied: Any) -> None:
    with pytest.raises(SrsError, match=r"Service media/web: it belongs to another apply set \(that of ConfigMap media/srs-apply-set\)"):
        apply_set(client, SetSpec(name="other", namespace="media", objects=[everything()[1]]))
    assert applied.writes == []


def test_all_failures_are_told_together_and_nothing_is_written(client: Client, media: Any) -> None:
    media.faults = [
        lambda request: (403, {"message": f"no {request.path}"}) if request.path in (CONFIG, DEPLOYMENT) else None,
    ]
    with pytest.raises(SrsError) as caught:
        run(client)
    assert caught.value.message.startswith("Can't apply 2 of 4 objects:\n")
    assert CONFIG in caught.value.message and DEPLOYMENT in caught.value.message
    assert media.writes == []


def test_when_applying_fails_what_depends_on_it_is_not_tried_and_nothing_is_pruned(client: Client, applied: Any) -> None:
    objects = everything()[:3]
    objects[0]["spec"]["replicas"] = 2
    objects[2]["data"] = {"a": "2"}
    applied.faults = [lambda request: (422, {"message": "no"}) if request.writes and request.path == CONFIG else None]
    with pytest.raises(SrsError, match="Can't apply ConfigMap media/config"):
        run(client, objects, prune=True, delete_persistent_volume_claims=True)
    assert applied.writes == [f"PATCH {CONFIG}"]
    assert CLAIM in applied.objects
    applied.faults = []
    result = run(client, objects, prune=True, delete_persistent_volume_claims=True)
    assert actions(result)["Deployment/web"] == "configured" and CLAIM not in applied.objects


def test_an_api_server_that_is_gone_is_said_once(client: Client, applied: Any, clock: list[float]) -> None:
    applied.faults = [lambda request: ConnectionResetError(104, "Connection reset by peer") if request.method == "PATCH" else None]
    objects = everything()
    for item in objects:
        item["metadata"]["labels"] = {"new": "label"}
    with pytest.raises(SrsError, match=r"does not answer \(Connection reset by peer\)") as caught:
        run(client, objects)
    assert "\n" not in caught.value.message


# Pruning


def test_prune_removes_what_left_the_list(client: Client, applied: Any) -> None:
    result = run(client, everything()[1:3], prune=True)
    assert actions(result) == {
        "Service/web": "unchanged",
        "ConfigMap/config": "unchanged",
        "Deployment/web": "deleted",
        "PersistentVolumeClaim/data": "kept",
        "ConfigMap/srs-apply-set": "configured",
    }
    assert applied.writes == [f"DELETE {DEPLOYMENT}", f"PATCH {RECORD}"], "the record is narrowed last"
    assert applied.objects[RECORD]["metadata"]["annotations"]["applyset.kubernetes.io/contains-group-kinds"] == (
        "ConfigMap,PersistentVolumeClaim,Service"
    )
    again = run(client, everything()[1:3], prune=True)
    assert not again.changed and actions(again)["PersistentVolumeClaim/data"] == "kept"


def test_without_prune_nothing_is_removed_and_the_record_stays_wide(client: Client, applied: Any) -> None:
    result = run(client, everything()[1:3])
    assert not result.changed and DEPLOYMENT in applied.objects and applied.writes == []
    assert actions(run(client, everything()[1:3], prune=True))["Deployment/web"] == "deleted"


def test_only_the_sets_own_objects_are_pruned(client: Client, applied: Any) -> None:
    label = applied.objects[SERVICE]["metadata"]["labels"]
    ours = {"managedFields": applied.objects[SERVICE]["metadata"]["managedFields"]}
    other = {"applyset.kubernetes.io/part-of": "applyset-other-v1"}
    left_over = {
        f"{BASE}/secrets/of-a-kind-not-recorded": {"name": "of-a-kind-not-recorded", "labels": label, **ours},
        "/api/v1/namespaces/other/services/elsewhere": {"name": "elsewhere", "namespace": "other", "labels": label, **ours},
    }
    strangers = {
        f"{BASE}/services/unlabelled": {"name": "unlabelled", **ours},
        f"{BASE}/services/of-another-set": {"name": "of-another-set", "labels": other, **ours},
        f"{BASE}/services/a-copy-by-hand": {"name": "a-copy-by-hand", "labels": label},
        f"{BASE}/services/going": {"name": "going", "labels": label, "deletionTimestamp": "2026-01-01T00:00:00Z", **ours},
    }
    applied.namespace("other")
    for path, metadata in {**strangers, **left_over}.items():
        kind = "Secret" if "/secrets/" in path else "Service"
        applied.add(path, {"apiVersion": "v1", "kind": kind, "metadata": metadata})
    # A kind and a namespace that the record does not name yet are listed now.
    new = [manifest("v1", "Secret", "new", data={}), manifest("v1", "Service", "new", metadata={"name": "new", "namespace": "other"})]
    result = run(client, [*everything()[:1], *new], prune=True, delete_persistent_volume_claims=True)
    deleted = [item["name"] for item in result.objects if item["action"] == "deleted"]
    assert deleted == ["config", "data", "of-a-kind-not-recorded", "web", "elsewhere"]
    assert all(path in applied.objects for path in strangers)


def test_an_object_that_was_made_anew_meanwhile_is_not_deleted(client: Client, applied: Any) -> None:
    def replace(request: Any) -> None:
        if request.method == "DELETE":
            applied.objects[DEPLOYMENT]["metadata"]["uid"] = "another"

    applied.faults = [replace]
    run(client, everything()[1:], prune=True)
    assert DEPLOYMENT in applied.objects


def test_an_empty_list_prunes_nothing_unless_asked(client: Client, applied: Any) -> None:
    with pytest.raises(SrsError, match=r"would delete all 3 objects of the set \"srs\".*set prune_allow_empty"):
        run(client, [None, []], prune=True)
    assert applied.writes == []
    result = run(client, [], prune=True, prune_allow_empty=True, delete_persistent_volume_claims=True)
    assert list(actions(result).values()).count("deleted") == 4
    assert not run(client, [], prune=True).changed, "with nothing to delete an empty list is no error"


def test_namespaces_and_definitions_are_never_pruned(client: Client, api: Any) -> None:
    run(client, [manifest("v1", "Namespace", "media"), *everything()])
    result = run(client, everything(), prune=True)
    assert actions(result)["Namespace/media"] == "kept" and "/api/v1/namespaces/media" in api.objects
    result = run(client, absent=True)
    assert actions(result)["Namespace/media"] == "kept" and "/api/v1/namespaces/media" in api.objects


def test_a_recorded_kind_that_is_gone_is_dropped(client: Client, applied: Any) -> None:
    annotations = applied.objects[RECORD]["metadata"]["annotations"]
    annotations["applyset.kubernetes.io/contains-group-kinds"] += ",Thing.example.org"
    applied.faults = [lambda request: (404, b"404 page not found") if "example.org" in request.path else None]
    result = run(client, prune=True)
    assert actions(result)["ConfigMap/srs-apply-set"] == "configured"
    assert not run(client, prune=True).changed


def test_prune_waits_for_what_comes_instead(client: Client, applied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [NotReady(ref({**everything()[1], "metadata": {"name": "web", "namespace": "media"}}), "the load balancer has no address yet")]
    monkeypatch.setattr(under_test, "wait_ready", lambda *args, **options: left)
    with pytest.raises(SrsError) as caught:
        run(client, everything()[1:], prune=True, wait=True, wait_timeout=7)
    assert caught.value.message == "1 of 3 objects are not ready after 7 s:\n- Service media/web: the load balancer has no address yet"
    assert caught.value.details["changed"] is False and caught.value.details["not_ready"][0]["name"] == "web"
    assert DEPLOYMENT in applied.objects
    monkeypatch.setattr(under_test, "wait_ready", lambda *args, **options: [])
    run(client, everything()[1:], prune=True, wait=True)
    assert DEPLOYMENT not in applied.objects


def test_draining_lets_pods_end_before_what_leads_to_them_goes(client: Client, media: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = everything()
    objects[0]["spec"]["selector"] = {"matchLabels": {"app": "web"}}
    run(client, objects)
    for name, owner in (("web-1-x", "web-1"), ("web-canary-1-x", "web-canary-1"), ("other-1-x", "other-1")):
        labels = {"app": "web", "pod-template-hash": "1"}
        owners = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "controller": True}]
        metadata = {"name": name, "namespace": "media", "labels": labels, "ownerReferences": owners}
        media.add(f"{BASE}/pods/{name}", manifest("v1", "Pod", name, metadata=metadata, spec={"terminationGracePeriodSeconds": 30}))
    left: list[NotReady] = []
    seen = []

    def wait_gone(client: Client, doomed: Any, timeout: float, **_options: Any) -> list[NotReady]:
        seen.append(([item["metadata"]["name"] for item in doomed], timeout))
        assert DEPLOYMENT not in media.objects and SERVICE in media.objects and CONFIG in media.objects
        return left

    monkeypatch.setattr(set_base, "wait_gone", wait_gone)
    run(client, objects[3:], prune=True, drain=True)
    assert seen == [(["web-1-x"], 30 + set_base.TERMINATION)]
    assert SERVICE not in media.objects and CONFIG not in media.objects
    run(client, objects)
    left.append(NotReady(ref(media.objects[f"{BASE}/pods/web-1-x"]), "still exists"))
    assert run(client, absent=True, drain=True).warnings == [
        "Still present 150 s after deletion: Pod media/web-1-x; check the kubelet of their node."
    ]


# Absence


def test_absent_removes_the_set_and_its_record(client: Client, applied: Any) -> None:
    predicted = run(client, absent=True, delete_persistent_volume_claims=True, check_mode=True)
    assert applied.writes == []
    result = run(client, absent=True, delete_persistent_volume_claims=True)
    assert result == predicted and set(actions(result).values()) == {"deleted"}
    assert set(applied.writes[:2]) == {f"DELETE {SERVICE}", f"DELETE {DEPLOYMENT}"} and applied.writes[-1] == f"DELETE {RECORD}"
    assert list(applied.objects) == ["/api/v1/namespaces/media"]
    again = run(client, absent=True)
    assert not again.changed and again.objects == []


def test_absent_keeps_claims_and_the_record_of_them(client: Client, applied: Any) -> None:
    result = run(client, absent=True)
    assert actions(result)["PersistentVolumeClaim/data"] == "kept" and actions(result)["ConfigMap/srs-apply-set"] == "configured"
    assert set(applied.objects) == {"/api/v1/namespaces/media", RECORD, CLAIM}
    assert not run(client, absent=True).changed
    result = run(client, absent=True, delete_persistent_volume_claims=True)
    assert result.changed and list(applied.objects) == ["/api/v1/namespaces/media"]


def test_a_workload_that_a_finalizer_holds_is_not_waited_for(client: Client, applied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_base, "wait_gone", lambda *args, **options: pytest.fail("waits for pods that stay as long as their owner"))
    web = applied.objects[DEPLOYMENT]
    applied.add(DEPLOYMENT, {**web, "metadata": {**web["metadata"], "finalizers": ["example.com/x"]}})
    owners = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "controller": True}]
    pod = {"name": "web-1-x", "namespace": "media", "labels": {"pod-template-hash": "1"}, "ownerReferences": owners}
    applied.add(f"{BASE}/pods/web-1-x", manifest("v1", "Pod", "web-1-x", metadata=pod, spec={}))
    said = run(client, absent=True, drain=True).warnings
    assert said == [
        "Deployment media/web is being deleted, but its finalizer example.com/x holds it, and its pods with it: see what that waits for."
    ]


def test_a_run_that_fails_tells_what_it_has_changed(client: Client, applied: Any) -> None:
    def refuse(request: Any) -> Any:
        return status(403, "Forbidden", "no") if request.method == "DELETE" and request.path == CONFIG else None

    applied.faults = [refuse]
    with pytest.raises(SrsError, match=r"(?s)delete ConfigMap media/config.*Changed before that: .*Deployment media/web") as raised:
        run(client, absent=True, delete_persistent_volume_claims=True)
    done = {f"{item['kind']}/{item['name']}" for item in raised.value.details["objects"]}
    assert raised.value.details["changed"] is True and done == {"Deployment/web", "Service/web", "PersistentVolumeClaim/data"}
    assert CONFIG in applied.objects, "what is said to be left is there"


def test_a_run_that_fails_at_once_has_changed_nothing(client: Client, applied: Any) -> None:
    applied.faults = [lambda request: status(403, "Forbidden", "no") if request.writes else None]
    changed = [*everything()[:3], manifest("v1", "PersistentVolumeClaim", "other", spec={})]
    with pytest.raises(SrsError) as raised:
        run(client, changed)
    assert raised.value.details["changed"] is False and "Changed before" not in raised.value.message


class Together(Policy):
    """All Services and Deployments are one thing."""

    def hold(self, live: ObjectView) -> str | None:
        return (live["metadata"].get("annotations") or {}).get("held")

    def held_together(self, item: ObjectView) -> str | None:
        return "the web" if item.get("kind") in ("Service", "Deployment") else None


def test_what_is_held_together_stays_together(client: Client, applied: Any) -> None:
    held = everything()
    held[0]["metadata"]["annotations"] = {"held": "for a while"}
    run(client, held)
    left = run(client, everything()[2:], policy=Together(), prune=True)
    assert actions(left)["Service/web"] == actions(left)["Deployment/web"] == "held"
    assert left.warnings == ["the web is held and was left as it is: for a while (annotation livestream.srs/hold of Deployment media/web)"]
    assert SERVICE in applied.objects and DEPLOYMENT in applied.objects
    changed = everything()
    changed[1]["spec"] = {"type": "NodePort"}
    assert actions(run(client, changed, policy=Together()))["Service/web"] == "held"


def test_what_another_tool_made_is_taken_over_only_on_demand(client: Client, media: Any) -> None:
    metadata = {"name": "web", "namespace": "media", "labels": {"app.kubernetes.io/managed-by": "Helm"}}
    media.add(SERVICE, manifest("v1", "Service", "web", metadata=metadata, spec={}))
    with pytest.raises(
        SrsError, match=r"Service media/web: it is there already, and its label .* says that Helm keeps it; .*srs_take_over"
    ):
        run(client)
    assert media.writes == []
    assert actions(run(client, take_over=True))["Service/web"] == "configured"
    assert not run(client).changed, "it is a member by now"


def test_absent_finds_members_without_a_record(client: Client, applied: Any) -> None:
    copy_of = {"name": "a-copy-by-hand", "labels": applied.objects[SERVICE]["metadata"]["labels"]}
    applied.add(f"{BASE}/services/a-copy-by-hand", {"apiVersion": "v1", "kind": "Service", "metadata": copy_of})
    del applied.objects[RECORD]
    result = run(client, absent=True, delete_persistent_volume_claims=True)
    assert actions(result) == dict.fromkeys(("ConfigMap/config", "Deployment/web", "PersistentVolumeClaim/data", "Service/web"), "deleted")
    assert "The record of the set (ConfigMap media/srs-apply-set) is missing" in result.warnings[0]
    assert [path for path in applied.objects if path.startswith(f"{BASE}/")] == [f"{BASE}/services/a-copy-by-hand"]
    again = run(client, absent=True)
    assert not again.changed and again.objects == []


def test_absent_finds_members_that_a_stale_record_does_not_name(client: Client, applied: Any) -> None:
    applied.objects[RECORD]["metadata"]["annotations"][membership.GROUP_KINDS] = "Service"
    result = run(client, absent=True)
    assert actions(result)["Deployment/web"] == "deleted" and "does not name their kinds" in result.warnings[0]
    assert DEPLOYMENT not in applied.objects


def test_what_left_the_set_is_found_without_a_record(client: Client, applied: Any) -> None:
    del applied.objects[RECORD]
    left = [item for item in everything() if item["kind"] != "Deployment"]
    assert actions(run(client, left, prune=True))["Deployment/web"] == "deleted"
    assert DEPLOYMENT not in applied.objects


def test_what_may_not_be_listed_is_none_of_ours(client: Client, applied: Any) -> None:
    def refuse(request: Any) -> Any:
        return status(403, "Forbidden", "no") if request.path.endswith("/ingresses") else None

    applied.faults = [refuse]
    del applied.objects[RECORD]
    assert actions(run(client, absent=True))["Deployment/web"] == "deleted"


def test_a_record_that_another_run_has_changed_stays(client: Client, applied: Any) -> None:
    def widen(request: Any) -> None:
        if request.method == "DELETE":
            applied.touch(RECORD)

    applied.faults = [widen]
    result = run(client, absent=True, delete_persistent_volume_claims=True)
    assert actions(result)["ConfigMap/srs-apply-set"] == "kept" and RECORD in applied.objects
    assert "was changed by another run meanwhile" in result.warnings[-1]


def test_a_lost_record_is_made_again(client: Client, applied: Any) -> None:
    del applied.objects[RECORD]
    result = run(client)
    assert actions(result) == {
        "Deployment/web": "unchanged",
        "Service/web": "unchanged",
        "ConfigMap/config": "unchanged",
        "PersistentVolumeClaim/data": "unchanged",
        "ConfigMap/srs-apply-set": "created",
    }
    assert applied.writes == [f"PATCH {RECORD}"]


# Predecessors that are still going away


def test_an_object_that_is_being_deleted_is_waited_for_and_made_anew(client: Client, applied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    applied.objects[SERVICE]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    def wait_gone(client: Client, doomed: Any, timeout: float, **options: Any) -> list[Any]:
        assert [item["metadata"]["name"] for item in doomed] == ["web"]
        del applied.objects[SERVICE]
        return []

    monkeypatch.setattr(set_base, "wait_gone", wait_gone)
    predicted = run(client, check_mode=True)
    assert actions(predicted)["Service/web"] == "created"
    assert run(client) == predicted
    assert "deletionTimestamp" not in applied.objects[SERVICE]["metadata"]


def test_an_object_that_does_not_go_away_is_an_error(client: Client, applied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    applied.objects[SERVICE]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    held = "is still being deleted, held by a/b"
    monkeypatch.setattr(set_base, "wait_gone", lambda client, doomed, timeout: [NotReady(ref(doomed[0]), held)])
    with pytest.raises(
        SrsError, match=r"Can't apply Service media/web: is still being deleted, held by a/b; see what its finalizers wait for"
    ):
        run(client)


def test_a_record_that_names_other_kinds_is_not_believed(client: Client, applied: Any) -> None:
    applied.objects[RECORD]["metadata"]["annotations"][membership.GROUP_KINDS] = "Secret"
    with pytest.raises(SrsError, match="prune would delete all 4 objects"):
        run(client, [], prune=True, check_mode=True, delete_persistent_volume_claims=True)


def test_a_run_without_a_record_that_is_cut_short_leaves_nothing_that_is_not_found(client: Client, applied: Any) -> None:
    del applied.objects[RECORD]
    left = [item for item in everything() if item["kind"] == "ConfigMap"]
    applied.faults = [lambda request: status(403, "Forbidden", "no") if request.method == "DELETE" else None]
    with pytest.raises(SrsError):
        run(client, left, prune=True)
    applied.faults = []
    assert actions(run(client, left, prune=True))["Deployment/web"] == "deleted"
    assert DEPLOYMENT not in applied.objects and SERVICE not in applied.objects
