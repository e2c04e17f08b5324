# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields that kubectl owns become ours before an apply, also while others change the object."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import FIELD_MANAGER, Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.take_over import PAUSES, take_over

PATH = "/api/v1/namespaces/media/configmaps/config"
MANIFEST = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config", "namespace": "media"}, "data": {"a": "1"}}
BY_KUBECTL = {
    "manager": "kubectl-client-side-apply",
    "operation": "Update",
    "apiVersion": "v1",
    "fieldsType": "FieldsV1",
    "fieldsV1": {"f:data": {"f:a": {}, "f:b": {}}},
}
CONFLICT = (409, {"message": "the object has been modified"})


@pytest.fixture
def live(api: Any) -> dict[str, Any]:
    api.namespace("media")
    metadata = {**MANIFEST["metadata"], "managedFields": [BY_KUBECTL]}  # type: ignore[dict-item]
    api.add(PATH, {**MANIFEST, "metadata": metadata, "data": {"a": "1", "b": "2"}})
    return dict(api.objects[PATH])


def owners(api: Any) -> list[tuple[str, str]]:
    return [(entry["manager"], entry["operation"]) for entry in api.objects[PATH]["metadata"]["managedFields"]]


def test_what_kubectl_owned_is_ours(client: Client, api: Any, live: dict[str, Any]) -> None:
    take_over(client, live, MANIFEST)
    assert api.writes == [f"PATCH {PATH}"]
    assert owners(api) == [(FIELD_MANAGER, "Apply")]
    (replaced, version) = api.log[-1].body
    assert replaced["value"][0]["fieldsV1"] == BY_KUBECTL["fieldsV1"]
    assert (version["path"], version["value"]) == ("/metadata/resourceVersion", live["metadata"]["resourceVersion"])


@pytest.mark.parametrize("found", [None, {**MANIFEST, "metadata": {**MANIFEST["metadata"], "managedFields": []}}])  # type: ignore[dict-item]
def test_without_anything_to_take_over_nothing_is_asked(client: Client, api: Any, found: dict[str, Any] | None) -> None:
    take_over(client, found, MANIFEST)
    assert api.log == []


def test_an_object_that_others_change_is_read_again(client: Client, api: Any, clock: list[float], live: dict[str, Any]) -> None:
    api.answers = [CONFLICT]
    take_over(client, live, MANIFEST)
    assert api.requests == [f"PATCH {PATH}", f"GET {PATH}", f"PATCH {PATH}"]
    assert owners(api) == [(FIELD_MANAGER, "Apply")]
    assert clock == list(PAUSES[:2])


def test_an_object_that_is_gone_by_then_is_left(client: Client, api: Any, clock: list[float], live: dict[str, Any]) -> None:
    del api.objects[PATH]
    take_over(client, live, MANIFEST)
    assert api.requests == [f"PATCH {PATH}", f"GET {PATH}"]


def test_others_who_keep_changing_it_are_said(client: Client, api: Any, clock: list[float], live: dict[str, Any]) -> None:
    api.faults = [lambda request: CONFLICT if request.method == "PATCH" else None]
    with pytest.raises(SrsError, match="Can't take over ConfigMap media/config: others keep changing it"):
        take_over(client, live, MANIFEST)
    assert clock == list(PAUSES)


def test_other_refusals_are_told_as_they_are(client: Client, api: Any, live: dict[str, Any]) -> None:
    api.answers = [(403, {"message": "no"})]
    with pytest.raises(ApiError, match="no"):
        take_over(client, live, MANIFEST)
    assert len(api.log) == 1
