# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects under the names that they have already: those of a cluster made by hand, which can't be renamed.

``srs_object_names`` and ``srs_app_labels`` say them, by the names and ``app`` labels that the collection gives. They are put in when the
objects are built and patched; what the servers' configs call by a Service's name follows in ``_desired``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object

# Where an object names another one: the key of the mapping that the name is in, the key of the name, the kind that it is of.
REFERENCES = (
    ("configMap", "name", "ConfigMap"),
    ("persistentVolumeClaim", "claimName", "PersistentVolumeClaim"),
    ("spec", "serviceName", "Service"),
    ("scaleTargetRef", "name", "Deployment"),
)


@dataclass
class Existing:
    """``names`` are by kind and our name, ``apps`` by our label."""

    names: Mapping[str, Mapping[str, str]]
    apps: Mapping[str, str]

    def name(self, kind: str, name: str) -> str:
        """What an object is called."""
        return self.names.get(kind, {}).get(name, name)

    def app(self, label: str) -> str:
        """The ``app`` label of pods."""
        return self.apps.get(label, label)

    def renamed(self, objects: Iterable[Object]) -> list[Object]:
        """The objects with the names and labels that they have."""
        given = list(objects)
        if not self.names and not self.apps:
            return given
        found = []
        for item in given:
            made = self._walked(item, "")
            made["metadata"]["name"] = self.name(item["kind"], item["metadata"]["name"])
            found.append(made)
        return found

    def check(self, objects: Iterable[Object]) -> Iterator[str]:
        """Names that no object has, and objects that would have the same one; each as a sentence. The objects have our names."""
        there: dict[str, list[str]] = {}
        for item in objects:
            there.setdefault(item["kind"], []).append(item["metadata"]["name"])
        for kind, names in self.names.items():
            for name in names:
                if name not in there.get(kind, ()):
                    known = f"there are {kind} {', '.join(there[kind])}" if kind in there else f"there are {', '.join(sorted(there))}"
                    yield f"srs_object_names.{kind} has {name}, which is no object of the topology: {known}."
            called = [self.name(kind, name) for name in there.get(kind, ())]
            for name in sorted({name for name in called if called.count(name) > 1}):
                yield f"srs_object_names.{kind} gives the name {name} to two objects: names must differ."

    def _walked(self, value: Any, key: str) -> Any:
        if isinstance(value, str):
            return re.sub('app=~"([^"]*)"', self._series, value) if key == "expr" else value
        if isinstance(value, list):
            return [self._walked(item, "") for item in value]
        if not isinstance(value, Mapping):
            return value
        made = {name: self._walked(item, name) for name, item in value.items()}
        for parent, field, kind in REFERENCES:
            if key == parent and isinstance(made.get(field), str):
                made[field] = self.name(kind, made[field])
        if isinstance(made.get("app"), str):
            made["app"] = self.app(made["app"])
        if made.get("key") == "app" and isinstance(made.get("values"), list):
            made["values"] = list(dict.fromkeys(map(self.app, made["values"])))
        return made

    def _series(self, found: re.Match[str]) -> str:
        return 'app=~"{}"'.format("|".join(dict.fromkeys(map(self.app, found[1].split("|")))))
