# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How nginx serves HLS: in the origin's pod (``sidecar``), in pods of its own over the same volume (``deployment``), or as a tier of
caches in front of the origin (``cache``), which takes any number of players and asks the origin once for what all of them want.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import autoscale, https, names
from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Pods, Settings, built
from ansible_collections.livestream.srs.plugins.module_utils._desired.https import Https
from ansible_collections.livestream.srs.plugins.module_utils._desired.origin import Origin
from ansible_collections.livestream.srs.plugins.module_utils._desired.server import service_port
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.quantities import number

PREFIX = "hls_nginx_"

# 8080 is SRS's in the same pod, and a process that isn't root can't have port 80 on every runtime.
PORT, METRICS_PORT, PEERS_PORT, IMAGES_OWN_PORT = 8081, 8082, 8083, 80
# Of the cache's volume, the part that nginx may fill: it goes beyond for a moment, and a pod that is over its limit is evicted.
FILL = 0.9
MIB = 2**20
# How long a page that SRS brings along may be kept: they change with the image alone.
PAGE_SECONDS = 60
# As many as keep the media available to the caches while a node goes.
BEHIND_CACHES = 2
# How long a pod in front of players keeps segments beyond the hold: longer than any playlist names them.
KEPT_BEYOND_HOLD = 120

READER, CACHE = "reader", "cache"


@dataclass
class NginxWorkload:
    """A Deployment of nginx's own: ``role`` is ``reader`` over the origin's volume, or ``cache``."""

    name: str
    app: str
    role: str
    replicas: int | None
    autoscale: Settings


