# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium, told what to do by the DevTools protocol over a pipe."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import tempfile
import types
from typing import Any, Self

from . import programs

ANSWERS = 30.0
"""Seconds within which the browser answers."""

FLAGS = [
    "--headless=new",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--hide-scrollbars",
    "--autoplay-policy=no-user-gesture-required",
    "--ignore-certificate-errors",
    "--no-proxy-server",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-features=Translate,MediaRouter,OptimizationHints,LocalNetworkAccessChecks",
    "--metrics-recording-only",
    "--process-per-site",
    "--window-size=320,240",
    "--remote-debugging-pipe",
]
"""Nothing that a page in front of somebody hasn't, but for what has nobody look at it. Pages share one process to save memory."""


class BrowserError(Exception):
    """The browser has ended, or said no."""


class Browser:
    """Runs while the block lasts."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.WriteTransport | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._number = 0
        self._cleanup = contextlib.ExitStack()

    async def open(self, url: str) -> str:
        """Open a page in a window of its own, since one behind another doesn't play; the session to talk to it by."""
        target = await self.call("Target.createTarget", url=url, newWindow=True)
        session: str = (await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True))["sessionId"]
        return session

    async def evaluate(self, session: str, expression: str) -> Any:
        """The value of a JavaScript expression in a page."""
        answer = await self.call("Runtime.evaluate", session, expression=expression, returnByValue=True)
        if failed := answer.get("exceptionDetails"):
            raise BrowserError(f"{expression}: {failed.get('exception', {}).get('description', failed['text'])}")
        return answer["result"].get("value")

    async def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        if self._writer is None or self._reading is None or self._reading.done():
            raise BrowserError("Chromium has ended")
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        answer = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps(message).encode() + b"\0")
        async with asyncio.timeout(ANSWERS):
            return dict(await answer)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                message = json.loads((await reader.readuntil(b"\0"))[:-1])
                waiting = self._waiting.pop(message.get("id"), None)
                if waiting is None or waiting.done():
                    continue
                if error := message.get("error"):
                    waiting.set_exception(BrowserError(error["message"]))
                else:
                    waiting.set_result(message["result"])
        except (asyncio.IncompleteReadError, OSError):
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(BrowserError("Chromium has ended"))

    async def __aenter__(self) -> Self:
        program = await asyncio.to_thread(programs.chromium)
        with contextlib.ExitStack() as stack:
            home = stack.enter_context(tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True))
            its_in, our_out = map(_high, os.pipe())
            our_in, its_out = map(_high, os.pipe())
            log = stack.enter_context(open(f"{home}/log", "wb"))
            command = [str(program.command), *FLAGS, f"--user-data-dir={home}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
            # The protocol goes by the descriptors 3 and 4.
            redirect = f'exec "$@" 3</dev/fd/{its_in} 4>/dev/fd/{its_out}'
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *("/bin/sh", "-c", redirect, "sh", *command, "about:blank"),
                    env={**programs.environ(program), "HOME": home},
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(its_in, its_out),
                    start_new_session=True,
                )
            finally:
                os.close(its_in)
                os.close(its_out)
            loop = asyncio.get_running_loop()
            self._writer, _protocol = await loop.connect_write_pipe(asyncio.Protocol, os.fdopen(our_out, "wb", 0))
            reader = asyncio.StreamReader(limit=1 << 26)
            await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(our_in, "rb", 0))
            self._reading = asyncio.create_task(self._read(reader))
            self._cleanup = stack.pop_all()
        try:
            await self.call("Browser.getVersion")
        except (BrowserError, TimeoutError) as error:
            with open(f"{home}/log") as file:
                said = file.read()[-500:]
            await self.__aexit__(None, None, None)
            raise programs.Lacking(f"Chromium doesn't start: {said or error}") from error
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        with contextlib.suppress(BrowserError, TimeoutError):
            await self.call("Browser.close")
        if self._process:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(10):
                    await self._process.wait()
            # What it started is in its session, whether or not it ended by itself.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        if self._writer:
            self._writer.close()
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        self._cleanup.close()


def _high(descriptor: int) -> int:
    """The same under a number that is none of those that the protocol goes by."""
    high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return high
