# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server does with a config: the files that it reads and writes, its programs, its ports, the hosts that it asks."""

from __future__ import annotations

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.effects import Effects, Listener, effects
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reading import Reading

HTML = "/usr/local/srs/objs/nginx/html"
PID = "/usr/local/srs/objs/srs.pid"


def done(text: str, version: int = 6, **env: str | None) -> Effects:
    return effects(Reading(parse(text, version), Release(version), env))


def written(text: str, version: int = 6, **env: str | None) -> list[str]:
    """But for the pid file."""
    return [file.path for file in done(f"srs_log_tank console; pid /pid; {text}", version, **env).writes if file.path != "/pid"]


def vhost(text: str) -> str:
    return f"vhost v {{ {text} }}"


def test_the_pid_file_is_always_written() -> None:
    (pid,) = done("srs_log_tank console;").writes
    assert (pid.path, pid.setting.value, pid.setting.is_default, pid.makes_folders) == (PID, "./objs/srs.pid", True, False)
    (pid,) = done("srs_log_tank console; pid a.pid; work_dir /tmp/a;").writes
    assert (pid.path, pid.setting.path, pid.setting.is_default) == ("/tmp/a/a.pid", "pid", False)


def test_the_log_is_written_where_it_goes_to_a_file() -> None:
    assert [file.path for file in done("pid /pid;").writes] == ["/pid", "/usr/local/srs/objs/srs.log"]
    assert [file.path for file in done("pid /pid; srs_log_tank file; srs_log_file /l/a;").writes] == ["/pid", "/l/a"]
    assert written("") == []


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("", []),
        ("hls { enabled off; hls_path /a; }", []),
        ("hls { hls_path /a; }", []),
        ("hls { enabled on; }", [HTML]),
        ("hls { enabled on; hls_path /a/./b/../c; }", ["/a/c"]),
        ("hls { enabled on; hls_path ./objs/nginx/html/../dvr; }", ["/usr/local/srs/objs/nginx/dvr"]),
        ("hls { enabled on; hls_path ../../../etc; }", ["/etc"]),
        ("hls { enabled on; hls_path /a/[app]/b; }", ["/a"]),
        ("hls { enabled on; hls_path /a; hls_keys on; hls_key_file_path /k; }", ["/a", "/k"]),
        ("hls { enabled on; hls_path /a; hls_keys off; hls_key_file_path /k; }", ["/a"]),
        ("dvr { enabled on; }", [HTML]),
        ("dvr { enabled on; dvr_path /d/a.flv; }", ["/d/a.flv"]),
        ("dvr { enabled on; dvr_path /d/[app]/[stream].flv; }", ["/d"]),
        ("dvr { enabled on; dvr_path /d-[app]/[stream].flv; }", ["/"]),
        ("dash { enabled on; dash_path /x; }", ["/x"]),
        ("hds { enabled on; }", [HTML]),
        ("enabled off; hls { enabled on; }", []),
        ("exec { enabled on; publish ./a -o /b; }", []),
        ("transcode { enabled on; engine { enabled on; output rtmp://127.0.0.1/a/b; } }", ["/usr/local/srs/objs/ffmpeg.log"]),
        ("transcode { enabled on; engine { enabled off; } }", []),
        ("transcode { engine { enabled on; } }", []),
        ("transcode { enabled on; engine { enabled on; output /o/[stream].mp4; } }", ["/o/[stream].mp4", "/usr/local/srs/objs/ffmpeg.log"]),
        ("ingest a { enabled on; input { type file; url /a.flv; } }", ["/usr/local/srs/objs/ffmpeg.log"]),
    ],
)
def test_what_a_vhost_writes(text: str, paths: list[str]) -> None:
    assert written(vhost(text)) == paths


@pytest.mark.parametrize(("folder", "paths"), [("/dev/null", []), ("/l", ["/l/ffmpeg.log"]), ("./log", ["/usr/local/srs/log/ffmpeg.log"])])
def test_the_logs_of_programs(folder: str, paths: list[str]) -> None:
    assert written(f"ff_log_dir {folder}; " + vhost("ingest { enabled on; input { type stream; url rtsp://h/a; } }")) == paths


def test_a_variable_goes_before_the_file_from_srs_5_on() -> None:
    text = vhost("hls { enabled off; hls_path /file; }")
    assert written(text, SRS_VHOST_HLS_ENABLED="on") == ["/file"]
    assert written(text, SRS_VHOST_HLS_ENABLED="on", SRS_VHOST_HLS_HLS_PATH="/variable") == ["/variable"]
    assert written(text, 4, SRS_VHOST_HLS_ENABLED="on") == []
    assert written(text, SRS_VHOST_HLS_ENABLED="") == [], "an empty one counts for nothing"
    (pid,) = done("srs_log_tank console; pid /pid;", SRS_PID="/tmp/a").writes
    assert (pid.path, pid.setting.path) == ("/tmp/a", "SRS_PID")


def test_what_cannot_be_known_is_left_out() -> None:
    assert written(vhost("hls { enabled on; }"), SRS_VHOST_HLS_HLS_PATH=None) == []
    assert written("include a.conf; " + vhost("hls { enabled on; }")) == [HTML]
    assert written(vhost("include a.conf; hls { enabled on; }")) == [], "it may hold another hls"
    assert written(vhost("hls { include a.conf; enabled on; }")) == []
    assert written(vhost("hls { enabled on; hls_path /a; include a.conf; }")) == ["/a"], "the first one counts"
    assert done("include a.conf;").writes == []


