# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to one API server: plain JSON over one pool of connections, bounded retries, errors that a user can read.

Patience is for the whole run of a module and not for each request: once one request has been tried for ``PATIENCE`` seconds in vain,
no other waits any more. From then on everything is tried once, since it may be that only one kind of object is refused, by a webhook for
example. Where nothing was heard of the server in all that time, it is lost, and nothing is tried any more. So a run ends within some three
times ``PATIENCE``, however many objects there are.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError, Unreachable, not_kubernetes
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.kubeconfig import Connection
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.pool import connection_pool, plain
from ansible_collections.livestream.srs.plugins.module_utils._labels import OWNER, RUN_FOLDER

try:
    import urllib3
    from urllib3 import HTTPHeaderDict  # since 2.0
    from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, ReadTimeoutError
except ImportError:  # Transport says so when a module needs it
    urllib3 = None  # type: ignore[assignment]

# Seconds. An API server that never answered is given up after FIRST_CONTACT; one that did, and is being restarted, gets longer.
CONNECT_TIMEOUT = 4.0
READ_TIMEOUT = 60.0
FIRST_CONTACT = 8.0
PATIENCE = 30.0
FIRST_DELAY = 0.2
LONGEST_DELAY = 5.0
LONGEST_RETRY_AFTER = 10.0  # however long a server asks for, it is tried again within PATIENCE
# Seconds for a whole answer, however its parts drip in.
LONGEST_READ = 300.0
# Bytes. All pods of a very large namespace are some 100 MB.
LONGEST_ANSWER = 256 * 1024 * 1024
LONGEST_EVENT = 16 * 1024 * 1024
PART = 1024 * 1024


