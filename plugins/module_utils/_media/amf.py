# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AMF0: how commands and metadata are written in RTMP and FLV."""

from __future__ import annotations

import struct
from typing import Any


class NotAmf(ValueError):
    """What arrived is not AMF0."""


# How deep values may lie in one another, and how many there may be: metadata has some 20, all in one object.
DEEPEST, MOST = 16, 10_000

_END_OF_OBJECT = b"\0\0\x09"


def encode(value: Any) -> bytes:
    if isinstance(value, bool):
        return b"\x01" + bytes([value])
    if isinstance(value, int | float):
        return b"\0" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"\x02" + _text(value)
    if value is None:
        return b"\x05"
    return b"\x03" + b"".join(_text(key) + encode(item) for key, item in value.items()) + _END_OF_OBJECT


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2) + raw


def decode(body: bytes) -> list[Any]:
    """All values of a command."""
    reader = _Reader(body)
    values = []
    try:
        while reader.at < len(body):
            values.append(reader.value())
    except (IndexError, struct.error):
        raise NotAmf(f"a command that ends half-way: {body[:60]!r}") from None
    return values


class _Reader:
    def __init__(self, body: bytes) -> None:
        self.body = body
        self.at = 0
        self.left = MOST

    def value(self, depth: int = 0) -> Any:
        self.left -= 1
        if depth > DEEPEST or self.left < 0:
            raise NotAmf(f"a command of more than {MOST} values, or with more than {DEEPEST} in one another")
        kind = self._number(1)
        if kind == 0:
            return self._double()
        if kind == 1:
            return bool(self._number(1))
        if kind in (2, 12):
            return self._text(2 if kind == 2 else 4)
        if kind in (5, 6):
            return None
        if kind in (3, 8):
            return self._object(kind, depth)
        if kind == 10:
            return [self.value(depth + 1) for _item in range(self._number(4))]
        if kind == 11:  # a date, with a time zone that nobody uses
            return (self._double(), self._number(2))[0]
        raise NotAmf(f"a value of the unknown AMF0 type {kind}")

    def _object(self, kind: int, depth: int) -> dict[str, Any]:
        if kind == 8:  # how many there are, which is not relied on
            self._number(4)
        found: dict[str, Any] = {}
        while self.body[self.at : self.at + 3] != _END_OF_OBJECT:
            key = self._text(2)
            found[key] = self.value(depth + 1)
        self.at += 3
        return found

    def _text(self, wide: int) -> str:
        return self._take(self._number(wide)).decode(errors="replace")

    def _double(self) -> float:
        return float(struct.unpack(">d", self._take(8))[0])

    def _number(self, wide: int) -> int:
        return int.from_bytes(self._take(wide))

    def _take(self, size: int) -> bytes:
        if self.at + size > len(self.body):
            raise IndexError
        self.at += size
        return self.body[self.at - size : self.at]
