# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that objects hold: the configs of nginx above all."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.plugin_utils import _role_files as role_files
from ansible_collections.livestream.srs.tests.support.wanted import built

CACHE = {"hls_nginx_mode": "cache"}
TLS = {"secret_name": "tls"}


def configs(**variables: Any) -> tuple[str, str]:
    """The config of what reads the volume, and that of a cache, if there are any."""
    files = built(**variables).files
    return files.reader["nginx.conf"], files.cache.get("nginx.conf", "")


@cache
def usual() -> tuple[str, str]:
    return configs(**CACHE)


def lines(text: str) -> list[str]:
    """The directives, without indentation and comments."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


EVERY_FORM: list[dict[str, Any]] = [
    {},
    CACHE,
    {**CACHE, "hls_nginx_cache": {"upstream": "srs"}},
    {**CACHE, "hls_nginx_hold_seconds": 0},
    {"hls_nginx_hold_seconds": 0},
    {"hls_nginx_https": TLS},
    {**CACHE, "hls_nginx_https": {**TLS, "redirect": True, "flv_cluster": "edge"}},
    {"hls_nginx_metrics": False, "hls_nginx_https": {**TLS, "redirect": True, "flv_cluster": "edge"}},
]


@pytest.mark.parametrize("variables", EVERY_FORM)
def test_every_block_is_closed_and_every_directive_ends(variables: dict[str, Any]) -> None:
    for text in filter(None, configs(**variables)):
        assert not re.search(r"\{[{%]|[}%]\}\}|None|Undefined", text)
        depth = 0
        for line in lines(re.sub(r'"[^"]*"', '""', text)):
            assert line.endswith((";", "{", "}")), line
            depth += (line.endswith("{")) - (line == "}")
            assert depth >= 0
        assert depth == 0
        assert text.endswith("}\n"), "as a file ends"


def test_a_cache_asks_once_for_all() -> None:
    found = lines(usual()[1])
    for directive in (
        "proxy_cache_lock on;",
        "proxy_cache_lock_timeout 15s;",
        "proxy_cache_lock_age 15s;",
        "proxy_cache_use_stale updating error timeout invalid_header http_500 http_502 http_503 http_504;",
    ):
        assert found.count(directive) == 1, directive
    assert [line for line in found if line.startswith("proxy_cache_key")] == [
        f"proxy_cache_key {key};" for key in ("$uri", "$segment", "$playlist", "$segment")
    ], "never by the query"
    assert "off" not in [line.split()[-1].rstrip(";") for line in found if line.startswith("proxy_cache")]


def test_how_long_answers_are_kept() -> None:
    found = lines(configs(**CACHE, hls_nginx_playlist_seconds=2, hls_nginx_segment_seconds=77)[1])
    assert "proxy_cache_valid 200 2s;" in found and "proxy_cache_valid 200 77s;" in found
    assert "~\\.m3u8$ 2;" in found
    assert any(line.startswith("proxy_cache_path /var/cache/hls/segments") and "inactive=77s" in line for line in found)
    longer = lines(configs(**CACHE, hls_nginx_playlist_seconds=30)[1])
    assert any(line.startswith("proxy_cache_path /var/cache/hls/playlists") and "inactive=60s" in line for line in longer)


def test_the_cache_stays_below_the_size_of_its_volume() -> None:
    assert "max_size=921m" in usual()[1]
    assert "max_size=90m" in configs(**CACHE, hls_nginx_cache={"size": "100Mi"})[1]


@pytest.mark.parametrize(
    ("variables", "server"),
    [
        ({}, "srs-hls-origin-service:80"),
        ({"hls_nginx_cache": {"upstream": "srs"}, "hls_nginx_hold_seconds": 0}, "srs-internal-origin-service:8080"),
    ],
)
def test_whom_a_cache_asks(variables: dict[str, Any], server: str) -> None:
    found = lines(configs(**CACHE, **variables)[1])
    assert f"server {server};" in found
    assert f"proxy_set_header Host {server};" in found


def test_a_cache_asks_the_origin_that_ends_too() -> None:
    found = lines(configs(**CACHE, hls_nginx_cache={"upstream": "srs"})[1])
    assert "default srs-origin-pods.$cluster_domain:8080;" in found
    assert "proxy_pass http://$origin_pods;" in found and "proxy_pass http://source;" not in found
    assert any(line.startswith("proxy_next_upstream ") and "http_404" in line for line in found)


def test_playlists_that_are_held() -> None:
    for variables in ({}, CACHE, {**CACHE, "hls_nginx_cache": {"upstream": "srs"}}):
        for text in filter(None, configs(**variables, hls_nginx_hold_seconds=77)):
            assert "set $hold_seconds 77;" in lines(text) and "js_import window from window.js;" in lines(text)
            assert lines(text).count("listen 8083;") == lines(text).count("js_content window.play;") + ("server_name media;" in lines(text))
        for text in configs(**variables, hls_nginx_hold_seconds=0):
            assert "js_" not in text and "8083" not in text
    assert "set $own_media on;" in lines(configs()[0])
    shared = {"srs_origin_storage": {"type": "pvc", "size": "9Gi", "access_mode": "ReadWriteMany"}}
    assert "set $own_media off;" in lines(configs(**shared)[0])
    assert "inactive=197s" in configs(hls_nginx_hold_seconds=77)[0], "until no playlist names it any more"


def test_segments_whose_names_come_again_are_not_held() -> None:
    again = {"srs_origin_config": {"hls": {"hls_ts_file": "[app]/[stream]-[seq].ts"}}}
    assert "8083" not in configs(**again)[0]
    assert "8083" in configs(srs_origin_config={"hls": {"hls_ts_file": "[app]/[stream]/[2006][01][02]-[15][04][05]-[seq].ts"}})[0]


def test_what_nginx_is_told_of_the_machine() -> None:
    for text in configs(**CACHE, hls_nginx_worker_processes=7, hls_nginx_worker_connections=99):
        assert "worker_processes 7;" in text and "worker_connections 99;" in text


@pytest.mark.parametrize("origin", ["*", "https://live.example.com", 'a"b\\c', "ümlaut", "{{ '{{ x }}' }}"])
def test_sites_that_may_play_are_a_string_of_nginx(origin: str) -> None:
    expected = "{{ x }}" if "{{" in origin else origin
    for text in configs(**CACHE, hls_nginx_cors_origin=origin):
        (line,) = {line for line in lines(text) if line.startswith("add_header Access-Control-Allow-Origin")}
        assert line == f"add_header Access-Control-Allow-Origin {json.dumps(expected, ensure_ascii=False)} always;"


def test_https() -> None:
    reader, _cache = configs(hls_nginx_https=TLS)
    assert "listen 8081;" in lines(reader) and "listen 8443 ssl http2;" in lines(reader)
    assert "return 301" not in reader
    assert "ssl" not in usual()[0] and "ssl" not in usual()[1]
    behind, public = configs(**CACHE, hls_nginx_https={**TLS, "redirect": True})
    assert "ssl" not in behind
    assert lines(public).count("listen 8081;") == 1, "of what redirects"
    assert "return 301 https://$host$request_uri;" in lines(public)


def test_http_flv_is_passed_on_where_that_is_asked_for() -> None:
    passed = "proxy_pass http://srs-flv-service:8080;"
    flv = {**TLS, "flv_cluster": "edge"}
    assert passed in lines(configs(hls_nginx_https=flv)[0])
    behind, public = configs(**CACHE, hls_nginx_https=flv)
    assert passed not in lines(behind) and passed in lines(public)
    assert passed not in lines(usual()[0]) + lines(usual()[1])


def test_metrics_are_at_a_port_of_their_own() -> None:
    for text in usual():
        assert lines(text).count("listen 8082;") == 1
    for text in configs(**CACHE, hls_nginx_metrics=False):
        assert "8082" not in text and "stub_status" not in text


def test_scripts_and_dashboard_are_those_of_the_roles() -> None:
    files = built().files
    folder = Path(role_files.__file__).resolve().parents[2] / "roles/srs_origin/files"
    assert files.cleanup_script == (folder / "cleanup.sh").read_text().rstrip()
    assert files.publish_script == (folder / "publish.sh").read_text().rstrip()
    assert json.loads(files.dashboard) == json.loads((folder / "grafana-dashboard.json").read_text())
