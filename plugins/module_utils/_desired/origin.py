# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a user writes about the origin to what the templates and srs_origin_config need, and what must hold of it.

The origin is one server (mode ``single``), or several: in ``cluster`` they ask each other who has a stream (SRS 3 to 6), in ``proxy``
they register at a proxy, which knows (SRS 7).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import cleanup, monitoring, names, storage
from ansible_collections.livestream.srs.plugins.module_utils._desired import edges as clusters
from ansible_collections.livestream.srs.plugins.module_utils._desired import nginx as hls
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import objects
from ansible_collections.livestream.srs.plugins.module_utils._labels import COMPONENT, INSTANCE, PART_OF

Settings = Mapping[str, Any]

# Each server asks all others one by one, so the documentation of SRS calls this the limit.
MOST_SERVERS = 30

PROXY: dict[str, Any] = {"image": "", "command": [], "replicas": 1, "redis": {}, "slb": {"enabled": False}, "resources": {}}
REDIS: dict[str, Any] = {"host": "", "port": 6379, "db": 0, "password_secret": {}}
# Port of the proxy, its environment variable, and the port that a server of SRS has for the same.
PROXY_PORTS = {
    "rtmp": (11935, "PROXY_RTMP_SERVER", 1935),
    "http": (18080, "PROXY_HTTP_SERVER", 8080),
    "api": (11985, "PROXY_HTTP_API", 1985),
    "system": (12025, "PROXY_SYSTEM_API", 12025),
}
HEARTBEAT_SECONDS = 9


def resolve_origin(origin: Settings, nginx: Settings, topology: str) -> dict[str, Any]:
    """The origin with all its keys.

    ``origin`` has one entry for each ``srs_origin_*`` variable, without that prefix; ``nginx`` likewise of ``hls_nginx_*``.
    """
    server = {**origin, **{key: clusters.typed(origin[key], 1) for key in ("replicas", "version")}}
    mode = server["mode"]
    server.update(
        name="origin",
        app=names.ORIGIN,
        labels=names.labels("origin", "origin", topology),
        config_name=f"{names.ORIGIN}-config",
        service_name=names.ORIGIN_SERVICE,
        several=mode != "single",
        grace=clusters.grace(server),
        ports=clusters.server_ports(server),
        media=storage.resolve(server["storage"], server["volume"]),
        proxy=_proxy(server["proxy"], topology) if mode == "proxy" else {},
    )
    server.update(_workloads(server))
    server["apps"] = [workload["app"] for workload in server["workloads"]]
    server["monitoring"] = monitoring.resolve(server["monitoring"], server["production"], nginx)
    # A disk that one node at a time may mount has to be let go of before the next pod can start.
    server["recreate"] = server["media"]["access_mode"] in ("ReadWriteOnce", "ReadWriteOncePod")
    server["container_ports"] = clusters.container_ports(server["ports"])
    server["service"] = _service(server, nginx)
    server["api_service"] = _api_service(server)
    server["public_service"] = _public_service(server)
    server["peer_ports"] = clusters.service_ports(server["ports"], ("rtmp", "api"))
    server["pod_env"] = _pod_env(server)
    # Told to the checks even of a text of the user's own.
    server["srs_conf"] = {"behind_nginx": bool(nginx["enabled"]), **clusters.server_conf(server, _derived(server, nginx))}
    server["demo_publisher"] = {**server["demo_publisher"], "app": names.DEMO, "labels": names.labels("demo", "demo", topology)}
    server["publishers"] = [names.DEMO] if server["demo_publisher"]["enabled"] else []
    server["cleanup"] = cleanup.resolve(origin["cleanup"], server, topology)
    server["edge_origin"] = server["hosts"] if mode == "cluster" and server["addresses"] == "pods" else [names.ORIGIN_SERVICE]
    server["manifests"] = list(_manifests(server))
    return server


