# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last words of servers."""

from __future__ import annotations

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._observed.server_log import own_errors, reasons

SRS_6 = """\
[2026-11-26 12:00:00.000][INFO][1][aaa] RTMP client ip=10.0.0.1:1
[2026-11-26 12:00:01.000][WARN][1][aaa][104] reconnect
[2026-11-26 12:00:02.000][ERROR][1][aaa][110] serve error code=1018 : connect rtmp://o/live/x?token=hunter2 failed
thread [1][aaa]: connect() [src/app/srs_app_edge.cpp:85]
[2026-11-26 12:00:03.000][ERROR][1][bbb][110] serve error code=1018 : connect rtmp://o/live/x?token=other failed
[2026-11-26 12:00:04.000][ERROR][1][aaa][2] create dir ./objs/nginx
"""
SRS_3 = "[2026-11-26 12:00:00.000][Error][1][12][104] it is gone\n[2026-11-26 12:00:00.000][Warn][1][12][0] odd, param=?key=s3cret\n"


def test_the_last_errors_each_once_and_without_tokens() -> None:
    assert reasons(SRS_6) == ["serve error code=1018 : connect rtmp://o/live/x?... failed", "create dir ./objs/nginx"]
    assert reasons(SRS_6, 1) == ["create dir ./objs/nginx"]
    assert reasons(SRS_3) == ["it is gone"]
    assert reasons("\x1b[31m[2026-11-26 12:00:00.000][ERROR][1][a][4] in red\n\x1b[0m") == ["in red"]


def test_warnings_where_there_is_no_error() -> None:
    assert reasons(SRS_3.splitlines()[1]) == ["odd, param=..."]


@pytest.mark.parametrize("text", ["", "nothing\n", "[2026-11-26 12:00:00.000][INFO][1][a] all is well\n", "[a][ERROR]"])
def test_a_log_without_any(text: str) -> None:
    assert reasons(text) == [] or reasons(text) == [""]


def test_a_line_may_be_long() -> None:
    assert len(reasons(f"[t][ERROR][1][a][1] {'x' * 5000}")[0]) == 200


# By SRS 6.0.157 and 7.0.18, when players, publishers and strangers came and went.
OF_CLIENTS = """\
[t][WARN][1][j0w2t469][104] client disconnect peer. ret=1007
[t][ERROR][1][37062184][11] serve error code=2000(RtmpPlainRequired)(RTMP handshake requires plain text) : rtmp handshake
[t][ERROR][1][n4462z11][11] serve error code=2001(RtmpChunkStart)(RTMP packet must be fresh chunk) : rtmp connect tcUrl
[t][ERROR][1][5x8173bc][104] serve error code=3009(HttpParseHeader)(HTTP parse header failed) : parse message
[t][ERROR][1][k4692407][11] serve error code=1028(StreamBusy)(Stream already exists or busy) : service cycle
[t][WARN][1][4k353111][4] origin disconnected, retry, error code=1007(SocketRead)(Socket read data failed) : recv message
"""


def test_what_clients_do_is_no_error_of_the_server() -> None:
    assert own_errors(OF_CLIENTS) == []
    assert own_errors(f"{OF_CLIENTS}[t][ERROR][1][a][2] serve error code=2021(EdgePublishState) : forward\n") == [
        "serve error code=2021(EdgePublishState) : forward"
    ]


def test_what_a_server_fails_to_do_is_its_own() -> None:
    assert own_errors(SRS_6) == ["serve error code=1018 : connect rtmp://o/live/x?... failed", "create dir ./objs/nginx"]
    assert own_errors(SRS_6, most=1) == ["create dir ./objs/nginx"]
    assert own_errors(SRS_6, ["create dir", "code=1018"]) == []
