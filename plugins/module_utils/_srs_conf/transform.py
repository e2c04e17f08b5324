# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old names to today's, by the rules that the server itself applies before it checks a file."""

from __future__ import annotations

import copy

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR, WARNING, Finding
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import reaches
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive

# Directives that stood in the vhost itself, and the block (and name) where they are now.
MOVED: dict[str, tuple[str, str]] = {
    **{
        name: ("play", name)
        for name in (
            "time_jitter",
            "mix_correct",
            "atc",
            "atc_auto",
            "mw_latency",
            "gop_cache",
            "gop_cache_max_frames",
            "queue_length",
            "send_min_interval",
            "reduce_sequence_header",
        )
    },
    **{name: ("cluster", name) for name in ("mode", "origin", "token_traverse", "vhost", "debug_srs_upnode")},
    "publish_1stpkt_timeout": ("publish", "firstpkt_timeout"),
    "publish_normal_timeout": ("publish", "normal_timeout"),
    "refer": ("refer", "all"),
    "refer_play": ("refer", "play"),
    "refer_publish": ("refer", "publish"),
}
MOVED_SINCE = {"gop_cache_max_frames": 5}
# Blocks whose settings became settings of another block: old block -> (new block, {old name: new name}), and since when.
FOLDED = {
    "mr": (3, "publish", {"enabled": "mr", "latency": "mr_latency"}),
    "nack": (4, "rtc", {"enabled": "nack", "no_copy": "nack_no_copy"}),
    "twcc": (4, "rtc", {"enabled": "twcc"}),
}
# Settings of vhost.rtc that became switches: old name -> (new name, the word that means on).
RTC = {"aac": ("rtmp_to_rtc", "transcode"), "bframe": ("keep_bframe", "keep")}
RTMP_BLOCK = "7.0.64"
GB28181 = ("tcp_enable", "rtp_port_min", "rtp_port_max", "wait_keyframe", "rtp_idle_timeout", "audio_enable", "auto_create_channel")
GB28181_SIP = ("serial", "realm", "ack_timeout", "keepalive_timeout", "invite_port_fixed", "query_catalog_interval", "auto_play")


def modernise(tree: list[Directive], version: Release) -> tuple[list[Directive], list[Finding]]:
    """The tree that the server makes of an old one, with a warning for each change. The given tree is left alone."""
    moderniser = _Moderniser(version)
    modern = copy.deepcopy(tree)
    moderniser.root(modern)
    return (modern, moderniser.findings) if moderniser.findings or moderniser.changed else (tree, [])


