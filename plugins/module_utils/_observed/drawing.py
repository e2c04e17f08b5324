# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology as a picture: publishers, origins, edge clusters and load balancers, and streams as lines as thick as their bitrate.

It is drawn twice: for wide screens, and for phones. The colours are the page's (see ``report``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import Cluster, Server, State, Status, Stream
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_text import stream_name

# The first streams have a line each; the others share one.
STREAMS = 6
THINNEST, THICKEST = 1.5, 12.0
LINE = 17
SQUARE = 12

WIDE = 1120
NARROW = 360
# With more edge clusters than this, lines from one origin can no longer be told apart.
SIDE_BY_SIDE = 14
TRUNK = 20


@dataclass
class Flow:
    """What flows between two boxes."""

    stream: int
    """Number of the stream; ``STREAMS`` for all others."""
    kbps: float
    """Its bitrate in kbit/s."""


@dataclass
class Box:
    """A publisher, cluster or load balancer."""

    title: str
    lines: list[str] = field(default_factory=list)
    pods: list[State] = field(default_factory=list)
    """A square for each pod, coloured by its state."""
    flows: list[Flow] = field(default_factory=list)
    """What it gets from the origin."""
    source: str = ""
    """The edge cluster that it pulls from; empty if that is an origin."""
    out_kbps: float = 0.0
    """What its servers send to players, in kbit/s."""
    addresses: list[str] = field(default_factory=list)

    def height(self, width: int) -> int:
        """Its height, for a width; both in pixels."""
        rows = -(-len(self.pods) // self.columns(width))
        return 14 + LINE * (1 + len(self.lines)) + (rows * (SQUARE + 3) + 4 if rows else 0)

    @staticmethod
    def columns(width: int) -> int:
        """How many squares stand side by side."""
        return max(1, (width - 20) // (SQUARE + 3))


@dataclass
class Model:
    """What is drawn."""

    publishers: list[Box]
    origins: list[Box]
    edges: list[Box]
    balancers: list[tuple[Box, str]]
    """Each with the edge cluster that it leads to; empty for others, which are drawn at the origin."""
    scale: float
    """The bitrate in kbit/s that is drawn as the thickest line."""


def draw(status: Status) -> str:
    """Both pictures as SVG in HTML; the page shows the one that fits the screen."""
    model = _model(status)
    wide = _wide(model) if len(model.edges) <= SIDE_BY_SIDE else _tree(model, WIDE, 4)
    return f'<div class="wide">{wide}</div><div class="narrow">{_tree(model, NARROW, 1)}</div>'


def legend(status: Status) -> list[tuple[int, str]]:
    """(number, name) of the streams that have a line each."""
    return [(number, stream_name(stream)) for number, stream in enumerate(_main_streams(status))]


def _main_streams(status: Status) -> list[Stream]:
    return sorted(status["streams"], key=lambda s: (-(s["kbps_in"] or 0), -s["players"], s["url"]))[:STREAMS]


# What there is to draw


def _model(status: Status) -> Model:
    numbers = {(s["vhost"], s["url"]): number for number, s in enumerate(_main_streams(status))}
    servers = {server["name"]: server for server in status["servers"]}
    edges = [_edge(label, cluster, status, servers, numbers) for label, cluster in status["edges"].items()]
    publishers = [_publisher(stream, numbers) for stream in _main_streams(status) if stream["publishers"]]
    rates = [flow.kbps for box in [*edges, *publishers] for flow in box.flows]
    balancers = []
    for service in status["services"]:
        if service["type"] == "LoadBalancer" and not service["deleting"]:
            ports = ", ".join(str(port["port"]) for port in service["ports"])
            lines = [*(service["addresses"] or ["no address yet"]), f"ports {ports}"]
            owner = service["cluster"] if service["component"] == "edge" else ""
            balancers.append((Box(service["name"], lines, addresses=service["addresses"]), owner))
    return Model(publishers, _origins(status, servers), edges, balancers, max([*rates, 1.0]))


def _origins(status: Status, servers: Mapping[str, Server]) -> list[Box]:
    boxes = []
    for label, cluster in status["origins"].items():
        lines = [f"{cluster['ready']} of {cluster['desired']} ready"]
        containers = {container for workload in cluster["workloads"] for container in workload["images"]}
        if "nginx" in containers:
            lines.append("with nginx for HLS")
        boxes.append(Box(label, lines, _pods(cluster, servers)))
    for label, cluster in status["hls"].items():
        boxes.append(Box(label, [f"nginx, {cluster['ready']} of {cluster['desired']} ready"], _pods(cluster, {})))
    return boxes


def _edge(label: str, cluster: Cluster, status: Status, servers: Mapping[str, Server], numbers: Mapping[tuple[str, str], int]) -> Box:
    flows: dict[int, float] = {}
    players, source = 0, ""
    mine = {pod["name"] for pod in cluster["pods"]}
    for stream in status["streams"]:
        number = numbers.get((stream["vhost"], stream["url"]), STREAMS)
        pulls = [pull for pull in stream["pulls"] if pull["edge"] in mine]
        if pulls:
            flows[number] = flows.get(number, 0.0) + (stream["kbps_in"] or 0) * len(pulls)
        upstream = {servers[pull["server"]]["cluster"] for pull in pulls if servers[pull["server"]]["component"] == "edge"}
        source = next(iter(upstream), source)
        players += sum(count for server, count in stream["players_by_server"].items() if server in mine)
    out = sum(servers[pod]["kbps_out"] or 0 for pod in mine if pod in servers)
    lines = [f"{cluster['ready']} of {cluster['desired']} ready" + (f", {players} players" if status["servers"] else "")]
    found = [Flow(number, kbps) for number, kbps in sorted(flows.items())]
    return Box(label, lines, _pods(cluster, servers), found, source, out)


def _publisher(stream: Stream, numbers: Mapping[tuple[str, str], int]) -> Box:
    first = stream["publishers"][0]
    number = numbers[(stream["vhost"], stream["url"])]
    rate = "? kbit/s" if stream["kbps_in"] is None else f"{stream['kbps_in']} kbit/s"
    lines = [rate + (f", through {first['server']}" if first["forwarded"] else "")]
    return Box(stream_name(stream), lines, flows=[Flow(number, stream["kbps_in"] or 0.0)])


def _pods(cluster: Cluster, servers: Mapping[str, Server]) -> list[State]:
    return [servers[pod["name"]]["state"] if pod["name"] in servers else pod["state"] for pod in cluster["pods"]]


# How it is drawn


class _Picture:
    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[str] = []
        self.boxes: list[str] = []

    def box(self, box: Box, x: float, y: float, width: int, kind: str) -> float:
        """Draw a box; gives the place of its lower edge."""
        height = box.height(width)
        self.boxes.append(f'<rect class="box {kind}" x="{x:.0f}" y="{y:.0f}" width="{width}" height="{height}" rx="8"/>')
        self.text(box.title, x + 10, y + 19, width - 20, "title")
        for number, line in enumerate(box.lines):
            self.text(line, x + 10, y + 19 + LINE * (number + 1), width - 20, "line")
        top = y + 14 + LINE * (1 + len(box.lines))
        columns = Box.columns(width)
        for number, pod in enumerate(box.pods):
            left, down = x + 10 + number % columns * (SQUARE + 3), top + number // columns * (SQUARE + 3)
            self.boxes.append(f'<rect class="pod {pod}" x="{left:.0f}" y="{down:.0f}" width="{SQUARE}" height="{SQUARE}" rx="3"/>')
        return y + height

    def text(self, text: str, x: float, y: float, width: float, kind: str) -> None:
        """Draw a text, shortened to the width; the whole of it is shown on hovering."""
        longest = int(width / (7.4 if kind == "title" else 6.6))
        shown = text if len(text) <= longest else text[: longest - 1] + "…"
        self.boxes.append(f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}">{escape(shown)}<title>{escape(text)}</title></text>')

    def line(self, start: tuple[float, float], end: tuple[float, float], flows: Sequence[Flow], scale: float) -> None:
        """Draw a bundle of lines, one for each flow; a dashed line if nothing flows."""
        if not flows:
            self.lines.append(f'<path class="idle" d="{_curve(start, end)}"/>')
            return
        widths = [THINNEST + (THICKEST - THINNEST) * min(1.0, flow.kbps / scale) for flow in flows]
        offset = -sum(widths) / 2
        for flow, width in zip(flows, widths, strict=True):
            shift = offset + width / 2
            path = _curve((start[0], start[1] + shift), (end[0], end[1] + shift))
            self.lines.append(f'<path class="flow s{flow.stream}" stroke-width="{width:.1f}" d="{path}"/>')
            offset += width

    def svg(self, height: float) -> str:
        """All that was drawn, lines below boxes."""
        content = "".join([*self.lines, *self.boxes])
        size = f'viewBox="-1 -1 {self.width + 2} {height + 2:.0f}" style="max-width:{self.width}px"'
        return f'<svg role="img" aria-label="The topology" {size}>{content}</svg>'


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    middle = (start[0] + end[0]) / 2
    return f"M{start[0]:.1f} {start[1]:.1f}C{middle:.1f} {start[1]:.1f} {middle:.1f} {end[1]:.1f} {end[0]:.1f} {end[1]:.1f}"


def _column(boxes: Iterable[Box], width: int, gap: int = 12) -> list[tuple[Box, float]]:
    """Boxes with their tops, from 0 on."""
    y, placed = 0.0, []
    for box in boxes:
        placed.append((box, y))
        y += box.height(width) + gap
    return placed


def _below(placed: Sequence[tuple[Box, float]], width: int) -> float:
    return placed[-1][1] + placed[-1][0].height(width) if placed else 0.0


def _wide(model: Model) -> str:
    """Four columns: publishers, origin with its load balancer, edge clusters, their load balancers."""
    picture = _Picture(WIDE)
    origin_x, edge_x, right = 300, 560, 880
    small, middle, large = 220, 180, 240
    edges = _column(model.edges, large)
    publishers = _column(model.publishers, small)
    origins = _column(model.origins, middle)
    own = _column((box for box, owner in model.balancers if owner not in (e.title for e in model.edges)), middle)
    origins_height = _below(origins, middle)
    height = origins_height + (26 + _below(own, middle) if own else 0)
    # Of a long column of edges the beginning is what one sees first.
    window = min(max(_below(edges, large), _below(publishers, small), height), 640.0)
    top = max(0.0, window - height) / 2
    center = top + (origins_height / 2 if origins else 30.0)
    for box, y in origins:
        picture.box(box, origin_x, top + y, middle, "origin")
    for box, y in own:
        picture.box(box, origin_x, top + origins_height + 26 + y, middle, "balancer")
    if own and origins:
        picture.lines.append(f'<path class="idle" d="M{origin_x + middle / 2:.0f} {top + origins_height:.0f}v26"/>')
    middles: dict[str, float] = {}
    for box, y in edges:
        picture.box(box, edge_x, y, large, "edge")
        middles[box.title] = y + box.height(large) / 2
    _edge_lines(picture, model, middles, (origin_x + middle, center), edge_x)
    publisher_top = max(0.0, center - _below(publishers, small) / 2)
    for box, y in publishers:
        picture.box(box, 0, publisher_top + y, small, "publisher")
        picture.line((small, publisher_top + y + box.height(small) / 2), (origin_x, center), box.flows, model.scale)
    bottom = _balancers(picture, model, middles, right, edge_x + large)
    return picture.svg(max(bottom, _below(edges, large), top + height, publisher_top + _below(publishers, small)) + 2)


def _edge_lines(picture: _Picture, model: Model, middles: Mapping[str, float], origin: tuple[float, float], edge_x: float) -> None:
    for box in model.edges:
        end = (edge_x, middles[box.title])
        if box.source in middles and box.source != box.title:
            start = (edge_x, middles[box.source])
            self_path = f"M{start[0]} {start[1]:.1f}C{edge_x - 50} {start[1]:.1f} {edge_x - 50} {end[1]:.1f} {end[0]} {end[1]:.1f}"
            picture.lines.append(f'<path class="flow s{box.flows[0].stream}" stroke-width="2" d="{self_path}"/>')
        elif model.origins:
            picture.line(origin, end, box.flows, model.scale)


def _balancers(picture: _Picture, model: Model, middles: Mapping[str, float], x: int, edge_end: float) -> float:
    """Load balancers of edge clusters, beside these; where the lowest ends."""
    width = WIDE - x
    rates = {box.title: box.out_kbps for box in model.edges}
    most = max([*rates.values(), 1.0])
    y = 0.0
    for box, owner in sorted((entry for entry in model.balancers if entry[1] in middles), key=lambda entry: middles[entry[1]]):
        height = box.height(width)
        y = max(y, middles[owner] - height / 2)
        picture.box(box, x, y, width, "balancer")
        picture.line((edge_end, middles[owner]), (float(x), y + height / 2), [Flow(STREAMS, rates[owner])] if rates[owner] else [], most)
        y += height + 12
    return y


def _tree(model: Model, width: int, columns: int) -> str:
    """Origin on top, edge clusters below in columns, each with its load balancer's addresses in its box and its streams at its side."""
    picture = _Picture(width)
    top_width = min(width, NARROW)
    y = 0.0
    if model.publishers:
        published = Box("Published", [f"{box.title}  {box.lines[0]}" for box in model.publishers])
        y = picture.box(published, 0, y, top_width, "publisher")
        for number, box in enumerate(model.publishers):
            mark = f'<rect class="mark s{box.flows[0].stream}" x="4" y="{8 + LINE * (number + 1)}" width="3" height="{LINE - 4}"/>'
            picture.boxes.append(mark)
        picture.line((TRUNK, y), (TRUNK, y + 16), [], model.scale)
        y += 16
    for box in model.origins:
        y = picture.box(box, 0, y, top_width, "origin") + 10
    addresses: dict[str, list[str]] = {}
    for balancer, owner in model.balancers:
        addresses.setdefault(owner, []).append(", ".join(balancer.addresses) or f"{balancer.title}: no address yet")
    own = [Box(address, ["load balancer for HLS"]) for address in addresses.pop("", [])]
    start = y - 10
    each = (width - (columns - 1) * 12) // columns
    below = [(box, "balancer") for box in own] + [(_with_addresses(box, addresses.get(box.title, [])), "edge") for box in model.edges]
    rows = -(-len(below) // columns)
    bottoms = []
    for column in range(columns):
        left, down = column * (each + 12), y
        middle = start
        for box, kind in below[column * rows : (column + 1) * rows]:
            middle = down + box.height(each - 2 * TRUNK) / 2
            picture.line((left + TRUNK, middle), (left + 2 * TRUNK, middle), box.flows, model.scale)
            down = picture.box(box, left + 2 * TRUNK, down, each - 2 * TRUNK, kind) + 10
        if middle > start:
            picture.lines.insert(0, f'<path class="idle" d="M{left + TRUNK} {start:.0f}V{middle:.0f}"/>')
            if column:
                picture.lines.insert(0, f'<path class="idle" d="M{TRUNK} {start + 4:.0f}H{left + TRUNK}"/>')
        bottoms.append(down)
    return picture.svg(max([*bottoms, y]))


def _with_addresses(box: Box, addresses: Sequence[str]) -> Box:
    pulls = [f"pulls from {box.source}"] if box.source else []
    return Box(box.title, [*box.lines, *addresses, *pulls], box.pods, box.flows)
