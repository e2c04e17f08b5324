# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What release advisories say of the images of a topology before anything is changed."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.tests.support.wanted import problems, warnings

SRT = {
    "conf": "listen 1935; http_api { enabled on; listen 1985; } srt_server { enabled on; } vhost __defaultVhost__ { srt { enabled on; } }"
}
LATE = (
    "with which every player after the first gets no sequence headers, so it has no picture or can decode nothing (edge-late-join, "
    "https://github.com/ossrs/srs/issues/4678): take SRS 6.0.191, or set srs_accept_advisories: [edge-late-join] if you accept it."
)


def said(preflight: list[str]) -> str:
    (sentence,) = preflight
    return sentence


def test_a_bad_image_is_refused_with_both_ways_out() -> None:
    assert said(problems(srs_image="ossrs/srs:v6.0-r0")) == f"srs_edge_image is ossrs/srs:v6.0-r0 (SRS 6.0.184), {LATE}"
    assert said(problems(srs_edge_image="registry:5000/my/srs:6.0.183-own")) == (
        f"srs_edge_image is registry:5000/my/srs:6.0.183-own, {LATE}"
    )


@pytest.mark.parametrize(
    "variables",
    [
        {
            "srs_image": "ossrs/srs:6.0.183",
            "srs_accept_advisories": ["edge-late-join", "publisher-aborts-server", "live-source-race", "hls-segment-null"],
        },
        {"srs_image": "ossrs/srs:6.0.191", "srs_accept_advisories": ["live-source-race"]},
        {"srs_image": "ossrs/srs:7.0.162", "srs_version": 7},
        {"srs_image": "registry.example/srs@sha256:" + "0" * 64},
        {"srs_image": "docker.io/ossrs/srs:6@sha256:" + "0" * 64, "srs_accept_advisories": []},
        {"srs_image": "registry.example/srs", "srs_version": 6, "srs_accept_advisories": ["floating-tag"]},
    ],
)
def test_what_is_accepted_good_or_unknown_is_quiet(variables: dict[str, Any]) -> None:
    assert warnings(**variables) == []


def test_each_cluster_has_an_image_and_those_of_one_image_are_told_at_once() -> None:
    bad = {"image": "x/srs:6.0.183"}
    told = said(problems(srs_edge_clusters=[{"name": "a", **bad}, {"name": "b"}, {"name": "c", **bad}]))
    assert told == f"srs_edge_clusters[0].image, srs_edge_clusters[2].image are x/srs:6.0.183, {LATE}"


@pytest.mark.parametrize(
    ("roles", "variables", "refused"),
    [
        (["srs_origin"], {"srs_image": "x/srs:6.0.183"}, ""),
        (["hls_nginx"], {"srs_image": "x/srs:7.0.128", "srs_version": 7}, ""),
        (["srs_origin"], {"srs_image": "x/srs:7.0.5", "srs_version": 7}, "smart-pointer-crashes"),
        (["srs_origin"], {"srs_image": "x/srs:7.0.157", "srs_version": 7, "srs_origin_config": SRT}, "srt-cve-2026-55868-55869"),
        (["srs_origin"], {"srs_image": "x/srs:7.0.160", "srs_version": 7, "srs_origin_config": SRT}, ""),
        (["srs_origin"], {"srs_image": "x/srs:6.0.157"}, ""),
        (["srs_edge"], {"srs_image": "x/srs:7.0.70", "srs_version": 7, "srs_edge_config_strategy": "reload"}, "reload-vhost-crash"),
        (["srs_edge"], {"srs_image": "x/srs:7.0.70", "srs_version": 7}, ""),
    ],
)
def test_what_is_refused_depends_on_role_and_use(roles: list[str], variables: dict[str, Any], refused: str) -> None:
    told = [problem for problem in problems(roles, **variables) if "srs_accept_advisories" in problem]
    assert (f"({refused}, " in said(told)) if refused else told == []


