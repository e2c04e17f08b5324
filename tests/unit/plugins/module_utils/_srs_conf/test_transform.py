# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old forms of srs.conf, by the server's own rules."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.transform import modernise


@pytest.mark.parametrize(
    ("old", "new", "since"),
    [
        ("http_stream { enabled on; }", "http_server { enabled on; }", 3),
        ("vhost x { http { enabled on; } }", "vhost x { http_static { enabled on; } }", 3),
        ("vhost x { gop_cache off; queue_length 5; }", "vhost x { play { gop_cache off; queue_length 5; } }", 3),
        ("vhost x { play { atc on; } gop_cache off; }", "vhost x { play { atc on; gop_cache off; } }", 3),
        ("vhost x { play { gop_cache on; } gop_cache off; }", "vhost x { play { gop_cache off; } }", 3),
        ("vhost x { gop_cache_max_frames 5; }", "vhost x { play { gop_cache_max_frames 5; } }", 5),
        ("vhost x { mode remote; origin a b; }", "vhost x { cluster { mode remote; origin a b; } }", 3),
        ("vhost x { vhost y; }", "vhost x { cluster { vhost y; } }", 3),
        ("vhost x { mr { enabled on; latency 5; } }", "vhost x { publish { mr on; mr_latency 5; } }", 3),
        ("vhost x { publish_1stpkt_timeout 5; }", "vhost x { publish { firstpkt_timeout 5; } }", 3),
        ("vhost x { forward a b; }", "vhost x { forward { enabled on; destination a b; } }", 3),
        ("vhost x { refer a; refer_play b; }", "vhost x { refer { enabled on; all a; play b; } }", 3),
        ("vhost x { http_remux { enabled on; hstrs on; } }", "vhost x { http_remux { enabled on; } }", 3),
        ("rtc_server { perf_stat on; queue_length 5; enabled on; }", "rtc_server { enabled on; }", 4),
        (
            "vhost x { nack { enabled off; no_copy on; } twcc { enabled off; } }",
            "vhost x { rtc { nack off; nack_no_copy on; twcc off; } }",
            4,
        ),
        ("vhost x { rtc { aac transcode; bframe discard; } }", "vhost x { rtc { rtmp_to_rtc on; keep_bframe off; } }", 4),
        ("srt_server { tlpkdrop off; }", "srt_server { tlpktdrop off; }", 5),
        ("stream_caster { tcp_enable on; sip { realm x; listen 1; } }", "stream_caster { sip { listen 1; } }", 5),
        ("stream_caster { host a; sip { } }", "stream_caster { sip { candidate a; } }", 5),
    ],
)
def test_old_form(old: str, new: str, since: int) -> None:
    tree = parse(old)
    before = copy.deepcopy(tree)
    for version in range(3, 9):
        modern, findings = modernise(tree, Release(version))
        assert modern == (parse(new) if version >= since else tree)
        assert bool(findings) == (version >= since)
        assert all(finding.severity != ERROR and finding.line == 1 for finding in findings)
    assert tree == before


@pytest.mark.parametrize(
    ("old", "paths"),
    [
        ("http_stream { }", ["http_stream"]),
        ("rtc_server { perf_stat on; queue_length 1; }", ["rtc_server.perf_stat", "rtc_server.queue_length"]),
        ("srt_server { tlpkdrop on; }", ["srt_server.tlpkdrop"]),
        ("stream_caster { sip { } host a; }", ["stream_caster.host"]),
        ("vhost x { http { } http_remux { hstrs on; } }", ["vhost x.http", "vhost x.http_remux.hstrs"]),
        (
            "vhost x { forward a; mr { } rtc { aac x; bframe y; } }",
            ["vhost x.forward", "vhost x.mr", "vhost x.rtc.aac", "vhost x.rtc.bframe"],
        ),
    ],
)
def test_old_forms_are_named_by_their_path(old: str, paths: list[str]) -> None:
    assert [finding.path for finding in modernise(parse(old), Release(6))[1]] == paths


