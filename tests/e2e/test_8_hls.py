# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HLS by nginx apart from the origin and by caches in front of it, recordings and their clean-up, and the demo publisher."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from driver import checks, kube, tool
from driver.figures import Figures
from driver.topology import HLS, SHARED, Topology
from players.crowd import Audience

CROWD = 200
CROWD_STAYS = 20.0
REQUEST = re.compile(r"HTTP.* GET .*\.(m3u8|ts)\b")


@pytest.fixture(scope="module")
def built(topology: Callable[..., Topology], newest: Mapping[str, Any]) -> Topology:
    made = topology(
        "hls",
        {
            **newest,
            **SHARED,
            "srs_edge_replicas": 1,
            "hls_nginx_mode": "deployment",
            "srs_origin_config": {
                "hls": HLS,
                "dvr": {
                    "enabled": True,
                    "dvr_plan": "segment",
                    "dvr_duration": 5,
                    "dvr_path": "./objs/nginx/html/dvr/[app]/[stream]/[timestamp].mp4",
                },
            },
            "srs_origin_cleanup": {"enabled": True, "max_age_hours": 24, "path": "dvr", "patterns": ["*.mp4"]},
        },
    )
    asyncio.run(made.site())
    return made


@pytest.mark.parametrize(
    ("mode", "variables"),
    [
        ("deployment", {}),
        ("cache", {"hls_nginx_mode": "cache"}),
        ("cache, asks SRS", {"hls_nginx_mode": "cache", "hls_nginx_cache": {"upstream": "srs"}, "hls_nginx_replicas": 1}),
    ],
)
def test_each_form_of_nginx(built: Topology, figures: Figures, mode: str, variables: Mapping[str, Any]) -> None:
    async def watch() -> None:
        if variables:
            await built.site(**variables)
        # A stream of its own: the playlist of another one would still be there.
        stream = re.sub(r"\W+", "-", mode)
        async with built.on_air(stream, to="origin"), Audience([built.url("hls", stream)] * 3) as audience:
            assert not await audience.seated(checks.SHORT_HLS_STARTS), [view.as_dict() for view in audience.views]
            await asyncio.sleep(15)
        checks.fine(audience.views)
        figures.add(
            "HLS by each form of nginx, segments of 2 s",
            form=mode,
            segments=min(view.segments for view in audience.views),
            failed_requests=max(view.errors for view in audience.views),
            longest_gap_s=max(view.longest_gap for view in audience.views),
        )

    asyncio.run(watch())
    assert asyncio.run(built.site()).changed == 0


def test_a_crowd_costs_the_origin_what_one_player_does(built: Topology, figures: Figures) -> None:
    """The caches ask SRS, which logs every request."""

    def asked() -> Counter[str]:
        lines = built.kube.logs(built.namespace, built.origin().name, "srs")
        return Counter(found[1] for line in lines if (found := REQUEST.search(line)) and "/live/crowd" in line)

    async def watch() -> None:
        async with built.on_air("crowd", to="origin"):
            async with Audience([built.url("hls", "crowd")]) as early:
                assert not await early.seated(checks.SHORT_HLS_STARTS)
            before, began = await asyncio.to_thread(asked), time.monotonic()
            async with Audience([built.url("hls", "crowd")] * CROWD) as crowd:
                assert not await crowd.seated(20), f"{sum(view.first_frame is None for view in crowd.views)} of {CROWD} saw nothing"
                await asyncio.sleep(CROWD_STAYS)
            seconds = time.monotonic() - began
            await asyncio.sleep(2)
            cost = await asyncio.to_thread(asked) - before
        sent = sum(view.segments for view in crowd.views)
        # All of them saw the same ones, and the first of them may have begun with an older one.
        distinct = max(view.segments for view in crowd.views) + 1
        figures.add(
            f"{CROWD} players of HLS through one cache",
            seconds=seconds,
            segments_sent=sent,
            segments_asked_of_the_origin=cost["ts"],
            playlists_asked_of_the_origin=cost["m3u8"],
            failed_requests=sum(view.errors for view in crowd.views),
            longest_gap_s=max(view.longest_gap for view in crowd.views),
        )
        checks.fine(crowd.views)
        assert 0 < cost["ts"] <= distinct
        assert 0 < cost["m3u8"] <= seconds + 3

    asyncio.run(watch())


