# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects become variables, and the variables the same pods again."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.plugin_utils import _adoption
from ansible_collections.livestream.srs.tests.support.adoption import (
    INVENTORIES,
    adopted,
    built,
    by_hand,
    chapter,
    chapters,
    inventory,
    inventory_file,
    templates,
)
from ansible_collections.livestream.srs.tests.support.golden import forms
from ansible_collections.livestream.srs.tests.support.wanted import objects

# Not the collection's to take over: nginx that caches, the demo, and what a proxy stands in front of.
LEFT = ("srs-hls-edge-deployment", "srs-demo-deployment")
OF_A_PROXY = ("StatefulSet srs-origin", "Deployment srs-proxy-deployment", "Deployment srs-hls-edge-deployment")


def named(name: str, kind: str, made: list[dict[str, Any]]) -> dict[str, Any]:
    return next(item for item in made if (item["kind"], item["metadata"]["name"]) == (kind, name))


def container(made: list[dict[str, Any]], name: str, kind: str = "Deployment") -> dict[str, Any]:
    found: dict[str, Any] = named(name, kind, made)["spec"]["template"]["spec"]["containers"][0]
    return found


@pytest.mark.parametrize("name", chapters())
def test_the_guide_is_taken_over_without_a_changed_pod(name: str) -> None:
    made = chapter(name)
    found = adopted(made)
    assert found.problems == []
    assert templates(built(found)) == templates(made)
    selectors = {item["metadata"]["name"]: item["spec"]["selector"] for item in made if item["kind"] in ("Deployment", "Service")}
    after = {item["metadata"]["name"]: item["spec"]["selector"] for item in built(found) if item["kind"] in ("Deployment", "Service")}
    assert {key: after[key] for key in selectors} == selectors, "a selector can't be changed"


@pytest.mark.parametrize("name", chapters())
def test_the_documented_inventory_is_that_of_the_chapter(name: str) -> None:
    assert inventory(name) == inventory_file(name).read_text(encoding="utf-8"), "see what changed: make golden, and git diff"
    assert {file.stem for file in INVENTORIES.glob("*.yml")} == set(chapters())


@pytest.mark.parametrize("form", [form for form in forms() if form != "proxy"])
def test_whatever_we_can_build_ourselves_is_taken_over(form: str) -> None:
    made = by_hand(objects(**forms()[form]))
    found = adopted(made, namespace="srs")
    assert found.problems == []
    before, after = templates(made), templates(built(found))
    assert after == {name: template for name, template in before.items() if not name.endswith(LEFT)}
    assert [name for name in before if name not in after and not any(name in note for note in found.notes)] == []


def test_origins_behind_a_proxy_are_left_alone() -> None:
    made = by_hand(objects(**forms()["proxy"]))
    found = adopted(made, namespace="srs")
    assert set(templates(made)) - set(templates(built(found))) == set(OF_A_PROXY)
    assert "StatefulSet srs-origin runs an origin that is no origin cluster" in " ".join(found.notes)


def test_what_is_ours_already_is_left_out() -> None:
    with pytest.raises(SrsError, match="There is no SRS that was made by hand"):
        adopted(objects())


def test_nothing_at_all() -> None:
    with pytest.raises(SrsError, match="no Deployment or StatefulSet has a container of it"):
        adopted([])


def test_names_tell_nothing() -> None:
    """The same by other names, with a private registry and an origin in another namespace's notation."""
    text = yaml.safe_dump_all(chapter("edge-cluster"))
    for old, new in (
        ("srs-edge-deploy", "cdn-north"),
        ("srs-origin-deploy", "ingest"),
        ("srs-origin-service", "upstream"),
        ("srs-edge-config", "north-conf"),
        ("srs-edge-service", "north-lb"),
        ("srs-http-service", "web"),
        ("ossrs/srs:3", "registry.example.com:5000/media/srs:v5.0.216"),
        ("app: srs-edge", "app: north"),
    ):
        text = text.replace(old, new)
    made = [item for item in yaml.safe_load_all(text) if item]
    # An image of SRS 5 finds docker.conf.
    container(made, "cdn-north")["command"] = ["./objs/srs", "-c", "conf/srs.conf"]
    found = adopted(made)
    assert templates(built(found)) == templates(made)
    (edge,) = found.variables["srs_edge_clusters"]
    assert (edge["name"], edge["replicas"], "origin" in edge["config"], "origin" in edge) == ("cdn-north", 3, False, False)
    assert found.variables["srs_version"] == 5
    text = named("north-conf", "ConfigMap", built(found))["data"]["srs.conf"]
    assert "origin upstream;" in text and "guess_has_av on;" in text
    assert named("north-lb", "Service", built(found))["spec"]["selector"] == {"app": "north"}


def test_a_deployment_that_is_told_apart_by_what_it_runs() -> None:
    made = chapter("edge-cluster")
    encoder = {"name": "encoder", "image": "ossrs/srs:encoder", "command": ["/bin/sh", "-c", "ffmpeg"]}
    other = {"name": "web", "image": "nginx"}
    for name, one in (("demo", encoder), ("site", other)):
        template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [one]}}
        spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
        made.append({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec})
    found = adopted(made)
    assert "Deployment demo has an image of SRS and runs something else: it is left as it is." in found.notes
    assert "Deployment site runs nginx that shares no volume with an origin: it is left as it is." in found.notes
    assert not {"demo", "site"} & {item["metadata"]["name"] for item in built(found)}


