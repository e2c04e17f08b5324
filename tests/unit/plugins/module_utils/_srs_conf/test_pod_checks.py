# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A config against the pod that it is meant for, however the config came about: from parameters, from texts, by variables."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import compile_config

MEDIA = "/usr/local/srs/objs/nginx/html"
CONF = {"mount_path": "/usr/local/srs/conf", "read_only": True, "files": ["srs.conf"]}
TMP = {"mount_path": "/tmp", "empty": True}
EDGE = {"mounts": [CONF, TMP], "read_only_root_filesystem": True}
ORIGIN = {"mounts": [{"mount_path": MEDIA, "served": True}, CONF, TMP], "read_only_root_filesystem": True, "behind_nginx": True}
BASE = "listen 1935; daemon off; srs_log_tank console; "
OF_EDGE = BASE + "%s vhost __defaultVhost__ { cluster { mode remote; origin o; } %s }"
OF_ORIGIN = BASE + "%s vhost __defaultVhost__ { %s }"
PID = "pid /tmp/srs.pid;"
INGEST = (
    "vhost __defaultVhost__ { ingest { enabled on; input { type stream; url rtsp://c; } ffmpeg /usr/bin/ffmpeg; "
    "engine { output rtmp://o/a/b; } } }"
)
HLS = "hls { enabled on; hls_ctx off; hls_ts_ctx off; %s }"


def wrong(role: str, context: dict[str, Any], **params: Any) -> list[str]:
    try:
        compile_config(role, {**context, **params}, where="x")
    except SrsError as error:
        return error.message.splitlines()
    return []


def of_edge(**params: Any) -> list[str]:
    own = {} if "conf" in params else {"pid": "/tmp/srs.pid", "origin": ["o"]}
    return wrong("edge", EDGE, **{**own, **params})


