# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters to text: defaults, merging, cross-checks, secrets, and every message that stops a deployment."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import MAJORS
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import Compiled, compile_config
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.options import CONTEXT, Normaliser

TUTORIAL_EDGE = """\
listen 1935;
max_connections 1000;
daemon off;
srs_log_tank console;
http_api {
    enabled on;
    listen 1985;
}
http_server {
    enabled on;
    listen 8080;
}
vhost __defaultVhost__ {
    cluster {
        mode remote;
        origin srs-internal-origin-service;
    }
    http_remux {
        enabled on;
    }
}
"""


def edge(**params: Any) -> Compiled:
    return compile_config("edge", {"origin": ["o"], **params}, where="w")


def origin(**params: Any) -> Compiled:
    return compile_config("origin", params, where="w")


def vhost_of(compiled: Compiled) -> str:
    return compiled.text[compiled.text.index("vhost ") :]


def test_edge_by_default_is_the_tutorial() -> None:
    compiled = compile_config("edge", {"origin": ["srs-internal-origin-service"]}, where="w")
    assert compiled.text == TUTORIAL_EDGE
    assert (compiled.findings, compiled.env, compiled.secret_mounts) == ([], [], [])


@pytest.mark.parametrize("version", MAJORS)
def test_origin_by_default(version: int) -> None:
    compiled = origin(srs_version=version, behind_nginx=True)
    assert not compiled.findings
    assert compiled.text.startswith("listen 1935;\nmax_connections 1000;\ndaemon off;\nsrs_log_tank console;\n")
    hls = {"hls_ctx off;", "hls_ts_ctx off;"} if version > 4 else {"hls_dispose 120;"}
    assert {line.strip() for line in vhost_of(compiled).splitlines()} == {
        "vhost __defaultVhost__ {",
        "http_remux {",
        "hls {",
        "enabled on;",
        "}",
    } | hls
    assert ("query_latest_version off;" in compiled.text) == (version == 4)


def test_same_parameters_same_text() -> None:
    one = {"origin": ["a", "b"], "play": {"gop_cache": False, "queue_length": 10}, "max_connections": 5, "chunk_size": 4096}
    other = {key: dict(reversed(value.items())) if isinstance(value, dict) else value for key, value in reversed(one.items())}
    assert compile_config("edge", one, where="w") == compile_config("edge", other, where="w")


@pytest.mark.parametrize(
    ("params", "lines"),
    [
        ({"listen": 1935}, ["listen 1935;"]),
        ({"listen": []}, ["listen 1935;"]),
        ({"listen": [1935, "127.0.0.1:1936"]}, ["listen 1935 127.0.0.1:1936;"]),
        ({"listen": "1935 1936"}, ["listen 1935 1936;"]),
        ({"max_connections": "2000"}, ["max_connections 2000;"]),
        ({"origin": "a:1935, b"}, ["        origin a:1935 b;"]),
        ({"utc_time": "yes", "empty_ip_ok": False}, ["utc_time on;", "empty_ip_ok off;"]),
        ({"play": {"time_jitter": False}}, ["        time_jitter off;"]),
        ({"publish": {"kickoff_for_idle": 1.50}}, ["        kickoff_for_idle 1.5;"]),
        ({"publish": {"kickoff_for_idle": 0.0}}, ["        kickoff_for_idle 0;"]),
        ({"http_api": {"enabled": False}}, ["    enabled off;"]),
        (
            {"security": {"enabled": True, "allow": ["play all", "publish 10.0.0.0/8"], "deny": "play 10.0.0.1"}},
            ["        allow play all;", "        allow publish 10.0.0.0/8;", "        deny play 10.0.0.1;"],
        ),
        ({"http_hooks": {"enabled": True, "on_play": ["http://a/?x=[stream]"]}}, ["        on_play http://a/?x=[stream];"]),
        ({"hls": {"hls_path": "/media files"}}, ['        hls_path "/media files";']),
        ({"hls": None, "dvr": {"dvr_apply": None}}, []),
    ],
)
def test_value(params: dict[str, Any], lines: list[str]) -> None:
    text = edge(**params).text.splitlines()
    for line in lines:
        assert line in text


