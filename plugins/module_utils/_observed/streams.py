# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all servers say, put together: which stream goes from which publisher over which servers to how many players.

A stream is identified by its vhost and URL, not by its name (which carries ``.flv`` at an edge) or id (which differs on each server).
A client whose address is that of a pod of the topology is a server itself: it pulls or forwards, and is not a player.
What a server did not tell is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.livestream.srs.plugins.module_utils._observed import answers
from ansible_collections.livestream.srs.plugins.module_utils._observed import status_model as model
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import DEFAULT_VHOST

Row = Mapping[str, Any]
Key = tuple[str, str]

PROTOCOLS = {"rtmp-play": "rtmp", "flv-play": "flv", "hls-play": "hls", "rtc-play": "rtc", "srt-play": "srt"}
HTTP_SUFFIXES = (".flv", ".ts", ".aac", ".mp3")

# A player that has been there so long and got so little had the handshake alone, if the stream brings far more in that time.
STARVING_SECONDS = 10.0
HANDSHAKE_BYTES = 8192
# SRS says 0 until it has a rate over 30 seconds, which it looks for every few seconds (seen after 31 to 36 s with 6.0.157 and 7.0.18).
RATE_SECONDS = 40.0


@dataclass
class Server:
    """An SRS server: what Kubernetes says about it, and what it answered itself."""

    name: str
    component: model.Component
    cluster: str
    ip: str | None = None
    state: model.PodState = "not_ready"
    """The state of its pod."""
    ready: bool = False
    max_connections: int | None = None
    replies: Mapping[str, Any] = field(default_factory=dict)
    """What it answered, by what it was asked for: ``summaries``, ``vhosts``, ``streams``, ``clients``; as it came, or read."""
    error_kind: model.ErrorKind | None = None
    error: str | None = None
    """Why it did not answer; None if it did."""

    def read(self) -> Server:
        """The same with replies that have been read (see ``answers``)."""
        return self if isinstance(self.replies, answers.Replies) else replace(self, replies=answers.read(self.replies))

    def list(self, what: str) -> list[Row]:
        """The rows of a reply; empty if there is none."""
        return self.replies.get(what) or []

    def rate(self, told: int | None, clients: Iterable[Row]) -> int | None:
        """A rate over 30 seconds of what these clients send or get; None while the server has none yet, and says 0."""
        if told != 0:
            return told
        oldest = max((client.get("alive") or 0.0 for client in clients), default=RATE_SECONDS)
        return 0 if "clients" in self.replies and oldest >= RATE_SECONDS else None

    @property
    def is_edge(self) -> bool:
        """Whether it belongs to an edge cluster."""
        return self.component == "edge"


@dataclass
class _Seen:
    """One stream on one server."""

    server: Server
    entry: Row | None = None
    publishers: list[Row] = field(default_factory=list)
    forwards: list[tuple[Row, str | None]] = field(default_factory=list)
    players: list[Row] = field(default_factory=list)
    pulls: list[tuple[Row, str | None]] = field(default_factory=list)

    def of_entry(self, *path: str) -> Any:
        """What the server's row of the stream has there; None if it has nothing."""
        return _dig(self.entry, *path)

    def rate(self, way: str) -> int | None:
        """The stream's rate on the server: ``recv_30s``, ``send_30s``."""
        others = [client for client, _peer in [*self.forwards, *self.pulls]]
        return self.server.rate(self.of_entry("kbps", way), [*self.publishers, *self.players, *others])


def server_row(server: Server) -> model.Server:
    """A server as the status has it."""
    server = server.read()
    summary = server.replies.get("summaries") or {}
    clients = server.replies.get("clients")
    cpu = _dig(summary, "self", "cpu_percent")
    connections = _dig(summary, "system", "conn_srs")
    limit = server.max_connections
    return {
        "name": server.name,
        "component": server.component,
        "cluster": server.cluster,
        "state": "silent" if server.state == "ready" and server.error else server.state,
        "ip": server.ip,
        "ready": server.ready,
        "draining": server.state == "draining",
        "answered": server.error is None,
        "error_kind": server.error_kind,
        "error": server.error,
        "version": _dig(summary, "self", "version"),
        "uptime_seconds": _dig(summary, "self", "srs_uptime"),
        # SRS gives a fraction of one core under the name of a percentage.
        "cpu_percent": None if cpu is None else round(cpu * 100, 1),
        "memory_kib": _dig(summary, "self", "mem_kbyte"),
        "connections": connections,
        "max_connections": limit,
        "connections_percent": round(connections / limit * 100, 1) if limit and connections is not None else None,
        "clients": None if clients is None else len(clients),
        "kbps_in": _server_rate(server, "recv_30s"),
        "kbps_out": _server_rate(server, "send_30s"),
    }


