# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server makes of a JSON patch, of mappings alone."""

from __future__ import annotations

from copy import deepcopy
from typing import Any


def patched(item: Any, patch: list[dict[str, Any]]) -> Any:
    """A patched copy of an object."""
    result = deepcopy(item)
    for operation in patch:
        *steps, last = (step.replace("~1", "/").replace("~0", "~") for step in operation["path"].lstrip("/").split("/"))
        place = result
        for step in steps:
            place = place[step]
        if operation["op"] == "remove":
            del place[last]
        else:
            assert operation["op"] == "add" or last in place
            place[last] = operation["value"]
    return result