def _workloads(server: Settings) -> dict[str, Any]:
    """What runs the servers, and by which names and labels they are found."""
    replicas = server["replicas"]
    count = replicas if isinstance(replicas, int) else 0
    if not server["several"]:
        return {
            "kind": "Deployment",
            "workloads": [{"name": f"{names.ORIGIN}-deployment", "app": names.ORIGIN, "replicas": replicas}],
            "selector": {"app": names.ORIGIN},
            "hosts": [],
            "peer_services": [],
        }
    if server["workload"] == "deployments":
        apps = [f"{names.ORIGIN}-{index}" for index in range(count)]
        services = [{"name": f"{app}-{names.ORIGIN_PEERS}", "app": app, "headless": False} for app in apps]
        return {
            "kind": "Deployment",
            "workloads": [{"name": f"{app}-deployment", "app": app, "replicas": 1} for app in apps],
            # Each Deployment needs a selector of its own; what their pods share are standard labels.
            "selector": {key: server["labels"][key] for key in (COMPONENT, INSTANCE, PART_OF)},
            "hosts": [service["name"] for service in services],
            "peer_services": services,
        }
    return {
        "kind": "StatefulSet",
        "workloads": [{"name": names.ORIGIN, "app": names.ORIGIN, "replicas": replicas}],
        "selector": {"app": names.ORIGIN},
        "hosts": [f"{names.ORIGIN}-{index}.{names.ORIGIN_PEERS}" for index in range(count)],
        "peer_services": [{"name": names.ORIGIN_PEERS, "app": names.ORIGIN, "headless": True}],
    }


def _proxy(given: Any, topology: str) -> dict[str, Any]:
    """The proxy with all its keys, its container's environment among them."""
    proxy = {**PROXY, **(given if isinstance(given, Mapping) else {})}
    redis = clusters.merge(REDIS, proxy["redis"])
    shared = bool(redis["host"])
    env: list[dict[str, Any]] = [{"name": name, "value": str(port)} for port, name, _service_port in PROXY_PORTS.values()]
    env += [
        {"name": "PROXY_LOAD_BALANCER_TYPE", "value": "redis" if shared else "memory"},
        # It does not start without this folder, whose default is one of the source tree. There is nothing in it here.
        {"name": "PROXY_STATIC_FILES", "value": "/tmp"},
    ]
    if shared:
        env += [{"name": f"PROXY_REDIS_{key.upper()}", "value": str(redis[key])} for key in ("host", "port", "db")]
    if shared and redis["password_secret"]:
        env.append({"name": "PROXY_REDIS_PASSWORD", "valueFrom": {"secretKeyRef": redis["password_secret"]}})
    return {
        **proxy,
        "app": names.PROXY,
        "service_name": names.PROXY_SERVICE,
        "public_service_name": names.PROXY_PUBLIC_SERVICE,
        "public": bool(proxy["slb"].get("enabled", True)),
        "labels": names.labels("origin", "proxy", topology),
        "redis": redis,
        "env": env,
        "container_ports": [{"containerPort": port, "name": name} for name, (port, _env, _port) in PROXY_PORTS.items()],
        "service_ports": _proxy_ports("rtmp", "http"),
        "system_port": PROXY_PORTS["system"][0],
    }


def _proxy_ports(*wanted: str) -> list[dict[str, Any]]:
    """Ports of a Service in front of the proxy, those that SRS would have."""
    return [{"name": name, "port": PROXY_PORTS[name][2], "targetPort": PROXY_PORTS[name][0], "protocol": "TCP"} for name in wanted]


def _service(server: Settings, nginx: Settings) -> dict[str, Any]:
    """The Service that edges and publishers use, and the caches of HLS where they ask SRS. Its name and ports are the same in all modes."""
    wanted = ("rtmp", "http") if hls.srs_serves(nginx, server) else ("rtmp",)
    if server["proxy"]:
        return {"selector": {"app": names.PROXY}, "ports": _proxy_ports(*wanted)}
    return {"selector": server["selector"], "ports": clusters.service_ports(server["ports"], wanted)}


def _public_service(server: Settings) -> dict[str, Any]:
    """The Service that edges in other Kubernetes clusters pull from; empty where there is none."""
    if not server["enabled"] or not server["slb"].get("enabled", True):
        return {}
    service = server["service"]
    return {**service, "name": names.ORIGIN_PUBLIC_SERVICE, "ports": [port for port in service["ports"] if port["name"] == "rtmp"]}


def public_addresses(service: Mapping[str, Any] | None) -> list[str]:
    """Where edges elsewhere reach the origin behind such a Service, as host:port; none where its load balancer has no address yet."""
    if not service:
        return []
    hosts = sorted(objects.load_balancer_hosts(service.get("status")))
    port = service["spec"]["ports"][0]["port"]
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host in hosts]


def _api_service(server: Settings) -> dict[str, Any]:
    """The Service of the HTTP API: of the proxy, or of the first server alone, since each knows of its own streams only."""
    if server["proxy"]:
        return {"name": names.ORIGIN_API_SERVICE, "selector": {"app": names.PROXY}, "ports": _proxy_ports("api")}
    first = {"app": f"{names.ORIGIN}-0"} if server["kind"] == "Deployment" else {"statefulset.kubernetes.io/pod-name": f"{names.ORIGIN}-0"}
    return {"name": names.ORIGIN_API_SERVICE, "selector": first, "ports": clusters.service_ports(server["ports"], ("api",))}


