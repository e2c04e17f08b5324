# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a whole topology and waits for conditions of it: Kubernetes' side by labels, the servers' side by their HTTP API."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import readiness
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Ref
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.wait import wait_ready
from ansible_collections.livestream.srs.plugins.module_utils._labels import owned_by_topology
from ansible_collections.livestream.srs.plugins.module_utils._observed import conditions, status, streams, verdicts
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoint, Endpoints
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf import parse, render, tree, values

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

WORKLOADS = (("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"))
POLL_SECONDS = 1.0
# The container that SRS runs in.
MAIN = "srs"


def flow(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    wanted = conditions.parse(params["wait_for"])
    for expression in (params["query"], *(value for name, value in wanted if name == "jmespath")):
        _compile(expression)
    if not params["read_servers"]:
        for name, _value in wanted:
            if name in conditions.OF_SERVERS:
                raise SrsError(f"wait_for has {name}, which only the servers can tell: set read_servers to true.")
    client = Client.from_module(module)
    try:
        reader = Reader(client, params)
        found = reader.read()
        if wanted and not module.check_mode:
            found = _wait(reader, wanted, found, getattr(module, "progress", lambda _text: None))
    finally:
        client.close()
    result = {**found, "changed": False, "summary": status.summary(found)}
    if params["query"]:
        result["query_result"] = search(params["query"], found)
    return result


class Reader:
    """Reads one topology, as often as is wanted."""

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        self.client = client
        self.params = params
        self.namespace = params["namespace"]
        self.labels = owned_by_topology(params["topology"])
        # Made first of all, so that options that don't go together are told before anything is read.
        self.endpoints = Endpoints(params, client.connection) if params["read_servers"] else None

    def read(self) -> dict[str, Any]:
        """The topology as it is now."""
        found = self.look()
        servers = self.ask(found)
        found["servers"] = [streams.server_row(server) for server in servers]
        found["streams"] = streams.build(servers, inside(found))
        return {**found, **verdicts.judge(found, self.params["near_capacity"])}

    def look(self) -> dict[str, Any]:
        """What Kubernetes knows."""
        return {
            "namespace": self.namespace,
            "topology": self.params["topology"],
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            **status.build(self._objects(), self.params["app"], self.params["stream"]),
            "configs": self._configs() if self.endpoints else {},
        }

    def ask(self, found: Mapping[str, Any], *what: str) -> list[streams.Server]:
        """All servers of the topology, each with what it answered (to ``what``, or to everything) or why it did not."""
        servers, asked = self.targets(found)
        if not asked:
            return list(servers.values())
        # Here, since most runs ask nobody: asyncio takes its time to load.
        import asyncio

        from ansible_collections.livestream.srs.plugins.module_utils._srs_api.http_api import PATHS, read_all

        for name, answer in asyncio.run(read_all(asked, self.params["api_timeout"], what or PATHS)).items():
            servers[name].replies = answer.replies
            if answer.error:
                servers[name].error_kind, servers[name].error = answer.error.kind, answer.error.message
        return list(servers.values())

    def _objects(self) -> dict[str, list[dict[str, Any]] | None]:
        """The topology's objects by kind. Only what the topology can't be without has to be readable."""
        found: dict[str, Any] = {kind: self._list(version, kind, self.labels) for version, kind in WORKLOADS}
        workloads = [item for _version, kind in WORKLOADS for item in found[kind]]
        found["Service"] = self._list("v1", "Service", self.labels)
        found["Pod"] = self._list("v1", "Pod", status.workload_selector(workloads)) if workloads else []
        found["EndpointSlice"] = self._if_allowed("discovery.k8s.io/v1", "EndpointSlice", self.labels)
        if any(readiness.waiting_for(item) for item in workloads):
            found["Event"] = self._if_allowed("v1", "Event", "", field_selector="type=Warning")
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

    def _configs(self) -> dict[str, dict[str, Any]]:
        """What the srs.conf of each ConfigMap says that the status needs, by name."""
        return {item["metadata"]["name"]: _settings(item) for item in self._if_allowed("v1", "ConfigMap", self.labels) or []}

    def targets(self, found: Mapping[str, Any]) -> tuple[dict[str, streams.Server], list[Endpoint]]:
        """All servers of the topology by name, and how to reach those that can be asked; the others have an error.

        None of either where servers are not to be read.
        """
        if self.endpoints is None:
            return {}, []
        servers: dict[str, streams.Server] = {}
        asked: list[Endpoint] = []
        for component, cluster, workload, pod in _pods(found):
            if MAIN not in workload["images"]:
                continue  # a proxy in front of origins, which has no streams of its own
            config = found["configs"].get(workload["config_map"], {})
            limit = workload["max_connections"] or config.get("max_connections")
            server = streams.Server(pod["name"], component, cluster, pod["ip"], pod["ready"], pod["terminating"], limit)
            servers[pod["name"]] = server
            if not pod["ip"] or pod["phase"] != "Running":
                server.error_kind, server.error = "not_running", f"the pod does not run: {pod['reason'] or pod['phase']}"
            elif config.get("api") is False and not self.params["api_port"]:
                server.error_kind, server.error = "api_disabled", f"http_api is off in {workload['config_map']}"
            else:
                asked.append(self.endpoints.of(pod, cluster, self.namespace, workload["api_port"] or config.get("api")))
        return servers, asked


def inside(found: Mapping[str, Any]) -> streams.Inside:
    """What tells the topology's own connections."""
    hosts = [service["name"] for service in found["services"] if service["component"] == "origin"]
    relays = [pod["ip"] for _component, _cluster, workload, pod in _pods(found) if MAIN not in workload["images"] and pod["ip"]]
    return streams.Inside(frozenset(hosts), frozenset(relays))


def _pods(found: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
    """(component, cluster, workload, pod) of every pod of the origin and the edges."""
    for component, group in (("origin", "origins"), ("edge", "edges")):
        for cluster, content in found[group].items():
            workloads = {workload["name"]: workload for workload in content["workloads"]}
            for pod in content["pods"]:
                if "srs" in workloads[pod["workload"]]["images"]:  # the proxy of SRS 7 is none
                    yield component, cluster, workloads[pod["workload"]], pod


def _settings(config_map: Mapping[str, Any]) -> dict[str, Any]:
    data = config_map.get("data") or {}
    text = data.get("srs.conf") or next((value for name, value in sorted(data.items()) if name.endswith(".conf")), "")
    found: dict[str, Any] = {"checksum": render.checksum(text), "max_connections": None, "api": None}
    try:
        root = parse.parse(text)
    except SrsError:
        return found  # what is wrong with it, and where, is for srs_edge_config to say
    limit = tree.find(root, "max_connections")
    found["max_connections"] = int(limit.arg0) if limit and limit.arg0.isdigit() else 1000
    api = tree.find(root, "http_api")
    enabled = api is not None and api.value("enabled") == "on"
    found["api"] = (values.port_of(api.value("listen", "1985")) or None) if api and enabled else False
    return found


def _wait(reader: Reader, wanted: list[tuple[str, str]], found: dict[str, Any], progress: Callable[[str], None]) -> dict[str, Any]:
    """Wait until all conditions hold at once: by watches for what Kubernetes tells, by looking again for the rest."""
    seconds = reader.params["wait_timeout"]
    end = time.monotonic() + seconds
    said = ""
    while lacking := conditions.missing(found, wanted, search):
        if time.monotonic() >= end:
            where = f"the topology {found['topology']} in namespace {found['namespace']}"
            lines = [
                f"After {seconds} s {where} still lacks:",
                *(f"- {line}" for line in lacking),
                *(f"  {line}" for line in status.problems(found)),
            ]
            raise SrsError("\n".join(lines), missing=lacking, problems=found["problems"])
        if (now := f"{status.counts(found)}; waiting: {'; '.join(lacking)}") != said:
            said = now
            progress(now)
        refs = _refs(found, {name for name, _value in wanted})
        if refs:
            wait_ready(
                reader.client,
                refs,
                end - time.monotonic(),
                label_selector=reader.labels,
                progress=lambda ready, all_: progress(f"{ready} of {all_} are ready"),
            )
        else:
            time.sleep(min(POLL_SECONDS, max(0.0, end - time.monotonic())))
        found = reader.read()
    return found


def _refs(found: Mapping[str, Any], wanted: set[str]) -> list[Ref]:
    """The objects that are not yet as they are waited for, and that a watch can tell of."""
    refs = []
    if "ready" in wanted:
        refs += [
            Ref("apps/v1", workload["kind"], found["namespace"], workload["name"])
            for group in status.GROUPS
            for cluster in found[group].values()
            for workload in cluster["workloads"]
            if not workload["complete"]
        ]
    if "addresses" in wanted:
        refs += [
            Ref("v1", "Service", found["namespace"], service["name"])
            for service in found["services"]
            if service["type"] == "LoadBalancer" and not service["addresses"]
        ]
    return refs


def search(expression: str, data: Any) -> Any:
    return _compile(expression).search(data)


def _compile(expression: str | None) -> Any:
    if not expression:
        return None
    try:
        import jmespath
    except ImportError:
        raise SrsError(
            "query and the condition jmespath need the Python package jmespath where the module runs: pip install jmespath"
        ) from None
    try:
        return jmespath.compile(expression)
    except jmespath.exceptions.JMESPathError as error:
        raise SrsError(f"{expression!r} is no JMESPath expression: {str(error).splitlines()[0]}") from None
