# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The origin: from what a user writes about it to servers with names, ports and the parameters of their srs.conf.

The origin is one server (mode ``single``), or several: in ``cluster`` they ask each other who has a stream (SRS 3 to 6), in ``proxy``
they register at a proxy, which knows (SRS 7 and later).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import names, storage
from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Settings, built
from ansible_collections.livestream.srs.plugins.module_utils._desired.proxy import Proxy, resolve_proxy, service_ports_of_proxy
from ansible_collections.livestream.srs.plugins.module_utils._desired.releases import release_that_runs
from ansible_collections.livestream.srs.plugins.module_utils._desired.server import Server, service_ports
from ansible_collections.livestream.srs.plugins.module_utils._desired.storage import Media, resolve
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import objects
from ansible_collections.livestream.srs.plugins.module_utils._labels import COMPONENT, INSTANCE, PART_OF
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import load_balancer
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.stream_checks import is_unique

PREFIX = "srs_origin_"
HEARTBEAT_SECONDS = 9
# Those before remove the files of streams that have ended, which is worth more than a segment.
DISPOSES_WHEN_IT_QUITS = 6


@dataclass
class Workload:
    """What runs servers of the origin."""

    name: str
    app: str
    replicas: int


@dataclass
class PeerService:
    """What gives each of several origins a name of its own, by which the others and the edges reach it."""

    name: str
    app: str
    headless: bool


@dataclass
class Endpoint:
    """A Service in front of servers: which servers it selects and its ports."""

    name: str
    selector: dict[str, str]
    ports: list[dict[str, Any]]


@dataclass
class DemoPublisher:
    """The variables ``srs_demo_publisher*``."""

    enabled: bool
    image: str
    source: str
    target: str


