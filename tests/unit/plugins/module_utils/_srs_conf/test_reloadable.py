# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running server takes from a changed config. The table was read in the sources of SRS; end-to-end tests try some of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf import reloadable
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import compile_config
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import ROOT, VHOST

PARAMETERS: dict[str, Any] = {"name": "c", "origin": ["origin"], "srs_version": 6}


def text(**parameters: Any) -> str:
    return compile_config("edge", {**PARAMETERS, **parameters}, where="test").text


def restarts(**parameters: Any) -> bool:
    return reloadable.restart_checksum(text(**parameters), Release(6)) != reloadable.restart_checksum(text(), Release(6))


@pytest.mark.parametrize(
    "parameters",
    [
        {"max_connections": 77},
        {"play": {"gop_cache": False, "mw_latency": 100}},
        {"publish": {"mr": True}},
        {"origin": ["other", "and-one-more"]},
        {"security": {"enabled": True, "allow": ["play all"]}},
        {"http_hooks": {"enabled": True, "on_play": ["http://example.com/play"]}},
        {"tcp_nodelay": True},
        {"grace_start_wait": 1000},
    ],
    ids=lambda parameters: next(iter(parameters)),
)
def test_what_a_reload_takes(parameters: dict[str, Any]) -> None:
    assert text(**parameters) != text()
    assert not restarts(**parameters)


@pytest.mark.parametrize(
    "parameters",
    [
        {"listen": ["1936"]},
        {"http_api": {"listen": "1986"}},
        {"http_server": {"enabled": False}},
        {"http_remux": {"enabled": False}},
        {"exporter": {"enabled": True}},
        {"srs_log_level": "warn"},
        {"vhosts": [{"name": "__defaultVhost__"}, {"name": "example.com"}]},
        {"inotify_auto_reload": True},
    ],
    ids=lambda parameters: next(iter(parameters)),
)
def test_what_only_a_new_start_takes(parameters: dict[str, Any]) -> None:
    assert restarts(**parameters)


def vhost(lines: str) -> str:
    return f"listen 1935;\nvhost __defaultVhost__ {{\n{lines}\n}}\n"


def checksum(lines: str) -> str:
    return reloadable.restart_checksum(vhost(lines), Release(6))


def test_parts_of_blocks() -> None:
    edge = "cluster { mode remote; origin a; }"
    assert checksum(edge) == checksum("cluster { mode remote; origin b; token_traverse on; }")
    assert checksum(edge) != checksum("cluster { mode local; origin a; }")
    recorder = "dvr { enabled on; dvr_plan session; dvr_apply all; }"
    assert checksum(recorder) == checksum("dvr { enabled on; dvr_plan segment; dvr_apply all; }")
    assert checksum(recorder) != checksum("dvr { enabled on; dvr_plan session; dvr_apply live/a; }")


def test_layout_and_comments_do_not_count() -> None:
    assert reloadable.restart_checksum("listen 1935;\n", Release(6)) == reloadable.restart_checksum(
        "# hello\n  listen   1935;\n\n", Release(6)
    )


def test_every_name_in_the_table_is_a_directive() -> None:
    assert set(ROOT) >= reloadable.ROOT
    assert set(VHOST) >= reloadable.VHOST
    assert set(VHOST["cluster"].children or ()) >= reloadable.CLUSTER
    assert set(VHOST["dvr"].children or ()) >= reloadable.DVR_NEEDS_START


def test_what_hinders_a_reload_or_its_confirmation() -> None:
    ready = {"inotify_auto_reload": True, "http_api": {"raw_api": {"enabled": True}}}
    assert reloadable.hindrances(text(**ready), Release(6)) == []
    assert len(reloadable.hindrances(text(), Release(6))) == 2
    assert "inotify_auto_reload on" in reloadable.hindrances(text(http_api=ready["http_api"]), Release(6))[0]
    assert "raw_api" in reloadable.hindrances(text(**ready | {"http_api": {"enabled": False}}), Release(6))[0]
    assert reloadable.hindrances(text(**ready), Release(4)) == [
        "needs SRS 5.0.176, 6.0.71 or later, since SRS 4 can't tell whether it has reloaded"
    ]