def _server_rate(server: Server, way: str) -> int | None:
    """What all vhosts of a server have together. One that nobody has used yet has no vhost."""
    if "vhosts" not in server.replies:
        return None
    return server.rate(_sum(_dig(vhost, "kbps", way) for vhost in server.list("vhosts")), server.list("clients"))


@dataclass(frozen=True)
class Inside:
    """What tells connections between servers from those of players and publishers."""

    hosts: frozenset[str] = frozenset()
    """The names by which edges find their origin."""
    relays: frozenset[str] = frozenset()
    """Addresses of proxies of SRS 7. They pass on connections of edges and of players alike, each with the URL that it asks for."""


def build(servers: Sequence[Server], inside: Inside = Inside()) -> list[model.Stream]:
    """The streams that are published or that clients ask for, ordered by vhost and URL."""
    servers = [server.read() for server in servers]
    pods = {server.ip: server for server in servers if server.ip}
    streams: dict[Key, list[_Seen]] = {}
    for server in servers:
        for key, seen in _on_server(server, pods, inside).items():
            streams.setdefault(key, []).append(seen)
    rows = [_stream_row(key, seen, servers) for key, seen in sorted(streams.items())]
    return [row for row in rows if row["live"] or row["publishers"] or row["players"] or row["pulls"]]


def clients(servers: Sequence[Server], inside: Inside = Inside()) -> list[dict[str, Any]]:
    """Each client of each server with its role: ``player``, ``publisher``, or another server with ``pull`` or ``forward``."""
    servers = [server.read() for server in servers]
    pods = {server.ip: server for server in servers if server.ip}
    rows = []
    for server in servers:
        for (vhost, url), seen in _on_server(server, pods, inside).items():
            found = [
                *(("publisher", client, None) for client in seen.publishers),
                *(("forward", client, peer) for client, peer in seen.forwards),
                *(("player", client, None) for client in seen.players),
                *(("pull", client, peer) for client, peer in seen.pulls),
            ]
            rows += [_client_row(server, vhost, url, role, client, peer) for role, client, peer in found]
    return rows


def _client_row(server: Server, vhost: str, url: str, role: str, client: Row, peer: str | None) -> dict[str, Any]:
    return {
        "server": server.name,
        "cluster": server.cluster,
        "component": server.component,
        "id": client.get("id"),
        "role": role,
        "of_server": peer,
        "vhost": vhost,
        "url": url,
        "protocol": _protocol(client) if role == "player" else None,
        "type": client.get("type"),
        "ip": client.get("ip"),
        "seconds": client.get("alive"),
        "kbps_in": server.rate(_dig(client, "kbps", "recv_30s"), [client]),
        "kbps_out": server.rate(_dig(client, "kbps", "send_30s"), [client]),
        "recv_bytes": client.get("recv_bytes"),
        "send_bytes": client.get("send_bytes"),
    }


def _on_server(server: Server, pods: Mapping[str, Server], inside: Inside) -> dict[Key, _Seen]:
    """The streams of one server with their clients."""
    vhosts = {row.get("id"): row.get("name") or DEFAULT_VHOST for row in server.list("vhosts")}
    found: dict[Key, _Seen] = {}
    keys: dict[Any, Key] = {}
    for entry in server.list("streams"):
        key = _key(entry, vhosts)
        keys[entry.get("id")] = key
        seen = found.setdefault(key, _Seen(server))
        # After a publisher came back, an old entry of the same stream may still be there.
        if seen.entry is None or _dig(entry, "publish", "active"):
            seen.entry = entry
    # Where addresses are translated on the way, an edge can still be told by the name under which it looks for its origin.
    by_name = not any(client.get("ip") in pods for client in server.list("clients"))
    for client in server.list("clients"):
        key = keys.get(client.get("stream")) or _key(client, vhosts)
        seen = found.setdefault(key, _Seen(server))
        peer = pods.get(client.get("ip") or "")
        relayed = client.get("ip") in inside.relays
        is_server = (peer is not None and peer is not server) or ((by_name or relayed) and _asks_for(client, inside.hosts))
        _sort_in(seen, client, peer.name if peer else None, is_server, relayed)
    return found


def _sort_in(seen: _Seen, client: Row, peer: str | None, is_server: bool, relayed: bool) -> None:
    """Add a client of a stream to those that do the same as it."""
    kind = client.get("type") or ""
    if client.get("publish") or kind.endswith("-publish"):
        # A server that forwards says flash-publish, an encoder does not. A proxy makes fmle-publish of both
        # (releaseStream comes first, https://github.com/ossrs/proxy-go, rtmp.go).
        if is_server and (relayed or kind in ("flash-publish", "")):
            seen.forwards.append((client, peer))
        else:
            seen.publishers.append(client)
    elif kind.lower().endswith("play"):
        if is_server and _protocol(client) != "hls":
            seen.pulls.append((client, peer))
        else:
            seen.players.append(client)


