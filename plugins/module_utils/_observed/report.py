# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status as one HTML page that needs no other file, and as JSON with a schema (``docs/status-report.schema.json``)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import cast
from urllib.parse import quote

from ansible_collections.livestream.srs.plugins.module_utils._observed import addresses, drawing
from ansible_collections.livestream.srs.plugins.module_utils._observed.assets import PLAYER_STYLE, SCRIPT, STYLE
from ansible_collections.livestream.srs.plugins.module_utils._observed.player_script import PLAYER_SCRIPT
from ansible_collections.livestream.srs.plugins.module_utils._observed.status import clusters
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import (
    SCHEMA_VERSION,
    STATES,
    HostStatus,
    Report,
    Status,
    Stream,
    Verdict,
)
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_text import (
    LIVE,
    PROTOCOL_TITLE,
    codecs,
    duration,
    stream_name,
    word,
)
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import DEFAULT_VHOST

NUMBER = ' class="number"'
# The page loads nothing, whatever is in it; a player is let to its servers.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
NO_PLACE = "No stream can be played here, since no Service of HTTP-FLV or HLS has a load balancer's address."
NO_NAME = "The stream has a name that can't be asked for here."
# SRS compares the path of a URL as it comes, so only what can't stand there is encoded (RFC 3986, pchar).
PLAIN = "/!$&'()*+,;=:@"
# What a module returns beside the status is not reported.
FIELDS = tuple(Status.__annotations__)

# What the page says of each verdict: if nothing is wrong, and if something is.
VERDICTS: dict[Verdict, tuple[str, str]] = {
    "not_ready": ("all replicas ready", "replicas not ready"),
    "not_deleted": ("nothing hangs on its deletion", "deleted, still there"),
    "no_lb_address": ("load balancers have addresses", "load balancer without address"),
    "no_endpoints": ("Services have pods", "Service without pods"),
    "no_answer": ("all servers answer", "servers do not answer"),
    "origin_unreachable": ("edges reach their origin", "origin unreachable"),
    "published_not_playable": ("published streams play", "published, not playable"),
    "pull_not_merged": ("pulls are merged", "pulls are not merged"),
    "near_capacity": ("room for more players", "near capacity"),
    "stale_config": ("configs are current", "stale config"),
    "mixed_versions": ("one version of SRS", "mixed versions"),
    "bad_release": ("no bad release known", "bad release of SRS"),
}


def data(statuses: Sequence[tuple[str, Status]]) -> str:
    """The statuses of all hosts (Kubernetes clusters) of the inventory, each with the host's name, as JSON."""
    report: Report = {"schema_version": SCHEMA_VERSION, "hosts": [_host_status(host, status) for host, status in statuses]}
    return json.dumps(report, indent=2) + "\n"


def _host_status(host: str, status: Status) -> HostStatus:
    values = cast(Mapping[str, object], status)
    # What it is about comes first.
    first = {field: values[field] for field in ("namespace", "topology", "time")}
    return cast(HostStatus, {"host": host, **first, **{field: values[field] for field in FIELDS}})


def page(statuses: Sequence[tuple[str, Status]]) -> str:
    """The same as an HTML page, with a part for each host."""
    title = ", ".join(dict.fromkeys(status["topology"] for _host, status in statuses)) or "SRS"
    streams = [status for _host, status in statuses if status["streams"]]
    bases = {place.base for status in streams for place in _places(status)}
    sections = "".join(_section(host, status, len(statuses) > 1) for host, status in statuses)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}{_media_policy(bases)}">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)}: status</title>'
        f"<style>{STYLE}{PLAYER_STYLE if streams else ''}</style></head>"
        f"<body>{sections}<script>{SCRIPT}{PLAYER_SCRIPT if bases else ''}</script></body></html>\n"
    )


def _places(status: Status) -> list[addresses.Place]:
    """Where a browser may play from, the most trusted first."""
    found = [place for place in addresses.places(status["services"]) if place.public and place.protocol in ("flv", "hls")]
    return sorted(found, key=lambda place: not place.base.startswith("https:"))


def _media_policy(bases: Iterable[str]) -> str:
    """What the Content-Security-Policy adds for a player. It has no form for IPv6 addresses: these are let in by their scheme."""
    allowed = sorted({base if re.fullmatch(r"https?://[a-zA-Z0-9.-]+(:\d+)?", base) else f"{base.partition(':')[0]}:" for base in bases})
    return f"; connect-src {' '.join(allowed)}; media-src blob: {' '.join(allowed)}" if allowed else ""


