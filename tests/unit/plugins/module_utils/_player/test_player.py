# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a player says of servers: those that play what an SRS 6 once sent, and those that do not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._media import amf, flv, rtmp
from ansible_collections.livestream.srs.plugins.module_utils._media.decoder import NO_AUDIO_HEADER, NO_VIDEO_HEADER
from ansible_collections.livestream.srs.plugins.module_utils._media.packet import Packet
from ansible_collections.livestream.srs.plugins.module_utils._network.address import Address
from ansible_collections.livestream.srs.plugins.module_utils._network.connection import Connection
from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer
from ansible_collections.livestream.srs.plugins.module_utils._player.play_http import new_segments
from ansible_collections.livestream.srs.plugins.module_utils._player.player import play, protocol_of
from ansible_collections.livestream.srs.plugins.module_utils._player.viewer import Patience, View, Way
from ansible_collections.livestream.srs.plugins.modules import srs_stream_info
from ansible_collections.livestream.srs.tests.support import made_media
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork, Scripted
from ansible_collections.livestream.srs.tests.support.media_server import Step, in_time, recorded

# The recorded stream is 2 s long.
QUICK = Patience(watch=0.3, first=0.8, stall=0.4)
HEADER, _empty_line, FLV = recorded("srs-6.http").partition(b"\r\n\r\n")
HANDSHAKE = b"\x03" + bytes(2 * rtmp.HANDSHAKE)
RTMP = recorded("srs-6.rtmp")
TS = recorded("srs-6.ts")


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def watch(script: Callable[[str], Iterable[Step]], path: str, patience: Patience = QUICK) -> dict[str, Any]:
    with FakeNetwork() as network:
        port = network.listen(lambda: Scripted(script))
        scheme = "http" if path.endswith((".flv", ".m3u8")) else "rtmp"
        (view,) = asyncio.run(play([f"{scheme}://127.0.0.1:{port}{path}"], patience, ssl.create_default_context))
        return {**view.result(), "ended_after": network.now}


def flv_live(_request: str) -> Iterator[Step]:
    yield HEADER + b"\r\n\r\n"
    yield from in_time(FLV, 1.0)


def rtmp_live(_hello: str) -> Iterator[Step]:
    yield HANDSHAKE
    yield from in_time(RTMP, 1.0)


def test_who_says_nothing_is_as_patient_as_the_module() -> None:
    options = srs_stream_info.specification()["argument_spec"]
    assert Patience() == Patience(*(options[name]["default"] for name in ("seconds", "timeout", "stall")))


def test_http_flv_as_a_real_server_sends_it() -> None:
    result = watch(flv_live, "/live/tiny.flv")
    assert (result["verdict"], result["message"], result["protocol"]) == ("ok", "", "flv")
    assert result["video"] == {"codec": "h264", "width": 64, "height": 36}
    assert result["audio"] == {"codec": "aac", "sample_rate": 11025}
    assert result["fps"] == 5.0
    assert 0 <= result["connect_seconds"] <= result["first_packet_seconds"] <= result["first_keyframe_seconds"] < 1
    assert 10 < result["kbps"] < 100
    assert result["hls"] is None


def test_rtmp_as_a_real_server_sends_it() -> None:
    result = watch(rtmp_live, "/live/tiny")
    assert (result["verdict"], result["message"], result["protocol"]) == ("ok", "", "rtmp")
    assert result["video"] == {"codec": "h264", "width": 64, "height": 36}
    assert result["audio"]["codec"] == "aac"


def test_hls_as_a_real_server_sends_it() -> None:
    asked: list[str] = []

    def script(request: str) -> Iterator[Step]:
        asked.append(request.split(" ")[1])
        number = sum(".m3u8" in path for path in asked)
        text = f"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:{number}\n#EXT-X-TARGETDURATION:1\n"
        dates = ("Date: Sat, 31 Jan 2026 12:00:05 GMT", "Last-Modified: Sat, 31 Jan 2026 12:00:01 GMT")
        if ".ts" in asked[-1]:
            yield ok(TS, *dates)
        else:
            yield ok((text + "".join(f"#EXTINF:2.0,\ntiny-{n}.ts?x=1\n" for n in (number, number + 1))).encode())

    result = watch(script, "/live/tiny.m3u8")
    assert (result["verdict"], result["message"]) == ("ok", "")
    assert asked[:2] == ["/live/tiny.m3u8", "/live/tiny-2.ts?x=1"]  # a newcomer begins with the newest
    assert (result["video"]["codec"], result["audio"]["codec"], result["fps"]) == ("h264", "aac", 5.0)
    assert result["hls"]["segments"] == 2
    assert result["hls"]["newest_age_seconds"] == 4.0
    assert result["hls"]["target_seconds"] == 1.0
    assert result["kbps"] > len(TS) * 8 / 1000 / 2.5


