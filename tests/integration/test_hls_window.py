# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window over a stream's playlists (`playlist.js`), run by njs as nginx does: the rules of RFC 8216, whatever servers do."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.livestream.srs.tests.support import programs

FILES = Path(__file__).resolve().parents[2] / "roles/hls_nginx/files"

T0 = 1_790_000_000_000
"""When the tests begin, in ms since the epoch."""

SCRIPT = """
import fs from 'fs';
import playlist from 'playlist.js';
const given = JSON.parse(fs.readFileSync('given.json'));
const shown = given.map((polls) => {
    let window = null;
    return polls.map((poll) => {
        const list = playlist.parse(poll.text);
        if (list && list.segments.length) {
            window = window ? playlist.merge(window, list, poll.now, poll.now) : playlist.begin(list, poll.now, poll.now);
        }
        // As it is kept in a file in between.
        window = JSON.parse(JSON.stringify(window));
        return {passed_on: list === null, text: window ? playlist.render(window) : '', kept: window};
    });
});
fs.writeFileSync('shown.json', JSON.stringify(shown));
"""


@dataclass
class Shown:
    """What a window shows."""

    text: str
    passed_on: bool = False
    kept: dict[str, Any] = field(default_factory=dict)

    def tag(self, name: str) -> int | None:
        found = [line.partition(":")[2] for line in self.text.splitlines() if line.startswith(f"#EXT-X-{name}:")]
        assert len(found) <= 1, f"{name} is there {len(found)} times"
        return int(found[0]) if found else None

    @property
    def uris(self) -> list[str]:
        return [line for line in self.text.splitlines() if line and not line.startswith("#")]

    @property
    def numbered(self) -> dict[str, int]:
        """The media sequence of each segment."""
        first = self.tag("MEDIA-SEQUENCE") or 0
        return {uri: first + index for index, uri in enumerate(self.uris)}

    @property
    def eras(self) -> dict[str, int]:
        """The discontinuity sequence of each segment."""
        era, found = self.tag("DISCONTINUITY-SEQUENCE") or 0, {}
        for line in self.text.splitlines():
            if line == "#EXT-X-DISCONTINUITY":
                era += 1
            elif line and not line.startswith("#"):
                found[line] = era
        return found

    @property
    def seconds(self) -> list[float]:
        return [float(line[8:].split(",")[0]) for line in self.text.splitlines() if line.startswith("#EXTINF:")]


Show = Callable[[Sequence[tuple[int, str]]], list[Shown]]


@pytest.fixture(scope="session")
def njs() -> list[str]:
    """How to call njs: that of the machine, else Debian's, unpacked and not installed."""
    try:
        return [str(programs.njs().command)]
    except programs.Lacking as error:
        pytest.skip(str(error))


