# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAL units of H.264 and HEVC: how they are packed, the parameter sets among them, and whether slices find theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.livestream.srs.plugins.module_utils._media.bits import Bits, Short

# Enough of a unit for all that is read of it, the profiles of seven sub-layers in an SPS of HEVC among it.
HEAD = 160


class Broken(ValueError):
    """Units that are not packed as they must be; says how."""


class Record:
    """A decoder configuration record (ISO 14496-15): the parameter sets in it, and how long the lengths before units are."""

    def __init__(self, codec: str, record: bytes) -> None:
        """Raises Broken."""
        self.units: list[bytes] = []
        if codec == "h264":
            if len(record) < 7 or record[0] != 1:
                raise Broken("it is no decoder configuration record of H.264")
            self.wide = 1 + (record[4] & 3)
            at = self._take(record, 6, record[5] & 0x1F)
            if at >= len(record):
                raise Broken("the decoder configuration record ends before its PPS")
            self._take(record, at + 1, record[at])
        else:
            if len(record) < 23 or record[0] > 1:
                raise Broken("it is no decoder configuration record of HEVC")
            self.wide = 1 + (record[21] & 3)
            at = 23
            for _array in range(record[22]):
                if at + 3 > len(record):
                    raise Broken("the decoder configuration record is not complete")
                at = self._take(record, at + 3, int.from_bytes(record[at + 1 : at + 3]))

    def _take(self, record: bytes, at: int, count: int) -> int:
        for _unit in range(count):
            size = int.from_bytes(record[at : at + 2])
            at += 2
            if not size or at + size > len(record):
                raise Broken("a parameter set in the decoder configuration record is not complete")
            self.units.append(record[at : at + size])
            at += size
        return at


def prefixed(data: bytes, wide: int) -> list[bytes]:
    """Units with their lengths before them, as in FLV and RTMP; raises Broken."""
    units, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + wide])
        at += wide
        if at + size > len(data):
            raise Broken(f"a unit of {size} bytes is cut off")
        if size:
            units.append(data[at : at + size])
        at += size
    return units


def separated(data: bytes) -> Iterator[bytes]:
    """Units with start codes between them, as in MPEG-TS."""
    for unit in data.split(b"\0\0\1")[1:]:
        if unit := unit.rstrip(b"\0"):
            yield unit


class ParameterSets:
    """Those that a decoder has, each by its number, with what it refers to."""

    def __init__(self, codec: str) -> None:
        self.codec = codec
        self._vps: set[int] = set()
        self._sps: dict[int, int | None] = {}
        self._pps: dict[int, int] = {}

    def learn(self, units: Iterable[bytes]) -> None:
        """Take over the parameter sets among the units; raises Broken."""
        for unit in units:
            try:
                (self._learn_h264 if self.codec == "h264" else self._learn_hevc)(unit)
            except Short:
                raise Broken("a parameter set is cut off") from None

    def _learn_h264(self, unit: bytes) -> None:
        kind = unit[0] & 0x1F
        if kind == 7:
            bits = _bits(unit, 4)  # profile, constraints, level
            self._sps[_number(bits)] = None
        elif kind == 8:
            bits = _bits(unit, 1)
            number = _number(bits)
            self._pps[number] = _number(bits)

    def _learn_hevc(self, unit: bytes) -> None:
        kind = unit[0] >> 1 & 0x3F
        if kind not in (32, 33, 34) or _layer(unit):
            return
        bits = _bits(unit, 2)
        if kind == 32:
            self._vps.add(bits.read(4))
        elif kind == 34:
            number = _number(bits)
            self._pps[number] = _number(bits)
        else:
            vps, layers = bits.read(4), bits.read(3)
            bits.read(1 + 88 + 8)  # nesting, profile, level
            there = [(bits.read(1), bits.read(1)) for _pair in range(8 if layers else 0)]
            for profile, level in there[:layers]:
                bits.read(88 * profile + 8 * level)
            self._sps[_number(bits)] = vps

    def has_idr(self, units: Iterable[bytes]) -> bool:
        """Whether a picture is among the units that needs no earlier one, whatever the container says."""
        if self.codec == "h264":
            return any(unit[0] & 0x1F == 5 for unit in units)
        return any(16 <= unit[0] >> 1 & 0x3F <= 21 for unit in units)

    def slices(self, units: Iterable[bytes]) -> list[int]:
        """The numbers of the PPS that the slices among the units refer to; raises Broken."""
        try:
            return [number for unit in units if (number := self._refers_to(unit)) is not None]
        except Short:
            raise Broken("a slice is cut off") from None

    def _refers_to(self, unit: bytes) -> int | None:
        if self.codec == "h264":
            if unit[0] & 0x1F not in (1, 2, 5):
                return None
            bits = _bits(unit, 1)
            bits.golomb()  # the first macroblock
            bits.golomb()  # the type
            return bits.golomb()
        kind = unit[0] >> 1 & 0x3F
        if kind > 21 or 9 < kind < 16 or _layer(unit):
            return None
        bits = _bits(unit, 2)
        bits.read(2 if kind >= 16 else 1)  # whether it is the first of its picture, and whether earlier pictures are still shown
        return bits.golomb()

    def lacks(self, pps: int) -> str:
        """Which parameter set is not there that this one or a slice with it needs, as a sentence; "" if none."""
        if not self._pps:
            return "no parameter sets (SPS and PPS) came before it"
        if pps not in self._pps:
            return f"it needs PPS {pps}, and those that came are {_listed(self._pps)}"
        sps = self._pps[pps]
        if sps not in self._sps:
            return f"it needs SPS {sps}, and {f'those that came are {_listed(self._sps)}' if self._sps else 'none came'}"
        vps = self._sps[sps]
        if vps is not None and vps not in self._vps:
            return f"it needs VPS {vps}, and {f'those that came are {_listed(self._vps)}' if self._vps else 'none came'}"
        return ""


def _number(bits: Bits) -> int:
    """That of a parameter set; there are up to 256."""
    number = bits.golomb()
    if number > 255:
        raise Broken("a parameter set has a number that there is not")
    return number


def _bits(unit: bytes, header: int) -> Bits:
    """What follows the unit's header, without the bytes that keep start codes from appearing in it."""
    return Bits(unit[header:HEAD].replace(b"\0\0\3", b"\0\0"))


def _layer(unit: bytes) -> int:
    """Of HEVC: 0 is what every decoder shows; views and enhancements have others."""
    if len(unit) < 2:
        raise Short
    return (unit[0] & 1) << 5 | unit[1] >> 3


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
