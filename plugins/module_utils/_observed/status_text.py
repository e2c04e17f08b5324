# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status as text for a terminal, and the words that the page shares with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ansible_collections.livestream.srs.plugins.module_utils._observed.status import clusters, is_going
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import (
    STATES,
    Objects,
    Server,
    State,
    Status,
    Stream,
    Url,
)
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import DEFAULT_VHOST
from ansible_collections.livestream.srs.plugins.module_utils._text import table

PROTOCOL_TITLE = {"rtmp": "RTMP", "flv": "HTTP-FLV", "hls": "HLS"}
LIVE = {True: "live", False: "not published", None: "unknown"}


def summary(status: Status) -> list[str]:
    """The status as lines to print."""
    lines = [counts(status), *not_complete(status)]
    balancers = [
        (s["name"], ", ".join(s["addresses"]) or "no address yet", ", ".join(str(p["port"]) for p in s["ports"]))
        for s in status["services"]
        if s["type"] == "LoadBalancer" and not s["deleting"]
    ]
    sections: list[tuple[str, Sequence[Sequence[object]]]] = [
        ("Load balancers", balancers),
        _urls("Publish to", [url for url in status["urls"] if url["action"] == "publish"]),
        _urls("Play from", [url for url in status["urls"] if url["action"] == "play"]),
        ("Servers", _server_lines(status["servers"])),
        ("Streams", [_stream_line(stream) for stream in status["streams"]]),
        ("Problems", [[p["severity"], p["verdict"], f"{p['object']}: {p['message']}"] for p in status["problems"]]),
    ]
    for title, rows in sections:
        if rows:
            lines += ["", title, *table(rows)]
    return lines


def counts(status: Objects) -> str:
    """``origin 1/1, edge 3/3``: ready against desired replicas of each cluster."""
    parts = []
    for name, cluster in clusters(status):
        if is_going(cluster):
            parts.append(f"{name} being deleted")
            continue
        rolling = not cluster["complete"] and cluster["ready"] >= cluster["desired"]
        parts.append(f"{name} {cluster['ready']}/{cluster['desired']}" + (" (rolling)" if rolling else ""))
    return ", ".join(parts) or "no workloads"


def not_complete(status: Objects) -> list[str]:
    """What keeps clusters from being complete: pods with their reasons, then the last warnings."""
    lines: list[str] = []
    for name, cluster in clusters(status):
        if not cluster["complete"]:
            lines += [
                f"  {name}: pod {pod['name']}: {pod['reason'] or word(pod['state'])}" + (f": {pod['message']}" if pod["message"] else "")
                for pod in cluster["pods"]
                if pod["state"] != "ready"
            ]
            lines += [f"  {name}: {event}" for workload in cluster["workloads"] for event in workload["events"]]
    return lines


def word(state: State) -> str:
    """A state as people read it."""
    return state.replace("_", " ")


def stream_name(stream: Stream) -> str:
    """``/live/livestream``, with the vhost in front if it has a name."""
    return stream["url"] if stream["vhost"] == DEFAULT_VHOST else f"{stream['vhost']}{stream['url']}"


def codecs(stream: Stream) -> str:
    """``H264 1280x720, AAC 44100 Hz``"""
    parts = []
    video, audio = stream["video"], stream["audio"]
    if video:
        size = f" {video['width']}x{video['height']}" if video.get("width") and video.get("height") else ""
        parts.append(f"{video.get('codec', 'video')}{size}" + (f" {stream['fps']} fps" if stream["fps"] else ""))
    if audio:
        parts.append(audio.get("codec", "audio") + (f" {audio['sample_rate']} Hz" if audio.get("sample_rate") else ""))
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """``46 s``, ``12 min``, ``3 h 5 min``, ``2 d 4 h``"""
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{int(seconds)} s"


def _urls(title: str, rows: Sequence[Url]) -> tuple[str, list[Sequence[object]]]:
    """The public URLs; if there are none, those inside the Kubernetes cluster."""
    shown = [url for url in rows if url["public"]] or rows
    inside = bool(shown) and not shown[0]["public"]
    cells = [(url["cluster"], PROTOCOL_TITLE[url["protocol"]], url["url"]) for url in shown]
    return f"{title} (inside the Kubernetes cluster)" if inside else title, list(cells)


def _server_lines(servers: Iterable[Server]) -> list[list[str]]:
    """One line for each cluster: what its servers say together."""
    grouped: dict[str, list[Server]] = {}
    for server in servers:
        grouped.setdefault(server["cluster"], []).append(server)
    return [_cluster_line(name, members) for name, members in grouped.items()]


def _cluster_line(name: str, servers: Sequence[Server]) -> list[str]:
    answered = [server for server in servers if server["answered"]]
    states = Counter(server["state"] for server in servers)
    others = ", ".join(f"{states[state]} {word(state)}" for state in STATES if state != "ready" and states[state])
    line = [name, f"{len(answered)} of {len(servers)} answer" + (f" ({others})" if others else "")]
    if answered:
        limit = sum(server["max_connections"] or 0 for server in answered)
        taken = _total(server["connections"] for server in answered) + (f" of {limit}" if limit else "")
        versions = sorted({server["version"] or "?" for server in answered})
        line += [
            f"SRS {', '.join(versions)}",
            f"{taken} connections",
            f"{_total(server['kbps_in'] for server in answered)} kbit/s in",
            f"{_total(server['kbps_out'] for server in answered)} kbit/s out",
        ]
    return line


def _total(numbers: Iterable[int | None]) -> str:
    """The sum of those that are known; ``?`` if none is."""
    known = [number for number in numbers if number is not None]
    return str(sum(known)) if known else "?"


def _stream_line(stream: Stream) -> list[str]:
    seconds = stream["live_seconds"]
    live = LIVE[stream["live"]]
    merged = {False: ", merged", True: ", not merged", None: ""}[stream["pull_not_merged"]]
    return [
        stream_name(stream),
        live if seconds is None else f"{live} {duration(seconds)}",
        codecs(stream) or "no media seen",
        f"{_or_unknown(stream['kbps_in'])} kbit/s in",
        f"{_or_unknown(stream['kbps_out'])} kbit/s out",
        f"{stream['players']} players",
        f"{len(stream['pulls'])} pulls{merged}",
    ]


def _or_unknown(value: int | None) -> str:
    return "?" if value is None else str(value)
