# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with single directives, by version."""

from __future__ import annotations

import re

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import MAJORS, Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import check_text
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR, WARNING
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import ROOT, firsts
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.validate import walk
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.values import problem

ALL = MAJORS
# In a configuration that is fine otherwise: (directives, versions with an error, the error). In all other versions there is none.
ERRORS = [
    ("bogus on;", ALL, r"line 2: bogus is not a directive at the top level of SRS \d\."),
    ("max_conections 5;", ALL, r"max_conections is not a directive .* \(did you mean max_connections\?\)"),
    ("hls { enabled on; }", ALL, r"hls is not a directive at the top level of SRS \d; it belongs into vhost"),
    ("\ufeffpid x;", ALL, r"byte order mark"),
    (
        "vhost x { hls { hls_fragments 3; } }",
        ALL,
        r"vhost x\.hls\.hls_fragments is not a directive in vhost\.hls .*did you mean hls_fragment\?",
    ),
    ("vhost x { security { seo on; } }", ALL, r"vhost x\.security\.seo is not a directive"),
    ("http_api { https { ports 1; } }", ALL, r"the server would ignore it|https needs SRS 4"),
    ("max_connections 0;", ALL, r"max_connections is '0', but must be a whole number of at least 1"),
    ("max_connections abc;", ALL, r"is 'abc', but must be a whole number"),
    ("max_connections 1e3;", ALL, r"is '1e3'"),
    ("max_connections ٣;", ALL, r"whole number"),
    ("chunk_size 127;", ALL, r"chunk_size is '127', but must be a whole number from 128 to 65536 bytes"),
    ("chunk_size 65537;", ALL, r"from 128 to 65536"),
    ("vhost x { chunk_size 70000; }", ALL, r"vhost x\.chunk_size is '70000'"),
    ("daemon yes;", ALL, r"daemon is 'yes', but must be on or off \(SRS \d\)"),
    ("force_grace_quit On;", ALL, r"on or off"),
    ("vhost x { play { mw_latency 350ms; } }", ALL, r"mw_latency is '350ms', but must be a whole number of at least 0 ms"),
    ("vhost x { play { queue_length -5; } }", ALL, r"queue_length is '-5'"),
    ("vhost x { hls { hls_window abc; } }", ALL, r"hls_window is 'abc', but must be a number"),
    ("vhost x { dvr { dvr_plan append; } }", ALL, r"dvr_plan is 'append', but must be one of session, segment"),
    ("vhost x { hls { hls_vcodec h265; } }", (3, 4, 5), r"one of h264, vn"),
    ("vhost x { cluster { mode banana; } }", ALL, r"one of local, remote"),
    ("vhost x { cluster { origin a:0; } }", ALL, r"is 'a:0', but must be host or host:port"),
    ("vhost x { cluster { origin http://a; } }", ALL, r"host or host:port"),
    ("vhost x { cluster { protocol flv; } }", (3, 4), r"protocol needs SRS 5 or later, but the version is \d"),
    ("vhost x { publish { kickoff_for_idle 1; } }", (3, 4), r"needs SRS 5\.0\.144, 6\.0\.31 or later"),
    ("vhost x { hls { hls_ctx off; } }", (3, 4), r"needs SRS 5"),
    ("vhost x { play { mw_msgs 8; } }", (3,), r"needs SRS 4"),
    ("exporter { enabled on; }", (3, 4), r"exporter needs SRS 5\.0\.67"),
    ("srt_server { peer_idle_timeout 100; }", (3, 4, 5), r"needs SRS"),
    ("stream_caster { jitterbuffer_enable on; }", (3, 5, 6, 7, 8), r"jitterbuffer_enable (is gone since SRS 5|needs SRS 4)"),
    ("include a.conf;", (3, 4), r"include needs SRS 5"),
    ("include;", ALL, r"has no value|needs SRS 5"),
    ("http_api;", ALL, r"http_api is a block, http_api \{ \.\.\. \}"),
    ("pid x { y on; }", ALL, r"pid is one directive"),
    ("vhost { }", ALL, r"vhost has no name"),
    ("vhost x y { }", ALL, r"before its block"),
    ("pid;", ALL, r"pid has no value and would be ignored"),
    ("daemon off utc_time on;", ALL, r"daemon has 3 values, 'off utc_time on', of which the server takes 1; is a ; missing\?"),
    ("daemon off;\ndaemon on;", ALL, r"line 3: daemon is given twice, first in line 2"),
    ("vhost x { }\nvhost x { }", ALL, r"vhost x is given twice"),
    ("vhost x { http_remux { } http_remux { } }", ALL, r"http_remux is given twice"),
    ("vhost x { ingest a { } ingest a { } }", ALL, r"ingest a is given twice"),
    ("vhost x { http_hooks { on_play ftp://a; } }", ALL, r"is 'ftp://a', but must be a URL http://host\.\.\."),
    ("vhost x { http_hooks { on_play https://a; } }", (3,), r"a URL http://host\.\.\. \(SRS 3\)"),
    ("vhost x { security { allow play 10.0.0.0/8; } }", (3,), r"an IP address \(SRS 3\)"),
    ("vhost x { security { allow watch all; } }", ALL, r"is 'watch all', but must be publish or play"),
    ("vhost x { security { deny play ten; } }", ALL, r"is 'play ten'"),
    ("http_server { listen 99999; }", ALL, r"is '99999', but must be a port from 1 to 65535 or ip:port"),
    ("http_server { listen host:80; }", ALL, r"ip:port"),
    ("heartbeat { interval 0; }", ALL, r"heartbeat\.interval is '0'"),
    ("heartbeat { interval 0.9; }", (4, 5, 6, 7, 8), r"is '0\.9', of which SRS \d takes the whole seconds, and it refuses 0"),
    ("threads { interval 5; }", (3, 4, 7, 8), r"threads (needs SRS 5|is gone since SRS 7\.0\.64)"),
    ("rtmps { enabled on; }", ALL, r"rtmps needs SRS 7\.0\.56|rtmps\.listen is missing"),
    ("vhost x { hls { hls_use_fmp4 on; } }", (3, 4, 5, 6), r"hls_use_fmp4 needs SRS 7\.0\.51"),
    ("http_api { listen 1985 [::]:1985; }", (3, 4, 5, 6), r"has 2 values"),
    ("rtmp { bogus on; }", ALL, r"rtmp needs SRS 7|rtmp\.bogus is not a directive in rtmp"),
    ("stats { network -1; }", ALL, r"stats\.network is '-1'"),
]


