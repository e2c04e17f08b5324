# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that need more than one directive.

``server_checks`` are those that the server makes when it starts, or should make: without them it exits, crashes or serves
nothing. ``deployment_checks`` compare a configuration with the role and the pod for which it is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR, WARNING, Finding
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.options import EDGE
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import DEFAULT_VHOST, ROOT
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive, find
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.validate import walk
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.values import INTEGER, port_of

RESERVED_FDS = 128  # what SRS 5 and later add to max_connections
EMPTY = Directive("")
# Directives that the server reads from the file alone.
WITHOUT_ENV = (
    "chunk_size",
    "is_full",
    "stats",
    "stream_caster",
    "rtc_server.dir",
    "vhost.enabled",
    "vhost.cluster",
    "vhost.security",
    "vhost.refer",
    "vhost.forward",
    "vhost.ingest",
    "vhost.transcode",
    "vhost.exec",
    "vhost.bandcheck",
    "vhost.dvr.dvr_apply",
)
ENV_ALIASES = {
    "SRS_LOG_TANK": "srs_log_tank",
    "SRS_LOG_LEVEL": "srs_log_level",
    "SRS_LOG_LEVEL_V2": "srs_log_level_v2",
    "SRS_LOG_FILE": "srs_log_file",
}
# Listeners that SRS 5 and later can serve at one port.
SHARED_PORTS = ({"http_api.listen", "http_server.listen"}, {"http_api.https.listen", "http_server.https.listen"})
ANY_ADDRESS = {"0.0.0.0", "[::]"}


def server_checks(tree: list[Directive], version: int) -> list[Finding]:
    """What the server refuses at its start, crashes on, or accepts although it can't work."""
    return list(_Server(tree, version).checks())


def deployment_checks(tree: list[Directive], version: int, role: str, context: Mapping[str, Any], own_env: list[str]) -> list[Finding]:
    """What would go wrong in the pod."""
    return list(_Deployment(tree, version, role, context, own_env).checks())


def _listen(block: Directive | None, default: str) -> str:
    """The endpoints of a block, with spaces between them."""
    listen = block.get("listen") if block is not None else None
    return " ".join(listen.args) if listen is not None and listen.args else default


def _clash(one: str, other: str) -> bool:
    """Whether two listeners can't both be opened. An IPv6 socket leaves the port of IPv4 free."""
    mine, theirs = (endpoint.rpartition(":")[0] or "0.0.0.0" for endpoint in (one, other))
    if port_of(one) != port_of(other) or mine.startswith("[") != theirs.startswith("["):
        return False
    return mine == theirs or bool({mine, theirs} & ANY_ADDRESS)


def _env_names() -> dict[str, str]:
    names = dict(ENV_ALIASES)
    for block, name, spec in walk(ROOT):
        path = f"{block}.{name}" if block else name
        if spec.kind != "block" and not any(path == prefix or path.startswith(prefix + ".") for prefix in WITHOUT_ENV):
            names["SRS_" + path.replace(".", "_").upper()] = path
    return names


ENV_NAMES = _env_names()


class _Checks:
    def __init__(self, tree: list[Directive], version: int) -> None:
        self.tree = tree
        self.version = version
        self.vhosts = [directive for directive in tree if directive.name == "vhost"]

    def error(self, path: str, message: str, at: Directive | None = None) -> Finding:
        return Finding(ERROR, path, message, at.line if at else 0)

    def warning(self, path: str, message: str, at: Directive | None = None) -> Finding:
        return Finding(WARNING, path, message, at.line if at else 0)

    def block(self, name: str) -> Directive:
        return find(self.tree, name) or EMPTY

    def root(self, name: str) -> str:
        """The effective value of a directive at the top level."""
        directive = find(self.tree, name)
        return directive.arg0 if directive and directive.args else ROOT[name].default_of(self.version)

    def number(self, name: str) -> int:
        value = self.root(name)
        return int(value) if INTEGER.fullmatch(value) else 0

    def http(self, name: str) -> tuple[str, str]:
        """The effective listen of http_api or http_server, and that of its https."""
        block = self.block(name)
        plain = _listen(block, "1985" if name == "http_api" else "8080")
        default = "1990" if name == "http_api" else "8088"
        if name == "http_api" and self.version >= 5 and plain == self.http("http_server")[0]:
            default = self.http("http_server")[1]
        return plain, _listen(block.get("https"), default)

    def listens(self) -> list[tuple[str, str]]:
        """All TCP addresses that the server opens, as (directive, endpoint)."""
        api, server, rtc = self.block("http_api"), self.block("http_server"), self.block("rtc_server")
        (api_listen, apis_listen), (server_listen, servers_listen) = self.http("http_api"), self.http("http_server")
        candidates = [
            ("http_api", 3, api, api_listen),
            ("http_api.https", 4, api.get("https"), apis_listen),
            ("http_server", 3, server, server_listen),
            ("http_server.https", 4, server.get("https"), servers_listen),
            ("exporter", 5, self.block("exporter"), _listen(self.block("exporter"), "9972")),
            ("rtmps", 7, self.block("rtmps"), _listen(self.block("rtmps"), "1443")),
            ("rtsp_server", 7, self.block("rtsp_server"), _listen(self.block("rtsp_server"), "554")),
        ]
        if rtc.value("enabled") == "on":
            candidates.append(("rtc_server.tcp", 5, rtc.get("tcp"), _listen(rtc.get("tcp"), "8000")))
        found = [("listen", endpoint) for endpoint in self.block("listen").args]
        for path, since, block, listen in candidates:
            if self.version >= since and block is not None and block.value("enabled") == "on":
                found += ((f"{path}.listen", endpoint) for endpoint in listen.split())
        return found


