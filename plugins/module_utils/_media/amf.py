# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AMF0: how commands and metadata are written in RTMP and FLV."""

from __future__ import annotations

import struct
from typing import Any


class NotAmf(ValueError):
    """What arrived is not AMF0."""


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
    values = []
    at = 0
    try:
        while at < len(body):
            value, at = _decode(body, at)
            values.append(value)
    except (IndexError, struct.error):
        raise NotAmf(f"a command that ends half-way: {body!r}") from None
    return values


def _decode(body: bytes, at: int) -> tuple[Any, int]:
    kind, at = body[at], at + 1
    if kind == 0:
        return struct.unpack_from(">d", body, at)[0], at + 8
    if kind == 1:
        return bool(body[at]), at + 1
    if kind in (2, 12):
        wide = 2 if kind == 2 else 4
        size = int.from_bytes(body[at : at + wide])
        at += wide
        return body[at : at + size].decode(errors="replace"), at + size
    if kind in (5, 6):
        return None, at
    if kind in (3, 8):
        at += 4 if kind == 8 else 0
        result = {}
        while body[at : at + 3] != _END_OF_OBJECT:
            size = int.from_bytes(body[at : at + 2])
            key = body[at + 2 : at + 2 + size].decode(errors="replace")
            result[key], at = _decode(body, at + 2 + size)
        return result, at + 3
    if kind == 10:
        count, at = int.from_bytes(body[at : at + 4]), at + 4
        items = []
        for _item in range(count):
            item, at = _decode(body, at)
            items.append(item)
        return items, at
    if kind == 11:
        return struct.unpack_from(">d", body, at)[0], at + 10
    raise NotAmf(f"a value of the unknown AMF0 type {kind}")
