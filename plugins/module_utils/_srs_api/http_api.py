# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP API of SRS, of many servers at once. A server that does not answer costs the others nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._checked import shown
from ansible_collections.livestream.srs.plugins.module_utils._network.address import Address
from ansible_collections.livestream.srs.plugins.module_utils._network.at_once import MOST, PARALLEL, Progress, at_once
from ansible_collections.livestream.srs.plugins.module_utils._network.connection import WEIGHT, Connection
from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer
from ansible_collections.livestream.srs.plugins.module_utils._network.resolver import Resolver
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoint
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.session import Session
from ansible_collections.livestream.srs.plugins.module_utils._text import whole_number

# With so many servers at once the API server has enough to do; a server asked directly costs the others nothing.
PARALLEL_BY_API_SERVER = 64
# asyncio keeps 256 KiB for each TLS connection.
MOST_BY_TLS = 256

# SRS gives ten rows unless asked for more, and no total; this is more than one server can have.
PAGE = 100_000
MAX_PAGES = 10

# So much of what somebody says is told.
SAID = 500

# What JSON takes in memory at least, in bytes: each value, and each object.
VALUE, OBJECT = 64, 256

# Where each list or record stands in its reply. SRS answers any unknown path with code 0 as well, so only the field tells.
PATHS: dict[str, tuple[str, str, type]] = {
    "summaries": ("/api/v1/summaries", "data", dict),
    "vhosts": ("/api/v1/vhosts/", "vhosts", list),
    "streams": ("/api/v1/streams/", "streams", list),
    "clients": ("/api/v1/clients/", "clients", list),
}


class ErrorCode(NoAnswer):
    """SRS answered that it can't."""

    def __init__(self, path: str, code: Any) -> None:
        super().__init__("srs_error", f"{path} answered with the SRS error code {shown(code)}")
        self.code = code


@dataclass
class Answer:
    """What a server said, by the keys of ``PATHS``; ``error`` says why the rest is missing."""

    replies: dict[str, Any] = field(default_factory=dict)
    error: NoAnswer | None = None


async def read_all(endpoints: Sequence[Endpoint], limit: float, what: Iterable[str] = tuple(PATHS)) -> dict[str, Answer]:
    """What all servers say of these keys of ``PATHS``, by name; ``limit`` as for ``ask_all``."""
    answers = {endpoint.name: Answer() for endpoint in endpoints}
    keys = tuple(what)

    async def dialogue(api: Api) -> None:
        answers[api.endpoint.name].replies = kept = api.session.progress.kept
        for key in keys:
            kept[key] = await api.get(key)

    for name, result in (await ask_all(endpoints, dialogue, limit)).items():
        answers[name].error = result
    return answers


async def ask_all(endpoints: Sequence[Endpoint], dialogue: Dialogue, limit: float) -> dict[str, Any]:
    """Hold a dialogue with each server, all at once; by name what it returned, or the ``NoAnswer`` that ended it.

    ``limit`` is each server's own time, in seconds, from the lookup of its name to its last byte.
    """
    resolver = Resolver()
    idle: dict[Address, list[Connection]] = {}

    async def visit(endpoint: Endpoint, progress: Progress) -> Any:
        session = Session(endpoint, resolver, progress, idle.setdefault(endpoint.address, []) if endpoint.proxied else None)
        api = Api(endpoint, session, asyncio.get_running_loop().time() + limit)
        try:
            async with asyncio.timeout_at(api.deadline):
                return await dialogue(api)
        except TimeoutError:
            raise NoAnswer("timeout", api.late or f"no answer in time, while {progress.doing}") from None
        finally:
            session.release()

    try:
        parallel = PARALLEL_BY_API_SERVER if any(endpoint.by_api_server for endpoint in endpoints) else PARALLEL
        most = MOST_BY_TLS if any(endpoint.address.tls for endpoint in endpoints) else MOST
        results = await at_once([partial(visit, endpoint) for endpoint in endpoints], parallel, most)
    finally:
        for connections in idle.values():
            for connection in connections:
                connection.close()
    return {endpoint.name: result for endpoint, result in zip(endpoints, results, strict=True)}


