# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status as one page that needs nothing else, and as data with a schema (``docs/status-report.schema.json``)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._observed import drawing
from ansible_collections.livestream.srs.plugins.module_utils._observed.status import GROUPS, PROTOCOL_TITLE, codecs, duration

Status = Mapping[str, Any]

SCHEMA_VERSION = 1
NUMBER = ' class="number"'
# The page fetches nothing, whatever stands in it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
FIELDS = (
    "namespace", "topology", "time", "origins", "hls", "edges", "services", "urls", "configs", "servers", "streams", "verdicts", "problems",
)  # fmt: skip

# What stands in the page for each verdict: when it is as it should be, and when it is not.
VERDICTS = {
    "not_ready": ("all replicas ready", "replicas not ready"),
    "no_lb_address": ("load balancers have addresses", "load balancer without address"),
    "no_endpoints": ("Services have pods", "Service without pods"),
    "no_answer": ("all servers answer", "servers give no answer"),
    "origin_unreachable": ("edges reach their origin", "origin unreachable"),
    "published_not_playable": ("what is published plays", "published, not playable"),
    "merged_pull": ("pulls are merged", "pulls are not merged"),
    "near_capacity": ("room for more players", "near capacity"),
    "stale_config": ("configs are current", "stale config"),
    "mixed_versions": ("one version of SRS", "mixed versions"),
}


def data(statuses: Sequence[tuple[str, Status]]) -> str:
    """The statuses of all hosts (Kubernetes clusters) of the inventory as JSON."""
    hosts = [{"host": host, **{field: status[field] for field in FIELDS}} for host, status in statuses]
    return json.dumps({"schema_version": SCHEMA_VERSION, "hosts": hosts}, indent=2, sort_keys=False) + "\n"


def page(statuses: Sequence[tuple[str, Status]]) -> str:
    """The same as an HTML page."""
    title = ", ".join(dict.fromkeys(status["topology"] for _host, status in statuses)) or "SRS"
    sections = "".join(_section(host, status, len(statuses) > 1) for host, status in statuses)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)}: status</title><style>{STYLE}</style></head>'
        f"<body>{sections}<script>{SCRIPT}</script></body></html>\n"
    )


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
    out = sum(server["kbps_out"] or 0 for server in servers if server["component"] == "edge")
    clusters = [cluster for group in GROUPS for cluster in status[group].values()]
    tiles = [("Pods ready", f"{sum(c['ready'] for c in clusters)} of {sum(c['desired'] for c in clusters)}")]
    if servers:
        tiles += [
            ("Servers that answer", f"{answered} of {len(servers)}"),
            ("Streams live", str(live)),
            ("Players", str(sum(stream["players"] for stream in status["streams"]))),
            ("To players", _rate(out)),
        ]
    return '<ul class="tiles">' + "".join(f"<li><b>{escape(value)}</b>{escape(name)}</li>" for name, value in tiles) + "</ul>"


def _problems(status: Status) -> str:
    rows = "".join(
        f'<li class="{escape(p["severity"])}"><b>{escape(p["severity"])}</b> <span>{escape(p["object"])}</span> {escape(p["message"])}</li>'
        for p in status["problems"]
    )
    chips = "".join(_chip(name, good, bad, status["verdicts"].get(name)) for name, (good, bad) in VERDICTS.items())
    fine = "" if rows else '<p class="fine">Nothing is wrong.</p>'
    return f'<section><h2>Verdicts</h2><ul class="problems">{rows}</ul>{fine}<ul class="chips">{chips}</ul></section>'


def _chip(name: str, good: str, bad: str, value: bool | None) -> str:
    if value is None:
        return f'<li class="unknown" title="{name}: not known">{good}?</li>'
    right = value is (name == "merged_pull")
    return f'<li class="{"good" if right else "wrong"}" title="{name}: {str(value).lower()}">{good if right else bad}</li>'


def _legend(status: Status) -> str:
    streams = "".join(f'<li class="s{number}">{escape(name)}</li>' for number, name in drawing.legend(status))
    if len(status["streams"]) > drawing.STREAMS:
        streams += f'<li class="s{drawing.STREAMS}">{len(status["streams"]) - drawing.STREAMS} other streams</li>'
    pods = "".join(
        f'<li class="pod {kind}">{text}</li>'
        for kind, text in (("ok", "ready"), ("silent", "ready, no answer"), ("leaving", "leaving"), ("bad", "not ready"))
    )
    return f'<ul class="legend">{streams}{pods}</ul>'


