# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a whole topology and waits for conditions of it: Kubernetes' side by labels, the servers' side by their HTTP API."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils.errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils.kubernetes.client import Client
from ansible_collections.livestream.srs.plugins.module_utils.kubernetes.errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils.topology import conditions, names, status

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

WORKLOADS = (("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"))
POLL_SECONDS = 1.0


def run(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    wanted = conditions.parse(params["wait_for"])
    _compile(params["query"])
    for name, value in wanted:
        if name == "jmespath":
            _compile(value)
    client = Client.from_module(module)
    try:
        found = _read(client, params)
        if wanted and not module.check_mode:
            found = _wait(client, params, wanted, found)
    finally:
        client.close()
    result = {**found, "changed": False, "summary": status.summary(found)}
    if params["query"]:
        result["query_result"] = search(params["query"], found)
    return result


def _read(client: Client, params: Mapping[str, Any]) -> dict[str, Any]:
    """The topology as it is now."""
    objects = _objects(client, params["namespace"], params["topology"])
    return {
        "namespace": params["namespace"],
        "topology": params["topology"],
        **status.build(objects, params["app"], params["stream"]),
    }


def _objects(client: Client, namespace: str, topology: str) -> dict[str, list[dict[str, Any]]]:
    """The topology's objects by kind. Only what the topology can't be without has to be readable."""
    ours = f"app.kubernetes.io/managed-by={names.MANAGED_BY},app.kubernetes.io/part-of={topology}"
    objects = {kind: client.list(version, kind, namespace, label_selector=ours).items for version, kind in WORKLOADS}
    objects["Service"] = client.list("v1", "Service", namespace, label_selector=ours).items
    workloads = [item for _version, kind in WORKLOADS for item in objects[kind]]
    objects["Pod"] = client.list("v1", "Pod", namespace, label_selector=status.workload_selector(workloads) or None).items if workloads else []
    objects["EndpointSlice"] = _if_allowed(client, "discovery.k8s.io/v1", "EndpointSlice", namespace, label_selector=ours)
    incomplete = any(not cluster["complete"] for group in status.GROUPS for cluster in status.build(objects)[group].values())
    objects["Event"] = _if_allowed(client, "v1", "Event", namespace, field_selector="type=Warning") if incomplete else []
    return objects


def _if_allowed(client: Client, version: str, kind: str, namespace: str, **selectors: str) -> list[dict[str, Any]]:
    try:
        return client.list(version, kind, namespace, **selectors).items
    except ApiError as error:
        if error.status == 403:
            return []
        raise


def _wait(client: Client, params: Mapping[str, Any], wanted: list[tuple[str, str]], found: dict[str, Any]) -> dict[str, Any]:
    end = time.monotonic() + params["wait_timeout"]
    while lacking := conditions.missing(found, wanted, search):
        if time.monotonic() >= end:
            raise SrsError(
                f"After {params['wait_timeout']} s the topology {params['topology']} in namespace {params['namespace']} still lacks: "
                + "; ".join([*lacking, *(line.strip() for line in status.problems(found))]),
                **found,
            )
        time.sleep(POLL_SECONDS)
        found = _read(client, params)
    return found


def search(expression: str, data: Any) -> Any:
    return _compile(expression).search(data)


def _compile(expression: str | None) -> Any:
    if not expression:
        return None
    try:
        import jmespath
    except ImportError:
        raise SrsError("query and the condition jmespath need the Python package jmespath on the host that runs the module: pip install jmespath") from None
    try:
        return jmespath.compile(expression)
    except jmespath.exceptions.JMESPathError as error:
        raise SrsError(f"{expression!r} is no JMESPath expression: {str(error).splitlines()[0]}") from None