@pytest.fixture
def show_all(njs: list[str], tmp_path: Path) -> Callable[[Sequence[Sequence[tuple[int, str]]]], list[list[Shown]]]:
    """What windows show after each of these playlists, seen so many ms after the beginning."""

    def run(all_polls: Sequence[Sequence[tuple[int, str]]]) -> list[list[Shown]]:
        given = [[{"now": T0 + at, "text": text} for at, text in polls] for polls in all_polls]
        (tmp_path / "given.json").write_text(json.dumps(given))
        (tmp_path / "script.js").write_text(SCRIPT)
        done = subprocess.run([*njs, "-p", FILES, "script.js"], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
        return [[Shown(**one) for one in polls] for polls in json.loads((tmp_path / "shown.json").read_text())]

    return run


@pytest.fixture
def show(show_all: Callable[..., list[list[Shown]]]) -> Show:
    return lambda polls: show_all([polls])[0]


def cut(sequence: int, *names: str, seconds: float = 2, target: int = 2, tags: str = "") -> str:
    """A playlist of SRS. A name after `!` has a discontinuity before it."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-MEDIA-SEQUENCE:{sequence}", f"#EXT-X-TARGETDURATION:{target}", *tags.splitlines()]
    for name in names:
        if name.startswith("!"):
            lines.append("#EXT-X-DISCONTINUITY")
        lines += [f"#EXTINF:{seconds:.3f}, no desc", f"{name.lstrip('!')}.ts"]
    return "\n".join(lines) + "\n"


def names(shown: Shown) -> str:
    """Its segments, with a bar for a discontinuity."""
    found, era = "", shown.tag("DISCONTINUITY-SEQUENCE") or 0
    for uri, now in shown.eras.items():
        found += ("|" if now > era else " ") + uri.removesuffix(".ts")
        era = now
    return found.strip()


def test_a_server_that_goes_on(show: Show) -> None:
    first, second = show([(0, cut(7, "a7", "a8", "a9")), (2000, cut(8, "a8", "a9", "a10"))])
    assert (names(first), names(second)) == ("a7 a8 a9", "a8 a9 a10")
    assert first.tag("MEDIA-SEQUENCE") == T0 // 1000, "a number that no server's own, from 0, was above"
    assert second.tag("MEDIA-SEQUENCE") == T0 // 1000 + 1


def test_a_new_server_goes_on_where_the_old_one_ended(show: Show) -> None:
    polls = [
        (0, cut(7, "a7", "a8", "a9", "a10", "a11", "a12")),
        (3000, cut(0, "b0")),
        (5000, cut(0, "b0", "b1")),
        *((5000 + 2000 * n, cut(0, "b0", "b1", *(f"b{m}" for m in range(2, n + 2)))) for n in range(1, 5)),
        (15000, cut(1, *(f"b{m}" for m in range(1, 7)))),
        (17000, cut(2, *(f"b{m}" for m in range(2, 8)))),
    ]
    shown = show(polls)
    assert [names(one) for one in shown] == [
        "a7 a8 a9 a10 a11 a12",
        "a8 a9 a10 a11 a12|b0",
        "a9 a10 a11 a12|b0 b1",
        "a10 a11 a12|b0 b1 b2",
        "a11 a12|b0 b1 b2 b3",
        "a12|b0 b1 b2 b3 b4",
        "|b0 b1 b2 b3 b4 b5",
        "b1 b2 b3 b4 b5 b6",
        "b2 b3 b4 b5 b6 b7",
    ]
    assert [one.tag("DISCONTINUITY-SEQUENCE") for one in shown] == [None] * 7 + [1, 1]
    numbers = [one.tag("MEDIA-SEQUENCE") or 0 for one in shown]
    assert [later - numbers[0] for later in numbers] == list(range(9))


def test_a_playlist_that_is_there_no_more_changes_nothing(show: Show) -> None:
    first, second, third = show([(0, cut(0, "a0", "a1")), (2000, ""), (4000, cut(0))])
    assert first.text == second.text == third.text


def test_a_server_of_before_is_not_believed_again(show: Show) -> None:
    """Two pods are asked in turn, and the one that ends still has its last playlist."""
    old = cut(7, "a7", "a8", "a9")
    new = [cut(max(0, count - 3), *(f"b{n}" for n in range(max(0, count - 3), count))) for count in range(1, 9)]
    polls = [(0, old)]
    for number, text in enumerate(new):
        polls += [(2000 * number + 1000, text), (2000 * number + 2000, old)]
    shown = show(polls)
    assert names(shown[-1]) == "b5 b6 b7"
    assert max(shown[-1].eras.values()) == 1


STAMPS = {
    "a7": "a-1790000000007-7",
    "a8": "a-1790000002007-8",
    "a9": "a-1790000004007-9",
    "b0": "b-1790000003500-0",
    "b1": "b-1790000005500-1",
}


def test_a_last_segment_that_comes_late(show: Show) -> None:
    polls = [
        (0, cut(7, STAMPS["a7"], STAMPS["a8"])),
        (4000, cut(0, STAMPS["b0"], STAMPS["b1"])),
        (5000, cut(7, STAMPS["a7"], STAMPS["a8"], STAMPS["a9"])),
    ]
    shown = show(polls)
    assert shown[2].text == shown[1].text


def test_a_publisher_that_returns_to_the_first_server(show: Show) -> None:
    later = "a-1790000009007-9"
    polls = [
        (0, cut(7, STAMPS["a7"], STAMPS["a8"])),
        (4000, cut(0, STAMPS["b0"], STAMPS["b1"])),
        (9000, cut(7, STAMPS["a7"], STAMPS["a8"], f"!{later}")),
    ]
    shown = show(polls)[2]
    assert shown.uris[-1] == f"{later}.ts"
    assert list(shown.eras.values())[-3:] == [1, 1, 2]


def test_a_stream_that_is_published_again(show: Show) -> None:
    """SRS marks that itself."""
    shown = show([(0, cut(0, "a0", "a1")), (9000, cut(0, "a0", "a1", "!a2")), (11000, cut(0, "a0", "a1", "!a2", "a3"))])
    assert names(shown[-1]) == "a0 a1|a2 a3"


def test_the_target_duration_never_falls(show: Show) -> None:
    shown = show(
        [
            (0, cut(0, "a0", seconds=3.9, target=4)),
            (4000, cut(0, "b0", seconds=2, target=2)),
            (6000, cut(0, "b0", "b1", seconds=7.6, target=2)),
        ]
    )
    assert [one.tag("TARGETDURATION") for one in shown] == [4, 4, 8]


def test_keys_and_vectors(show: Show) -> None:
    """A key without a vector has the media sequence for one, which is another one in the window."""
    key = '#EXT-X-KEY:METHOD=AES-128,URI="a-0.key"'
    plain = cut(0, "b0")
    encrypted = cut(5, "a5", "a6").replace("#EXTINF", f"{key}\n#EXTINF", 1)
    given = cut(5, "c5", "c6").replace("#EXTINF", f"{key},IV=0x{7:032x}\n#EXTINF", 1)
    lines = show([(0, encrypted), (4000, plain)])[1].text.splitlines()
    keys = [line for line in lines if line.startswith("#EXT-X-KEY")]
    assert keys == [f"{key},IV=0x{5:032x}", f"{key},IV=0x{6:032x}", "#EXT-X-KEY:METHOD=NONE"]
    assert lines.index("#EXT-X-KEY:METHOD=NONE") > lines.index("#EXT-X-DISCONTINUITY")
    (shown,) = show([(0, given)])
    assert shown.text.count("#EXT-X-KEY") == 1, "one key for both"
    # The segment that named the key has left, and the key still applies.
    ended = show([(0, given), (2000, cut(6, "c6", "c7", "c8", "c9").replace("#EXTINF", f"{key},IV=0x{7:032x}\n#EXTINF", 1))])[1]
    assert ended.text.index("#EXT-X-KEY") < ended.text.index("c6.ts")


def test_the_parts_of_fragmented_mp4(show: Show) -> None:
    first = cut(0, "a0", tags='#EXT-X-MAP:URI="a/init.mp4"')
    second = cut(0, "b0", tags='#EXT-X-MAP:URI="b/init.mp4"')
    lines = show([(0, first), (3000, second)])[1].text.splitlines()
    assert [line for line in lines if "MAP" in line] == ['#EXT-X-MAP:URI="a/init.mp4"', '#EXT-X-MAP:URI="b/init.mp4"']
    assert lines.index('#EXT-X-MAP:URI="b/init.mp4"') < lines.index("b0.ts")


def test_a_proxy_that_gives_segments_another_query_each_time(show: Show) -> None:
    first, second = show([(0, cut(0, "a0", "a1").replace(".ts", ".ts?id=1")), (2000, cut(0, "a0", "a1", "a2").replace(".ts", ".ts?id=2"))])
    assert first.uris == ["a0.ts?id=1", "a1.ts?id=1"]
    assert second.uris == ["a0.ts?id=1", "a1.ts?id=1", "a2.ts?id=2"], "what a player knows stays as it is"


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n",
        cut(0, "a0") + "#EXT-X-ENDLIST\n",
        cut(0, "a0", tags="#EXT-X-PLAYLIST-TYPE:EVENT"),
        cut(0, "a0", tags="#EXT-X-PART-INF:PART-TARGET=0.3"),
        "<html></html>",
    ],
)
def test_what_is_no_live_playlist_is_passed_on(show: Show, text: str) -> None:
    assert show([(0, text)])[0].passed_on


def lives(seed: int) -> list[tuple[int, str]]:
    """What somebody who asks at random sees of servers that start, cut, pause, crash and leave their last playlist behind, at random."""
    chance = random.Random(seed)
    polls: list[tuple[int, str]] = []
    now, left = 0, ""
    window = chance.choice((3, 6, 10))
    for life in range(chance.randint(2, 5)):
        server, first, cut_off = [], 0, False
        for number in range(chance.randint(1, 25)):
            seconds = chance.choice((2, 2, 2, 2.4, 3.9))
            now += int(seconds * 1000)
            mark = "!" if server and chance.random() < 0.1 else ""
            server.append((f"{mark}{chr(97 + life)}-{T0 + now:013d}-{number}", seconds))
            first = max(0, len(server) - window)
            text = "#EXTM3U\n#EXT-X-VERSION:3\n" + f"#EXT-X-MEDIA-SEQUENCE:{first}\n#EXT-X-TARGETDURATION:{chance.choice((2, 4))}\n"
            for name, length in server[first:]:
                text += ("#EXT-X-DISCONTINUITY\n" if name[0] == "!" else "") + f"#EXTINF:{length:.3f}, no desc\n{name.lstrip('!')}.ts\n"
            cut_off = chance.random() < 0.1
            if chance.random() < 0.9:
                polls.append((now + chance.randint(0, 900), text))
            if left and chance.random() < 0.3:
                polls.append((now + 950, left))
            if cut_off:
                polls.append((now + 990, ""))
        left = text
        now += chance.randint(0, 20000)
    return polls


def test_the_rules_hold_whatever_servers_do(show_all: Callable[..., list[list[Shown]]]) -> None:
    """RFC 8216, 4.3.3 and 6.2.2: numbers rise, segments keep theirs, all keep to the target duration, and no segment leaves early."""
    for seed, shown in enumerate(show_all([lives(seed) for seed in range(300)])):
        numbers: dict[str, int] = {}
        eras: dict[str, int] = {}
        before: Shown | None = None
        for one in (one for one in shown if one.text):
            where = f"seed {seed}: {names(one)}"
            assert len(set(one.uris)) == len(one.uris), where
            for uri, number in one.numbered.items():
                assert numbers.setdefault(uri, number) == number, f"{where}: {uri} has another number"
            for uri, era in one.eras.items():
                assert eras.setdefault(uri, era) == era, f"{where}: {uri} has another discontinuity sequence"
            target = one.tag("TARGETDURATION") or 0
            assert all(round(seconds) <= target for seconds in one.seconds), where
            if before:
                assert (one.tag("MEDIA-SEQUENCE") or 0) >= (before.tag("MEDIA-SEQUENCE") or 0), where
                assert target >= (before.tag("TARGETDURATION") or 0), where
                if one.uris[0] != before.uris[0]:
                    assert sum(one.seconds) >= 3 * target - 4, f"{where}: {before.uris[0]} left early"
                assert len(one.kept["past"]) <= 300
            lives_shown = [uri.split("-")[0] for uri in one.uris]
            assert lives_shown == sorted(lives_shown), f"{where}: a server of before is back"
            before = one
        assert len({uri.split("-")[0] for uri in numbers}) >= 1
