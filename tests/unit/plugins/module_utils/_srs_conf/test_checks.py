# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a server listens, what its environment overrides, and what can't be told from single directives."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf import checks, pod_checks, reading
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.effects import Listener
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import parse

ON = "enabled on;"
EVERYTHING = f"""
listen 1935 127.0.0.1:1936;
http_api {{ {ON} https {{ {ON} }} }}
http_server {{ {ON} https {{ {ON} }} }}
exporter {{ {ON} }}
rtmps {{ {ON} }}
rtsp_server {{ {ON} }}
rtc_server {{ {ON} tcp {{ {ON} }} }}
"""
OLDEST = {"listen": ["1935", "127.0.0.1:1936"], "http_api.listen": ["1985"], "http_server.listen": ["8080"]}
HTTPS = {"http_api.https.listen": ["1990"], "http_server.https.listen": ["8088"]}
OF_5 = {"exporter.listen": ["9972"], "rtc_server.tcp.listen": ["8000"]}
OF_7 = {"rtsp_server.listen": ["554"]}


def listens(text: str, version: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for listener in checks.Checks(parse(text), Release(version)).effects.listens:
        if listener.protocol == "TCP":
            found.setdefault(listener.path, []).append(listener.endpoint)
    return found


@pytest.mark.parametrize(
    ("version", "expected"),
    [(3, OLDEST), (4, OLDEST | HTTPS), (5, OLDEST | HTTPS | OF_5), (6, OLDEST | HTTPS | OF_5), (7, OLDEST | HTTPS | OF_5 | OF_7)],
)
def test_where_a_server_listens_by_default(version: int, expected: dict[str, list[str]]) -> None:
    assert listens(EVERYTHING, version) == expected
    # None of them is on by itself; and WebRTC over TCP needs WebRTC.
    assert listens(EVERYTHING.replace(ON, ""), version) == {"listen": OLDEST["listen"]}
    assert listens(EVERYTHING.replace(f"rtc_server {{ {ON}", "rtc_server {"), version).get("rtc_server.tcp.listen") is None


def test_where_a_server_is_told_to_listen() -> None:
    text = f"http_api {{ {ON} listen 1 [::]:1; }} http_server {{ {ON} listen 0.0.0.0:2; }} rtc_server {{ {ON} tcp {{ {ON} listen 3; }} }}"
    expected = {"http_api.listen": ["1", "[::]:1"], "http_server.listen": ["0.0.0.0:2"], "rtc_server.tcp.listen": ["3"]}
    assert listens(text, 6) == expected
    assert listens(f"exporter {{ {ON} listen 1; }} rtmps {{ {ON} listen 2; }} rtsp_server {{ {ON} listen 3; }}", 7) == {
        "exporter.listen": ["1"],
        "rtmps.listen": ["2"],
        "rtsp_server.listen": ["3"],
    }


@pytest.mark.parametrize(("version", "port"), [(4, "1990"), (5, "8088"), (6, "8088")])
def test_apis_that_share_a_port_share_that_of_https(version: int, port: str) -> None:
    assert checks.Checks(parse("http_api { listen 8080; }"), Release(version)).http("http_api") == ("8080", port)


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("1935", "1935", True),
        ("1935", "1936", False),
        ("1935", "0.0.0.0:1935", True),
        ("1935", "127.0.0.1:1935", True),
        ("127.0.0.1:1935", "1935", True),
        ("127.0.0.1:1935", "127.0.0.2:1935", False),
        ("127.0.0.1:1935", "127.0.0.1:1935", True),
        ("[::]:1935", "1935", True),
        ("[::1]:1935", "1935", False),
        ("[::]:1935", "[::1]:1935", True),
        ("[::1]:1935", "[::2]:1935", False),
    ],
)
def test_listeners_that_are_in_each_others_way(one: str, other: str, clash: bool) -> None:
    pair = (Listener("a", one), Listener("b", other))
    assert [checks._clash(*pair), checks._clash(*reversed(pair))] == [clash, clash]


