# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container images of a node: pause, busybox and nginx from Debian's packages, and SRS from an archive that the user gives."""

from __future__ import annotations

import hashlib
import platform
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
    if archives(environ) or any("/srs:" in name for name in Store().names()):
        return None
    help_ = "python3 tests/cluster pull-image ossrs/srs:6, or SRS_IMAGE_ARCHIVE=FILE with what `docker save ossrs/srs:6` writes"
    if waiting := archives({"SRS_IMAGE_ARCHIVE": "auto"}):
        help_ = f"SRS_IMAGE_ARCHIVE=auto takes {', '.join(path.name for path in waiting)} of {waiting[0].parent}"
    return f"there is no image of SRS: {help_}"


def load(paths: Iterable[Path]) -> list[str]:
    """Keep the images of the archives; their names."""
    return [name for path in paths for name in Store().load(path, architecture())]


def ensure() -> None:
    """Make the images that come from Debian's packages, unless that was done by this very code."""
    store = Store()
    code = b"".join(Path(module).read_bytes() for module in (__file__, layer.__file__))
    done = store.folder / f"made-by-{hashlib.sha256(code).hexdigest()[:12]}"
    if done.is_file():
        return
    say("making the images of nginx, busybox and pause from Debian's packages, once")
    system = debian.ensure(["busybox"], complete=True)
    _keep(store, PAUSE, shell(system), {"Entrypoint": ["sleep", "infinity"]})
    _keep(store, BUSYBOX, shell(system), {"Cmd": ["sh"]})
    nginx = {"Entrypoint": ["/docker-entrypoint.sh"], "Cmd": ["nginx", "-g", "daemon off;"], "StopSignal": "SIGQUIT"}
    _keep(store, NGINX, like_official_nginx(shell(system), debian.ensure(["nginx"], complete=True)), nginx)
    done.touch()


def shell(packages: Iterable[Path]) -> Layer:
    """A small system with all the programs of busybox."""
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


def _keep(store: Store, name: Name, files: Layer, config: dict[str, Any]) -> None:
    with tempfile.TemporaryFile() as tar:
        files.write(tar)
        tar.seek(0)
        written = store.describe(LAYER, tar)
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    image = {
        "architecture": architecture(),
        "os": "linux",
        "config": {"Env": [f"PATH={path}"], **config},
        "rootfs": {"type": "layers", "diff_ids": [written["digest"]]},
    }
    digest, size = store.put_json(image)
    store.tag(name, store.put_image({"mediaType": CONFIG, "digest": digest, "size": size}, [written]))
