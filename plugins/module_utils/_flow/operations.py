# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators do with running servers: see who is there, disconnect somebody, reload a config."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow.cluster_status import Reader
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer
from ansible_collections.livestream.srs.plugins.module_utils._observed import answers, members, streams
from ansible_collections.livestream.srs.plugins.module_utils._rollout import reloads
from ansible_collections.livestream.srs.plugins.module_utils._srs_api import raw_api
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoint
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.http_api import Api, Dialogue, ErrorCode, ask_all
from ansible_collections.livestream.srs.plugins.module_utils._text import printable

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# SRS's error code for a client that it doesn't have.
NO_CLIENT = 2049
LOOK_AGAIN_SECONDS = 0.2

Row = dict[str, Any]


class _Topology:
    """The servers that a module is about."""

    def __init__(self, module: AnsibleModule) -> None:
        # The status needs some options that are not for these modules.
        self.params = {**module.params, "app": "", "stream": "", "read_servers": True}
        self.client = Client.from_module(module)
        self.reader = Reader(self.client, self.params)
        self.found = self.reader.look()

    def wanted(self, server: Mapping[str, Any] | streams.Server) -> bool:
        name, cluster = (server.name, server.cluster) if isinstance(server, streams.Server) else (server["server"], server["cluster"])
        return (
            name in self.params["servers"] or cluster in self.params["clusters"] or not (self.params["servers"] or self.params["clusters"])
        )

    def check_names(self, servers: Sequence[streams.Server]) -> None:
        for option, known in (("servers", {s.name for s in servers}), ("clusters", {s.cluster for s in servers})):
            for name in self.params[option]:
                if name not in known:
                    raise SrsError(f"{option} has {name}, but the topology has only {', '.join(sorted(known)) or 'none'}.")

    def ask(self, asked: Sequence[Endpoint], names: Container[str], dialogue: Dialogue) -> dict[str, Any]:
        endpoints = [endpoint for endpoint in asked if endpoint.name in names]
        return asyncio.run(ask_all(endpoints, dialogue, self.params["api_timeout"]))

    def clients(self) -> tuple[list[Row], list[Row]]:
        """(clients, servers that gave no answer), as far as they are asked for. All servers are asked: they tell who is one of them."""
        servers = self.reader.ask(self.found, "vhosts", "streams", "clients")
        self.check_names(servers)
        rows = [row for row in streams.clients(servers, members.inside(self.found)) if self.wanted(row) and _matches(row, self.params)]
        silent = [{"server": s.name, "error": s.error} for s in servers if s.error and self.wanted(s)]
        return rows, silent


def _matches(row: Row, wanted: Mapping[str, Any]) -> bool:
    stream = wanted["url"] and "/" + printable(wanted["url"].strip("/"))
    return (
        (not wanted["ids"] or row["id"] in wanted["ids"])
        and (not wanted["ips"] or row["ip"] in wanted["ips"])
        and (not wanted["roles"] or row["role"] in wanted["roles"])
        and (not stream or stream in (row["url"], f"/{row['vhost']}{row['url']}"))
    )


def client_info(module: AnsibleModule) -> dict[str, Any]:
    clients, silent = _Topology(module).clients()
    return {"changed": False, "clients": clients, "unanswered": silent}


def client_kick(module: AnsibleModule) -> dict[str, Any]:
    """Send off the clients that match."""
    if not any(module.params[name] for name in ("ids", "ips", "url", "servers", "clusters")):
        raise SrsError("No clients to kick are named: give ids, ips, url, servers or clusters.")
    topology = _Topology(module)
    clients, silent = topology.clients()
    if not module.check_mode:
        _kick(topology, clients)
    failed = [row for row in clients if row.get("error")]
    result: dict[str, Any] = {"changed": len(failed) < len(clients), "kicked": clients, "unanswered": silent}
    if failed:
        first = failed[0]
        raise SrsError(
            f"{len(failed)} of {len(clients)} clients were not kicked; {first['id']} at {first['server']}: {first['error']}", **result
        )
    return result


def _kick(topology: _Topology, clients: list[Row]) -> None:
    rows: dict[str, list[Row]] = {}
    for row in clients:
        rows.setdefault(row["server"], []).append(row)

    async def dialogue(api: Api) -> None:
        mine = rows[api.endpoint.name]
        for row in mine:
            row.update(gone=False, error=None if row["id"] else "the server does not tell its id")
            if row["error"]:
                continue
            try:
                await api.call(f"/api/v1/clients/{quote(str(row['id']), safe='')}", "DELETE")
            except ErrorCode as error:
                row["gone"] = error.code == NO_CLIENT
                if not row["gone"]:
                    row["error"] = "SRS can't kick an HLS session" if row["type"] == "hls-play" else error.message
        await _see_them_go(api, [row for row in mine if not row["error"] and not row["gone"]])

    _servers, asked = topology.reader.targets(topology.found)
    for name, result in topology.ask(asked, rows, dialogue).items():
        if isinstance(result, NoAnswer):
            for row in rows[name]:
                row["gone"] = row.get("gone", False)
                row["error"] = None if row["gone"] else row.get("error") or result.message


async def _see_them_go(api: Api, rows: list[Row]) -> None:
    """SRS sends clients off a moment after it has said that it does. One whose entry stays may be gone all the same."""
    while rows and asyncio.get_running_loop().time() + LOOK_AGAIN_SECONDS < api.deadline - 1:
        there = {client.get("id") for client in answers.read({"clients": await api.get("clients")})["clients"]}
        for row in rows:
            row["gone"] = row["id"] not in there
        rows = [row for row in rows if not row["gone"]]
        if rows:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


def reload(module: AnsibleModule) -> dict[str, Any]:
    """Have servers read their config again, and see to it that they took it."""
    topology = _Topology(module)
    servers, asked = topology.reader.targets(topology.found)
    topology.check_names(list(servers.values()))
    wanted = {name: server for name, server in servers.items() if topology.wanted(server)}
    rows = {
        name: {"server": name, "cluster": s.cluster, "reloaded": False, "confirmed": None, "error": s.error} for name, s in wanted.items()
    }
    if not module.check_mode:
        for name, answer in topology.ask(asked, wanted, _reload).items():
            rows[name].update({"error": answer.message} if isinstance(answer, NoAnswer) else answer)
    failed = [row for row in rows.values() if row["error"]]
    result: dict[str, Any] = {"changed": len(failed) < len(rows), "servers": list(rows.values())}
    if failed:
        raise SrsError(
            f"{len(failed)} of {len(rows)} servers have not taken their config; {failed[0]['server']}: {failed[0]['error']}", **result
        )
    return result


async def _reload(api: Api) -> dict[str, Any]:
    try:
        before = await raw_api.last_reload(api)
    except raw_api.CanNotTell:
        await raw_api.reload(api)
        return {"reloaded": True, "confirmed": None, "error": None}
    await raw_api.reload(api)
    api.late = "the server did not confirm the reload in time; raise api_timeout if it needs longer"
    while True:
        last = await raw_api.last_reload(api)
        if last.get("rid") != before.get("rid"):
            if refused := reloads.refusal(last):
                return {"reloaded": False, "confirmed": False, "error": f"SRS keeps its old config, since the new one is wrong: {refused}"}
            if last.get("state") == reloads.FINISHED:
                return {"reloaded": True, "confirmed": True, "error": None}
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