def _section(host: str, status: Status, several: bool) -> str:
    versions = sorted({server["version"] for server in status["servers"] if server["version"]})
    parts = [status["time"].replace("T", " ").replace("Z", " UTC"), f"namespace {status['namespace']}"]
    parts += [f"SRS {', '.join(versions)}"] if versions else []
    parts += [host] if several else []
    heading = f"<header><h1>{escape(status['topology'])}</h1><p>{escape(' · '.join(parts))}</p></header>"
    return (
        f"<main>{heading}{_tiles(status)}{_problems(status)}"
        f"<section><h2>Topology</h2>{drawing.draw(status)}{_legend(status)}</section>"
        f"{_streams(status)}{_servers(status)}{_clusters(status)}{_addresses(status)}</main>"
    )


def _tiles(status: Status) -> str:
    servers = status["servers"]
    answered = sum(server["answered"] for server in servers)
    live = sum(stream["live"] is True for stream in status["streams"])
    rates = [rate for server in servers if server["component"] == "edge" and (rate := server["kbps_out"]) is not None]
    found = [cluster for _name, cluster in clusters(status)]
    tiles = [("Pods ready", f"{sum(c['ready'] for c in found)} of {sum(c['desired'] for c in found)}")]
    if servers:
        tiles += [
            ("Servers answering", f"{answered} of {len(servers)}"),
            ("Streams live", str(live)),
            ("Players", str(sum(stream["players"] for stream in status["streams"]))),
            ("Sent to players", _rate(sum(rates)) if rates else "?"),
        ]
    return '<ul class="tiles">' + "".join(f"<li><b>{escape(value)}</b>{escape(name)}</li>" for name, value in tiles) + "</ul>"


def _problems(status: Status) -> str:
    rows = "".join(
        f'<li class="{escape(p["severity"])}"><b>{escape(p["severity"])}</b> <span>{escape(p["object"])}</span> {escape(p["message"])}</li>'
        for p in status["problems"]
    )
    chips = "".join(_chip(name, good, bad, status["verdicts"][name]) for name, (good, bad) in VERDICTS.items())
    fine = "" if rows else '<p class="fine">No problems found.</p>'
    return f'<section><h2>Verdicts</h2><ul class="problems">{rows}</ul>{fine}<ul class="chips">{chips}</ul></section>'


def _chip(name: str, good: str, bad: str, value: bool | None) -> str:
    if value is None:
        return f'<li class="unknown" title="{name}: not known">{good}?</li>'
    return f'<li class="{"wrong" if value else "good"}" title="{name}: {str(value).lower()}">{bad if value else good}</li>'


def _legend(status: Status) -> str:
    streams = "".join(f'<li class="s{number}">{escape(name)}</li>' for number, name in drawing.legend(status))
    if len(status["streams"]) > drawing.STREAMS:
        streams += f'<li class="s{drawing.STREAMS}">{len(status["streams"]) - drawing.STREAMS} other streams</li>'
    pods = "".join(f'<li class="pod {state}" title="{escape(STATES[state])}">{word(state)}</li>' for state in STATES)
    return f'<ul class="legend">{streams}{pods}</ul>'


def _streams(status: Status) -> str:
    rows = []
    places = _places(status)
    for stream in status["streams"]:
        publishers = ", ".join(
            f"{p['ip'] or '?'} at {p['server']}" + (f", forwarded to {p['origin']}" if p["forwarded"] else "") for p in stream["publishers"]
        )
        rows.append(
            [
                f"<td>{escape(stream_name(stream))}{_play_button(stream, bool(places))}</td>",
                _cell(LIVE[stream["live"]]),
                _cell("" if stream["live_seconds"] is None else duration(stream["live_seconds"]), stream["live_seconds"]),
                _cell(codecs(stream)),
                _number(stream["kbps_in"]),
                _number(stream["kbps_out"]),
                _number(stream["players"]),
                _cell(", ".join(f"{PROTOCOL_TITLE.get(k, k)} {v}" for k, v in stream["players_by_protocol"].items())),
                _number(len(stream["pulls"])),
                _cell({False: "yes", True: "no", None: ""}[stream["pull_not_merged"]]),
                _cell(publishers),
            ]
        )
    heads = [
        "Stream",
        "State",
        "Live for",
        "Codecs",
        "kbit/s in",
        "kbit/s out",
        "Players",
        "By protocol",
        "Pulls",
        "Merged",
        "Publishers",
    ]
    return _table("Streams", heads, rows, _player(places))


def _play_button(stream: Stream, playable: bool) -> str:
    name = escape(stream_name(stream))
    if why_not := (NO_NAME if "\\" in name else "") if playable else NO_PLACE:
        return f'<button type="button" class="play" disabled title="{why_not}" aria-label="Play {name}: {why_not}">Play</button>'
    path = escape(quote(stream["url"], safe=PLAIN))
    query = "" if stream["vhost"] == DEFAULT_VHOST else f"?vhost={quote(stream['vhost'], safe='')}"
    return (
        f'<button type="button" class="play" data-name="{name}" data-path="{path}" data-query="{query}" '
        f'aria-expanded="false" aria-label="Play {name}">Play</button>'
    )


