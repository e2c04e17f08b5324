# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each role by itself and in any order, however a play uses it, also for two topologies in one play; against a real API server."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

LOCAL = Path(__file__).resolve().parents[2] / "inventories" / "local"
ROLES = ("srs_origin", "hls_nginx", "srs_edge")
OBJECTS = {
    "srs_origin": {"ConfigMap/srs-origin-config", "Deployment/srs-origin-deployment", "Service/srs-internal-origin-service"},
    "hls_nginx": {"Service/srs-http-service", "Service/srs-hls-peers"},
    "srs_edge": {"ConfigMap/srs-edge-config", "Deployment/srs-edge-deployment", "Service/srs-edge-service"},
}
# Without it the origin's pod does not start.
SIDECAR = "ConfigMap/srs-hls-nginx-config"


def there(api: client.ApiClient, namespace: str) -> set[str]:
    """What the playbooks made in a namespace, but for the records of the sets."""
    apps, core = client.AppsV1Api(api), client.CoreV1Api(api)
    found = {f"Deployment/{item.metadata.name}" for item in apps.list_namespaced_deployment(namespace).items}
    found |= {f"Service/{item.metadata.name}" for item in core.list_namespaced_service(namespace).items}
    found |= {f"ConfigMap/{item.metadata.name}" for item in core.list_namespaced_config_map(namespace).items}
    return {name for name in found if not name.endswith(("-apply-set", "kube-root-ca.crt", "grafana-dashboard"))}


def of(roles: Iterable[str]) -> set[str]:
    """What these roles make."""
    names = set(roles)
    return set().union(*(OBJECTS[role] for role in names)) | ({SIDECAR} if names & {"srs_origin", "hls_nginx"} else set())


@pytest.fixture
def run(play: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Runs a play with these roles, or tasks; keywords are variables."""

    def run(*, roles: Iterable[str] = (), tasks: Iterable[dict[str, Any]] = (), **variables: Any) -> Any:
        connection = {"kubeconfig": "{{ srs_kubeconfig }}"}
        content = {
            "hosts": "all",
            "gather_facts": False,
            "module_defaults": {"group/livestream.srs.k8s": connection},
            "roles": [f"livestream.srs.{role}" for role in roles],
            "tasks": list(tasks),
        }
        path = tmp_path / "play.yml"
        path.write_text(yaml.safe_dump([content]))
        return play(playbook=str(path.with_suffix("")), **variables)

    return run


@pytest.mark.parametrize(
    "roles",
    [*((role,) for role in ROLES), ("srs_origin", "hls_nginx"), ("srs_edge", "srs_origin"), ROLES, tuple(reversed(ROLES))],
    ids=" ".join,
)
def test_roles_build_in_any_order_and_stay(run: Callable[..., Any], api: client.ApiClient, namespace: str, roles: tuple[str, ...]) -> None:
    assert len(run(roles=roles).changed) == len(roles)
    assert there(api, namespace) == of(roles)
    assert run(roles=roles).changed == []


@pytest.mark.parametrize(("way", "role"), [("import_role", "srs_origin"), ("include_role", "hls_nginx"), ("include_role", "srs_edge")])
def test_a_role_is_used_by_a_task(run: Callable[..., Any], api: client.ApiClient, namespace: str, way: str, role: str) -> None:
    tasks = [{f"ansible.builtin.{way}": {"name": f"livestream.srs.{role}"}}]
    assert len(run(tasks=tasks).changed) == 1
    assert there(api, namespace) == of([role])
    assert run(tasks=tasks).changed == []


def test_two_topologies_in_one_play(run: Callable[..., Any], api: client.ApiClient, namespace: str) -> None:
    tasks = [
        {
            "ansible.builtin.include_role": {"name": f"livestream.srs.{role}"},
            "vars": {"srs_topology": topology, "srs_namespace": f"{namespace}-{topology}", "srs_edge_replicas": replicas},
        }
        for topology, replicas in (("a", 1), ("b", 2))
        for role in ROLES
    ]
    core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
    try:
        assert len(run(tasks=tasks, inventory=LOCAL).changed) == 6
        for topology, replicas in (("a", 1), ("b", 2)):
            assert there(api, f"{namespace}-{topology}") == of(ROLES)
            edge = apps.read_namespaced_deployment("srs-edge-deployment", f"{namespace}-{topology}")
            assert (edge.spec.replicas, edge.metadata.labels["app.kubernetes.io/part-of"]) == (replicas, topology)
        assert run(tasks=tasks, inventory=LOCAL).changed == []
    finally:
        for topology in ("a", "b"):
            core.delete_namespace(f"{namespace}-{topology}")


def test_a_switch_given_as_text_is_a_switch(run: Callable[..., Any], api: client.ApiClient, namespace: str) -> None:
    networking = client.NetworkingV1Api(api)
    run(roles=ROLES)
    assert {item.metadata.name for item in networking.list_namespaced_network_policy(namespace).items} == {"srs-origin", "srs-edge"}
    run(roles=ROLES, srs_origin_network_policy="false", srs_edge_network_policy="no")
    assert networking.list_namespaced_network_policy(namespace).items == []


def test_what_is_wrong_is_found_by_the_role_itself(run: Callable[..., Any], api: client.ApiClient, namespace: str) -> None:
    said = run(roles=["srs_edge"], srs_edge_drain_seconds=-1, expect=2)
    assert "Nothing was changed: srs_edge_drain_seconds is -1: it must be a whole number from 0 to 604800." in said.message
    assert there(api, namespace) == set()
