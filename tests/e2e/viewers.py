# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays streams as viewers do, many at once, and says what each of them saw: a line of JSON per viewer, then a summary.

    python tests/e2e/viewers.py --count 20 --seconds 30 rtmp://HOST/live/livestream http://HOST:8080/live/livestream.flv
    python tests/e2e/viewers.py --newcomers 0.2 http://HOST:8080/live/livestream.flv     # until Ctrl-C
    python tests/e2e/viewers.py --publish rtmp://HOST/live/livestream --seconds 20 http://HOST/live/livestream.m3u8

Needs nothing but Python, and ffmpeg to publish. Exit status 1 if anybody saw less than was asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from players import publisher
from players.crowd import Audience, Newcomers
from players.publisher import Publisher
from players.view import WATCHED, View, summary
from players.viewer import Patience


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "urls", nargs="+", metavar="URL", help="rtmp://HOST/APP/STREAM, http://....flv or http://....m3u8; viewers take turns"
    )
    parser.add_argument("--count", type=int, metavar="N", help="how many viewers at once (default: one for each URL)")
    parser.add_argument("--seconds", type=float, metavar="S", help="how long (default: until Ctrl-C)")
    parser.add_argument(
        "--newcomers", type=float, metavar="S", help="instead: one new viewer every S seconds, who leaves at the first picture"
    )
    parser.add_argument("--patience", type=float, metavar="S", help="how long a viewer waits for media (default: 10, HLS 40)")
    parser.add_argument("--publish", metavar="URL", help="publish a test picture there meanwhile")
    return parser.parse_args()


async def watch(given: argparse.Namespace) -> Sequence[View]:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    patience = Patience(media=given.patience) if given.patience else None
    async with contextlib.AsyncExitStack() as stack:
        if given.publish:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            await stack.enter_async_context(Publisher(await asyncio.to_thread(publisher.clip, folder), given.publish))
        if given.newcomers:
            crowd: Audience | Newcomers = Newcomers(given.urls, every=given.newcomers, patience=patience)
        else:
            crowd = Audience(itertools.islice(itertools.cycle(given.urls), given.count or len(given.urls)), patience=patience)
        async with crowd:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), given.seconds)
    return crowd.views


def main() -> int:
    views = asyncio.run(watch(arguments()))
    for view in views:
        sys.stdout.write(json.dumps(view.as_dict()) + "\n")
    sys.stdout.write(json.dumps({"summary": summary(views)}) + "\n")
    return 0 if views and all(view.outcome == WATCHED for view in views) else 1


if __name__ == "__main__":
    sys.exit(main())
