# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on loopback that sends prepared bytes to players, at a given pace, and then does what servers do."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

RECORDED = Path(__file__).parents[1] / "unit" / "fixtures" / "media"

# What is sent: bytes, a pause in seconds, or what to make of all that the player has sent so far.
Step = bytes | float | Callable[[bytes], bytes]


def recorded(name: str) -> bytes:
    """What an SRS 6 sent to a player."""
    return (RECORDED / name).read_bytes()


@contextlib.contextmanager
def serving(script: Callable[[str], Iterable[Step]]) -> Iterator[int]:
    """The port of a server that answers each connection by the script, which is told the first line of what the player sent."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()
    threads: list[threading.Thread] = []

    def accept() -> None:
        while not stopped.is_set():
            with contextlib.suppress(OSError):
                connection, _address = listener.accept()
                connection.settimeout(10)
                threads.append(threading.Thread(target=talk, args=(connection,), daemon=True))
                threads[-1].start()

    def talk(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            heard = connection.recv(65536)
            for step in script(heard.split(b"\r\n", 1)[0].decode("latin-1")):
                if isinstance(step, float):
                    stopped.wait(step)
                elif callable(step):
                    heard += connection.recv(65536)
                    connection.sendall(step(heard))
                else:
                    connection.sendall(step)
                if stopped.is_set():
                    return

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for each in [thread, *threads]:
            each.join(5)


def in_time(data: bytes, seconds: float, pieces: int = 20) -> Iterator[Step]:
    """The bytes, spread over a time."""
    size = -(-len(data) // pieces)
    for at in range(0, len(data), size):
        yield data[at : at + size]
        yield seconds / pieces
