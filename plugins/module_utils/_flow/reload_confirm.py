# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_reload_confirm: wait until every server has reloaded its changed srs.conf, all clusters together."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import field_ownership
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._labels import RELOAD
from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer
from ansible_collections.livestream.srs.plugins.module_utils._rollout import reloads
from ansible_collections.livestream.srs.plugins.module_utils._rollout.reloads import Due
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoint, Endpoints

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

LOOK_AGAIN = 1.0
# Seconds after which the kubelet is asked again to renew a pod's files: its cache may have been a little late.
NUDGE_AGAIN = 10.0


def flow(module: AnsibleModule) -> dict[str, Any]:
    client = Client.from_module(module)
    try:
        return _Confirmation(client, module.params).run(module.check_mode)
    finally:
        client.close()


class _Confirmation:
    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        self.client = client
        self.params = params
        self.endpoints = Endpoints(params, client.connection)
        self.ports = {cluster["name"]: cluster["api_port"] for cluster in params["clusters"]}
        self.rows: dict[str, dict[str, Any]] = {}

    def run(self, check_mode: bool) -> dict[str, Any]:
        params = self.params
        left = reloads.due(self._pods(), params["clusters"], self._changed()) if params["clusters"] else []
        self.rows = {server.name: {"server": server.name, "cluster": server.cluster, "confirmed": False, "error": None} for server in left}
        if left and not check_mode:
            self._wait(left)
        return {"changed": False, "servers": list(self.rows.values())}

    def _pods(self) -> list[dict[str, Any]]:
        apps = ",".join(sorted(cluster["app"] for cluster in self.params["clusters"]))
        return self.client.list("v1", "Pod", self.params["namespace"], label_selector=f"app in ({apps})").items

    def _changed(self) -> dict[str, str]:
        """When each ConfigMap was changed that is said to be."""

        def when(name: str) -> str:
            item = self.client.get("v1", "ConfigMap", name, self.params["namespace"])
            return max((entry["time"] for entry in field_ownership.managed(item) if "time" in entry), default="") if item else ""

        names = self.params["changed_config_maps"]
        return dict(zip(names, self.client.each(when, names), strict=True))

    def _wait(self, left: list[Due]) -> None:
        """Note on each pod which reload was its last, then ask until there is a newer one."""
        end = time.monotonic() + self.params["wait_timeout"]
        nudges, next_nudge = 0, 0.0
        while left:
            left = self._look(left)
            known = [server for server in left if server.before is not None]
            if known and time.monotonic() >= next_nudge:
                self._note({server.name: reloads.awaiting(server, nudges) for server in known})
                nudges, next_nudge = nudges + 1, time.monotonic() + NUDGE_AGAIN
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
        """Ask the servers; those that have yet to reload."""
        # Here, since most runs ask nobody: asyncio takes its time to load.
        import asyncio

        from ansible_collections.livestream.srs.plugins.module_utils._srs_api import http_api, raw_api

        endpoints = [self._endpoint(server) for server in left]
        answers = asyncio.run(http_api.ask_all(endpoints, raw_api.last_reload, self.params["api_timeout"]))
        still, taken = [], {}
        for server in left:
            answer, row = answers[server.name], self.rows[server.name]
            if isinstance(answer, NoAnswer):
                row["error"] = answer.message
                if not isinstance(answer, raw_api.CanNotTell):
                    still.append(server)
            elif server.before is None:
                row["error"] = None
                server.before = reloads.identity(answer)
                still.append(server)
            else:
                over, row["error"] = reloads.outcome(answer, server.before)
                row["confirmed"] = over and not row["error"]
                if row["confirmed"]:
                    taken[server.name] = reloads.taken(server)
                elif not over:
                    still.append(server)
        self._note(taken)
        return still

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

    def _judge(self, left: list[Due]) -> None:
        for server in left:
            row = self.rows[server.name]
            row["error"] = row["error"] or f"it has not reloaded within {self.params['wait_timeout']} s"
        failed = [row for row in self.rows.values() if row["error"]]
        if failed:
            lines = [f"- {row['server']}: {row['error']}" for row in failed[:10]]
            more = [f"- and {len(failed) - 10} more"] if len(failed) > 10 else []
            title = f"{len(failed)} of {len(self.rows)} servers have not taken their changed srs.conf:"
            raise SrsError("\n".join([title, *lines, *more]), servers=list(self.rows.values()))
