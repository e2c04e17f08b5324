# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects for Prometheus Operator and Grafana."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import Edge, apps
from ansible_collections.livestream.srs.plugins.module_utils._desired.monitoring import GROUP, HlsProbe
from ansible_collections.livestream.srs.plugins.module_utils._desired.origin import Origin
from ansible_collections.livestream.srs.plugins.module_utils._desired.topology import Topology
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._manifests import parts

API_VERSION = f"{GROUP}/v1"


def monitoring_objects(topology: Topology, dashboard: str) -> Iterator[Object]:
    """All objects that tell of the topology."""
    common, monitoring = topology.common, topology.monitoring
    labels = {**topology.origin.labels, **monitoring.labels}
    if not monitoring.enabled:
        return
    yield parts.manifest(API_VERSION, "PodMonitor", common, "srs", labels, spec=_pod_monitor(topology))
    if monitoring.rules:
        groups = [{"name": "srs", "rules": list(_alerts(topology))}]
        yield parts.manifest(API_VERSION, "PrometheusRule", common, "srs", labels, spec={"groups": groups})
    if probe := monitoring.hls_probe:
        # Asks for playlists as a player does, to see when they were last written.
        yield parts.manifest(API_VERSION, "Probe", common, "srs-hls", labels, spec=_probe(topology, probe))
    if monitoring.dashboard:
        # Taken by Grafana's sidecar, which looks for this label; else import the JSON by hand.
        found_by = {**topology.origin.labels, "grafana_dashboard": "1"}
        yield parts.config_map(common, "srs-grafana-dashboard", found_by, {"srs.json": dashboard})


def _pod_monitor(topology: Topology) -> dict[str, Any]:
    values = [*topology.origin.apps, *apps(topology.edges), *(workload.app for workload in topology.nginx.workloads)]
    ports = ["exporter", *(["metrics"] if topology.nginx.metrics_port else [])]
    return {
        "selector": {"matchExpressions": [{"key": "app", "operator": "In", "values": values}]},
        # Tells origin, edge clusters and nginx apart.
        "podTargetLabels": ["app"],
        "podMetricsEndpoints": [{"port": port, "interval": topology.monitoring.interval} for port in ports],
    }


def _probe(topology: Topology, probe: HlsProbe) -> dict[str, Any]:
    return {
        "prober": {"url": probe.prober},
        "module": probe.module,
        "interval": topology.monitoring.interval,
        "targets": {"staticConfig": {"static": probe.urls, "labels": {"srs": _title(topology)}}},
    }


def _title(topology: Topology) -> str:
    return f"{topology.common.namespace}/{topology.common.topology}"


def _alerts(topology: Topology) -> Iterator[dict[str, Any]]:
    namespace, origin, edges = topology.common.namespace, topology.origin, topology.edges
    origins, edge_servers = _series(namespace, origin.apps), _series(namespace, apps(edges))
    servers = _series(namespace, [*origin.apps, *apps(edges)])
    # What scrapes and players send is some bytes a second.
    text = f"Nobody publishes to the origin in namespace {namespace}."
    yield _alert("SrsNoPublisher", f"sum(rate(srs_receive_bytes_total{origins}[5m])) < 1000", text)
    if edges:
        yield _alert(
            "SrsPullNotMerged",
            f"sum(srs_clients{origins}) > sum(srs_streams{origins}) * (1 + count(srs_streams{edge_servers}))",
            "The origin has more clients than one publisher and one pull by each edge for each stream.",
            "10m",
            description="Players that connect to the origin itself count too. Otherwise edges pull more often than they should.",
        )
    yield _near_capacity(namespace, origin)
    yield from (_near_capacity(namespace, edge) for edge in edges)
    text = "{{ $labels.pod }} uses {{ $value }} percent of the one core that an SRS can use."
    yield _alert("SrsCpuNearOneCore", f"srs_cpu_percent{servers} > 85", text)
    # Each start has a service id of its own.
    starts = f"count by (namespace, pod) (count_over_time(srs_build_info{servers}[30m])) > 2"
    yield _alert("SrsRestarting", starts, "{{ $labels.pod }} has started {{ $value }} times in half an hour.", None, "critical")
    if probe := topology.monitoring.hls_probe:
        ours = f'{{srs="{_title(topology)}"}}'
        stale = f"time() - probe_http_last_modified_timestamp_seconds{ours} > {probe.stale_seconds}"
        yield _alert("SrsHlsStale", stale, "{{ $labels.instance }} was last written {{ $value }} seconds ago.", "1m")
        yield _alert("SrsHlsGone", f"probe_success{ours} == 0", "{{ $labels.instance }} is not there.", "1m")


def _near_capacity(namespace: str, server: Origin | Edge) -> dict[str, Any]:
    of = server.apps if isinstance(server, Origin) else [server.app]
    limit = server.max_clients
    text = f"{{{{ $labels.pod }}}} has {{{{ $value }}}} clients; beyond max_connections {limit} it refuses more, without a word."
    return _alert("SrsNearCapacity", f"srs_clients{_series(namespace, of)} > {round(limit * 0.8)}", text)


def _series(namespace: str, of: Iterable[str]) -> str:
    """The labels of the series of these pods."""
    return f'{{namespace="{namespace}",app=~"{"|".join(of)}"}}'


def _alert(
    name: str, expression: str, summary: str, lasting: str | None = "5m", severity: str = "warning", **annotations: str
) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expression,
        **({"for": lasting} if lasting else {}),
        "labels": {"severity": severity},
        "annotations": {"summary": summary, **annotations},
    }
