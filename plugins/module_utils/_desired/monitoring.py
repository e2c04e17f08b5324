# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Prometheus and Grafana are told about a topology."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import names
from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Settings
from ansible_collections.livestream.srs.plugins.module_utils._desired.https import Https
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.value_checks import labels, text

# https://github.com/prometheus-operator/prometheus-operator/blob/main/Documentation/api-reference/api.md#monitoring.coreos.com/v1.Duration
duration = text(
    re.compile(r"0|(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?", re.ASCII).fullmatch,
    "a duration of Prometheus, such as 15s or 1m30s",
)

# What Prometheus Operator brings. On a cluster without it these objects are left out.
GROUP = "monitoring.coreos.com"


@dataclass
class HlsProbe:
    """Playlists that a blackbox exporter asks for."""

    prober: str
    module: str
    urls: list[str]
    stale_seconds: int


@dataclass
class Monitoring:
    """``srs_monitoring`` as it is wanted."""

    enabled: bool
    interval: str
    labels: dict[str, str]
    rules: bool
    dashboard: bool
    allowed_from: list[dict[str, Any]]  # peers of a NetworkPolicy
    hls_probe: HlsProbe | None


def resolve(given: Settings, production: bool, https: Https | None, namespace: str) -> Monitoring:
    """The monitoring. It is on for production."""
    probe = given.get("hls_probe")
    return Monitoring(
        given.get("enabled", production),
        given["interval"],
        given["labels"],
        given["rules"],
        given["dashboard"],
        given["from"],
        HlsProbe(probe.get("prober", ""), probe["module"], list(_urls(probe, https, namespace)), probe["stale_seconds"]) if probe else None,
    )


def _urls(probe: Settings, https: Https | None, namespace: str) -> Iterator[str]:
    # The prober may be in another namespace. A redirect would lead it to a name that the certificate isn't for.
    server = f"https://{https.host}" if https and https.redirect else f"http://{names.HTTP_SERVICE}.{namespace}"
    for stream in probe.get("streams", ()):
        yield f"{server}/{stream.strip('/')}.m3u8"


def check(monitoring: Monitoring, hls_enabled: bool, https: Https | None) -> Iterator[str]:
    """What is wrong with it, as sentences that name the variable, the value and the way out."""
    if not monitoring.enabled:
        return
    yield from labels("srs_monitoring.labels", monitoring.labels)
    yield from duration("srs_monitoring.interval", monitoring.interval)
    probe = monitoring.hls_probe
    if not probe:
        return
    for key, value, example in (
        ("prober", probe.prober, "blackbox-exporter.monitoring:9115"),
        ("streams", probe.urls, "[live/livestream]"),
    ):
        if not value:
            yield f"srs_monitoring.hls_probe.{key} is missing: give it, for example {example}."
    if not hls_enabled:
        yield "srs_monitoring.hls_probe asks nginx for playlists, but hls_nginx_enabled is false: leave it out."
    elif https and https.redirect and not https.host:
        yield "srs_monitoring.hls_probe has no host name to ask, and hls_nginx_https.redirect leaves nothing but HTTPS: give dns_names."