def _asks_for(client: Row, hosts: frozenset[str]) -> bool:
    """Whether a client's URL names one of these hosts: the name itself, a full name that begins with it, or a pod of a headless Service."""
    host = _host(client).partition(":")[0].lower()
    return host in hosts or any(part in hosts for part in host.split(".")[:2])


def _host(client: Row) -> str:
    """The host in a client's URL, with its port; "" for what is no URL, since players choose theirs."""
    try:
        return urlsplit(client.get("tcUrl") or "").netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _key(row: Row, vhosts: Mapping[Any, Any]) -> Key:
    """(vhost, /app/stream) of a stream or client."""
    url = row.get("url")
    if url is None:
        return str(vhosts.get(row.get("vhost"), DEFAULT_VHOST)), f"/{row.get('app') or '?'}/{_plain_name(row.get('name') or '?')}"
    vhost, slash, path = url.partition("/")
    # Only clients have a URL before SRS 5, and there it has the suffix that an HTTP player asked for.
    return vhost or DEFAULT_VHOST, slash + _plain_name(path)


def _plain_name(name: str) -> str:
    suffix = next((suffix for suffix in HTTP_SUFFIXES if name.endswith(suffix)), "")
    return name.removesuffix(suffix)


def _protocol(client: Row) -> str | None:
    """Of a player. SRS 3 and 4 call HTTP players as those of RTMP, with the vhost's name in place of the host that they asked for."""
    kind = client.get("type") or ""
    if kind not in ("rtmp-play", "Play") or "name" in client:
        return PROTOCOLS.get(kind)
    if _host(client) == DEFAULT_VHOST:
        return "flv"
    return "rtmp" if _key(client, {})[0] == DEFAULT_VHOST else None


def _stream_row(key: Key, on: list[_Seen], servers: Sequence[Server]) -> model.Stream:
    vhost, url = key
    on = sorted(on, key=lambda seen: (seen.server.is_edge, seen.server.name))
    app, _slash, name = url.strip("/").rpartition("/")
    publishers = _publishers(on)
    source = next((seen for seen in on if seen.publishers or seen.forwards), None) or next(
        (s for s in on if s.of_entry("publish", "active")), None
    )
    kbps_in = source.rate("recv_30s") if source else None
    players = {seen.server.name: len(seen.players) for seen in on if seen.players}
    pulls = [_pull(seen.server, client, peer, servers) for seen in on for client, peer in seen.pulls]
    return {
        "vhost": vhost,
        "app": app,
        "stream": name,
        "url": url,
        "live": _live(on, publishers, servers),
        "publishers": publishers,
        "live_seconds": max((p["live_seconds"] for p in publishers if p["live_seconds"] is not None), default=None),
        "video": _first(on, "video"),
        "audio": _first(on, "audio"),
        "fps": next((fps for seen in on if (fps := seen.of_entry("video", "fps")) is not None), None),
        "frames": source.of_entry("frames") if source else None,
        "kbps_in": kbps_in,
        "kbps_out": _sum(_kbps_out(seen) for seen in on if seen.players),
        "players": sum(players.values()),
        "players_by_server": players,
        "players_by_protocol": _count(_protocol(client) or "unknown" for seen in on for client in seen.players),
        "pulls": pulls,
        "pull_not_merged": _pull_not_merged(pulls, players, servers),
        "playable": _playable(on, source, kbps_in),
        "servers": [_on_row(seen) for seen in on],
    }


def _publishers(on: list[_Seen]) -> list[model.Publisher]:
    """Each publisher once, although each server on its way to the origin lists it."""
    # The pod that a server forwards to, for this stream.
    onward = {peer: seen.server.name for seen in on for _client, peer in seen.forwards if peer}
    for seen in on:
        nameless = [client for client, peer in seen.forwards if peer is None]
        senders = [other.server.name for other in on if other.publishers and other.server.is_edge and other.server.name not in onward]
        onward |= dict.fromkeys(senders[: len(nameless)], seen.server.name)
    found: list[model.Publisher] = []
    for seen in on:
        for client in seen.publishers:
            found.append(_publisher(client, seen.server.name, _end(seen.server.name, onward)))
    known = {row["server"] for row in found}
    for seen in on:
        for client, peer in seen.forwards:
            # The server before did not say who publishes there.
            if peer not in known and peer not in onward.values() and not (peer is None and seen.server.name in onward.values()):
                found.append(_publisher({"alive": client.get("alive")}, peer, _end(seen.server.name, onward)))
    return found


