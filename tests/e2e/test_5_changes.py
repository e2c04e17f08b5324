# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes with the production defaults: nobody who watches is cut before the drain limit, and nobody who comes is turned away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from driver import change, checks, kube, playbook
from driver.change import Change
from driver.figures import Figures
from driver.playbook import Run
from driver.topology import EDGE, HLS, Topology
from players.browser import HLS_JS, MPEGTS_JS
from players.crowd import Audience, Regulars

DEREGISTER = 10
DRAIN = 60
AT_ONCE = 15
LINGER = DEREGISTER + 6.0
"""After a rollout is done, the last replaced server still has this long until it gets its signal, and some seconds more."""

OF_EDGES, OF_THE_ORIGIN = 3.0, 6.0
"""The longest that a real player may stand still, in seconds. Edges ask again every 3 s; two segments are 4 s."""


@pytest.fixture(scope="module")
def built(topology: Callable[..., Topology], newest: Mapping[str, Any]) -> Topology:
    waits = {"srs_edge_deregister_seconds": DEREGISTER, "srs_edge_drain_seconds": DRAIN}
    made = topology("changes", {**newest, **waits, "srs_origin_config": {"hls": HLS}})
    asyncio.run(made.site())
    return made


@pytest.fixture
def unnoticed(built: Topology, figures: Figures) -> Callable[..., Change]:
    """Runs a playbook under watch; nobody may notice."""

    def check(what: str, playbook: str = "site", options: Mapping[str, Any] | None = None, **variables: Any) -> Change:
        built.variables |= variables
        seen = asyncio.run(change.under_watch(built, lambda: built.play(playbook, **options or {}), linger=LINGER))
        change.tell(figures, seen, what, "production")
        assert not seen.encoder.cuts, "the publisher to the origin was cut"
        assert not seen.cut(), [view.as_dict() for view in seen.cut()]
        assert not seen.turned_away(), [view.as_dict() for view in seen.turned_away()]
        checks.nobody_is_lost(seen.real.reports, stall=OF_EDGES)
        return seen

    return check


def edge_uids(built: Topology) -> set[str]:
    return {pod.uid for pod in built.edges()}


def test_another_image(built: Topology, unnoticed: Callable[..., Change]) -> None:
    """The same image by its digest: another image in the eyes of Kubernetes, wherever it comes from."""
    before = edge_uids(built)
    status = built.edges()[0].body.status.container_statuses[0]
    unnoticed("another image", srs_edge_image=f"{status.image.rpartition(':')[0]}@{status.image_id.rpartition('@')[2]}")
    assert not before & edge_uids(built)


def test_another_config(built: Topology, unnoticed: Callable[..., Change]) -> None:
    before = edge_uids(built)
    unnoticed("another config, by rollout", srs_edge_max_connections=900)
    assert not before & edge_uids(built)


def test_scaling(built: Topology, unnoticed: Callable[..., Change]) -> None:
    for replicas, what in ((5, "scale 3 to 5"), (2, "scale 5 to 2"), (3, "scale 2 to 3")):
        unnoticed(what, srs_edge_replicas=replicas)
        assert len(built.edges()) == replicas


def test_a_canary_that_is_promoted(built: Topology, unnoticed: Callable[..., Change]) -> None:
    stable = edge_uids(built)
    unnoticed("canary of 25 %", "canary", {"srs_canary": 25}, srs_edge_max_connections=910)
    assert len(edge_uids(built) - stable) == 1 and stable < edge_uids(built)
    unnoticed("the canary is promoted", "canary", {"srs_canary": "promote"})
    assert len(built.edges()) == 3 and not stable & edge_uids(built)
    assert asyncio.run(built.site()).changed == 0


def test_a_roll_back(built: Topology, unnoticed: Callable[..., Change]) -> None:
    def limits() -> set[str]:
        texts = [kube.read(pod.containers["srs"], "/usr/local/srs/conf/srs.conf") for pod in built.edges()]
        return {line for text in texts for line in text.splitlines() if line.startswith("max_connections")}

    before = limits()
    kept = dict(built.variables)
    unnoticed("another config, by rollout (again)", srs_edge_max_connections=911)
    assert limits() == {"max_connections 911;"} != before
    unnoticed("roll-back, config included", "rollback")
    assert limits() == before
    assert asyncio.run(built.site()).changed == 0, "site.yml changed what was rolled back"
    asyncio.run(built.play("resume"))
    built.variables = kept
    asyncio.run(built.site())
    assert limits() == before


