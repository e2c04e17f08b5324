# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Prometheus and Grafana are told about a topology."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired.monitoring import HlsProbe
from ansible_collections.livestream.srs.tests.support.wanted import problems, resolved

REDIRECTING = {"secret_name": "tls", "redirect": True}
PROBE = {"prober": "blackbox:9115", "streams": ["live/livestream", "/live/other"]}


def probe(**variables: Any) -> HlsProbe:
    made = resolved(srs_monitoring={"hls_probe": PROBE}, **variables).monitoring.hls_probe
    assert made
    return made


@pytest.mark.parametrize(
    ("given", "production", "enabled"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"enabled": True}, False, True),
        ({"enabled": "yes"}, False, True),
        ({"enabled": False}, True, False),
        ({"enabled": "no"}, True, False),
    ],
)
def test_it_is_on_for_production(given: dict[str, Any], production: bool, enabled: bool) -> None:
    assert resolved(srs_monitoring=given, srs_production_defaults=production).monitoring.enabled is enabled


def test_what_is_told_unless_said() -> None:
    made = resolved().monitoring
    assert (made.interval, made.labels, made.rules, made.dashboard, made.hls_probe) == ("15s", {}, True, True, None)
    assert made.allowed_from == [{"namespaceSelector": {}}]


def test_playlists_are_asked_for_as_a_player_does() -> None:
    made = probe(srs_namespace="live")
    assert made.urls == [
        "http://srs-http-service.live/live/livestream.m3u8",
        "http://srs-http-service.live/live/other.m3u8",
    ]
    assert (made.prober, made.module, made.stale_seconds) == ("blackbox:9115", "http_2xx", 60)


def test_where_plain_http_is_redirected_they_are_asked_for_by_the_name_in_the_certificate() -> None:
    named = {**REDIRECTING, "dns_names": ["live.example.com"]}
    assert probe(hls_nginx_https=named).urls[0] == "https://live.example.com/live/livestream.m3u8"
    assert problems(srs_monitoring={"hls_probe": PROBE}, hls_nginx_https=named) == []
    assert probe(hls_nginx_https={**named, "redirect": False}).urls[0].startswith("http://srs-http-service.")


@pytest.mark.parametrize(
    ("given", "variables", "said"),
    [
        ({"streams": ["live/a"]}, {}, "srs_monitoring.hls_probe.prober is missing"),
        ({"prober": "b"}, {}, "srs_monitoring.hls_probe.streams is missing"),
        (PROBE, {"hls_nginx_enabled": False}, "hls_nginx_enabled is false"),
        (PROBE, {"hls_nginx_https": REDIRECTING}, "srs_monitoring.hls_probe has no host name"),
    ],
)
def test_each_mistake_is_named(given: dict[str, Any], variables: dict[str, Any], said: str) -> None:
    (problem,) = problems(srs_monitoring={"hls_probe": given}, **variables)
    assert said in problem
    assert problems(srs_monitoring={"hls_probe": given, "enabled": False}, **variables) == []
