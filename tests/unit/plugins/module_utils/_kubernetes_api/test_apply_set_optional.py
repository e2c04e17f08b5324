# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of API groups that a cluster may lack."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.apply_set import apply_set
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.set_model import Result, SetSpec

GROUP = "monitoring.coreos.com"
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config"}, "data": {"a": "1"}}
MONITOR = {"apiVersion": f"{GROUP}/v1", "kind": "PodMonitor", "metadata": {"name": "srs"}, "spec": {}}
RULE = {"apiVersion": f"{GROUP}/v1", "kind": "PrometheusRule", "metadata": {"name": "srs"}, "spec": {}}


def run(client: Client, *given: Any) -> Result:
    return apply_set(client, SetSpec("srs", "media", list(given), optional_groups=[GROUP]))


@pytest.fixture(autouse=True)
def media(api: Any) -> None:
    api.namespace("media")


def test_they_are_left_out_and_named(api: Any, client: Client) -> None:
    result = run(client, CONFIG, MONITOR, RULE)
    assert {item["name"] for item in result.objects} == {"config", "srs-apply-set"}
    assert result.warnings == [
        f"The API server does not serve {GROUP}, so these objects were left out: PodMonitor srs, PrometheusRule srs."
    ]
    assert not [request for request in api.requests if "podmonitors" in request]


def test_they_are_applied_where_there_is_the_group(api: Any, client: Client) -> None:
    api.add(f"/apis/{GROUP}", {"kind": "APIGroup", "metadata": {"name": GROUP}})
    result = run(client, CONFIG, MONITOR)
    assert [item["action"] for item in result.objects if item["name"] == "srs"] == ["created"]
    assert result.warnings == []


def test_nobody_is_asked_for_what_is_not_given(api: Any, client: Client) -> None:
    run(client, CONFIG)
    assert not [request for request in api.requests if GROUP in request]
