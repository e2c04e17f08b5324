# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A config against the role and the pod that it is meant for: what the server would do there that the pod doesn't let it do."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.checks import EMPTY, Checks
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.effects import File, Listener
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR, WARNING, Finding
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.options import EDGE
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reading import ENV_NAMES, reads_variable, spec_of
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import DEFAULT_VHOST, ROOT
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive, find
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.values import problem

RESERVED_FDS = 128  # what SRS 5 and later add to max_connections
UNPRIVILEGED = 1024


def pod_checks(tree: list[Directive], version: Release, role: str, context: Mapping[str, Any], own_env: Sequence[str]) -> list[Finding]:
    """What would go wrong in the pod. ``own_env`` are the variables that take the config's secrets to the server."""
    return list(_Pod(tree, version, role, context, own_env).checks())


def environment(context: Mapping[str, Any], own_env: Sequence[str]) -> dict[str, str | None]:
    """The variables of the container, with the values of those that are written as NAME=VALUE."""
    given = {name: value if equals else None for name, equals, value in (entry.partition("=") for entry in context.get("env") or ())}
    return {**dict.fromkeys(own_env), **given}


class _Pod(Checks):
    def __init__(self, tree: list[Directive], version: Release, role: str, context: Mapping[str, Any], own_env: Sequence[str]) -> None:
        super().__init__(tree, version, environment(context, own_env))
        self.role = role
        self.context = context
        self.own_env = own_env

    def checks(self) -> Iterator[Finding]:
        yield from self.container()
        yield from self.cluster_role()
        yield from self.open_files()
        yield from self.fan_in()
        yield from self.ports_of_pod()
        yield from self.files()
        yield from self.behind_nginx()
        yield from self.grace()
        yield from self.environment()
        yield from self.variables()
        yield from self.login()
        yield from self.included(self.tree)

    def container(self) -> Iterator[Finding]:
        if (self.root("daemon") or "off") != "off":
            message = "is not off: the server would leave the foreground, and the container would end"
            if self.version.major < 5:
                yield self.error("daemon", message + ".", find(self.tree, "daemon"))
            else:
                yield self.warning(
                    "daemon",
                    message + ", unless SRS_DAEMON=off is in its environment, as in the official image.",
                    find(self.tree, "daemon"),
                )
        if (self.root("srs_log_tank") or "console") != "console":
            yield self.warning(
                "srs_log_tank",
                "is not console: the log stays in a file in the container, and kubectl logs shows nothing.",
                find(self.tree, "srs_log_tank"),
            )
        network = self.block("stats").get("network")
        if network and network.arg0 != "0":
            yield self.warning(
                "stats.network",
                f"is {network.arg0!r}, but a pod mostly has one network interface, number 0; the server does not start with "
                "a number that it has not.",
                network,
            )
        if not self.vhosts:
            yield self.error("vhost", "is missing: without one nothing can be published or played.")
        elif not self.reading.vhosts:
            yield self.error(
                f"vhost {self.vhosts[0].arg0}.enabled",
                "is off, and no other vhost is on: nothing can be published or played.",
                self.vhosts[0],
            )
        elif not any(vhost.arg0 == DEFAULT_VHOST for vhost in self.vhosts):
            yield self.warning("vhost", f"{DEFAULT_VHOST} is missing: clients that come by address or by another name are refused.")

    def cluster_role(self) -> Iterator[Finding]:
        remote = [vhost for vhost in self.vhosts if (vhost.get("cluster") or EMPTY).value("mode") == "remote"]
        if self.role == EDGE and self.vhosts and not remote:
            yield self.error("cluster.mode", "is remote in no vhost, so this is not an edge.", self.vhosts[0])
        if self.role != EDGE and remote:
            yield self.error(
                f"vhost {remote[0].arg0}.cluster.mode",
                "is remote, which makes an edge, but this is the configuration of an origin.",
                remote[0].get("cluster"),
            )
        for vhost in self.vhosts:
            cluster = vhost.get("cluster") or EMPTY
            if self.version.major >= 7 and cluster.value("origin_cluster") == "on":
                yield self.warning(
                    f"vhost {vhost.arg0}.cluster.origin_cluster",
                    "is on, but from SRS 7 on coworkers are legacy: its proxy replaces them.",
                    cluster.get("origin_cluster"),
                )

    def open_files(self) -> Iterator[Finding]:
        limit = self.context.get("nofile")
        if limit is None:
            return
        if self.version.major >= 5:
            reserved, formula = RESERVED_FDS, f"{RESERVED_FDS} reserved"
        else:
            log = self.root("srs_log_tank") != "console"
            reserved = len(self.block("listen").args) + 2 + log + 3
            formula = f"{reserved} for listeners, log and standard streams"
        wanted = self.number("max_connections") + reserved
        if wanted >= limit:
            yield self.error(
                "max_connections",
                f"is {self.number('max_connections')}; with {formula} the server needs more than {wanted} open files and does not "
                f"start, since the container's limit is {limit}: at most {max(limit - reserved - 1, 0)}, or raise the limit "
                f"(SRS {self.version}).",
                find(self.tree, "max_connections"),
            )

    def fan_in(self) -> Iterator[Finding]:
        pods = self.context.get("edge_pods") or 0
        most = self.number("max_connections")
        at = find(self.tree, "max_connections")
        if self.role == EDGE or not pods:
            return
        if pods >= most:
            yield self.error(
                "max_connections",
                f"is {most}, but each of {pods} edge pods takes one connection for every stream that it plays: "
                "one stream fills the origin.",
                at,
            )
        elif most // pods < 20:
            yield self.warning(
                "max_connections", f"is {most}; {pods} edge pods fill it with {most // pods} streams that all of them play.", at
            )

    # Ports

    def ports_of_pod(self) -> Iterator[Finding]:
        for listener in self.effects.listens:
            yield from self.port_of_pod(listener)
        open_ports = {(port, listener.protocol): listener for listener in self.effects.listens for port in listener.ports}
        for port in self.context.get("service_ports") or ():
            if (port, "TCP") not in open_ports:
                known = ", ".join(f"{port} ({listener.path})" for (port, protocol), listener in open_ports.items() if protocol == "TCP")
                message = f"has no port {port}, to which a Service sends; the server listens at {known or 'nothing'}."
                yield self.error("listen", message)
            elif open_ports[port, "TCP"].is_local:
                message = (
                    f"is {open_ports[port, 'TCP'].endpoint!r}, where nobody outside of the pod can come, but a Service sends to {port}."
                )
                yield self.error(open_ports[port, "TCP"].path, message, open_ports[port, "TCP"].at)

    def port_of_pod(self, listener: Listener) -> Iterator[Finding]:
        at = listener.at or find(self.tree, listener.path.split(".")[0])
        ports = self.context.get("container_ports" if listener.protocol == "TCP" else "container_udp_ports")
        if self.context.get("container_ports") and not listener.is_local and not set(listener.ports) <= set(ports or ()):
            known = ", ".join(map(str, ports or ())) or "none"
            yield self.warning(
                listener.path,
                f"is {listener.protocol} port {_range(listener)}, which is not among the container's {listener.protocol} ports ({known}): "
                "no Service leads to it.",
                at,
            )
        lowest = self.context.get("lowest_port") or 0
        if listener.ports and listener.ports[0] < lowest:
            yield self.error(
                listener.path,
                f"is port {listener.ports[0]}, which the server may not open as a user other than root: take one from {lowest} on.",
                at,
            )

    # Files

    def files(self) -> Iterator[Finding]:
        for file in self.effects.writes:
            if why := self.unwritable(file):
                yield self.about_file(file, why, file.without)
            elif file.kind and self.role != EDGE and self.mounts:
                yield from self.media(file)
        for file in self.effects.reads:
            if why := self.missing(file):
                yield self.about_file(file, why, file.without)

    def media(self, file: File) -> Iterator[Finding]:
        mount = self.mount_of(file.path)
        if mount is None:
            yield self.about_file(file, "which is on no volume", "it is lost with the container")
        elif file.kind == "hls" and self.context.get("behind_nginx") and not mount.get("served"):
            yield self.about_file(file, "which nginx doesn't see", "players get no HLS")

    def about_file(self, file: File, why: str, without: str) -> Finding:
        value = file.setting.value
        said = f"is {value!r}" if not file.setting.is_default else f"is not given, and the server's own default is {value!r}"
        media = bool(file.kind) and self.role != EDGE
        fit = [mount for mount in self.mounts if not mount.get("read_only") and not (media and mount.get("empty"))]
        where = " or ".join(mount["mount_path"] for mount in fit)
        way = f" Give a path below {where}." if where and file in self.effects.writes else ""
        severity = WARNING if file.setting.path == "srs_log_file" else ERROR
        line = file.setting.at.line if file.setting.at else 0
        return Finding(severity, file.setting.path, f"{said}, {why}: {without}.{way}", line)

    @property
    def mounts(self) -> list[Mapping[str, Any]]:
        return list(self.context.get("mounts") or ())

    def mount_of(self, path: str) -> Mapping[str, Any] | None:
        """The mount that a path is in: the innermost."""
        around = [mount for mount in self.mounts if _is_below(path, mount["mount_path"])]
        return max(around, key=lambda mount: len(mount["mount_path"]), default=None)

    def unwritable(self, file: File) -> str:
        mount = self.mount_of(file.path)
        if mount is None:
            return "and the root file system of the container is read-only" if self.context.get("read_only_root_filesystem") else ""
        if mount.get("read_only"):
            return f"and {mount['mount_path']} is mounted read-only"
        if not file.makes_folders and mount.get("empty") and posixpath.dirname(file.path) != mount["mount_path"].rstrip("/"):
            return f"whose folder is not there, since {mount['mount_path']} is empty when the pod starts"
        return ""

    def missing(self, file: File) -> str:
        mount = self.mount_of(file.path)
        if mount is None or file.path == mount["mount_path"]:
            return ""
        if mount.get("empty"):
            return f"which is not there, since {mount['mount_path']} is empty when the pod starts"
        if mount.get("files") is None:
            return ""
        if posixpath.relpath(file.path, mount["mount_path"]) in mount["files"]:
            return ""
        return f"which is not there, since {mount['mount_path']} holds nothing but {', '.join(mount['files']) or 'an empty folder'}"

    def behind_nginx(self) -> Iterator[Finding]:
        if not self.context.get("behind_nginx") or self.version.major < 5:
            return
        for vhost in self.vhosts:
            hls = vhost.get("hls") or EMPTY
            if hls.value("enabled") != "on":
                continue
            for name in ("hls_ctx", "hls_ts_ctx"):
                message = "must be off behind nginx: a session of its own for each player makes every request miss the cache."
                if hls.value(name) == "on":
                    yield self.error(f"vhost {vhost.arg0}.hls.{name}", f"is on and {message}", hls.get(name))
                elif hls.get(name) is None:
                    yield self.warning(f"vhost {vhost.arg0}.hls.{name}", f"is on by default and {message}", vhost.get("hls"))

    def grace(self) -> Iterator[Finding]:
        start, final = self.number("grace_start_wait"), self.number("grace_final_wait")
        for name, value in (("grace_start_wait", start), ("grace_final_wait", final)):
            if find(self.tree, name) and 0 < value < 100:
                yield self.warning(name, f"is {value} milliseconds, which is probably a mistake.", find(self.tree, name))
        drain = self.context.get("drain_seconds") or 0
        pre_stop = self.context.get("pre_stop_seconds") or 0
        budget = self.context.get("termination_grace_period_seconds")
        if drain and self.root("force_grace_quit") != "on":
            yield self.error(
                "force_grace_quit",
                f"is not on, so the SIGTERM of Kubernetes cuts all clients at once instead of waiting {drain:g} s for them.",
            )
        need = pre_stop + drain + (start + final) / 1000
        if budget is not None and (drain or self.root("force_grace_quit") == "on") and need >= budget:
            yield self.error(
                "grace_start_wait",
                f"{start} ms, grace_final_wait {final} ms, {drain:g} s of draining and {pre_stop:g} s of preStop take "
                f"{need:g} s, but the pod is killed after terminationGracePeriodSeconds {budget}.",
            )

    def environment(self) -> Iterator[Finding]:
        for name in environment(self.context, ()):
            if not name.startswith("SRS_") or name in self.own_env:
                continue
            if self.version.major < 5:
                if name in ENV_NAMES:
                    yield self.warning(name, f"is in the container's environment, but SRS {self.version} reads none.")
            elif name in ENV_NAMES and reads_variable(self.version, name) is False:
                yield self.warning(name, f"is in the container's environment, but SRS {self.version} doesn't read it.")
            elif name == "SRS_ENV_ONLY":
                yield self.error(name, "is in the container's environment: with it the server reads no file.")
            elif name in ENV_NAMES and self.given(ENV_NAMES[name].split(".")):
                yield self.warning(
                    name,
                    f"is in the container's environment and goes before {ENV_NAMES[name]} of this configuration"
                    + (" in every vhost." if ENV_NAMES[name].startswith("vhost.") else "."),
                )

    def variables(self) -> Iterator[Finding]:
        """Values that stand in the place of the file's are held to the same rules."""
        for name, value in self.reading.env.items():
            if value and name in ENV_NAMES and (wrong := problem(spec_of(ENV_NAMES[name], ROOT), value.split(), self.version)):
                yield self.error(name, f"{wrong} (SRS {self.version}).")

    def given(self, path: list[str]) -> bool:
        level = list(self.tree)
        for name in path[:-1]:
            level = [child for directive in level if directive.name == name for child in directive.children or ()]
        return find(level, path[-1]) is not None

    def login(self) -> Iterator[Finding]:
        auth = self.block("http_api").get("auth")
        if auth is None or auth.value("enabled") != "on":
            return
        env = environment(self.context, self.own_env)
        if self.reading.setting("http_api.auth.type").value == "bearer":
            return  # whose token the server itself asks for
        for name in ("username", "password"):
            if not auth.value(name) and f"SRS_HTTP_API_AUTH_{name.upper()}" not in env:
                yield self.error(
                    f"http_api.auth.{name}",
                    f"is missing: give {name}_secret: {{name: SECRET, key: KEY}}"
                    + (", or username." if name == "username" else ", or name SRS_HTTP_API_AUTH_PASSWORD in env."),
                    auth,
                )

    def included(self, tree: list[Directive]) -> Iterator[Finding]:
        for directive in tree:
            if directive.name == "include":
                yield self.warning(
                    "include",
                    f"of {' '.join(directive.args)}: these files are not checked here, and the path is relative to the server's "
                    "working directory.",
                    directive,
                )
            yield from self.included(directive.children or [])


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _range(listener: Listener) -> str:
    first, last = listener.ports[0], listener.ports[-1]
    return str(first) if first == last else f"{first} to {last}"
