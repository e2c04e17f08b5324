# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pod templates and srs.conf say about servers."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._observed import server_config
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.render import checksum
from ansible_collections.livestream.srs.tests.support.topology_objects import deployment


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({}, ("srs-edge-config", "srs.conf", None, None)),
        ({"mount": "/usr/local/srs/conf/"}, ("srs-edge-config", "srs.conf", None, None)),
        ({"mount": "/etc/nginx"}, (None, None, None, None)),
        ({"container": {"command": ["./objs/srs", "-c", "conf/edge.conf"]}}, ("srs-edge-config", "edge.conf", None, None)),
        (
            {"container": {"command": ["/bin/sh", "-c", "ulimit -n 65536 && exec ./objs/srs -c conf/my.conf"]}},
            ("srs-edge-config", "my.conf", None, None),
        ),
        (
            {"container": {"ports": [{"containerPort": 1935}, {"containerPort": 2985, "name": "api"}]}},
            ("srs-edge-config", "srs.conf", 2985, None),
        ),
        ({"container": {"env": [{"name": "SRS_MAX_CONNECTIONS", "value": "300"}]}}, ("srs-edge-config", "srs.conf", None, 300)),
        ({"container": {"env": [{"name": "SRS_MAX_CONNECTIONS", "valueFrom": {}}]}}, ("srs-edge-config", "srs.conf", None, None)),
    ],
)
def test_where_the_configuration_is(extra: dict[str, Any], expected: tuple[Any, ...]) -> None:
    found = server_config.of_template(deployment("srs-edge", "edge", "edge", 3, **extra)["spec"]["template"])
    assert (found.config_map, found.config_file, found.api_port, found.max_connections) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"srs.conf": "listen 1935;\nmax_connections 300;\nhttp_api { enabled on; listen 2985; }\n"}, (300, True, 2985)),
        ({"srs.conf": "listen 1935;\nhttp_api { enabled on; }\n"}, (1000, True, 1985)),
        ({"srs.conf": "http_api { enabled on; listen 127.0.0.1:2985; }\n"}, (1000, True, 2985)),
        ({"srs.conf": "http_api { enabled on; listen nowhere; }\n"}, (1000, True, None)),
        ({"srs.conf": "http_api { enabled off; listen 2985; }\n"}, (1000, False, None)),
        ({"srs.conf": "listen 1935;\n"}, (1000, False, None)),
        ({"srs.conf": "this is { not a conf"}, (None, None, None)),
        ({"readme": "x", "edge.conf": "max_connections 7;", "other.conf": "max_connections 8;"}, (7, False, None)),
        ({"edge.conf": "max_connections 7;", "srs.conf": "max_connections 8;"}, (8, False, None)),
        (None, (1000, False, None)),
    ],
)
def test_what_srs_conf_says(data: dict[str, str] | None, expected: tuple[Any, ...]) -> None:
    found = server_config.of_config_map({"data": data})
    assert (found["max_connections"], found["api_enabled"], found["api_port"]) == expected


def test_the_checksum_is_that_of_the_text() -> None:
    text = "listen 1935;\n"
    assert server_config.of_config_map({"data": {"srs.conf": text}})["checksum"] == checksum(text)
    assert server_config.of_config_map({"data": {"srs.conf": text + "# edited\n"}})["checksum"] != checksum(text)


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("srt_server { enabled on; } vhost a { hls { enabled on; hls_ctx off; } }", ["hls", "srt"]),
        ("listen 1935;", []),
        ("this is { not a conf", None),
    ],
)
def test_what_advisories_look_at(text: str, features: list[str] | None) -> None:
    assert server_config.of_config_map({"data": {"srs.conf": text}})["features"] == features
