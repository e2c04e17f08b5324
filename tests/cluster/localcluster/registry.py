# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry of container images in a folder, and the little HTTP that containerd needs to pull from it.

Nodes made here reach no other registry. So a pull works, or fails, as it does anywhere, whatever the pull policy is.
"""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import re
import shutil
import tarfile
import tempfile
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any

from .base import ClusterError, cache, write

Descriptor = dict[str, Any]

PORT = 5000
ANY_TAG = "*"
"""An image stored under this tag answers for every tag that is not there."""

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"

REQUEST = re.compile(r"/v2/(?P<repository>[a-z0-9][a-z0-9._/-]*)/(?P<kind>manifests|blobs)/(?P<reference>[A-Za-z0-9_][A-Za-z0-9._:-]*)")


def for_architecture(index: dict[str, Any], architecture: str) -> Descriptor | None:
    """The manifest of an index that is for Linux on this kind of machine."""
    for entry in index["manifests"]:
        platform = entry.get("platform", {})
        if (platform.get("os"), platform.get("architecture")) == ("linux", architecture):
            found: Descriptor = entry
            return found
    return None


@dataclass(frozen=True)
class Name:
    registry: str
    repository: str
    tag: str

    @classmethod
    def parse(cls, text: str) -> Name:
        """An image name as Docker reads it: `nginx` is `docker.io/library/nginx:latest`."""
        first, slash, rest = text.partition("/")
        if slash and ("." in first or ":" in first or first == "localhost"):
            registry = first
        else:
            registry, rest = "docker.io", text if slash else f"library/{text}"
        repository, _colon, tag = rest.partition(":")
        return cls(registry, repository, tag or "latest")

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}:{self.tag}"


class Store:
    """Blobs by digest and tags that name them. Blobs never change and tags are replaced as a whole, so it may be read at any time."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache() / "registry"

    def blob(self, digest: str) -> Path:
        return self.folder / "blobs" / digest.replace(":", "/")

    def put(self, content: IO[bytes]) -> tuple[str, int]:
        """Keep what is read from `content`; its digest and size."""
        folder = self.folder / "blobs" / "sha256"
        folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".new-") as file:
            while part := content.read(1 << 20):
                digest.update(part)
                file.write(part)
            file.flush()
            target = folder / digest.hexdigest()
            if not target.exists():
                # A copy by link: the temporary name goes away in any case.
                target.hardlink_to(file.name)
            return f"sha256:{digest.hexdigest()}", file.tell()

    def put_json(self, value: Any) -> tuple[str, int]:
        return self.put(io.BytesIO(json.dumps(value, sort_keys=True).encode()))

    def describe(self, media_type: str, content: IO[bytes]) -> Descriptor:
        digest, size = self.put(content)
        return {"mediaType": media_type, "digest": digest, "size": size}

    def put_image(self, config: Descriptor, layers: list[Descriptor]) -> str:
        """Keep the manifest of an image whose blobs are there; its digest."""
        digest, _size = self.put_json({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers})
        return digest

    def tag(self, name: Name, digest: str) -> None:
        write(self._tag(name.registry, name.repository, name.tag), digest)

    def _tag(self, registry: str, repository: str, tag: str) -> Path:
        return self.folder / "tags" / registry / repository / tag

    def manifest(self, registry: str, repository: str, reference: str) -> Path | None:
        if reference.startswith("sha256:"):
            path = self.blob(reference)
            return path if path.is_file() else None
        for tag in (reference, ANY_TAG):
            path = self._tag(registry, repository, tag)
            if path.is_file():
                return self.blob(path.read_text())
        return None

    def names(self) -> list[str]:
        tags = self.folder / "tags"
        found = (path.relative_to(tags) for path in tags.rglob("*") if path.is_file())
        return sorted(str(Name(path.parts[0], "/".join(path.parts[1:-1]), path.parts[-1])) for path in found)

    def load(self, archive: Path, architecture: str) -> list[str]:
        """Keep the images of an archive, docker-archive or OCI; their names."""
        facts = archive.stat()
        key = hashlib.sha256(f"{archive.resolve()} {facts.st_size} {facts.st_mtime_ns} {architecture}".encode()).hexdigest()
        done = self.folder / "loaded" / key
        if not done.is_file():
            try:
                with tarfile.open(archive) as tar:
                    digests = {str(name): digest for name, digest in _Archive(self, tar, architecture).load()}
            except (tarfile.TarError, KeyError, ValueError) as error:
                raise ClusterError(f"{archive} is no image archive that can be read (docker save, or OCI): {error}") from error
            if not digests:
                raise ClusterError(f"{archive} names no image for {architecture}: save it by name, as in `docker save ossrs/srs:6`")
            write(done, json.dumps(digests))
        loaded: dict[str, str] = json.loads(done.read_text())
        for name, digest in loaded.items():
            # Each time: another archive may have used the same name in the meantime.
            self.tag(Name.parse(name), digest)
        return list(loaded)


