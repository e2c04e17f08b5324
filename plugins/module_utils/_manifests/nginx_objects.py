# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of nginx, and its container, which may be in the origin's pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import https, names
from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Common
from ansible_collections.livestream.srs.plugins.module_utils._desired.nginx import READER, Nginx, NginxWorkload
from ansible_collections.livestream.srs.plugins.module_utils._desired.server import service_port
from ansible_collections.livestream.srs.plugins.module_utils._desired.topology import Topology
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._labels import FLV, HOST, NGINX_CONFIG_CHECKSUM
from ansible_collections.livestream.srs.plugins.module_utils._manifests import parts
from ansible_collections.livestream.srs.plugins.module_utils._manifests.container import TMP_MOUNT, TMP_VOLUME, container
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.render import checksum

COMMAND = ["nginx", "-c", "/etc/nginx-srs/nginx.conf", "-g", "daemon off;"]
START = ["/bin/sh", "/etc/nginx-srs/start.sh"]
# Beyond the time that a pod goes on serving, for the answers that are under way.
GRACE_SECONDS = 30
# A cache that goes is a cache that must be filled again.
SCALING = {"scaleDown": {"stabilizationWindowSeconds": 600}}


def files_checksum(files: Mapping[str, str]) -> str:
    """The checksum of a config and what it takes."""
    return checksum("".join(files.values()))


def nginx_objects(topology: Topology, reader: Mapping[str, str], cache: Mapping[str, str]) -> Iterator[Object]:
    """All objects of nginx, but for its container in the origin's pod."""
    common, nginx = topology.common, topology.nginx
    yield _service(common, nginx)
    if nginx.https and nginx.https.issuer:
        yield _certificate(common, nginx, nginx.https)
    if nginx.https and nginx.https.flv_cluster:
        yield _flv_service(topology, nginx.https.flv_cluster)
    yield from _reader_config(common, nginx, reader)
    yield from _peers(common, nginx)
    if nginx.mode == "cache":
        yield parts.config_map(common, names.HLS_CACHE_CONFIG, nginx.labels, cache)
        if nginx.readers:
            # Where the caches fetch from: the nginx that reads the volume.
            ports = [service_port("http", 80, nginx.port)]
            yield parts.service(common, names.HLS_ORIGIN_SERVICE, nginx.labels, nginx.reader_selector, ports)
    for workload in nginx.workloads:
        yield _deployment(common, nginx, workload, reader if workload.role == READER else cache)
        if nginx.pod_disruption_budget:
            yield parts.disruption_budget(common, workload.app, nginx.labels, {"app": workload.app})
        if workload.autoscale:
            yield parts.autoscaler(common, workload.app, nginx.labels, workload.name, workload.autoscale, SCALING)


def sidecar_objects(topology: Topology, reader: Mapping[str, str]) -> Iterator[Object]:
    """What the origin's pod can't start without."""
    if topology.nginx.sidecar:
        yield from _reader_config(topology.common, topology.nginx, reader)


def _reader_config(common: Common, nginx: Nginx, files: Mapping[str, str]) -> Iterator[Object]:
    if nginx.readers and nginx.own_config:
        yield parts.config_map(common, names.NGINX_CONFIG, nginx.labels, files)


def _peers(common: Common, nginx: Nginx) -> Iterator[Object]:
    """By which pods find each other: those that are not ready, too, since one that ends may have what another lacks."""
    port = [service_port("peers", nginx.peers_port, nginx.peers_port)]
    if nginx.holds and nginx.readers:
        yield parts.service(common, names.HLS_PEERS, nginx.labels, nginx.reader_selector, port, **parts.HEADLESS)
    if nginx.holds and nginx.mode == "cache":
        yield parts.service(common, names.HLS_CACHE_PEERS, nginx.labels, nginx.selector, port, **parts.HEADLESS)
    if nginx.asks_each_origin:
        http = nginx.origin.ports["http"]
        yield parts.service(
            common, names.ORIGIN_PODS, nginx.labels, nginx.origin.selector, [service_port("http", http, http)], **parts.HEADLESS
        )


def _service(common: Common, nginx: Nginx) -> Object:
    # What the status can't see from here: the name in the certificate, and that there is HTTP-FLV, too.
    told = {}
    if nginx.https and nginx.https.host:
        told[HOST] = nginx.https.host
    if nginx.https and nginx.https.flv_cluster:
        told[FLV] = "true"
    return parts.public_service(
        common, names.HTTP_SERVICE, nginx.labels, nginx.selector, nginx.service_ports, nginx.slb, "hls_nginx_slb", told
    )


def _certificate(common: Common, nginx: Nginx, wanted: https.Https) -> Object:
    """cert-manager writes the certificate to the Secret that nginx mounts, and renews it there."""
    spec = {
        "secretName": wanted.secret_name,
        "dnsNames": wanted.dns_names,
        "issuerRef": wanted.issuer,
        "privateKey": {"rotationPolicy": "Always"},
    }
    return parts.manifest("cert-manager.io/v1", "Certificate", common, names.HLS_CERTIFICATE, nginx.labels, spec=spec)


