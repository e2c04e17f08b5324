# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configs of nginx in a real nginx, asked by many players at once, with an origin that counts what it is asked."""

from __future__ import annotations

import asyncio
import collections
import datetime
import gzip
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.livestream.srs.tests.support.real_nginx import HOST, PATIENCE, Answer, Origin, Running, fetch, get


@pytest.fixture
def cache(start: Callable[..., Running], origin: Origin) -> Running:
    return start("cache.conf.j2", origin.port, hls_nginx_mode="cache")


@pytest.mark.parametrize(
    ("template", "variables"),
    [
        ("nginx.conf.j2", {}),
        ("nginx.conf.j2", {"hls_nginx_metrics": False, "hls_nginx_cors_origin": "https://player.example"}),
        ("cache.conf.j2", {"hls_nginx_mode": "cache"}),
        ("cache.conf.j2", {"hls_nginx_mode": "cache", "hls_nginx_metrics": False, "hls_nginx_playlist_seconds": 20}),
        ("cache.conf.j2", {"hls_nginx_mode": "cache", "hls_nginx_cache": {"size": "20Gi", "medium": "Memory"}}),
        ("nginx.conf.j2", {"hls_nginx_https": {"secret_name": "tls"}}),
        ("nginx.conf.j2", {"hls_nginx_https": {"secret_name": "tls", "redirect": True, "flv_cluster": "edge"}, "hls_nginx_metrics": False}),
        ("cache.conf.j2", {"hls_nginx_mode": "cache", "hls_nginx_https": {"secret_name": "tls", "redirect": True, "flv_cluster": "edge"}}),
        # Players don't come to the nginx behind the caches.
        ("nginx.conf.j2", {"hls_nginx_mode": "cache", "hls_nginx_https": {"secret_name": "tls", "redirect": True}}),
    ],
)
def test_nginx_takes_the_config_without_a_word(start: Callable[..., Running], template: str, variables: dict[str, Any]) -> None:
    running = start(template, **variables)
    assert not running.log.exists() or running.log.read_text() == ""


# The caches


def test_a_segment_that_all_ask_for_at_once_is_asked_for_once(cache: Running, origin: Origin) -> None:
    origin.delay = 0.5

    async def all_at_once() -> list[Answer]:
        return await asyncio.gather(*(get(cache.port, "/live/livestream-1.ts") for _player in range(200)))

    answers = asyncio.run(all_at_once())
    assert origin.asked == {"/live/livestream-1.ts": 1}
    assert {answer.status for answer in answers} == {200}
    assert {answer.body for answer in answers} == {origin.body("/live/livestream-1.ts")}


def test_two_hundred_players_of_a_live_stream(cache: Running, origin: Origin) -> None:
    """Each one asks for the playlist all the time and for every segment in it once, as players do, with a token of its own."""
    seconds = 6.0
    seen: collections.Counter[str] = collections.Counter()

    async def player(number: int, end: float) -> None:
        known: set[str] = set()
        await asyncio.sleep(number / 200)
        while time.monotonic() < end:
            playlist = await get(cache.port, f"/live/livestream.m3u8?token={number}")
            assert playlist.status == 200
            for name in playlist.body.decode().splitlines():
                if name.endswith(".ts") and name not in known:
                    known.add(name)
                    segment = await get(cache.port, f"/live/{name}?token={number}")
                    assert segment.status == 200
                    assert segment.body == origin.body(f"/live/{name}")
                    seen[name] += 1
            await asyncio.sleep(0.5)

    async def crowd() -> None:
        await asyncio.gather(*(player(number, time.monotonic() + seconds) for number in range(200)))

    asyncio.run(crowd())
    playlists = origin.times["/live/livestream.m3u8"]
    assert 3 <= len(playlists) <= seconds + 2, "one a second: the playlist moves on"
    segments = {path: count for path, count in origin.asked.items() if path.endswith(".ts")}
    assert set(segments.values()) == {1}, "each segment once"
    assert len(segments) >= 7
    assert seen.most_common(1)[0][1] == 200, "by all players"


