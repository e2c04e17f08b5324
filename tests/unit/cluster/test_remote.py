# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pulling an image from a registry that wants a token first."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from localcluster.base import ClusterError
from localcluster.registry import INDEXES, MANIFEST, Name, Store
from localcluster.remote import Remote, challenge

LAYER, CONFIG = b"layer", b"{}"


def descriptor(content: bytes, **more: Any) -> dict[str, Any]:
    return {"digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content), **more}


class Upstream(http.server.BaseHTTPRequestHandler):
    """A registry with one image, and the place that gives tokens for it."""

    content: dict[str, bytes]

    def do_GET(self) -> None:
        if self.path.startswith("/token?"):
            self._answer(200, json.dumps({"token": "let-me-in", "query": self.path}).encode())
        elif self.headers.get("Authorization") != "Bearer let-me-in":
            host = self.headers["Host"]
            self._answer(
                401, b"", ("WWW-Authenticate", f'Bearer realm="http://{host}/token",service="r",scope="repository:ossrs/srs:pull"')
            )
        elif self.path in self.content:
            self._answer(200, self.content[self.path])
        else:
            self._answer(404, b"")

    def _answer(self, status: int, content: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(content)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: Any) -> None:
        """Nothing to tell."""


@pytest.fixture
def upstream() -> Iterator[tuple[str, dict[str, bytes]]]:
    config, layer = descriptor(CONFIG), descriptor(LAYER)
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}).encode()
    entry = descriptor(manifest, platform={"os": "linux", "architecture": "amd64"})
    index = json.dumps({"mediaType": INDEXES[0], "manifests": [entry]}).encode()
    base = "/v2/ossrs/srs"
    content = {
        f"{base}/manifests/6": index,
        f"{base}/manifests/{entry['digest']}": manifest,
        f"{base}/blobs/{config['digest']}": CONFIG,
        f"{base}/blobs/{layer['digest']}": LAYER,
    }
    handler = type("Handler", (Upstream,), {"content": content})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}", content
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_an_image_is_pulled_as_it_is(upstream: tuple[str, dict[str, bytes]], store: Store) -> None:
    host, content = upstream
    Remote(Name(host, "ossrs/srs", "6"), scheme="http").pull(store, "amd64")
    path = store.manifest(host, "ossrs/srs", "6")
    assert path
    assert path.read_bytes() in content.values()
    manifest = json.loads(path.read_bytes())
    assert store.blob(manifest["layers"][0]["digest"]).read_bytes() == LAYER
    assert store.blob(manifest["config"]["digest"]).read_bytes() == CONFIG


def test_a_registry_that_sends_something_else_is_refused(upstream: tuple[str, dict[str, bytes]], store: Store) -> None:
    host, content = upstream
    content[next(path for path, body in content.items() if body == LAYER)] = b"not it"
    with pytest.raises(ClusterError, match="the registry sent something else"):
        Remote(Name(host, "ossrs/srs", "6"), scheme="http").pull(store, "amd64")
    assert store.names() == []


@pytest.mark.parametrize(
    ("tag", "architecture", "reason"), [("9", "amd64", "failed: HTTP Error 404"), ("6", "arm64", "not made for linux/arm64")]
)
def test_what_is_not_there_is_named(upstream: tuple[str, dict[str, bytes]], store: Store, tag: str, architecture: str, reason: str) -> None:
    host, _content = upstream
    with pytest.raises(ClusterError, match=reason):
        Remote(Name(host, "ossrs/srs", tag), scheme="http").pull(store, architecture)


def test_docker_hub_is_asked_where_it_is() -> None:
    assert Remote(Name.parse("ossrs/srs:6")).base == "https://registry-1.docker.io/v2/ossrs/srs"


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ('Bearer realm="https://a/t",service="s"', {"realm": "https://a/t", "service": "s"}),
        ('Basic realm="registry"', {}),
        ("", {}),
    ],
)
def test_only_a_token_is_asked_for(header: str, asked: dict[str, str]) -> None:
    assert challenge(header) == asked
