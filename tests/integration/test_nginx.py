# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configs of nginx in a real nginx, asked by many players at once, with an origin that counts what it is asked."""

from __future__ import annotations

import asyncio
import collections
import datetime
import gzip
import http.server
import itertools
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/cluster"))

from localcluster import debian  # noqa: E402
from localcluster.base import ClusterError  # noqa: E402

from ansible_collections.livestream.srs.plugins.module_utils._manifests.origin_objects import Files  # noqa: E402
from ansible_collections.livestream.srs.tests.support.wanted import built  # noqa: E402

PATIENCE = 30.0
# What nginx from 1.25 on says of the way to write it that all others understand.
DEPRECATED = 'the "listen ... http2" directive is deprecated'


@pytest.fixture(scope="session")
def nginx() -> list[str]:
    """How to call nginx: that of the machine, else Debian's, unpacked and not installed."""
    if program := shutil.which("nginx") or shutil.which("/usr/sbin/nginx"):
        return [program]
    if not debian.usable():
        pytest.skip("there is no nginx, and no apt to fetch one with")
    try:
        tree = debian.tree("nginx", ["nginx"])
    except ClusterError as error:
        pytest.skip(f"there is no nginx, and Debian's can't be fetched: {error}")
    return ["env", f"LD_LIBRARY_PATH={debian.libraries(tree)}", str(tree / "usr/sbin/nginx")]


@cache
def _files(variables: str) -> Files:
    return built(**json.loads(variables)).files


def rendered(template: str, **variables: Any) -> str:
    """The text of a template of the role; keywords are variables."""
    files = _files(json.dumps(variables, sort_keys=True))
    return {"nginx.conf.j2": files.nginx_config, "cache.conf.j2": files.cache_config}[template]


HOST = "hls.example"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Answer:
    """What came for a request."""

    status: int
    headers: dict[str, list[str]]
    body: bytes

    def header(self, name: str) -> str | None:
        values = self.headers.get(name.lower())
        assert values is None or len(values) == 1, f"{name} is there {len(values or [])} times"
        return values[0] if values else None


