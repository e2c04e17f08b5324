# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the objects of a part of the topology from the variables of the host, and has apply_set bring them about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleActionFail

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec
from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import Edge
from ansible_collections.livestream.srs.plugins.module_utils._desired.monitoring import GROUP
from ansible_collections.livestream.srs.plugins.module_utils._desired.server import Server
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._manifests.builder import Builder
from ansible_collections.livestream.srs.plugins.module_utils._manifests.edge_objects import reloading
from ansible_collections.livestream.srs.plugins.module_utils._rollout.rollouts import chosen
from ansible_collections.livestream.srs.plugins.module_utils._text import whole_number
from ansible_collections.livestream.srs.plugins.modules import apply_set
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import InProcessAction
from ansible_collections.livestream.srs.plugins.plugin_utils._wanted import Wanted

ROLE = {"hls": "hls_nginx", "origin": "srs_origin", "edge": "srs_edge", "canary": "srs_edge"}
# The parts that site.yml applies after one.
LATER = {"hls": ("origin", "edge"), "origin": ("edge",)}

# Kinds of objects whose change makes new servers, or changes those that run.
ROLLED = ("Deployment", "StatefulSet", "ConfigMap")
# The variables in which site.yml's roles keep the results of the parts before one.
RESULTS_BEFORE = {"origin": ("_hls_nginx_applied",), "edge": ("_hls_nginx_applied", "_srs_origin_applied")}
# The variables that say how many pods a part has.
REPLICAS = {"hls": "hls_nginx_replicas", "edge": "srs_edge_replicas, or the cluster's 'replicas',"}
# Ansible's own variables where a play is run as a whole.
NO_TAGS = {"ansible_run_tags": ["all"], "ansible_skip_tags": []}

