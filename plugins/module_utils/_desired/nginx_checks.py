# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of nginx, as sentences that name the variable, the value and the way out."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.livestream.srs.plugins.module_utils._desired import autoscale, https
from ansible_collections.livestream.srs.plugins.module_utils._desired.nginx import MIB, Nginx
from ansible_collections.livestream.srs.plugins.module_utils._desired.pods_checks import MOST_PODS
from ansible_collections.livestream.srs.plugins.module_utils._desired.server import NAMED
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.quantities import number
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.value_checks import whole

# A day: what is held takes room, and players that came to a stream that has ended wait as long.
MOST_SECONDS = 86400


def check(nginx: Nginx) -> Iterator[str]:
    """What is wrong with it."""
    if not nginx.enabled or not nginx.origin.enabled:
        return
    yield from _check_media(nginx)
    yield from https.check(nginx.https_given, nginx.own_config)
    yield from _check_ports(nginx)
    if nginx.workloads and nginx.replicas is not None:
        yield from whole(0, MOST_PODS)("hls_nginx_replicas", nginx.replicas)
    yield from whole(0, MOST_SECONDS)("hls_nginx_hold_seconds", nginx.hold_seconds)
    if nginx.mode == "cache" or nginx.holds:
        yield from _check_size(nginx)
    if nginx.holds and "-slim" in nginx.image:
        yield (
            f"hls_nginx_image is {nginx.image!r}, an image without njs, which keeps playlists for hls_nginx_hold_seconds: leave out "
            "-slim, or set hls_nginx_hold_seconds to 0."
        )
    if nginx.mode == "cache":
        yield from _check_cache(nginx)
    if nginx.mode != "sidecar":
        yield from autoscale.check("hls_nginx_autoscale", nginx.autoscale, nginx.resources)
    elif nginx.autoscale:
        yield "hls_nginx_autoscale is given, but hls_nginx_mode is sidecar, and there is one nginx in the origin's pod: leave it out."


def _check_cache(nginx: Nginx) -> Iterator[str]:
    if not nginx.own_config:
        yield "hls_nginx_own_config is false, but a cache is made by a config of ours: set it to true."
    if nginx.playlist_seconds < 1:
        yield "hls_nginx_playlist_seconds is 0, with which the caches would ask the origin for each player: it must be at least 1."
    if nginx.asks_srs and "http" not in nginx.origin.ports and not nginx.origin.proxy:
        yield "hls_nginx_cache.upstream is srs, but srs_origin_config.http_server is off: leave it on."


def _check_size(nginx: Nginx) -> Iterator[str]:
    size = nginx.cache["size"]
    if (number(size) or 0) < 16 * MIB:
        yield f"hls_nginx_cache.size is {size!r}: it must be a quantity of Kubernetes from 16Mi up, for example 1Gi."


def _check_ports(nginx: Nginx) -> Iterator[str]:
    """Whether SRS leaves nginx its ports: in one pod they have one address."""
    if not nginx.sidecar or not nginx.own_config:
        return
    tcp = [listener for listener in nginx.origin.listeners if listener.protocol == "TCP"]
    taken = {port: NAMED.get(listener.directive, listener.path) for listener in tcp for port in listener.ports}
    needed = [nginx.port, nginx.metrics_port, nginx.peers_port, *([https.PORT] if nginx.mode == "sidecar" and nginx.https else [])]
    for port in filter(taken.get, needed):
        yield f"srs_origin_config has SRS listen on port {port} ({taken[port]}), which the nginx in the same pod needs: choose another one."


def _check_media(nginx: Nginx) -> Iterator[str]:
    """Whether what serves HLS can see the files of all streams."""
    mode, origin = nginx.mode, nginx.origin
    media = origin.media
    if mode == "sidecar":
        if origin.several:
            yield (
                f"hls_nginx_mode is sidecar, but srs_origin_mode {origin.mode} has several origins, and the nginx in the pod of one "
                "would miss the streams of the others: set hls_nginx_mode to deployment or cache, with a srs_origin_storage for all."
            )
        return
    # The one origin has all files, and so has the proxy, which knows who has which.
    if mode == "cache" and (not origin.several or (origin.proxy and nginx.upstream == "srs")):
        return
    if not media.persistent:
        yield (
            f"hls_nginx_mode is {mode}, but srs_origin_storage is an emptydir, which no other pod can see: give it type pvc and "
            "access_mode ReadWriteMany" + ("." if origin.several else ", or set hls_nginx_mode to sidecar.")
        )
    elif media.shared is False and not origin.several:
        yield (
            f"hls_nginx_mode is {mode}, but srs_origin_storage.access_mode is {media.access_mode}, so only pods of one node could "
            "mount it: it must be ReadWriteMany, of a storage class that can do it."
        )
