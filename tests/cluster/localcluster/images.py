# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container images of a node: pause, busybox, nginx and an encoder from Debian's packages, SRS from an archive that the user gives."""

from __future__ import annotations

import hashlib
import platform
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from . import debian, layer
from .base import ClusterError, cache, say
from .layer import Layer
from .registry import ANY_TAG, CONFIG, LAYER, Name, Store

PAUSE = Name("livestream.srs", "pause", "1")
BUSYBOX = Name("docker.io", "library/busybox", ANY_TAG)
NGINX = Name("docker.io", "library/nginx", ANY_TAG)
ENCODER = Name("docker.io", "ossrs/srs", "encoder")
REDIS = Name("docker.io", "library/redis", ANY_TAG)

SERVER = re.compile(r"/srs:v?([3-8])(?:\.0\.(\d+))?\b")
"""In the name of an image: SRS itself, its major version, and its revision if it tells one."""

PROXY = re.compile(r"/srs-proxy\b")
"""In the name of an image: the proxy of SRS 7."""

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
ARCHIVE_ENDINGS = (".tar", ".tar.gz", ".tgz")

NGINX_CONF = """\
user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log /var/log/nginx/access.log;
    sendfile on;
    keepalive_timeout 65;
    include /etc/nginx/conf.d/*.conf;
}
"""
NGINX_DEFAULT_CONF = """\
server {
    listen 80;
    server_name localhost;

    location / {
        root /usr/share/nginx/html;
        index index.html index.htm;
    }
}
"""

ENCODER_HOME = "/usr/local/srs"
SOURCES = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25", "-f", "lavfi", "-i", "sine=frequency=440")
CODECS = ("-c:v", "libx264", "-profile:v", "main", "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac")
UNUSED_BY_AN_ENCODER = re.compile(r"/libLLVM|/dri/|/icons/")
"""What draws on screens: a third of all that ffmpeg's package brings with it, and loaded only when something is drawn."""


def architecture() -> str:
    """This machine's, in the words of images."""
    return ARCHITECTURES.get(platform.machine(), platform.machine())


def archives(environ: Mapping[str, str]) -> list[Path]:
    """The archives that SRS_IMAGE_ARCHIVE names: paths separated by `:` or `,`, or `auto` for those in the cache folder."""
    given = environ.get("SRS_IMAGE_ARCHIVE", "").strip()
    if given == "auto":
        return sorted(path for path in (cache() / "images").glob("*") if path.name.endswith(ARCHIVE_ENDINGS))
    paths = [Path(path).expanduser() for path in given.replace(",", ":").split(":") if path]
    for path in paths:
        if not path.is_file():
            raise ClusterError(f"SRS_IMAGE_ARCHIVE names {path}, and there is no such file")
    return paths


def obstacle(environ: Mapping[str, str]) -> str | None:
    """Why no SRS can run on a node made here, and what would help."""
    if archives(environ) or any(SERVER.search(name) for name in Store().names()):
        return None
    help_ = (
        "python3 tests/cluster pull-image ossrs/srs:v7.0.162, or SRS_IMAGE_ARCHIVE=FILE with what `docker save ossrs/srs:v7.0.162` writes"
    )
    if waiting := archives({"SRS_IMAGE_ARCHIVE": "auto"}):
        help_ = f"SRS_IMAGE_ARCHIVE=auto takes {', '.join(path.name for path in waiting)} of {waiting[0].parent}"
    return f"there is no image of SRS: {help_}"


def server_for(wanted: str, names: Iterable[str]) -> str:
    """Of these images the one to deploy where ``wanted`` would be: itself, else the newest SRS of its major version, else the newest."""
    found = {name: match for name in names if (match := SERVER.search(name))}
    if wanted in found or not found:
        return wanted
    major = match[1] if (match := SERVER.search(wanted)) else ""
    return max(found, key=lambda name: (found[name][1] == major, int(found[name][1]), int(found[name][2] or 0), name))


def load(paths: Iterable[Path]) -> list[str]:
    """Keep the images of the archives; their names."""
    return [name for path in paths for name in Store().load(path, architecture())]


def ensure() -> None:
    """Make the images that every node needs."""
    store = Store()
    if done := _made(store, "made-by"):
        say("making the images of nginx, busybox and pause from Debian's packages, once")
        system = debian.ensure(["busybox"], complete=True)
        _keep(store, PAUSE, shell(system), {"Entrypoint": ["sleep", "infinity"]})
        _keep(store, BUSYBOX, shell(system), {"Cmd": ["sh"]})
        nginx = {"Entrypoint": ["/docker-entrypoint.sh"], "Cmd": ["nginx", "-g", "daemon off;"], "StopSignal": "SIGQUIT"}
        _keep(store, NGINX, like_official_nginx(shell(system), debian.ensure(["nginx", "libnginx-mod-http-js"], complete=True)), nginx)
        done.touch()


