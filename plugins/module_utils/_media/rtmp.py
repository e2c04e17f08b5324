# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a player needs of RTMP: messages in chunks, and commands. Bytes in and out; no connection."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._media.amf import encode

SET_CHUNK_SIZE, ACKNOWLEDGEMENT, USER_CONTROL, WINDOW_SIZE, AUDIO, VIDEO, COMMAND = 1, 3, 4, 5, 8, 9, 20
PING_REQUEST, PING_RESPONSE = 6, 7
HANDSHAKE = 1536


# A peer has a handful of chunk streams, and one message under way in each; a message has at most 16 MiB.
MAX_STREAMS = 64
MAX_WAITING = 32 * 1024 * 1024


class NotRtmp(ValueError):
    """What arrived is not RTMP, or more than anybody sends."""


@dataclass(frozen=True, slots=True)
class Message:
    kind: int
    stream: int
    ms: int
    body: bytes


@dataclass(slots=True)
class _Chunks:
    """What is known of one chunk stream: its last header, and the message under way."""

    ms: int = 0
    delta: int = 0
    size: int = 0
    kind: int = 0
    stream: int = 0
    extended: bool = False
    body: bytearray = field(default_factory=bytearray)


class ChunkReader:
    """Bytes in, messages out; raises NotRtmp. Follows the chunk size that the sender sets."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._chunk_size = 128
        self._streams: dict[int, _Chunks] = {}
        self.waiting = 0
        """How many bytes have come of messages that are not complete."""

    def feed(self, data: bytes) -> Iterator[Message]:
        self._data += data
        at = 0
        while (end := self._chunk(at)) is not None:
            at, message = end
            if message is None:
                continue
            if message.kind == SET_CHUNK_SIZE:
                self._chunk_size = max(1, int.from_bytes(message.body[:4]) & 0x7FFFFFFF)
            yield message
        del self._data[:at]
        self.waiting = len(self._data) + sum(len(known.body) for known in self._streams.values())
        if self.waiting > MAX_WAITING:
            raise NotRtmp(f"the server sends more than {MAX_WAITING >> 20} MiB without completing a message")

    def _chunk(self, at: int) -> tuple[int, Message | None] | None:
        """Where the chunk at this place ends, with the message that it completes; None when it hasn't arrived in full."""
        data, have = self._data, len(self._data)
        if have == at:
            return None
        form, number = data[at] >> 6, data[at] & 0x3F
        at += 1
        if number < 2:  # the number follows in one or two bytes
            wide = number + 1
            if have < at + wide:
                return None
            number = 64 + int.from_bytes(data[at : at + wide], "little")
            at += wide
        head = (11, 7, 3, 0)[form]
        if have < at + head:
            return None
        if number not in self._streams and len(self._streams) == MAX_STREAMS:
            raise NotRtmp(f"the server uses more than {MAX_STREAMS} chunk streams")
        known = self._streams.setdefault(number, _Chunks())
        extended = known.extended if form == 3 else data[at : at + 3] == b"\xff\xff\xff"
        if have < at + head + 4 * extended:
            return None
        size, kind, stream, stamp = known.size, known.kind, known.stream, 0
        if form < 3:
            stamp = int.from_bytes(data[at + head : at + head + 4] if extended else data[at : at + 3])
        if form < 2:
            size, kind = int.from_bytes(data[at + 3 : at + 6]), data[at + 6]
        if form == 0:
            stream = int.from_bytes(data[at + 7 : at + 11], "little")
        at += head + 4 * extended
        piece = min(self._chunk_size, max(0, size - len(known.body)))
        if have - at < piece:
            return None
        if not known.body:
            if form == 0:
                known.ms, known.delta = stamp, 0
            else:
                if form < 3:
                    known.delta = stamp
                known.ms = known.ms + known.delta & 0xFFFFFFFF
        known.size, known.kind, known.stream, known.extended = size, kind, stream, extended
        known.body += data[at : at + piece]
        at += piece
        if len(known.body) < size:
            return at, None
        whole = Message(kind, stream, known.ms, bytes(known.body))
        known.body.clear()
        return at, whole


def message(kind: int, body: bytes, *, chunk_stream: int = 3, stream: int = 0, chunk_size: int = 128) -> bytes:
    """One message as chunks; time stands still, since a player sends no media."""
    head = bytes([chunk_stream]) + bytes(3) + len(body).to_bytes(3) + bytes([kind]) + stream.to_bytes(4, "little")
    pieces = [body[at : at + chunk_size] for at in range(0, len(body), chunk_size)]
    return head + bytes([0xC0 | chunk_stream]).join(pieces)


def command(name: str, transaction: int, *arguments: Any, stream: int = 0) -> bytes:
    return message(COMMAND, b"".join(encode(value) for value in (name, transaction, *arguments)), stream=stream)


def acknowledgement(received: int) -> bytes:
    return message(ACKNOWLEDGEMENT, struct.pack(">I", received & 0xFFFFFFFF), chunk_stream=2)


def buffer_length(stream: int, ms: int) -> bytes:
    return message(USER_CONTROL, struct.pack(">HII", 3, stream, ms), chunk_stream=2)


def pong(ping: bytes) -> bytes:
    return message(USER_CONTROL, struct.pack(">H", PING_RESPONSE) + ping[2:6], chunk_stream=2)
