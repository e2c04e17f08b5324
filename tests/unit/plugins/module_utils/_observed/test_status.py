# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes side of the status, from objects as the API server gives them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import names
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import pods
from ansible_collections.livestream.srs.plugins.module_utils._labels import FLV, HOST
from ansible_collections.livestream.srs.plugins.module_utils._observed import status

CONTAINERS_RUNNING = {"state": {"running": {}}, "ready": True, "restartCount": 0}


def deployment(name: str, component: str, instance: str, desired: int, ready: int | None = None, **extra: Any) -> dict[str, Any]:
    ready = desired if ready is None else ready
    return {
        "metadata": {"name": name, "generation": 2, "labels": names.labels(component, instance, "srs")},
        "spec": {
            "replicas": desired,
            "selector": {"matchLabels": {"app": extra.get("app", name)}},
            "template": {
                "metadata": {"labels": {"app": name}, "annotations": extra.get("annotations")},
                "spec": {
                    "containers": [
                        {"name": "nginx", "image": "nginx"},
                        {
                            "name": "srs",
                            "image": "ossrs/srs:6",
                            "volumeMounts": [{"name": "config", "mountPath": extra.get("mount", "/usr/local/srs/conf")}],
                            **extra.get("container", {}),
                        },
                    ],
                    "volumes": [{"name": "config", "configMap": {"name": f"{name}-config"}}],
                },
            },
        },
        "status": {
            "observedGeneration": 2,
            "replicas": desired,
            "updatedReplicas": desired,
            "readyReplicas": ready,
            "availableReplicas": ready,
        },
    }


def pod(owner: str, number: int, ready: bool = True, **status_fields: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"{owner}-5d9c-{number}",
            "labels": {"app": owner, "pod-template-hash": "5d9c"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{owner}-5d9c", "controller": True}],
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "nginx", "image": "nginx"}, {"name": "srs", "image": "ossrs/srs:6"}]},
        "status": {
            "phase": "Running",
            "podIP": f"10.1.0.{number}",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"name": "srs", **CONTAINERS_RUNNING, "ready": ready}],
            **status_fields,
        },
    }


def service(
    name: str, component: str, instance: str, ports: list[int], addresses: list[str] | None = None, kind: str = "LoadBalancer"
) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "video", "labels": names.labels(component, instance, "srs")},
        "spec": {
            "type": kind,
            "clusterIP": "10.96.0.9",
            "ports": [{"name": f"{name}-{port}-{port}", "port": port, "targetPort": port} for port in ports],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": address} for address in addresses or ()]}},
    }


@pytest.fixture
def tutorial() -> dict[str, list[dict[str, Any]]]:
    """The tutorial's topology: an origin with nginx, three edges, two load balancers."""
    return {
        "Deployment": [
            deployment("srs-edge-deployment", "edge", "edge", 3, app="srs-edge-deployment"),
            deployment("srs-origin-deployment", "origin", "origin", 1),
        ],
        "StatefulSet": [],
        "Service": [
            service("srs-edge-service", "edge", "edge", [1935, 8080], ["203.0.113.1"]),
            service("srs-http-service", "hls", "hls", [80], ["203.0.113.2"]),
            service("srs-internal-origin-service", "origin", "origin", [1935], kind="ClusterIP"),
        ],
        "Pod": [pod("srs-edge-deployment", n) for n in (1, 2, 3)] + [pod("srs-origin-deployment", 4)],
    }


def test_the_tutorials_topology_as_printed(tutorial: dict[str, Any]) -> None:
    assert status.summary(status.build(tutorial)) == [
        "origin 1/1, edge 3/3",
        "",
        "Load balancers",
        "  srs-http-service  203.0.113.2  80",
        "  srs-edge-service  203.0.113.1  1935, 8080",
        "",
        "Publish to",
        "  edge  RTMP  rtmp://203.0.113.1/live/livestream",
        "",
        "Play from",
        "  hls   HLS       http://203.0.113.2/live/livestream.m3u8",
        "  edge  RTMP      rtmp://203.0.113.1/live/livestream",
        "  edge  HTTP-FLV  http://203.0.113.1:8080/live/livestream.flv",
    ]


