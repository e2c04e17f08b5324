# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the proxy of SRS 7."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.tests.support.wanted import built, named

IMAGE = {"image": "proxy:7"}
PUBLIC = {**IMAGE, "slb": {"provider": "generic"}}
SYSTEM = 12025
ORIGINS = {"podSelector": {"matchLabels": {"app": "srs-origin"}}}
CONSOLE = {"podSelector": {"matchLabels": {"app": "console"}}}


def made(proxy: dict[str, Any] | None = None, **variables: Any) -> dict[str, Any]:
    given = {
        "srs_origin_mode": "proxy",
        "srs_origin_version": 7,
        "hls_nginx_mode": "cache",
        "srs_monitoring": {"enabled": False},
        "srs_origin_proxy": proxy or IMAGE,
        **variables,
    }
    return {name: item for name, item in named(built(**given).origin()).items() if "proxy" in name}


def test_which_there_are() -> None:
    inside = ["Deployment srs-proxy-deployment", "Service srs-proxy-service"]
    assert list(made()) == [*inside, "NetworkPolicy srs-proxy"]
    assert list(made(PUBLIC)) == [*inside, "Service srs-proxy-public-service", "NetworkPolicy srs-proxy"]
    assert list(made(srs_origin_network_policy=False)) == inside
    assert made(srs_origin_mode="cluster", srs_origin_version=6) == {}


def pod(proxy: dict[str, Any] | None = None, **variables: Any) -> dict[str, Any]:
    spec: dict[str, Any] = made(proxy, **variables)["Deployment srs-proxy-deployment"]["spec"]["template"]["spec"]
    return spec


def test_what_it_runs() -> None:
    (program,) = pod({**IMAGE, "command": ["./srs-proxy"], "resources": {"limits": {"cpu": "2"}}})["containers"]
    assert (program["image"], program["command"], program["resources"]) == ("proxy:7", ["./srs-proxy"], {"limits": {"cpu": "2"}})
    assert [port["containerPort"] for port in program["ports"]] == [11935, 18080, 11985, SYSTEM]
    assert {"name": "PROXY_SYSTEM_API", "value": str(SYSTEM)} in program["env"]
    assert program["securityContext"]["readOnlyRootFilesystem"] is True
    assert program["readinessProbe"] == {"tcpSocket": {"port": "rtmp"}, "periodSeconds": 2, "failureThreshold": 2}
    assert program["livenessProbe"] == {"tcpSocket": {"port": "rtmp"}, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6}
    assert program["lifecycle"] == {"preStop": {"sleep": {"seconds": 1}}}
    bare = pod(srs_production_defaults=False, srs_origin_own_config=True)["containers"][0]
    assert not {"securityContext", "readinessProbe", "livenessProbe", "lifecycle", "command"} & set(bare)


def test_it_is_placed_as_the_origins_are() -> None:
    spec = pod(srs_origin_node_selector={"pool": "a"}, srs_image_pull_secrets=[{"name": "x"}], srs_origin_priority_class_name="high")
    assert (spec["nodeSelector"], spec["imagePullSecrets"], spec["priorityClassName"]) == ({"pool": "a"}, [{"name": "x"}], "high")
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert "fsGroup" not in spec["securityContext"], "it has no files to share"
    (constraint,) = spec["topologySpreadConstraints"]
    assert constraint["labelSelector"] == {"matchLabels": {"app": "srs-proxy"}}


def test_as_many_as_are_asked_for() -> None:
    spec = made({**IMAGE, "replicas": 3, "redis": {"host": "redis"}})["Deployment srs-proxy-deployment"]["spec"]
    assert spec["replicas"] == 3
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_origins_register_inside() -> None:
    service = made(PUBLIC)["Service srs-proxy-service"]["spec"]
    assert service["type"] == "ClusterIP"
    assert [(port["port"], port["targetPort"]) for port in service["ports"]] == [(SYSTEM, SYSTEM)]
    public = made(PUBLIC)["Service srs-proxy-public-service"]["spec"]
    assert public["type"] == "LoadBalancer"
    assert [(port["port"], port["targetPort"]) for port in public["ports"]] == [(1935, 11935), (8080, 18080)]


def rules(proxy: dict[str, Any] | None = None, **variables: Any) -> list[tuple[list[int], Any]]:
    """(ports, peers) of each rule of the NetworkPolicy; None stands for everybody."""
    found = made(proxy, **variables)["NetworkPolicy srs-proxy"]["spec"]
    assert found["podSelector"] == {"matchLabels": {"app": "srs-proxy"}}
    return [([port["port"] for port in rule["ports"]], rule.get("from")) for rule in found["ingress"]]


@pytest.mark.parametrize("proxy", [IMAGE, PUBLIC])
@pytest.mark.parametrize("peers", [[], [CONSOLE]])
def test_origins_alone_register(proxy: dict[str, Any], peers: list[Any]) -> None:
    """Whoever registers gets streams."""
    found = [rule for rule in rules(proxy, srs_origin_network_policy_from=peers) if SYSTEM in rule[0]]
    assert found == [([SYSTEM], [ORIGINS])]


def test_the_deployments_of_several_origins_register_too() -> None:
    ((_ports, (peer,)), *_others) = rules(srs_origin_workload="deployments")
    assert peer["podSelector"]["matchLabels"] == {
        "app.kubernetes.io/component": "origin",
        "app.kubernetes.io/instance": "origin",
        "app.kubernetes.io/part-of": "srs",
    }


def test_who_else_comes_to_it() -> None:
    def apps(*names: str) -> dict[str, Any]:
        return {"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": list(names)}]}}

    media = [11935, 18080, 11985]
    assert rules()[1:] == [(media, [apps("srs-edge", "srs-hls-edge")])]
    assert rules(hls_nginx_enabled=False, srs_demo_publisher=True)[1:] == [(media, [apps("srs-edge", "srs-demo")])]
    assert rules(PUBLIC, srs_origin_network_policy_from=[CONSOLE])[1:] == [
        ([11935, 18080], None),
        (media, [apps("srs-edge", "srs-hls-edge"), CONSOLE]),
    ]
    assert rules(hls_nginx_enabled=False, srs_edge_clusters=[]) == [([SYSTEM], [ORIGINS])]
