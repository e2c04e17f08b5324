# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the origin."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._labels import CONFIG_CHECKSUM, NGINX_CONFIG_CHECKSUM, RESTART_CHECKSUM
from ansible_collections.livestream.srs.tests.support.wanted import built, named

ALONE = {"hls_nginx_enabled": False, "srs_monitoring": {"enabled": False}}
BARE = {"srs_production_defaults": False}
CLUSTER = {**ALONE, "srs_origin_mode": "cluster"}
PROXY = {**ALONE, "srs_origin_mode": "proxy", "srs_origin_version": 7, "srs_origin_proxy": {"image": "proxy:7"}}
NAS = {"srs_origin_storage": {"type": "pvc", "size": "9Gi", "access_mode": "ReadWriteMany"}}
DISK = {"srs_origin_storage": {"type": "pvc", "size": "9Gi"}}


def made(**variables: Any) -> dict[str, Any]:
    return named(built(**variables).origin())


def workload(**variables: Any) -> dict[str, Any]:
    """The spec of the one workload of origins."""
    (found,) = (item["spec"] for name, item in made(**variables).items() if "Deployment srs-origin" in name or "StatefulSet" in name)
    return dict(found)


def pod(**variables: Any) -> dict[str, Any]:
    spec: dict[str, Any] = workload(**variables)["template"]["spec"]
    return spec


def container(name: str, **variables: Any) -> dict[str, Any]:
    (found,) = (item for item in pod(**variables)["containers"] if item["name"] == name)
    return dict(found)


ONE = ["ConfigMap srs-origin-config", "Deployment srs-origin-deployment", "Service srs-internal-origin-service"]
POLICY = "NetworkPolicy srs-origin"


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        (ALONE, [*ONE, POLICY]),
        (BARE, ONE[1:]),
        ({**ALONE, "srs_origin_network_policy": False}, ONE),
        ({**ALONE, **NAS}, [ONE[0], "PersistentVolumeClaim srs-origin-media", *ONE[1:], POLICY]),
        ({**ALONE, "srs_origin_storage": {"type": "pvc", "existing_claim": "mine"}}, [*ONE, POLICY]),
        ({**ALONE, "srs_origin_slb": {}}, [*ONE, "Service srs-origin-service", POLICY]),
        ({**ALONE, "srs_demo_publisher": True}, [*ONE, "Deployment srs-demo-deployment", POLICY]),
        (
            {**ALONE, **NAS, "srs_origin_cleanup": {"enabled": True}},
            [ONE[0], "PersistentVolumeClaim srs-origin-media", *ONE[1:], "CronJob srs-cleanup", POLICY],
        ),
        (
            CLUSTER,
            [
                ONE[0],
                "StatefulSet srs-origin",
                ONE[2],
                "Service socs",
                "Service srs-api-service",
                "PodDisruptionBudget srs-origin",
                POLICY,
            ],
        ),
        (
            {**CLUSTER, "srs_origin_workload": "deployments", "srs_origin_replicas": 2, "srs_origin_pod_disruption_budget": False},
            [
                ONE[0],
                "Deployment srs-origin-0-deployment",
                "Deployment srs-origin-1-deployment",
                ONE[2],
                "Service srs-origin-0-socs",
                "Service srs-origin-1-socs",
                "Service srs-api-service",
                POLICY,
            ],
        ),
        (
            PROXY,
            [
                ONE[0],
                "StatefulSet srs-origin",
                ONE[2],
                "Service socs",
                "Service srs-api-service",
                "PodDisruptionBudget srs-origin",
                POLICY,
                "Deployment srs-proxy-deployment",
                "Service srs-proxy-service",
                "NetworkPolicy srs-proxy",
            ],
        ),
        ({**ALONE, "srs_origin_enabled": False}, []),
        (
            {"srs_origin_enabled": False},
            ["PodMonitor srs", "PrometheusRule srs", "ConfigMap srs-grafana-dashboard"],
        ),
    ],
)
def test_which_there_are(variables: dict[str, Any], names: list[str]) -> None:
    assert list(made(**variables)) == names


# Workloads