def test_hits_until_it_has_expired(start: Callable[..., Running], origin: Origin) -> None:
    cache = start("cache.conf.j2", origin.port, hls_nginx_mode="cache", hls_nginx_segment_seconds=2)
    states = [cache.get("/live/a.ts").header("X-Cache-Status") for _request in range(3)]
    assert states == ["MISS", "HIT", "HIT"]
    time.sleep(4.5)
    assert cache.get("/live/a.ts").header("X-Cache-Status") in ("EXPIRED", "MISS")
    assert origin.asked["/live/a.ts"] == 2


def test_after_a_pause_the_first_player_gets_the_playlist_of_now(cache: Running, origin: Origin) -> None:
    cache.get("/live/livestream.m3u8")
    time.sleep(3)
    before = origin.body("/live/livestream.m3u8")
    assert cache.get("/live/livestream.m3u8").body in (before, origin.body("/live/livestream.m3u8"))


@pytest.mark.parametrize("path", ["/live/livestream.m3u8", "/live/a.ts"])
def test_who_asks_and_with_which_query_makes_no_difference(cache: Running, origin: Origin, path: str) -> None:
    asked = time.monotonic()
    for number in range(5):
        cache.get(f"{path}?hls_ctx=player{number}", Host=f"cdn{number}.example", Cookie=f"id={number}", Cache_Control="no-cache")
    assert origin.asked[path] <= 1 + int(time.monotonic() - asked)


def test_stale_is_better_than_nothing_when_the_origin_fails(cache: Running, origin: Origin) -> None:
    fresh = cache.get("/live/livestream.m3u8")
    origin.status = 503
    time.sleep(2.2)
    for _poll in range(2):
        answer = cache.get("/live/livestream.m3u8")
        assert (answer.status, answer.body) == (200, fresh.body)
    origin.status = 200
    time.sleep(2.2)
    assert cache.get("/live/livestream.m3u8").body != fresh.body, "it goes on as soon as the origin does"


def test_stale_is_better_than_nothing_when_the_origin_is_gone(start: Callable[..., Running]) -> None:
    origin = Origin()
    server = origin.serve()
    cache = start("cache.conf.j2", origin.port, hls_nginx_mode="cache")
    fresh = cache.get("/live/livestream.m3u8")
    server.shutdown()
    server.server_close()
    time.sleep(2.2)
    answer = cache.get("/live/livestream.m3u8")
    assert (answer.status, answer.body) == (200, fresh.body)
    assert cache.get("/live/never-seen.ts").status == 404


def test_a_slow_origin_holds_up_one_player_alone(cache: Running, origin: Origin) -> None:
    fresh = cache.get("/live/livestream.m3u8")
    origin.delay = 3
    time.sleep(2.2)

    async def crowd() -> list[Answer]:
        first = asyncio.create_task(get(cache.port, "/live/livestream.m3u8"))
        await asyncio.sleep(0.3)
        others = await asyncio.gather(*(get(cache.port, "/live/livestream.m3u8") for _player in range(50)))
        assert not first.done(), "the others had theirs while it still waited"
        await first
        return others

    others = asyncio.run(crowd())
    assert {answer.body for answer in others} == {fresh.body}
    assert {answer.header("X-Cache-Status") for answer in others} == {"UPDATING"}
    assert origin.asked["/live/livestream.m3u8"] == 2


@pytest.mark.parametrize("path", ["/live/missing.m3u8", "/live/missing.ts"])
def test_what_is_not_there_is_asked_for_again_soon(cache: Running, origin: Origin, path: str) -> None:
    async def crowd() -> list[Answer]:
        return await asyncio.gather(*(get(cache.port, path) for _player in range(50)))

    origin.delay = 0.3
    answers = asyncio.run(crowd())
    assert {answer.status for answer in answers} == {404}
    assert {answer.header("Cache-Control") for answer in answers} == {"max-age=1"}
    assert origin.asked[path] == 1
    time.sleep(2.2)
    cache.get(path)
    assert origin.asked[path] == 2


def test_headers_for_players_and_cdns(cache: Running, origin: Origin) -> None:
    playlist, segment = cache.get("/live/livestream.m3u8"), cache.get("/live/a.ts")
    assert playlist.header("Cache-Control") == "max-age=1"
    assert segment.header("Cache-Control") == "max-age=600"
    for answer in (playlist, segment):
        assert answer.header("Access-Control-Allow-Origin") == "*"
        assert answer.header("Access-Control-Expose-Headers") == "Content-Length, Content-Range"
        assert answer.header("Set-Cookie") is None
        assert answer.header("Expires") is None
    assert origin.headers[0].get("accept-encoding") is None, "the origin sends it plain"


