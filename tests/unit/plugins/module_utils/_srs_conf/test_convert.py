# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A config for one release, written for another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release, parse_release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import check_text
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.convert import convert
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import ConfSyntaxError, parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.render import render
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.transform import modernise
from ansible_collections.livestream.srs.tests.support.srs_conf_cases import Generator

LISTEN = "listen 1935;\n"


def converted(text: str, before: str, after: str) -> tuple[str, list[tuple[str, str]]]:
    """The text without its layout, and the notes by kind and path."""
    old, new = parse_release(before), parse_release(after)
    assert old and new
    changed, notes = convert(LISTEN + text, old, new)
    return " ".join(changed.removeprefix(LISTEN).split()), [(note.kind, note.path) for note in notes]


@pytest.mark.parametrize(
    ("text", "before", "after", "expected", "notes"),
    [
        # What the other release lacks
        (
            "vhost x { hls { enabled off; hls_use_fmp4 on; } }",
            *("7.0.128", "6.0.191"),
            "vhost x { hls { enabled off; } }",
            [("gone", "vhost x.hls.hls_use_fmp4")],
        ),
        ("threads { interval 5; }", "6.0.157", "7.0.128", "", [("gone", "threads")]),
        ("exporter { enabled on; }", "6", "4", "query_latest_version off;", [("gone", "exporter"), ("added", "query_latest_version")]),
        # What does nothing there
        (
            "vhost x { hls { enabled off; hls_acodec an; } }",
            *("7.0.18", "7.0.53"),
            "vhost x { hls { enabled off; } }",
            [("gone", "vhost x.hls.hls_acodec")],
        ),
        ("tencentcloud_cls { enabled on; }", "6", "8", "", [("gone", "tencentcloud_cls")]),
        # What another value means, or none
        ("http_api { listen 1 2; }", "7.0.67", "7.0.66", "http_api { listen 1; }", [("changed", "http_api.listen")]),
        (
            "srt_server { listen 10.0.0.1:10080 10081; }",
            *("7.0.67", "7.0.66"),
            "srt_server { listen 10080; }",
            [("changed", "srt_server.listen")],
        ),
        ("pid x;", "6", "7.0.128", "pid x;", []),
        (
            "vhost x { hls { enabled off; hls_vcodec h265; } }",
            *("6", "5.0.213"),
            "vhost x { hls { enabled off; } }",
            [("gone", "vhost x.hls.hls_vcodec")],
        ),
        # What it does otherwise by itself
        (
            "vhost x { srt { enabled on; } }",
            *("6.0.191", "7.0.157"),
            "vhost x { srt { enabled on; srt_to_rtmp on; } }",
            [("added", "vhost x.srt.srt_to_rtmp")],
        ),
        ("vhost x { srt { enabled on; } }", "6.0.191", "7.0.116", "vhost x { srt { enabled on; } }", []),
        ("vhost x { srt { enabled off; } }", "6.0.191", "7.0.157", "vhost x { srt { enabled off; } }", []),
        ("vhost x { srt { enabled on; srt_to_rtmp on; } }", "6", "8", "vhost x { srt { enabled on; srt_to_rtmp on; } }", []),
        (
            "vhost x { srt { enabled on; } }",
            *("7.0.157", "6.0.191"),
            "vhost x { srt { enabled on; srt_to_rtmp off; } }",
            [("added", "vhost x.srt.srt_to_rtmp")],
        ),
        ("vhost x { srt { enabled on; } }", "7.0.157", "8", "vhost x { srt { enabled on; } }", []),
        ("vhost x { srt { enabled on; } }", "7", "8", "vhost x { srt { enabled on; } }", [("beware", "vhost x.srt.srt_to_rtmp")]),
        (
            "srt_server { enabled on; }",
            *("6.0.157", "7.0.96"),
            'srt_server { enabled on; default_streamid "#!::r=live/livestream,m=publish"; }',
            [("added", "srt_server.default_streamid")],
        ),
        ("srt_server { enabled on; }", "6.0.157", "7.0.94", "srt_server { enabled on; }", []),
        ("srt_server { enabled on; }", "7.0.96", "7.0.94", "srt_server { enabled on; }", [("beware", "srt_server.default_streamid")]),
        (
            "vhost x { hls { enabled on; } }",
            *("6.0.191", "7.0.157"),
            "vhost x { hls { enabled on; hls_recover off; } }",
            [("added", "vhost x.hls.hls_recover")],
        ),
        (
            "rtc_server { enabled on; tcp { enabled on; } }",
            *("6", "7.0.67"),
            "rtc_server { enabled on; tcp { enabled on; } }",
            [("beware", "rtc_server.tcp")],
        ),
        (
            "rtc_server { enabled on; tcp { enabled on; } protocol all; }",
            *("6", "7.0.67"),
            "rtc_server { enabled on; tcp { enabled on; } protocol all; }",
            [],
        ),
        # What it wants
        (
            "http_api { enabled on; auth { enabled on; username u; } }",
            *("7.0.157", "8.0.28"),
            "http_api { enabled on; auth { enabled on; username u; type basic; } }",
            [("added", "http_api.auth.type")],
        ),
        (
            "http_api { enabled on; auth { enabled on; type basic; username u; } }",
            *("8", "7.0.157"),
            "http_api { enabled on; auth { enabled on; username u; } }",
            [("gone", "http_api.auth.type")],
        ),
        (
            "http_api { enabled on; auth { enabled on; type bearer; } }",
            *("8", "7.0.157"),
            "http_api { enabled on; auth { enabled on; } }",
            [("gone", "http_api.auth.type"), ("beware", "http_api.auth")],
        ),
        # What it writes otherwise
        ("rtmp { chunk_size 128; }", "7.0.64", "6", "chunk_size 128;", []),
        ("rtmp { chunk_size 128; }", "7.0.64", "8", "rtmp { chunk_size 128; }", []),
        ("include a.conf;", "6", "7.0.128", "include a.conf;", [("beware", "include of a.conf")]),
    ],
)
def test_conversion(text: str, before: str, after: str, expected: str, notes: list[tuple[str, str]]) -> None:
    assert converted(text, before, after) == (expected, notes)


