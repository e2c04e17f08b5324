# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to one API server: plain JSON over one pool of connections, bounded retries, errors that a user can read."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError, Unreachable
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.kubeconfig import Connection
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.pool import connection_pool, plain
from ansible_collections.livestream.srs.plugins.module_utils._labels import OWNER

try:
    import urllib3
    from urllib3 import HTTPHeaderDict  # since 2.0
    from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError
except ImportError:  # Transport says so when a module needs it
    urllib3 = None  # type: ignore[assignment]

# Seconds. An API server that never answered is given up after FIRST_CONTACT; one that did, and is being restarted, gets longer.
CONNECT_TIMEOUT = 4.0
READ_TIMEOUT = 60.0
FIRST_CONTACT = 8.0
PATIENCE = 30.0
FIRST_DELAY = 0.2
LONGEST_DELAY = 5.0


@dataclass(frozen=True)
class Reply:
    """An answer of the API server."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as data; raises ValueError where it is not JSON."""
        return json.loads(self.body)


class Transport:
    """Sends requests to one API server; may be used from several threads at once.

    Its methods raise ApiError where the server refuses and Unreachable where it does not answer; both are SrsError, readable as they are.
    ``what`` says in messages what was tried: 'apply Deployment media/srs-edge-deployment'.
    """

    def __init__(self, connection: Connection, size: int) -> None:
        """``size`` is how many connections are kept. Raises SrsError where a library is missing or a certificate can't be used."""
        if urllib3 is None:
            raise SrsError(
                "The Python packages kubernetes (31 or newer) and urllib3 (2 or newer) are needed on the host that runs the module; "
                "install them: pip install 'kubernetes>=31' 'urllib3>=2'"
            )
        self.connection = connection
        self.warnings: list[str] = []  # what the server warned of, each once
        self.requests = 0  # how many were sent
        self._reached = False
        self._lost: Unreachable | None = None
        self._pool = connection_pool(connection, size)

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()

    def request(
        self,
        method: str,
        path: str,
        what: str,
        query: Mapping[str, str | None] | None = None,
        *,
        body: Any = None,
        content_type: str = "application/json",
    ) -> Reply:
        """One request, retried where that is safe. Of ``query``, what is None is left out; ``body`` is sent as JSON."""
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {} if data is None else {"Content-Type": content_type}
        started = time.monotonic()
        delay = FIRST_DELAY
        while True:
            if self._lost:
                raise self._lost  # another thread has been patient already
            failure: SrsError
            try:
                response = self._send(method, path, query, data, headers, READ_TIMEOUT if self._reached else FIRST_CONTACT)
            except (HTTPError, OSError) as error:
                failure = self._unreachable(what, error)
                # A POST whose connection broke may have been carried out.
                retry = (method != "POST" or _never_sent(error)) and not _is_final(error)
                wait = delay
            else:
                self._reached = True
                if response.status < 400:
                    self._note_warnings(response)
                    return Reply(response.status, response.data)
                refusal = failure = self._refusal(what, response.status, response.data)
                retry = refusal.is_passing and (method != "POST" or refusal.status == 429)
                wait = _retry_after(response.headers.get("Retry-After"), delay)
            if not retry or time.monotonic() + wait - started > (PATIENCE if self._reached else FIRST_CONTACT):
                if isinstance(failure, Unreachable):
                    self._lost = failure
                raise failure
            time.sleep(wait)
            delay = min(delay * 2, LONGEST_DELAY)

    def stream(self, path: str, what: str, query: Mapping[str, str | None], timeout: float) -> Any:
        """GET of an answer that comes line by line: the open response of urllib3, to be iterated over and closed.

        Not retried. ``timeout`` is how long to wait for the first and for each further part, in seconds. What breaks while it is read is
        raised as urllib3 raises it.
        """
        response = self._send("GET", path, query, None, {}, timeout, stream=True)
        if response.status == 200:
            return response
        with response:
            raise self._refusal(what, response.status, response.read())

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | None] | None,
        data: bytes | None,
        headers: Mapping[str, str],
        timeout: float,
        stream: bool = False,
    ) -> Any:
        given = {key: value for key, value in (query or {}).items() if value is not None}
        sent = HTTPHeaderDict({"Accept": "application/json", "User-Agent": OWNER, **headers})
        for name, value in self.connection.impersonate:
            sent.add(name, value)
        if authorization := self.connection.authorization():
            sent["Authorization"] = authorization
        self.requests += 1
        return self._pool.request(
            method,
            self.connection.host + path + (f"?{urlencode(given)}" if given else ""),
            body=data,
            headers=sent,
            timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT, timeout), read=timeout),
            retries=False,
            preload_content=not stream,
            redirect=False,
        )

    def _note_warnings(self, response: Any) -> None:
        for header in response.headers.getlist("Warning"):
            # RFC 7234: code, agent, quoted text; the API server sends 299 - "text".
            text = header.partition('"')[2].rpartition('"')[0].replace('\\"', '"')
            if text and text not in self.warnings:
                self.warnings.append(text)

    def _refusal(self, what: str, status: int, data: bytes) -> ApiError:
        try:
            body = json.loads(data)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            body = {"message": data[:300].decode(errors="replace")} if data else {}
        return ApiError(what, status, body, self.connection.source)

    def _unreachable(self, what: str, error: Exception) -> Unreachable:
        cause = _cause(error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unreachable(
                f"Can't {what}: the certificate of the API server {self.connection} is not trusted ({cause.verify_message}); "
                "give the right certificate-authority-data (or ca_cert), or the name that the certificate is for."
            )
        if isinstance(cause, ssl.SSLError):
            said = getattr(cause, "reason", None) or cause
            return Unreachable(f"Can't {what}: TLS with the API server {self.connection} failed ({said}); check address and certificates.")
        remedy = "check that address, and that it can be reached from here"
        return Unreachable(f"Can't {what}: the API server {self.connection} does not answer ({plain(cause)}); {remedy}.")


def _retry_after(header: str | None, delay: float) -> float:
    try:
        return max(float(header or 0), delay)
    except ValueError:
        return delay


def _cause(error: BaseException) -> BaseException:
    """The innermost reason of an error that urllib3 has wrapped."""
    while True:
        inner: BaseException | None = error.reason if isinstance(error, MaxRetryError) else None
        inner = inner or error.__cause__ or (error.__context__ if isinstance(error, HTTPError) else None)
        inner = inner or next((part for part in error.args if isinstance(part, Exception)), None)
        if inner is None or inner is error:
            return error
        error = inner


def _never_sent(error: Exception) -> bool:
    return isinstance(error, NewConnectionError) or isinstance(_cause(error), ConnectionRefusedError)


def _is_final(error: Exception) -> bool:
    """Errors of TLS do not go away by trying again, except connections cut during the handshake."""
    cause = _cause(error)
    return isinstance(cause, ssl.SSLError) and not isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