def of_origin(**params: Any) -> list[str]:
    own = {} if "conf" in params else {"pid": "/tmp/srs.pid"}
    return wrong("origin", ORIGIN, **{**own, **params})


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"pid": "/tmp/other.pid"},
        {"conf": OF_EDGE % (PID, "")},
        {"conf": OF_EDGE % ("", ""), "env": ["SRS_PID=/tmp/srs.pid"]},
        {"conf": OF_EDGE % ("", ""), "env": ["SRS_PID"]},
        {"conf": OF_EDGE % ("include /etc/srs/a.conf;", "")},
        {"hls": {"enabled": True, "hls_path": "/tmp/hls"}},
        {"hls": {"hls_path": "/not/used"}},
        {
            "ff_log_dir": "/dev/null",
            "extra": INGEST,
        },
        {
            "ff_log_dir": "/tmp",
            "extra": INGEST,
        },
        {"http_server": {"https": {"enabled": True, "secret": "tls"}}},
        {"http_server": {"https": {"enabled": True, "key": "/in/the/image.key", "cert": "/in/the/image.crt"}}},
    ],
)
def test_what_an_edge_can_do(params: dict[str, Any]) -> None:
    assert of_edge(**params) == []


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (
            {"pid": "./objs/srs.pid"},
            "x: pid is './objs/srs.pid', and the root file system of the container is read-only: the server does not start.",
        ),
        ({"pid": "/tmp/run/srs.pid"}, "x: pid is '/tmp/run/srs.pid', whose folder is not there, since /tmp is empty when the pod starts"),
        ({"pid": "./conf/srs.pid"}, "x: pid is './conf/srs.pid', and /usr/local/srs/conf is mounted read-only"),
        (
            {"conf": OF_EDGE % ("", "")},
            "x.conf: pid is not given, and the server's own default is './objs/srs.pid', and the root file system",
        ),
        ({"work_dir": "/srv", "pid": "srs.pid"}, "x: pid is 'srs.pid', and the root file system"),
        ({"env": ["SRS_PID=/run/srs.pid"]}, "x: SRS_PID is '/run/srs.pid', and the root file system"),
        (
            {"hls": {"enabled": True}},
            "hls.hls_path is not given, and the server's own default is './objs/nginx/html', and the root file system",
        ),
        ({"conf": OF_EDGE % (PID, HLS % "")}, "every player of the edge is disconnected at once. Give a path below /tmp."),
        ({"extra": "vhost __defaultVhost__ { hls { enabled on; } }"}, "every player of the edge is disconnected at once"),
        ({"env": ["SRS_VHOST_HLS_ENABLED=on"]}, "every player of the edge is disconnected at once"),
        ({"vhosts": [{"name": "a", "dvr": {"enabled": True}}]}, "x: vhosts[0].dvr.dvr_path is not given"),
        (
            {"extra": INGEST},
            "x: ff_log_dir is not given, and the server's own default is './objs', and the root file system of the container is read-only: "
            "ffmpeg can't open its log, never runs, and is started again for ever. Give a path below /tmp.",
        ),
        (
            {"http_server": {"https": {"enabled": True}}},
            "http_server.https.key is not given, and the server's own default is './conf/server.key', which is not there",
        ),
        ({"extra": "http_api { https { enabled on; } }"}, "since /usr/local/srs/conf holds nothing but srs.conf"),
        ({"extra": "include conf/more.conf;"}, "include is 'conf/more.conf', which is not there"),
    ],
)
def test_what_an_edge_can_not_do(params: dict[str, Any], said: str) -> None:
    found = of_edge(**params)
    assert any(said in line for line in found), found


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"dvr": {"enabled": True}},
        {"dvr": {"enabled": True, "dvr_path": f"{MEDIA}/[app]/[stream].flv"}},
        {"dvr": {"dvr_path": "/not/used.flv"}},
        {"hls": {"hls_path": f"{MEDIA}/hls"}},
        {"work_dir": "/usr/local/srs/objs", "hls": {"hls_path": "nginx/html"}},
        {
            "dvr": {"enabled": True, "dvr_path": "/recordings/[app]/[stream].flv"},
            "mounts": [*ORIGIN["mounts"], {"mount_path": "/recordings"}],
        },
        {"conf": OF_ORIGIN % (PID, HLS % "")},
        {"extra": "vhost __defaultVhost__ { dash { enabled on; } }"},
    ],
)
def test_what_an_origin_can_do(params: dict[str, Any]) -> None:
    assert of_origin(**params) == []


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (
            {"conf": OF_ORIGIN % (PID, HLS % "hls_path /mnt/hls;")},
            "hls.hls_path is '/mnt/hls', and the root file system of the container is read-only: every publisher is disconnected at once.",
        ),
        ({"hls": {"hls_path": "./objs/nginx/html/../hls"}}, "hls.hls_path is './objs/nginx/html/../hls', and the root"),
        ({"hls": {"hls_path": "/tmp/hls"}}, "hls.hls_path is '/tmp/hls', which nginx doesn't see: players get no HLS."),
        ({"hls": {"hls_keys": True, "hls_key_file_path": "/keys"}}, "hls.hls_key_file_path is '/keys'"),
        (
            {"dvr": {"enabled": True, "dvr_path": "/data/[stream].flv"}},
            f"the container is read-only: every publisher is disconnected at once. Give a path below {MEDIA}.",
        ),
        (
            {"dvr": {"enabled": True, "dvr_path": "/data/a.flv"}, "read_only_root_filesystem": False},
            "dvr.dvr_path is '/data/a.flv', which is on no volume: it is lost with the container.",
        ),
        (
            {"extra": "vhost __defaultVhost__ { dash { enabled on; dash_path /dash; } }"},
            "x.extra line 1: vhost __defaultVhost__.dash.dash_path is '/dash'",
        ),
        (
            {"extra": "vhost __defaultVhost__ { transcode { enabled on; engine { enabled on; output rtmp://127.0.0.1/a/b; } } }"},
            "ff_log_dir is not given",
        ),
        (
            {"extra": "vhost __defaultVhost__ { ingest { enabled on; input { url ./conf/a.flv; } } }"},
            "input.url is './conf/a.flv', which is not there",
        ),
    ],
)
def test_what_an_origin_can_not_do(params: dict[str, Any], said: str) -> None:
    found = of_origin(**params)
    assert any(said in line for line in found), found


def test_without_mounts_no_file_is_checked() -> None:
    assert wrong("origin", {}, hls={"hls_path": "/anywhere"}, pid="/anywhere/srs.pid") == []
    assert wrong("origin", {"mounts": []}, dvr={"enabled": True, "dvr_path": "/anywhere/a.flv"}) == []


def test_the_innermost_mount_counts() -> None:
    inner = {"mount_path": "/tmp/ro", "read_only": True}
    assert "and /tmp/ro is mounted read-only" in wrong("edge", {**EDGE, "mounts": [TMP, inner]}, origin=["o"], pid="/tmp/ro/a")[0]
    assert wrong("edge", {**EDGE, "mounts": [inner, TMP]}, origin=["o"], pid="/tmp/roo") == [], "another folder"


