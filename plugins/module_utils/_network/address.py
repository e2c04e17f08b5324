# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a server is."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy that is asked to CONNECT, with these headers."""

    host: str
    port: int
    headers: Headers = ()


@dataclass(frozen=True)
class Address:
    """Where to connect to, through ``proxy`` if there is one. With ``tls`` the certificate must be for ``server_name`` or ``host``."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    server_name: str | None = None
    proxy: Proxy | None = None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
