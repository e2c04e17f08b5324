# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preflight and the API server say of an inventory, without ansible-playbook."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import topology
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import objects
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.tests.support.wanted import wanted

CONNECTIONS = 8


@dataclass
class Verdict:
    """On an inventory."""

    preflight: list[str]  # sentences; empty where it passes
    server: list[str] | None  # what the API server refuses; None where there are no objects to ask about
    typed: bool = True  # whether the variables have the types that the argument specs say

    @property
    def passes_too_much(self) -> bool:
        return not self.preflight and bool(self.server)

    @property
    def refuses_too_much(self) -> bool:
        return bool(self.preflight) and self.server == []


def _pods(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The pod that a controller would make for it: the API server looks closer at a pod than at the template of one."""
    spec = item.get("spec") or {}
    template = objects.at(spec, "jobTemplate", "spec", "template") or spec.get("template")
    if template:
        metadata = {**template["metadata"], "name": f"{item['metadata']['name'][:60]}-0", "namespace": item["metadata"]["namespace"]}
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


@dataclass
class Judge:
    """Asks both. Objects that the API server has judged before are not sent again; all are dry runs in one ``namespace``."""

    client: Client
    namespace: str
    requests: int = 0
    objects: int = 0
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._threads = ThreadPoolExecutor(CONNECTIONS)

    def close(self) -> None:
        self._threads.shutdown()

    def verdict(self, inventory: Mapping[str, Any]) -> Verdict:
        """What both say. Raises whatever is not meant for users."""
        try:
            made = wanted(**inventory)
        except SrsError as error:
            return Verdict([error.message], None, typed=False)
        try:
            problems = topology.Checks(topology.resolve(made.values), made.roles, made.values, made.place, made.advice()).problems()
        except SrsError as error:
            return Verdict([error.message.removeprefix("Nothing was changed: ")], None)
        try:
            builder = made.builder()
            built = objects.flatten([*builder.unpatched(), self._home(builder.topology.common.namespace)])
            built += [pod for item in built for pod in _pods(item)]
        except Exception:
            if not problems:
                raise
            return Verdict(problems, None)
        return Verdict(problems, [said for said in self._threads.map(self._judged, built) if said])

    @staticmethod
    def _home(name: str) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}

    def _judged(self, item: dict[str, Any]) -> str:
        """What the API server says against an object; "" where it takes it."""
        self.objects += 1
        if "namespace" in item["metadata"]:
            item = {**item, "metadata": {**item["metadata"], "namespace": self.namespace}}
        key = json.dumps(item)
        if key not in self.known:
            self.requests += 1
            try:
                self.client.apply(item, dry_run=True)
                self.known[key] = ""
            except ApiError as error:
                assert not error.is_passing, f"it would be tried again: {error.body}"
                self.known[key] = f"{item['kind']} {item['metadata']['name']}: {error.body.get('message')}"
        return self.known[key]
