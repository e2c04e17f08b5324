# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Release advisories: what the collection's table says of releases, and mistakes in a table of the user's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._releases import advisories
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release, parse_release

FILE = Path(__file__).parents[5] / "roles/srs_common/files/advisories.yml"
TABLE = advisories.advisories(yaml.safe_load(FILE.read_text(encoding="utf-8")), FILE.name)
ALL = frozenset(advisories.FEATURES)


def release(text: str) -> Release:
    found = parse_release(text)
    assert found
    return found


def found(text: str, role: str, features: frozenset[str] = ALL, preflight: str = "") -> dict[str, bool]:
    """Id: whether it is sure."""
    matches = advisories.matching(TABLE, release(text), role, features)
    return {match.advisory.id: match.is_sure for match in matches if preflight in ("", match.advisory.preflight)}


# Id, role, series: last release before it, first and last known bad one, first good one. Written down again from the sources, so that
# a slip in the table shows.
SPANS = [
    ("edge-late-join", "edge", "6.0.178 6.0.179 6.0.185 6.0.191"),
    ("edge-late-join", "edge", "7.0.93 7.0.94 7.0.149 7.0.150"),
    ("edge-late-join", "edge", "- 8.0.0 8.0.1 8.0.2"),
    ("flv-first-request-404", "edge", "7.0.95 7.0.96 7.0.149 7.0.150"),
    ("live-source-race", "origin", "6.0.128 6.0.129 6.0.192 -"),
    ("live-source-race", "origin", "- 7.0.0 7.0.150 7.0.151"),
    ("live-source-race", "origin", "- 8.0.0 8.0.4 8.0.5"),
    ("quits-at-once", "edge", "- 3.0.0 3.0.119 3.0.120"),
    ("quits-at-once", "edge", "- 4.0.0 4.0.4 4.0.5"),
    ("quits-at-once", "origin", "- 5.0.0 5.0.216 -"),
    ("quits-at-once", "edge", "- 6.0.0 6.0.131 6.0.132"),
    ("graceful-quit-cuts-rtc-srt", "origin", "- 7.0.0 7.0.67 7.0.68"),
    ("never-quits", "edge", "7.0.94 7.0.95 7.0.95 7.0.96"),
    ("hls-flv-names", "origin", "- 5.0.0 5.0.216 5.0.217"),
    ("hls-flv-names", "origin", "- 6.0.0 6.0.157 6.0.158"),
    ("hls-flv-names", "origin", "- 7.0.0 7.0.18 7.0.19"),
    ("edge-asks-stream-flv", "edge", "- 6.0.0 6.0.157 6.0.158"),
    ("dotted-names-collide", "edge", "- 7.0.0 7.0.108 7.0.109"),
    ("errs-total-counts-leavers", "edge", "5.0.66 5.0.67 5.0.224 -"),
    ("errs-total-counts-leavers", "edge", "- 7.0.0 7.0.156 7.0.157"),
    ("errs-total-counts-leavers", "edge", "- 8.0.0 8.0.14 8.0.15"),
    ("srt-cve-2026-55868-55869", "edge", "- 4.0.0 4.0.271 -"),
    ("srt-cve-2026-55868-55869", "origin", "- 5.0.0 5.0.224 -"),
    ("srt-cve-2026-55868-55869", "origin", "- 6.0.0 6.0.191 6.0.192"),
    ("srt-cve-2026-55868-55869", "origin", "- 7.0.0 7.0.159 7.0.160"),
    ("srt-cve-2026-55868-55869", "origin", "- 8.0.0 8.0.28 8.0.29"),
    ("cve-2024-29882", "origin", "- 5.0.0 5.0.209 5.0.210"),
    ("cve-2024-29882", "origin", "- 6.0.0 6.0.120 6.0.121"),
    ("publisher-aborts-server", "edge", "- 6.0.0 6.0.183 -"),
    ("publisher-aborts-server", "edge", "- 8.0.0 8.0.34 8.0.35"),
    ("rtc-stun-takes-address-over", "origin", "- 8.0.0 8.0.46 8.0.47"),
    ("rtc-tcp-two-owners", "origin", "6.0.126 6.0.127 6.0.184 -"),
    ("rtc-tcp-two-owners", "origin", "- 7.0.0 7.0.151 7.0.152"),
    ("rtc-tcp-two-owners", "origin", "- 8.0.0 8.0.7 8.0.8"),
    ("rtc-tcp-no-return", "origin", "8.0.7 8.0.8 8.0.45 8.0.46"),
    ("rtc-hevc-play-empty", "origin", "- 8.0.0 8.0.35 8.0.36"),
    ("rtc2rtmp-sequence-abort", "origin", "- 6.0.0 6.0.176 6.0.177"),
    ("rtc2rtmp-sequence-abort", "origin", "- 7.0.0 7.0.88 7.0.89"),
    ("rtc2rtmp-null-packet", "origin", "- 6.0.0 6.0.174 6.0.175"),
    ("rtc2rtmp-null-packet", "origin", "- 7.0.0 7.0.62 7.0.63"),
    ("rtc-timer-races", "origin", "- 6.0.0 6.0.175 6.0.176"),
    ("rtc-timer-races", "origin", "- 7.0.0 7.0.78 7.0.79"),
    ("rtc-bridge-freed", "origin", "7.0.89 7.0.90 7.0.96 7.0.97"),
    ("bridge-iterator-use-after-free", "origin", "6.0.40 6.0.41 6.0.182 6.0.183"),
    ("flv-use-after-free", "edge", "6.0.128 6.0.129 6.0.170 6.0.171"),
    ("flv-use-after-free", "edge", "- 7.0.0 7.0.49 7.0.50"),
    ("smart-pointer-crashes", "edge", "6.0.128 6.0.129 6.0.153 6.0.154"),
    ("smart-pointer-crashes", "origin", "- 7.0.0 7.0.12 7.0.13"),
    ("reload-vhost-crash", "edge", "7.0.67 7.0.68 7.0.97 7.0.98"),
    ("reload-applies-nearly-nothing", "edge", "7.0.67 7.0.68 7.0.162 -"),
    ("srt-to-rtmp-off-by-default", "origin", "7.0.116 7.0.117 7.0.162 -"),
    ("api-lists-one-row", "origin", "7.0.102 7.0.103 7.0.127 7.0.128"),
    ("hls-ctx-backlog", "origin", "- 6.0.0 6.0.181 6.0.182"),
    ("hls-ctx-backlog", "origin", "- 7.0.0 7.0.98 7.0.99"),
    ("hls-segment-null", "origin", "- 7.0.0 7.0.112 7.0.113"),
    ("hls-files-left", "origin", "- 6.0.0 6.0.172 6.0.173"),
    ("hls-files-left", "origin", "- 7.0.0 7.0.136 7.0.137"),
    ("forward-backend-leaves-busy", "origin", "5.0.23 5.0.24 5.0.224 -"),
    ("forward-backend-leaves-busy", "origin", "- 8.0.0 8.0.9 8.0.10"),
    ("srt-publish-leaves-busy", "origin", "- 8.0.0 8.0.44 8.0.45"),
    ("srt-player-hangs", "origin", "- 7.0.0 7.0.133 7.0.134"),
    ("hook-param-doubled", "origin", "- 8.0.0 8.0.12 8.0.13"),
    ("flv-client-ip-is-proxys", "edge", "- 8.0.0 8.0.13 8.0.14"),
    ("dvr-mp4-faults", "origin", "- 7.0.0 7.0.153 7.0.154"),
    ("dvr-mp4-faults", "origin", "- 8.0.0 8.0.10 8.0.11"),
    ("rtmp-strict-clients", "edge", "- 8.0.0 8.0.22 8.0.23"),
    ("sanitizer-memory", "edge", "- 7.0.0 7.0.95 7.0.96"),
    ("blocking-dns", "edge", "- 8.0.0 8.0.50 -"),
    ("proxy-registration-open", "proxy", "7.0.15 7.0.16 8.0.27 8.0.28"),
    ("proxy-dead-origin", "proxy", "7.0.15 7.0.16 8.0.50 -"),
    ("proxy-redis-hls-rtc", "proxy", "7.0.15 7.0.16 8.0.6 -"),
    ("proxy-leaks", "proxy", "7.0.15 7.0.16 8.0.25 8.0.26"),
]


