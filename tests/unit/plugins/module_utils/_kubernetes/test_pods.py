# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose pods are whose, and why they are not ready."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import pods


def pod(name: str, reason: str = "", message: str = "", **metadata: Any) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}} if reason else {"running": {}}
    return {
        "metadata": {"name": name, **metadata},
        "spec": {},
        "status": {
            "conditions": [{"type": "Ready", "status": "False" if reason else "True"}],
            "containerStatuses": [{"name": "srs", "state": state}],
        },
    }


def owned(version: str, kind: str, name: str, controller: bool = True, **labels: str) -> dict[str, Any]:
    return pod("p", labels=labels, ownerReferences=[{"apiVersion": version, "kind": kind, "name": name, "controller": controller}])


HASH = {"pod-template-hash": "5f7"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (owned("apps/v1", "ReplicaSet", "edge-5f7", **HASH), ("Deployment", "edge")),
        (owned("apps/v1", "ReplicaSet", "edge"), ("ReplicaSet", "edge")),
        (owned("apps/v1", "StatefulSet", "origin", **HASH), ("StatefulSet", "origin")),
        (owned("batch/v1", "Job", "j"), ("Job", "j")),
        (owned("v1", "Node", "n"), ("Node", "n")),
        (owned("batch.volcano.sh/v1alpha1", "Job", "j"), ("Job.batch.volcano.sh", "j")),
        (owned("batch/v1", "Job", "j", controller=False), None),
        (pod("p"), None),
    ],
)
def test_who_owns_a_pod(given: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert pods.owner(given) == expected


def test_a_workload_owns_its_own_pods_and_those_without_an_owner_that_it_selects() -> None:
    workload = {"metadata": {"name": "j"}, "spec": {"selector": {"matchLabels": {"app": "a"}}}}
    assert pods.owns("Job", workload, owned("batch/v1", "Job", "j"))
    assert not pods.owns("Job", workload, owned("batch/v1", "Job", "j-2", app="a"))
    assert not pods.owns("Job", workload, owned("batch.volcano.sh/v1alpha1", "Job", "j", app="a"))
    assert pods.owns("Job", workload, pod("p", labels={"app": "a", "b": "c"}))
    assert not pods.owns("Job", workload, pod("p", labels={"app": "b"}))
    assert not pods.owns("Job", {**workload, "spec": {}}, pod("p", labels={"app": "a"}))


def test_pods_with_one_reason_share_a_line() -> None:
    pull = ("ImagePullBackOff", 'Back-off pulling image "x"')
    given = [pod("one", *pull), pod("two", *pull), pod("ready"), pod("three", "CreateContainerConfigError", "no secret")]
    assert pods.pod_troubles(given) == [
        'pod one and 1 more: ImagePullBackOff: container srs: Back-off pulling image "x"',
        "pod three: CreateContainerConfigError: container srs: no secret",
    ]


def test_which_pods_mount_a_claim() -> None:
    volumes = {"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "persistentVolumeClaim": {"claimName": "data"}}]}
    assert pods.mounts_claim({"spec": volumes, "status": {"phase": "Pending"}}, "data")
    assert not pods.mounts_claim({"spec": volumes, "status": {"phase": "Pending"}}, "other")
    assert not pods.mounts_claim({"spec": volumes, "status": {"phase": "Succeeded"}}, "data")
    assert not pods.mounts_claim({"spec": {}}, "data")
