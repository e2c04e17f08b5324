# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check has to say about a configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError

ERROR = "error"  # the server would refuse it, crash on it, or quietly do something else
WARNING = "warning"  # works, but rarely as meant


Naming = Callable[[str], str]
Where: TypeAlias = "str | Naming"
"""What a finding is of: what a config is called, or the variable that a parameter is written in, by the parameter's path."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem. ``path`` is the directive or parameter; ``line`` is that of the text, if there was one."""

    severity: str
    path: str
    message: str
    line: int = 0
    source: str = ""  # the parameter that holds the text which it is about

    def __str__(self) -> str:
        return f"{self.path + ' ' if self.path else ''}{self.message}"

    def text(self, where: Where) -> str:
        """The finding as one sentence that says where it is."""
        if callable(where):
            if self.path and not self.source:
                return f"{where(self.path)} {self.message}"
            place = where(self.source)
        else:
            place = f"{where}.{self.source}" if self.source else where
        if self.line:
            place += f" line {self.line}"
        return f"{place}: {self}"


def errors_of(findings: Iterable[Finding]) -> list[Finding]:
    """Those that stop a deployment."""
    return [finding for finding in findings if finding.severity == ERROR]


def warnings_of(findings: Iterable[Finding], where: Where) -> list[str]:
    """The sentences of those that do not."""
    return [finding.text(where) for finding in findings if finding.severity == WARNING]


def stop_on_errors(findings: Iterable[Finding], where: Where) -> None:
    """Raise all errors at once, in the order in which they were found."""
    errors = [finding.text(where) for finding in errors_of(findings)]
    if errors:
        raise SrsError("\n".join(errors), errors=errors)
