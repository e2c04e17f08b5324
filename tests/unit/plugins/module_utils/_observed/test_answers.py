# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of servers, as they should be and not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._observed import answers, streams
from ansible_collections.livestream.srs.plugins.module_utils._observed.streams import Inside, Server

FIXTURES = Path(__file__).parents[3] / "fixtures" / "srs-api"
KEYS = {"summaries": "data", "vhosts": "vhosts", "streams": "streams", "clients": "clients"}


def recorded(folder: str) -> dict[str, Any]:
    return {what: json.loads((FIXTURES / folder / f"{what}.json").read_text())[key] for what, key in KEYS.items()}


@pytest.mark.parametrize("folder", sorted(path.name for path in FIXTURES.iterdir()))
def test_nothing_is_odd_about_what_real_servers_say(folder: str) -> None:
    assert answers.read(recorded(folder)).odd == ""


@pytest.mark.parametrize(
    ("raw", "read", "odd"),
    [
        ({}, {}, ""),
        ({"clients": []}, {"clients": []}, ""),
        ({"clients": [{"id": "a"}, 17, None]}, {"clients": [{"id": "a"}]}, "a row of clients is 17"),
        ({"clients": {"id": "a"}}, {}, "clients is an object"),
        ({"clients": "x"}, {}, "clients is 'x'"),
        ({"summaries": []}, {}, "summaries is a list"),
        ({"summaries": {"self": 1, "system": {"conn_srs": 3}}}, {"summaries": {"system": {"conn_srs": 3}}}, "summaries: self is 1"),
        (
            {"vhosts": [{"kbps": {"recv_30s": "ten"}}, {"id": []}]},
            {"vhosts": [{"kbps": {}}, {}]},
            "vhosts: kbps.recv_30s is 'ten', and 1 more",
        ),
    ],
)
def test_what_is_not_of_its_type_is_missing_and_named(raw: dict[str, Any], read: dict[str, Any], odd: str) -> None:
    found = answers.read(raw)
    assert (found, found.odd) == (read, odd and f"it sent something that SRS does not ({odd})")
    assert answers.read(found) is found


@pytest.mark.parametrize(
    "url", ["rtmp://[::::]/live", "http://[", "rtmp://a]/live", "//", "", "rtmp://[fe80::1%25eth0]/live", "rtmp://a:99999/"]
)
def test_a_client_may_call_itself_what_it_likes(url: str) -> None:
    client = {"id": "a", "type": "rtmp-play", "tcUrl": url, "url": "/live/x", "ip": "1.2.3.4"}
    server = Server("edge-0", "edge", "edge", "10.0.0.1", "ready", True, replies={"clients": [client]})
    (stream,) = streams.build([server], Inside(frozenset({"srs-origin"})))
    assert (stream["url"], stream["players"]) == ("/live/x", 1)
    assert [row["role"] for row in streams.clients([server], Inside(frozenset({"srs-origin"})))] == ["player"]


def test_rows_without_what_tells_them_are_unknown() -> None:
    replies = {"streams": [{"publish": {"active": True}}], "clients": [{"type": "rtmp-play", "url": 17.5}]}
    server = Server("origin-0", "origin", "origin", "10.0.0.1", "ready", True, replies=replies)
    (stream,) = streams.build([server])
    assert (stream["url"], stream["live"], stream["players"]) == ("/?/?", True, 1)