def test_the_next_origin_is_there_before_the_last_one_goes() -> None:
    spec = workload(**ALONE)
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    assert workload(**ALONE, srs_origin_host_network=True)["strategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0}
    assert not {"strategy", "revisionHistoryLimit"} & set(workload(**ALONE, srs_origin_graceful=False))


@pytest.mark.parametrize("graceful", [True, False])
def test_a_disk_of_one_node_is_let_go_of_first(graceful: bool) -> None:
    assert workload(**ALONE, **DISK, srs_origin_graceful=graceful)["strategy"] == {"type": "Recreate"}
    assert workload(**ALONE, **NAS).get("strategy", {}).get("type") == "RollingUpdate"


def test_origins_of_a_cluster_are_replaced_one_by_one() -> None:
    spec = workload(**CLUSTER, srs_origin_replicas=5)
    assert (spec["replicas"], spec["serviceName"]) == (5, "socs")
    assert spec["updateStrategy"] == {"type": "RollingUpdate"}
    assert spec["revisionHistoryLimit"] == 10 and "strategy" not in spec
    assert "revisionHistoryLimit" not in workload(**CLUSTER, srs_origin_graceful=False)


def test_the_deployments_of_several_origins_have_one_pod_each() -> None:
    found = made(**CLUSTER, srs_origin_workload="deployments", srs_origin_replicas=3)
    for index in range(3):
        spec = found[f"Deployment srs-origin-{index}-deployment"]["spec"]
        assert spec["replicas"] == 1
        assert spec["selector"] == {"matchLabels": {"app": f"srs-origin-{index}"}}
        assert spec["template"]["metadata"]["labels"]["app"] == f"srs-origin-{index}"


@pytest.mark.parametrize("production", [True, False])
def test_what_selects_all_origins_finds_their_pods(production: bool) -> None:
    variables = {**CLUSTER, "srs_origin_workload": "deployments", "srs_production_defaults": production, "srs_origin_own_config": True}
    found = made(**variables)
    selector = found["Service srs-internal-origin-service"]["spec"]["selector"]
    labels = found["Deployment srs-origin-0-deployment"]["spec"]["template"]["metadata"]["labels"]
    assert selector.items() <= labels.items()


# What a changed config does


def annotations(**variables: Any) -> dict[str, str]:
    found: dict[str, str] = workload(**variables)["template"]["metadata"].get("annotations", {})
    return found


def test_a_changed_config_replaces_the_origin() -> None:
    before, after = annotations(**ALONE), annotations(**ALONE, srs_origin_max_connections=5)
    assert list(before) == [CONFIG_CHECKSUM]
    assert before != after
    assert annotations(**ALONE, srs_origin_config_checksum=False) == {}
    assert annotations(**ALONE, srs_origin_own_config=False) == {}


@pytest.mark.parametrize("shape", [{}, {"srs_origin_workload": "statefulset", "srs_origin_drain_seconds": 30}])
def test_a_new_coworker_restarts_no_origin(shape: dict[str, Any]) -> None:
    three, four = (workload(**CLUSTER, **shape, srs_origin_replicas=number)["template"] for number in (3, 4))
    assert three == four
    assert list(three["metadata"]["annotations"]) == [RESTART_CHECKSUM]
    conf = [made(**CLUSTER, **shape, srs_origin_replicas=number)["ConfigMap srs-origin-config"]["data"] for number in (3, 4)]
    assert conf[0] != conf[1], "they reload it"


def test_any_other_change_restarts_the_origins_of_a_cluster() -> None:
    assert annotations(**CLUSTER) != annotations(**CLUSTER, srs_origin_max_connections=5)
    assert annotations(**CLUSTER) != annotations(**CLUSTER, srs_origin_config={"http_api": {"listen": 1986}})


def test_behind_a_proxy_there_are_no_coworkers() -> None:
    assert list(annotations(**PROXY)) == [CONFIG_CHECKSUM]
    assert annotations(**PROXY, srs_origin_replicas=3) == annotations(**PROXY, srs_origin_replicas=5)


def test_the_config_of_an_nginx_in_the_pod_replaces_it_too() -> None:
    before = annotations()
    assert set(before) == {CONFIG_CHECKSUM, NGINX_CONFIG_CHECKSUM}
    after = annotations(hls_nginx_playlist_seconds=2)
    assert before[CONFIG_CHECKSUM] == after[CONFIG_CHECKSUM]
    assert before[NGINX_CONFIG_CHECKSUM] != after[NGINX_CONFIG_CHECKSUM]
    assert NGINX_CONFIG_CHECKSUM not in annotations(hls_nginx_own_config=False)
    assert NGINX_CONFIG_CHECKSUM not in annotations(**NAS, hls_nginx_mode="deployment")


# Pods


def test_labels_and_annotations_of_pods() -> None:
    template = workload(**ALONE, srs_origin_pod_labels={"team": "live"}, srs_origin_pod_annotations={"note": "1"})["template"]["metadata"]
    assert template["labels"].items() >= {"app": "srs-origin", "team": "live", "app.kubernetes.io/component": "origin"}.items()
    assert template["annotations"]["note"] == "1"
    assert workload(**BARE)["template"]["metadata"] == {"labels": {"app": "srs-origin"}}


def test_srs_and_nginx_share_the_media() -> None:
    spec = pod(**DISK)
    srs, nginx = spec["containers"]
    assert {"name": "cache-volume", "mountPath": "/usr/local/srs/objs/nginx/html"} in srs["volumeMounts"]
    assert {"name": "cache-volume", "mountPath": "/usr/share/nginx/html", "readOnly": True} in nginx["volumeMounts"]
    assert spec["volumes"][0] == {"name": "cache-volume", "persistentVolumeClaim": {"claimName": "srs-origin-media"}}


def test_nginx_goes_with_the_pod_that_it_is_in() -> None:
    def stays(**variables: Any) -> int:
        return int(container("nginx", srs_origin_deregister_seconds=7, **variables)["lifecycle"]["preStop"]["sleep"]["seconds"])

    assert stays(hls_nginx_hold_seconds=0) == 7
    assert "lifecycle" not in container("nginx", srs_origin_graceful=False)
    # What it holds is fetched by the next pod, and who has a connection to it gets what that one has.
    assert stays() == 7 + 10
    assert stays(srs_origin_drain_seconds=100, hls_nginx_deregister_seconds=20) == 7 + 100 + 20
    assert pod(srs_origin_drain_seconds=100)["terminationGracePeriodSeconds"] >= 1 + 100 + 10 + 30
    # A pod that must be gone before the next one comes keeps nobody waiting.
    assert stays(**DISK) == 7


def test_the_pod_outlives_the_drain_of_its_server() -> None:
    assert pod(**ALONE, srs_origin_drain_seconds=60)["terminationGracePeriodSeconds"] > 61
    assert "terminationGracePeriodSeconds" not in pod(**ALONE, srs_origin_graceful=False)


def test_srs_pages_come_to_the_volume() -> None:
    (copier,) = pod(**ALONE)["initContainers"]
    assert copier["command"][-1] == "cp -R /usr/local/srs/objs/nginx/html/. /tmp/html/"
    assert copier["image"] == pod(**ALONE)["containers"][0]["image"]
    assert copier["securityContext"]["readOnlyRootFilesystem"] is True
    assert "securityContext" not in pod(**ALONE, srs_origin_security=False)["initContainers"][0]
    tutorial = pod(**ALONE, srs_origin_static_files="sidecar")
    assert "initContainers" not in tutorial
    assert [item["name"] for item in tutorial["containers"]] == ["srs", "srs-cp-files"]
    none = pod(**ALONE, srs_origin_static_files="none")
    assert "initContainers" not in none and [item["name"] for item in none["containers"]] == ["srs"]


def test_servers_behind_a_proxy_are_told_apart_by_their_pods() -> None:
    assert container("srs", **PROXY)["env"] == [
        {"name": "SRS_HEARTBEAT_DEVICE_ID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    ]
    assert "env" not in container("srs", **CLUSTER)


def test_several_origins_are_spread() -> None:
    (hosts, _zones) = pod(**CLUSTER)["topologySpreadConstraints"]
    assert hosts["labelSelector"] == {"matchLabels": {"app": "srs-origin"}}
    assert "topologySpreadConstraints" not in pod(**ALONE)
    assert "topologySpreadConstraints" not in pod(**CLUSTER, srs_origin_spread=False)


def test_what_is_added_to_pods() -> None:
    spec = pod(
        srs_origin_sidecars=[{"name": "agent", "image": "agent"}],
        srs_origin_extra_volumes=[{"name": "x", "emptyDir": {}}],
        hls_nginx_extra_volumes=[{"name": "y", "emptyDir": {}}],
        hls_nginx_extra_volume_mounts=[{"name": "y", "mountPath": "/y"}],
    )
    assert [item["name"] for item in spec["containers"]] == ["srs", "nginx", "agent"]
    assert {"name": "x", "emptyDir": {}} in spec["volumes"] and {"name": "y", "emptyDir": {}} in spec["volumes"]
    assert {"name": "y", "mountPath": "/y"} in spec["containers"][1]["volumeMounts"]


def test_the_image_has_a_config_of_its_own() -> None:
    spec = pod(**ALONE, srs_origin_own_config=False)
    assert [volume["name"] for volume in spec["volumes"]] == ["cache-volume", "tmp"]
    assert "command" not in spec["containers"][0]


# Services


def test_names_by_which_origins_ask_each_other() -> None:
    headless = made(**CLUSTER)["Service socs"]["spec"]
    assert headless["clusterIP"] == "None"
    assert headless["publishNotReadyAddresses"] is True, "while one starts, and while it drains"
    own = made(**CLUSTER, srs_origin_workload="deployments")["Service srs-origin-1-socs"]["spec"]
    assert (own["selector"], own["type"]) == ({"app": "srs-origin-1"}, "ClusterIP")
    assert not {"clusterIP", "publishNotReadyAddresses"} & set(own)


def test_the_api_has_no_load_balancer_unless_it_is_given_one() -> None:
    assert made(**CLUSTER)["Service srs-api-service"]["spec"]["type"] == "ClusterIP"
    assert made(**CLUSTER, srs_origin_api_slb={"provider": "generic"})["Service srs-api-service"]["spec"]["type"] == "LoadBalancer"


def test_the_service_inside_is_never_outside() -> None:
    found = made(**ALONE, srs_origin_slb={"provider": "metallb", "pool": "x"})
    assert found["Service srs-internal-origin-service"]["spec"]["type"] == "ClusterIP"
    assert found["Service srs-origin-service"]["spec"]["type"] == "LoadBalancer"
    assert found["Service srs-origin-service"]["metadata"]["annotations"] == {"metallb.io/address-pool": "x"}


# What else there may be


def test_a_claim() -> None:
    found = made(**ALONE, **NAS)["PersistentVolumeClaim srs-origin-media"]
    assert found["spec"] == {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "9Gi"}}}


def test_a_stream_to_look_at() -> None:
    given = {"srs_demo_publisher": True, "srs_demo_publisher_image": "enc", "srs_demo_publisher_source": "b.flv"}
    demo = made(**ALONE, **given, srs_image_pull_secrets=[{"name": "x"}])["Deployment srs-demo-deployment"]
    assert demo["metadata"]["labels"]["app.kubernetes.io/component"] == "demo"
    spec = demo["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"}), "the second publisher of a stream is refused"
    assert spec["selector"] == {"matchLabels": {"app": "srs-demo"}}
    pod = spec["template"]["spec"]
    (encoder,) = pod.pop("containers")
    assert encoder.pop("securityContext")["readOnlyRootFilesystem"] is True
    assert "ffmpeg" in encoder["args"].pop(0)
    assert encoder == {
        "name": "encoder",
        "image": "enc",
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/sh", "-c"],
        "args": ["publish.sh", "b.flv", "rtmp://srs-internal-origin-service/live/livestream"],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
    }
    assert "fsGroup" not in pod.pop("securityContext"), "it has no volume"
    assert pod == {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 5,
        "imagePullSecrets": [{"name": "x"}],
    }
    bare = made(**BARE, **given)["Deployment srs-demo-deployment"]["spec"]["template"]["spec"]
    assert set(bare) == {"automountServiceAccountToken", "enableServiceLinks", "terminationGracePeriodSeconds", "containers"}
    assert "securityContext" not in bare["containers"][0]