def test_vhosts() -> None:
    compiled = edge(
        play={"gop_cache": False},
        vhosts=[
            {"name": "__defaultVhost__"},
            {"name": "a.example.com", "chunk_size": 4096, "play": {"gop_cache": True, "mw_latency": 0}, "cluster": {"origin": ["other"]}},
            {"name": "off", "enabled": False, "cluster": {"mode": "local"}},
        ],
    )
    vhosts = compiled.text[compiled.text.index("vhost ") :].split("vhost ")[1:]
    assert [vhost.split()[0] for vhost in vhosts] == ["__defaultVhost__", "a.example.com", "off"]
    assert [re.findall(r"(?:origin|gop_cache|mw_latency|mode|chunk_size|enabled) [^;]+", vhost) for vhost in vhosts] == [
        ["mode remote", "origin o", "gop_cache off", "enabled on"],
        ["chunk_size 4096", "mode remote", "origin other", "gop_cache on", "mw_latency 0", "enabled on"],
        ["enabled off", "mode local", "origin o", "gop_cache off", "enabled on"],
    ]


def test_extra_is_merged() -> None:
    default = "vhost __defaultVhost__ { rtc { enabled on; } play { atc on; } }"
    compiled = edge(extra=f"rtc_server {{ enabled on; }}\n{default}\nvhost b {{ mode remote; origin x; }}")
    assert compiled.text.endswith(
        "    rtc {\n        enabled on;\n    }\n    play {\n        atc on;\n    }\n}\nrtc_server {\n    enabled on;\n}\nvhost b {\n"
        "    cluster {\n        mode remote;\n        origin x;\n    }\n}\n"
    )
    assert [finding.path for finding in compiled.findings] == ["vhost b.mode", "vhost b.origin"]


def test_conf_is_kept_as_it_is() -> None:
    text = "# ours\nlisten 1935;\nmax_connections 10;\ndaemon off;\nsrs_log_tank console;\n"
    text += "vhost __defaultVhost__ {\n  cluster { mode remote; origin a; }\n}\n"
    compiled = compile_config("edge", {"conf": text, "srs_version": 6, "nofile": 1024}, where="w")
    assert compiled.text == text
    assert not compiled.findings


def complete(role: str, params: dict[str, Any]) -> dict[str, Any]:
    """With what else an edge needs."""
    return {"origin": ["a"], **params} if role == "edge" and "conf" not in params else params


