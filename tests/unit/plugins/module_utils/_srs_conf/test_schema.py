# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each exact release of SRS has.

The sources are files of https://github.com/ossrs/srs at the release: CONFIG is trunk/src/app/srs_app_config.cpp as of 5.0.224, 6.0.183,
7.0.128 (with the history of 7.0 before) and 8.0.41, LOG is trunk/doc/CHANGELOG.md as of 8.0.50.
"""

from __future__ import annotations

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import MAJORS, Release, parse_release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import check_text
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR, WARNING, Finding
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reading import reads_variable, spec_of
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import OLDEST, ROOT, Spec, at, firsts, reaches, written

CONFIG, LOG = "CONFIG", "LOG"


def release(text: str) -> Release:
    found = parse_release(text)
    assert found
    return found


def before(version: Release) -> Release:
    return Release(version.major, version.revision - 1) if version.revision else Release(version.major - 1, 999)


def found(text: str, version: Release) -> list[Finding]:
    return check_text(f"listen 1935;\n{text}", version)


def said(text: str, version: Release, severity: str = ERROR) -> list[str]:
    return [str(finding) for finding in found(text, version) if finding.severity == severity]


ARRIVED = [
    ("http_api { auth { enabled on; type basic; } }", "8.0.28", CONFIG),
    ("http_api { auth { enabled on; type bearer; token x; } }", "8.0.28", CONFIG),
    ("http_api { auth { enabled on; type bearer; token x; rtc_bearer_enabled on; } }", "8.0.28", CONFIG),
    ("heartbeat { auth { enabled on; type bearer; token x; } }", "8.0.28", CONFIG),
    ("srt_server { default_streamid x; }", "6.0.180", CONFIG),
    ("srt_server { default_streamid x; }", "7.0.95", CONFIG),
    ("srt_server { default_mode publish; }", "7.0.131", LOG),
    ("vhost x { rtc { init_rate_from_sdp on; } }", "7.0.112", CONFIG),
    ("vhost x { rtc { keep_original_ssrc on; } }", "7.0.119", CONFIG),
    ("vhost x { rtc { nack_prefer_rtx on; } }", "8.0.41", CONFIG),
    ("stream_caster { caster gb28181; media_connect_timeout 5; }", "8.0.22", CONFIG),
    ("rtmps { enabled on; listen 1443; key /k; cert /c; }", "7.0.56", CONFIG),
    ("rtsp_server { enabled on; listen 554; }", "7.0.47", CONFIG),
    ("vhost x { rtsp { enabled on; rtmp_to_rtsp off; } }", "7.0.47", CONFIG),
    ("vhost x { hls { hls_use_fmp4 on; } }", "7.0.51", CONFIG),
    ("vhost x { hls { hls_fmp4_file [stream]-[seq].m4s; hls_init_file [stream]/init.mp4; } }", "7.0.51", CONFIG),
    ("vhost x { hls { hls_recover off; } }", "7.0.57", CONFIG),
    ("vhost x { hls { hls_master_m3u8_path_relative on; } }", "7.0.104", CONFIG),
    ("heartbeat { ports on; }", "5.0.215", CONFIG),
    ("heartbeat { ports on; }", "6.0.156", CONFIG),
    ("heartbeat { ports on; }", "7.0.15", CONFIG),
    ("vhost x { publish { kickoff_for_idle 5; } }", "5.0.144", CONFIG),
    ("vhost x { publish { kickoff_for_idle 5; } }", "6.0.31", CONFIG),
    ("http_api { enabled on; auth { enabled on; username u; } }", "5.0.152", CONFIG),
    ("http_api { enabled on; auth { enabled on; username u; } }", "6.0.40", CONFIG),
    ("exporter { enabled on; }", "5.0.67", CONFIG),
    ("include a.conf;", "5.0.23", CONFIG),
    ("in_docker on;", "4.0.216", CONFIG),
]


@pytest.mark.parametrize(("text", "first", "source"), ARRIVED, ids=[f"{first} {text}" for text, first, _source in ARRIVED])
def test_what_a_release_brought(text: str, first: str, source: str) -> None:
    version = release(first)
    old = before(version)
    assert said(text, old)[0].endswith("but the version is " + str(old) + "."), f"{source} of {old} refuses it"
    assert f"{first}" in said(text, old)[0] and "or later" in said(text, old)[0]
    if version.major == 8 or "auth" not in text:
        assert said(text, version) == [], f"{source} of {first} accepts it"
    newest = Release(version.major, 999)
    assert said(text, newest) == []


@pytest.mark.parametrize(
    ("text", "major", "level"),
    [
        # Of 7 there are releases with and without it, and no image of 8 is so old.
        ("vhost x { hls { hls_use_fmp4 on; } }", 7, [WARNING]),
        ("vhost x { hls { hls_use_fmp4 on; } }", 6, [ERROR]),
        ("vhost x { hls { hls_use_fmp4 on; } }", 8, []),
        ("srt_server { default_streamid x; }", 6, [WARNING]),
        ("srt_server { default_streamid x; }", 5, [ERROR]),
        ("http_api { auth { enabled on; type basic; } }", 8, []),
        # Gone within 7: what is refused by the newest releases is refused.
        ("threads { interval 5; }", 7, [ERROR]),
        ("threads { interval 5; }", 8, [ERROR]),
        ("threads { interval 5; }", 6, []),
        ("vhost x { hls { hls_acodec aac; } }", 7, [WARNING]),
        ("http_api { enabled on; listen 1 2; }", 7, [WARNING]),
        ("rtc_server { listen 10.0.0.1:8000; }", 7, [WARNING]),
        ("heartbeat { ports on; }", 7, []),
        ("heartbeat { ports on; }", 5, [WARNING]),
    ],
)
def test_a_major_version_stands_for_any_of_its_releases(text: str, major: int, level: list[str]) -> None:
    assert [finding.severity for finding in found(text, Release(major))] == level


WENT = [
    ("threads { interval 5; }", "7.0.64", ERROR, CONFIG),
    ("vhost x { hls { hls_acodec aac; } }", "7.0.53", WARNING, CONFIG),
    ("vhost x { hls { hls_vcodec h264; } }", "7.0.53", WARNING, CONFIG),
    ("tencentcloud_cls { enabled on; label x; }", "7.0.66", WARNING, CONFIG),
    ("tencentcloud_apm { enabled on; team x; }", "7.0.66", WARNING, CONFIG),
    ("stream_caster { caster gb28181; sip { enabled on; } }", "7.0.75", WARNING, CONFIG),
    ("stream_caster { caster gb28181; sip { listen 5060; } }", "7.0.75", WARNING, CONFIG),
    ("stream_caster { caster gb28181; sip { candidate x; } }", "7.0.75", WARNING, CONFIG),
]


@pytest.mark.parametrize(("text", "first", "level", "source"), WENT, ids=[f"{first} {text}" for text, first, _level, _source in WENT])
def test_what_a_release_took_away(text: str, first: str, level: str, source: str) -> None:
    version = release(first)
    assert found(text, before(version)) == [], source
    assert {finding.severity for finding in found(text, version)} == {level}
    assert first in str(found(text, version)[0])


DEFAULTS = [
    ("vhost.srt.srt_to_rtmp", "7.0.117", "on", "off", CONFIG),
    ("srt_server.default_streamid", "7.0.96", "#!::r=live/livestream,m=publish", "#!::r=live/livestream,m=request", CONFIG),
    ("vhost.hls.hls_recover", "7.0.57", "off", "on", CONFIG),
    ("vhost.hls.hls_ctx", "5", "off", "on", CONFIG),
    ("vhost.hls.hls_dispose", "5", "0", "120", CONFIG),
    ("vhost.dash.dash_dispose", "6", "0", "120", CONFIG),
    ("vhost.rtsp.rtmp_to_rtsp", "7.0.47", "on", "on", CONFIG),
    ("rtmps.listen", "7.0.56", "", "", CONFIG),
    ("srt_server.tlpktdrop", "7.0.133", "on", "on", CONFIG),
    ("srt_server.peer_idle_timeout", "7.0.134", "10000", "10000", CONFIG),
    ("srt_server.default_mode", "7.0.131", "request", "request", CONFIG),
    ("rtc_server.protocol", "7.0.67", "udp", "udp", CONFIG),
    ("vhost.rtc.pli_for_rtmp", "7.0.1", "6.0", "6.0", CONFIG),
    ("vhost.rtc.nack_prefer_rtx", "8.0.41", "off", "off", CONFIG),
]


@pytest.mark.parametrize(("path", "first", "old", "new", "source"), DEFAULTS, ids=[row[0] for row in DEFAULTS])
def test_what_a_server_does_by_itself(path: str, first: str, old: str, new: str, source: str) -> None:
    spec, version = spec_of(path, ROOT), release(first)
    assert (spec.default_of(before(version)), spec.default_of(version)) == (old, new), source
    assert spec.default_of(Release(8)) == new


LISTENS = ["http_api { enabled on; %s }", "http_server { enabled on; %s }", "rtsp_server { enabled on; %s }"]
LISTENS += ["rtmps { enabled on; %s }", "rtc_server { enabled on; %s }", "rtc_server { enabled on; protocol all; tcp { enabled on; %s } }"]
LISTENS += ["srt_server { enabled on; %s }", "http_api { enabled on; https { enabled on; %s } }"]


@pytest.mark.parametrize("block", LISTENS)
def test_several_endpoints(block: str) -> None:
    text = block % "listen 7001 [::1]:7002 10.0.0.1:7003;"
    assert said(text, Release(7, 67)) == []
    assert "has 3 values" in said(text, Release(7, 66))[0]
    assert "but must be a port" in said(block % "listen 7001 host:7002;", Release(7, 67))[0], "addresses alone, no names"


@pytest.mark.parametrize("block", [block for block in LISTENS if "rtc_server" in block or "srt_server" in block])
def test_udp_has_no_address_before(block: str) -> None:
    assert said(block % "listen 10.0.0.1:7001;", Release(7, 67)) == []
    assert said(block % "listen 10.0.0.1:7001;", Release(7, 66))[0].endswith("but must be a port from 1 to 65535 (SRS 7.0.66).")
    assert said(block % "listen 7001;", Release(7, 66)) == []


def test_rtmp() -> None:
    def all_of(text: str, version: Release) -> list[tuple[str, str]]:
        return [(finding.severity, finding.path) for finding in check_text(text, version)]

    assert all_of("rtmp { listen 1935; }", Release(7, 64)) == []
    assert all_of("rtmp { listen 1935; }", Release(7, 63)) == [(ERROR, "rtmp"), (ERROR, "listen")]
    assert all_of("pid x;", Release(7, 95)) == [(ERROR, "listen")]
    assert all_of("pid x;", Release(7, 96)) == [(WARNING, "listen")], "it starts, and serves no RTMP"
    assert all_of("pid x;", Release(7)) == [(ERROR, "listen")]
    assert all_of("pid x;", Release(6, 999)) == [(ERROR, "listen")]
    assert all_of("rtmps { enabled on; listen 1443; }", Release(7, 96)) == []
    assert all_of("listen 1935; rtmps { enabled on; }", Release(7, 96)) == [(ERROR, "rtmps.listen")]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("http_api { auth { enabled on; username u; } }", ["http_api.auth.type"]),
        ("http_api { auth { enabled off; username u; } }", []),
        ("http_api { auth { enabled on; type basic; } }", []),
        ("http_api { auth { enabled on; type digest; } }", ["http_api.auth.type"]),
        ("http_api { auth { enabled on; type bearer; } }", ["http_api.auth.token"]),
        ("http_api { auth { enabled on; type basic; rtc_bearer_enabled on; } }", ["http_api.auth.rtc_bearer_enabled"]),
        ("http_api { auth { type bearer; token x; rtc_bearer_enabled on; } }", ["http_api.auth.rtc_bearer_enabled"]),
        ("heartbeat { auth { enabled on; } }", ["heartbeat.auth.type"]),
        ("heartbeat { auth { enabled on; type bearer; } }", ["heartbeat.auth.token"]),
        ("heartbeat { auth { enabled on; type basic; token x; } }", ["heartbeat.auth.type"]),
    ],
)
def test_logins_of_8(text: str, wrong: list[str]) -> None:
    assert [finding.path for finding in found(text, Release(8, 28)) if finding.severity == ERROR] == wrong


@pytest.mark.parametrize("name", ["rtc", "srt", "hls", "dash", "dvr", "forward", "exec"])
def test_what_an_edge_leaves_to_its_origin(name: str) -> None:
    inner = f"{name} {{ enabled on; }}" if name != "srt" else "srt { enabled on; srt_to_rtmp on; }"
    text = f"vhost x {{ cluster {{ mode remote; origin a; }} {inner} }}"
    for version, warned in (
        (Release(6, 178), False),
        (Release(6, 179), True),
        (Release(7, 93), False),
        (Release(7, 94), True),
        (Release(8), True),
    ):
        assert [finding.path for finding in found(text, version)] == ([f"vhost x.{name}"] if warned else [])
    assert found(text.replace("mode remote", "mode local"), Release(8)) == []


VARIABLES = [
    ("SRS_RTMP_LISTEN", "8.0.48"),
    ("SRS_RTMPS_LISTEN", "7.0.56"),
    ("SRS_RTMPS_ENABLED", "7.0.56"),
    ("SRS_RTSP_SERVER_LISTEN", "7.0.47"),
    ("SRS_VHOST_RTSP_RTMP_TO_RTSP", "7.0.47"),
    ("SRS_SRT_SERVER_DEFAULT_STREAMID", "6.0.180"),
    ("SRS_SRT_SERVER_DEFAULT_STREAMID", "7.0.95"),
    ("SRS_SRT_SERVER_DEFAULT_MODE", "7.0.131"),
    ("SRS_VHOST_FORWARD_ENABLED", "6.0.170"),
    ("SRS_VHOST_FORWARD_BACKEND", "7.0.49"),
    ("SRS_VHOST_HLS_HLS_USE_FMP4", "7.0.51"),
    ("SRS_VHOST_HLS_HLS_FMP4_FILE", "7.0.51"),
    ("SRS_VHOST_HLS_HLS_INIT_FILE", "7.0.51"),
    ("SRS_VHOST_HLS_HLS_RECOVER", "7.0.57"),
    ("SRS_VHOST_HLS_HLS_MASTER_M3U8_PATH_RELATIVE", "7.0.104"),
    ("SRS_VHOST_RTC_INIT_RATE_FROM_SDP", "7.0.112"),
    ("SRS_VHOST_RTC_KEEP_ORIGINAL_SSRC", "7.0.119"),
    ("SRS_VHOST_RTC_NACK_PREFER_RTX", "8.0.41"),
    ("SRS_HTTP_API_AUTH_TYPE", "8.0.28"),
    ("SRS_HTTP_API_AUTH_TOKEN", "8.0.28"),
    ("SRS_HTTP_API_AUTH_RTC_BEARER_ENABLED", "8.0.28"),
    ("SRS_HEARTBEAT_AUTH_ENABLED", "8.0.28"),
    ("SRS_HEARTBEAT_AUTH_TYPE", "8.0.28"),
    ("SRS_HEARTBEAT_AUTH_TOKEN", "8.0.28"),
    ("SRS_VHOST_SRT_ENABLED", "5"),
    ("SRS_LISTEN", "5"),
]


@pytest.mark.parametrize(("name", "first"), VARIABLES)
def test_variables_that_came(name: str, first: str) -> None:
    version = release(first)
    assert (reads_variable(before(version), name), reads_variable(version, name)) == (False, True)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("SRS_THREADS_INTERVAL", "7.0.64"),
        ("SRS_TENCENTCLOUD_CLS_ENABLED", "7.0.66"),
        ("SRS_TENCENTCLOUD_APM_TEAM", "7.0.66"),
        ("SRS_VHOST_HLS_HLS_ACODEC", "7.0.53"),
        ("SRS_VHOST_HLS_HLS_VCODEC", "7.0.53"),
    ],
)
def test_variables_that_went(name: str, first: str) -> None:
    version = release(first)
    assert (reads_variable(before(version), name), reads_variable(version, name)) == (True, False)


def test_series() -> None:
    assert [reaches(release(text), "6.0.180 7.0.95") for text in ("5", "6.0.179", "6.0.180", "7.0.94", "7.0.95", "8")] == [
        *(False, False, True, False, True, True)
    ]
    assert [reaches(release(text), "6.0.180 7.0.95") for text in ("6", "7")] == [None, None]
    assert reaches(Release(8), "") is False
    assert reaches(Release(7), f"7.0.{OLDEST[7]}") and reaches(Release(7), f"7.0.{OLDEST[7] + 1}") is None
    assert set(OLDEST) <= set(MAJORS)
    assert firsts("6.0.180 7.0.95") == (Release(6, 180), Release(7, 95))


def test_what_changed_with_a_release() -> None:
    changes = {"3": "a", "7.0.10": "b", "7.0.100": "c"}
    assert [at(changes, version, "") for version in (Release(6), Release(7, 9), Release(7, 10), Release(7), Release(8))] == [*"aabcc"]
    assert at({"7.0.10": "b"}, Release(6), "none") == "none"
    assert Spec("text", default={"3": "a", "5": "b", "7": "c"}, since="6").defaults == {"6": "b", "7": "c"}
    assert Spec("text", default="a", since="6.0.1 7.0.1").defaults == {"6.0.1 7.0.1": "a"}
    assert Spec("text").defaults == {}


def test_a_release_in_an_inventory() -> None:
    assert (written(Release(6)), written(Release(6, 191))) == (6, "6.0.191")
