# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alerts and dashboard use metrics that there are, and each as what it is: compared with the recorded replies of SRS 5 and 6."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from ansible_collections.livestream.srs.tests.support.wanted import named, objects

ROOT = Path(__file__).resolve().parents[3]
RECORDED = ROOT / "tests/unit/fixtures/metrics"
DASHBOARD = ROOT / "roles/srs_origin/files/grafana-dashboard.json"
NGINX = ROOT / "roles/hls_nginx/templates/metrics.conf.j2"

# Of blackbox_exporter: https://github.com/prometheus/blackbox_exporter, prober/http.go and prober/handler.go.
BLACKBOX = {"probe_http_last_modified_timestamp_seconds": "gauge", "probe_success": "gauge"}
SELECTED = re.compile(r"\b([a-z]+_[a-z_]+)\{")
RATED = re.compile(r"(?:rate|increase)\(([a-z_]+)\{")


def types(text: str) -> dict[str, str]:
    """Name and type of the metrics of a reply, or of a config that makes one."""
    return dict(re.findall(r"# TYPE (\w+) (\w+)", text))


def known(version: int) -> dict[str, str]:
    return types((RECORDED / f"srs-{version}.txt").read_text()) | types(NGINX.read_text().replace("\\n", "\n")) | BLACKBOX


@cache
def alerts() -> tuple[str, ...]:
    """The expressions of all alerts that there may be."""
    made = named(objects(srs_monitoring={"hls_probe": {"prober": "blackbox", "streams": ["live/livestream"]}}))
    return tuple(rule["expr"] for group in made["PrometheusRule srs"]["spec"]["groups"] for rule in group["rules"])


def expressions() -> Iterator[str]:
    yield from alerts()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def test_there_are_expressions() -> None:
    assert len(list(expressions())) > 20 and len(alerts()) >= 8
    assert {name for expression in expressions() for name in SELECTED.findall(expression)} >= {"srs_clients", "nginx_connections_active"}


@pytest.mark.parametrize("version", [5, 6])
def test_every_metric_is_there(version: int) -> None:
    for expression in expressions():
        assert set(SELECTED.findall(expression)) <= set(known(version)), expression


@pytest.mark.parametrize("version", [5, 6])
def test_rates_are_of_counters_and_nothing_else_is(version: int) -> None:
    for expression in expressions():
        rated = set(RATED.findall(expression))
        for name in SELECTED.findall(expression):
            assert (known(version)[name] == "counter") == (name in rated), expression


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$(\w+)", " ".join(expressions()))) - {"labels", "value"}
    assert used <= variables
