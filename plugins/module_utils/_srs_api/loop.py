# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many connections at once on one thread: protocol code reads from top to bottom, and a small loop switches between the connections.

A task is a generator. It yields a ``Wait`` and is sent whether the socket became ready (True) or the time was over (False);
what it returns is its result. A thread for each server would cost memory, and in a pool of threads a few hanging servers would hold up
the rest.
"""

from __future__ import annotations

import errno
import heapq
import os
import resource
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

# A task that has waited this long for its socket leaves its place to one that has not begun: hanging servers hold up nobody.
STALLED_SECONDS = 0.5

CHUNK = 65536


class NoAnswer(Exception):
    """Why a server gave no usable answer: ``kind`` is a stable word, the message is for people."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Wait(NamedTuple):
    sock: socket.socket | None
    events: int
    until: float


Task = Generator[Wait, bool, Any]


@dataclass(frozen=True)
class Address:
    """Where to connect to. ``proxy`` is an HTTP proxy (host, port, headers) that is asked to CONNECT first."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    server_name: str | None = None
    proxy: tuple[str, int, tuple[tuple[str, str], ...]] | None = None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def run(tasks: Iterable[Callable[[], Task]], parallel: int = 512) -> list[Any]:
    """Run tasks, up to ``parallel`` at once; their results in order, a ``NoAnswer`` in place of each that raised one."""
    return _Loop(list(tasks), min(parallel, _spare_files())).run()


def _spare_files() -> int:
    """How many sockets this process may open; the soft limit is raised as far as is of use."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted - 64


class _State:
    """A task that has begun."""

    __slots__ = ("events", "index", "resumed", "sock", "stalled", "task", "until")

    def __init__(self, index: int, task: Task) -> None:
        self.index = index
        self.task = task
        self.sock: socket.socket | None = None
        self.events = 0
        self.until = 0.0
        self.resumed = 0.0
        self.stalled = False


class _Loop:
    def __init__(self, starts: list[Callable[[], Task]], parallel: int) -> None:
        self.results: list[Any] = [None] * len(starts)
        self.starts = deque(enumerate(starts))
        self.parallel = parallel
        self.most = _spare_files()
        self.selector = selectors.DefaultSelector()
        self.timers: list[tuple[float, int, _State]] = []
        self.active: dict[int, _State] = {}
        self.stalled = 0

    def run(self) -> list[Any]:
        try:
            self._begin()
            while self.active:
                for key, _events in self.selector.select(self._pause()):
                    self._resume(key.data, True)
                now = time.monotonic()
                while self.timers and self.timers[0][0] <= now:
                    until, _index, state = heapq.heappop(self.timers)
                    if state.index in self.active and state.until == until:
                        state.until = 0.0
                        self._resume(state, False)
                self._begin()
        finally:
            for state in self.active.values():
                state.task.close()
            self.selector.close()
        return self.results

    def _begin(self) -> None:
        if not self.starts:
            return
        now = time.monotonic()
        for state in self.active.values():
            if not state.stalled and now - state.resumed > STALLED_SECONDS:
                state.stalled = True
                self.stalled += 1
        while self.starts and len(self.active) - self.stalled < self.parallel and len(self.active) < self.most:
            index, start = self.starts.popleft()
            state = _State(index, start())
            self.active[index] = state
            self._resume(state, None)

    def _pause(self) -> float:
        pause = self.timers[0][0] - time.monotonic() if self.timers else 60.0
        if self.starts:
            pause = min(pause, STALLED_SECONDS / 2)
        return max(0.0, pause)

    def _resume(self, state: _State, ready: bool | None) -> None:
        state.resumed = time.monotonic()
        if state.stalled:
            state.stalled = False
            self.stalled -= 1
        try:
            wait = next(state.task) if ready is None else state.task.send(ready)
        except StopIteration as stop:
            self._end(state, stop.value)
        except NoAnswer as error:
            self._end(state, error)
        else:
            self._watch(state, wait)

    def _end(self, state: _State, result: Any) -> None:
        self._unwatch(state)
        self.results[state.index] = result
        del self.active[state.index]

    def _watch(self, state: _State, wait: Wait) -> None:
        if wait.sock is not state.sock:
            self._unwatch(state)
            if wait.sock is not None:
                self.selector.register(wait.sock, wait.events, state)
            state.sock, state.events = wait.sock, wait.events
        elif wait.sock is not None and wait.events != state.events:
            self.selector.modify(wait.sock, wait.events, state)
            state.events = wait.events
        if wait.until != state.until:
            state.until = wait.until
            heapq.heappush(self.timers, (wait.until, state.index, state))

    def _unwatch(self, state: _State) -> None:
        # A task may have closed its socket meanwhile; the selector then knows it by the object only.
        if state.sock is not None:
            self.selector.unregister(state.sock)
            state.sock = None


def resolve(names: Iterable[str], limit: float) -> dict[str, list[str]]:
    """IP addresses by name. The resolver can't be told to stop, so each name has a thread of its own that may be left behind."""
    found: dict[str, list[str]] = {}

    def ask(name: str) -> None:
        try:
            entries = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        found[name] = list(dict.fromkeys(str(entry[4][0]) for entry in entries))

    threads = [threading.Thread(target=ask, args=(name,), daemon=True) for name in set(names)]
    end = time.monotonic() + limit
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return dict(found)