AUTH = {"enabled": True, "username": "me", "password_secret": {"name": "s", "key": "k"}}
ERRORS: list[tuple[str, dict[str, Any], str]] = [
    ("edge", {"origin": None}, r"w: origin is missing: an edge needs an origin"),
    ("edge", {"origin": []}, r"origin is missing"),
    ("edge", {"vhosts": [{"name": "x", "cluster": {"mode": "local"}}]}, r"cluster\.mode is remote in no vhost"),
    ("edge", {"cluster": {"origin": ["b"]}}, r"origin is given twice, here and in cluster\.origin"),
    ("edge", {"origin": ["a b"], "srs_version": 6}, r"origin is 'a b', but must be host or host:port"),
    ("edge", {"orign": "b"}, r"orign is not a parameter here \(did you mean origin\?\)"),
    ("edge", {"play": {"gop": True}}, r"play\.gop is not a parameter here"),
    ("edge", {"vhosts": [{"name": "x", "hls": {"hls_window2": 1}}]}, r"vhosts\[0\]\.hls\.hls_window2 is not a parameter"),
    ("edge", {"vhosts": [{}]}, r"vhosts\[0\]\.name is required"),
    ("edge", {"vhosts": [{"name": "x"}, {"name": "x"}]}, r"vhosts\[1\]\.name is 'x' again"),
    ("edge", {"vhosts": {"name": "x"}}, "vhosts is a mapping, but must be a list"),
    ("edge", {"vhosts": ["x"]}, r"vhosts\[0\] is 'x', but must be a mapping"),
    ("edge", {"http_api": "on"}, r"http_api is 'on', but must be a mapping"),
    ("edge", {"http_api": {"enabled": "maybe"}}, r"http_api\.enabled is 'maybe', but must be true or false"),
    ("edge", {"max_connections": 0}, r"max_connections is '0', but must be a whole number of at least 1 \(SRS 7\)"),
    ("edge", {"max_connections": "many"}, r"max_connections is 'many'"),
    ("edge", {"max_connections": True}, r"max_connections is True, but must be a number"),
    ("edge", {"max_connections": 1.5}, r"max_connections is '1\.5', but must be a whole number"),
    ("edge", {"max_connections": [1]}, r"max_connections is a list, but must be a number"),
    ("edge", {"listen": [0]}, r"listen is '0', but must be a port"),
    ("edge", {"listen": [70000]}, r"listen is '70000'"),
    ("edge", {"pid": ""}, r"pid is empty: leave it out"),
    ("edge", {"pid": "a\nb"}, r"pid is 'a\\nb', but must be text without control characters"),
    ("edge", {"hls": {"hls_path": "both ' and \""}}, r"both kinds of quotes"),
    ("edge", {"play": {"time_jitter": "half"}}, r"play\.time_jitter is 'half', but must be one of full, zero, off"),
    ("edge", {"play": {"time_jitter": True}}, r"one of full, zero, off"),
    ("edge", {"srs_version": 9}, r"srs_version is '9', but must be one of 3, 4, 5, 6, 7, 8, or an exact release such as 6\.0\.191\."),
    ("edge", {"srs_version": 4, "exporter": {"enabled": True}}, r"exporter needs SRS 5\.0\.67 or later, but the version is 4"),
    ("edge", {"srs_version": 4, "cluster": {"protocol": "flv"}}, r"cluster\.protocol needs SRS 5"),
    ("edge", {"nofile": 0}, r"nofile is 0, but must be at least 1"),
    ("edge", {"nofile": "x"}, r"nofile is 'x', but must be a whole number"),
    ("edge", {"nofile": 1024}, r"max_connections is 1000; with 128 reserved .* limit is 1024: at most 895.*\(SRS 7\)"),
    ("edge", {"nofile": 1006, "srs_version": 4}, r"with 6 for listeners.* at most 999"),
    (
        "edge",
        {"http_api": {"https": {"enabled": True, "secret": "s"}, "enabled": False}},
        r"http_api\.https is enabled, but http_api is not",
    ),
    ("edge", {"http_api": {"listen": 1935}}, r"http_api\.listen is '1935', a port that listen has already"),
    ("edge", {"listen": [1935, 1935]}, r"listen is '1935', a port that listen has already"),
    ("edge", {"srs_version": 4, "http_api": {"listen": 8080}}, r"http_server\.listen is '8080', a port that http_api\.listen has"),
    ("edge", {"exporter": {"enabled": True, "listen": "0.0.0.0:8080"}}, r"exporter\.listen is '0\.0\.0\.0:8080', a port"),
    ("edge", {"http_api": {"https": {"listen": 8088}}}, r"all equal or all different"),
    ("edge", {"srs_version": 3, "http_api": {"https": {"enabled": True, "secret": "s"}}}, r"http_api\.https needs SRS 4 or later"),
    ("edge", {"http_api": {"listen": 8080, "https": {"listen": 9000}}}, r"then both https must be equal"),
    ("edge", {"service_ports": [1935, 8081]}, r"listen has no port 8081, to which a Service sends; the server listens at 1935 \(listen\)"),
    ("edge", {"env": ["SRS_ENV_ONLY"]}, r"SRS_ENV_ONLY is in the container's environment: with it the server reads no file"),
    ("edge", {"drain_seconds": 60}, r"force_grace_quit is not on"),
    (
        "edge",
        {"drain_seconds": 60, "force_grace_quit": True, "pre_stop_seconds": 10, "termination_grace_period_seconds": 75},
        r"take 75\.5 s, but the pod is killed after terminationGracePeriodSeconds 75",
    ),
    ("edge", {"conf": "listen 1935;", "listen": 1, "origin": ["a"]}, r"conf is a whole srs\.conf and excludes listen, origin"),
    ("edge", {"conf": "listen 1935;\nbogus on;\n"}, r"w\.conf line 2: bogus is not a directive"),
    ("edge", {"conf": "listen 1935\n"}, r"w\.conf line 1: listen 1935 lacks its ;"),
    ("edge", {"conf": "listen 1935;"}, r"vhost is missing"),
    (
        "edge",
        {"conf": "listen 1935;\nvhost x { cluster { mode remote; } }"},
        r"vhost x\.cluster\.origin is missing: an edge without an origin",
    ),
    ("edge", {"conf": "listen 1935;\nvhost x { cluster { mode remote; origin a; } }", "srs_version": 4}, r"daemon is not off"),
    (
        "edge",
        {"conf": "listen 1935;\nhttp_api { auth { password x; } }"},
        r"w\.conf line 2: http_api\.auth\.password holds a secret, .* SRS_HTTP_API_AUTH_PASSWORD",
    ),
    ("edge", {"extra": "bogus on;"}, r"w\.extra line 1: bogus is not a directive"),
    ("edge", {"extra": "max_connections 5;"}, r"max_connections is set by a parameter already"),
    ("edge", {"extra": "vhost __defaultVhost__ { http_remux { enabled off; } }"}, r"vhost __defaultVhost__\.http_remux\.enabled is set by"),
    (
        "edge",
        {"extra": "srt_server { passphrase x; }"},
        r"w\.extra line 1: srt_server\.passphrase holds a secret, .*SRS_SRT_SERVER_PASSPHRASE",
    ),
    ("edge", {"extra": "vhost x { forward { backend http://a/?token=x; } }"}, r"holds a secret, .* into a file in a Secret, .* include"),
    ("origin", {"srs_version": 4, "extra": "vhost x { forward { destination rtmp://a/?token=x; } }"}, r"SRS 4 reads neither environment"),
    ("origin", {"extra": "vhost x { ingest { input { type stream; url rtsp://u:p@a/b; } } }"}, r"input\.url holds a secret"),
    ("origin", {"extra": "vhost x { transcode { engine { output rtmp://a/b?txSecret=x; } } }"}, r"engine\.output holds a secret"),
    ("origin", {"extra": "vhost x { exec { publish ./a -i srt://a?passphrase=x; } }"}, r"exec\.publish holds a secret"),
    (
        "origin",
        {"cluster": {"mode": "remote", "origin": ["a"]}},
        r"is remote, which makes an edge, but this is the configuration of an origin",
    ),
    (
        "origin",
        {"http_remux": {"mount": "[vhost]/[app]/[stream].ts"}},
        r"http_remux\.mount is '\[vhost\]/\[app\]/\[stream\]\.ts', but \.ts files belong to hls",
    ),
    (
        "origin",
        {"publish": {"kickoff_for_idle": 3}, "extra": "vhost __defaultVhost__ { forward { enabled on; destination a; } }"},
        r"but forward is enabled",
    ),
    ("origin", {"hls": {"hls_ctx": True}, "behind_nginx": True}, r"hls\.hls_ctx is on and must be off behind nginx"),
    ("origin", {"edge_pods": 1000}, r"max_connections is 1000, but each of 1000 edge pods"),
    ("origin", {"http_api": {"auth": {"enabled": True}}}, r"http_api\.auth\.username is missing: give username_secret"),
    ("origin", {"http_api": {"auth": {**AUTH, "username": "a:b"}}}, r"http_api\.auth\.username holds a colon"),
    (
        "origin",
        {"http_api": {"auth": {**AUTH, "password": "hunter2"}}},
        r"password would be readable in a ConfigMap: .* give password_secret",
    ),
    (
        "origin",
        {"http_api": {"auth": {**AUTH, "username_secret": {"name": "s", "key": "u"}}}},
        r"username_secret and username are both given",
    ),
    ("origin", {"http_api": {"auth": {**AUTH, "password_secret": {"name": "s"}}}}, r"password_secret\.key is required"),
    (
        "origin",
        {"http_api": {"auth": {**AUTH, "password_secret": "hunter2"}}},
        r"password_secret is no mapping, but must be a mapping of name, key",
    ),
    ("origin", {"http_api": {"auth": AUTH}, "srs_version": 4}, r"http_api\.auth needs SRS 5\.0\.152, 6\.0\.40 or later"),
    ("origin", {"http_server": {"https": {"enabled": True, "secret": "s", "key": "k"}}}, r"https\.key and secret are both given"),
    ("origin", {"http_hooks": {"on_play": ["http://u:hunter2@a/"]}}, r"http_hooks\.on_play holds a secret, .* give on_play_secret"),
    ("origin", {"http_hooks": {"on_play": ["http://a/?access_token=hunter2"]}}, r"on_play holds a secret"),
    ("origin", {"http_hooks": {"on_play": ["http://a/?key=hunter2"]}, "srs_version": 4}, r"needs srs_version 5"),
    ("origin", {"http_hooks": {"on_play_secret": {"name": "s", "key": "k"}}, "srs_version": 4}, r"on_play_secret needs SRS 5"),
    (
        "origin",
        {"vhosts": [{"name": "a", "http_hooks": {"on_play_secret": {"name": "s", "key": "k"}}}, {"name": "b"}]},
        r"w: vhosts name Secrets for URLs of one vhost, but the environment variable holds for every vhost",
    ),
    ("origin", {"extra": "asprocess on;\nis_full on;"}, r"is_full is on"),
    ("origin", {"conf": "listen 1935;\nasprocess on;\nvhost x { }"}, r"w\.conf line 2: asprocess is on while daemon is not off"),
]


