# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playlists and segments that outlive what wrote them, in a real nginx: the files of an SRS come and go as they do when it ends."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._media import hls
from ansible_collections.livestream.srs.tests.support.real_nginx import Origin, Running, free_port

PLAYLIST = "/live/livestream.m3u8"
# A playlist is kept for a second, and asked for by the pod as often.
SOON = 1.3


START = Path(__file__).resolve().parents[2] / "roles/hls_nginx/files/start.sh"


@pytest.mark.parametrize(
    ("resolv", "told"),
    [
        (
            "search live.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n",
            ["resolver 10.96.0.10 valid=1s;", 'map "" $cluster_domain { default live.svc.cluster.local; }'],
        ),
        (
            "nameserver fd00::a\nnameserver 10.0.0.2\nsearch corp.example live.svc.k8s.corp.example\n",
            ["resolver [fd00::a] 10.0.0.2 valid=1s;", 'map "" $cluster_domain { default live.svc.k8s.corp.example; }'],
        ),
        ("", ["resolver 127.0.0.1 valid=1s;", 'map "" $cluster_domain { default live.svc.cluster.local; }']),
    ],
)
def test_what_nginx_is_told_of_the_dns(tmp_path: Path, resolv: str, told: list[str]) -> None:
    (tmp_path / "resolv.conf").write_text(resolv)
    script = START.read_text().replace("/etc/resolv.conf", f"{tmp_path}/resolv.conf").replace("/tmp/dns.conf", f"{tmp_path}/dns.conf")
    (tmp_path / "start.sh").write_text(script.replace("exec nginx", "echo"))
    done = subprocess.run(["/bin/sh", tmp_path / "start.sh", "live"], capture_output=True, text=True, check=True)
    assert done.stdout == "-c /etc/nginx-srs/nginx.conf -g daemon off;\n"
    lines = (tmp_path / "dns.conf").read_text().splitlines()
    assert [lines[0], lines[2]] == told
    assert lines[1] == "resolver_timeout 2s;"


@dataclass
class Srs:
    """What a server writes to a folder: a playlist of the last segments, numbered from 0 in each of its lives."""

    folder: Path
    name: str
    shown: int = 4
    stream: str = "live/livestream"
    written: list[str] = field(default_factory=list)

    @property
    def playlist(self) -> Path:
        return self.folder / f"{self.stream}.m3u8"

    def cut(self, count: int = 1) -> None:
        for _segment in range(count):
            name = f"{self.playlist.stem}-{self.name}-{int(time.time() * 1000)}-{len(self.written)}.ts"
            self.playlist.parent.mkdir(parents=True, exist_ok=True)
            (self.playlist.parent / name).write_bytes(name.encode() * 100)
            self.written.append(name)
            time.sleep(0.002)
        names = self.written[-self.shown :]
        first = len(self.written) - len(names)
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-MEDIA-SEQUENCE:{first}", "#EXT-X-TARGETDURATION:2"]
        for name in names:
            lines += ["#EXTINF:2.000, no desc", name]
        new = self.playlist.with_suffix(".tmp")
        new.write_text("\n".join(lines) + "\n")
        new.rename(self.playlist)

    def quit(self) -> None:
        """As SRS does: it takes everything with it."""
        self.playlist.unlink()
        for name in self.written:
            (self.playlist.parent / name).unlink()


def playlist(running: Running, path: str = PLAYLIST) -> hls.Playlist:
    answer = running.get(path)
    assert answer.status == 200, answer.body
    return hls.parse(answer.body.decode(), f"http://pod{path}")


def names(found: hls.Playlist) -> list[str]:
    return [uri.rpartition("/")[2] for uri in found.segments]


def numbered(found: hls.Playlist) -> dict[str, int]:
    return {name: found.sequence + index for index, name in enumerate(names(found))}


def all_there(running: Running, found: hls.Playlist) -> None:
    for uri in found.segments:
        answer = running.get(uri.removeprefix("http://pod"))
        assert answer.status == 200 and uri.rpartition("/")[2].encode() in answer.body, uri


Start = Callable[..., Running]


def test_a_playlist_and_its_segments_stay_when_their_server_goes(start: Start) -> None:
    pod = start("nginx.conf.j2", hls_nginx_hold_seconds=4)
    srs = Srs(pod.html, "a")
    srs.cut(4)
    before = playlist(pod)
    assert names(before) == srs.written
    written = pod.get(PLAYLIST).header("Last-Modified")
    assert written and abs(parsedate_to_datetime(written).timestamp() - time.time()) < 30
    srs.quit()
    time.sleep(SOON)
    assert playlist(pod) == before
    assert pod.get(PLAYLIST).header("Last-Modified") == written, "what tells monitoring that it stands still"
    all_there(pod, before)
    time.sleep(4)
    assert pod.get(PLAYLIST).status == 404, "the stream has really ended"