def test_another_config_that_is_reloaded(built: Topology, unnoticed: Callable[..., Change]) -> None:
    asyncio.run(built.site(srs_edge_config_strategy="reload"))
    kube.wait_until(lambda: len(built.kube.pods(built.namespace, EDGE)) == 3, DRAIN, "the servers that didn't reload have ended")
    before = edge_uids(built)
    unnoticed("another config, by reload", srs_edge_config={"play": {"queue_length": 7}})
    assert edge_uids(built) == before
    unnoticed("another config, which a reload doesn't take", srs_edge_config={"play": {"queue_length": 7}, "server_id": "edge"})
    assert not before & edge_uids(built)
    asyncio.run(built.site(srs_edge_config_strategy="roll"))


def test_a_reload_that_is_refused_or_not_seen(built: Topology) -> None:
    def attempt(**variables: Any) -> Run:
        return asyncio.run(playbook.attempt("playbooks/site.yml", built.kubeconfig, {**built.variables, **variables}))

    asyncio.run(built.site(srs_edge_config_strategy="reload", srs_edge_config={"hls": {"hls_fragment": 2}}))
    kube.wait_until(lambda: len(built.kube.pods(built.namespace, EDGE)) == 3, DRAIN, "the servers that didn't reload have ended")
    before = edge_uids(built)
    for _run in range(2):
        # What is included isn't looked into before.
        extra = "vhost __defaultVhost__ { hls { include /etc/passwd; } }"
        refused = attempt(srs_edge_config={"hls": {"hls_fragment": 2}, "extra": extra})
        assert refused.status == 2 and "3 of 3 servers have not taken" in refused.output, refused.output
        assert "unexpected end of line to parse token" in refused.output, refused.output
    assert asyncio.run(built.site()).changed == 1, "taken back, the servers take it again"
    assert asyncio.run(built.site()).changed == 0

    unseen = attempt(srs_edge_config={"hls": {"hls_fragment": 3}}, srs_api_via="url", srs_api_url="http://127.0.0.1:9", srs_wait_timeout=5)
    assert unseen.status == 2 and "could not be seen" in unseen.output, unseen.output
    time.sleep(10)  # by now they have reloaded, and won't again by themselves
    assert asyncio.run(built.site(srs_edge_config={"hls": {"hls_fragment": 3}})).changed == 0
    assert edge_uids(built) == before
    asyncio.run(built.site(srs_edge_config_strategy="roll"))


def test_a_publisher_through_a_draining_edge_gets_the_drain_time(built: Topology, figures: Figures) -> None:
    async def watch() -> None:
        async with built.on_air("through", to="edge") as encoder, change.real_players(built, "through") as real:
            began = time.time()
            await built.site(srs_edge_max_connections=901, srs_edge_drain_seconds=AT_ONCE)
            # The servers that go still have the longer drain time.
            await asyncio.sleep(DEREGISTER + DRAIN / 2)
            assert not encoder.cuts, encoder.connections
            await asyncio.to_thread(
                kube.wait_until, lambda: len(built.kube.pods(built.namespace, EDGE)) == 3, DRAIN, "the old edges have ended"
            )
            (cut,) = encoder.cuts
            held = cut.ended - began
            figures.add("Publisher through an edge that is replaced", drain_s=DRAIN, deregister_s=DEREGISTER, published_on_for_s=held)
            assert held >= DEREGISTER + DRAIN
            await asyncio.sleep(LINGER)
        checks.tell_real_players(figures, real, "the publisher's edge is replaced")
        checks.nobody_is_lost(real.reports, stall=OF_THE_ORIGIN, but={MPEGTS_JS})

    asyncio.run(watch())