class _Archive:
    def __init__(self, store: Store, tar: tarfile.TarFile, architecture: str) -> None:
        self.store = store
        self.tar = tar
        self.architecture = architecture

    def load(self) -> Iterator[tuple[Name, str]]:
        """Keep the blobs; each image's name and digest."""
        # `docker save` writes both lists nowadays; this one has the names.
        if "manifest.json" in self.tar.getnames():
            for image in json.load(self._open("manifest.json")):
                config = self.store.describe(CONFIG, self._open(image["Config"]))
                layers = [self._layer(path) for path in image["Layers"]]
                digest = self.store.put_image(config, layers)
                yield from ((Name.parse(text), digest) for text in image["RepoTags"] or [])
            return
        for entry in json.load(self._open("index.json"))["manifests"]:
            text = self._name(entry)
            chosen = self._for_architecture(entry)
            if text and chosen:
                for descriptor in self._all_of(chosen):
                    self.store.put(self._blob(descriptor))
                yield Name.parse(text), chosen["digest"]

    def _open(self, path: str) -> IO[bytes]:
        content = self.tar.extractfile(path)
        if content is None:
            raise ValueError(f"{path} is no file")
        return content

    def _blob(self, descriptor: Descriptor) -> IO[bytes]:
        return self._open("blobs/" + descriptor["digest"].replace(":", "/"))

    def _layer(self, path: str) -> Descriptor:
        content = self._open(path)
        packed = content.read(2) == b"\x1f\x8b"
        content.seek(0)
        return self.store.describe(LAYER + "+gzip" if packed else LAYER, content)

    @staticmethod
    def _name(entry: Descriptor) -> str | None:
        notes = entry.get("annotations", {})
        full: str | None = notes.get("io.containerd.image.name") or notes.get("org.opencontainers.image.ref.name")
        # A bare tag is all that some tools write: no name to pull it by.
        return full if full and ("/" in full or ":" in full) else None

    def _for_architecture(self, entry: Descriptor) -> Descriptor | None:
        return for_architecture(json.load(self._blob(entry)), self.architecture) if entry["mediaType"] in INDEXES else entry

    def _all_of(self, descriptor: Descriptor) -> list[Descriptor]:
        manifest = json.load(self._blob(descriptor))
        return [descriptor, manifest["config"], *manifest["layers"]]


class Handler(http.server.BaseHTTPRequestHandler):
    store: Store
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/v2/":
            self._answer(HTTPStatus.OK, 0)
            return
        asked = REQUEST.fullmatch(url.path)
        # containerd tells which registry the image's name begins with.
        registry = urllib.parse.parse_qs(url.query).get("ns", ["docker.io"])[0]
        found = asked and ".." not in url.path and self._find(registry, asked)
        if not found or not found.is_file():
            self._answer(HTTPStatus.NOT_FOUND, 0)
            return
        kind = "application/octet-stream"
        if asked and asked["kind"] == "manifests":
            kind = json.loads(found.read_bytes()).get("mediaType", MANIFEST)
        headers = {"Content-Type": kind, "Docker-Content-Digest": f"sha256:{found.name}"}
        self._answer(HTTPStatus.OK, found.stat().st_size, headers)
        if self.command == "GET":
            with found.open("rb") as content:
                shutil.copyfileobj(content, self.wfile)

    do_HEAD = do_GET

    def _find(self, registry: str, asked: re.Match[str]) -> Path | None:
        if asked["kind"] == "blobs":
            return self.store.blob(asked["reference"])
        return self.store.manifest(registry, asked["repository"], asked["reference"])

    def _answer(self, status: HTTPStatus, size: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(size), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()


def serve(address: str, port: int = PORT, store: Store | None = None) -> http.server.ThreadingHTTPServer:
    handler = type("StoreHandler", (Handler,), {"store": store or Store()})
    return http.server.ThreadingHTTPServer((address, port), handler)