@pytest.mark.parametrize(("role", "params", "message"), ERRORS, ids=[f"{role} {str(params)[:80]}" for role, params, _message in ERRORS])
def test_error(role: str, params: dict[str, Any], message: str) -> None:
    with pytest.raises(SrsError) as caught:
        compile_config(role, complete(role, params), where="w")
    assert re.search(message, caught.value.message), caught.value.message
    assert "hunter2" not in caught.value.message


LOWEST = {
    "nofile": 1, "container_ports": 1, "service_ports": 1, "edge_pods": 0, "termination_grace_period_seconds": 0,
    "pre_stop_seconds": 0, "drain_seconds": 0,
}  # fmt: skip


@pytest.mark.parametrize(("name", "lowest"), LOWEST.items())
def test_what_a_pod_has_at_least(name: str, lowest: int) -> None:
    findings: list[Any] = []
    for value in (lowest, lowest - 1):
        Normaliser(6, findings).block({name: [value] if CONTEXT[name].type == "list" else value}, CONTEXT, "")
    (finding,) = findings
    assert finding.path.startswith(name) and finding.message == f"is {lowest - 1}, but must be at least {lowest}."


def test_all_errors_at_once() -> None:
    with pytest.raises(SrsError) as caught:
        edge(max_connections=0, listen=[0], play={"x": 1})
    assert [line.split(" ")[1] for line in caught.value.message.splitlines()] == ["max_connections", "listen", "play.x"]
    assert caught.value.details["errors"] == caught.value.message.splitlines()