def cron_job(**variables: Any) -> dict[str, Any]:
    given = {"enabled": True, **variables.pop("cleanup", {})}
    spec: dict[str, Any] = made(**{**ALONE, **NAS, "srs_origin_cleanup": given, **variables})["CronJob srs-cleanup"]["spec"]
    return spec


def test_old_media_are_removed() -> None:
    spec = cron_job(
        cleanup={"max_age_hours": 24, "image": "busybox", "time_zone": "Asia/Shanghai", "schedule": "@daily"},
        srs_origin_node_selector={"pool": "media"},
        srs_origin_tolerations=[{"key": "media"}],
    )
    job = spec.pop("jobTemplate")["spec"]
    assert spec == {
        "schedule": "@daily",
        "timeZone": "Asia/Shanghai",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
    }
    template = job.pop("template")
    assert job == {"backoffLimit": 2, "ttlSecondsAfterFinished": 86400}
    assert template["metadata"]["labels"].items() >= {"app": "srs-cleanup", "app.kubernetes.io/component": "origin"}.items()
    pod = template["spec"]
    (worker,) = pod.pop("containers")
    assert worker.pop("securityContext")["readOnlyRootFilesystem"] is True
    assert "find" in worker["args"].pop(0)
    assert worker == {
        "name": "cleanup",
        "image": "busybox",
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/sh", "-c"],
        "args": ["cleanup.sh", "/media", ".", "24", "false", "true", "*.ts", "*.m3u8", "*.m4s", "*.tmp"],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "volumeMounts": [{"name": "media", "mountPath": "/media"}],
    }
    assert pod.pop("securityContext")["fsGroup"] == 10001, "files belong to that group"
    assert pod == {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "nodeSelector": {"pool": "media"},
        "tolerations": [{"key": "media"}],
        "volumes": [{"name": "media", "persistentVolumeClaim": {"claimName": "srs-origin-media"}}],
    }


