# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network in memory, with a clock that jumps to the next event when nobody has anything to do: minutes pass at once, and exactly."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any, TypeVar
from unittest import mock

from ansible_collections.livestream.srs.tests.support.media_server import Step
from ansible_collections.livestream.srs.tests.support.srs_server import Srs, SrsConnection

T = TypeVar("T")


class FakeNetwork:
    """Within its ``with`` block ``asyncio.run`` runs on it.

    After each run it asserts that no task and no connection is left behind, and that nothing was said to asyncio's handler of errors.
    """

    def __init__(self, servers: Iterable[Srs] = ()) -> None:
        self.listening: dict[int, Callable[[], asyncio.Protocol] | None] = {}
        self.hosts: dict[str, Callable[[], asyncio.Protocol]] = {}
        """Servers that have all ports of a host."""
        self.now = 0.0
        self.connections = 0
        self.most_at_once = 0
        self.unclosed: set[MemoryTransport] = set()
        self.errors: list[dict[str, Any]] = []
        self._patch = mock.patch.object(asyncio, "run", self.run)
        for srs in servers:
            srs.port = self.listen(lambda srs=srs: SrsConnection(srs))

    def listen(self, server: Callable[[], asyncio.Protocol] | None) -> int:
        """The port of a server; None is one that is never connected to, nor told so."""
        port = 10_000 + len(self.listening)
        self.listening[port] = server
        return port

    def __enter__(self) -> FakeNetwork:
        self._patch.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._patch.stop()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        async def main() -> T:
            result = await coroutine
            assert asyncio.all_tasks() == {asyncio.current_task()}
            return result

        with asyncio.Runner(loop_factory=lambda: _Loop(self)) as runner:
            runner.get_loop().set_exception_handler(lambda _loop, context: self.errors.append(context))
            result = runner.run(main())
        assert not self.unclosed and not self.errors
        return result


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, network: FakeNetwork) -> None:
        self.network = network
        super().__init__(_Selector(network))

    def time(self) -> float:
        return self.network.now

    async def create_connection(self, protocol_factory: Any, host: Any = None, port: Any = None, **_more: Any) -> Any:  # type: ignore[override]
        server = self.network.hosts.get(host)
        if server is None and port not in self.network.listening:
            raise ConnectionRefusedError(111, f"Connect call failed ({host!r}, {port})")
        server = server or self.network.listening[port]
        if server is None:
            await self.create_future()
        assert server is not None
        ours, theirs = MemoryTransport(self, protocol_factory()), MemoryTransport(self, server())
        ours.peer, theirs.peer = theirs, ours
        self.network.connections += 1
        self.network.unclosed.add(ours)
        self.network.most_at_once = max(self.network.most_at_once, len(self.network.unclosed))
        for transport in (theirs, ours):
            transport.protocol.connection_made(transport)
        return ours, ours.protocol


class _Selector(selectors.DefaultSelector):  # type: ignore[valid-type, misc]
    def __init__(self, network: FakeNetwork) -> None:
        super().__init__()
        self.network = network

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "nothing will ever happen"
        self.network.now += max(0.0, timeout)
        return super().select(0)


class MemoryTransport(asyncio.Transport):
    """One end of a connection."""

    peer: MemoryTransport

    def __init__(self, loop: _Loop, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.loop = loop
        self.protocol = protocol
        self.closed = False
        self.paused = False
        self.kept: list[bytes] = []

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return mock.Mock() if name == "socket" else default

    def is_closing(self) -> bool:
        return self.closed

    def is_reading(self) -> bool:
        return not self.paused and not self.closed

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False
        for data in self.kept:
            self.loop.call_soon(self._receive, data)
        self.kept.clear()

    def write(self, data: Any) -> None:
        if data and not self.closed:
            self.loop.call_soon(self.peer._receive, bytes(data))

    def _receive(self, data: bytes) -> None:
        if self.paused:
            self.kept.append(data)
        elif not self.closed:
            self.protocol.data_received(data)

    def close(self) -> None:
        """What was written still arrives."""
        self._end(None, self.peer._hear_the_end)

    def abort(self) -> None:
        self._end(None, self.peer._reset)

    def _end(self, error: Exception | None, tell: Callable[[], None]) -> None:
        if not self.closed:
            self.closed = True
            self.loop.network.unclosed.discard(self)
            self.loop.call_soon(self.protocol.connection_lost, error)
            self.loop.call_soon(tell)

    def _hear_the_end(self) -> None:
        if not self.closed and not self.protocol.eof_received():
            self.close()

    def _reset(self) -> None:
        self._end(ConnectionResetError(104, "Connection reset by peer"), lambda: None)


class Scripted(asyncio.Protocol):
    """A server that follows a script, as ``media_server.serving`` does."""

    def __init__(self, script: Callable[[str], Iterable[Step]]) -> None:
        self.script = script
        self.steps: Iterator[Step] | None = None
        self.step: Step = b""
        self.heard = b""
        self.news = False
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard += data
        if self.steps is None:
            self.steps = iter(self.script(self.heard.split(b"\r\n", 1)[0].decode("latin-1")))
            self._go_on()
        else:
            self.news = True
            if callable(self.step):
                self._go_on()

    def _go_on(self) -> None:
        """The step that waits for news of the client, and those that follow."""
        assert self.steps is not None
        while not self.transport.is_closing():
            if callable(self.step):
                if not self.news:
                    return
                self.news = False
                self.transport.write(self.step(self.heard))
            try:
                self.step = next(self.steps)
            except StopIteration:
                self.transport.close()
                return
            if isinstance(self.step, float):
                asyncio.get_running_loop().call_later(self.step, self._go_on)
                return
            if isinstance(self.step, bytes):
                self.transport.write(self.step)
