# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Kubernetes says about a topology: its workloads with their pods, its Services with their addresses, its URLs.

Takes the API server's objects as they are and returns plain data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import objects, readiness
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.pods import owner, owns, pod_reason
from ansible_collections.livestream.srs.plugins.module_utils._labels import COMPONENT, CONFIG_CHECKSUM, FLV, HOST, INSTANCE

Object = Mapping[str, Any]

GROUPS = ("origins", "hls", "edges")

# What a port of a Service speaks, told by the name or number that it leads to.
SRS_PORTS: dict[str | int, str] = {
    "rtmp": "rtmp",
    "api": "api",
    "exporter": "exporter",
    1935: "rtmp",
    8080: "flv",
    1985: "api",
    9972: "exporter",
}
DEFAULT_PORT = {"rtmp": 1935, "http": 80, "https": 443}
SUFFIX = {"rtmp": "", "flv": ".flv", "hls": ".m3u8"}
PROTOCOL_TITLE = {"rtmp": "RTMP", "flv": "HTTP-FLV", "hls": "HLS"}


def build(objects: Mapping[str, Iterable[Object] | None], app: str = "live", stream: str = "livestream") -> dict[str, Any]:
    """The Kubernetes side of the status, from lists of Deployment, StatefulSet, Service, Pod, EndpointSlice and Event."""
    pods: dict[tuple[str, str] | None, list[Object]] = {}
    for pod in objects.get("Pod") or ():
        pods.setdefault(owner(pod), []).append(pod)
    events = list(objects.get("Event") or ())
    workloads = [_workload(kind, item, pods, events) for kind in ("Deployment", "StatefulSet") for item in objects.get(kind) or ()]
    slices = objects.get("EndpointSlice")
    services = sorted((_service(item, slices) for item in objects.get("Service") or ()), key=_place)
    return {
        "origins": _clusters(workloads, "origin"),
        "edges": _clusters(workloads, "edge"),
        "hls": _clusters(workloads, "hls"),
        "services": services,
        "urls": urls(services, app, stream),
    }


def workload_selector(workloads: Iterable[Object]) -> str:
    """A label selector that finds the pods of all these workloads in one list, or "" where none can say it.

    Selectors of one and the same label become one ``key in (...)``, which leaves the namespace's other pods on the server.
    """
    keys: set[str] = set()
    values: set[str] = set()
    for workload in workloads:
        selector = workload["spec"].get("selector") or {}
        labels = selector.get("matchLabels") or {}
        if len(labels) != 1 or selector.get("matchExpressions"):
            return ""
        keys.update(labels)
        values.update(labels.values())
    if len(keys) != 1:
        return ""
    return f"{keys.pop()} in ({','.join(sorted(values))})"


def _place(item: Mapping[str, Any]) -> tuple[int, str, str]:
    """Origin first, then HLS, then edges, each by name: the order of every list and table."""
    order = {"origin": 0, "hls": 1, "edge": 2}
    return order.get(item["component"], 3), item["cluster"], item["name"]


def _identity(item: Object) -> dict[str, Any]:
    metadata = item["metadata"]
    labels = metadata.get("labels") or {}
    return {
        "name": metadata["name"],
        "component": labels.get(COMPONENT, ""),
        "cluster": labels.get(INSTANCE, metadata["name"]),
    }


def _clusters(workloads: Iterable[dict[str, Any]], component: str) -> dict[str, dict[str, Any]]:
    """Workloads of a component, put together by the cluster they belong to (a canary is a second workload of its cluster)."""
    found: dict[str, dict[str, Any]] = {}
    for workload in sorted((w for w in workloads if w["component"] == component), key=_place):
        cluster = found.setdefault(
            workload["cluster"],
            {"desired": 0, "ready": 0, "updated": 0, "complete": True, "workloads": [], "pods": []},
        )
        for count in ("desired", "ready", "updated"):
            cluster[count] += workload[count]
        cluster["complete"] = cluster["complete"] and workload["complete"]
        cluster["pods"].extend(workload["pods"])
        cluster["workloads"].append({key: value for key, value in workload.items() if key not in ("pods", "component", "cluster")})
    return found