@pytest.mark.parametrize("version", MAJORS)
@pytest.mark.parametrize(("text", "versions", "message"), ERRORS, ids=[text for text, _versions, _message in ERRORS])
def test_error(text: str, versions: tuple[int, ...], message: str, version: int) -> None:
    errors = [finding.text("srs.conf") for finding in check_text(f"listen 1935;\n{text}\n", Release(version)) if finding.severity == ERROR]
    if version in versions:
        assert re.search(message, errors[0].replace("srs.conf line", "line")), errors
        assert errors[0].startswith("srs.conf line ")
    else:
        assert not errors


@pytest.mark.parametrize("version", MAJORS)
@pytest.mark.parametrize(
    "text",
    [
        "listen 1935 19350;",
        "listen 1935;\nvhost __defaultVhost__ { }\nvhost x { }",
        "listen 1935;\nvhost x { security { enabled on; allow play all; allow publish 1.2.3.4; deny play 1.2.3.5; deny play ::1; } }",
        "listen 1935;\nvhost x { transcode { engine a { vfilter { i x; } vparams { t 1; t 2; } } engine b { } } transcode live { } }",
        "listen 1935;\nvhost x { ingest a { input { type file; url x; } engine { } } ingest b { } }",
        "listen 1935;\nvhost x { exec { publish a b c; publish d; } }",
        "listen 1935;\nstream_caster { caster flv; listen 1; }\nstream_caster { caster mpegts_over_udp; listen 2; }",
        "listen 1935;\nvhost x { cluster { mode remote; origin 1.2.3.4 a:19350 [::1]:1935; } }",
        "listen 1935;\nvhost x { hls { hls_fragment 0.5; hls_td_ratio 1.5; } }",
    ],
)
def test_no_error(text: str, version: int) -> None:
    assert not [finding for finding in check_text(text, Release(version)) if finding.severity == ERROR]


