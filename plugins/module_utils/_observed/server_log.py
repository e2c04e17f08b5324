# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the log of a server says that matters."""

from __future__ import annotations

import re

from ansible_collections.livestream.srs.plugins.module_utils._text import printable

# "[2026-11-26 12:00:00.000][ERROR][1][abc][2] ..." from SRS 5 on, "[Error]" or "[error]" before; the last number is errno.
_LINE = re.compile(r"^\[[^\]]*\]\[(?P<level>error|warn)\]((\[[^\]]*\])*)\s*(?P<said>.*)$", re.IGNORECASE)
# On a console SRS writes errors and warnings in colours.
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Tokens of publishers and players stand in the query of a URL, or in param= of a client.
_QUERY = re.compile(r"(\?|param=)[^\s,;\"'\]]+")
SHOWN = 200


def reasons(text: str, most: int = 3) -> list[str]:
    """The last errors that a log tells of, each once, without the queries of URLs; warnings where there are no errors."""
    found: dict[str, list[str]] = {"error": [], "warn": []}
    for line in _COLOUR.sub("", text).split("\n"):
        if match := _LINE.match(line):
            said = printable(_QUERY.sub(r"\1...", match["said"]).strip()[:SHOWN])
            lines = found[match["level"].lower()]
            if said in lines:
                lines.remove(said)
            lines.append(said)
    return (found["error"] or found["warn"])[-most:]
