# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image is put together from."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from localcluster import debian, images
from localcluster.base import ClusterError
from localcluster.layer import Layer, merged


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libc.so.6"),
        ("/lib64/ld-linux-x86-64.so.2", "/usr/lib64/ld-linux-x86-64.so.2"),
        ("/bin/busybox", "/usr/bin/busybox"),
        ("/usr/bin/env", "/usr/bin/env"),
        ("/lib", "/lib"),
        ("/library/x", "/library/x"),
    ],
)
def test_files_lie_in_usr(path: str, place: str) -> None:
    assert merged(path) == place


def written(layer: Layer) -> tarfile.TarFile:
    file = io.BytesIO()
    layer.write(file)
    file.seek(0)
    return tarfile.open(fileobj=file)


def test_a_layer_has_what_was_put_last_and_folders_first() -> None:
    layer = (
        Layer()
        .file("/a/b", "old")
        .folder("/a", 0o700, owner=101)
        .file("/a/b", "new", 0o755)
        .link("/a/c", "b")
        .file("/d/x", "gone")
        .remove("/d")
    )
    tar = written(layer)
    assert tar.getnames() == ["a", "a/b", "a/c"]
    content = tar.extractfile("a/b")
    assert content
    assert content.read() == b"new"
    assert (tar.getmember("a").uid, tar.getmember("a").mode) == (101, 0o700)
    assert tar.getmember("a/c").linkname == "b"


def test_the_same_files_make_the_same_layer() -> None:
    one, two = io.BytesIO(), io.BytesIO()
    Layer().base().write(one)
    Layer().base().write(two)
    assert one.getvalue() == two.getvalue()


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs dpkg-deb")
def test_a_package_becomes_files(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for folder in ("DEBIAN", "lib/multi", "usr/share/doc/x"):
        (tree / folder).mkdir(parents=True)
    (tree / "DEBIAN/control").write_text("Package: x\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.com>\nDescription: x\n")
    (tree / "lib/multi/liba.so").write_text("a library")
    (tree / "lib/multi/libb.so").hardlink_to(tree / "lib/multi/liba.so")
    (tree / "lib/multi/libc.so").symlink_to("liba.so")
    (tree / "usr/share/doc/x/copyright").write_text("long")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, tmp_path / "x.deb"], check=True, capture_output=True)

    tar = written(Layer().base().deb(tmp_path / "x.deb"))
    assert tar.getmember("lib").issym()
    for name in ("liba.so", "libb.so"):
        content = tar.extractfile(f"usr/lib/multi/{name}")
        assert content
        assert content.read() == b"a library"
    assert tar.getmember("usr/lib/multi/libc.so").linkname == "liba.so"
    assert not [name for name in tar.getnames() if "copyright" in name]


DEPENDS = """\
nginx
  Depends: libc6
 |Depends: libssl3t64
  Depends: libssl3
  PreDepends: libcrypt1
  Depends: iproute2
  Depends: <libvirtual>
    libreal
  Depends: nginx-common
  Recommends: libfancy
  Depends: zlib1g
"""


def test_libraries_and_own_parts_come_with_a_package() -> None:
    assert debian.depends_on(DEPENDS) == ["libc6", "libssl3t64", "libssl3", "libcrypt1", "nginx-common", "zlib1g"]


@pytest.mark.parametrize("library", ["libssl.so.3", "libpulsecommon-16.1.so"], ids=["version behind", "version within"])
def test_folders_of_libraries_are_found_however_they_write_their_version(tmp_path: Path, library: str) -> None:
    own = tmp_path / "usr/lib/x86_64-linux-gnu/own"
    own.mkdir(parents=True)
    (own / library).touch()
    assert debian.libraries(tmp_path).split(":") == [str(own.parent), str(own)]


@pytest.fixture
def kept(cache: Path) -> Path:
    folder = cache / "images"
    folder.mkdir(parents=True)
    for name in ("srs-6.tar", "srs-5.tar.gz", "notes.txt"):
        (folder / name).touch()
    return folder


def test_archives_are_those_that_are_named(kept: Path) -> None:
    one, two = kept / "srs-6.tar", kept / "srs-5.tar.gz"
    assert images.archives({}) == []
    assert images.archives({"SRS_IMAGE_ARCHIVE": str(one)}) == [one]
    assert images.archives({"SRS_IMAGE_ARCHIVE": f"{one}:{two}"}) == [one, two] == images.archives({"SRS_IMAGE_ARCHIVE": f"{one},{two}"})
    assert images.archives({"SRS_IMAGE_ARCHIVE": "auto"}) == [two, one]
    with pytest.raises(ClusterError, match=r"SRS_IMAGE_ARCHIVE names /nowhere/srs\.tar, and there is no such file"):
        images.archives({"SRS_IMAGE_ARCHIVE": f"{one}:/nowhere/srs.tar"})


def test_what_helps_against_a_missing_image_is_said(kept: Path) -> None:
    assert images.obstacle({"SRS_IMAGE_ARCHIVE": "auto"}) is None
    assert "SRS_IMAGE_ARCHIVE=auto takes srs-5.tar.gz, srs-6.tar" in (images.obstacle({}) or "")
    shutil.rmtree(kept)
    assert "pull-image ossrs/srs:v7.0.162, or SRS_IMAGE_ARCHIVE=FILE" in (images.obstacle({"SRS_IMAGE_ARCHIVE": "auto"}) or "")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], "docker.io/ossrs/srs:6"),
        (["docker.io/ossrs/srs:encoder", "docker.io/ossrs/srs-proxy:7.0.18"], "docker.io/ossrs/srs:6"),
        (["docker.io/ossrs/srs:6", "docker.io/ossrs/srs:v6.0.191"], "docker.io/ossrs/srs:6"),
        (["docker.io/ossrs/srs:v6.0.99", "docker.io/ossrs/srs:v6.0.157", "docker.io/ossrs/srs:v7.0.18"], "docker.io/ossrs/srs:v6.0.157"),
        (["docker.io/ossrs/srs:5", "docker.io/ossrs/srs:v7.0.18"], "docker.io/ossrs/srs:v7.0.18"),
    ],
)
def test_the_server_that_is_there(names: list[str], expected: str) -> None:
    assert images.server_for("docker.io/ossrs/srs:6", names) == expected