def test_one_directive_may_listen_by_both_families() -> None:
    assert not checks._clash(Listener("listen", "[::]:1935"), Listener("listen", "1935"))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("SRS_LISTEN", "listen"),
        ("SRS_LOG_TANK", "srs_log_tank"),
        ("SRS_LOG_LEVEL", "srs_log_level"),
        ("SRS_LOG_LEVEL_V2", "srs_log_level_v2"),
        ("SRS_LOG_FILE", "srs_log_file"),
        ("SRS_HTTP_API_AUTH_PASSWORD", "http_api.auth.password"),
        ("SRS_VHOST_HLS_HLS_FRAGMENT", "vhost.hls.hls_fragment"),
        ("SRS_RTC_SERVER_LISTEN", "rtc_server.listen"),
        *((name, None) for name in ("SRS_HTTP_API", "SRS_VHOST", "PATH", "SRS_LISTENS")),
        *(
            (name, None)
            for name in ("SRS_CHUNK_SIZE", "SRS_IS_FULL", "SRS_STATS_NETWORK", "SRS_STREAM_CASTER_LISTEN", "SRS_RTC_SERVER_DIR")
        ),
        *((f"SRS_VHOST_{name}", None) for name in ("ENABLED", "CLUSTER_MODE", "SECURITY_ENABLED", "REFER_ENABLED")),
        *((f"SRS_VHOST_{name}", None) for name in ("INGEST_ENABLED", "TRANSCODE_ENABLED", "EXEC_ENABLED", "BANDCHECK_ENABLED")),
        ("SRS_VHOST_FORWARD_DESTINATION", None),
        ("SRS_VHOST_FORWARD_BACKEND", "vhost.forward.backend"),
        ("SRS_RTMP_LISTEN", "listen"),
        ("SRS_VHOST_SRT_TO_RTMP", "vhost.srt.srt_to_rtmp"),
        ("SRS_VHOST_DVR_DVR_APPLY", None),
        ("SRS_VHOST_DVR_DVR_PATH", "vhost.dvr.dvr_path"),
    ],
)
def test_what_the_environment_goes_before(name: str, path: str | None) -> None:
    """Not before a whole block, nor before what the server reads from the file alone."""
    assert reading.ENV_NAMES.get(name) == path


def found(text: str, version: int = 6) -> list[tuple[str, str, int]]:
    return [(one.severity, one.path, one.line) for one in checks.server_checks(parse(text), Release(version))]


def deployed(
    text: str, role: str = "origin", version: int = 6, own_env: tuple[str, ...] = (), **context: Any
) -> list[tuple[str, str, int]]:
    foreground = "daemon off; srs_log_tank console; "
    findings = pod_checks.pod_checks(parse(foreground + text), Release(version), role, context, list(own_env))
    return [(one.severity, one.path, one.line) for one in findings]


