# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an apply set keeps of the past of its objects, and objects that are to be left alone."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.apply_set import apply_set
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.set_model import Result, SetSpec
from ansible_collections.livestream.srs.plugins.module_utils._labels import CHANGE_CAUSE, CONFIG_KEYS, HOLD
from ansible_collections.livestream.srs.plugins.module_utils._rollout.srs_policy import SrsPolicy
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.secrets import redacted

CONFIG = "/api/v1/namespaces/media/configmaps/config"
DEPLOYMENT = "/apis/apps/v1/namespaces/media/deployments/web"


def manifests(image: str = "web:1", config: str = "a") -> list[dict[str, Any]]:
    metadata = {"name": "config", "annotations": {CONFIG_KEYS: f"srs-{config}.conf"}}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"srs.conf": config, f"srs-{config}.conf": config}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": {"spec": {"image": image}}}},
    ]


def run(client: Client, objects: list[dict[str, Any]], who: str = "alice", release_holds: bool = False, **options: Any) -> Result:
    return apply_set(
        client,
        SetSpec(
            name="srs", namespace="media", objects=objects, diff=True, policy=SrsPolicy(who, release_holds, False, redacted), **options
        ),
    )


def actions(result: Result) -> dict[str, str]:
    return {f"{item['kind']}/{item['name']}": item["action"] for item in result.objects}


@pytest.fixture
def media(api: Any, client: Client) -> Any:
    api.namespace("media")
    run(client, manifests())
    api.log.clear()
    return api


def cause(media: Any) -> str:
    return str(media.objects[DEPLOYMENT]["metadata"]["annotations"][CHANGE_CAUSE])


def test_earlier_configs_stay_and_a_second_run_asks_nothing(client: Client, media: Any) -> None:
    run(client, manifests(config="b"))
    assert media.objects[CONFIG]["data"] == {"srs.conf": "b", "srs-b.conf": "b", "srs-a.conf": "a"}
    media.log.clear()
    assert not run(client, manifests(config="b")).changed
    assert {request.method for request in media.log} == {"GET"}
    assert len(media.log) == 3, "one list for each kind, and the record"


def test_check_mode_knows_what_is_carried_over(client: Client, media: Any) -> None:
    predicted = run(client, manifests(config="b"), check_mode=True)
    assert "srs-b.conf,srs-a.conf" in predicted.diff[0]["after"]
    assert run(client, manifests(config="b")) == predicted


def test_an_object_of_no_record_is_carried_over_too(client: Client, media: Any) -> None:
    del media.objects["/api/v1/namespaces/media/configmaps/srs-apply-set"]
    run(client, manifests(config="b"))
    assert "srs-a.conf" in media.objects[CONFIG]["data"]


def test_a_change_of_the_template_is_noted_and_the_note_stays(client: Client, media: Any) -> None:
    assert cause(media) == "alice: created"
    predicted = run(client, manifests("web:2"), check_mode=True)
    assert run(client, manifests("web:2")) == predicted
    assert cause(media) == "alice: image web:1 -> web:2"
    scaled = manifests("web:2")
    scaled[1]["spec"]["replicas"] = 2
    run(client, scaled)
    assert cause(media) == "alice: image web:1 -> web:2"
    assert not run(client, scaled).changed


def test_nothing_is_noted_unless_asked(client: Client, media: Any) -> None:
    apply_set(client, SetSpec(name="srs", namespace="media", objects=manifests("web:2")))
    assert "annotations" not in media.objects[DEPLOYMENT]["metadata"]


def hold(media: Any, *paths: str) -> None:
    for path in paths:
        media.objects[path]["metadata"].setdefault("annotations", {})[HOLD] = "incident 42"


def test_a_held_object_is_left_alone_and_named(client: Client, media: Any) -> None:
    hold(media, DEPLOYMENT)
    result = run(client, manifests("web:2", config="b"))
    assert actions(result)["Deployment/web"] == "held" and actions(result)["ConfigMap/config"] == "configured"
    assert media.objects[DEPLOYMENT]["spec"]["template"]["spec"]["image"] == "web:1"
    assert result.warnings == ["Deployment media/web is held and was left as it is: incident 42 (annotation livestream.srs/hold)"]
    assert not run(client, manifests("web:2", config="b")).changed


def test_a_held_object_that_is_no_member_yet_is_left_alone(client: Client, media: Any) -> None:
    hold(media, DEPLOYMENT)
    del media.objects["/api/v1/namespaces/media/configmaps/srs-apply-set"]
    assert actions(run(client, manifests("web:2")))["Deployment/web"] == "held"
    assert not any(request.path == DEPLOYMENT and request.writes for request in media.log)


def test_a_held_object_is_not_pruned(client: Client, media: Any) -> None:
    hold(media, DEPLOYMENT)
    assert actions(run(client, manifests()[:1], prune=True))["Deployment/web"] == "held"
    assert DEPLOYMENT in media.objects
    del media.objects[DEPLOYMENT]["metadata"]["annotations"][HOLD]
    assert actions(run(client, manifests()[:1], prune=True))["Deployment/web"] == "deleted", "the record still leads to it"


def test_holds_are_released_when_asked(client: Client, media: Any) -> None:
    hold(media, DEPLOYMENT, CONFIG)
    result = run(client, manifests("web:2", config="b"), release_holds=True)
    assert actions(result)["Deployment/web"] == "configured" and actions(result)["ConfigMap/config"] == "configured"
    assert result.warnings == []


def test_absent_deletes_what_is_held(client: Client, media: Any) -> None:
    hold(media, DEPLOYMENT)
    assert actions(apply_set(client, SetSpec(name="srs", namespace="media", absent=True)))["Deployment/web"] == "deleted"


# Some members alone


def absent(client: Client, *names: tuple[str, str, str], **options: Any) -> Result:
    objects = [{"apiVersion": version, "kind": kind, "metadata": {"name": name}} for version, kind, name in names]
    return apply_set(client, SetSpec(name="srs", namespace="media", absent=True, only_objects=True, objects=objects, **options))


def test_members_that_are_named_are_deleted_alone_and_the_record_with_the_last(client: Client, media: Any) -> None:
    predicted = absent(client, ("apps/v1", "Deployment", "web"), ("v1", "Secret", "not-there"), check_mode=True)
    result = absent(client, ("apps/v1", "Deployment", "web"), ("v1", "Secret", "not-there"))
    assert result == predicted
    assert actions(result) == {"Deployment/web": "deleted", "ConfigMap/srs-apply-set": "configured"}
    assert CONFIG in media.objects and DEPLOYMENT not in media.objects
    assert actions(absent(client, ("v1", "ConfigMap", "config"))) == {"ConfigMap/config": "deleted", "ConfigMap/srs-apply-set": "deleted"}
    assert actions(absent(client, ("v1", "ConfigMap", "config"))) == {}


def test_an_empty_list_deletes_nothing(client: Client, media: Any) -> None:
    assert actions(absent(client)) == {"ConfigMap/srs-apply-set": "unchanged"}
    assert CONFIG in media.objects and DEPLOYMENT in media.objects
