# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Viewers against small servers on loopback that play back what was recorded, or misbehave. Time passes only where nothing happens."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine
from typing import Any, TypeVar

import pytest
from players import viewer
from players.crowd import Audience, Newcomers, Regulars
from players.view import CUT, EMPTY, GAVE_UP, REFUSED, STALLED, UNDECODABLE, WATCHED, View
from players.viewer import Patience, Viewer

from ansible_collections.livestream.srs.plugins.module_utils._media import amf, http, rtmp
from ansible_collections.livestream.srs.tests.support import made_media
from ansible_collections.livestream.srs.tests.support.clock import Clock

T = TypeVar("T")

Recorded = Callable[[str], bytes]
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATIENCE = Patience(connect=5, media=6)


def in_time(coroutine: Coroutine[Any, Any, T]) -> T:
    with pytest.MonkeyPatch.context() as patches:
        return Clock().of(viewer, patches).run(coroutine)


@contextlib.asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[int]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await serve(reader, writer)
        writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


def answers(data: bytes, *, stays: bool = False) -> Serve:
    """Answers a request with these bytes, then ends the connection or falls silent."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        if stays:
            await reader.read()

    return serve


def rtmp_server(recorded: bytes, *, stays: bool = False) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await reader.readexactly(1 + rtmp.HANDSHAKE)
        writer.write(b"\x03" + bytes(rtmp.HANDSHAKE) + hello[1:])
        assert await reader.readexactly(rtmp.HANDSHAKE) == bytes(rtmp.HANDSHAKE)
        commands: list[list[object]] = []
        chunks = rtmp.ChunkReader()
        while not commands:
            commands += [amf.decode(message.body) for message in chunks.feed(await reader.read(4096))]
        properties = commands[0][2]
        assert isinstance(properties, dict)
        assert commands[0][0] == "connect" and properties["app"] == "live" and properties["tcUrl"].startswith("rtmp://127.0.0.1:")
        writer.write(recorded)
        await writer.drain()
        if stays:
            await reader.read()

    return serve


def view(url: str, serve: Serve, **options: object) -> View:
    async def run() -> View:
        async with server(serve) as port:
            return await Viewer(url.format(port), patience=PATIENCE, **options).run()  # type: ignore[arg-type]

    return in_time(run())


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


FLV = "http://127.0.0.1:{}/live/a.flv"
RTMP = "rtmp://127.0.0.1:{}/live/a"
HLS = "http://127.0.0.1:{}/live/a.m3u8"


def test_http_flv_that_is_cut(recorded: Recorded) -> None:
    seen = view(FLV, answers(recorded("srs-6.http")))
    assert (seen.outcome, seen.detail) == (CUT, "the server closed the connection")
    assert (seen.video, seen.audio, seen.frames) == ("h264", "aac", 12)
    assert seen.connected is not None and seen.first_frame is not None and seen.connected <= seen.first_frame
    assert seen.bytes == len(recorded("srs-6.http")) and seen.media_ms == 2200


def test_http_flv_that_ends_as_http_says(recorded: Recorded) -> None:
    head, _empty_line, rest = recorded("srs-6.http").partition(b"\r\n\r\n")
    media = http.Body(http.head(head)).feed(rest)
    seen = view(FLV, answers(head + b"\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(media), media), stays=True))
    assert (seen.outcome, seen.detail) == (CUT, "the server ended the stream")


def test_http_flv_that_stalls(recorded: Recorded) -> None:
    seen = view(FLV, answers(recorded("srs-6.http"), stays=True))
    assert seen.outcome == STALLED and seen.longest_gap == pytest.approx(6)


def test_a_viewer_leaves_by_itself(recorded: Recorded) -> None:
    seen = view(FLV, answers(recorded("srs-6.http"), stays=True), seconds=4)
    assert seen.outcome == WATCHED and seen.ended == pytest.approx(4)


def test_a_viewer_who_wants_one_picture(recorded: Recorded) -> None:
    seen = view(FLV, answers(recorded("srs-6.http"), stays=True), until_picture=True)
    assert (seen.outcome, seen.frames) == (WATCHED, 1)


@pytest.mark.parametrize(
    ("header", "frame", "outcome", "detail"),
    [
        (b"", made_media.KEYFRAME, UNDECODABLE, "no sequence header of the video came before its first frame"),
        (made_media.flv_tag(9, 0, made_media.H264_HEADER), made_media.FRAME, EMPTY, "no picture within 6 s"),
    ],
    ids=["undecodable", "no keyframe"],
)
def test_a_viewer_who_wants_one_picture_does_not_wait_for_ever(header: bytes, frame: bytes, outcome: str, detail: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nFLV\x01\x05\0\0\0\x09\0\0\0\0" + header)
        for number in range(100):
            writer.write(made_media.flv_tag(9, 1000 * number, frame))
            await writer.drain()
            await asyncio.sleep(1)

    seen = view(FLV, serve, until_picture=True)
    assert (seen.outcome, seen.detail) == (outcome, detail)
    assert seen.ended == pytest.approx(7, abs=1)


@pytest.mark.parametrize(
    ("answer", "outcome", "detail"),
    [
        (b"", EMPTY, "the server closed the connection"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", REFUSED, "HTTP status 404"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", EMPTY, "the server closed the connection"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", EMPTY, "the server ended the stream"),
        (b"SSH-2.0\r\n\r\n", EMPTY, "the answer is not HTTP but begins with 'SSH-2.0'"),
    ],
)
def test_http_flv_without_a_picture(answer: bytes, outcome: str, detail: str) -> None:
    seen = view(FLV, answers(answer))
    assert (seen.outcome, seen.detail) == (outcome, detail)


@pytest.mark.parametrize("url", [FLV, RTMP])
def test_nobody_listens(url: str) -> None:
    seen = in_time(Viewer(url.format(free_port()), patience=PATIENCE).run())
    assert seen.outcome == REFUSED and "refused" in seen.detail.lower() and seen.connected is None


def test_rtmp(recorded: Recorded) -> None:
    seen = view(RTMP, rtmp_server(recorded("srs-6.rtmp")))
    assert (seen.outcome, seen.video, seen.audio, seen.frames) == (CUT, "h264", "aac", 13)
    assert view(RTMP, rtmp_server(recorded("srs-6.rtmp"), stays=True)).outcome == STALLED


def test_rtmp_that_says_no() -> None:
    no = rtmp.command("_error", 1, None, {"level": "error", "code": "NetConnection.Connect.Rejected"})
    seen = view(RTMP, rtmp_server(no, stays=True))
    assert seen.outcome == REFUSED and "Rejected" in seen.detail


def test_rtmp_that_ends_in_the_handshake() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)

    assert view(RTMP, serve).outcome == EMPTY


def hls_server(recorded: Recorded, segments: int, *, fail: Collection[int | str] = (), nonsense: int = 0) -> tuple[Serve, list[str]]:
    """Lets the playlist move on by one segment of 2 s with each request, up to so many.

    Some of the requests, by their number or path, are answered with 404, and one for a playlist with a page.
    """
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        asked.append(path)
        data = recorded("srs-6.ts")
        if path.endswith(".m3u8"):
            newest = min(sum(one.endswith(".m3u8") for one in asked), segments)
            lines = [
                line
                for number in range(max(1, newest - 2), newest + 1)
                for line in ("#EXT-X-DISCONTINUITY", "#EXTINF:2,", f"a-{number}.ts")
            ]
            first = max(1, newest - 2)
            head = [f"#EXT-X-MEDIA-SEQUENCE:{first}", f"#EXT-X-DISCONTINUITY-SEQUENCE:{first}", "#EXT-X-TARGETDURATION:2"]
            data = "\n".join(["#EXTM3U", *head, *lines, ""]).encode()
        if len(asked) == nonsense:
            data = b"<html>"
        status = b"404 Not Found" if len(asked) in fail or path in fail else b"200 OK"
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(data), data))
        await writer.drain()

    return serve, asked


def test_hls_moves_on_until_it_stalls(recorded: Recorded) -> None:
    serve, asked = hls_server(recorded, segments=3)
    seen = view(HLS, serve)
    assert [path for path in asked if path.endswith(".ts")] == ["/live/a-1.ts", "/live/a-2.ts", "/live/a-3.ts"]
    assert (seen.outcome, seen.detail) == (STALLED, "no new segment for 6 s")
    assert (seen.segments, seen.frames, seen.video, seen.audio, seen.errors) == (3, 30, "h264", "aac", 0)
    # A playlist each 2 s, and each second when nothing is new.
    assert seen.longest_gap == pytest.approx(7, abs=0.5)


def test_hls_tries_again(recorded: Recorded) -> None:
    serve, _asked = hls_server(recorded, segments=1, fail=[1])
    seen = view(HLS, serve, until_picture=True)
    assert (seen.outcome, seen.errors) == (WATCHED, 1)


@pytest.mark.parametrize(("fail", "outcome"), [([3, 4], WATCHED), ([3, 4, 5], GAVE_UP), ([3, 5, 7], WATCHED)])
def test_hls_gives_up_after_three_failed_playlists(recorded: Recorded, fail: list[int], outcome: str) -> None:
    serve, asked = hls_server(recorded, segments=100, fail=fail)
    seen = view(HLS, serve, seconds=30)
    assert (seen.outcome, seen.errors) == (outcome, 3 if outcome == GAVE_UP or fail[-1] == 7 else 2)
    assert seen.detail.startswith("the playlist failed 3 times in a row: HTTP status 404") or outcome == WATCHED
    assert outcome == WATCHED or len(asked) == 5


def test_hls_asks_no_more_after_nonsense(recorded: Recorded) -> None:
    serve, asked = hls_server(recorded, segments=100, nonsense=3)
    seen = view(HLS, serve, seconds=30)
    assert seen.outcome == GAVE_UP and "not with #EXTM3U" in seen.detail and len(asked) == 3


def test_hls_does_without_a_segment(recorded: Recorded) -> None:
    """The newest one is tried again, and given up as soon as there is a newer one."""
    serve, asked = hls_server(recorded, segments=100, fail=["/live/a-2.ts"])
    seen = view(HLS, serve, seconds=30)
    assert seen.outcome == WATCHED
    # At once, after one second, and after two more, when it is no longer the newest.
    assert seen.errors == asked.count("/live/a-2.ts") == 3 and "/live/a-3.ts" in asked


def test_hls_that_is_not_there() -> None:
    seen = view(HLS, answers(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
    assert seen.outcome == REFUSED and "404" in seen.detail and seen.errors > 1


def test_hls_whose_answer_does_not_come() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def run() -> View:
        async with server(serve) as port:
            return await Viewer(HLS.format(port), patience=Patience(media=40)).run()

    seen = in_time(run())
    # Four times 10 s until the first byte, and half a second to the next.
    assert (seen.outcome, seen.errors) == (EMPTY, 4) and seen.ended == pytest.approx(42, abs=1)


def test_an_audience(recorded: Recorded) -> None:
    async def run() -> tuple[list[View], list[View], list[View]]:
        async with (
            server(answers(recorded("srs-6.http"), stays=True)) as good,
            server(answers(b"")) as bad,
        ):
            async with Audience([FLV.format(good)] * 5 + [FLV.format(bad)]) as audience:
                lacking = await audience.seated(10)
                gone = audience.gone()
            return audience.views, lacking, gone

    views, lacking, gone = in_time(run())
    assert [seen.outcome for seen in views] == [WATCHED] * 5 + [EMPTY]
    assert lacking == gone == [views[5]]


def test_newcomers(recorded: Recorded) -> None:
    async def run() -> list[View]:
        async with server(answers(recorded("srs-6.http"), stays=True)) as good, server(answers(b"")) as bad:
            async with Newcomers([FLV.format(good), FLV.format(bad)], every=0.02) as newcomers:
                while len(newcomers.views) < 6:
                    await asyncio.sleep(0.02)
            return newcomers.views

    views = in_time(run())
    assert len(views) >= 6
    for seen in views:
        number = int(seen.name.split()[1])
        assert seen.outcome == (EMPTY if number % 2 else WATCHED)


def test_regulars_come_back(recorded: Recorded) -> None:
    """The server cuts the first visit, sends nothing to the second, and keeps the third."""
    visits = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        visits += 1
        await answers(b"" if visits == 2 else recorded("srs-6.http"), stays=visits == 3)(reader, writer)

    async def run() -> Regulars:
        async with server(serve) as port, Regulars([FLV.format(port)], pause=0.1) as regulars:
            while visits < 3 or regulars.visits[0][-1].first_frame is None:
                await asyncio.sleep(0.02)
        return regulars

    regulars = in_time(run())
    assert [seen.outcome for seen in regulars.visits[0]] == [CUT, EMPTY, WATCHED]
    # Two pauses, and the time that the viewer waited in vain.
    assert regulars.interruptions()[0] == pytest.approx(0.2)


@pytest.mark.parametrize("url", ["ftp://h/live/a.flv", "http://h/live/a.mp4", "srt://h:1"])
def test_urls_that_nobody_here_plays(url: str) -> None:
    with pytest.raises(ValueError, match="is none of"):
        Viewer(url)
