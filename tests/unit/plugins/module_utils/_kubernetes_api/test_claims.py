# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volume claims may stay unbound."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.claims import Claims
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client

CLASS = "/apis/storage.k8s.io/v1/storageclasses/late"
POD = "/api/v1/namespaces/media/pods/p"


def claim(phase: str = "Pending") -> dict[str, Any]:
    return {
        "metadata": {"name": "data", "namespace": "media", "uid": "u"},
        "spec": {"storageClassName": "late"},
        "status": {"phase": phase},
    }


def storage_class(mode: str) -> dict[str, Any]:
    return {"metadata": {"name": "late"}, "volumeBindingMode": mode}


def pod(phase: str) -> dict[str, Any]:
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
    return {"metadata": {"name": "p"}, "spec": {"volumes": [volume]}, "status": {"phase": phase}}


def test_a_claim_that_binds_late_is_idle_while_no_pod_uses_it(client: Client, api: Any) -> None:
    api.add(CLASS, storage_class("WaitForFirstConsumer"))
    assert Claims(client).is_idle(claim())
    api.add(POD, pod("Pending"))
    assert not Claims(client).is_idle(claim())
    api.add(POD, pod("Succeeded"))
    assert Claims(client).is_idle(claim())


@pytest.mark.parametrize("phase", ["Bound", "Lost"])
def test_only_a_pending_claim_is_idle(client: Client, api: Any, phase: str) -> None:
    api.add(CLASS, storage_class("WaitForFirstConsumer"))
    assert not Claims(client).is_idle(claim(phase))


def test_a_claim_that_binds_at_once_is_not_idle(client: Client, api: Any) -> None:
    api.add(CLASS, storage_class("Immediate"))
    assert not Claims(client).is_idle(claim())


def test_a_class_is_read_once(client: Client, api: Any) -> None:
    claims = Claims(client)
    api.add(CLASS, storage_class("WaitForFirstConsumer"))
    assert claims.is_idle(claim()) and claims.is_idle(claim())
    assert api.requests.count(f"GET {CLASS}") == 1


def test_without_the_right_to_read_classes_the_events_tell(client: Client, api: Any) -> None:
    found: list[dict[str, Any]] = []

    def fault(request: Any) -> Any:
        if request.path == CLASS:
            return 403, {"message": "no"}
        if request.path.endswith("/events"):
            assert request.query["fieldSelector"] == "involvedObject.uid=u"
            return 200, {"metadata": {"resourceVersion": "1"}, "items": found}
        return None

    api.faults.append(fault)
    claims = Claims(client)
    assert not claims.is_idle(claim())
    found.append({"metadata": {"name": "e"}, "reason": "WaitForFirstConsumer", "message": "waiting for first consumer"})
    assert claims.is_idle(claim())
