# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Getting an image from a registry, where one can be reached: the Docker registry protocol, anonymously."""

from __future__ import annotations

import io
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from typing import IO

from .base import ClusterError, say
from .registry import INDEXES, MANIFEST, Name, Store, for_architecture

ACCEPTED = ", ".join([*INDEXES, MANIFEST, "application/vnd.docker.distribution.manifest.v2+json"])
HOSTS = {"docker.io": "registry-1.docker.io"}


def challenge(header: str) -> dict[str, str]:
    """The fields of a registry's `WWW-Authenticate: Bearer ...`."""
    return dict(re.findall(r'(\w+)="([^"]*)"', header)) if header.lower().startswith("bearer ") else {}


class Remote:
    def __init__(self, name: Name, scheme: str = "https") -> None:
        self.name = name
        self.base = f"{scheme}://{HOSTS.get(name.registry, name.registry)}/v2/{name.repository}"
        self._token = ""

    def pull(self, store: Store, architecture: str) -> None:
        try:
            self._pull(store, architecture)
        except OSError as error:
            raise ClusterError(f"pulling {self.name} from {self.base} failed: {error}") from error

    def _pull(self, store: Store, architecture: str) -> None:
        content = self._manifest(self.name.tag)
        if "manifests" in json.loads(content):
            entry = for_architecture(json.loads(content), architecture)
            if entry is None:
                raise ClusterError(f"{self.name} is not made for linux/{architecture}")
            content = self._manifest(entry["digest"])
        manifest = json.loads(content)
        for descriptor in [manifest["config"], *manifest["layers"]]:
            if not store.blob(descriptor["digest"]).is_file():
                say(f"{self.name}: {descriptor['size'] / 1e6:.1f} MB")
                with self._get(f"blobs/{descriptor['digest']}") as blob:
                    digest, _size = store.put(blob)
                if digest != descriptor["digest"]:
                    raise ClusterError(f"{self.name}: the registry sent something else than {descriptor['digest']}")
        # As it came, byte by byte: its digest is what the image is known by.
        digest, _size = store.put(io.BytesIO(content))
        store.tag(self.name, digest)

    def _manifest(self, reference: str) -> bytes:
        with self._get(f"manifests/{reference}") as answer:
            return answer.read()

    def _get(self, path: str) -> IO[bytes]:
        try:
            return self._ask(path)
        except urllib.error.HTTPError as error:
            asked = challenge(error.headers.get("WWW-Authenticate", ""))
            if error.code != 401 or "realm" not in asked or self._token:
                raise
            query = urllib.parse.urlencode({key: value for key, value in asked.items() if key in ("service", "scope")})
            with urllib.request.urlopen(f"{asked['realm']}?{query}", timeout=30) as answer:
                granted = json.load(answer)
            self._token = granted.get("token") or granted["access_token"]
            return self._ask(path)

    def _ask(self, path: str) -> IO[bytes]:
        request = urllib.request.Request(f"{self.base}/{path}", headers={"Accept": ACCEPTED})
        if self._token:
            # Not for the server to which a blob's request is redirected: that one has other credentials in its URL.
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        answer: IO[bytes] = urllib.request.urlopen(request, timeout=60)
        return answer
