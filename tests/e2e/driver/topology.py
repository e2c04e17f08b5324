# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One topology in one namespace: build it, find its addresses, put a stream on air."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from players import publisher
from players.crowd import Audience
from players.publisher import Publisher
from players.view import WATCHED
from players.viewer import Patience, Viewer

from . import playbook
from .kube import Kube, Pod, wait_until
from .places import TUTORIAL, WORK
from .playbook import Run

EDGE, ORIGIN = "srs-edge", "srs-origin"
ORIGIN_SERVICE = "srs-internal-origin-service"
PORTS = {"rtmp": 1935, "flv": 8080}
SUFFIX = {"rtmp": "", "flv": ".flv", "hls": ".m3u8"}
BARE = {"srs_production_defaults": False, "srs_origin_resources": {}, "srs_edge_resources": {}, "hls_nginx_resources": {}}
"""Everything off that the tutorial hasn't; the local inventory sets the resources by itself."""

SHARED = {"srs_origin_storage": {"type": "pvc", "size": "1Gi", "access_mode": "ReadWriteMany"}}
"""A volume for several pods; the namespace's end takes it away."""
HLS = {"hls_fragment": 2, "hls_window": 12, "hls_td_ratio": 1}

ON_AIR = Patience(media=8)

SCOUTS = 12
"""So many players hardly ever miss one of a few edges."""


class Topology:
    def __init__(self, kube: Kube, kubeconfig: Path, namespace: str, variables: Mapping[str, Any]) -> None:
        self.kube = kube
        self.kubeconfig = kubeconfig
        self.namespace = namespace
        self.variables = {"srs_namespace": namespace, **variables}
        self.printed: Run | None = None
        self.lost_streams = 0

    async def site(self, **variables: Any) -> Run:
        """Run site.yml. What is given here stays for later runs, as if written to the inventory."""
        self.variables |= variables
        self.printed = await self.play("site")
        return self.printed

    async def play(self, name: str, **variables: Any) -> Run:
        return await playbook.run(f"playbooks/{name}.yml", self.kubeconfig, {**self.variables, **variables})

    def apply_tutorial(self, image: str, kubectl: Path) -> None:
        """What the tutorial's reader does by hand."""
        manifest = WORK / "tutorial.yaml"
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(TUTORIAL.read_text().replace("SRS_IMAGE", image))
        self.kube.make_namespace(self.namespace)
        command = [kubectl, f"--kubeconfig={self.kubeconfig}", f"--namespace={self.namespace}", "apply", "--filename", manifest]
        subprocess.run(command, check=True, capture_output=True)

    # Addresses ---

    def url(self, protocol: str, stream: str = "livestream") -> str:
        """As the playbook printed it; before there was a playbook, as one finds it with kubectl."""
        if self.printed:
            return self.printed.url(protocol).replace("/live/livestream", f"/live/{stream}")
        service = "srs-http-service" if protocol == "hls" else "srs-edge-service"
        return address(protocol, self.kube.address(self.namespace, service), stream)

    def origin_url(self, protocol: str, stream: str = "livestream") -> str:
        """Straight to the origin, which has no address outside of the cluster. The Service has the RTMP port alone."""
        if protocol == "rtmp":
            return address(protocol, self.kube.address(self.namespace, ORIGIN_SERVICE), stream)
        return address(protocol, self.origin().ip, stream)

    def edge_urls(self, protocol: str, stream: str = "livestream") -> list[str]:
        """Straight to each edge."""
        return [address(protocol, pod.ip, stream) for pod in self.edges()]

    def edges(self) -> list[Pod]:
        return self.kube.serving(self.namespace, EDGE)

    def origin(self) -> Pod:
        (pod,) = self.origins()
        return pod

    def origins(self) -> list[Pod]:
        return self.kube.serving(self.namespace, ORIGIN)

    def _settled(self) -> bool:
        ending = any(pod.terminating for pod in self.kube.pods(self.namespace, ORIGIN))
        return not ending and answers(self.kube.address(self.namespace, ORIGIN_SERVICE), PORTS["rtmp"])

    def holder(self, stream: str) -> Pod | None:
        """The origin that a stream is published to."""

        def holds(pod: Pod) -> bool:
            clients = self.kube.clients(self.namespace, pod.name)
            return any(client["publish"] and client["url"].endswith(f"/{stream}") for client in clients)

        return next(filter(holds, self.origins()), None)

    # Streams ---

    @contextlib.asynccontextmanager
    async def on_air(self, stream: str = "livestream", *, to: str = "edge") -> AsyncIterator[Publisher]:
        """A stream that is published through an `edge`, straight to the `origin`, or to a URL, and that plays."""
        # An origin that was replaced a moment ago may still be found by those who connect, and takes what it got with it.
        # And one that is ready is reached by its Service only when kube-proxy has heard of it, too.
        await asyncio.to_thread(wait_until, self._settled, 60, "the origin answers, and none is ending")
        target = {"edge": self.url("rtmp", stream), "origin": self.origin_url("rtmp", stream)}.get(to, to)
        # One of several origins sends a player on to another one, which edges understand.
        plays = self.origin_url("rtmp", stream) if len(self.origins()) == 1 else self.url("rtmp", stream)
        async with Publisher(publisher.clip(WORK), target) as encoder:
            for _attempt in range(4):
                view = await Viewer(plays, until_picture=True, patience=ON_AIR).run()
                if view.outcome == WATCHED:
                    break
                # SRS 6 loses a stream now and then that is published in an unlucky moment; it helps to publish again.
                self.lost_streams += 1
                await encoder.again()
            else:
                raise RuntimeError(
                    f"{target} is published and doesn't play at the origin: {view.outcome}, {view.detail}; {encoder.connections[-2:]}"
                )
            # An edge gives the origin 150 ms to answer when it passes a stream on, so that the first attempt may fail.
            encoder.forget()
            yield encoder

    async def balanced(self, stream: str) -> None:
        """Wait until players reach every edge: kube-proxy hears of a server some moments after it is ready."""
        for _attempt in range(10):
            async with Audience([self.url("rtmp", stream)] * SCOUTS) as scouts:
                await scouts.seated(ON_AIR.media)
                if min((await self.players_by_edge()).values()) > 0:
                    return
            await asyncio.sleep(1)

    def pulls(self, stream: str | None = None) -> list[dict[str, Any]]:
        """Who pulls from the origin: its playing clients with the address of an edge."""
        edges = {pod.ip for pod in self.edges()}
        return [
            client
            for client in self.kube.clients(self.namespace, self.origin().name)
            if client["ip"] in edges and not client["publish"] and stream in (None, client["url"].rpartition("/")[2])
        ]

    async def players_by_edge(self) -> dict[str, int]:
        """How many players each edge has."""

        def count(pod: Pod) -> int:
            return sum(not client["publish"] for client in self.kube.clients(self.namespace, pod.name))

        edges = self.edges()
        return dict(zip([pod.name for pod in edges], await asyncio.gather(*(asyncio.to_thread(count, pod) for pod in edges)), strict=True))


def answers(host: str, port: int) -> bool:
    """Whether somebody takes a connection there."""
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


def address(protocol: str, host: str, stream: str) -> str:
    if protocol == "hls":
        return f"http://{host}/live/{stream}.m3u8"
    if protocol == "rtmp":
        return f"rtmp://{host}/live/{stream}"
    return f"http://{host}:{PORTS[protocol]}/live/{stream}.flv"
