# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a server gave no usable answer."""

from __future__ import annotations

import os
import ssl
from typing import Literal

from ansible_collections.livestream.srs.plugins.module_utils._text import printable

Kind = Literal[
    "not_running", "api_disabled", "timeout", "dns_error", "unreachable", "connection_refused", "connection_reset", "connection_closed",
    "tls_error", "proxy_error", "rate_limited", "unauthorized", "not_found", "http_error", "srs_error", "invalid_response",
]  # fmt: skip


class NoAnswer(Exception):
    """A server gave no usable answer: ``kind`` is for programs, ``message`` for people, in which what the server said becomes printable."""

    def __init__(self, kind: Kind, message: str) -> None:
        self.kind = kind
        self.message = printable(message)
        super().__init__(self.message)


def from_os_error(error: OSError, name: str) -> NoAnswer:
    """What an error of a connection to ``name`` means."""
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "verify_message", "") or error.reason or str(error)
        return NoAnswer("tls_error", f"no TLS connection to {name}: {reason}")
    if isinstance(error, ConnectionRefusedError):
        return NoAnswer("connection_refused", f"{name} refused the connection: nothing listens there")
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return NoAnswer("connection_reset", f"{name} reset the connection")
    return NoAnswer("unreachable", f"{name} can't be reached: {os.strerror(error.errno) if error.errno else error}")
