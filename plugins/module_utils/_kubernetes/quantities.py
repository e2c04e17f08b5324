# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities of Kubernetes: ``20Gi``, ``1.5G``, ``1000``."""

from __future__ import annotations

import re
from typing import Any

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/, without exponents and parts of one.
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)([kMGTPE]?|[KMGTPE]i)")
_UNITS = {
    "": 1,
    **{unit: 1000**power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": 1024**power for power, unit in enumerate("KMGTPE", 1)},
}


def number(quantity: Any) -> float | None:
    """A quantity as a number: bytes of memory and storage, bits per second of bandwidth. None for what is not a quantity."""
    found = _QUANTITY.fullmatch(str(quantity))
    return float(found[1]) * _UNITS[found[2]] if found else None
