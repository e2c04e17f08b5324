# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A viewer's check of a topology: which streams are played from which servers, and what follows from what was seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._observed.members import Member
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import Stream
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import DEFAULT_VHOST
from ansible_collections.livestream.srs.plugins.module_utils._text import first_of

# So many streams are tried: one that is bad by itself says nothing about a server.
STREAMS = 3
# Answers of the way to a server, which say nothing about the server either, unless they pass on what it did.
ON_THE_WAY = ("proxy_error", "timeout", "unreachable", "dns_error", "tls_error")
OF_THE_SERVER = ("connection refused", "EOF", "connection reset")


@dataclass
class Target:
    """A server of a cluster that is to be looked at, and what was seen there."""

    cluster: Mapping[str, Any]
    """As the module's option ``clusters`` has it."""
    pod: Mapping[str, Any] | None = None
    protocol: str = "rtmp"
    port: int = 0
    stream: str | None = None
    verdict: str = ""
    verified: bool = False
    message: str = ""
    log: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        name = self.cluster["name"]
        return f"edge cluster '{name}'" if self.cluster["component"] == "edge" else f"the {name}"

    @property
    def failed(self) -> bool:
        return bool(self.verdict) and self.verdict != "ok" and self.verified

    def unknown(self, why: str) -> None:
        """Nothing can be said about it."""
        self.verified, self.message = False, why

    def result(self) -> dict[str, Any]:
        return {
            "name": self.cluster["name"],
            "component": self.cluster["component"],
            "server": self.pod["name"] if self.pod else None,
            "protocol": self.protocol,
            "stream": self.stream,
            "verified": self.verified,
            "verdict": self.verdict or None,
            "message": self.message,
            "log": self.log,
        }


def to_play(streams: Iterable[Stream], of_origins: bool, most: int | None = STREAMS) -> list[Stream]:
    """The streams to try, the surest first. Without origins of its own a topology only knows what its edges pull."""
    live = [stream for stream in streams if is_plain(stream) and is_live(stream, of_origins)]
    live.sort(key=lambda stream: (stream["vhost"] != DEFAULT_VHOST, stream["video"] is None, -(stream["live_seconds"] or 0), stream["url"]))
    return live[:most]


def is_live(stream: Stream, of_origins: bool) -> bool:
    """Whether a stream is there to be played, as far as those tell that were asked: origins, or edges alone."""
    return bool(stream["live"] or (not of_origins and (stream["players"] or stream["pulls"])))


def is_plain(stream: Stream) -> bool:
    """Whether a stream can be asked for by the name that is shown: not if there are escapes in it, or what can't stand in a URL's place."""
    return bool(re.fullmatch(r"[\w.-]+", stream["vhost"], re.ASCII) and re.fullmatch(r"/[^\\?#\s]+", stream["url"]))


def find_server(target: Target, members: Iterable[Member], stream: Stream, by_api_proxy: bool) -> bool:
    """Choose the server from which a target's players are to get a stream, and by what; whether there is one.

    Of an edge cluster it is the newest that is ready, of the origin the one that has the stream. ``by_api_proxy`` passes on HTTP alone.
    """
    cluster = target.cluster
    has_it = {row["server"] for row in stream["servers"] if row["active"]}
    ready = [
        member.pod
        for member in members
        if (member.component, member.cluster) == (cluster["component"], cluster["name"])
        and member.pod["state"] == "ready"
        and (cluster["component"] == "edge" or member.pod["name"] in has_it)
    ]
    pod = max(ready, key=lambda pod: (pod["created"] or "", pod["name"]), default=None)
    protocol, port = ("flv", cluster["flv_port"]) if by_api_proxy else ("rtmp", cluster["rtmp_port"])
    if pod and port:
        target.pod, target.protocol, target.port = pod, protocol, port
        return True
    if not target.verdict:  # what was seen of another stream stays
        why = "it serves no HTTP-FLV, and the pod proxy passes nothing else on: set srs_api_via to port_forward"
        target.unknown(why if pod else "none of its servers is ready and has the stream")
    return False


def url_of(target: Target, stream: Stream) -> str:
    """Where a player asks the server for a stream. A vhost of its own is named, since the server isn't reached by its host name."""
    ip = str((target.pod or {}).get("ip"))
    host = f"[{ip}]" if ":" in ip else ip
    if target.protocol == "rtmp":
        return f"rtmp://{host if stream['vhost'] == DEFAULT_VHOST else stream['vhost']}:{target.port}{stream['url']}"
    suffix = ".m3u8" if target.protocol == "hls" else ".flv"
    return f"http://{host}:{target.port}{stream['url']}{suffix}" + ("" if stream["vhost"] == DEFAULT_VHOST else f"?vhost={stream['vhost']}")


def judge(target: Target, stream: Stream, seen: Mapping[str, Any], error: str | None) -> None:
    """What was seen of a stream, as a verdict on the server. ``error`` says why there was no answer, where there was none."""
    target.stream, target.verdict, target.verified = stream["url"], seen["verdict"], True
    target.message = seen["message"]
    if target.verdict == "ok":
        return
    if error in ON_THE_WAY and not any(words in target.message for words in OF_THE_SERVER):
        target.unknown(target.message)
    elif target.cluster["may_refuse"] and seen["first_packet_seconds"] is None:
        target.unknown(f"{target.cluster['may_refuse']} may refuse a player without a token ({target.verdict}: {target.message})")


def summary(targets: Sequence[Target]) -> list[str]:
    """A line for each stream that plays, and one for each target that can't be judged."""
    good = [target for target in targets if target.verified and target.verdict == "ok"]
    lines = []
    for stream in dict.fromkeys(target.stream for target in good):
        names = [target.title for target in good if target.stream == stream]
        lines.append(f"{stream} plays from {first_of(names, STREAMS)}")
    return lines + [f"{target.title} could not be verified: {target.message}" for target in targets if not target.verified]


def failure(targets: Sequence[Target]) -> str:
    """The message of a run that ends for what doesn't play; empty where nothing fails."""
    bad = [target for target in targets if target.failed]
    if not bad:
        return ""
    lines = []
    for target in bad:
        log = f"; its log says: {' / '.join(target.log)}" if target.log else ""
        server = target.pod["name"] if target.pod else ""
        lines.append(f"- {target.title} (pod {server}, {target.stream} by {target.protocol}): {target.verdict}: {target.message}{log}")
    return "\n".join([f"The change is made, but a live stream doesn't play from {len(bad)} of {len(targets)} changed clusters:", *lines])
