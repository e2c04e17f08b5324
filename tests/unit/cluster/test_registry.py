# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image archives of all kinds come out of the registry as they went in."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from localcluster.base import ClusterError
from localcluster.registry import ANY_TAG, INDEXES, MANIFEST, Name, Store, serve

LAYER = b"the files of an image"
CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def docker_archive(path: Path, *tags: str, layer: bytes = LAYER) -> Path:
    manifest = [{"Config": "config.json", "RepoTags": list(tags), "Layers": ["1/layer.tar"]}]
    return archive(path, {"config.json": CONFIG, "1/layer.tar": layer, "manifest.json": json.dumps(manifest).encode()})


def oci_archive(path: Path, annotations: dict[str, str], *, nested: bool) -> Path:
    blobs: dict[str, bytes] = {}

    def keep(content: bytes, media_type: str, **more: Any) -> dict[str, Any]:
        blobs["blobs/" + digest(content).replace(":", "/")] = content
        return {"mediaType": media_type, "digest": digest(content), "size": len(content), **more}

    config, layer = keep(CONFIG, "config"), keep(LAYER, "layer")
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}).encode()
    entry = keep(manifest, MANIFEST, platform={"os": "linux", "architecture": "amd64"})
    if nested:
        other = {**entry, "digest": digest(b"another"), "platform": {"os": "linux", "architecture": "s390x"}}
        entry = keep(json.dumps({"manifests": [other, entry]}).encode(), INDEXES[0])
    entry["annotations"] = annotations
    return archive(path, {**blobs, "index.json": json.dumps({"manifests": [entry]}).encode()})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "registry")


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.28", "docker.io/library/nginx:1.28"),
        ("ossrs/srs:6", "docker.io/ossrs/srs:6"),
        ("docker.io/ossrs/srs:6", "docker.io/ossrs/srs:6"),
        ("registry.cn-hangzhou.aliyuncs.com/ossrs/srs:3", "registry.cn-hangzhou.aliyuncs.com/ossrs/srs:3"),
        ("localhost/srs", "localhost/srs:latest"),
        ("localhost:5000/a/b/srs:6", "localhost:5000/a/b/srs:6"),
    ],
)
def test_names_are_read_as_docker_reads_them(text: str, full: str) -> None:
    assert str(Name.parse(text)) == full


def manifest_of(store: Store, name: str) -> dict[str, Any]:
    parsed = Name.parse(name)
    path = store.manifest(parsed.registry, parsed.repository, parsed.tag)
    assert path
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def test_a_docker_archive_keeps_its_names_and_files(store: Store, tmp_path: Path) -> None:
    names = store.load(docker_archive(tmp_path / "srs.tar", "ossrs/srs:6", "ossrs/srs:v6.0"), "amd64")
    assert names == ["docker.io/ossrs/srs:6", "docker.io/ossrs/srs:v6.0"] == store.names()
    manifest = manifest_of(store, "ossrs/srs:6")
    assert store.blob(manifest["config"]["digest"]).read_bytes() == CONFIG
    (layer,) = manifest["layers"]
    assert store.blob(layer["digest"]).read_bytes() == LAYER
    assert layer["mediaType"].endswith(".tar")


def test_a_packed_layer_is_called_so(store: Store, tmp_path: Path) -> None:
    store.load(docker_archive(tmp_path / "srs.tar", "srs:6", layer=b"\x1f\x8bpacked"), "amd64")
    (layer,) = manifest_of(store, "srs:6")["layers"]
    assert layer["mediaType"].endswith(".tar+gzip")
    assert store.blob(layer["digest"]).read_bytes() == b"\x1f\x8bpacked"


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("annotation", ["io.containerd.image.name", "org.opencontainers.image.ref.name"])
def test_an_oci_archive_keeps_its_manifest(store: Store, tmp_path: Path, annotation: str, nested: bool) -> None:
    path = oci_archive(tmp_path / "srs.tar", {annotation: "docker.io/ossrs/srs:6"}, nested=nested)
    assert store.load(path, "amd64") == ["docker.io/ossrs/srs:6"]
    manifest = manifest_of(store, "ossrs/srs:6")
    assert store.blob(manifest["config"]["digest"]).read_bytes() == CONFIG