def test_pods_are_found_with_their_main_container(tutorial: dict[str, Any]) -> None:
    edge = status.build(tutorial)["edges"]["edge"]
    assert [p["name"] for p in edge["pods"]] == [f"srs-edge-deployment-5d9c-{n}" for n in (1, 2, 3)]
    first = edge["pods"][0]
    assert (first["image"], first["ip"], first["node"], first["ready"], first["reason"]) == (
        "ossrs/srs:6",
        "10.1.0.1",
        "node-1",
        True,
        None,
    )
    assert {pod["workload"] for pod in edge["pods"]} == {"srs-edge-deployment"}


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({}, ("srs-edge-config", "srs.conf", None, None)),
        ({"mount": "/usr/local/srs/conf/"}, ("srs-edge-config", "srs.conf", None, None)),
        ({"mount": "/etc/nginx"}, (None, None, None, None)),
        ({"container": {"command": ["./objs/srs", "-c", "conf/edge.conf"]}}, ("srs-edge-config", "edge.conf", None, None)),
        (
            {"container": {"command": ["/bin/sh", "-c", "ulimit -n 65536 && exec ./objs/srs -c conf/my.conf"]}},
            ("srs-edge-config", "my.conf", None, None),
        ),
        (
            {"container": {"ports": [{"containerPort": 1935}, {"containerPort": 2985, "name": "api"}]}},
            ("srs-edge-config", "srs.conf", 2985, None),
        ),
        ({"container": {"env": [{"name": "SRS_MAX_CONNECTIONS", "value": "300"}]}}, ("srs-edge-config", "srs.conf", None, 300)),
        ({"container": {"env": [{"name": "SRS_MAX_CONNECTIONS", "valueFrom": {}}]}}, ("srs-edge-config", "srs.conf", None, None)),
    ],
)
def test_where_the_configuration_is(tutorial: dict[str, Any], extra: dict[str, Any], expected: tuple[Any, ...]) -> None:
    tutorial["Deployment"][0] = deployment("srs-edge", "edge", "edge", 3, **extra)
    workload = status.build(tutorial)["edges"]["edge"]["workloads"][0]
    assert tuple(workload[key] for key in ("config_map", "config_file", "api_port", "max_connections")) == expected


def test_a_canary_counts_to_its_cluster_and_keeps_its_own_pods(tutorial: dict[str, Any]) -> None:
    # The stable selector matches the canary's pods too: only the owner tells them apart.
    tutorial["Deployment"].append(deployment("srs-edge-canary", "edge", "edge", 1, app="srs-edge-canary"))
    canary_pod = pod("srs-edge-canary", 7)
    canary_pod["metadata"]["labels"]["app"] = "srs-edge-deployment"
    tutorial["Pod"].append(canary_pod)
    built = status.build(tutorial)["edges"]["edge"]
    assert (built["ready"], built["desired"], len(built["pods"])) == (4, 4, 4)
    assert [w["name"] for w in built["workloads"]] == ["srs-edge-canary", "srs-edge-deployment"]


def test_a_cluster_that_is_not_complete_says_why(tutorial: dict[str, Any]) -> None:
    tutorial["Deployment"][0] = deployment("srs-edge-deployment", "edge", "edge", 3, ready=2)
    waiting = {
        "name": "srs",
        "ready": False,
        "restartCount": 4,
        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}},
    }
    tutorial["Pod"][0] = pod("srs-edge-deployment", 1, ready=False, containerStatuses=[waiting])
    tutorial["Event"] = [
        {
            "type": "Warning",
            "reason": "Failed",
            "message": "pull failed\n",
            "lastTimestamp": "2026-01-01T00:00:02Z",
            "metadata": {},
            "involvedObject": {"kind": "Pod", "name": "srs-edge-deployment-5d9c-1"},
        },
        {"type": "Normal", "reason": "Pulling", "metadata": {}, "involvedObject": {"kind": "Pod", "name": "srs-edge-deployment-5d9c-1"}},
        {"type": "Warning", "reason": "Other", "metadata": {}, "involvedObject": {"kind": "Pod", "name": "someone-else"}},
    ]
    lines = status.summary(status.build(tutorial))
    assert lines[:3] == [
        "origin 1/1, edge 2/3",
        "  edge: pod srs-edge-deployment-5d9c-1: ImagePullBackOff: container srs: no such image",
        "  edge: Pod/srs-edge-deployment-5d9c-1: Failed: pull failed",
    ]


