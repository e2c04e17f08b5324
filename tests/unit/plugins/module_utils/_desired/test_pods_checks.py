# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that are parts of pods: which is checked where, what messages call it, and that it goes with what the pods have."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import pods_checks
from ansible_collections.livestream.srs.plugins.module_utils._desired.nginx import CACHE
from ansible_collections.livestream.srs.tests.support.golden import forms
from ansible_collections.livestream.srs.tests.support.wanted import built, named, problems, resolved

PROPAGATED = [{"name": "a", "mountPath": "/x", "mountPropagation": "Bidirectional"}]
NOT_PRIVILEGED = "srs_%s_extra_volume_mounts[0].mountPropagation is 'Bidirectional', which is for privileged containers"
MOUNT = [{"name": "a", "mountPath": "/a"}]
OTHER_SERVER = {"srs_edge_clusters": [{"name": "edge"}, {"name": "b", "tolerations": [{"key": "a", "operator": "Equals"}]}]}


@pytest.mark.parametrize(
    ("variables", "begins"),
    [
        ({"srs_edge_tolerations": [{"key": "a", "operator": "Equals"}]}, "srs_edge_tolerations[0].operator is 'Equals'"),
        ({"srs_edge_resources": {"limits": {"cpu": "2 cores"}}}, "srs_edge_resources.limits.cpu is '2 cores'"),
        ({"srs_edge_resources": {"requests": {"cpu": 2}, "limits": {"cpu": 1}}}, "srs_edge_resources.requests.cpu is 2, which is more"),
        ({"srs_edge_env": [{"name": "N", "value": 5}]}, "srs_edge_env[0].value is a number: it must be text, so put it in quotes"),
        ({"srs_edge_extra_volumes": [{"name": "a", "emptyDir": {}}], "srs_edge_extra_volume_mounts": PROPAGATED}, NOT_PRIVILEGED % "edge"),
        (
            {"srs_origin_extra_volumes": [{"name": "a", "emptyDir": {}}], "hls_nginx_extra_volume_mounts": PROPAGATED},
            "hls_nginx_extra_volume_m",
        ),
        (
            {"srs_edge_sidecars": [{"name": "a", "image": "a", "volumeMounts": PROPAGATED}]},
            "srs_edge_sidecars[0].volumeMounts[0].mountProp",
        ),
        (OTHER_SERVER, "edge cluster 'b': srs_edge_clusters[1].tolerations[0].operator is 'Equals'"),
        ({"srs_origin_node_selector": {"a b": "c"}}, "srs_origin_node_selector has the key 'a b'"),
        ({"srs_origin_priority_class_name": "High"}, "srs_origin_priority_class_name is 'High'"),
        ({"srs_origin_network_policy_from": [{}]}, "srs_origin_network_policy_from[0] says nothing"),
        ({"srs_edge_network_policy_from": [{"ipBlock": {"cidr": "x"}}]}, "srs_edge_network_policy_from[0].ipBlock.cidr is 'x'"),
        ({"srs_monitoring": {"from": [{}]}}, "srs_monitoring.from[0] says nothing"),
        ({"srs_monitoring": {"labels": {"release": 5}}}, "srs_monitoring.labels.release is a number"),
        ({"srs_monitoring": {"interval": "15 s"}}, "srs_monitoring.interval is '15 s'"),
        ({"srs_edge_pod_annotations": {"prometheus.io/port": 9972}}, "srs_edge_pod_annotations.prometheus.io/port is a number"),
        ({"srs_edge_pod_labels": {"app": "mine"}}, "srs_edge_pod_labels has app, by which the pods are found"),
        ({"srs_edge_image": ""}, "srs_edge_image is ''"),
        ({"srs_image_pull_secrets": [{}]}, "srs_image_pull_secrets[0].name is missing"),
        ({"srs_ip_families": ["IPv4", "IPv4"], "srs_ip_family_policy": "PreferDualStack"}, "srs_ip_families is ['IPv4', 'IPv4']"),
        ({"srs_ip_families": ["IPv4", "IPv6"]}, "srs_ip_families is ['IPv4', 'IPv6']: two of them need"),
        ({"hls_nginx_deregister_seconds": -1, "hls_nginx_mode": "cache"}, "hls_nginx_deregister_seconds is -1"),
        ({"srs_origin_volume": {"x": {}}}, "srs_origin_volume has no key x"),
        ({"srs_origin_storage": {"type": "pvc", "size": "0"}}, "srs_origin_storage.size is '0'"),
        ({"srs_origin_storage": {"type": "pvc", "size": "1Gi", "storage_class": "Fast"}}, "srs_origin_storage.storage_class is 'Fast'"),
        ({"srs_edge_slb": {"class": "a/b/c"}}, "srs_edge_slb.class is 'a/b/c'"),
        (
            {"srs_edge_autoscale": {"min": 1, "max": 2, "metric": {"name": "a/b", "average": 1}}},
            "srs_edge_autoscale.metric.name",
        ),
        (
            {"srs_edge_autoscale": {"min": 1, "max": 2, "metric": {"name": "a", "average": 0}}},
            "srs_edge_autoscale.metric.average",
        ),
        ({"srs_edge_extra_volumes": [{"name": "tmp"}]}, "srs_edge_extra_volumes[0].name is 'tmp', which the pod has already"),
        ({"srs_origin_sidecars": [{"name": "nginx", "image": "a"}]}, "srs_origin_sidecars[0].name is 'nginx', which the pod has already"),
        ({"srs_edge_extra_volume_mounts": MOUNT}, "srs_edge_extra_volume_mounts[0].name is 'a', which is no volume of the pod"),
        ({"hls_nginx_extra_volume_mounts": MOUNT}, "hls_nginx_extra_volume_mounts[0].name is 'a', which is no volume of the pod"),
        (
            {"srs_edge_sidecars": [{"name": "a", "image": "a", "volumeMounts": MOUNT}]},
            "srs_edge_sidecars[0].volumeMounts[0].name is 'a', which is no volume of the pod",
        ),
        (
            {"srs_edge_host_network": True, "srs_edge_sidecars": [{"name": "a", "image": "a", "ports": [{"containerPort": 1935}]}]},
            "srs_edge_sidecars[0].ports[0] needs port 1935 of the node",
        ),
        (
            {
                "srs_edge_host_network": True,
                "srs_edge_sidecars": [{"name": "a", "image": "a", "ports": [{"containerPort": 1, "hostPort": 2}]}],
            },
            "srs_edge_sidecars[0].ports[0].hostPort is 2, but the pod is on the network of its node",
        ),
    ],
)
def test_each_mistake_is_named_once(variables: dict[str, Any], begins: str) -> None:
    (problem,) = problems(**variables)
    assert problem.startswith(begins)


