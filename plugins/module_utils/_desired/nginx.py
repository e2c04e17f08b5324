# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How nginx serves HLS: in the origin's pod (``sidecar``), in pods of its own over the same volume (``deployment``), or as a tier of
caches in front of the origin (``cache``), which takes any number of players and asks the origin once for what all of them want.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import autoscale, https, names
from ansible_collections.livestream.srs.plugins.module_utils._desired import edges as clusters
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.quantities import number

Settings = Mapping[str, Any]

# 8080 is SRS's in the same pod, and a process that isn't root can't have port 80 on every runtime.
PORT, METRICS_PORT, IMAGES_OWN_PORT = 8081, 8082, 80
CACHE: dict[str, Any] = {"upstream": None, "size": "1Gi", "medium": None}
# Of the cache's volume, the part that nginx may fill: it goes beyond for a moment, and a pod that is over its limit is evicted.
FILL = 0.9
MIB = 2**20
# How long a page that SRS brings along may be kept: they change with the image alone.
PAGE_SECONDS = 60
# As many as keep the media available to the caches while a node goes.
BEHIND_CACHES = 2


def resolve_hls(nginx: Settings, origin: Settings, topology: str) -> dict[str, Any]:
    """nginx with all its keys: ``nginx`` has one entry for each ``hls_nginx_*`` variable, without that prefix, ``origin`` is resolved."""
    mode, own_config = nginx["mode"], nginx["own_config"]
    cache = {**CACHE, **(nginx["cache"] if isinstance(nginx["cache"], Mapping) else {})}
    upstream = upstream_of(nginx, origin)
    readers, apart = _readers(nginx, origin)
    port = PORT if own_config else IMAGES_OWN_PORT
    secure = https.resolve(nginx["https"])
    server = {
        **nginx,
        "labels": names.labels("hls", "hls", topology),
        "port": port,
        "metrics_port": METRICS_PORT if own_config and nginx["metrics"] else 0,
        "https": secure,
        "https_host": https.host(nginx["https"]) if secure else "",
        # Which of them players come to.
        "public_role": "cache" if mode == "cache" else "reader",
        "service_ports": service_ports(nginx),
        "service_name": names.HTTP_SERVICE,
        "origin_service_name": names.HLS_ORIGIN_SERVICE,
        "config_name": names.NGINX_CONFIG,
        "cache_config_name": names.HLS_CACHE_CONFIG,
        "flv_service_name": names.FLV_SERVICE,
        "sidecar": readers and not apart,
        "readers": readers,
        "asks_srs": srs_serves(nginx, origin),
        "page_seconds": PAGE_SECONDS,
        "cache": cache,
        "cache_volume": {key: value for key, value in (("medium", cache["medium"]), ("sizeLimit", cache["size"])) if value},
        "cache_size": f"{int((number(cache['size']) or 0) * FILL / MIB)}m",
        "upstream": _address(upstream, origin) if mode == "cache" else "",
    }
    reader = {"app": names.NGINX_ORIGIN} if apart else origin["selector"]
    server["reader_selector"] = reader
    server["selector"] = {"app": names.HLS_CACHE} if mode == "cache" else reader
    server["workloads"] = list(_workloads(server, apart))
    server["manifests"] = list(_manifests(server)) if nginx["enabled"] else []
    return server


def _readers(nginx: Settings, origin: Settings) -> tuple[bool, bool]:
    """Whether there are pods that read the media themselves, and whether apart from the origin."""
    mode = nginx["mode"]
    readers = bool(nginx["enabled"] and (mode != "cache" or upstream_of(nginx, origin) == "nginx"))
    return readers, readers and (mode == "deployment" or (mode == "cache" and origin["several"]))


def upstream_of(nginx: Settings, origin: Settings) -> str:
    """Whom the caches ask: ``nginx``, or ``srs`` itself, which is all there is where each origin has files of its own behind a proxy."""
    cache = nginx["cache"] if isinstance(nginx["cache"], Mapping) else {}
    return str(cache.get("upstream") or ("srs" if origin["mode"] == "proxy" else "nginx"))


def srs_serves(nginx: Settings, origin: Settings) -> bool:
    """Whether the HTTP server of SRS has to be reachable for HLS."""
    return bool(nginx["enabled"] and nginx["mode"] == "cache" and upstream_of(nginx, origin) == "srs")


def service_ports(nginx: Settings) -> list[dict[str, Any]]:
    """The ports of the Service that players use."""
    ports = {"http": (80, PORT if nginx["own_config"] else IMAGES_OWN_PORT)}
    if https.resolve(nginx["https"]):
        ports["https"] = (https.SERVICE_PORT, https.PORT)
    return [{"name": name, "port": port, "targetPort": target, "protocol": "TCP"} for name, (port, target) in ports.items()]


def _address(upstream: str, origin: Settings) -> str:
    if upstream == "nginx":
        return f"{names.HLS_ORIGIN_SERVICE}:80"
    port = next((port["port"] for port in origin["service"]["ports"] if port["name"] == "http"), 0)
    return f"{names.ORIGIN_SERVICE}:{port}"