def _workload(kind: str, item: Object, pods: Mapping[tuple[str, str] | None, list[Object]], events: list[Object]) -> dict[str, Any]:
    spec = item["spec"]
    status = item.get("status") or {}
    desired = 1 if spec.get("replicas") is None else spec["replicas"]
    ready = status.get("readyReplicas") or 0
    updated = status.get("updatedReplicas") or 0
    template = spec["template"]
    name = item["metadata"]["name"]
    mine = [*pods.get((kind, name), ()), *(pod for pod in pods.get(None, ()) if owns(kind, item, pod))]
    own = sorted((_pod(pod, name) for pod in mine), key=lambda pod: pod["name"])
    complete = readiness.waiting_for({**item, "apiVersion": "apps/v1", "kind": kind}) is None
    involved = {name, *(pod["name"] for pod in own)}
    return {
        **_identity(item),
        "kind": kind,
        "desired": desired,
        "ready": ready,
        "updated": updated,
        "complete": complete,
        "images": {c["name"]: c["image"] for c in template["spec"].get("containers") or ()},
        **_settings(template),
        "config_checksum": ((template.get("metadata") or {}).get("annotations") or {}).get(CONFIG_CHECKSUM),
        "pods": own,
        "events": [] if complete else _events(events, involved),
    }


def _main_container(spec: Object) -> Object:
    """SRS, in a pod that may hold nginx and others as well."""
    containers = spec.get("containers") or [{}]
    return next((c for c in containers if c.get("name") == "srs"), containers[0])


def _settings(template: Object) -> dict[str, Any]:
    """Where SRS finds its configuration, and what the pod itself says of it."""
    container = _main_container(template["spec"])
    mounts = {m["name"]: m["mountPath"].rstrip("/") for m in container.get("volumeMounts") or ()}
    volumes = [v for v in template["spec"].get("volumes") or () if v["name"] in mounts and (v.get("configMap") or {}).get("name")]
    words = " ".join([*(container.get("command") or ()), *(container.get("args") or ())])
    named = re.search(r"-c\s+(\S+\.conf)\b", words)
    file = named[1] if named else "conf/srs.conf"
    folder, _slash, name = file.rpartition("/")
    volume = next((v for v in volumes if mounts[v["name"]].endswith(f"/{folder}") or mounts[v["name"]].endswith(file)), None)
    limit = next((e.get("value") for e in container.get("env") or () if e["name"] == "SRS_MAX_CONNECTIONS"), None) or ""
    return {
        "config_map": volume["configMap"]["name"] if volume else None,
        "config_file": name if volume else None,
        "api_port": next((p["containerPort"] for p in container.get("ports") or () if p.get("name") == "api"), None),
        "max_connections": int(limit) if limit.isdigit() else None,
    }


def _pod(pod: Object, workload: str) -> dict[str, Any]:
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    states = status.get("containerStatuses") or []
    conditions = {c["type"]: c["status"] for c in status.get("conditions") or ()}
    reason, message = pod_reason(pod)
    return {
        "name": metadata["name"],
        "workload": workload,
        "node": spec.get("nodeName"),
        "ip": status.get("podIP"),
        "phase": status.get("phase"),
        "ready": conditions.get("Ready") == "True",
        "terminating": bool(metadata.get("deletionTimestamp")),
        "image": _main_container(spec).get("image"),
        "restarts": sum(state.get("restartCount", 0) for state in states),
        "reason": reason,
        "message": message,
        "created": metadata.get("creationTimestamp"),
        "config_checksum": (metadata.get("annotations") or {}).get(CONFIG_CHECKSUM),
    }


def _events(events: Iterable[Object], involved: set[str], count: int = 3) -> list[str]:
    """The last warnings about these objects, newest last."""
    found = [e for e in events if e.get("type") == "Warning" and (e.get("involvedObject") or {}).get("name") in involved]
    found.sort(key=lambda e: e.get("lastTimestamp") or e.get("eventTime") or e["metadata"].get("creationTimestamp") or "")
    texts = [
        f"{e['involvedObject']['kind']}/{e['involvedObject']['name']}: {e.get('reason')}: {(e.get('message') or '').strip()}" for e in found
    ]
    return texts[-count:]


