# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_acceptance_info: play what is live from all chosen servers at once, early and late, and judge them."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow.cluster_status import Reader
from ansible_collections.livestream.srs.plugins.module_utils._flow.ways import Ways
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._labels import SRS_CONTAINER
from ansible_collections.livestream.srs.plugins.module_utils._observed import acceptance, members, playback, server_log, streams
from ansible_collections.livestream.srs.plugins.module_utils._observed.acceptance import LATE, Cluster, Place, Seat, Seen, Times
from ansible_collections.livestream.srs.plugins.module_utils._observed.offers import Offer, offers
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import KubernetesSide, Stream
from ansible_collections.livestream.srs.plugins.module_utils._player import player
from ansible_collections.livestream.srs.plugins.module_utils._player.viewer import Patience, View

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

LOOK_AGAIN = 1.0
LOG_LINES = 2000
LEAST_SECONDS = 10


def flow(module: AnsibleModule) -> dict[str, Any]:
    """The module's result; raises SrsError for wrong options, and where the servers aren't accepted."""
    for name, least in (("seconds", LEAST_SECONDS), ("streams", 1), ("players", 1)):
        if module.params[name] < least:
            raise SrsError(f"{name} is {module.params[name]}: it must be {least} or more.")
    client = Client.from_module(module)
    try:
        return _Acceptance(client, module.params).run()
    finally:
        client.close()