def test_the_clean_up_takes_the_image_of_the_origin_and_the_time_of_the_controllers() -> None:
    spec = cron_job(srs_origin_image="srs:x")
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"] == "srs:x"
    assert "timeZone" not in spec


@pytest.mark.parametrize(
    ("media", "beside"), [(NAS, False), (DISK, True), ({"srs_origin_storage": {"type": "pvc", "existing_claim": "a"}}, False)]
)
def test_a_disk_of_one_node_is_cleaned_up_there(media: dict[str, Any], beside: bool) -> None:
    affinity = cron_job(**media)["jobTemplate"]["spec"]["template"]["spec"].get("affinity")
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "srs-origin"}}}
    assert affinity == ({"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}} if beside else None)


# Who comes in


def rules(**variables: Any) -> list[tuple[list[int], Any]]:
    """(ports, peers) of each rule of the NetworkPolicy; None stands for everybody."""
    found = made(**variables)[POLICY]["spec"]["ingress"]
    return [([port["port"] for port in rule["ports"]], rule.get("from")) for rule in found]


def apps(*names: str) -> dict[str, Any]:
    return {"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": list(names)}]}}


SRS = [1935, 1985, 8080, 9972]
SCRAPERS = ([9972], [{"namespaceSelector": {}}])
CONSOLE = {"podSelector": {"matchLabels": {"app": "console"}}}


