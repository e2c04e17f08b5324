# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes objects as plain data."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import objects


def config_map(**more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, **more}


def test_lists_are_flattened_and_null_is_skipped() -> None:
    one, two, three = ({**config_map(), "metadata": {"name": name}} for name in ("one", "two", "three"))
    assert objects.flatten([one, None, [two, [None, three]], []]) == [one, two, three]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("kind: ConfigMap", "objects[1][0] is not a Kubernetes object: got 'kind: ConfigMap'"),
        (7, "objects[1][0] is not a Kubernetes object: got 7"),
        ({"kind": "ConfigMap"}, "objects[1][0] has no apiVersion"),
        ({"apiVersion": "v1", "kind": ""}, "objects[1][0] has no kind"),
        ({"apiVersion": "v1", "kind": "ConfigMap"}, "objects[1][0] (ConfigMap) has no metadata.name"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": 7}}, "objects[1][0] (ConfigMap) has no metadata.name"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "a-"}}, "has no metadata.name"),
    ],
)
def test_what_is_no_object_is_refused_by_its_index(given: Any, said: str) -> None:
    with pytest.raises(SrsError) as caught:
        objects.flatten([config_map(), [given]])
    assert said in caught.value.message


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(SrsError) as caught:
        objects.flatten(["x" * 1000])
    assert len(caught.value.message) < 200


def test_a_field_that_a_template_left_empty_is_not_given() -> None:
    given = config_map(data={"a": "1", "b": None}, spec={"list": [{"x": None, "y": 0}], "none": None})
    assert objects.flatten([given]) == [config_map(data={"a": "1"}, spec={"list": [{"y": 0}]})]


def test_a_manifest_that_was_read_from_a_cluster_loses_what_the_server_writes() -> None:
    metadata = {
        "name": "a",
        "uid": "1",
        "resourceVersion": "2",
        "generation": 3,
        "creationTimestamp": None,
        "managedFields": [],
        "annotations": {objects.LAST_APPLIED: "{}", "mine": "1"},
    }
    given = config_map(metadata=metadata, status={"phase": "x"})
    assert objects.flatten([given]) == [config_map(metadata={"name": "a", "annotations": {"mine": "1"}})]
    assert given["status"] == {"phase": "x"}, "what was given is left alone"


def test_a_secret_takes_the_form_that_the_server_keeps() -> None:
    given = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a"},
        "data": {"a": "MQ==", "b": "Mg=="},
        "stringData": {"b": "pässword"},
    }
    [secret] = objects.flatten([given])
    assert "stringData" not in secret
    assert secret["data"] == {"a": "MQ==", "b": base64.b64encode("pässword".encode()).decode()}


def test_a_secret_with_a_number_is_left_for_the_server_to_refuse() -> None:
    given = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"port": 1}}
    assert objects.flatten([given]) == [given]


def test_content_leaves_out_what_servers_and_controllers_write() -> None:
    item = config_map(
        metadata={
            "name": "a",
            "namespace": "n",
            "uid": "1",
            "resourceVersion": "2",
            "generation": 3,
            "creationTimestamp": "x",
            "managedFields": [{}],
            "annotations": {objects.LAST_APPLIED: "{}", "deployment.kubernetes.io/revision": "1"},
            "labels": {"a": "b"},
        },
        data={"a": "1"},
        status={"x": 1},
    )
    assert objects.content(item) == config_map(metadata={"name": "a", "namespace": "n", "labels": {"a": "b"}}, data={"a": "1"})


def test_content_keeps_other_annotations() -> None:
    item = config_map(metadata={"name": "a", "annotations": {objects.LAST_APPLIED: "{}", "mine": "1"}})
    assert objects.content(item)["metadata"]["annotations"] == {"mine": "1"}


def test_what_the_server_picked_for_a_service_is_left_out_unless_asked_for() -> None:
    ports = [{"port": 80, "nodePort": 30080}, {"port": 81, "nodePort": 30081}]
    spec = {"type": "NodePort", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "healthCheckNodePort": 30000, "ports": ports}
    item = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": spec}
    assert objects.without_allocated(item, {"spec": {"type": "NodePort"}})["spec"] == {
        "type": "NodePort",
        "ports": [{"port": 80}, {"port": 81}],
    }
    wanted = {"clusterIP": "None", "ports": [{"port": 81, "nodePort": 30081}]}
    shown = objects.without_allocated(item, {"spec": wanted})["spec"]
    assert shown == {"type": "NodePort", "clusterIP": "10.0.0.1", "ports": [{"port": 80}, ports[1]]}
    assert objects.without_allocated(item, {})["spec"]["type"] == "NodePort"
    assert objects.without_allocated({**item, "kind": "Thing"}, {})["spec"] == spec


def secret(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": data}


def test_secrets_are_masked_yet_a_change_can_be_told() -> None:
    before, after = objects.masked_pair(secret(same="s3cret", old="s3cret", other="s3cret"), secret(same="s3cret", new="n3w", other="n3w"))
    assert before == secret(same="********", old="********", other="********")
    assert after == secret(same="********", new="********", other="******** (changed)")


def test_secrets_are_masked_when_created_and_deleted() -> None:
    assert objects.masked_pair(None, secret(a="s3cret")) == (None, secret(a="********"))
    assert objects.masked_pair(secret(a="s3cret"), None) == (secret(a="********"), None)


def test_masking_leaves_the_object_itself_alone() -> None:
    before, after = secret(a="1"), secret(a="2")
    objects.masked_pair(before, after)
    assert (before, after) == (secret(a="1"), secret(a="2"))


def test_other_kinds_are_not_masked() -> None:
    item = config_map(data={"a": "1"})
    assert objects.masked_pair(item, item) == (item, item)


def test_a_reference_reads_as_kind_namespace_name() -> None:
    assert str(objects.ref(config_map(metadata={"name": "a", "namespace": "n"}))) == "ConfigMap n/a"
    assert str(objects.Ref("v1", "Namespace", None, "n")) == "Namespace n"


@pytest.mark.parametrize("value", ["", "-a", "a-", "A", "a.b", "a_b", "ä", "a" * 64])
def test_what_is_no_dns_label_is_refused(value: str) -> None:
    with pytest.raises(SrsError, match=r"name is .*DNS label"):
        objects.check_label("name", value)


@pytest.mark.parametrize("value", ["a", "a-b", "0", "a" * 63])
def test_a_dns_label_passes(value: str) -> None:
    objects.check_label("name", value)


def test_the_fields_in_which_objects_differ() -> None:
    before = {**config_map(data={"a": "1"}), "metadata": {"name": "a", "labels": {"x": "1"}, "resourceVersion": "1"}}
    after = {**config_map(data={"a": "2"}, binaryData={}), "metadata": {"name": "a", "labels": {"x": "1"}, "resourceVersion": "2"}}
    assert objects.changed_fields(before, before) == []
    assert objects.changed_fields(before, after) == ["data", "binaryData"]
    relabelled = {**before, "metadata": {"name": "a", "labels": {"x": "2"}, "annotations": {"y": "z"}}}
    assert objects.changed_fields(before, relabelled) == ["metadata.labels", "metadata.annotations"]
