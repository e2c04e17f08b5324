# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the variables of several roles at once, on the controller: only there are all variables of a host at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.action import ActionBase

from ansible_collections.livestream.srs.plugins.filter import from_srs_conf, status_report, to_srs_conf
from ansible_collections.livestream.srs.plugins.lookup import role_template
from ansible_collections.livestream.srs.plugins.module_utils._desired import https, names, preflight
from ansible_collections.livestream.srs.plugins.module_utils._desired import nginx as hls
from ansible_collections.livestream.srs.plugins.module_utils._desired import origin as origins
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import load_balancer
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import compile_config
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reloadable import hindrances
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import plain

LOADED_ONCE = (from_srs_conf, role_template, status_report, to_srs_conf)
"""What later tasks use: each task is run by a fork of the process that loads this file, and would have to load it for itself."""

ROLES_FOLDER = Path(__file__).resolve().parents[2] / "roles"

# What a role's variables come to, for its templates: each evaluation costs as much as a module run.
RESOLVED = {"srs_origin": "_srs_origin", "hls_nginx": "_hls_nginx", "srs_edge": "_srs_edge_clusters"}

Roles = list[str]
Specs = Mapping[str, dict[str, Any]]
Variables = dict[str, Any]


class ActionModule(ActionBase):
    """Action plugin: see the module's documentation."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        # What an earlier play has resolved or found is not what this one's variables come to.
        variables = {name: value for name, value in (task_vars or {}).items() if name not in ("_srs_preflight", "_srs_edge_origin_found")}
        self._templar.available_variables = variables
        self._values: dict[str, Any] = {}
        _validation, args = self.validate_argument_spec(
            {
                "roles": {"type": "list", "elements": "str", "choices": list(preflight.ROLES), "required": True},
                "variables": {"type": "list", "elements": "str", "default": []},
            }
        )
        roles = args["roles"]
        specs = {role: _argument_spec(role) for role in preflight.ROLES}
        known = {name for spec in specs.values() for name in spec} | set(args["variables"])

        # Each kind of check relies on what the ones before it have found to be in order.
        warnings: list[str] = []
        problems = preflight.unknown_variables(variables, known)
        for check in (self._wrong_shape, self._wrong_types, self._wrong_values, self._wrong_configs):
            problems = problems or list(check(roles, specs, variables, warnings))
        if problems:
            raise AnsibleActionFail(
                "Nothing was changed: " + " ".join(problem if problem.endswith((".", "?")) else f"{problem}." for problem in problems)
            )
        resolved = {RESOLVED[role]: self._value(RESOLVED[role], variables) for role in roles if role in RESOLVED}
        # For later tasks, not for people: what is resolved may hold secrets (an env of servers), and fills pages.
        return {"changed": False, "warnings": warnings, "resolved": resolved, "_ansible_verbose_override": True}

    def _wrong_shape(self, roles: Roles, specs: Specs, variables: Variables, _warnings: list[str]) -> Iterator[str]:
        if "srs_edge" in roles:
            known = specs["srs_edge"]["srs_edge_clusters"]["options"]
            yield from preflight.check_shape(self._value("srs_edge_clusters", variables), known)

    def _wrong_types(self, roles: Roles, specs: Specs, variables: Variables, _warnings: list[str]) -> Iterator[str]:
        for role in roles:
            given = {name: self._value(name, variables) for name in specs[role] if name in variables}
            yield from ArgumentSpecValidator(specs[role]).validate(given).error_messages

    def _wrong_values(self, roles: Roles, _specs: Specs, variables: Variables, warnings: list[str]) -> Iterator[str]:
        yield from preflight.check_namespace(self._value("srs_namespace", variables))
        services = []
        edges: list[dict[str, Any]] = []
        if "srs_origin" in roles:
            origin = self._value("_srs_origin", variables)
            yield from preflight.check_server("srs_origin", origin)
            nginx = self._value("_hls_nginx_variables", variables)
            yield from origins.check(origin, nginx)
            warnings += origins.warnings(origin)
            if public := origin["public_service"]:
                services.append(_service("srs_origin_slb", public["name"], origin["slb"], public["ports"]))
            if origin["several"] and origin["enabled"]:
                api = origin["api_service"]
                services.append(_service("srs_origin_api_slb", api["name"], origin["api_slb"], api["ports"]))
            if (proxy := origin["proxy"]) and origin["enabled"]:
                services.append(_service("srs_origin_proxy.slb", proxy["public_service_name"], proxy["slb"], proxy["service_ports"]))
        if "srs_edge" in roles:
            edges = self._value("_srs_edge_clusters", variables)
            if not edges and not self._value("srs_edge_allow_none", variables):
                yield "srs_edge_clusters is empty, which would remove every edge cluster: set srs_edge_allow_none to true if that is meant."
            yield from preflight.check_edges(edges)
            yield from preflight.check_upstreams(edges)
            yield from self._wrong_origin(edges, variables)
            warnings += preflight.edge_warnings(edges)
            services += [
                _service(f"edge cluster '{edge['name']}'", edge["service_name"], edge["slb"], edge["service_ports"]) for edge in edges
            ]
        if "hls_nginx" in roles and (nginx := self._value("_hls_nginx_variables", variables))["enabled"]:
            if "srs_edge" in roles:
                yield from https.check_flv(nginx["https"], edges)
            services.append(
                _service("hls_nginx_slb", names.HTTP_SERVICE, self._value("hls_nginx_slb", variables), hls.service_ports(nginx))
            )
        try:
            for service in services:
                load_balancer.render(service["slb"], where=f"{service['where']}: slb", ports=service["ports"])
            for edge in edges:
                load_balancer.pod_bandwidth_annotations(edge["limit"], where=f"edge cluster '{edge['name']}': limit")
            load_balancer.check_clashes(services)
        except SrsError as error:
            yield error.message

    def _wrong_origin(self, edges: list[dict[str, Any]], variables: Variables) -> list[str]:
        """Whether the edges have an origin, here or at another host."""
        if wanted := self._value("srs_edge_origin_from", variables):
            given_as_well = self._value("srs_edge_origin", variables) != [variables["_srs_edge_origin_to_come"]]
            return preflight.check_origin_from(wanted, variables["inventory_hostname"], variables["hostvars"], given_as_well)
        if "srs_origin_enabled" in variables and not (origin := self._value("_srs_origin", variables))["enabled"]:
            return preflight.check_has_origin(edges, origin["edge_origin"])
        return []

    def _wrong_configs(self, roles: Roles, _specs: Specs, variables: Variables, warnings: list[str]) -> Iterator[str]:
        """Renders every config on trial."""
        origin = self._value("_srs_origin", variables) if "srs_origin" in roles else {"enabled": False}
        servers = [("origin", "srs_origin", origin)] if origin["enabled"] else []
        if "srs_edge" in roles:
            servers += [("edge", f"edge cluster '{edge['name']}'", edge) for edge in self._value("_srs_edge_clusters", variables)]
        for role, where, server in servers:
            try:
                compiled = compile_config(role, server["srs_conf"], where=where)
                warnings += compiled.warnings(where)
                if server.get("config_strategy") == "reload":
                    yield from (f"{where}: config_strategy reload {why}." for why in hindrances(compiled.text, server["version"]))
            except SrsError as error:
                yield error.message

    def _value(self, name: str, variables: Variables) -> Any:
        if name not in self._values:
            # What refers to it needn't evaluate it again.
            variables[name] = self._templar.template(variables[name])
            self._values[name] = plain(variables[name])
        return self._values[name]


def _service(where: str, name: str, slb: Mapping[str, Any], ports: list[dict[str, Any]]) -> dict[str, Any]:
    return {"where": where, "name": name, "slb": slb, "ports": [port["port"] for port in ports]}


def _argument_spec(role: str) -> dict[str, Any]:
    text = (ROLES_FOLDER / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    return dict(yaml_load(text)["argument_specs"]["main"]["options"])