def test_a_listener_that_must_be_there() -> None:
    text, notes = convert("pid x;", Release(7, 128), Release(6))
    assert text == "listen 1935;\npid x;\n"
    assert [str(note) for note in notes] == ["listen is 1935: SRS 6 does not start without it, which opens that port."]
    assert convert("pid x;", Release(7, 128), Release(8)) == ("pid x;", [])


def test_what_nothing_changes_is_the_text_itself() -> None:
    text = "# Mine\nlisten   1935 ;\nvhost x { gop_cache off; }\n"
    assert convert(text, Release(6, 157), Release(6, 191)) == (text, [])
    # The old form is one that the other release takes, but a line that goes on is not.
    long = "listen\n1935;\n"
    assert convert(long, Release(5), Release(5, 213)) == (long, [])
    assert convert(long, Release(5), Release(6))[0] == LISTEN


def test_what_is_lost_is_said() -> None:
    (note,) = convert(f"{LISTEN}http_api {{ auth {{ enabled on; }} }}", Release(6, 40), Release(6, 39))[1]
    assert str(note) == (
        "http_api.auth needs SRS 6.0.40 or later, but the version is 6.0.39, and is left out. "
        "Without it whoever reaches the HTTP API may use it."
    )


def test_no_secret_in_a_note() -> None:
    text = f"{LISTEN}http_api {{ enabled on; auth {{ enabled on; type bearer; token hunter2; }} }} srt_server {{ passphrase hunter22222; }}"
    for version in (Release(7, 128), Release(4), Release(3)):
        _text, notes = convert(text, Release(8, 48), version)
        assert notes and "hunter2" not in " ".join(map(str, notes))


@pytest.mark.parametrize("after", [Release(7), Release(7, 64)])
def test_what_the_newest_releases_refuse_goes(after: Release) -> None:
    text, notes = convert("listen 1935; threads { interval 5; }", Release(5, 213), after)
    assert "threads" not in text
    (note,) = [note for note in notes if note.path == "threads"]
    assert (note.kind, note.message) == ("gone", f"is gone since SRS 7.0.64, and the version is {after}, and is left out.")


def test_a_text_that_cannot_be_read() -> None:
    with pytest.raises(ConfSyntaxError):
        convert("listen 1935", Release(6), Release(7))


RELEASES = [Release(3), Release(4), Release(5, 213), Release(6), Release(6, 191), Release(7, 18), Release(7, 70), Release(7), Release(8)]


@given(st.integers(0, 1 << 40), st.sampled_from(RELEASES), st.sampled_from(RELEASES))
def test_what_comes_out_is_right_there_and_stays(seed: int, before: Release, after: Release) -> None:
    text = Generator(seed, before).valid()
    changed, notes = convert(text, before, after)
    assert not [finding for finding in check_text(changed, after) if finding.severity == ERROR]
    assert convert(changed, after, after)[0] == changed
    if before == after:
        assert (changed, [note for note in notes if note.kind != "beware"]) == (text, [])
    # Whatever is no longer as it was is said.
    old, new = (render(modernise(parse(one, version.major), version)[0]) for one, version in ((text, before), (changed, after)))
    assert notes or old == new