def _service(item: Object, slices: Iterable[Object] | None) -> dict[str, Any]:
    spec = item["spec"]
    identity = _identity(item)
    annotations = item["metadata"].get("annotations") or {}
    kind = spec.get("type", "ClusterIP")
    own = [s for s in slices or () if (s["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == identity["name"]]
    return {
        **identity,
        "type": kind,
        "cluster_ip": spec.get("clusterIP"),
        "addresses": [*objects.load_balancer_hosts(item.get("status")), *(spec.get("externalIPs") or ())],
        "ports": [
            {"port": port["port"], "protocol": protocol_of(port, identity["component"]), "node_port": port.get("nodePort")}
            for port in spec.get("ports") or ()
        ],
        "host": f"{identity['name']}.{item['metadata'].get('namespace', 'default')}",
        "https_host": annotations.get(HOST),
        "flv": annotations.get(FLV) == "true",
        "ready_endpoints": None
        if slices is None
        else sum((e.get("conditions") or {}).get("ready") is not False for s in own for e in s.get("endpoints") or ()),
    }


def protocol_of(port: Object, component: str) -> str | None:
    """What a Service's port speaks: rtmp, flv, hls, api, exporter, or None where nothing tells."""
    for hint in (port.get("targetPort", port["port"]), port.get("name"), port["port"]):
        if hint in SRS_PORTS:
            return SRS_PORTS[hint]
        if hint in ("http", "https"):
            return "hls" if component == "hls" else "flv"
        if hint in (80, 443):
            return "flv" if component == "edge" else "hls"
    return None


def urls(services: Iterable[Mapping[str, Any]], app: str, stream: str) -> list[dict[str, Any]]:
    """Where to publish to and to play from. ``public`` is false for an address that only pods of the cluster reach."""
    found = []
    for service in services:
        public = bool(service["addresses"])
        secure_host = service.get("https_host")
        inside = [service["host"]] if service["type"] != "LoadBalancer" and service["cluster_ip"] != "None" else []
        for address in service["addresses"] or inside:
            for port, protocol in _spoken(service):
                host = secure_host if secure_host and public and port == DEFAULT_PORT["https"] else address
                row = {
                    "cluster": service["cluster"],
                    "component": service["component"],
                    "protocol": protocol,
                    "url": _url(protocol, host, port, app, stream),
                    "public": public,
                }
                found += [{"action": action, **row} for action in (("publish", "play") if protocol == "rtmp" else ("play",))]
    # One name may stand for several addresses.
    return [row for index, row in enumerate(found) if row not in found[:index]]


def _spoken(service: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Ports of a Service for players, and what each speaks: nginx may have HLS and HTTP-FLV at one port."""
    spoken = [(port["port"], port["protocol"]) for port in service["ports"] if port["protocol"] in SUFFIX]
    if service.get("flv"):
        spoken += [(port, "flv") for port, protocol in spoken if protocol == "hls" and port == DEFAULT_PORT["https"]]
    return spoken


def _url(protocol: str, address: str, port: int, app: str, stream: str) -> str:
    scheme = "rtmp" if protocol == "rtmp" else "https" if port == 443 else "http"
    host = f"[{address}]" if ":" in address else address
    where = host if port == DEFAULT_PORT[scheme] else f"{host}:{port}"
    return f"{scheme}://{where}/{app}/{stream}{SUFFIX[protocol]}"


def counts(status: Mapping[str, Any]) -> str:
    """``origin 1/1, edge 3/3``: ready against desired replicas of each cluster."""
    parts = []
    for group in GROUPS:
        for name, cluster in status[group].items():
            rolling = not cluster["complete"] and cluster["ready"] >= cluster["desired"]
            parts.append(f"{name} {cluster['ready']}/{cluster['desired']}" + (" (rolling)" if rolling else ""))
    return ", ".join(parts) or "no workloads"


def summary(status: Mapping[str, Any]) -> list[str]:
    """The status as lines to print."""
    lines = [counts(status), *problems(status)]
    balancers = [s for s in status["services"] if s["type"] == "LoadBalancer"]
    if balancers:
        lines += ["", "Load balancers"]
        lines += table(
            (s["name"], ", ".join(s["addresses"]) or "no address yet", ", ".join(str(p["port"]) for p in s["ports"])) for s in balancers
        )
    for action, title in (("publish", "Publish to"), ("play", "Play from")):
        rows = [u for u in status["urls"] if u["action"] == action]
        shown = [u for u in rows if u["public"]] or rows
        if shown:
            lines += ["", title if shown[0]["public"] else f"{title} (inside the cluster)"]
            lines += table((u["cluster"], PROTOCOL_TITLE[u["protocol"]], u["url"]) for u in shown)
    for title, rows in (("Servers", _server_lines(status)), ("Streams", _stream_lines(status)), ("Problems", _problem_lines(status))):
        if rows:
            lines += ["", title, *table(rows)]
    return lines


def _server_lines(status: Mapping[str, Any]) -> list[list[str]]:
    """One line for each cluster: what its servers say together."""
    clusters: dict[str, list[Mapping[str, Any]]] = {}
    for server in status.get("servers") or ():
        clusters.setdefault(server["cluster"], []).append(server)
    lines = []
    for name, servers in clusters.items():
        answered = [server for server in servers if server["answered"]]
        line = [name, f"{len(answered)} of {len(servers)} answer"]
        if answered:
            limit = _total(answered, "max_connections")
            taken = f"{_total(answered, 'connections')}" + (f" of {limit}" if limit else "")
            versions = sorted({server["version"] or "?" for server in answered})
            line += [
                f"SRS {', '.join(versions)}",
                f"{taken} connections",
                f"{_total(answered, 'kbps_in')} kbit/s in",
                f"{_total(answered, 'kbps_out')} kbit/s out",
            ]
        lines.append(line)
    return lines


def _total(servers: Iterable[Mapping[str, Any]], key: str) -> int | str:
    """The sum, or ``?`` where not one server told."""
    known = [server[key] for server in servers if server[key] is not None]
    return sum(known) if known else "?" if key != "max_connections" else 0


def _stream_lines(status: Mapping[str, Any]) -> list[list[str]]:
    lines = []
    for stream in status.get("streams") or ():
        name = stream["url"] if stream["vhost"] == "__defaultVhost__" else f"{stream['vhost']}{stream['url']}"
        seconds = stream["live_seconds"]
        live = {True: "live", False: "not published", None: "live?"}[stream["live"]]
        merged = {True: ", merged", False: ", not merged", None: ""}[stream["merged_pull"]]
        lines.append(
            [
                name,
                live if seconds is None else f"{live} {duration(seconds)}",
                codecs(stream) or "no media seen",
                f"{_or_unknown(stream['kbps_in'])} kbit/s in",
                f"{_or_unknown(stream['kbps_out'])} kbit/s out",
                f"{stream['players']} players",
                f"{len(stream['pulls'])} pulls{merged}",
            ]
        )
    return lines


def codecs(stream: Mapping[str, Any]) -> str:
    """``H264 1280x720, AAC 44100 Hz``"""
    parts = []
    video, audio = stream["video"], stream["audio"]
    if video:
        size = f" {video['width']}x{video['height']}" if video.get("width") else ""
        parts.append(f"{video.get('codec')}{size}" + (f" {stream['fps']} fps" if stream.get("fps") else ""))
    if audio:
        parts.append(f"{audio.get('codec')}" + (f" {audio['sample_rate']} Hz" if audio.get("sample_rate") else ""))
    return ", ".join(parts)


def _or_unknown(value: Any) -> str:
    return "?" if value is None else str(value)


def duration(seconds: float) -> str:
    """``46 s``, ``12 min``, ``3 h 5 min``, ``2 d 4 h``"""
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{int(seconds)} s"


def _problem_lines(status: Mapping[str, Any]) -> list[list[str]]:
    return [[p["severity"], p["verdict"], f"{p['object']}: {p['message']}"] for p in status.get("problems") or ()]


def problems(status: Mapping[str, Any]) -> list[str]:
    """What keeps clusters from being complete: pods with their reasons, then the last warnings."""
    lines: list[str] = []
    for group in GROUPS:
        for name, cluster in status[group].items():
            if cluster["complete"]:
                continue
            lines += [
                f"  {name}: pod {pod['name']}: {pod['reason']}" + (f": {pod['message']}" if pod["message"] else "")
                for pod in cluster["pods"]
                if pod["reason"]
            ]
            lines += [f"  {name}: {event}" for workload in cluster["workloads"] for event in workload["events"]]
    return lines


def table(rows: Iterable[Sequence[object]], indent: int = 2) -> list[str]:
    """Rows, not all of them equally long, as aligned lines."""
    cells = [[str(cell) for cell in row] for row in rows]
    columns = max((len(row) for row in cells), default=0)
    widths = [max(len(row[i]) for row in cells if i < len(row)) for i in range(columns)]
    return [(" " * indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))).rstrip() for row in cells]