@dataclass(kw_only=True)
class Nginx(Pods):
    """nginx: the variables ``hls_nginx_*`` without that prefix, beside the origin that it serves."""

    enabled: bool
    mode: str
    slb: Settings
    https: Https | None
    https_given: Settings
    replicas: int | None
    autoscale: Settings
    cache: Settings
    playlist_seconds: int
    segment_seconds: int
    hold_seconds: int
    cors_origin: str
    worker_processes: int
    worker_connections: int
    own_config: bool
    metrics: bool
    labels: dict[str, str]
    origin: Origin

    @property
    def port(self) -> int:
        return PORT if self.own_config else IMAGES_OWN_PORT

    @property
    def metrics_port(self) -> int:
        """0 where there are no metrics."""
        return METRICS_PORT if self.own_config and self.metrics else 0

    @property
    def holds(self) -> bool:
        """Whether playlists and segments outlive their server. Segments whose names come again with the next server can't be kept."""
        return self.origin.held_by_nginx and self.origin.names_segments_once

    def keeps(self, role: str) -> bool:
        """Whether a pod of this role has a volume of its own for playlists and segments."""
        return role == CACHE or self.holds

    def own_media(self, role: str) -> bool:
        """Whether each pod of this role sees other media: what SRS writes to a volume that dies with its pod."""
        return role == READER and not self.apart and not self.origin.media.persistent

    def kept_seconds(self, role: str) -> int:
        """How long a segment that nobody asks for stays on the disk."""
        return self.segment_seconds if role == CACHE else self.hold_seconds + KEPT_BEYOND_HOLD

    @property
    def peers_port(self) -> int:
        """Where pods ask each other for playlists and segments; 0 where they don't."""
        return PEERS_PORT if self.holds else 0

    def peers_service(self, role: str) -> str:
        """The name of the Service that has the addresses of all pods of this role, also of those that end."""
        return self.origin.called("Service", names.HLS_CACHE_PEERS if role == CACHE else names.HLS_PEERS)

    @property
    def asks_each_origin(self) -> bool:
        """Whether the caches ask the pods of the one origin themselves, where the one that ends may still have the stream."""
        return self.holds and self.mode == "cache" and self.upstream == "srs" and not self.origin.several

    @property
    def sidecar_stays_seconds(self) -> int:
        """How long the nginx in the origin's pod goes on when the pod is to end."""
        grace = self.origin.grace
        if not self.sidecar or not grace:
            return 0
        if not self.holds or self.origin.recreate:
            return grace.pre_stop
        # Beyond SRS: so the next pod can fetch what is held here, and who has a connection to this one gets what the next one has.
        return grace.pre_stop + grace.drain + self.deregister_seconds

    @property
    def public_role(self) -> str:
        """Which of them players come to."""
        return CACHE if self.mode == "cache" else READER

    @property
    def upstream(self) -> str:
        """Where the caches fetch from: ``nginx`` or ``srs``."""
        return upstream_of(self.cache, self.origin.mode)

    @property
    def asks_srs(self) -> bool:
        """Whether the HTTP server of SRS must be reachable for HLS."""
        return self.origin.serves_hls

    @property
    def readers(self) -> bool:
        """Whether there are pods in which an nginx reads the media itself."""
        return self.enabled and (self.mode != "cache" or self.upstream == "nginx")

    @property
    def apart(self) -> bool:
        """Whether these are pods of nginx's own, and not the origin's."""
        return self.readers and (self.mode == "deployment" or (self.mode == "cache" and self.origin.several))

    @property
    def sidecar(self) -> bool:
        return self.readers and not self.apart

    @property
    def reader_selector(self) -> dict[str, str]:
        return {"app": names.NGINX_ORIGIN} if self.apart else self.origin.selector

    @property
    def selector(self) -> dict[str, str]:
        """The pods that players come to."""
        return {"app": names.HLS_CACHE} if self.mode == "cache" else self.reader_selector

    @cached_property
    def workloads(self) -> list[NginxWorkload]:
        return list(self._workloads())

    def _workloads(self) -> Iterator[NginxWorkload]:
        caches = self.enabled and self.mode == "cache"
        if self.apart:
            scale = (BEHIND_CACHES, {}) if caches else (self.replicas, self.autoscale)
            yield NginxWorkload(f"{names.NGINX_ORIGIN}-deployment", names.NGINX_ORIGIN, READER, *scale)
        if caches:
            yield NginxWorkload(f"{names.HLS_CACHE}-deployment", names.HLS_CACHE, CACHE, self.replicas, self.autoscale)

    @cached_property
    def service_ports(self) -> list[dict[str, Any]]:
        """The ports of the Service that players use."""
        secure = [service_port("https", https.SERVICE_PORT, https.PORT)] if self.https else []
        return [service_port("http", 80, self.port), *secure]

    @property
    def cache_volume(self) -> dict[str, Any]:
        """The emptyDir of a cache."""
        return {key: value for key, value in (("medium", self.cache.get("medium")), ("sizeLimit", self.cache["size"])) if value}

    @property
    def cache_megabytes(self) -> int:
        """How much of it nginx may fill, in MiB."""
        return int((number(self.cache["size"]) or 0) * FILL / MIB)

    @property
    def upstream_address(self) -> str:
        """Where the caches ask, as host:port."""
        if self.upstream == "nginx":
            return f"{self.origin.called('Service', names.HLS_ORIGIN_SERVICE)}:80"
        port = next((port["port"] for port in self.origin.service.ports if port["name"] == "http"), 0)
        return f"{self.origin.called('Service', names.ORIGIN_SERVICE)}:{port}"

    def serves_https(self, role: str) -> Https | None:
        """The HTTPS of the nginx in this role."""
        return self.https if role == self.public_role else None


def upstream_of(cache: Settings, origin_mode: str) -> str:
    """Where the caches fetch from: ``nginx``, or ``srs`` itself, the only choice where each origin behind a proxy has files of its own."""
    return str(cache.get("upstream") or ("srs" if origin_mode == "proxy" else "nginx"))


def srs_serves(values: Settings, origin_mode: str) -> bool:
    """Whether the HTTP server of SRS must be reachable for HLS; ``values`` are the validated variables of the role."""
    caches = values["hls_nginx_enabled"] and values["hls_nginx_mode"] == "cache"
    return bool(caches and upstream_of(values["hls_nginx_cache"], origin_mode) == "srs")


def holds_media(values: Settings) -> bool:
    """Whether nginx keeps playlists and segments for a while; ``values`` are the validated variables of the role."""
    return bool(values["hls_nginx_enabled"] and values["hls_nginx_own_config"] and values["hls_nginx_hold_seconds"])


def resolve_nginx(values: Settings, origin: Origin, topology: str) -> Nginx:
    """nginx from the validated variables of its role."""
    given = values["hls_nginx_https"]
    return built(
        Nginx,
        PREFIX,
        {**values, "hls_nginx_autoscale": autoscale.resolved(values["hls_nginx_autoscale"])},
        https=https.resolve(given),
        https_given=given,
        labels=names.labels("hls", "hls", topology),
        origin=origin,
    )
