# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pods of each workload offer to players, from what Kubernetes has of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._labels import CANARY, SRS_CONTAINER, TRACK
from ansible_collections.livestream.srs.plugins.module_utils._observed import server_config
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import MAJORS, Release, release_of_image
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf import parse, serving
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reading import Reading
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.transform import modernise

Object = Mapping[str, Any]

NGINX = "nginx"
HLS_PORT = "hls"
RTMP_PORT = 1935
# Where players look for a playlist, by SRS's default, and by the nginx of the collection.
PLAYLIST = "[app]/[stream].m3u8"


@dataclass(frozen=True)
class Offer:
    """Ports are None where there is no such thing, or where nobody tells."""

    track: str = "stable"
    """``stable`` or ``canary``."""
    rtmp_port: int | None = None
    flv_port: int | None = None
    """Of HTTP-FLV at /APP/STREAM.flv."""
    hls_port: int | None = None
    """Of playlists at /APP/STREAM.m3u8, as far as this pod tells."""
    by_nginx: bool = False
    """Whether that is nginx, and not SRS."""
    makes_hls: bool = False
    """Whether its SRS writes playlists for that."""
    may_refuse: str = ""
    """The setting by which its SRS may refuse a player that has no token; empty if there is none."""


def offers(objects: Mapping[str, Iterable[Object] | None]) -> dict[str, Offer]:
    """By name of the workload. ``objects`` are the API server's by kind, ConfigMaps among them; None are those that may not be read."""
    config_maps = {item["metadata"]["name"]: item.get("data") or {} for item in objects.get("ConfigMap") or ()}
    workloads = [item for kind in ("Deployment", "StatefulSet") for item in objects.get(kind) or ()]
    return {item["metadata"]["name"]: _offer(item, config_maps) for item in workloads}


def _offer(workload: Object, config_maps: Mapping[str, Mapping[str, str]]) -> Offer:
    template = workload["spec"]["template"]
    containers = {one["name"]: one for one in template["spec"].get("containers") or ()}
    canary = (workload["metadata"].get("labels") or {}).get(TRACK) == CANARY
    track = CANARY if canary else "stable"
    nginx = _nginx_port(containers[NGINX]) if NGINX in containers else None
    if SRS_CONTAINER not in containers:
        return Offer(track, hls_port=nginx, by_nginx=True)
    reading = _reading(template, containers[SRS_CONTAINER], config_maps)
    if reading is None:
        return Offer(track, RTMP_PORT, hls_port=nginx, by_nginx=nginx is not None)
    http = serving.port(reading, "http_server.listen")
    makes = serving.has_hls(reading, PLAYLIST)
    return Offer(
        track,
        rtmp_port=serving.port(reading, "listen") or RTMP_PORT,
        flv_port=http if serving.has_flv(reading) else None,
        hls_port=nginx or (http if makes and serving.serves_its_hls(reading) else None),
        by_nginx=nginx is not None,
        makes_hls=makes,
        may_refuse=serving.may_refuse_players(reading),
    )


def _reading(template: Object, container: Object, config_maps: Mapping[str, Mapping[str, str]]) -> Reading | None:
    """The srs.conf of its ConfigMap as the server reads it; None where it isn't there or can't be parsed."""
    settings = server_config.of_template(template)
    text = config_maps.get(settings.config_map or "", {}).get(settings.config_file or "")
    if not text:
        return None
    release = release_of_image(str(container.get("image"))) or Release(MAJORS[-1])
    # A value from a Secret or a field is not known here.
    env = {one["name"]: one.get("value") if "valueFrom" in one else one.get("value") or "" for one in container.get("env") or ()}
    try:
        return Reading(modernise(parse.parse(text, release.major), release)[0], release, env)
    except SrsError:
        return None


def _nginx_port(container: Object) -> int | None:
    """Where the nginx of the collection serves HLS: its port of that name, or the only one."""
    ports = [port for port in container.get("ports") or () if port.get("name") == HLS_PORT] or container.get("ports") or ()
    return ports[0]["containerPort"] if ports else None
