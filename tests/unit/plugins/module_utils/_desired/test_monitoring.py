# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Prometheus and Grafana are told about a topology."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import monitoring

NGINX: dict[str, Any] = {"enabled": True, "https": {}}
REDIRECTING: dict[str, Any] = {"enabled": True, "https": {"secret_name": "tls", "redirect": True}}
PROBE = {"prober": "blackbox:9115", "streams": ["live/livestream", "/live/other"]}


@pytest.mark.parametrize(
    ("given", "production", "names"),
    [
        ({}, True, ["pod-monitor", "prometheus-rule", "grafana-dashboard"]),
        ({}, False, []),
        ({"enabled": True}, False, ["pod-monitor", "prometheus-rule", "grafana-dashboard"]),
        ({"enabled": False}, True, []),
        ({"labels": {"release": "prom"}, "rules": False, "dashboard": False}, True, ["pod-monitor"]),
        ({"hls_probe": PROBE}, True, ["pod-monitor", "prometheus-rule", "probe", "grafana-dashboard"]),
    ],
)
def test_what_there_is(given: dict[str, Any], production: bool, names: list[str]) -> None:
    settings = monitoring.resolve(given, production, NGINX)
    assert list(monitoring.manifests(settings)) == names
    assert list(monitoring.check(settings, NGINX)) == []


def test_playlists_are_asked_for_as_a_player_does() -> None:
    probe = monitoring.resolve({"hls_probe": PROBE}, True, NGINX)["hls_probe"]
    assert probe["urls"] == [
        "http://srs-http-service.NAMESPACE/live/livestream.m3u8",
        "http://srs-http-service.NAMESPACE/live/other.m3u8",
    ]
    assert (probe["module"], probe["stale_seconds"]) == ("http_2xx", 60)


def test_where_plain_http_is_redirected_they_are_asked_for_by_the_name_in_the_certificate() -> None:
    nginx = {**REDIRECTING, "https": {**REDIRECTING["https"], "dns_names": ["live.example.com"]}}
    settings = monitoring.resolve({"hls_probe": PROBE}, True, nginx)
    assert settings["hls_probe"]["urls"][0] == "https://live.example.com/live/livestream.m3u8"
    assert list(monitoring.check(settings, nginx)) == []


@pytest.mark.parametrize(
    ("probe", "nginx", "said"),
    [
        ({"streams": ["live/a"]}, NGINX, "srs_monitoring.hls_probe.prober is missing"),
        ({"prober": "b"}, NGINX, "srs_monitoring.hls_probe.streams is missing"),
        (PROBE, {**NGINX, "enabled": False}, "hls_nginx_enabled is false"),
        (PROBE, REDIRECTING, "srs_monitoring.hls_probe has no host name"),
    ],
)
def test_each_mistake_is_named(probe: dict[str, Any], nginx: dict[str, Any], said: str) -> None:
    (problem,) = monitoring.check(monitoring.resolve({"hls_probe": probe}, True, nginx), nginx)
    assert said in problem
