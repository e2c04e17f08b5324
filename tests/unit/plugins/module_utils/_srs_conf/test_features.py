# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What release advisories need to know of a srs.conf."""

from __future__ import annotations

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._releases.advisories import FEATURES
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf import parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.features import features
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reading import Reading

TEXTS = {
    "drain": "force_grace_quit on;",
    "reload": "inotify_auto_reload on;",
    "srt": "srt_server { enabled on; }",
    "rtc": "rtc_server { enabled on; }",
    "rtc rtc_tcp": "rtc_server { enabled on; tcp { enabled on; } }",
    "rtc rtc_to_rtmp": "rtc_server { enabled on; } vhost a { rtc { enabled on; rtc_to_rtmp on; } }",
    "rtc rtmp_to_rtc": "rtc_server { enabled on; } vhost a { rtc { enabled on; rtmp_to_rtc on; } }",
    "http_flv": "http_server { enabled on; } vhost a { } vhost b { http_remux { enabled on; } }",
    "hls hls_ctx": "vhost a { hls { enabled on; } }",
    "hls": "vhost a { hls { enabled on; hls_ctx off; } }",
    "dvr_mp4": "vhost a { dvr { enabled on; dvr_path /d/[app].mp4; } }",
    "forward_backend": "vhost a { forward { enabled on; backend http://127.0.0.1/; } }",
    "hooks": "vhost a { http_hooks { enabled on; on_publish http://127.0.0.1/; } }",
    "": (
        "rtc_server { enabled off; tcp { enabled on; } } vhost a { rtc { enabled on; rtc_to_rtmp on; } http_remux { enabled on; } "
        "dvr { enabled on; dvr_path /d/[app].flv; } forward { enabled on; destination 127.0.0.1; } hls { enabled off; } } "
        "vhost b { enabled off; hls { enabled on; } }"
    ),
}


def read(text: str, env: dict[str, str | None] | None = None) -> Reading:
    return Reading(parse.parse(text), Release(6), env)


@pytest.mark.parametrize("words", TEXTS)
def test_each_feature(words: str) -> None:
    assert features(read(TEXTS[words])) == set(words.split())


def test_each_but_that_of_the_proxy_is_looked_at() -> None:
    assert {word for words in TEXTS for word in words.split()} == set(FEATURES) - {"redis"}


def test_a_variable_goes_first_and_what_is_not_known_does_not_count() -> None:
    assert features(read("", {"SRS_SRT_SERVER_ENABLED": "on"})) == {"srt"}
    assert features(read("srt_server { enabled on; }", {"SRS_SRT_SERVER_ENABLED": "off"})) == set()
    assert features(read("include other.conf; srt_server { enabled on; }")) == set()
