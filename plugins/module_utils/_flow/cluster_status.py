# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_cluster_status: reads a topology, Kubernetes' side by labels and the servers' side by their HTTP API, and waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import readiness
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Ref
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.wait import wait_ready
from ansible_collections.livestream.srs.plugins.module_utils._labels import owned_by_topology
from ansible_collections.livestream.srs.plugins.module_utils._observed import (
    answers,
    conditions,
    members,
    server_config,
    status,
    status_text,
    streams,
    verdicts,
)
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import (
    Component,
    KubernetesSide,
    Status,
    Unjudged,
)
from ansible_collections.livestream.srs.plugins.module_utils._releases import advisories
from ansible_collections.livestream.srs.plugins.module_utils._releases.advisories import Advice
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoint, Endpoints
from ansible_collections.livestream.srs.plugins.module_utils._text import printable_data

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

WORKLOADS = (("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"))
POLL_SECONDS = 1.0


def flow(module: AnsibleModule) -> dict[str, Any]:
    """The result of srs_cluster_status. Raises SrsError for wrong options and for a wait that times out."""
    params = module.params
    wanted = conditions.parse(params["wait_for"])
    for expression in (params["query"], *(value for name, value in wanted if name == "jmespath")):
        _compile(expression)
    if not params["read_servers"]:
        for name, _value in wanted:
            if conditions.CONDITIONS[name].of_servers:
                raise SrsError(f"wait_for has {name}, which needs answers of the servers: set read_servers to true.")
    client = Client.from_module(module)
    try:
        reader = Reader(client, params)
        found = reader.read()
        if wanted and not module.check_mode:
            found = _wait(reader, wanted, found, getattr(module, "progress", lambda _text: None))
    finally:
        for warning in client.warnings:
            module.warn(warning)
        client.close()
    result: dict[str, Any] = {**found, "changed": False, "summary": status_text.summary(found)}
    if params["query"]:
        result["query_result"] = search(params["query"], found)
    return result


class Reader:
    """Reads one topology, any number of times."""

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """``params`` are those of the module. Raises SrsError if the options for the HTTP API don't go together."""
        self.client = client
        self.params = params
        self.namespace = params["namespace"]
        self.labels = owned_by_topology(params["topology"])
        self.advice = _advice(params.get("advisories") or (), params.get("accept_advisories") or ())
        # Comes before anything is read, so that wrong options are told at once.
        self.endpoints = Endpoints(params, client.connection) if params["read_servers"] else None

    def read(self) -> Status:
        """The topology as it is now."""
        found = self.look()
        servers = self.ask(found)
        unjudged: Unjudged = {
            **found,
            "servers": [streams.server_row(server) for server in servers],
            "streams": streams.build(servers, members.inside(found)),
        }
        return {**unjudged, **verdicts.judge(unjudged, self.params["near_capacity"], self.advice)}

    def look(self, objects: Mapping[str, list[dict[str, Any]] | None] | None = None) -> KubernetesSide:
        """What Kubernetes says about it: the ``objects``, or those of now. Texts of pods, events and annotations may be anybody's."""
        objects = self.objects() if objects is None else objects
        config_maps = objects.get("ConfigMap") or []
        found: KubernetesSide = {
            "namespace": self.namespace,
            "topology": self.params["topology"],
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            **status.build(objects, self.params["app"], self.params["stream"]),
            "configs": {item["metadata"]["name"]: server_config.of_config_map(item) for item in config_maps},
        }
        return cast(KubernetesSide, printable_data(found))

    def ask(self, found: KubernetesSide, *what: str, component: Component | None = None) -> list[streams.Server]:
        """All servers of the topology or of one component, each with what it answered (to ``what``, or to everything) or why it didn't."""
        servers, asked = self.targets(found, component)
        if not asked:
            return list(servers.values())
        # Here, since most runs ask nobody: asyncio takes its time to load.
        import asyncio

        return asyncio.run(self.asking(servers, asked, *what))

    async def asking(self, servers: Mapping[str, streams.Server], asked: Sequence[Endpoint], *what: str) -> list[streams.Server]:
        """The same of ``targets``, within asyncio."""
        from ansible_collections.livestream.srs.plugins.module_utils._srs_api.http_api import PATHS, read_all

        for name, answer in (await read_all(asked, self.params["api_timeout"], what or PATHS)).items():
            server, read = servers[name], answers.read(answer.replies)
            server.replies = read
            if answer.error:
                server.error_kind, server.error = answer.error.kind, answer.error.message
            elif read.odd:
                server.error_kind, server.error = "invalid_response", read.odd
        return list(servers.values())

    def objects(self) -> dict[str, list[dict[str, Any]] | None]:
        """The topology's objects by kind; None for an optional kind that may not be read."""
        found: dict[str, Any] = {kind: self._list(version, kind, self.labels) for version, kind in WORKLOADS}
        workloads = [item for _version, kind in WORKLOADS for item in found[kind]]
        found["Service"] = self._list("v1", "Service", self.labels)
        found["Pod"] = self._list("v1", "Pod", status.workload_selector(workloads)) if workloads else []
        found["EndpointSlice"] = self._if_allowed("discovery.k8s.io/v1", "EndpointSlice", self.labels)
        if any(readiness.waiting_for(item) for item in workloads):
            found["Event"] = self._if_allowed("v1", "Event", "", field_selector="type=Warning")
        if self.endpoints:
            found["ConfigMap"] = self._if_allowed("v1", "ConfigMap", self.labels)
        return found

    def _list(self, version: str, kind: str, labels: str, **more: str) -> list[dict[str, Any]]:
        return self.client.list(version, kind, self.namespace, label_selector=labels or None, **more).items

    def _if_allowed(self, version: str, kind: str, labels: str, **more: str) -> list[dict[str, Any]] | None:
        try:
            return self._list(version, kind, labels, **more)
        except ApiError as error:
            if error.status == 403:
                return None
            raise

    def targets(self, found: KubernetesSide, component: Component | None = None) -> tuple[dict[str, streams.Server], list[Endpoint]]:
        """All servers of the topology or of one component by name, and how to reach those that can be asked; the others have an error.

        Both are empty if the servers are not to be read.
        """
        if self.endpoints is None:
            return {}, []
        servers: dict[str, streams.Server] = {}
        asked: list[Endpoint] = []
        for place, cluster, workload, pod in members.servers(found):
            if component not in (None, place):
                continue
            config = found["configs"].get(workload["config_map"] or "")
            limit = workload["max_connections"] or (config and config["max_connections"])
            server = streams.Server(pod["name"], place, cluster, pod["ip"], pod["state"], pod["ready"], limit)
            servers[pod["name"]] = server
            if not pod["ip"] or pod["phase"] != "Running":
                server.error_kind, server.error = "not_running", f"the pod is not running: {pod['reason'] or pod['phase']}"
            elif config and config["api_enabled"] is False and not self.params["api_port"]:
                server.error_kind, server.error = "api_disabled", f"http_api is off in {workload['config_map']}"
            else:
                port = workload["api_port"] or (config and config["api_port"])
                asked.append(self.endpoints.of(pod, cluster, self.namespace, port))
        return servers, asked


