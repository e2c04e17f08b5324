# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays URLs as viewers do - RTMP, HTTP-FLV and HLS, many at once - and says what was seen."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from functools import cache, partial
from urllib.parse import urlsplit

from ansible_collections.livestream.srs.plugins.module_utils._media import amf, flv, hls, http, mpegts, rtmp
from ansible_collections.livestream.srs.plugins.module_utils._network.at_once import Progress, at_once
from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer
from ansible_collections.livestream.srs.plugins.module_utils._network.resolver import Resolver
from ansible_collections.livestream.srs.plugins.module_utils._player.play_http import play_flv, play_hls
from ansible_collections.livestream.srs.plugins.module_utils._player.play_rtmp import play_rtmp
from ansible_collections.livestream.srs.plugins.module_utils._player.viewer import (
    OK,
    SECURE,
    STALLED,
    WRONG,
    End,
    Enough,
    Patience,
    View,
    Viewer,
    Way,
)

PLAYERS = {"rtmp": play_rtmp, "flv": play_flv, "hls": play_hls}
NOT_A_STREAM = (amf.NotAmf, flv.NotFlv, hls.NotHls, http.NotHttp, mpegts.NotTs, rtmp.NotRtmp)


def protocol_of(url: str) -> str:
    """``rtmp``, ``flv`` or ``hls``; raises ValueError for what is none of them."""
    parts = urlsplit(url)
    if parts.hostname:
        if parts.scheme in ("rtmp", "rtmps"):
            return "rtmp"
        if parts.scheme in ("http", "https"):
            if parts.path.endswith(".flv"):
                return "flv"
            if parts.path.endswith(".m3u8"):
                return "hls"
    raise ValueError(f"{url} is none of rtmp://..., http(s)://....flv, http(s)://....m3u8")


async def play(
    urls: Sequence[str], patience: Patience, tls: Callable[[], ssl.SSLContext], ways: Sequence[Way | None] | None = None
) -> list[View]:
    """Play all URLs at once, and tell of each what was seen. ``ways`` are those to their servers, where they aren't reached by the URLs."""
    views = [View(url, protocol_of(url), way, patience) for url, way in zip(urls, ways or [None] * len(urls), strict=True)]
    await play_views(views, tls)
    return views


async def play_views(views: Sequence[View], tls: Callable[[], ssl.SSLContext]) -> None:
    """Play them, each when it is its time, and fill in what was seen. ``tls`` is called once, if at all."""
    tls, resolver = cache(tls), Resolver()
    if any(urlsplit(view.url).scheme in SECURE for view in views):
        tls()

    async def watch(view: View, progress: Progress) -> None:
        await asyncio.sleep(view.after)
        viewer = Viewer(view, tls, resolver, progress)
        try:
            async with asyncio.timeout(view.limit):
                await _watch(viewer)
        except TimeoutError:
            viewer.end(STALLED, f"nothing was decided within {view.limit:g} s")

    for view, given_up in zip(views, await at_once([partial(watch, view) for view in views]), strict=True):
        if isinstance(given_up, NoAnswer):
            view.verdict, view.message = WRONG, given_up.message


async def _watch(viewer: Viewer) -> None:
    try:
        async with viewer.limit:
            await PLAYERS[viewer.view.protocol](viewer)
        viewer.end(STALLED, "the server ended the stream")
    except Enough:
        viewer.end(OK, "")
    except End as end:
        viewer.end(end.verdict, end.message)
    except NoAnswer as error:
        viewer.end_without_answer(error)
    except TimeoutError:
        viewer.end_without_answer(NoAnswer("timeout", f"no answer in time, while {viewer.progress.doing}"))
    except NOT_A_STREAM as error:
        viewer.end(WRONG, str(error))
    except Exception as error:
        viewer.end(WRONG, f"it can't be read ({type(error).__name__}: {str(error)[:200]})")
    finally:
        viewer.close()