def test_another_site_may_ask_first(start: Callable[..., Running], origin: Origin) -> None:
    cache = start("cache.conf.j2", origin.port, hls_nginx_mode="cache", hls_nginx_cors_origin="https://player.example")
    answer = cache.get("/live/a.ts", "OPTIONS", Origin="https://player.example", Access_Control_Request_Headers="range")
    assert (answer.status, answer.header("Access-Control-Allow-Headers")) == (204, "Range")
    assert answer.header("Access-Control-Allow-Origin") == "https://player.example"
    assert not origin.asked
    assert cache.get("/live/a.ts", "POST").status == 405


def test_playlists_are_compressed_and_segments_are_not(cache: Running, origin: Origin) -> None:
    plain = cache.get("/live/livestream.m3u8")
    packed = cache.get("/live/livestream.m3u8", Accept_Encoding="gzip")
    assert packed.header("Content-Encoding") == "gzip"
    assert "Accept-Encoding" in str(packed.header("Vary"))
    assert gzip.decompress(packed.body)[:20] == plain.body[:20]
    assert cache.get("/live/a.ts", Accept_Encoding="gzip").header("Content-Encoding") is None


def test_a_part_of_a_segment(cache: Running, origin: Origin) -> None:
    whole = origin.body("/live/a.ts") or b""
    for _request in ("first from the origin", "then from the cache"):
        part = cache.get("/live/a.ts", Range="bytes=10-99")
        assert (part.status, part.body) == (206, whole[10:100])
        assert part.header("Content-Range") == f"bytes 10-99/{len(whole)}"
    assert cache.get("/live/a.ts").body == whole
    assert cache.get("/live/a.ts", "HEAD").header("Content-Length") == str(len(whole))
    assert origin.asked["/live/a.ts"] == 1


def test_recordings_pass_and_endless_streams_do_not(cache: Running, origin: Origin) -> None:
    part = cache.get("/live/record.mp4", Range="bytes=0-9")
    assert (part.status, part.body) == (206, (origin.body("/live/record.mp4") or b"")[:10])
    assert cache.get("/live/livestream.flv").status == 404
    assert "/live/livestream.flv" not in origin.asked
    assert cache.get("/").body == b"<html>a page</html>"


def test_what_is_for_monitoring_is_at_a_port_of_its_own(cache: Running) -> None:
    answer = fetch(cache.metrics, "/metrics")
    assert str(answer.header("Content-Type")).startswith("text/plain")
    lines = answer.body.decode().splitlines()
    values = dict(line.split() for line in lines if not line.startswith("#"))
    assert set(values) == {f"nginx_connections_{state}" for state in ("active", "reading", "writing", "waiting")}
    assert all(value.isdigit() for value in values.values())
    assert [line for line in lines if line.startswith("# TYPE")] == [f"# TYPE {name} gauge" for name in values]
    assert "Active connections" in fetch(cache.metrics, "/stub_status").body.decode()
    for path in ("/metrics", "/stub_status"):
        assert cache.get(path).status == 404


# The nginx that reads the volume


@pytest.fixture
def reader(start: Callable[..., Running], tmp_path: Path) -> Running:
    live = tmp_path / "html/live"
    live.mkdir(parents=True)
    (live / "livestream.m3u8").write_text("#EXTM3U\n" + "#EXTINF:1.000, no desc\nlivestream-1.ts\n" * 20)
    (live / "livestream-1.ts").write_bytes(b"G" * 188 * 100)
    (tmp_path / "html/index.html").write_text("<html>SRS</html>")
    return start("nginx.conf.j2")