QUIET = [Release(7, 68), Release(7, 128), Release(7), Release(8), Release(8, 48)]
LOUD = [Release(5), Release(6), Release(6, 191), Release(7, 18), Release(7, 67)]


def needs_start(before: str, after: str, version: Release) -> bool:
    return reloadable.restart_checksum(before, version) != reloadable.restart_checksum(after, version)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("play { mw_latency 100; }", "play { mw_latency 200; }"),
        ("publish { mr on; }", "publish { mr off; }"),
        ("hls { enabled on; hls_fragment 2; }", "hls { enabled on; hls_fragment 4; }"),
        ("dvr { enabled on; dvr_plan session; }", "dvr { enabled on; dvr_plan segment; }"),
        ("dash { enabled on; }", "dash { enabled off; }"),
        ("forward { enabled on; destination a; }", "forward { enabled on; destination b; }"),
        ("ingest a { enabled on; }", "ingest a { enabled off; }"),
        ("transcode { enabled on; }", "transcode { enabled off; }"),
        ("exec { enabled on; publish a; }", "exec { enabled on; publish b; }"),
        ("min_latency on;", "min_latency off;"),
        ("tcp_nodelay on;", "tcp_nodelay off;"),
    ],
)
def test_what_a_stream_keeps_from_its_start_on(before: str, after: str) -> None:
    """A reload of 7.0.68 and later is said to have been taken, and a running stream goes on as it was."""
    assert [needs_start(vhost(before), vhost(after), version) for version in LOUD] == [False] * len(LOUD)
    assert [needs_start(vhost(before), vhost(after), version) for version in QUIET] == [True] * len(QUIET)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("chunk_size 4096;", "chunk_size 8192;"),
        ("http_hooks { enabled on; on_play http://a/; }", "http_hooks { enabled on; on_play http://b/; }"),
        ("security { enabled on; allow play all; }", "security { enabled on; allow play 10.0.0.1; }"),
        ("refer { enabled on; all a; }", "refer { enabled on; all b; }"),
        ("cluster { mode remote; origin a; }", "cluster { mode remote; origin b; }"),
    ],
)
def test_what_is_read_each_time(before: str, after: str) -> None:
    assert not any(needs_start(vhost(before), vhost(after), version) for version in (*LOUD, *QUIET))


def test_the_server_itself() -> None:
    for lines in ("max_connections 5;", "grace_start_wait 1;", "grace_final_wait 1;", "force_grace_quit on;"):
        assert not any(needs_start("listen 1935;", f"listen 1935; {lines}", version) for version in (*LOUD, *QUIET))
    for lines in ("chunk_size 128;", "pithy_print_ms 5;"):
        assert [needs_start("listen 1935;", f"listen 1935; {lines}", version) for version in (LOUD[0], QUIET[0])] == [False, True]
    for version in (*LOUD, *QUIET):
        assert needs_start("listen 1935;", "listen 1935; vhost x { }", version), "a vhost that comes"


@pytest.mark.parametrize(
    ("version", "hindered"),
    [
        (Release(5, 175), "needs SRS 5.0.176 or later, since SRS 5.0.175 can't tell whether it has reloaded"),
        (Release(5, 176), ""),
        (Release(6, 70), "needs SRS 6.0.71 or later"),
        (Release(6, 71), ""),
        (Release(7, 67), ""),
        (Release(7, 68), "crashes SRS 7.0.68 when a vhost comes or goes: take SRS 7.0.98 or later, or the strategy roll"),
        (Release(7, 97), "crashes SRS 7.0.97"),
        (Release(7, 98), ""),
        (Release(7), ""),
        (Release(8), ""),
    ],
)
def test_releases_that_cannot_reload(version: Release, hindered: str) -> None:
    ready = text(inotify_auto_reload=True, http_api={"enabled": True, "raw_api": {"enabled": True}})
    found = reloadable.hindrances(ready, version)
    assert len(found) == bool(hindered)
    assert not hindered or found[0].startswith(hindered)