def _streams(status: Status) -> str:
    rows = []
    for stream in status["streams"]:
        publishers = ", ".join(
            f"{p['ip'] or '?'} at {p['server']}" + (f", forwarded to {p['origin']}" if p["forwarded"] else "") for p in stream["publishers"]
        )
        rows.append(
            [
                _cell(drawing.name(stream)),
                _cell({True: "live", False: "not published", None: "?"}[stream["live"]]),
                _cell("" if stream["live_seconds"] is None else duration(stream["live_seconds"]), stream["live_seconds"]),
                _cell(codecs(stream)),
                _number(stream["kbps_in"]),
                _number(stream["kbps_out"]),
                _number(stream["players"]),
                _cell(", ".join(f"{PROTOCOL_TITLE.get(k, k)} {v}" for k, v in stream["players_by_protocol"].items())),
                _number(len(stream["pulls"])),
                _cell({True: "yes", False: "no", None: ""}[stream["merged_pull"]]),
                _cell(publishers),
            ]
        )
    heads = ["Stream", "State", "For", "Codecs", "kbit/s in", "kbit/s out", "Players", "By protocol", "Pulls", "Merged", "Published by"]
    return _table("Streams", heads, rows)


def _servers(status: Status) -> str:
    rows = [
        [
            _cell(s["name"]),
            _cell(s["cluster"]),
            _cell("draining" if s["draining"] else "ready" if s["ready"] else "not ready"),
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
        "Up",
        "Connections",
        "Limit",
        "Taken",
        "kbit/s in",
        "kbit/s out",
        "CPU",
        "Memory",
        "No answer because",
    ]
    return _table("Servers", heads, rows)


def _clusters(status: Status) -> str:
    rows = [
        [
            _cell(name),
            _cell(group.rstrip("s") if group != "hls" else "hls"),
            _number(cluster["desired"]),
            _number(cluster["ready"]),
            _number(cluster["updated"]),
            _number(sum(pod["restarts"] for pod in cluster["pods"])),
            _cell(", ".join(sorted({image for w in cluster["workloads"] for image in w["images"].values()}))),
            _cell("; ".join(sorted({f"{pod['reason']}" for pod in cluster["pods"] if pod["reason"]}))),
        ]
        for group in GROUPS
        for name, cluster in status[group].items()
    ]
    return _table("Clusters", ["Cluster", "Kind", "Wanted", "Ready", "Updated", "Restarts", "Images", "Not ready because"], rows)


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
    return _table("Where to publish and play", ["Cluster", "To", "Protocol", "URL", "Public"], rows)


def _table(title: str, heads: Iterable[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    head = "".join(
        f'<th scope="col"{NUMBER if NUMBER in cell else ""}><button type="button">{escape(text)}</button></th>'
        for text, cell in zip(heads, rows[0], strict=True)
    )
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return (
        f"<section><h2>{escape(title)} <small>{len(rows)}</small></h2>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></section>"
    )


def _cell(text: str, order: float | None = None) -> str:
    key = "" if order is None else f' data-sort="{order}"'
    return f"<td{key}>{escape(text)}</td>"


def _number(value: float | None, unit: str = "") -> str:
    """What isn't known sorts below everything."""
    shown = "" if value is None else f"{value:g}{unit}" if isinstance(value, float) else f"{value}{unit}"
    return f'<td{NUMBER} data-sort="{-1 if value is None else value}">{shown}</td>'


def _rate(kbps: float) -> str:
    if kbps >= 1_000_000:
        return f"{kbps / 1_000_000:.1f} Gbit/s"
    return f"{kbps / 1000:.1f} Mbit/s" if kbps >= 1000 else f"{kbps:.0f} kbit/s"


STYLE = """
:root{--back:#f6f7f9;--card:#fff;--text:#1b1f27;--soft:#5b6472;--rule:#dde1e7;--good:#1a7f45;--bad:#c4302b;--warn:#9a6200;
--none:#8a93a1;--s0:#2563eb;--s1:#d9480f;--s2:#0f8a6d;--s3:#9333ea;--s4:#c2255c;--s5:#5c7c0a;--s6:#7a8494}
@media (prefers-color-scheme:dark){:root{--back:#12151b;--card:#1b2029;--text:#e7eaf0;--soft:#9aa4b4;--rule:#313947;
--good:#4cc27f;--bad:#ff7a70;--warn:#f0b44c;--none:#6d7788;
--s0:#6ea0ff;--s1:#ff9457;--s2:#45cfae;--s3:#c48bff;--s4:#ff7fab;--s5:#b4d455;--s6:#8c97a8}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1200px;margin:0 auto;padding:20px 16px 40px}
h1{margin:0;font-size:1.6rem}
h2{margin:0 0 10px;font-size:1.05rem}
h2 small{color:var(--soft);font-weight:400}
header p{margin:2px 0 0;color:var(--soft)}
section{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:14px 16px;margin:14px 0;min-width:0}
ul{list-style:none;margin:0;padding:0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:14px 0}
.tiles li{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:10px 14px}
.tiles li{color:var(--soft);font-size:.85rem}
.tiles b{display:block;color:var(--text);font-size:1.2rem;font-weight:600;white-space:nowrap}
.problems li{border-left:4px solid var(--warn);padding:4px 10px;margin:0 0 6px;overflow-wrap:anywhere}
.problems .error{border-color:var(--bad)}
.problems b{color:var(--warn)}
.problems .error b{color:var(--bad)}
.problems span{font-weight:600}
.fine{margin:0;color:var(--good);font-weight:600}
.chips,.legend{display:flex;flex-wrap:wrap;gap:6px 8px;margin-top:10px;font-size:.82rem}
.chips li{border:1px solid var(--rule);border-radius:99px;padding:1px 10px}
.chips .good::before{content:"✓ ";color:var(--good)}
.chips .wrong{border-color:var(--bad);color:var(--bad)}
.chips .wrong::before{content:"✕ "}
.chips .unknown{color:var(--soft)}
.legend{gap:4px 16px;color:var(--soft)}
.legend li::before{content:"";display:inline-block;width:18px;height:4px;border-radius:2px;margin-right:6px;vertical-align:middle}
.legend .pod::before{width:10px;height:10px;border-radius:3px}
svg{display:block;width:100%;height:auto;margin:0 auto}
svg .box{fill:var(--back);stroke:var(--rule)}
svg .origin{stroke:var(--s0)}
svg .balancer{stroke-dasharray:4 3}
svg text{fill:var(--text);font-family:inherit}
svg .title{font-size:13px;font-weight:600}
svg .line{font-size:12px;fill:var(--soft)}
svg path{fill:none;stroke-linecap:butt}
svg .mark{stroke:none}
svg .idle{stroke:var(--rule);stroke-width:1.5;stroke-dasharray:4 4}
svg .flow{opacity:.85}
svg .pod{stroke-width:1.5}
.pod.ok{fill:var(--good);stroke:var(--good)}
.pod.bad{fill:var(--bad);stroke:var(--bad)}
.pod.leaving{fill:var(--warn);stroke:var(--warn)}
svg .pod.silent{fill:none;stroke:var(--none)}
.legend .pod.ok::before{background:var(--good)}
.legend .pod.bad::before{background:var(--bad)}
.legend .pod.leaving::before{background:var(--warn)}
.legend .pod.silent::before{background:none;border:1.5px solid var(--none)}
@STREAMS@
.narrow{display:none}
.scroll{overflow-x:auto;margin:0 -16px -14px;padding:0 16px 14px}
table{border-collapse:collapse;width:100%;font-size:.86rem}
th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--rule);white-space:nowrap;vertical-align:top}
tbody tr:last-child td{border-bottom:0}
td:last-child{white-space:normal;overflow-wrap:anywhere;min-width:220px}
.number{text-align:right;font-variant-numeric:tabular-nums}
th button{all:unset;cursor:pointer;color:var(--soft);font-weight:600}
th button:focus-visible{outline:2px solid var(--s0);border-radius:3px}
th[aria-sort=ascending] button::after{content:" ▲"}
th[aria-sort=descending] button::after{content:" ▼"}
@media (max-width:900px){.wide{display:none}.narrow{display:block}.narrow svg{max-width:440px!important}}
@media (max-width:480px){main{padding:14px 10px 30px}section{padding:12px}
.scroll{margin:0 -12px -12px;padding:0 12px 12px}}
@media print{section{break-inside:avoid}}
""".strip().replace(
    "@STREAMS@",
    "".join(
        f"svg .s{n}{{stroke:var(--s{n})}}svg .mark.s{n}{{fill:var(--s{n})}}.legend .s{n}::before{{background:var(--s{n})}}"
        for n in range(drawing.STREAMS + 1)
    ),
)

SCRIPT = """
document.addEventListener("click", event => {
  const head = event.target.closest("th");
  if (!head) return;
  const body = head.closest("table").tBodies[0], column = head.cellIndex, sorted = head.getAttribute("aria-sort");
  const key = row => row.cells[column].dataset.sort ?? row.cells[column].textContent;
  const compare = (a, b) => {
    const difference = Number(a) - Number(b);
    return Number.isNaN(difference) ? a.localeCompare(b, undefined, {numeric: true}) : difference;
  };
  // Figures begin with the largest, words with the first.
  const first = body.rows[0].cells[column].dataset.sort === undefined ? "ascending" : "descending";
  const order = sorted === null ? first : sorted === "ascending" ? "descending" : "ascending";
  [...body.rows].sort((a, b) => compare(key(a), key(b)) * (order === "ascending" ? 1 : -1)).forEach(row => body.append(row));
  head.parentNode.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", order);
});
""".strip()