@pytest.mark.parametrize(
    ("variables", "peers"),
    [
        ({}, [apps("srs-edge")]),
        ({"srs_edge_clusters": [{"name": "edge"}, {"name": "b"}]}, [apps("srs-edge", "srs-edge-b")]),
        ({"srs_demo_publisher": True}, [apps("srs-edge", "srs-demo")]),
        ({"srs_origin_network_policy_from": [CONSOLE]}, [apps("srs-edge"), CONSOLE]),
        ({"srs_edge_clusters": [], "srs_origin_network_policy_from": [CONSOLE]}, [CONSOLE]),
        ({"srs_origin_mode": "cluster"}, [apps("srs-edge"), {"podSelector": {"matchLabels": {"app": "srs-origin"}}}]),
    ],
)
def test_who_comes_to_the_ports_of_srs(variables: dict[str, Any], peers: list[Any]) -> None:
    assert rules(**ALONE, **variables) == [(SRS, peers), SCRAPERS]


def test_through_a_proxy_alone() -> None:
    assert rules(**PROXY, srs_demo_publisher=True) == [(SRS, [apps("srs-proxy")]), SCRAPERS]


def test_where_nobody_pulls_nobody_comes_in() -> None:
    assert rules(**ALONE, srs_edge_clusters=[], srs_origin_exporter=False) == []


def test_everybody_comes_to_hls() -> None:
    assert rules()[1] == ([8081], None)
    assert rules(hls_nginx_https={"secret_name": "tls"})[1] == ([8081, 8443], None)
    assert rules()[2] == ([8083], [{"podSelector": {"matchLabels": {"app": "srs-origin"}}}]), "the other pods ask for what is held"
    assert rules()[3] == ([9972, 8082], [{"namespaceSelector": {}}])


def test_behind_caches_hls_is_for_them_alone() -> None:
    caches = [{"podSelector": {"matchLabels": {"app": "srs-hls-edge"}}}]
    assert rules(hls_nginx_mode="cache")[1] == ([8081], caches)
    asking_srs = rules(hls_nginx_mode="cache", hls_nginx_cache={"upstream": "srs"})
    assert asking_srs[1] == ([8080], caches)
    assert ([8081], None) not in asking_srs
