# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_stream_info: play URLs as viewers do and report what was seen, on request with the output of ffprobe."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_text import PROTOCOL_TITLE
from ansible_collections.livestream.srs.plugins.module_utils._player import player
from ansible_collections.livestream.srs.plugins.module_utils._player.viewer import Patience
from ansible_collections.livestream.srs.plugins.module_utils._text import printable, printable_data, table

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def flow(module: AnsibleModule) -> dict[str, Any]:
    """The module's result; raises SrsError for a URL that can't be played, or with ``must_play`` where a verdict is not ``ok``."""
    params = module.params
    for url in params["urls"]:
        try:
            player.protocol_of(url)
        except ValueError as error:
            raise SrsError(f"urls has {url!r}, which can't be played: {error}") from None
    if params["ffprobe"] and shutil.which(params["ffprobe_path"]) is None:
        raise SrsError(f"ffprobe is true, but the program {params['ffprobe_path']} does not exist; install ffmpeg, or set ffprobe_path.")
    patience = Patience(params["seconds"], params["timeout"], params["stall"])
    streams = [view.result() for view in asyncio.run(player.play(params["urls"], patience, lambda: _tls(params)))]
    if params["ffprobe"]:
        for stream, opinion in zip(streams, _ffprobe(params["ffprobe_path"], params["urls"], patience.limit), strict=True):
            stream["ffprobe"] = opinion
    result = {"changed": False, "ok": all(stream["verdict"] == "ok" for stream in streams), "streams": streams, "summary": summary(streams)}
    if params["must_play"] and not result["ok"]:
        bad = [f"{stream['url']}: {stream['verdict']}: {stream['message']}" for stream in streams if stream["verdict"] != "ok"]
        raise SrsError(
            f"{len(bad)} of {len(streams)} streams don't play: " + "; ".join(bad), streams=streams, ok=False, summary=result["summary"]
        )
    return result


def summary(streams: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line for each URL."""
    return table(_line(stream) for stream in streams)


def _line(stream: Mapping[str, Any]) -> list[str]:
    return [stream["verdict"], PROTOCOL_TITLE[stream["protocol"]], stream["url"], stream["message"] or _seen(stream)]


def _seen(stream: Mapping[str, Any]) -> str:
    video, audio = stream["video"], stream["audio"]
    size = f" {video['width']}x{video['height']}" if video and video["width"] else ""
    codecs = ([f"{video['codec']}{size}"] if video else []) + ([audio["codec"]] if audio else [])
    rate = f"{stream['kbps']} kbit/s" + (f", {stream['fps']} fps" if stream["fps"] else "")
    return f"first packet after {stream['first_packet_seconds']:.2f} s, {', '.join(codecs)}, {rate}"


def _tls(params: Mapping[str, Any]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=params["ca_cert"])
    except OSError as error:
        raise SrsError(f"The CA certificates in {params['ca_cert']} (ca_cert) can't be read: {error}") from error
    if not params["validate_certs"]:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _ffprobe(program: str, urls: Sequence[str], limit: float) -> list[dict[str, Any]]:
    """What ffprobe says of each; it gets as long as our own player."""
    command = [program, "-v", "error", "-of", "json", "-show_streams", "-show_format"]
    running = [subprocess.Popen([*command, url], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for url in urls]
    end = time.monotonic() + limit
    return [_opinion(process, end) for process in running]


def _opinion(process: subprocess.Popen[bytes], end: float) -> dict[str, Any]:
    try:
        said, complaints = process.communicate(timeout=max(0.1, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return {"error": "it did not end in time"}
    if process.returncode:
        return {"error": printable(complaints.decode(errors="replace").strip()[-500:]) or f"exit status {process.returncode}"}
    try:
        found = json.loads(said.decode(errors="replace"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return {"error": "it did not answer with JSON"}
    # Tags in it are the publisher's.
    return {"streams": printable_data(found.get("streams") or []), "format": printable_data(found.get("format") or {})}
