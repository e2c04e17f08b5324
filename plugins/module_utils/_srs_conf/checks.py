# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that need more than one directive: those that the server makes when it starts, or should make. Without them it exits,
crashes or serves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.effects import Effects, Listener, effects
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR, WARNING, Finding
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reading import Reading
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import QUIET_SRT, TYPED_LOGIN, reaches
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive, find
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.values import INTEGER

EMPTY = Directive("")
# The first release that starts without one.
LISTEN_OPTIONAL = "7.0.96"
# The first releases whose edges serve RTMP and HTTP-FLV alone, and what they leave to the origin.
BARE_EDGE = "6.0.179 7.0.94"
AT_NO_EDGE = ("rtc", "srt", "hls", "dash", "dvr", "forward", "exec")
# Listeners that SRS 5 and later can serve at one port.
SHARED_PORTS = (
    {"http_api.listen", "http_server.listen"},
    {"http_api.https.listen", "http_server.https.listen"},
    {"http_server.listen", "rtc_server.tcp.listen"},
    {"http_server.https.listen", "rtc_server.tcp.listen"},
)


def server_checks(tree: list[Directive], version: Release, env: Mapping[str, str | None] | None = None) -> list[Finding]:
    """What the server refuses at its start, crashes on, or accepts although it can't work."""
    return list(_Server(tree, version, env).checks())


def _listen(block: Directive | None, default: str) -> str:
    """The endpoints of a block, with spaces between them."""
    listen = block.get("listen") if block is not None else None
    return " ".join(listen.args) if listen is not None and listen.args else default


def _clash(one: Listener, other: Listener) -> bool:
    """Whether two listeners can't both be opened, or one takes what is meant for the other."""
    if one.protocol != other.protocol or not set(one.ports) & set(other.ports):
        return False
    if one.is_ipv6 != other.is_ipv6:
        # A socket of IPv6 leaves the port of IPv4 free; one at all addresses takes IPv4 as well, unless another socket does.
        return one.directive != other.directive and "[::]" in (one.address, other.address)
    return one.address == other.address or one.is_any or other.is_any


class Checks:
    """What checks of a tree have in common. ``env`` are the server's environment variables; a value of None is not known here."""

    def __init__(self, tree: list[Directive], version: Release, env: Mapping[str, str | None] | None = None) -> None:
        self.tree = tree
        self.version = version
        self.vhosts = [directive for directive in tree if directive.name == "vhost"]
        self.reading = Reading(tree, version, env)

    @cached_property
    def effects(self) -> Effects:
        """What the server does."""
        return effects(self.reading)

    def error(self, path: str, message: str, at: Directive | None = None) -> Finding:
        return Finding(ERROR, path, message, at.line if at else 0)

    def warning(self, path: str, message: str, at: Directive | None = None) -> Finding:
        return Finding(WARNING, path, message, at.line if at else 0)

    def block(self, name: str) -> Directive:
        return find(self.tree, name) or EMPTY

    def root(self, name: str) -> str:
        """The effective value of a directive at the top level; "" where it can't be known from here."""
        return self.reading.setting(name).value or ""

    def number(self, name: str) -> int:
        value = self.root(name)
        return int(value) if INTEGER.fullmatch(value) else 0

    def http(self, name: str) -> tuple[str, str]:
        """The effective listen of http_api or http_server, and that of its https."""
        block = self.block(name)
        plain = _listen(block, "1985" if name == "http_api" else "8080")
        default = "1990" if name == "http_api" else "8088"
        if name == "http_api" and self.version.major >= 5 and plain == self.http("http_server")[0]:
            default = self.http("http_server")[1]
        return plain, _listen(block.get("https"), default)


