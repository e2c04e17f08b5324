# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server with a srs.conf does outside of itself: the files that it reads and writes, the programs that it runs, the ports that
it opens, the hosts that it asks.

Asked of the config that results, however it came about: from parameters, from a text of the user's, from a cluster.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reading import Reading, Setting, spec_of
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import ENGINE, HTTP_HOOKS, INPUT, ROOT, TRANSCODE, reaches
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.values import port_of
from ansible_collections.livestream.srs.plugins.module_utils._text import whole_number

INSTALLED = "/usr/local/srs"
"""Where the images of SRS start it; paths in a config are relative to it."""
NOWHERE = "/dev/null"
ANY = "0.0.0.0"
ANY_ADDRESS = (ANY, "[::]")
TCP_BY_PROTOCOL = "7.0.67"
"""The first release whose ``rtc_server`` opens its TCP port only if its protocol is ``tcp`` or ``all``."""


@dataclass(frozen=True, slots=True)
class File:
    """A file, or a folder of files."""

    path: str
    """Absolute; up to the first variable such as ``[app]`` where the server makes folders."""
    setting: Setting
    without: str
    """What becomes of the server when it can't have it."""
    makes_folders: bool = True
    """Whether the server makes the folders that lead there."""
    kind: str = ""
    """``hls``, ``dvr``, ``dash`` or ``hds`` of media, which somebody comes for later."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A port, or the ports from it to ``last``."""

    directive: str
    endpoint: str
    protocol: str = "TCP"
    path: str = ""
    """As messages name it; where it is said."""
    at: Directive | None = None
    last: int = 0

    @property
    def ports(self) -> range:
        """Empty where the endpoint has none."""
        port = port_of(self.endpoint)
        return range(port, max(port, self.last) + 1) if port else range(0)

    @property
    def address(self) -> str:
        return self.endpoint.rpartition(":")[0] or ANY

    @property
    def is_ipv6(self) -> bool:
        return self.address.startswith("[")

    @property
    def is_any(self) -> bool:
        """Whether it is at all addresses of the pod."""
        return self.address in ANY_ADDRESS

    @property
    def is_local(self) -> bool:
        """Whether nobody outside of the pod can reach it."""
        return self.address == "[::1]" or self.address.startswith("127.")


@dataclass(frozen=True, slots=True)
class Host:
    """A host that is asked; a name or an address."""

    name: str
    port: int
    setting: Setting


@dataclass(slots=True)
class Effects:
    reads: list[File] = field(default_factory=list)
    writes: list[File] = field(default_factory=list)
    runs: list[Setting] = field(default_factory=list)
    listens: list[Listener] = field(default_factory=list)
    asks: list[Host] = field(default_factory=list)


def effects(reading: Reading) -> Effects:
    """All that can be told from the config; what an ``include`` or a variable of unknown value says is left out."""
    found = _Finder(reading)
    found.server()
    for vhost in reading.vhosts:
        found.vhost(vhost)
    found.children()
    return found.effects


CUT = "every publisher is disconnected at once"
CUT_AT_AN_EDGE = "every player of the edge is disconnected at once"


