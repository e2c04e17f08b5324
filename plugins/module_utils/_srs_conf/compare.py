# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed between two configurations, by directive instead of by line; layout, comments and the order of directives don't count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import ConfSyntaxError, parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.secrets import redacted
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive


def changes(before: Iterable[Directive], after: Iterable[Directive]) -> list[str]:
    """Lines such as ``vhost live.hls.hls_fragment: 10 -> 4``, ``hls.enabled: on (new)``, ``exporter.listen: 9972 (gone)``."""
    old, new = dict(_leaves(before, "")), dict(_leaves(after, ""))
    lines = []
    for path in [*old, *(path for path in new if path not in old)]:
        if path not in new:
            lines.append(f"{path}: {old[path]} (gone)")
        elif path not in old:
            lines.append(f"{path}: {new[path]} (new)")
        elif old[path] != new[path]:
            lines.append(f"{path}: {old[path]} -> {new[path]}")
    return lines


def _leaves(tree: Iterable[Directive], path: str) -> Iterator[tuple[str, str]]:
    count: dict[str, int] = {}
    for directive in tree:
        own = directive.name if directive.children is None else " ".join([directive.name, *directive.args])
        own = f"{path}.{own}" if path else own
        count[own] = count.get(own, 0) + 1
        if count[own] > 1:
            own = f"{own}[{count[own]}]"
        if directive.children:
            yield from _leaves(directive.children, own)
        else:
            yield own, " ".join(directive.args) if directive.children is None else "{ }"


def changes_of_text(before: str, after: str) -> list[str]:
    """The same for two texts, without secrets; nothing when one of them can't be read."""
    try:
        # The grammar of SRS 5 reads whatever that of another version reads.
        for text in (before, after):
            parse(text, 5)
    except ConfSyntaxError:
        return []
    return changes(parse(redacted(before), 5), parse(redacted(after), 5))
