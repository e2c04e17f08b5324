# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is what among the objects of a namespace: told by what they are, and not by their names.

A container is SRS by its image, its command or a srs.conf that it has mounted; an edge by that srs.conf; nginx by its image; and a Service
belongs to the pods that it selects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ansible_collections.livestream.srs.plugins.module_utils._adopt.normal import normal, template_of
from ansible_collections.livestream.srs.plugins.module_utils._desired import storage
from ansible_collections.livestream.srs.plugins.module_utils._desired.server import CONFIG_FOLDER
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, ObjectView
from ansible_collections.livestream.srs.plugins.module_utils._labels import MANAGED_BY, OWNER
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release, release_of_image
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.decompile import role_of
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import DEFAULT_VERSION
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.transform import modernise
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive

POD_NAME = "statefulset.kubernetes.io/pod-name"
NGINX_ROOT = "/usr/share/nginx/html"

SRS_IMAGE = re.compile(r"(^|/)(srs|srs-server|oryx)$")
NGINX_IMAGE = re.compile(r"(^|/)(nginx|nginx-unprivileged|openresty|tengine)$")
PROGRAM = re.compile(r"(^|/)objs/srs$")
CONF_FILE = re.compile(r"-c\s+(\S+)")


@dataclass
class Workload:
    """A Deployment or StatefulSet in which SRS or nginx runs."""

    live: Object
    template: Object  # without defaults
    srs: Object | None = None  # the container
    nginx: Object | None = None
    config_map: str = ""  # that holds its srs.conf
    config_key: str = ""
    text: str = ""
    tree: list[Directive] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return str(self.live["kind"])

    @property
    def name(self) -> str:
        return str(self.live["metadata"]["name"])

    @property
    def title(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def labels(self) -> dict[str, str]:
        """Of its pods."""
        return dict((self.template.get("metadata") or {}).get("labels") or {})

    @property
    def spec(self) -> Object:
        """Of its pods."""
        return dict(self.template["spec"])

    @property
    def replicas(self) -> int:
        return int(self.live["spec"].get("replicas", 1))

    @property
    def image(self) -> str:
        return str((self.srs or self.nginx or {}).get("image", ""))

    @property
    def version(self) -> Release | None:
        """The release of SRS, as the tag of its image tells it."""
        return release_of_image(self.image)

    @property
    def in_origin_cluster(self) -> bool:
        return any(cluster.value("origin_cluster") == "on" for cluster in self._clusters())

    @property
    def upstream(self) -> list[str]:
        """The hosts that it pulls from."""
        return [host.partition(":")[0] for cluster in self._clusters() if (one := cluster.get("origin")) for host in one.args]

    def _clusters(self) -> Iterator[Directive]:
        for vhost in self.tree:
            if vhost.name == "vhost" and (cluster := vhost.get("cluster")):
                yield cluster

    def mount_of(self, container: ObjectView | None, path: str) -> str:
        """The name of the volume that a container has mounted there; "" without one."""
        mounts = (container or {}).get("volumeMounts") or ()
        return next((str(mount["name"]) for mount in mounts if mount["mountPath"].rstrip("/") == path), "")

    def volume(self, name: str) -> Object:
        """A volume of its pods; {} where there is none of that name."""
        return next((dict(volume) for volume in self.spec.get("volumes") or () if volume["name"] == name), {})

    def is_selected_by(self, selector: Mapping[str, str]) -> bool:
        labels = dict(self.labels)
        if self.kind == "StatefulSet" and (pod := selector.get(POD_NAME, "")).startswith(f"{self.name}-"):
            labels[POD_NAME] = pod
        return bool(selector) and selector.items() <= labels.items()


@dataclass
class Found:
    """What a namespace has."""

    origins: list[Workload] = field(default_factory=list)
    edges: list[Workload] = field(default_factory=list)
    nginx: Workload | None = None  # in pods of its own
    services: list[Object] = field(default_factory=list)
    config_maps: dict[str, Object] = field(default_factory=dict)
    claims: dict[str, Object] = field(default_factory=dict)
    autoscalers: list[Object] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what is left as it is, and why

    @property
    def workloads(self) -> list[Workload]:
        return [*self.origins, *self.edges, *([self.nginx] if self.nginx else [])]

    def live(self, kind: str, name: str) -> Object | None:
        """An object that there is."""
        if kind == "ConfigMap":
            return self.config_maps.get(name)
        among = self.services if kind == "Service" else [workload.live for workload in self.workloads]
        return next((item for item in among if item["kind"] == kind and item["metadata"]["name"] == name), None)


def recognise(objects: Iterable[ObjectView]) -> Found:
    """The topology among the objects of a namespace; raises SrsError where there is no SRS that was made by hand."""
    by_kind: dict[str, list[Object]] = {}
    found = Found()
    for item in objects:
        if ((item["metadata"].get("labels") or {}).get(MANAGED_BY)) == OWNER:
            if item["kind"] in ("Deployment", "StatefulSet"):
                found.notes.append(f"{item['kind']} {item['metadata']['name']} is of this collection already, and is left out.")
            continue
        by_kind.setdefault(item["kind"], []).append(dict(item))
    found.services = by_kind.get("Service", [])
    found.config_maps = {item["metadata"]["name"]: item for item in by_kind.get("ConfigMap", ())}
    found.claims = {item["metadata"]["name"]: item for item in by_kind.get("PersistentVolumeClaim", ())}
    found.autoscalers = by_kind.get("HorizontalPodAutoscaler", [])
    read = [_read(item, found.config_maps) for kind in ("Deployment", "StatefulSet") for item in by_kind.get(kind, ())]
    read.sort(key=lambda workload: workload.name)
    _sort(found, read)
    if not found.origins and not found.edges:
        raise SrsError("There is no SRS that was made by hand in this namespace: no Deployment or StatefulSet has a container of it.")
    return found


def _read(item: Object, config_maps: Mapping[str, ObjectView]) -> Workload:
    workload = Workload(item, template_of(item))
    for container in workload.spec["containers"]:
        if workload.srs is None and _is_srs(container):
            workload.srs = container
        elif workload.nginx is None and NGINX_IMAGE.search(_repository(container)):
            workload.nginx = container
    if workload.srs:
        _read_config(workload, workload.srs, config_maps)
    return workload


def _is_srs(container: ObjectView) -> bool:
    """Whether SRS runs in it; its image is also used to copy files and to publish."""
    words = _words(container)
    if any(PROGRAM.search(word) for word in words):
        return True
    tag = container["image"].partition("@")[0].rpartition("/")[2].partition(":")[2]
    return not words and bool(SRS_IMAGE.search(_repository(container))) and not tag.startswith("encoder")


def _words(container: ObjectView) -> list[str]:
    return [str(word) for word in (*(container.get("command") or ()), *(container.get("args") or ()))]


def _repository(container: ObjectView) -> str:
    image = str(container.get("image", "")).partition("@")[0]
    folder, slash, name = image.rpartition("/")
    return f"{folder}{slash}{name.partition(':')[0]}"


def _read_config(workload: Workload, container: ObjectView, config_maps: Mapping[str, ObjectView]) -> None:
    """Finds the srs.conf of a server."""
    named = CONF_FILE.search(" ".join(_words(container)))
    file = (named[1] if named else "conf/srs.conf").rpartition("/")[2]
    for mount in container.get("volumeMounts") or ():
        path = mount["mountPath"].rstrip("/")
        reference = workload.volume(mount["name"]).get("configMap") or {}
        data = (config_maps.get(reference.get("name", "")) or {}).get("data") or {}
        items = {item["path"]: item["key"] for item in reference.get("items") or ()}
        inside = mount.get("subPath") or file
        key = items.get(inside, inside)
        if key not in data and path == CONFIG_FOLDER and not mount.get("subPath"):
            key = next((name for name in data if name.endswith(".conf")), key)
        if key in data and (path == CONFIG_FOLDER or path.endswith(".conf") or named):
            workload.config_map, workload.config_key, workload.text = reference["name"], key, data[key]
            break
    try:
        version = workload.version or DEFAULT_VERSION
        workload.tree = modernise(parse(workload.text, version.major), version)[0]
    except SrsError:
        workload.tree = []  # what is wrong with it is said where it is made parameters of


def _sort(found: Found, workloads: Iterable[Workload]) -> None:
    origins, readers = [], []
    for workload in workloads:
        if workload.srs is None:
            if workload.nginx:
                readers.append(workload)
            elif any(SRS_IMAGE.search(_repository(container)) for container in workload.spec["containers"]):
                found.notes.append(f"{workload.title} has an image of SRS and runs something else: it is left as it is.")
            continue
        if role_of(workload.tree) == "edge":
            if workload.kind == "Deployment":
                found.edges.append(workload)
            else:
                found.notes.append(f"{workload.title} runs edges: edges are Deployments here, and it is left as it is.")
        else:
            origins.append(workload)
    found.origins = _origins(found, origins)
    media = [workload.volume(workload.mount_of(workload.srs, storage.MEDIA)) for workload in found.origins]
    shared = [volume["persistentVolumeClaim"]["claimName"] for volume in media if "persistentVolumeClaim" in volume]
    for workload in readers:
        claims = [
            volume["persistentVolumeClaim"]["claimName"]
            for volume in workload.spec.get("volumes") or ()
            if "persistentVolumeClaim" in volume
        ]
        if found.nginx is None and set(claims) & set(shared):
            found.nginx = workload
        else:
            found.notes.append(f"{workload.title} runs nginx that shares no volume with an origin: it is left as it is.")


def _origins(found: Found, candidates: list[Workload]) -> list[Workload]:
    """Those that are the origin of one topology; the others are noted."""
    pulled = {host.partition(".")[2].partition(".")[0] or host for edge in found.edges for host in edge.upstream}
    pulled |= {host for edge in found.edges for host in edge.upstream}
    selectors = [service["spec"].get("selector") or {} for service in found.services if service["metadata"]["name"] in pulled]
    ranked = sorted(candidates, key=lambda workload: not any(workload.is_selected_by(selector) for selector in selectors))
    taken = ranked[:1]
    if taken and taken[0].in_origin_cluster and taken[0].kind == "Deployment":
        taken = [workload for workload in candidates if workload.in_origin_cluster and workload.kind == "Deployment"]
    elif taken and taken[0].kind == "StatefulSet" and not taken[0].in_origin_cluster:
        found.notes.append(
            f"{taken[0].title} runs an origin that is no origin cluster: such a one is a Deployment here, and it is left as it is."
        )
        taken = []
    for workload in candidates:
        if workload not in taken and not any(workload.title in note for note in found.notes):
            found.notes.append(
                f"{workload.title} is a second origin: a topology has one, so give it an inventory of its own; it is left as it is."
            )
    return taken


def service_of(item: ObjectView) -> Object:
    """The spec of a Service, without defaults."""
    return dict(normal(item)["spec"])