WARNINGS: list[tuple[str, dict[str, Any], str]] = [
    ("edge", {"srs_log_tank": "file"}, r"srs_log_tank is not console"),
    ("edge", {"stats": {"network": 1}}, r"stats\.network is '1', but a pod mostly has one"),
    ("edge", {"vhosts": [{"name": "x"}]}, r"vhost __defaultVhost__ is missing"),
    (
        "edge",
        {"container_ports": [1935, 1985]},
        r"http_server\.listen is TCP port 8080, which is not among the container's TCP ports \(1935, 1985\)",
    ),
    ("edge", {"grace_start_wait": 5}, r"grace_start_wait is 5 milliseconds, which is probably a mistake"),
    ("edge", {"grace_final_wait": 99}, r"grace_final_wait is 99 milliseconds, which is probably a mistake"),
    ("edge", {"env": ["SRS_MAX_CONNECTIONS"]}, r"SRS_MAX_CONNECTIONS is in the container's environment and goes before max_connections"),
    ("edge", {"env": ["SRS_VHOST_HTTP_REMUX_ENABLED"]}, r"goes before vhost\.http_remux\.enabled of this configuration in every vhost"),
    ("edge", {"env": ["SRS_LOG_TANK"]}, r"SRS_LOG_TANK is in the container's environment and goes before srs_log_tank"),
    ("edge", {"env": ["SRS_MAX_CONNECTIONS"], "srs_version": 4}, r"SRS_MAX_CONNECTIONS is in .*, but SRS 4 reads none"),
    ("edge", {"cluster": {"protocol": "flv", "follow_client": True}}, r"cluster\.protocol does nothing while follow_client is on"),
    ("edge", {"extra": "include other.conf;"}, r"include of other\.conf: these files are not checked here"),
    ("origin", {"hls": {"hls_use_fmp4": True}, "srs_version": 7}, r"hls\.hls_use_fmp4 needs SRS 7\.0\.51 or later, and the version is 7"),
    ("origin", {"edge_pods": 100}, r"max_connections is 1000; 100 edge pods fill it with 10 streams"),
    ("origin", {"edge_pods": 51}, r"max_connections is 1000; 51 edge pods fill it with 19 streams"),
    ("origin", {"edge_pods": 999}, r"max_connections is 1000; 999 edge pods fill it with 1 streams"),
    ("edge", {"extra": "vhost a { include b.conf c.conf; }"}, r"^w\.extra line 1: include of b\.conf c\.conf: these files are not checked"),
    (
        "origin",
        {
            "conf": "listen 1935;\ndaemon off;\nsrs_log_tank console;\nvhost __defaultVhost__ { hls { enabled on; hls_ts_ctx off; } }",
            "behind_nginx": True,
        },
        r"w\.conf line 4: vhost __defaultVhost__\.hls\.hls_ctx is on by default and must be off behind nginx",
    ),
    ("origin", {"conf": "listen 1935;\nsrs_log_tank console;\nvhost __defaultVhost__ { }"}, r"daemon is not off: .* unless SRS_DAEMON=off"),
    ("origin", {"cluster": {"origin_cluster": True}, "srs_version": 6}, r"origin_cluster is on without coworkers"),
    (
        "origin",
        {"cluster": {"origin_cluster": True, "coworkers": ["a:1985"]}, "srs_version": 7},
        r"but from SRS 7 on coworkers are legacy",
    ),
]


