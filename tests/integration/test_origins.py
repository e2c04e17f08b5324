# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each form of the origin, built, scaled and taken down on a real API server, which validates every object strictly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kubernetes_validate
import pytest
from kubernetes import client

from ansible_collections.livestream.srs.tests.support import as_applied

KUBERNETES = ("1.30", "1.31", "1.32", "1.33", "1.34", "1.35")
APPLY_ORIGIN = "Apply the origin"
APPLY_EDGE = "Apply the edge clusters"

CLUSTER: dict[str, Any] = {"srs_version": 6, "srs_origin_mode": "cluster", "hls_nginx_enabled": False}
DEPLOYMENTS: dict[str, Any] = {**CLUSTER, "srs_origin_workload": "deployments"}
PROXY: dict[str, Any] = {
    "srs_version": 7,
    "srs_origin_mode": "proxy",
    "srs_origin_proxy": {
        "image": "registry.example/srs-proxy:7",
        "replicas": 2,
        "redis": {"host": "redis", "password_secret": {"name": "redis", "key": "password"}},
        "slb": {"provider": "generic"},
    },
    "hls_nginx_enabled": False,
}
# The HorizontalPodAutoscaler gets no metrics here, so there is the one pod that a Deployment without a number has.
AUTOSCALED: dict[str, Any] = {
    "hls_nginx_enabled": True,
    "hls_nginx_mode": "cache",
    "hls_nginx_autoscale": {"min": 1, "max": 9},
}
NAS: dict[str, Any] = {"type": "pvc", "size": "10Gi", "access_mode": "ReadWriteMany"}


class Namespace:
    """What is in the test's namespace."""

    def __init__(self, api: client.ApiClient, name: str) -> None:
        self.name = name
        self.apps = client.AppsV1Api(api)
        self.batch = client.BatchV1Api(api)
        self.core = client.CoreV1Api(api)

    def workloads(self) -> dict[str, int]:
        """Name and ready pods of everything that runs pods."""
        found = [*self.apps.list_namespaced_deployment(self.name).items, *self.apps.list_namespaced_stateful_set(self.name).items]
        return {item.metadata.name: item.status.ready_replicas or 0 for item in found}

    def services(self) -> set[str]:
        return {item.metadata.name for item in self.core.list_namespaced_service(self.name).items}

    def claims(self) -> set[str]:
        return {item.metadata.name for item in self.core.list_namespaced_persistent_volume_claim(self.name).items}

    def config(self, name: str) -> list[str]:
        """The lines of an srs.conf."""
        text = self.core.read_namespaced_config_map(name, self.name).data["srs.conf"]
        return [" ".join(line.split()) for line in text.splitlines()]

    def pods(self, prefix: str) -> dict[str, str]:
        """Name and uid of the pods whose names begin so, without those that are going."""
        pods = self.core.list_namespaced_pod(self.name).items
        return {
            pod.metadata.name: pod.metadata.uid
            for pod in pods
            if pod.metadata.name.startswith(prefix) and not pod.metadata.deletion_timestamp
        }


@pytest.fixture
def there(api: client.ApiClient, namespace: str) -> Namespace:
    return Namespace(api, namespace)


