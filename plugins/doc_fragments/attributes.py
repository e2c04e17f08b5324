# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what a module supports: each states the support, the words for it are here."""

from __future__ import annotations


class ModuleDocFragment:
    # For every module.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
      - This assumes that the system controlled or queried by the module has not changed in a relevant way.
"""

    # For modules that talk to the API server and can be given their connection by module_defaults.
    ACTION_GROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/livestream.srs.k8s) in C(module_defaults) to set the connection options of this module.
    support: full
    membership:
      - livestream.srs.k8s
"""
