# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the proxy of SRS 7."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import names
from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import apps
from ansible_collections.livestream.srs.plugins.module_utils._desired.proxy import Proxy
from ansible_collections.livestream.srs.plugins.module_utils._desired.server import service_port
from ansible_collections.livestream.srs.plugins.module_utils._desired.topology import Topology
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._manifests import parts
from ansible_collections.livestream.srs.plugins.module_utils._manifests.container import TMP_MOUNT, TMP_VOLUME, container


def proxy_objects(topology: Topology) -> Iterator[Object]:
    """All objects of the proxy, if there is one."""
    common, origin, proxy = topology.common, topology.origin, topology.origin.proxy
    if not proxy:
        return
    selector = {"app": proxy.app}
    yield _deployment(topology, proxy)
    # Where the origins register. Whoever reaches it can become an origin, so it never has a load balancer.
    system = [service_port("system", proxy.system_port, proxy.system_port)]
    yield parts.service(common, names.PROXY_SERVICE, proxy.labels, selector, system)
    if proxy.public:
        where = "srs_origin_proxy.slb"
        yield parts.public_service(common, names.PROXY_PUBLIC_SERVICE, proxy.labels, selector, proxy.service_ports, proxy.slb, where)
    if origin.network_policy:
        yield parts.network_policy(common, proxy.app, proxy.labels, selector, _rules(topology, proxy))


def _deployment(topology: Topology, proxy: Proxy) -> Object:
    common, origin = topology.common, topology.origin
    labels = {"app": proxy.app, **(proxy.labels if common.production_defaults else {}), **origin.pod_labels}
    return parts.deployment(
        common,
        f"{proxy.app}-deployment",
        proxy.app,
        proxy.labels,
        replicas=proxy.replicas,
        **(parts.rolling(1) if origin.graceful else {}),
        selector={"matchLabels": {"app": proxy.app}},
        template={"metadata": {"labels": labels}, "spec": _pod_spec(topology, proxy)},
    )


def _pod_spec(topology: Topology, proxy: Proxy) -> dict[str, Any]:
    common, origin = topology.common, topology.origin
    probes = {"readinessProbe": parts.probe("rtmp", parts.READINESS), "livenessProbe": parts.probe("rtmp", parts.LIVENESS)}
    program = container(
        common,
        "srs-proxy",
        proxy.image,
        restricted=origin.security,
        command=proxy.command,
        env=proxy.env,
        ports=proxy.container_ports,
        resources=proxy.resources,
        **(probes if origin.probes else {}),
        lifecycle=parts.sleep_before_stop(origin.grace.pre_stop) if origin.grace else None,
        volumeMounts=[TMP_MOUNT],
    )
    return {
        **(parts.restricted_pod(group=False) if origin.security else {}),
        **parts.present(
            imagePullSecrets=common.image_pull_secrets,
            nodeSelector=origin.node_selector,
            tolerations=origin.tolerations,
            priorityClassName=origin.priority_class_name,
            topologySpreadConstraints=parts.spread({"app": proxy.app}, [parts.HOST]) if origin.spread else None,
        ),
        "containers": [program],
        "volumes": [TMP_VOLUME],
    }


def _rules(topology: Topology, proxy: Proxy) -> Iterator[parts.Rule]:
    origin, nginx = topology.origin, topology.nginx
    # Registration: the origins alone, since whoever registers gets streams.
    yield parts.opened([proxy.system_port], [parts.pods_with(origin.selector)])
    if proxy.public:
        # What its load balancer offers: everybody.
        yield parts.opened(port["targetPort"] for port in proxy.service_ports)
    caches = [nginx.selector["app"]] if nginx.asks_srs else []
    peers = [*parts.pods_of([*apps(topology.edges), *origin.publishers, *caches]), *origin.network_policy_from]
    if peers:
        yield parts.opened((port["containerPort"] for port in proxy.container_ports if port["name"] != "system"), peers)
