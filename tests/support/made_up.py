# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statuses of topologies of any size, made up: for tests of the report and for looking at it.

python tests/support/made_up.py EDGES FILE.html     # writes the page of such a status
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / ".collections"))

from ansible_collections.livestream.srs.plugins.module_utils._desired import names
from ansible_collections.livestream.srs.plugins.module_utils._observed import report, status, streams, verdicts
from ansible_collections.livestream.srs.plugins.module_utils._observed import status_model as model

PORTS = {"origin": [1935], "hls": [80], "edge": [1935, 8080]}
PULLS_AFTER = {"kbps": {"recv_30s": 0, "send_30s": 0}, "alive": 700.0, "send_bytes": 9_000_000}


def topology(edges: int, pods: int = 3, live: int = 4, trouble: bool = True, seed: int = 6) -> Any:
    """An origin with nginx and ``edges`` clusters of ``pods`` servers each, with ``live`` streams; with ``trouble``, not all is well."""
    dice = random.Random(seed)
    clusters = ["edge", *(f"cdn-{number:02}" for number in range(1, edges))]
    servers = list(_servers(clusters, pods, live, dice))
    if trouble:
        servers[-1].replies, servers[-1].error_kind, servers[-1].error = {}, "timeout", "no answer in time, while waiting for the reply"
        servers[-1].state, servers[-1].ready = "not_ready", False
    found: model.Unjudged = {
        "namespace": "live",
        "topology": "srs",
        "time": "2026-01-31T12:00:00Z",
        **status.build(_objects(clusters, pods, trouble)),
        "configs": {},
        "servers": [streams.server_row(server) for server in servers],
        "streams": streams.build(servers),
    }
    return {**found, **verdicts.judge(found)}


def _servers(clusters: list[str], pods: int, live: int, dice: random.Random) -> Iterator[streams.Server]:
    names_ = ["livestream", "studio", "stage-2", "interview", "lobby", "roof", "gate", "garden"]
    rates = {f"/live/{names_[n % 8]}{n // 8 or ''}": dice.choice([800, 1500, 2500, 4200]) for n in range(live)}
    edges = [(cluster, number) for cluster in clusters for number in range(pods)]
    # Not every edge has players of every stream.
    viewers = {url: {edge: dice.randint(1, 90) for edge in edges if dice.random() < 0.7} for url in rates}
    for url in list(rates)[:1]:
        viewers[url] = {edge: dice.randint(20, 200) for edge in edges}
    at_origin = [
        *(
            {"id": f"p-{url}", "publish": True, "type": "fmle-publish", "ip": "192.0.2.10", "url": url, "name": "x", "alive": 900.0}
            for url in rates
        ),
        *(
            {"id": f"{url}-{edge}", "type": "rtmp-play", "ip": _ip(clusters, edge), "url": url, "name": "x", **PULLS_AFTER}
            for url, by_edge in viewers.items()
            for edge in by_edge
        ),
    ]
    yield _server(
        "srs-origin-deployment-6d8f7c-qx2lp", "origin", "origin", "10.1.0.1", {url: (rate, 0) for url, rate in rates.items()}, at_origin
    )
    for cluster, number in edges:
        mine = {url: by_edge[cluster, number] for url, by_edge in viewers.items() if (cluster, number) in by_edge}
        clients = [
            {
                "id": f"{url}{n}",
                "type": dice.choice(["flv-play", "flv-play", "rtmp-play"]),
                "ip": "10.0.0.1",
                "url": url,
                "name": "x",
                "alive": 60.0,
            }
            for url, count in mine.items()
            for n in range(count)
        ]
        sent = {url: (0, rates[url] * count) for url, count in mine.items()}
        yield _server(
            f"{names.edge_app(cluster)}-deployment-7b9d5-{number:02}", "edge", cluster, _ip(clusters, (cluster, number)), sent, clients
        )


def _ip(clusters: list[str], edge: tuple[str, int]) -> str:
    return f"10.2.{clusters.index(edge[0])}.{edge[1] + 1}"