@pytest.mark.parametrize(("role", "params", "message"), WARNINGS, ids=[f"{role} {str(params)[:80]}" for role, params, _message in WARNINGS])
def test_warning(role: str, params: dict[str, Any], message: str) -> None:
    warnings = compile_config(role, complete(role, params), where="w").warnings("w")
    assert len(warnings) == 1, warnings
    assert re.search(message, warnings[0]), warnings


@pytest.mark.parametrize(
    "params",
    [
        {"listen": ["0.0.0.0:1935", "[::]:1935"]},
        {"nofile": 1129},
        {"nofile": 1007, "srs_version": 3},
        {"http_api": {"listen": 8080}, "service_ports": [1935, 8080]},
        {"listen": ["127.0.0.1:1935"], "exporter": {"enabled": True, "listen": "127.0.0.2:1935"}},
        {"drain_seconds": 60, "force_grace_quit": True, "pre_stop_seconds": 10, "termination_grace_period_seconds": 76},
        {"termination_grace_period_seconds": 1},
        {"container_ports": [1935, 1985, 8080, 9000], "service_ports": [1935]},
        {"env": ["SRS_DAEMON_X", "PATH", "SRS_SERVER_ID", "SRS_HTTP_API_AUTH_PASSWORD", "SRS_VHOST_CLUSTER_MODE"]},
        {"hls": {"enabled": True}, "http_remux": {"mount": "[vhost]/[app]/[stream].flv"}},
    ],
)
def test_nothing_to_say(params: dict[str, Any]) -> None:
    assert edge(**params).findings == []