def test_a_stream_that_nobody_publishes_any_more_ends_though_its_files_stay(start: Start) -> None:
    pod = start("nginx.conf.j2", hls_nginx_hold_seconds=8)
    srs = Srs(pod.html, "a")
    srs.cut(4)
    playlist(pod)
    time.sleep(8 + SOON)
    assert pod.get(PLAYLIST).status == 404
    srs.cut()
    time.sleep(2.2)
    assert names(playlist(pod))[-1] == srs.written[-1], "it goes on when the publisher is back"
    srs.cut()
    time.sleep(8 + SOON)
    assert pod.get(PLAYLIST).status == 404, "from when it was written, not from when somebody looked"


def test_a_new_server_goes_on_in_the_same_window(start: Start) -> None:
    pod = start("nginx.conf.j2")
    first = Srs(pod.html, "a")
    first.cut(5)
    before = playlist(pod)
    first.quit()
    second = Srs(pod.html, "b")
    second.cut(2)
    time.sleep(SOON)
    after = playlist(pod)
    assert names(after) == [*first.written[-2:], *second.written]
    assert numbered(after)[second.written[0]] == before.sequence + 4
    assert "#EXT-X-DISCONTINUITY\n" in pod.get(PLAYLIST).body.decode()
    all_there(pod, after)


def test_an_nginx_that_starts_again_knows_its_windows(start: Start) -> None:
    pod = start("nginx.conf.j2", name="pod")
    srs = Srs(pod.html, "a")
    srs.cut(4)
    before = playlist(pod)
    pod.crash()
    srs.quit()
    again = start("nginx.conf.j2", name="pod")
    assert playlist(again) == before
    all_there(again, before)


def test_streams_with_strange_names(start: Start) -> None:
    pod = start("nginx.conf.j2")
    for stream, path in {
        "live/a b": "/live/a%20b",
        "live/größe": "/live/gr%C3%B6%C3%9Fe",
        "deep/er/x+y": "/deep/er/x+y",
    }.items():
        srs = Srs(pod.html, "a", stream=stream)
        srs.cut(2)
        assert pod.get(f"{path}.m3u8").status == 200, stream
        names_of = [line for line in pod.get(f"{path}.m3u8").body.decode().splitlines() if not line.startswith("#")]
        assert names_of == srs.written
        time.sleep(0.5)
        srs.quit()
        time.sleep(SOON)
        assert pod.get(f"{path}.m3u8").status == 200, stream
        for name in srs.written:
            folder = stream.rpartition("/")[0]
            assert pod.get(quote(f"/{folder}/{name}")).status == 200, "it was fetched before"


def test_what_is_no_live_stream_is_served_as_it_is(start: Start) -> None:
    pod = start("nginx.conf.j2")
    (pod.html / "vod").mkdir()
    text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nx.ts\n#EXT-X-ENDLIST\n"
    (pod.html / "vod/film.m3u8").write_text(text)
    assert pod.get("/vod/film.m3u8").body.decode() == text
    (pod.html / "vod/film.m3u8").unlink()
    time.sleep(SOON)
    assert pod.get("/vod/film.m3u8").status == 404


def test_a_server_that_calls_its_files_by_the_wrong_name(start: Start) -> None:
    """As SRS does when a player of HTTP-FLV comes before the publisher."""
    pod = start("nginx.conf.j2")
    before = Srs(pod.html, "old", stream="live/livestream.flv")
    before.cut(3)
    first = Srs(pod.html, "a")
    first.cut(4)
    assert names(playlist(pod)) == first.written
    time.sleep(4)
    assert names(playlist(pod)) == first.written, "what an earlier one left is nothing new"
    wrong = Srs(pod.html, "b", stream="live/livestream.flv")
    wrong.cut(2)
    time.sleep(SOON)
    found = playlist(pod)
    assert names(found) == [*first.written[-2:], *wrong.written]
    all_there(pod, found)
    wrong.cut()
    time.sleep(SOON)
    assert names(playlist(pod))[-1] == wrong.written[-1], "it goes on there, without waiting each time"
    right = Srs(pod.html, "c")
    right.cut(2)
    time.sleep(SOON)
    time.sleep(3)
    assert names(playlist(pod)) == [*wrong.written[-2:], *right.written]
    only = Srs(pod.html, "a", stream="live/other.flv")
    only.cut(3)
    left = Srs(pod.html, "x", stream="live/other")
    left.cut(2)
    os.utime(left.playlist, (time.time() - 100, time.time() - 100))
    assert names(playlist(pod, "/live/other.m3u8")) == only.written


def test_no_playlist_names_what_is_not_there(start: Start) -> None:
    pod = start("nginx.conf.j2")
    srs = Srs(pod.html, "a")
    srs.cut(4)
    (pod.html / "live" / srs.written[-1]).unlink()
    assert names(playlist(pod)) == srs.written[:-1]


