# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects for Prometheus Operator and Grafana."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.livestream.srs.tests.support.wanted import built, named

PROBE = {"prober": "blackbox:9115", "streams": ["live/livestream"]}
MONITOR, RULE, DASHBOARD = "PodMonitor srs", "PrometheusRule srs", "ConfigMap srs-grafana-dashboard"


def made(monitoring: dict[str, Any] | None = None, **variables: Any) -> dict[str, Any]:
    """What there is of it, with the origin or without."""
    found = named(built(srs_monitoring=monitoring or {}, **variables).origin())
    return {name: item for name, item in found.items() if "monitoring" in item["apiVersion"] or "grafana" in name}


def alerts(monitoring: dict[str, Any] | None = None, **variables: Any) -> dict[str, dict[str, Any]]:
    (group,) = made(monitoring, **variables)[RULE]["spec"]["groups"]
    return {f"{rule['alert']} {number}": rule for number, rule in enumerate(group["rules"])}


def names(rules: dict[str, Any]) -> list[str]:
    return [name.split()[0] for name in rules]


@pytest.mark.parametrize(
    ("given", "production", "expected"),
    [
        ({}, True, [MONITOR, RULE, DASHBOARD]),
        ({}, False, []),
        ({"enabled": True}, False, [MONITOR, RULE, DASHBOARD]),
        ({"enabled": False}, True, []),
        ({"labels": {"release": "prom"}, "rules": False, "dashboard": "no"}, True, [MONITOR]),
        ({"hls_probe": PROBE}, True, [MONITOR, RULE, "Probe srs-hls", DASHBOARD]),
    ],
)
def test_which_there_are(given: dict[str, Any], production: bool, expected: list[str]) -> None:
    assert list(made(given, srs_production_defaults=production)) == expected


def test_they_are_found_by_labels() -> None:
    found = made({"labels": {"release": "prom"}, "hls_probe": PROBE})
    for name in (MONITOR, RULE, "Probe srs-hls"):
        assert found[name]["metadata"]["labels"].items() >= {"release": "prom", "app.kubernetes.io/part-of": "srs"}.items()
    assert found[DASHBOARD]["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(found[DASHBOARD]["data"]["srs.json"])["panels"]


def test_whom_prometheus_asks() -> None:
    shared = {"srs_origin_storage": {"type": "pvc", "size": "9Gi", "access_mode": "ReadWriteMany"}}
    spec = made(
        {"interval": "30s"},
        srs_origin_mode="cluster",
        srs_origin_workload="deployments",
        srs_origin_replicas=2,
        srs_edge_clusters=[{"name": "edge"}, {"name": "b"}],
        hls_nginx_mode="cache",
        **shared,
    )[MONITOR]["spec"]
    (expression,) = spec["selector"]["matchExpressions"]
    assert expression["values"] == ["srs-origin-0", "srs-origin-1", "srs-edge", "srs-edge-b", "nginx-origin", "srs-hls-edge"]
    assert spec["podMetricsEndpoints"] == [{"port": "exporter", "interval": "30s"}, {"port": "metrics", "interval": "30s"}]
    assert spec["podTargetLabels"] == ["app"]
    bare = made({"enabled": True}, srs_production_defaults=False)[MONITOR]["spec"]
    assert [endpoint["port"] for endpoint in bare["podMetricsEndpoints"]] == ["exporter"], "nginx has no metrics"


def test_playlists_that_are_asked_for() -> None:
    spec = made({"hls_probe": {**PROBE, "module": "hls"}, "interval": "1m"}, srs_namespace="live", srs_topology="west")["Probe srs-hls"][
        "spec"
    ]
    assert spec == {
        "prober": {"url": "blackbox:9115"},
        "module": "hls",
        "interval": "1m",
        "targets": {
            "staticConfig": {"static": ["http://srs-http-service.live/live/livestream.m3u8"], "labels": {"srs": "live/west"}},
        },
    }


def test_which_alerts_there_are() -> None:
    usual = ["SrsNoPublisher", "SrsPullNotMerged", "SrsNearCapacity", "SrsNearCapacity", "SrsCpuNearOneCore", "SrsRestarting"]
    assert names(alerts()) == usual
    assert names(alerts({"hls_probe": PROBE})) == [*usual, "SrsHlsStale", "SrsHlsGone"]
    assert "SrsPullNotMerged" not in names(alerts(srs_edge_clusters=[])), "nobody pulls"


def test_each_server_is_nearly_full_at_four_fifths_of_its_own_limit() -> None:
    found = alerts(
        srs_origin_max_connections=50,
        srs_edge_clusters=[{"name": "edge"}, {"name": "b", "limit": {"connections": 99}}],
        srs_namespace="live",
    )
    full = [rule for name, rule in found.items() if "SrsNearCapacity" in name]
    assert [rule["expr"] for rule in full] == [
        'srs_clients{namespace="live",app=~"srs-origin"} > 40',
        'srs_clients{namespace="live",app=~"srs-edge"} > 800',
        'srs_clients{namespace="live",app=~"srs-edge-b"} > 79',
    ]
    assert "max_connections 99" in full[2]["annotations"]["summary"]


def test_alerts_are_about_this_topology_alone() -> None:
    for rule in alerts({"hls_probe": PROBE}, srs_namespace="live").values():
        assert 'namespace="live"' in rule["expr"] or 'srs="live/srs"' in rule["expr"], rule


def test_how_long_and_how_bad() -> None:
    found = {name.split()[0]: rule for name, rule in alerts({"hls_probe": {**PROBE, "stale_seconds": 9}}).items()}
    assert found["SrsPullNotMerged"]["for"] == "10m"
    assert "for" not in found["SrsRestarting"] and found["SrsRestarting"]["labels"] == {"severity": "critical"}
    assert found["SrsHlsStale"]["expr"].endswith("> 9")
    others = [rule for name, rule in found.items() if name != "SrsRestarting"]
    assert {rule["labels"]["severity"] for rule in others} == {"warning"}
    assert all(
        rule["annotations"]["summary"].endswith(".") or "without a word" in rule["annotations"]["summary"] for rule in found.values()
    )
