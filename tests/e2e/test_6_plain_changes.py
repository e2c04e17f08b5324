# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same changes with the tutorial's plain objects and kubectl, to stand beside them in the table. Nothing is asked of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from driver import change, kube
from driver.cluster import Cluster
from driver.figures import Figures
from driver.topology import EDGE, ORIGIN, Topology

DEPLOYMENT = "srs-edge-deployment"
LINGER = 10.0


@pytest.fixture(scope="module")
def plain(cluster: Cluster, topology: Callable[..., Topology], newest: Mapping[str, Any]) -> Topology:
    made = topology("plain", newest)
    made.apply_tutorial(newest["srs_image"], cluster.kubectl)
    kube.wait_until(lambda: (len(made.edges()), len(made.kube.serving(made.namespace, ORIGIN))) == (3, 1), 120, "the pods are ready")
    kube.wait_until(lambda: "." in made.kube.address(made.namespace, "srs-edge-service"), 30, "the Service has an address")
    # kube-proxy hears of ready pods a moment later than we do, and players that come before it does share the servers that it knows.
    time.sleep(5)
    return made


def patched(plain: Topology, patch: Mapping[str, Any]) -> Callable[[], Awaitable[None]]:
    def complete() -> bool:
        deployment = plain.kube.apps.read_namespaced_deployment_status(DEPLOYMENT, plain.namespace)
        status, wanted = deployment.status, deployment.spec.replicas
        seen = status.observed_generation == deployment.metadata.generation
        return seen and status.updated_replicas == status.ready_replicas == status.replicas == wanted

    def apply() -> None:
        plain.kube.apps.patch_namespaced_deployment(DEPLOYMENT, plain.namespace, patch)
        kube.wait_until(complete, 120, "the rollout is complete")

    return lambda: asyncio.to_thread(apply)


@pytest.mark.parametrize(
    ("what", "patch"),
    [
        ("another image or config (rollout restart)", {"spec": {"template": {"metadata": {"annotations": {"restarted": "once"}}}}}),
        ("scale 3 to 5", {"spec": {"replicas": 5}}),
        ("scale 5 to 2", {"spec": {"replicas": 2}}),
    ],
)
def test_a_plain_change(plain: Topology, figures: Figures, what: str, patch: Mapping[str, Any]) -> None:
    seen = asyncio.run(change.under_watch(plain, patched(plain, patch), linger=LINGER, kinds=["flv"]))
    change.tell(figures, seen, what, "the tutorial's, with kubectl")
    assert plain.kube.serving(plain.namespace, EDGE)