@dataclass(kw_only=True)
class Origin(Server):
    """The origin: the variables ``srs_origin_*`` without that prefix."""

    role = "origin"

    enabled: bool
    mode: str
    replicas: int
    workload: str
    addresses: str
    api_slb: Settings
    storage: Settings
    volume: Settings
    cleanup: Settings
    own_config: bool
    static_files: str
    media: Media
    proxy: Proxy | None
    demo_publisher: DemoPublisher
    behind_nginx: bool  # whether nginx serves what it writes
    held_by_nginx: bool  # whether nginx keeps that while the server is away
    serves_hls: bool  # whether the caches of HLS ask it and not nginx
    called: Callable[[str, str], str]  # the name that an object has, from its kind and ours

    @property
    def mounts(self) -> list[dict[str, Any]]:
        return [{"mount_path": storage.MEDIA, "served": True}, *super().mounts]

    @property
    def several(self) -> bool:
        return self.mode != "single"

    @property
    def kind(self) -> str:
        """The kind of its workloads."""
        return "StatefulSet" if self.several and self.workload == "statefulset" else "Deployment"

    @cached_property
    def _numbered(self) -> list[str]:
        """The names of several origins."""
        stem = self.called("StatefulSet", names.ORIGIN) if self.kind == "StatefulSet" else names.ORIGIN
        return [f"{stem}-{index}" for index in range(self.replicas)] if self.several else []

    @cached_property
    def workloads(self) -> list[Workload]:
        if self.several and self.kind == "Deployment":
            return [Workload(f"{app}-deployment", app, 1) for app in self._numbered]
        return [Workload(names.ORIGIN if self.several else f"{names.ORIGIN}-deployment", names.ORIGIN, self.replicas)]

    @property
    def apps(self) -> list[str]:
        return [workload.app for workload in self.workloads]

    @cached_property
    def selector(self) -> dict[str, str]:
        if self.several and self.kind == "Deployment":
            # Each Deployment needs a selector of its own; what their pods share are standard labels.
            return {key: self.labels[key] for key in (COMPONENT, INSTANCE, PART_OF)}
        return {"app": names.ORIGIN}

    @cached_property
    def peer_services(self) -> list[PeerService]:
        if not self.several:
            return []
        if self.kind == "StatefulSet":
            return [PeerService(names.ORIGIN_PEERS, names.ORIGIN, headless=True)]
        return [PeerService(f"{app}-{names.ORIGIN_PEERS}", app, headless=False) for app in self._numbered]

    @cached_property
    def hosts(self) -> list[str]:
        """The host names of several origins."""
        if self.kind == "StatefulSet":
            return [f"{name}.{self.called('Service', names.ORIGIN_PEERS)}" for name in self._numbered]
        return [self.called("Service", service.name) for service in self.peer_services]

    @property
    def recreate(self) -> bool:
        """Whether the old pod must be gone first: a disk that one node at a time may mount."""
        return self.media.access_mode in ("ReadWriteOnce", "ReadWriteOncePod")

    @property
    def names_segments_once(self) -> bool:
        """Whether no segment of HLS has the name of an earlier one, whatever server has cut it."""
        own_text = "conf" in self.config
        found = [self.reading.setting("hls.hls_ts_file", vhost) for vhost in self.reading.vhosts]
        # Where nobody says it, it follows from the topology.
        return all((setting.is_default and not own_text) or is_unique(setting.value) for setting in found)

    @cached_property
    def service(self) -> Endpoint:
        """What edges and publishers use, and the caches of HLS where they ask SRS. Its name and ports are the same in all modes."""
        wanted = ("rtmp", "http") if self.serves_hls else ("rtmp",)
        if self.proxy:
            return Endpoint(names.ORIGIN_SERVICE, {"app": names.PROXY}, service_ports_of_proxy(*wanted))
        return Endpoint(names.ORIGIN_SERVICE, self.selector, service_ports(self.ports, ("rtmp", "rtmps", *wanted[1:])))

    @cached_property
    def public_service(self) -> Endpoint | None:
        """What edges in other Kubernetes clusters pull from."""
        if not self.enabled or not load_balancer.is_enabled(self.slb):
            return None
        return Endpoint(names.ORIGIN_PUBLIC_SERVICE, self.service.selector, [port for port in self.service.ports if port["name"] == "rtmp"])

    @cached_property
    def api_service(self) -> Endpoint:
        """The HTTP API of several: of the proxy, or of the first server alone, since each knows of its own streams only."""
        if self.proxy:
            return Endpoint(names.ORIGIN_API_SERVICE, {"app": names.PROXY}, service_ports_of_proxy("api"))
        if self.kind == "Deployment":
            first = {"app": f"{names.ORIGIN}-0"}
        else:
            first = {"statefulset.kubernetes.io/pod-name": f"{self.called('StatefulSet', names.ORIGIN)}-0"}
        return Endpoint(names.ORIGIN_API_SERVICE, first, service_ports(self.ports, ("api",)))

    @property
    def peer_ports(self) -> list[dict[str, Any]]:
        return service_ports(self.ports, ("rtmp", "api"))

    @property
    def edge_origin(self) -> list[str]:
        """What the edges pull from by default."""
        return self.hosts if self.mode == "cluster" and self.addresses == "pods" else [self.called("Service", names.ORIGIN_SERVICE)]

    @property
    def publishers(self) -> list[str]:
        """The ``app`` labels of publishers that are a part of the topology."""
        return [names.DEMO] if self.demo_publisher.enabled else []

    @cached_property
    def srs_conf(self) -> dict[str, Any]:
        """The parameters of its srs.conf, as ``_srs_conf.compile`` takes them."""
        # Told to the checks even of a text of the user's own.
        return {"behind_nginx": self.behind_nginx, **self.conf_parameters(self._derived())}

    def _derived(self) -> dict[str, Any]:
        """What follows from the topology for srs.conf."""
        conf: dict[str, Any] = {}
        if self.mode == "cluster":
            api = self.ports.get("api", 0)
            conf["cluster"] = {"origin_cluster": True, "coworkers": [f"{host}:{api}" for host in self.hosts]}
            # The servers read the list of coworkers again for each lookup, so a reload is enough when one comes or goes.
            conf["inotify_auto_reload"] = True
        if self.proxy:
            conf["heartbeat"] = {
                "enabled": True,
                "interval": HEARTBEAT_SECONDS,
                "url": f"http://{self.called('Service', names.PROXY_SERVICE)}:{self.proxy.system_port}/api/v1/srs/register",
                "ports": True,
            }
        if self.behind_nginx:
            # SRS numbers segments from 0 again when it restarts, and caches would serve the old segment of that name for minutes.
            conf["hls"] = {"hls_ts_file": "[app]/[stream]-[timestamp]-[seq].ts"}
        if self.held_by_nginx and self.version.major >= DISPOSES_WHEN_IT_QUITS:
            # A server that quits would take its playlists with it and lose its last segment, and on a volume for several also the playlist
            # that another server writes by now (SrsHlsMuxer::dispose). Up to 6.0.172 and 7.0.136 it removes nothing at any other time.
            conf["hls"]["hls_dispose"] = 0
        return conf


def resolve_origin(values: Settings, topology: str, *, behind_nginx: bool, held_by_nginx: bool, serves_hls: bool) -> Origin:
    """The origin from the validated variables of its role."""
    where = "srs_version" if values["srs_origin_version"] == values["srs_version"] else f"{PREFIX}version"
    demo = {key: values[f"srs_demo_publisher_{key}"] for key in ("image", "source", "target")}
    return built(
        Origin,
        PREFIX,
        {key: value for key, value in values.items() if key != f"{PREFIX}proxy"},
        name="origin",
        app=names.ORIGIN,
        labels=names.labels("origin", "origin", topology),
        config_name=f"{names.ORIGIN}-config",
        media=resolve(values["srs_origin_storage"], values["srs_origin_volume"]),
        proxy=resolve_proxy(values["srs_origin_proxy"], topology) if values["srs_origin_mode"] == "proxy" else None,
        demo_publisher=DemoPublisher(values["srs_demo_publisher"], **demo),
        behind_nginx=behind_nginx,
        held_by_nginx=held_by_nginx,
        serves_hls=serves_hls,
        called=names.existing_names(values),
        version=release_that_runs(str(values["srs_origin_version"]), values["srs_origin_image"], where),
    )


def public_addresses(service: Mapping[str, Any] | None) -> list[str]:
    """Where edges elsewhere reach the origin behind such a Service, as host:port; none where its load balancer has no address yet."""
    if not service:
        return []
    hosts = sorted(objects.load_balancer_hosts(service.get("status")))
    port = service["spec"]["ports"][0]["port"]
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host in hosts]
