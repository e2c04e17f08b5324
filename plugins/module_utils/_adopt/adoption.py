# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is there to the variables of an inventory that takes it over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._adopt.normal import normal
from ansible_collections.livestream.srs.plugins.module_utils._adopt.recognise import POD_NAME, Found, Workload, service_of
from ansible_collections.livestream.srs.plugins.module_utils._desired import names, storage
from ansible_collections.livestream.srs.plugins.module_utils._desired.server import CONFIG_FOLDER, FIRST_GUESSING_SOUND
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, ObjectView
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.from_service import slb_of
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.decompile import params_of
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import DEFAULT_VERSION, VHOST
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import find

COPIER = "srs-cp-files"
PLACED = {"nodeSelector": "node_selector", "tolerations": "tolerations", "affinity": "affinity", "priorityClassName": "priority_class_name"}
PROBES = {"startupProbe": "startup_probe", "readinessProbe": "readiness_probe", "livenessProbe": "liveness_probe"}
RTMP, API = 1935, 1985
HTTP_SLB = "hls_nginx_slb"

Variables = dict[str, Any]


class Adoption:
    """The variables, and what could not be said by them."""

    def __init__(self, found: Found, namespace: str, topology: str) -> None:
        self.found = found
        self.notes = list(found.notes)
        self.object_names: dict[str, dict[str, str]] = {}
        self.app_labels: dict[str, str] = {}
        self.services: dict[str, str] = {}  # those that are taken over, by our names
        self.config_owners: dict[str, str] = {}  # edge clusters by the ConfigMap that is theirs
        self.variables: Variables = {"srs_namespace": namespace, "srs_topology": topology, "srs_production_defaults": False}
        self._common()
        self._origin()
        self._edges()
        self._left_over()
        if self.object_names:
            self.variables["srs_object_names"] = self.object_names
        if self.app_labels:
            self.variables["srs_app_labels"] = self.app_labels

    # All

    def _common(self) -> None:
        servers = [*self.found.origins, *self.found.edges]
        first = servers[0]
        self.version = first.version or DEFAULT_VERSION
        for server in servers:
            if server.version is None:
                self.notes.append(
                    f"{server.title}: its image {server.image} doesn't tell the version of SRS, which is taken to be {self.version}: "
                    "set srs_version if it is another one."
                )
        self.image = first.image
        self.variables |= {"srs_version": self.version.major, "srs_image": self.image}
        self.variables |= {"srs_image_pull_policy": (first.srs or {}).get("imagePullPolicy", "IfNotPresent")}
        secrets = [workload.spec.get("imagePullSecrets") for workload in self.found.workloads]
        if secrets[0] and all(item == secrets[0] for item in secrets):
            self.variables["srs_image_pull_secrets"] = secrets[0]

    def _name(self, kind: str, ours: str, theirs: str) -> None:
        if ours != theirs:
            self.object_names.setdefault(kind, {})[ours] = theirs

    def _label(self, ours: str, workload: Workload) -> None:
        if (theirs := workload.labels.get("app", ours)) != ours:
            self.app_labels[ours] = theirs

    def _service(self, ours: str, service: Object, variable: str = "", slb: Variables | None = None) -> None:
        """Takes a Service as the one of that name, unless another one is."""
        if ours in self.services:
            return
        self.services[ours] = service["metadata"]["name"]
        self._name("Service", ours, service["metadata"]["name"])
        if variable and (slb or variable != HTTP_SLB):
            self.variables[variable] = slb or {"enabled": True}

    # The origin

    def _origin(self) -> None:
        if not self.found.origins:
            self.variables |= {"srs_origin_enabled": False}
            return
        first = self.found.origins[0]
        several = first.in_origin_cluster
        container = first.srs or {}
        own: Variables = {"image": first.image, "command": list(container.get("command") or ()), "own_config": bool(first.config_map)}
        if several:
            own |= {"mode": "cluster", "replicas": first.replicas if first.kind == "StatefulSet" else len(self.found.origins)}
            if first.kind == "Deployment":
                own["workload"] = "deployments"
        elif first.replicas != 1:
            own["replicas"] = first.replicas
        for index, workload in enumerate(self.found.origins):
            app = f"{names.ORIGIN}-{index}" if several and workload.kind == "Deployment" else names.ORIGIN
            self._name(workload.kind, app if workload.kind == "StatefulSet" else f"{app}-deployment", workload.name)
            self._label(app, workload)
        if first.config_map:
            self._name("ConfigMap", f"{names.ORIGIN}-config", first.config_map)
            self.config_owners[first.config_map] = "the origin"
            own["config"] = self._config(first, "origin", several)
        media = first.volume(first.mount_of(first.srs, storage.MEDIA))
        own |= self._media(media)
        nginx = self.found.nginx
        inside = first.nginx
        own["static_files"] = self._static_files(first)
        ours = [container, *([inside] if inside else ()), *self._copiers(first, own["static_files"])]
        own |= self._pods(first, container, ours, {media.get("name", ""), first.mount_of(first.srs, CONFIG_FOLDER)})
        self._put("srs_origin_", own, {"image": self.image, "own_config": False, "static_files": "sidecar"})
        self._nginx(nginx, first if inside else None, media.get("name", ""))
        self._origin_services(several)

    def _media(self, volume: Object) -> Variables:
        source = {key: value for key, value in volume.items() if key != "name"}
        if "persistentVolumeClaim" in source:
            return {"storage": {"type": "pvc", "existing_claim": source["persistentVolumeClaim"]["claimName"]}}
        empty = source.get("emptyDir")
        if empty is not None or not source:
            given = {"medium": (empty or {}).get("medium"), "size_limit": (empty or {}).get("sizeLimit")}
            kept = {key: value for key, value in given.items() if value}
            return {"storage": {"type": "emptydir", **kept}} if kept else {}
        return {"volume": source}

    @staticmethod
    def _static_files(origin: Workload) -> str:
        for key, way in (("containers", "sidecar"), ("initContainers", "init")):
            if any(item["name"] == COPIER for item in origin.spec.get(key) or ()):
                return way
        return "none"

    @staticmethod
    def _copiers(origin: Workload, way: str) -> list[Object]:
        return [item for item in origin.spec["containers"] if item["name"] == COPIER] if way == "sidecar" else []

    def _nginx(self, apart: Workload | None, beside: Workload | None, media: str) -> None:
        workload = apart or beside
        if not workload or not workload.nginx:
            self.variables["hls_nginx_enabled"] = False
            return
        own: Variables = {"image": workload.nginx["image"]}
        if apart:
            own |= {"mode": "deployment", "replicas": apart.replicas}
            self._name("Deployment", f"{names.NGINX_ORIGIN}-deployment", apart.name)
            self._label(names.NGINX_ORIGIN, apart)
            volumes = {volume["name"] for volume in apart.spec.get("volumes") or () if "persistentVolumeClaim" in volume}
            own |= self._pods(apart, workload.nginx, [workload.nginx], volumes)
        else:
            own |= self._container(workload.nginx, {media})
        for key in ("env", "pod_labels", "pod_annotations"):  # it has no such variables
            own.pop(key, None)
        self._put("hls_nginx_", own, {"image": "nginx"})

    def _origin_services(self, several: bool) -> None:
        found = self.found
        for service in found.services:
            spec = service_of(service)
            selector, ports = spec.get("selector") or {}, {port["port"] for port in spec.get("ports") or ()}
            chosen = [index for index, workload in enumerate(found.origins) if workload.is_selected_by(selector)]
            outside = spec.get("type", "ClusterIP") != "ClusterIP"
            slb = slb_of(spec, _annotations(service))
            if found.nginx and found.nginx.is_selected_by(selector):
                self._service(names.HTTP_SERVICE, service, HTTP_SLB, slb)
            elif not chosen:
                continue
            elif several and spec.get("clusterIP") == "None" and found.origins[0].kind == "StatefulSet":
                self._service(names.ORIGIN_PEERS, service)
            elif several and (POD_NAME in selector or ports == {API}):
                self._service(names.ORIGIN_API_SERVICE, service, "srs_origin_api_slb", slb)
            elif several and found.origins[0].kind == "Deployment" and len(chosen) == 1 and not outside:
                self._service(f"{names.ORIGIN}-{chosen[0]}-{names.ORIGIN_PEERS}", service)
            elif RTMP in ports and outside:
                self._service(names.ORIGIN_PUBLIC_SERVICE, service, "srs_origin_slb", slb)
            elif RTMP in ports:
                self._service(names.ORIGIN_SERVICE, service)
            elif found.origins[0].nginx:
                self._service(names.HTTP_SERVICE, service, HTTP_SLB, slb)
        if self.variables.get("hls_nginx_enabled", True) and names.HTTP_SERVICE not in self.services:
            self.variables[HTTP_SLB] = {"enabled": False}

    # The edges

    def _edges(self) -> None:
        clusters: list[Variables] = []
        if not self.found.edges:
            self.variables |= {"srs_edge_allow_none": True, "srs_edge_clusters": []}
            return
        called = _cluster_names(self.found.edges)
        # What several have in common belongs to the last: a canary made by hand is the newer one, which stays.
        order = list(reversed(list(zip(called, self.found.edges, strict=True))))
        for name, edge in order:
            clusters.insert(0, self._edge(name, edge))
        self.variables["srs_edge_clusters"] = clusters

    def _edge(self, name: str, edge: Workload) -> Variables:
        app = names.edge_app(name)
        container = edge.srs or {}
        own: Variables = {"name": name, "replicas": edge.replicas, "command": list(container.get("command") or ())}
        if edge.image != self.image:
            own["image"] = edge.image
        if edge.version and edge.version.major != self.version.major:
            own["version"] = edge.version.major
        self._name("Deployment", f"{app}-deployment", edge.name)
        self._label(app, edge)
        if edge.config_map and edge.config_map not in self.config_owners:
            self._name("ConfigMap", f"{app}-config", edge.config_map)
            self.config_owners[edge.config_map] = f"edge cluster '{name}'"
        elif edge.config_map:
            self.notes.append(
                f"{edge.title} has the ConfigMap {edge.config_map} in common with {self.config_owners[edge.config_map]}, to which it "
                f"belongs: its pods go on with it, and a change of the config of {name} reaches none of them until its patch leaves "
                "srs_patches."
            )
        if config := self._config(edge, "edge", False):
            own["config"] = config
            own |= self._upstream(config)
        own |= self._pods(edge, container, [container], {edge.mount_of(container, CONFIG_FOLDER)})
        own |= self._autoscale(edge, app)
        if own.get("autoscale"):
            del own["replicas"]
        return {**own, **self._edge_service(edge, app)}

    def _upstream(self, config: Variables) -> Variables:
        """The origin that an edge pulls from, where it doesn't follow from the topology."""
        pulled = config.pop("origin", None)
        if not pulled or pulled == [self.services.get(names.ORIGIN_SERVICE)]:
            return {}
        if pulled == self._hosts():
            self.variables["srs_origin_addresses"] = "pods"
            return {}
        # By its bare name it would be the origin of this inventory, which has none.
        return {"origin": [f"{host}:{RTMP}" if host == names.ORIGIN_SERVICE else host for host in pulled]}

    def _hosts(self) -> list[str]:
        """The host names of the origins of a cluster."""
        origins = self.found.origins
        if not origins or not origins[0].in_origin_cluster:
            return []
        if origins[0].kind == "StatefulSet":
            return [f"{origins[0].name}-{index}.{self.services.get(names.ORIGIN_PEERS)}" for index in range(origins[0].replicas)]
        return [str(self.services.get(f"{names.ORIGIN}-{index}-{names.ORIGIN_PEERS}")) for index in range(len(origins))]

    def _edge_service(self, edge: Workload, app: str) -> Variables:
        mine = [
            service
            for service in self.found.services
            if service["metadata"]["name"] not in self.services.values() and edge.is_selected_by(service["spec"].get("selector") or {})
        ]
        # Of several the one that players come to.
        mine.sort(key=lambda service: service["spec"].get("type") not in ("LoadBalancer", "NodePort"))
        if not mine:
            return {"service": False}
        service, spec = mine[0], service_of(mine[0])
        self._service(f"{app}-service", service)
        found: Variables = {}
        if slb := slb_of(spec, _annotations(service)):
            found["slb"] = slb
        if any(port.get("targetPort", port["port"]) == API for port in spec.get("ports") or ()):
            found["expose_http_api"] = True
            if spec.get("type") == "LoadBalancer":
                self.notes.append(
                    f"Service {service['metadata']['name']} has the HTTP API at its load balancer, and it stays there: "
                    f"set expose_http_api of edge cluster '{_cluster_of(app)}' to false when nobody needs it."
                )
        return found

    def _autoscale(self, edge: Workload, app: str) -> Variables:
        for scaler in self.found.autoscalers:
            spec, name = scaler["spec"], scaler["metadata"]["name"]
            if (spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"]) != ("Deployment", edge.name):
                continue
            metrics = spec.get("metrics") or []
            target = ((metrics[0].get("resource") or {}).get("target") or {}) if len(metrics) == 1 else {}
            if "averageUtilization" not in target or metrics[0]["resource"]["name"] != "cpu":
                self.notes.append(
                    f"HorizontalPodAutoscaler {name} goes by more than the share of CPU: it is left as it is, and a run sets the replicas "
                    f"of {edge.title}; say it with srs_edge_autoscale, and delete it."
                )
                return {}
            self._name("HorizontalPodAutoscaler", app, name)
            return {"autoscale": {"min": spec.get("minReplicas", 1), "max": spec["maxReplicas"], "cpu": target["averageUtilization"]}}
        return {}

    # Pods

    def _pods(self, workload: Workload, container: Object, ours: list[Object], volumes: set[str]) -> Variables:
        """What pods have that variables say; ``ours`` are the containers and ``volumes`` those that other variables bring."""
        spec, own = workload.spec, self._container(container, volumes)
        own |= {variable: spec[field] for field, variable in PLACED.items() if spec.get(field)}
        if spec.get("hostNetwork"):
            own["host_network"] = True
        if more := [item for item in spec["containers"] if item not in ours]:
            own["sidecars"] = more
        if extra := [volume for volume in spec.get("volumes") or () if volume["name"] not in volumes]:
            own["extra_volumes"] = extra
        metadata = workload.template.get("metadata") or {}
        labels = {key: value for key, value in workload.labels.items() if key != "app"}
        own |= {key: value for key, value in (("pod_labels", labels), ("pod_annotations", metadata.get("annotations"))) if value}
        return own

    @staticmethod
    def _container(container: Object, volumes: Iterable[str]) -> Variables:
        own: Variables = {key: container[key] for key in ("resources", "env") if container.get(key)}
        own |= {variable: container[field] for field, variable in PROBES.items() if container.get(field)}
        mounts = [mount for mount in container.get("volumeMounts") or () if mount["name"] not in volumes]
        return {**own, **({"extra_volume_mounts": mounts} if mounts else {})}

    def _config(self, workload: Workload, role: str, several: bool) -> Variables:
        """The srs.conf as parameters, without what follows from the topology."""
        where = f"ConfigMap {workload.config_map}"
        version = workload.version or self.version
        try:
            params = params_of(workload.text, version=version, role=role, where=where)
        except SrsError as error:
            self.notes.append(f"{workload.title}: its srs.conf can't be taken over as it is: {error.message}")
            return {"conf": workload.text}
        del params["srs_version"]
        if pid := find(workload.tree, "pid"):
            # A pod may have just that folder to write to.
            params["pid"] = pid.arg0
        for block in [params, *(params.get("vhosts") or ())]:
            _keep(block, version)
        if several:
            for block in [params, *(params.get("vhosts") or ())]:
                cluster = {key: value for key, value in block.get("cluster", {}).items() if key not in ("coworkers", "origin_cluster")}
                block.pop("cluster", None)
                block |= {"cluster": cluster} if cluster else {}
        return params

    def _put(self, prefix: str, own: Variables, defaults: Mapping[str, Any]) -> None:
        always = ("command",)
        self.variables |= {f"{prefix}{key}": value for key, value in own.items() if key in always or value != defaults.get(key)}

    # What is left

    def _left_over(self) -> None:
        workloads = self.found.workloads
        for service in self.found.services:
            name, selector = service["metadata"]["name"], service["spec"].get("selector") or {}
            if name not in self.services.values() and any(workload.is_selected_by(selector) for workload in workloads):
                self.notes.append(
                    f"Service {name} is one more in front of the same pods: it is left as it is, and goes on as long as pods have the "
                    f"labels {', '.join(f'{key}={value}' for key, value in sorted(selector.items()))}."
                )
        for workload in workloads:
            container = workload.srs
            if container and container["name"] != "srs":
                self.notes.append(
                    f"{workload.title}: its container of SRS is called {container['name']}, and not srs: it can't be renamed without new "
                    "pods, and the status doesn't see its streams until then."
                )
            if workload.config_map and workload.config_key != "srs.conf":
                self.notes.append(
                    f"{workload.title} reads {workload.config_key} of ConfigMap {workload.config_map}: that key stays as it is by a patch, "
                    "and the config of the inventory is in srs.conf beside it, for the next pods."
                )


def _keep(block: Variables, version: Release) -> None:
    """Says what the server does by itself where a topology of ours would say otherwise, so that a reload changes nothing for streams."""
    hls, remux = block.get("hls", {}), block.get("http_remux", {})
    default = (VHOST["hls"].children or {})["hls_ts_file"].default_of(version)
    if hls.get("enabled") and default:
        hls.setdefault("hls_ts_file", default)
    if remux.get("enabled") and version.major >= FIRST_GUESSING_SOUND:
        remux.setdefault("guess_has_av", True)


def _annotations(service: ObjectView) -> dict[str, str]:
    return dict(normal(service)["metadata"].get("annotations") or {})


def _cluster_of(app: str) -> str:
    return names.FIRST_EDGE if app == names.edge_app(names.FIRST_EDGE) else app.removeprefix(f"{names.edge_app(names.FIRST_EDGE)}-")


def _cluster_names(edges: Iterable[Workload]) -> list[str]:
    """Names of edge clusters, from those of their Deployments: ``srs-edge-cdn-a-deploy`` is ``cdn-a``."""
    found: list[str] = []
    for edge in edges:
        stem = re.sub(r"-(deploy|deployment)$", "", edge.name)
        name = names.FIRST_EDGE if stem in ("srs-edge", "srs-edges") else stem.removeprefix("srs-edge-").replace(".", "-")[:40].strip("-")
        while name in found or f"-{name}".endswith("-canary"):
            name = f"{name}-{len(found) + 1}"
        found.append(name)
    return found