class _Moderniser:
    def __init__(self, version: Release) -> None:
        self.version = version
        self.findings: list[Finding] = []
        self.changed = False  # without a word

    def moved(self, path: str, line: int, now: str) -> None:
        self.findings.append(
            Finding(WARNING, path, f"is an old form of {now}, which the server still translates (SRS {self.version}).", line)
        )

    def drop(self, block: Directive, names: tuple[str, ...], path: str) -> None:
        for child in [child for child in block.children or () if child.name in names]:
            self.findings.append(
                Finding(
                    WARNING, f"{path}.{child.name}", f"does nothing any more and is dropped by the server (SRS {self.version}).", child.line
                )
            )
            _remove(block, child)

    def root(self, tree: list[Directive]) -> None:
        if reaches(self.version, RTMP_BLOCK) is not False:
            self.rtmp(tree)
        for directive in tree:
            if directive.name == "http_stream":
                self.moved("http_stream", directive.line, "http_server")
                directive.name = "http_server"
            elif directive.name == "rtc_server" and self.version.major >= 4:
                self.drop(directive, ("perf_stat", "queue_length"), "rtc_server")
            elif directive.name == "srt_server" and self.version.major >= 5:
                for child in directive.all("tlpkdrop"):
                    self.moved("srt_server.tlpkdrop", child.line, "srt_server.tlpktdrop")
                    child.name = "tlpktdrop"
            elif directive.name == "stream_caster" and self.version.major >= 5:
                self.stream_caster(directive)
            elif directive.name == "vhost":
                self.vhost(directive)

    def rtmp(self, tree: list[Directive]) -> None:
        """``rtmp { listen; chunk_size; }`` as ``listen`` and ``chunk_size``, which go before it where both are given."""
        for block in [directive for directive in tree if directive.name == "rtmp" and directive.children is not None]:
            at = next(index for index, directive in enumerate(tree) if directive is block)
            if not reaches(self.version, RTMP_BLOCK):
                message = f"needs SRS {RTMP_BLOCK} or later, and the version is {self.version}: listen and chunk_size outside of it do not."
                self.findings.append(Finding(WARNING, "rtmp", message, block.line))
            found = [child for child in block.children or () if child.name in ("listen", "chunk_size") and child.children is None]
            moved = []
            for child in found:
                if any(other.name == child.name for other in tree):
                    message = f"does nothing, since {child.name} is given outside of rtmp, too (SRS {self.version})."
                    self.findings.append(Finding(WARNING, f"rtmp.{child.name}", message, child.line))
                else:
                    moved.append(child)
            self.changed = True
            block.children = [child for child in block.children or () if child not in found]
            tree[at : at + 1] = [*moved, *([block] if block.children else [])]

    def stream_caster(self, caster: Directive) -> None:
        self.drop(caster, GB28181, "stream_caster")
        sip = caster.get("sip")
        if sip is not None:
            self.drop(sip, GB28181_SIP, "stream_caster.sip")
        for host in list(caster.all("host")):
            if sip is None:
                self.findings.append(
                    Finding(
                        ERROR,
                        "stream_caster.host",
                        "crashes the server when there is no sip block beside it: write sip "
                        f"{{ candidate {host.arg0}; }} instead (SRS {self.version}).",
                        host.line,
                    )
                )
            self.moved("stream_caster.host", host.line, "stream_caster.sip.candidate")
            _remove(caster, host)
            _block(caster, "sip").body().append(Directive("candidate", host.args, None, host.line))

    def vhost(self, vhost: Directive) -> None:
        path = f"vhost {vhost.arg0}"
        for child in list(vhost.children or ()):
            name, line = child.name, child.line
            if name == "http":
                self.moved(f"{path}.http", line, "http_static")
                child.name = "http_static"
            elif name == "http_remux":
                self.drop(child, ("hstrs",), f"{path}.http_remux")
            elif name == "forward" and not child.children and child.args:
                self.moved(f"{path}.forward", line, "forward { enabled; destination; }")
                child.children = [Directive("enabled", ["on"], None, line), Directive("destination", child.args, None, line)]
                child.args = []
            elif name in FOLDED and self.version.major >= FOLDED[name][0]:
                _since, block, names = FOLDED[name]
                self.moved(f"{path}.{name}", line, f"settings in {block}")
                _remove(vhost, child)
                target = _block(vhost, block)
                for old, new in names.items():
                    setting = child.get(old)
                    if setting is not None:
                        _set(target, new, setting.args, setting.line)
            elif name == "rtc" and self.version.major >= 4:
                for old, (new, word) in RTC.items():
                    setting = child.get(old)
                    if setting is not None:
                        self.moved(f"{path}.rtc.{old}", setting.line, f"rtc.{new}")
                        _set(child, new, ["on" if setting.arg0 == word else "off"], setting.line)
                        _remove(child, setting)
            elif name in MOVED and self.version.major >= MOVED_SINCE.get(name, 3) and not (name == "refer" and child.children):
                block, new = MOVED[name]
                self.moved(f"{path}.{name}", line, f"{block}.{new}")
                _remove(vhost, child)
                target = _block(vhost, block)
                if block == "refer":
                    _set(target, "enabled", ["on"], line)
                _set(target, new, child.args, line)


def _remove(block: Directive, child: Directive) -> None:
    block.children = [other for other in block.children or () if other is not child]


def _block(parent: Directive, name: str) -> Directive:
    """The first child of that name, made when there is none."""
    found = parent.get(name)
    if found is None:
        found = Directive(name, [], [])
        parent.body().append(found)
    return found


def _set(block: Directive, name: str, args: list[str], line: int) -> None:
    """The server gives the first child of that name the new arguments, or adds one."""
    child = block.get(name)
    if child is not None:
        child.args = args
        return
    block.body().append(Directive(name, args, None, line))
