# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the origin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import cleanup, names, storage
from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Common
from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import apps
from ansible_collections.livestream.srs.plugins.module_utils._desired.nginx import READER
from ansible_collections.livestream.srs.plugins.module_utils._desired.origin import Endpoint, Origin, Workload
from ansible_collections.livestream.srs.plugins.module_utils._desired.topology import Topology
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._labels import CONFIG_CHECKSUM, NGINX_CONFIG_CHECKSUM, RESTART_CHECKSUM
from ansible_collections.livestream.srs.plugins.module_utils._manifests import nginx_objects, parts, proxy_objects
from ansible_collections.livestream.srs.plugins.module_utils._manifests.container import config_mount, container, srs_container, srs_volumes
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.manifest import Deployed, deploy
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.render import checksum

HTML = "/tmp/html"
SHELL = ["/bin/sh", "-c"]


@dataclass
class Files:
    """Files of the roles that objects hold."""

    cleanup_script: str
    publish_script: str
    dashboard: str
    reader: dict[str, str]  # of the nginx that reads what SRS writes: its config, and what that takes
    cache: dict[str, str]  # of the caches, likewise


def origin_objects(topology: Topology, files: Files) -> Iterator[Object]:
    """All objects of the origin; raises SrsError with all that is wrong with its srs.conf."""
    common, origin = topology.common, topology.origin
    deployed = deploy("origin", origin.srs_conf, common.namespace, "srs_origin") if origin.own_config else None
    if deployed:
        yield deployed.config_map
    if claim := origin.media.claim:
        yield parts.manifest("v1", "PersistentVolumeClaim", common, claim["name"], origin.labels, spec=claim["spec"])
    yield from (_workload(topology, workload, deployed, files) for workload in origin.workloads)
    yield from _services(common, origin)
    if origin.several and origin.pod_disruption_budget:
        yield parts.disruption_budget(common, origin.app, origin.labels, origin.selector)
    if origin.demo_publisher.enabled:
        yield _demo(common, origin, files.publish_script)
    if origin.cleanup["enabled"]:
        yield _cleanup(common, origin, files.cleanup_script)
    if origin.network_policy:
        yield parts.network_policy(common, origin.app, origin.labels, origin.selector, _rules(topology))
    yield from proxy_objects.proxy_objects(topology)


def _services(common: Common, origin: Origin) -> Iterator[Object]:
    def public(endpoint: Endpoint, slb: Mapping[str, Any], variable: str) -> Object:
        return parts.public_service(common, endpoint.name, origin.labels, endpoint.selector, endpoint.ports, slb, variable)

    yield parts.service(common, origin.service.name, origin.labels, origin.service.selector, origin.service.ports)
    if origin.public_service:
        yield public(origin.public_service, origin.slb, "srs_origin_slb")
    for peer in origin.peer_services:
        # The others may ask while it starts, and its own clients while it drains.
        headless = parts.HEADLESS if peer.headless else {}
        yield parts.service(common, peer.name, origin.labels, {"app": peer.app}, origin.peer_ports, **headless)
    if origin.several:
        yield public(origin.api_service, origin.api_slb, "srs_origin_api_slb")


def _workload(topology: Topology, workload: Workload, deployed: Deployed | None, files: Files) -> Object:
    common, origin = topology.common, topology.origin
    labels = {"app": workload.app, **origin.labels}
    spec: dict[str, Any] = {"replicas": workload.replicas, "selector": {"matchLabels": {"app": workload.app}}}
    if origin.kind == "StatefulSet":
        spec["serviceName"] = origin.peer_services[0].name
        # One by one, from the last to the first, each when the one before it is ready.
        spec["updateStrategy"] = {"type": "RollingUpdate"}
        if origin.graceful:
            spec["revisionHistoryLimit"] = 10
    elif origin.graceful:
        spec |= parts.rolling(1, origin.host_network)
    if origin.kind == "Deployment" and origin.recreate:
        spec["strategy"] = {"type": "Recreate"}
    spec["template"] = {"metadata": _pod_metadata(topology, workload, deployed, files), "spec": _pod_spec(topology, deployed)}
    return parts.manifest("apps/v1", origin.kind, common, workload.name, labels, spec=spec)


