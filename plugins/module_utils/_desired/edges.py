# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a user writes about the edge clusters to what the templates and the config modules need, and what origin and edges share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import autoscale, names
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError

# Dicts of these names are merged key by key with the role's default; all other values replace it.
MERGED = ("config", "slb", "limit")

# The time that a server sleeps around its drain, in milliseconds. Short: what must outlive kube-proxy and the
# load balancer is the preStop sleep, which works the same for all versions and images.
GRACE_START_WAIT = 700
GRACE_FINAL_WAIT = 800

# These guess from an HTTP-FLV player's first few frames whether there is sound, and leave some players without it for good.
GUESSES_SOUND = ("5", "6", "7")

# Name, block of srs.conf, whether it is on without being asked for, and its port.
LISTENERS = (("api", "http_api", True, 1985), ("http", "http_server", True, 8080), ("exporter", "exporter", False, 9972))

# The port of HTTP-FLV over HTTPS at a server that has it (http_server.https), and at its Service.
HTTPS_PORT, HTTPS_SERVICE_PORT = 8088, 443

# What is left for the process to end after its drain, in seconds.
GRACE_MARGIN = 5


def resolve_edges(clusters: Any, defaults: Mapping[str, Any], topology: str) -> list[dict[str, Any]]:
    """Every edge cluster with all its keys: its own, else the role's default.

    ``defaults`` has one entry for each ``srs_edge_*`` variable, without that prefix. Names, labels and grace budgets are added.
    Values that came as text from the command line (``-e srs_edge_replicas=5``) become what their default is.
    """
    if not isinstance(clusters, list):
        raise SrsError(f"srs_edge_clusters is {_kind(clusters)}, not a list of edge clusters: write '- name: edge'.")
    resolved = [_resolve_edge(index, cluster, defaults, topology) for index, cluster in enumerate(clusters)]
    for cluster in resolved:
        # Players of an edge of edges are kept apart from its upstream's: it is one more client of that one's internal address.
        if cluster["upstream"]:
            cluster["origin"] = [f"{names.edge_app(cluster['upstream'])}-service"]
        cluster["srs_conf"] = _edge_conf(cluster)
    return resolved


def with_origin(edges: list[dict[str, Any]], to_come: str, origin: list[str]) -> list[dict[str, Any]]:
    """Resolved edge clusters with the ``origin`` in the place of what stood for it as long as it wasn't known."""

    def known(settings: Mapping[str, Any]) -> dict[str, Any]:
        return {**settings, "origin": origin} if settings.get("origin") == [to_come] else dict(settings)

    return [known({**edge, "srs_conf": known(edge["srs_conf"])}) for edge in edges]


def _resolve_edge(index: int, given: Any, defaults: Mapping[str, Any], topology: str) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise SrsError(f"srs_edge_clusters[{index}] is {_kind(given)} ({given!r}), not a mapping: write '- name: {given}'.")
    name = str(given.get("name", ""))
    cluster = {key: typed(given.get(key, default), default) for key, default in defaults.items()}
    for key in MERGED:
        if isinstance(defaults.get(key), Mapping) and isinstance(given.get(key), Mapping):
            cluster[key] = merge(defaults[key], given[key])
    app = names.edge_app(name)
    cluster.update(
        name=name,
        app=app,
        labels=names.labels("edge", name, topology),
        config_name=f"{app}-config",
        deployment_name=f"{app}-deployment",
        service_name=f"{app}-service",
        grace=grace(cluster),
        ports=server_ports(cluster),
        autoscale=autoscale.resolved(cluster.get("autoscale") or {}),
    )
    cluster["container_ports"] = container_ports(cluster["ports"])
    public = ("rtmp", "http", "https")
    cluster["service_ports"] = service_ports(cluster["ports"], (*public, "api") if cluster["expose_http_api"] else public)
    cluster["max_connections"] = _limited(cluster)
    return cluster


