# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acceptance of servers by viewers: who plays what from where and when, and what follows from what they saw."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError, did_you_mean
from ansible_collections.livestream.srs.plugins.module_utils._labels import SRS_CONTAINER
from ansible_collections.livestream.srs.plugins.module_utils._observed import members, playback
from ansible_collections.livestream.srs.plugins.module_utils._observed.offers import Offer
from ansible_collections.livestream.srs.plugins.module_utils._observed.playback import Target
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import Objects, Pod, Stream, Workload
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import DEFAULT_VHOST
from ansible_collections.livestream.srs.plugins.module_utils._text import first_of

_ADDRESS = re.compile(r"//[^/\s]+")

EARLY, LATE = "early", "late"
PROTOCOLS = {"rtmp": "RTMP", "flv": "HTTP-FLV", "hls": "HLS"}
SHOWN = 3
# SRS writes a playlist when its first segment is complete, which takes two keyframes and hls_fragment, 10 s by default.
YOUNG_SECONDS = 30.0
# Of players whose stream can't be decoded, or doesn't come.
CONTENT = ("empty", "stalled", "undecodable", "wrong_content")


@dataclass(frozen=True)
class Times:
    """Of an acceptance, in seconds: it takes ``whole`` at most, even if streams are waited for."""

    whole: float

    @property
    def wait(self) -> float:
        """For streams that are not live yet."""
        return self.whole / 3

    @property
    def late(self) -> float:
        """When the later players join."""
        return self.whole / 6

    @property
    def watch(self) -> float:
        """How long the later players watch; the early ones until then."""
        return self.whole / 10

    @property
    def first(self) -> float:
        """How long a player waits for its first media, and for a keyframe."""
        return self.whole / 4

    @property
    def stall(self) -> float:
        """How long it waits for more."""
        return self.whole / 8


@dataclass(frozen=True)
class Place:
    """A pod to play from."""

    component: str
    """``edge``, ``origin`` or ``hls``."""
    cluster: str
    pod: Pod
    offer: Offer

    @property
    def title(self) -> str:
        return title(self.component, self.cluster)

    @property
    def players(self) -> int:
        """For each stream."""
        of_srs = self.component != "hls"
        return 2 * (of_srs + (of_srs and self.offer.flv_port is not None)) + (self.component != "edge" and self.offer.hls_port is not None)


@dataclass(kw_only=True)
class Seat(Target):
    """One player, its server, and what it saw there."""

    track: str = "stable"
    joiner: str = EARLY
    live: Stream
    reference: bool = False
    """Whether it plays from an origin that nobody asked for, to see whether a stream is good by itself."""

    @property
    def server(self) -> str:
        return self.pod["name"] if self.pod else ""

    def row(self) -> dict[str, Any]:
        return {
            "cluster": self.cluster["name"],
            "component": self.cluster["component"],
            "track": self.track,
            "server": self.server,
            "protocol": self.protocol,
            "joiner": self.joiner,
            "stream": self.stream,
            "verified": self.verified,
            "verdict": self.verdict or None,
            "message": self.message,
        }


@dataclass
class Cluster:
    """A cluster that is to be accepted."""

    name: str
    component: str
    places: list[Place] = field(default_factory=list)
    played: list[Place] = field(default_factory=list)
    """A sample of them."""
    message: str = ""

    @property
    def title(self) -> str:
        return title(self.component, self.name)


