# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WebSocket frames, as a client writes and reads them."""

from __future__ import annotations

from collections.abc import Iterator

BINARY, CLOSE, PING, PONG = 2, 8, 9, 10
CONTINUATION = 0

# So many bytes a control frame may have (RFC 6455, 5.5).
MAX_CONTROL = 125
# The API server passes on what it reads, 32 KiB at a time.
MAX_MESSAGE = 16 * 1024 * 1024


class NotWebSocket(ValueError):
    """What arrived is not a WebSocket message, or a longer one than anybody sends."""


def frame(opcode: int, payload: bytes, mask: bytes) -> bytes:
    """One whole message. A client has to mask what it sends with 4 random bytes."""
    size = len(payload)
    if size < 126:
        head = bytes([0x80 | opcode, 0x80 | size])
    elif size < 65536:
        head = bytes([0x80 | opcode, 0x80 | 126]) + size.to_bytes(2)
    else:
        head = bytes([0x80 | opcode, 0x80 | 127]) + size.to_bytes(8)
    key = mask * (size // 4 + 1)
    masked = (int.from_bytes(payload) ^ int.from_bytes(key[:size])).to_bytes(size)
    return head + mask + masked


class FrameReader:
    """Bytes in, (opcode, payload) of whole messages out; raises NotWebSocket."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._opcode = BINARY
        self._parts = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        self._data += data
        while (found := self._frame()) is not None:
            last, opcode, payload = found
            if opcode >= CLOSE:  # such frames may come between the parts of a message
                yield opcode, payload
                continue
            if opcode != CONTINUATION:
                self._opcode = opcode
            self._parts += payload
            if last:
                whole = bytes(self._parts)
                self._parts.clear()
                yield self._opcode, whole

    def _frame(self) -> tuple[bool, int, bytes] | None:
        data = self._data
        if len(data) < 2:
            return None
        size, at = data[1] & 0x7F, 2
        if size > 125:
            wide = 2 if size == 126 else 8
            if len(data) < at + wide:
                return None
            size, at = int.from_bytes(data[at : at + wide]), at + wide
        if data[0] & 0xF >= CLOSE and size > MAX_CONTROL:
            raise NotWebSocket(f"a control frame has {size} bytes")
        if len(self._parts) + size > MAX_MESSAGE:
            raise NotWebSocket(f"a WebSocket message is longer than {MAX_MESSAGE >> 20} MiB")
        if len(data) < at + size:
            return None
        payload = bytes(data[at : at + size])
        last, opcode = bool(data[0] & 0x80), data[0] & 0xF
        del data[: at + size]
        return last, opcode, payload