def _server(
    name: str, component: str, cluster: str, ip: str, media: dict[str, tuple[int, int]], clients: list[dict[str, Any]]
) -> streams.Server:
    video = {"codec": "H264", "profile": "High", "level": "3.1", "width": 1280, "height": 720}
    audio = {"codec": "AAC", "sample_rate": 44100, "channel": 2, "profile": "LC"}
    rows = [
        {
            "id": url,
            "url": url,
            "name": url,
            "publish": {"active": True},
            "kbps": {"recv_30s": into, "send_30s": out},
            "video": video,
            "audio": audio,
        }
        for url, (into, out) in media.items()
    ]
    into, out = sum(i for i, _o in media.values()), sum(o for _i, o in media.values())
    summary = {
        "self": {"version": "6.0.157", "srs_uptime": 98_000, "cpu_percent": 0.002 * len(clients), "mem_kbyte": 42_000 + 90 * len(clients)},
        "system": {"conn_srs": len(clients) + 1},
    }
    replies = {
        "summaries": summary,
        "vhosts": [{"id": "v", "name": "__defaultVhost__", "kbps": {"recv_30s": into, "send_30s": out}}],
        "streams": rows,
        "clients": clients,
    }
    return streams.Server(name, component, cluster, ip, state="ready", ready=True, max_connections=1000, replies=replies)


def _objects(clusters: list[str], pods: int, trouble: bool) -> dict[str, Any]:
    workloads = [_workload("srs-origin", "origin", "origin", 1, True)]
    workloads += [_workload(names.edge_app(cluster), "edge", cluster, pods) for cluster in clusters]
    services = [_service("srs-http-service", "hls", "hls", "203.0.113.2")]
    for number, cluster in enumerate(clusters):
        address = "" if trouble and number and number == len(clusters) - 1 else f"198.51.100.{number + 10}"
        services.append(_service(f"{names.edge_app(cluster)}-service", "edge", cluster, address))
    made = [_pod("srs-origin-deployment-6d8f7c-qx2lp", "srs-origin-deployment-6d8f7c", "6d8f7c", "10.1.0.1")]
    for cluster in clusters:
        owner = f"{names.edge_app(cluster)}-deployment-7b9d5"
        made += [_pod(f"{owner}-{number:02}", owner, "7b9d5", _ip(clusters, (cluster, number))) for number in range(pods)]
    if trouble:
        last = workloads[-1]["status"]
        last.update(readyReplicas=pods - 1, availableReplicas=pods - 1)
        made[-1]["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
        made[-1]["status"]["containerStatuses"] = [{"name": "srs", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 4}]
    return {"Deployment": workloads, "Service": services, "Pod": made, "EndpointSlice": None}


def _workload(app: str, component: str, cluster: str, replicas: int, nginx: bool = False) -> dict[str, Any]:
    containers = [{"name": "srs", "image": "docker.io/ossrs/srs:6"}] + [{"name": "nginx", "image": "docker.io/library/nginx:1.27"}] * nginx
    counts = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), replicas)
    return {
        "metadata": {"name": f"{app}-deployment", "generation": 1, "labels": names.labels(component, cluster, "srs")},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": app}}, "template": {"spec": {"containers": containers}}},
        "status": {"observedGeneration": 1, **counts},
    }


def _pod(name: str, owner: str, hash_: str, ip: str) -> dict[str, Any]:
    made_by = {"kind": "ReplicaSet", "name": owner, "controller": True}
    return {
        "metadata": {"name": name, "labels": {"pod-template-hash": hash_}, "ownerReferences": [made_by]},
        "spec": {"nodeName": "node-1", "containers": [{"name": "srs", "image": "docker.io/ossrs/srs:6"}]},
        "status": {"phase": "Running", "podIP": ip, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def _service(name: str, component: str, cluster: str, address: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "live", "labels": names.labels(component, cluster, "srs")},
        "spec": {
            "type": "LoadBalancer",
            "clusterIP": "10.96.0.9",
            "ports": [{"port": port, "targetPort": port} for port in PORTS[component]],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": address}] if address else []}},
    }


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(report.page([("demo", topology(int(sys.argv[1])))]), encoding="utf-8")