def test_secrets_become_environment_and_mounts() -> None:
    compiled = origin(
        http_api={"auth": AUTH, "https": {"enabled": True, "secret": "api-tls"}},
        http_hooks={"enabled": True, "on_publish_secret": {"name": "hooks", "key": "publish"}},
        heartbeat={"url_secret": {"name": "hooks", "key": "beat"}},
        env=["SRS_HTTP_API_AUTH_PASSWORD"],
    )
    assert compiled.findings == []
    assert [(entry["name"], *entry["valueFrom"]["secretKeyRef"].values()) for entry in compiled.env] == [
        ("SRS_HTTP_API_AUTH_PASSWORD", "s", "k"),
        ("SRS_VHOST_HTTP_HOOKS_ON_PUBLISH", "hooks", "publish"),
        ("SRS_HEARTBEAT_URL", "hooks", "beat"),
    ]
    assert compiled.secret_mounts == [
        {"name": "http-api-tls", "secret_name": "api-tls", "mount_path": "/etc/srs/tls/http-api-tls", "read_only": True}
    ]
    assert "key /etc/srs/tls/http-api-tls/tls.key;" in compiled.text
    assert "password" not in compiled.text
    assert "on_publish" not in compiled.text


@pytest.mark.parametrize(("word", "on"), [("on", True), ("yes", True), ("True", True), ("off", False), ("no", False), ("false", False)])
def test_switches_may_be_words(word: str, on: bool) -> None:
    text = compile_config("edge", {"origin": ["o"], "http_api": {"enabled": word}}, where="w").text
    assert f"http_api {{\n    enabled {'on' if on else 'off'};" in text


TOKEN = {"name": "srs-api", "key": "token"}
BASIC = {"name": "SRS_HTTP_API_AUTH_TYPE", "value": "basic"}


def lines(compiled: Compiled) -> list[str]:
    return [" ".join(line.split()) for line in compiled.text.splitlines()]


@pytest.mark.parametrize(("version", "typed"), [("7", False), ("7.0.162", False), ("8.0.27", False), ("8.0.28", True), ("8", True)])
def test_a_login_has_its_type_from_8_on(version: str, typed: bool) -> None:
    compiled = origin(http_api={"auth": AUTH}, srs_version=version)
    assert ("type basic;" in lines(compiled)) is typed
    assert [entry["name"] for entry in compiled.env] == ["SRS_HTTP_API_AUTH_PASSWORD"]
    assert not compiled.findings


def test_a_login_by_the_environment_has_its_type_there() -> None:
    """A text of the user's own stays as it is, and may be for SRS 7 as well, which refuses the directive."""
    conf = "listen 1935;\ndaemon off;\nhttp_api { enabled on; auth { enabled on; username u; } }\nvhost __defaultVhost__ { }\n"
    given = {"conf": conf, "env": ["SRS_HTTP_API_AUTH_PASSWORD"]}
    assert origin(**given, srs_version="8").env == [BASIC]
    assert origin(**given, srs_version="8").text == conf
    assert origin(**given, srs_version="7.0.162").env == []
    by_variable = ["SRS_HTTP_API_AUTH_ENABLED=on", "SRS_HTTP_API_AUTH_USERNAME=u", "SRS_HTTP_API_AUTH_PASSWORD"]
    assert origin(env=by_variable, srs_version="8").env == [BASIC]
    assert origin(env=[*by_variable, "SRS_HTTP_API_AUTH_TYPE=basic"], srs_version="8").env == []
    assert origin(env=by_variable, srs_version="6").env == []


