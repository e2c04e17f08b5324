# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs playbooks as a user does, and reads what they print as a user does."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .places import LOCAL, ROOT, WORK

SECONDS = 400
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Run:
    status: int
    output: str
    seconds: float

    @property
    def changed(self) -> int:
        """Tasks that changed something, of all hosts."""
        found = re.findall(r"^\S+\s+:.*\bchanged=(\d+)", self.output, re.MULTILINE)
        if not found:
            raise ValueError(f"the playbook printed no recap:\n{self.output[-2000:]}")
        return sum(map(int, found))

    @property
    def urls(self) -> list[str]:
        return re.findall(r"(?:rtmp|https?)://[^\s\",]+", self.output)

    def url(self, protocol: str) -> str:
        """The printed address for `rtmp`, `flv` or `hls`."""
        ends = {"rtmp": r"^rtmp://", "flv": r"\.flv$", "hls": r"\.m3u8$"}[protocol]
        return next(url for url in self.urls if re.search(ends, url))


async def run(playbook: str, kubeconfig: Path, variables: Mapping[str, Any], *arguments: str, inventory: Path = LOCAL) -> Run:
    """A run that ended well; else an error with all that it printed."""
    result = await attempt(playbook, kubeconfig, variables, *arguments, inventory=inventory)
    if result.status:
        raise RuntimeError(f"{playbook} ended with status {result.status}:\n{result.output}")
    return result


async def attempt(playbook: str, kubeconfig: Path, variables: Mapping[str, Any], *arguments: str, inventory: Path = LOCAL) -> Run:
    began = time.monotonic()
    log = WORK / "logs" / f"{next(_numbers):02}-{Path(playbook).stem}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environ = {**os.environ, "KUBECONFIG": str(kubeconfig), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [program, playbook, f"--inventory={inventory}", f"--extra-vars={json.dumps(variables)}", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(SECONDS):
            output = (await process.communicate())[0].decode(errors="replace")
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    log.write_text(f"$ {' '.join(map(str, command))}\n{output}")
    return Run(process.returncode or 0, output, time.monotonic() - began)