def test_a_log_file_that_can_not_be_written_is_a_warning() -> None:
    compiled = compile_config("edge", {**EDGE, "origin": ["o"], "pid": "/tmp/a", "srs_log_tank": "file"}, where="x")
    assert any("srs_log_file is not given" in warning and "its log is lost" in warning for warning in compiled.warnings("x"))


def test_low_ports() -> None:
    http = {"listen": 80}
    (problem,) = wrong("edge", {"lowest_port": 1024}, origin=["o"], http_server=http)
    assert problem == "x: http_server.listen is port 80, which the server may not open as a user other than root: take one from 1024 on."
    assert wrong("edge", {}, origin=["o"], http_server=http) == []
    assert wrong("edge", {"lowest_port": 80}, origin=["o"], http_server=http) == []


def test_udp_ports_that_no_service_leads_to() -> None:
    params = {"container_ports": [1935, 1985, 8080], "origin": ["o"], "extra": "rtc_server { enabled on; listen 8000; }"}
    (warning,) = compile_config("edge", params, where="x").warnings("x")
    assert warning.startswith("x.extra line 1: rtc_server.listen is UDP port 8000, which is not among the container's UDP ports (none)")
    assert compile_config("edge", {**params, "container_udp_ports": [8000]}, where="x").warnings("x") == []
    assert compile_config("edge", {**params, "container_ports": []}, where="x").warnings("x") == []


def test_a_service_leads_to_no_port_of_the_pod_alone() -> None:
    (problem,) = wrong("edge", {"service_ports": [8080]}, origin=["o"], http_server={"listen": "127.0.0.1:8080"})
    assert problem == "x: http_server.listen is '127.0.0.1:8080', where nobody outside of the pod can come, but a Service sends to 8080."


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (
            {"http_server": {"https": {"enabled": True, "key": "/tmp/a.key", "cert": "/in/the/image.crt"}}},
            "http_server.https.key is '/tmp/a.key', which is not there, since /tmp is empty when the pod starts",
        ),
        ({"work_dir": "/tmp/work", "pid": "/tmp/srs.pid"}, "work_dir is '/tmp/work', which is not there, since /tmp is empty"),
        (
            {"vhosts": [{"name": "a", "enabled": False}, {"name": "b", "enabled": False}]},
            "vhosts[0].enabled is off, and no other vhost is on",
        ),
        ({"env": ["SRS_VHOST_HLS_HLS_TD_RATIO=0"]}, "SRS_VHOST_HLS_HLS_TD_RATIO is '0', but must be a number of at least 0.1"),
        ({"env": ["SRS_MAX_CONNECTIONS=many"]}, "SRS_MAX_CONNECTIONS is 'many', but must be a whole number"),
    ],
)
def test_what_an_edge_does_not_find(params: dict[str, Any], said: str) -> None:
    (message,) = of_edge(**params)
    assert said in message


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("/tmp/ffmpeg", "which is not there, since /tmp is empty when the pod starts: it never runs."),
        ("./conf/ffmpeg", "which is not there, since /usr/local/srs/conf holds nothing but srs.conf: it never runs."),
        ("./objs/ffmpeg/bin/ffmpeg", ""),
    ],
)
def test_programs_that_run(program: str, said: str) -> None:
    blocks = (
        f"transcode {{ enabled on; ffmpeg {program}; engine e {{ enabled on; vcodec copy; acodec copy; output rtmp://o/a/[stream]; }} }}",
        f"exec {{ enabled on; publish {program} -i [url] /tmp/a.flv; }}",
    )
    for block in blocks:
        found = of_origin(ff_log_dir="/tmp", extra=f"vhost __defaultVhost__ {{ {block} }}")
        assert [said in message for message in found] == ([True] if said else [])


@pytest.mark.parametrize(
    ("output", "fits"), [("/tmp/[stream].png", True), ("/tmp/a.png", True), ("/tmp/[app]/a.png", False), ("/tmp/a/[stream].png", False)]
)
def test_what_ffmpeg_writes_needs_its_folder(output: str, fits: bool) -> None:
    engine = f"engine e {{ enabled on; vcodec png; acodec an; output {output}; }}"
    text = f"vhost __defaultVhost__ {{ transcode {{ enabled on; ffmpeg /usr/bin/ffmpeg; {engine} }} }}"
    assert (of_origin(ff_log_dir="/tmp", extra=text) == []) is fits


def test_variables_of_the_environment_that_are_not_read_are_not_checked() -> None:
    assert of_edge(env=["SRS_MAX_CONNECTIONS=many"], srs_version=4) == []
    assert of_edge(env=["SRS_MAX_CONNECTIONS", "SRS_VHOST_HLS_HLS_TD_RATIO="]) == []