# Several pods


def two(start: Start, **variables: Any) -> tuple[Running, Running]:
    """The pod that is to go, and the next one."""
    ports = [free_port(), free_port()]
    old, new = (
        start("nginx.conf.j2", name=name, peers_port=port, peers=ports, **variables)
        for name, port in zip(("old", "new"), ports, strict=True)
    )
    return old, new


def test_a_new_pod_goes_on_where_the_old_one_ended(start: Start) -> None:
    old, new = two(start)
    first, second = Srs(old.html, "a"), Srs(new.html, "b")
    first.cut(4)
    before = playlist(old)
    assert playlist(new) == before, "players come to the new pod, and the stream is at the old one"
    first.cut()
    time.sleep(SOON)
    assert names(playlist(new))[-1] == first.written[-1], "it goes on there"
    time.sleep(SOON)
    first.quit()
    second.cut(1)
    time.sleep(SOON)
    after = playlist(new)
    assert names(after) == [*first.written[-3:], *second.written]
    assert numbered(after)[first.written[-1]] == before.sequence + 4
    old.stop()
    time.sleep(SOON)
    all_there(new, after)


def test_who_still_asks_the_old_pod_gets_what_the_new_one_has(start: Start) -> None:
    old, new = two(start)
    first, second = Srs(old.html, "a"), Srs(new.html, "b")
    first.cut(4)
    playlist(old), playlist(new)
    first.quit()
    second.cut(3)
    time.sleep(SOON)
    of_new = playlist(new)
    of_old = playlist(old)
    assert of_old == of_new
    assert names(of_old)[-3:] == second.written
    all_there(old, of_old)


def test_a_stream_that_nobody_watched_before(start: Start) -> None:
    """The old pod has the stream, and no player ever asked it for it."""
    old, new = two(start)
    srs = Srs(old.html, "a")
    srs.cut(4)
    found = playlist(new)
    assert names(found) == srs.written
    all_there(new, found)


def test_a_peer_that_hangs_holds_up_nobody_for_long(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        port = free_port()
        pod = start("nginx.conf.j2", name="pod", peers_port=port, peers=[hanging.getsockname()[1], port])
        srs = Srs(pod.html, "a")
        srs.cut(4)
        began = time.monotonic()
        playlist(pod)
        assert time.monotonic() - began < 10


@pytest.fixture
def caches(start: Start, origin: Origin) -> list[Running]:
    ports = [free_port() for _cache in range(3)]
    return [
        start(
            "cache.conf.j2",
            origin.port,
            name=f"cache{index}",
            peers_port=port,
            peers=ports,
            hls_nginx_mode="cache",
            hls_nginx_hold_seconds=30,
        )
        for index, port in enumerate(ports)
    ]


def test_caches_agree(caches: list[Running], origin: Origin) -> None:
    """In the beginning, which each sees at another moment, and when a new server cuts the stream."""
    lives = [("a", time.time())]

    def body(path: str) -> bytes | None:
        name = path.partition("?")[0]
        if name.endswith(".ts"):
            return name.encode() * 100
        server, began = lives[-1]
        count = int(time.time() - began)
        if not count:
            return None
        first = max(0, count - 5)
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-MEDIA-SEQUENCE:{first}", "#EXT-X-TARGETDURATION:1"]
        for number in range(first, count):
            lines += ["#EXTINF:1.000, no desc", f"{server}-{number}.ts"]
        return ("\n".join(lines) + "\n").encode()

    origin.body = body  # type: ignore[method-assign]
    time.sleep(2)
    numbers: dict[str, set[int]] = {}

    def watch(seconds: float, count: bool = True) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for cache in caches:
                for name, number in numbered(playlist(cache)).items():
                    if count:
                        numbers.setdefault(name, set()).add(number)
                time.sleep(0.17)

    watch(6, count=False)
    watch(4)
    lives.append(("b", time.time()))
    watch(8)
    lives.append(("c", time.time() + 1))
    watch(8)
    assert {name[0] for name in numbers} == {"a", "b", "c"}
    assert not {name: found for name, found in numbers.items() if len(found) > 1}
    in_order = [next(iter(found)) for _name, found in sorted(numbers.items(), key=lambda item: (item[0][0], int(item[0][2:-3])))]
    assert in_order == sorted(in_order)


def test_a_cache_that_is_new_has_what_the_others_hold(caches: list[Running], origin: Origin) -> None:
    first, second, third = caches
    before = playlist(first)
    all_there(first, before)
    origin.status = 503
    time.sleep(SOON)
    assert playlist(second) == before
    all_there(second, before)
    first.stop()
    second.stop()
    assert third.get(PLAYLIST).status in (404, 502, 503), "nobody is left that has it"
