# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of the variables that are parts of pods as Kubernetes has them: each by itself, and beside what the pods have of ours."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Common, Pods
from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import Edge
from ansible_collections.livestream.srs.plugins.module_utils._desired.https import PORT as HTTPS_PORT
from ansible_collections.livestream.srs.plugins.module_utils._desired.nginx import CACHE, READER, Nginx
from ansible_collections.livestream.srs.plugins.module_utils._desired.origin import Origin
from ansible_collections.livestream.srs.plugins.module_utils._desired.server import CONFIG_FOLDER, TMP, Server
from ansible_collections.livestream.srs.plugins.module_utils._desired.storage import MEDIA
from ansible_collections.livestream.srs.plugins.module_utils._dns import is_subdomain
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import pod_schema as schema
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import value_checks as values
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.value_checks import Check
from ansible_collections.livestream.srs.plugins.module_utils._labels import TRACK

T = TypeVar("T")

# By these labels workloads find their pods.
OUR_LABELS = ("app", TRACK)
MOST_PODS = 10_000
WEEK = 7 * 24 * 3600

CONTAINER: dict[str, Check] = {
    "image": schema.image,
    "resources": schema.resources,
    "startup_probe": schema.probes["startupProbe"],
    "readiness_probe": schema.probes["readinessProbe"],
    "liveness_probe": schema.probes["livenessProbe"],
    "extra_volumes": schema.volumes,
    "extra_volume_mounts": schema.volume_mounts,
}
"""By the variable's name without its prefix: what is said of one container, and the volumes that it needs."""
POD: dict[str, Check] = {
    **CONTAINER,
    "node_selector": values.labels,
    "tolerations": schema.tolerations,
    "affinity": schema.affinity,
    "priority_class_name": values.text(lambda name: not name or is_subdomain(name), "the name of a PriorityClass, or empty"),
    "sidecars": schema.containers,
    "deregister_seconds": values.whole(0, WEEK),
}
"""What is said of a whole pod."""


def _own_labels(where: str, value: Any) -> Iterator[str]:
    yield from values.labels(where, value)
    yield from (f"{where} has {key}, by which the pods are found: leave it out." for key in OUR_LABELS if key in value)


SERVER: dict[str, Check] = {
    **POD,
    "env": schema.env,
    "pod_annotations": values.annotation_pairs,
    "pod_labels": _own_labels,
}
"""What is said of a pod of SRS."""


@dataclass
class Surroundings:
    """What a pod has before its user adds anything."""

    volumes: set[str]
    containers: set[str]
    paths: set[str]  # that the container of the user's extra_volume_mounts has mounted
    ports: set[int] = field(default_factory=set)


def around_edge(edge: Edge) -> Surroundings:
    """What an edge's pod has."""
    return Surroundings(
        {"config-volume", *_if(edge.security, "tmp")},
        {"srs"},
        {CONFIG_FOLDER, *_if(edge.security, TMP)},
        set(edge.ports.values()),
    )


def around_origin(origin: Origin, nginx: Nginx) -> Surroundings:
    """What an origin's pod has, nginx and the volumes that it was given among it."""
    ours = Surroundings(
        {"cache-volume", *_if(origin.own_config, "config-volume"), *_if(origin.security, "tmp")},
        {"srs", *_if(origin.static_files != "none", "srs-cp-files")},
        {MEDIA, *_if(origin.own_config, CONFIG_FOLDER), *_if(origin.security, TMP)},
        set(origin.ports.values()),
    )
    if nginx.sidecar:
        reader = around_nginx(nginx, READER)
        ours.volumes |= reader.volumes | {volume["name"] for volume in nginx.extra_volumes}
        ours.containers |= reader.containers
        ours.ports |= reader.ports
    return ours


def around_nginx(nginx: Nginx, role: str) -> Surroundings:
    """What the pod of an nginx in this role has, as far as nginx needs it."""
    secure = nginx.serves_https(role) is not None
    return Surroundings(
        {
            *_if(nginx.keeps(role), "hls-cache"),
            *_if(role != CACHE, "cache-volume"),
            *_if(nginx.own_config, "nginx-config"),
            *_if(secure, "nginx-tls"),
            *_if(nginx.origin.security, "tmp"),
        },
        {"nginx"},
        {
            *_if(nginx.keeps(role), "/var/cache/hls"),
            *_if(role != CACHE, "/usr/share/nginx/html"),
            *_if(nginx.own_config, "/etc/nginx-srs"),
            *_if(secure, "/etc/nginx-tls"),
            *_if(nginx.origin.security, TMP),
        },
        {nginx.port, *filter(None, (nginx.metrics_port, nginx.peers_port)), *_if(secure, HTTPS_PORT)},
    )


def around_sidecar(origin: Origin, nginx: Nginx) -> Surroundings:
    """What an nginx in the origin's pod has: its own mounts, and the volumes of that pod."""
    pod = around_origin(origin, nginx)
    pod.volumes |= {volume["name"] for volume in origin.extra_volumes}
    return Surroundings(pod.volumes, pod.containers, around_nginx(nginx, READER).paths)


