# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of SRS, whatever its place in the topology: its ports, its grace budgets, and the parameters of its srs.conf."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Pods, Settings

# The time that a server sleeps around its drain, in milliseconds. Short: what must outlive kube-proxy and the
# load balancer is the preStop sleep, which works the same for all versions and images.
GRACE_START_WAIT = 700
GRACE_FINAL_WAIT = 800

# What is left for the process to end after its drain, in seconds.
GRACE_MARGIN = 5

# These guess from an HTTP-FLV player's first few frames whether there is sound, and leave some players without it for good.
GUESSES_SOUND = (5, 6, 7)

FIRST_WITH_EXPORTER = 5

# Name, block of srs.conf, whether it is on without being asked for, and its port.
LISTENERS = (("api", "http_api", True, 1985), ("http", "http_server", True, 8080), ("exporter", "exporter", False, 9972))

# The port of HTTP-FLV over HTTPS at a server that has it (http_server.https), and at its Service.
HTTPS_PORT, HTTPS_SERVICE_PORT = 8088, 443


@dataclass
class Grace:
    """The budgets of a graceful end, in seconds, derived from the one number that a user sets, so that they always agree.

    A pod is stopped: for ``pre_stop`` it goes on as before, while kube-proxy and the load balancer forget it; then it closes its
    listeners and waits up to ``drain`` for its players; ``period`` (terminationGracePeriodSeconds) holds all of that.
    """

    pre_stop: int
    drain: int
    period: int


@dataclass(kw_only=True)
class Server(Pods):
    """The variables that the origin and the edge clusters have in common, without their prefix, and who it is."""

    name: str
    app: str
    labels: dict[str, str]
    config_name: str  # of its ConfigMap

    version: int
    max_connections: int
    config: Settings
    env: list[dict[str, Any]]
    command: list[str]
    slb: Settings
    replicas: int
    drain_seconds: int
    network_policy: bool
    network_policy_from: list[dict[str, Any]]
    pod_annotations: dict[str, str]
    pod_labels: dict[str, str]
    graceful: bool
    exporter: bool
    config_checksum: bool
    security: bool

    @cached_property
    def grace(self) -> Grace | None:
        """The budgets; None where it doesn't end gracefully."""
        if not self.graceful:
            return None
        given = [self.config.get("grace_start_wait", GRACE_START_WAIT), self.config.get("grace_final_wait", GRACE_FINAL_WAIT)]
        # A wait that is not a number is left for the config's own check to name.
        waits = -(-sum(wait for wait in given if isinstance(wait, int)) // 1000)
        return Grace(self.deregister_seconds, self.drain_seconds, self.deregister_seconds + self.drain_seconds + waits + GRACE_MARGIN)

    @cached_property
    def ports(self) -> dict[str, int]:
        """The TCP ports that it listens on, by name."""
        return listen_ports(self.config if "conf" in self.config else merge(self._exporter, self.config))

    @cached_property
    def container_ports(self) -> list[dict[str, Any]]:
        """The container's port entries."""
        return container_ports(self.ports)

    @property
    def max_clients(self) -> int:
        """Connections of one server at most."""
        return self.max_connections

    @property
    def _exporter(self) -> dict[str, Any]:
        """The metrics, where its version has any."""
        return {"exporter": {"enabled": True}} if self.exporter and self.version >= FIRST_WITH_EXPORTER else {}

    def conf_parameters(self, derived: Settings) -> dict[str, Any]:
        """The parameters of its srs.conf: what follows from the pod's settings, what is ``derived`` from the topology, and over both what
        the user wrote in ``config``.
        """
        # What the config is called, and what it is checked against.
        about: dict[str, Any] = {
            "name": self.config_name,
            "labels": self.labels,
            "srs_version": self.version,
            "container_ports": sorted(set(self.ports.values())),
            "env": [entry["name"] for entry in self.env if "name" in entry],
        }
        conf: dict[str, Any] = {"max_connections": self.max_clients, **self._exporter, **derived}
        if grace := self.grace:
            if grace.drain:
                conf.update(grace_start_wait=GRACE_START_WAIT, grace_final_wait=GRACE_FINAL_WAIT, force_grace_quit=True)
            about.update(
                termination_grace_period_seconds=grace.period,
                pre_stop_seconds=grace.pre_stop,
                drain_seconds=grace.drain,
            )
        if self.version in GUESSES_SOUND:
            conf["http_remux"] = {"guess_has_av": False}
        if self.security:
            conf["pid"] = "/tmp/srs.pid"  # the only folder besides the media that a restricted pod may write to
        # A text of the user's own stays as it is; it is only checked.
        return merge(about if "conf" in self.config else {**about, **conf}, self.config)


def listen_ports(config: Settings) -> dict[str, int]:
    """The TCP ports that a server with these config parameters listens on, by name: ``rtmp``, ``api``, ``http``, ``https``,
    ``exporter``; not those that are off.
    """
    listen = config.get("listen") or [1935]
    ports = {"rtmp": _port(listen[0] if isinstance(listen, list) else listen)}
    for name, key, on, default in LISTENERS:
        block = config.get(key)
        block = block if isinstance(block, Mapping) else {}
        if _is_on(block.get("enabled", on)):
            ports[name] = _port(block.get("listen", default))
            secure = block.get("https") if name == "http" else None
            if isinstance(secure, Mapping) and _is_on(secure.get("enabled", False)):
                ports["https"] = _port(secure.get("listen", HTTPS_PORT))
    return ports


def container_ports(ports: Mapping[str, int]) -> list[dict[str, Any]]:
    """The container's port entries, one for each port: the API may share that of the HTTP server."""
    by_port = {port: name for name, port in reversed(list(ports.items()))}
    return [{"containerPort": port, "name": name} for port, name in reversed(list(by_port.items()))]


def service_ports(ports: Mapping[str, int], wanted: Iterable[str]) -> list[dict[str, Any]]:
    """The Service's port entries for those of the ``wanted`` names that the server listens on."""
    open_ports = {name: ports[name] for name in wanted if name in ports}
    return [
        service_port(entry["name"], HTTPS_SERVICE_PORT if entry["name"] == "https" else entry["containerPort"], entry["containerPort"])
        for entry in container_ports(open_ports)
    ]


def service_port(name: str, port: int, target: int) -> dict[str, Any]:
    """One port entry of a Service."""
    return {"name": name, "port": port, "targetPort": target, "protocol": "TCP"}


def _is_on(value: Any) -> bool:
    """Whether a switch of srs.conf is on, which may be written as a text (``off``)."""
    return str(value).lower() in ("true", "on", "yes", "1")


def _port(listen: Any) -> int:
    """The port of a listen value, which may carry an address (``0.0.0.0:1935``). What isn't a port is left to the config's own check."""
    text = str(listen).rpartition(":")[2]
    return int(text) if text.isdigit() else 0


def merge(base: Settings, over: Settings) -> dict[str, Any]:
    """``base`` with ``over`` laid on top, dict by dict; lists and plain values of ``over`` replace."""
    result = deepcopy(dict(base))
    for key, value in over.items():
        old = result.get(key)
        result[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else deepcopy(value)
    return result