def test_a_master_playlist_and_a_redirect_are_followed() -> None:
    def script(request: str) -> Iterator[Step]:
        path = request.split(" ")[1]
        if path == "/live/tiny.m3u8":
            yield b"HTTP/1.1 302 Found\r\nLocation: /live/tiny.m3u8?a=1\r\nContent-Length: 0\r\n\r\n"
        elif path == "/live/tiny.m3u8?a=1":
            yield ok(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/live/tiny.m3u8?hls_ctx=1\n")
        elif ".m3u8" in path:
            yield ok(b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:2,\n/s.ts\n#EXT-X-ENDLIST\n")
        else:
            yield ok(TS)

    assert watch(script, "/live/tiny.m3u8")["verdict"] == "ok"


def nothing(*_: Any) -> Iterator[Step]:
    yield 3.0


def once(answer: bytes, *more: Step) -> Callable[[str], Iterator[Step]]:
    def script(_request: str) -> Iterator[Step]:
        yield answer
        yield from more

    return script


def rtmp_status(code: str) -> Callable[[str], Iterator[Step]]:
    said = {"level": "error", "code": code, "description": "no"}
    return once(HANDSHAKE, rtmp.command("onStatus", 0, None, said), 3.0)


FLV_HEAD = HEADER + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("script", "path", "verdict", "words"),
    [
        (once(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), "/live/x.flv", "not_found", "HTTP status 404"),
        (once(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), "/live/x.m3u8", "not_found", "HTTP status 404"),
        (once(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), "/live/x.flv", "refused", "HTTP status 403"),
        (once(b"HTTP/1.1 302 Found\r\nLocation: /live/x.flv\r\n\r\n"), "/live/x.flv", "refused", "more than 5 redirects"),
        (once(ok(b"<html>It works</html>")), "/live/x.flv", "wrong_content", "not with FLV"),
        (once(ok(b"<html>It works</html>")), "/live/x.m3u8", "wrong_content", "not with #EXTM3U"),
        (once(b"SSH-2.0-OpenSSH\r\n\r\n"), "/live/x.flv", "wrong_content", "is not HTTP"),
        (once(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(4000)), "/live/x", "wrong_content", "not an RTMP handshake"),
        (nothing, "/live/x.flv", "empty", "connected, but no answer within 0.8 s"),
        (nothing, "/live/x", "empty", "connected, but no answer within 0.8 s"),
        (nothing, "/live/x.m3u8", "empty", "connected, but no answer within 0.8 s"),
        (once(FLV_HEAD, 3.0), "/live/x.flv", "empty", "no media within 0.8 s"),
        (once(HANDSHAKE, 3.0), "/live/x", "empty", "no media within 0.8 s"),
        (once(ok(b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n")), "/live/x.m3u8", "empty", "the playlist has no segments"),
        (once(FLV_HEAD), "/live/x.flv", "empty", "the server closed the connection"),
        (once(b""), "/live/x.flv", "refused", "it may be full (max_connections)"),
        (once(b""), "/live/x", "refused", "it may be full (max_connections)"),
        (once(FLV_HEAD + FLV[:3000], 3.0), "/live/x.flv", "stalled", "no more media for 0.4 s"),
        (once(FLV_HEAD + FLV[:3000]), "/live/x.flv", "stalled", "the server closed the connection"),
        (once(HANDSHAKE + RTMP[:6000], 3.0), "/live/x", "stalled", "no more media for 0.4 s"),
        (rtmp_status("NetStream.Play.StreamNotFound"), "/live/x", "not_found", "StreamNotFound: no"),
        (rtmp_status("NetConnection.Connect.Rejected"), "/live/x", "refused", "Connect.Rejected: no"),
    ],
)  # fmt: skip
def test_what_does_not_play(script: Callable[[str], Iterable[Step]], path: str, verdict: str, words: str) -> None:
    result = watch(script, path)
    assert result["verdict"] == verdict
    assert words in result["message"]


@pytest.mark.parametrize("query", ["", "?session={}"], ids=["", "a query of its own in each playlist"])
def test_a_playlist_that_stands_still_is_stalled(query: str) -> None:
    asked: list[str] = []

    def script(request: str) -> Iterator[Step]:
        asked.append(request)
        address = "a.ts" + query.format(len(asked))
        yield ok(TS if ".ts" in request else f"#EXTM3U\n#EXT-X-TARGETDURATION:0.3\n#EXTINF:2,\n{address}\n".encode())

    result = watch(script, "/live/x.m3u8")
    assert (result["verdict"], result["hls"]["segments"]) == ("stalled", 1)
    assert "has not moved on" in result["message"]


@pytest.mark.parametrize(("body", "verdict"), [(b"", "empty"), (b"<html>" + bytes(182), "wrong_content"), (b"G" * 100, "wrong_content")])
def test_segments_that_are_none(body: bytes, verdict: str) -> None:
    def script(request: str) -> Iterator[Step]:
        yield ok(body if ".ts" in request else b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:2,\na.ts\n")

    assert watch(script, "/live/x.m3u8")["verdict"] == verdict


def test_nothing_listens() -> None:
    (view,) = asyncio.run(play(["rtmp://127.0.0.1:1/live/x"], QUICK, ssl.create_default_context))
    assert (view.verdict, view.message) == ("refused", "127.0.0.1:1 refused the connection: nothing listens there")


def test_many_urls_are_played_at_once() -> None:
    with FakeNetwork() as network:
        flv_port, rtmp_port, silent_port = (network.listen(lambda s=s: Scripted(s)) for s in (flv_live, rtmp_live, nothing))
        urls = [
            *[f"http://127.0.0.1:{flv_port}/live/{n}.flv" for n in range(10)],
            *[f"rtmp://127.0.0.1:{rtmp_port}/live/{n}" for n in range(10)],
            *[f"http://127.0.0.1:{silent_port}/live/{n}.flv" for n in range(5)],
        ]
        views = asyncio.run(play(urls, QUICK, ssl.create_default_context))
    assert [view.url for view in views] == urls
    assert [view.verdict for view in views] == ["ok"] * 20 + ["empty"] * 5


@pytest.mark.parametrize(
    ("path", "app", "stream"),
    [("/live/tiny", "live", "tiny"), ("/live/tiny?token=a%20b", "live", "tiny?token=a%20b"), ("/live/room/1", "live/room", "1")],
)
def test_an_rtmp_server_is_asked_for_the_stream_of_the_url(path: str, app: str, stream: str) -> None:
    heard: list[bytes] = []

    def note(data: bytes) -> bytes:
        heard.append(data)
        return b""

    def script(_hello: str) -> Iterator[Step]:
        yield HANDSHAKE + RTMP
        yield 0.1
        yield note

    watch(script, path)
    said = heard[-1][1 + 2 * rtmp.HANDSHAKE :]
    commands = [amf.decode(message.body) for message in rtmp.ChunkReader().feed(said) if message.kind == rtmp.COMMAND]
    assert [command[2].get("app") for command in commands if command[0] == "connect"] == [app]
    assert [command[3] for command in commands if command[0] == "play"] == [stream]


def test_pings_are_answered_and_received_bytes_acknowledged() -> None:
    heard: list[bytes] = []

    def note(data: bytes) -> bytes:
        heard.append(data)
        return b""

    def script(_hello: str) -> Iterator[Step]:
        ping = rtmp.message(rtmp.USER_CONTROL, b"\0\x06\0\0\0\x2a", chunk_stream=2)
        window = rtmp.message(rtmp.WINDOW_SIZE, (1000).to_bytes(4), chunk_stream=2)
        yield HANDSHAKE + RTMP + window + ping
        yield 0.1
        yield note

    watch(script, "/live/x")
    assert rtmp.pong(b"\0\x06\0\0\0\x2a") in heard[-1]
    assert rtmp.acknowledgement(0)[:12] in heard[-1]


@pytest.mark.parametrize(
    "url", ["", "live", "ftp://h/a.flv", "http://h/a.mp4", "rtmp:///live", "http://h/live", "rtmp://[::1/live"],
)  # fmt: skip
def test_what_is_no_url_of_a_stream(url: str) -> None:
    with pytest.raises(ValueError):
        protocol_of(url)


NEVER = 3600.0
CLEAR_FLV = b"HTTP/1.1 200 OK\r\n\r\n" + b"FLV\x01\x05\0\0\0\x09" + bytes(4)


def tag(ms: int) -> bytes:
    """A frame of video in FLV."""
    body = bytes([0x17, 1, 0, 0, 0]) + bytes(100)
    return bytes([flv.VIDEO]) + len(body).to_bytes(3) + ms.to_bytes(3) + bytes(4) + body + (11 + len(body)).to_bytes(4)


def tags(*bodies: tuple[int, int, bytes]) -> bytes:
    return b"".join(made_media.flv_tag(kind, ms, body) for kind, ms, body in bodies)


HEADERS = tags((flv.VIDEO, 0, made_media.H264_HEADER), (flv.AUDIO, 0, made_media.AAC_HEADER))
ANNOUNCED = tags((flv.SCRIPT, 0, amf.encode("onMetaData") + amf.encode({"videocodecid": 7.0, "audiocodecid": 10.0})))


def live(begin: bytes, keyframes: Container[int], *, pictures: bool = True, sound: bool = True) -> Callable[[str], Iterator[Step]]:
    """HTTP-FLV of 10 frames/s, those with these numbers keyframes."""

    def script(_request: str) -> Iterator[Step]:
        yield CLEAR_FLV + begin
        for number in range(100):
            picture = (flv.VIDEO, 100 * number, made_media.KEYFRAME if number in keyframes else made_media.FRAME)
            tone = (flv.AUDIO, 100 * number, made_media.AAC_FRAME)
            yield tags(*[picture][: int(pictures)], *[tone][: int(sound)])
            yield 0.1

    return script


@pytest.mark.parametrize(
    ("script", "verdict", "message", "seconds"),
    [
        (live(HEADERS, range(0, 100, 10)), "ok", "", 0.3),
        (live(HEADERS, [6]), "ok", "", 0.6),
        (live(HEADERS, []), "undecodable", "no keyframe of the video came", 0.8),
        (live(b"", [0]), "undecodable", f"{NO_VIDEO_HEADER}, and {NO_AUDIO_HEADER}", 0.3),
        (live(b"", [2], sound=False), "undecodable", NO_VIDEO_HEADER, 0.3),
        (live(ANNOUNCED + HEADERS, [0]), "ok", "", 0.3),
        (live(ANNOUNCED + HEADERS, [0], sound=False), "ok", "", 0.3),
        (live(ANNOUNCED + tags((flv.VIDEO, 0, made_media.H264_HEADER)), [0], sound=False), "undecodable", "no audio came, which", 0.8),
        (live(ANNOUNCED, [], pictures=False), "undecodable", NO_AUDIO_HEADER, 0.3),
        (live(tags((flv.AUDIO, 0, made_media.AAC_HEADER)), [], pictures=False), "ok", "", 0.3),
        (live(ANNOUNCED + tags((flv.AUDIO, 0, made_media.AAC_HEADER)), [], pictures=False), "undecodable", "no video came, which", 0.8),
    ],
    ids=[
        *("good", "gop_cache off", "no keyframe", "no headers", "no video header", "all that is announced", "silence"),
        *("no audio", "no audio header", "sound alone", "sound alone, though video is announced"),
    ],
)  # fmt: skip
def test_what_can_not_be_decoded(script: Callable[[str], Iterable[Step]], verdict: str, message: str, seconds: float) -> None:
    result = watch(script, "/live/x.flv")
    assert (result["verdict"], result["message"].startswith(message)) == (verdict, True), result["message"]
    assert result["ended_after"] == pytest.approx(seconds, abs=0.11)
    assert verdict == "ok" or result["first_keyframe_seconds"] is None or "no audio came" in result["message"]


def no_tables(data: bytes) -> bytes:
    return b"".join(data[at : at + 188] for at in range(0, len(data), 188) if data[at + 1 : at + 3] not in (b"\x40\x00", b"\x50\x01"))


def a_picture(*units: bytes, keyframe: bool = True) -> Packet:
    return Packet("video", "h264", 0, 0, keyframe=keyframe, data=made_media.separated(*units), in_band=True)


INTER = made_media.segment([a_picture(made_media.inter(), keyframe=False)], ["h264"])
WHOLE = made_media.segment([a_picture(made_media.sps(), made_media.pps(), made_media.idr())], ["h264"])
BARE = made_media.segment([a_picture(made_media.idr())], ["h264"])


@pytest.mark.parametrize(
    ("segments", "end", "verdict", "message"),
    [
        ([WHOLE], "#EXT-X-ENDLIST\n", "ok", ""),
        ([BARE], "#EXT-X-ENDLIST\n", "undecodable", "no parameter sets (SPS and PPS) came before it"),
        ([INTER], "#EXT-X-ENDLIST\n", "undecodable", "no keyframe of the video came"),
        ([no_tables(TS)], "", "undecodable", "1.ts has no tables that name its streams (PAT and PMT)"),
        ([TS, no_tables(TS)], "", "ok", ""),
        ([WHOLE, BARE, BARE], "", "ok", ""),
        ([BARE, WHOLE], "", "ok", ""),
    ],
    ids=["good", "no parameter sets", "no keyframe", "no tables", "tables once", "parameter sets once", "they come later"],
)  # fmt: skip
def test_segments_that_can_not_be_decoded(segments: list[bytes], end: str, verdict: str, message: str) -> None:
    asked: list[str] = []

    def script(request: str) -> Iterator[Step]:
        asked.append(request.split(" ")[1])
        number = sum(".m3u8" in path for path in asked)
        text = f"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:{number}\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{number}.ts\n{end}"
        yield ok(segments[min(number, len(segments)) - 1] if ".ts" in asked[-1] else text.encode())

    result = watch(script, "/live/x.m3u8")
    assert (result["verdict"], bool(result["message"]), message in result["message"]) == (verdict, bool(message), True), result["message"]


def playlists(text: str) -> Callable[[str], Iterator[Step]]:
    """A server that has the same playlist at each time, but for its number."""
    asked: list[str] = []

    def script(request: str) -> Iterator[Step]:
        asked.append(request)
        yield ok(TS if ".ts" in request else ("#EXTM3U\n" + text.format(number=len(asked))).encode())

    return script


def again_and_again(data: bytes, pause: float) -> Iterator[Step]:
    while True:
        yield data
        yield pause


@pytest.mark.parametrize(
    ("script", "path", "verdict", "words", "seconds"),
    [
        (once(CLEAR_FLV[:-13], *[b"x", 0.05] * 100), "/live/x.flv", "wrong_content", "not with FLV", 0.8),
        (once(CLEAR_FLV, *[b"\0", 0.1] * 100), "/live/x.flv", "empty", "no media within 0.8 s", 0.8),
        (lambda _: again_and_again(b"HTTP/1.1 100 Continue\r\n\r\n", 0.1), "/live/x.flv", "empty", "no answer within 0.8 s", 0.8),
        (lambda _: again_and_again(b"HTTP/1.1 100 Continue\r\n\r\n", 0.1), "/live/x.m3u8", "empty", "no answer within 0.8 s", 0.8),
        (lambda _: again_and_again(b"HTTP/1.1 100 Continue\r\n\r\n" * 999, 0.001), "/live/x.flv", "wrong_content", "has no end", 0.1),
        (once(HANDSHAKE[:1000], *[b"\0", 0.1] * 100), "/live/x", "empty", "no answer within 0.8 s", 0.8),
        (lambda _: again_and_again(CLEAR_FLV + tag(0), NEVER), "/live/x.flv", "stalled", "no more media for 0.4 s", 0.4),
        (once(CLEAR_FLV, *[tag(0), 0.1] * 100), "/live/x.flv", "stalled", "no answer in time", 1.5),
        (playlists("#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n"), "/live/x.m3u8", "wrong_content", "more than 5 playlists", 0.1),
        (playlists("#EXT-X-TARGETDURATION:1e9\n#EXTINF:2,\na.ts\n"), "/live/x.m3u8", "stalled", "has not moved on for 121 s", 121),
        (playlists("#EXT-X-TARGETDURATION:nan\n#EXTINF:2,\na.ts\n"), "/live/x.m3u8", "stalled", "has not moved on", 1.0),
        (playlists("#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{number}\n"), "/live/x.m3u8", "empty", "has no segments", 1.0),
        (once(b"HTTP/1.1 302 Found\r\nLocation: ftp://h/x\r\n\r\n"), "/live/x.flv", "wrong_content", "ftp://h/x is not an http", 0.1),
        (once(b"HTTP/1.1 302 Found\r\nLocation: http://[x/\r\n\r\n"), "/live/x.flv", "wrong_content", "http://[x/ is no URL", 0.1),
        (once(b"HTTP/1.1 302 Found\r\nLocation: http://x:99999/\r\n\r\n"), "/live/x.flv", "wrong_content", "has no valid port", 0.1),
        (playlists("#EXT-X-TARGETDURATION:1\n#EXTINF:2,\nhttp://[::::]/a.ts\n"), "/live/x.m3u8", "wrong_content", "that is no URL", 0.1),
    ],
)  # fmt: skip
def test_no_server_holds_a_player_longer_than_its_patience(
    script: Callable[[str], Iterable[Step]], path: str, verdict: str, words: str, seconds: float
) -> None:
    result = watch(script, path)
    assert (result["verdict"], words in result["message"]) == (verdict, True), result["message"]
    assert result["ended_after"] <= seconds + 0.01


def test_a_playlist_that_moves_on_without_segments_has_an_end() -> None:
    asked: list[str] = []

    def script(request: str) -> Iterator[Step]:
        asked.append(request)
        segments = "#EXTINF:2,\na.ts\n" if len(asked) < 3 else ""
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{len(asked)}\n{segments}"
        yield ok(TS if ".ts" in request else text.encode())

    result = watch(script, "/live/x.m3u8")
    assert result["verdict"] == "stalled"
    assert result["ended_after"] == pytest.approx(QUICK.limit + 2 * QUICK.first + 2)


def test_a_view_that_can_not_be_made_hides_no_other() -> None:
    def no_certificates() -> ssl.SSLContext:
        raise SrsError("there are no certificates")

    with FakeNetwork() as network:
        port = network.listen(lambda: Scripted(flv_live))
        away = network.listen(lambda: Scripted(once(b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/x.flv\r\n\r\n")))
        urls = [f"http://127.0.0.1:{away}/live/x.flv", f"http://127.0.0.1:{port}/live/x.flv"]
        redirected, good = asyncio.run(play(urls, QUICK, no_certificates))
    assert (redirected.verdict, good.verdict) == ("wrong_content", "ok")
    assert "there are no certificates" in redirected.message


def test_without_certificates_nothing_secure_is_played() -> None:
    def no_certificates() -> ssl.SSLContext:
        raise SrsError("there are no certificates")

    with FakeNetwork(), pytest.raises(SrsError, match="there are no certificates"):
        asyncio.run(play(["rtmps://127.0.0.1:1/live/x"], QUICK, no_certificates))


@pytest.mark.parametrize(
    ("seen", "fetched"), [("", ["c"]), ("a", ["b", "c"]), ("c", []), ("gone", ["c"]), ("b?x=1", ["c"])],
)  # fmt: skip
def test_which_segments_are_fetched(seen: str, fetched: list[str]) -> None:
    assert list(new_segments(["a", "b", "c"], seen)) == fetched


# Ways that aren't the URL's


def through(script: Callable[[str], Iterable[Step]], url: str) -> tuple[View, list[str]]:
    """What is seen through something on the way that puts a path before the server's, and what it was asked for."""
    asked: list[str] = []

    def noted(request: str) -> Iterable[Step]:
        asked.append(request)
        return script(request)

    def refusal(status: int, body: bytes) -> NoAnswer | None:
        return NoAnswer("proxy_error", f"{status}: {body.decode()}") if body.startswith(b"{") else None

    with FakeNetwork() as network:
        address = Address("127.0.0.1", network.listen(lambda: Scripted(noted)))
        way = Way(lambda resolver, progress: Connection(address, resolver, progress), "/pods/a:8080/proxy", (("X-Way", "1"),), refusal)
        (view,) = asyncio.run(play([url], QUICK, ssl.create_default_context, [way]))
    return view, asked


def test_a_server_behind_a_proxy_is_asked_below_its_path() -> None:
    view, asked = through(flv_live, "http://192.0.2.1:8080/live/tiny.flv?vhost=v")
    assert (view.verdict, view.error) == ("ok", None)
    assert asked == ["GET /pods/a:8080/proxy/live/tiny.flv?vhost=v HTTP/1.1"]


def test_rtmp_by_another_way() -> None:
    view, _asked = through(rtmp_live, "rtmp://v.example/live/tiny")
    assert view.verdict == "ok"


@pytest.mark.parametrize(
    ("body", "verdict", "error", "message"),
    [(b'{"kind": "Status"}', "refused", "proxy_error", '404: {"kind": "Status"}'), (b"<html>", "not_found", None, "HTTP status 404 of")],
)
def test_an_answer_of_what_is_on_the_way_is_no_answer_of_the_server(body: bytes, verdict: str, error: str, message: str) -> None:
    def missing(_request: str) -> Iterator[Step]:
        yield b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    view, _asked = through(missing, "http://192.0.2.1:8080/live/tiny.flv")
    assert (view.verdict, view.error) == (verdict, error)
    assert view.message.startswith(message)