class _Server(_Checks):
    def checks(self) -> Iterator[Finding]:
        if not self.block("listen").args:
            yield self.error("listen", f"is missing: the server wants at least one RTMP port (SRS {self.version}).")
        yield from self.conflicts()
        yield from self.https()
        yield from self.ports()
        for vhost in self.vhosts:
            yield from self.vhost(vhost)

    def conflicts(self) -> Iterator[Finding]:
        asprocess = find(self.tree, "asprocess")
        if asprocess and asprocess.arg0 == "on" and self.root("daemon") != "off":
            yield self.error("asprocess", "is on while daemon is not off, which the server refuses.", asprocess)
        full = find(self.tree, "is_full")
        if full and full.arg0 == "on":
            yield self.error("is_full", "is on: it marks the sample full.conf, which the server refuses to run.", full)
        heartbeat = self.block("heartbeat")
        interval = heartbeat.value("interval", "10")
        if self.version >= 4 and interval.partition(".")[0] in ("0", ""):
            yield self.error(
                "heartbeat.interval",
                f"is {interval!r}, of which SRS {self.version} takes the whole seconds, and it refuses 0.",
                heartbeat.get("interval"),
            )
        auth = self.block("http_api").get("auth")
        if auth is not None:
            for name in ("username", "password"):
                if ":" in auth.value(name):
                    yield self.error(f"http_api.auth.{name}", "holds a colon, with which nobody can log in.", auth.get(name))

    def https(self) -> Iterator[Finding]:
        (api, apis), (server, servers) = self.http("http_api"), self.http("http_server")
        for name in ("http_api", "http_server"):
            https = self.block(name).get("https")
            if https is not None and https.value("enabled") == "on" and self.block(name).value("enabled") != "on":
                yield self.error(f"{name}.https", f"is enabled, but {name} is not, and needs to be.", https)
        if self.version < 5:
            return
        if api == server and apis != servers:
            yield self.error(
                "http_api.https.listen",
                f"is {apis!r} and http_server.https.listen {servers!r}, but http_api and http_server share {api!r}: "
                f"then both https must be equal, too (SRS {self.version}).",
                self.block("http_api"),
            )
        if apis == servers and api != server:
            yield self.error(
                "http_api.https.listen",
                f"equals http_server.https.listen, {apis!r}, but http_api listens at {api!r} and http_server at "
                f"{server!r}: all equal or all different (SRS {self.version}).",
                self.block("http_api"),
            )

    def ports(self) -> Iterator[Finding]:
        listens = self.listens()
        for index, (path, endpoint) in enumerate(listens):
            for other_path, other in listens[:index]:
                both = {path, other_path}
                shared = self.version >= 5 and endpoint == other and both in SHARED_PORTS
                if not shared and _clash(endpoint, other):
                    yield self.error(path, f"is {endpoint!r}, a port that {other_path} has already.", find(self.tree, path.split(".")[0]))
                    break

    def vhost(self, vhost: Directive) -> Iterator[Finding]:
        path = f"vhost {vhost.arg0}"
        hls = vhost.get("hls") or EMPTY
        remux = vhost.get("http_remux") or EMPTY
        if hls.value("enabled") == "on" and remux.value("enabled") == "on" and remux.value("mount").endswith(".ts"):
            yield self.error(
                f"{path}.http_remux.mount",
                f"is {remux.value('mount')!r}, but .ts files belong to hls, which is enabled: mount .flv, or turn one of them off.",
                remux.get("mount"),
            )
        kickoff = (vhost.get("publish") or EMPTY).get("kickoff_for_idle")
        forward = vhost.get("forward") or EMPTY
        if kickoff and kickoff.arg0.strip("0.") and forward.value("enabled") == "on":
            yield self.error(
                f"{path}.publish.kickoff_for_idle",
                f"is {kickoff.arg0!r}, but forward is enabled, and the server refuses both together.",
                kickoff,
            )
        cluster = vhost.get("cluster") or EMPTY
        if cluster.value("mode") == "remote":
            if not (cluster.get("origin") or EMPTY).args:
                yield self.error(
                    f"{path}.cluster.origin", "is missing: an edge without an origin starts, and can play nothing.", vhost.get("cluster")
                )
            if cluster.value("origin_cluster") == "on":
                yield self.error(
                    f"{path}.cluster.origin_cluster", "is on, but mode remote makes this an edge.", cluster.get("origin_cluster")
                )
            if cluster.value("follow_client") == "on" and cluster.value("protocol", "rtmp") != "rtmp":
                yield self.warning(f"{path}.cluster.protocol", "does nothing while follow_client is on.", cluster.get("protocol"))
        if cluster.value("origin_cluster") == "on" and not (cluster.get("coworkers") or EMPTY).args:
            yield self.warning(f"{path}.cluster.origin_cluster", "is on without coworkers to ask.", cluster.get("origin_cluster"))
        security = vhost.get("security") or EMPTY
        if security.value("enabled") == "on" and security.get("allow") is None and security.get("deny") is None:
            yield self.warning(f"{path}.security", "is enabled without a rule, which denies everybody.", vhost.get("security"))
        hooks = vhost.get("http_hooks") or EMPTY
        if hooks.value("enabled") == "on" and self.version < 5 and len(hooks.children or ()) < 2:
            yield self.warning(f"{path}.http_hooks", "is enabled without a hook.", vhost.get("http_hooks"))


