# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a srs.conf offers to players; what it refuses them is in ``_desired/test_server.py``."""

from __future__ import annotations

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf import parse, serving
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reading import Reading

PLAYLIST = "[app]/[stream].m3u8"


def read(text: str, env: dict[str, str | None] | None = None) -> Reading:
    return Reading(parse.parse(text), Release(6), env)


@pytest.mark.parametrize(
    ("text", "env", "port"),
    [
        ("http_server { enabled on; listen 8088; }", {}, 8088),
        ("http_server { enabled on; listen 127.0.0.1:8088; }", {}, None),
        ("http_server { enabled off; listen 8088; }", {}, None),
        ("http_server { enabled on; }", {"SRS_HTTP_SERVER_LISTEN": "8089"}, 8089),
        ("", {"SRS_HTTP_SERVER_ENABLED": "on"}, 8080),
    ],
)
def test_the_port_that_others_reach(text: str, env: dict[str, str | None], port: int | None) -> None:
    assert serving.port(read(text, env), "http_server.listen") == port


@pytest.mark.parametrize(
    ("hls", "makes", "serves"),
    [
        ("hls { enabled on; }", True, True),
        ("hls { enabled off; }", False, True),
        ("", False, True),
        ("hls { enabled on; hls_path /data; }", True, False),
        ("hls { enabled on; hls_path objs/nginx/html/; }", True, True),
        ("hls { enabled on; hls_m3u8_file [vhost]/[app]/[stream].m3u8; }", False, True),
    ],
)
def test_hls(hls: str, makes: bool, serves: bool) -> None:
    reading = read(f"vhost __defaultVhost__ {{ {hls} }}")
    assert (serving.has_hls(reading, PLAYLIST), serving.serves_its_hls(reading)) == (makes, serves)


def test_a_config_without_vhosts_makes_no_hls() -> None:
    assert not serving.has_hls(read(""), PLAYLIST) and not serving.serves_its_hls(read(""))
