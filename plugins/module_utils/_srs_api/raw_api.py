# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SRS's raw API, which makes a server reload its srs.conf, and says what became of it."""

from __future__ import annotations

from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._checked import Form, Odd, fields, text, whole
from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.http_api import Api, ErrorCode

# SRS's error codes: unknown call, raw_api is off, and allow_reload is off in it.
UNKNOWN, RAW_API_OFF, RELOAD_OFF = 1060, 1061, 1062


def _word(value: Any) -> str:
    """The id of a reload, which is noted on the pod."""
    if not isinstance(value, str) or len(value) > 64 or not value.isascii() or not (value.isalnum() or not value):
        raise Odd
    return value


LAST_RELOAD: Form = {"rid": _word, "err": whole, "state": whole, "msg": text}


class CanNotTell(NoAnswer):
    """A server does not tell of its reloads, and won't when asked again."""

    def __init__(self, message: str) -> None:
        super().__init__("srs_error", message)


async def reload(api: Api) -> None:
    """Tell a server to reload. It answers at once, before it has done so."""
    try:
        await api.call("/api/v1/raw?rpc=reload")
    except ErrorCode as error:
        if error.code in (RAW_API_OFF, RELOAD_OFF):
            raise NoAnswer(
                "srs_error", "its srs.conf does not allow it: http_api needs raw_api with enabled on and allow_reload on"
            ) from None
        raise


async def last_reload(api: Api) -> dict[str, Any]:
    """What a server says of its last reload. Raises CanNotTell where it says nothing."""
    try:
        data = (await api.call("/api/v1/raw?rpc=reload-fetch")).get("data")
    except ErrorCode as error:
        if error.code == RAW_API_OFF:
            raise CanNotTell("its raw_api is off, by which it would tell whether it has reloaded") from None
        if error.code != UNKNOWN:
            raise
        data = None
    if not isinstance(data, dict):
        raise CanNotTell("it does not tell whether it has reloaded, which SRS does from 5.0.176 and 6.0.71 on")
    odd: dict[str, str] = {}
    found = fields(data, LAST_RELOAD, odd)
    for name, value in odd.items():
        raise NoAnswer("invalid_response", f"it tells of its last reload as SRS does not ({name} is {value})")
    return found
