# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services, their addresses, and the URLs."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._labels import FLV, HOST
from ansible_collections.livestream.srs.plugins.module_utils._observed import addresses, status, status_text
from ansible_collections.livestream.srs.tests.support import topology_objects
from ansible_collections.livestream.srs.tests.support.topology_objects import service


@pytest.fixture
def tutorial() -> dict[str, Any]:
    return topology_objects.tutorial()


@pytest.mark.parametrize(
    ("port", "component", "protocol"),
    [
        ({"port": 1935}, "edge", "rtmp"),
        ({"port": 80, "targetPort": 80}, "hls", "hls"),
        ({"port": 80, "targetPort": 8080}, "edge", "flv"),
        ({"port": 443, "targetPort": "https"}, "hls", "hls"),
        ({"port": 80, "targetPort": "http"}, "hls", "hls"),
        ({"port": 8080, "targetPort": "http"}, "edge", "flv"),
        ({"port": 19350, "targetPort": "rtmp"}, "edge", "rtmp"),
        ({"port": 1985}, "edge", "api"),
        ({"port": 9972}, "edge", "exporter"),
        ({"port": 8081, "name": "http"}, "origin", "flv"),
        ({"port": 80, "targetPort": 80, "name": "srs-origin-service-80-80"}, "origin", "hls"),
        ({"port": 10080}, "edge", None),
    ],
)
def test_protocol_of_a_port(port: dict[str, Any], component: str, protocol: str | None) -> None:
    assert addresses.protocol_of(port, component) == protocol


def test_urls_name_other_ports_hosts_and_ipv6(tutorial: dict[str, Any]) -> None:
    tutorial["Service"] = [
        service("a", "edge", "cdn-a", [19350], ["2001:db8::1"]),
        service("b", "hls", "hls", [443], ["video.example"]),
    ]
    tutorial["Service"][0]["spec"]["ports"][0]["targetPort"] = 1935
    urls = [u["url"] for u in status.build(tutorial, app="show", stream="one")["urls"]]
    assert urls == [
        "https://video.example/show/one.m3u8",
        "rtmp://[2001:db8::1]:19350/show/one",
        "rtmp://[2001:db8::1]:19350/show/one",
    ]


def test_urls_by_tls_of_the_load_balancer(tutorial: dict[str, Any]) -> None:
    edge = service("a", "edge", "edge", [1935, 443, 8443], ["203.0.113.2"])
    edge["spec"]["ports"][0].update(name="rtmp", targetPort="rtmp")
    edge["spec"]["ports"][1].update(name="rtmp-tls", targetPort="rtmp")
    edge["spec"]["ports"][2].update(name="http-tls", targetPort="http")
    tutorial["Service"] = [edge]
    assert {u["url"] for u in status.build(tutorial)["urls"]} == {
        "rtmp://203.0.113.2/live/livestream",
        "rtmps://203.0.113.2/live/livestream",
        "https://203.0.113.2:8443/live/livestream.flv",
    }
    edge["spec"]["ports"][1].update(name="rtmp")
    assert "rtmp://203.0.113.2:443/live/livestream" in {u["url"] for u in status.build(tutorial)["urls"]}


def test_urls_by_https_have_the_name_in_the_certificate(tutorial: dict[str, Any]) -> None:
    nginx = service("b", "hls", "hls", [80, 443], ["203.0.113.2", "203.0.113.3"])
    tutorial["Service"] = [nginx]

    def urls() -> list[str]:
        return [u["url"].removesuffix("/live/livestream.m3u8") for u in status.build(tutorial)["urls"]]

    assert urls() == ["http://203.0.113.2", "https://203.0.113.2", "http://203.0.113.3", "https://203.0.113.3"]
    nginx["metadata"]["annotations"] = {HOST: "live.example.com", FLV: "true"}
    flv = "https://live.example.com/live/livestream.flv"
    assert urls() == ["http://203.0.113.2", "https://live.example.com", flv, "http://203.0.113.3"]
    said = status_text.summary({**status.build(tutorial), "servers": [], "streams": [], "problems": []})  # type: ignore[typeddict-item]
    assert f"  hls  HTTP-FLV  {flv}" in said


def test_inside_the_cluster_the_name_in_the_certificate_leads_nowhere(tutorial: dict[str, Any]) -> None:
    nginx = service("b", "hls", "hls", [443], kind="ClusterIP")
    nginx["metadata"]["annotations"] = {HOST: "live.example.com"}
    tutorial["Service"] = [nginx]
    assert [(u["url"], u["public"]) for u in status.build(tutorial)["urls"]] == [("https://b.video/live/livestream.m3u8", False)]


def test_endpoints_are_counted_from_the_services_own_slices(tutorial: dict[str, Any]) -> None:
    tutorial["EndpointSlice"] = [
        {
            "metadata": {"labels": {"kubernetes.io/service-name": "srs-edge-service"}},
            "endpoints": [{"conditions": {"ready": True}}, {"conditions": {"ready": False}}, {"conditions": {}}],
        },
        {"metadata": {"labels": {"kubernetes.io/service-name": "other"}}, "endpoints": [{"conditions": {"ready": True}}]},
    ]
    assert {s["ready_endpoints"] for s in status.build({**tutorial, "EndpointSlice": None})["services"]} == {None}
    found = {s["name"]: s["ready_endpoints"] for s in status.build(tutorial)["services"]}
    assert found == {"srs-edge-service": 2, "srs-http-service": 0, "srs-internal-origin-service": 0}