def test_files_of_the_volume(reader: Running) -> None:
    playlist, segment, page = reader.get("/live/livestream.m3u8"), reader.get("/live/livestream-1.ts"), reader.get("/")
    assert (playlist.header("Content-Type"), playlist.header("Cache-Control")) == ("application/vnd.apple.mpegurl", "max-age=1")
    assert (segment.header("Content-Type"), segment.header("Cache-Control")) == ("video/mp2t", "max-age=600")
    assert (page.body, page.header("Cache-Control")) == (b"<html>SRS</html>", None)
    for answer in (playlist, segment, page):
        assert answer.header("Access-Control-Allow-Origin") == "*"


def test_files_that_may_come_at_any_moment(reader: Running) -> None:
    for path in ("/live/later.m3u8", "/live/later.ts"):
        answer = reader.get(path)
        assert (answer.status, answer.header("Cache-Control")) == (404, "max-age=1")
    assert not reader.log.exists() or "later" not in reader.log.read_text()


def test_parts_packed_and_asked_first(reader: Running) -> None:
    assert reader.get("/live/livestream-1.ts", Range="bytes=0-187").status == 206
    assert reader.get("/live/livestream.m3u8", Accept_Encoding="gzip").header("Content-Encoding") == "gzip"
    assert reader.get("/live/livestream-1.ts", "OPTIONS", Access_Control_Request_Headers="range").status == 204
    assert reader.get("/metrics").status == 404
    assert fetch(reader.metrics, "/metrics").status == 200


# HTTPS


