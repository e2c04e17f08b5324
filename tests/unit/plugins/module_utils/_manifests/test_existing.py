# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects under the names and labels that they have already."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.tests.support.wanted import named, objects, refusal, resolved, wanted

NAMES = {
    "Deployment": {"srs-edge-deployment": "edges", "srs-origin-deployment": "ingest"},
    "Service": {"srs-internal-origin-service": "upstream", "srs-edge-service": "front"},
    "ConfigMap": {"srs-edge-config": "edge-conf"},
}


def made(**variables: Any) -> dict[str, Any]:
    return named(objects(srs_object_names=NAMES, srs_app_labels={"srs-edge": "north", "srs-origin": "srs"}, **variables))


def test_references_follow() -> None:
    found = made(srs_edge_autoscale={"min": 1, "max": 2})
    assert {"Deployment edges", "Deployment ingest", "Service upstream", "Service front", "ConfigMap edge-conf"} <= set(found)
    assert found["Deployment edges"]["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"] == "edge-conf"
    assert found["HorizontalPodAutoscaler srs-edge"]["spec"]["scaleTargetRef"]["name"] == "edges"
    assert "origin upstream;" in found["ConfigMap edge-conf"]["data"]["srs.conf"]


def test_labels_follow_wherever_pods_are_selected() -> None:
    found = made()
    edge = found["Deployment edges"]["spec"]
    assert edge["selector"] == {"matchLabels": {"app": "north"}} and edge["template"]["metadata"]["labels"]["app"] == "north"
    assert edge["template"]["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"] == {"app": "north"}
    assert found["Service front"]["spec"]["selector"] == {"app": "north"}
    assert found["PodDisruptionBudget srs-edge"]["spec"]["selector"] == {"matchLabels": {"app": "north"}}
    policy = found["NetworkPolicy srs-origin"]["spec"]
    assert policy["podSelector"] == {"matchLabels": {"app": "srs"}}
    assert policy["ingress"][0]["from"][0]["podSelector"]["matchExpressions"][0]["values"] == ["north"]
    (monitor,) = [item for name, item in found.items() if name.startswith("PodMonitor")]
    assert {"north", "srs"} <= set(monitor["spec"]["selector"]["matchExpressions"][0]["values"])
    (rules,) = [item for name, item in found.items() if name.startswith("PrometheusRule")]
    assert 'app=~"north"' in repr(rules) and 'app=~"srs-edge"' not in repr(rules)


def test_origins_of_a_cluster_are_called_by_their_names() -> None:
    names = {"StatefulSet": {"srs-origin": "media"}, "Service": {"socs": "peers"}}
    origin = resolved(srs_origin_mode="cluster", srs_origin_replicas=2, srs_object_names=names).origin
    assert origin.hosts == ["media-0.peers", "media-1.peers"]
    assert origin.api_service.selector == {"statefulset.kubernetes.io/pod-name": "media-0"}
    found = named(objects(srs_origin_mode="cluster", srs_object_names=names, hls_nginx_enabled=False))
    assert found["StatefulSet media"]["spec"]["serviceName"] == "peers"


def test_patches_know_objects_by_our_names() -> None:
    patch = {"kind": "Deployment", "name": "srs-edge-deployment", "patch": {"spec": {"paused": True}}}
    assert made(srs_patches=[patch])["Deployment edges"]["spec"]["paused"] is True


def test_an_edge_cluster_behind_the_service_of_another() -> None:
    clusters = [{"name": "r5", "service": False}, {"name": "r6"}]
    found = named(objects(srs_edge_clusters=clusters, srs_app_labels={"srs-edge-r5": "srs-edge", "srs-edge-r6": "srs-edge"}))
    assert "Service srs-edge-r6-service" in found and "Service srs-edge-r5-service" not in found
    assert refusal(srs_edge_clusters=[*clusters, {"name": "far", "upstream": "r5"}]) == (
        "Nothing was changed: edge cluster 'far': its upstream 'r5' has no Service (service is false): pull from a cluster that has one."
    )


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (
            {"srs_object_names": {"Deployment": {"srs-egde": "x"}}},
            "srs_object_names.Deployment has srs-egde, which is no object of the topology",
        ),
        (
            {"srs_object_names": {"Job": {"a": "x"}}},
            "srs_object_names.Job has a, which is no object of the topology: there are ConfigMap, ",
        ),
        (
            {"srs_object_names": {"Service": {"srs-edge-service": "srs-http-service"}}},
            "srs_object_names.Service gives the name srs-http-service to two objects: names must differ.",
        ),
        ({"srs_object_names": {"Service": "x"}}, "srs_object_names.Service is 'x': it must be a mapping"),
        (
            {"srs_object_names": {"Service": {"srs-edge-service": "X Y"}}},
            "srs_object_names.Service.srs-edge-service is 'X Y': it must be the name",
        ),
        ({"srs_app_labels": {"srs-origin": 7}}, "srs_app_labels.srs-origin is 7: it must be the value of the label app"),
    ],
)
def test_what_is_refused(variables: dict[str, Any], words: str) -> None:
    assert words in refusal(**variables)


def test_without_names_nothing_is_copied() -> None:
    builder = wanted().builder()
    item = {"kind": "Service", "metadata": {"name": "a"}}
    assert builder.existing.renamed([item])[0] is item
