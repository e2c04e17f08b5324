# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Prometheus and Grafana are told about a topology."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import https, names

DEFAULTS: dict[str, Any] = {
    "interval": "15s",
    "labels": {},
    "rules": True,
    "dashboard": True,
    # The ports of metrics are on no load balancer, so these are pods of the same Kubernetes.
    "from": [{"namespaceSelector": {}}],
    "hls_probe": {},
}
HLS_PROBE: dict[str, Any] = {"prober": "", "module": "http_2xx", "streams": [], "stale_seconds": 60}
# What Prometheus Operator brings. On a cluster without it these objects are left out.
GROUP = "monitoring.coreos.com"


def resolve(given: Any, production: bool, nginx: Mapping[str, Any]) -> dict[str, Any]:
    """The monitoring with all its keys. It is on for production."""
    settings = {"enabled": production, **DEFAULTS, **(given if isinstance(given, Mapping) else {})}
    probe = {**HLS_PROBE, **settings["hls_probe"]} if settings["hls_probe"] else {}
    if probe:
        # The prober may be in another namespace. A redirect would lead it to a name that the certificate isn't for.
        redirected = https.resolve(nginx["https"]).get("redirect")
        server = f"https://{https.host(nginx['https'])}" if redirected else f"http://{names.HTTP_SERVICE}.NAMESPACE"
        probe["urls"] = [f"{server}/{str(stream).strip('/')}.m3u8" for stream in probe["streams"]]
    return {**settings, "hls_probe": probe}


def manifests(settings: Mapping[str, Any]) -> Iterator[str]:
    """The templates of the objects that there are."""
    if not settings["enabled"]:
        return
    yield "pod-monitor"
    if settings["rules"]:
        yield "prometheus-rule"
    if settings["hls_probe"]:
        yield "probe"
    if settings["dashboard"]:
        yield "grafana-dashboard"


def check(settings: Mapping[str, Any], nginx: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with it, as sentences that name the variable, the value and the way out."""
    probe = settings["hls_probe"]
    if not settings["enabled"] or not probe:
        return
    for key, example in (("prober", "blackbox-exporter.monitoring:9115"), ("streams", "[live/livestream]")):
        if not probe[key]:
            yield f"srs_monitoring.hls_probe.{key} is missing: give it, for example {example}."
    if not nginx["enabled"]:
        yield "srs_monitoring.hls_probe asks nginx for playlists, but hls_nginx_enabled is false: leave it out."
    elif https.resolve(nginx["https"]).get("redirect") and not https.host(nginx["https"]):
        yield "srs_monitoring.hls_probe has no host name to ask, and hls_nginx_https.redirect leaves nothing but HTTPS: give dns_names."