class Api:
    """The API of one server, within one dialogue.

    ``deadline`` is by the clock of asyncio's loop; what it means that it passes can be said in ``late``.
    """

    def __init__(self, endpoint: Endpoint, session: Session, deadline: float) -> None:
        self.endpoint = endpoint
        self.session = session
        self.deadline = deadline
        self.late = ""
        self._held: dict[str, int] = {}

    async def get(self, what: str) -> Any:
        """A record, or a whole list: all pages of it. It is held in place of what an earlier call got."""
        path, key, kind = PATHS[what]
        self.session.progress.hold(-self._held.pop(what, 0))
        if kind is dict or what == "vhosts":
            return _field(await self.call(path, kept_as=what), key, kind, path)
        return await self._all_pages(what, path, key)

    async def _all_pages(self, what: str, path: str, key: str) -> list[Any]:
        rows: dict[Any, Any] = {}
        for _page in range(MAX_PAGES):
            page = _field(await self.call(f"{path}?start={len(rows)}&count={PAGE}", kept_as=what), key, list, path)
            before = len(rows)
            # A list that changes between two pages may bring a row twice. One without an id is like no other.
            rows.update((_id(row) or (before, number), row) for number, row in enumerate(page))
            # SRS 3 does not page its streams, so a page that brings nothing new is the end as well.
            if len(page) < PAGE or len(rows) == before:
                return list(rows.values())
        raise NoAnswer("invalid_response", f"{path} has more than {MAX_PAGES} pages of {PAGE}")

    async def call(self, path: str, method: str = "GET", kept_as: str = "") -> dict[str, Any]:
        """One call; its reply, with code 0. What it takes in memory is held to the end where it is ``kept_as`` something."""
        while True:
            head, body = await self.session.request(method, self.endpoint.prefix + path)
            if head.status != 429:
                size = _in_memory(body)
                self.session.progress.hold(size)
                try:
                    return self._check(head.status, body, path.split("?")[0])
                finally:
                    if kept_as:
                        self._held[kept_as] = self._held.get(kept_as, 0) + size
                    else:
                        self.session.progress.hold(-size)
            # The API server has too much to do: it says when to come back.
            seconds = max(1, whole_number(head.headers.get("retry-after")) or 1)
            if asyncio.get_running_loop().time() + seconds >= self.deadline:
                raise NoAnswer(
                    "rate_limited", "the API server refused the call because of too many requests (HTTP 429), up to the time limit"
                )
            await asyncio.sleep(seconds)

    def _check(self, status: int, body: bytes, path: str) -> dict[str, Any]:
        content = read_json(body)
        if self.endpoint.proxied and (error := not_passed_on(status, content)):
            raise error
        if status == 401:
            raise NoAnswer("unauthorized", _unauthorized(self.endpoint))
        if status == 404:
            raise NoAnswer("not_found", f"there is no {path} (HTTP 404): is this the port of the SRS HTTP API, and is http_api on?")
        if status != 200:
            said = body[:80].decode("latin-1").strip()
            raise NoAnswer("http_error", f"{path} answered HTTP {status}" + (f": {said}" if said else ""))
        if not isinstance(content, dict):
            start = body[:40].decode("latin-1").strip()
            raise NoAnswer("invalid_response", f"{path} did not answer with JSON but with {start!r}" if start else "the answer is empty")
        if content.get("code") != 0:
            raise ErrorCode(path, content.get("code"))
        return content


def read_json(body: bytes) -> Any:
    """JSON as SRS writes it, None for what is none: it leaves control characters, and bytes that are no UTF-8, as its clients sent them."""
    try:
        return json.loads(body.decode("utf-8", "surrogateescape"), strict=False)
    except (ValueError, RecursionError):
        return None


Dialogue = Callable[[Api], Awaitable[Any]]


def not_passed_on(status: int, content: Any) -> NoAnswer | None:
    """What an answer means that the Kubernetes API server gave in place of a pod; None for an answer of the pod."""
    if not isinstance(content, dict) or content.get("kind") != "Status":
        return None
    said = content.get("message")
    reason = said[:SAID].removeprefix("error trying to reach service: ") if isinstance(said, str) else "it does not say why"
    return NoAnswer("proxy_error", f"the Kubernetes API server can't pass the call on: {reason} (HTTP {status})")


def _field(reply: Mapping[str, Any], key: str, kind: type, path: str) -> Any:
    value: Any = reply.get(key)
    if not isinstance(value, kind):
        raise NoAnswer("invalid_response", f"{path} has no {key} in its answer: this is not the API that SRS 3 to 7 have")
    return value


def _in_memory(body: bytes) -> int:
    """What JSON will take in memory, about, before it is read."""
    return max(WEIGHT * len(body), VALUE * (body.count(b",") + body.count(b"[")) + OBJECT * body.count(b"{"))


def _id(row: Any) -> str:
    found = row.get("id") if isinstance(row, dict) else None
    return str(found) if isinstance(found, (str, int)) else ""


def _unauthorized(endpoint: Endpoint) -> str:
    if endpoint.proxied:
        return "the SRS API asks for a user name and password (HTTP 401), which the pod proxy does not pass on; set api_via to port_forward"
    if any(name == "Authorization" for name, _value in endpoint.headers):
        return "the SRS API does not accept the user name and password (HTTP 401)"
    return "the SRS API asks for a user name and password (HTTP 401); set api_username and api_password"
