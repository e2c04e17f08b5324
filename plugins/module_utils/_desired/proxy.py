# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy of SRS 7, which stands in front of several origins and knows which of them has a stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import names
from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Settings
from ansible_collections.livestream.srs.plugins.module_utils._desired.server import service_port
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import load_balancer

# Port of the proxy, its environment variable, and the port that a server of SRS has for the same.
PORTS = {
    "rtmp": (11935, "PROXY_RTMP_SERVER", 1935),
    "http": (18080, "PROXY_HTTP_SERVER", 8080),
    "api": (11985, "PROXY_HTTP_API", 1985),
    "system": (12025, "PROXY_SYSTEM_API", 12025),
}


@dataclass
class Proxy:
    """``srs_origin_proxy`` as it is wanted."""

    labels: dict[str, str]
    image: str
    command: list[str]
    replicas: int
    redis: Settings
    slb: Settings
    resources: Settings
    app: str = names.PROXY
    system_port: int = PORTS["system"][0]
    container_ports: list[dict[str, Any]] = field(
        default_factory=lambda: [{"containerPort": port, "name": name} for name, (port, _env, _port) in PORTS.items()]
    )

    @property
    def public(self) -> bool:
        """Whether it has a load balancer."""
        return load_balancer.is_enabled(self.slb)

    @property
    def service_ports(self) -> list[dict[str, Any]]:
        """The ports of its load balancer."""
        return service_ports_of_proxy("rtmp", "http")

    @property
    def env(self) -> list[dict[str, Any]]:
        """The environment of its container, which is all the config that it has."""
        return list(self._env())

    def _env(self) -> Iterator[dict[str, Any]]:
        for port, name, _service_port in PORTS.values():
            yield {"name": name, "value": str(port)}
        yield {"name": "PROXY_LOAD_BALANCER_TYPE", "value": "redis" if self.redis else "memory"}
        # It does not start without this folder, whose default is one of the source tree. There is nothing in it here.
        yield {"name": "PROXY_STATIC_FILES", "value": "/tmp"}
        if self.redis:
            for key in ("host", "port", "db"):
                yield {"name": f"PROXY_REDIS_{key.upper()}", "value": str(self.redis[key])}
            if "password_secret" in self.redis:
                yield {"name": "PROXY_REDIS_PASSWORD", "valueFrom": {"secretKeyRef": self.redis["password_secret"]}}


def resolve_proxy(given: Settings, topology: str) -> Proxy:
    """The proxy from ``srs_origin_proxy``."""
    return Proxy(
        names.labels("origin", "proxy", topology),
        given.get("image", ""),
        given.get("command", []),
        given["replicas"],
        given.get("redis", {}),
        given.get("slb", {"enabled": False}),
        given.get("resources", {}),
    )


def service_ports_of_proxy(*wanted: str) -> list[dict[str, Any]]:
    """Ports of a Service in front of the proxy, those that SRS would have."""
    return [service_port(name, PORTS[name][2], PORTS[name][0]) for name in wanted]


def check(proxy: Proxy) -> Iterator[str]:
    """What is wrong with it, as sentences that name the variable, the value and the way out."""
    if not proxy.image:
        yield "srs_origin_proxy.image is missing: SRS publishes no image of its proxy, so name one that you have built."
    if proxy.redis and not proxy.redis["host"]:
        yield "srs_origin_proxy.redis.host is empty: give it, or leave redis out."
    if proxy.replicas > 1 and not proxy.redis:
        yield (
            f"srs_origin_proxy.replicas is {proxy.replicas}, but without redis each proxy knows only the origins that registered at it, "
            "and picks one for a stream by itself: give srs_origin_proxy.redis.host, or have 1 replica."
        )
