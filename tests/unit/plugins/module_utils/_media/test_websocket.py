# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WebSocket frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.livestream.srs.plugins.module_utils._media import websocket


def unmasked(frame: bytes) -> bytes:
    """The same frame as a server would send it."""
    at = {126: 4, 127: 10}.get(frame[1] & 0x7F, 2)
    mask, payload = frame[at : at + 4], frame[at + 4 :]
    return frame[:1] + bytes([frame[1] & 0x7F]) + frame[2:at] + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def test_the_example_of_rfc_6455() -> None:
    assert websocket.frame(1, b"Hello", b"\x37\xfa\x21\x3d") == b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
    assert list(websocket.FrameReader().feed(b"\x81\x05Hello")) == [(1, b"Hello")]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536])
def test_messages_of_every_length(size: int) -> None:
    payload = bytes(range(256)) * (size // 256 + 1)
    frame = websocket.frame(websocket.BINARY, payload[:size], b"abcd")
    assert list(websocket.FrameReader().feed(unmasked(frame))) == [(websocket.BINARY, payload[:size])]


@given(st.lists(st.binary(max_size=300), max_size=5), st.binary(min_size=4, max_size=4), st.integers(1, 400))
def test_pieces_of_any_size(payloads: list[bytes], mask: bytes, size: int) -> None:
    sent = b"".join(unmasked(websocket.frame(websocket.BINARY, payload, mask)) for payload in payloads)
    reader = websocket.FrameReader()
    read = [found for at in range(0, len(sent), size) for found in reader.feed(sent[at : at + size])]
    assert read == [(websocket.BINARY, payload) for payload in payloads]


def test_a_message_in_parts_with_a_ping_between() -> None:
    sent = b"\x02\x02ab" + b"\x89\x01p" + b"\x00\x02cd" + b"\x80\x01e"
    assert list(websocket.FrameReader().feed(sent)) == [(websocket.PING, b"p"), (websocket.BINARY, b"abcde")]


def test_a_message_that_is_broken_off() -> None:
    sent = b"\x02\x02ab" + b"\x88\x02\x03\xe8"
    assert list(websocket.FrameReader().feed(sent)) == [(websocket.CLOSE, b"\x03\xe8")]