def test_ready_but_not_yet_updated_is_said_to_be_rolling(tutorial: dict[str, Any]) -> None:
    tutorial["Deployment"][0]["status"]["updatedReplicas"] = 1
    assert status.counts(status.build(tutorial)) == "origin 1/1, edge 3/3 (rolling)"
    tutorial["Deployment"][0]["status"].update(updatedReplicas=3, observedGeneration=1)
    assert status.counts(status.build(tutorial)) == "origin 1/1, edge 3/3 (rolling)"


def test_scaled_to_nothing_is_complete(tutorial: dict[str, Any]) -> None:
    empty = deployment("srs-edge-deployment", "edge", "edge", 0)
    empty["status"] = {"observedGeneration": 2}
    tutorial["Deployment"][0] = empty
    built = status.build(tutorial)["edges"]["edge"]
    assert (built["desired"], built["ready"], built["complete"]) == (0, 0, True)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}]},
            ("Unschedulable", "0/3 nodes"),
        ),
        (
            {"containerStatuses": [{"name": "srs", "state": {"running": {}}}]},
            ("NotReady", "container srs runs but its readiness probe does not pass"),
        ),
        (
            {
                "containerStatuses": [
                    {"name": "srs", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 255}}}
                ]
            },
            ("CrashLoopBackOff", "container srs: last exit code 255"),
        ),
        (
            {"initContainerStatuses": [{"name": "files", "state": {"waiting": {"reason": "ErrImagePull", "message": "x"}}}]},
            ("ErrImagePull", "container files: x"),
        ),
        (
            {"containerStatuses": [{"name": "srs", "state": {"terminated": {"exitCode": 1}}}]},
            ("Error", "container srs ended with exit code 1"),
        ),
        ({"containerStatuses": [{"name": "srs", "state": {"waiting": {"reason": "ContainerCreating"}}}]}, ("ContainerCreating", None)),
        ({"reason": "Evicted", "message": "disk", "containerStatuses": []}, ("Evicted", "disk")),
        ({"phase": "Pending", "containerStatuses": []}, ("Pending", None)),
    ],
)
def test_pod_reasons(fields: dict[str, Any], reason: tuple[str, str | None]) -> None:
    assert pods.pod_reason(pod("x", 1, ready=False, **fields)) == reason


def test_a_pod_that_leaves_is_terminating_even_when_ready() -> None:
    leaving = pod("x", 1)
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert pods.pod_reason(leaving) == ("Terminating", None)


@pytest.mark.parametrize(
    ("port", "component", "protocol"),
    [
        ({"port": 1935}, "edge", "rtmp"),
        ({"port": 80, "targetPort": 80}, "hls", "hls"),
        ({"port": 80, "targetPort": 8080}, "edge", "flv"),
        ({"port": 443, "targetPort": "https"}, "hls", "hls"),
        ({"port": 80, "targetPort": "http"}, "hls", "hls"),
        ({"port": 8080, "targetPort": "http"}, "edge", "flv"),
        ({"port": 19350, "targetPort": "rtmp"}, "edge", "rtmp"),
        ({"port": 1985}, "edge", "api"),
        ({"port": 9972}, "edge", "exporter"),
        ({"port": 8081, "name": "http"}, "origin", "flv"),
        ({"port": 80, "targetPort": 80, "name": "srs-origin-service-80-80"}, "origin", "hls"),
        ({"port": 10080}, "edge", None),
    ],
)
def test_protocol_of_a_port(port: dict[str, Any], component: str, protocol: str | None) -> None:
    assert status.protocol_of(port, component) == protocol