# Those that are not passed on to apply_set.
OPTIONS: dict[str, Any] = {
    "part": {"type": "str", "choices": ["hls", "origin", "edge", "canary"], "required": True},
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
            result: Result = {}
            if first:
                result = self._applied(first, lambda: [following(second), *deployment.following()], connection, variables)
            if result.get("failed"):
                return result
            planned = result.get("planned_following")
            if deployment.is_new(second["name"], planned):
                second["others_new"] = True
            later = deployment.following if planned is None else list
            result = _joined(result, self._applied(second, later, connection, variables))
        except SrsError as error:
            raise AnsibleActionFail(error.message) from error
        fought = _autoscalers(result.get("conflicts") or (), REPLICAS.get(args["part"]))
        result["warnings"] = [*deployment.warnings, *(result.get("warnings") or ()), *fought]
        return result if result.get("failed") else {**result, **deployment.about, "rolled": deployment.rolled(result.get("objects") or ())}

    def _applied(self, args: Args, later: Callable[[], list[Args]], connection: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        small = {key: value for key, value in args.items() if key != "objects"}
        made = {"objects": args["objects"], **({} if self._task.check_mode else {"following": later})}
        return self.run_module({**connection, **small}, variables, made)


class _Deployment:
    """What one task is to bring about."""

    def __init__(self, args: Args, wanted: Wanted, variables: Mapping[str, Any]) -> None:
        self.args = args
        self.part = args["part"]
        self.values = wanted.values
        self.checked = _checked(variables, wanted)
        self.warnings = [] if ROLE[self.part] in self.checked else wanted.check()
        self.builder: Builder = wanted.builder(args["origin"])
        self.common = self.builder.topology.common
        self.about: Result = {"part": self.part, "namespace": self.common.namespace, "topology": self.common.topology}
        # What the roles before have just done for the same topology.
        results = [variables.get(name) or {} for name in RESULTS_BEFORE.get(self.part, ())]
        self.before = [done for done in results if all(done.get(key) == self.about[key] for key in ("namespace", "topology"))]
        self.whole_play = all(list(variables.get(name) or usual) == usual for name, usual in NO_TAGS.items())

    def sets(self) -> tuple[Args | None, Args]:
        """The arguments of apply_set: what must be there first, if anything, and what is to be applied."""
        first = self._sidecar() if self.part == "origin" else None
        if self.part == "canary":
            return None, self._canaries()
        return first, self._edges() if self.part == "edge" else self._set_of(self.part)

    def following(self) -> list[Args]:
        """What the play applies after this part, as far as it is known by now, as the option ``following`` of apply_set."""
        if self._planned() is not None or not self.whole_play:
            return []
        later = [self._set_of(part) for part in LATER.get(self.part, ()) if ROLE[part] in self.checked and self._is_known(part)]
        return [following(item) for item in later if item["state"] == "present"]

    def _set_of(self, part: str) -> Args:
        if part == "hls":
            return self._set("hls", self.builder.hls(), present=self.builder.topology.nginx.enabled, prune=True)
        if part == "origin":
            made = self.builder.origin()
            return self._set("origin", made, present=bool(made), prune=True, optional_groups=[GROUP])
        return self._edge_set(self.builder.edges(self._chosen())[0])

    def _planned(self) -> list[str] | None:
        """What a part before this one has planned, see ``planned_following``."""
        return next((done["planned_following"] for done in self.before if done.get("planned_following") is not None), None)

    def is_new(self, name: str, planned: list[str] | None) -> bool:
        """Whether a set was planned just now, and nothing of it exists."""
        return name in (planned or self._planned() or ())

    def rolled(self, objects: Iterable[Mapping[str, Any]]) -> list[Args]:
        """The clusters whose servers or configs have changed, as ``srs_playback_info`` takes them."""
        changed = {item["name"] for item in objects if item["changed"] and item["kind"] in ROLLED and item["action"] != "deleted"}
        topology = self.builder.topology
        origin = {topology.origin.config_name, *(workload.name for workload in topology.origin.workloads)}
        servers: list[tuple[str, str, Server, set[str]]] = []
        if self.part == "origin" and topology.origin.enabled:
            servers = [("origin", "origin", topology.origin, origin)]
        elif self.part == "edge":
            servers = [("edge", edge.name, edge, {edge.config_name, edge.deployment_name}) for edge in topology.edges]
        existing = self.builder.existing
        return [
            {
                "component": component,
                "name": name,
                "rtmp_port": server.ports["rtmp"],
                "flv_port": server.ports["http"] if server.serves_flv else None,
                "may_refuse": server.may_refuse_players,
            }
            for component, name, server, names in servers
            if changed & {existing.name(kind, own) for kind in ROLLED for own in names}
        ]

    def _is_known(self, part: str) -> bool:
        """Whether a part's objects can be made already: the origin of another host is asked for when it is the edges' turn."""
        return part != "edge" or not self.values["srs_edge_origin_from"]

    def _sidecar(self) -> Args | None:
        """What the origin's pod can't start without, unless the role hls_nginx has just applied it."""
        if any(done["part"] == "hls" for done in self.before):
            return None
        made = self.builder.hls_sidecar()
        return self._set("hls", made, present=True) if made else None

    def _edges(self) -> Args:
        edges = self._chosen()
        made, configs = self.builder.edges(edges)
        self.about["reloads"] = reloading(edges, configs, self.builder.existing)
        waits = {"wait": True, "wait_timeout": self.values["srs_wait_timeout"]} if self.args["release_holds"] else {}
        return {**self._edge_set(made), "drain": True, "release_holds": self.args["release_holds"], **waits}

    def _edge_set(self, made: list[Any]) -> Args:
        whole = self.args["clusters"] is None
        return self._set("edge", made, present=True, prune=whole, prune_allow_empty=self.values["srs_edge_allow_none"])

    def _canaries(self) -> Args:
        edges = self._chosen()
        made = self.builder.canaries(edges, _counts(self.args["canary_servers"], edges))
        return self._set("edge-canary", made, present=True, wait=True, wait_timeout=self.values["srs_wait_timeout"])

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
            "take_over": self.common.take_over,
            "allow_new_address": self.common.allow_new_address,
            **options,
        }


def _autoscalers(conflicts: Iterable[Mapping[str, str]], variable: str | None) -> Iterator[str]:
    """Sentences on numbers of pods that an autoscaler of the user's own has set. What kubectl has set is drift like any other."""
    for conflict in conflicts:
        manager = conflict["manager"]
        if conflict["field"] == ".spec.replicas" and manager.endswith("(scale)") and not manager.startswith("kubectl") and variable:
            yield (
                f"{conflict['object']}: .spec.replicas is taken back from {manager}, which will set it again: for an autoscaler of your "
                f"own set {variable} to null, and the number is left alone."
            )


def _counts(given: Mapping[str, Any], edges: list[Edge]) -> dict[str, int]:
    """The number of servers of each canary."""
    for edge in edges:
        if whole_number(str(given.get(edge.name))) is None:
            raise SrsError(f"canary_servers has no number of servers for {edge.title}: srs_edge_rollout tells it.")
    return {edge.name: int(given[edge.name]) for edge in edges}


def following(given: Args) -> Args:
    """Arguments of apply_set as an item of its option ``following``."""
    return {key: given[key] for key in ("name", "objects", "prune", "prune_allow_empty", "optional_groups") if key in given}


def _checked(variables: Mapping[str, Any], wanted: Wanted) -> Sequence[str]:
    """The roles for which srs_preflight has found the same values to be right."""
    checked = variables.get("_srs_preflight") or {}
    roles: Sequence[str] = checked.get("roles", ()) if checked.get("fingerprint") == wanted.fingerprint() else ()
    return roles


def _joined(first: Result, second: Result) -> Result:
    """The results of two sets as one; the first may be empty."""
    lists = ("objects", "conflicts", "diff", "warnings")
    joined: Result = {key: [*first.get(key, ()), *second.get(key, ())] for key in lists if key in first or key in second}
    joined["changed"] = bool(first.get("changed") or second.get("changed"))
    if first.get("planned_following") is not None:
        joined["planned_following"] = first["planned_following"]
    return {**first, **second, **joined}