def ensure_encoder() -> None:
    """Make what stands for SRS's image of an encoder: ffmpeg, and a clip to publish where that one has its own."""
    store = Store()
    if done := _made(store, "encoder-made-by"):
        say("making the image of an encoder from Debian's ffmpeg, once")
        system, programs = (debian.ensure([name], complete=True) for name in ("busybox", "ffmpeg"))
        with tempfile.TemporaryDirectory() as folder:
            clip = Path(folder) / "source.flv"
            subprocess.run([ffmpeg() / "ffmpeg", "-loglevel", "error", *SOURCES, "-t", "60", *CODECS, clip], check=True)
            files = like_official_encoder(shell(system), programs, clip.read_bytes())
        _keep(store, ENCODER, files, {"WorkingDir": ENCODER_HOME}, LD_LIBRARY_PATH=":".join(files.library_folders()))
        done.touch()


def ensure_redis() -> None:
    """Make redis, which several proxies of SRS 7 share their origins by."""
    store = Store()
    if done := _made(store, "redis-made-by"):
        say("making the image of redis from Debian's packages, once")
        files = shell(debian.ensure(["busybox", "redis-server", "redis-tools"], complete=True))
        _keep(store, REDIS, files, {"Cmd": ["redis-server", "--protected-mode", "no"]})
        done.touch()


def ffmpeg() -> Path:
    """A folder with programs of ffmpeg for this machine, which are not installed."""
    return debian.wrapped(debian.tree("ffmpeg", ["ffmpeg"]), ["ffmpeg", "ffprobe"])


def _made(store: Store, mark: str) -> Path | None:
    """The file that tells that this very code has made the images, if it is not there."""
    code = b"".join(Path(module).read_bytes() for module in (__file__, layer.__file__))
    done = store.folder / f"{mark}-{hashlib.sha256(code).hexdigest()[:12]}"
    return None if done.is_file() else done


def shell(packages: Iterable[Path]) -> Layer:
    """A small system with all the programs of busybox, which must be among the packages."""
    program = "/usr/bin/busybox"
    files = Layer().base()
    for package in packages:
        files.deb(package)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "busybox"
        copy.write_bytes(files.content(program))
        copy.chmod(0o755)
        names = set(subprocess.run([copy, "--list"], capture_output=True, text=True, check=True).stdout.split())
    for name in names - {"busybox"}:
        files.link(f"/usr/bin/{name}", program)
    return files


def like_official_nginx(files: Layer, packages: Iterable[Path]) -> Layer:
    """Debian's nginx with the configuration, the paths and the user of the image `nginx`."""
    for package in packages:
        files.deb(package)
    types = files.content("/etc/nginx/mime.types")
    files.remove("/etc/nginx").folder("/etc/nginx").folder("/etc/nginx/conf.d").file("/etc/nginx/mime.types", types)
    files.file("/etc/nginx/nginx.conf", NGINX_CONF).file("/etc/nginx/conf.d/default.conf", NGINX_DEFAULT_CONF)
    files.file("/docker-entrypoint.sh", '#!/bin/sh\nexec "$@"\n', 0o755)
    # Debian's program keeps temporary files in /var/lib/nginx, the official one in /var/cache/nginx: there a volume may be mounted.
    files.folder("/var/cache/nginx", owner=101).remove("/var/lib/nginx").link("/var/lib/nginx", "../cache/nginx")
    files.remove("/var/log/nginx").folder("/var/log/nginx", owner=101)
    return files.link("/var/log/nginx/access.log", "/dev/stdout").link("/var/log/nginx/error.log", "/dev/stderr")


def like_official_encoder(files: Layer, packages: Iterable[Path], clip: bytes) -> Layer:
    """Debian's ffmpeg, with a clip at the path that SRS's encoder image has one."""
    for package in packages:
        files.deb(package)
    files.discard(UNUSED_BY_AN_ENCODER)
    return files.folder(ENCODER_HOME).folder(f"{ENCODER_HOME}/doc").file(f"{ENCODER_HOME}/doc/source.flv", clip)


def _keep(store: Store, name: Name, files: Layer, config: dict[str, Any], **environ: str) -> None:
    with tempfile.TemporaryFile() as tar:
        files.write(tar)
        tar.seek(0)
        written = store.describe(LAYER, tar)
    environ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    image = {
        "architecture": architecture(),
        "os": "linux",
        "config": {"Env": [f"{name}={value}" for name, value in environ.items()], **config},
        "rootfs": {"type": "layers", "diff_ids": [written["digest"]]},
    }
    digest, size = store.put_json(image)
    store.tag(name, store.put_image({"mediaType": CONFIG, "digest": digest, "size": size}, [written]))
