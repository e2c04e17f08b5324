# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, labels and keys are checked before anything is changed, and the variable is named."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.tests.support.wanted import checks, refusal

PVC = {"type": "pvc"}
PROXY = {"srs_origin_mode": "proxy", "srs_version": 7, "hls_nginx_enabled": False}
REDIS = {"host": "redis", "password_secret": {"name": "Redis", "key": "k"}}
NAME = "it must be the name of an object"
CLASS = "it must be the name of a PriorityClass"
KEY = VALUE = "it must be at most 63 letters"
APART = {"hls_nginx_mode": "cache"}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"srs_topology": "直播"}, "srs_topology is '直播': it must be a DNS label"),
        ({"srs_namespace": "直播"}, "srs_namespace is '直播': it must be a DNS label"),
        ({"srs_edge_clusters": [{"name": "直播"}]}, "srs_edge_clusters[0].name is '直播': it must be a DNS label"),
        ({"srs_image_pull_secrets": [{"name": "a"}, {"name": "My Registry"}]}, f"srs_image_pull_secrets[1].name is 'My Registry': {NAME}"),
        ({"srs_origin_storage": {**PVC, "existing_claim": "My_Disk"}}, "srs_origin_storage.existing_claim is 'My_Disk': it must be"),
        ({"srs_origin_storage": {**PVC, "size": "1Gi", "storage_class": "Fast SSD"}}, "storage_class is 'Fast SSD': it must be"),
        ({**PROXY, "srs_origin_proxy": {"image": "p", "redis": REDIS}}, f"srs_origin_proxy.redis.password_secret.name is 'Redis': {NAME}"),
        ({"srs_monitoring": {"labels": {"release": "kube prometheus"}}}, f"srs_monitoring.labels.release is 'kube prometheus': {VALUE}"),
        ({"srs_origin_priority_class_name": "High"}, f"srs_origin_priority_class_name is 'High': {CLASS}"),
        ({**APART, "hls_nginx_priority_class_name": "High"}, f"hls_nginx_priority_class_name is 'High': {CLASS}"),
        (
            {"srs_edge_clusters": [{"name": "a", "priority_class_name": "High"}]},
            f"srs_edge_clusters[0].priority_class_name is 'High': {CLASS}",
        ),
        ({"srs_edge_pod_labels": {"a b": "c"}}, f"srs_edge_pod_labels has the key 'a b': {KEY}"),
        ({"srs_origin_pod_labels": {"a": "x" * 64}}, f"srs_origin_pod_labels.a is '{'x' * 64}': {VALUE}"),
        ({**APART, "hls_nginx_node_selector": {"disk": True}}, "hls_nginx_node_selector.disk is true or false: it must be text"),
        (
            {"srs_edge_clusters": [{"name": "a", "node_selector": {"/x": "y"}}]},
            f"srs_edge_clusters[0].node_selector has the key '/x': {KEY}",
        ),
        ({"srs_origin_pod_annotations": {"a b": "any text: it may be"}}, f"srs_origin_pod_annotations has the key 'a b': {KEY}"),
        (
            {"srs_edge_config": {"http_server": {"https": {"enabled": True, "secret": "直播"}}}},
            "srs_edge_config.http_server.https.secret is '直播', but must be the name of a Secret",
        ),
        (
            {"srs_edge_config": {"http_api": {"auth": {"enabled": True, "username": "a", "password_secret": {"name": "A", "key": "k"}}}}},
            "srs_edge_config.http_api.auth.password_secret.name is 'A', but must be the name of a Secret",
        ),
    ],
)
def test_what_can_not_be_a_name_is_refused_before_anything_is_changed(variables: dict[str, Any], said: str) -> None:
    message = refusal(**variables)
    assert message.startswith("Nothing was changed: ")
    assert said in message


def test_what_can_be_one() -> None:
    assert checks(
        srs_image_pull_secrets=[{"name": "registry.example.com"}],
        srs_origin_storage={**PVC, "size": "1Gi", "storage_class": "alicloud-disk.essd"},
        srs_edge_priority_class_name="system-cluster-critical",
        srs_edge_pod_labels={"example.com/Team": "Live_1.a", "empty": ""},
        srs_edge_node_selector={"node-role.kubernetes.io/edge": ""},
        srs_edge_pod_annotations={"prometheus.io/scrape": "true"},
    ).problems() == []  # fmt: skip


def test_the_pods_of_roles_that_do_not_act_are_left_alone() -> None:
    wrong = {"srs_edge_priority_class_name": "High", "srs_edge_clusters": [{"name": "a", "pod_labels": {"a b": "c"}}]}
    assert checks(["srs_origin", "hls_nginx"], **wrong).problems() == []
    assert len(checks(["srs_edge"], **wrong).problems()) == 2
