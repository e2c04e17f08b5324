# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP API of SRS, of many servers at once. A server that does not answer costs the others nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._srs_api import loop
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.exchange import Headers, Reply, Session
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.loop import Address, NoAnswer, Task, Wait, Wire
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.port_forward import ForwardedWire

# SRS gives ten rows unless asked for more, and no total; this is more than one server can have.
PAGE = 100_000

# Where each list or record stands in its reply. SRS answers any unknown path with code 0 as well, so only the field tells.
PATHS = {
    "summaries": ("/api/v1/summaries", "data", dict),
    "vhosts": ("/api/v1/vhosts/", "vhosts", list),
    "streams": ("/api/v1/streams/", "streams", list),
    "clients": ("/api/v1/clients/", "clients", list),
}


class ErrorCode(NoAnswer):
    """SRS answered that it can't."""

    def __init__(self, path: str, code: Any) -> None:
        super().__init__("code", f"{path} answered with the SRS error code {code}")
        self.code = code


@dataclass(frozen=True)
class Server:
    """One SRS, and how to reach its API.

    ``proxied`` is by the pod proxy of the Kubernetes API server, whose path is then the ``prefix``. With ``forward`` the API server is to
    forward a port, by that path and with those headers.
    """

    name: str
    address: Address
    prefix: str = ""
    headers: Headers = ()
    proxied: bool = False
    forward: tuple[str, Headers] | None = None

    def connect(self, deadline: float) -> Wire:
        return Wire(deadline) if self.forward is None else ForwardedWire(deadline, *self.forward)


@dataclass
class Answer:
    """What a server said, by the keys of ``PATHS``; ``error`` says why the rest is missing."""

    replies: dict[str, Any] = field(default_factory=dict)
    error: NoAnswer | None = None


Dialogue = Callable[["Api"], Task]


def read(servers: Sequence[Server], limit: float, what: Iterable[str] = tuple(PATHS), parallel: int = 512) -> dict[str, Answer]:
    """What all servers say of these keys of ``PATHS``."""
    answers = {server.name: Answer() for server in servers}
    keys = tuple(what)

    def dialogue(api: Api) -> Task:
        for key in keys:
            answers[api.server.name].replies[key] = yield from api.get(key)

    for name, result in ask(servers, dialogue, limit, parallel).items():
        if isinstance(result, NoAnswer):
            answers[name].error = result
    return answers


def ask(servers: Sequence[Server], dialogue: Dialogue, limit: float, parallel: int = 512) -> dict[str, Any]:
    """Hold a dialogue with each server; by name what it returned, or the ``NoAnswer`` that ended it.

    ``limit`` is each server's own time, in seconds, from its first to its last byte.
    """
    idle: dict[Address, list[Wire]] = {}
    ips = _resolve({server.address for server in servers}, limit)

    def start(server: Server) -> Callable[[], Task]:
        def task() -> Task:
            pool = idle.setdefault(server.address, []) if server.proxied else None
            session = Session(server.address, ips[server.address], time.monotonic() + limit, server.connect, server.headers, pool)
            try:
                return (yield from dialogue(Api(server, session)))
            finally:
                session.release()

        return task

    try:
        results = loop.run([start(server) for server in servers], parallel)
    finally:
        for wires in idle.values():
            for wire in wires:
                wire.close()
    return {server.name: result for server, result in zip(servers, results, strict=True)}


def _resolve(addresses: Iterable[Address], limit: float) -> dict[Address, list[str]]:
    hosts = {address: address.proxy[0] if address.proxy else address.host for address in addresses}
    names = [host for host in hosts.values() if not _is_ip(host)]
    found = loop.resolve(names, limit) if names else {}
    return {address: [host] if _is_ip(host) else found.get(host, []) for address, host in hosts.items()}


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class Api:
    """The API of one server, within one dialogue."""

    def __init__(self, server: Server, session: Session) -> None:
        self.server = server
        self.session = session

    def get(self, what: str) -> Task:
        """A record, or a whole list: all pages of it."""
        path, key, kind = PATHS[what]
        if kind is dict or what == "vhosts":
            return _field((yield from self.call(path)), key, kind, path)
        return (yield from self._all_pages(path, key))

    def _all_pages(self, path: str, key: str) -> Task:
        rows: dict[str, Any] = {}
        while True:
            reply = yield from self.call(f"{path}?start={len(rows)}&count={PAGE}")
            page = _field(reply, key, list, path)
            before = len(rows)
            rows.update((str(row.get("id")), row) for row in page)
            # SRS 3 does not page its streams, so a page that brings nothing new is the end as well.
            if len(page) < PAGE or len(rows) == before:
                return list(rows.values())

    def call(self, path: str, method: str = "GET") -> Task:
        """One call; its reply as a dict, with code 0."""
        while True:
            reply: Reply = yield from self.session.request(method, self.server.prefix + path)
            if reply.status != 429:
                break
            # The API server has too much to do: it says when to come back.
            after = reply.headers.get("retry-after", "1")
            end = time.monotonic() + (int(after) if after.isdigit() else 1)
            yield Wait(None, 0, min(end, self.session.deadline))
            if end >= self.session.deadline:
                raise NoAnswer("busy", "the API server refused the call because of too many requests (HTTP 429), up to the time limit")
        return self._check(reply, path)

    def _check(self, reply: Reply, path: str) -> dict[str, Any]:
        try:
            content = json.loads(reply.body) if reply.body else None
        except ValueError:
            content = None
        if self.server.proxied and isinstance(content, dict) and content.get("kind") == "Status":
            reason = str(content.get("message")).removeprefix("error trying to reach service: ")
            raise NoAnswer("proxy", f"the Kubernetes API server can't pass the call on: {reason} (HTTP {reply.status})")
        if reply.status == 401:
            raise NoAnswer("unauthorized", _unauthorized(self.server))
        if reply.status == 404:
            raise NoAnswer(
                "not_found", f"there is no {path.split('?')[0]} (HTTP 404): is this the port of the SRS HTTP API, and is http_api on?"
            )
        if reply.status != 200:
            said = reply.body[:80].decode("latin-1").strip()
            raise NoAnswer("status", f"{path.split('?')[0]} answered HTTP {reply.status}" + (f": {said}" if said else ""))
        if not isinstance(content, dict):
            start = reply.body[:40].decode("latin-1").strip()
            raise NoAnswer(
                "nonsense", f"{path.split('?')[0]} did not answer with JSON but with {start!r}" if start else "the answer is empty"
            )
        if content.get("code") != 0:
            raise ErrorCode(path.split("?")[0], content.get("code"))
        return content


def _field(reply: Mapping[str, Any], key: str, kind: type, path: str) -> Any:
    value = reply.get(key)
    if not isinstance(value, kind):
        raise NoAnswer("nonsense", f"{path} has no {key} in its answer: this is not the API that SRS 3 to 7 have")
    return value


def _unauthorized(server: Server) -> str:
    if not server.proxied and any(name == "Authorization" for name, _value in server.headers):
        return "the SRS API does not accept the user name and password (HTTP 401)"
    if server.proxied:
        return "the SRS API asks for a user name and password (HTTP 401), which the pod proxy does not pass on; set api_via to port_forward"
    return "the SRS API asks for a user name and password (HTTP 401); set api_username and api_password"
