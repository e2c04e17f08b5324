# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of the tests in a thread of its own."""

from __future__ import annotations

import threading
from http.server import HTTPServer
from typing import Self


class Served:
    """Serves ``_server`` in ``_thread`` until the end of the ``with`` block."""

    _server: HTTPServer
    _thread: threading.Thread

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