def _end(name: str, onward: Mapping[str, str]) -> str:
    passed = {name}
    while name in onward and onward[name] not in passed:
        name = onward[name]
        passed.add(name)
    return name


def _publisher(client: Row, server: str | None, arrives: str) -> model.Publisher:
    return {
        "server": server,
        "origin": arrives,
        "forwarded": server != arrives,
        "id": client.get("id"),
        "ip": client.get("ip"),
        "type": client.get("type"),
        "live_seconds": client.get("alive"),
    }


def _pull(server: Server, client: Row, peer: str | None, servers: Sequence[Server]) -> model.Pull:
    return {
        "server": server.name,
        "edge": peer,
        "cluster": next((s.cluster for s in servers if s.name == peer), None),
        "id": client.get("id"),
        "live_seconds": client.get("alive"),
        "send_bytes": client.get("send_bytes"),
    }


def _live(on: list[_Seen], publishers: list[model.Publisher], servers: Sequence[Server]) -> bool | None:
    """Edges call a stream active even when their origin is gone, so they are not asked."""
    if publishers or any(seen.of_entry("publish", "active") for seen in on if not seen.server.is_edge):
        return True
    origins = [server for server in servers if not server.is_edge]
    return False if origins and all("streams" in server.replies for server in origins) else None


def _first(on: list[_Seen], what: str) -> dict[str, Any] | None:
    found = next((entry for seen in on if (entry := seen.of_entry(what))), None)
    return dict(found) if found else None


def _kbps_out(seen: _Seen) -> int | None:
    """What a server sends to players. What it sends to other servers is in the stream's figure as well, but not in the clients'."""
    if not seen.pulls:
        return seen.rate("send_30s")
    return _sum(seen.server.rate(_dig(client, "kbps", "send_30s"), [client]) for client in seen.players)


def _pull_not_merged(pulls: list[model.Pull], players: Mapping[str, int], servers: Sequence[Server]) -> bool | None:
    """Whether a server pulls the stream more than once, which it should not, however many players it has."""
    if not pulls:
        return None
    by_edge = _count(pull["edge"] for pull in pulls if pull["edge"])
    if any(number > 1 for number in by_edge.values()):
        return True
    # Pulls whose address does not tell can at most be those of edges that have players and are not accounted for.
    unknown = sum(pull["edge"] is None for pull in pulls)
    others = sum(server.is_edge and server.name in players and server.name not in by_edge for server in servers)
    if unknown <= others:
        return False
    return None if any(server.is_edge and server.error for server in servers) else True


def _playable(on: list[_Seen], source: _Seen | None, kbps_in: int | None) -> bool | None:
    """False where a publisher's media arrives and not one of the players at that server gets any."""
    if source is None:
        return None
    rates = [kbps_in or 0]
    for client in [*source.publishers, *(client for client, _peer in source.forwards)]:
        if client.get("recv_bytes") and client.get("alive"):
            rates.append(client["recv_bytes"] * 8 / 1000 / client["alive"])
    if max(rates) <= 0:
        return None
    judged = [_is_fed(client, max(rates)) for client in [*source.players, *(client for client, _peer in source.pulls)]]
    if any(judged):
        return True
    return False if False in judged else None


def _is_fed(client: Row, kbps_in: float) -> bool | None:
    alive, sent, rate = client.get("alive") or 0.0, client.get("send_bytes"), _dig(client, "kbps", "send_30s")
    if sent is not None:
        if sent >= HANDSHAKE_BYTES:
            return True
        due = kbps_in * 1000 / 8 * alive
        return False if alive >= STARVING_SECONDS and due > 4 * HANDSHAKE_BYTES else None
    if rate:
        return True
    # SRS 4 has the rate over 30 seconds alone.
    return False if rate == 0 and alive >= 30 + STARVING_SECONDS else None


def _on_row(seen: _Seen) -> model.StreamOnServer:
    return {
        "server": seen.server.name,
        "cluster": seen.server.cluster,
        "component": seen.server.component,
        "active": seen.of_entry("publish", "active"),
        "has_media": None if seen.entry is None else bool(seen.of_entry("video") or seen.of_entry("audio")),
        "players": len(seen.players),
        "longest_player_seconds": max((client.get("alive") or 0.0 for client in seen.players), default=None),
        "kbps_in": seen.rate("recv_30s"),
        "kbps_out": seen.rate("send_30s"),
    }


def _dig(row: Any, *path: str) -> Any:
    for key in path:
        row = row.get(key) if isinstance(row, Mapping) else None
    return row


def _sum(numbers: Iterable[Any]) -> int | None:
    """The sum; None if one of them is not known, or if there are none."""
    found = list(numbers)
    return None if not found or None in found else sum(found)


def _count(names: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return found
