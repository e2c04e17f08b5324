# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the log of a server says that matters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ansible_collections.livestream.srs.plugins.module_utils._text import printable

# "[2026-11-26 12:00:00.000][ERROR][1][abc][2] ..." from SRS 5 on, "[Error]" or "[error]" before; the last number is errno.
_LINE = re.compile(r"^\[[^\]]*\]\[(?P<level>error|warn)\]((\[[^\]]*\])*)\s*(?P<said>.*)$", re.IGNORECASE)
# On a console SRS writes errors and warnings in colours.
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Tokens of publishers and players stand in the query of a URL, or in param= of a client.
_QUERY = re.compile(r"(\?|param=)[^\s,;\"'\]]+")
SHOWN = 200
# What went wrong with one connection, by the other side's doing: sockets, RTMP, HTTP, streams that are published already, hooks that refuse
# (srs_kernel_error.hpp). Not connections that a server makes itself, 1012 and 1018, nor an edge's state, 2020 to 2023.
_OF_CLIENTS = frozenset(
    [
        *range(1000, 1012), 1019, 1028, *range(2000, 2020), *range(2024, 2060),
        3007, 3009, 3064, 3065, 3066, 4005, 4025, 4029, *range(4040, 4045),
    ]
)  # fmt: skip
_SERVED = re.compile(r"serve error code=(\d+)")


def reasons(text: str, most: int = 3) -> list[str]:
    """The last errors that a log tells of, each once, without the queries of URLs; warnings where there are no errors."""
    found: dict[str, list[str]] = {"error": [], "warn": []}
    for level, said in _said(text):
        lines = found[level]
        if said in lines:
            lines.remove(said)
        lines.append(said)
    return (found["error"] or found["warn"])[-most:]


def own_errors(text: str, harmless: Sequence[str] = (), most: int = 3) -> list[str]:
    """The last errors of the server's own, each once: not what clients did, nor what has one of the ``harmless`` texts in it."""
    found = [
        said for level, said in _said(text) if level == "error" and not _is_of_client(said) and not any(one in said for one in harmless)
    ]
    return list(dict.fromkeys(reversed(found)))[:most][::-1]


def _is_of_client(said: str) -> bool:
    match = _SERVED.search(said)
    return match is not None and int(match[1]) in _OF_CLIENTS


def _said(text: str) -> Iterator[tuple[str, str]]:
    """The level, ``error`` or ``warn``, and the text of each such line."""
    for line in _COLOUR.sub("", text).split("\n"):
        if match := _LINE.match(line):
            yield match["level"].lower(), printable(_QUERY.sub(r"\1...", match["said"]).strip()[:SHOWN])
