# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values with which a server starts and no stream gets through: it refuses publishers, or players get nothing."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.checks import Checks
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.effects import enabled
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR, WARNING, Finding
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reading import Setting
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.values import port_of
from ansible_collections.livestream.srs.plugins.module_utils._text import whole_number

# SRS before 7 knows these alone; later ones leave it to ffmpeg.
VIDEO = ("libx264", "libx265", "h264_qsv", "png", "copy", "vn")
FIRST_WITH_ANY_VIDEO = 7
NOT_ENCODED = ("png", "copy", "vn")
REFUSED = "the server refuses every stream"
ENDS = "the server does not start"
FAILS = "ffmpeg fails, and is started again for ever"

# Where a player's path is taken apart into app and stream, whatever the mount says.
FIRST_WITH_PATH = 6
ENDING = r"/\[app\]/\[stream\]\.(flv|ts|aac|mp3)"
AT_AN_EDGE = re.compile(rf"[^/]*{ENDING}")
AT_AN_ORIGIN = re.compile(rf".*{ENDING}")

# What tells two files of a stream apart.
UNIQUE = ("[timestamp]", "[05]", "[999]")


def is_unique(name: str | None) -> bool:
    """Whether files named so are named once, however often the server starts."""
    return any(variable in (name or "") for variable in UNIQUE)


def stream_checks(tree: list[Directive], version: Release, env: Mapping[str, str | None] | None = None) -> list[Finding]:
    """What is accepted by the server and lets no stream through."""
    return list(_Streams(tree, version, env).checks())


