# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of the origin, as sentences that name the variable, the value and the way out."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.livestream.srs.plugins.module_utils._desired import cleanup, names, proxy, storage
from ansible_collections.livestream.srs.plugins.module_utils._desired.origin import DemoPublisher, Origin
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.value_checks import whole

# Each server asks all others one by one, so the documentation of SRS calls this the limit.
MOST_SERVERS = 30


def check(origin: Origin) -> Iterator[str]:
    """What is wrong with it."""
    if not origin.enabled:
        if origin.behind_nginx:
            yield "srs_origin_enabled is false, but nginx serves what the origin writes: leave hls_nginx_enabled at its default."
        return
    yield from storage.check(origin.storage, origin.volume)
    yield from _check_mode(origin)
    yield from _check_shared(origin)
    yield from cleanup.check(origin.cleanup, origin.media)
    yield from _check_demo(origin.demo_publisher)


def warnings(origin: Origin) -> list[str]:
    """What works, and yet is not what one would want."""
    found = []
    if origin.proxy and not origin.proxy.redis:
        found.append(
            "srs_origin_proxy.redis is not given: a proxy without it binds each stream to one origin for good, so when that pod is "
            "replaced its streams stay unreachable until the proxy is restarted."
        )
    if origin.public_service and origin.network_policy and not origin.network_policy_from:
        found.append(
            "srs_origin_slb gives the origin an address, but its NetworkPolicy lets in nobody from outside: name them in "
            "srs_origin_network_policy_from, for example [{ipBlock: {cidr: 203.0.113.0/24}}]."
        )
    if origin.public_service and not origin.network_policy and not origin.slb.get("source_ranges"):
        found.append(
            "srs_origin_slb gives the origin an address without saying who may use it, and whoever does can publish: set "
            "srs_origin_network_policy_from, or slb.source_ranges where the provider has them."
        )
    return found


def _check_mode(origin: Origin) -> Iterator[str]:
    mode, version, replicas = origin.mode, origin.version, origin.replicas
    if wrong := list(whole(0, MOST_SERVERS)("srs_origin_replicas", replicas)):
        yield from wrong
    elif not origin.several and replicas > 1:
        yield (
            f"srs_origin_replicas is {replicas}, but srs_origin_mode is single: a stream lives in the one server that it was published to, "
            "so players would miss it at the others. Set srs_origin_mode to cluster (SRS 3 to 6) or proxy (SRS 7 and later)."
        )
    if origin.several and not origin.own_config:
        yield (
            f"srs_origin_own_config is false, but srs_origin_mode {mode} needs a config in which the servers find each other: "
            "set it to true."
        )
    if mode == "cluster":
        yield from _check_cluster(origin)
    if origin.proxy:
        if version.major < 7:
            yield (
                f"srs_origin_mode is proxy, which needs SRS 7 or later, and the version is {version}: "
                "set srs_origin_mode to cluster, or srs_version to 7 or 8."
            )
        yield from proxy.check(origin.proxy)


def _check_cluster(origin: Origin) -> Iterator[str]:
    if origin.version.major >= 7:
        yield (
            "srs_origin_mode is cluster, but from SRS 7 on a proxy replaces the cluster of origins that ask each other: "
            "set srs_origin_mode to proxy, or srs_version to 6 or less."
        )
    if "api" not in origin.ports:
        yield "srs_origin_config.http_api is off, but in srs_origin_mode cluster the origins ask each other by it: leave it on."
    if origin.reading.is_on("http_api.auth.enabled"):
        yield (
            "srs_origin_config.http_api.auth is enabled, but in srs_origin_mode cluster the origins ask each other without a password: "
            "leave it off, and let srs_origin_network_policy keep others away."
        )
    # A text of the user's own says all of it.
    for vhost in [] if "conf" in origin.config else origin.reading.vhosts:
        for key in ("coworkers", "origin_cluster"):
            if origin.reading.setting(f"cluster.{key}", vhost).at:
                yield f"srs_origin_config.cluster.{key} follows from srs_origin_mode and srs_origin_replicas: leave it out."


def _check_shared(origin: Origin) -> Iterator[str]:
    """Whether all origins can have the volume."""
    media = origin.media
    if origin.several and media.persistent and media.shared is False:
        yield (
            f"srs_origin_storage.access_mode is {media.access_mode}, but the {origin.replicas} origins of srs_origin_mode "
            f"{origin.mode} share the claim: it must be ReadWriteMany, of a storage class that can do it."
        )


def _check_demo(demo: DemoPublisher) -> Iterator[str]:
    if not demo.enabled:
        return
    for key, value in (("image", demo.image), ("source", demo.source), ("target", demo.target)):
        if not value:
            yield f"srs_demo_publisher_{key} is empty: give it, or set srs_demo_publisher to false."
    if demo.target and not demo.target.startswith("rtmp://"):
        yield f"srs_demo_publisher_target is {demo.target!r}: it must be a URL such as rtmp://{names.ORIGIN_SERVICE}/live/livestream."