@pytest.mark.parametrize(("name", "role", "span"), SPANS)
def test_the_edges_of_each_range(name: str, role: str, span: str) -> None:
    before, first, last, good = span.split()
    for text in (text for text in (before, good) if text != "-"):
        assert found(text, role).get(name) is not True, text
    assert found(first, role)[name] and found(last, role)[name]
    if good != "-":
        assert name not in found(good, role)
        named = {match.advisory.id: match.good for match in advisories.matching(TABLE, release(last), role, ALL)}
        assert named[name] == release(good)


def test_each_advisory_is_looked_at() -> None:
    assert {name for name, _role, _span in SPANS} == {advisory.id for advisory in TABLE}


@pytest.mark.parametrize(
    ("text", "role", "refused"),
    [
        *((text, "edge", True) for text in ("6.0.179", "6.0.183", "6.0.185", "7.0.94", "7.0.128", "7.0.149", "8.0.1", "6.0.140", "7.0.5")),
        *(
            (text, role, False)
            for text in ("6.0.157", "7.0.18", "6.0.191", "7.0.162", "8.0.48", "5.0.213", "6.0.186")
            for role in ("edge", "origin")
        ),
        ("6.0.183", "origin", False),
        ("7.0.128", "origin", True),
    ],
)
def test_what_is_refused_for_ordinary_work(text: str, role: str, refused: bool) -> None:
    ordinary = frozenset({"http_flv", "hls", "drain"})
    assert any(found(text, role, ordinary, advisories.REFUSE).values()) == refused