async def get(port: int, path: str, method: str = "GET", trust: ssl.SSLContext | None = None, **headers: str) -> Answer:
    """One request on a connection of its own, by HTTPS with what to ``trust``. In names of headers ``_`` stands for ``-``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname=HOST if trust else None)
    try:
        lines = {"Host": HOST, "Connection": "close"} | {name.replace("_", "-"): value for name, value in headers.items()}
        fields = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items()), "", ""]
        writer.write("\r\n".join(fields).encode())
        head, _end, body = (await asyncio.wait_for(reader.read(-1), PATIENCE)).partition(b"\r\n\r\n")
    finally:
        writer.close()
    status, *fields = head.decode().split("\r\n")
    found: dict[str, list[str]] = {}
    for line in fields:
        name, _colon, value = line.partition(":")
        found.setdefault(name.lower(), []).append(value.strip())
    if "chunked" in found.get("transfer-encoding", []):
        body = unchunked(body)
    return Answer(int(status.split()[1]), found, body)


def unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _end, rest = body.partition(b"\r\n")
        count = int(size, 16)
        whole, body = whole + rest[:count], rest[count + 2 :]
        if not count:
            break
    return whole


def fetch(port: int, path: str, method: str = "GET", trust: ssl.SSLContext | None = None, **headers: str) -> Answer:
    return asyncio.run(get(port, path, method, trust, **headers))


@dataclass
class Origin:
    """A server that counts what it is asked. Its playlist is another one each second, as of a live stream of segments of a second."""

    port: int = 0
    delay: float = 0.0
    status: int = 200
    asked: collections.Counter[str] = field(default_factory=collections.Counter)
    times: dict[str, list[float]] = field(default_factory=dict)
    headers: list[dict[str, str]] = field(default_factory=list)

    def body(self, path: str) -> bytes | None:
        name = path.partition("?")[0]
        if name.endswith(".m3u8") and "missing" not in name:
            last = int(time.time())
            segments = "".join(f"#EXTINF:1.000, no desc\ns-{number}.ts\n" for number in range(last - 6, last))
            return f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:{last - 6}\n#EXT-X-TARGETDURATION:1\n{segments}".encode()
        if name.endswith((".ts", ".mp4")) and "missing" not in name:
            return name.encode() * 4000
        return b"<html>a page</html>" if name == "/" else None

    def serve(self) -> http.server.ThreadingHTTPServer:
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                origin.asked[self.path.partition("?")[0]] += 1
                origin.times.setdefault(self.path.partition("?")[0], []).append(time.monotonic())
                origin.headers.append({name.lower(): value for name, value in self.headers.items()})
                time.sleep(origin.delay)
                body = origin.body(self.path)
                status = origin.status if origin.status != 200 else 200 if body is not None else 404
                body = body if status == 200 and body is not None else b"no\n"
                first, last = 0, len(body)
                if status == 200 and (wanted := self.headers.get("Range")):
                    first, last = (int(number) for number in wanted.removeprefix("bytes=").split("-"))
                    status, body = 206, body[first : last + 1]
                self.send_response(status)
                # As SRS answers, and worse: everything that would keep a cache from doing its work.
                for name, value in {
                    "Content-Type": "text/plain; charset=utf-8",
                    "Content-Length": str(len(body)),
                    "Connection": "close",
                    "Access-Control-Allow-Origin": "*",
                    "Access-Control-Expose-Headers": "*",
                    "Cache-Control": "no-store",
                    "Expires": "0",
                    "Set-Cookie": "player=1",
                    "Vary": "*",
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

        server = Server(("127.0.0.1", self.port), Handler)
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return server


@pytest.fixture
def origin() -> Iterator[Origin]:
    made = Origin()
    server = made.serve()
    yield made
    server.shutdown()
    server.server_close()


@dataclass
class Running:
    """An nginx that runs, with where it listens and what it serves."""

    port: int
    secure: int
    metrics: int
    html: Path
    log: Path

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        return fetch(self.port, path, method, **headers)


@pytest.fixture
def start(nginx: list[str], tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts nginx with a template's config: only addresses and folders are others than in a pod."""
    processes: list[subprocess.Popen[bytes]] = []

    def run(template: str, upstream: int = 9, **variables: Any) -> Running:
        running = Running(free_port(), free_port(), free_port(), tmp_path / "html", tmp_path / "log")
        for folder in ("html", "tmp", "cache"):
            (tmp_path / folder).mkdir(exist_ok=True)
        text = rendered(template, **variables)
        for old, new in {
            "/tmp/": f"{tmp_path}/tmp/",
            "/var/cache/hls": f"{tmp_path}/cache",
            "/usr/share/nginx/html": str(running.html),
            "/dev/stderr": str(running.log),
            "/etc/nginx-tls": f"{tmp_path}/tls",
            "listen 8443 ssl": f"listen 127.0.0.1:{running.secure} ssl",
            "srs-flv-service:8080": f"127.0.0.1:{upstream}",
            "listen 8081;": f"listen 127.0.0.1:{running.port};",
            "listen 8082;": f"listen 127.0.0.1:{running.metrics};",
            "server srs-hls-origin-service:80;": f"server 127.0.0.1:{upstream};",
        }.items():
            text = text.replace(old, new)
        file = tmp_path / "nginx.conf"
        file.write_text(text)
        checked = subprocess.run([*nginx, "-t", "-q", "-c", file], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        said = [line for line in checked.stdout.splitlines() if DEPRECATED not in line]
        assert (checked.returncode, said) == (0, []), checked.stdout
        # Started by root it would give up its rights, and with them the test's folders.
        own_rights = " user root;" if os.geteuid() == 0 else ""
        processes.append(subprocess.Popen([*nginx, "-c", str(file), "-g", f"daemon off;{own_rights}"]))
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", running.port)) == 0:
                    return running
            time.sleep(0.05)
        raise AssertionError(f"nginx does not listen: {running.log.read_text() if running.log.exists() else ''}")

    yield run
    for process in processes:
        process.terminate()
        process.wait(PATIENCE)


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
    assert all(later - earlier >= 0.9 for earlier, later in itertools.pairwise(playlists)), "at most one a second"
    assert len(playlists) >= 3, "the playlist moves on"
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
        assert (answer.status, answer.body, answer.header("X-Cache-Status")) == (200, fresh.body, "STALE")
    origin.status = 200
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
    assert (answer.status, answer.body, answer.header("X-Cache-Status")) == (200, fresh.body, "STALE")
    assert cache.get("/live/never-seen.ts").status == 502


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
    (tmp_path / "html/live/livestream.m3u8").write_text("#EXTM3U\n")
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