def _pod_metadata(topology: Topology, workload: Workload, deployed: Deployed | None, files: Files) -> dict[str, Any]:
    common, origin = topology.common, topology.origin
    standard = common.production_defaults or "app" not in origin.selector
    labels = {"app": workload.app, **(origin.labels if standard else {}), **origin.pod_labels}
    annotations = {**(_checksums(topology, deployed, files) if origin.config_checksum else {}), **origin.pod_annotations}
    return {"labels": labels, **parts.present(annotations=annotations)}


def _checksums(topology: Topology, deployed: Deployed | None, files: Files) -> dict[str, str]:
    found = {}
    if deployed and topology.origin.mode == "cluster":
        # Origins of a cluster take a new list of coworkers by a reload, and need no restart for it.
        found[RESTART_CHECKSUM] = checksum(re.sub("coworkers [^;]*;", "", deployed.text))
    elif deployed:
        found[CONFIG_CHECKSUM] = deployed.checksum
    if topology.nginx.sidecar and topology.nginx.own_config:
        found[NGINX_CONFIG_CHECKSUM] = nginx_objects.files_checksum(files.reader)
    return found


def _pod_spec(topology: Topology, deployed: Deployed | None) -> dict[str, Any]:
    common, origin, nginx = topology.common, topology.origin, topology.nginx
    mounts = [{"name": "cache-volume", "mountPath": storage.MEDIA}, *([config_mount()] if deployed else [])]
    env = [_device_id()] if origin.proxy else []
    stays = nginx.sidecar_stays_seconds
    ends = stays + nginx_objects.GRACE_SECONDS if nginx.sidecar and nginx.holds else 0
    containers = [srs_container(common, origin, deployed, env, mounts)]
    volumes: list[dict[str, Any]] = [{"name": "cache-volume", **origin.media.source}]
    if deployed:
        volumes.append({"name": "config-volume", "configMap": {"name": origin.config_name}})
    if nginx.sidecar:
        containers.append(nginx_objects.nginx_container(common, nginx, READER, stays))
        volumes += nginx_objects.nginx_volumes(nginx, READER)
        volumes += nginx.extra_volumes
    if origin.static_files == "sidecar":
        containers.append(_tutorials_copier(common, origin))
    return {
        **(parts.restricted_pod(low_ports=origin.opens_low_ports and not origin.host_network) if origin.security else {}),
        **({"terminationGracePeriodSeconds": max(origin.grace.period, ends)} if origin.grace else {}),
        **parts.placed(origin, common),
        **parts.present(topologySpreadConstraints=parts.spread(origin.selector) if origin.several and origin.spread else None),
        **({"initContainers": [_copier(common, origin)]} if origin.static_files == "init" else {}),
        "containers": [*containers, *origin.sidecars],
        "volumes": [*volumes, *srs_volumes(origin, deployed)],
    }