class _Finder:
    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.effects = Effects()
        self.work_dir = posixpath.normpath(posixpath.join(INSTALLED, reading.setting("work_dir").value or "."))
        self.programs: list[Directive] = []

    def path(self, value: str) -> str:
        return posixpath.normpath(posixpath.join(self.work_dir, value))

    def writes(self, setting: Setting, without: str, *, makes_folders: bool = True, folder: bool = False, kind: str = "") -> None:
        if setting.value:
            static, variable, _rest = setting.value.partition("[")
            path = static if folder and not variable else posixpath.dirname(static) if variable else static
            if not makes_folders:
                # Its folder must be there, whatever the variables say.
                path = setting.value
            self.effects.writes.append(File(self.path(path or "."), setting, without, makes_folders, kind))

    def reads(self, setting: Setting, without: str) -> None:
        if setting.value:
            self.effects.reads.append(File(self.path(setting.value), setting, without))

    def asks(self, setting: Setting, *, urls: bool = False, port: int = 0) -> None:
        for value in setting.values or ():
            try:
                parts = urlsplit(value if urls else f"//{value}")
                host, own = parts.hostname, parts.port
            except ValueError:
                continue
            if host:
                self.effects.asks.append(Host(host, own or {"https": 443, "http": 80, "rtmp": 1935}.get(parts.scheme, port), setting))

    # The server itself

    def server(self) -> None:
        reading = self.reading
        work_dir = reading.setting("work_dir")
        if not work_dir.is_default:
            self.effects.reads.append(File(self.work_dir, work_dir, "the server does not start"))
        self.writes(reading.setting("pid"), "the server does not start", makes_folders=False)
        if reading.setting("srs_log_tank").value == "file":
            self.writes(reading.setting("srs_log_file"), "its log is lost", makes_folders=False)
        for include in reading.includes:
            for name in include.args:
                path = posixpath.normpath(posixpath.join(INSTALLED, name))
                self.effects.reads.append(File(path, Setting((name,), "include", include), "the server does not start"))
        if reading.is_on("heartbeat.enabled"):
            self.asks(reading.setting("heartbeat.url"), urls=True)
        self.listeners()
        for path in ("http_api.https", "http_server.https", "rtmps"):
            if self.serves(path):
                for name in ("key", "cert"):
                    self.reads(reading.setting(f"{path}.{name}"), "the server does not start, or fails every TLS handshake")

    def serves(self, path: str) -> bool:
        """Whether a listener is on, and what it needs, too."""
        reading = self.reading
        if spec_of(path, ROOT).known(reading.version) is False or not reading.is_on(f"{path}.enabled"):
            return False
        parent = path.rpartition(".")[0]
        return not parent or reading.is_on(f"{parent}.enabled") is not False

    def listeners(self) -> None:
        self.opens("listen")
        for path in ("http_api", "http_api.https", "http_server", "http_server.https", "exporter", "rtmps", "rtsp_server"):
            if self.serves(path):
                self.opens(f"{path}.listen")
        if self.serves("rtc_server"):
            self.opens("rtc_server.listen", "UDP")
            by_protocol = reaches(self.reading.version, TCP_BY_PROTOCOL) and self.reading.setting("rtc_server.protocol").value == "udp"
            if self.serves("rtc_server.tcp") and not by_protocol:
                self.opens("rtc_server.tcp.listen")
        if self.serves("srt_server"):
            self.opens("srt_server.listen", "UDP")
        for caster in enabled(self.reading.tree, "stream_caster"):
            self.caster(caster)

    def opens(self, path: str, protocol: str = "TCP") -> None:
        setting = self.reading.setting(path)
        values = setting.values or ()
        # An API that shares the port of the HTTP server shares that of its HTTPS.
        shares = path == "http_api.https.listen" and setting.is_default and self.reading.version.major >= 5
        if shares and self.reading.setting("http_api.listen").values == self.reading.setting("http_server.listen").values:
            values = self.reading.setting("http_server.https.listen").values or ()
        self.effects.listens += (Listener(path, endpoint, protocol, setting.path, setting.at) for endpoint in values)

    def caster(self, caster: Directive) -> None:
        kind = caster.value("caster")
        path = f"stream_caster {kind}"
        listen = caster.get("listen")
        if listen is not None and listen.arg0:
            protocol = "UDP" if kind == "mpegts_over_udp" else "TCP"
            if kind == "gb28181" and self.reading.version.major < 5:
                protocol = "UDP"
            self.effects.listens.append(Listener("stream_caster.listen", listen.arg0, protocol, f"{path}.listen", listen))
        low, last = caster.value("rtp_port_min"), whole_number(caster.value("rtp_port_max"))
        if whole_number(low) is not None and last is not None and self.reading.version.major < 5:
            at = caster.get("rtp_port_min")
            self.effects.listens.append(Listener("stream_caster.rtp_port_min", low, "UDP", f"{path}.rtp_port_min", at, last))
        sip = caster.get("sip")
        if kind == "gb28181" and sip is not None and sip.value("enabled", "on") == "on":
            protocol = "UDP" if self.reading.version.major < 5 else "TCP"
            listen, path = sip.get("listen"), f"{path}.sip.listen"
            self.effects.listens.append(Listener("stream_caster.sip.listen", sip.value("listen", "5060"), protocol, path, listen))

    # Vhosts

    def vhost(self, vhost: Directive) -> None:
        reading = self.reading
        is_edge = reading.setting("cluster.mode", vhost).value == "remote"
        cut = CUT_AT_AN_EDGE if is_edge else CUT
        if reading.is_on("hls.enabled", vhost):
            self.writes(reading.setting("hls.hls_path", vhost), cut, folder=True, kind="hls")
            if reading.is_on("hls.hls_keys", vhost):
                self.writes(reading.setting("hls.hls_key_file_path", vhost), cut, folder=True, kind="hls")
        if reading.is_on("dvr.enabled", vhost):
            self.writes(reading.setting("dvr.dvr_path", vhost), cut, kind="dvr")
        for kind in ("dash", "hds"):
            if reading.is_on(f"{kind}.enabled", vhost):
                without = cut if kind == "hds" else "there is no DASH"
                self.writes(reading.setting(f"{kind}.{kind}_path", vhost), without, folder=True, kind=kind)
        if is_edge:
            self.asks(reading.setting("cluster.origin", vhost), port=1935)
        if reading.is_on("cluster.origin_cluster", vhost):
            self.asks(reading.setting("cluster.coworkers", vhost))
        if reading.is_on("forward.enabled", vhost):
            self.asks(reading.setting("forward.destination", vhost), port=1935)
            self.asks(reading.setting("forward.backend", vhost), urls=True)
        if reading.is_on("http_hooks.enabled", vhost):
            for name in HTTP_HOOKS:
                if name != "enabled":
                    self.asks(reading.setting(f"http_hooks.{name}", vhost), urls=True)
        self.transcodes(vhost)
        self.ingests(vhost)
        commands = vhost.get("exec")
        if commands is not None and commands.value("enabled") == "on":
            for command in commands.all("publish"):
                self.runs(Setting(tuple(command.args), f"vhost {vhost.arg0}.exec.publish", command))

    def transcodes(self, vhost: Directive) -> None:
        for block in enabled(vhost.children or (), "transcode"):
            engines = list(enabled(block.children or (), "engine"))
            if engines:
                self.ffmpeg(block, f"vhost {vhost.arg0}.transcode")
            for engine in engines:
                self.output(engine, f"vhost {vhost.arg0}.transcode.engine.output")

    def ingests(self, vhost: Directive) -> None:
        for block in enabled(vhost.children or (), "ingest"):
            path = f"vhost {vhost.arg0}.ingest {block.arg0}".rstrip()
            self.ffmpeg(block, path)
            source = block.get("input") or Directive("input")
            setting = self.reading.within(source, "url", INPUT["url"], f"{path}.input.url")
            if source.value("type", "file") == "stream":
                self.asks(setting, urls=True)
            else:
                self.reads(setting, "nothing is ingested")
            for engine in block.all("engine"):
                self.output(engine, f"{path}.engine.output")

    def ffmpeg(self, block: Directive, path: str) -> None:
        self.programs.append(block)
        self.runs(self.reading.within(block, "ffmpeg", TRANSCODE["ffmpeg"], f"{path}.ffmpeg"))

    def runs(self, setting: Setting) -> None:
        self.effects.runs.append(setting)
        self.reads(setting, "it never runs")

    def output(self, engine: Directive, path: str) -> None:
        setting = self.reading.within(engine, "output", (ENGINE.children or {})["output"], path)
        if setting.value and "://" in setting.value:
            self.asks(setting, urls=True)
        else:
            self.writes(setting, "ffmpeg fails, and is started again for ever", makes_folders=False)

    def children(self) -> None:
        """The logs of the programs that run; ``/dev/null`` turns them off."""
        setting = self.reading.setting("ff_log_dir")
        if self.programs and setting.value != NOWHERE and setting.value:
            without = "ffmpeg can't open its log, never runs, and is started again for ever"
            self.effects.writes.append(File(f"{self.path(setting.value)}/ffmpeg.log", setting, without, makes_folders=False))


def enabled(level: Iterable[Directive], name: str) -> Iterator[Directive]:
    """The blocks of that name that are on."""
    return (block for block in level if block.name == name and block.value("enabled") == "on")
