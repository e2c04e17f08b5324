# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server accepts and lets no stream through. Each case was seen with SRS 6.0.157 or 7.0.18 itself."""

from __future__ import annotations

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR, WARNING
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.stream_checks import stream_checks

EDGE = "cluster { mode remote; origin o%s; }"
FFMPEG = "ffmpeg /usr/bin/ffmpeg;"
OUTPUT = "output rtmp://127.0.0.1/live/[stream]_sd;"
X264 = "vcodec libx264; vprofile main; vpreset fast;"


def found(text: str, version: int = 6, env: dict[str, str | None] | None = None) -> list[str]:
    findings = stream_checks(parse(f"vhost v {{ {text} }}", version), Release(version), env)
    assert all(finding.severity == ERROR for finding in findings)
    return [f"{finding.path.removeprefix('vhost v.')} {finding.message}" for finding in findings]


def transcode(engine: str, program: str = FFMPEG) -> str:
    return f"transcode {{ enabled on; {program} engine ff {{ enabled on; {engine} }} }}"


def ingest(engine: str, source: str = "url rtsp://camera/1;", program: str = FFMPEG) -> str:
    return f"ingest a {{ enabled on; {program} input {{ type stream; {source} }} {engine} }}"


@pytest.mark.parametrize(
    "text",
    [
        "security { enabled on; allow play all; allow publish 192.0.2.0/24; deny publish 192.0.2.1; }",
        "security { enabled on; deny play 192.0.2.1; }",
        "security { enabled off; deny play all; }",
        EDGE % "" + " security { enabled on; allow play all; }",
        "play { mw_latency 900; queue_length 1; }",
        "play { mw_latency 29999; }",
        "play { queue_length 1; }",
        "http_remux { enabled on; }",
        "http_remux { enabled on; mount /[app]/[stream].flv; }",
        "http_remux { enabled on; mount [vhost]/flv/[app]/[stream].flv; }",
        "http_remux { enabled off; mount nonsense; }",
        EDGE % "" + " http_remux { enabled on; mount [vhost]/[app]/[stream].ts; }",
        "hls { enabled on; hls_m3u8_file [app]/[stream]/index.m3u8; hls_ts_file [app]/[stream]/[seq].ts; }",
        "hls { enabled on; hls_m3u8_file [stream].m3u8; }",
        "hls { enabled off; hls_m3u8_file a/b/c.m3u8; }",
        "dvr { enabled on; dvr_plan segment; dvr_path /data/[stream].[timestamp].mp4; }",
        "dvr { enabled on; dvr_plan segment; dvr_path /data/[stream]/[15].[04].[05].flv; }",
        "dvr { enabled on; dvr_plan segment; dvr_path /data; }",
        "dvr { enabled on; }",
        "dvr { enabled off; dvr_plan segment; dvr_path /data/a.flv; }",
        (EDGE % ":1935").replace("}", "token_traverse on; }"),
        (EDGE % ":8080").replace("}", "protocol flv; }"),
        transcode(f"vcodec copy; acodec copy; {OUTPUT}"),
        transcode(f"{X264} acodec aac; {OUTPUT}"),
        transcode(f"vcodec vn; acodec aac; {OUTPUT}"),
        "transcode { enabled on; engine ff { enabled off; } }",
        "transcode { enabled off; engine ff { enabled on; } }",
        ingest(f"engine {{ enabled on; {OUTPUT} }}"),
        ingest(f"engine {{ enabled off; vcodec h264; acodec aac; {OUTPUT} }}"),
        ingest(f"engine {{ enabled on; vcodec h264; {OUTPUT} }}"),
        "ingest a { enabled off; }",
        "enabled off; ingest a { enabled on; }",
    ],
)
def test_what_streams(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("security { enabled on; deny play all; }", "security lets nobody play: allow it"),
        ("security { enabled on; allow play all; }", "security lets nobody publish: allow it"),
        (EDGE % "" + " security { enabled on; }", "security lets nobody play: allow it"),
        (EDGE % "" + " security { enabled on; allow publish all; }", "security lets nobody play: allow it"),
        ("play { mw_latency 1800; queue_length 1; }", "play.mw_latency lets media wait 1800 ms before it is sent, and play.queue_length"),
        ("play { mw_latency 30000; }", "play.mw_latency lets media wait 30000 ms before it is sent, and play.queue_length drops what has"),
        ("http_remux { enabled on; mount [vhost]/[app]/[stream]/live.flv; }", "http_remux.mount is '[vhost]/[app]/[stream]/live.flv', but"),
        ("http_remux { enabled on; mount [vhost]/[stream].flv; }", "so it must end with [vhost]/[app]/[stream].flv (or .ts, .aac, .mp3)"),
        ("http_remux { enabled on; mount [app]/[stream].flv; }", "http_remux.mount is '[app]/[stream].flv', but the server takes"),
        ("http_remux { enabled on; mount [vhost]/[app]/[stream].mkv; }", "http_remux.mount is '[vhost]/[app]/[stream].mkv', but"),
        (EDGE % "" + " http_remux { enabled on; mount [vhost]/flv/[app]/[stream].flv; }", "so it must be [vhost]/[app]/[stream].flv"),
        ("hls { enabled on; hls_m3u8_file [vhost]/[app]/[stream].m3u8; }", "hls.hls_m3u8_file makes '[vhost]/[app]/[stream].m3u8' the"),
        ("hls { enabled on; hls_m3u8_file [app]/[stream]/index.m3u8; }", "hls_ts_file must begin with [app]/[stream]/."),
        ("hls { enabled on; hls_ts_file ts/[stream]-[seq].ts; }", "hls_ts_file must begin with [app]/."),
        (
            "dvr { enabled on; dvr_plan segment; dvr_path /d/[stream].flv; }",
            "dvr.dvr_path is '/d/[stream].flv', the same for every recording",
        ),
        ((EDGE % ":8080").replace("}", "token_traverse on; protocol flv; }"), "cluster.token_traverse is on, and asks o:8080 by RTMP, but"),
        (transcode(f"vcodec copy; acodec copy; {OUTPUT}", ""), "transcode.ffmpeg is missing: the server transcodes nothing."),
        (transcode("vcodec copy; acodec copy;"), "transcode.engine.output is missing: the server refuses every stream."),
        (transcode(f"acodec copy; {OUTPUT}"), "transcode.engine.vcodec is missing: the server refuses every stream. To leave"),
        (transcode(f"vcodec copy; {OUTPUT}"), "transcode.engine.acodec is missing: ffmpeg fails, and is started again for ever."),
        (transcode(f"vcodec vn; acodec an; {OUTPUT}"), "transcode.engine.vcodec is vn and acodec an, which leaves nothing: the server"),
        (transcode(f"vcodec h264; acodec copy; {OUTPUT}"), "transcode.engine.vcodec is 'h264', but must be one of libx264, libx265,"),
        (transcode(f"vcodec libx264; vpreset fast; acodec copy; {OUTPUT}"), "transcode.engine.vprofile is missing, and vcodec libx264"),
        (transcode(f"vcodec libx264; vprofile main; acodec copy; {OUTPUT}"), "transcode.engine.vpreset is missing, and vcodec libx264"),
        (ingest(f"engine {{ enabled on; {OUTPUT} }}", program=""), "ingest.ffmpeg is missing: the server does not start."),
        (ingest(f"engine {{ enabled on; {OUTPUT} }}", source=""), "ingest.input.url is missing: the server does not start."),
        (ingest(""), "ingest.engine.output is missing: the server does not start."),
        (ingest("engine { enabled off; }"), "ingest.engine.output is missing: the server does not start."),
        (ingest(f"engine {{ enabled on; vcodec h264; acodec aac; {OUTPUT} }}"), "ingest.engine.vcodec is 'h264', but must be one of"),
    ],
)
def test_what_does_not(text: str, said: str) -> None:
    (message,) = found(text)
    assert said in message


