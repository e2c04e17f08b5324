# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes by directive, and texts that are fit to be shown."""

from __future__ import annotations

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compare import changes_of_text
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.secrets import redacted, url_holds_secret


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("max_connections 1000;", "max_connections 2000;", ["max_connections: 1000 -> 2000"]),
        ("a 1; b 2;", "# moved\nb 2;\na   1;", []),
        ("vhost x { hls { hls_fragment 10; } }", "vhost x { hls { hls_fragment 4; } }", ["vhost x.hls.hls_fragment: 10 -> 4"]),
        ("", "exporter { enabled on; }", ["exporter.enabled: on (new)"]),
        ("vhost x { hls { enabled on; } }", "vhost y { hls { } }", ["vhost x.hls.enabled: on (gone)", "vhost y.hls: { } (new)"]),
        (
            "vhost x { security { allow play all; } }",
            "vhost x { security { allow play all; allow publish 1.2.3.4; } }",
            ["vhost x.security.allow[2]: publish 1.2.3.4 (new)"],
        ),
        ("http_api { auth { password old; } }", "http_api { auth { password new; } }", []),
        ("http_api { auth { password old; } }", "", ["http_api.auth.password: ******** (gone)"]),
        ("broken", "max_connections 1;", []),
        ("max_connections 1;", "broken", []),
    ],
)
def test_changes(before: str, after: str, lines: list[str]) -> None:
    assert changes_of_text(before, after) == lines


def test_redacted() -> None:
    text = (
        "# kept\nhttp_api { auth { username me; password hunter2; } }\nvhost x { http_hooks { on_play http://a/?token=abc http://b; } }\n"
    )
    assert redacted(text) == text.replace("hunter2", "********").replace("http://a/?token=abc", "********")
    assert "hunter2" not in redacted("http_api { auth { password hunter2; ")
    assert redacted("") == ""


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("http://hooks.example.com:8085/api?app=[app]&stream=[stream]", False),
        ("http://[::1]:8085/", False),
        ("http://a/?token=[param]", False),
        ("http://a/?token=", False),
        ("http://a/?token=x", True),
        ("http://a/?a=b&X-Api-Key=x", True),
        ("http://me@a/", False),
        ("http://me:x@a/", True),
        ("http://a/?monkey=x", False),
        ("http://a/?key=x", True),
        ("rtmp://a/b/c?txSecret=x&txTime=1", True),
        ("rtmp://a/b/c?auth_key=x", True),
        ("srt://a:1?streamid=b&passphrase=x", True),
        ("rtmp://a/b/c?design=x&compass=y", False),
    ],
)
def test_url_holds_secret(url: str, secret: bool) -> None:
    assert url_holds_secret(url) is secret
