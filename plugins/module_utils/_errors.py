# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one family of errors that a user is meant to read, and the one place where they become a module's failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class SrsError(Exception):
    """Something the user can mend.

    The message is one sentence that names the object or key, the value, and the way out.
    ``details`` are returned beside it as structured data; they never hold a secret.
    """

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


def run(module: AnsibleModule, flow: Callable[[AnsibleModule], dict[str, Any]]) -> None:
    """Run a module's flow and leave the module: with its result, or with the message of the error it raised."""
    try:
        result = flow(module)
    except SrsError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(**result)