def grace(server: Mapping[str, Any]) -> dict[str, int]:
    """The budgets of a graceful end, derived from the one number that a user sets, so that they always agree.

    A pod is told to stop: for ``pre_stop`` seconds it goes on as before, while kube-proxy and the load balancer forget it;
    then it closes its listeners and waits up to ``drain`` seconds for its players; ``period`` holds all of that.
    """
    if not server["graceful"]:
        return {}
    pre_stop, drain = int(server["deregister_seconds"]), int(server["drain_seconds"])
    config = server.get("config")
    own = config if isinstance(config, Mapping) else {}
    defaults = {"grace_start_wait": GRACE_START_WAIT, "grace_final_wait": GRACE_FINAL_WAIT}
    # A wait that is no number is left for the config's own check to name.
    given = [own.get(name, default) for name, default in defaults.items()]
    waits = -(-sum(wait for wait in given if isinstance(wait, int)) // 1000)
    return {"pre_stop": pre_stop, "drain": drain, "period": pre_stop + drain + waits + GRACE_MARGIN}


def server_ports(server: Mapping[str, Any]) -> dict[str, int]:
    """The TCP ports that a server listens on, by name."""
    config = server["config"]
    return listen_ports(merge(_exporter(server), config) if isinstance(config, Mapping) and "conf" not in config else config)


def listen_ports(config: Any) -> dict[str, int]:
    """The TCP ports that a server with these config parameters listens on, by name: ``rtmp``, ``api``, ``http``, ``https``,
    ``exporter``; not those that are off.
    """
    config = config if isinstance(config, Mapping) else {}
    listen = config.get("listen") or [1935]
    ports = {"rtmp": _port(listen[0] if isinstance(listen, list) else listen)}
    for name, key, on, default in LISTENERS:
        block = config.get(key)
        block = block if isinstance(block, Mapping) else {}
        if block.get("enabled", on):
            ports[name] = _port(block.get("listen", default))
            secure = block.get("https") if name == "http" else None
            if isinstance(secure, Mapping) and secure.get("enabled"):
                ports["https"] = _port(secure.get("listen", HTTPS_PORT))
    return ports


def container_ports(ports: Mapping[str, int]) -> list[dict[str, Any]]:
    """The container's port entries, one for each port: the API may share that of the HTTP server."""
    by_port = {port: name for name, port in reversed(list(ports.items()))}
    return [{"containerPort": port, "name": name} for port, name in reversed(list(by_port.items()))]


def service_ports(ports: Mapping[str, int], wanted: tuple[str, ...]) -> list[dict[str, Any]]:
    """The Service's port entries for those of the ``wanted`` names that the server listens on."""
    open_ports = {name: ports[name] for name in wanted if name in ports}
    return [
        {
            "name": entry["name"],
            "port": HTTPS_SERVICE_PORT if entry["name"] == "https" else entry["containerPort"],
            "targetPort": entry["containerPort"],
            "protocol": "TCP",
        }
        for entry in container_ports(open_ports)
    ]


def _port(listen: Any) -> int:
    """The port of a listen value, which may carry an address (``0.0.0.0:1935``). What isn't a port is left to the config's own check."""
    text = str(listen).rpartition(":")[2]
    return int(text) if text.isdigit() else 0


def _limited(cluster: Mapping[str, Any]) -> Any:
    limit = cluster["limit"]
    return limit.get("connections", cluster["max_connections"]) if isinstance(limit, Mapping) else cluster["max_connections"]


def _edge_conf(cluster: Mapping[str, Any]) -> dict[str, Any]:
    origin, publish_from = cluster["origin"], cluster["publish_from"]
    conf: dict[str, Any] = {"origin": [origin] if isinstance(origin, str) else origin}
    if publish_from != ["all"] and isinstance(publish_from, list):
        # A server with allow rules refuses whatever none of them names.
        conf["security"] = {"enabled": True, "allow": ["play all", *(f"publish {peer}" for peer in publish_from)]}
    if cluster.get("config_strategy") == "reload":
        # Without allow_reload, raw_api only tells what became of the last reload.
        conf |= {"inotify_auto_reload": True, "http_api": {"raw_api": {"enabled": True}}}
    return server_conf(cluster, conf)


def server_conf(server: Mapping[str, Any], derived: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The parameters of one srs.conf: what follows from the pod's settings, what is ``derived`` from the topology, and over both
    what the user wrote in ``config``.
    """
    # What the config is called, and what it is checked against.
    about: dict[str, Any] = {
        "name": server["config_name"],
        "labels": server["labels"],
        "srs_version": server["version"],
        "container_ports": sorted(set(server["ports"].values())),
        "env": [entry["name"] for entry in server["env"] if isinstance(entry, Mapping) and "name" in entry],
    }
    conf: dict[str, Any] = {"max_connections": server["max_connections"], **_exporter(server), **(derived or {})}
    if server["grace"]:
        if server["grace"]["drain"]:
            conf.update(grace_start_wait=GRACE_START_WAIT, grace_final_wait=GRACE_FINAL_WAIT, force_grace_quit=True)
        about.update(
            termination_grace_period_seconds=server["grace"]["period"],
            pre_stop_seconds=server["grace"]["pre_stop"],
            drain_seconds=server["grace"]["drain"],
        )
    if str(server["version"]) in GUESSES_SOUND:
        conf["http_remux"] = {"guess_has_av": False}
    if server["security"]:
        conf["pid"] = "/tmp/srs.pid"  # the only folder besides the media that a restricted pod may write to
    user = server["config"]
    if not isinstance(user, Mapping):
        return {**about, **conf, "config": user}
    # A text of the user's own stays as it is; it is only checked.
    return merge(about if "conf" in user else {**about, **conf}, user)


def _exporter(server: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics of a server, where its version has any."""
    version = typed(server["version"], 1)
    return {"exporter": {"enabled": True}} if server["exporter"] and isinstance(version, int) and version >= 5 else {}


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with ``over`` laid on top, dict by dict; lists and plain values of ``over`` replace."""
    result = deepcopy(dict(base))
    for key, value in over.items():
        old = result.get(key)
        result[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else deepcopy(value)
    return result


def typed(value: Any, default: Any) -> Any:
    """A text from the command line as the type of its default; whatever doesn't fit is left for the checks to name."""
    if not isinstance(value, str):
        return value
    if isinstance(default, bool) and value.lower() in ("true", "yes", "on", "1", "false", "no", "off", "0"):
        return value.lower() in ("true", "yes", "on", "1")
    if (isinstance(default, int) or re.fullmatch(r"-?\d+", str(default))) and re.fullmatch(r"-?\d+", value):
        return int(value)
    return value


def _kind(value: Any) -> str:
    return {str: "a string", list: "a list", int: "a number", bool: "a boolean", type(None): "empty"}.get(type(value), "a mapping")
