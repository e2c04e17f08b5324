# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All objects of topologies of every form: that they fit together, and that they are patched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._labels import COMPONENT, INSTANCE, MANAGED_BY, NAME, PART_OF
from ansible_collections.livestream.srs.tests.support.wanted import built, named, objects

SHARED = {"type": "pvc", "size": "9Gi", "access_mode": "ReadWriteMany"}
REDIS = {"host": "redis", "password_secret": {"name": "redis", "key": "password"}}
FORMS: dict[str, dict[str, Any]] = {
    "production": {},
    "tutorial": {"srs_production_defaults": False},
    "cluster": {"srs_origin_mode": "cluster", "srs_origin_storage": SHARED, "hls_nginx_mode": "deployment"},
    "deployments": {
        "srs_origin_mode": "cluster",
        "srs_origin_workload": "deployments",
        "srs_origin_storage": SHARED,
        "hls_nginx_mode": "cache",
        "hls_nginx_autoscale": {"min": 2, "max": 9},
    },
    "proxy": {
        "srs_version": 7,
        "srs_origin_mode": "proxy",
        "srs_origin_proxy": {"image": "proxy:7", "replicas": 2, "redis": REDIS, "slb": {}},
        "hls_nginx_mode": "cache",
    },
    "everything of one": {
        "srs_namespace": "live",
        "srs_topology": "west",
        "srs_origin_storage": {"type": "pvc", "size": "9Gi"},
        "srs_origin_cleanup": {"enabled": True},
        "srs_demo_publisher": True,
        "srs_origin_slb": {},
        "srs_origin_network_policy_from": [{"podSelector": {}}],
        "hls_nginx_https": {"issuer": {"name": "le"}, "dns_names": ["live.example.com"], "flv_cluster": "edge"},
        "srs_monitoring": {"hls_probe": {"prober": "blackbox", "streams": ["live/a"]}},
        "srs_edge_clusters": [
            {"name": "edge", "autoscale": {"min": 2, "max": 9}, "expose_http_api": True},
            {"name": "b", "upstream": "edge", "config_strategy": "reload"},
            {"name": "c", "config": {"http_server": {"https": {"enabled": True, "secret": "tls"}}}},
        ],
        "srs_image_pull_secrets": [{"name": "registry"}],
    },
    "no origin": {"srs_origin_enabled": False, "srs_edge_origin": ["origin.example"]},
}
Object = dict[str, Any]


@cache
def made(form: str) -> tuple[Object, ...]:
    return tuple(objects(**FORMS[form]))


def pods(item: Object) -> Iterator[Object]:
    """The pod template of a workload."""
    spec = item.get("spec", {})
    for template in (spec.get("template"), spec.get("jobTemplate", {}).get("spec", {}).get("template")):
        if template:
            yield template


def selects(selector: dict[str, str], form: str) -> list[Object]:
    """The pod templates that have these labels, or that come to have them."""
    return [pod for item in made(form) for pod in pods(item) if selector.items() <= {**pod["metadata"]["labels"], **numbered(item)}.items()]


def numbered(item: Object) -> dict[str, str]:
    """The label of the first pod of a StatefulSet."""
    return {"statefulset.kubernetes.io/pod-name": f"{item['metadata']['name']}-0"} if item["kind"] == "StatefulSet" else {}


def containers(pod: Object) -> list[Object]:
    return [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]


every_form = pytest.mark.parametrize("form", FORMS)


@every_form
def test_objects_are_plain_data_of_this_topology(form: str) -> None:
    variables = FORMS[form]
    for item in made(form):
        assert json.loads(json.dumps(item)) == item
        assert list(item)[:3] == ["apiVersion", "kind", "metadata"]
        labels = item["metadata"]["labels"]
        assert item["metadata"]["namespace"] == variables.get("srs_namespace", "srs")
        assert (labels[PART_OF], labels[MANAGED_BY]) == (variables.get("srs_topology", "srs"), "livestream.srs")
        assert labels[COMPONENT] in ("origin", "hls", "edge", "demo") and labels[INSTANCE] and labels[NAME] in ("srs", "nginx")


@every_form
def test_no_two_objects_are_the_same(form: str) -> None:
    assert len(named(made(form))) == len(made(form))


@every_form
def test_every_text_stays_a_text(form: str) -> None:
    for item in made(form):
        for texts in (item["metadata"]["labels"], item["metadata"].get("annotations", {}), item.get("data", {})):
            assert all(value.__class__ is str for value in texts.values()), item["metadata"]["name"]
        for pod in pods(item):
            assert all(value.__class__ is str for value in pod["metadata"].get("annotations", {}).values())
            assert all(entry["value"].__class__ is str for one in containers(pod) for entry in one.get("env", ()) if "value" in entry)


@every_form
def test_workloads_select_their_own_pods(form: str) -> None:
    for item in made(form):
        for pod in pods(item):
            if item["kind"] == "CronJob":
                continue
            selector = item["spec"]["selector"]["matchLabels"]
            assert selects(selector, form) == [pod], item["metadata"]["name"]