def test_newer_servers_leave_the_codec_to_ffmpeg() -> None:
    engine = f"vcodec h264; vprofile main; vpreset fast; acodec copy; {OUTPUT}"
    assert len(found(transcode(engine), 6)) == 1
    assert found(transcode(engine), 7) == []
    (missing,) = found(transcode(f"acodec copy; {OUTPUT}"), 7)
    assert "ffmpeg fails" in missing


def test_older_origins_take_other_mounts() -> None:
    assert found("http_remux { enabled on; mount [vhost]/[stream].flv; }", 5) == []


def test_what_the_environment_says_counts() -> None:
    assert found("play { mw_latency 1800; }", 6, {"SRS_VHOST_PLAY_QUEUE_LENGTH": "1"}) != []
    assert found("play { mw_latency 1800; }", 6, {"SRS_VHOST_PLAY_QUEUE_LENGTH": None}) == []


def test_a_single_recording_is_warned_of() -> None:
    (finding,) = stream_checks(parse("vhost v { dvr { enabled on; dvr_path /d/[stream].flv; } }", 6), Release(6))
    assert finding.severity == WARNING and "an encoder can't reconnect: put [timestamp] into the name." in finding.message


@pytest.mark.parametrize("name", ["caster", "listen", "output"])
def test_a_stream_caster_needs(name: str) -> None:
    whole = {"caster": "flv", "listen": "8936", "output": "rtmp://127.0.0.1/[app]/[stream]"}
    settings = " ".join(f"{key} {value};" for key, value in whole.items() if key != name)
    (finding,) = stream_checks(parse(f"stream_caster {{ enabled on; {settings} }} vhost v {{ }}", 6), Release(6))
    assert (finding.severity, finding.path) == (ERROR, f"stream_caster.{name}")
    assert stream_checks(parse(f"stream_caster {{ enabled off; {settings} }} vhost v {{ }}", 6), Release(6)) == []
