# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP addresses by name, for all connections of a run."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from ipaddress import ip_address


class Resolver:
    """Asks for each name once.

    The system's resolver can't be interrupted, so each name has a thread of its own, which may be left behind: the threads of asyncio's
    executor would have to end before the program can.
    """

    def __init__(self) -> None:
        self._found: dict[str, asyncio.Future[list[str]]] = {}

    async def ips(self, host: str) -> list[str]:
        """The addresses of a host, [] for a name that nobody knows. There is no time limit."""
        with contextlib.suppress(ValueError):
            return [str(ip_address(host))]
        if host not in self._found:
            loop = asyncio.get_running_loop()
            self._found[host] = loop.create_future()
            threading.Thread(target=_look_up, args=(host, self._found[host], loop), daemon=True).start()
        return await asyncio.shield(self._found[host])


def _look_up(host: str, found: asyncio.Future[list[str]], loop: asyncio.AbstractEventLoop) -> None:
    try:
        entries = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        entries = []
    with contextlib.suppress(RuntimeError):  # the run is over
        loop.call_soon_threadsafe(found.set_result, list(dict.fromkeys(str(entry[4][0]) for entry in entries)))
