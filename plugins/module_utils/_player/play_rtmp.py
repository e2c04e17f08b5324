# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays RTMP."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._media import amf, flv, rtmp
from ansible_collections.livestream.srs.plugins.module_utils._network.connection import Connection
from ansible_collections.livestream.srs.plugins.module_utils._player.viewer import NOT_FOUND, REFUSED, WRONG, End, Viewer

# What SRS and others call a stream that they don't have.
MOST_SAID = 300
STREAM_NOT_FOUND = ("NetStream.Play.StreamNotFound", "NetStream.Play.NotFound")


async def play_rtmp(viewer: Viewer) -> None:
    url = viewer.url
    app, _slash, stream = url.path.strip("/").rpartition("/")
    stream += f"?{url.query}" if url.query else ""
    where = f"{url.scheme}://{url.netloc}/{app}"
    hello = {"app": app, "tcUrl": where, "flashVer": "LNX 9,0,124,2", "fpad": False, "audioCodecs": 4071, "videoCodecs": 252}
    async with asyncio.timeout(viewer.patience.first):
        connection = await viewer.connect(url)
        await _shake_hands(connection)
        await connection.send(rtmp.command("connect", 1, hello))
    await _watch(viewer, connection, stream)


async def _shake_hands(connection: Connection) -> None:
    await connection.send(b"\x03" + bytes(8) + os.urandom(rtmp.HANDSHAKE - 8))
    answer = await connection.read(1 + 2 * rtmp.HANDSHAKE)
    if answer[0] not in (3, 6):
        raise End(WRONG, f"the answer begins with {answer[:8]!r} and is not an RTMP handshake")
    await connection.send(answer[1 : 1 + rtmp.HANDSHAKE])


async def _watch(viewer: Viewer, connection: Connection, stream: str) -> None:
    chunks = rtmp.ChunkReader()
    received, acknowledged, window = 0, 0, 0
    while True:
        data = await viewer.next(connection)
        received += len(data)
        for message in chunks.feed(data):
            answer = b""
            if message.kind == rtmp.WINDOW_SIZE:
                window = int.from_bytes(message.body[:4])
            elif message.kind == rtmp.USER_CONTROL and int.from_bytes(message.body[:2]) == rtmp.PING_REQUEST:
                answer = rtmp.pong(message.body)
            elif message.kind == rtmp.COMMAND:
                answer = _reply(amf.decode(message.body), stream)
            elif message.kind == flv.SCRIPT:
                viewer.record.metadata = flv.metadata(message.body) or viewer.record.metadata
            elif message.kind in (rtmp.AUDIO, rtmp.VIDEO) and (packet := flv.tag(message.kind, message.ms, message.body)):
                viewer.saw(packet)
            if answer:
                await connection.send(answer)
        viewer.hold(chunks.waiting)
        if window and received - acknowledged > window // 2:
            acknowledged = received
            await connection.send(rtmp.acknowledgement(received))


def _reply(command: list[Any], stream: str) -> bytes:
    """What to send after a command of the server."""
    name, transaction, _properties, information, *_more = [*command, None, None, None, None]
    said: dict[str, Any] = information if isinstance(information, dict) else {}
    if name == "_error" or (name == "onStatus" and said.get("level") == "error"):
        code, why = (part[:MOST_SAID] if isinstance(part := said.get(key), str) else "" for key in ("code", "description"))
        text = ": ".join(part for part in (code or "an error", why) if part)
        raise End(NOT_FOUND if code in STREAM_NOT_FOUND else REFUSED, f"the server answered {text}")
    if name == "_result" and transaction == 1:
        return rtmp.command("createStream", 2, None)
    if name == "_result" and transaction == 2 and isinstance(information, float):
        if not 0 <= information < 2**32:
            raise End(WRONG, f"the server gave the stream the number {information:g}")
        number = int(information)
        return rtmp.command("play", 3, None, stream, stream=number) + rtmp.buffer_length(number, 1000)
    return b""
