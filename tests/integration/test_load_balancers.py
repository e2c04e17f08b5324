# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of ``slb`` where a load balancer is there already: its controller is played by the test, the API server is real."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from kubernetes import client

SERVICE = "srs-edge-service"
ADDRESS = "203.0.113.7"
FINALIZER = "service.k8s.alibaba/resources"
EXISTING = {"provider": "alibaba", "id": "lb-bp1a", "override_listeners": True}
PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer"
NLB = {"provider": "alibaba", "type": "nlb", "zones": {"cn-hangzhou-k": "vsw-k", "cn-hangzhou-j": "vsw-j"}}
ALLOWED = {"srs_allow_new_address": True}


class Cloud:
    """The part of a load balancer's controller that Kubernetes sees."""

    def __init__(self, core: client.CoreV1Api, namespace: str) -> None:
        self.core = core
        self.namespace = namespace

    @property
    def service(self) -> Any:
        return self.core.read_namespaced_service(SERVICE, self.namespace)

    def give_address(self, address: str = ADDRESS) -> str:
        """Give the Service an address and a finalizer, as a controller does; returns its uid."""
        self.core.patch_namespaced_service(SERVICE, self.namespace, {"metadata": {"finalizers": [FINALIZER]}})
        status = {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
        return str(self.core.patch_namespaced_service_status(SERVICE, self.namespace, status).metadata.uid)

    def follow(self, uid: str) -> threading.Thread:
        """Let the Service go some time after it was deleted, and give the new one another address."""

        def watch() -> None:
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline:
                try:
                    found = self.service.metadata
                except client.ApiException:
                    continue
                if found.uid != uid:
                    self.give_address("203.0.113.8")
                    return
                if found.deletion_timestamp and found.finalizers:
                    time.sleep(2)
                    self.core.patch_namespaced_service(SERVICE, self.namespace, {"metadata": {"finalizers": None}})
                time.sleep(0.2)

        thread = threading.Thread(target=watch)
        thread.start()
        return thread


@pytest.fixture
def cloud(api: client.ApiClient, namespace: str) -> Cloud:
    return Cloud(client.CoreV1Api(api), namespace)


def test_what_only_a_new_service_can_be_is_refused_or_made_anew(play: Callable[..., Any], cloud: Cloud) -> None:
    play(srs_edge_slb=EXISTING)
    uid = cloud.give_address()
    refused = play(srs_edge_slb=NLB, expect=2)
    assert f"class of its slb changes from nothing to alibabacloud.com/nlb, which can't be done while it has {ADDRESS}" in refused.message
    assert cloud.service.metadata.uid == uid and refused.changed == []

    planned = play("--check", "--diff", srs_edge_slb=NLB, **ALLOWED)
    assert "is deleted and made anew, and loses its address 203.0.113.7" in planned.output
    assert f"Service/{SERVICE}" in planned.objects and cloud.service.metadata.uid == uid

    following = cloud.follow(uid)
    done = play(srs_edge_slb=NLB, **ALLOWED)
    following.join()
    service = cloud.service
    assert done.changed == planned.changed and "rtmp://203.0.113.8/" in done.output
    assert service.metadata.uid != uid and service.spec.load_balancer_class == "alibabacloud.com/nlb"
    assert play(srs_edge_slb=NLB).changed == []


def test_switching_off_leaves_what_the_controller_needs(play: Callable[..., Any], cloud: Cloud) -> None:
    play(srs_edge_slb={"provider": "alibaba"})
    uid = cloud.give_address()
    refused = play(srs_edge_slb={"enabled": False}, expect=2)
    assert f"enabled of its slb changes from true to false, which loses its address {ADDRESS}" in refused.message
    assert cloud.service.spec.type == "LoadBalancer" and refused.changed == []

    play(srs_edge_slb={"enabled": False}, **ALLOWED)
    assert cloud.service.spec.type == "ClusterIP" and cloud.service.metadata.uid == uid
    play(srs_edge_slb={**EXISTING})
    cloud.give_address()
    play(srs_edge_slb={"enabled": False})  # the address is that of a load balancer of one's own
    service = cloud.service
    assert service.spec.type == "ClusterIP"
    assert service.metadata.annotations[f"{PREFIX}-id"] == "lb-bp1a"
    assert service.metadata.annotations[f"{PREFIX}-force-override-listeners"] == "true"
    assert play(srs_edge_slb={"enabled": False}).changed == []
    play(srs_edge_slb={"provider": "alibaba", "scheduler": "wlc"})
    assert cloud.service.metadata.annotations == {f"{PREFIX}-scheduler": "wlc"}


def test_a_service_with_an_address_does_not_leave_its_servers(play: Callable[..., Any], cloud: Cloud) -> None:
    """The load balancer of the origin is a Service of its own."""
    play(srs_origin_slb={"enabled": True})
    services = {service.metadata.name for service in cloud.core.list_namespaced_service(cloud.namespace).items}
    refused = play(expect=2)
    (name,) = [name for name in services if f"Can't remove Service {cloud.namespace}/{name}: it has the address" in refused.message]
    assert refused.changed == []
    assert play(**ALLOWED).changed == ["Apply the origin"]
    assert name not in {service.metadata.name for service in cloud.core.list_namespaced_service(cloud.namespace).items}