PLAY = (
    *("time_jitter", "mix_correct", "atc", "atc_auto", "mw_latency", "gop_cache", "queue_length", "send_min_interval"),
    "reduce_sequence_header",
)
CLUSTER = ("mode", "origin", "token_traverse", "vhost", "debug_srs_upnode")
RENAMED = {
    "publish_1stpkt_timeout": "publish { firstpkt_timeout a; }",
    "publish_normal_timeout": "publish { normal_timeout a; }",
    "refer": "refer { enabled on; all a; }",
    "refer_play": "refer { enabled on; play a; }",
    "refer_publish": "refer { enabled on; publish a; }",
}


@pytest.mark.parametrize(
    ("old", "new"),
    [*((name, f"play {{ {name} a; }}") for name in PLAY), *((name, f"cluster {{ {name} a; }}") for name in CLUSTER), *RENAMED.items()],
)
def test_settings_that_moved_into_a_block(old: str, new: str) -> None:
    modern, (finding,) = modernise(parse(f"vhost x {{\n{old} a; }}"), Release(3))
    assert modern == parse(f"vhost x {{ {new} }}")
    assert (finding.path, finding.line) == (f"vhost x.{old}", 2)


@pytest.mark.parametrize(
    "name", ["tcp_enable", "rtp_port_min", "rtp_port_max", "wait_keyframe", "rtp_idle_timeout", "audio_enable", "auto_create_channel"]
)
def test_settings_of_gb28181_that_were_dropped(name: str) -> None:
    modern, (finding,) = modernise(parse(f"stream_caster {{ listen 1; {name} on; }}"), Release(5))
    assert (modern, finding.path) == (parse("stream_caster { listen 1; }"), f"stream_caster.{name}")


@pytest.mark.parametrize(
    "name", ["serial", "realm", "ack_timeout", "keepalive_timeout", "invite_port_fixed", "query_catalog_interval", "auto_play"]
)
def test_settings_of_sip_that_were_dropped(name: str) -> None:
    modern, (finding,) = modernise(parse(f"stream_caster {{ sip {{ listen 1; {name} on; }} }}"), Release(5))
    assert (modern, finding.path) == (parse("stream_caster { sip { listen 1; } }"), f"stream_caster.sip.{name}")


@pytest.mark.parametrize("version", [5, 6, 7])
def test_host_without_sip_crashes_the_server(version: int) -> None:
    _tree, findings = modernise(parse("stream_caster { host a; }"), Release(version))
    assert findings[0].severity == ERROR
    assert "write sip { candidate a; } instead" in str(findings[0])


def test_nothing_old() -> None:
    tree = parse("listen 1935;\nvhost x { refer { enabled on; all a; } forward { destination a; } }")
    assert modernise(tree, Release(6)) == (tree, [])


@pytest.mark.parametrize(
    ("old", "new", "warnings"),
    [
        ("rtmp { listen 1 2; chunk_size 128; } pid x;", "listen 1 2; chunk_size 128; pid x;", []),
        ("rtmp { listen 1; bogus on; }", "listen 1; rtmp { bogus on; }", []),
        ("listen 1; rtmp { listen 2; chunk_size 128; }", "listen 1; chunk_size 128;", ["rtmp.listen"]),
        ("rtmp { } pid x;", "pid x;", []),
    ],
)
def test_the_block_of_rtmp(old: str, new: str, warnings: list[str]) -> None:
    modern, findings = modernise(parse(old), Release(7, 64))
    assert (modern, [finding.path for finding in findings]) == (parse(new), warnings)
    modern, findings = modernise(parse(old), Release(7))
    assert (modern, [finding.path for finding in findings]) == (parse(new), ["rtmp", *warnings]), "not all releases of 7 know it"
    assert modernise(parse(old), Release(7, 63)) == (parse(old), [])
