# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for the address of an origin."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow import origin_info
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.tests.support.clock import Clock

BARE: dict[str, Any] = {"spec": {"ports": [{"port": 1935}]}}
WITH_ADDRESS: dict[str, Any] = {**BARE, "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}}}


class Cluster:
    """Has the Service in one state after the other."""

    def __init__(self, *states: Any) -> None:
        self.states = list(states)
        self.asked = 0
        self.closed = False

    def get(self, *place: str) -> Any:
        assert place == ("v1", "Service", "srs-origin-service", "media")
        self.asked += 1
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        return state

    def close(self) -> None:
        self.closed = True


def run(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, check_mode: bool = False) -> tuple[list[str], list[str]]:
    """The addresses, and the warnings."""
    clock = Clock().of(origin_info, monkeypatch)
    monkeypatch.setattr(origin_info.Client, "from_module", lambda _module: cluster)
    warnings: list[str] = []
    params = {"namespace": "media", "inventory_host": "hub", "wait_timeout": 60}
    module: Any = SimpleNamespace(params=params, check_mode=check_mode, warn=warnings.append)
    try:
        result = origin_info.flow(module)
    finally:
        assert cluster.closed
        assert sum(clock.pauses) <= 60 + origin_info.LOOK_AGAIN
    assert result["changed"] is False
    return result["addresses"], warnings


def test_it_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(None, BARE, WITH_ADDRESS)
    assert run(monkeypatch, cluster) == (["203.0.113.1:1935"], [])
    assert cluster.asked == 3


@pytest.mark.parametrize(
    ("state", "lacking"),
    [
        (None, "there is no Service media/srs-origin-service"),
        (BARE, "the load balancer of Service media/srs-origin-service has none"),
    ],
)
def test_what_is_lacking_is_said(monkeypatch: pytest.MonkeyPatch, state: Any, lacking: str) -> None:
    with pytest.raises(SrsError) as raised:
        run(monkeypatch, Cluster(state))
    assert f"The origin of host hub has no address yet: {lacking}. Run site.yml for host hub" in raised.value.message
    cluster = Cluster(state)
    addresses, (warning,) = run(monkeypatch, cluster, check_mode=True)
    assert (addresses, cluster.asked) == ([], 1)
    assert lacking in warning


def test_whose_api_server_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = ApiError("read Service media/srs-origin-service", 403, {"message": "no"}, "the test")
    with pytest.raises(SrsError, match="Can't find the origin of host hub: "):
        run(monkeypatch, Cluster(refused))
