# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_playback_info: play one live stream from a server of each cluster, as a viewer does."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow.cluster_status import Reader
from ansible_collections.livestream.srs.plugins.module_utils._flow.ways import Ways
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._labels import SRS_CONTAINER
from ansible_collections.livestream.srs.plugins.module_utils._observed import members, playback, server_log, streams
from ansible_collections.livestream.srs.plugins.module_utils._observed.playback import Target
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import KubernetesSide, Stream
from ansible_collections.livestream.srs.plugins.module_utils._player import player
from ansible_collections.livestream.srs.plugins.module_utils._player.viewer import Patience, View
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.http_api import read_all

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

LOOK_AGAIN = 1.0
# Of a log, by lines; what is older than the view has nothing to do with it.
LOG_LINES = 500


def flow(module: AnsibleModule) -> dict[str, Any]:
    """The module's result; raises SrsError with ``must_play`` where a cluster doesn't play what is live."""
    client = Client.from_module(module)
    try:
        return _Check(client, module.params).run()
    finally:
        client.close()


class _Check:
    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        self.client = client
        self.params = params
        self.patience = Patience(params["seconds"], params["timeout"])
        self.by_api_proxy = params["api_via"] == "pod_proxy"
        self.ways = Ways(client, params)
        more = {"read_servers": True, "app": "live", "stream": "livestream", "near_capacity": 100}
        self.reader = Reader(client, {**params, **more})
        self.targets = [Target(cluster) for cluster in params["clusters"]]

    def run(self) -> dict[str, Any]:
        if not self.targets:
            return self._result([])
        found, live, why_not = self._live()
        if not live:
            for target in self.targets:
                target.unknown(why_not)
            return self._result([f"Nothing could be verified: {why_not}."])
        members_ = list(members.servers(found))
        left = self.targets
        for stream in live:
            due = [target for target in left if playback.find_server(target, members_, stream, self.by_api_proxy)]
            self._play(due, stream, found)
            left = [target for target in left if target.failed or not target.stream]
            if not left:
                break
        bad = [target for target in self.targets if target.failed]
        for target, log in zip(bad, self.client.each(self._log, bad), strict=True):
            target.log = log
        result = self._result(playback.summary(self.targets))
        if self.params["must_play"] and (message := playback.failure(self.targets)):
            raise SrsError(message, **{key: result[key] for key in ("clusters", "ok", "verified")})
        return result

    def _result(self, summary: list[str]) -> dict[str, Any]:
        targets = self.targets
        return {
            "changed": False,
            "ok": not any(target.failed for target in targets),
            "verified": all(target.verified for target in targets),
            "clusters": [target.result() for target in targets],
            "summary": summary,
        }

    def _live(self) -> tuple[KubernetesSide, list[Stream], str]:
        """The topology, the streams to try, and why there are none. Publishers that were cut by the change get time to come back."""
        end = time.monotonic() + self.params["wait_for_stream"]
        while True:
            found = self.reader.look()
            of_origins = any(member.component == "origin" for member in members.servers(found))
            asked = self.reader.ask(found, "vhosts", "streams", "clients", component="origin" if of_origins else "edge")
            live = playback.to_play(streams.build(asked, members.inside(found)), of_origins)
            silent = [server.error for server in asked if server.error]
            if asked and len(silent) == len(asked):
                return found, [], f"no server could be asked for live streams: {silent[0]}"
            if (live and self._is_settled(found, live)) or time.monotonic() >= end:
                return found, live, "no stream is live"
            time.sleep(LOOK_AGAIN)

    def _is_settled(self, found: KubernetesSide, live: Sequence[Stream]) -> bool:
        """Whether the origins, if it is about them, have a stream by now that isn't on one that is being replaced."""
        origins = [target for target in self.targets if target.cluster["component"] == "origin"]
        pods = list(members.servers(found))
        return all(any(playback.find_server(target, pods, stream, self.by_api_proxy) for stream in live) for target in origins)

    def _play(self, targets: Sequence[Target], stream: Stream, found: KubernetesSide) -> None:
        urls = [playback.url_of(target, stream) for target in targets]
        views = asyncio.run(player.play(urls, self.patience, ssl.create_default_context, [self.ways.to(target) for target in targets]))
        silent = [target for target, view in zip(targets, views, strict=True) if view.error == "timeout"]
        there = self._reachable(found, silent) if silent else set()
        for target, view in zip(targets, views, strict=True):
            self._judge(target, stream, view, None if target.pod and target.pod["name"] in there else view.error)

    def _reachable(self, found: KubernetesSide, targets: Sequence[Target]) -> set[str]:
        """The servers among those that said nothing to a player whose HTTP API answers: nothing keeps us from them."""
        names = {target.pod["name"] for target in targets if target.pod}
        asked = [endpoint for endpoint in self.reader.targets(found)[1] if endpoint.name in names]
        answers = asyncio.run(read_all(asked, self.params["api_timeout"], ("summaries",)))
        return {name for name, answer in answers.items() if answer.error is None}

    def _judge(self, target: Target, stream: Stream, view: View, error: str | None) -> None:
        before = target.message if target.failed else ""
        playback.judge(target, stream, view.result(), error)
        if before and target.verdict == "ok":
            target.message = f"another stream does not play: {before}"

    def _log(self, target: Target) -> list[str]:
        """What the server's log says of the time since the view began; nothing where it may not be read."""
        pod = target.pod["name"] if target.pod else ""
        seconds = int(self.patience.limit) + 5
        try:
            text = self.client.log(pod, self.params["namespace"], SRS_CONTAINER, seconds, LOG_LINES)
        except SrsError:
            return []
        return server_log.reasons(text)
