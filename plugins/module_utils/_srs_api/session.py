# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection at a time to the API of one server, kept open from request to request."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.livestream.srs.plugins.module_utils._media import http
from ansible_collections.livestream.srs.plugins.module_utils._network.at_once import Progress
from ansible_collections.livestream.srs.plugins.module_utils._network.connection import Connection
from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer
from ansible_collections.livestream.srs.plugins.module_utils._network.resolver import Resolver
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoint
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.port_forward import PortForward


def connection_to(endpoint: Endpoint, resolver: Resolver, progress: Progress) -> Connection:
    """A connection that is yet to be opened."""
    if endpoint.forward is None:
        return Connection(endpoint.address, resolver, progress)
    return PortForward(endpoint.address, resolver, progress, *endpoint.forward)


@dataclass
class Session:
    """Sessions that share ``idle`` hand their connections on.

    All pods are reached through one API server, and a TLS handshake for each would be expensive.
    """

    endpoint: Endpoint
    resolver: Resolver
    progress: Progress
    idle: list[Connection] | None = None
    connection: Connection | None = None

    async def request(self, method: str, path: str) -> tuple[http.Head, bytes]:
        """Ask, and read the whole response. A kept connection that the server has closed in the meantime is replaced once."""
        if self.connection is None and self.idle:
            self.connection = self.idle.pop()
            self.connection.progress = self.progress
        if self.connection is not None and self.connection.is_idle:
            try:
                return await self._exchange(self.connection, method, path)
            except NoAnswer as error:
                if error.kind not in ("connection_closed", "connection_reset"):
                    raise
        self.connection = connection_to(self.endpoint, self.resolver, self.progress)
        return await self._exchange(self.connection, method, path)

    async def _exchange(self, connection: Connection, method: str, path: str) -> tuple[http.Head, bytes]:
        whole = False
        try:
            if not connection.is_open:
                await connection.open()
            await connection.send(http.request(str(self.endpoint.address), path, self.endpoint.headers, method))
            answer = await connection.read_head()
            body = await connection.read_body(answer, method)
            whole = connection.is_idle and answer.headers.get("connection", "").lower() != "close"
            return answer, body
        finally:
            if not whole:
                self._close()

    def release(self) -> None:
        """Done: leave the connection to the next session, if there can be one."""
        if self.connection is not None and self.idle is not None:
            self.idle.append(self.connection)
            self.connection = None
        self._close()

    def _close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None