@pytest.mark.parametrize(
    ("text", "version", "message"),
    [
        ("vhost x { hls { hls_mount a; } }", 3, r"hls_mount is still accepted by SRS 3 but does nothing since SRS 3"),
        ("rtmps { enabled off; }", 7, r"rtmps needs SRS 7\.0\.56 or later, and the version is 7: give the exact release"),
        (
            "rtmp { chunk_size 4096; }",
            7,
            r"rtmp needs SRS 7\.0\.64 or later, and the version is 7: listen and chunk_size outside of it do not",
        ),
        ("daemon off; daemon off;", 6, r"daemon is given twice, first in line 2, to the same effect"),
        ("vhost x { bandcheck { enabled on; } }", 5, r"bandcheck is still accepted"),
        ("http_api { raw_api { allow_query on; } }", 4, r"allow_query is still accepted"),
        ("vhost x { gop_cache off; }", 6, r"vhost x\.gop_cache is an old form of play\.gop_cache"),
    ],
)
def test_warning(text: str, version: int, message: str) -> None:
    findings = check_text(f"listen 1935;\n{text}", Release(version))
    assert [finding.severity for finding in findings] == [WARNING]
    assert re.search(message, str(findings[0]))
    assert findings[0].line == 2


def test_all_that_is_wrong_is_said() -> None:
    text = (
        "listen 1935;\nexporter { enabled on; }\nbogus on;\nlisten 1 2;\nstream_caster { caster flv; }\nstream_caster { bogus on; }\npid;\n"
    )
    assert [(finding.path, finding.line) for finding in check_text(text, Release(4)) if finding.severity == ERROR] == [
        ("exporter", 2),
        ("bogus", 3),
        ("listen", 4),
        ("stream_caster.bogus", 6),
        ("pid", 7),
    ]


def test_a_secret_is_not_repeated() -> None:
    text = "listen 1935;\nhttp_api { auth { password hun ter2; } }\nvhost x { http_hooks { on_play https://me:hunter2@/?token=hunter2; } }"
    messages = " ".join(map(str, check_text(text, Release(6))))
    assert "http_api.auth.password has 2 values, a value that is not shown" in messages
    assert "on_play is 'https://" in messages
    assert "ter2" not in messages


@pytest.mark.parametrize("text", ["", "# nothing", "\n\n"])
def test_empty(text: str) -> None:
    assert "no directive at all" in str(check_text(text, Release(6))[0])


def test_syntax_error_is_a_finding() -> None:
    (finding,) = check_text("listen 1935\n", Release(6))
    assert (finding.severity, finding.line) == (ERROR, 1)


def test_secrets_come_by_the_variable_that_srs_makes_of_the_path() -> None:
    named = {f"{block}.{name}".strip("."): spec.env for block, name, spec in walk(ROOT) if spec.env}
    assert len(named) > 15
    assert named == {path: "SRS_" + path.replace(".", "_").upper() for path in named}


def test_table() -> None:
    """Whatever has a default keeps to its own rule."""
    for block, name, spec in walk(ROOT):
        for text in (spec.since, spec.gone, spec.idle, spec.lists, spec.addresses, spec.unchecked, spec.env_since):
            assert [*firsts(text)] == sorted(firsts(text), key=lambda release: (release.major, release.revision or 0)), (block, name)
            assert " ".join(map(str, firsts(text))) == text and {release.major for release in firsts(text)} <= set(MAJORS), (block, name)
        assert (spec.kind == "block") == (spec.children is not None), (block, name)
        for version in (release for text in (*map(str, MAJORS), *spec.since.split()) for release in firsts(text)):
            default = spec.default_of(version)
            if default and spec.known(version):
                assert problem(spec, [default], version) == "", (block, name, version)