def test_where_no_image_of_the_series_is_better_the_first_good_release_is_named() -> None:
    assert ": take SRS 6.0.192, or set" in said(problems(["srs_origin"], srs_image="x/srs:6.0.191", srs_origin_config=SRT))
    assert ": take SRS 7.0.162, or set" in said(problems(["srs_origin"], srs_image="x/srs:7.0.157", srs_version=7, srs_origin_config=SRT))


def test_less_serious_faults_are_one_sentence_for_a_release() -> None:
    assert warnings(srs_image="ossrs/srs:6.0.157") == [
        "SRS 6.0.157 (srs_origin_image, srs_edge_image) has known faults: "
        "publisher-aborts-server (critical; let nobody publish without authorisation), "
        "live-source-race (high; have hooks answer well within 3 s; kick a publisher whose stream can't be played), "
        "flv-use-after-free (high; fixed in 6.0.171), hls-segment-null (high; fixed in 7.0.113); see docs/releases.md. "
        "srs_accept_advisories takes those that you accept."
    ]


def test_what_would_be_refused_and_is_unsure_is_told() -> None:
    assert said(warnings(srs_image="ossrs/srs:6.0.188", srs_accept_advisories=["live-source-race"])) == (
        "SRS 6.0.188 (srs_edge_image) may have faults that releases before it have: edge-late-join (high; fixed in 6.0.191); "
        "see docs/releases.md. srs_accept_advisories takes those that you accept."
    )


def test_who_ends_at_once_is_told_of_where_players_are_waited_for() -> None:
    five = {"srs_edge_image": "ossrs/srs:5", "srs_edge_version": 5}
    assert "quits-at-once (high; set deregister_seconds to the time that players are to have)" in said(warnings(["srs_edge"], **five))
    for off in ({"srs_edge_drain_seconds": 0}, {"srs_edge_graceful": False}):
        assert "quits-at-once" not in said(warnings(["srs_edge"], **five, **off))


def test_a_tag_that_moves_is_told_with_one_that_does_not() -> None:
    assert said(warnings(srs_image="docker.io/ossrs/srs:6", srs_accept_advisories=[])) == (
        "srs_origin_image, srs_edge_image are docker.io/ossrs/srs:6, which is whatever release of SRS 6 a node has pulled last, and some "
        "are bad (docs/releases.md): name one, such as docker.io/ossrs/srs:6.0.191, or set srs_accept_advisories: [floating-tag]."
    )
    assert "such as x/srs:6.0.191, or" in said(warnings(srs_version=6, srs_image="x/srs:latest", srs_accept_advisories=[]))
    seven = {"srs_edge_image": "registry:5000/srs:v7", "srs_edge_version": 7, "srs_accept_advisories": []}
    assert "srs_edge_image is registry:5000/srs:v7" in said(warnings(["srs_edge"], **seven))
    assert "such as registry:5000/srs:7.0.162, or" in said(warnings(["srs_edge"], **seven))


def test_a_series_without_a_refused_release_may_move() -> None:
    four = {"srs_edge_image": "ossrs/srs:4", "srs_edge_version": 4, "srs_accept_advisories": []}
    assert not any("whatever release" in told for told in warnings(["srs_edge"], **four))


def test_the_image_of_the_proxy() -> None:
    proxy = {
        "srs_version": 7,
        "srs_image": "x/srs:7.0.162",
        "srs_origin_mode": "proxy",
        "srs_origin_replicas": 2,
        "hls_nginx_enabled": False,
    }
    redis = {"host": "redis", "port": 6379, "db": 0}

    def told(tag: str) -> list[str]:
        return warnings(["srs_origin"], **proxy, srs_origin_proxy={"image": f"x/proxy:{tag}", "redis": redis})

    assert said(told("8.0.5")).startswith("SRS 8.0.5 (srs_origin_proxy.image) has known faults: proxy-redis-hls-rtc (high; one proxy")
    assert told("8.0.20") == told("7") == []


def test_an_id_that_is_none() -> None:
    assert said(problems(srs_accept_advisories=["edge-late-joinr"])) == (
        "srs_accept_advisories has 'edge-late-joinr', which is the id of no advisory (did you mean edge-late-join?): "
        "docs/releases.md lists them."
    )