def _if(there: Any, value: T) -> tuple[T, ...]:
    return (value,) if there else ()


def check(named: Callable[[str], str], tier: Pods, checks: Mapping[str, Check]) -> Iterator[str]:
    """Each value by itself. ``named`` makes what messages call a variable of its name without prefix."""
    for key, one in checks.items():
        yield from one(named(key), getattr(tier, key))


def check_server(server: Server) -> Iterator[str]:
    """The pods of the origin or an edge cluster, and who may reach them."""
    yield from check(server.variable, server, SERVER)
    if server.network_policy:
        yield from schema.peers(server.variable("network_policy_from"), server.network_policy_from)


def check_proxy(origin: Origin) -> Iterator[str]:
    """The proxy's container and the images of what goes with the origin."""
    where = "srs_origin_proxy"
    if origin.proxy:
        yield from schema.resources(f"{where}.resources", origin.proxy.resources)
        yield from schema.spaceless(f"{where}.image", origin.proxy.image)
        if "password_secret" in origin.proxy.redis:
            yield from schema.file_key(f"{where}.redis.password_secret.key", origin.proxy.redis["password_secret"]["key"])
    if origin.demo_publisher.enabled:
        yield from schema.spaceless("srs_demo_publisher_image", origin.demo_publisher.image)
    if origin.cleanup["enabled"]:
        yield from schema.spaceless("srs_origin_cleanup.image", origin.cleanup.get("image", ""))


def check_common(common: Common) -> Iterator[str]:
    """What pods and Services of all tiers have."""
    secrets = values.listing(values.mapping({"name": values.text()}, needs=("name",)), "name")
    yield from secrets("srs_image_pull_secrets", common.image_pull_secrets)
    families = common.ip_families
    if len(set(families)) < len(families):
        yield f"srs_ip_families is {families!r}: each family can be there once."
    elif len(families) > 1 and common.ip_family_policy in ("", "SingleStack"):
        yield f"srs_ip_families is {families!r}: two of them need srs_ip_family_policy PreferDualStack or RequireDualStack."


def check_together(named: Callable[[str], str], tier: Pods, ours: Surroundings, complete: bool) -> Iterator[str]:
    """What the user adds, beside what is there. It is ``complete`` where no patch adds volumes."""
    volumes = [volume["name"] for volume in tier.extra_volumes]
    yield from _taken(named("extra_volumes"), "name", volumes, ours.volumes)
    yield from _taken(named("sidecars"), "name", (one["name"] for one in tier.sidecars), ours.containers)
    yield from check_mounts(named, tier, ours, complete)
    for index, one in enumerate(tier.sidecars) if complete else ():
        yield from _unknown(f"{named('sidecars')}[{index}].volumeMounts", one.get("volumeMounts") or [], {*ours.volumes, *volumes})
    yield from _check_host_ports(named("sidecars"), tier, ours.ports)


def check_mounts(named: Callable[[str], str], tier: Pods, ours: Surroundings, complete: bool) -> Iterator[str]:
    """The mounts of the container itself."""
    where = named("extra_volume_mounts")
    yield from _taken(where, "mountPath", (posixpath.normpath(one["mountPath"]) for one in tier.extra_volume_mounts), ours.paths)
    if complete:
        yield from schema.unprivileged(where, tier.extra_volume_mounts)
        yield from _unknown(where, tier.extra_volume_mounts, {*ours.volumes, *(volume["name"] for volume in tier.extra_volumes)})


def _unknown(where: str, mounts: Iterable[Mapping[str, Any]], known: set[str]) -> Iterator[str]:
    for index, mount in enumerate(mounts):
        if mount["name"] not in known:
            yield f"{where}[{index}].name is {mount['name']!r}, which is no volume of the pod: it has {', '.join(sorted(known))}."


def _taken(where: str, key: str, given: Iterable[str], ours: set[str]) -> Iterator[str]:
    for index, one in enumerate(given):
        if one in ours:
            yield f"{where}[{index}].{key} is {one!r}, which the pod has already: choose another one."


def _check_host_ports(where: str, tier: Pods, ours: set[int]) -> Iterator[str]:
    """On the network of the node each port is there once."""
    taken = {("TCP", "", port) for port in ours} if tier.host_network else set()
    for index, one in enumerate(tier.sidecars):
        for number, entry in enumerate(one.get("ports") or []):
            port, host = entry["containerPort"], entry.get("hostPort")
            place = f"{where}[{index}].ports[{number}]"
            if tier.host_network and host and host != port:
                yield f"{place}.hostPort is {host}, but the pod is on the network of its node: leave it out."
            wanted = host or (port if tier.host_network else None)
            key = (entry.get("protocol") or "TCP", entry.get("hostIP") or "", wanted or 0)
            if wanted and key in taken:
                yield f"{place} needs port {wanted} of the node, which another container of the pod has: choose another one."
            taken.add(key)
