# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_reload_confirm: see that every server has taken what its srs.conf holds, all clusters together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._labels import COMPONENT, MANAGED_BY, OWNER, RELOAD
from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer
from ansible_collections.livestream.srs.plugins.module_utils._rollout import reloads
from ansible_collections.livestream.srs.plugins.module_utils._rollout.reloads import Due
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoint, Endpoints

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

LOOK_AGAIN = 1.0
# Seconds after which the kubelet is told again to renew a pod's files: its cache may have been a little late.
NUDGE_AGAIN = 10.0
# So many servers are named in a message.
NAMED = 10


def flow(module: AnsibleModule) -> dict[str, Any]:
    client = Client.from_module(module)
    try:
        return _Confirmation(client, module.params).run(module.check_mode, module.warn)
    finally:
        client.close()


class _Confirmation:
    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        self.client = client
        self.params = params
        self.endpoints = Endpoints(params, client.connection)
        self.ports = {cluster["name"]: cluster["api_port"] for cluster in params["clusters"]}
        self.rows: dict[str, dict[str, Any]] = {}

    def run(self, check_mode: bool, warn: Callable[[str], None]) -> dict[str, Any]:
        clusters = self.params["clusters"]
        pods = self._pods() if clusters else []
        config_maps = self._config_maps() if pods else {}
        left = reloads.due(pods, clusters, config_maps)
        listed = [*left, *(reloads.expected(pods, clusters, config_maps) if check_mode else ())]
        self.rows = {
            server.name: {"server": server.name, "cluster": server.cluster, "confirmed": False, "error": None} for server in listed
        }
        if left and check_mode:
            names = _joined([server.name for server in left], ", ")
            warn(f"Not yet seen to have taken what their srs.conf holds: {names}. A run without check mode asks them.")
        elif left:
            self._wait(left)
        return {"changed": False, "servers": list(self.rows.values())}

    def _pods(self) -> list[dict[str, Any]]:
        apps = ",".join(sorted(cluster["app"] for cluster in self.params["clusters"]))
        return self.client.list("v1", "Pod", self.params["namespace"], label_selector=f"app in ({apps})").items

    def _config_maps(self) -> dict[str, dict[str, Any]]:
        """The ConfigMaps of the clusters by name: those of the role's by one list."""
        namespace, names = self.params["namespace"], [cluster["config_map"] for cluster in self.params["clusters"]]
        listed = self.client.list("v1", "ConfigMap", namespace, label_selector=f"{MANAGED_BY}={OWNER},{COMPONENT}=edge").items
        found = {item["metadata"]["name"]: item for item in listed if item["metadata"]["name"] in names}
        others = self.client.each(lambda name: self.client.get("v1", "ConfigMap", name, namespace), set(names) - set(found))
        return found | {item["metadata"]["name"]: item for item in others if item}

    def _wait(self, left: list[Due]) -> None:
        """Ask until each server has made the reload that is due; meanwhile its kubelet, and in the end the server itself, is told to."""
        end, next_nudge = time.monotonic() + self.params["wait_timeout"], 0.0
        while left:
            left = self._look(left)
            if left and time.monotonic() >= next_nudge:
                self._tell(left)
                next_nudge = time.monotonic() + NUDGE_AGAIN
            if not left or time.monotonic() >= end:
                break
            time.sleep(LOOK_AGAIN)
            there = {pod["metadata"]["name"] for pod in self._pods() if not pod["metadata"].get("deletionTimestamp")}
            for server in left:
                if server.name not in there:
                    del self.rows[server.name]  # nobody waits for its config any more
            left = [server for server in left if server.name in there]
        self._judge(left)

    def _look(self, left: list[Due]) -> list[Due]:
        """Ask the servers for their last reload; those whose next one is still due."""
        from ansible_collections.livestream.srs.plugins.module_utils._srs_api import raw_api

        still, taken = [], {}
        for server, answer in self._ask(left, raw_api.last_reload):
            row = self.rows[server.name]
            if isinstance(answer, raw_api.CanNotTell):
                row["error"] = answer.message
            elif isinstance(answer, NoAnswer):
                row["error"] = f"it could not be seen to have taken it: {answer.message}; let it be reached, or replace its pod"
                still.append(server)
            else:
                over, row["error"] = reloads.hear(server, answer)
                row["confirmed"] = over and not row["error"]
                if row["confirmed"]:
                    taken[server.name] = reloads.noted_taken(server)
                elif not over:
                    still.append(server)
        self._note(taken)
        return still

    def _tell(self, left: Sequence[Due]) -> None:
        """Have the kubelets renew the files, by a note on each pod. Where that was often enough, have the server reload what is there."""
        from ansible_collections.livestream.srs.plugins.module_utils._srs_api import raw_api

        waited = [server for server in left if server.nudges >= reloads.NUDGES and server.before and not server.asked]
        for server in left:
            server.nudges += 1
        self._note({server.name: reloads.awaiting(server) for server in left})
        for server, answer in self._ask(waited, raw_api.reload):
            server.asked = not isinstance(answer, NoAnswer)
            server.not_asked = answer.message if isinstance(answer, NoAnswer) else None

    def _ask(self, servers: Sequence[Due], dialogue: Any) -> list[tuple[Due, Any]]:
        # Here, since most runs ask nobody: asyncio takes its time to load.
        import asyncio

        from ansible_collections.livestream.srs.plugins.module_utils._srs_api import http_api

        if not servers:
            return []
        answers = asyncio.run(http_api.ask_all([self._endpoint(server) for server in servers], dialogue, self.params["api_timeout"]))
        return [(server, answers[server.name]) for server in servers]

    def _endpoint(self, server: Due) -> Endpoint:
        status = server.pod["status"]
        pod = {"name": server.name, "ip": status.get("podIP"), "node": server.pod["spec"].get("nodeName")}
        return self.endpoints.of(pod, server.cluster, self.params["namespace"], self.ports[server.cluster])

    def _note(self, notes: Mapping[str, str]) -> None:
        def note(name: str) -> None:
            patch = {"metadata": {"annotations": {RELOAD: notes[name]}}}
            try:
                self.client.patch("v1", "Pod", name, self.params["namespace"], patch)
            except ApiError as error:
                if error.status != 404:  # it is gone by now
                    raise

        self.client.each(note, notes)

    def _judge(self, left: Sequence[Due]) -> None:
        for server in left:
            row = self.rows[server.name]
            asked = f", and could not be asked to, since {server.not_asked}" if server.not_asked else ""
            row["error"] = row["error"] or (
                f"it has not reloaded {server.file.place} within {self.params['wait_timeout']} s{asked}; run again, or replace its pod"
            )
        failed = [row for row in self.rows.values() if row["error"]]
        if failed:
            title = f"{len(failed)} of {len(self.rows)} servers have not taken their changed srs.conf:"
            lines = _joined([f"- {row['server']}: {row['error']}" for row in failed], "\n")
            raise SrsError(f"{title}\n{lines}", servers=list(self.rows.values()))


def _joined(names: Sequence[str], separator: str) -> str:
    """The first of them, and how many there are besides."""
    more = [f"{'- ' if separator != ', ' else ''}and {len(names) - NAMED} more"] if len(names) > NAMED else []
    return separator.join([*names[:NAMED], *more])