def test_what_edge_clusters_have_in_common_is_told_once() -> None:
    clusters = [{"name": "edge"}, {"name": "a"}, {"name": "b", "env": []}]
    (problem,) = problems(srs_edge_clusters=clusters, srs_edge_env=[{"name": "N", "value": 5}])
    assert problem.startswith("edge cluster 'edge', edge cluster 'a': srs_edge_env[0].value")


@pytest.mark.parametrize(
    "variables",
    [
        {"hls_nginx_tolerations": [{"operator": "no"}]},
        {"srs_edge_network_policy": False, "srs_edge_network_policy_from": [{}]},
        {"srs_origin_enabled": False, "srs_edge_origin": ["o"], "srs_origin_env": [{"name": "N", "value": 5}]},
        {"srs_edge_extra_volume_mounts": MOUNT, "srs_patches": [{"kind": "Deployment", "patch": {"spec": {"paused": True}}}]},
        {"srs_edge_extra_volumes": [{"name": "a"}], "srs_edge_extra_volume_mounts": MOUNT},
    ],
)
def test_what_nothing_uses_and_what_a_patch_may_bring_is_left_alone(variables: dict[str, Any]) -> None:
    assert problems(**variables) == []


@pytest.mark.parametrize("form", forms())
def test_the_surroundings_are_what_the_pods_have(form: str) -> None:
    made = built(**forms()[form])
    origin, nginx = made.topology.origin, made.topology.nginx
    there = named(made.unpatched())
    expected: dict[str, tuple[pods_checks.Surroundings, Any]]
    expected = {f"Deployment {edge.deployment_name}": (pods_checks.around_edge(edge), edge) for edge in made.topology.edges}
    if origin.enabled:
        expected[f"{origin.kind} {origin.workloads[0].name}"] = (pods_checks.around_origin(origin, nginx), origin)
    for workload in nginx.workloads:
        expected[f"Deployment {workload.name}"] = (pods_checks.around_nginx(nginx, workload.role), nginx)
    for title, (ours, tier) in expected.items():
        pod = there[title]["spec"]["template"]["spec"]
        added = {volume["name"] for volume in tier.extra_volumes}
        assert {volume["name"] for volume in pod["volumes"]} - added >= ours.volumes - added
        containers = [*pod["containers"], *pod.get("initContainers", ())]
        assert {one["name"] for one in containers} - {one["name"] for one in tier.sidecars} == ours.containers
        paths = {mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
        assert ours.paths <= paths


def test_a_cache_has_surroundings_of_its_own() -> None:
    nginx = resolved(hls_nginx_mode="cache").nginx
    assert "/var/cache/hls" in pods_checks.around_nginx(nginx, CACHE).paths