def _flv_service(topology: Topology, cluster: str) -> Object:
    """Where nginx fetches HTTP-FLV from. It is there before nginx, which would not start without the name, and whatever becomes of the edge
    cluster.
    """
    edge = next(edge for edge in topology.edges if edge.name == cluster)
    ports = [service_port("flv", 8080, edge.ports["http"])]
    return parts.service(topology.common, names.FLV_SERVICE, topology.nginx.labels, {"app": edge.app}, ports)


def _deployment(common: Common, nginx: Nginx, workload: NginxWorkload, files: Mapping[str, str]) -> Object:
    origin = nginx.origin
    selector = {"app": workload.app}
    labels = {**selector, **(nginx.labels if common.production_defaults else {})}
    annotations = {NGINX_CONFIG_CHECKSUM: files_checksum(files)} if origin.config_checksum and nginx.own_config else {}
    return parts.deployment(
        common,
        workload.name,
        workload.app,
        nginx.labels,
        **parts.scale(workload.replicas, workload.autoscale),
        **(parts.rolling("25%", nginx.host_network) if origin.graceful else {}),
        selector={"matchLabels": selector},
        template={
            "metadata": {"labels": labels, **parts.present(annotations=annotations)},
            "spec": {
                **(parts.restricted_pod() if origin.security else {}),
                **({"terminationGracePeriodSeconds": nginx.deregister_seconds + GRACE_SECONDS} if origin.graceful else {}),
                **parts.placed(nginx, common),
                **parts.present(topologySpreadConstraints=parts.spread(selector) if nginx.spread else None),
                "containers": [nginx_container(common, nginx, workload.role, nginx.deregister_seconds), *nginx.sidecars],
                "volumes": [*_media(nginx, workload.role), *nginx_volumes(nginx, workload.role), *_tmp(nginx), *nginx.extra_volumes],
            },
        },
    )


def _media(nginx: Nginx, role: str) -> list[dict[str, Any]]:
    return [{"name": "cache-volume", **nginx.origin.media.source}] if role == READER else []


def _tmp(nginx: Nginx) -> list[dict[str, Any]]:
    return [TMP_VOLUME] if nginx.origin.security else []


def nginx_volumes(nginx: Nginx, role: str) -> list[dict[str, Any]]:
    """The volumes of what it keeps, its config and its certificate."""
    volumes: list[dict[str, Any]] = [{"name": "hls-cache", "emptyDir": nginx.cache_volume}] if nginx.keeps(role) else []
    if nginx.own_config:
        name = names.NGINX_CONFIG if role == READER else names.HLS_CACHE_CONFIG
        volumes.append({"name": "nginx-config", "configMap": {"name": name}})
    if secure := nginx.serves_https(role):
        volumes.append({"name": "nginx-tls", "secret": {"secretName": secure.secret_name}})
    return volumes


def reader_ports(nginx: Nginx) -> list[int]:
    """The ports at which a reader serves HLS."""
    return [nginx.port, *([https.PORT] if nginx.serves_https(READER) else [])]


def nginx_container(common: Common, nginx: Nginx, role: str, pre_stop: int) -> dict[str, Any]:
    """nginx in a pod: ``role`` is ``reader`` over the volume that SRS writes to, or ``cache``."""
    origin, secure = nginx.origin, nginx.serves_https(role)
    ports: list[dict[str, Any]] = [{"containerPort": nginx.port, **({"name": "hls"} if common.production_defaults else {})}]
    mounts: list[dict[str, Any]] = []
    if role == READER:
        mounts.append({"name": "cache-volume", "mountPath": "/usr/share/nginx/html", "readOnly": True})
    if nginx.keeps(role):
        mounts.append({"name": "hls-cache", "mountPath": "/var/cache/hls"})
    if secure:
        ports.append({"containerPort": https.PORT, "name": "https"})
    if nginx.metrics_port:
        ports.append({"containerPort": nginx.metrics_port, "name": "metrics"})
    if nginx.peers_port:
        ports.append({"containerPort": nginx.peers_port, "name": "peers"})
    if nginx.own_config:
        mounts.append({"name": "nginx-config", "mountPath": "/etc/nginx-srs"})
    if secure:
        mounts.append({"name": "nginx-tls", "mountPath": "/etc/nginx-tls", "readOnly": True})
    if origin.security:
        mounts.append(TMP_MOUNT)
    return container(
        common,
        "nginx",
        nginx.image,
        restricted=origin.security,
        command=[*START, common.namespace] if nginx.holds else COMMAND if nginx.own_config else None,
        ports=ports,
        resources=nginx.resources,
        **parts.probes(nginx.port, nginx, nginx.probes),
        lifecycle=parts.sleep_before_stop(pre_stop) if origin.graceful else None,
        volumeMounts=[*mounts, *nginx.extra_volume_mounts],
    )
