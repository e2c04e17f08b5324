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