@pytest.mark.parametrize(
    ("features", "refused"),
    [
        ({"srt"}, {"srt-cve-2026-55868-55869"}),
        ({"rtc"}, {"rtc-timer-races"}),
        ({"rtc", "rtc_tcp"}, {"rtc-timer-races", "rtc-tcp-two-owners"}),
        ({"rtc", "rtc_to_rtmp"}, {"rtc-timer-races", "rtc2rtmp-sequence-abort", "rtc2rtmp-null-packet"}),
        ({"reload", "hls"}, set()),
    ],
)
def test_what_is_refused_where_a_feature_is_on(features: set[str], refused: set[str]) -> None:
    assert set(found("6.0.157", "origin", frozenset(features), advisories.REFUSE)) == refused


@pytest.mark.parametrize(
    ("name", "role", "text"),
    [
        ("edge-late-join", "edge", "6.0.186"),
        ("edge-late-join", "edge", "6.0.190"),
        ("hls-segment-null", "origin", "6.0.192"),
        ("publisher-aborts-server", "edge", "7.0.129"),
        ("publisher-aborts-server", "edge", "7.0.162"),
        ("quits-at-once", "edge", "5.0.217"),
    ],
)
def test_where_nobody_has_looked(name: str, role: str, text: str) -> None:
    assert found(text, role)[name] is False


@pytest.mark.parametrize("text", ["6", "7", "8", "9"])
def test_what_one_image_of_a_series_is_without_is_not_said_of_the_series(text: str) -> None:
    told = found(text, "edge")
    assert not {"quits-at-once", "edge-late-join", "flv-use-after-free"} & set(told)


def test_what_all_images_of_a_series_have_is_said_of_the_series() -> None:
    assert found("5", "edge")["quits-at-once"] and found("6", "edge")["srt-cve-2026-55868-55869"]


def test_the_worst_come_first_and_the_next_series_that_has_a_good_one_is_named() -> None:
    matches = advisories.matching(TABLE, release("6.0.157"), "origin", {"hls"})
    assert [match.advisory.severity for match in matches] == sorted(
        (match.advisory.severity for match in matches), key=advisories.SEVERITIES.index
    )
    assert {match.advisory.id: str(match.good) for match in matches}["live-source-race"] == "7.0.151"
    assert {match.advisory.id: match.good for match in matches}["blocking-dns"] is None


def test_what_an_upgrade_leaves_and_enters() -> None:
    left, entered = advisories.left_and_entered(TABLE, release("6.0.157"), release("6.0.183"), "edge", {"http_flv"})
    assert {match.advisory.id for match in left} == {"flv-use-after-free", "edge-asks-stream-flv"}
    assert {match.advisory.id for match in entered} == {"edge-late-join"}


@pytest.mark.parametrize(
    ("major", "features", "recommended"),
    [(6, (), "6.0.191"), (6, ("srt",), None), (7, ("srt", "rtc"), "7.0.162"), (9, (), None)],
)
def test_the_newest_release_that_is_not_refused(major: int, features: tuple[str, ...], recommended: str | None) -> None:
    found = advisories.recommended(TABLE, major, "edge", features)
    assert (str(found) if found else None) == recommended


# A table of the user's own

ENTRY: dict[str, Any] = {
    "id": "own-fault",
    "roles": ["edge"],
    "effect": "Players see nothing.",
    "severity": "high",
    "bad": [{"from": "6.0.1", "to": "6.0.2"}],
    "preflight": "warn",
}