SELECTOR = {
    "Service": lambda spec: spec["selector"],
    "PodDisruptionBudget": lambda spec: spec["selector"]["matchLabels"],
    "NetworkPolicy": lambda spec: spec["podSelector"]["matchLabels"],
}


@every_form
def test_services_budgets_and_policies_select_pods(form: str) -> None:
    for item in made(form):
        if item["kind"] in SELECTOR:
            assert selects(SELECTOR[item["kind"]](item["spec"]), form), item["metadata"]["name"]


@every_form
def test_services_lead_to_ports_that_are_open(form: str) -> None:
    for item in made(form):
        if item["kind"] != "Service":
            continue
        ports = item["spec"]["ports"]
        for pod in selects(item["spec"]["selector"], form):
            opened = {port["containerPort"] for one in containers(pod) for port in one.get("ports", ())}
            assert {port["targetPort"] for port in ports} <= opened, item["metadata"]["name"]
        assert len({port["name"] for port in ports}) == len({port["port"] for port in ports}) == len(ports) > 0


@every_form
def test_what_pods_mount_is_there(form: str) -> None:
    config_maps = {item["metadata"]["name"]: item["data"] for item in made(form) if item["kind"] == "ConfigMap"}
    for item in made(form):
        for pod in pods(item):
            volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", ())}
            assert len(volumes) == len(pod["spec"].get("volumes", ())), "each name once"
            mounted = {mount["name"] for one in containers(pod) for mount in one.get("volumeMounts", ())}
            assert mounted == set(volumes), item["metadata"]["name"]
            for volume in volumes.values():
                source = volume.get("configMap")
                if source:
                    assert {entry["key"] for entry in source.get("items", ())} <= set(config_maps[source["name"]])


@every_form
def test_autoscalers_are_of_deployments_whose_number_nobody_else_sets(form: str) -> None:
    found = named(made(form))
    for item in made(form):
        if item["kind"] == "HorizontalPodAutoscaler":
            assert "replicas" not in found[f"Deployment {item['spec']['scaleTargetRef']['name']}"]["spec"]


