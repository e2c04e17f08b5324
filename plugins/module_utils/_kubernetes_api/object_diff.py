# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of an object as Ansible's diff shows it."""

from __future__ import annotations

from functools import cache
from typing import Any, TypedDict

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import objects
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.policy import Policy
from ansible_collections.livestream.srs.plugins.module_utils._text import printable_lines


class Entry(TypedDict):
    """As Ansible has it."""

    before_header: str
    after_header: str
    before: str
    after: str


def entry(title: str, before: objects.Object | None, after: objects.Object | None, policy: Policy) -> Entry:
    """One entry of Ansible's diff: before and after as YAML, "" for None, without what the server writes and the values of Secrets."""
    contents = before and objects.content(before), after and objects.content(after)
    shown = map(_yaml, objects.masked_pair(*policy.shown(*contents)))
    return {"before_header": title, "after_header": title, "before": next(shown), "after": next(shown)}


def _yaml(item: objects.Object | None) -> str:
    if not item:
        return ""
    import yaml

    dumped = yaml.dump(item, Dumper=_dumper(), default_flow_style=False, sort_keys=False, allow_unicode=True, width=1000)
    return printable_lines(str(dumped))


@cache
def _dumper() -> Any:
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        """Texts of several lines, such as a srs.conf, as lines."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return Dumper