class Wire:
    """One connection, plain or TLS, with what was read ahead. All of its waits end at ``deadline`` with a ``NoAnswer``."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.sock: socket.socket | None = None
        self.ahead = bytearray()

    @property
    def _open_socket(self) -> socket.socket:
        if self.sock is None:
            raise NoAnswer("closed", "the connection is closed")
        return self.sock

    def open(self, address: Address, ips: list[str]) -> Task:
        """Connect, by the proxy where there is one, and shake hands."""
        last = NoAnswer("dns", f"{address.host} can't be resolved")
        for ip in ips:
            try:
                yield from self._connect(ip, address.proxy[1] if address.proxy else address.port, str(address))
                break
            except NoAnswer as error:
                self.close()
                if error.kind == "timeout":
                    raise
                last = error
        else:
            raise last
        if address.proxy:
            yield from self._ask_proxy(address, address.proxy[2])
        if address.tls:
            yield from self._shake_hands(address, address.tls)

    def _connect(self, ip: str, port: int, name: str) -> Task:
        self.sock = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM)
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.sock.connect((ip, port))
        except BlockingIOError:
            yield from self._wait(WRITE, f"connecting to {name}")
        except OSError as error:
            raise _no_answer(error, name) from None
        code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise _no_answer(OSError(code, ""), name)

    def _ask_proxy(self, address: Address, headers: tuple[tuple[str, str], ...]) -> Task:
        lines = [f"CONNECT {address} HTTP/1.1", f"Host: {address}", *(f"{name}: {value}" for name, value in headers), "", ""]
        yield from self.send("\r\n".join(lines).encode())
        head = yield from self.read_until(b"\r\n\r\n", 65536)
        if b" 200" not in head.split(b"\r\n", 1)[0]:
            raise NoAnswer("proxy", f"the proxy refused to connect to {address}: {head.splitlines()[0].decode('latin-1')}")

    def _shake_hands(self, address: Address, context: ssl.SSLContext) -> Task:
        name = address.server_name or address.host
        try:
            secure = context.wrap_socket(self._open_socket, server_hostname=name, do_handshake_on_connect=False)
            self.sock = secure
            while True:
                try:
                    secure.do_handshake()
                    return
                except ssl.SSLWantReadError:
                    yield from self._wait(READ, f"the TLS handshake with {address}")
                except ssl.SSLWantWriteError:
                    yield from self._wait(WRITE, f"the TLS handshake with {address}")
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or str(error)
            raise NoAnswer("tls", f"no TLS connection to {address}: {reason}") from None
        except OSError as error:
            raise _no_answer(error, str(address)) from None

    def _wait(self, events: int, doing: str, until: float | None = None) -> Task:
        end = self.deadline if until is None else min(until, self.deadline)
        ready = yield Wait(self.sock, events, end)
        if not ready and until is None:
            raise NoAnswer("timeout", f"no answer in time, while {doing}")
        return ready

    def send(self, data: bytes) -> Task:
        return self._write(data)

    def receive(self, until: float | None = None) -> Task:
        """The next bytes; ``b""`` when the server has closed; None when ``until`` has passed."""
        if self.ahead:
            data = bytes(self.ahead)
            self.ahead.clear()
            return data
        return (yield from self._incoming(until))

    def _write(self, data: bytes) -> Task:
        view = memoryview(data)
        while view:
            try:
                view = view[self._open_socket.send(view) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                yield from self._wait(WRITE, "sending")
            except ssl.SSLWantReadError:
                yield from self._wait(READ, "sending")
            except OSError as error:
                raise _no_answer(error, "the server") from None

    def _incoming(self, until: float | None) -> Task:
        while True:
            try:
                return self._open_socket.recv(CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError):
                ready = yield from self._wait(READ, "waiting for the reply", until)
            except ssl.SSLWantWriteError:
                ready = yield from self._wait(WRITE, "waiting for the reply", until)
            except ssl.SSLEOFError:
                return b""
            except OSError as error:
                raise _no_answer(error, "the server") from None
            if not ready:
                return None

    def read_until(self, end: bytes, limit: int) -> Task:
        """Bytes up to and with ``end``."""
        data = bytearray()
        while (at := data.find(end)) < 0:
            if len(data) > limit:
                raise NoAnswer("nonsense", "the reply's head has no end: this is not HTTP")
            more = yield from self.receive()
            if not more:
                raise NoAnswer("closed", "the server closed the connection before it answered" if not data else "the reply ended half-way")
            data += more
        self.ahead[:0] = data[at + len(end) :]
        return bytes(data[: at + len(end)])

    def read(self, size: int) -> Task:
        """Exactly ``size`` bytes."""
        data = bytearray()
        while len(data) < size:
            more = yield from self.receive()
            if not more:
                raise NoAnswer("closed", f"the reply ended half-way, after {len(data)} of {size} bytes")
            data += more
        self.ahead[:0] = data[size:]
        return bytes(data[:size])

    def close(self) -> None:
        if self.sock is not None:
            self.sock.close()
            self.sock = None


def _no_answer(error: OSError, name: str) -> NoAnswer:
    if isinstance(error, ConnectionRefusedError) or error.errno == errno.ECONNREFUSED:
        return NoAnswer("refused", f"{name} refused the connection: nothing listens there")
    if isinstance(error, ConnectionResetError | BrokenPipeError) or error.errno == errno.ECONNRESET:
        return NoAnswer("reset", f"{name} reset the connection")
    return NoAnswer("unreachable", f"{name} can't be reached: {os.strerror(error.errno) if error.errno else error}")
