# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server makes of a merge patch (RFC 7386), and of a strategic one of mappings alone."""

from __future__ import annotations

from typing import Any


def merged(value: Any, patch: Any) -> Any:
    """A patched copy of a value."""
    if not isinstance(patch, dict):
        return patch
    if patch.get("$patch") == "replace":
        return {key: item for key, item in patch.items() if key != "$patch"}
    own = value if isinstance(value, dict) else {}
    return {
        **{key: item for key, item in own.items() if key not in patch},
        **{key: merged(own.get(key), item) for key, item in patch.items() if item is not None},
    }
