# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters to_srs_conf and from_srs_conf, as Ansible finds them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.livestream.srs.plugins.filter.from_srs_conf import FilterModule as From
from ansible_collections.livestream.srs.plugins.filter.to_srs_conf import FilterModule as To

from_srs_conf = From().filters()["from_srs_conf"]
to_srs_conf = To().filters()["to_srs_conf"]


def test_there_and_back() -> None:
    params = {"origin": ["a", "b:1936"], "max_connections": 4000, "play": {"gop_cache": False}}
    text = to_srs_conf(params)
    assert "origin a b:1936;" in text
    assert to_srs_conf(from_srs_conf(text)) == text


def test_roles() -> None:
    assert "hls_ctx off;" in to_srs_conf({}, role="origin")
    assert "origin" not in from_srs_conf(to_srs_conf({"origin": "a"}), role="origin")
    assert from_srs_conf("listen 1935;", version="4")["srs_version"] == 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: to_srs_conf({}, role="edge"), "to_srs_conf: origin is missing"),
        (lambda: to_srs_conf("listen 1935;"), "takes a mapping"),
        (lambda: to_srs_conf({}, role="proxy"), "knows the roles edge and origin, but not 'proxy'"),
        (lambda: from_srs_conf({"listen": 1}), "takes the text of a srs.conf, but was given a dict"),
        (lambda: from_srs_conf("listen 1935;\nbogus on;"), "srs.conf line 2: bogus is not a directive"),
        (lambda: from_srs_conf("listen 1935;", role="proxy"), "knows the roles edge and origin, but not 'proxy'"),
        (lambda: from_srs_conf("listen 1935;", version=9), "version is '9', but must be one of 3, 4, 5, 6, 7, 8"),
    ],
)
def test_error(call, message: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        call()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "listen 1935; daemon off; srs_log_tank console; vhost __defaultVhost__ { hls { enabled on; } }",
        "listen 1935; daemon off; srs_log_tank console; vhost __defaultVhost__ { cluster { mode remote; origin a; } }",
        "listen 1935; daemon off; srs_log_tank console; vhost a { cluster { mode remote; origin a; } } vhost b { }",
        "listen 1935; daemon off; srs_log_tank console; vhost __defaultVhost__ { include a.conf; }",
        "listen 1935; daemon off; srs_log_tank console; include a.conf; vhost a { cluster { mode remote; origin a; } }",
    ],
)
def test_one_filter_takes_what_the_other_gives(text: str) -> None:
    once = to_srs_conf(from_srs_conf(text))
    assert to_srs_conf(from_srs_conf(once)) == once
    assert ("mode" in once) is ("remote" in text)


def test_an_include_stays_where_it_is() -> None:
    text = "listen 1935; daemon off; vhost __defaultVhost__ { include ./conf/hls.conf; }"
    assert from_srs_conf(text) == {"srs_version": 6, "conf": text}
