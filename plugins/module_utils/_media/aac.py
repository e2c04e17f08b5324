# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How AAC is set up: the AudioSpecificConfig of FLV and RTMP, and the ADTS headers of MPEG-TS (ISO 14496-3)."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._media.bits import Bits, Short

RATES = 13
"""Sampling rates that have a number."""
RATE_FOLLOWS = 15
ADTS_HEADER = 7


def is_config(record: bytes) -> bool:
    """Whether it is an AudioSpecificConfig from which a decoder can start."""
    bits = Bits(record)
    try:
        kind = bits.read(5)
        if kind == 31:
            kind = 32 + bits.read(6)
        rate = bits.read(4)
        if rate == RATE_FOLLOWS:
            return bool(kind and bits.read(24) and bits.read(4) >= 0)
        bits.read(4)
    except Short:
        return False
    return kind != 0 and rate < RATES


def has_adts(data: bytes) -> bool:
    """Whether a frame with a header begins and ends where the next one begins, or with the data. A first one may go on elsewhere."""
    at = data.find(b"\xff")
    while 0 <= at <= len(data) - ADTS_HEADER:
        size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        if _syncs(data, at) and data[at + 2] >> 2 & 0xF < RATES and size > ADTS_HEADER:
            end = at + size
            if end == len(data) or _syncs(data, end) or (end > len(data) and not at):
                return True
        at = data.find(b"\xff", at + 1)
    return False


def _syncs(data: bytes, at: int) -> bool:
    return len(data) > at + 1 and data[at] == 0xFF and data[at + 1] & 0xF6 == 0xF0
