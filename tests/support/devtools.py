# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium, told what to do by the DevTools protocol over a pipe; it looks up no name and calls nobody by itself."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

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
    "--ignore-certificate-errors",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE *.*.*.*",
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
    "--remote-debugging-pipe",
]
"""Nothing that a page in front of somebody hasn't, but for what has nobody look at it. Pages share one process to save memory."""


class BrowserError(Exception):
    """The browser has ended, or said no."""


class Browser:
    """Runs until it is closed. It does one thing at a time, for whoever asks."""

    def __init__(self) -> None:
        program = programs.chromium()
        self._home = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        self._events: list[dict[str, Any]] = []
        self._number = 0
        self._buffer = b""
        its_in, self._out = map(_high, os.pipe())
        self._in, its_out = map(_high, os.pipe())
        command = [str(program.command), *FLAGS, f"--user-data-dir={self._home.name}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        # The protocol goes by the descriptors 3 and 4.
        redirect = f'exec "$@" 3</dev/fd/{its_in} 4>/dev/fd/{its_out}'
        log = Path(self._home.name, "log")
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", redirect, "sh", *command, "about:blank"],
                env={**programs.environ(program), "HOME": self._home.name},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                pass_fds=(its_in, its_out),
                start_new_session=True,
            )
        os.close(its_in)
        os.close(its_out)
        try:
            self.version: str = self.call("Browser.getVersion")["product"]
        except (BrowserError, TimeoutError) as error:
            said = log.read_text(errors="replace")[-500:]
            self.close()
            raise programs.Lacking(f"Chromium doesn't start: {said or error}") from error

    def close(self) -> None:
        with contextlib.suppress(BrowserError, TimeoutError):
            self.call("Browser.close")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        # What it started is in its session, whether or not it ended by itself.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._in)
        os.close(self._out)
        self._home.cleanup()

    def open(self, url: str, *, size: tuple[int, int] = (320, 240), before: str = "") -> Page:
        """Open a page in a window of its own, since one behind another doesn't play. ``before`` is a script that runs before its own."""
        target = self.call("Target.createTarget", url="about:blank", newWindow=True, width=size[0], height=size[1])["targetId"]
        page = Page(self, target, self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        if before:
            page.call("Page.enable")
            page.call("Page.addScriptToEvaluateOnNewDocument", source=before)
        page.call("Page.navigate", url=url)
        return page

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        deadline = time.monotonic() + ANSWERS
        try:
            os.write(self._out, json.dumps(message).encode() + b"\0")
        except BrokenPipeError:
            raise BrowserError("Chromium has ended") from None
        while (answer := self._read(deadline)).get("id") != self._number:
            self._events.append(answer)
        if error := answer.get("error"):
            raise BrowserError(f"{method}: {error['message']}")
        return dict(answer["result"])

    def events(self) -> list[dict[str, Any]]:
        """What it has told since it was last asked for that."""
        told, self._events = self._events, []
        return told

    def _read(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._in], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError(f"Chromium doesn't answer within {ANSWERS:g} s")
            data = os.read(self._in, 1 << 20)
            if not data:
                raise BrowserError("Chromium has ended")
            self._buffer += data
        message, _nul, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(message))


class Page:
    """A page of a browser, by its session."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self._browser = browser
        self._target = target
        self._session = session

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)

    def close(self) -> None:
        self._browser.call("Target.closeTarget", targetId=self._target)

    def run(self, expression: str) -> Any:
        """The value of an expression of JavaScript, which may do what needs a gesture of the user."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True)
        if failed := answer.get("exceptionDetails"):
            raise BrowserError(f"{expression}: {failed.get('exception', {}).get('description', failed['text'])}")
        return answer["result"].get("value")

    def wait(self, expression: str, seconds: float = 30) -> Any:
        """The value of an expression as soon as it is true."""
        deadline = time.monotonic() + seconds
        while not (value := self.run(expression)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{expression} is still {value!r}")
            time.sleep(0.1)
        return value

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    def complaints(self) -> list[str]:
        """What the console says of errors, and errors that nothing caught."""
        self._browser.events()
        # They tell of all that was before.
        for domain in ("Log", "Runtime"):
            self.call(f"{domain}.enable")
        told = self._browser.events()
        logged = [event["params"]["entry"] for event in told if event["method"] == "Log.entryAdded"]
        thrown = [event["params"]["exceptionDetails"] for event in told if event["method"] == "Runtime.exceptionThrown"]
        return [entry["text"] for entry in logged if entry["level"] == "error"] + [str(details) for details in thrown]


def _high(descriptor: int) -> int:
    """The same under a number that is none of those that the protocol goes by."""
    high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return high