class _Deployment(_Checks):
    def __init__(self, tree: list[Directive], version: int, role: str, context: Mapping[str, Any], own_env: list[str]) -> None:
        super().__init__(tree, version)
        self.role = role
        self.context = context
        self.own_env = own_env

    def checks(self) -> Iterator[Finding]:
        yield from self.container()
        yield from self.cluster_role()
        yield from self.open_files()
        yield from self.fan_in()
        yield from self.reachable_ports()
        yield from self.behind_nginx()
        yield from self.grace()
        yield from self.environment()
        yield from self.login()
        yield from self.included(self.tree)

    def container(self) -> Iterator[Finding]:
        if self.root("daemon") != "off":
            message = "is not off: the server would leave the foreground, and the container would end"
            if self.version < 5:
                yield self.error("daemon", message + ".", find(self.tree, "daemon"))
            else:
                yield self.warning(
                    "daemon",
                    message + ", unless SRS_DAEMON=off is in its environment, as in the official image.",
                    find(self.tree, "daemon"),
                )
        if self.root("srs_log_tank") != "console":
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
            if self.version >= 7 and cluster.value("origin_cluster") == "on":
                yield self.warning(
                    f"vhost {vhost.arg0}.cluster.origin_cluster",
                    "is on, but SRS 7 replaces coworkers by its proxy, and late releases drop them.",
                    cluster.get("origin_cluster"),
                )

    def open_files(self) -> Iterator[Finding]:
        limit = self.context.get("nofile")
        if limit is None:
            return
        if self.version >= 5:
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

    def reachable_ports(self) -> Iterator[Finding]:
        ports = {port_of(endpoint): path for path, endpoint in self.listens()}
        container = self.context.get("container_ports") or []
        for port, path in ports.items() if container else ():
            if port not in container:
                yield self.warning(
                    path,
                    f"is port {port}, which is not among the container's ports {', '.join(map(str, container))}.",
                    find(self.tree, path.split(".")[0]),
                )
        for port in self.context.get("service_ports") or ():
            if port not in ports:
                yield self.error(
                    "listen",
                    f"has no port {port}, to which a Service sends; the server listens at "
                    f"{', '.join(f'{port} ({path})' for port, path in ports.items()) or 'nothing'}.",
                )

    def behind_nginx(self) -> Iterator[Finding]:
        if not self.context.get("behind_nginx") or self.version < 5:
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
        for name in dict.fromkeys(self.context.get("env") or ()):
            if not name.startswith("SRS_") or name in self.own_env:
                continue
            if self.version < 5:
                if name in ENV_NAMES:
                    yield self.warning(name, f"is in the container's environment, but SRS {self.version} reads none.")
            elif name == "SRS_ENV_ONLY":
                yield self.error(name, "is in the container's environment: with it the server reads no file.")
            elif name in ENV_NAMES and self.given(ENV_NAMES[name].split(".")):
                yield self.warning(
                    name,
                    f"is in the container's environment and goes before {ENV_NAMES[name]} of this configuration"
                    + (" in every vhost." if ENV_NAMES[name].startswith("vhost.") else "."),
                )

    def given(self, path: list[str]) -> bool:
        level = list(self.tree)
        for name in path[:-1]:
            level = [child for directive in level if directive.name == name for child in directive.children or ()]
        return find(level, path[-1]) is not None

    def login(self) -> Iterator[Finding]:
        auth = self.block("http_api").get("auth")
        if auth is None or auth.value("enabled") != "on":
            return
        env = {*self.own_env, *(self.context.get("env") or ())}
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
