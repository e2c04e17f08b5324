# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the variables of several roles at once, on the controller: only there are all variables of a host at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.livestream.srs.plugins.module_utils.errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils.srs_conf.compile import compile_config
from ansible_collections.livestream.srs.plugins.module_utils.topology import load_balancer, preflight

ROLES_FOLDER = Path(__file__).resolve().parents[2] / "roles"


class ActionModule(ActionBase):
    """Action plugin: see the module's documentation."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        _validation, args = self.validate_argument_spec({"roles": {"type": "list", "elements": "str", "choices": list(preflight.ROLES), "required": True}})
        roles = args["roles"]
        specs = {role: _argument_spec(role) for role in preflight.ROLES}
        known = {name for spec in specs.values() for name in spec}

        problems = preflight.unknown_variables(variables, known)
        for role in roles:
            problems += self._wrong_types(specs[role], variables)
        if not problems:
            warnings: list[str] = []
            problems = list(self._wrong_values(roles, variables, warnings))
        if problems:
            raise AnsibleActionFail("Nothing was changed. " + " ".join(_sentence(problem) for problem in problems))
        return {"changed": False, "warnings": warnings}

    def _wrong_types(self, spec: Mapping[str, Any], variables: Mapping[str, Any]) -> list[str]:
        given = {name: self._templar.template(variables[name]) for name in spec if name in variables}
        return list(ArgumentSpecValidator(dict(spec)).validate(given).error_messages)

    def _wrong_values(self, roles: list[str], variables: Mapping[str, Any], warnings: list[str]) -> Iterator[str]:
        """Problems of what the variables come to; the first that can't be looked past ends it."""

        def value(name: str) -> Any:
            return self._templar.template(variables[name])

        try:
            yield from preflight.check_namespace(value("srs_namespace"))
            origin = value("_srs_origin") if "srs_origin" in roles else None
            edges = value("_srs_edge_clusters") if "srs_edge" in roles else []
            servers = [("edge", f"edge cluster '{edge['name']}'", edge) for edge in edges]
            if origin:
                yield from preflight.check_server("srs_origin", origin)
                servers.append(("origin", "srs_origin", origin))
            yield from preflight.check_edges(edges)
            services = [
                {"where": f"edge cluster '{edge['name']}'", "name": edge["service_name"], "slb": edge["slb"], "ports": [p["port"] for p in edge["service_ports"]]}
                for edge in edges
            ]
            if "hls_nginx" in roles and value("hls_nginx_enabled"):
                services.append({"where": "hls_nginx_slb", "name": value("_hls_nginx")["service_name"], "slb": value("hls_nginx_slb"), "ports": [80]})
            load_balancer.check_clashes(services)
            for role, where, server in servers:
                for finding in compile_config(role, server["srs_conf"], where=where).findings:
                    warnings.append(str(finding))
        except SrsError as error:
            yield error.message


def _argument_spec(role: str) -> dict[str, Any]:
    text = (ROLES_FOLDER / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text)["argument_specs"]["main"]["options"])


def _sentence(problem: str) -> str:
    text = problem[:1].upper() + problem[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."