class _Server(Checks):
    def checks(self) -> Iterator[Finding]:
        yield from self.rtmp()
        yield from self.conflicts()
        yield from self.logins()
        yield from self.https()
        yield from self.ports()
        for vhost in self.vhosts:
            yield from self.vhost(vhost)

    def rtmp(self) -> Iterator[Finding]:
        rtmps = self.block("rtmps")
        if rtmps.value("enabled") == "on" and self.reading.setting("rtmps.listen").value == "":
            yield self.error("rtmps.listen", "is missing: without it the server opens no port for RTMPS, and doesn't say so.", rtmps)
        if self.block("listen").args:
            return
        if not reaches(self.version, LISTEN_OPTIONAL):
            yield self.error("listen", f"is missing: the server wants at least one RTMP port (SRS {self.version}).")
        elif not any(one.directive in ("listen", "rtmps.listen") for one in self.effects.listens) and not self.reading.includes:
            yield self.warning("listen", f"is missing, so the server starts without RTMP (SRS {self.version}).")

    def logins(self) -> Iterator[Finding]:
        """What SRS 8 asks of a login, in the file or the environment."""
        if not reaches(self.version, TYPED_LOGIN):
            return
        for path in ("http_api.auth", "heartbeat.auth"):
            at = self.block(path.split(".", maxsplit=1)[0]).get("auth")
            if not self.reading.is_on(f"{path}.enabled"):
                continue
            kind = self.reading.setting(f"{path}.type").value
            if kind == "":
                yield self.error(f"{path}.type", f"is missing: the server wants it where auth is enabled (SRS {self.version}).", at)
            if kind == "bearer" and self.reading.setting(f"{path}.token").value == "":
                yield self.error(f"{path}.token", f"is missing: type bearer needs it (SRS {self.version}).", at)
        if self.reading.is_on("http_api.auth.rtc_bearer_enabled"):
            enabled, kind = self.reading.is_on("http_api.auth.enabled"), self.reading.setting("http_api.auth.type").value
            if enabled is False or kind in ("", "basic"):
                at = (self.block("http_api").get("auth") or EMPTY).get("rtc_bearer_enabled")
                yield self.error("http_api.auth.rtc_bearer_enabled", "is on, which needs auth enabled and type bearer.", at)

    def conflicts(self) -> Iterator[Finding]:
        asprocess = find(self.tree, "asprocess")
        if asprocess and asprocess.arg0 == "on" and self.root("daemon") != "off":
            yield self.error("asprocess", "is on while daemon is not off, which the server refuses.", asprocess)
        full = find(self.tree, "is_full")
        if full and full.arg0 == "on":
            yield self.error("is_full", "is on: it marks the sample full.conf, which the server refuses to run.", full)
        heartbeat = self.block("heartbeat")
        interval = heartbeat.value("interval", "10")
        if self.version.major >= 4 and interval.partition(".")[0] in ("0", ""):
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
        if self.version.major < 5:
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
        listens = self.effects.listens
        all_of: dict[str, list[str]] = {}
        for one in listens:
            all_of.setdefault(one.path, []).append(one.endpoint)
        for index, one in enumerate(listens):
            for other in listens[:index]:
                shared = self.version.major >= 5 and all_of[one.path] == all_of[other.path] and {one.path, other.path} in SHARED_PORTS
                if not shared and _clash(one, other):
                    message = f"is {one.endpoint!r}, a port that {other.path} has already."
                    yield self.error(one.path, message, one.at or find(self.tree, one.path.split(".")[0]))
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
        dvr = vhost.get("dvr") or EMPTY
        if dvr.value("dvr_plan") == "segment" and dvr.value("dvr_duration") == "0":
            yield self.error(f"{path}.dvr.dvr_duration", "is '0', which makes no segments: give seconds.", dvr.get("dvr_duration"))
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
            if reaches(self.version, BARE_EDGE):
                for name in AT_NO_EDGE:
                    if (vhost.get(name) or EMPTY).value("enabled") == "on":
                        message = f"does nothing at an edge (SRS {self.version}): have it at the origin."
                        yield self.warning(f"{path}.{name}", message, vhost.get(name))
            if cluster.value("follow_client") == "on" and cluster.value("protocol", "rtmp") != "rtmp":
                yield self.warning(f"{path}.cluster.protocol", "does nothing while follow_client is on.", cluster.get("protocol"))
        if cluster.value("origin_cluster") == "on" and not (cluster.get("coworkers") or EMPTY).args:
            yield self.warning(f"{path}.cluster.origin_cluster", "is on without coworkers to ask.", cluster.get("origin_cluster"))
        srt = vhost.get("srt") or EMPTY
        if srt.value("enabled") == "on" and not srt.value("srt_to_rtmp") and reaches(self.version, QUIET_SRT) is not False:
            message = (
                f"is missing, and since SRS {QUIET_SRT} it is off unless it is given: RTMP, HTTP-FLV and HLS have nothing of SRT then."
            )
            yield self.warning(f"{path}.srt.srt_to_rtmp", message, vhost.get("srt"))
        hooks = vhost.get("http_hooks") or EMPTY
        if hooks.value("enabled") == "on" and self.version.major < 5 and len(hooks.children or ()) < 2:
            yield self.warning(f"{path}.http_hooks", "is enabled without a hook.", vhost.get("http_hooks"))
