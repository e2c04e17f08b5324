# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs, as the variables that pin it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: image_pins
short_description: Pin the images of SRS to what runs
description:
  - Gives the variables C(srs_origin_image) and C(srs_edge_image) with the digests of the images that the servers of a topology run.
  - Fails if the servers of a cluster run several images, or one that has no digest.
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
options:
  _input:
    description: The result of M(livestream.srs.srs_cluster_status).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: The images that run
  ansible.builtin.debug:
    var: (status | livestream.srs.image_pins).variables
"""

RETURN = r"""
_value:
  description: C(variables) by name, and C(notes) on edge clusters that run another image than most do, which a variable of all can't say.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._observed.pins import pins


def image_pins(status: Any) -> dict[str, Any]:
    """Variables and notes. ``status`` is a result of srs_cluster_status."""
    try:
        found = pins(status)
    except SrsError as error:
        raise AnsibleFilterError(error.message) from error
    return {"variables": found.variables, "notes": found.notes}


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {"image_pins": image_pins}