@pytest.mark.parametrize(
    "make",
    [
        docker_archive,
        lambda path: oci_archive(path, {"org.opencontainers.image.ref.name": "latest"}, nested=False),
        lambda path: oci_archive(path, {}, nested=True),
    ],
    ids=["docker without a name", "OCI with a tag only", "OCI without a name"],
)
def test_an_archive_without_a_name_is_refused(store: Store, tmp_path: Path, make: Any) -> None:
    with pytest.raises(ClusterError, match=r"srs\.tar names no image for amd64"):
        store.load(make(tmp_path / "srs.tar"), "amd64")


def test_an_image_for_another_machine_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="names no image for arm64"):
        store.load(oci_archive(tmp_path / "srs.tar", {"io.containerd.image.name": "srs:6"}, nested=True), "arm64")


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_what_is_no_archive_is_refused(store: Store, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "srs.tar"
    path.write_bytes(content)
    with pytest.raises(ClusterError, match=r"srs\.tar is no image archive"):
        store.load(path, "amd64")


def test_the_archive_that_was_given_last_has_the_name(store: Store, tmp_path: Path) -> None:
    one = docker_archive(tmp_path / "one.tar", "srs:6", layer=b"one")
    two = docker_archive(tmp_path / "two.tar", "srs:6", layer=b"two")
    for path, content in ((one, b"one"), (two, b"two"), (one, b"one")):
        store.load(path, "amd64")
        (layer,) = manifest_of(store, "srs:6")["layers"]
        assert store.blob(layer["digest"]).read_bytes() == content


@pytest.fixture
def url(store: Store, tmp_path: Path) -> Iterator[str]:
    store.load(docker_archive(tmp_path / "srs.tar", "ossrs/srs:6", "registry.example/srs:5"), "amd64")
    parsed = Name.parse("ossrs/srs:6")
    path = store.manifest(parsed.registry, parsed.repository, parsed.tag)
    assert path
    store.tag(Name("docker.io", "library/nginx", ANY_TAG), f"sha256:{path.name}")
    server = serve("127.0.0.1", 0, store)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def get(url: str) -> tuple[int, bytes, str]:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
            return answer.status, answer.read(), answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        return error.code, b"", ""


def test_a_pull_finds_manifest_and_blobs(url: str) -> None:
    assert get(f"{url}/v2/")[0] == 200
    status, content, kind = get(f"{url}/v2/ossrs/srs/manifests/6?ns=docker.io")
    assert (status, kind) == (200, MANIFEST)
    assert get(f"{url}/v2/ossrs/srs/manifests/{digest(content)}?ns=docker.io")[1] == content
    layer = json.loads(content)["layers"][0]["digest"]
    assert get(f"{url}/v2/ossrs/srs/blobs/{layer}?ns=docker.io")[1] == LAYER


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("srs/manifests/5?ns=registry.example", 200),
        ("srs/manifests/5?ns=docker.io", 404),
        ("ossrs/srs/manifests/7?ns=docker.io", 404),
        ("library/nginx/manifests/1.99?ns=docker.io", 200),
        ("no-such-image/manifests/1?ns=registry.invalid", 404),
        (f"ossrs/srs/blobs/sha256:{'0' * 64}", 404),
        ("ossrs/srs/blobs/sha256:..", 404),
        ("../../loaded/manifests/x", 404),
        ("ossrs/srs/tags/list", 404),
    ],
)
def test_only_what_is_there_is_found(url: str, path: str, status: int) -> None:
    assert get(f"{url}/v2/{path}")[0] == status
