# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is recorded of a viewer, and how many of them are told in a few figures."""

from __future__ import annotations

import pytest
from players.view import CUT, EMPTY, GAVE_UP, OUTCOMES, REFUSED, STALLED, UNDECODABLE, WATCHED, View, summary

from ansible_collections.livestream.srs.plugins.module_utils._media.packet import Packet
from ansible_collections.livestream.srs.tests.support import made_media

HEADER = Packet("video", "h264", 0, 40, header=True, keyframe=True, data=made_media.H264_CONFIG)


def view(*pictures: tuple[float, int], keyframe: bool = True, header: bool = True) -> View:
    seen = View("http://h/live/a.flv", "flv")
    seen.connected = 0.1
    if header:
        seen.media(HEADER, 0.1)
    data = made_media.prefixed(made_media.idr() if keyframe else made_media.inter())
    for at, ms in pictures:
        seen.media(Packet("video", "h264", ms, 100, keyframe=keyframe, data=data), at)
    return seen


def test_frames_and_the_stream_s_clock() -> None:
    seen = view((0.5, 1000), (0.6, 1100), (2.6, 1200), (2.7, 90000), (2.8, 90100), (2.9, 50), (3.0, 150))
    seen.media(Packet("audio", "aac", 160, 4, header=True, data=made_media.AAC_CONFIG), 3.1)
    seen.media(Packet("audio", "aac", 160, 10), 3.1)
    seen.end(3.2, WATCHED)
    assert (seen.first_packet, seen.first_frame, seen.frames, seen.keyframes) == (0.5, 0.5, 7, 7)
    assert (seen.video, seen.audio, seen.media_ms, seen.jumps) == ("h264", "aac", 400, 2)
    assert seen.longest_gap == pytest.approx(2.0) and seen.gap_at == 0.6


def test_the_gap_at_the_end_counts() -> None:
    seen = view((0.5, 0), (0.6, 100))
    seen.end(8.6, STALLED, "no media")
    assert seen.longest_gap == pytest.approx(8.0) and seen.waits_since() == 0.6


def test_headers_are_no_media() -> None:
    seen = view(header=False)
    seen.media(HEADER, 0.2)
    assert seen.video == "h264" and seen.first_packet is None and seen.waits_since() == 0.1
    seen.end(1, CUT)
    assert seen.outcome == EMPTY


@pytest.mark.parametrize(
    ("pictures", "keyframe", "outcome", "expected"),
    [
        ([(1.0, 0)], True, WATCHED, WATCHED),
        ([(1.0, 0)], True, CUT, CUT),
        ([(1.0, 0)], True, STALLED, STALLED),
        ([(1.0, 0)], False, WATCHED, EMPTY),
        ([], True, WATCHED, EMPTY),
        ([], True, CUT, EMPTY),
        ([], True, REFUSED, REFUSED),
    ],
)
def test_outcomes(pictures: list[tuple[float, int]], keyframe: bool, outcome: str, expected: str) -> None:
    seen = view(*pictures, keyframe=keyframe)
    seen.end(2.0, outcome, "why")
    assert (seen.outcome, seen.detail) == (expected, "why")


@pytest.mark.parametrize("outcome", [WATCHED, CUT, STALLED])
def test_what_can_not_be_decoded_is_no_picture(outcome: str) -> None:
    seen = view((1.0, 0), (1.1, 40), header=False)
    assert (seen.first_packet, seen.first_frame, seen.frames, seen.keyframes) == (1.0, None, 2, 2)
    seen.end(2.0, outcome, "why")
    assert (seen.outcome, seen.detail) == (UNDECODABLE, "no sequence header of the video came before its first frame")


def test_sound_that_can_not_be_decoded() -> None:
    seen = view((1.0, 0))
    seen.media(Packet("audio", "aac", 0, 10), 1.1)
    seen.end(2.0, WATCHED)
    assert (seen.first_frame, seen.outcome, seen.detail) == (1.0, UNDECODABLE, "no sequence header of the audio came before its frames")


def test_summary() -> None:
    good, slow, none = view((0.2, 0), (0.4, 200)), view((1.0, 0), (1.1, 100)), View("http://h/live/a.flv", "flv")
    blind = view((1.0, 0), header=False)
    blind.end(1.2, CUT)
    good.end(0.5, WATCHED)
    slow.end(1.5, CUT)
    none.end(5.0, REFUSED)
    told = summary([good, slow, none, blind])
    assert told["viewers"] == 4
    assert {name: told[name] for name in OUTCOMES} == {WATCHED: 1, CUT: 1, STALLED: 0, GAVE_UP: 0, EMPTY: 0, UNDECODABLE: 1, REFUSED: 1}
    assert told["first_frame"] == {"median": 0.6, "max": 1.0} and told["connected"] == {"median": 0.1, "max": 0.1}
    assert told["codecs"] == ["h264"] and told["longest_gap"] == 0.4
    assert summary([])["first_frame"] is None


def test_what_is_printed_is_plain_and_rounded() -> None:
    seen = view((0.123456, 0))
    assert seen.as_dict()["first_frame"] == 0.123 and not [key for key in seen.as_dict() if key.startswith("_")]