def _derived(server: Settings, nginx: Settings) -> dict[str, Any]:
    """What follows from the topology for srs.conf."""
    conf: dict[str, Any] = {}
    if server["mode"] == "cluster":
        api = server["ports"].get("api", 0)
        conf["cluster"] = {"origin_cluster": True, "coworkers": [f"{host}:{api}" for host in server["hosts"]]}
        # The servers read the list of coworkers anew for each lookup, so a reload is enough when one comes or goes.
        conf["inotify_auto_reload"] = True
    if server["proxy"]:
        conf["heartbeat"] = {
            "enabled": True,
            "interval": HEARTBEAT_SECONDS,
            "url": f"http://{names.PROXY_SERVICE}:{server['proxy']['system_port']}/api/v1/srs/register",
            "ports": True,
        }
    if nginx["enabled"]:
        # Numbers of segments begin anew when SRS does. A name that comes back with other content would be served from caches for minutes.
        conf["hls"] = {"hls_ts_file": "[app]/[stream]-[timestamp]-[seq].ts"}
    return conf


def _pod_env(server: Settings) -> list[dict[str, Any]]:
    """What a server can't have from the config that it shares with the others."""
    return [{"name": "SRS_HEARTBEAT_DEVICE_ID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}] if server["proxy"] else []


def _manifests(server: Settings) -> Iterator[str]:
    """The templates of the objects that there are."""
    if server["enabled"]:
        yield from _own_manifests(server)
    yield from monitoring.manifests(server["monitoring"])


def _own_manifests(server: Settings) -> Iterator[str]:
    if server["media"]["claim"]:
        yield "pvc"
    yield server["kind"].lower()
    yield "service"
    if server["public_service"]:
        yield "public-service"
    if server["peer_services"]:
        yield "peer-service"
    if server["several"]:
        yield "api-service"
        if server["pod_disruption_budget"]:
            yield "pod-disruption-budget"
    if server["proxy"]:
        yield from ("proxy-deployment", "proxy-service")
        if server["proxy"]["public"]:
            yield "proxy-public-service"
    if server["demo_publisher"]["enabled"]:
        yield "demo-deployment"
    if server["cleanup"]["enabled"]:
        yield "cronjob"
    if server["network_policy"]:
        yield "network-policy"
        if server["proxy"]:
            yield "proxy-network-policy"


def check(server: Settings, nginx: Settings) -> Iterator[str]:
    """What is wrong with a resolved origin and its nginx, as sentences that name the variable, the value and the way out."""
    if not server["enabled"]:
        if nginx["enabled"]:
            yield "srs_origin_enabled is false, but nginx serves what the origin writes: leave hls_nginx_enabled at its default."
        return
    yield from storage.check(server["storage"], server["volume"])
    yield from _check_mode(server)
    yield from _check_shared(server)
    yield from hls.check(nginx, server)
    yield from cleanup.check(server)
    yield from _check_demo(server["demo_publisher"])
    yield from monitoring.check(server["monitoring"], nginx)
    if server["own_config"]:
        yield from _check_media_paths(server["config"])


def warnings(server: Settings) -> list[str]:
    """What works, and yet is not what one would want."""
    found = []
    if server["proxy"] and not server["proxy"]["redis"]["host"]:
        found.append(
            "srs_origin_proxy.redis is not given: a proxy without it binds each stream to one origin for good, so when that pod is "
            "replaced its streams stay unreachable until the proxy is restarted."
        )
    if server["public_service"] and server["network_policy"] and not server["network_policy_from"]:
        found.append(
            "srs_origin_slb gives the origin an address, but its NetworkPolicy lets in nobody from outside: name them in "
            "srs_origin_network_policy_from, for example [{ipBlock: {cidr: 203.0.113.0/24}}]."
        )
    if server["public_service"] and not server["network_policy"] and not server["slb"].get("source_ranges"):
        found.append(
            "srs_origin_slb gives the origin an address without saying who may use it, and whoever does can publish: set "
            "srs_origin_network_policy_from, or slb.source_ranges where the provider has them."
        )
    return found


def _check_mode(server: Settings) -> Iterator[str]:
    mode, version, replicas = server["mode"], server["version"], server["replicas"]
    if not isinstance(replicas, int) or isinstance(replicas, bool) or not 0 <= replicas <= MOST_SERVERS:
        yield f"srs_origin_replicas is {replicas!r}: it has to be a whole number from 0 to {MOST_SERVERS}."
    elif mode == "single" and replicas > 1:
        yield (
            f"srs_origin_replicas is {replicas}, but srs_origin_mode is single: a stream lives in the one server that it was published to, "
            "so players would miss it at the others. Set srs_origin_mode to cluster (SRS 3 to 6) or proxy (SRS 7)."
        )
    if mode != "single" and not server["own_config"]:
        yield (
            f"srs_origin_own_config is false, but srs_origin_mode {mode} needs a config in which the servers find each other: "
            "set it to true."
        )
    if mode == "cluster":
        yield from _check_cluster(server)
    if mode == "proxy":
        if version < 7:
            yield (
                f"srs_origin_mode is proxy, which needs SRS 7, and the version is {version}: "
                "set srs_origin_mode to cluster, or srs_version to 7."
            )
        yield from _check_proxy(server["proxy"])


def _check_cluster(server: Settings) -> Iterator[str]:
    if server["version"] >= 7:
        yield (
            "srs_origin_mode is cluster, but SRS 7 replaces the cluster of origins that ask each other by a proxy: "
            "set srs_origin_mode to proxy, or srs_version to 6 or less."
        )
    config = server["config"] if isinstance(server["config"], Mapping) else {}
    if "api" not in server["ports"]:
        yield "srs_origin_config.http_api is off, but in srs_origin_mode cluster the origins ask each other by it: leave it on."
    if _at(config, "http_api", "auth", "enabled"):
        yield (
            "srs_origin_config.http_api.auth is enabled, but in srs_origin_mode cluster the origins ask each other without a password: "
            "leave it off, and let srs_origin_network_policy keep others away."
        )
    for key in ("coworkers", "origin_cluster"):
        if _at(config, "cluster", key) is not None:
            yield f"srs_origin_config.cluster.{key} follows from srs_origin_mode and srs_origin_replicas: leave it out."


def _check_proxy(proxy: Settings) -> Iterator[str]:
    replicas, redis = clusters.typed(proxy["replicas"], 1), proxy["redis"]
    if not proxy["image"]:
        yield "srs_origin_proxy.image is missing: SRS publishes no image of its proxy, so name one that you have built."
    if replicas > 1 and not redis["host"]:
        yield (
            f"srs_origin_proxy.replicas is {replicas}, but without redis each proxy knows only the origins that registered at it, "
            "and picks one for a stream by itself: give srs_origin_proxy.redis.host, or have 1 replica."
        )
    if not redis["host"] and redis != REDIS:
        yield "srs_origin_proxy.redis has no host: give it, or leave redis out."


def _check_shared(server: Settings) -> Iterator[str]:
    """Whether all origins can have the volume."""
    media = server["media"]
    if server["several"] and media["persistent"] and media["shared"] is False:
        yield (
            f"srs_origin_storage.access_mode is {media['access_mode']}, but the {server['replicas']} origins of srs_origin_mode "
            f"{server['mode']} share the claim: it has to be ReadWriteMany, of a storage class that can do it."
        )


def _check_demo(demo: Settings) -> Iterator[str]:
    for key in ("image", "source", "target"):
        if demo["enabled"] and not demo[key]:
            yield f"srs_demo_publisher_{key} is empty: give it, or set srs_demo_publisher to false."
    if demo["enabled"] and demo["target"] and not str(demo["target"]).startswith("rtmp://"):
        yield f"srs_demo_publisher_target is {demo['target']!r}: it has to be a URL such as rtmp://{names.ORIGIN_SERVICE}/live/livestream."


def _check_media_paths(config: Any) -> Iterator[str]:
    """Files that SRS would write where no volume is: lost with the container, and refused where its root is read-only."""
    if not isinstance(config, Mapping):
        return
    vhosts = config.get("vhosts")
    blocks = [("", config), *((f"vhosts[{index}].", vhost) for index, vhost in enumerate(vhosts if isinstance(vhosts, list) else ()))]
    work_dir = str(config.get("work_dir") or storage.INSTALLED)
    for where, block in blocks:
        for kind, key in (("hls", "hls_path"), ("hls", "hls_key_file_path"), ("dvr", "dvr_path")):
            path = _at(block, kind, key)
            if isinstance(path, str) and not storage.is_inside(path, work_dir):
                yield (
                    f"srs_origin_config.{where}{kind}.{key} is {path!r}, which is not on the origin's volume: "
                    f"it has to be below {storage.MEDIA} (or ./objs/nginx/html)."
                )


def _at(settings: Any, *path: str) -> Any:
    """What is at a path of nested mappings, or None."""
    for key in path:
        settings = settings.get(key) if isinstance(settings, Mapping) else None
    return settings
