# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a player needs of HTTP/1.1: a request, the head of the answer, and a body that may come in chunks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult


class NotHttp(ValueError):
    """What arrived is no HTTP."""


@dataclass(frozen=True)
class Head:
    status: int
    headers: Mapping[str, str]


def request(url: SplitResult) -> bytes:
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return (
        f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\nUser-Agent: livestream.srs-e2e\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode()
    )


def head(raw: bytes) -> Head:
    """From the bytes up to and with the empty line."""
    lines = raw.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ", 2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/") or not parts[1].isdigit():
        raise NotHttp(f"an answer that begins with {lines[0][:60]!r}")
    pairs = (line.partition(":") for line in lines[1:] if line)
    return Head(int(parts[1]), {name.strip().lower(): value.strip() for name, _colon, value in pairs})


class Body:
    """Bytes of a body as they arrive; `ended` when the answer itself says that it is complete."""

    def __init__(self, answer: Head) -> None:
        self._chunked = answer.headers.get("transfer-encoding", "").lower() == "chunked"
        length = answer.headers.get("content-length")
        self._left = int(length) if length is not None and not self._chunked else None
        self._data = bytearray()
        self.ended = self._left == 0

    def feed(self, data: bytes) -> bytes:
        if self._chunked:
            return self._unchunk(data)
        if self._left is None:
            return data
        data = data[: self._left]
        self._left -= len(data)
        self.ended = self._left == 0
        return data

    def _unchunk(self, data: bytes) -> bytes:
        self._data += data
        out = bytearray()
        at = 0
        while (line := self._data.find(b"\r\n", at)) >= 0:
            try:
                size = int(self._data[at:line].split(b";")[0], 16)
            except ValueError:
                raise NotHttp(f"a chunk that begins with {bytes(self._data[at:line])[:40]!r}") from None
            end = line + 2 + size
            if len(self._data) < end + 2:
                break
            if size == 0:
                self.ended = True
                break
            out += self._data[line + 2 : end]
            at = end + 2
        del self._data[:at]
        return bytes(out)