class _Streams(Checks):
    def checks(self) -> Iterator[Finding]:
        for vhost in self.reading.vhosts:
            yield from self.rules(vhost)
            yield from self.waits(vhost)
            yield from self.mount(vhost)
            yield from self.segments(vhost)
            yield from self.recordings(vhost)
            yield from self.token(vhost)
            yield from self.transcodes(vhost)
            yield from self.ingests(vhost)
        for caster in enabled(self.tree, "stream_caster"):
            for name in ("caster", "listen", "output"):
                if not caster.value(name):
                    without = "what it takes goes nowhere" if name == "output" else ENDS
                    yield self.error(f"stream_caster.{name}", f"is missing: {without}.", caster)

    def wrong(self, setting: Setting, message: str) -> Finding:
        return Finding(ERROR, setting.path, message, setting.at.line if setting.at else 0)

    def rules(self, vhost: Directive) -> Iterator[Finding]:
        """Who is named by no rule is refused where there are rules that allow, and everybody where there is none at all."""
        security = vhost.get("security")
        if security is None or security.value("enabled") != "on":
            return
        allowed, denied = ({(rule.arg0, rule.args[1:2] == ["all"]) for rule in security.all(name)} for name in ("allow", "deny"))
        is_edge = self.reading.setting("cluster.mode", vhost).value == "remote"
        for what in ("play",) if is_edge else ("play", "publish"):
            named = any(kind == what for kind, _all in allowed)
            if (what, True) in denied or not (named or (denied and not allowed)):
                message = f"lets nobody {what}: allow it, to the addresses of those who may or with 'allow {what} all'."
                yield self.error(f"vhost {vhost.arg0}.security", message, security)

    def waits(self, vhost: Directive) -> Iterator[Finding]:
        latency, queue = self.reading.setting("play.mw_latency", vhost), self.reading.setting("play.queue_length", vhost)
        waits, kept = whole_number(latency.value), whole_number(queue.value)
        if waits is not None and kept is not None and waits >= kept * 1000:
            yield self.wrong(
                queue if latency.is_default else latency,
                f"lets media wait {latency.value} ms before it is sent, and play.queue_length drops what has waited {queue.value} s, so "
                "players get next to nothing: mw_latency must be shorter.",
            )

    def mount(self, vhost: Directive) -> Iterator[Finding]:
        if not self.reading.is_on("http_remux.enabled", vhost):
            return
        mount = self.reading.setting("http_remux.mount", vhost)
        is_edge = self.reading.setting("cluster.mode", vhost).value == "remote"
        form = AT_AN_EDGE if is_edge else AT_AN_ORIGIN
        if mount.value and (is_edge or self.version.major >= FIRST_WITH_PATH) and not form.fullmatch(mount.value):
            before = "be" if is_edge else "end with"
            yield self.wrong(
                mount,
                f"is {mount.value!r}, but the server takes app and stream from a player's path, so it must {before} "
                "[vhost]/[app]/[stream].flv (or .ts, .aac, .mp3): players get nothing else.",
            )

    def segments(self, vhost: Directive) -> Iterator[Finding]:
        """In the playlist, a segment that is not below its folder has its whole path in the container for a URL."""
        playlist, segment = self.reading.setting("hls.hls_m3u8_file", vhost), self.reading.setting("hls.hls_ts_file", vhost)
        if not self.reading.is_on("hls.enabled", vhost) or not playlist.value or not segment.value:
            return
        folder = posixpath.dirname(playlist.value)
        if folder and not segment.value.startswith(f"{folder}/"):
            yield self.wrong(
                segment if playlist.is_default else playlist,
                f"makes {playlist.value!r} the playlist of the segments {segment.value!r}, which players find below the folder of the "
                f"playlist alone: hls_ts_file must begin with {folder}/.",
            )

    def recordings(self, vhost: Directive) -> Iterator[Finding]:
        path = self.reading.setting("dvr.dvr_path", vhost)
        if not self.reading.is_on("dvr.enabled", vhost) or not path.value or not path.value.endswith((".flv", ".mp4")):
            return
        if not is_unique(path.value):
            said = f"is {path.value!r}, the same for every recording of a stream"
            way = "put [timestamp] into the name"
            line = path.at.line if path.at else 0
            if self.reading.setting("dvr.dvr_plan", vhost).value == "segment":
                yield self.wrong(path, f"{said}, so that the second segment can't be written, and what follows is lost: {way}.")
            else:
                message = f"{said}; the server refuses a publisher whose recording is there already, so an encoder can't reconnect: {way}."
                yield Finding(WARNING, path.path, message, line)

    def token(self, vhost: Directive) -> Iterator[Finding]:
        """An edge asks by RTMP whether a player may play, whatever it pulls by."""
        protocol, origin = self.reading.setting("cluster.protocol", vhost), self.reading.setting("cluster.origin", vhost)
        if not self.reading.is_on("cluster.token_traverse", vhost) or protocol.value in (None, "rtmp"):
            return
        for host in (host for host in origin.values or () if port_of(host)):
            yield self.wrong(
                self.reading.setting("cluster.token_traverse", vhost),
                f"is on, and asks {host} by RTMP, but protocol {protocol.value} pulls from there by HTTP: every player is disconnected. "
                "Pull by RTMP, or turn it off.",
            )

    # Programs

    def transcodes(self, vhost: Directive) -> Iterator[Finding]:
        for block in enabled(vhost.children or [], "transcode"):
            path = f"vhost {vhost.arg0}.transcode"
            engines = list(enabled(block.children or [], "engine"))
            if engines and not block.value("ffmpeg"):
                yield self.error(
                    f"{path}.ffmpeg", "is missing: the server transcodes nothing. The image's is ./objs/ffmpeg/bin/ffmpeg.", block
                )
                continue
            for engine in engines:
                yield from self.engine(engine, f"{path}.engine", REFUSED)

    def ingests(self, vhost: Directive) -> Iterator[Finding]:
        for block in enabled(vhost.children or [], "ingest"):
            path = f"vhost {vhost.arg0}.ingest"
            if not block.value("ffmpeg"):
                yield self.error(f"{path}.ffmpeg", f"is missing: {ENDS}. The image's is ./objs/ffmpeg/bin/ffmpeg.", block)
            source = block.get("input")
            if source is None or not source.value("url"):
                yield self.error(f"{path}.input.url", f"is missing: {ENDS}.", block)
            engines = list(block.all("engine"))
            if not engines:
                yield self.error(f"{path}.engine.output", f"is missing: {ENDS}.", block)
            for engine in engines:
                # It copies unless both codecs are given.
                encodes = engine.value("enabled") == "on" and engine.value("vcodec") and engine.value("acodec")
                yield from self.engine(engine, f"{path}.engine", ENDS) if encodes else self.output(engine, f"{path}.engine", ENDS)

    def engine(self, engine: Directive, path: str, without: str) -> Iterator[Finding]:
        """What the server asks of an engine before it runs ffmpeg."""
        yield from self.output(engine, path, without)
        video, audio = engine.value("vcodec"), engine.value("acodec")
        for name, codec in (("vcodec", video), ("acodec", audio)):
            if not codec:
                what = without if name == "vcodec" and self.version.major < FIRST_WITH_ANY_VIDEO else FAILS
                yield self.error(f"{path}.{name}", f"is missing: {what}. To leave it as it is, write {name} copy;.", engine)
        if (video, audio) == ("vn", "an"):
            yield self.error(f"{path}.vcodec", f"is vn and acodec an, which leaves nothing: {without}.", engine.get("vcodec"))
        if video and self.version.major < FIRST_WITH_ANY_VIDEO and video not in VIDEO:
            known = ", ".join(VIDEO)
            yield self.error(
                f"{path}.vcodec", f"is {video!r}, but must be one of {known}: {without} (SRS {self.version}).", engine.get("vcodec")
            )
        elif video and video not in NOT_ENCODED:
            for name in ("vprofile", "vpreset"):
                if not engine.value(name):
                    yield self.error(f"{path}.{name}", f"is missing, and vcodec {video} needs it: {without}.", engine)

    def output(self, engine: Directive, path: str, without: str) -> Iterator[Finding]:
        if not engine.value("output"):
            yield self.error(f"{path}.output", f"is missing: {without}.", engine)