@pytest.mark.parametrize(
    ("variables", "workloads", "services"),
    [
        (CLUSTER, {"srs-origin": 3}, {"socs", "srs-api-service", "srs-internal-origin-service"}),
        (
            DEPLOYMENTS,
            {"srs-origin-0-deployment": 1, "srs-origin-1-deployment": 1, "srs-origin-2-deployment": 1},
            {"srs-origin-0-socs", "srs-origin-1-socs", "srs-origin-2-socs", "srs-api-service", "srs-internal-origin-service"},
        ),
        (
            PROXY,
            {"srs-origin": 3, "srs-proxy-deployment": 2},
            {"socs", "srs-api-service", "srs-internal-origin-service", "srs-proxy-service", "srs-proxy-public-service"},
        ),
        ({"srs_origin_storage": NAS}, {"srs-origin-deployment": 1}, {"srs-internal-origin-service", "srs-http-service", "srs-hls-peers"}),
        (
            {"srs_origin_storage": NAS, "srs_origin_cleanup": {"enabled": True}, "srs_demo_publisher": True},
            {"srs-origin-deployment": 1, "srs-demo-deployment": 1},
            {"srs-internal-origin-service", "srs-http-service", "srs-hls-peers"},
        ),
        (
            {"srs_origin_storage": NAS, "hls_nginx_mode": "deployment"},
            {"srs-origin-deployment": 1, "nginx-origin-deployment": 2},
            {"srs-internal-origin-service", "srs-http-service", "srs-hls-peers"},
        ),
        (
            {"hls_nginx_mode": "cache", "hls_nginx_replicas": 3},
            {"srs-origin-deployment": 1, "srs-hls-edge-deployment": 3},
            {"srs-internal-origin-service", "srs-http-service", "srs-hls-origin-service", "srs-hls-peers", "srs-hls-edge-peers"},
        ),
        (
            {**CLUSTER, "srs_origin_storage": NAS, **AUTOSCALED},
            {"srs-origin": 3, "nginx-origin-deployment": 2, "srs-hls-edge-deployment": 1},
            {
                *("socs", "srs-api-service", "srs-internal-origin-service"),
                *("srs-http-service", "srs-hls-origin-service", "srs-hls-peers", "srs-hls-edge-peers"),
            },
        ),
    ],
    ids=[
        "cluster",
        "deployments",
        "proxy",
        "single on a claim",
        "with clean-up and demo",
        "nginx apart",
        "caches before the one origin",
        "autoscaled caches before a cluster",
    ],
)
def test_each_form_builds_and_stays(
    play: Callable[..., Any],
    api: client.ApiClient,
    there: Namespace,
    variables: dict[str, Any],
    workloads: dict[str, int],
    services: set[str],
) -> None:
    predicted = play("--check", **variables).changed
    assert APPLY_ORIGIN in predicted
    assert play(**variables).changed == predicted
    assert there.workloads() == workloads | {"srs-edge-deployment": 3}
    assert there.services() == services | {"srs-edge-service"}
    assert play(**variables).changed == []
    applied = list(as_applied.objects(api, there.name))
    assert len(applied) > 8
    for version in KUBERNETES:
        for item in applied:
            kubernetes_validate.validate(item, version, strict=True)


def test_scaling_changes_just_what_it_must(play: Callable[..., Any], there: Namespace) -> None:
    play(**CLUSTER, srs_origin_replicas=1)
    edges, origins = there.pods("srs-edge"), there.pods("srs-origin")
    assert set(origins) == {"srs-origin-0"}
    for replicas in (3, 2):
        before = there.pods("srs-origin")
        predicted = play("--check", "--diff", **CLUSTER, srs_origin_replicas=replicas)
        assert predicted.changed == [APPLY_ORIGIN]
        assert predicted.objects == {"ConfigMap/srs-origin-config", "StatefulSet/srs-origin"}
        coworkers = " ".join(f"srs-origin-{index}.socs:1985" for index in range(replicas))
        assert [line for line in predicted.differences if line.startswith("+")][-1:] == [f"+ replicas: {replicas}"]
        assert any(f"coworkers {coworkers};" in line for line in predicted.differences)
        assert len(predicted.differences) == 4, predicted.differences

        assert play(**CLUSTER, srs_origin_replicas=replicas).changed == [APPLY_ORIGIN]
        assert f"coworkers {coworkers};" in there.config("srs-origin-config")
        after = there.pods("srs-origin")
        assert set(after) == {f"srs-origin-{index}" for index in range(replicas)}
        assert all(after[name] == before[name] for name in set(before) & set(after)), "no origin was restarted for it"
        assert there.pods("srs-edge") == edges
    assert play(**CLUSTER, srs_origin_replicas=2).changed == []


def test_edges_that_list_the_origins(play: Callable[..., Any], there: Namespace) -> None:
    play(**CLUSTER, srs_origin_addresses="pods", srs_origin_replicas=2)
    assert "origin srs-origin-0.socs srs-origin-1.socs;" in there.config("srs-edge-config")
    assert play(**CLUSTER, srs_origin_addresses="pods", srs_origin_replicas=3).changed == [APPLY_ORIGIN, APPLY_EDGE]
    assert "origin srs-origin-0.socs srs-origin-1.socs srs-origin-2.socs;" in there.config("srs-edge-config")


def test_another_config_restarts_the_origins_one_by_one(play: Callable[..., Any], there: Namespace) -> None:
    play(**CLUSTER)
    before = there.pods("srs-origin")
    play(**CLUSTER, srs_origin_max_connections=2000)
    after = there.pods("srs-origin")
    assert set(after) == set(before)
    assert not set(after.values()) & set(before.values())


