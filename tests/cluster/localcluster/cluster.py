# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster made here: its settings, its parts, and making it so."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import box, cloud, controlplane, processes, programs
from .api import Api, Object
from .base import ClusterError, cluster_folder, lock, say, write
from .controlplane import Place
from .processes import Part
from .real import Real
from .simulated import Simulated

NODES_READY_SECONDS = 60
FORMAT = 1
"""Raised when the data of a cluster made by an older version of this tool can't be used any more."""


@dataclass
class Settings:
    """What is decided once for a cluster, and kept in its folder."""

    format: int = FORMAT
    nodes: str = "simulated"
    node_count: int = 3
    slot: int = 0
    """Which addresses a real node has."""
    ports: dict[str, int] = field(default_factory=dict)


class Cluster:
    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = cluster_folder(name)
        self.kubeconfig = self.folder / "kubeconfig"
        self._file = self.folder / "settings.json"

    def exists(self) -> bool:
        return self._file.is_file()

    def settings(self) -> Settings:
        return Settings(**json.loads(self._file.read_text())) if self.exists() else Settings()

    def nodes(self, settings: Settings) -> Simulated | Real:
        return Real(self.folder, settings.slot) if settings.nodes == "real" else Simulated(self.folder)

    def place(self, settings: Settings) -> Place:
        alive = {process.part for process in processes.running(self.folder)}
        return self.nodes(settings).place(settings.ports, alive)

    def lock(self) -> contextlib.AbstractContextManager[None]:
        return lock(self.folder.with_name(f".{self.name}.lock"), f"waiting for another process that works on the cluster {self.name}")

    def up(self, nodes: str | None, count: int | None) -> None:
        with self.lock():
            settings = self.settings()
            wanted = nodes or settings.nodes
            built = self._needs(wanted)
            if self.exists() and (settings.format, settings.nodes) != (FORMAT, wanted):
                say(f"making the cluster {self.name} again, with {wanted} nodes")
                self._remove()
                settings = Settings()
            settings.nodes = wanted
            settings.node_count = count or settings.node_count
            self._make(settings, built)

    def _needs(self, nodes: str) -> dict[str, Path]:
        """Get what such nodes need before anything is changed; the programs."""
        kind = self.nodes(Settings(nodes=nodes))
        kind.check()
        return programs.ensure(kind.programs)

    def _make(self, settings: Settings, built: Mapping[str, Path]) -> None:
        with lock(cluster_folder(".slots.lock"), "waiting for another process that makes a cluster"):
            nodes = self._place(settings, built)
        api = Api(self.kubeconfig)
        parts = self.parts(settings, built, api)
        for part in parts:
            processes.bring_up(self.folder, part)
        count = nodes.set_nodes(api, settings.node_count)
        self._await_nodes(api, count, nodes.evidence)
        # A part may also have ended after it was ready.
        for name in processes.missing(self.folder, parts):
            raise processes.failure(self.folder, name, "ended")
        say(f"the cluster {self.name} is up: {count} {settings.nodes} node{'s' if count > 1 else ''}, kubeconfig {self.kubeconfig}")

    def _place(self, settings: Settings, built: Mapping[str, Path]) -> Simulated | Real:
        """Settle which addresses and ports the cluster has, and take them."""
        if settings.nodes == "real" and not self.exists():
            settings.slot = box.free_slot()
        place = self.place(settings)
        settings.ports = dict(place.ports)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        write(self._file, json.dumps(asdict(settings), indent=2))
        controlplane.make_pki(built["pki"], self.folder / "pki", place.names())
        write(self.kubeconfig, controlplane.kubeconfig(place.server, self.folder / "pki", f"livestream-srs-{self.name}"))
        nodes = self.nodes(settings)
        nodes.prepare()
        return nodes

    def parts(self, settings: Settings, built: Mapping[str, Path], api: Api) -> list[Part]:
        nodes = self.nodes(settings)
        control_plane = controlplane.parts(self.folder, built, self.place(settings), api)
        return nodes.all_parts([*control_plane, cloud.part(self.name, nodes.addresses, api)], built)

    def _await_nodes(self, api: Api, count: int, evidence: str) -> None:
        deadline = time.monotonic() + NODES_READY_SECONDS
        while True:
            nodes = api.items("/api/v1/nodes")
            ready = [node for node in nodes if is_ready(node)]
            if len(ready) == len(nodes) == count:
                return
            if time.monotonic() > deadline:
                raise processes.failure(self.folder, evidence, f"made {len(ready)} of {count} nodes ready within {NODES_READY_SECONDS} s")
            time.sleep(0.2)

    def down(self) -> None:
        with self.lock():
            if not self.folder.is_dir() and not processes.running(self.folder):
                say(f"there is no cluster {self.name}")
                return
            self._remove()
            say(f"the cluster {self.name} is gone")

    def _remove(self) -> None:
        settings = self.settings()
        running = processes.running(self.folder)
        if any(process.part == "node" for process in running):
            # Also if the folder is lost.
            settings.nodes = "real"
        left = self.nodes(settings).remove()
        # Nothing of it is needed any more, so nobody gets time to tidy up.
        processes.stop(processes.running(self.folder), grace=1)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.folder.exists():
            left.append(f"folder {self.folder}")
        if left:
            raise ClusterError(f"the cluster {self.name} is down, and this is left that was not there before it: {'; '.join(left)}")

    def status(self) -> bool:
        """Tell what there is; whether all of it works."""
        if not self.exists():
            say(f"there is no cluster {self.name}")
            return False
        settings = self.settings()
        api = Api(self.kubeconfig)
        parts = self.parts(settings, {name: programs.path(name) for name in self.nodes(settings).programs}, api)
        missing = set(processes.missing(self.folder, parts))
        for part in parts:
            state = "not running as wanted" if part.name in missing else answer(part)
            missing |= {part.name} if state != "ready" else set()
            say(f"{part.name:24} {state:24} {processes.log_of(self.folder, part.name)}")
        with contextlib.suppress(OSError):
            for node in api.items("/api/v1/nodes"):
                say(f"node {node['metadata']['name']:19} {'ready' if is_ready(node) else 'not ready'}")
        say(f"kubeconfig {self.kubeconfig}")
        return not missing


def answer(part: Part) -> str:
    try:
        return "ready" if part.ready() else "not ready"
    except OSError as error:
        return f"not ready: {error}"


def is_ready(node: Object) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