@pytest.mark.parametrize(
    ("text", "version", "paths"),
    [
        ("http_server { enabled on; https { enabled on; } }", 6, ["/usr/local/srs/conf/server.key", "/usr/local/srs/conf/server.crt"]),
        ("http_server { enabled on; https { enabled on; } }", 3, []),
        ("http_server { enabled off; https { enabled on; } }", 6, []),
        ("http_server { enabled on; https { enabled off; } }", 6, []),
        ("http_api { enabled on; https { enabled on; key /k; cert /c; } }", 4, ["/k", "/c"]),
        ("rtmps { enabled on; key /k; cert /c; }", 7, ["/k", "/c"]),
        ("rtmps { enabled on; key /k; cert /c; }", 6, []),
        ("include a.conf /b.conf;", 6, ["/usr/local/srs/a.conf", "/b.conf"]),
        (vhost("include a.conf;"), 6, ["/usr/local/srs/a.conf"]),
        (vhost("ingest { enabled on; input { type file; url ./a.flv; } }"), 6, ["/usr/local/srs/a.flv"]),
        (vhost("ingest { enabled on; input { url ./a.flv; } }"), 6, ["/usr/local/srs/a.flv"]),
        (vhost("ingest { enabled off; input { url ./a.flv; } }"), 6, []),
    ],
)
def test_what_is_read(text: str, version: int, paths: list[str]) -> None:
    assert [file.path for file in done(text, version).reads] == paths


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        ("rtc_server { enabled on; }", 6, [("rtc_server.listen", "8000", "UDP")]),
        (
            "rtc_server { enabled on; listen 9; tcp { enabled on; listen 9; } }",
            6,
            [("rtc_server.listen", "9", "UDP"), ("rtc_server.tcp.listen", "9", "TCP")],
        ),
        ("rtc_server { enabled on; }", 3, []),
        ("rtc_server { listen 9; }", 6, []),
        ("srt_server { enabled on; }", 6, [("srt_server.listen", "10080", "UDP")]),
        ("stream_caster { enabled on; caster mpegts_over_udp; listen 8935; }", 6, [("stream_caster.listen", "8935", "UDP")]),
        ("stream_caster { enabled on; caster flv; listen 8936; }", 6, [("stream_caster.listen", "8936", "TCP")]),
        ("stream_caster { caster flv; listen 8936; }", 6, []),
        (
            "stream_caster { enabled on; caster gb28181; listen 9000; sip { enabled on; } }",
            6,
            [("stream_caster.listen", "9000", "TCP"), ("stream_caster.sip.listen", "5060", "TCP")],
        ),
    ],
)
def test_ports_of_other_protocols(text: str, version: int, expected: list[tuple[str, str, str]]) -> None:
    assert [(one.directive, one.endpoint, one.protocol) for one in done(text, version).listens] == expected


def test_a_range_of_ports() -> None:
    *_rest, media = done("stream_caster { enabled on; caster rtsp; listen 554; rtp_port_min 10 ; rtp_port_max 12; }", 4).listens
    assert (list(media.ports), media.protocol) == ([10, 11, 12], "UDP")


@pytest.mark.parametrize(
    ("endpoint", "ports", "address", "local"),
    [
        ("1935", [1935], "0.0.0.0", False),
        ("0.0.0.0:1935", [1935], "0.0.0.0", False),
        ("127.0.0.1:1", [1], "127.0.0.1", True),
        ("127.8.0.1:1", [1], "127.8.0.1", True),
        ("[::1]:1", [1], "[::1]", True),
        ("[::]:1", [1], "[::]", False),
        ("nothing", [], "0.0.0.0", False),
    ],
)
def test_where_a_listener_is(endpoint: str, ports: list[int], address: str, local: bool) -> None:
    listener = Listener("listen", endpoint)
    assert (list(listener.ports), listener.address, listener.is_local) == (ports, address, local)


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        (vhost("cluster { mode remote; origin a b:19350; }"), [("a", 1935), ("b", 19350)]),
        (vhost("cluster { origin a; }"), []),
        (vhost("cluster { origin_cluster on; coworkers a:1985; }"), [("a", 1985)]),
        (vhost("forward { enabled on; destination a [::1]:1; backend http://b/c; }"), [("a", 1935), ("::1", 1), ("b", 80)]),
        (vhost("http_hooks { enabled on; on_publish http://a:1/b https://c/d; on_play http://e; }"), [("a", 1), ("c", 443), ("e", 80)]),
        (vhost("http_hooks { on_publish http://a:1/b; }"), []),
        (vhost("ingest { enabled on; input { type stream; url rtsp://u:p@a:554/b; } }"), [("a", 554)]),
        (vhost("transcode { enabled on; engine { enabled on; output rtmp://127.0.0.1:1935/a; } }"), [("127.0.0.1", 1935)]),
        ("heartbeat { enabled on; url http://a:85/b; }", [("a", 85)]),
        ("heartbeat { url http://a:85/b; }", []),
    ],
)
def test_who_is_asked(text: str, hosts: list[tuple[str, int]]) -> None:
    assert [(host.name, host.port) for host in done(text).asks] == hosts


def test_programs() -> None:
    text = vhost("ingest { enabled on; ffmpeg /f; input { url /a; } } exec { enabled on; publish /x a b; }")
    assert [setting.values for setting in done(text).runs] == [("/f",), ("/x", "a", "b")]
    assert done(vhost("exec { publish /x; }")).runs == []