def test_from_mode_to_mode(play: Callable[..., Any], there: Namespace) -> None:
    """What a mode leaves behind goes; what it does not touch stays."""
    play(srs_version=6)
    edges = there.pods("srs-edge")
    for variables, workloads in (
        (CLUSTER, {"srs-origin"}),
        (DEPLOYMENTS, {"srs-origin-0-deployment", "srs-origin-1-deployment", "srs-origin-2-deployment"}),
        ({"srs_version": 6}, {"srs-origin-deployment"}),
    ):
        play(**variables)
        assert set(there.workloads()) == workloads | {"srs-edge-deployment"}
        assert there.pods("srs-edge") == edges
    assert there.services() == {"srs-internal-origin-service", "srs-http-service", "srs-hls-peers", "srs-edge-service"}


def test_from_one_form_of_nginx_to_another(play: Callable[..., Any], there: Namespace) -> None:
    play(srs_origin_storage=NAS)
    origin = there.pods("srs-origin")
    for variables, workloads, app in (
        ({"hls_nginx_mode": "cache", "hls_nginx_cache": {"upstream": "nginx"}}, {"srs-hls-edge-deployment"}, "srs-hls-edge"),
        ({"hls_nginx_mode": "deployment"}, {"nginx-origin-deployment"}, "nginx-origin"),
        ({}, set(), "srs-origin"),
    ):
        play(srs_origin_storage=NAS, **variables)
        assert set(there.workloads()) == workloads | {"srs-origin-deployment", "srs-edge-deployment"}
        assert there.core.read_namespaced_service("srs-http-service", there.name).spec.selector == {"app": app}
        if variables.get("hls_nginx_mode") == "cache":
            assert there.pods("srs-origin") == origin, "the caches come in front of what there is"
    play(hls_nginx_enabled=False)
    assert there.services() == {"srs-internal-origin-service", "srs-edge-service"}
    assert play(hls_nginx_enabled=False).changed == []


def test_the_clean_up_runs(play: Callable[..., Any], there: Namespace) -> None:
    """Its Job is accepted, and has its arguments."""
    cleanup = {"enabled": True, "max_age_hours": 24, "patterns": ["*.flv", "a b*.mp4"], "path": "live", "dry_run": True}
    play(srs_origin_storage=NAS, srs_origin_cleanup=cleanup)
    made = there.batch.read_namespaced_cron_job("srs-cleanup", there.name)
    (container,) = made.spec.job_template.spec.template.spec.containers
    assert container.args[1:] == ["cleanup.sh", "/media", "live", "24", "true", "true", "*.flv", "a b*.mp4"]
    assert made.spec.concurrency_policy == "Forbid"
    there.batch.create_namespaced_job(there.name, {"metadata": {"name": "now"}, "spec": made.spec.job_template.spec})
    play(srs_origin_storage=NAS)
    assert there.batch.list_namespaced_cron_job(there.name).items == []


GROUP = "monitoring.coreos.com"
KINDS = {"PodMonitor": "podmonitors", "PrometheusRule": "prometheusrules", "Probe": "probes"}
MONITORED: dict[str, Any] = {"srs_monitoring": {"enabled": True, "hls_probe": {"prober": "blackbox:9115", "streams": ["live/livestream"]}}}


@pytest.fixture
def operator(bring_kinds: Callable[..., None]) -> None:
    """A cluster with the kinds of Prometheus Operator."""
    bring_kinds(GROUP, KINDS)


def monitors(api: client.ApiClient, namespace: str) -> set[str]:
    custom = client.CustomObjectsApi(api)
    return {
        f"{item['kind']}/{item['metadata']['name']}"
        for plural in KINDS.values()
        for item in custom.list_namespaced_custom_object(GROUP, "v1", namespace, plural)["items"]
    }


@pytest.mark.usefixtures("operator")
def test_monitoring_where_there_is_an_operator(play: Callable[..., Any], there: Namespace, api: client.ApiClient) -> None:
    assert APPLY_ORIGIN in play(**MONITORED).changed
    assert monitors(api, there.name) == {"PodMonitor/srs", "PrometheusRule/srs", "Probe/srs-hls"}
    assert play(**MONITORED).changed == []
    assert play().changed == [APPLY_ORIGIN]
    assert monitors(api, there.name) == set()