def test_a_second_origin_and_a_second_service_are_named() -> None:
    made = chapter("edge-cluster")
    second = yaml.safe_load(yaml.safe_dump(named("srs-origin-deploy", "Deployment", made)).replace("srs-origin", "aaa"))
    service = yaml.safe_load(yaml.safe_dump(named("srs-edge-service", "Service", made)).replace("srs-edge-service", "zzz"))
    found = adopted([*made, second, service])
    assert any(note.startswith("Deployment aaa-deploy is a second origin") for note in found.notes)
    assert any(note.startswith("Service zzz is one more in front of the same pods") for note in found.notes)
    assert named("srs-origin-deploy", "Deployment", built(found)), "the one that the edges pull from"


def test_an_autoscaler_is_taken_over() -> None:
    made = chapter("edge-cluster")
    container(made, "srs-edge-deploy")["resources"] = {"requests": {"cpu": "1"}}
    target = {"type": "Utilization", "averageUtilization": 50}
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "mine"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "srs-edge-deploy"},
            "minReplicas": 5,
            "maxReplicas": 10,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }
    found = adopted([*made, scaler])
    ours = named("mine", "HorizontalPodAutoscaler", built(found))["spec"]
    assert ours["scaleTargetRef"]["name"] == "srs-edge-deploy"
    assert (ours["minReplicas"], ours["maxReplicas"], ours["metrics"]) == (5, 10, scaler["spec"]["metrics"])
    assert "replicas" not in named("srs-edge-deploy", "Deployment", built(found))["spec"]

    scaler["spec"]["metrics"] = [{"type": "Pods", "pods": {}}]
    found = adopted([*made, scaler])
    assert any(note.startswith("HorizontalPodAutoscaler mine goes by more") for note in found.notes)


def test_a_config_by_another_name_is_kept_for_the_pods_that_read_it() -> None:
    made = chapter("edge-cluster")
    config = named("srs-edge-config", "ConfigMap", made)
    config["data"] = {"docker.conf": config["data"]["srs.conf"]}
    found = adopted(made)
    assert templates(built(found)) == templates(made)
    data = named("srs-edge-config", "ConfigMap", built(found))["data"]
    assert data["docker.conf"] == config["data"]["docker.conf"] and "origin srs-origin-service;" in data["srs.conf"]
    assert any("reads docker.conf of ConfigMap srs-edge-config" in note for note in found.notes)


def test_a_config_with_a_secret_is_refused_and_not_written() -> None:
    made = chapter("edge-cluster")
    config = named("srs-edge-config", "ConfigMap", made)["data"]
    hooks = "http_hooks { enabled on; on_play http://hooks/?token=hunter2; }\n    http_remux"
    config["srs.conf"] = config["srs.conf"].replace("http_remux", hooks)
    found = adopted(made)
    assert found.builder is None
    assert "holds a secret" in " ".join(found.problems)
    assert "hunter2" not in repr(found.variables) + repr(found.notes) + repr(found.problems)
    assert "vault_srs_edge_clusters_edge_config_conf" in _adoption.as_yaml(found.variables)


def test_an_unknown_version_is_asked_for() -> None:
    text = yaml.safe_dump_all(chapter("edge-cluster")).replace("ossrs/srs:3", "registry.example.com/srs:stable")
    found = adopted([item for item in yaml.safe_load_all(text) if item])
    assert any("doesn't tell the version of SRS, which is taken to be 7" in note for note in found.notes)


def test_the_pid_file_stays_where_a_pod_can_write() -> None:
    made = chapter("edge-cluster")
    config = named("srs-edge-config", "ConfigMap", made)["data"]
    config["srs.conf"] += "\npid /tmp/srs.pid;"
    assert "pid /tmp/srs.pid;" in named("srs-edge-config", "ConfigMap", built(adopted(made)))["data"]["srs.conf"]


def test_what_looks_like_a_template_is_none() -> None:
    made = chapter("edge-cluster")
    named("srs-edge-deploy", "Deployment", made)["spec"]["template"]["metadata"]["annotations"] = {"note": "{{ lookup('pipe', 'id') }}"}
    found = adopted(made)
    assert templates(built(found)) == templates(made)
    assert "!unsafe '{{ lookup(''pipe'', ''id'') }}'" in _adoption.as_yaml(found.variables)


def test_what_the_inventory_says_besides_counts_in_the_dry_run() -> None:
    found = adopted(chapter("edge-cluster"), srs_edge_resources={"requests": {"cpu": "1"}}, srs_edge_clusters=[], srs_wait_timeout=5)
    assert container(built(found), "srs-edge-deploy")["resources"] == {"requests": {"cpu": "1"}}
    assert any(note.startswith("The inventory sets srs_edge_resources as well") for note in found.notes)