@dataclass
class Certificate:
    """A folder with a certificate that signs itself, as the kubelet keeps a Secret: links into a folder that is replaced as a whole."""

    folder: Path
    renewals: int = 0

    def renew(self) -> int:
        """A new one, in the place of the old one; returns its serial number."""
        self.renewals += 1
        data = self.folder / f"..{self.renewals}"
        data.mkdir(parents=True)
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
        made = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        (data / "tls.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        unencrypted = serialization.NoEncryption()
        (data / "tls.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted))
        (self.folder / "..new").symlink_to(data.name)
        (self.folder / "..new").rename(self.folder / "..data")
        for file in ("tls.crt", "tls.key"):
            if not (self.folder / file).is_symlink():
                (self.folder / file).symlink_to(f"..data/{file}")
        return made.serial_number

    def trust(self) -> ssl.SSLContext:
        """What a player needs to believe the current one, and no other."""
        return ssl.create_default_context(cafile=self.folder / "tls.crt")


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    made = Certificate(tmp_path / "tls")
    made.renew()
    return made


def https(**options: Any) -> dict[str, Any]:
    return {"hls_nginx_https": {"secret_name": "tls", **options}}


BOTH = [("nginx.conf.j2", {}), ("cache.conf.j2", {"hls_nginx_mode": "cache"})]


@pytest.mark.parametrize(("template", "variables"), BOTH)
def test_a_playlist_by_https(
    start: Callable[..., Running], origin: Origin, certificate: Certificate, tmp_path: Path, template: str, variables: dict[str, Any]
) -> None:
    (tmp_path / "html/live").mkdir(parents=True)
    (tmp_path / "html/live/livestream.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nlivestream-1.ts\n")
    (tmp_path / "html/live/livestream-1.ts").write_bytes(b"G")
    running = start(template, origin.port, **variables, **https())
    for port, trust in ((running.secure, certificate.trust()), (running.port, None)):
        answer = fetch(port, "/live/livestream.m3u8", trust=trust)
        assert (answer.status, answer.body[:8], answer.header("Cache-Control")) == (200, b"#EXTM3U\n", "max-age=1")
        assert answer.header("Access-Control-Allow-Origin") == "*"
    assert fetch(running.secure, "/live/missing.ts", trust=certificate.trust()).status == 404
    with pytest.raises(ssl.SSLCertVerificationError):
        fetch(running.secure, "/", trust=ssl.create_default_context())


def test_what_is_spoken_by_https(start: Callable[..., Running], certificate: Certificate) -> None:
    running = start("nginx.conf.j2", **https())

    def agreed(**limits: ssl.TLSVersion) -> tuple[str | None, str | None]:
        trust = certificate.trust()
        trust.set_alpn_protocols(["h2", "http/1.1"])
        for name, value in limits.items():
            setattr(trust, name, value)
        with socket.create_connection(("127.0.0.1", running.secure)) as plain, trust.wrap_socket(plain, server_hostname=HOST) as connection:
            return connection.version(), connection.selected_alpn_protocol()

    assert agreed() == ("TLSv1.3", "h2")
    assert agreed(maximum_version=ssl.TLSVersion.TLSv1_2) == ("TLSv1.2", "h2")


@pytest.mark.parametrize(("template", "variables"), BOTH)
def test_plain_http_is_sent_to_https(
    start: Callable[..., Running], origin: Origin, certificate: Certificate, template: str, variables: dict[str, Any]
) -> None:
    running = start(template, origin.port, **variables, **https(redirect=True))
    for method in ("GET", "OPTIONS"):
        answer = running.get("/live/livestream.m3u8?token=1", method)
        assert (answer.status, answer.header("Location")) == (301, f"https://{HOST}/live/livestream.m3u8?token=1")
    assert not origin.asked
    assert fetch(running.secure, "/live/missing.ts", trust=certificate.trust()).status == 404
    assert fetch(running.metrics, "/metrics").status == 200, "monitoring has no certificate to check"


def test_a_renewed_certificate_is_taken_without_a_reload(start: Callable[..., Running], certificate: Certificate) -> None:
    running = start("nginx.conf.j2", **https())

    def served() -> int:
        return x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", running.secure)).encode()).serial_number

    first = served()
    with (
        socket.create_connection(("127.0.0.1", running.secure)) as plain,
        certificate.trust().wrap_socket(plain, server_hostname=HOST) as watching,
    ):
        assert certificate.renew() == served() != first
        assert fetch(running.secure, "/", trust=certificate.trust()).status in (403, 404)
        watching.sendall(f"GET / HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
        assert watching.recv(12).startswith(b"HTTP/1.1 40"), "who was there stays"


@dataclass
class Edge:
    """A server of one HTTP-FLV stream, which sends the next tag when it is told to and never ends."""

    port: int
    request: str
    next_tag: threading.Semaphore


@pytest.fixture
def edge() -> Iterator[Edge]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Edge(listening.getsockname()[1], "", threading.Semaphore(0))

        def serve() -> None:
            connection, _address = listening.accept()
            with connection:
                made.request = connection.recv(65536).decode()
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nServer: SRS\r\nContent-Type: video/x-flv\r\nAccess-Control-Allow-Origin: *\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n"
                )
                for number in itertools.count():
                    if not made.next_tag.acquire(timeout=PATIENCE):
                        return
                    tag = b"FLV\x01" if not number else b"tag%d" % number
                    connection.sendall(b"%x\r\n%s\r\n" % (len(tag), tag))

        threading.Thread(target=serve, daemon=True).start()
        yield made


@pytest.mark.parametrize(("template", "variables"), BOTH)
def test_http_flv_comes_by_https_as_it_is_sent(
    start: Callable[..., Running], edge: Edge, certificate: Certificate, template: str, variables: dict[str, Any]
) -> None:
    running = start(template, edge.port, **variables, **https(flv_cluster="edge"))

    async def play() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.secure, ssl=certificate.trust(), server_hostname=HOST)
        request = f"GET /live/livestream.flv?token=1 HTTP/1.1\r\nHost: {HOST}\r\nOrigin: https://a.example\r\n\r\n"
        writer.write(request.encode())
        edge.next_tag.release()
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode().lower()
        assert head.startswith("http/1.1 200")
        assert "content-type: video/x-flv" in head
        assert head.count("access-control-allow-origin") == 1, "a browser refuses two"
        assert "cache-control: no-store" in head
        for tag in (b"FLV\x01", b"tag1", b"tag2"):
            # Each one while the next has not even been sent.
            size = int(await asyncio.wait_for(reader.readline(), PATIENCE), 16)
            assert (await asyncio.wait_for(reader.readexactly(size + 2), PATIENCE))[:-2] == tag
            edge.next_tag.release()
        writer.close()

    asyncio.run(play())
    assert edge.request.startswith("GET /live/livestream.flv?token=1 HTTP/1.1\r\n")
    asked = {name.lower(): value for name, _colon, value in (line.partition(": ") for line in edge.request.splitlines()[1:])}
    assert (asked["host"], asked["x-forwarded-for"]) == (HOST, "127.0.0.1"), "SRS knows the vhost and the player"