def test_the_drain_limit_is_kept(built: Topology, figures: Figures) -> None:
    """Players who stay for ever: their servers end in time all the same."""

    async def watch() -> None:
        async with (
            built.on_air("limit", to="origin"),
            change.real_players(built, "limit") as real,
            Audience([built.url("rtmp", "limit"), built.url("flv", "limit")] * 6) as audience,
        ):
            assert not await audience.seated(20), audience.views
            old = edge_uids(built)
            ended: dict[str, float] = {}
            began = time.time()
            rolling = asyncio.create_task(built.site(srs_edge_max_connections=902))
            while len(ended) < len(old):
                now = await asyncio.to_thread(built.kube.pods, built.namespace, EDGE)
                ended |= {uid: time.time() for uid in old - {pod.uid for pod in now} - set(ended)}
                assert time.time() - began < 200, "the old edges do not end"
                await asyncio.sleep(0.5)
            run = await rolling
            told = built.kube.core.list_namespaced_event(built.namespace, field_selector="reason=Killing").items
            asked = {event.involved_object.uid: event.last_timestamp.timestamp() for event in told if event.involved_object.uid in old}
            lasted = [ended[uid] - asked[uid] for uid in old]
            gone = audience.gone()
        figures.add(
            "Drain limit: players that never leave",
            deregister_s=DEREGISTER,
            drain_s=AT_ONCE,
            roll_out_s=run.seconds,
            a_server_lasted_at_most_s=max(lasted),
            players=len(audience.views),
            cut_at_the_limit=len(gone),
        )
        checks.tell_real_players(figures, real, "players that never leave, at the drain limit")
        checks.nobody_is_lost(real.reports, stall=OF_EDGES, but={MPEGTS_JS})
        assert max(lasted) <= DEREGISTER + AT_ONCE + 10
        assert len(gone) == len(audience.views)
        # Nobody before the limit.
        first = min(view.at + view.ended for view in gone)
        assert first >= min(asked.values()) + DEREGISTER + AT_ONCE

    asyncio.run(watch())


@pytest.mark.parametrize("what", ["edge container", "edge pod", "origin container", "origin pod"])
def test_a_crash(built: Topology, figures: Figures, what: str) -> None:
    """Until a player that reconnects sees the picture again. The publisher is straight at the origin and reconnects too."""
    stream = what.replace(" ", "-")

    async def watch() -> None:
        async with built.on_air(stream, to="origin") as encoder, change.real_players(built, stream) as real:
            async with Regulars([built.url("rtmp", stream), built.url("flv", stream)] * 5) as regulars:
                await asyncio.sleep(5)
                by_edge = await built.players_by_edge()
                fullest = max(built.edges(), key=lambda pod: by_edge[pod.name])
                pod = built.origin() if "origin" in what else fullest
                if "container" in what:
                    await asyncio.to_thread(kube.kill_container, pod.containers["srs"])
                else:
                    await asyncio.to_thread(built.kube.kill_pod, built.namespace, pod.name)
                await asyncio.sleep(35)
            checks.have_the_picture(regulars)
        waited = regulars.interruptions()
        figures.add(
            "Crashes: until the picture is back",
            killed=what,
            players=len(waited),
            on_the_killed_edge=by_edge[fullest.name] if pod is fullest else None,
            reconnected=regulars.reconnected(),
            publisher_reconnected=len(encoder.cuts),
            longest_without_picture_s=max(waited),
            median_without_picture_s=sorted(waited)[len(waited) // 2],
        )
        checks.tell_real_players(figures, real, f"{what} killed")
        # With an edge go the connections to it, and with the origin's pod the nginx that has the playlists.
        but = {"origin pod": {HLS_JS}, "origin container": set[str]()}.get(what, {MPEGTS_JS})
        checks.nobody_is_lost(real.reports, stall=OF_EDGES if "edge" in what else OF_THE_ORIGIN, but=but)

    asyncio.run(watch())
    kube.wait_until(lambda: len(built.edges()) == 3 and built.origin().ready, 90, "all is whole again")


def test_an_origin_that_is_replaced(built: Topology, figures: Figures) -> None:
    """Players keep their edges, and HLS its playlist; the publisher comes back by itself."""

    async def watch() -> None:
        urls = {protocol: built.url(protocol, "replaced") for protocol in ("rtmp", "flv", "hls")}
        async with (
            built.on_air("replaced", to="origin") as encoder,
            change.real_players(built, "replaced") as real,
            Audience([urls["rtmp"], urls["flv"]] * 5) as audience,
        ):
            assert not await audience.seated(20), audience.views
            async with Audience([urls["hls"]]) as hls:
                assert not await hls.seated(checks.SHORT_HLS_STARTS)
                await built.site(srs_origin_max_connections=900)
                await asyncio.sleep(35)
        view = hls.views[0]
        figures.add(
            "The origin is replaced by a rollout",
            players=len(audience.views),
            cut=len([seen for seen in audience.views if seen.outcome != "watched"]),
            longest_without_picture_s=max(seen.longest_gap for seen in audience.views),
            publisher_reconnected=len(encoder.cuts),
            hls_longest_gap_s=view.longest_gap,
            hls_failed_requests=view.errors,
            hls_segments=view.segments,
        )
        checks.tell_real_players(figures, real, "the origin is replaced by a roll-out")
        assert view.outcome == "watched" and view.segments > 10, view.as_dict()
        checks.nobody_is_lost(real.reports, stall=OF_THE_ORIGIN)

    asyncio.run(watch())
