# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why objects were not ready at the end of a wait."""

from __future__ import annotations

from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import ref
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.readiness import waiting_for
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import not_ready
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.not_ready import NotReady, failure_message

SERVICES = "/api/v1/namespaces/media/services"
DEPLOYMENTS = "/apis/apps/v1/namespaces/media/deployments"


def service(name: str, address: str | None = None) -> dict[str, Any]:
    ingress = [{"ip": address}] if address else []
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "media"},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": ingress}},
    }


def deployment(name: str, available: int) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "media", "generation": 1},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}}},
        "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": available},
    }


def add(api: Any, *items: dict[str, Any]) -> list[dict[str, Any]]:
    folders = {"Service": SERVICES, "Deployment": DEPLOYMENTS}
    paths = [f"{folders[item['kind']]}/{item['metadata']['name']}" for item in items]
    for path, item in zip(paths, items, strict=True):
        api.add(path, item)
    return [api.objects[path] for path in paths]


def explained(client: Client, items: list[dict[str, Any]]) -> list[NotReady]:
    left = [(NotReady(ref(item), *waiting), item) for item in items if (waiting := waiting_for(item))]
    not_ready.explain(client, left)
    return [entry for entry, _item in left]


def test_at_the_end_what_is_not_ready_is_explained(client: Client, api: Any) -> None:
    refs = add(api, deployment("d", 1), service("a"), deployment("fine", 2))
    owner = {"kind": "ReplicaSet", "name": "d-1", "controller": True}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "d-1-x", "namespace": "media", "labels": {"app": "d", "pod-template-hash": "1"}, "ownerReferences": [owner]},
        "spec": {},
        "status": {
            "phase": "Pending",
            "containerStatuses": [{"name": "srs", "state": {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling "x"'}}}],
        },
    }
    api.add("/api/v1/namespaces/media/pods/d-1-x", pod)

    def events(request: Any) -> Any:
        if request.path != "/api/v1/namespaces/media/events":
            return None
        about = request.query["fieldSelector"].removeprefix("involvedObject.uid=")
        texts = {
            api.objects[f"{DEPLOYMENTS}/d"]["metadata"]["uid"]: [("Normal", "ScalingReplicaSet", "Scaled up")],
            api.objects["/api/v1/namespaces/media/pods/d-1-x"]["metadata"]["uid"]: [
                ("Warning", "Failed", "registry says no"),
                ("Normal", "Pulling", "Pulling image"),
                ("Warning", "BackOff", 'Back-off pulling "x"'),
                ("Warning", "FailedMount", 'MountVolume.SetUp failed: Back-off pulling "x"'),
            ],
            api.objects[f"{SERVICES}/a"]["metadata"]["uid"]: [("Normal", "EnsuringLoadBalancer", "Ensuring load balancer")],
        }
        items = [{"metadata": {"name": reason}, "type": kind, "reason": reason, "message": text} for kind, reason, text in texts[about]]
        return 200, {"metadata": {"resourceVersion": "1"}, "items": items}

    api.faults.append(events)
    left = explained(client, refs)
    assert [str(entry) for entry in left] == [
        'Deployment media/d: 1 of 2 replicas are available; pod d-1-x: ImagePullBackOff: container srs: Back-off pulling "x"; '
        'event Failed: registry says no; event FailedMount: MountVolume.SetUp failed: Back-off pulling "x"',
        "Service media/a: the load balancer has no address yet; event EnsuringLoadBalancer: Ensuring load balancer",
    ]
    assert left[0].as_dict() == {
        "api_version": "apps/v1",
        "kind": "Deployment",
        "namespace": "media",
        "name": "d",
        "reason": "1 of 2 replicas are available",
        "failed": False,
        "pods": ['pod d-1-x: ImagePullBackOff: container srs: Back-off pulling "x"'],
        "events": ["Failed: registry says no", 'FailedMount: MountVolume.SetUp failed: Back-off pulling "x"'],
    }
    message = failure_message(left, len(refs), 0)
    assert message.startswith("2 of 3 objects are not ready after 0 s:\n- Deployment media/d: ") and message.count("\n") == 2


def test_what_can_not_be_read_for_the_explanation_is_left_out(client: Client, api: Any) -> None:
    refs = add(api, deployment("d", 1))
    api.faults.append(lambda request: (403, {"message": "no"}) if "/pods" in request.path or "/events" in request.path else None)
    [entry] = explained(client, refs)
    assert (entry.reason, entry.pods, entry.events) == ("1 of 2 replicas are available", [], [])


def test_only_some_are_explained(client: Client, api: Any) -> None:
    refs = add(api, *(deployment(f"d{number:02}", 1) for number in range(30)))
    left = explained(client, refs)
    assert len(left) == 30
    assert len([request for request in api.log if request.path.endswith("/pods")]) == not_ready.EXPLAINED