def _advice(entries: Sequence[Mapping[str, Any]], accepted: Sequence[str]) -> Advice:
    """The release advisories of the options. Raises SrsError for mistakes in them."""
    table = advisories.advisories(entries, "advisories")
    if table and (problems := advisories.check_accepted(accepted, table, "accept_advisories")):
        raise SrsError(" ".join(problems))
    return Advice(table, accepted)


def _wait(reader: Reader, wanted: list[tuple[str, str]], found: Status, progress: Callable[[str], None]) -> Status:
    """Wait until all conditions hold at the same time: by watches for what Kubernetes tells, by reading again for the rest."""
    seconds = reader.params["wait_timeout"]
    end = time.monotonic() + seconds
    said = ""
    failed: list[str] = []
    while lacking := conditions.missing(found, wanted, search):
        if failed or time.monotonic() >= end:
            why = f"Stopped waiting, since {', '.join(failed)} failed," if failed else f"Timed out after {seconds} s waiting"
            lines = [
                f"{why} for the topology {found['topology']} in namespace {found['namespace']}:",
                *(f"- {line}" for line in lacking),
                *(f"  {line}" for line in status_text.not_complete(found)),
            ]
            raise SrsError("\n".join(lines), missing=lacking, problems=found["problems"])
        if (now := f"{status_text.counts(found)}; waiting: {'; '.join(lacking)}") != said:
            said = now
            progress(now)
        refs = _refs(found, {name for name, _value in wanted})
        if refs:
            left = wait_ready(
                reader.client,
                refs,
                end - time.monotonic(),
                label_selector=reader.labels,
                progress=lambda ready, all_: progress(f"{ready} of {all_} are ready"),
            )
            failed = [str(entry.ref) for entry in left if entry.failed]
        else:
            time.sleep(min(POLL_SECONDS, max(0.0, end - time.monotonic())))
        found = reader.read()
    return found


def _refs(found: Status, wanted: set[str]) -> list[Ref]:
    """The objects that are not yet as they should be, and that can be watched."""
    refs = []
    if "ready" in wanted:
        refs += [
            Ref("apps/v1", workload["kind"], found["namespace"], workload["name"])
            for _name, cluster in status.clusters(found)
            for workload in cluster["workloads"]
            if not workload["complete"] and not workload["deleting"]
        ]
    if "addresses" in wanted:
        refs += [Ref("v1", "Service", found["namespace"], service["name"]) for service in status.without_address(found)]
    return refs


def search(expression: str, data: Any) -> Any:
    """What a JMESPath expression finds in data. Raises SrsError if it is not valid, or if jmespath is not installed."""
    return _compile(expression).search(data)


def _compile(expression: str | None) -> Any:
    if not expression:
        return None
    try:
        import jmespath
    except ImportError:
        raise SrsError(
            "query and the condition jmespath need the Python package jmespath on the host that runs the module: pip install jmespath"
        ) from None
    try:
        return jmespath.compile(expression)
    except jmespath.exceptions.JMESPathError as error:
        raise SrsError(f"{expression!r} is not a valid JMESPath expression: {str(error).splitlines()[0]}") from None
