# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of an object as Ansible's diff shows it."""

from __future__ import annotations

from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils.srs_conf.secrets import redacted
from ansible_collections.livestream.srs.plugins.module_utils.topology import objects, revisions


def entry(title: str, before: objects.Object | None, after: objects.Object | None) -> dict[str, str]:
    """Before and after as YAML, without what the server keeps for itself and without the values of Secrets."""
    contents = before and objects.content(before), after and objects.content(after)
    shown_before, shown_after = map(_without_secrets, objects.masked_pair(*revisions.readable(*contents)))
    return {"before_header": title, "after_header": title, "before": _yaml(shown_before), "after": _yaml(shown_after)}


def _without_secrets(item: objects.Object | None) -> objects.Object | None:
    """A ConfigMap made by hand may hold a srs.conf with passwords; they go no further."""
    if not item or item.get("kind") != "ConfigMap":
        return item
    shown = {
        key: redacted(text) if key.endswith(".conf") and key != "nginx.conf" else text for key, text in (item.get("data") or {}).items()
    }
    return {**item, "data": shown} if shown else item


def _yaml(item: objects.Object | None) -> str:
    if not item:
        return ""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Texts of several lines, such as a srs.conf, as lines."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return yaml.dump(item, Dumper=Dumper, default_flow_style=False, sort_keys=False, allow_unicode=True, width=1000)