@dataclass
class Seen:
    """What was seen besides the players' views."""

    missing: Sequence[str] = ()
    """Expected streams that are not live."""
    waited: float = 0.0
    """For them, in seconds."""
    not_merged: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Pulls by stream and edge, where there are several."""
    logs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """New errors by server."""


def title(component: str, cluster: str) -> str:
    return f"edge cluster '{cluster}'" if component == "edge" else f"the {cluster}"


def name_of(stream: Stream) -> str:
    """As users write it."""
    return stream["url"] if stream["vhost"] == DEFAULT_VHOST else f"{stream['vhost']}{stream['url']}"


def normal(name: str) -> str:
    """A stream as ``name_of`` writes it, from what a user wrote."""
    vhost, slash, path = name.strip().partition("/")
    return f"{'' if vhost == DEFAULT_VHOST else vhost}{slash}{path}"


# What is to be played


def choose_streams(streams: Iterable[Stream], of_origins: bool, expected: Collection[str], most: int) -> tuple[list[Stream], list[str]]:
    """The streams to play, expected ones first, and the expected ones that are not live."""
    given = list(streams)
    live = {name_of(stream) for stream in given if playback.is_live(stream, of_origins)}
    playable = playback.to_play(given, of_origins, most=None)
    chosen = sorted(playable, key=lambda stream: name_of(stream) not in expected)[:most]
    return chosen, [name for name in expected if name not in live]


def find_places(found: Objects, offers: Mapping[str, Offer]) -> list[Place]:
    """The pods that are ready for players: servers, and what serves HLS alone."""
    places = [Place(m.component, m.cluster, m.pod, offers[m.workload["name"]]) for m in members.servers(found)]
    if any(offer.makes_hls for offer in offers.values()):
        places += [Place("hls", name, pod, offers[pod["workload"]]) for name, cluster in found["hls"].items() for pod in cluster["pods"]]
    return [place for place in places if place.pod["state"] == "ready"]


def choose_clusters(
    found: Objects, offers: Mapping[str, Offer], places: Iterable[Place], names: Collection[str], track: str
) -> list[Cluster]:
    """The clusters to accept, with their servers of the track. What has no such workload is there only if it was asked for.

    Raises SrsError for names of which there is none.
    """
    places = list(places)
    chosen = []
    known = []
    for component, name, workloads in _clusters(found, offers):
        known.append(name)
        tracks = {offers[workload["name"]].track for workload in workloads if workload["desired"] and not workload["deleting"]}
        if name in names or (not names and (tracks if track == "all" else track in tracks)):
            own = [place for place in places if (place.component, place.cluster) == (component, name)]
            mine = [place for place in own if track in ("all", place.offer.track)]
            message = "" if mine else f"none of its {'servers' if track == 'all' else f'{track} servers'} is ready"
            chosen.append(Cluster(name, component, mine, message=message))
    for name in names:
        if name not in known:
            there = ", ".join(known) or "none"
            raise SrsError(f"clusters has {name!r}, which the topology does not have{did_you_mean(name, known)}; it has {there}.")
    return chosen


def _clusters(found: Objects, offers: Mapping[str, Offer]) -> Iterator[tuple[str, str, list[Workload]]]:
    """(component, name, workloads) of all that players can play from. HLS counts where SRS is known to make it."""
    groups = [("origin", found["origins"]), ("hls", found["hls"]), ("edge", found["edges"])]
    for component, clusters in groups:
        for name, cluster in clusters.items():
            own = [workload for workload in cluster["workloads"] if component == "hls" or SRS_CONTAINER in workload["images"]]
            if own and (component != "hls" or any(offer.makes_hls for offer in offers.values())):
                yield component, name, own


def sample(clusters: Sequence[Cluster], streams: int, most: int) -> None:
    """Choose the servers to play from: all, or of each cluster its share of what ``most`` players together allow, one at least."""
    needed = sum(place.players * streams for cluster in clusters for place in cluster.places)
    share = min(1.0, most / needed) if needed else 1.0
    for cluster in clusters:
        places = sorted(cluster.places, key=lambda place: (place.offer.track, place.pod["name"]))
        number = max(1, int(len(places) * share)) if places else 0
        cluster.played = [places[index * len(places) // number] for index in range(number)]


def seats(clusters: Iterable[Cluster], places: Iterable[Place], streams: Sequence[Stream]) -> list[Seat]:
    """Who plays: each stream from each server, where the server is to have it, and from its origin in any case."""
    makes_hls = any(place.offer.makes_hls for place in places)
    found: list[Seat] = []
    asked = set()
    for cluster in clusters:
        for place in cluster.played:
            asked.add(place.pod["name"])
            for stream in streams:
                found += _seats(place, stream, makes_hls)
    for stream in streams:
        origin = next((place for place in places if place.component == "origin" and _has(place, stream)), None)
        if origin and origin.pod["name"] not in asked:
            found += [
                _seat(origin, stream, protocol, port, EARLY, reference=True)
                for protocol, port in (("rtmp", origin.offer.rtmp_port), ("flv", origin.offer.flv_port))
                if port
            ]
    return found


def _seats(place: Place, stream: Stream, makes_hls: bool) -> Iterator[Seat]:
    offer = place.offer
    if place.component != "hls" and _has(place, stream):
        for protocol, port in (("rtmp", offer.rtmp_port), ("flv", offer.flv_port)):
            if port:
                yield from (_seat(place, stream, protocol, port, joiner) for joiner in (EARLY, LATE))
    # nginx knows no vhosts; of several origins with files of their own, one has them.
    has_files = place.component == "hls" or _has(place, stream)
    if place.component != "edge" and offer.hls_port and makes_hls and has_files and stream["vhost"] == DEFAULT_VHOST:
        yield _seat(place, stream, "hls", offer.hls_port, EARLY)


def _has(place: Place, stream: Stream) -> bool:
    """Whether a server is to have a stream: an edge any, an origin if it does."""
    return place.component == "edge" or any(row["server"] == place.pod["name"] and row["active"] for row in stream["servers"])


def _seat(place: Place, stream: Stream, protocol: str, port: int, joiner: str, reference: bool = False) -> Seat:
    may_refuse = "" if protocol == "hls" and place.offer.by_nginx else place.offer.may_refuse
    cluster = {"name": place.cluster, "component": place.component, "may_refuse": may_refuse}
    return Seat(
        cluster, place.pod, protocol, port, name_of(stream), track=place.offer.track, joiner=joiner, live=stream, reference=reference
    )


# What was seen


def judge(seat: Seat, seen: Mapping[str, Any], error: str | None, seconds: float) -> None:
    """What a player saw. ``error`` says why there was no answer, where there was none; ``seconds`` is how long it had."""
    name = seat.stream
    playback.judge(seat, seat.live, seen, error)
    seat.stream = name
    if seat.protocol != "hls" or not seat.failed:
        return
    age, target = seat.live["live_seconds"], (seen["hls"] or {}).get("target_seconds") or 0.0
    if seat.verdict in ("not_found", "empty") and (age is None or age < YOUNG_SECONDS):
        seat.unknown(f"the stream may not be live for long enough to have a playlist ({seat.verdict}: {seat.message})")
    elif seat.verdict == "stalled" and 2 * target > seconds:
        seat.unknown(
            f"its segments take up to {target:g} s, so {seconds:.0f} s say nothing ({seat.message}); set srs_acceptance_seconds higher"
        )


def excuse(all_seats: Iterable[Seat]) -> list[str]:
    """Don't blame servers for streams that are bad by themselves: those of which nobody gets anything good even from their origin. Which.

    Where there is no good stream, an origin that is to be accepted isn't excused.
    """
    seats_ = list(all_seats)
    at_origin: dict[str, list[Seat]] = {}
    for seat in seats_:
        if seat.cluster["component"] == "origin" and seat.protocol != "hls" and seat.joiner == EARLY and seat.verified:
            at_origin.setdefault(str(seat.stream), []).append(seat)
    bad = {stream for stream, views in at_origin.items() if all(view.verdict in CONTENT for view in views)}
    some_good = len(bad) < len(at_origin)
    for seat in seats_:
        if seat.stream in bad and seat.failed and (some_good or seat.cluster["component"] != "origin"):
            seat.unknown(f"the stream doesn't play from its origin either ({seat.verdict}: {seat.message})")
    return sorted(bad)


def not_merged(streams: Iterable[Stream], names: Collection[str]) -> dict[str, dict[str, int]]:
    """By stream the edges that pull it more than once, with the number of pulls."""
    found = {}
    for stream in streams:
        pulls = Counter(pull["edge"] for pull in stream["pulls"] if pull["edge"] in names)
        if several := {str(edge): number for edge, number in pulls.items() if number > 1}:
            found[name_of(stream)] = several
    return found


# What is told


def is_verified(cluster: Cluster, all_seats: Iterable[Seat]) -> bool:
    """Whether something is known of each server that was played from; of the origins, of one of them."""
    mine = [seat for seat in all_seats if _of(seat, cluster)]
    known = {seat.server for seat in mine if seat.verified}
    if cluster.component == "origin":
        return bool(known)
    return bool(cluster.played) and all(place.pod["name"] in known for place in cluster.played)


def explain(cluster: Cluster, all_seats: Iterable[Seat], nothing_live: str) -> None:
    """Why nothing is known of a cluster, where that is so."""
    if cluster.message or is_verified(cluster, all_seats):
        return
    mine = [seat for seat in all_seats if _of(seat, cluster)]
    known = {seat.server for seat in mine if seat.verified}
    unknown = next((f"{seat.server}: {seat.message}" for seat in mine if seat.server not in known), "")
    cluster.message = nothing_live or unknown or "none of its servers has a live stream that it serves"


def problems(clusters: Sequence[Cluster], all_seats: Sequence[Seat], seen: Seen) -> list[str]:
    """What has failed, as sentences."""
    lines = []
    if seen.missing:
        are = "is" if len(seen.missing) == 1 else "are"
        lines.append(f"{first_of(seen.missing, 10)} {are} expected to be live, and {are} not after {seen.waited:.0f} s")
    lines += _unplayed(all_seats)
    titles = {place.pod["name"]: cluster.title for cluster in clusters for place in cluster.places}
    for stream, edges in seen.not_merged.items():
        for edge, number in edges.items():
            lines.append(f"{titles[edge]}, server {edge}: it pulls {stream} {number} times at once, not once for all its players")
    for server, said in seen.logs.items():
        lines.append(f"{titles[server]}, server {server}: it wrote new errors to its log: {' / '.join(said)}")
    return lines


def _unplayed(all_seats: Iterable[Seat]) -> Iterator[str]:
    """A line for each way to fail, with the servers and streams that do."""
    grouped: dict[tuple[str, str, str], list[Seat]] = {}
    first: dict[str, str] = {}
    own = [seat for seat in all_seats if not seat.reference]
    good = {(seat.server, seat.stream, seat.protocol) for seat in own if seat.joiner == EARLY and seat.verdict == "ok"}
    for seat in own:
        if seat.failed:
            alone = seat.joiner == LATE and (seat.server, seat.stream, seat.protocol) in good
            why = f"{seat.verdict}: {seat.message}{', though who joined before can' if alone else ''}"
            # Servers that fail in the same way differ in their address alone.
            way = _ADDRESS.sub("//", why)
            grouped.setdefault((seat.title, "joins later" if seat.joiner == LATE else "plays", way), []).append(seat)
            first.setdefault(way, why)
    for (cluster, does, way), failed in grouped.items():
        servers = first_of(list(dict.fromkeys(seat.server for seat in failed)), SHOWN)
        streams = first_of(list(dict.fromkeys(str(seat.stream) for seat in failed)), SHOWN)
        protocols = ", ".join(dict.fromkeys(PROTOCOLS[seat.protocol] for seat in failed))
        yield f"{cluster}, server {servers}: who {does} by {protocols} gets nothing good of {streams}: {first[way]}"


def summary(clusters: Sequence[Cluster], all_seats: Sequence[Seat], failed: Sequence[str], bad_streams: Sequence[str]) -> list[str]:
    """What plays, what failed, and what isn't known."""
    lines = list(_unverified(cluster for cluster in clusters if cluster.message)) if clusters else ["no cluster has such servers"]
    for cluster in clusters:
        mine = [seat for seat in all_seats if _of(seat, cluster)]
        good = [seat for seat in mine if seat.verdict == "ok"]
        of = f" of {len(cluster.places)}" if len(cluster.played) < len(cluster.places) else ""
        if good:
            servers = len({seat.server for seat in good})
            streams = list(dict.fromkeys(str(seat.stream) for seat in good))
            protocols = [shown for name, shown in PROTOCOLS.items() if any(seat.protocol == name for seat in good)]
            pods = "server" if servers == 1 and not of else "servers"
            lines.append(f"{first_of(streams, SHOWN)} played from {servers}{of} {pods} of {cluster.title} by {', '.join(protocols)}")
        if not cluster.message:
            lines += _unknown(cluster, mine)
    return [*lines, *(f"{stream} is bad by itself and says nothing about servers" for stream in bad_streams), *failed]


