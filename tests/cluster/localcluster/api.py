# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server that a kubeconfig of ours names, over the standard library."""

from __future__ import annotations

import base64
import json
import re
import ssl
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

Object = dict[str, Any]


def fields(kubeconfig: str) -> dict[str, str]:
    """The plain values of a kubeconfig for one cluster and one user, as this tool and kind write it."""
    return dict(re.findall(r"^[ -]*([a-z-]+): (\S+)$", kubeconfig, re.MULTILINE))


class Api:
    def __init__(self, kubeconfig: Path) -> None:
        known = fields(kubeconfig.read_text())
        self.server = known["server"]
        ca, certificate, key = (
            base64.b64decode(known[name]).decode() for name in ("certificate-authority-data", "client-certificate-data", "client-key-data")
        )
        tls = ssl.create_default_context(cadata=ca)
        # The library takes a client's key from a file only.
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(certificate + key)
            file.flush()
            tls.load_cert_chain(file.name)
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls)).open

    def call(self, method: str, path: str, body: Object | None = None, timeout: float = 10) -> BinaryIO:
        """One request. A broken connection and an answer that is no success are both an OSError (urllib's)."""
        content = "application/merge-patch+json" if method == "PATCH" else "application/json"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.server + path, data, {"Content-Type": content}, method=method)
        answer: BinaryIO = self._open(request, timeout=timeout)
        return answer

    def ready(self) -> bool:
        with self.call("GET", "/readyz", timeout=5) as answer:
            return answer.read() == b"ok"

    def get(self, path: str) -> Object:
        with self.call("GET", path) as answer:
            found: Object = json.load(answer)
            return found

    def items(self, path: str) -> list[Object]:
        found: list[Object] = self.get(path)["items"]
        return found

    def exists(self, path: str) -> bool:
        try:
            self.call("GET", path).close()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return False
            raise
        return True

    def create(self, path: str, body: Object) -> None:
        """Create the object unless it is there."""
        try:
            self.call("POST", path, body).close()
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise

    def patch(self, path: str, body: Object) -> None:
        self.call("PATCH", path, body).close()

    def delete(self, path: str) -> None:
        self.call("DELETE", path).close()

    def watch(self, path: str, version: str, seconds: int = 300) -> Iterator[Object]:
        """The events after `version`, until the server ends the watch."""
        query = f"{path}?watch=1&resourceVersion={version}&timeoutSeconds={seconds}"
        with self.call("GET", query, timeout=seconds + 30) as answer:
            for line in answer:
                yield json.loads(line)