VHOST = "vhost __defaultVhost__ { %s }"


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        ("listen 1;", 6, []),
        ("", 6, [("error", "listen", 0)]),
        ("listen 1;\nasprocess on;\ndaemon off;", 6, []),
        ("listen 1;\nasprocess on;", 6, [("error", "asprocess", 2)]),
        ("listen 1;\nis_full off;", 6, []),
        ("listen 1;\nheartbeat {\n interval 0.9;\n}", 3, []),
        ("listen 1;\nheartbeat {\n interval 0.9;\n}", 4, [("error", "heartbeat.interval", 3)]),
        ("listen 1;\nheartbeat {\n interval 1.9;\n}", 4, []),
        ("listen 1;\nhttp_api {\n enabled on;\n auth {\n username a:b;\n password c;\n }\n}", 6, [("error", "http_api.auth.username", 5)]),
        ("listen 1;\nhttp_api {\n auth {\n username a;\n password b:c;\n }\n}", 6, [("error", "http_api.auth.password", 5)]),
        (f"listen 1;\n{VHOST % 'cluster { mode remote; origin a; }'}", 6, []),
        (f"listen 1;\n{VHOST % 'cluster { mode remote; }'}", 6, [("error", "vhost __defaultVhost__.cluster.origin", 2)]),
        (
            f"listen 1;\n{VHOST % 'cluster { mode remote; origin a; origin_cluster on; coworkers b; }'}",
            6,
            [("error", "vhost __defaultVhost__.cluster.origin_cluster", 2)],
        ),
        (f"listen 1;\n{VHOST % 'cluster { origin_cluster on; coworkers b; }'}", 6, []),
        (f"listen 1;\n{VHOST % 'cluster { origin_cluster on; }'}", 6, [("warning", "vhost __defaultVhost__.cluster.origin_cluster", 2)]),
        (f"listen 1;\n{VHOST % 'cluster { mode remote; origin a; follow_client on; }'}", 6, []),
        (
            f"listen 1;\n{VHOST % 'cluster { mode remote; origin a; follow_client on; protocol flv; }'}",
            6,
            [("warning", "vhost __defaultVhost__.cluster.protocol", 2)],
        ),
        (f"listen 1;\n{VHOST % 'security { enabled on; allow play all; }'}", 6, []),
        (f"listen 1;\n{VHOST % 'security { enabled on; deny play all; }'}", 6, []),
        (f"listen 1;\n{VHOST % 'http_hooks { enabled on; }'}", 4, [("warning", "vhost __defaultVhost__.http_hooks", 2)]),
        (f"listen 1;\n{VHOST % 'http_hooks { enabled on; }'}", 5, []),
        (f"listen 1;\n{VHOST % 'http_hooks { enabled on; on_play http://a; }'}", 4, []),
        (f"listen 1;\n{VHOST % 'publish { kickoff_for_idle 0.0; } forward { enabled on; }'}", 6, []),
        (
            f"listen 1;\n{VHOST % 'publish { kickoff_for_idle 0.5; } forward { enabled on; }'}",
            6,
            [("error", "vhost __defaultVhost__.publish.kickoff_for_idle", 2)],
        ),
    ],
)
def test_what_a_server_refuses_or_ignores(text: str, version: int, expected: list[tuple[str, str, int]]) -> None:
    assert found(text, version) == expected


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        (VHOST % "", {}, []),
        ("", {}, [("error", "vhost", 0)]),
        ("vhost a { }", {}, [("warning", "vhost", 0)]),
        ("stats { network 0; } " + VHOST % "", {}, []),
        (VHOST % "", {"role": "edge"}, [("error", "cluster.mode", 1)]),
        (VHOST % "cluster { mode remote; }", {"role": "edge"}, []),
        (VHOST % "cluster { mode remote; }", {}, [("error", "vhost __defaultVhost__.cluster.mode", 1)]),
        (VHOST % "cluster { origin_cluster on; }", {"version": 6}, []),
        (VHOST % "cluster { origin_cluster on; }", {"version": 7}, [("warning", "vhost __defaultVhost__.cluster.origin_cluster", 1)]),
        # Open files: 128 are reserved in SRS 5 and later; before, the listeners, 2 and 3, and the log's.
        ("max_connections 100; " + VHOST % "", {"nofile": 229}, []),
        ("max_connections 100; " + VHOST % "", {"nofile": 228}, [("error", "max_connections", 1)]),
        ("listen 1 2; max_connections 100; " + VHOST % "", {"version": 4, "nofile": 108}, []),
        ("listen 1 2; max_connections 100; " + VHOST % "", {"version": 4, "nofile": 107}, [("error", "max_connections", 1)]),
        (VHOST % "", {"edge_pods": 50}, []),
        ("max_connections 1; " + VHOST % "", {}, []),
        (VHOST % "", {"edge_pods": 1000}, [("error", "max_connections", 0)]),
        (VHOST % "cluster { mode remote; }", {"role": "edge", "edge_pods": 1000}, []),
        ("grace_start_wait 100; grace_final_wait 0; " + VHOST % "", {}, []),
        ("grace_start_wait soon; " + VHOST % "", {}, []),
        (
            "grace_start_wait 99; grace_final_wait 1; " + VHOST % "",
            {},
            [("warning", "grace_start_wait", 1), ("warning", "grace_final_wait", 1)],
        ),
        (VHOST % "", {"drain_seconds": 1}, [("error", "force_grace_quit", 0)]),
        (VHOST % "", {"termination_grace_period_seconds": 0}, []),
        ("force_grace_quit on; " + VHOST % "", {"termination_grace_period_seconds": 5}, [("error", "grace_start_wait", 0)]),
        ("force_grace_quit on; " + VHOST % "", {"termination_grace_period_seconds": 6}, []),
        (VHOST % "hls { enabled on; }", {"behind_nginx": True, "version": 4}, []),
        (
            VHOST % "hls { enabled on; }",
            {"behind_nginx": True, "version": 5},
            [("warning", f"vhost __defaultVhost__.hls.{name}", 1) for name in ("hls_ctx", "hls_ts_ctx")],
        ),
        (
            VHOST % "hls { enabled on; hls_ctx off; hls_ts_ctx on; }",
            {"behind_nginx": True},
            [("error", "vhost __defaultVhost__.hls.hls_ts_ctx", 1)],
        ),
        (
            "vhost a { hls { enabled off; } } " + VHOST % "hls { enabled on; hls_ctx off; hls_ts_ctx on; }",
            {"behind_nginx": True},
            [("error", "vhost __defaultVhost__.hls.hls_ts_ctx", 1)],
        ),
        (VHOST % "hls { enabled on; }", {}, []),
        (VHOST % "hls { enabled off; }", {"behind_nginx": True}, []),
        ("listen 1; " + VHOST % "", {"service_ports": [1, 2], "container_ports": [1]}, [("error", "listen", 0)]),
        ("listen 1 2; " + VHOST % "", {"container_ports": [1]}, [("warning", "listen", 1)]),
        (VHOST % "", {"env": ["SRS_ENV_ONLY"]}, [("error", "SRS_ENV_ONLY", 0)]),
        (VHOST % "", {"env": ["SRS_ENV_ONLY", "SRS_LISTEN"], "version": 4}, [("warning", "SRS_LISTEN", 0)]),
        ("listen 1; " + VHOST % "", {"env": ["SRS_LISTEN", "SRS_LISTEN", "SRS_PID"]}, [("warning", "SRS_LISTEN", 0)]),
        ("listen 1; " + VHOST % "", {"env": ["SRS_LISTEN"], "own_env": ("SRS_LISTEN",)}, []),
        (
            "http_api { auth { enabled on; } } " + VHOST % "",
            {},
            [("error", "http_api.auth.username", 1), ("error", "http_api.auth.password", 1)],
        ),
        ("http_api { auth { enabled off; } } " + VHOST % "", {}, []),
        ("http_api { auth { enabled on; username a; } } " + VHOST % "", {"own_env": ("SRS_HTTP_API_AUTH_PASSWORD",)}, []),
        ("http_api { auth { enabled on; username a; } } " + VHOST % "", {"env": ["SRS_HTTP_API_AUTH_PASSWORD"]}, []),
        ("include a;\n" + VHOST % "\ninclude b;", {}, [("warning", "include", 1), ("warning", "include", 3)]),
    ],
)
def test_what_would_go_wrong_in_a_pod(text: str, options: dict[str, Any], expected: list[tuple[str, str, int]]) -> None:
    assert deployed(text, **options) == expected


@pytest.mark.parametrize(
    ("text", "version", "level"),
    [
        ("daemon on; srs_log_tank console;", 4, "error"),
        ("daemon on; srs_log_tank console;", 5, "warning"),
        ("srs_log_tank console;", 4, "error"),
    ],
)
def test_a_server_that_leaves_the_foreground(text: str, version: int, level: str) -> None:
    findings = pod_checks.pod_checks(parse(text + VHOST % ""), Release(version), "origin", {}, [])
    assert [(one.severity, one.path) for one in findings] == [(level, "daemon")]