def test_monitoring_where_there_is_none(play: Callable[..., Any], there: Namespace, api: client.ApiClient) -> None:
    if any(group.name == GROUP for group in client.ApisApi(api).get_api_versions().groups):
        pytest.skip(f"this cluster has {GROUP}")
    done = play(**MONITORED)
    assert f"The API server does not serve {GROUP}, so these objects were left out" in " ".join(done.output.split())
    assert there.core.read_namespaced_config_map("srs-grafana-dashboard", there.name).metadata.labels["grafana_dashboard"] == "1"
    assert play(**MONITORED).changed == []


def test_teardown_keeps_the_claim_unless_told(play: Callable[..., Any], there: Namespace) -> None:
    play(srs_origin_storage=NAS)
    play(playbook="teardown")
    assert there.workloads() == {}
    assert there.claims() == {"srs-origin-media"}
    assert play(srs_origin_storage=NAS).changed, "the claim is taken up again"
    play(playbook="teardown", srs_teardown_delete_volumes=True)
    assert there.claims() == set()


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({**CLUSTER, "srs_version": 7}, ["srs_origin_mode is cluster", "SRS 7", "proxy"]),
        ({**PROXY, "srs_version": 6}, ["srs_origin_mode is proxy", "SRS 7", "cluster"]),
        ({**PROXY, "srs_origin_proxy": {"image": "p", "replicas": 2}}, ["srs_origin_proxy.replicas is 2", "redis"]),
        ({"srs_version": 6, "srs_origin_mode": "cluster"}, ["hls_nginx_mode is sidecar", "several origins"]),
        ({"hls_nginx_mode": "deployment"}, ["hls_nginx_mode is deployment", "emptydir", "ReadWriteMany"]),
        (
            {"hls_nginx_mode": "deployment", "srs_origin_storage": {"type": "pvc", "size": "1Gi"}},
            ["hls_nginx_mode is deployment", "ReadWriteOnce", "ReadWriteMany"],
        ),
        ({"hls_nginx_mode": "cache", "hls_nginx_own_config": False}, ["hls_nginx_own_config"]),
        ({"hls_nginx_mode": "cache", "hls_nginx_cache": {"sizes": "1Gi"}}, ["sizes", "size"]),
        ({"hls_nginx_mode": "cache", "hls_nginx_autoscale": {"min": 2}}, ["hls_nginx_autoscale.max"]),
        ({**CLUSTER, "srs_origin_storage": {"type": "pvc", "size": "1Gi"}}, ["ReadWriteOnce", "3 origins", "ReadWriteMany"]),
        ({"srs_origin_replicas": 2}, ["srs_origin_replicas is 2", "single"]),
        ({"srs_origin_mode": "many"}, ["srs_origin_mode", "many", "cluster"]),
        ({"srs_origin_storage": {"type": "pvc", "sizes": "1Gi"}}, ["sizes", "size"]),
        ({**CLUSTER, "srs_origin_proxy": {"replica": 2}}, ["replica", "replicas"]),
        ({"srs_origin_config": {"hls": {"hls_ctx": True}}}, ["hls_ctx", "behind nginx"]),
        (
            {"srs_origin_storage": NAS, "srs_origin_cleanup": {"enabled": True, "path": "../conf"}},
            ["srs_origin_cleanup.path", "../conf", "outside the volume"],
        ),
        ({"srs_origin_cleanup": {"enabled": True}}, ["srs_origin_cleanup", "emptydir"]),
        (
            {"srs_origin_config": {"dvr": {"enabled": True, "dvr_path": "/dvr/[stream].flv"}}},
            ["srs_origin_config.dvr.dvr_path", "/dvr/[stream].flv", "read-only"],
        ),
    ],
    ids=[
        "cluster with SRS 7",
        "proxy with SRS 6",
        "two proxies without redis",
        "sidecar with several origins",
        "nginx apart from an emptydir",
        "nginx apart from a disk of one node",
        "caches with the image's config",
        "misspelt key of the cache",
        "autoscaling without an end",
        "several pods on ReadWriteOnce",
        "replicas of a single origin",
        "unknown mode",
        "misspelt key of the storage",
        "misspelt key of the proxy",
        "hls_ctx behind nginx",
        "clean-up outside the volume",
        "clean-up of an emptydir",
        "recordings outside the volume",
    ],
)
def test_bad_input_changes_nothing(play: Callable[..., Any], there: Namespace, variables: dict[str, Any], words: list[str]) -> None:
    message = play(expect=2, **variables).message
    assert all(word in message for word in words), message
    assert there.workloads() == {}