def test_a_token() -> None:
    auth = {"enabled": True, "type": "bearer", "token_secret": TOKEN, "rtc_bearer_enabled": True}
    compiled = origin(
        http_api={"auth": auth}, heartbeat={"auth": {"enabled": True, "type": "bearer", "token_secret": TOKEN}}, srs_version="8"
    )
    assert [entry["name"] for entry in compiled.env] == ["SRS_HTTP_API_AUTH_TOKEN", "SRS_HEARTBEAT_AUTH_TOKEN"]
    assert [entry["valueFrom"] for entry in compiled.env] == [{"secretKeyRef": TOKEN}] * 2
    assert lines(compiled).count("type bearer;") == 2 and not any("token" in line for line in lines(compiled))
    assert not compiled.findings


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"http_api": {"auth": {"enabled": True, "type": "bearer"}}}, r"http_api\.auth\.token is missing"),
        ({"http_api": {"auth": {"token": "hunter2"}}}, r"http_api\.auth\.token would be readable in a ConfigMap: .* token_secret"),
        (
            {"http_api": {"auth": {"token_secret": TOKEN}}, "srs_version": "7"},
            r"token_secret needs SRS 8\.0\.28 or later, but the version is 7",
        ),
        ({"heartbeat": {"auth": {"enabled": True, "token_secret": TOKEN}}}, r"heartbeat\.auth\.type is missing"),
        ({"srt_server": {"passphrase_secret": TOKEN}, "srs_version": "4"}, r"passphrase_secret needs SRS 5 or later"),
        ({"rtmps": {"enabled": True, "secret": "tls"}}, r"rtmps\.listen is missing"),
        ({"rtmps": {"enabled": True, "secret": "tls", "listen": 1443, "key": "/k"}}, r"rtmps\.key and secret are both given"),
        (
            {"rtmps": {"enabled": True, "listen": 1443}, "srs_version": "7.0.55"},
            r"rtmps needs SRS 7\.0\.56 or later, but the version is 7\.0\.55",
        ),
        ({"http_server": {"listen": [8080, 8081]}, "srs_version": "7.0.66"}, r"http_server\.listen has 2 values"),
        ({"srs_version": "6.0.191.1"}, r"srs_version is '6\.0\.191\.1', but must be one of"),
        ({"srs_version": True}, r"srs_version is 'True'"),
    ],
)
def test_mistakes_with_what_is_new(params: dict[str, Any], message: str) -> None:
    with pytest.raises(SrsError) as caught:
        origin(**{"srs_version": "8", **params})
    assert re.search(message, caught.value.message), caught.value.message
    assert "hunter2" not in caught.value.message


def test_rtmps_takes_its_certificate_from_a_secret() -> None:
    compiled = edge(rtmps={"enabled": True, "listen": [1443, "[::]:1443"], "secret": "edge-tls"}, srs_version="7.0.157")
    assert {"listen 1443 [::]:1443;", "key /etc/srs/tls/rtmps-tls/tls.key;", "cert /etc/srs/tls/rtmps-tls/tls.crt;"} <= set(lines(compiled))
    assert compiled.secret_mounts == [
        {"name": "rtmps-tls", "secret_name": "edge-tls", "mount_path": "/etc/srs/tls/rtmps-tls", "read_only": True}
    ]


@pytest.mark.parametrize("version", ["5", "6", "7", "7.0.157", "8"])
def test_srt_goes_to_rtmp_unless_it_is_said_otherwise(version: str) -> None:
    assert "srt_to_rtmp on;" in lines(origin(srt={"enabled": True}, srs_version=version))
    assert "srt_to_rtmp on;" in lines(origin(extra="vhost __defaultVhost__ { srt { enabled on; } }", srs_version=version))
    assert "srt_to_rtmp off;" in lines(origin(srt={"enabled": True, "srt_to_rtmp": False}, srs_version=version))
    assert "srt_to_rtmp on;" not in lines(origin(srt={"enabled": False}, srs_version=version))


def test_what_is_new_for_users() -> None:
    compiled = origin(
        srs_version="8",
        http_server={"listen": ["8080", "[::]:8081"]},
        hls={"hls_use_fmp4": True, "hls_recover": False},
        srt_server={"enabled": True, "listen": 10080, "default_mode": "publish", "default_streamid": "#!::r=live/a,m=publish"},
        rtsp_server={"enabled": True, "listen": 5540},
        rtsp={"enabled": True},
    )
    assert not compiled.findings
    assert {
        "listen 8080 [::]:8081;",
        "hls_use_fmp4 on;",
        "hls_recover off;",
        "default_mode publish;",
        'default_streamid "#!::r=live/a,m=publish";',
        "listen 5540;",
    } <= set(lines(compiled))


def test_a_text_without_srt_to_rtmp_is_warned_of() -> None:
    conf = "listen 1935;\ndaemon off;\nsrs_log_tank console;\nvhost __defaultVhost__ { srt { enabled on; } }\n"
    for version in ("7", "7.0.117", "8"):
        (warning,) = origin(conf=conf, srs_version=version).warnings("w")
        assert "srt.srt_to_rtmp is missing, and since SRS 7.0.117 it is off unless it is given" in warning
    assert origin(conf=conf, srs_version="7.0.116").findings == []
