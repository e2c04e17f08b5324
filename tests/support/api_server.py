# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server on loopback, with SRS servers behind its pod proxy, for whatever runs in processes of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ansible_collections.livestream.srs.tests.support.fake_api import Api, Request
from ansible_collections.livestream.srs.tests.support.served import Served
from ansible_collections.livestream.srs.tests.support.srs_server import PROXY, Srs


class ApiServer(Served, Api):
    """Serves until the end of the ``with`` block; its ``url`` is then known."""

    def __init__(self, pods: Mapping[str, Srs]) -> None:
        super().__init__()
        self.pods = pods
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": self}))
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """The status and the body of a reply."""
        with self.lock:
            if proxied := PROXY.match(target):
                return self.pods[proxied[1]].answer(method, proxied[2], {name.lower(): value for name, value in headers.items()})
            request = Request(method, target, body, headers)
            self.log.append(request)
            status, content = next((given for fault in self.faults if (given := fault(request))), None) or self.serve(request)
            return status, json.dumps(content).encode()


class _Handler(BaseHTTPRequestHandler):
    api: ApiServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, content = self.api.answer(self.command, self.path, body, self.headers)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_PATCH = do_DELETE = do_POST = do_PUT = do_GET

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - so it is named in the standard library
        pass