def _player(places: Iterable[addresses.Place]) -> str:
    """The player of a host's streams, which the script shows, with a choice of the places to play from."""
    options = "".join(
        f'<option value="{escape(place.base)}" data-protocol="{place.protocol}" data-suffix="{addresses.SUFFIXES[place.protocol]}">'
        f"{escape(place.cluster)}: {PROTOCOL_TITLE[place.protocol]} from {escape(place.base)}</option>"
        for place in places
    )
    if not options:
        return f'<p class="note">{NO_PLACE}</p>'
    return (
        f'<div class="player" role="group" aria-label="Player" hidden><p><b></b> <select aria-label="Play from">{options}</select> '
        '<button type="button" class="close">Close</button></p>'
        '<video controls muted playsinline></video><p role="status"></p><p><code></code></p></div>'
    )


def _servers(status: Status) -> str:
    rows = [
        [
            _cell(s["name"]),
            _cell(s["cluster"]),
            _cell(word(s["state"])),
            _cell(s["version"] or ""),
            _cell("" if s["uptime_seconds"] is None else duration(s["uptime_seconds"]), s["uptime_seconds"]),
            _number(s["connections"]),
            _number(s["max_connections"]),
            _number(s["connections_percent"], " %"),
            _number(s["kbps_in"]),
            _number(s["kbps_out"]),
            _number(s["cpu_percent"], " %"),
            _cell("" if s["memory_kib"] is None else f"{s['memory_kib'] / 1024:.0f} MiB", s["memory_kib"]),
            _cell(s["error"] or ""),
        ]
        for s in status["servers"]
    ]
    heads = [
        "Server",
        "Cluster",
        "State",
        "SRS",
        "Uptime",
        "Connections",
        "Limit",
        "Used",
        "kbit/s in",
        "kbit/s out",
        "CPU",
        "Memory",
        "Error",
    ]
    return _table("Servers", heads, rows)


def _clusters(status: Status) -> str:
    rows = [
        [
            _cell(name),
            _cell(component),
            _number(cluster["desired"]),
            _number(cluster["ready"]),
            _number(cluster["updated"]),
            _number(sum(pod["restarts"] for pod in cluster["pods"])),
            _cell(", ".join(sorted({image for w in cluster["workloads"] for image in w["images"].values()}))),
            _cell("; ".join(sorted({pod["reason"] for pod in cluster["pods"] if pod["reason"]}))),
        ]
        for component, group in (("origin", status["origins"]), ("hls", status["hls"]), ("edge", status["edges"]))
        for name, cluster in group.items()
    ]
    return _table("Clusters", ["Cluster", "Component", "Desired", "Ready", "Updated", "Restarts", "Images", "Reasons"], rows)


def _addresses(status: Status) -> str:
    rows = [
        [
            _cell(u["cluster"]),
            _cell(u["action"]),
            _cell(PROTOCOL_TITLE[u["protocol"]]),
            _cell(u["url"]),
            _cell("yes" if u["public"] else "no"),
        ]
        for u in status["urls"]
    ]
    return _table("Where to publish and play", ["Cluster", "Action", "Protocol", "URL", "Public"], rows)


def _table(title: str, heads: Iterable[str], rows: Sequence[Sequence[str]], before: str = "") -> str:
    if not rows:
        return ""
    head = "".join(
        f'<th scope="col"{NUMBER if NUMBER in cell else ""}><button type="button">{escape(text)}</button></th>'
        for text, cell in zip(heads, rows[0], strict=True)
    )
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return (
        f"<section><h2>{escape(title)} <small>{len(rows)}</small></h2>{before}"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></section>"
    )


def _cell(text: str, order: float | None = None) -> str:
    key = "" if order is None else f' data-sort="{order}"'
    return f"<td{key}>{escape(text)}</td>"


def _number(value: float | None, unit: str = "") -> str:
    """A cell with a number; what is not known sorts below everything."""
    shown = "" if value is None else f"{value:g}{unit}" if isinstance(value, float) else f"{value}{unit}"
    return f'<td{NUMBER} data-sort="{-1 if value is None else value}">{shown}</td>'


def _rate(kbps: float) -> str:
    if kbps >= 1_000_000:
        return f"{kbps / 1_000_000:.1f} Gbit/s"
    return f"{kbps / 1000:.1f} Mbit/s" if kbps >= 1000 else f"{kbps:.0f} kbit/s"
