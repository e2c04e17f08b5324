# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With exactly the documented Role all playbooks work; without one of its rules the error names what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config

Play = Callable[..., Any]
Kubectl = Callable[..., str]

ROLE = Path(__file__).resolve().parents[2] / "docs/deployer-role.yml"


@pytest.fixture
def deployer(namespace: str, kubectl: Kubectl, kubeconfig: str, tmp_path: Path) -> str:
    """The kubeconfig of the service account."""
    kubectl("apply", "-n", namespace, "-f", str(ROLE))
    token = kubectl("create", "token", "-n", namespace, "srs-deployer").strip()
    _contexts, current = config.list_kube_config_contexts(kubeconfig)
    given = yaml.safe_load(Path(kubeconfig).read_text())
    given["users"] = [{"name": "deployer", "user": {"token": token}}]
    given["contexts"] = [{"name": "deployer", "context": {"cluster": current["context"]["cluster"], "user": "deployer"}}]
    given["current-context"] = "deployer"
    path = tmp_path / "deployer.kubeconfig"
    path.write_text(json.dumps(given))
    return str(path)


def test_all_playbooks_work_with_it(play: Play, deployer: str) -> None:
    used: dict[str, Any] = {"srs_kubeconfig": deployer}
    play("--check", "--diff", **used)
    assert "origin 1/1, edge 3/3" in play(**used).output
    play(srs_edge_max_connections=2000, srs_edge_clusters=[{"name": "edge"}, {"name": "cdn-a", "replicas": 1}], **used)
    play(srs_edge_max_connections=2000, **used)
    assert play(srs_edge_max_connections=2000, **used).changed == []
    play(playbook="status", **used)
    play(playbook="rollback", **used)
    play(playbook="resume", **used)
    play(playbook="canary", srs_canary=25, **used)
    play(playbook="canary", srs_canary="promote", **used)
    play(playbook="pause", **used)
    play(playbook="teardown", **used)
    assert play(playbook="teardown", **used).changed == []


def test_it_takes_over_from_kubectl(play: Play, deployer: str, namespace: str, kubectl: Kubectl) -> None:
    kubectl("apply", "-n", namespace, "-f", str(Path(__file__).parent / "fixtures/tutorial.yml"))
    used: dict[str, Any] = {"srs_kubeconfig": deployer, "srs_production_defaults": False, "srs_version": 3, "srs_image": "ossrs/srs:3"}
    predicted = play("--check", "--diff", **used)
    assert play("--diff", **used).differences == predicted.differences


def role_without(resource: str, verb: str) -> str:
    """The documented Role less one verb of one resource."""
    role = next(item for item in yaml.safe_load(ROLE.read_text())["items"] if item["kind"] == "Role")
    rules = [rule for rule in role["rules"] if resource in rule["resources"] and verb in rule["verbs"]]
    assert rules, f"the Role has no {verb} {resource}"
    for rule in rules:
        rule["verbs"] = [given for given in rule["verbs"] if given != verb]
    return json.dumps(role)


def test_a_certificate_by_cert_manager(play: Play, deployer: str, kubectl: Kubectl, bring_kinds: Callable[..., None]) -> None:
    bring_kinds("cert-manager.io", {"Certificate": "certificates"})
    https = {"issuer": {"name": "letsencrypt"}, "dns_names": ["live.example.com"]}
    play("--check", "--diff", srs_kubeconfig=deployer, hls_nginx_https=https)
    play(srs_kubeconfig=deployer, hls_nginx_https=https)
    assert kubectl("get", "certificates", "-o", "name").split() == ["certificate.cert-manager.io/srs-hls-tls"]
    play(srs_kubeconfig=deployer)
    assert kubectl("get", "certificates", "-o", "name") == ""


def test_ports_are_forwarded_with_it_and_not_with_less(play: Play, deployer: str, kubectl: Kubectl, api: client.ApiClient) -> None:
    """How far the API server lets it come: what happens then is the kubelet's, and simulated nodes have none."""
    play(srs_kubeconfig=deployer, srs_edge_replicas=1)

    def look() -> str:
        return str(play(playbook="status", srs_kubeconfig=deployer, srs_api_via="port_forward").output)

    assert "forbidden" not in look()
    asked_for = ["get"] if int(client.VersionApi(api).get_code().minor.rstrip("+")) < 35 else ["get", "create"]
    for verb in asked_for:
        kubectl("apply", "-f", "-", given=role_without("pods/portforward", verb))
        assert "it takes the rights to get and create pods/portforward" in look(), verb


@pytest.mark.parametrize(
    ("resource", "verb", "playbook"),
    [
        ("services", "create", "site"),
        ("deployments", "patch", "site"),
        ("configmaps", "get", "site"),
        ("networkpolicies", "create", "site"),
        ("deployments", "list", "status"),
        ("poddisruptionbudgets", "delete", "teardown"),
    ],
)
def test_a_missing_verb_is_named(
    play: Play, deployer: str, namespace: str, kubectl: Kubectl, resource: str, verb: str, playbook: str
) -> None:
    if playbook == "teardown":
        play(srs_kubeconfig=deployer)
    kubectl("apply", "-n", namespace, "-f", "-", given=role_without(resource, verb))
    output = play(playbook=playbook, expect=2, srs_kubeconfig=deployer).output
    message = output.partition("[ERROR]")[2].partition("Origin:")[0]
    for word in (verb, resource, namespace):
        assert word in message, message