def _workloads(server: Settings, apart: bool) -> Iterator[dict[str, Any]]:
    scaled = {"replicas": clusters.typed(server["replicas"], 1), "autoscale": autoscale.resolved(server["autoscale"] or {})}
    if apart:
        behind = server["mode"] == "cache"
        yield {
            "name": f"{names.NGINX_ORIGIN}-deployment",
            "app": names.NGINX_ORIGIN,
            "role": "reader",
            **({"replicas": BEHIND_CACHES, "autoscale": {}} if behind else scaled),
        }
    if server["mode"] == "cache" and server["enabled"]:
        yield {"name": f"{names.HLS_CACHE}-deployment", "app": names.HLS_CACHE, "role": "cache", **scaled}


def _manifests(server: Settings) -> Iterator[str]:
    """The templates of the objects that there are."""
    yield "service"
    if server["https"]:
        if server["https"]["issuer"]:
            yield "certificate"
        if server["https"]["flv_cluster"]:
            yield "flv-service"
    if server["readers"] and server["own_config"]:
        yield "configmap"
    if server["mode"] == "cache":
        yield "cache-configmap"
        if server["readers"]:
            yield "origin-service"
    if server["workloads"]:
        yield "deployment"
        if server["pod_disruption_budget"]:
            yield "pod-disruption-budget"
        if server["autoscale"]:
            yield "horizontal-pod-autoscaler"


def check(nginx: Settings, origin: Settings) -> Iterator[str]:
    """What is wrong with it, as sentences that name the variable, the value and the way out."""
    if not nginx["enabled"]:
        return
    yield from _check_media(nginx, origin)
    yield from https.check(nginx["https"], nginx["own_config"])
    yield from _check_ports(nginx, origin)
    mode = nginx["mode"]
    replicas = clusters.typed(nginx["replicas"], 1)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        yield f"hls_nginx_replicas is {replicas!r}: it has to be a whole number from 0 up."
    if mode == "cache":
        if not nginx["own_config"]:
            yield "hls_nginx_own_config is false, but a cache is made by a config of ours: set it to true."
        if clusters.typed(nginx["playlist_seconds"], 1) < 1:
            yield "hls_nginx_playlist_seconds is 0, with which the caches would ask the origin for each player: it has to be at least 1."
        size = (nginx["cache"] or {}).get("size")
        if size is not None and (number(size) or 0) < 16 * MIB:
            yield f"hls_nginx_cache.size is {size!r}: it has to be a quantity of Kubernetes from 16Mi up, for example 1Gi."
        if srs_serves(nginx, origin) and "http" not in origin["ports"] and not origin["proxy"]:
            yield "hls_nginx_cache.upstream is srs, but srs_origin_config.http_server is off: leave it on."
    yield from autoscale.check("hls_nginx", nginx)
    if nginx["autoscale"] and mode == "sidecar":
        yield "hls_nginx_autoscale is given, but hls_nginx_mode is sidecar, and there is one nginx in the origin's pod: leave it out."


def _check_ports(nginx: Settings, origin: Settings) -> Iterator[str]:
    """Whether SRS leaves nginx its ports: in one pod they have one address."""
    if _readers(nginx, origin) != (True, False) or not nginx["own_config"]:
        return
    taken = {port: name for name, port in origin["ports"].items()}
    needed = [PORT, METRICS_PORT, *([https.PORT] if nginx["mode"] == "sidecar" and https.resolve(nginx["https"]) else [])]
    for port in filter(taken.get, needed):
        yield f"srs_origin_config has SRS listen on port {port} ({taken[port]}), which the nginx in the same pod needs: choose another one."


def _check_media(nginx: Settings, origin: Settings) -> Iterator[str]:
    """Whether what serves HLS can see the files of all streams."""
    mode, media, several = nginx["mode"], origin["media"], origin["several"]
    if mode == "sidecar":
        if several:
            yield (
                f"hls_nginx_mode is sidecar, but srs_origin_mode {origin['mode']} has several origins, and the nginx in the pod of one "
                "would miss the streams of the others: set hls_nginx_mode to deployment or cache, with a srs_origin_storage for all."
            )
        return
    # The one origin has all files, and so has the proxy, which knows who has which.
    if mode == "cache" and (not several or (origin["mode"] == "proxy" and upstream_of(nginx, origin) == "srs")):
        return
    if not media["persistent"]:
        yield (
            f"hls_nginx_mode is {mode}, but srs_origin_storage is an emptydir, which no other pod can see: give it type pvc and "
            "access_mode ReadWriteMany" + ("." if several else ", or set hls_nginx_mode to sidecar.")
        )
    elif media["shared"] is False and not several:
        yield (
            f"hls_nginx_mode is {mode}, but srs_origin_storage.access_mode is {media['access_mode']}, so only pods of one node could "
            "mount it: it has to be ReadWriteMany, of a storage class that can do it."
        )