def _device_id() -> dict[str, Any]:
    """What a server can't have from the config that it shares with the others."""
    return {"name": "SRS_HEARTBEAT_DEVICE_ID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}


def _copier(common: Common, origin: Origin) -> dict[str, Any]:
    """SRS's own pages and players are in the image, under the folder that the shared volume hides."""
    return container(
        common,
        "srs-cp-files",
        origin.image,
        restricted=origin.security,
        command=[*SHELL, f"cp -R {storage.MEDIA}/. {HTML}/"],
        resources=origin.resources,
        volumeMounts=[{"name": "cache-volume", "mountPath": HTML}],
    )


def _tutorials_copier(common: Common, origin: Origin) -> dict[str, Any]:
    """The same as the tutorial does it."""
    script = f"if [[ ! -f {HTML}/index.html ]]; then\n  cp -R ./objs/nginx/html/* {HTML}\nfi && sleep infinity\n"
    return container(
        common,
        "srs-cp-files",
        origin.image,
        restricted=False,
        command=["/bin/sh"],
        args=["-c", script],
        volumeMounts=[{"name": "cache-volume", "mountPath": HTML}],
    )


def _demo(common: Common, origin: Origin, script: str) -> Object:
    """A stream to look at."""
    demo = origin.demo_publisher
    labels = names.labels("demo", "demo", common.topology)
    encoder = container(
        common,
        "encoder",
        demo.image,
        restricted=origin.security,
        command=SHELL,
        args=[script, "publish.sh", demo.source, demo.target],
        resources={"requests": {"cpu": "50m", "memory": "64Mi"}},
    )
    return parts.deployment(
        common,
        f"{names.DEMO}-deployment",
        names.DEMO,
        labels,
        replicas=1,
        # Never two of them: the second publisher of a stream is refused.
        strategy={"type": "Recreate"},
        selector={"matchLabels": {"app": names.DEMO}},
        template={
            "metadata": {"labels": {"app": names.DEMO, **(labels if common.production_defaults else {})}},
            "spec": {
                **parts.WITHOUT_API,
                **(parts.restricted_pod(group=False) if origin.security else {}),
                "terminationGracePeriodSeconds": 5,
                **parts.present(imagePullSecrets=common.image_pull_secrets),
                "containers": [encoder],
            },
        },
    )


def _cleanup(common: Common, origin: Origin, script: str) -> Object:
    """Removes old media, where the volume is mounted."""
    given = origin.cleanup
    labels = names.labels("origin", "cleanup", common.topology)
    worker = container(
        common,
        "cleanup",
        given.get("image") or origin.image,
        restricted=origin.security,
        command=SHELL,
        args=[script, "cleanup.sh", *cleanup.arguments(given)],
        resources={"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        volumeMounts=[{"name": "media", "mountPath": storage.CLEANED}],
    )
    pod = {
        "restartPolicy": "Never",
        **parts.WITHOUT_API,
        **(parts.restricted_pod() if origin.security else {}),
        **parts.present(
            imagePullSecrets=common.image_pull_secrets,
            nodeSelector=origin.node_selector,
            tolerations=origin.tolerations,
            # A disk that one node at a time may mount is mounted where the origin is.
            affinity=_beside(origin.selector) if origin.media.access_mode == "ReadWriteOnce" else None,
        ),
        "containers": [worker],
        "volumes": [{"name": "media", **origin.media.source}],
    }
    spec = {
        "schedule": given["schedule"],
        **parts.present(timeZone=given.get("time_zone")),
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {
            "spec": {
                "backoffLimit": 2,
                "ttlSecondsAfterFinished": 86400,
                "template": {"metadata": {"labels": {"app": names.CLEANUP, **labels}}, "spec": pod},
            }
        },
    }
    return parts.manifest("batch/v1", "CronJob", common, names.CLEANUP, labels, spec=spec)


def _beside(selector: Mapping[str, str]) -> dict[str, Any]:
    term = {"topologyKey": parts.HOST, "labelSelector": {"matchLabels": dict(selector)}}
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def _rules(topology: Topology) -> Iterator[parts.Rule]:
    origin, nginx = topology.origin, topology.nginx
    # The SRS ports: the edge clusters of this topology (or the proxy, which stands between), the other origins that ask this one, and who
    # is named in srs_origin_network_policy_from.
    peers = parts.pods_of([origin.proxy.app] if origin.proxy else [*apps(topology.edges), *origin.publishers])
    if origin.mode == "cluster":
        peers.append(parts.pods_with(origin.selector))
    peers += origin.network_policy_from
    if peers:
        yield parts.opened((port["containerPort"] for port in origin.container_ports), peers)
    if nginx.sidecar:
        # HLS: everybody, or the caches alone that stand between.
        caches = [parts.pods_with(nginx.selector)] if nginx.mode == "cache" else None
        yield parts.opened(nginx_objects.reader_ports(nginx), caches)
        if nginx.peers_port:
            yield parts.opened([nginx.peers_port], [parts.pods_with(nginx.reader_selector)])
    elif nginx.asks_srs and not origin.proxy:
        yield parts.opened([origin.ports["http"]], [parts.pods_with(nginx.selector)])
    metrics = [origin.ports.get("exporter", 0), nginx.metrics_port if nginx.sidecar else 0]
    if any(metrics):
        yield parts.opened(filter(None, metrics), topology.monitoring.allowed_from)
