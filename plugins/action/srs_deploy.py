# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the objects of a part of the topology from the variables of the host, and has apply_set bring them about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec
from ansible_collections.livestream.srs.plugins.module_utils._desired import canaries
from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import Edge
from ansible_collections.livestream.srs.plugins.module_utils._desired.monitoring import GROUP
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._manifests.builder import Builder
from ansible_collections.livestream.srs.plugins.module_utils._manifests.edge_objects import reloading
from ansible_collections.livestream.srs.plugins.module_utils._rollout.rollouts import chosen
from ansible_collections.livestream.srs.plugins.modules import apply_set
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import InProcessAction
from ansible_collections.livestream.srs.plugins.plugin_utils._wanted import Wanted

ROLE = {"hls": "hls_nginx", "origin": "srs_origin", "edge": "srs_edge", "canary": "srs_edge"}

# Those that are not passed on to apply_set.
OPTIONS: dict[str, Any] = {
    "part": {"type": "str", "choices": ["hls", "origin", "edge", "canary"], "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "clusters": {"type": "list", "elements": "str"},
    "canary_servers": {"type": "dict", "default": {}},
    "origin": {"type": "list", "elements": "str", "default": []},
    "release_holds": {"type": "bool", "default": False},
}

Args = dict[str, Any]
Result = dict[str, Any]


class ActionModule(InProcessAction):
    """Action plugin: see the module's documentation."""

    module = apply_set
    module_name = "livestream.srs.apply_set"

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        variables = task_vars or {}
        _validation, args = self.validate_argument_spec({**OPTIONS, **connection_spec()})
        connection = {key: value for key, value in self._task.args.items() if key not in OPTIONS}
        try:
            more_names = (variables.get("_srs_preflight") or {}).get("variables", ())
            deployment = _Deployment(args, Wanted(self._templar, variables, [ROLE[args["part"]]], more_names), variables)
            first, second = deployment.sets()
            result = self._applied(first, connection, variables) if first else {}
            if result.get("failed"):
                return result
            result = _joined(result, self._applied(second, connection, variables))
        except SrsError as error:
            raise AnsibleActionFail(error.message) from error
        result["warnings"] = [*deployment.warnings, *(result.get("warnings") or ())]
        return result if result.get("failed") else {**result, **deployment.about}

    def _applied(self, args: Args, connection: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        small = {key: value for key, value in args.items() if key != "objects"}
        return self.run_module({**connection, **small}, variables, {"objects": args["objects"]})


class _Deployment:
    """What one task is to bring about."""

    def __init__(self, args: Args, wanted: Wanted, variables: Mapping[str, Any]) -> None:
        self.args = args
        self.part = args["part"]
        self.variables = variables
        self.warnings = [] if _was_checked(variables, wanted, ROLE[self.part]) else wanted.check()
        self.builder: Builder = wanted.builder(args["origin"])
        self.common = self.builder.topology.common
        self.about: Result = {"part": self.part, "namespace": self.common.namespace, "topology": self.common.topology}
        self.wait_timeout = wanted.values["srs_wait_timeout"]
        self.allow_none = wanted.values["srs_edge_allow_none"]

    def sets(self) -> tuple[Args | None, Args]:
        """The arguments of apply_set: what must be there first, if anything, and what is to be applied."""
        if self.part == "hls":
            nginx = self.builder.topology.nginx
            return None, self._set("hls", self.builder.hls(), present=nginx.enabled, prune=True)
        if self.part == "origin":
            made = self.builder.origin()
            return self._sidecar(), self._set("origin", made, present=bool(made), prune=True, optional_groups=[GROUP])
        return None, self._edges() if self.part == "edge" else self._canaries()

    def _sidecar(self) -> Args | None:
        """What the origin's pod can't start without, unless the role hls_nginx has just applied it."""
        applied = self.variables.get("_hls_nginx_applied") or {}
        if all(applied.get(key) == self.about[key] for key in ("namespace", "topology")):
            return None
        made = self.builder.hls_sidecar()
        return self._set("hls", made, present=True) if made else None

    def _edges(self) -> Args:
        named = self.args["clusters"] is not None
        edges = self._chosen()
        made, configs = self.builder.edges(edges)
        self.about["reloads"] = reloading(edges, configs)
        waits = {"wait": True, "wait_timeout": self.wait_timeout} if self.args["release_holds"] else {}
        return self._set(
            "edge",
            made,
            present=True,
            prune=not named,
            prune_allow_empty=self.allow_none,
            drain=True,
            release_holds=self.args["release_holds"],
            **waits,
        )

    def _canaries(self) -> Args:
        edges = self._chosen()
        if self.args["state"] == "absent":
            return self._set("edge-canary", canaries.references(edges), present=False, only_objects=True)
        made = self.builder.canaries(edges, _counts(self.args["canary_servers"], edges))
        return self._set("edge-canary", made, present=True, wait=True, wait_timeout=self.wait_timeout)

    def _chosen(self) -> list[Edge]:
        edges = self.builder.topology.edges
        if self.args["clusters"] is None:
            return edges
        names = chosen(self.args["clusters"], [edge.name for edge in edges], "in the inventory")
        return [edge for edge in edges if edge.name in names]

    def _set(self, name: str, made: list[Any], *, present: bool, **options: Any) -> Args:
        return {
            "name": f"{self.common.topology}-{name}",
            "namespace": self.common.namespace,
            "state": "present" if present else "absent",
            "objects": made,
            "change_cause": self.common.change_cause,
            **options,
        }


def _counts(given: Mapping[str, Any], edges: list[Edge]) -> dict[str, int]:
    """The number of servers of each canary."""
    for edge in edges:
        if not str(given.get(edge.name)).isdecimal():
            raise SrsError(f"canary_servers has no number of servers for {edge.title}: srs_edge_rollout tells it.")
    return {edge.name: int(given[edge.name]) for edge in edges}


def _was_checked(variables: Mapping[str, Any], wanted: Wanted, role: str) -> bool:
    """Whether srs_preflight has found the same values to be right."""
    checked = variables.get("_srs_preflight") or {}
    return role in checked.get("roles", ()) and checked.get("fingerprint") == wanted.fingerprint()


def _joined(first: Result, second: Result) -> Result:
    """The results of two sets as one; the first may be empty."""
    joined: Result = {
        key: [*first.get(key, ()), *second.get(key, ())] for key in ("objects", "conflicts", "diff", "warnings") if key in second
    }
    return {**first, **second, **joined, "changed": bool(first.get("changed") or second.get("changed"))}