class _Acceptance:
    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        self.client = client
        self.params = params
        self.times = Times(params["seconds"])
        self.ways = Ways(client, params)
        more = {"read_servers": True, "app": "live", "stream": "livestream", "near_capacity": 100}
        self.reader = Reader(client, {**params, **more})
        self.expected = list(dict.fromkeys(acceptance.normal(name) for name in params["expect_streams"]))
        self.began = time.monotonic()
        self.of_origins = True

    def run(self) -> dict[str, Any]:
        found, offered, live, seen, why_not = self._look()
        places = acceptance.find_places(found, offered)
        clusters = acceptance.choose_clusters(found, offered, places, self.params["clusters"], self.params["track"])
        acceptance.sample(clusters, len(live), self.params["players"])
        seats = acceptance.seats(clusters, places, live)
        began = time.monotonic()
        if seats:
            seen.not_merged = asyncio.run(self._watch(found, clusters, seats))
        bad_streams = acceptance.excuse(seats)
        seen.logs = self._logs([place for cluster in clusters for place in cluster.played], began) if seats else {}
        for cluster in clusters:
            acceptance.explain(cluster, seats, why_not)
        return self._result(clusters, seats, live, seen, bad_streams)

    def _look(self) -> tuple[KubernetesSide, dict[str, Offer], list[Stream], Seen, str]:
        """The topology, the streams to play, which are missing, why there are none. Publishers get time to come back, if that matters."""
        while True:
            objects = self.reader.objects()
            found = self.reader.look(objects)
            self.of_origins = any(member.component == "origin" for member in members.servers(found))
            asked = self.reader.ask(found, "vhosts", "streams", "clients", component="origin" if self.of_origins else "edge")
            built = streams.build(asked, members.inside(found))
            live, missing = acceptance.choose_streams(built, self.of_origins, self.expected, self.params["streams"])
            waited = time.monotonic() - self.began
            lacks = missing or (self.params["required"] and not live)
            if not lacks or waited >= self.times.wait:
                break
            time.sleep(LOOK_AGAIN)
        silent = [server.error for server in asked if server.error]
        unasked = asked and len(silent) == len(asked)
        why = f"no server could be asked for live streams: {silent[0]}" if unasked else "" if live else "no stream is live"
        return found, offers(objects), live, Seen(missing, waited), why

    async def _watch(self, found: KubernetesSide, clusters: Sequence[Cluster], seats: Sequence[Seat]) -> dict[str, dict[str, int]]:
        """Play, and while all of them play ask the servers who pulls."""
        times = self.times
        left = times.whole - (time.monotonic() - self.began)
        views = []
        for seat in seats:
            early = 0.0 if seat.joiner == LATE or seat.protocol == "hls" else times.late
            patience = Patience(times.watch + early, times.first, times.stall)
            after = times.late if seat.joiner == LATE else 0.0
            limit = max(1.0, left) if seat.protocol == "hls" else None
            views.append(View(playback.url_of(seat, seat.live), seat.protocol, self.ways.to(seat), patience, after, limit))
        playing = asyncio.create_task(player.play_views(views, ssl.create_default_context))
        silent, not_merged = await self._meanwhile(found, clusters, {str(seat.stream) for seat in seats})
        await playing
        for seat, view in zip(seats, views, strict=True):
            # Where its API answers, nothing keeps us from it.
            error = None if view.error == "timeout" and seat.server not in silent else view.error
            acceptance.judge(seat, view.result(), error, view.limit or view.patience.limit)
        return not_merged

    async def _meanwhile(
        self, found: KubernetesSide, clusters: Sequence[Cluster], names: set[str]
    ) -> tuple[set[str], dict[str, dict[str, int]]]:
        """The servers whose API is silent, and which edges have several pulls; a pull may just be replacing another, so those twice."""
        await asyncio.sleep(self.times.late + self.times.watch / 2)
        edges = {place.pod["name"] for cluster in clusters for place in cluster.places if place.component == "edge"}
        servers, asked = self.reader.targets(found)
        answered = await self.reader.asking(servers, asked, "vhosts", "streams", "clients")
        silent = {server.name for server in answered if server.error} | {place.pod["name"] for c in clusters for place in c.places} - {
            *servers
        }
        several = self._several(answered, found, edges, names)
        if several:
            await asyncio.sleep(LOOK_AGAIN)
            again = self._several(
                await self.reader.asking(*self.reader.targets(found), "vhosts", "streams", "clients"), found, edges, names
            )
            several = {
                stream: both for stream in several if (both := {e: n for e, n in again.get(stream, {}).items() if e in several[stream]})
            }
        return silent, several

    def _several(
        self, answered: Sequence[streams.Server], found: KubernetesSide, edges: set[str], names: set[str]
    ) -> dict[str, dict[str, int]]:
        built = streams.build(answered, members.inside(found))
        return acceptance.not_merged([stream for stream in built if acceptance.name_of(stream) in names], edges)

    def _logs(self, places: Sequence[Place], began: float) -> dict[str, list[str]]:
        """New errors by server; those whose logs may not be read are left out."""
        seconds = max(1, int(time.monotonic() - began))

        def errors(place: Place) -> list[str]:
            try:
                text = self.client.log(place.pod["name"], self.params["namespace"], SRS_CONTAINER, seconds, LOG_LINES)
            except SrsError:
                return []
            return server_log.own_errors(text, self.params["harmless_errors"])

        of_srs = [place for place in places if place.component != "hls"]
        return {place.pod["name"]: said for place, said in zip(of_srs, self.client.each(errors, of_srs), strict=True) if said}

    def _result(
        self, clusters: Sequence[Cluster], seats: Sequence[Seat], live: Sequence[Stream], seen: Seen, bad_streams: Sequence[str]
    ) -> dict[str, Any]:
        problems = acceptance.problems(clusters, seats, seen)
        verified = [acceptance.is_verified(cluster, seats) for cluster in clusters]
        names = dict.fromkeys([*map(acceptance.name_of, live), *seen.missing])
        failed = {acceptance.title(s.cluster["component"], s.cluster["name"]) for s in seats if s.failed and not s.reference}
        by_server = {place.pod["name"]: cluster.title for cluster in clusters for place in cluster.places}
        failed |= {by_server[server] for server in (*seen.logs, *(edge for edges in seen.not_merged.values() for edge in edges))}
        result = {
            "changed": False,
            "ok": not problems,
            "verified": bool(clusters)
            and all(known or cluster.component == "hls" for cluster, known in zip(clusters, verified, strict=True)),
            "clusters": [
                {
                    "name": cluster.name,
                    "component": cluster.component,
                    "servers": len(cluster.places),
                    "played": len(cluster.played),
                    "ok": cluster.title not in failed,
                    "verified": known,
                    "message": cluster.message,
                }
                for cluster, known in zip(clusters, verified, strict=True)
            ],
            "players": [seat.row() for seat in seats if not seat.reference],
            "streams": [
                {
                    "stream": name,
                    "live": name not in seen.missing,
                    "expected": name in self.expected,
                    "not_merged": dict(seen.not_merged.get(name, {})),
                }
                for name in names
            ],
            "logs": dict(seen.logs),
            "problems": problems,
            "summary": acceptance.summary(clusters, seats, problems, bad_streams),
        }
        if message := acceptance.failure(problems, clusters, seats, self.params["required"], self.params["track"]):
            raise SrsError(message, **result)
        return result
