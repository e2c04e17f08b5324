# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one family of errors that a user is meant to read, the one place where they become a module's failure, a hint for misspellings."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._text import first_of, printable_data, printable_lines

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# How many objects a message names.
NAMED = 5


class SrsError(Exception):
    """Something that the user can fix.

    The message is one sentence that names the object or key, the value, and the way out.
    ``details`` are returned beside it as structured data; they never hold a secret. What others wrote - in annotations, events, answers -
    becomes printable here.
    """

    def __init__(self, message: str, **details: Any) -> None:
        self.message = printable_lines(message)
        super().__init__(self.message)
        self.details: dict[str, Any] = printable_data(details, printable_lines)

    def tell_changes(self, done: Sequence[str], **details: Any) -> None:
        """Have the error say what was changed before it, where anything was; ``details`` replace those that it has."""
        if done and "not_ready" not in self.details:  # who waits in vain has done all that was asked for
            self.message = f"{self.message}\nChanged before that: {first_of(done, NAMED)}."
            self.args = (self.message,)
        self.details = {**self.details, **printable_data(details, printable_lines)}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`` (did you mean x?)`` with the known word that was probably meant, to be put behind the wrong one; "" when none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near and near[0] != word else ""


def run(module: AnsibleModule, flow: Callable[[AnsibleModule], dict[str, Any]]) -> None:
    """Run a module's flow and leave the module: with its result, or with the message of the error it raised.

    Its warnings become printable here, as its errors did when they were made.
    """
    warn = module.warn
    module.warn = lambda warning, *more, **options: warn(printable_lines(warning), *more, **options)
    try:
        result = flow(module)
    except SrsError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(**result)