def test_recordings_appear_and_only_old_ones_are_removed(built: Topology) -> None:
    folder = built.kube.volume(built.namespace, "srs-origin-media") / "dvr"

    def recordings() -> set[Path]:
        return set(folder.glob("live/recorded/*.mp4"))

    async def publish() -> None:
        async with built.on_air("recorded", to="origin"):
            await asyncio.to_thread(kube.wait_until, lambda: len(recordings()) >= 3, 60, "there are three recordings")

    asyncio.run(publish())
    # The last one was cut short by the end of the stream.
    there = sorted(recordings())[:3]
    assert all(path.stat().st_size > 10_000 for path in there)
    assert b"ftyp" in there[0].read_bytes()[:64]
    two_days_ago = time.time() - 48 * 3600
    os.utime(there[0], (two_days_ago, two_days_ago))
    told = built.kube.run_now(built.namespace, "srs-cleanup")
    assert not there[0].exists()
    assert all(path.exists() for path in there[1:])
    assert [line for line in told if line.endswith(".mp4")] == [f"./live/recorded/{there[0].name}"]


def test_no_log_tells_of_trouble(built: Topology) -> None:
    found = checks.trouble(built)
    assert not found


def test_https(topology: Callable[..., Topology], newest: Mapping[str, Any], tmp_path: Path) -> None:
    """HLS and HTTP-FLV through nginx with the certificate of a Secret; the host name is in the certificate alone."""
    key, certificate = tmp_path / "tls.key", tmp_path / "tls.crt"
    options = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=live.example.com")
    subprocess.run(["openssl", "req", *options, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    https = {"secret_name": "tls", "dns_names": ["live.example.com"], "flv_cluster": "edge"}
    built = topology("https", {**newest, "hls_nginx_https": https, "srs_origin_config": {"hls": HLS}})
    built.kube.make_namespace(built.namespace)
    built.kube.make_secret(built.namespace, "tls", "kubernetes.io/tls", {"tls.crt": certificate.read_text(), "tls.key": key.read_text()})

    async def watch() -> None:
        printed = await built.site()
        names = [url for url in printed.urls if url.startswith("https://live.example.com/")]
        assert len(names) == 2
        address = built.kube.address(built.namespace, "srs-http-service")
        async with built.on_air(to="origin"), Audience([url.replace("live.example.com", address) for url in names] * 3) as audience:
            assert not await audience.seated(checks.SHORT_HLS_STARTS), [view.as_dict() for view in audience.views]
            await asyncio.sleep(10)
        checks.fine(audience.views)

    asyncio.run(watch())


def test_the_demo_publisher_is_seen(topology: Callable[..., Topology], newest: Mapping[str, Any]) -> None:
    """As `make demo` has it: nobody publishes but a pod."""
    tool.run("encoder-image")
    built = topology("demo", {**newest, "srs_demo_publisher": True, "srs_origin_config": {"hls": HLS}})

    async def watch() -> None:
        await built.site()
        # SRS 6.0.157 may give nothing to players who come in the moment of publishing, and names the playlist `livestream.flv.m3u8`
        # for those who come before it (ossrs/srs #4215).
        async with Audience([built.url("hls")]) as early:
            assert not await early.seated(60), [view.as_dict() for view in early.views]
        async with Audience([built.url(protocol) for protocol in ("rtmp", "flv", "hls")]) as audience:
            assert not await audience.seated(40), [view.as_dict() for view in audience.views]
            await asyncio.sleep(5)
        checks.fine(audience.views)

    asyncio.run(watch())
