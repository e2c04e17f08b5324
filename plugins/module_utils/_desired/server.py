# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of SRS, whatever its place in the topology: its ports, its grace budgets, and the parameters of its srs.conf."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Pods, Settings
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf import serving
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import reading_of
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.effects import Listener, effects
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reading import Reading

# The time that a server sleeps around its drain, in milliseconds. Short: what must outlive kube-proxy and the
# load balancer is the preStop sleep, which works the same for all versions and images.
GRACE_START_WAIT = 700
GRACE_FINAL_WAIT = 800

# What is left for the process to end after its drain, in seconds.
GRACE_MARGIN = 5

# From here on they guess from an HTTP-FLV player's first few frames whether there is sound, and leave some players without it for good.
FIRST_GUESSING_SOUND = 5

FIRST_WITH_EXPORTER = 5

# The ports of pods and Services that have names, and the directives that they are of.
NAMED = {
    "listen": "rtmp",
    "rtmps.listen": "rtmps",
    "http_api.listen": "api",
    "http_server.listen": "http",
    "http_server.https.listen": "https",
    "exporter.listen": "exporter",
}
# HTTP-FLV over HTTPS at the Service of a server that has it.
HTTPS_SERVICE_PORT = 443

# Parameters of srs.conf that follow from variables of their own, unless the config says them.
OWN_VARIABLES = {"srs_version": "version", "max_connections": "max_connections", "origin": "origin"}

CONFIG_FOLDER = "/usr/local/srs/conf"
# It hides what the image has there.
CONFIG_MOUNT = {"mount_path": CONFIG_FOLDER, "read_only": True, "files": ["srs.conf"]}
# The only folder besides the media that a restricted pod may write to, and its pid file there.
TMP = "/tmp"
PID = f"{TMP}/srs.pid"
# Ports below it are root's, unless the pod says otherwise, which it can't on the network of its node.
UNPRIVILEGED = 1024
# Volumes that nobody can write to.
READ_ONLY = ("configMap", "secret", "projected", "downwardAPI")


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

    role: ClassVar[str]  # as srs.conf knows roles

    name: str
    app: str
    labels: dict[str, str]
    config_name: str  # of its ConfigMap

    version: Release
    max_connections: int
    config: Settings
    env: list[dict[str, Any]]
    command: list[str]
    slb: Settings
    drain_seconds: int
    network_policy: bool
    network_policy_from: list[dict[str, Any]]
    pod_annotations: dict[str, str]
    pod_labels: dict[str, str]
    graceful: bool
    exporter: bool
    config_checksum: bool
    security: bool

    def variable(self, path: str) -> str:
        """The variable that a setting is written in, with the path to it, as messages name it: ``srs_origin_config.hls``."""
        return f"srs_{self.role}_{path}"

    def config_variable(self, path: str) -> str:
        """The same of a parameter of its srs.conf."""
        if path.isupper():
            return f"{self.variable('env')}: {path}"
        first = path.split(".")[0]
        if first in OWN_VARIABLES and first not in self.config:
            return self.variable(OWN_VARIABLES[first])
        return self.variable(f"config.{path}" if path else "config")

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
    def reading(self) -> Reading:
        """Its config as the server reads it, but for what follows from the topology, which adds neither a port nor a file."""
        own = self.config if "conf" in self.config else merge(self._exporter, self.config)
        return reading_of(self.role, {"srs_version": str(self.version), "env": self._environment, **own})

    @cached_property
    def listeners(self) -> list[Listener]:
        """Where it listens, as far as its config tells."""
        return effects(self.reading).listens

    @cached_property
    def ports(self) -> dict[str, int]:
        """The TCP ports where others reach it, by name: ``rtmp``, ``rtmps``, ``api``, ``http``, ``https``,
        ``exporter``; not those that are off."""
        found: dict[str, int] = {}
        for listener in self.listeners:
            if listener.directive in NAMED and listener.ports and not listener.is_local:
                found.setdefault(NAMED[listener.directive], listener.ports[0])
        return {"rtmp": 1935, **found}

    @property
    def _environment(self) -> list[str]:
        """NAME=value of its variables, as far as the values are known here."""
        return [f"{one['name']}={one['value']}" if one.get("value") is not None else one["name"] for one in self.env if "name" in one]

    @property
    def serves_flv(self) -> bool:
        """Whether it has HTTP-FLV at /APP/STREAM.flv of its HTTP server."""
        return "http" in self.ports and serving.has_flv(self.reading)

    @property
    def may_refuse_players(self) -> str:
        """The setting by which it may refuse a player that has no token; empty if there is none."""
        return serving.may_refuse_players(self.reading)

    @property
    def opens_low_ports(self) -> bool:
        """Whether it listens at ports that are root's."""
        return any(listener.ports and listener.ports[0] < UNPRIVILEGED for listener in self.listeners)

    @property
    def mounts(self) -> list[dict[str, Any]]:
        """What its container has mounted, as the check of the config takes it."""
        volumes = {volume.get("name"): volume for volume in self.extra_volumes}
        # What a sidecar writes is there some time, too.
        shared = {mount.get("name") for sidecar in self.sidecars for mount in sidecar.get("volumeMounts") or ()}
        found = []
        for mount in self.extra_volume_mounts:
            volume = volumes.get(mount.get("name"), {})
            read_only = bool(mount.get("readOnly")) or any(kind in volume for kind in READ_ONLY)
            empty = "emptyDir" in volume and mount.get("name") not in shared
            found.append({"mount_path": str(mount.get("mountPath", "")), "read_only": read_only, "empty": empty})
        return [CONFIG_MOUNT, *([{"mount_path": TMP, "empty": True}] if self.security else []), *found]

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
        return {"exporter": {"enabled": True}} if self.exporter and self.version.major >= FIRST_WITH_EXPORTER else {}

    def conf_parameters(self, derived: Settings) -> dict[str, Any]:
        """The parameters of its srs.conf: what follows from the pod's settings, what is ``derived`` from the topology, and over both what
        the user wrote in ``config``.
        """
        # What the config is called, and what it is checked against.
        about: dict[str, Any] = {
            "name": self.config_name,
            "labels": self.labels,
            "srs_version": str(self.version),
            "container_ports": sorted(set(self.ports.values())),
            "env": self._environment,
            "mounts": self.mounts,
            "read_only_root_filesystem": self.security,
        }
        if self.security and self.host_network:
            about["lowest_port"] = UNPRIVILEGED
        conf: dict[str, Any] = {"max_connections": self.max_clients, **self._exporter, **derived}
        if grace := self.grace:
            if grace.drain:
                conf.update(grace_start_wait=GRACE_START_WAIT, grace_final_wait=GRACE_FINAL_WAIT, force_grace_quit=True)
            about.update(
                termination_grace_period_seconds=grace.period,
                pre_stop_seconds=grace.pre_stop,
                drain_seconds=grace.drain,
            )
        if self.version.major >= FIRST_GUESSING_SOUND:
            conf["http_remux"] = {"guess_has_av": False}
        if self.security:
            conf["pid"] = PID
        # A text of the user's own stays as it is; it is only checked.
        return merge(about if "conf" in self.config else {**about, **conf}, self.config)


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


def merge(base: Settings, over: Settings) -> dict[str, Any]:
    """``base`` with ``over`` laid on top, dict by dict; lists and plain values of ``over`` replace."""
    result = deepcopy(dict(base))
    for key, value in over.items():
        old = result.get(key)
        result[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else deepcopy(value)
    return result
