# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities of Kubernetes: ``20Gi``, ``1.5G``, ``500m``, ``1e3``."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_QUANTITY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))([numkMGTPE]?|[KMGTPE]i|[eE][+-]?[0-9]{1,3})")
_UNITS = {
    "": Decimal(1),
    **{unit: Decimal(1000) ** power for power, unit in enumerate(("n", "u", "m"), -3)},
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}
_LARGEST = Decimal(2**63 - 1)


def exact(quantity: Any) -> Decimal | None:
    """A quantity as a number; as in Kubernetes, what is larger than 2^63 - 1 is that. None for what is not a quantity."""
    if isinstance(quantity, bool) or not isinstance(quantity, (str, int, float)):
        return None
    found = _QUANTITY.fullmatch(str(quantity).strip(" "))
    if not found:
        return None
    unit = _UNITS.get(found[2]) or Decimal(10) ** int(found[2][1:])
    return min(Decimal(found[1]) * unit, _LARGEST)


def number(quantity: Any) -> float | None:
    """The same as a float: bytes of memory and storage, bits per second of bandwidth."""
    found = exact(quantity)
    return None if found is None else float(found)
