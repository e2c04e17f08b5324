# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The style and the script of the status page."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._observed.drawing import STREAMS

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
.pod.ready{fill:var(--good);stroke:var(--good)}
.pod.not_ready{fill:var(--bad);stroke:var(--bad)}
.pod.draining{fill:var(--warn);stroke:var(--warn)}
svg .pod.silent{fill:none;stroke:var(--none)}
svg .pod.starting{fill:none;stroke:var(--good)}
.legend .pod.ready::before{background:var(--good)}
.legend .pod.not_ready::before{background:var(--bad)}
.legend .pod.draining::before{background:var(--warn)}
.legend .pod.silent::before{background:none;border:1.5px solid var(--none)}
.legend .pod.starting::before{background:none;border:1.5px solid var(--good)}
@STREAMS@
.narrow{display:none}
.scroll{overflow-x:auto;margin:0 -16px -14px;padding:0 16px 14px;
background:linear-gradient(90deg,var(--card) 50%,transparent) 0/48px 100% no-repeat local,
linear-gradient(270deg,var(--card) 50%,transparent) 100%/48px 100% no-repeat local,
linear-gradient(90deg,var(--rule),transparent) 0/16px 100% no-repeat,
linear-gradient(270deg,var(--rule),transparent) 100%/16px 100% no-repeat}
table{border-collapse:collapse;width:100%;font-size:.86rem}
th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--rule);vertical-align:top}
.number,td[data-sort]{white-space:nowrap}
tbody tr:last-child td{border-bottom:0}
td:first-child{min-width:190px}
td:last-child{overflow-wrap:anywhere;min-width:120px}
.number{text-align:right;font-variant-numeric:tabular-nums}
th.number{white-space:normal}
th button{all:unset;cursor:pointer;color:var(--soft);font-weight:600}
th button:focus-visible{outline:2px solid var(--s0);border-radius:3px}
th[aria-sort=ascending] button::after{content:" ▲"}
th[aria-sort=descending] button::after{content:" ▼"}
@media (max-width:900px){table{font-size:.8rem}th,td{padding-right:6px}
td:first-child{overflow-wrap:anywhere;min-width:110px}td:last-child{min-width:90px}
.wide{display:none}.narrow{display:block}.narrow svg{max-width:440px!important}}
@media (max-width:480px){main{padding:14px 10px 30px}section{padding:12px}
.scroll{margin:0 -12px -12px;padding:0 12px 12px}}
@media print{section{break-inside:avoid}}
""".strip().replace(
    "@STREAMS@",
    "".join(
        f"svg .s{n}{{stroke:var(--s{n})}}svg .mark.s{n}{{fill:var(--s{n})}}.legend .s{n}::before{{background:var(--s{n})}}"
        for n in range(STREAMS + 1)
    ),
)

PLAYER_STYLE = """
.play,.close{font:inherit;font-size:.82rem;color:var(--text);background:var(--back);
border:1px solid var(--rule);border-radius:99px;padding:1px 10px}
.play:enabled,.close{cursor:pointer}
.play{float:right;margin-left:8px}
.play[aria-expanded=true]{border-color:var(--s0)}
.play:disabled{opacity:.5}
.note{margin:0 0 10px;color:var(--soft);font-size:.86rem}
.player{margin:0 0 12px}
.player p{display:flex;flex-wrap:wrap;gap:6px 10px;align-items:center;margin:0 0 8px;overflow-wrap:anywhere}
.player[hidden]{display:none}
.player select{flex:1 1 200px;min-width:0;max-width:480px;font:inherit;font-size:.86rem}
.player .close{margin-left:auto}
.player video{display:block;width:100%;aspect-ratio:16/9;max-height:60vh;background:#000;border-radius:6px;margin-bottom:8px}
.player [role=status]{min-height:1.45em}
.player code{user-select:all;font-size:.82rem}
@media (max-width:480px){.player select{order:1;flex-basis:100%}}
""".rstrip()

SCRIPT = """
document.addEventListener("click", event => {
  const head = event.target.closest("th");
  if (!head) return;
  const body = head.closest("table").tBodies[0], column = head.cellIndex, sorted = head.getAttribute("aria-sort");
  const key = row => row.cells[column].dataset.sort ?? row.cells[column].firstChild?.textContent ?? "";
  const compare = (a, b) => {
    const difference = Number(a) - Number(b);
    return Number.isNaN(difference) ? a.localeCompare(b, undefined, {numeric: true}) : difference;
  };
  // Numbers start with the largest, words with the first.
  const first = body.rows[0].cells[column].dataset.sort === undefined ? "ascending" : "descending";
  const order = sorted === null ? first : sorted === "ascending" ? "descending" : "ascending";
  [...body.rows].sort((a, b) => compare(key(a), key(b)) * (order === "ascending" ? 1 : -1)).forEach(row => body.append(row));
  head.parentNode.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", order);
});
""".strip()