def _unknown(cluster: Cluster, mine: Iterable[Seat]) -> Iterator[str]:
    """What is not known of a cluster of which other things are known: a line for each protocol."""
    told = set()
    for seat in mine:
        if not seat.verified and seat.protocol not in told:
            told.add(seat.protocol)
            yield f"{PROTOCOLS[seat.protocol]} of {cluster.title} could not be verified: {seat.server}: {seat.message}"


def failure(found: Sequence[str], clusters: Sequence[Cluster], all_seats: Sequence[Seat], required: bool, track: str) -> str:
    """The message of an acceptance that fails; empty where it doesn't. HLS needn't be verified, as it takes long to appear."""
    lines = list(found)
    if required:
        unknown = [cluster for cluster in clusters if cluster.component != "hls" and not is_verified(cluster, all_seats)]
        why = list(_unverified(unknown)) if clusters else [f"no cluster has {'servers' if track == 'all' else f'{track} servers'}"]
        lines += [
            f"{line}; mend that (srs_demo_publisher publishes a test picture), or set srs_acceptance_required (required) to false"
            for line in why
        ]
    if not lines:
        return ""
    return "\n".join(["The servers are not accepted:", *(f"- {line}" for line in lines)])


def _unverified(clusters: Iterable[Cluster]) -> Iterator[str]:
    """A line for each reason."""
    by_reason: dict[str, list[str]] = {}
    for cluster in clusters:
        by_reason.setdefault(cluster.message, []).append(cluster.title)
    for reason, titles in by_reason.items():
        yield f"{first_of(titles, SHOWN)} could not be verified: {reason}"


def _of(seat: Seat, cluster: Cluster) -> bool:
    return not seat.reference and (seat.cluster["component"], seat.cluster["name"]) == (cluster.component, cluster.name)