@dataclass(frozen=True)
class Reply:
    """An answer of the API server."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as data; raises ValueError or RecursionError where it is not JSON."""
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
        self._reached = _is_remembered(connection.host)
        self._heard = -math.inf  # when the last answer came, by the monotonic clock
        self._patient = True
        self._lost: Unreachable | None = None
        self._size = size
        self._pool = connection_pool(connection, size)
        self._renewal = threading.Lock()

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
        """One request, retried where that is safe. Of ``query``, what is None is left out; ``body`` is sent as JSON.

        Credentials that the server no longer takes are read again, once.
        """
        data = None if body is None else json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")
        headers = {} if data is None else {"Content-Type": content_type}
        started = time.monotonic()
        delay = FIRST_DELAY
        renewed = False
        while True:
            if self._lost:
                raise self._lost  # another thread has been patient already
            failure: SrsError
            authorization = self.connection.authorization()
            try:
                response = self._send(method, path, query, data, headers, self._time_to_read(started), authorization)
                reply = Reply(response.status, self._body(response, what))
            except (HTTPError, OSError) as error:
                failure = self._unreachable(what, error)
                # Something took the connection, so this is no mistyped address.
                self._reached = self._reached or isinstance(error, ReadTimeoutError)
                # A POST whose connection broke may have been carried out.
                retry = (method != "POST" or _never_sent(error)) and not _is_final(error)
                wait = delay
            else:
                self._note_answer()
                if reply.status < 300:
                    self._note_warnings(response)
                    return reply
                if reply.status == 401 and not renewed and self._renew(authorization):
                    renewed = True
                    continue
                failure = self._refusal(what, reply)
                retry = isinstance(failure, ApiError) and failure.is_passing and (method != "POST" or failure.status == 429)
                wait = _retry_after(response.headers.get("Retry-After"), delay)
            if not retry or not self._patient or time.monotonic() + wait - started > self._patience:
                raise self._given_up(failure, retry, wait)
            time.sleep(wait)
            delay = min(delay * 2, LONGEST_DELAY)

    def stream(self, path: str, what: str, query: Mapping[str, str | None], timeout: float) -> Any:
        """GET of an answer that comes line by line: the open response of urllib3, to be read by ``lines`` and closed.

        Not retried. ``timeout`` is how long to wait for the first and for each further part, in seconds. What breaks while it is read is
        raised as urllib3 raises it.
        """
        response = self._send("GET", path, query, None, {}, timeout, self.connection.authorization())
        if response.status == 200:
            return response
        with response:
            raise self._refusal(what, Reply(response.status, self._body(response, what)))

    @property
    def _patience(self) -> float:
        return PATIENCE if self._reached else FIRST_CONTACT

    def _time_to_read(self, started: float) -> float:
        """How long to wait for the next part of an answer, in seconds: a server that has answered before may take its time."""
        return READ_TIMEOUT if self._heard > -math.inf else max(started + self._patience - time.monotonic(), 1.0)

    def _note_answer(self) -> None:
        if self._heard == -math.inf:
            _remember(self.connection.host)
        self._reached = True
        self._heard = time.monotonic()

    def _given_up(self, failure: SrsError, retry: bool, wait: float) -> SrsError:
        """The error of a request that has failed for good, and what follows from it for the others."""
        if isinstance(failure, Unreachable):
            if time.monotonic() + wait - self._heard > self._patience:
                self._lost = failure
                return failure
            failure = SrsError(failure.message)  # others have been answered meanwhile
        if retry:
            self._patient = False
        return failure

    def _renew(self, refused: str | None) -> bool:
        """Whether there are other credentials by now than those that were refused."""
        with self._renewal:  # one thread asks for new ones, the others take them
            if self.connection.authorization() != refused:
                return True
            certificate = self.connection.cert_file
            self.connection.renew()
            if self.connection.cert_file != certificate:
                self._pool = connection_pool(self.connection, self._size)
                return True
            return self.connection.authorization() != refused

    def lines(self, response: Any, what: str) -> Iterator[bytes]:
        """The lines of an open response as they come; raises SrsError where one is longer than any event of an API server."""
        rest = b""
        for part in response.stream():
            *lines, rest = (rest + part).split(b"\n")
            yield from lines
            if len(rest) > LONGEST_EVENT:
                response.close()
                raise not_kubernetes(what, f"an event of more than {LONGEST_EVENT // 1024**2} MiB", str(self.connection))
        yield rest

    def _body(self, response: Any, what: str) -> bytes:
        """The whole body; raises SrsError where it is longer than any answer of an API server, or takes longer."""
        part_of = getattr(response, "read1", response.read)  # takes what there is; urllib3 has it since 2.1
        end = time.monotonic() + LONGEST_READ
        parts, length = [], 0
        while part := part_of(PART):
            parts.append(part)
            length += len(part)
            if length > LONGEST_ANSWER:
                response.close()
                raise not_kubernetes(what, f"more than {LONGEST_ANSWER // 1024**2} MiB", str(self.connection))
            if time.monotonic() > end:
                response.close()
                raise not_kubernetes(what, f"{LONGEST_READ:g} s of parts without end", str(self.connection))
        return b"".join(parts)

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | None] | None,
        data: bytes | None,
        headers: Mapping[str, str],
        timeout: float,
        authorization: str | None,
    ) -> Any:
        """The response, whose body is yet to be read."""
        given = {key: value for key, value in (query or {}).items() if value is not None}
        sent = HTTPHeaderDict({"Accept": "application/json", "User-Agent": OWNER, **headers})
        for name, value in self.connection.impersonate:
            sent.add(name, value)
        if authorization:
            sent["Authorization"] = authorization
        self.requests += 1
        return self._pool.request(
            method,
            self.connection.host + path + (f"?{urlencode(given)}" if given else ""),
            body=data,
            headers=sent,
            timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT, timeout), read=timeout),
            retries=False,
            preload_content=False,
            redirect=False,
        )

    def _note_warnings(self, response: Any) -> None:
        for header in response.headers.getlist("Warning"):
            # RFC 7234: code, agent, quoted text; the API server sends 299 - "text".
            text = header.partition('"')[2].rpartition('"')[0].replace('\\"', '"')
            if text and text not in self.warnings:
                self.warnings.append(text)

    def _refusal(self, what: str, reply: Reply) -> SrsError:
        if reply.status < 400:
            return not_kubernetes(what, f"HTTP status {reply.status}", str(self.connection))
        try:
            body = reply.json()
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            body = {"message": reply.body[:300].decode(errors="replace")} if reply.body else {}
        return ApiError(what, reply.status, body, self.connection.source)

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
    """How long to wait before the next try: as the server asks, in seconds or by a date (RFC 9110, 10.2.3), but ``delay`` at least."""
    try:
        asked = float(header or 0)
    except ValueError:
        asked = _seconds_until(header or "")
    return min(max(delay, asked), LONGEST_RETRY_AFTER) if math.isfinite(asked) else delay


def _seconds_until(date: str) -> float:
    try:
        then = parsedate_to_datetime(date)
        return (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() - time.time()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0


def _mark(host: str) -> Path | None:
    """The file whose presence tells the tasks of a run that this server has answered one of them."""
    folder = os.environ.get(RUN_FOLDER)
    return Path(folder, f"livestream.srs-{hashlib.sha256(host.encode()).hexdigest()[:16]}") if folder else None


def _is_remembered(host: str) -> bool:
    mark = _mark(host)
    return bool(mark and mark.exists())


def _remember(host: str) -> None:
    mark = _mark(host)
    try:
        if mark:
            mark.touch()
    except OSError:  # it only saves patience
        return


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