def test_urls_name_other_ports_hosts_and_ipv6(tutorial: dict[str, Any]) -> None:
    tutorial["Service"] = [
        service("a", "edge", "cdn-a", [19350], ["2001:db8::1"]),
        service("b", "hls", "hls", [443], ["video.example"]),
    ]
    tutorial["Service"][0]["spec"]["ports"][0]["targetPort"] = 1935
    urls = [u["url"] for u in status.build(tutorial, app="show", stream="one")["urls"]]
    assert urls == [
        "https://video.example/show/one.m3u8",
        "rtmp://[2001:db8::1]:19350/show/one",
        "rtmp://[2001:db8::1]:19350/show/one",
    ]


def test_urls_by_https_have_the_name_in_the_certificate(tutorial: dict[str, Any]) -> None:
    nginx = service("b", "hls", "hls", [80, 443], ["203.0.113.2", "203.0.113.3"])
    tutorial["Service"] = [nginx]

    def urls() -> list[str]:
        return [u["url"].removesuffix("/live/livestream.m3u8") for u in status.build(tutorial)["urls"]]

    assert urls() == ["http://203.0.113.2", "https://203.0.113.2", "http://203.0.113.3", "https://203.0.113.3"]
    nginx["metadata"]["annotations"] = {HOST: "live.example.com", FLV: "true"}
    flv = "https://live.example.com/live/livestream.flv"
    assert urls() == ["http://203.0.113.2", "https://live.example.com", flv, "http://203.0.113.3"]
    assert f"  hls  HTTP-FLV  {flv}" in status.summary(status.build(tutorial))


def test_without_any_address_the_urls_inside_the_cluster_are_said_to_be_that(tutorial: dict[str, Any]) -> None:
    tutorial["Service"] = [service("srs-internal-origin-service", "origin", "origin", [1935], kind="ClusterIP")]
    lines = status.summary(status.build(tutorial))
    assert "Publish to (inside the cluster)" in lines
    assert "  origin  RTMP  rtmp://srs-internal-origin-service.video/live/livestream" in lines


def test_a_load_balancer_without_an_address_has_no_url(tutorial: dict[str, Any]) -> None:
    tutorial["Service"] = [service("srs-edge-service", "edge", "edge", [1935])]
    built = status.build(tutorial)
    assert built["urls"] == []
    assert "  srs-edge-service  no address yet  1935" in status.summary(built)


def test_endpoints_are_counted_from_the_services_own_slices(tutorial: dict[str, Any]) -> None:
    tutorial["EndpointSlice"] = [
        {
            "metadata": {"labels": {"kubernetes.io/service-name": "srs-edge-service"}},
            "endpoints": [{"conditions": {"ready": True}}, {"conditions": {"ready": False}}, {"conditions": {}}],
        },
        {"metadata": {"labels": {"kubernetes.io/service-name": "other"}}, "endpoints": [{"conditions": {"ready": True}}]},
    ]
    assert {s["ready_endpoints"] for s in status.build({**tutorial, "EndpointSlice": None})["services"]} == {None}
    found = {s["name"]: s["ready_endpoints"] for s in status.build(tutorial)["services"]}
    assert found == {"srs-edge-service": 2, "srs-http-service": 0, "srs-internal-origin-service": 0}


def test_one_selector_finds_the_pods_of_all_workloads(tutorial: dict[str, Any]) -> None:
    assert status.workload_selector(tutorial["Deployment"]) == "app in (srs-edge-deployment,srs-origin-deployment)"
    tutorial["Deployment"][0]["spec"]["selector"]["matchLabels"]["run"] = "x"
    assert status.workload_selector(tutorial["Deployment"]) == ""
    assert status.workload_selector([]) == ""


def test_nothing_there_is_said_in_words() -> None:
    assert status.summary(status.build({})) == ["no workloads"]