@pytest.mark.parametrize("form", [form for form in FORMS if form != "tutorial"])
def test_every_pod_passes_the_restricted_standard(form: str) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and a root file system that nobody writes to."""
    for item in made(form):
        for pod in pods(item):
            spec = pod["spec"]
            assert spec["automountServiceAccountToken"] is False
            assert spec["securityContext"]["runAsNonRoot"] is True and spec["securityContext"]["runAsUser"] > 0
            assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
            for one in containers(pod):
                assert one["securityContext"] == {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                }, one["name"]


def test_without_it_nothing_is_said_of_security() -> None:
    assert "securityContext" not in json.dumps(made("tutorial"))


def test_pods_have_standard_labels_for_production_alone() -> None:
    bare = {
        **FORMS["proxy"],
        "srs_production_defaults": False,
        "srs_origin_own_config": True,
        "srs_demo_publisher": True,
        "srs_origin_workload": "statefulset",
    }
    for item in objects(**bare):
        for pod in pods(item):
            assert list(pod["metadata"]["labels"]) == ["app"], item["metadata"]["name"]
    for item in objects(**{**bare, "srs_production_defaults": True}):
        for pod in pods(item):
            assert pod["metadata"]["labels"].items() >= {PART_OF: "srs", MANAGED_BY: "livestream.srs"}.items(), item["metadata"]["name"]


@pytest.mark.parametrize("form", [form for form in FORMS if form != "tutorial"])
def test_no_deployment_takes_a_pod_away_before_the_next_one_is_ready(form: str) -> None:
    for item in made(form):
        strategy = item["spec"].get("strategy", {}) if item["kind"] == "Deployment" else {}
        if strategy.get("type") == "RollingUpdate":
            assert strategy["rollingUpdate"]["maxUnavailable"] == 0, item["metadata"]["name"]


@every_form
def test_it_is_the_same_every_time(form: str) -> None:
    assert tuple(objects(**FORMS[form])) == made(form)


@every_form
def test_pull_secrets_and_policy_are_everywhere(form: str) -> None:
    secrets = FORMS[form].get("srs_image_pull_secrets")
    for item in made(form):
        for pod in pods(item):
            assert pod["spec"].get("imagePullSecrets") == secrets, item["metadata"]["name"]
            assert {one["imagePullPolicy"] for one in containers(pod)} == {"IfNotPresent"}


# Parts


def test_an_origin_that_is_off_has_nothing_but_what_tells_of_the_topology() -> None:
    assert [item["kind"] for item in built(**FORMS["no origin"]).origin()] == ["PodMonitor", "PrometheusRule", "ConfigMap"]
    assert built(**FORMS["no origin"], srs_monitoring={"enabled": False}).origin() == []
    assert built(**FORMS["no origin"]).hls() == []


def test_edges_that_are_chosen() -> None:
    builder = built(srs_edge_clusters=[{"name": "a"}, {"name": "b"}])
    made_, configs = builder.edges(builder.topology.edges[1:])
    assert list(configs) == ["b"]
    assert {item["metadata"]["labels"][INSTANCE] for item in made_} == {"b"}


def test_errors_of_all_configs_are_raised_together() -> None:
    wrong = {"no_such_directive": 1}
    builder = built(srs_edge_clusters=[{"name": "a", "config": wrong}, {"name": "b"}, {"name": "c", "config": wrong}])
    for build in (
        lambda: builder.edges(builder.topology.edges),
        lambda: builder.canaries(builder.topology.edges, {"a": 1, "b": 1, "c": 1}),
    ):
        with pytest.raises(SrsError) as error:
            build()
        assert "edge cluster 'a'" in error.value.message and "edge cluster 'c'" in error.value.message
        assert "edge cluster 'b'" not in error.value.message
        assert len(error.value.details["errors"]) == 2


@pytest.mark.parametrize(
    ("variables", "part", "said"),
    [
        ({"hls_nginx_slb": {"schedular": "x"}}, "hls", "hls_nginx_slb has no option 'schedular'"),
        ({"srs_origin_slb": {"schedular": "x"}}, "origin", "srs_origin_slb has no option 'schedular'"),
        ({**FORMS["cluster"], "srs_origin_api_slb": {"schedular": "x"}}, "origin", "srs_origin_api_slb has no option 'schedular'"),
        (
            {**FORMS["proxy"], "srs_origin_proxy": {"image": "x", "slb": {"schedular": "x"}}},
            "origin",
            "srs_origin_proxy.slb has no option 'schedular'",
        ),
        ({"srs_edge_slb": {"schedular": "x"}}, "edges", "edge cluster 'edge': slb has no option 'schedular'"),
        ({"srs_origin_config": {"no_such_directive": 1}}, "origin", "srs_origin: no_such_directive"),
    ],
)
def test_what_is_wrong_is_named_even_when_nobody_has_checked(variables: dict[str, Any], part: str, said: str) -> None:
    builder = built(**variables)
    with pytest.raises(SrsError) as error:
        builder.edges(builder.topology.edges) if part == "edges" else getattr(builder, part)()
    assert error.value.message.startswith(said)


# Patches


def patch(kind: str, name: str, **content: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name, "patch": content}


NOTE = {"metadata": {"annotations": {"note": "1"}}}


def noted(items: list[Object]) -> list[str]:
    return [name for name, item in named(items).items() if item["metadata"].get("annotations", {}).get("note")]


def test_every_part_is_patched() -> None:
    patches = [patch(kind, "*", **NOTE) for kind in ("ConfigMap", "Deployment", "Service", "NetworkPolicy", "PodMonitor")]
    builder = built(srs_patches=patches)
    assert "Deployment srs-origin-deployment" in noted(builder.origin()) and "PodMonitor srs" in noted(builder.origin())
    assert noted(builder.hls()) == ["Service srs-http-service", "ConfigMap srs-hls-nginx-config", "Service srs-hls-peers"]
    assert noted(builder.hls_sidecar()) == ["ConfigMap srs-hls-nginx-config"]
    assert "NetworkPolicy srs-edge" in noted(builder.edges(builder.topology.edges)[0])
    assert noted(builder.unpatched()) == []
    assert len(builder.unpatched()) == len(objects(srs_patches=patches)) == len(objects())


def canaries(*patches: dict[str, Any]) -> list[Object]:
    builder = built(srs_edge_clusters=[{"name": "edge"}, {"name": "b"}], srs_patches=list(patches))
    return builder.canaries(builder.topology.edges, {"edge": 2, "b": 1})


def test_a_canary_is_a_config_and_a_deployment_of_so_many_servers() -> None:
    found = named(canaries())
    assert list(found) == [
        "ConfigMap srs-edge-canary-config",
        "Deployment srs-edge-canary-deployment",
        "ConfigMap srs-edge-b-canary-config",
        "Deployment srs-edge-b-canary-deployment",
    ]
    assert [found[f"Deployment srs-edge{name}-canary-deployment"]["spec"]["replicas"] for name in ("", "-b")] == [2, 1]
    stable = named(objects())["Deployment srs-edge-deployment"]["spec"]["template"]
    canary = found["Deployment srs-edge-canary-deployment"]["spec"]["template"]
    assert canary["metadata"]["labels"] == {**stable["metadata"]["labels"], "livestream.srs/track": "canary"}
    assert canary["spec"]["containers"] == stable["spec"]["containers"]


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("Deployment", "srs-edge-deployment", ["Deployment srs-edge-canary-deployment"]),
        ("Deployment", "srs-edge-b-deployment", ["Deployment srs-edge-b-canary-deployment"]),
        ("ConfigMap", "srs-edge-config", ["ConfigMap srs-edge-canary-config"]),
        ("Deployment", "srs-*", ["Deployment srs-edge-canary-deployment", "Deployment srs-edge-b-canary-deployment"]),
        ("Deployment", "srs-edge-b-canary-*", ["Deployment srs-edge-b-canary-deployment"]),
        ("Deployment", "srs-origin-deployment", []),
        ("Service", "*", []),
    ],
)
def test_a_canary_gets_the_patches_of_its_stable_servers(kind: str, name: str, expected: list[str]) -> None:
    assert noted(canaries(patch(kind, name, **NOTE))) == expected