def test_an_entry_replaces_that_of_its_id_and_others_come_behind() -> None:
    own = advisories.advisories([{**ENTRY, "id": "edge-late-join"}, {**ENTRY, "refs": ["https://example.com/1"]}], "srs_advisories")
    table = advisories.combined(TABLE, own)
    assert len(table) == len(TABLE) + 1
    assert "edge-late-join" not in {m.advisory.id for m in advisories.matching(table, release("6.0.183"), "edge")}
    match = next(m for m in advisories.matching(table, release("6.0.2"), "edge") if m.advisory.id == "own-fault")
    assert match.advisory.effect == "Players see nothing" and match.advisory.url == "https://example.com/1" and match.good is None


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("text", r"t is 'text', but must be a list of advisories"),
        (["text"], r"t\[0\] is 'text', but must be a mapping with the keys id, roles"),
        ([ENTRY, ENTRY], r"t\[1\]\.id is 'own-fault' as that of an entry before it"),
        ([{**ENTRY, "id": "Own Fault"}], r"t\[0\]\.id is 'Own Fault', but must be small letters"),
        ([{"id": "own-fault"}], r"t\[0\] \(own-fault\) has no roles: give it one"),
        ([{**ENTRY, "sevrity": "high"}], r"t\[0\] has the key 'sevrity' \(did you mean severity\?\)"),
        ([{**ENTRY, "severity": "hihg"}], r"\(own-fault\)\.severity is 'hihg' \(did you mean high\?\), but must be one of critical,"),
        ([{**ENTRY, "preflight": True}], r"\(own-fault\)\.preflight is True, but must be one of refuse, warn, quiet"),
        ([{**ENTRY, "roles": "edge"}], r"\(own-fault\)\.roles is 'edge', but must be a list"),
        ([{**ENTRY, "roles": []}], r"\(own-fault\)\.roles is empty: name one of edge, origin"),
        ([{**ENTRY, "roles": ["egde"]}], r"\(own-fault\)\.roles is 'egde' \(did you mean edge\?\)"),
        ([{**ENTRY, "when": ["webrtc"]}], r"\(own-fault\)\.when is 'webrtc'"),
        ([{**ENTRY, "effect": ""}], r"\(own-fault\)\.effect is '', but must be a text"),
        ([{**ENTRY, "effect": 3}], r"\(own-fault\)\.effect is 3, but must be a text"),
        ([{**ENTRY, "refs": ["4678", "GHSA-1"]}], r"\(own-fault\)\.refs has 'GHSA-1', but takes numbers of issues of SRS"),
        ([{**ENTRY, "bad": []}], r"\(own-fault\)\.bad is empty: give it the releases"),
        ([{**ENTRY, "bad": [{"from": "6.0.1"}]}], r"\(own-fault\)\.bad\[0\] has no to: give it a release"),
        ([{**ENTRY, "bad": [{"from": 6.0, "to": "6.0.2"}]}], r"\.bad\[0\]\.from is 6\.0, but must be an exact release"),
        ([{**ENTRY, "bad": [{"from": "6.0.3", "to": "6.0.2"}]}], r"\.bad\[0\]\.to is 6\.0\.2, but must be later than its from, 6\.0\.3"),
        ([{**ENTRY, "bad": [{"from": "6.0.1", "to": "6.0.2", "good": "6.0.2"}]}], r"\.good is 6\.0\.2, but must be later than its to"),
        ([{**ENTRY, "bad": [{"from": "6.0.1", "to": "6.0.2", "unsure_to": "6.0.1"}]}], r"\.unsure_to is 6\.0\.1, but must be later"),
        (
            [{**ENTRY, "bad": [{"from": "6.0.1", "to": "6.0.2", "unsure_to": "6.0.5", "good": "6.0.4"}]}],
            r"\.good is 6\.0\.4, but must be later than its unsure_to, 6\.0\.5",
        ),
    ],
)
def test_mistakes_are_named_with_entry_key_and_value(entries: Any, message: str) -> None:
    with pytest.raises(SrsError) as error:
        advisories.advisories(entries, "t")
    assert re.search(message, error.value.message), error.value.message


def test_an_accepted_id_must_be_known() -> None:
    assert advisories.check_accepted(["edge-late-join"], TABLE, "srs_accept_advisories") == []
    (told,) = advisories.check_accepted(["edge-late-joiner"], TABLE, "srs_accept_advisories")
    assert told.startswith("srs_accept_advisories has 'edge-late-joiner', which is the id of no advisory (did you mean edge-late-join?)")


@pytest.mark.parametrize(
    ("ref", "url"),
    [
        ("4678", "https://github.com/ossrs/srs/issues/4678"),
        ("GHSA-gv9r-qcjc-5hj7", "https://github.com/ossrs/srs/security/advisories/GHSA-gv9r-qcjc-5hj7"),
        ("CVE-2024-29882", "https://nvd.nist.gov/vuln/detail/CVE-2024-29882"),
        ("http://example.com/a", "http://example.com/a"),
        ("ftp://example.com", ""),
    ],
)
def test_where_a_reference_leads(ref: str, url: str) -> None:
    assert advisories.url_of(ref) == url
