# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real nginx with the config of a role, and an origin that counts what it is asked."""

from __future__ import annotations

import asyncio
import collections
import http.server
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._manifests.origin_objects import Files
from ansible_collections.livestream.srs.tests.support import programs
from ansible_collections.livestream.srs.tests.support.wanted import built

PATIENCE = 30.0
MODULES, NJS = Path("/usr/lib/nginx/modules"), "ngx_http_js_module.so"
# What nginx from 1.25 on says of the way to write it that all others understand.
DEPRECATED = 'the "listen ... http2" directive is deprecated'


@dataclass
class Program:
    """nginx, and where its modules are."""

    command: list[str]
    modules: Path


@pytest.fixture(scope="session")
def nginx() -> Program:
    """That of the machine if it has njs, else Debian's, unpacked and not installed."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program and (MODULES / NJS).is_file():
        return Program([program], MODULES)
    try:
        tree = programs.unpacked("nginx-with-njs", ["nginx", "libnginx-mod-http-js"])
    except programs.Lacking as error:
        pytest.skip(str(error))
    command = ["env", f"LD_LIBRARY_PATH={programs.debian.libraries(tree)}", str(tree / "usr/sbin/nginx")]
    return Program(command, tree / MODULES.relative_to("/"))


@cache
def _files(variables: str) -> Files:
    return built(**json.loads(variables)).files


def rendered(template: str, **variables: Any) -> dict[str, str]:
    """The files of an nginx by the template of its config; keywords are variables."""
    files = _files(json.dumps(variables, sort_keys=True))
    return {"nginx.conf.j2": files.reader, "cache.conf.j2": files.cache}[template]


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


def _children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if f"\nPPid:\t{parent}\n" in status.read_text():
                found.append(int(status.parent.name))
        except OSError:
            continue
    return found


@dataclass
class Running:
    """An nginx that runs, with where it listens and what it serves."""

    port: int
    secure: int
    metrics: int
    peers: int
    html: Path
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """As when its pod ends."""
        assert self.process
        self.process.terminate()
        self.process.wait(PATIENCE)

    def crash(self) -> None:
        """As when its container is killed: nobody is left of it."""
        assert self.process
        of_it = [self.process.pid, *_children(self.process.pid)]
        for pid in of_it:
            os.kill(pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        return fetch(self.port, path, method, **headers)


@pytest.fixture
def start(nginx: Program, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts nginx with a template's config: only addresses and folders are others than in a pod."""
    processes: list[subprocess.Popen[bytes]] = []
    logs: list[Path] = []

    def run(
        template: str, upstream: int = 9, *, name: str = "", peers_port: int = 0, peers: Sequence[int] = (), **variables: Any
    ) -> Running:
        """``name`` is the pod's: several have folders of their own. ``peers`` are the ports that DNS names, this pod's among them."""
        here = tmp_path / name
        ports = [free_port() for _port in range(3)]
        running = Running(*ports, peers_port or free_port(), here / "html", here / "log")
        for folder in ("html", "tmp", "cache"):
            (here / folder).mkdir(parents=True, exist_ok=True)
        files = dict(rendered(template, **variables))
        text = files.pop("nginx.conf")
        for file_name, content in files.items():
            (here / file_name).write_text(content)
        # What start.sh tells of the DNS. Its answer stands in the config.
        known = "".join(f"server 127.0.0.1:{port};" for port in peers or [running.peers])
        (here / "tmp/dns.conf").write_text(f'map "" $cluster_domain {{ default x; }}\nupstream peers {{ {known} }}\n')
        for old, new in {
            "/tmp/": f"{here}/tmp/",
            str(MODULES): str(nginx.modules),
            "/etc/nginx-srs/": f"{here}/",
            "listen 8083;": f"listen 127.0.0.1:{running.peers};",
            "127.0.0.1:8083;": f"127.0.0.1:{running.peers};",
            "http://$peers:8083": "http://peers",
            "$hostname": name or "pod",
            "/var/cache/hls": f"{here}/cache",
            "/usr/share/nginx/html": str(running.html),
            "/dev/stderr": str(running.log),
            "/etc/nginx-tls": f"{here}/tls",
            "listen 8443 ssl": f"listen 127.0.0.1:{running.secure} ssl",
            "srs-flv-service:8080": f"127.0.0.1:{upstream}",
            "listen 8081;": f"listen 127.0.0.1:{running.port};",
            "listen 8082;": f"listen 127.0.0.1:{running.metrics};",
            "server srs-hls-origin-service:80;": f"server 127.0.0.1:{upstream};",
        }.items():
            text = text.replace(old, new)
        file = here / "nginx.conf"
        file.write_text(text)
        checked = subprocess.run(
            [*nginx.command, "-t", "-q", "-c", file], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        said = [line for line in checked.stdout.splitlines() if DEPRECATED not in line]
        assert (checked.returncode, said) == (0, []), checked.stdout
        # Started by root it would give up its rights, and with them the test's folders.
        own_rights = " user root;" if os.geteuid() == 0 else ""
        running.process = subprocess.Popen([*nginx.command, "-c", str(file), "-g", f"daemon off;{own_rights}"])
        processes.append(running.process)
        logs.append(running.log)
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
    died = [line for log in logs if log.exists() for line in log.read_text().splitlines() if "exited on signal" in line]
    assert not died, died
