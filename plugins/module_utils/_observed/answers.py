# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of what a server answers. Everything that servers and their clients say goes through here once; the rest relies on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._checked import Form, fields, flag, number, shown, text, whole

_RATES: Form = {"recv_30s": whole, "send_30s": whole}
_STREAM: Form = {"id": text, "vhost": text, "app": text, "name": text, "url": text}

RECORD: Form = {
    "self": {"version": text, "srs_uptime": whole, "cpu_percent": number, "mem_kbyte": whole},
    "system": {"conn_srs": whole},
}
ROWS: dict[str, Form] = {
    "vhosts": {"id": text, "name": text, "kbps": _RATES},
    "streams": {
        **_STREAM,
        "frames": whole,
        "kbps": _RATES,
        "publish": {"active": flag},
        "video": {"codec": text, "profile": text, "level": text, "width": whole, "height": whole, "fps": number},
        "audio": {"codec": text, "sample_rate": whole, "channel": whole, "profile": text},
    },
    "clients": {
        **_STREAM,
        "stream": text,
        "ip": text,
        "tcUrl": text,
        "type": text,
        "publish": flag,
        "alive": number,
        "send_bytes": whole,
        "recv_bytes": whole,
        "kbps": _RATES,
    },
}


class Replies(dict[str, Any]):
    """Replies that have been read."""

    odd: str = ""
    """What in them was not as SRS writes it, as the rest of a sentence; "" if all was."""


def read(raw: Mapping[str, Any]) -> Replies:
    """The replies of a server by what it was asked for: what of them has its form. Rows that are no objects are left out, and a reply that
    is no list is none; what has been read stays as it is.
    """
    if isinstance(raw, Replies):
        return raw
    found, odd = Replies(), dict[str, str]()
    for what, reply in raw.items():
        if isinstance(reply, Mapping) and what not in ROWS:
            found[what] = fields(reply, RECORD, odd, f"{what}: ")
        elif isinstance(reply, list) and what in ROWS:
            rows = [row for row in reply if isinstance(row, Mapping)]
            found[what] = [fields(row, ROWS[what], odd, f"{what}: ") for row in rows]
            if len(rows) < len(reply):
                odd[f"a row of {what}"] = shown(next(row for row in reply if not isinstance(row, Mapping)))
        elif reply is not None:
            odd[what] = shown(reply)
    if odd:
        (field, value), *more = odd.items()
        found.odd = f"it sent something that SRS does not ({field} is {value}{f', and {len(more)} more' if more else ''})"
    return found
