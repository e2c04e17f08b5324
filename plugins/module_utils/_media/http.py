# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client needs of HTTP/1.1: a request, and the head and the body of the answer from bytes as they arrive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, quote

from ansible_collections.livestream.srs.plugins.module_utils._text import whole_number

# What stands in a path or a query as it is; "%" begins what is encoded already.
PLAIN = "/!$&'()*+,;=:@?%-._~"
# A length of an answer, by digits: beyond what anybody sends, and not beyond what can be counted.
DIGITS = 18


class NotHttp(ValueError):
    """What arrived is not HTTP."""


@dataclass(frozen=True)
class Head:
    status: int
    headers: Mapping[str, str]
    """With names in lower case."""


def request(host: str, path: str, headers: Iterable[tuple[str, str]] = (), method: str = "GET") -> bytes:
    """``host`` with its port, as the URL has it."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "User-Agent: livestream.srs", "Accept: */*"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers), "", ""]).encode("latin-1")


def target(url: SplitResult) -> str:
    """The path to ask for, with what can't stand in a request encoded."""
    return quote((url.path or "/") + (f"?{url.query}" if url.query else ""), safe=PLAIN, errors="surrogateescape")


def head(raw: bytes) -> Head:
    """From the bytes up to and with the empty line."""
    lines = raw.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ", 2)
    status = whole_number(parts[1], 3) if len(parts) > 1 and parts[0].startswith("HTTP/") else None
    if status is None:
        raise NotHttp(f"the answer is not HTTP but begins with {lines[0][:60]!r}")
    pairs = (line.partition(":") for line in lines[1:] if line)
    return Head(status, {name.strip().lower(): value.strip() for name, _colon, value in pairs})


class Body:
    """Bytes of a body as they arrive; ``ended`` when the answer itself says that it is complete.

    Without a length and without chunks only the end of the connection says so: then ``until_close``.
    """

    def __init__(self, answer: Head, method: str = "GET") -> None:
        self._chunked = "chunked" in answer.headers.get("transfer-encoding", "").lower()
        length = answer.headers.get("content-length")
        left = whole_number(length, DIGITS)
        if length is not None and left is None:
            raise NotHttp(f"the answer's length is {length[:30]!r}")
        self._left = None if self._chunked else left
        if method == "HEAD" or answer.status in (204, 304):
            self._chunked, self._left = False, 0
        self._data = bytearray()
        self._chunk = 0
        self._last = False
        self.ended = self._left == 0
        self.until_close = self._left is None and not self._chunked

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
        """What is in the chunks, also of one that has not arrived in full: media must not wait for its end."""
        self._data += data
        out = bytearray()
        while self._data and not self.ended:
            if self._chunk > 2:
                piece = self._data[: self._chunk - 2]
                out += piece
                del self._data[: len(piece)]
                self._chunk -= len(piece)
                continue
            if self._chunk:  # the line end after a chunk
                gone = min(self._chunk, len(self._data))
                del self._data[:gone]
                self._chunk -= gone
                continue
            line = self._data.find(b"\r\n")
            if line < 0:
                if len(self._data) > 1024:
                    raise NotHttp(f"a chunk begins with {bytes(self._data[:40])!r}")
                break
            head = bytes(self._data[:line])
            del self._data[: line + 2]
            if self._last:  # what may follow the last chunk, and an empty line
                self.ended = not head
                continue
            digits = head.split(b";")[0].strip()
            if not digits or len(digits) > 15 or digits.strip(b"0123456789abcdefABCDEF"):
                raise NotHttp(f"a chunk begins with {head[:40]!r}")
            size = int(digits, 16)
            self._chunk = size + 2 if size else 0
            self._last = size == 0
        return bytes(out)
